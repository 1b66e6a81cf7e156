# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Uplink: nothing leaves an access port with a source that is not bound to its node (BCP 38)."""

from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

import frames
import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    NODE,
    OTHER,
    OTHER_ACCESS,
    PEER,
    encapsulated,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    udp,
)
from program import covers

UPLINK = udp(NODE.address, CORRESPONDENT)


class AttachedTest(PacketTest):
    """Two nodes on their ports, and a way out."""

    def setUp(self):
        super().setUp()
        self.insert(rows.attached(NODE), rows.attached(OTHER), *rows.to_correspondent())


@covers("prefix_sources.permit", "prefix_source_packets")
class PermitsBoundSourceTest(AttachedTest):
    """Any address of the prefix, and the row counts what it permits."""

    def runTest(self):
        row = rows.permitted(NODE)
        self.insert(row)
        packets = [
            UPLINK,
            udp("2001:db8:1:a:ffff:ffff:ffff:ffff", CORRESPONDENT),
            IPv6(src=NODE.address, dst=CORRESPONDENT) / ICMPv6EchoRequest(data=b"ping"),
        ]
        for packet in packets:
            self.send(ACCESS, from_node(packet))
        self.expect(*((EXTERNAL, to_next_hop(packet)) for packet in packets))
        self.expect_counted("prefix_source_packets", row, *map(from_node, packets))


@covers("prefix_sources.relay_to_tunnel", "prefix_source_packets")
class RelaysToAnchorTest(AttachedTest):
    """The source's anchor is another switch: its packets leave by that one's tunnel, whatever the routes say."""

    def runTest(self):
        row = rows.relayed(NODE, PEER)
        self.insert(*rows.tunnel(PEER), row)
        self.send(ACCESS, from_node(UPLINK))
        self.expect((CORE, encapsulated(hop(UPLINK))))
        self.expect_counted("prefix_source_packets", row, from_node(UPLINK))


class ChoosesAnchorBySourceTest(AttachedTest):
    """One node, two prefixes: the native one by the routes, the older one by its anchor."""

    def runTest(self):
        older = NODE._replace(address="2001:db8:2:a::1")
        self.insert(*rows.tunnel(PEER), rows.permitted(NODE), rows.relayed(older, PEER))
        relayed = udp(older.address, CORRESPONDENT)
        self.send(ACCESS, from_node(UPLINK))
        self.send(ACCESS, from_node(relayed))
        self.expect((EXTERNAL, to_next_hop(UPLINK)), (CORE, encapsulated(hop(relayed))))


@covers("PUNT_SOURCE_UNBOUND", "DROP_SOURCE_UNBOUND", "prefix_sources.source_unbound")
class DropsUnboundSourceTest(AttachedTest):
    """Counted as a drop; the punted copy lets the controller tell the source (RFC 4443 s3.1 code 5)."""

    def runTest(self):
        self.insert(rows.permitted(NODE), rows.delivered(OTHER))
        for src in (OTHER.address, CORRESPONDENT, "2001:db8:1:9::1", "2001:db8:0:a::1"):
            for dst in (CORRESPONDENT, OTHER.address, frames.UNROUTED):
                packet = from_node(udp(src, dst))
                self.send(ACCESS, packet)
                self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, packet)], drops=["DROP_SOURCE_UNBOUND"])


@covers("PUNT_SOURCE_UNBOUND", "DROP_SOURCE_UNBOUND")
class BindsSourceToOnePathTest(AttachedTest):
    """The prefix of one node from another's attachment."""

    def runTest(self):
        self.insert(rows.permitted(NODE), rows.permitted(OTHER))
        packet = from_node(UPLINK, OTHER)
        self.send(OTHER_ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", OTHER_ACCESS, packet)], drops=["DROP_SOURCE_UNBOUND"])


class BindsSourceToSeveralPathsTest(AttachedTest):
    """Around a move the new path's row is there before the old one's is taken away."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.permitted(NODE), rows.permitted(NODE, OTHER), rows.permitted(NODE, PEER))
        self.send(ACCESS, from_node(UPLINK))
        self.send(OTHER_ACCESS, from_node(UPLINK, OTHER))
        self.send(CORE, from_peer(UPLINK))
        self.expect(*[(EXTERNAL, to_next_hop(UPLINK))] * 3)


class DoesNotCheckSourcesFromCoreTest(PacketTest):
    """The core is trusted to have checked; so is the static subnet on an external port."""

    def runTest(self):
        self.insert(rows.delivered(NODE))
        packet = udp("2001:db8:77::1", NODE.address)
        for port in (CORE, EXTERNAL):
            self.send(port, from_core(packet))
            self.expect((ACCESS, frames.to_node(packet)))


@covers("DROP_MARTIAN")
class DropsMartiansFromNodeTest(AttachedTest):
    """Addresses that are never beyond their link (RFC 4291 s2.5.2, s2.5.3, s2.7)."""

    def runTest(self):
        self.insert(rows.permitted(NODE))
        for src, dst in (
            ("ff0e::1", CORRESPONDENT),
            ("::1", CORRESPONDENT),
            (NODE.address, "::"),
            (NODE.address, "::1"),
        ):
            self.send(ACCESS, from_node(udp(src, dst)))
            self.expect(drops=["DROP_MARTIAN"])


@covers("DROP_MARTIAN")
class DropsMartiansInTunnelTest(PacketTest):
    """What came out of a tunnel has not been seen by NeighborDiscovery."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.accepted(NODE, PEER), rows.delivered(NODE))
        for src in ("ff0e::1", "::", "::1", "fe80::1", "febf::1"):
            self.send(CORE, from_peer(udp(src, NODE.address)))
            self.expect(drops=["DROP_MARTIAN"])
        for dst in ("ff02::1", "ff0e::1", "::", "::1", "fe80::1"):
            self.send(CORE, from_peer(udp(CORRESPONDENT, dst)))
            self.expect(drops=["DROP_MARTIAN"])


class AddressesBesideMartiansPassTest(PacketTest):
    """The neighbours of the ranges: ::2, fe7f::, fec0::, feff::."""

    def runTest(self):
        self.insert(rows.delivered(NODE))
        for src in ("::2", "0:0:0:1::", "fe7f:ffff::1", "fec0::1", "feff::1", "fc00::1"):
            packet = udp(src, NODE.address)
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, frames.to_node(packet)))

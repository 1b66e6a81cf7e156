# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing enters by an access port with a source that is not bound to its node, nor by an external port with one that
is not of its subnet (BCP 38)."""

from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_RS, IPv6

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
from program import ROLES, covers

UPLINK = udp(NODE.address, CORRESPONDENT)


class AttachedTest(PacketTest):
    """Two nodes on their ports, and a way out."""

    def setUp(self):
        super().setUp()
        self.insert(rows.attached(NODE), rows.attached(OTHER), *rows.to_correspondent())


@covers("prefix_sources.permit", "prefix_sources.packets")
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
        self.expect_counted(row, *map(from_node, packets))


@covers("prefix_sources.relay_to_tunnel", "prefix_sources.packets")
class RelaysToAnchorTest(AttachedTest):
    """The source's anchor is another switch: its packets leave by that one's tunnel, whatever the routes say."""

    def runTest(self):
        row = rows.relayed(NODE, PEER)
        self.insert(*rows.tunnel(PEER), row)
        self.send(ACCESS, from_node(UPLINK))
        self.expect((CORE, encapsulated(hop(UPLINK))))
        self.expect_counted(row, from_node(UPLINK))


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
    """Behind a core port is a switch, which has checked."""

    def runTest(self):
        self.insert(rows.delivered(NODE))
        for src in ("2001:db8:77::1", CORRESPONDENT, OTHER.address, frames.LOCAL):
            packet = udp(src, NODE.address)
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, frames.to_node(packet)))


class ExternalTest(PacketTest):
    """A node to send to, a tunnel, and a way back out."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.tunnel(PEER), rows.delivered(NODE), rows.to_switch(), *rows.to_correspondent())

    def expect_permitted(self, port, src):
        packet = udp(src, NODE.address)
        self.send(port, from_core(packet))
        self.expect((ACCESS, frames.to_node(packet)))

    def expect_refused(self, port, packet):
        self.send(port, from_core(packet))
        punt = PacketIn("PUNT_SOURCE_UNBOUND", port, from_core(packet))
        self.expect(punts=[punt], drops=["DROP_SOURCE_UNBOUND"])


@covers("external_sources.permit_external")
class PermitsSubnetOfExternalPortTest(ExternalTest):
    """From its first address to its last, whatever the packet carries."""

    def runTest(self):
        for src in ("2001:db8:c::", CORRESPONDENT, "2001:db8:c:0:ffff:ffff:ffff:ffff"):
            self.expect_permitted(EXTERNAL, src)
        nested = IPv6(src=CORRESPONDENT, dst=NODE.address) / udp(PEER.address, frames.LOCAL)
        self.send(EXTERNAL, from_core(nested))
        self.expect((ACCESS, frames.to_node(nested)))


@covers("external_sources.punt_source_external", "PUNT_SOURCE_UNBOUND", "DROP_SOURCE_UNBOUND")
class RefusesOtherSourcesFromExternalPortTest(ExternalTest):
    """A node's, a switch's, another subnet's: wherever the packet is for, and before anything else is said of it."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE))
        beside = ("2001:db8:b:ffff:ffff:ffff:ffff:ffff", "2001:db8:c:1::")
        for src in (NODE.address, OTHER.address, frames.LOCAL, PEER.address, frames.UNROUTED, *beside):
            for dst in (NODE.address, CORRESPONDENT, frames.LOCAL, frames.UNROUTED):
                self.expect_refused(EXTERNAL, udp(src, dst))
        self.expect_refused(EXTERNAL, udp(NODE.address, CORRESPONDENT, hlim=1))
        self.expect_refused(EXTERNAL, udp(NODE.address, CORRESPONDENT, size=frames.MTU + 1))
        self.expect_refused(EXTERNAL, IPv6(src=PEER.address, dst=frames.LOCAL) / ICMPv6EchoRequest(data=b"ping"))


@covers("external_sources.permit_external", "DROP_SOURCE_UNBOUND")
class PermitsByPrefixOfAnyLengthTest(ExternalTest):
    """More than one subnet on a port, /44 to /128; any of them will do."""

    def runTest(self):
        for subnet, last, beside in (
            ("2001:db8:1230::/44", "2001:db8:123f:ffff::1", "2001:db8:1240::"),
            ("2001:db8:2000:2::/63", "2001:db8:2000:3:ffff::", "2001:db8:2000:4::"),
            ("2001:db8:2000:0:8000::/65", "2001:db8:2000:0:ffff::", "2001:db8:2000:0:7fff::"),
            ("2001:db8:3000::8/127", "2001:db8:3000::9", "2001:db8:3000::a"),
            ("2001:db8:3000::77/128", "2001:db8:3000::77", "2001:db8:3000::76"),
            ("2001:db8:c::9/128", CORRESPONDENT, "2001:db8:d::9"),
        ):
            self.insert(rows.external_source(subnet))
            self.expect_permitted(EXTERNAL, last)
            self.expect_refused(EXTERNAL, udp(beside, NODE.address))
        self.expect_permitted(EXTERNAL, "2001:db8:c::1")


@covers("DROP_SOURCE_UNBOUND")
class BindsSubnetToItsPortTest(ExternalTest):
    """Two external ports: neither may speak for the other's subnet."""

    def runTest(self):
        second, host = frames.NO_ROLE, "2001:db8:d::9"
        self.insert(rows.role(second, ROLES["ROLE_EXTERNAL"]), rows.station(second))
        self.expect_refused(second, udp(host, NODE.address))
        self.insert(rows.external_source("2001:db8:d::/64", second))
        self.expect_permitted(second, host)
        self.expect_permitted(EXTERNAL, CORRESPONDENT)
        self.expect_refused(second, udp(CORRESPONDENT, NODE.address))
        self.expect_refused(EXTERNAL, udp(host, NODE.address))


@covers("DROP_SOURCE_UNBOUND")
class SubnetsAreOfExternalPortsOnlyTest(ExternalTest):
    """A row for an access port lets nobody in there, and what a node may say it may not say on an external port."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.external_source("2001:db8:1::/48", ACCESS))
        self.send(ACCESS, from_node(UPLINK))
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, from_node(UPLINK))], drops=["DROP_SOURCE_UNBOUND"])
        self.insert(rows.permitted(NODE))
        self.send(EXTERNAL, from_node(UPLINK))
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", EXTERNAL, from_node(UPLINK))], drops=["DROP_SOURCE_UNBOUND"])


class LinkScopeOfExternalPortIsNotRefusedTest(ExternalTest):
    """A host has a link-local address or none before it has one of the subnet."""

    def runTest(self):
        for src in ("fe80::9", "::"):
            packet = frames.frame(NODE.mac, "33:33:00:00:00:02", IPv6(src=src, dst="ff02::2", hlim=255) / ICMPv6ND_RS())
            self.send(EXTERNAL, packet)
            self.expect(punts=[PacketIn("PUNT_ND", EXTERNAL, packet)])


@covers("DROP_MARTIAN")
class DropsMartiansFromExternalPortTest(ExternalTest):
    """Not told, and not let through by a row either."""

    def runTest(self):
        self.insert(rows.external_source("ff00::/8"), rows.external_source("::/64"))
        for src in ("ff0e::1", "::1"):
            self.send(EXTERNAL, from_core(udp(src, NODE.address)))
            self.expect(drops=["DROP_MARTIAN"])


@covers("DROP_MARTIAN")
class DropsMartiansFromNodeTest(AttachedTest):
    """Addresses that are never beyond their link (RFC 4291 s2.5.2, s2.5.3, s2.7; RFC 6890)."""

    def runTest(self):
        self.insert(rows.permitted(NODE))
        for src, dst in (
            ("ff0e::1", CORRESPONDENT),
            ("::1", CORRESPONDENT),
            ("::ffff:192.0.2.1", CORRESPONDENT),
            (NODE.address, "::ffff:192.0.2.1"),
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
        for src in ("ff0e::1", "::", "::1", "::ffff:192.0.2.1", "fe80::1", "febf::1"):
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

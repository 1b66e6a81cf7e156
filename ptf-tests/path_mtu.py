# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Does a packet fit the way it goes, and may it go one hop further?

What is punted here has been looked up before, but is as it came: its MACs, its hop limit.
"""

from scapy.layers.inet6 import IPv6

import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    MINIMUM_MTU,
    MTU,
    NO_MTU,
    NODE,
    NODE_IPV4,
    PEER,
    TUNNEL_MTU,
    encapsulated,
    frame,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
    udp4,
)
from peers import EVERY_PEER, GRE_PEERS
from program import covers

GROUP = 41


def downlink(size, **fields):
    return udp(CORRESPONDENT, NODE.address, size=size, **fields)


class LimitTest(PacketTest):
    """What a refused packet has to cause."""

    def expect_too_big(self, port, incoming, packet, mtu):
        self.send(port, incoming)
        punt = PacketIn("PUNT_PACKET_TOO_BIG", port, frame(incoming.src, incoming.dst, packet), argument=mtu)
        self.expect(punts=[punt], drops=["DROP_PACKET_TOO_BIG"])

    def expect_expired(self, port, incoming, packet):
        self.send(port, incoming)
        self.expect(
            punts=[PacketIn("PUNT_HOP_LIMIT", port, frame(incoming.src, incoming.dst, packet))],
            drops=["DROP_HOP_LIMIT"],
        )


@covers("PUNT_PACKET_TOO_BIG", "DROP_PACKET_TOO_BIG", "port_mtus.set_mtu")
class PuntsWhatPortDoesNotTakeTest(LimitTest):
    def runTest(self):
        self.insert(rows.delivered(NODE))
        self.send(EXTERNAL, from_core(downlink(MTU)))
        self.expect((ACCESS, to_node(downlink(MTU))))
        packet = downlink(MTU + 1)
        self.expect_too_big(EXTERNAL, from_core(packet), packet, MTU)


@covers("PUNT_PACKET_TOO_BIG")
class PuntsWhatNextHopsPortDoesNotTakeTest(LimitTest):
    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        packet = udp(NODE.address, CORRESPONDENT, size=MTU)
        self.send(ACCESS, from_node(packet))
        self.expect((EXTERNAL, to_next_hop(packet)))
        packet = udp(NODE.address, CORRESPONDENT, size=MTU + 1)
        self.expect_too_big(ACCESS, from_node(packet), packet, MTU)


@covers("PUNT_PACKET_TOO_BIG", "port_mtus.set_minimum_mtu")
class PortWithoutMtuTakesTheMinimumTest(LimitTest):
    """1280 octets pass any link (RFC 8200 s5)."""

    def runTest(self):
        self.insert(rows.delivered(NODE._replace(port=NO_MTU)))
        self.send(EXTERNAL, from_core(downlink(MINIMUM_MTU)))
        self.expect((NO_MTU, to_node(downlink(MINIMUM_MTU))))
        packet = downlink(MINIMUM_MTU + 1)
        self.expect_too_big(EXTERNAL, from_core(packet), packet, MINIMUM_MTU)


@covers("PUNT_PACKET_TOO_BIG", "DROP_PACKET_TOO_BIG", "tunnel_paths.set_path")
class PuntsWhatTunnelDoesNotTakeTest(LimitTest):
    """The MTU told is that of the tunnel, less its header already."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.tunnelled(NODE, PEER))
        packet = downlink(TUNNEL_MTU)
        self.send(EXTERNAL, from_core(packet))
        self.expect((CORE, encapsulated(hop(packet))))
        packet = downlink(TUNNEL_MTU + 1)
        self.expect_too_big(EXTERNAL, from_core(packet), packet, TUNNEL_MTU)


@covers("PUNT_PACKET_TOO_BIG", "DROP_PACKET_TOO_BIG")
class FillsTheLinkOfEveryTunnelTest(LimitTest):
    """With an MTU less by its overhead, each makes of the largest packet a frame as large as the link."""

    def runTest(self):
        self.insert(rows.tunnelled(NODE, PEER), rows.tunnelled(NODE_IPV4, PEER))
        for peer in (*EVERY_PEER, *(peer._replace(gre_key=7, tunnel_id=peer.tunnel_id + 100) for peer in GRE_PEERS)):
            octets = MTU - peer.overhead()
            self.insert(*rows.tunnel_way(peer, octets))
            self.modify(rows.tunnelled(NODE, peer))
            self.modify(rows.tunnelled(NODE_IPV4, peer))
            for make, source, node in ((udp, CORRESPONDENT, NODE), (udp4, CORRESPONDENT_IPV4, NODE_IPV4)):
                packet = make(source, node.address, size=octets)
                full = encapsulated(hop(packet), peer)
                assert len(bytes(full)) == 14 + MTU
                self.send(CORE, from_core(packet))
                self.expect((CORE, full))
                packet = make(source, node.address, size=octets + 1)
                self.expect_too_big(CORE, from_core(packet), packet, octets)


@covers("PUNT_PACKET_TOO_BIG")
class PuntsWhatOnePathOfTwoDoesNotTakeTest(LimitTest):
    """Of two copies neither is sent: the tunnel's MTU counts for both."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        self.insert(*rows.tunnel(PEER), rows.replicated(NODE, GROUP, PEER.tunnel_id))
        packet = downlink(TUNNEL_MTU)
        self.send(EXTERNAL, from_core(packet))
        self.expect((ACCESS, to_node(packet)), (CORE, encapsulated(hop(packet))))
        packet = downlink(TUNNEL_MTU + 1)
        self.expect_too_big(EXTERNAL, from_core(packet), packet, TUNNEL_MTU)


@covers("PUNT_PACKET_TOO_BIG")
class ReplicatesWhatThePortTakesTest(LimitTest):
    """To two neighbours: the MTU of the port where the node is."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (NO_MTU, 0))
        self.insert(rows.replicated(NODE, GROUP))
        packet = downlink(MTU)
        self.send(EXTERNAL, from_core(packet))
        self.expect((ACCESS, to_node(packet)), (NO_MTU, to_node(packet)))
        packet = downlink(MTU + 1)
        self.expect_too_big(EXTERNAL, from_core(packet), packet, MTU)


@covers("PUNT_PACKET_TOO_BIG")
class PuntsInnerPacketTooBigTest(LimitTest):
    """Out of a tunnel: the controller gets the inner packet, to tell the inner source."""

    def runTest(self):
        narrow = NODE._replace(port=NO_MTU)
        self.insert(*rows.tunnel(PEER), rows.accepted(narrow, PEER), rows.delivered(narrow))
        packet = downlink(MINIMUM_MTU + 1)
        self.expect_too_big(CORE, from_peer(packet), packet, MINIMUM_MTU)


@covers("PUNT_PACKET_TOO_BIG")
class CarriesJumboFramesTest(LimitTest):
    """A port's MTU may be up to 65535."""

    def runTest(self):
        self.insert(rows.delivered(NODE))
        packet = downlink(9000)
        self.expect_too_big(EXTERNAL, from_core(packet), packet, MTU)
        for octets in (9000, 65535):
            self.modify(rows.mtu(ACCESS, octets))
            self.send(EXTERNAL, from_core(packet))
            self.expect((ACCESS, to_node(packet)))


@covers("PUNT_HOP_LIMIT", "DROP_HOP_LIMIT")
class PuntsExpiredHopLimitTest(LimitTest):
    """RFC 8200 s3: neither 0 nor 1 goes on; 2 does, as 1."""

    def runTest(self):
        self.insert(rows.delivered(NODE), rows.to_switch())
        for hop_limit in (0, 1):
            packet = downlink(100, hlim=hop_limit)
            self.expect_expired(EXTERNAL, from_core(packet), packet)
        for hop_limit in (2, 255):
            packet = downlink(100, hlim=hop_limit)
            self.send(EXTERNAL, from_core(packet))
            self.expect((ACCESS, to_node(packet)))


@covers("PUNT_HOP_LIMIT")
class PuntsHopLimitOfNextHopTest(LimitTest):
    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        packet = udp(NODE.address, CORRESPONDENT, hlim=1)
        self.expect_expired(ACCESS, from_node(packet), packet)


@covers("PUNT_HOP_LIMIT")
class PuntsHopLimitBeforeTunnelTest(LimitTest):
    """RFC 2473 s3.1: the hop limit is taken down before the packet is encapsulated."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.tunnelled(NODE, PEER))
        packet = downlink(100, hlim=1)
        self.expect_expired(EXTERNAL, from_core(packet), packet)
        packet = downlink(100, hlim=2)
        self.send(EXTERNAL, from_core(packet))
        self.expect((CORE, encapsulated(hop(packet))))


@covers("PUNT_HOP_LIMIT")
class PuntsInnerHopLimitTest(LimitTest):
    """RFC 2473 s3.3: the inner packet goes on as any other, whatever the outer hop limit was."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.accepted(NODE, PEER), rows.delivered(NODE))
        packet = downlink(100, hlim=1)
        self.expect_expired(CORE, from_peer(packet), packet)
        packet = downlink(100, hlim=2)
        self.send(CORE, from_core(IPv6(src=PEER.address, dst="2001:db8:ffff::1", hlim=0) / packet))
        self.expect((ACCESS, to_node(packet)))


@covers("PUNT_HOP_LIMIT", "PUNT_PACKET_TOO_BIG")
class JudgesTheInnerPacketOfEveryTunnelTest(LimitTest):
    """Its own length and hop limit count, not those of what it came in; punted it is a frame of its own family."""

    def runTest(self):
        self.insert(rows.delivered(NODE), rows.delivered(NODE_IPV4))
        for peer in EVERY_PEER:
            self.insert(*rows.tunnel_ends(peer), rows.accepted(NODE, peer), rows.accepted(NODE_IPV4, peer))
            for make, source, node, hops in (
                (udp, CORRESPONDENT, NODE, "hlim"),
                (udp4, CORRESPONDENT_IPV4, NODE_IPV4, "ttl"),
            ):
                packet = make(source, node.address, size=MTU)
                self.send(CORE, from_peer(packet, peer))
                self.expect((ACCESS, to_node(packet)))
                packet = make(source, node.address, size=MTU + 1)
                self.expect_too_big(CORE, from_peer(packet, peer), packet, MTU)
                packet = make(source, node.address, **{hops: 1})
                self.expect_expired(CORE, from_peer(packet, peer), packet)


@covers("PUNT_HOP_LIMIT")
class TellsHopLimitBeforeSizeTest(LimitTest):
    """A packet that may go no further is not told about the way ahead."""

    def runTest(self):
        self.insert(rows.delivered(NODE))
        packet = downlink(MTU + 1, hlim=1)
        self.expect_expired(EXTERNAL, from_core(packet), packet)


@covers("DROP_TUNNEL_UNKNOWN", "tunnel_paths.drop_tunnel_unknown")
class DropsWithoutTunnelPathTest(LimitTest):
    """The row of the ingress table is missing; so it is before hop limit and size."""

    def runTest(self):
        self.insert(rows.tunnel_header(PEER), rows.tunnelled(NODE, PEER))
        for packet in (downlink(100), downlink(100, hlim=1), downlink(9000)):
            self.send(EXTERNAL, from_core(packet))
            self.expect(drops=["DROP_TUNNEL_UNKNOWN"])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The outer header of what leaves by a tunnel."""

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, IPv6
from scapy.packet import Raw

import rows
from base import PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    NODE,
    NODE_IPV4,
    PEER,
    PEER_IPV4,
    SECOND_CORE,
    SECOND_PEER,
    encapsulated,
    from_core,
    from_node,
    hop,
    to_node,
    udp,
    udp4,
)
from peers import DOWNLINK, DOWNLINK_IPV4, EVERY_PEER
from program import covers

GROUP = 31


class TunnelledTest(PacketTest):
    """A node that is served by a peer."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.tunnel(PEER), rows.tunnelled(NODE, PEER))

    def expect_tunnelled(self, packet):
        self.send(EXTERNAL, from_core(packet))
        self.expect((CORE, encapsulated(hop(packet))))


@covers("tunnels.encapsulate")
class CopiesTrafficClassAndFlowLabelTest(TunnelledTest):
    """RFC 2473 s6.4 and s6.5; every ECN codepoint as RFC 6040 s4.1 has it in normal mode."""

    def runTest(self):
        for ecn in range(4):
            for dscp, flow_label in ((0, 0), (0x2E, 0x12345), (0x3F, 0xFFFFF)):
                self.expect_tunnelled(udp(CORRESPONDENT, NODE.address, tc=dscp << 2 | ecn, fl=flow_label))


@covers("tunnels.encapsulate", "tunnels.encapsulate_ipv4", "tunnels.tunnel_packets")
class EncapsulatesEveryEncapsulationTest(PacketTest):
    """Both families into every tunnel, and the row counts what it has sent, as it came."""

    def runTest(self):
        self.insert(rows.tunnelled(NODE, PEER), rows.tunnelled(NODE_IPV4, PEER))
        for peer in EVERY_PEER:
            self.insert(*rows.tunnel_way(peer))
            self.modify(rows.tunnelled(NODE, peer))
            self.modify(rows.tunnelled(NODE_IPV4, peer))
            packets = (DOWNLINK, DOWNLINK_IPV4)
            for packet in packets:
                self.send(CORE, from_core(packet))
            self.expect(*((CORE, encapsulated(hop(packet), peer)) for packet in packets))
            self.expect_counted(rows.tunnel_header(peer), *map(from_core, packets))


class CopiesTrafficClassOfEitherFamilyTest(PacketTest):
    """RFC 2473 s6.4, RFC 2983 s4 and RFC 6040 s4.1: DSCPs and ECN codepoints, whatever is in whatever."""

    def runTest(self):
        self.insert(rows.tunnelled(NODE, PEER), rows.tunnelled(NODE_IPV4, PEER))
        for peer in (PEER, PEER_IPV4):
            self.insert(*rows.tunnel_way(peer))
            self.modify(rows.tunnelled(NODE, peer))
            self.modify(rows.tunnelled(NODE_IPV4, peer))
            ipv6 = [udp(CORRESPONDENT, NODE.address, tc=value) for value in range(0, 256, 7)]
            ipv4 = [udp4(CORRESPONDENT_IPV4, NODE_IPV4.address, tos=value) for value in range(0, 256, 7)]
            for packets in (ipv6, ipv4):
                for packet in packets:
                    self.send(CORE, from_core(packet))
                self.expect(*((CORE, encapsulated(hop(packet), peer)) for packet in packets))


class EncapsulatesAnySizeTest(TunnelledTest):
    def runTest(self):
        self.expect_tunnelled(IPv6(src=CORRESPONDENT, dst=NODE.address, nh=59))
        for size in (48, 49, 300, 1279):
            self.expect_tunnelled(udp(CORRESPONDENT, NODE.address, size=size))


class CountsNoPaddingTest(PacketTest):
    """Ethernet pads short frames (IEEE 802.3 s3.2.8): what is behind the packet is in no length of an outer header."""

    def runTest(self):
        packets = {
            NODE: IPv6(src=CORRESPONDENT, dst=NODE.address, nh=59),
            NODE_IPV4: IP(src=CORRESPONDENT_IPV4, dst=NODE_IPV4.address) / UDP() / Raw(b"x"),
        }
        for node in packets:
            self.insert(rows.tunnelled(node, PEER))
        for peer in EVERY_PEER:
            self.insert(*rows.tunnel_way(peer))
            for node, packet in packets.items():
                self.modify(rows.tunnelled(node, peer))
                self.send(CORE, bytes(from_core(packet)) + bytes(17))
                self.expect((CORE, bytes(encapsulated(hop(packet), peer)) + bytes(17)))


class EncapsulatesEveryParsedShapeTest(TunnelledTest):
    """What the parser takes apart is put together again behind the outer header."""

    def runTest(self):
        to_node_header = IPv6(src=CORRESPONDENT, dst=NODE.address, hlim=77)
        self.expect_tunnelled(to_node_header / ICMPv6EchoRequest(data=b"ping"))
        self.expect_tunnelled(to_node_header / udp("2001:db8:9::1", "2001:db8:9::2"))
        self.expect_tunnelled(to_node_header / IPv6(src="::1", dst="::1") / IPv6(src="::1", dst="::1") / Raw(b"deep"))
        self.expect_tunnelled(to_node_header / IP(src="192.0.2.1", dst="192.0.2.2") / UDP() / Raw(bytes(20)))


class DoesNotTunnelNeighborDiscoveryTest(TunnelledTest):
    """A forged solicitation from afar to a node that is elsewhere: hop limit 64."""

    def runTest(self):
        self.send(
            EXTERNAL, from_core(IPv6(src=CORRESPONDENT, dst=NODE.address, hlim=64) / ICMPv6ND_NS(tgt=NODE.address))
        )
        self.expect(drops=["DROP_ND_INVALID"])


class LeavesByThePortOfTheTunnelTest(PacketTest):
    """Port and MACs are of the tunnel's rows; several tunnels do not mix."""

    def runTest(self):
        older = NODE._replace(address="2001:db8:2:a::1")
        self.insert(*rows.tunnel(PEER), *rows.tunnel(SECOND_PEER), rows.attached(NODE))
        self.insert(rows.relayed(NODE, PEER), rows.relayed(older, SECOND_PEER))
        packets = [udp(NODE.address, CORRESPONDENT), udp(older.address, CORRESPONDENT)]
        for packet in packets:
            self.send(ACCESS, from_node(packet))
        self.expect((CORE, encapsulated(hop(packets[0]))), (SECOND_CORE, encapsulated(hop(packets[1]), SECOND_PEER)))


@covers("DROP_TUNNEL_UNKNOWN", "tunnels.drop_unencapsulated")
class DropsWithoutTunnelHeaderTest(PacketTest):
    """The row of the egress table is missing: seen there, and counted there."""

    def runTest(self):
        self.insert(rows.tunnel_next_hop(PEER), rows.tunnel_path(PEER), rows.tunnelled(NODE, PEER))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect(egress_drops=["DROP_TUNNEL_UNKNOWN"])


@covers("DROP_TUNNEL_UNKNOWN")
class DropsOnlyTheCopyWithoutTunnelHeaderTest(PacketTest):
    """The other copy reaches its neighbour."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        self.insert(rows.tunnel_next_hop(PEER), rows.tunnel_path(PEER), rows.replicated(NODE, GROUP, PEER.tunnel_id))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)), egress_drops=["DROP_TUNNEL_UNKNOWN"])

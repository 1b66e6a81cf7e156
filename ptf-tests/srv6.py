# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tunnels by segment identifiers: H.Encaps.Red of one segment in, End.DT6 and End.DT4 out (RFC 8986)."""

from scapy.layers.inet6 import IPv6, IPv6ExtHdrSegmentRouting
from scapy.packet import Raw

import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    LOCAL,
    NODE,
    NODE_IPV4,
    PEER,
    PROTO_GRE,
    PROTO_IPV4,
    PROTO_IPV6,
    SECOND_PEER,
    encapsulated,
    from_core,
    from_peer,
    hop,
    to_node,
)
from peers import DOWNLINK, DOWNLINK_IPV4, outer
from program import covers

DT6, DT4, END = "2001:db8:ffff:1::d6", "2001:db8:ffff:1::d4", "2001:db8:ffff:1::e"
DT6_PEER, DT4_PEER = PEER._replace(local=DT6), PEER._replace(local=DT4)
REMOTE_DT6 = PEER._replace(tunnel_id=61, address="2001:db8:ffff:2::d6")
REMOTE_DT4 = PEER._replace(tunnel_id=62, address="2001:db8:ffff:2::d4")


class SegmentTest(PacketTest):
    """Two segments that end here, for a node of both families."""

    def setUp(self):
        super().setUp()
        self.insert(rows.tunnel_end(DT6_PEER, PROTO_IPV6), rows.tunnel_end(DT4_PEER, PROTO_IPV4))
        self.insert(rows.to_switch(DT6), rows.to_switch(DT4), rows.to_switch(END), rows.to_switch())
        for node in (NODE, NODE_IPV4):
            self.insert(rows.accepted(node, PEER), rows.delivered(node))


class EndsSegmentsTest(SegmentTest):
    """RFC 8986 s4.6 and s4.7: without a segment routing header, as H.Encaps.Red sends it."""

    def runTest(self):
        for peer, packet in ((DT6_PEER, DOWNLINK), (DT4_PEER, DOWNLINK_IPV4)):
            self.send(CORE, from_peer(packet, peer))
            self.expect((ACCESS, to_node(packet)))


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsOneFamilyPerSegmentTest(SegmentTest):
    """RFC 8986 s4.6 and s4.7: the upper-layer header has to be of the segment's behaviour; nor is GRE one of theirs."""

    def runTest(self):
        for peer, packet in ((DT4_PEER, DOWNLINK), (DT6_PEER, DOWNLINK_IPV4)):
            self.send(CORE, from_peer(packet, peer))
            self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])
        for peer, packet in ((DT6_PEER, DOWNLINK), (DT4_PEER, DOWNLINK_IPV4)):
            self.send(CORE, from_peer(packet, peer._replace(encapsulation="ENCAPSULATION_GRE")))
            self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsSegmentsOfPeersOnlyTest(SegmentTest):
    """Another source, another segment of this switch, and the plain address that is no segment."""

    def runTest(self):
        for peer in (DT6_PEER._replace(address=SECOND_PEER.address), PEER._replace(local=END), PEER):
            self.send(CORE, from_peer(DOWNLINK, peer))
            self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("PUNT_LOCAL")
class PuntsSegmentRoutingHeadersTest(SegmentTest):
    """Extension headers are not processed here: the controller may tell the source (RFC 8200 s4.4)."""

    def runTest(self):
        header = IPv6ExtHdrSegmentRouting(addresses=[DT6], segleft=0, lastentry=0, nh=41)
        packet = outer(DT6_PEER, 43, header / DOWNLINK)
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, packet)])


class EncapsulatesToSegmentsTest(PacketTest):
    """RFC 8986 s5.2: one segment, so that the destination is all of the policy; the source is the switch's address."""

    def runTest(self):
        for node, peer, packet in ((NODE, REMOTE_DT6, DOWNLINK), (NODE_IPV4, REMOTE_DT4, DOWNLINK_IPV4)):
            self.insert(*rows.tunnel_way(peer), rows.tunnelled(node, peer))
            self.send(CORE, from_core(packet))
            self.expect((CORE, encapsulated(hop(packet), peer)))


class PassesSegmentsOfOthersTest(SegmentTest):
    """A transit node looks at the destination only (RFC 8754 s4.2), whatever follows."""

    def runTest(self):
        self.insert(rows.next_hop(1, ACCESS), rows.route("2001:db8:ffff:2::/64", "to_next_hop", next_hop_id=1))
        addresses = ["2001:db8:ffff:3::d6", REMOTE_DT6.address]
        routed = IPv6ExtHdrSegmentRouting(addresses=addresses, segleft=1, lastentry=1, nh=41) / DOWNLINK
        for protocol, payload in ((PROTO_IPV6, DOWNLINK), (43, routed), (PROTO_GRE, Raw(bytes(20)))):
            packet = IPv6(src=LOCAL, dst=REMOTE_DT6.address, nh=protocol, hlim=5) / payload
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, to_next_hop_of(packet)))


def to_next_hop_of(packet):
    """Of the header as it is: scapy would follow the segment list."""
    octets = bytearray(bytes(from_core(packet)))
    octets[:12] = bytes.fromhex("00005e005303") + bytes.fromhex("00005e005301")
    octets[21] -= 1
    return bytes(octets)

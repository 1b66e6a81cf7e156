# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Frames that lie about their lengths, that end too soon, or that carry what the switch has never heard of."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import HAO, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import frames
import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    LOCAL_IPV4,
    NEXT_HOP,
    NODE,
    NODE_IPV4,
    PEER,
    PEER_IPV4,
    ROUTER,
    SECOND_CORE,
    STRANGER,
    frame,
    from_core,
    from_node,
    from_peer,
    to_next_hop,
    udp,
    udp4,
)
from peers import GRE_PEER, TLV_GRE_PEER, UDP_PEER, UPLINK, UPLINK_IPV4
from program import covers

SOURCE, SOURCE_IPV4 = "2001:db8:77::1", "192.0.2.77"
PACKET, PACKET_IPV4 = udp(SOURCE, CORRESPONDENT), udp4(SOURCE_IPV4, CORRESPONDENT_IPV4)
ETHERNET = 14
BURST = 20  # frames to one port that any target's queue takes
PEERS = (PEER, GRE_PEER, PEER_IPV4, UDP_PEER, TLV_GRE_PEER)


def cut(whole, length):
    """The frame ends there, and its IP header knows."""
    octets = bytearray(bytes(whole)[:length])
    if octets[12:14] == b"\x86\xdd":
        octets[18:20] = (length - ETHERNET - 40).to_bytes(2, "big")
        return bytes(octets)
    packet = IP(bytes(octets[ETHERNET:]))
    packet.len, packet.chksum = length - ETHERNET, None
    return bytes(octets[:ETHERNET]) + bytes(packet)[: length - ETHERNET]


def with_length(packet, length):
    """With that payload length, or total length and a header checksum that is right."""
    if isinstance(packet, IP):
        changed = packet.copy()
        changed.len = length
        return frame(NEXT_HOP, ROUTER, changed)
    octets = bytes(from_core(packet))
    return octets[:18] + length.to_bytes(2, "big") + octets[20:]


def forwarded(received):
    """A frame from a core port as it leaves by the next hop: with other MACs, hop limit or TTL, and checksum."""
    octets = bytearray(received)
    octets[:12] = bytes(Ether(src=ROUTER, dst=NEXT_HOP))[:12]
    if octets[12:14] == b"\x86\xdd":
        octets[21] -= 1
        return bytes(octets)
    packet = IP(bytes(octets[ETHERNET : ETHERNET + 20]))
    packet.ttl -= 1
    packet.chksum = None
    return bytes(octets[:ETHERNET]) + bytes(packet) + bytes(octets[ETHERNET + 20 :])


class RoutedTest(PacketTest):
    def setUp(self):
        super().setUp()
        self.insert(rows.next_hop(1, EXTERNAL))
        for network in ("2001:db8::/32", "198.51.100.0/24"):
            self.insert(rows.route(network, "to_next_hop", next_hop_id=1))


@covers("DROP_MALFORMED", "drop_reasons")
class DropsLengthsBeyondTheFrameTest(RoutedTest):
    """Also by one octet; as well for the switch itself and out of a node."""

    def runTest(self):
        self.insert(rows.to_switch(), rows.to_switch(LOCAL_IPV4), rows.attached(NODE), rows.permitted(NODE))
        to_switch = IP(src=SOURCE_IPV4, dst=LOCAL_IPV4) / ICMP()
        for packet in (PACKET, PACKET_IPV4, to_switch, udp(SOURCE, frames.LOCAL)):
            exact = len(bytes(packet)) - (40 if isinstance(packet, IPv6) else 0)
            for length in (exact + 1, exact + 100, 0xFFFF):
                self.send(CORE, with_length(packet, length))
                self.expect(drops=["DROP_MALFORMED"])
        received = bytes(from_node(udp(NODE.address, CORRESPONDENT)))
        self.send(ACCESS, received[:-1])
        self.expect(drops=["DROP_MALFORMED"])


class CarriesShorterLengthsTest(RoutedTest):
    """Octets behind the packet, as Ethernet pads short frames, stay where they are."""

    def runTest(self):
        for packet, lengths in ((PACKET, (0, 1, 59, 60)), (PACKET_IPV4, (20, 21, 99, 100))):
            for length in lengths:
                received = bytes(with_length(packet, length))
                self.send(CORE, received)
                self.expect((EXTERNAL, forwarded(received)))


@covers("DROP_MALFORMED")
class DropsImpossibleIpv4HeadersTest(RoutedTest):
    """RFC 1812 s5.2.2: version 4, a header of five words or more, and a total length that has room for it."""

    def runTest(self):
        for fields in (
            *({"version": version} for version in (0, 5, 6, 15)),
            *({"ihl": ihl} for ihl in range(5)),
            *({"len": length} for length in (0, 1, 19)),
        ):
            packet = IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, **fields) / Raw(bytes(80))
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_MALFORMED")
class DropsIpv4LengthsWithinTheOptionsTest(RoutedTest):
    """RFC 1812 s5.2.2 (5): the total length has to hold the header with its options."""

    def runTest(self):
        for words in (6, 10, 15):
            options = b"\x01" * (4 * words - 20)
            for length in (20, 4 * words - 1):
                packet = IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, options=options, len=length) / Raw(bytes(40))
                self.send(CORE, from_core(packet))
                self.expect(drops=["DROP_MALFORMED"])
            packet = IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, options=options, proto=253)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))


@covers("DROP_MALFORMED")
class DropsFramesThatEndTooSoonTest(RoutedTest):
    """Cut at every octet, of whatever the frame is made, while the IP header still speaks of all of it."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.permitted(NODE, PEER), rows.registered(SOURCE, SOURCE))
        option = IPv6ExtHdrDestOpt(options=[HAO(hoa=SOURCE)])
        for whole in (
            from_core(PACKET),
            from_core(PACKET_IPV4),
            from_core(IPv6(src=SOURCE, dst=CORRESPONDENT) / option / UDP()),
            from_peer(udp(NODE.address, CORRESPONDENT)),
        ):
            octets = bytes(whole)
            for length in range(1, len(octets)):
                self.send(CORE, octets[:length])
            self.expect(drops=["DROP_MALFORMED"] * (len(octets) - 1))


class CarriesPacketsCutWithinTheirHeadersTest(RoutedTest):
    """The frame is as long as its IP header says, but a header behind that is not whole: for its destination to judge.
    It is never taken for a flow, a tunnel or an option that it is not."""

    def runTest(self):
        self.insert(rows.registered(SOURCE, "2001:db8:60::66"))
        option = IPv6ExtHdrDestOpt(options=[HAO(hoa=SOURCE)])
        packets = [
            PACKET,
            IPv6(src=SOURCE, dst=CORRESPONDENT) / TCP(),
            IPv6(src=SOURCE, dst=CORRESPONDENT) / ESP(spi=7, seq=1, data=bytes(8)),
            IPv6(src=SOURCE, dst=CORRESPONDENT) / AH(nh=59, spi=7, seq=1, icv=bytes(12)),
            IPv6(src=SOURCE, dst=CORRESPONDENT) / option,
            IPv6(src=SOURCE, dst=CORRESPONDENT) / PACKET,
            IPv6(src=SOURCE, dst=CORRESPONDENT) / PACKET_IPV4,
            IPv6(src=SOURCE, dst=CORRESPONDENT, nh=47) / frames.tunnel_payload(PACKET, "ENCAPSULATION_GRE", gre_key=7),
            PACKET_IPV4,
            IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4) / TCP(),
            IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, proto=41) / PACKET,
            IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, proto=4) / PACKET_IPV4,
            *(
                IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4) / frames.tunnel_payload(inner, kind, dport=5437, gre_key=7)
                for kind in ("ENCAPSULATION_UDP", "ENCAPSULATION_UDP_TLV", "ENCAPSULATION_UDP_TLV_GRE")
                for inner in (PACKET, PACKET_IPV4)
            ),
        ]
        for packet in packets:
            whole = bytes(from_core(packet))
            base = ETHERNET + (40 if isinstance(packet, IPv6) else 20)
            received = [cut(whole, length) for length in range(base, min(len(whole), base + 80))]
            if option in packet:
                received = [octets for octets in received if len(octets) < base + 24]
            for first in range(0, len(received), BURST):
                burst = received[first : first + BURST]
                for octets in burst:
                    self.send(CORE, octets)
                self.expect(*((EXTERNAL, forwarded(octets)) for octets in burst))


@covers("DROP_TUNNEL_PEER_UNKNOWN", "DROP_LOCAL_UNSUPPORTED", "DROP_TUNNEL_LENGTH")
class DropsTunnelledPacketsCutWithinTheirHeadersTest(PacketTest):
    """From a peer that is known, but what would be inside is not whole: nothing comes out of the tunnel."""

    def runTest(self):
        self.insert(rows.to_switch(), rows.to_switch(LOCAL_IPV4))
        for peer in PEERS:
            self.insert(*(end._replace(params=end.params | {"tunnel_id": 7}) for end in rows.tunnel_ends(peer)))
        self.insert(rows.permitted(NODE, PEER), rows.permitted(NODE_IPV4, PEER), rows.next_hop(1, EXTERNAL))
        for network in ("2001:db8:c::/64", "198.51.100.0/24"):
            self.insert(rows.route(network, "to_next_hop", next_hop_id=1))
        for inner, size in ((UPLINK, 40), (UPLINK_IPV4, 20)):
            for peer in PEERS:
                whole = bytes(from_peer(inner, peer))
                outer = ETHERNET + (20 if peer.is_ipv4 else 40)
                end = len(whole) - len(bytes(inner)) + size
                for length in range(outer, end):
                    self.send(CORE, cut(whole, length))
                udp_header = min(end - outer, 8) if "UDP" in peer.encapsulation else 0
                unsupported = ["DROP_LOCAL_UNSUPPORTED"] * udp_header
                self.expect(drops=[*unsupported, *["DROP_TUNNEL_PEER_UNKNOWN"] * (end - outer - udp_header)])
                for length in (end, len(whole) - 1):
                    self.send(CORE, cut(whole, length))
                    self.expect(drops=["DROP_TUNNEL_LENGTH"])


@covers("DROP_ND_INVALID", "DROP_LINK_LOCAL", "PUNT_ND")
class DoesNotAnswerCutSolicitationsTest(PacketTest):
    """A solicitation that is not whole is never answered: without a type it is no ND, with one the controller's."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.router_address(ACCESS, frames.ROUTER_LINK_LOCAL))
        solicitation = ICMPv6ND_NS(tgt=frames.ROUTER_LINK_LOCAL) / ICMPv6NDOptSrcLLAddr(lladdr=NODE.mac)
        addresses = {"src": NODE.link_local, "dst": frames.ROUTER_LINK_LOCAL}
        whole = bytes(from_node(IPv6(**addresses, hlim=255) / solicitation))
        for length in range(ETHERNET + 40, len(whole)):
            received = cut(whole, length)
            self.send(ACCESS, received)
            if length < ETHERNET + 44:
                self.expect(drops=["DROP_LINK_LOCAL"])
            elif length == ETHERNET + 40 + 24:  # whole without its option, but the checksum is of all
                self.expect(drops=["DROP_ND_INVALID"])
            else:
                self.expect(punts=[PacketIn("PUNT_ND", ACCESS, received)])


class CarriesUnknownHeadersTest(RoutedTest):
    """Extension headers and protocols that nobody here has heard of: HIP, Shim6, experiments, unassigned numbers."""

    def runTest(self):
        numbers = (2, 3, 61, 99, 114, 139, 140, 142, 200, 253, 254, 255)
        packets = [IPv6(src=SOURCE, dst=CORRESPONDENT, nh=number) / Raw(b"\x11\x02" + bytes(60)) for number in numbers]
        packets += [IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, proto=number) / Raw(bytes(60)) for number in numbers]
        for packet in packets:
            self.send(CORE, from_core(packet))
        self.expect(*((EXTERNAL, to_next_hop(packet)) for packet in packets))


@covers("PUNT_LINK_PROBE", "DROP_ETHERTYPE", "PUNT_NODE_UNKNOWN")
class PuntsLinkProbesOfCorePortsTest(PacketTest):
    """From other switches only, to whatever address and of whatever length; nobody else's are for the controller."""

    def runTest(self):
        self.insert(rows.attached(NODE))
        for destination in ("01:80:c2:00:00:0e", ROUTER, STRANGER):
            for size in (0, 46, 1500):
                for port in (CORE, SECOND_CORE):
                    probe = Ether(src=NEXT_HOP, dst=destination, type=0x88B5) / Raw(bytes(size))
                    self.send(port, probe)
                    self.expect(punts=[PacketIn("PUNT_LINK_PROBE", port, probe)])
        for port in (ACCESS, EXTERNAL):
            self.send(port, Ether(src=NODE.mac, dst=ROUTER, type=0x88B5) / Raw(bytes(46)))
            self.expect(drops=["DROP_ETHERTYPE"])
        probe = Ether(src=STRANGER, dst=ROUTER, type=0x88B5) / Raw(bytes(46))
        self.send(ACCESS, probe)
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, probe)])
        self.send(CORE, Ether(src=NEXT_HOP, dst=ROUTER, type=0x88B6) / Raw(bytes(46)))
        self.expect(drops=["DROP_ETHERTYPE"])

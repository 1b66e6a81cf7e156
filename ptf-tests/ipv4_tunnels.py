# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tunnels over IPv4 without UDP: IPv4-in-IPv4 (RFC 2003), IPv6-in-IPv4 (RFC 4213); the outer IPv4 header."""

from scapy.layers.inet import IP, UDP, IPOption_NOP
from scapy.packet import Raw

import rows
from base import PacketTest
from frames import (
    CORE,
    EXTERNAL,
    LOCAL_IPV4,
    NEXT_HOP,
    NODE,
    NODE_IPV4,
    PEER_IPV4,
    PROTO_IPV4,
    PROTO_IPV6,
    ROUTER,
    SECOND_PEER_IPV4,
    encapsulated,
    frame,
    from_core,
    from_peer,
    hop,
    to_next_hop,
    udp,
    udp4,
)
from peers import DOWNLINK, DOWNLINK_IPV4, GRE_PEER_IPV4, UDP_PEER, UPLINK, UPLINK_IPV4, outer
from program import covers


class Ipv4TunnelTest(PacketTest):
    """A tunnel over IPv4, and a node of both families behind it."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.to_correspondent(), rows.to_switch(LOCAL_IPV4), *rows.tunnel(PEER_IPV4))
        self.insert(rows.permitted(NODE, PEER_IPV4), rows.permitted(NODE_IPV4, PEER_IPV4))

    def expect_ended(self, frame, packet):
        self.send(CORE, frame)
        self.expect((EXTERNAL, to_next_hop(packet)))


class EndsWhateverTheOuterTtlTest(Ipv4TunnelTest):
    """It has arrived: 0 and 1 do not matter, nor do identification, DF and DSCP."""

    def runTest(self):
        for fields in ({"ttl": 0}, {"ttl": 1}, {"ttl": 255}, {"id": 0xFFFF}, {"flags": "DF"}, {"tos": 0xB8}):
            for packet in (UPLINK, UPLINK_IPV4):
                self.expect_ended(from_peer(packet, PEER_IPV4, **fields), packet)


@covers("DROP_TUNNEL_FRAGMENT")
class DropsOuterFragmentsTest(Ipv4TunnelTest):
    """The first as well as later ones: the switch does not reassemble, and no peer of its kind fragments."""

    def runTest(self):
        for peer in (PEER_IPV4, GRE_PEER_IPV4):
            for packet in (UPLINK, UPLINK_IPV4):
                for fields in ({"flags": "MF"}, {"frag": 185}, {"flags": "MF", "frag": 1}):
                    self.send(CORE, from_peer(packet, peer, **fields))
                    self.expect(drops=["DROP_TUNNEL_FRAGMENT"])


@covers("DROP_MALFORMED")
class DropsOuterHeadersThatAreWrongTest(Ipv4TunnelTest):
    """RFC 1812 s5.2.2: checksum, version, header length, total length below the header and beyond the frame."""

    def runTest(self):
        beyond = len(bytes(UPLINK)) + 21
        for fields in ({"chksum": 0x1234}, {"version": 6}, {"ihl": 4}, {"len": 19}, {"len": beyond}):
            self.send(CORE, from_peer(UPLINK, PEER_IPV4, **fields))
            self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsNoTunnelWithOuterOptionsTest(Ipv4TunnelTest):
    """Nothing behind options is read, and no peer sends them."""

    def runTest(self):
        self.send(CORE, from_peer(UPLINK, PEER_IPV4, options=[IPOption_NOP()]))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsOneFamilyWhereOneIsAgreedTest(PacketTest):
    """Protocol 41 has its own row, and so has 4."""

    def runTest(self):
        self.insert(rows.to_switch(LOCAL_IPV4), *rows.to_correspondent())
        self.insert(rows.permitted(NODE, PEER_IPV4), rows.permitted(NODE_IPV4, PEER_IPV4))
        packets = {PROTO_IPV6: UPLINK, PROTO_IPV4: UPLINK_IPV4}
        for known in packets:
            with self.inserted(rows.tunnel_end(PEER_IPV4, known)):
                for protocol, packet in packets.items():
                    self.send(CORE, from_peer(packet, PEER_IPV4))
                    if protocol == known:
                        self.expect((EXTERNAL, to_next_hop(packet)))
                    else:
                        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_MALFORMED")
class DropsInnerHeadersThatAreWrongTest(Ipv4TunnelTest):
    """Version, header length, total length below the header: of inner packets of both families."""

    def runTest(self):
        wrong = [(PROTO_IPV4, UPLINK), (PROTO_IPV6, UPLINK_IPV4)]
        for field, value in (("version", 5), ("ihl", 4), ("len", 19)):
            packet = UPLINK_IPV4.copy()
            setattr(packet, field, value)
            wrong.append((PROTO_IPV4, packet))
        for protocol, packet in wrong:
            self.send(CORE, outer(PEER_IPV4, protocol, Raw(bytes(packet))))
            self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_TUNNEL_LENGTH")
class DropsInnerPacketsLongerThanOuterTest(Ipv4TunnelTest):
    def runTest(self):
        for packet in (UPLINK, UPLINK_IPV4):
            for missing in (1, 50, 60):
                self.send(CORE, from_peer(packet, PEER_IPV4, len=20 + len(bytes(packet)) - missing))
                self.expect(drops=["DROP_TUNNEL_LENGTH"])


@covers("DROP_MARTIAN")
class DropsMartiansInTunnelTest(Ipv4TunnelTest):
    """RFC 6890 s2.2.2: addresses that are never beyond a link, also of nodes that have a row; DHCP by broadcast."""

    def runTest(self):
        martians = ("0.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "240.0.0.1", "255.255.255.255")
        for address in martians:
            self.insert(rows.permitted(NODE._replace(address=address), PEER_IPV4))
            for packet in (udp4(address, "198.51.100.9"), udp4(NODE_IPV4.address, address)):
                self.send(CORE, from_peer(packet, PEER_IPV4))
                self.expect(drops=["DROP_MARTIAN"])
        discover = IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / Raw(bytes(20))
        self.send(CORE, from_peer(discover, PEER_IPV4))
        self.expect(drops=["DROP_MARTIAN"])


class LeavesAWrongInnerChecksumWrongTest(Ipv4TunnelTest):
    """It is the destination's to see, whatever happens to TTL and ECN on the way (RFC 1624)."""

    def runTest(self):
        for off in (1, 0x100, 0x8000):
            packet = IP(bytes(UPLINK_IPV4))
            packet.chksum = (packet.chksum + off) % 0xFFFF
            self.send(CORE, from_peer(packet, PEER_IPV4))
            expected = IP(bytes(hop(UPLINK_IPV4)))
            expected.chksum = (expected.chksum + off) % 0xFFFF
            self.expect((EXTERNAL, frame(ROUTER, NEXT_HOP, expected)))


class CarriesInnerOptionsTest(Ipv4TunnelTest):
    """An inner header with options, and inner fragments: neither is looked at beyond the fixed header."""

    def runTest(self):
        for fields in ({"options": [IPOption_NOP()] * 4}, {"flags": "MF"}, {"frag": 9}, {"flags": "DF"}):
            packet = udp4(NODE_IPV4.address, "198.51.100.9", **fields)
            self.expect_ended(from_peer(packet, PEER_IPV4), packet)


class OuterHeaderIsOfRfc2003Test(PacketTest):
    """DF set and identification 0 (RFC 6864), TTL 64, DSCP and ECN of the packet, and the checksum right for each."""

    def runTest(self):
        peers = (PEER_IPV4, GRE_PEER_IPV4, UDP_PEER)
        self.insert(rows.tunnelled(NODE, PEER_IPV4), rows.tunnelled(NODE_IPV4, PEER_IPV4))
        for peer in peers:
            self.insert(*rows.tunnel_way(peer))
            self.modify(rows.tunnelled(NODE, peer))
            self.modify(rows.tunnelled(NODE_IPV4, peer))
            for tos in (0, 1, 2, 3, 0xB8, 0xFF):
                for size in (48, 49, 1400):
                    packets = [
                        udp(DOWNLINK.src, DOWNLINK.dst, size=size, tc=tos),
                        udp4(DOWNLINK_IPV4.src, DOWNLINK_IPV4.dst, size=size, tos=tos, id=77, flags="DF", ttl=3),
                        udp4(DOWNLINK_IPV4.src, DOWNLINK_IPV4.dst, size=size, tos=tos, id=78, flags="MF"),
                    ]
                    for packet in packets:
                        self.send(CORE, from_core(packet))
                    self.expect(*((CORE, encapsulated(hop(packet), peer)) for packet in packets))


class PassesIpv4TunnelsOfOthersTest(Ipv4TunnelTest):
    """Between other switches: carried unread, fragments too; of the outer header only TTL and checksum change."""

    def runTest(self):
        for protocol, inner in ((PROTO_IPV6, UPLINK), (PROTO_IPV4, UPLINK_IPV4), (PROTO_IPV4, Raw(b"\x45\x00"))):
            for fields in ({}, {"flags": "MF"}, {"frag": 7}, {"tos": 3}, {"options": [IPOption_NOP()] * 4}):
                packet = IP(src=PEER_IPV4.address, dst="198.51.100.9", ttl=9, proto=protocol, **fields) / inner
                self.send(CORE, from_core(packet))
                self.expect((EXTERNAL, to_next_hop(packet)))


class CarriesFromIpv4TunnelToIpv4TunnelTest(Ipv4TunnelTest):
    def runTest(self):
        self.insert(*rows.tunnel_way(SECOND_PEER_IPV4))
        relayed = NODE_IPV4._replace(address="203.0.113.99")
        self.insert(rows.relayed(relayed, SECOND_PEER_IPV4, PEER_IPV4))
        packet = udp4(relayed.address, "198.51.100.9")
        self.send(CORE, from_peer(packet, PEER_IPV4))
        self.expect((SECOND_PEER_IPV4.port, encapsulated(hop(packet), SECOND_PEER_IPV4)))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tunnels in UDP over IPv4: DSMIPv6 on port 4191 (RFC 5555 s4), PMIPv6 on port 5437 (RFC 5844 s4).

Plain, or with the TLV header of RFC 5845 s7.2.
"""

from struct import pack

from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

import frames
import rows
from base import PacketIn, PacketTest
from frames import (
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    LOCAL,
    LOCAL_IPV4,
    NODE,
    NODE_IPV4,
    OTHER,
    PEER,
    PROTO_GRE,
    PROTO_IPV4,
    PROTO_IPV6,
    PROTO_UDP,
    UDP_DSMIPV6,
    UDP_PMIP6,
    encapsulated,
    from_core,
    from_peer,
    hop,
    to_next_hop,
    udp,
)
from peers import (
    DOWNLINK,
    NAT_PEER,
    TLV_GRE_PEER,
    TLV_PEER,
    UDP_PEER,
    UPLINK,
    UPLINK_IPV4,
    outer,
    udp_payload,
)
from program import covers

UDP_PEERS = (UDP_PEER, NAT_PEER, TLV_PEER, TLV_GRE_PEER)
PROTO_MOBILITY = 135


class UdpTunnelTest(PacketTest):
    """A node behind each of the tunnels, whose packets go out here."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.to_correspondent(), rows.to_switch(), rows.to_switch(LOCAL_IPV4))
        for peer in UDP_PEERS:
            self.insert(*rows.tunnel_ends(peer), rows.permitted(NODE, peer), rows.permitted(NODE_IPV4, peer))

    def expect_dropped(self, reason, *packets):
        for packet in packets:
            self.send(CORE, packet)
            self.expect(drops=[reason])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class TellsNodesBehindOneNatApartTest(UdpTunnelTest):
    """By the remote port; one that no binding has is refused."""

    def runTest(self):
        second = NAT_PEER._replace(tunnel_id=40, remote_port=40002)
        uplink = udp(OTHER.address, CORRESPONDENT)
        self.insert(*rows.tunnel_ends(second), rows.permitted(OTHER, second))
        self.send(CORE, from_peer(UPLINK, NAT_PEER))
        self.expect((EXTERNAL, to_next_hop(UPLINK)))
        self.send(CORE, from_peer(uplink, second))
        self.expect((EXTERNAL, to_next_hop(uplink)))
        self.send(CORE, from_peer(uplink, NAT_PEER))
        self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])
        self.expect_dropped("DROP_TUNNEL_PEER_UNKNOWN", from_peer(UPLINK, NAT_PEER._replace(remote_port=40003)))


class SendsToThePortOfTheNatTest(PacketTest):
    """Back to where the Binding Update came from (RFC 5555 s4.1), from the port of the standard."""

    def runTest(self):
        self.insert(rows.tunnelled(NODE, PEER))
        for number, port in enumerate((1, 40001, 65535), start=50):
            peer = NAT_PEER._replace(remote_port=port, tunnel_id=number)
            self.insert(*rows.tunnel_way(peer))
            self.modify(rows.tunnelled(NODE, peer))
            self.send(EXTERNAL, from_core(DOWNLINK))
            self.expect((CORE, encapsulated(hop(DOWNLINK), peer)))


@covers("DROP_TUNNEL_PEER_UNKNOWN", "DROP_LOCAL_UNSUPPORTED")
class EndsNoTunnelOnOtherPortsTest(UdpTunnelTest):
    """The other standard's port, the neighbours of both, and the remote and local port exchanged."""

    def runTest(self):
        for peer, port in ((UDP_PEER, UDP_DSMIPV6), (NAT_PEER, UDP_PMIP6), (TLV_PEER, UDP_DSMIPV6)):
            self.expect_dropped("DROP_TUNNEL_PEER_UNKNOWN", from_peer(UPLINK, peer._replace(local_port=port)))
        for port in (4190, 4192, 5438, 40001):
            self.expect_dropped("DROP_LOCAL_UNSUPPORTED", from_peer(UPLINK, UDP_PEER._replace(local_port=port)))
        exchanged = NAT_PEER._replace(remote_port=UDP_DSMIPV6, local_port=40001)
        self.expect_dropped("DROP_LOCAL_UNSUPPORTED", from_peer(UPLINK, exchanged))


@covers("DROP_TUNNEL_PEER_UNKNOWN", "ipv4_tunnel_peers.pass_ipv4")
class EndsOneFormatOnlyTest(PacketTest):
    """RFC 5845 s7.2: what was agreed on stays; no packet with the TLV header where it was not, nor the other way."""

    def runTest(self):
        peers = (UDP_PEER, TLV_PEER, TLV_GRE_PEER)
        self.insert(rows.to_switch(LOCAL_IPV4), *rows.to_correspondent())
        for row in map(rows.tunnel_end, peers):
            with self.inserted(row):
                for peer in peers:
                    self.send(CORE, from_peer(UPLINK, peer))
                    known = rows.tunnel_end(peer) == row
                    self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND" if known else "DROP_TUNNEL_PEER_UNKNOWN"])


class TakesAnyUdpChecksumTest(UdpTunnelTest):
    """0, as it is sent (RFC 5555 s4.1); another is of no consequence, since what is inside has its own."""

    def runTest(self):
        for checksum in (0, 1, 0xFFFF):
            for peer in UDP_PEERS:
                self.send(CORE, outer(peer, PROTO_UDP, udp_payload(UPLINK, peer, chksum=checksum)))
                self.expect((EXTERNAL, to_next_hop(UPLINK)))


class IgnoresTheReservedBitsOfTlvTest(UdpTunnelTest):
    def runTest(self):
        datagram = UDP(sport=UDP_PMIP6, dport=UDP_PMIP6) / Raw(pack("!BBH", 0x0F, PROTO_IPV6, len(UPLINK))) / UPLINK
        self.send(CORE, outer(TLV_PEER, PROTO_UDP, datagram))
        self.expect((EXTERNAL, to_next_hop(UPLINK)))


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsNoOtherTlvTest(UdpTunnelTest):
    """Another type, another next header, a TLV header that is cut short, and one with nothing behind it."""

    def runTest(self):
        ports = {"sport": UDP_PMIP6, "dport": UDP_PMIP6}
        for kind, protocol in ((0x10, PROTO_IPV6), (0x50, PROTO_IPV6), (0, 17), (0, 0), (0, 255)):
            datagram = UDP(**ports) / Raw(pack("!BBH", kind, protocol, len(UPLINK))) / UPLINK
            self.expect_dropped("DROP_TUNNEL_PEER_UNKNOWN", outer(TLV_PEER, PROTO_UDP, datagram))
        for tail in (b"", b"\x00", b"\x00\x29\x00", b"\x00\x29\x00\x00", b"\x00\x2f\x00\x04\x00\x00\x86\xdd"):
            self.expect_dropped("DROP_TUNNEL_PEER_UNKNOWN", outer(TLV_PEER, PROTO_UDP, UDP(**ports) / Raw(tail)))


@covers("DROP_TUNNEL_LENGTH")
class DropsLengthsThatContradictTest(UdpTunnelTest):
    """RFC 5845 s7.1: UDP against IP, TLV against UDP, and the inner packet against what they leave for it."""

    def runTest(self):
        for packet in (UPLINK, UPLINK_IPV4):
            for peer in UDP_PEERS:
                whole = udp_payload(packet, peer)
                for length in (len(whole) - 1, len(whole) + 1, 8, 0):
                    self.expect_dropped(
                        "DROP_TUNNEL_LENGTH", outer(peer, PROTO_UDP, udp_payload(packet, peer, len=length))
                    )
            for peer in (TLV_PEER, TLV_GRE_PEER):
                self.expect_dropped("DROP_TUNNEL_LENGTH", *(self.with_tlv(peer, packet, off) for off in (-1, 1, -100)))
            for peer in UDP_PEERS:
                shorter = bytes(udp_payload(packet, peer))[8:-1]
                datagram = UDP(sport=peer.remote_port, dport=peer.local_port) / Raw(self.corrected(shorter, peer))
                self.expect_dropped("DROP_TUNNEL_LENGTH", outer(peer, PROTO_UDP, datagram))

    @staticmethod
    def with_tlv(peer, packet, off):
        """The TLV header's length wrong by as much."""
        content = bytes(udp_payload(packet, peer))[12:]
        protocol = PROTO_GRE if "GRE" in peer.encapsulation else PROTO_IPV6 if packet is UPLINK else PROTO_IPV4
        tlv = Raw(pack("!BBH", 0, protocol, len(content) + off))
        return outer(peer, PROTO_UDP, UDP(sport=peer.remote_port, dport=peer.local_port) / tlv / Raw(content))

    @staticmethod
    def corrected(octets, peer):
        """With the TLV header's length as long as what is there: only the inner packet is too long."""
        if "TLV" not in peer.encapsulation:
            return octets
        return octets[:2] + pack("!H", len(octets) - 4) + octets[4:]


class TakesPaddingBehindTheInnerPacketTest(UdpTunnelTest):
    """All lengths of the outer headers include it, and the inner packet knows its own."""

    def runTest(self):
        for peer in UDP_PEERS:
            payload = bytes(udp_payload(UPLINK, peer))[8:] + b"padding"
            if "TLV" in peer.encapsulation:
                payload = DropsLengthsThatContradictTest.corrected(payload, peer)
            self.send(CORE, outer(peer, PROTO_UDP, UDP(sport=peer.remote_port, dport=peer.local_port) / Raw(payload)))
            self.expect((EXTERNAL, bytes(to_next_hop(UPLINK)) + b"padding"))


@covers("DROP_TUNNEL_FRAGMENT")
class DropsFragmentsOfUdpTest(UdpTunnelTest):
    """None is reassembled: what is sent into a tunnel from here never needs to be."""

    def runTest(self):
        for peer in UDP_PEERS:
            for fields in ({"flags": "MF"}, {"frag": 3}, {"frag": 3, "flags": "MF"}):
                self.expect_dropped("DROP_TUNNEL_FRAGMENT", outer(peer, PROTO_UDP, udp_payload(UPLINK, peer), **fields))


@covers("PUNT_LOCAL")
class PuntsBindingUpdatesOutOfTheTunnelTest(UdpTunnelTest):
    """Every further one: without the outer headers, and with the tunnel, which tells its care-of address."""

    def runTest(self):
        packet = IPv6(src=NODE.address, dst=LOCAL, nh=PROTO_MOBILITY) / Raw(bytes(40))
        self.send(CORE, from_peer(packet, NAT_PEER))
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, from_core(packet), argument=NAT_PEER.tunnel_id)])


class CarriesOthersUdpTunnelsUnreadTest(UdpTunnelTest):
    """For somebody else's address: ports, lengths and TLV headers are theirs; nested ones too."""

    def runTest(self):
        payloads = [udp_payload(UPLINK, peer) for peer in UDP_PEERS]
        payloads += [udp_payload(UPLINK, peer, len=7) for peer in UDP_PEERS]
        payloads += [udp_payload(IPv6(src="::1", dst="::1") / UPLINK, TLV_PEER)]
        payloads += [UDP(sport=1, dport=UDP_DSMIPV6) / Raw(tail) for tail in (b"", b"\x00", b"\x60" + bytes(20))]
        for payload in payloads:
            packet = outer(UDP_PEER, PROTO_UDP, payload, dst=frames.CORRESPONDENT_IPV4, ttl=9).payload
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))


@covers("DROP_LOCAL_UNSUPPORTED")
class EndsNoUdpTunnelOverIpv6Test(UdpTunnelTest):
    """Neither standard has one."""

    def runTest(self):
        for port in (UDP_DSMIPV6, UDP_PMIP6):
            datagram = UDP(sport=port, dport=port) / UPLINK
            self.expect_dropped("DROP_LOCAL_UNSUPPORTED", outer(PEER, PROTO_UDP, datagram))

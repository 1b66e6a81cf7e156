# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""IPv4 for the switch itself: ICMP and signalling are the controller's, nothing else is offered."""

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT_IPV4,
    LOCAL_IPV4,
    NODE,
    NODE_IPV4,
    PEER,
    UDP_DSMIPV6,
    UDP_PMIP6,
    from_core,
    from_node,
    from_peer,
    udp,
    udp4,
)
from program import covers

SOURCE = "192.0.2.77"
PMIP6_CONTROL = 5436  # RFC 5844 s4
TO_SWITCH = rows.to_switch(LOCAL_IPV4)


def datagram(port, payload=b"", **fields):
    return IP(src=SOURCE, dst=LOCAL_IPV4, **fields) / UDP(sport=1024, dport=port) / payload


def signalling(next_header):
    """An IPv6 packet of a node that has not registered yet, as RFC 5555 s4.2 puts it into UDP."""
    return IPv6(src=NODE.address, dst="2001:db8:ffff::1", nh=next_header) / Raw(bytes(40))


@covers("PUNT_LOCAL", "ipv4_routes.local")
class PuntsIpv4ForTheSwitchTest(PacketTest):
    """ICMP, also behind options; PMIPv6 signalling, plain or in ESP (RFC 5844 s4.3); DHCP; whatever the TTL."""

    def runTest(self):
        self.insert(TO_SWITCH)
        packets = [
            IP(src=SOURCE, dst=LOCAL_IPV4) / ICMP() / b"ping",
            IP(src=SOURCE, dst=LOCAL_IPV4, ttl=1) / ICMP() / b"ping",
            IP(src=SOURCE, dst=LOCAL_IPV4, options=[IPOption_NOP()] * 4) / ICMP() / b"ping",
            datagram(PMIP6_CONTROL, bytes(48)),
            datagram(PMIP6_CONTROL),
            datagram(67, bytes(240)),
            IP(src=SOURCE, dst=LOCAL_IPV4, proto=50) / Raw(bytes(40)),
        ]
        for packet in packets:
            self.send(CORE, from_core(packet))
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, from_core(packet)) for packet in packets])


@covers("PUNT_LOCAL")
class PuntsFirstBindingUpdateInUdpTest(PacketTest):
    """RFC 5555 s4.2: the first Binding Update of a care-of address comes by no tunnel that is known; plain, protected,
    or behind a Home Address option."""

    def runTest(self):
        self.insert(TO_SWITCH)
        packets = [datagram(UDP_DSMIPV6, signalling(next_header)) for next_header in (135, 50, 60)]
        for packet in packets:
            self.send(CORE, from_core(packet))
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, from_core(packet)) for packet in packets])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class DropsUdpTunnelsOfUnknownPeersTest(PacketTest):
    """Data of a node that is not registered; PMIPv6's port of data never carries signalling; keepalives."""

    def runTest(self):
        self.insert(TO_SWITCH)
        data6, data4 = udp(NODE.address, "2001:db8:c::9"), udp4(NODE_IPV4.address, CORRESPONDENT_IPV4)
        packets = [datagram(UDP_DSMIPV6, data) for data in (data6, data4, signalling(43), signalling(0), b"\xff", b"")]
        packets += [datagram(UDP_PMIP6, data) for data in (data6, data4, signalling(135), b"\xff", b"")]
        packets += [datagram(port, b"\x00\x2f\x00\x30" + bytes(44)) for port in (UDP_DSMIPV6, UDP_PMIP6)]
        for packet in packets:
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class DropsIpv4TunnelsOfUnknownPeersTest(PacketTest):
    """IPv6, IPv4 and GRE in IPv4, also if what is inside cannot be read."""

    def runTest(self):
        self.insert(TO_SWITCH)
        inner = {41: bytes(udp(NODE.address, "2001:db8:c::9")), 4: bytes(udp4(SOURCE, CORRESPONDENT_IPV4))}
        inner[47] = b"\x00\x00\x86\xdd" + inner[41]
        for protocol, payload in inner.items():
            for octets in (payload, payload[:10], b""):
                packet = IP(src=SOURCE, dst=LOCAL_IPV4, proto=protocol) / Raw(octets)
                self.send(CORE, from_core(packet))
                self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_LOCAL_UNSUPPORTED")
class DropsWhatTheSwitchDoesNotOfferOverIpv4Test(PacketTest):
    """The ports of signalling are UDP's only, and behind options they are not read."""

    def runTest(self):
        self.insert(TO_SWITCH)
        packets = [
            datagram(53),
            datagram(5435),
            datagram(68),
            IP(src=SOURCE, dst=LOCAL_IPV4) / UDP(sport=PMIP6_CONTROL, dport=1024),
            IP(src=SOURCE, dst=LOCAL_IPV4) / TCP(sport=1024, dport=PMIP6_CONTROL, flags="S"),
            datagram(PMIP6_CONTROL, options=[IPOption_NOP()] * 4),
            *(IP(src=SOURCE, dst=LOCAL_IPV4, proto=proto) / Raw(bytes(40)) for proto in (0, 2, 51, 58, 89, 135, 255)),
        ]
        for packet in packets:
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_LOCAL_UNSUPPORTED"])


@covers("DROP_TUNNEL_FRAGMENT")
class DropsFragmentsForTheSwitchTest(PacketTest):
    """Nothing is reassembled: tunnels do not fragment, signalling is short."""

    def runTest(self):
        self.insert(TO_SWITCH, *rows.tunnel(PEER))
        for proto in (1, 4, 17, 41, 47):
            for flags, offset in (("MF", 0), ("MF", 10), ("", 10)):
                packet = IP(src=SOURCE, dst=LOCAL_IPV4, flags=flags, frag=offset, proto=proto) / Raw(bytes(64))
                self.send(CORE, from_core(packet))
                self.expect(drops=["DROP_TUNNEL_FRAGMENT"])


@covers("PUNT_LOCAL")
class PuntsIpv4ForTheSwitchByItsWayTest(PacketTest):
    """From a node, and out of a tunnel: then the argument is the tunnel, and the controller sees the inner packet."""

    def runTest(self):
        self.insert(TO_SWITCH, rows.attached(NODE), rows.permitted(NODE_IPV4), rows.permitted(NODE_IPV4, PEER))
        self.insert(*rows.tunnel(PEER))
        packet = IP(src=NODE_IPV4.address, dst=LOCAL_IPV4) / ICMP() / b"ping"
        self.send(ACCESS, from_node(packet))
        self.expect(punts=[PacketIn("PUNT_LOCAL", ACCESS, from_node(packet))])
        self.send(CORE, from_peer(packet))
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, from_core(packet), PEER.tunnel_id)])

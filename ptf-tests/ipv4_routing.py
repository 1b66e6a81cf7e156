# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""IPv4 forwarded: routes, TTL, header checksum, MTU, and the sources and destinations that are not forwarded."""

from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP, IPOption_RR, IPOption_Timestamp
from scapy.packet import Raw

import frames
import rows
from base import ROUTED, PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    LOCAL_IPV4,
    MINIMUM_MTU,
    MTU,
    NEXT_HOP,
    NO_MTU,
    NODE_IPV4,
    ROUTER,
    SECOND_CORE,
    frame,
    from_core,
    hop,
    to_next_hop,
    to_node,
    udp4,
)
from program import covers

SOURCE = "192.0.2.77"
UNROUTED = "203.0.113.99"
PACKET = udp4(SOURCE, CORRESPONDENT_IPV4)
DEFAULT_ROUTE = (rows.next_hop(1, EXTERNAL), rows.route("0.0.0.0/0", "to_next_hop", next_hop_id=1))
CHECKSUMS = (0x0000, 0x0001, 0x00FF, 0x0100, 0x0101, 0x7FFF, 0x8000, 0xFDFF, 0xFEFE, 0xFEFF, 0xFF00, 0xFF01, 0xFFFE)


def with_checksum(packet, checksum):
    """The packet with the identification that gives its header this checksum; 0xffff no header can have."""
    packet = IP(bytes(packet))
    packet.id, packet.chksum = 0, None
    zero = IP(bytes(packet)).chksum
    packet.id = (zero - checksum) % 0xFFFF
    assert IP(bytes(packet)).chksum == checksum, (packet, hex(checksum))
    return packet


def with_wrong_checksum(packet, difference):
    """A copy with fixed checksum, that much off."""
    wrong = IP(bytes(packet))
    wrong.chksum = (wrong.chksum + difference) % 0x10000
    return wrong


@covers("ipv4_routes.to_next_hop", "next_hops.forward")
class PrefersTheLongestIpv4PrefixTest(PacketTest):
    """Default, /8, /23, /24, /31 and /32; each takes what the longer ones leave."""

    def runTest(self):
        lengths = {
            "0.0.0.0/0": "199.0.0.1",
            "198.0.0.0/8": "198.51.99.255",
            "198.51.100.0/23": "198.51.101.1",
            "198.51.100.0/24": "198.51.100.10",
            "198.51.100.8/31": "198.51.100.8",
            "198.51.100.9/32": "198.51.100.9",
        }
        for number, destination in enumerate(lengths, start=1):
            self.insert(
                rows.next_hop(number, EXTERNAL, mac=f"02:00:00:00:01:{number:02x}"),
                rows.route(destination, "to_next_hop", next_hop_id=number),
            )
        for number, address in enumerate(lengths.values(), start=1):
            packet = udp4(SOURCE, address)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, frame(ROUTER, f"02:00:00:00:01:{number:02x}", hop(packet))))


class DropsIpv4ToUnknownNextHopTest(PacketTest):
    def runTest(self):
        self.insert(rows.route("198.51.100.0/24", "to_next_hop", next_hop_id=1), rows.next_hop(2, EXTERNAL))
        self.send(CORE, from_core(PACKET))
        self.expect(drops=["DROP_NEXT_HOP_UNKNOWN"])


@covers("PUNT_NO_ROUTE", "DROP_NO_ROUTE", "ipv4_routes.no_route")
class PuntsIpv4WithoutRouteTest(PacketTest):
    def runTest(self):
        self.insert(*rows.to_correspondent())
        packet = from_core(udp4(SOURCE, UNROUTED))
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_NO_ROUTE", CORE, packet)], drops=["DROP_NO_ROUTE"])


@covers("PUNT_NO_BINDING", "DROP_NO_BINDING", "ipv4_routes.no_binding")
class PuntsForUnusedHomeAddressTest(PacketTest):
    """The pool of IPv4 home addresses below its bindings."""

    def runTest(self):
        self.insert(rows.route("203.0.113.0/24", "no_binding"), rows.delivered(NODE_IPV4))
        packet = from_core(udp4(SOURCE, UNROUTED))
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_NO_BINDING", CORE, packet)], drops=["DROP_NO_BINDING"])
        bound = udp4(SOURCE, NODE_IPV4.address)
        self.send(CORE, from_core(bound))
        self.expect((ACCESS, to_node(bound)))


@covers("PUNT_NEIGHBOR_UNRESOLVED", "ipv4_routes.resolve")
class PuntsUnresolvedIpv4NeighborTest(PacketTest):
    """A host of an external subnet whose MAC ARP has yet to find. No drop: the controller sends it on."""

    def runTest(self):
        self.insert(rows.route("198.51.100.0/24", "resolve"))
        self.send(CORE, from_core(PACKET))
        self.expect(punts=[PacketIn("PUNT_NEIGHBOR_UNRESOLVED", CORE, from_core(PACKET))])
        self.insert(rows.next_hop(3, EXTERNAL), rows.route(f"{CORRESPONDENT_IPV4}/32", "to_next_hop", next_hop_id=3))
        self.send(CORE, from_core(PACKET))
        self.expect((EXTERNAL, to_next_hop(PACKET)))


@covers("PUNT_HOP_LIMIT", "DROP_HOP_LIMIT")
class PuntsExpiredIpv4Test(PacketTest):
    """RFC 1812 s5.3.1: what would leave with TTL 0 is dropped, and shown as it came."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        for ttl in (255, 3, 2):
            packet = udp4(SOURCE, CORRESPONDENT_IPV4, ttl=ttl)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))
        for ttl in (1, 0):
            packet = from_core(udp4(SOURCE, CORRESPONDENT_IPV4, ttl=ttl))
            self.send(CORE, packet)
            self.expect(punts=[PacketIn("PUNT_HOP_LIMIT", CORE, packet)], drops=["DROP_HOP_LIMIT"])


class KeepsIpv4ChecksumRightTest(PacketTest):
    """RFC 1624 s3: at the edges of one's complement arithmetic, and with every kind of traffic class and flags."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        for packets in (
            [with_checksum(PACKET, checksum) for checksum in CHECKSUMS],
            [with_checksum(udp4(SOURCE, CORRESPONDENT_IPV4, ttl=2, tos=0xFF), number) for number in CHECKSUMS],
            [udp4(SOURCE, CORRESPONDENT_IPV4, tos=tos, id=tos * 257) for tos in range(0, 256, 15)],
            [udp4(SOURCE, CORRESPONDENT_IPV4, flags=flags, frag=7) for flags in ("DF", "MF", "evil")],
        ):
            expected = []
            for packet in packets:
                self.send(CORE, from_core(packet))
                later = hop(packet)
                later.chksum = None
                expected.append((EXTERNAL, frame(ROUTER, NEXT_HOP, later)))
            self.expect(*expected)


@covers("DROP_MALFORMED")
class DropsWrongIpv4ChecksumTest(PacketTest):
    """RFC 1812 s5.2.2: on any port, and also for the switch itself."""

    def runTest(self):
        self.insert(*rows.to_correspondent(), rows.to_switch(LOCAL_IPV4))
        for packet in (PACKET, IP(src=SOURCE, dst=LOCAL_IPV4) / ICMP()):
            for difference in (1, 0x0100, 0x8000, 0xFFFF):
                self.send(CORE, from_core(with_wrong_checksum(packet, difference)))
                self.expect(drops=["DROP_MALFORMED"])


class CarriesIpv4OptionsTest(PacketTest):
    """Options are carried as they are, under a checksum that covers them."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        options = (
            [IPOption_NOP()],
            [IPOption_RR(length=39, routers=["0.0.0.0"] * 9)],
            [IPOption_Timestamp(length=12, pointer=9)],
            [IPOption_NOP()] * 40,
        )
        for option in options:
            for ttl in (64, 2):
                packet = (
                    IP(src=SOURCE, dst=CORRESPONDENT_IPV4, ttl=ttl, options=option) / UDP(sport=1, dport=2) / b"data"
                )
                self.send(CORE, from_core(packet))
                self.expect((EXTERNAL, to_next_hop(packet)))


class DoesNotMendChecksumOfOptionsTest(PacketTest):
    """A header with options is not verified here, but what was wrong stays wrong, and the destination drops it."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        packet = IP(src=SOURCE, dst=CORRESPONDENT_IPV4, options=[IPOption_NOP()] * 4) / UDP(sport=1, dport=2)
        for difference in (1, 0x1234):
            self.send(CORE, from_core(with_wrong_checksum(packet, difference)))
            later = IP(bytes(hop(packet)))
            later.chksum += difference
            assert later.chksum < 0xFFFF, "without a carry the difference is the same on both sides"
            self.expect((EXTERNAL, frame(ROUTER, NEXT_HOP, later)))


@covers("PUNT_PACKET_TOO_BIG", "DROP_PACKET_TOO_BIG")
class PuntsTooBigIpv4Test(PacketTest):
    """RFC 1191 s4. The switch does not fragment: a packet that might be is too big as well."""

    def runTest(self):
        self.insert(*rows.to_correspondent(), rows.next_hop(2, NO_MTU))
        self.insert(rows.route("203.0.113.0/24", "to_next_hop", next_hop_id=2))
        for dst, port, octets in ((CORRESPONDENT_IPV4, EXTERNAL, MTU), (UNROUTED, NO_MTU, MINIMUM_MTU)):
            for flags in ("DF", ""):
                packet = udp4(SOURCE, dst, size=octets, flags=flags)
                self.send(CORE, from_core(packet))
                self.expect((port, to_next_hop(packet)))
                packet = from_core(udp4(SOURCE, dst, size=octets + 1, flags=flags))
                self.send(CORE, packet)
                self.expect(
                    punts=[PacketIn("PUNT_PACKET_TOO_BIG", CORE, packet, octets)], drops=["DROP_PACKET_TOO_BIG"]
                )


@covers("ipv4_external_sources.permit_external")
class PermitsIpv4SourceOfItsSubnetsTest(PacketTest):
    """All of the subnets of the port, and not an address more."""

    def runTest(self):
        self.insert(rows.external_source("198.51.100.0/24"), rows.external_source("203.0.113.64/30"))
        self.insert(rows.next_hop(1, CORE), rows.route("0.0.0.0/0", "to_next_hop", next_hop_id=1))
        for source in ("198.51.100.0", "198.51.100.255", "203.0.113.64", "203.0.113.67"):
            packet = udp4(source, SOURCE)
            self.send(EXTERNAL, from_core(packet))
            self.expect((CORE, to_next_hop(packet)))


@covers("PUNT_SOURCE_UNBOUND", "DROP_SOURCE_UNBOUND", "ipv4_external_sources.punt_source_external")
class PuntsForeignIpv4SourceOnExternalPortTest(PacketTest):
    """BCP 38: neighbours of the subnet, another port's subnet, the switch, a mobile node."""

    def runTest(self):
        self.insert(rows.external_source("198.51.100.0/24"), rows.external_source("203.0.113.64/30", CORE))
        self.insert(*DEFAULT_ROUTE)
        for source in ("198.51.99.255", "198.51.101.0", "203.0.113.64", LOCAL_IPV4, NODE_IPV4.address):
            packet = from_core(udp4(source, SOURCE))
            self.send(EXTERNAL, packet)
            self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", EXTERNAL, packet)], drops=["DROP_SOURCE_UNBOUND"])


@covers("DROP_MARTIAN")
class DropsIpv4MartiansTest(PacketTest):
    """RFC 6890 s2.2.2: this network, loopback, multicast and reserved addresses; RFC 1812 s5.3.7."""

    def runTest(self):
        self.insert(*DEFAULT_ROUTE)
        network, loopback = ("0.0.0.0", "0.1.2.3", "0.255.255.255"), ("127.0.0.1", "127.255.255.255")
        reserved = ("240.0.0.0", "255.255.255.254")
        for source in (*network, *loopback, "224.0.0.1", "239.255.255.255", *reserved, "255.255.255.255"):
            self.send(CORE, from_core(udp4(source, CORRESPONDENT_IPV4)))
            self.expect(drops=["DROP_MARTIAN"])
        for destination in (*network, *loopback, *reserved):
            self.send(CORE, from_core(udp4(SOURCE, destination)))
            self.expect(drops=["DROP_MARTIAN"])
        for address in ("1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255"):
            for packet in (udp4(address, CORRESPONDENT_IPV4), udp4(SOURCE, address)):
                self.send(CORE, from_core(packet))
                self.expect((EXTERNAL, to_next_hop(packet)))


@covers("DROP_MARTIAN")
class DropsIpv4MartiansOutOfTunnelTest(PacketTest):
    """What has been decapsulated was not seen by the controls of link scope: these addresses too."""

    def runTest(self):
        self.insert(*rows.tunnel(frames.PEER), rows.permitted(NODE_IPV4, frames.PEER), *DEFAULT_ROUTE)
        for destination in ("224.0.0.251", "255.255.255.255", "169.254.1.1", "127.0.0.1"):
            self.send(CORE, frames.from_peer(udp4(NODE_IPV4.address, destination)))
            self.expect(drops=["DROP_MARTIAN"])
        self.send(CORE, frames.from_peer(udp4("169.254.1.1", CORRESPONDENT_IPV4)))
        self.expect(drops=["DROP_MARTIAN"])


class RoutesIpv4OfTheControllerTest(PacketTest):
    """The router's own packet: its TTL is left, its MACs are filled in, and it is never punted."""

    def runTest(self):
        self.insert(*rows.to_correspondent(), rows.delivered(NODE_IPV4))
        blank = "00:00:00:00:00:00"
        for ttl in (64, 1):
            reply = IP(src=LOCAL_IPV4, dst=CORRESPONDENT_IPV4, ttl=ttl, tos=0xC0) / ICMP(type=0) / b"pong"
            self.packet_out(frame(blank, blank, reply), ROUTED)
            self.expect((EXTERNAL, frame(ROUTER, NEXT_HOP, reply)))
        offer = IP(src=LOCAL_IPV4, dst=NODE_IPV4.address) / UDP(sport=67, dport=68) / Raw(bytes(240))
        self.packet_out(frame(blank, blank, offer), ROUTED)
        self.expect((ACCESS, frame(ROUTER, NODE_IPV4.mac, offer)))
        self.packet_out(frame(blank, blank, udp4(LOCAL_IPV4, UNROUTED)), ROUTED)
        self.expect(drops=["DROP_NO_ROUTE"])
        self.packet_out(frame(blank, blank, udp4(LOCAL_IPV4, CORRESPONDENT_IPV4, size=MTU + 1)), ROUTED)
        self.expect(drops=["DROP_PACKET_TOO_BIG"])


class ForwardsIpv4FragmentsTest(PacketTest):
    """Of any size and place, unread."""

    def runTest(self):
        self.insert(*rows.to_correspondent(), rows.next_hop(2, SECOND_CORE))
        for flags, offset in (("MF", 0), ("MF", 100), ("", 100)):
            packet = IP(src=SOURCE, dst=CORRESPONDENT_IPV4, flags=flags, frag=offset, proto=17) / Raw(bytes(8))
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The correspondent node's part of route optimization: the Home Address option in, the type 2 routing header out."""

from socket import AF_INET6, inet_pton
from struct import pack

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import HAO, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, Pad1, PadN
from scapy.packet import Raw

import rows
import ways
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    MTU,
    NEXT_HOP,
    NODE,
    PEER,
    ROUTER,
    SECOND_CORE,
    TUNNEL_MTU,
    encapsulated,
    flow_label,
    frame,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
)
from program import covers

HOME = "2001:db8:70::77"
CARE_OF = "2001:db8:60::66"
NOT_REWRITTEN = (0, 43, 50, 51, 135)  # next headers
GROWTH = 24


def from_care_of(*layers, care_of=CARE_OF, home=HOME, **fields):
    """RFC 6275 s6.3: the option at 8n + 6 of the header, which scapy pads with PadN."""
    packet = IPv6(src=care_of, dst=CORRESPONDENT, **fields) / IPv6ExtHdrDestOpt(options=[HAO(hoa=home)])
    for layer in layers:
        packet /= layer
    return packet


def from_home(*layers, **fields):
    """The same packet as its destination understands it."""
    packet = IPv6(src=HOME, dst=CORRESPONDENT, **fields)
    for layer in layers:
        packet /= layer
    return packet


def to_care_of(packet, care_of=CARE_OF):
    """RFC 6275 s6.4: the routing header next to the IPv6 header, whose destination it remembers; in octets."""
    octets = bytes(packet)
    length, next_header = int.from_bytes(octets[4:6], "big"), octets[6]
    routing = pack("!BBBBI", next_header, 2, 2, 1, 0) + octets[24:40]
    fixed = octets[:4] + pack("!HB", length + GROWTH, 43) + octets[7:24] + inet_pton(AF_INET6, care_of)
    return IPv6(fixed + routing + octets[40:])


def any_payload(next_header, size=40):
    return IPv6(src=CORRESPONDENT, dst=HOME, nh=next_header) / Raw(bytes(size))


class RouteOptimizationTest(PacketTest):
    def setUp(self):
        super().setUp()
        self.insert(rows.next_hop(1, EXTERNAL), rows.route("2001:db8::/32", "to_next_hop", next_hop_id=1))

    def expect_carried(self, packet):
        self.send(CORE, from_core(packet))
        self.expect((EXTERNAL, to_next_hop(packet)))


@covers("care_of_bindings.expect_care_of", "care_of_checks.accept_home_address")
class AcceptsHomeAddressTest(RouteOptimizationTest):
    """RFC 6275 s9.3.1: the home address becomes the source, and the option is gone with its header. Upper layers are
    not touched: their checksums are of the home address."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF))
        uppers = [
            (UDP(sport=1024, dport=2048), Raw(bytes(52))),
            (TCP(sport=1024, dport=2048, seq=77), Raw(b"data")),
            (ICMPv6EchoRequest(data=b"ping"),),
            (UDP(sport=1024, dport=4500),),
        ]
        for layers in uppers:
            for fields in ({}, {"tc": 0xB9, "fl": 0xABCDE, "hlim": 2}):
                self.send(CORE, from_core(from_care_of(*layers, **fields)))
                self.expect((EXTERNAL, to_next_hop(from_home(*layers, **fields))))


class AcceptsHomeAddressBeforeAnyHeaderTest(RouteOptimizationTest):
    """No next header, a fragment, another routing header, an unknown protocol; also with nothing behind it."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF))
        for next_header in (59, 44, 43, 60, 253):
            for payload in (bytes(40), b""):
                packet = from_care_of()
                packet[IPv6ExtHdrDestOpt].nh = next_header
                self.send(CORE, from_core(packet / Raw(payload)))
                self.expect((EXTERNAL, to_next_hop(IPv6(src=HOME, dst=CORRESPONDENT, nh=next_header) / Raw(payload))))


@covers("PUNT_CARE_OF_MISMATCH", "DROP_CARE_OF_MISMATCH", "care_of_checks.punt_care_of_mismatch")
class PuntsMismatchedCareOfTest(RouteOptimizationTest):
    """RFC 6275 s9.3.1: dropped, and a Binding Error is due. All 128 bits count; the controller sees the whole frame."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF), rows.registered("2001:db8:70::78", "2001:db8:60::67"))
        for care_of in ("2001:db8:60::67", "a001:db8:60::66", "2001:db8:60:8000::66", HOME):
            packet = from_core(from_care_of(UDP(sport=1, dport=2), care_of=care_of))
            self.send(CORE, packet)
            self.expect(punts=[PacketIn("PUNT_CARE_OF_MISMATCH", CORE, packet)], drops=["DROP_CARE_OF_MISMATCH"])


@covers("care_of_bindings.not_registered")
class CarriesUnknownHomeAddressTest(RouteOptimizationTest):
    """A home address that has not registered here may have with the correspondent itself."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF))
        for home in ("2001:db8:70::78", "a001:db8:70::77", CARE_OF):
            self.expect_carried(from_care_of(UDP(sport=1, dport=2), home=home))


class LeavesHomeAddressOfSignallingTest(RouteOptimizationTest):
    """Before ESP, AH and a Mobility Header it is for the destination to judge (RFC 6275 s9.3.1), whatever the care-of
    address."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF))
        for next_header in (50, 51, 135):
            for care_of in (CARE_OF, "2001:db8:60::67"):
                packet = from_care_of(care_of=care_of)
                packet[IPv6ExtHdrDestOpt].nh = next_header
                self.expect_carried(packet / Raw(bytes(40)))


class LeavesOtherDestinationOptionsTest(RouteOptimizationTest):
    """Another order, more options, other padding, another header in between: carried as they are."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF))
        option = HAO(hoa=HOME)
        layouts = [
            [Pad1()] * 4 + [option],
            [PadN(optdata=b"\x01\x00"), option],
            [PadN(optdata=bytes(10)), option, PadN(optdata=b"")],
            [PadN(optdata=b"\x00\x00"), option, PadN(optdata=bytes(6))],
            [option, PadN(optdata=bytes(2))],
            [PadN(optdata=bytes(2)), HAO(otype=0xC8, hoa=HOME)],
        ]
        for options in layouts:
            header = IPv6ExtHdrDestOpt(options=options, autopad=0)
            self.expect_carried(IPv6(src=CARE_OF, dst=CORRESPONDENT) / header / UDP(sport=1, dport=2))
        hidden = IPv6ExtHdrDestOpt(options=[option]) / UDP(sport=1, dport=2)
        self.expect_carried(IPv6(src=CARE_OF, dst=CORRESPONDENT) / IPv6ExtHdrDestOpt(options=[]) / hidden)
        self.expect_carried(IPv6(src=CARE_OF, dst=CORRESPONDENT, nh=0) / IPv6ExtHdrDestOpt(options=[]) / hidden)


class LeavesHomeAddressBeyondThePacketTest(RouteOptimizationTest):
    """What looks like the option in octets behind the IPv6 packet is no part of it."""

    def runTest(self):
        self.insert(rows.registered(HOME, CARE_OF))
        whole = bytes(from_care_of(UDP(sport=1, dport=2)))
        for length in (0, 8, 16, 23):
            packet = IPv6(whole[:4] + length.to_bytes(2, "big") + whole[6:])
            received, expected = (bytes(make(packet)) for make in (from_core, to_next_hop))
            self.send(CORE, received)
            self.expect((EXTERNAL, expected))


class ChecksCareOfAddressOfNodeTest(RouteOptimizationTest):
    """The source that has to be bound to an attachment is the care-of address; the home address has registered."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.registered(HOME, NODE.address))
        packet = from_care_of(UDP(sport=1, dport=2), care_of=NODE.address)
        self.send(ACCESS, from_node(packet))
        self.expect((EXTERNAL, to_next_hop(from_home(UDP(sport=1, dport=2)))))
        forged = from_node(from_care_of(UDP(sport=1, dport=2)))
        self.send(ACCESS, forged)
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, forged)], drops=["DROP_SOURCE_UNBOUND"])


@covers("address_bindings.optimize_route", "address_bindings.packets")
class SendsToCareOfAddressTest(RouteOptimizationTest):
    """RFC 6275 s6.4, s9.3.2: octet by octet, and as scapy builds it, whose checksums are of the home address; the row
    counts."""

    def runTest(self):
        row = rows.optimized(HOME, CARE_OF)
        self.insert(row)
        packets = [
            udp(CORRESPONDENT, HOME),
            udp(CORRESPONDENT, HOME, tc=0xB9, fl=0xABCDE, hlim=2),
            IPv6(src=CORRESPONDENT, dst=HOME) / TCP(sport=1, dport=2, flags="S"),
            IPv6(src=CORRESPONDENT, dst=HOME) / ICMPv6EchoRequest(data=b"ping"),
            IPv6(src=CORRESPONDENT, dst=HOME) / IPv6ExtHdrDestOpt(options=[]) / UDP(sport=1, dport=2),
            *(any_payload(next_header) for next_header in (44, 59, 253)),
            any_payload(59, 0),
        ]
        for packet in packets:
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(to_care_of(packet))))
        self.expect_counted(row, *map(from_core, packets))
        routing = IPv6ExtHdrRouting(type=2, segleft=1, addresses=[HOME])
        built = IPv6(src=CORRESPONDENT, dst=CARE_OF) / routing / UDP(sport=1024, dport=2048) / Raw(bytes(52))
        self.send(CORE, from_core(udp(CORRESPONDENT, HOME)))
        self.expect((EXTERNAL, to_next_hop(built)))


class LeavesHeadersThatComeBeforeTest(RouteOptimizationTest):
    """RFC 6275 s6.4.2, s9.3.2: hop-by-hop options and routing headers stand before it, ESP and AH do not survive it, a
    Mobility Header never has it. These go to the home address: by its prefix, its network, or the routes."""

    def runTest(self):
        row = rows.optimized(HOME, CARE_OF)
        self.insert(row)
        packets = [any_payload(next_header) for next_header in NOT_REWRITTEN]
        for packet in packets:
            self.expect_carried(packet)
        self.insert(rows.Row("network_bindings", {"network": "2001:db8:70::/48"}, *ways.deliver(NODE)))
        for packet in packets:
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, to_node(packet)))
        self.insert(rows.delivered(NODE._replace(address=HOME, mac="02:00:00:00:01:01")))
        for packet in packets:
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, frame(ROUTER, "02:00:00:00:01:01", hop(packet))))
        self.expect_counted(row, *map(from_core, packets * 3))


@covers("PUNT_PACKET_TOO_BIG", "DROP_PACKET_TOO_BIG")
class LeavesRoomForRoutingHeaderTest(RouteOptimizationTest):
    """The sender is told what fits with the header: the MTU of the way less its 24 octets."""

    def runTest(self):
        self.insert(rows.optimized(HOME, CARE_OF))
        for next_header in (253, 44):
            fits = any_payload(next_header, MTU - GROWTH - 40)
            self.send(CORE, from_core(fits))
            self.expect((EXTERNAL, to_next_hop(to_care_of(fits))))
            too_big = from_core(any_payload(next_header, MTU - GROWTH - 39))
            self.send(CORE, too_big)
            punt = PacketIn("PUNT_PACKET_TOO_BIG", CORE, too_big, MTU - GROWTH)
            self.expect(punts=[punt], drops=["DROP_PACKET_TOO_BIG"])
        whole = any_payload(135, MTU - 40)
        self.expect_carried(whole)


@covers("PUNT_HOP_LIMIT")
class ShowsExpiredPacketToHomeAddressAsItCameTest(RouteOptimizationTest):
    """Nothing is inserted into what is not forwarded."""

    def runTest(self):
        self.insert(rows.optimized(HOME, CARE_OF))
        packet = from_core(udp(CORRESPONDENT, HOME, hlim=1))
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_HOP_LIMIT", CORE, packet)], drops=["DROP_HOP_LIMIT"])


class SendsToCareOfAddressByItsBindingTest(RouteOptimizationTest):
    """The care-of address is itself of a node's prefix: here, behind a tunnel, or of a network."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.optimized(HOME, NODE.address), rows.delivered(NODE))
        packet = udp(CORRESPONDENT, HOME)
        optimized = to_care_of(packet, NODE.address)
        self.send(CORE, from_core(packet))
        self.expect((ACCESS, to_node(optimized)))
        self.modify(rows.tunnelled(NODE, PEER))
        self.send(EXTERNAL, from_core(packet))
        self.expect((CORE, encapsulated(hop(optimized), fl=flow_label(packet))))
        fits = any_payload(253, TUNNEL_MTU - GROWTH - 40)
        self.send(EXTERNAL, from_core(fits))
        self.expect((CORE, encapsulated(hop(to_care_of(fits, NODE.address)), fl=flow_label(fits))))
        too_big = from_core(any_payload(253, TUNNEL_MTU - GROWTH - 39))
        self.send(EXTERNAL, too_big)
        punt = PacketIn("PUNT_PACKET_TOO_BIG", EXTERNAL, too_big, TUNNEL_MTU - GROWTH)
        self.expect(punts=[punt], drops=["DROP_PACKET_TOO_BIG"])
        self.insert(rows.optimized("2001:db8:70::78", "2001:db8:6:6a1::1"))
        self.insert(rows.Row("network_bindings", {"network": "2001:db8:6:600::/56"}, *ways.deliver(NODE)))
        second = udp(CORRESPONDENT, "2001:db8:70::78")
        self.send(CORE, from_core(second))
        self.expect((ACCESS, to_node(to_care_of(second, "2001:db8:6:6a1::1"))))


class OptimizesBothWaysTest(RouteOptimizationTest):
    """Two nodes that have both registered: option in, routing header out."""

    def runTest(self):
        home, care_of = "2001:db8:70::78", "2001:db8:61::67"
        self.insert(rows.registered(HOME, CARE_OF), rows.optimized(home, care_of))
        packet = from_care_of(UDP(sport=1, dport=2))
        packet.dst = home
        plain = IPv6(src=HOME, dst=home) / UDP(sport=1, dport=2)
        self.send(CORE, from_core(packet))
        self.expect((EXTERNAL, to_next_hop(to_care_of(plain, care_of))))


class OptimizesOutOfTunnelTest(RouteOptimizationTest):
    """A node behind a peer sends to a home address that has registered here."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.permitted(NODE, PEER), rows.optimized(HOME, CARE_OF))
        packet = udp(NODE.address, HOME)
        self.send(CORE, from_peer(packet))
        self.expect((EXTERNAL, frame(ROUTER, NEXT_HOP, hop(to_care_of(packet)))))


class LooksUpCareOfAddressInRoutesTest(RouteOptimizationTest):
    """Not the home address."""

    def runTest(self):
        self.insert(rows.optimized(HOME, CARE_OF), rows.next_hop(2, SECOND_CORE))
        self.insert(rows.route("2001:db8:60::/48", "to_next_hop", next_hop_id=2), rows.route(f"{HOME}/128", "local"))
        packet = udp(CORRESPONDENT, HOME)
        self.send(CORE, from_core(packet))
        self.expect((SECOND_CORE, to_next_hop(to_care_of(packet))))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Home Address option and type 2 routing header (RFC 6275 s6.3, s6.4), and the checksum under them."""

from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Any

import pytest

from p4dmm import wire
from p4dmm.wire import home_address, mobility

COA, HOA, HA = (IPv6Address(f"2001:db8:{n}::1") for n in ("c", "1", "a"))
BU = mobility.BindingUpdate(sequence=1, acknowledge=True, home_registration=True, lifetime=15)
BA = mobility.BindingAck(sequence=1, lifetime=15)
HOA_HEADER = bytes.fromhex("8702010200 00c910".replace(" ", "")) + HOA.packed
RH2 = bytes.fromhex("8702020100000000") + HOA.packed


def test_bu_with_home_address_option() -> None:
    header = home_address.HomeAddressHeader(wire.NextHeader.MOBILITY, HOA)
    assert header.encode() == HOA_HEADER
    # RFC 6275 s6.3: 8n + 6.
    assert HOA_HEADER.index(b"\xc9\x10") % 8 == 6
    payload = header.encode() + mobility.encode_mobility(BU, HOA, HA)
    packet = wire.IPv6Packet(COA, HA, wire.NextHeader.DESTINATION_OPTIONS, payload)
    upper = wire.upper_layer(wire.IPv6Packet.decode(packet.encode()))
    assert home_address.home_address_of(upper) == HOA
    assert home_address.checksum_addresses(packet, upper) == (HOA, HA)
    assert mobility.decode_mobility(upper.payload, HOA, HA) == BU
    with pytest.raises(mobility.MobilityError):
        mobility.decode_mobility(upper.payload, COA, HA)


def test_ba_with_type_2_routing_header() -> None:
    header = home_address.Type2RoutingHeader(wire.NextHeader.MOBILITY, HOA)
    assert header.encode() == RH2
    assert home_address.Type2RoutingHeader.decode(RH2) == header
    packet = wire.IPv6Packet(HA, COA, wire.NextHeader.ROUTING, RH2 + mobility.encode_mobility(BA, HA, HOA))
    upper = wire.upper_layer(packet)
    assert home_address.routed_address_of(upper) == HOA
    assert home_address.checksum_addresses(packet, upper) == (HA, HOA)
    assert mobility.decode_mobility(upper.payload, HA, HOA) == BA


def test_without_them_the_addresses_are_the_packet_s() -> None:
    packet = wire.IPv6Packet(COA, HA, wire.NextHeader.MOBILITY, mobility.encode_mobility(BU, COA, HA))
    assert home_address.checksum_addresses(packet, wire.upper_layer(packet)) == (COA, HA)
    arrived = RH2[:3] + b"\0" + RH2[4:]
    packet = wire.IPv6Packet(HA, HOA, wire.NextHeader.ROUTING, arrived + b"x")
    assert home_address.checksum_addresses(packet, wire.upper_layer(packet)) == (HA, HOA)
    other = b"\x3b\2\x04" + RH2[3:]
    assert home_address.routed_address_of(wire.UpperLayer(59, b"", (wire.ExtensionHeader(43, other),))) is None


def destination(octets: bytes) -> wire.ExtensionHeader:
    return wire.ExtensionHeader(60, b"\x3b\0" + octets)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (
            lambda: home_address.home_address_option(destination(b"\xc9\x10" + HOA.packed + b"\xc9\x10" + HOA.packed)),
            "2",
        ),
        (lambda: home_address.home_address_option(destination(b"\xc9\x04\1\2\3\4")), "length is 4"),
        (lambda: home_address.home_address_option(destination(b"\xc9\x10" + bytes(16))), "home address is '::'"),
        (
            lambda: home_address.home_address_option(destination(b"\xc9\x10\xff" + bytes(15))),
            "home address is 'ff00::'",
        ),
        (lambda: home_address.home_address_option(destination(b"\xc9\x10\xfe\x80" + bytes(14))), "is 'fe80::'"),
        (lambda: home_address.Type2RoutingHeader.decode(RH2[:1] + b"\4" + RH2[2:]), "length is 4"),
        (lambda: home_address.Type2RoutingHeader.decode(RH2[:2] + b"\0" + RH2[3:]), "routing type is 0"),
        (lambda: home_address.Type2RoutingHeader.decode(RH2[:3] + b"\2" + RH2[4:]), "segments left is 2"),
        (lambda: home_address.Type2RoutingHeader.decode(RH2[:-1]), "is 23"),
        (lambda: home_address.Type2RoutingHeader(135, HOA, segments_left=2), "segments_left is 2"),
        (lambda: home_address.HomeAddressHeader(256, HOA), "next_header is 256"),
    ],
)
def test_refused(read: Callable[[], object], words: str) -> None:
    with pytest.raises(wire.WireError, match=words):
        read()


def test_header_without_the_option() -> None:
    assert home_address.home_address_option(destination(b"\1\4" + bytes(4))) is None
    with pytest.raises(wire.ValidationError, match="routed home address is 'fe80::'"):
        home_address.routed_address_of(
            wire.UpperLayer(59, b"", (wire.ExtensionHeader(43, RH2[:8] + b"\xfe\x80" + bytes(14)),))
        )


def test_two_headers_with_a_home_address() -> None:
    header = destination(b"\xc9\x10" + HOA.packed)
    with pytest.raises(wire.ValidationError):
        home_address.home_address_of(wire.UpperLayer(59, b"", (header, header)))


def test_reserved_bits_survive() -> None:
    octets = RH2[:4] + b"\1\2\3\4" + RH2[8:]
    assert home_address.Type2RoutingHeader.decode(octets).encode() == octets


def test_scapy_writes_the_same() -> None:
    inet6: Any = pytest.importorskip("scapy.layers.inet6", reason="scapy is not installed")
    update = inet6.MIP6MH_BU(seq=1, flags="HA", mhtime=15)
    written = (
        inet6.IPv6(src=str(COA), dst=str(HA)) / inet6.IPv6ExtHdrDestOpt(options=[inet6.HAO(hoa=str(HOA))]) / update
    )
    packet = wire.IPv6Packet.decode(bytes(written))
    upper = wire.upper_layer(packet)
    message = mobility.decode_mobility(upper.payload, *home_address.checksum_addresses(packet, upper))
    assert message == BU
    answer = inet6.MIP6MH_BA(status=0, seq=1, mhtime=15)
    written = inet6.IPv6(src=str(HA), dst=str(COA)) / inet6.IPv6ExtHdrRouting(type=2, addresses=[str(HOA)]) / answer
    packet = wire.IPv6Packet.decode(bytes(written))
    upper = wire.upper_layer(packet)
    assert upper.headers[0].data == RH2
    decoded = mobility.decode_mobility(upper.payload, *home_address.checksum_addresses(packet, upper))
    assert isinstance(decoded, mobility.BindingAck)
    assert (decoded.sequence, decoded.lifetime) == (1, 15)

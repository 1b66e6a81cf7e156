# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""RFC 4861 s6.1.1, s6.1.2, s7.1.1, s7.1.2, s8.1: one row per rule."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from p4dmm import wire

from .rows import HOST, LL1, LL2, LL3, MAC1, a

SLLA = wire.SourceLinkLayerAddress(MAC1)
ODD_SLLA = wire.UnknownOption(1, bytes(14))
GLOBAL, GROUP = a("2001:db8::1"), a("ff02::1:ff00:5")
RS, RA, NS = wire.RouterSolicitation((SLLA,)), wire.RouterAdvertisement(router_lifetime=0), wire.NeighborSolicitation
NA, REDIRECT = wire.NeighborAdvertisement, wire.Redirect


def packet(message: wire.NdMessage, src: IPv6Address, dst: IPv6Address, hop_limit: int = 255) -> wire.IPv6Packet:
    return wire.IPv6Packet(src, dst, 58, wire.encode_icmpv6(message, src, dst), hop_limit)


GOOD: list[tuple[wire.NdMessage, IPv6Address, IPv6Address]] = [
    (RS, LL1, wire.ALL_ROUTERS),
    (wire.RouterSolicitation(), wire.UNSPECIFIED, wire.ALL_ROUTERS),
    (RA, LL1, wire.ALL_NODES),
    (NS(HOST, (SLLA,)), LL1, GROUP),
    (NS(HOST), LL1, HOST),
    (NS(HOST, (wire.Nonce(bytes(6)),)), wire.UNSPECIFIED, GROUP),
    (NA(HOST), HOST, wire.ALL_NODES),
    (NA(HOST, solicited=True), HOST, LL1),
    (REDIRECT(LL3, GLOBAL), LL1, HOST),
    (REDIRECT(GLOBAL, GLOBAL), LL1, HOST),
]

BAD: list[tuple[str, wire.NdMessage, IPv6Address, IPv6Address]] = [
    ("RouterSolicitation source link-layer address option", RS, wire.UNSPECIFIED, wire.ALL_ROUTERS),
    (
        "RouterSolicitation source link-layer address option",
        wire.RouterSolicitation((ODD_SLLA,)),
        wire.UNSPECIFIED,
        wire.ALL_ROUTERS,
    ),
    ("RouterAdvertisement source", RA, GLOBAL, wire.ALL_NODES),
    ("RouterAdvertisement source", RA, wire.UNSPECIFIED, wire.ALL_NODES),
    ("NeighborSolicitation target", NS(GROUP), LL1, GROUP),
    ("NeighborSolicitation destination", NS(HOST), wire.UNSPECIFIED, HOST),
    ("NeighborSolicitation destination", NS(HOST), wire.UNSPECIFIED, wire.ALL_NODES),
    ("NeighborSolicitation source link-layer", NS(HOST, (SLLA,)), wire.UNSPECIFIED, GROUP),
    ("NeighborAdvertisement target", NA(GROUP), HOST, LL1),
    ("NeighborAdvertisement S flag", NA(HOST, solicited=True), HOST, wire.ALL_NODES),
    ("Redirect source", REDIRECT(LL3, GLOBAL), GLOBAL, HOST),
    ("Redirect destination", REDIRECT(LL3, GROUP), LL1, HOST),
    ("Redirect target", REDIRECT(HOST, GLOBAL), LL1, HOST),
]


@pytest.mark.parametrize(("message", "src", "dst"), GOOD)
def test_accepted(message: wire.NdMessage, src: IPv6Address, dst: IPv6Address) -> None:
    wire.validate(message, packet(message, src, dst))


@pytest.mark.parametrize(("message", "src", "dst"), GOOD)
@pytest.mark.parametrize("hop_limit", [0, 1, 64, 254])
def test_hop_limit(message: wire.NdMessage, src: IPv6Address, dst: IPv6Address, hop_limit: int) -> None:
    with pytest.raises(wire.ValidationError, match=rf"hop limit is {hop_limit}; allowed: 255 \(RFC 4861"):
        wire.validate(message, packet(message, src, dst, hop_limit))


@pytest.mark.parametrize(("message", "src", "dst"), GOOD)
def test_code(message: wire.NdMessage, src: IPv6Address, dst: IPv6Address) -> None:
    bad = replace(message, code=1)
    with pytest.raises(wire.ValidationError, match="code is 1; allowed: 0"):
        wire.validate(bad, packet(bad, src, dst))


@pytest.mark.parametrize(("what", "message", "src", "dst"), BAD)
def test_discarded(what: str, message: wire.NdMessage, src: IPv6Address, dst: IPv6Address) -> None:
    with pytest.raises(wire.ValidationError, match=f"^{what}"):
        wire.validate(message, packet(message, src, dst))


def test_fragment_header_is_refused_even_when_atomic() -> None:
    plain = packet(RS, LL1, LL2)
    fragment = replace(plain, next_header=44, payload=bytes.fromhex("3a00000000000001") + plain.payload)
    with pytest.raises(wire.ValidationError, match=r"fragment header.*RFC 6980"):
        wire.validate(RS, fragment)
    options = replace(plain, next_header=60, payload=bytes.fromhex("3a00010400000000") + plain.payload)
    wire.validate(RS, options)

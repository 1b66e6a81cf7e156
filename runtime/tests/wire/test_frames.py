# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The frames a router sends: every field that the RFCs fix, looked at from outside."""

from ipaddress import IPv6Address

import pytest

from p4dmm import wire

from .rows import HOST, INVOKING, LL1, LL2, MAC1, MAC2, a

GROUP = a("ff02::1:ff00:5")
RA = wire.RouterAdvertisement(router_lifetime=1800, options=(wire.Mtu(1400),))
ASKED = wire.Nonce(bytes(6))

Sent = tuple[wire.MacAddress, IPv6Address, IPv6Address, wire.Icmpv6Message]
TO_ALL = wire.multicast_mac(wire.ALL_NODES)


def na(*, router: bool = True, solicited: bool, override: bool = True) -> wire.NeighborAdvertisement:
    options = (wire.TargetLinkLayerAddress(MAC1),)
    return wire.NeighborAdvertisement(HOST, options, router=router, solicited=solicited, override=override)


BUILT: list[tuple[str, bytes, Sent]] = [
    ("ra to all", wire.router_advertisement(RA, src_mac=MAC1), (TO_ALL, LL1, wire.ALL_NODES, RA)),
    (
        "ra to all, one link-layer address",
        wire.router_advertisement(RA, src_mac=MAC1, dst_mac=MAC2),
        (MAC2, LL1, wire.ALL_NODES, RA),
    ),
    (
        "ra to one",
        wire.router_advertisement(RA, src_mac=MAC1, src=LL2, dst=HOST, dst_mac=MAC2),
        (MAC2, LL2, HOST, RA),
    ),
    (
        "ns",
        wire.neighbor_solicitation(HOST, src_mac=MAC1, src=LL1),
        (wire.multicast_mac(GROUP), LL1, GROUP, wire.NeighborSolicitation(HOST, (wire.SourceLinkLayerAddress(MAC1),))),
    ),
    (
        "ns probe",
        wire.neighbor_solicitation(HOST, src_mac=MAC1, src=LL1, dst_mac=MAC2),
        (MAC2, LL1, HOST, wire.NeighborSolicitation(HOST, (wire.SourceLinkLayerAddress(MAC1),))),
    ),
    (
        "ns for duplicate address detection",
        wire.neighbor_solicitation(HOST, src_mac=MAC1, src=wire.UNSPECIFIED, nonce=bytes(6)),
        (wire.multicast_mac(GROUP), wire.UNSPECIFIED, GROUP, wire.NeighborSolicitation(HOST, (ASKED,))),
    ),
    (
        "na to the asker",
        wire.neighbor_advertisement(HOST, src_mac=MAC1, dst=LL2, dst_mac=MAC2),
        (MAC2, HOST, LL2, na(solicited=True)),
    ),
    (
        "na to ::",
        wire.neighbor_advertisement(HOST, src_mac=MAC1, dst_mac=MAC2, src=LL1, router=False, override=False),
        (TO_ALL, LL1, wire.ALL_NODES, na(router=False, solicited=False, override=False)),
    ),
    (
        "error",
        wire.icmpv6_error(wire.PacketTooBig(INVOKING, mtu=1400), src_mac=MAC1, src=HOST, dst_mac=MAC2),
        (MAC2, HOST, a("2001:db8::9"), wire.PacketTooBig(INVOKING, mtu=1400)),
    ),
]


@pytest.mark.parametrize(("octets", "sent"), [row[1:] for row in BUILT], ids=[row[0] for row in BUILT])
def test_built(octets: bytes, sent: Sent) -> None:
    dst_mac, src, dst, message = sent
    frame = wire.decode_frame(octets)
    assert frame.ethernet.src == MAC1
    assert frame.ethernet.dst == dst_mac
    assert frame.ipv6 is not None
    assert (frame.ipv6.src, frame.ipv6.dst, frame.ipv6.hop_limit) == (src, dst, 255)
    assert frame.message == message
    if isinstance(message, wire.RouterAdvertisement | wire.NeighborSolicitation | wire.NeighborAdvertisement):
        wire.validate(message, frame.ipv6)


@pytest.mark.parametrize("size", [40, 1231, 1232, 1233, 9000])
def test_error_stays_within_the_minimum_mtu(size: int) -> None:
    invoking = wire.IPv6Packet(LL2, HOST, 17, bytes(size - 40)).encode()
    error = wire.DestinationUnreachable(wire.UnreachableCode.NO_ROUTE, invoking)
    frame = wire.decode_frame(wire.icmpv6_error(error, src_mac=MAC1, src=LL1, dst_mac=MAC2))
    assert isinstance(frame.message, wire.DestinationUnreachable)
    assert frame.message.invoking == invoking[: wire.MAX_INVOKING]
    assert len(frame.ethernet.payload) == min(size + 48, 1280)


def test_error_needs_a_header_to_answer() -> None:
    error = wire.TimeExceeded(0, bytes(39))
    with pytest.raises(wire.TruncatedError, match="invoking packet"):
        wire.icmpv6_error(error, src_mac=MAC1, src=LL1, dst_mac=MAC2)


def test_unicast_needs_a_link_layer_address() -> None:
    with pytest.raises(wire.FieldError, match="multicast group"):
        wire.router_advertisement(RA, src_mac=MAC1, dst=HOST)

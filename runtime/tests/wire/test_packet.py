# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From the frame to the message: base header, extension headers, what is read and what is left alone."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from p4dmm import wire

from .rows import HOST, INVOKING, LL1, LL2, MAC1, MAC2, MLD_FRAME, ROWS, a, slow_checksum

PAD = bytes.fromhex("00010400000000")  # what follows the next header in an options header of PadN
HOME = a("2001:db8:7::7")


def chain(*headers: tuple[int, str], last: int, payload: bytes = b"") -> wire.IPv6Packet:
    """Return a packet of headers, each (its own number, the octets after its next header field)."""
    numbers = [number for number, _ in headers] + [last]
    octets = b"".join(
        bytes((following,)) + bytes.fromhex(rest) for (_, rest), following in zip(headers, numbers[1:], strict=True)
    )
    return wire.IPv6Packet(LL1, HOST, numbers[0], octets + payload)


def framed(packet: wire.IPv6Packet) -> bytes:
    return wire.ipv6_frame(packet, src_mac=MAC1, dst_mac=MAC2)


def layers_encode_back(octets: bytes, frame: wire.Frame) -> None:
    assert frame.ethernet.encode() == octets
    if frame.ipv6 is None or frame.upper is None:
        assert frame.message == wire.Unknown(None, frame.ethernet.payload)
        return
    assert frame.ethernet.payload.startswith(frame.ipv6.encode())
    assert frame.upper.encode() == frame.ipv6.payload
    if isinstance(frame.message, wire.Unknown):
        assert frame.message == wire.Unknown(frame.upper.next_header, frame.upper.payload)
    else:
        assert wire.encode_icmpv6(frame.message, frame.ipv6.src, frame.ipv6.dst) == frame.upper.payload


def test_mld_behind_router_alert() -> None:
    frame = wire.decode_frame(MLD_FRAME)
    layers_encode_back(MLD_FRAME, frame)
    assert frame.upper is not None
    (hop_by_hop,) = frame.upper.headers
    assert hop_by_hop.header_type == wire.NextHeader.HOP_BY_HOP
    assert hop_by_hop.options() == ((wire.ROUTER_ALERT_OPTION, b"\0\0"),)
    match frame:
        case wire.Frame(ipv6=wire.IPv6Packet(hop_limit=1), message=wire.MldV2Report(groups=groups)):
            assert groups == (a("ff02::1:ff00:5"),)
        case _:
            pytest.fail("no version 2 report")


@pytest.mark.parametrize("padding", [b"", bytes(6), b"\xaa" * 46])
def test_padding_is_left_out(padding: bytes) -> None:
    for row in ROWS:
        octets = framed(wire.IPv6Packet(row.src, row.dst, 58, row.octets)) + padding
        frame = wire.decode_frame(octets)
        assert frame.message == row.message
        layers_encode_back(octets, frame)


def test_truncated_and_bent_frames() -> None:
    packets = [
        framed(chain((0, PAD.hex()), (60, PAD.hex()), (43, "00040000000000"), (44, "00000000000001"), last=17)),
        framed(chain((60, "02" + "01020000" + "c910" + HOME.packed.hex()), last=58, payload=ROWS[0].octets)),
        MLD_FRAME,
    ]
    for octets in packets:
        for length in range(len(octets)):
            with pytest.raises(wire.TruncatedError):
                wire.decode_frame(octets[:length])
        for at in range(len(octets)):
            for flip in (0x01, 0x10, 0xFF):
                bent = octets[:at] + bytes((octets[at] ^ flip,)) + octets[at + 1 :]
                try:
                    frame = wire.decode_frame(bent)
                except wire.WireError:
                    continue
                layers_encode_back(bent, frame)


def test_not_ipv6() -> None:
    octets = bytes(range(12)) + b"\x08\x06" + b"arp"
    frame = wire.decode_frame(octets)
    assert frame == wire.Frame(frame.ethernet, None, None, wire.Unknown(None, b"arp"))
    layers_encode_back(octets, frame)


def test_version() -> None:
    octets = bytearray(MLD_FRAME)
    octets[14] = 0x45
    with pytest.raises(wire.FieldError, match=r"IPv6 version is 4; allowed: 6 \(RFC 8200 s3\)"):
        wire.decode_frame(bytes(octets))


def test_every_bit_of_the_base_header() -> None:
    packet = wire.IPv6Packet(LL1, LL2, 59, b"x", hop_limit=7, traffic_class=0xB9, flow_label=0xABCDE)
    octets = bytes.fromhex("6b9abcde00013b07") + LL1.packed + LL2.packed + b"x"
    assert packet.encode() == octets
    assert wire.IPv6Packet.decode(octets + b"padding") == packet


@pytest.mark.parametrize(
    ("packet", "next_header", "walked"),
    [
        (chain(last=17), 17, []),
        (chain((0, PAD.hex()), (60, PAD.hex()), last=135), 135, [0, 60]),
        (chain((43, "00040000000000"), last=6), 6, [43]),
        (chain((44, "00000000000001"), last=17), 17, [44]),
        (chain((44, "ff000600000001"), last=17), 17, [44]),
        (chain((44, "00000100000001"), last=58), 44, []),
        (chain((44, "00000800000001"), last=58), 44, []),
        (chain((60, PAD.hex()), (0, PAD.hex()), last=17), 0, [60]),
        (chain((60, PAD.hex()), last=50), 50, [60]),
        (chain((60, PAD.hex()), last=59), 59, [60]),
    ],
)
def test_walk(packet: wire.IPv6Packet, next_header: int, walked: list[int]) -> None:
    upper = wire.upper_layer(packet)
    assert upper.next_header == next_header
    assert [header.header_type for header in upper.headers] == walked
    assert all(upper.has_header(number) for number in walked)
    assert not upper.has_header(51)
    assert upper.encode() == packet.payload


def test_walk_is_bounded() -> None:
    most = chain(*[(60, PAD.hex())] * wire.MAX_EXTENSION_HEADERS, last=17)
    assert len(wire.upper_layer(most).headers) == wire.MAX_EXTENSION_HEADERS
    with pytest.raises(wire.LimitError, match="number of extension headers is 9; allowed: at most 8"):
        wire.upper_layer(chain(*[(60, PAD.hex())] * (wire.MAX_EXTENSION_HEADERS + 1), last=17))


@pytest.mark.parametrize(
    ("octets", "options"),
    [
        ("3a00000000000000", ()),
        ("3a00050200000100", ((5, b"\0\0"),)),
        ("3a000002c2000000", None),
        ("3a000000000000c2", None),
        ("3a00010500000000", None),
        ("3a00c2030102030000", ((0xC2, b"\1\2\3"),)),
    ],
)
def test_header_options(octets: str, options: tuple[tuple[int, bytes], ...] | None) -> None:
    header = wire.ExtensionHeader(60, bytes.fromhex(octets))
    if options is None:
        with pytest.raises(wire.TruncatedError, match="header option"):
            header.options()
    else:
        assert header.options() == options


def test_header_options_are_bounded() -> None:
    with pytest.raises(wire.LimitError):
        wire.ExtensionHeader(60, b"\x3a\x07" + bytes(62)).options()


REWRITTEN = [
    ((60, "02" + "01020000" + "c910" + HOME.packed.hex()), HOME, HOST),
    ((43, "02020100000000" + HOME.packed.hex()), LL1, HOME),
]


@pytest.mark.parametrize(("header", "src", "dst"), REWRITTEN)
def test_checksum_over_other_addresses_is_left_to_mobility(
    header: tuple[int, str], src: IPv6Address, dst: IPv6Address
) -> None:
    message = wire.MobilePrefixSolicitation(0)
    checksum = slow_checksum(src, dst, 58, bytes.fromhex("9200000000000000"))
    frame = wire.decode_frame(framed(chain(header, last=58, payload=wire.encode_icmpv6(message, src, dst))))
    match frame.message:
        case wire.Unknown(58, payload):
            assert payload[2:4] == checksum.to_bytes(2, "big")
            assert wire.decode_icmpv6(payload, src, dst) == message
        case _:
            pytest.fail("read with the wrong addresses")


def test_used_up_routing_header_is_read() -> None:
    row = ROWS[0]
    packet = chain((43, "00040000000000"), (60, PAD.hex()), last=58, payload=row.octets)
    frame = wire.decode_frame(framed(replace(packet, src=row.src, dst=row.dst)))
    assert frame.message == row.message


def test_addresses() -> None:
    assert wire.solicited_node(HOST) == a("ff02::1:ff00:5")
    assert wire.multicast_mac(a("ff02::1:ff00:5")) == wire.MacAddress.parse("33:33:ff:00:00:05")
    for text, multicast, link_local in [
        ("::", False, False),
        ("fe7f::", False, False),
        ("fe80::", False, True),
        ("febf::1", False, True),
        ("fec0::", False, False),
        ("ff00::", True, False),
        ("ff02::1", True, False),
    ]:
        assert wire.is_multicast(a(text)) is multicast
        assert wire.is_link_local(a(text)) is link_local


UNREACHABLE = wire.DestinationUnreachable(wire.UnreachableCode.NO_ROUTE, INVOKING)
TOO_BIG = wire.PacketTooBig(INVOKING, mtu=1280)
OPTION = wire.ParameterProblem(wire.ParameterProblemCode.UNRECOGNIZED_OPTION, INVOKING, pointer=42)
FIELD = wire.ParameterProblem(wire.ParameterProblemCode.ERRONEOUS_FIELD, INVOKING, pointer=4)
EXPIRED = wire.TimeExceeded(wire.TimeExceededCode.HOP_LIMIT, INVOKING)
PLAIN = wire.IPv6Packet(HOST, a("2001:db8::9"), 17, bytes(8))
TO_GROUP = replace(PLAIN, dst=a("ff0e::1"))


def icmp(first_octet: str) -> wire.IPv6Packet:
    return replace(PLAIN, next_header=58, payload=bytes.fromhex(first_octet))


ELIGIBLE: list[tuple[wire.IPv6Packet, wire.ErrorMessage, wire.MacAddress | None, bool]] = [
    (PLAIN, UNREACHABLE, None, True),
    (PLAIN, EXPIRED, MAC1, True),
    # e.1 and e.2: errors and redirects, also behind headers and in first fragments
    (icmp("80"), UNREACHABLE, None, True),
    (icmp("7f"), UNREACHABLE, None, False),
    (icmp("01"), TOO_BIG, None, False),
    (icmp("89"), UNREACHABLE, None, False),
    (icmp(""), UNREACHABLE, None, False),
    (chain((0, PAD.hex()), last=58, payload=b"\x01"), UNREACHABLE, None, False),
    (chain((43, "02020100000000" + HOME.packed.hex()), last=58, payload=b"\x01"), UNREACHABLE, None, False),
    (chain((44, "00000100000001"), last=58, payload=b"\x01"), TOO_BIG, None, False),
    (chain((44, "00000100000001"), last=58, payload=b"\x80"), TOO_BIG, None, True),
    (chain((44, "00000800000001"), last=58, payload=b"\x01"), TOO_BIG, None, True),
    (chain((0, "ff"), last=58), UNREACHABLE, None, False),
    # e.3 to e.5: to many, and the two exceptions
    (TO_GROUP, UNREACHABLE, None, False),
    (TO_GROUP, EXPIRED, None, False),
    (TO_GROUP, FIELD, None, False),
    (TO_GROUP, TOO_BIG, None, True),
    (TO_GROUP, OPTION, None, True),
    (PLAIN, UNREACHABLE, wire.BROADCAST, False),
    (PLAIN, UNREACHABLE, wire.multicast_mac(wire.ALL_NODES), False),
    (PLAIN, OPTION, wire.BROADCAST, True),
    # e.6: a source that is not one node
    (replace(PLAIN, src=wire.UNSPECIFIED), TOO_BIG, None, False),
    (replace(PLAIN, src=wire.ALL_NODES), OPTION, None, False),
]


@pytest.mark.parametrize(("invoking", "error", "link_dst", "allowed"), ELIGIBLE)
def test_may_send_error(
    invoking: wire.IPv6Packet, error: wire.ErrorMessage, link_dst: wire.MacAddress | None, allowed: bool
) -> None:
    assert wire.may_send_error(invoking, error, link_dst) is allowed

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Every row both ways, cut at each length, bent at each octet."""

from collections.abc import Callable

import pytest

from p4dmm import wire

from .rows import HOST, INVOKING, LL1, MAC1, ROWS, Row, a, slow_checksum, with_checksum

each_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


def survives(data: bytes, row: Row) -> None:
    """Decoding refuses with a WireError, or loses nothing."""
    try:
        message = wire.decode_icmpv6(data, row.src, row.dst)
    except wire.WireError:
        return
    assert wire.encode_icmpv6(message, row.src, row.dst) == data


@each_row
def test_decode(row: Row) -> None:
    assert wire.decode_icmpv6(row.octets, row.src, row.dst) == row.message


@each_row
def test_encode(row: Row) -> None:
    assert wire.encode_icmpv6(row.message, row.src, row.dst) == row.octets


@each_row
def test_truncated(row: Row) -> None:
    for length in range(len(row.octets)):
        survives(row.octets[:length], row)
        survives(with_checksum(row.octets[:length], row.src, row.dst), row)


@each_row
def test_bent(row: Row) -> None:
    for at in range(len(row.octets)):
        for flip in (0x01, 0x80, 0xFF, row.octets[at]):
            bent = bytearray(row.octets)
            bent[at] ^= flip
            if flip:
                with pytest.raises(wire.ChecksumError):
                    wire.decode_icmpv6(bytes(bent), row.src, row.dst)
            survives(with_checksum(bytes(bent), row.src, row.dst), row)


@each_row
def test_reserved_bits_survive(row: Row) -> None:
    for bit in range(32, min(len(row.octets), 16) * 8):
        number = int.from_bytes(row.octets, "big") ^ 1 << (len(row.octets) * 8 - 1 - bit)
        data = with_checksum(number.to_bytes(len(row.octets), "big"), row.src, row.dst)
        survives(data, row)


def test_shortest_message_is_four_octets() -> None:
    with pytest.raises(wire.TruncatedError, match="at least 4 octets"):
        wire.decode_icmpv6(b"\x80\0\0", LL1, LL1)


def test_checksum_error_names_the_right_one() -> None:
    row = ROWS[0]
    with pytest.raises(wire.ChecksumError, match=r"0xd165.*0xd065.*RFC 4443 s2\.3"):
        wire.decode_icmpv6(row.octets[:2] + b"\xd1" + row.octets[3:], row.src, row.dst)


def test_negative_zero_checksum_is_refused() -> None:
    zero = next(
        message
        for word in range(0x10000)
        if (message := wire.Icmpv6(200, 0, word.to_bytes(2, "big")).encode(LL1, HOST))[2:4] == b"\0\0"
    )
    wire.decode_icmpv6(zero, LL1, HOST)
    with pytest.raises(wire.ChecksumError):
        wire.decode_icmpv6(zero[:2] + b"\xff\xff" + zero[4:], LL1, HOST)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 40, 41, 1280])
def test_checksum_agrees_with_the_slow_one(length: int) -> None:
    data = bytes((7 * i + length) & 0xFF for i in range(length))
    assert wire.upper_layer_checksum(LL1, HOST, 58, data) == slow_checksum(LL1, HOST, 58, data)
    assert wire.upper_layer_checksum(LL1, HOST, 58, bytes(length)) == slow_checksum(LL1, HOST, 58, bytes(length))


@pytest.mark.parametrize(
    ("message_type", "shortest"),
    [
        *((message_type, 8) for message_type in (1, 2, 3, 4, 128, 129, 133, 143)),
        *((message_type, 24) for message_type in (130, 131, 132, 135, 136)),
        (134, 16),
        (137, 40),
    ],
)
def test_shortest_of_each_type(message_type: int, shortest: int) -> None:
    """RFC 4443 s3 and s4, RFC 4861 s6.1 and s7.1, RFC 2710 s3, RFC 3810 s5.2."""
    data = bytes((message_type,)) + bytes(shortest - 1)
    wire.decode_icmpv6(with_checksum(data, LL1, HOST), LL1, HOST)
    with pytest.raises(wire.TruncatedError):
        wire.decode_icmpv6(with_checksum(data[:-1], LL1, HOST), LL1, HOST)


MISFITS: list[tuple[str, Callable[[], object]]] = [
    ("Icmpv6 type", lambda: wire.Icmpv6(256, 0, b"")),
    ("Icmpv6 code", lambda: wire.Icmpv6(1, -1, b"")),
    ("EchoRequest identifier", lambda: wire.EchoRequest(0x10000, 0)),
    ("PacketTooBig mtu", lambda: wire.PacketTooBig(INVOKING, mtu=1 << 32)),
    ("ParameterProblem pointer", lambda: wire.ParameterProblem(0, INVOKING, pointer=-1)),
    ("RouterSolicitation reserved", lambda: wire.RouterSolicitation(reserved=1 << 32)),
    ("RouterAdvertisement router_lifetime", lambda: wire.RouterAdvertisement(router_lifetime=65536)),
    ("NeighborAdvertisement reserved", lambda: wire.NeighborAdvertisement(HOST, reserved=1 << 29)),
    ("PrefixInformation prefix_length", lambda: wire.PrefixInformation(HOST, 129, 0, 0)),
    ("PrefixInformation valid_lifetime", lambda: wire.PrefixInformation(HOST, 64, 1 << 32, 0)),
    ("RedirectedHeader packet length", lambda: wire.RedirectedHeader(bytes(41))),
    ("RedirectedHeader reserved length", lambda: wire.RedirectedHeader(bytes(40), bytes(5))),
    ("RouteInformation prefix_octets", lambda: wire.RouteInformation(HOST, 64, 0, prefix_octets=4)),
    ("RouteInformation prefix_length", lambda: wire.RouteInformation(a("::"), 65, 0, prefix_octets=8)),
    ("RouteInformation prefix", lambda: wire.RouteInformation(HOST, 64, 0, prefix_octets=8)),
    ("RecursiveDnsServer addresses", lambda: wire.RecursiveDnsServer(0, ())),
    ("HomeAgentInformation preference", lambda: wire.HomeAgentInformation(0, 0x8000)),
    ("Nonce length", lambda: wire.Nonce(bytes(7))),
    ("UnknownOption body length", lambda: wire.UnknownOption(99, bytes(2046))),
    ("UnknownOption type", lambda: wire.UnknownOption(256, bytes(6))),
    ("MldRecord auxiliary length", lambda: wire.MldRecord(1, HOST, auxiliary=b"abc")),
    ("number of MldRecord sources", lambda: wire.MldRecord(1, HOST, (HOST,) * 1025)),
    ("number of MLD records", lambda: wire.MldV2Report((wire.MldRecord(1, HOST),) * 129)),
    ("IPv6Packet flow_label", lambda: wire.IPv6Packet(HOST, HOST, 59, b"", flow_label=1 << 20)),
    ("IPv6Packet payload length", lambda: wire.IPv6Packet(HOST, HOST, 59, bytes(65536))),
    ("Ethernet ethertype", lambda: wire.Ethernet(MAC1, MAC1, 65536, b"")),
    ("MacAddress length", lambda: wire.MacAddress(bytes(5))),
    ("MacAddress text", lambda: wire.MacAddress.parse("02:00:00-00:00:01")),
    ("MacAddress text", lambda: wire.MacAddress.parse("02:00:00:00:00:01\n")),
    ("multicast group", lambda: wire.multicast_mac(HOST)),
]


@pytest.mark.parametrize(("what", "build"), MISFITS)
def test_value_that_does_not_fit_is_refused_when_built(what: str, build: Callable[[], object]) -> None:
    with pytest.raises(wire.WireError, match=rf"^{what} is .*; allowed: .* \(RFC \d+ s[\d.()a-e]+\)$") as caught:
        build()
    assert caught.value.what == what
    assert caught.value.section.startswith("RFC ")
    assert len(str(caught.value)) < 250


def test_mac_address() -> None:
    """The example is RFC 4291 appendix A's 34-56-78-9A-BC-DE."""
    mac = wire.MacAddress.parse("34-56-78-9A-BC-DE")
    assert mac.interface_identifier().hex() == "365678fffe9abcde"
    assert mac.link_local() == a("fe80::3656:78ff:fe9a:bcde")
    assert str(mac) == "34:56:78:9a:bc:de"
    assert wire.MacAddress.parse(str(mac)) == mac == wire.MacAddress(bytes(mac))
    assert not mac.is_group
    assert wire.BROADCAST.is_group
    assert wire.multicast_mac(a("ff02::1:ff00:5")).is_group
    assert MAC1 < wire.BROADCAST


def test_echo_reply() -> None:
    assert wire.EchoRequest(1, 2, b"data").reply() == wire.EchoReply(1, 2, b"data")


def test_groups() -> None:
    messages = {row.name: row.message for row in ROWS}
    report, v2 = messages["mld-report"], messages["mld-v2-report"]
    assert isinstance(report, wire.MldReport)
    assert report.groups == (a("ff02::1:ff00:5"),)
    assert isinstance(v2, wire.MldV2Report)
    assert v2.groups == (a("ff02::1:ff00:5"), a("ff3e::1"))


def test_mld_limits() -> None:
    for body in (b"\0\0\0\x81" + bytes(129 * 20), b"\0\0\0\x01" + b"\x01\0\x04\x01" + bytes(16 * 1026)):
        with pytest.raises(wire.LimitError):
            wire.decode_icmpv6(wire.Icmpv6(143, 0, body).encode(LL1, LL1), LL1, LL1)


def test_home_agents_are_whole_addresses_and_not_too_many() -> None:
    head = bytes((145, 0, 0, 0, 0, 7, 0, 0))
    cut = with_checksum(head + bytes(17), LL1, HOST)
    with pytest.raises(wire.FieldError, match=r"octets of home agent addresses is 17; .* \(RFC 6275 s6\.6\)"):
        wire.decode_icmpv6(cut, LL1, HOST)
    most = with_checksum(head + bytes(16) * wire.MAX_HOME_AGENTS, LL1, HOST)
    reply = wire.decode_icmpv6(most, LL1, HOST)
    assert isinstance(reply, wire.HomeAgentDiscoveryReply)
    assert len(reply.home_agents) == wire.MAX_HOME_AGENTS
    assert len(most) + wire.IPV6_HEADER <= wire.MINIMUM_MTU
    with pytest.raises(wire.LimitError, match="number of home agents is 78; allowed: at most 77"):
        wire.decode_icmpv6(with_checksum(head + bytes(16) * (wire.MAX_HOME_AGENTS + 1), LL1, HOST), LL1, HOST)

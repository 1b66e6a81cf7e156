# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""ICMPv6 messages, each as octets and as object; the octets were written by another encoder (scapy)."""

from ipaddress import IPv6Address
from typing import NamedTuple

from p4dmm import wire

MAC1 = wire.MacAddress.parse("02:00:00:00:00:01")
MAC2 = wire.MacAddress.parse("02:00:00:00:00:02")
MAC3 = wire.MacAddress.parse("02:00:00:00:00:03")
LL1, LL2, LL3 = (mac.link_local() for mac in (MAC1, MAC2, MAC3))
HOST = IPv6Address("2001:db8:1::5")


class Row(NamedTuple):
    name: str
    src: IPv6Address
    dst: IPv6Address
    octets: bytes
    message: wire.Icmpv6Message


def a(text: str) -> IPv6Address:
    return IPv6Address(text)


def _row(name: str, src: str, dst: str, octets: str, message: wire.Icmpv6Message) -> Row:
    return Row(name, a(src), a(dst), bytes.fromhex(octets), message)


INVOKING = bytes.fromhex(
    "60000000000a110120010db800000000000000000000000920010db800010000000000000000000913881770000a10f46869"
)
_ROUTER, _NODE, _LL1, _ALL, _GROUP = "2001:db8::1", "2001:db8::9", "fe80::ff:fe00:1", "ff02::1", "ff02::1:ff00:5"
_SLLA = wire.SourceLinkLayerAddress(MAC1)

ROWS = [
    _row("echo-request", _ROUTER, "2001:db8::2", "8000d065123400077034646d6d", wire.EchoRequest(0x1234, 7, b"p4dmm")),
    _row("echo-reply", _ROUTER, "2001:db8::2", "8100110d12340007", wire.EchoReply(0x1234, 7)),
    _row(
        "unreachable",
        _ROUTER,
        _NODE,
        "0105321a00000000" + INVOKING.hex(),
        wire.DestinationUnreachable(wire.UnreachableCode.SOURCE_POLICY, INVOKING),
    ),
    _row("too-big", _ROUTER, _NODE, "02002ba700000578" + INVOKING.hex(), wire.PacketTooBig(INVOKING, mtu=1400)),
    _row(
        "time-exceeded",
        _ROUTER,
        _NODE,
        "0300301f00000000" + INVOKING.hex(),
        wire.TimeExceeded(wire.TimeExceededCode.HOP_LIMIT, INVOKING),
    ),
    _row(
        "parameter-problem",
        _ROUTER,
        _NODE,
        "04012ef600000028" + INVOKING.hex(),
        wire.ParameterProblem(wire.ParameterProblemCode.UNRECOGNIZED_NEXT_HEADER, INVOKING, pointer=40),
    ),
    _row("rs", _LL1, "ff02::2", "85007b2c000000000101020000000001", wire.RouterSolicitation((_SLLA,))),
    _row("rs-unspecified", "::", "ff02::2", "85007bb800000000", wire.RouterSolicitation()),
    _row(
        "ra",
        _LL1,
        _ALL,
        "86002e014068070800007530000003e801010200000000010501000000000578030440e0000002580000012c00000000"
        "20010db8000100000000000000000001190500000000025820010db800000000000000000000005320010db800000000"
        "0000000000000054180230180000025820010db80002000007010000000005dc0801000000050708",
        wire.RouterAdvertisement(
            router_lifetime=1800,
            other=True,
            home_agent=True,
            preference=wire.Preference.HIGH,
            reachable_time=30000,
            retrans_timer=1000,
            options=(
                _SLLA,
                wire.Mtu(1400),
                wire.PrefixInformation(a("2001:db8:1::1"), 64, 600, 300, router_address=True),
                wire.RecursiveDnsServer(600, (a("2001:db8::53"), a("2001:db8::54"))),
                wire.RouteInformation(a("2001:db8:2::"), 48, 600, wire.Preference.LOW, prefix_octets=8),
                wire.AdvertisementInterval(1500),
                wire.HomeAgentInformation(1800, 5),
            ),
        ),
    ),
    _row(
        "ns",
        _LL1,
        _GROUP,
        "87004c580000000020010db80001000000000000000000050101020000000001",
        wire.NeighborSolicitation(HOST, (_SLLA,)),
    ),
    _row(
        "ns-dad",
        "::",
        _GROUP,
        "87001ab40000000020010db80001000000000000000000050e010a0b0c0d0e0f",
        wire.NeighborSolicitation(HOST, (wire.Nonce(bytes.fromhex("0a0b0c0d0e0f")),)),
    ),
    _row(
        "na",
        _LL1,
        "fe80::ff:fe00:2",
        "88009b1be0000000fe80000000000000000000fffe0000010201020000000001",
        wire.NeighborAdvertisement(
            LL1, (wire.TargetLinkLayerAddress(MAC1),), router=True, solicited=True, override=True
        ),
    ),
    _row(
        "redirect",
        _LL1,
        _NODE,
        "8900210a00000000fe80000000000000000000fffe00000320010db80009000000000000000000010201020000000003"
        "04060000000000006000000000003b4020010db800000000000000000000000920010db8000900000000000000000001",
        wire.Redirect(
            LL3,
            a("2001:db8:9::1"),
            (
                wire.TargetLinkLayerAddress(MAC3),
                wire.RedirectedHeader(wire.IPv6Packet(a(_NODE), a("2001:db8:9::1"), 59, b"").encode()),
            ),
        ),
    ),
    _row(
        "home-agent-request",
        _ROUTER,
        _NODE,
        "9000820c12348000",
        wire.HomeAgentDiscoveryRequest(0x1234, mobile_routers=True),
    ),
    _row(
        "home-agent-reply",
        _ROUTER,
        _NODE,
        "9100a5651234000020010db800000000000000000000000a20010db800000000000000000000000b",
        wire.HomeAgentDiscoveryReply(0x1234, (a("2001:db8::a"), a("2001:db8::b"))),
    ),
    _row("prefix-solicitation", _ROUTER, _NODE, "9200123a00070000", wire.MobilePrefixSolicitation(7)),
    _row(
        "prefix-advertisement",
        _ROUTER,
        _NODE,
        "93001bf600078000030440e0000002580000012c0000000020010db8000100000000000000000001",
        wire.MobilePrefixAdvertisement(
            7, (wire.PrefixInformation(a("2001:db8:1::1"), 64, 600, 300, router_address=True),), managed=True
        ),
    ),
    _row("mld-query", _LL1, _ALL, "82005a172710" + "00" * 18, wire.MldQuery(a("::"), 10000)),
    _row("mld-report", _LL1, _GROUP, "8300831700000000ff0200000000000000000001ff000005", wire.MldReport(a(_GROUP))),
    _row("mld-done", _LL1, "ff02::2", "8400811c00000000ff0200000000000000000001ff000005", wire.MldDone(a(_GROUP))),
    _row(
        "mld-v2-query",
        _LL1,
        _ALL,
        "82002a8b27100000ff3e0000000000000000000000000001027d000120010db8000000000000000000000001",
        wire.MldQuery(a("ff3e::1"), 10000, bytes.fromhex("027d000120010db8000000000000000000000001")),
    ),
    # scapy writes the auxiliary length in octets; RFC 3810 s5.2.6 counts 32-bit words, so it is 01 here.
    _row(
        "mld-v2-report",
        _LL1,
        "ff02::16",
        "8f007d170000000204000000ff0200000000000000000001ff00000503010001ff3e0000000000000000000000000001"
        "20010db800000000000000000000000161626364",
        wire.MldV2Report(
            (
                wire.MldRecord(4, a(_GROUP)),
                wire.MldRecord(3, a("ff3e::1"), (a("2001:db8::1"),), b"abcd"),
            )
        ),
    ),
    _row("unassigned", _LL1, _ALL, "c80348bb78797a", wire.Icmpv6(200, 3, b"xyz")),
]

# A version 2 report as Linux sends it: hop-by-hop header with router alert and PadN, hop limit 1.
MLD_FRAME = bytes.fromhex(
    "33330000001602000000000186dd6000000000240001fe80000000000000000000fffe000001ff0200000000000000000000000000163a"
    "000502000001008f0072030000000104000000ff0200000000000000000001ff000005"
)


def slow_checksum(src: IPv6Address, dst: IPv6Address, next_header: int, data: bytes) -> int:
    """RFC 1071 as it reads: 16-bit words, one after the other, carries folded."""
    octets = src.packed + dst.packed + len(data).to_bytes(4, "big") + bytes((0, 0, 0, next_header)) + data
    if len(octets) % 2:
        octets += b"\0"
    total = 0
    for at in range(0, len(octets), 2):
        total += octets[at] << 8 | octets[at + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def with_checksum(data: bytes, src: IPv6Address, dst: IPv6Address) -> bytes:
    """Return the ICMPv6 message with its checksum put right, so that what lies behind it is reached."""
    if len(data) < 4:
        return data
    checksum = slow_checksum(src, dst, 58, data[:2] + b"\0\0" + data[4:])
    return data[:2] + checksum.to_bytes(2, "big") + data[4:]

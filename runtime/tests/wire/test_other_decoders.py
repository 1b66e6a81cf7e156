# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What scapy and tshark read in the frames we write is what we meant."""

import shutil
import struct
import subprocess
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest

from p4dmm import wire

from .rows import HOST, LL1, LL2, MAC1, MAC2, ROWS, a

RA = wire.RouterAdvertisement(
    router_lifetime=1800,
    managed=True,
    home_agent=True,
    preference=wire.Preference.LOW,
    reachable_time=30000,
    retrans_timer=1000,
    options=(
        wire.SourceLinkLayerAddress(MAC1),
        wire.Mtu(1400),
        wire.PrefixInformation(a("2001:db8:1::"), 64, 600, 300, on_link=False),
        wire.RecursiveDnsServer(600, (a("2001:db8::53"),)),
        wire.RouteInformation(a("2001:db8:2::"), 48, 900, wire.Preference.HIGH),
    ),
)
INVOKING = wire.IPv6Packet(LL2, HOST, 17, struct.pack("!HHHH", 5000, 6000, 1400, 0) + bytes(1392)).encode()
RA_FRAME = wire.router_advertisement(RA, src_mac=MAC1)
NS_FRAME = wire.neighbor_solicitation(HOST, src_mac=MAC1, src=LL1)
NA_FRAME = wire.neighbor_advertisement(HOST, src_mac=MAC1, dst=LL2, dst_mac=MAC2)
PTB_FRAME = wire.icmpv6_error(wire.PacketTooBig(INVOKING, mtu=1380), src_mac=MAC1, src=LL1, dst_mac=MAC2)
FRAMES = [RA_FRAME, NS_FRAME, NA_FRAME, PTB_FRAME]


@pytest.fixture(scope="module")
def inet6() -> Any:
    return pytest.importorskip("scapy.layers.inet6", reason="scapy is not installed")


def scapy_frame(octets: bytes) -> Any:
    from scapy.layers.l2 import Ether

    return Ether(octets)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_scapy_computes_the_same_checksum(inet6: Any, row: Any) -> None:
    packet = inet6.IPv6(src=str(row.src), dst=str(row.dst))
    assert inet6.in6_chksum(58, packet, wire.encode_icmpv6(row.message, row.src, row.dst)) == 0


@pytest.mark.parametrize("octets", FRAMES, ids=["ra", "ns", "na", "ptb"])
def test_scapy_reads_and_writes_the_same_frame(inet6: Any, octets: bytes) -> None:
    frame = scapy_frame(octets)
    assert frame[inet6.IPv6].hlim == 255
    assert frame[inet6.IPv6].plen == len(octets) - 54
    # Without its cksum scapy computes one of its own.
    message = frame[inet6.IPv6].payload
    del message.cksum
    assert bytes(frame) == octets


def test_scapy_reads_ra(inet6: Any) -> None:
    ra = scapy_frame(RA_FRAME)[inet6.ICMPv6ND_RA]
    assert (ra.chlim, ra.M, ra.O, ra.H, ra.prf, ra.P) == (64, 1, 0, 1, 3, 0)
    assert (ra.routerlifetime, ra.reachabletime, ra.retranstimer) == (1800, 30000, 1000)
    assert ra[inet6.ICMPv6NDOptSrcLLAddr].lladdr == str(MAC1)
    assert ra[inet6.ICMPv6NDOptMTU].mtu == 1400
    prefix = ra[inet6.ICMPv6NDOptPrefixInfo]
    assert (prefix.prefix, prefix.prefixlen, prefix.L, prefix.A, prefix.R) == ("2001:db8:1::", 64, 0, 1, 0)
    assert (prefix.validlifetime, prefix.preferredlifetime) == (600, 300)
    assert ra[inet6.ICMPv6NDOptRDNSS].dns == ["2001:db8::53"]
    route = ra[inet6.ICMPv6NDOptRouteInfo]
    assert (route.prefix, route.plen, route.prf, route.rtlifetime) == ("2001:db8:2::", 48, 1, 900)


def test_scapy_reads_ns_na_ptb(inet6: Any) -> None:
    ns = scapy_frame(NS_FRAME)
    assert (ns.dst, ns[inet6.IPv6].dst) == ("33:33:ff:00:00:05", "ff02::1:ff00:5")
    assert ns[inet6.ICMPv6ND_NS].tgt == str(HOST)
    na = scapy_frame(NA_FRAME)[inet6.ICMPv6ND_NA]
    assert (na.R, na.S, na.O, na.tgt) == (1, 1, 1, str(HOST))
    assert na[inet6.ICMPv6NDOptDstLLAddr].lladdr == str(MAC1)
    ptb = scapy_frame(PTB_FRAME)[inet6.ICMPv6PacketTooBig]
    assert ptb.mtu == 1380
    assert bytes(ptb.payload) == INVOKING[: wire.MAX_INVOKING]


def pcap(frames: list[bytes]) -> bytes:
    """The classic file format: one header, then per frame seconds, microseconds, length twice."""
    records = [struct.pack("!IIII", 0, at, len(frame), len(frame)) + frame for at, frame in enumerate(frames)]
    return struct.pack("!IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records)


def tshark(capture: Path, frames: list[bytes], *fields: str) -> list[list[str]]:
    """Return, per frame, the fields; several values of one field are joined by commas."""
    path = shutil.which("tshark")
    if path is None:
        pytest.skip("tshark is not on PATH")
    capture.write_bytes(pcap(frames))
    wanted = [word for field in fields for word in ("-e", field)]
    command = [path, "-n", "-r", str(capture), "-T", "fields", *wanted]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [line.split("\t") for line in output.splitlines()]


def test_tshark_finds_nothing_wrong(tmp_path: Path) -> None:
    frames = [*FRAMES, *(wire.icmpv6_frame(r.message, src_mac=MAC1, src=r.src, dst=r.dst, dst_mac=MAC2) for r in ROWS)]
    rows = tshark(tmp_path / "all.pcap", frames, "icmpv6.type", "icmpv6.checksum.status", "_ws.malformed")
    types = ["134", "135", "136", "2", *(str(row.octets[0]) for row in ROWS)]
    # A checksum inside an invoking packet may follow the message's own.
    assert [(row[0].split(",")[0], row[1].split(",")[0], row[2]) for row in rows] == [(t, "1", "") for t in types]


def test_tshark_reads_ra(tmp_path: Path) -> None:
    expected = {
        "ipv6.hlim": "255",
        "icmpv6.nd.ra.cur_hop_limit": "64",
        "icmpv6.nd.ra.flag": "0xb8",
        "icmpv6.nd.ra.router_lifetime": "1800",
        "icmpv6.nd.ra.reachable_time": "30000",
        "icmpv6.nd.ra.retrans_timer": "1000",
        "icmpv6.opt.linkaddr": str(MAC1),
        "icmpv6.opt.mtu": "1400",
        "icmpv6.opt.prefix.length": "64,48",
        "icmpv6.opt.prefix.flag": "0x40",
        "icmpv6.opt.prefix.valid_lifetime": "600",
        "icmpv6.opt.prefix.preferred_lifetime": "300",
        "icmpv6.opt.rdnss": "2001:db8::53",
        "icmpv6.opt.route_lifetime": "900",
    }
    assert dict(zip(expected, *tshark(tmp_path / "ra.pcap", [RA_FRAME], *expected), strict=True)) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (NS_FRAME, {"ipv6.dst": "ff02::1:ff00:5", "icmpv6.nd.ns.target_address": str(HOST)}),
        (NA_FRAME, {"icmpv6.nd.na.target_address": str(HOST), "icmpv6.nd.na.flag": "0xe0000000"}),
        (PTB_FRAME, {"icmpv6.mtu": "1380", "ipv6.plen": "1240,1400"}),
    ],
    ids=["ns", "na", "ptb"],
)
def test_tshark_reads_ns_na_ptb(tmp_path: Path, octets: bytes, expected: dict[str, str]) -> None:
    assert dict(zip(expected, *tshark(tmp_path / "one.pcap", [octets], *expected), strict=True)) == expected


def test_we_read_what_scapy_writes(inet6: Any) -> None:
    """An option unknown to us, the padding of a short frame, a header in front: as another stack sends them."""
    packet = (
        inet6.IPv6(src=str(LL2), dst="ff02::2", hlim=255, tc=0xE0, fl=0x12345)
        / inet6.ICMPv6ND_RS()
        / inet6.ICMPv6NDOptSrcLLAddr(lladdr=str(MAC2))
        / inet6.ICMPv6NDOptUnknown(type=77, len=1, data=b"abcdef")
    )
    octets = b"\x33\x33\0\0\0\x02" + MAC2.packed + b"\x86\xdd" + bytes(packet) + bytes(4)
    frame = wire.decode_frame(octets)
    options = (wire.SourceLinkLayerAddress(MAC2), wire.UnknownOption(77, b"abcdef"))
    assert frame.message == wire.RouterSolicitation(options)
    assert frame.ipv6 is not None
    assert (frame.ipv6.src, frame.ipv6.traffic_class, frame.ipv6.flow_label) == (LL2, 0xE0, 0x12345)
    assert IPv6Address("ff02::2") == frame.ipv6.dst

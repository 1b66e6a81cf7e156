# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``p4dmm decode``: trees, JSON, captures in every format, what is wrong and what the receiver does about it."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from p4dmm import wire
from p4dmm.cli import decode as command
from p4dmm.cli.capture import CaptureError, read_capture
from p4dmm.cli.describe import text_lines
from p4dmm.cli.locate import Located, in_frame, in_octets
from p4dmm.cli.main import app
from p4dmm.cli.reading import read
from p4dmm.wire import home_address, mobility
from tests.wire.mobility_option_rows import OPTION_ROWS
from tests.wire.mobility_rows import DST, MESSAGE_ROWS, SRC

HOA = IPv6Address("2001:db8:1::1")
PBU = next(row for row in MESSAGE_ROWS if isinstance(row.message, mobility.ProxyBindingUpdate))
ENDS = ("--src", str(SRC), "--dst", str(DST))


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["decode", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def documents(*arguments: str) -> list[dict[str, Any]]:
    _, output = run("--json", *arguments)
    return [json.loads(line) for line in output.splitlines()]


def ipv6(octets: bytes, src: IPv6Address = SRC, dst: IPv6Address = DST, next_header: int = 135) -> bytes:
    return wire.IPv6Packet(src, dst, next_header, octets).encode()


def ethernet(packet: bytes, ethertype: int = 0x86DD) -> bytes:
    return bytes(12) + ethertype.to_bytes(2, "big") + packet


def test_tree() -> None:
    code, output = run(PBU.octets.hex(), *ENDS)
    assert code == 0
    assert output.splitlines() == [
        "1: 104 octets, 2001:db8::1 to 2001:db8::2",
        "  Proxy Binding Update (5), RFC 5213 s8.1",
        "    sequence: 7",
        "    flags: A (acknowledge), P (proxy)",
        "    lifetime: 10 (40 s)",
        "    Mobile Node Identifier (8), RFC 4283 s3",
        "      subtype: 1 (NAI)",
        "      identifier: 'node1@example.com' (6e6f646531406578616d706c652e636f6d)",
        "    Home Network Prefix (22), RFC 5213 s8.3",
        "      prefix_length: 64",
        "      prefix: 2001:db8:1::",
        "    Handoff Indicator (23), RFC 5213 s8.4",
        "      indicator: 1 (ATTACHMENT_OVER_A_NEW_INTERFACE)",
        "    Access Technology Type (24), RFC 5213 s8.5",
        "      technology: 4 (IEEE_802_11A_B_G)",
        "    Mobile Node Link-layer Identifier (25), RFC 5213 s8.6",
        "      identifier: 020000000001",
        "    Timestamp (27), RFC 5213 s8.8",
        "      seconds: 1700000000",
        "      fraction: 5",
        "      time: 2023-11-14T22:13:20.000Z",
        "    Link-local Address (26), RFC 5213 s8.7",
        "      address: ::",
    ]


def test_hex_may_be_in_groups_and_without_addresses() -> None:
    code, output = run(PBU.octets[:40].hex(":"), PBU.octets[40:].hex(" ", 4))
    assert code == 0
    assert output.startswith("1: 104 octets, checksum not looked at\n  Proxy Binding Update")


def test_packet_and_frame() -> None:
    for octets in (ipv6(PBU.octets), ethernet(ipv6(PBU.octets))):
        (document,) = documents(octets.hex())
        assert document["message"] == "Proxy Binding Update"
        assert (document["src"], document["dst"], document["problems"]) == (str(SRC), str(DST), [])


@pytest.mark.parametrize("row", MESSAGE_ROWS, ids=[type(row.message).__name__ for row in MESSAGE_ROWS])
def test_every_message_prints(row: Any) -> None:
    code, output = run(row.octets.hex(), *ENDS)
    is_unknown = isinstance(row.message, mobility.UnknownMessage)
    assert code == (command.BAD_MESSAGE if is_unknown else 0)
    name = "Unknown message" if is_unknown else row.message.NAME
    assert output.splitlines()[1].startswith(f"  {name} ({int(row.message.TYPE)})")
    (document,) = documents(row.octets.hex(), *ENDS)
    assert document["type"] == row.message.TYPE
    assert len(document["options"]) == len(getattr(row.message, "options", ()))


@pytest.mark.parametrize("row", OPTION_ROWS, ids=[type(row.option).__name__ for row in OPTION_ROWS])
def test_every_option_prints(row: Any) -> None:
    octets = mobility.encode_mobility(mobility.BindingRefreshRequest(options=(row.option,)), SRC, DST)
    code, output = run(octets.hex(), *ENDS)
    assert code == 0
    assert "wrong" not in output
    (document,) = documents(octets.hex(), *ENDS)
    assert document["options"][0]["type"] == row.option.TYPE


def test_fields_in_json() -> None:
    (document,) = documents(PBU.octets.hex(), *ENDS)
    assert document["octets"] == PBU.octets.hex()
    assert document["fields"]["dmm"] is False
    assert document["fields"]["lifetime_s"] == 40
    identifier, prefix, indicator, *_ = document["options"]
    assert identifier["fields"]["subtype"] == {"value": 1, "name": "NAI"}
    assert prefix["fields"] == {"reserved": 0, "prefix_length": 64, "prefix": "2001:db8:1::"}
    assert indicator["section"] == "RFC 5213 s8.4"


def test_wrong_checksum_does_not_hide_the_message() -> None:
    code, output = run(PBU.octets.hex(), "--src", str(SRC), "--dst", "2001:db8::3")
    assert code == command.BAD_MESSAGE
    assert "Home Network Prefix" in output
    assert "wrong: octet 4: Checksum is '0xb768'; allowed: 0xb767, over the pseudo-header" in output
    assert "receiver: silent discard" in output


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("3b00050000000000", ["octet 1: Header Len is 0; allowed: at least 1", "ICMPv6 Parameter Problem code 0"]),
        ("0600050000000000", ["octet 0: Payload Proto is 6; allowed: 59", "ICMPv6 Parameter Problem code 0"]),
        ("3b00c80000000000", ["Unknown message (200)", "Binding Error of status 2"]),
        ("3b0000", ["length of Mobility Header is 3", "silent discard"]),
        ("3b0100000000000016ff000000000000", ["octet 9: length of mobility option 22 is 255", "silent discard"]),
        ("3b0100000000000016030000000100 00", ["Malformed option (22)", "wrong: octet 10: Home Network Prefix (22)"]),
    ],
)
def test_bad_messages(octets: str, words: list[str]) -> None:
    code, output = run(octets)
    assert code == command.BAD_MESSAGE
    for word in words:
        assert word in output
    (document,) = documents(octets)
    assert document["problems"]


def test_unusual_padding_shows() -> None:
    _, output = run("3b01000000000000" + "0000" + "c80161" + "010100")
    assert "padding is not the usual one: 0000 010100" in output


def test_nested_options_show() -> None:
    row = next(row for row in OPTION_ROWS if isinstance(row.option, mobility.FlowIdentification))
    octets = mobility.encode_mobility(mobility.BindingRefreshRequest(options=(row.option,)), None, None)
    _, output = run(octets.hex())
    assert "      Binding Reference (2), RFC 6089 s4.2.1.3\n        bids: 5, 6\n" in output
    assert "      Padding\n        octets: 00\n" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give HEX, --pcap or --interface"),
        (("3b00", "--pcap", "x"), "one of them"),
        (("xyz",), "not pairs of hex digits"),
        (("3b00", "--src", "::1"), "give both"),
        (("3b00", "--src", "x", "--dst", "::1"), "'x' is no IPv6 address"),
        (("--pcap", "x", "--src", "::1", "--dst", "::1"), "packets have addresses of their own"),
        ((__file__,), "is a file: --pcap reads captures"),
        ((ipv6(b"", next_header=59).hex(),), "without a Mobility Header"),
    ],
)
def test_usage(arguments: tuple[str, ...], words: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert words in " ".join(output.replace("│", " ").split())


def pcap(frames: list[bytes], link_type: int = 1, order: str = ">", magic: int = 0xA1B2C3D4) -> bytes:
    head = struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 65535, link_type)
    return head + b"".join(struct.pack(f"{order}IIII", 0, 0, len(f), len(f)) + f for f in frames)


def block(kind: int, body: bytes, order: str) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(f"{order}II", kind, len(body) + 12) + body + struct.pack(f"{order}I", len(body) + 12)


def pcapng(frames: list[bytes], link_type: int = 1, order: str = "<") -> bytes:
    data = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    data += block(5, b"statistics, to skip", order)
    data += block(1, struct.pack(f"{order}HHI", link_type, 0, 0), order)
    for number, each in enumerate(frames):
        if number % 2:
            data += block(3, struct.pack(f"{order}I", len(each)) + each, order)
        else:
            data += block(6, struct.pack(f"{order}IIIII", 0, 0, 0, len(each), len(each)) + each, order)
    return data


FRAMES = [ethernet(ipv6(row.octets)) for row in MESSAGE_ROWS[:4]]


@pytest.mark.parametrize(
    "data",
    [
        pcap(FRAMES),
        pcap(FRAMES, order="<"),
        pcap(FRAMES, magic=0xA1B23C4D),
        pcapng(FRAMES),
        pcapng(FRAMES, order=">"),
        pcap([frame[14:] for frame in FRAMES], 101),
        pcap([frame[14:] for frame in FRAMES], 229),
        pcap([bytes(14) + frame[12:] for frame in FRAMES], 113),
        pcap([b"\x86\xdd" + bytes(18) + frame[14:] for frame in FRAMES], 276),
        pcapng(FRAMES) + pcapng(FRAMES[:0], order=">"),
    ],
    ids=["big", "little", "nanoseconds", "ng-little", "ng-big", "raw", "ipv6", "sll", "sll2", "two sections"],
)
def test_captures(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "capture"
    path.write_bytes(data)
    found = documents("--pcap", str(path))
    assert [each["octets"] for each in found] == [row.octets.hex() for row in MESSAGE_ROWS[:4]]
    assert [each["number"] for each in found] == [1, 2, 3, 4]
    assert not any(each["problems"] for each in found)
    assert len(documents("--pcap", str(path), "--count", "2")) == 2


def udp(octets: bytes, port: int) -> bytes:
    return struct.pack("!HHHH", 1024, port, 8 + len(octets), 0) + octets


def ip4(octets: bytes, protocol: int) -> bytes:
    ends = (bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)))
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(octets), 0, 0, 64, protocol, 0, *ends) + octets


def udp4(octets: bytes, port: int) -> bytes:
    return ip4(udp(octets, port), 17)


def fields_of(document: dict[str, Any]) -> list[Any]:
    return [document[name] for name in ("frame", "src", "dst", "carried_in", "problems")]


def test_behind_tags_and_in_tunnels(tmp_path: Path) -> None:
    """VLAN, IP in IP, UDP (RFC 5555), UDP with a TLV header (RFC 5845 s7.2); the addresses are those of the inside."""
    packet = ipv6(PBU.octets)
    outer6, outer4 = f"IPv6 {DST} to {HOA}", "IPv4 192.0.2.1 to 192.0.2.2"
    tagged = bytes.fromhex("88a80001 81000002 86dd")
    tlv = b"\0\x29" + len(packet).to_bytes(2, "big")
    cases: list[tuple[bytes, list[str]]] = [
        (bytes(12) + tagged + packet, []),
        (ethernet(ipv6(packet, DST, HOA, 41)), [outer6]),
        (ethernet(ip4(packet, 41), 0x0800), [outer4]),
        (ethernet(ip4(udp(packet, 4191), 17), 0x0800), [outer4, "UDP port 4191"]),
        (ethernet(ip4(udp(tlv + packet, 5437), 17), 0x0800), [outer4, "UDP port 5437"]),
        (ethernet(ipv6(ip4(packet, 41), DST, HOA, 4)), [outer6, outer4]),
    ]  # fmt: skip
    path = tmp_path / "capture"
    path.write_bytes(pcap([frame for frame, _ in cases]))
    found = documents("--pcap", str(path))
    wanted = [[number, str(SRC), str(DST), carriers, []] for number, (_, carriers) in enumerate(cases, 1)]
    assert [fields_of(each) for each in found] == wanted
    for frame, carriers in cases:
        (document,) = documents(frame.hex())
        assert document["carried_in"] == carriers
        assert document["message"] == "Proxy Binding Update"
    _, output = run("--pcap", str(path))
    assert f"\n4: frame 4, 104 octets, {SRC} to {DST}, in {outer4}, in UDP port 4191\n" in output


def test_nesting_is_bounded() -> None:
    packet = ipv6(PBU.octets)
    for _ in range(4):
        packet = ipv6(packet, next_header=41)
    assert documents(packet.hex())[0]["message"] == "Proxy Binding Update"
    for _ in range(30):
        packet = ipv6(packet, next_header=41)
    assert run(packet.hex())[0] == 2


def test_a_packet_cut_is_read_as_far_as_it_goes() -> None:
    for length in range(len(PBU.octets)):
        cut = ipv6(PBU.octets)[: 40 + length]
        code, output = run(cut.hex())
        assert code == command.BAD_MESSAGE
        assert f"wrong: IPv6 payload length is 104; allowed: at most the {length} octets present" in output
        if length >= 16:
            assert "Proxy Binding Update (5)" in output
        assert "padding is not the usual" not in output
    assert "prefix: 2001:db8:1::" in output
    assert "not read: 1a10000000000000" in output


def test_an_option_that_overruns_does_not_hide_those_before_it() -> None:
    octets = bytearray(PBU.octets)
    at = octets.index(bytes((27, 8)))
    octets[at + 1] = 99
    (document,) = documents(bytes(octets).hex())
    assert [option["type"] for option in document["options"]] == [8, 22, 23, 24, 25]
    assert document["unread"] == octets[at:].hex()
    (problem,) = document["problems"]
    assert (problem["offset"], problem["reaction"]) == (at + 1, "silent discard")


def test_everything_that_is_wrong_is_told() -> None:
    octets = bytearray(PBU.octets)
    octets[0] = 6
    octets[octets.index(bytes((27, 8))) + 1] = 99
    (document,) = documents(bytes(octets).hex(), *ENDS)
    assert [problem["offset"] for problem in document["problems"]] == [4, 0, octets.index(bytes((27, 99))) + 1]
    assert document["message"] == "Proxy Binding Update"


def test_fragments_are_told() -> None:
    fragment = bytes((135, 0, 0, 41, 0, 0, 0, 7)) + PBU.octets[40:]
    (document,) = documents(ipv6(fragment, next_header=44).hex())
    assert "of the octets from 40 on" in document["problems"][0]["problem"]
    assert "message" not in document
    assert run(ipv6(bytes((17,)) + fragment[1:], next_header=44).hex())[0] == 2


@given(st.binary(max_size=300), st.sampled_from([0, 14, 40, 54]))
@settings(max_examples=300, deadline=None)
def test_no_octets_break_it(octets: bytes, at: int) -> None:
    """Whatever comes behind a good frame's first octets is told or left out; every reading prints."""
    frame = ethernet(ipv6(PBU.octets))
    for located in (in_octets(octets), in_frame(1, frame[:at] + octets), Located(PBU.octets[:at] + octets)):
        if located is not None:
            reading = read(located)
            assert reading.tree or reading.problems
            assert json.dumps(reading.tree)
            assert reading.tree is None or list(text_lines(reading.tree))


def test_hex_from_standard_input() -> None:
    result = CliRunner().invoke(app, ["decode", "-"], input=f"0x{PBU.octets.hex()}\n")
    assert result.exit_code == 0
    assert "Proxy Binding Update" in result.output


def test_help_has_examples_that_work() -> None:
    _, output = run("--help")
    example = re.search(r"p4dmm decode (3b[0-9a-f]+)", output)
    assert example
    assert run(example[1]) == (
        0,
        "1: 8 octets, checksum not looked at\n  Binding Refresh Request (0), RFC 6275 s6.1.2\n",
    )


def test_what_is_found_in_a_capture(tmp_path: Path) -> None:
    """Signalling over IPv4 (RFC 5844), a home address; not other packets, nor broken ones."""
    bu = mobility.BindingUpdate(sequence=1, lifetime=1)
    home = home_address.HomeAddressHeader(135, HOA).encode() + mobility.encode_mobility(bu, HOA, DST)
    twice = home_address.HomeAddressHeader(60, HOA).encode() + home
    frames = [
        ethernet(udp4(mobility.encode_mobility(bu, None, None), 5436), 0x0800),
        ethernet(udp4(b"a query", 53), 0x0800),
        ethernet(udp4(b"", 53)[:24], 0x0800),
        ethernet(ipv6(home, next_header=60)),
        ethernet(ipv6(twice, next_header=60)),
        ethernet(ipv6(b"\x3b\xff", next_header=60)),
        ethernet(b"arp", 0x0806),
        ethernet(b""),
        ethernet(ipv6(b"", next_header=59)),
    ]
    path = tmp_path / "capture"
    path.write_bytes(pcap(frames))
    over_ipv4, from_home, bad = documents("--pcap", str(path))
    assert (over_ipv4["message"], over_ipv4["src"], over_ipv4["problems"]) == ("Binding Update", None, [])
    assert (from_home["src"], from_home["problems"]) == (str(HOA), [])
    assert "number of Home Address options" in bad["problems"][0]["problem"]
    path.write_bytes(pcap(frames[1:3]))
    assert run("--pcap", str(path)) == (1, "p4dmm decode: no mobility message in it\n")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begins with nothing"),
        (b"text", "begins with 74657874: neither pcap nor pcapng"),
        (pcap([])[:20], "file header of 20 octets"),
        (pcap(FRAMES)[:30], "ends in a record header"),
        (pcap(FRAMES)[:-1], "goes beyond the file"),
        (pcapng(FRAMES)[:-3], "octets"),
        (pcapng(FRAMES)[:-4] + b"abcd", "ends with another length"),
        (pcapng([])[:8], "ends in a block header"),
        (pcapng([])[:8] + b"abcd" + bytes(20), "byte order 61626364"),
        (pcapng([]) + block(6, bytes(19), "<")[:8] + bytes(4), "a block of 32 octets"),
        (pcapng([]) + block(6, bytes(16), "<"), "a block of type 6 with 16 octets, 20 wanted"),
        (pcapng([]) + block(6, struct.pack("<IIIII", 7, 0, 0, 0, 0), "<"), "from interface 7"),
        (pcapng([]) + block(6, struct.pack("<IIIII", 0, 0, 0, 9, 0), "<"), "of 9 octets"),
    ],
)
def test_damaged_captures(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(CaptureError, match=words):
        list(read_capture(data))
    path = tmp_path / "capture"
    path.write_bytes(data)
    code, output = run("--pcap", str(path))
    assert code == command.CANNOT_RUN
    assert f"p4dmm decode: {path}: " in output


def test_a_capture_cut_anywhere(tmp_path: Path) -> None:
    for data in (pcap(FRAMES), pcapng(FRAMES)):
        for length in range(len(data)):
            try:
                packets = list(read_capture(data[:length]))
            except CaptureError:
                continue
            assert len(packets) < len(FRAMES) or length == len(data)


def test_files_and_interfaces_that_are_not_there(tmp_path: Path) -> None:
    code, output = run("--pcap", str(tmp_path / "none"))
    assert code == command.CANNOT_RUN
    assert output == f"p4dmm decode: {tmp_path / 'none'}: No such file or directory\n"
    code, output = run("--interface", "none0")
    assert code == command.CANNOT_RUN
    assert output.startswith("p4dmm decode: none0: ")


def test_no_permission_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refuse)
    assert run("-i", "lo") == (
        command.CANNOT_RUN,
        "p4dmm decode: lo: packet sockets need root or CAP_NET_RAW\n",
    )


@pytest.mark.netns
def test_live(tmp_path: Path) -> None:
    """On loopback, in a namespace of our own: the frame goes out by the same interface."""
    ip = shutil.which("ip")
    assert ip
    subprocess.run([ip, "link", "set", "lo", "up"], check=True)
    arguments = [sys.executable, "-c", "from p4dmm.cli.main import app; app()"]
    listener = subprocess.Popen(
        [*arguments, "decode", "-i", "lo", "--count", "1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert listener.stderr is not None
        assert listener.stderr.readline() == "listening on lo; Ctrl-C ends it\n"
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("lo", 0))
            sender.send(ethernet(b"noise", 0x0806))
            sender.send(ethernet(ipv6(PBU.octets)))
        output, _ = listener.communicate(timeout=30)
    finally:
        listener.kill()
    document = json.loads(output)
    assert (document["message"], document["octets"]) == ("Proxy Binding Update", PBU.octets.hex())
    assert listener.returncode == 0

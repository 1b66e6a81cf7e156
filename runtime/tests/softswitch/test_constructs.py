# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""programs/constructs.p4 as p4c compiled it: the shapes a real compiler emits, by bytes."""

from pathlib import Path

import pytest

from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.tables import Entry, Exact, Lpm, Range, Ternary

PROGRAM = Path(__file__).parent / "programs" / "constructs.json"
INGRESS = "ConstructsIngress."


@pytest.fixture
def pipeline() -> Pipeline:
    return load_pipeline(PROGRAM.read_bytes())


def frame(which: int, low: int = 0, middle: int = 0, high: int = 0, result: int = 0) -> bytes:
    return bytes((which,)) + (low << 20 | middle).to_bytes(3, "big") + bytes((high, result))


def run(pipeline: Pipeline, packet: bytes) -> tuple[int, bytes]:
    ((port, out),) = pipeline.process(1, packet, 0)
    return port, out


def csum16(data: bytes) -> int:
    data += b"\x00" * (len(data) % 2)
    total = sum(int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(ttl: int, length: int, protocol: int, good: bool = True) -> bytes:
    head = bytes((0x45, 0)) + length.to_bytes(2, "big") + bytes((0, 1, 0x40, 0, ttl, protocol))
    addresses = bytes((10, 0, 0, 1, 10, 0, 0, 2))
    checksum = csum16(head + addresses) ^ (0 if good else 1)
    return head + checksum.to_bytes(2, "big") + addresses


def test_parser_errors_have_their_numbers(pipeline):
    assert pipeline.process(1, b"\x01\x02", 0) == [(10, b"\x01\x02")]
    assert run(pipeline, frame(255) + b"x") == (11, frame(255) + b"x")
    assert run(pipeline, frame(0)) == (10, frame(0))
    assert run(pipeline, frame(0) + b"x") == (1, frame(0) + b"x")


def test_mixed_kinds_hit_miss_priorities_and_direct_counters(pipeline):
    table = pipeline.tables[INGRESS + "mixed"]
    best = (Exact(3), Ternary(0x10000, 0xF0000), Range(10, 20))
    table.insert(Entry(best, INGRESS + "set_result", (7,), 20))
    table.insert(Entry((Exact(3), Ternary(0, 0), Range(0, 255)), INGRESS + "set_result", (8,), 10))
    table.insert(Entry((Exact(4), Ternary(0, 0), Range(0, 255)), INGRESS + "drop", (), 10))
    packet = frame(1, 3, 0x1ABCD, 15) + b"p"
    assert run(pipeline, packet) == (1, frame(1, 3, 0x1ABCD, 15, 7) + b"p")
    assert run(pipeline, frame(1, 3, 0x2ABCD, 15) + b"p")[1][5] == 8
    assert run(pipeline, frame(1, 5) + b"p")[1][5] == 0x55
    assert pipeline.process(1, frame(1, 4) + b"p", 0) == []
    assert table.counter(best, 20) == (1, len(packet))


@pytest.mark.parametrize(("low", "high", "result"), [(0, 101, 1), (1, 101, 0x81), (0, 100, 0x82), (9, 3, 0x82)])
def test_an_if_and_a_return_inside_an_action(pipeline, low, high, result):
    assert run(pipeline, frame(2, low, 0, high) + b"p") == (20, frame(2, low, 0, high, result) + b"p")


def test_lpm_with_an_exact_key_and_a_switch_on_its_action(pipeline):
    table = pipeline.tables[INGRESS + "longest"]
    table.insert(Entry((Lpm(0x10000, 4), Exact(1)), INGRESS + "group", (9,)))
    table.insert(Entry((Lpm(0x12000, 8), Exact(1)), INGRESS + "leave", ()))
    pipeline.replication.insert(9, ((4, 0x44), (5, 0)))
    assert run(pipeline, frame(2, 1, 0x12345) + b"p") == (1, frame(2, 1, 0x12345, 0, 0xEE) + b"p")
    group = frame(2, 1, 0x13333, 0, 1) + b"p"
    assert pipeline.process(1, group, 0) == [(4, frame(2, 1, 0x13333, 0, 0x44) + b"p"), (5, group)]
    assert run(pipeline, frame(2, 2, 0x13333) + b"p")[0] == 20


def test_constant_entries_and_an_exit(pipeline):
    assert run(pipeline, frame(3, 1, 0, 0x17) + b"p") == (1, frame(3, 1, 0, 0x17, 0xEE) + b"p")
    assert run(pipeline, frame(3, 2, 0, 0x17) + b"p") == (30, frame(3, 2, 0, 0x17, 0x81) + b"p")
    # drop is overridden by the assignment that follows it
    assert run(pipeline, frame(3, 2, 0, 0x18) + b"p") == (30, frame(3, 2, 0, 0x18) + b"p")
    assert pipeline.process(1, frame(3, 2, 0, 0xFF) + b"p", 0) == []
    assert [entry.priority for entry in pipeline.tables[INGRESS + "fixed_rows"].entries()] == [2, 1]


@pytest.mark.parametrize("high", [0, 0x3F, 0x40, 0x41, 0xBF, 0xC0, 0xFF])
def test_arithmetic(pipeline, high):
    _, out = run(pipeline, frame(4, 3, 0xABCDE, high) + b"p")
    expected = frame(4, 2, (0xABCDE << 3 ^ 3) & 0xFFFFF, max(high - 0x40, 0), min(high + 0x40, 255))
    assert out == expected + b"p"


def test_indirect_counters(pipeline):
    for high in (2, 2, 3, 4, 255):
        run(pipeline, frame(5, high=high) + b"p")
    assert [pipeline.counters[INGRESS + "cells"].read(i) for i in range(4)] == [(0, 0), (0, 0), (2, 14), (1, 7)]


def test_a_bad_header_checksum_is_told(pipeline):
    packet = frame(0x42) + ipv4(9, 20, 1, good=False)
    assert run(pipeline, packet)[0] == 12


def test_a_header_is_copied_and_both_are_summed(pipeline):
    port, out = run(pipeline, frame(0x42) + ipv4(9, 30, 1) + b"0123456789")
    assert port == 1
    assert out == frame(0x42) + ipv4(64, 50, 1) + ipv4(8, 30, 1) + b"0123456789"


@pytest.mark.parametrize("payload", [b"", b"odd", b"even"])
def test_udp_checksum_over_the_payload(pipeline, payload):
    length = (8 + len(payload)).to_bytes(2, "big")
    packet = frame(0x41) + ipv4(9, 28 + len(payload), 17) + b"\x00\x07\x00\x09" + length + b"\xff\xff" + payload
    _, out = run(pipeline, packet)
    ip = ipv4(8, 28 + len(payload), 17)
    # as the program lists them: the length twice, without a pseudo header of its own
    summed = ip[12:20] + b"\x00\x11" + length + b"\x00\x07\x00\x35" + length + payload
    assert out == frame(0x41) + ip + b"\x00\x07\x00\x35" + length + csum16(summed).to_bytes(2, "big") + payload

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Hash algorithms: published check values, and the definitions bit by bit."""

from random import Random

import pytest

from p4dmm.softswitch.hashes import HASHES
from p4dmm.softswitch.pipeline import load_pipeline

from .bmv2_json import Builder, assign, call, extract, field, number

CHECK = b"123456789"


@pytest.mark.parametrize(
    ("algorithm", "data", "expected"),
    [
        ("crc16", CHECK, 0xBB3D),  # CRC-16/ARC
        ("crc16", b"", 0),
        ("crc16", b"\xff", 0x4040),
        ("crc32", CHECK, 0xCBF43926),
        ("crc32", b"", 0),
        ("csum16", bytes.fromhex("45000073000040004011c0a80001c0a800c7"), 0xB861),
        ("csum16", b"", 0xFFFF),
        ("csum16", b"\x12", 0xEDFF),
        ("identity", b"\x01\x02\x03", 0x010203),
        ("identity", b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", 0x0102030405060708),
        ("identity", b"", 0),
        ("xor16", b"\x12\x34\x56\x78\x9a", 0x1234 ^ 0x5678 ^ 0x9A00),
    ],
)
def test_vectors(algorithm, data, expected):
    function, bits = HASHES[algorithm]
    assert function(data) == expected
    assert expected < 1 << bits


def test_crc16_is_the_division_of_polynomials():
    random = Random(16)
    for length in range(70):
        data = random.randbytes(length)
        remainder = 0
        for octet in data:
            for bit in range(8):
                top = remainder & 1 ^ octet >> bit & 1
                remainder = remainder >> 1 ^ 0xA001 * top
        assert HASHES["crc16"].function(data) == remainder


def hashed(algorithm: str, inputs, base: int, size, width: int = 32) -> Builder:
    builder = Builder().header("h", a=3, b=13, out=width).header("gone", c=8).state("start", [extract("h")])
    builder.json["calculations"].append({"name": "calc", "id": 0, "algo": algorithm, "input": inputs})
    calculation = {"type": "calculation", "value": "calc"}
    return builder.run(
        "x", call("modify_field_with_hash_based_offset", field("h", "out"), number(base), calculation, size)
    )


@pytest.mark.parametrize(
    ("base", "size", "expected"),
    [
        (0, number(1 << 32), 0xA123),
        (5, number(100), 5 + 0xA123 % 100),
        (7, number(0), 7),
        (0, number(0xA123), 0),
        ((1 << 32) - 1, number(1 << 20), (0xA123 - 1)),
        (0, field("h", "b"), 0xA123 % 0x123),
    ],
)
def test_base_and_size(base, size, expected):
    pipeline = load_pipeline(
        hashed("identity", [field("h", "a"), field("h", "b"), field("gone", "c")], base, size).text()
    )
    frame = b"\xa1\x23" + bytes(4)
    assert pipeline.process(0, frame, 0) == [(0, frame[:2] + expected.to_bytes(4, "big"))]


def test_a_size_that_is_zero_in_the_packet_counts_as_one():
    pipeline = load_pipeline(hashed("crc32", [field("h", "a")], 9, field("h", "b")).text())
    assert pipeline.process(0, b"\xe0\x00" + bytes(4), 0) == [(0, b"\xe0\x00\x00\x00\x00\x09")]


def test_inputs_are_filled_up_behind_and_constants_have_their_width():
    constant = {"type": "hexstr", "value": "0x5", "bitwidth": 3}
    pipeline = load_pipeline(hashed("identity", [field("h", "a"), constant], 0, number(1 << 32)).text())
    ((_, out),) = pipeline.process(0, b"\x60\x00" + bytes(4), 0)
    assert out[2:] == (0b01110100).to_bytes(4, "big")


def test_results_are_cut_to_the_field():
    pipeline = load_pipeline(hashed("crc32", [field("h", "a"), field("h", "b")], 0, number(1 << 32), 8).text())
    ((_, out),) = pipeline.process(0, b"12\x00", 0)
    assert out == b"12" + (HASHES["crc32"].function(b"12") & 0xFF).to_bytes(1)


def test_a_hash_nobody_reads_is_not_computed():
    builder = Builder().header("h", a=8).metadata(m=8).state("start", [extract("h")])
    builder.json["calculations"].append({"name": "calc", "id": 0, "algo": "crc16", "input": [field("h", "a")]})
    calculation = {"type": "calculation", "value": "calc"}
    builder.run(
        "x", call("modify_field_with_hash_based_offset", field("scalars", "m"), number(0), calculation, number(8))
    )
    builder.run("y", assign(field("h", "a"), number(1)))
    assert "hash_crc16" not in load_pipeline(builder.text()).source

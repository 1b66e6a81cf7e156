# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Checksums, against RFC 1071 word by word."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.softswitch.pipeline import load_pipeline

from .bmv2_json import Builder, assign, call, extract, field, header, number, op, standard, valid


def csum16(data: bytes) -> int:
    data += b"\x00" * (len(data) % 2)
    total = sum(int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


PAYLOAD = {"type": "payload", "value": None}


def summed(inputs: list, cond=None, verify: bool = False, update: bool = True) -> Builder:
    """s.sum is the checksum; o may be there (first octet 1) or not."""
    return (
        Builder()
        .header("s", kind=8, flag=4, word=20, sum=16)
        .header("o", octet=8)
        .state(
            "start",
            [extract("s")],
            [field("s", "kind")],
            {"type": "hexstr", "value": "0x1", "mask": None, "next_state": "o"},
        )
        .state("o", [extract("o")])
        .checksum(field("s", "sum"), inputs, cond, verify, update)
    )


def constant(value: int, width: int):
    return number(value) | {"bitwidth": width}


BYTES = st.binary(min_size=7, max_size=40)


@settings(deadline=None, max_examples=50)
@given(frame=BYTES)
def test_update_over_a_header_constants_and_payload(frame):
    frame = b"\x00" + frame
    whole = summed([field("s", "kind"), field("s", "flag"), field("s", "word"), constant(0x1FFFF, 16), PAYLOAD])
    ((_, out),) = load_pipeline(whole.text()).process(0, frame, 0)
    assert out == frame[:4] + csum16(frame[:4] + b"\xff\xff" + frame[6:]).to_bytes(2, "big") + frame[6:]


@settings(deadline=None, max_examples=50)
@given(frame=BYTES, there=st.booleans())
def test_headers_that_are_not_valid_are_left_out(frame, there):
    frame = bytes([there]) + frame
    builder = summed(
        [{"type": "header", "value": "o"}, field("s", "word"), field("s", "flag"), field("o", "octet"), PAYLOAD]
    )
    ((_, out),) = load_pipeline(builder.text()).process(0, frame, 0)
    octet, rest = (frame[6:7], frame[7:]) if there else (b"", frame[6:])
    word, flag = int.from_bytes(frame[1:4]) & 0xFFFFF, frame[1] >> 4
    expected = csum16(octet + (word << 4 | flag).to_bytes(3, "big") + octet + rest)
    assert out == frame[:4] + expected.to_bytes(2, "big") + frame[6:]


def test_bits_that_fill_no_octet_are_padded_at_the_end():
    frame = b"\x00\xab\xcd\xef\x00\x00"
    ((_, out),) = load_pipeline(summed([field("s", "word")]).text()).process(0, frame, 0)
    assert out[4:] == csum16(b"\xbc\xde\xf0").to_bytes(2, "big")


@pytest.mark.parametrize("zeros", [b"\x00\x00\x00", b"\xff\xff\xff"])
def test_both_zeros(zeros):
    builder = summed([field("s", "kind"), field("s", "flag"), field("s", "word")])
    frame = zeros[:1] + zeros + b"\x12\x34"
    ((_, out),) = load_pipeline(builder.text()).process(0, frame, 0)
    assert out[4:] == (b"\xff\xff" if zeros[0] == 0 else b"\x00\x00")


def test_a_condition_decides_about_an_update():
    builder = summed([field("s", "kind")], cond=op("==", field("s", "flag"), number(1)))
    pipeline = load_pipeline(builder.text())
    for flag in (1, 2):
        frame = bytes((0, flag << 4, 0, 0, 9, 9))
        ((_, out),) = pipeline.process(0, frame, 0)
        assert out == (frame[:4] + b"\xff\xff" if flag == 1 else frame)


def test_an_invalid_header_is_summed_to_no_effect():
    builder = summed([field("s", "kind")]).run("gone", call("remove_header", header("s")))
    assert load_pipeline(builder.text()).process(0, bytes(6) + b"x", 0) == [(0, b"x")]


def test_updates_happen_in_order_and_see_one_another():
    builder = summed([field("s", "kind"), field("s", "flag"), field("s", "word")])
    builder.checksum(field("s", "word"), [field("s", "sum")], None, False, True)
    ((_, out),) = load_pipeline(builder.text()).process(0, b"\x00\xf1\x23\x45\x00\x00", 0)
    first = csum16(b"\x00\xf1\x23\x45")
    assert out == b"\x00\xf0" + csum16(first.to_bytes(2, "big")).to_bytes(2, "big") + first.to_bytes(2, "big")


@pytest.mark.parametrize("conditional", [False, True])
def test_verification_sets_checksum_error(conditional):
    inputs = [field("s", "kind"), field("s", "flag"), field("s", "word"), PAYLOAD]
    cond = op("and", valid("s"), op("!=", field("s", "flag"), number(0))) if conditional else None
    builder = summed(inputs, cond=cond, verify=True, update=False)
    builder.run("tell", assign(standard("egress_spec"), standard("checksum_error")))
    pipeline = load_pipeline(builder.text())
    good = b"\x00\x12\x34\x56" + csum16(b"\x00\x12\x34\x56odd").to_bytes(2, "big") + b"odd"
    bad = good[:-1] + b"e"
    assert pipeline.process(0, good, 0) == [(0, good)]
    assert pipeline.process(0, bad, 0) == [(1, bad)]
    assert pipeline.process(0, b"\x00" * 5, 0) == [(0, b"\x00" * 5)]
    unflagged = b"\x00\x02" + bad[2:]
    assert pipeline.process(0, unflagged, 0) == [(0 if conditional else 1, unflagged)]


def test_verification_nobody_reads_costs_nothing():
    source = load_pipeline(summed([field("s", "kind")], verify=True, update=False).text()).source
    assert "65535" not in source

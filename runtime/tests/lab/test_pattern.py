# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from p4dmm.lab.pattern import PatternVerifier, pattern


@given(st.integers(0, 2**40), st.integers(0, 300), st.integers(0, 300))
def test_pieces_join(offset, one, two):
    assert pattern(offset, one) + pattern(offset + one, two) == pattern(offset, one + two)


@given(st.lists(st.integers(0, 50), max_size=20))
def test_intact_in_any_pieces(sizes):
    verifier = PatternVerifier()
    for size in sizes:
        verifier.feed(pattern(verifier.received, size))
    assert verifier.corrupt_at is None
    assert verifier.received == sum(sizes)


def test_the_first_wrong_octet_is_named():
    data = bytearray(pattern(0, 100))
    data[37] ^= 1
    data[80] ^= 1
    verifier = PatternVerifier()
    verifier.feed(bytes(data[:30]))
    verifier.feed(bytes(data[30:]))
    verifier.feed(b"x")
    assert verifier.corrupt_at == 37
    assert verifier.received == 101


def test_octets_left_out_are_noticed():
    verifier = PatternVerifier()
    verifier.feed(pattern(0, 16))
    verifier.feed(pattern(24, 16))
    assert verifier.corrupt_at == 16

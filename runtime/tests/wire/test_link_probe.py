# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Link probes: what is sent is read back, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4dmm.wire import ETHERTYPE_LINK_PROBE, FieldError, LinkProbe, MacAddress, TruncatedError, WireError

HERE, THERE = MacAddress.parse("02:00:00:00:00:01"), MacAddress.parse("02:00:00:00:00:02")
PROBE = LinkProbe(device_id=3, port=12, run=0x1122334455667788, sequence=9)
FRAME = PROBE.encode(src=HERE, dst=THERE)


def test_octets() -> None:
    assert (
        bytes.fromhex("020000000002 020000000001 88b5 01 00 000c 0000000000000003 1122334455667788 00000009").ljust(
            60, b"\0"
        )
        == FRAME
    )
    assert ETHERTYPE_LINK_PROBE == 0x88B5


@given(
    device_id=st.integers(0, 2**64 - 1),
    port=st.integers(0, 2**16 - 1),
    run=st.integers(0, 2**64 - 1),
    sequence=st.integers(0, 2**32 - 1),
)
def test_round_trip(device_id: int, port: int, run: int, sequence: int) -> None:
    probe = LinkProbe(device_id, port, run, sequence)
    assert LinkProbe.decode(probe.encode(src=HERE, dst=THERE)) == probe


@pytest.mark.parametrize(
    ("frame", "error", "said"),
    [
        (FRAME[:37], TruncatedError, "length of link probe is 23; allowed: at least 24 octets"),
        (FRAME[:9], TruncatedError, "length of Ethernet frame is 9"),
        (FRAME[:12] + b"\x86\xdd" + FRAME[14:], FieldError, "ethertype of link probe is '0x86dd'; allowed: 0x88b5"),
        (FRAME[:14] + b"\x02" + FRAME[15:], FieldError, "version of link probe is 2; allowed: 1"),
        (FRAME[:15] + b"\x01" + FRAME[16:], FieldError, "rest of link probe is "),
        (FRAME[:-1] + b"\x01", FieldError, "rest of link probe is "),
    ],
    ids=["short", "shorter", "ethertype", "version", "zero", "tail"],
)
def test_what_is_no_probe(frame: bytes, error: type[WireError], said: str) -> None:
    with pytest.raises(error) as raised:
        LinkProbe.decode(frame)
    assert str(raised.value).startswith(said)


@given(octets=st.binary(max_size=80))
def test_any_octets_are_a_probe_or_a_wire_error(octets: bytes) -> None:
    try:
        probe = LinkProbe.decode(FRAME[:14] + octets)
    except WireError:
        return
    assert probe.encode(src=HERE, dst=THERE)[14:].rstrip(b"\0") == octets.rstrip(b"\0")


@pytest.mark.parametrize("name", ["device_id", "port", "run", "sequence"])
def test_numbers_that_have_no_room(name: str) -> None:
    for wrong in (-1, 1 << 64):
        with pytest.raises(FieldError, match=f"LinkProbe {name}"):
            LinkProbe(**({"device_id": 1, "port": 1, "run": 1, "sequence": 1} | {name: wrong}))

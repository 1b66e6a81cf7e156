# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Idle timeouts: for how long nobody has hit a row, with the time given."""

from pathlib import Path

import pytest

from p4dmm.softswitch.errors import EntryNotFoundError, InvalidEntryError
from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.softswitch.tables import Entry, Exact, IndirectEntry, MemberRef, Range, Ternary

SHARING = Path(__file__).parent / "programs" / "sharing.json"
CHOOSE = "SharingIngress.choose"


def match(value: int) -> tuple[Ternary, Range, Exact]:
    return (Ternary(value, 0xFFFF), Range(0, 7), Exact(0))


def frame(value: int) -> bytes:
    return b"\x08\x00\x00" + value.to_bytes(2, "big") + bytes(16)


@pytest.fixture
def pipeline():
    return load_pipeline(SHARING.read_bytes())


@pytest.fixture
def aged(pipeline):
    table = pipeline.tables["SharingIngress.aged"]
    for value in (1, 2, 3):
        table.insert(Entry(match(value), CHOOSE, (value,), 5))
    return table


def test_time_since_the_last_hit(pipeline, aged):
    aged.set_idle_timeout(match(1), 5, 100, 1000)
    assert aged.time_since_last_hit(match(1), 5, 1040) == 40
    pipeline.process(0, frame(1), 1050)
    pipeline.process(0, frame(9), 1060)
    assert aged.time_since_last_hit(match(1), 5, 1070) == 20
    assert (aged.idle_timeout(match(1), 5), aged.idle_timeout(match(2), 5)) == (100, 0)
    with pytest.raises(InvalidEntryError, match="has no idle timeout"):
        aged.time_since_last_hit(match(2), 5, 1070)


def test_a_timeout_that_is_set_again_counts_from_then_and_zero_ends_it(aged):
    aged.set_idle_timeout(match(1), 5, 100, 1000)
    aged.set_idle_timeout(match(1), 5, 200, 1100)
    assert (aged.idle_timeout(match(1), 5), aged.time_since_last_hit(match(1), 5, 1150)) == (200, 50)
    aged.set_idle_timeout(match(1), 5, 0, 1200)
    assert aged.idle_timeout(match(1), 5) == 0


def test_modified_rows_keep_their_time_and_new_ones_have_none(pipeline, aged):
    aged.set_idle_timeout(match(1), 5, 100, 1000)
    pipeline.process(0, frame(1), 1050)
    aged.modify(Entry(match(1), CHOOSE, (9,), 5))
    assert aged.time_since_last_hit(match(1), 5, 1060) == 10
    assert pipeline.process(0, frame(1), 1070)[0][1][-1] == 9
    assert aged.time_since_last_hit(match(1), 5, 1080) == 10
    aged.delete(match(1), 5)
    aged.insert(Entry(match(1), CHOOSE, (1,), 5))
    assert aged.idle_timeout(match(1), 5) == 0


def test_rows_of_an_action_profile_keep_their_time_too(pipeline):
    pipeline.profiles["SharingIngress.profile"].insert_member(1, CHOOSE, (5,))
    table = pipeline.tables["SharingIngress.shared_one"]
    key = (Exact(8), Exact(0))
    table.insert(IndirectEntry(key, MemberRef(1)))
    assert pipeline.process(0, frame(1), 10)[0][1][-1] == 5
    table.set_idle_timeout(key, 0, 100, 50)
    assert pipeline.process(0, frame(1), 100)[0][1][-1] == 5
    assert table.time_since_last_hit(key, 0, 199) == 99


def test_what_does_not_fit(pipeline, aged):
    with pytest.raises(InvalidEntryError, match="-1 ns is negative"):
        aged.set_idle_timeout(match(1), 5, -1, 0)
    with pytest.raises(EntryNotFoundError):
        aged.set_idle_timeout(match(7), 5, 1, 0)
    two = pipeline.tables["SharingIngress.shared_two"]
    assert not two.has_idle_timeout
    for call in (
        lambda: two.set_idle_timeout((Ternary(0, 0),), 1, 1, 0),
        lambda: two.idle_timeout((Ternary(0, 0),), 1),
        lambda: two.time_since_last_hit((Ternary(0, 0),), 1, 0),
    ):
        with pytest.raises(InvalidEntryError, match="has no idle timeouts"):
            call()

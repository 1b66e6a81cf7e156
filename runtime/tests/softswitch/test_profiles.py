# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Action profiles and selectors: what may be written, and what the next packet sees of it."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from p4dmm.softswitch.errors import (
    EntryExistsError,
    EntryNotFoundError,
    InUseError,
    InvalidEntryError,
    TableFullError,
)
from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.softswitch.profiles import ActionProfile, Member
from p4dmm.softswitch.tables import Entry, Exact, GroupRef, IndirectEntry, Lpm, MemberRef, Range, Ternary

SHARING = Path(__file__).parent / "programs" / "sharing.json"
INGRESS = "SharingIngress."
CHOOSE = INGRESS + "choose"
MATCH = (Lpm(0x08, 8),)


@pytest.fixture
def pipeline():
    return load_pipeline(SHARING.read_bytes())


@pytest.fixture
def selector(pipeline):
    selector = pipeline.profiles[INGRESS + "selector_crc16"]
    for number in range(1, 5):
        selector.insert_member(number, CHOOSE, (number,))
    return selector


@pytest.fixture
def balanced(pipeline):
    return pipeline.tables[INGRESS + "balanced"]


def flows(count: int) -> list[bytes]:
    random = Random(count)
    return [b"\x08" + bytes(4) + random.randbytes(6) + bytes(10) for _ in range(count)]


def choices(pipeline, frames) -> Counter[int]:
    found: Counter[int] = Counter()
    for frame in frames:
        ((_, out),) = pipeline.process(0, frame, 0)
        found[out[-1]] += 1
    return found


def test_a_group_shares_flows_by_weight(pipeline, selector, balanced):
    selector.insert_group(1, ((1, 1), (2, 2), (4, 5)))
    balanced.insert(IndirectEntry(MATCH, GroupRef(1)))
    found = choices(pipeline, flows(4000))
    assert set(found) == {1, 2, 4}
    for number, weight in ((1, 1), (2, 2), (4, 5)):
        assert abs(found[number] - 500 * weight) < 150
    assert balanced.counter(MATCH)[0] == 4000
    one = flows(1) * 50
    assert len(choices(pipeline, one)) == 1


def test_a_member_that_has_left_is_not_chosen_again(pipeline, selector, balanced):
    selector.insert_group(1, ((1, 1), (2, 3), (3, 1)))
    balanced.insert(IndirectEntry(MATCH, GroupRef(1)))
    assert set(choices(pipeline, flows(200))) == {1, 2, 3}
    selector.modify_group(1, ((1, 1), (3, 1)))
    assert set(choices(pipeline, flows(200))) == {1, 3}
    selector.modify_member(3, CHOOSE, (77,))
    assert set(choices(pipeline, flows(200))) == {1, 77}
    selector.modify_group(1, ((4, 1),))
    assert set(choices(pipeline, flows(200))) == {4}


def test_a_group_without_members_runs_no_action_but_is_a_hit(pipeline, selector, balanced):
    selector.insert_group(1, ())
    balanced.insert(IndirectEntry(MATCH, GroupRef(1)))
    pipeline.profiles[INGRESS + "selector_crc32"].insert_group(1, ())
    pipeline.tables[INGRESS + "balanced_too"].insert(IndirectEntry((Exact(8),), GroupRef(1)))
    frame = b"\x08" + bytes(10) + bytes(9) + b"\x63"
    ((_, out),) = pipeline.process(0, frame, 0)
    assert out[-1] == 0x63
    assert out[-2] & 0x20
    assert balanced.counter(MATCH) == (1, len(frame))
    selector.modify_group(1, ((2, 1),))
    assert choices(pipeline, [frame]) == {2: 1}


def test_control_goes_where_the_chosen_action_sends_it(pipeline, selector, balanced):
    selector.insert_member(9, INGRESS + "drop", ())
    selector.insert_member(10, "NoAction", ())
    colors = []
    frame = b"\x08" + bytes(20)
    balanced.insert(IndirectEntry(MATCH, MemberRef(1)))
    for number in (1, 10, 9):
        balanced.modify(IndirectEntry(MATCH, MemberRef(number)))
        colors += [out[-2] for _, out in pipeline.process(0, frame, 0)]
    assert colors == [0x40, 0x80]
    balanced.delete(MATCH)
    # p4c leaves the default action of such a table out, so that a miss is none of the cases of the switch.
    assert pipeline.process(0, frame, 0)[0][1][-2] == 0


def test_two_tables_with_one_profile_number_its_actions_alike(pipeline):
    profile = pipeline.profiles[INGRESS + "profile"]
    assert list(profile.actions) == [CHOOSE, INGRESS + "police", INGRESS + "fingerprint", "NoAction"]
    profile.insert_member(1, CHOOSE, (5,))
    profile.insert_member(2, INGRESS + "fingerprint", (1000,))
    one, two = (pipeline.tables[INGRESS + name] for name in ("shared_one", "shared_two"))
    one.insert(IndirectEntry((Exact(9), Exact(0x1200)), MemberRef(1)))
    two.insert(IndirectEntry((Ternary(1, 1),), MemberRef(2), 4))
    frame = b"\x09" + b"\0\0\0\1" + b"\0\0\0\0\x12\x34" + bytes(10)
    ((_, out),) = pipeline.process(0, frame, 0)
    assert out[-1] == 5
    assert 1000 <= int.from_bytes(out[-10:-2], "big") < 1100
    assert pipeline.process(0, frame[:9] + b"\x13" + frame[10:], 0)[0][1][-1] == 0


def test_members(selector):
    assert selector.member(1) == Member(CHOOSE, (1,))
    assert [number for number, _ in selector.members()] == [1, 2, 3, 4]
    with pytest.raises(EntryExistsError, match="already has a member 1"):
        selector.insert_member(1, CHOOSE, (1,))
    with pytest.raises(EntryNotFoundError, match="no member 7"):
        selector.modify_member(7, CHOOSE, (1,))
    with pytest.raises(EntryNotFoundError, match="no member 7"):
        selector.delete_member(7)
    with pytest.raises(InvalidEntryError, match="no action 'fly'"):
        selector.modify_member(1, "fly", ())
    with pytest.raises(InvalidEntryError, match="parameter 1 = 0x100 exceeds 8 bits"):
        selector.modify_member(1, CHOOSE, (256,))
    assert selector.member(1) == Member(CHOOSE, (1,))
    selector.delete_member(1)
    assert selector.member(1) is None


def test_profiles_are_limited():
    profile = ActionProfile("p", 2, has_selector=True, actions={"a": ()})
    profile.insert_member(1, "a", ())
    profile.insert_member(2, "a", ())
    with pytest.raises(TableFullError, match="holds 2 members"):
        profile.insert_member(3, "a", ())
    assert [number for number, _ in profile.members()] == [1, 2]


def test_groups_that_do_not_fit_change_nothing(selector):
    selector.insert_group(1, ((1, 1),))
    for members, error, text in [
        (((9, 1),), EntryNotFoundError, "no member 9"),
        (((1, 0),), InvalidEntryError, "weight 0 must be > 0"),
        (((1, 1), (1, 1)), InvalidEntryError, "member 1 appears twice"),
    ]:
        with pytest.raises(error, match=text):
            selector.insert_group(2, members)
        with pytest.raises(error, match=text):
            selector.modify_group(1, members)
    with pytest.raises(EntryExistsError):
        selector.insert_group(1, ())
    for call in (lambda: selector.modify_group(2, ()), lambda: selector.delete_group(2)):
        with pytest.raises(EntryNotFoundError, match="no group 2"):
            call()
    assert list(selector.groups()) == [(1, ((1, 1),))]
    assert (selector.group(1), selector.group(2)) == (((1, 1),), None)


def test_what_is_used_stays(selector, balanced):
    selector.insert_group(1, ((1, 1), (2, 4)))
    with pytest.raises(InUseError, match="member 1 is used by a group"):
        selector.delete_member(1)
    balanced.insert(IndirectEntry(MATCH, GroupRef(1)))
    with pytest.raises(InUseError, match="group 1 is used by an entry"):
        selector.delete_group(1)
    balanced.modify(IndirectEntry(MATCH, MemberRef(3)))
    selector.delete_group(1)
    selector.delete_member(1)
    with pytest.raises(InUseError, match="member 3 is used by an entry"):
        selector.delete_member(3)
    balanced.delete(MATCH)
    selector.delete_member(3)


def test_entries_that_do_not_fit_change_nothing(pipeline, selector, balanced):
    for entry, error, text in [
        (Entry(MATCH, CHOOSE, (1,)), InvalidEntryError, "its entries have a member or a group"),
        (IndirectEntry(MATCH, MemberRef(77)), EntryNotFoundError, "no member 77"),
        (IndirectEntry(MATCH, GroupRef(77)), EntryNotFoundError, "no group 77"),
    ]:
        with pytest.raises(error, match=text):
            balanced.insert(entry)
    assert not len(balanced)
    balanced.insert(IndirectEntry(MATCH, MemberRef(1)))
    with pytest.raises(EntryNotFoundError):
        balanced.modify(IndirectEntry(MATCH, GroupRef(77)))
    assert list(balanced.entries()) == [IndirectEntry(MATCH, MemberRef(1))]
    assert choices(pipeline, flows(3)) == {1: 3}
    profile = pipeline.profiles[INGRESS + "profile"]
    with pytest.raises(InvalidEntryError, match="has no selector"):
        profile.insert_group(1, ())
    aged = pipeline.tables[INGRESS + "aged"]
    with pytest.raises(InvalidEntryError, match="has no action profile"):
        aged.insert(IndirectEntry((Ternary(0, 0), Range(0, 7), Exact(0)), MemberRef(1), 1))
    with pytest.raises(InvalidEntryError, match="default entry is constant"):
        balanced.set_default(CHOOSE, (1,))
    assert balanced.default_entry == ("NoAction", ())
    balanced.reset_default()
    assert balanced.default_entry == ("NoAction", ())

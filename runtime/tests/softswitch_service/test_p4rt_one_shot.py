# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "One Shot Action Selector Programming"."""

import pytest
from finsy.proto import p4r

from .flows import PICKING, SPREADING, SPREADING_TOO, split
from .raw_client import (
    INDIRECT,
    MARK,
    PICKED,
    PICKER,
    SPREAD,
    SPREAD_TOO,
    SPREADER,
    TO_2,
    TO_3,
    TO_4,
    action,
    by_dst,
    by_port,
    by_prefix,
    delete,
    insert,
    member,
    members_of,
    modify,
    one_shot,
    to_group,
    to_member,
)

ActionSet = p4r.ActionProfileActionSet


@pytest.mark.parametrize(
    "act",
    [
        one_shot((TO_2, 1)),
        one_shot((TO_2, 2), (action(MARK, 7, 3), 1), (TO_4, 1)),
        one_shot((TO_3, 1), (TO_2, 1), (TO_3, 2)),  # the same action twice stays two
        one_shot(),
        one_shot((TO_2, 1), action_selection_mode=ActionSet.HASH, size_semantics=ActionSet.SUM_OF_WEIGHTS),
    ],
)
async def test_read_write_symmetry(primary, act):
    entry = by_prefix(9 << 8, 40, act, metadata=b"m")
    await primary.write(insert(entry))
    assert await primary.entries(table_id=SPREAD) == [entry]
    # What the set is made of shows nowhere (the spec: no desugared version).
    assert await primary.read(p4r.ActionProfileMember(), p4r.ActionProfileGroup()) == []
    await primary.write(delete(entry))
    assert await primary.entries(table_id=SPREAD) == []


async def test_packets_take_the_actions_by_weight(primary, hosts):
    await primary.write(insert(by_prefix(9, 48, one_shot((TO_2, 1), (TO_3, 3)))))
    found = await split(hosts, SPREADING)
    assert set(found) == {2, 3}
    assert found[3] > found[2]
    assert await split(hosts, SPREADING) == found


async def test_modify_replaces_the_set_in_its_place(primary, hosts):
    """Fewer, more, other actions: each set is there for the next packet, and leaves room for the next one."""
    await primary.write(insert(by_prefix(9, 48, one_shot((TO_2, 1)))))
    for act, ports in (
        (one_shot((TO_3, 1), (TO_4, 1), (TO_2, 2)), {2, 3, 4}),
        (one_shot((TO_4, 4)), {4}),
        (one_shot((TO_4, 1), (TO_3, 1)), {3, 4}),
    ):
        await primary.write(modify(by_prefix(9, 48, act)))
        assert await primary.entries(table_id=SPREAD) == [by_prefix(9, 48, act)]
        assert set(await split(hosts, SPREADING)) == ports


async def test_modify_without_action_keeps_the_set(primary):
    await primary.write(insert(by_prefix(9, 48, one_shot((TO_2, 1)))))
    await primary.write(modify(by_prefix(9, 48, metadata=b"m")))
    assert await primary.entries(table_id=SPREAD) == [by_prefix(9, 48, one_shot((TO_2, 1)), metadata=b"m")]


async def test_tables_that_share_a_selector_keep_their_sets_apart(primary, hosts):
    first, second = by_prefix(9, 48, one_shot((TO_2, 1))), by_port(SPREAD_TOO, 1, one_shot((TO_3, 1)))
    await primary.write(insert(first), insert(second))
    assert await split(hosts, SPREADING) == {2: 60}
    assert await split(hosts, SPREADING_TOO) == {3: 60}
    await primary.write(delete(first))
    assert await split(hosts, SPREADING_TOO) == {3: 60}
    assert await primary.entries(table_id=SPREAD_TOO) == [second]


async def test_all_sets_together_fill_the_selector_and_give_it_back(primary):
    sets = [by_prefix(each, 48, one_shot((TO_2, 2), (TO_3, 2))) for each in range(5)]
    await primary.write(*map(insert, sets[:4]))
    errors = await primary.write_errors(insert(sets[4]), modify(by_prefix(9, 48, one_shot((TO_2, 1)))))
    assert [code for code, _ in errors] == ["RESOURCE_EXHAUSTED", "NOT_FOUND"]
    # In a full selector a set can still be replaced by one of its size.
    await primary.write(modify(by_prefix(0, 48, one_shot(*[(TO_4, 1)] * 4))))
    await primary.write(delete(sets[1]), insert(sets[4]), delete(sets[4]))
    for _ in range(20):
        await primary.write(insert(sets[1]), delete(sets[1]))


async def test_a_refused_insert_leaves_no_actions_behind(primary):
    entry = by_port(PICKED, 1, one_shot(*[(TO_2, 1)] * 4))
    await primary.write(insert(entry))
    for _ in range(3):
        ((code, _),) = await primary.write_errors(insert(entry))
        assert code == "ALREADY_EXISTS"
    await primary.write(insert(by_port(PICKED, 2, one_shot(*[(TO_2, 1)] * 4))))  # the selector holds 8


async def test_sum_of_members_allows_an_action_to_repeat_beyond_its_weight(primary, hosts):
    act = one_shot((TO_2, 3), (TO_2, 3), (TO_3, 1), size_semantics=ActionSet.SUM_OF_MEMBERS)
    await primary.write(insert(by_port(PICKED, 1, act)))
    assert await primary.entries(table_id=PICKED) == [by_port(PICKED, 1, act)]
    found = await split(hosts, PICKING)
    assert found[2] > found[3] > 0


async def test_a_selector_is_programmed_in_one_style(primary):
    await primary.write(insert(by_prefix(9, 48, one_shot((TO_2, 1)))))
    before = await primary.everything()
    errors = await primary.write_errors(
        insert(member(SPREADER, 1, TO_2)),
        modify(member(SPREADER, 1, TO_2)),
        delete(member(SPREADER, 1)),
        insert(members_of(SPREADER, 9)),
        delete(members_of(SPREADER, 2)),
        insert(by_port(SPREAD_TOO, 1, to_member(1))),
        modify(by_prefix(9, 48, to_group(2))),
    )
    assert {code for code, _ in errors} == {"INVALID_ARGUMENT"}
    assert await primary.everything() == before
    await primary.write(insert(member(PICKER, 1, TO_2)))  # another selector is not concerned
    await primary.write(delete(by_prefix(9, 48)))
    await primary.write(insert(member(SPREADER, 1, TO_2)), insert(by_prefix(9, 48, to_member(1))))
    errors = await primary.write_errors(
        insert(by_port(SPREAD_TOO, 1, one_shot((TO_2, 1)))), modify(by_prefix(9, 48, one_shot((TO_2, 1))))
    )
    assert {code for code, _ in errors} == {"INVALID_ARGUMENT"}
    assert await primary.entries(table_id=SPREAD) == [by_prefix(9, 48, to_member(1))]


async def test_no_sets_without_a_selector(primary):
    ((code, text),) = await primary.write_errors(insert(by_dst(INDIRECT, 9, one_shot((TO_2, 1)))))
    assert (code, "has no selector" in text) == ("INVALID_ARGUMENT", True)

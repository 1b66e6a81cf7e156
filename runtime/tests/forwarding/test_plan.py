# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Plans: which kind of write each phase has, and where they lead; and the groups that nodes share."""

from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.forwarding import GROUPS, SHARED, TABLES, Change, Row, RowKey, diff, entries_for
from p4dmm.forwarding.rows import group_row
from p4dmm.mobility import Attachment, BindingCacheEntry, HomePrefix, PreparationExpired, PrepareHandover
from p4dmm.switches import difference
from tests.forwarding.support import MAC, PLACES, TRIANGLE, Rows, Walk, apply


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Of few keys, so that two draws often meet."""
    table = draw(st.sampled_from([*TABLES, GROUPS]))
    switch = draw(st.sampled_from(("s1", "s2")))
    value = st.integers(1, 3)
    if table == GROUPS:
        return group_row(switch, draw(value), ((1, 0), (11, draw(value))))
    key = tuple((draw(value), 128) if name == "destination" else draw(value) for name in TABLES[table].keys)
    action = draw(st.sampled_from(TABLES[table].actions))
    return Row(RowKey(switch, table, key), action.name, tuple(draw(value) for _ in action.parameters))


row_maps = st.lists(rows(), max_size=25).map(lambda found: {row.at: row for row in found})


def without_kept(held: Rows, wanted: Rows, kept: tuple[str, ...]) -> Rows:
    return {key: row for key, row in held.items() if key.table not in kept or key in wanted}


@settings(max_examples=100, deadline=None)
@given(old=row_maps, new=row_maps)
def test_prepare_inserts_flip_modifies_retire_deletes_and_the_end_is_right(old: Rows, new: Rows) -> None:
    plan = diff(old, new)
    for phase, change in ((plan.prepare, Change.INSERT), (plan.flip, Change.MODIFY), (plan.retire, Change.DELETE)):
        for step in phase:
            assert step, "an empty step costs a round trip"
            assert {write.change for write in step} == {change}
    held = dict(old)
    for step in plan.steps:
        apply(held, step)
    assert without_kept(held, new, SHARED) == new
    # What is already right is left alone.
    touched = {write.row.at for step in plan.steps for write in step}
    assert not touched & {key for key in old if old.get(key) == new.get(key)}
    assert diff(new, new).steps == ()


@settings(max_examples=100, deadline=None)
@given(old=row_maps, new=row_maps)
def test_no_key_is_written_twice(old: Rows, new: Rows) -> None:
    written = [write.row.at for step in diff(old, new).steps for write in step]
    assert len(set(written)) == len(written)


@settings(max_examples=100, deadline=None)
@given(held=row_maps, wanted=row_maps)
def test_difference_repairs_a_switch(held: Rows, wanted: Rows) -> None:
    repair = difference(held.values(), wanted.values())
    result = dict(held)
    apply(result, repair.writes)
    assert without_kept(result, wanted, (GROUPS,)) == wanted
    assert not difference(result.values(), wanted.values())
    assert bool(repair) == (without_kept(held, wanted, (GROUPS,)) != wanted)


def test_a_node_s_packets_enter_only_when_all_they_need_is_there() -> None:
    walk = Walk()
    plan = diff({}, entries_for(_after(walk, walk.seen(PLACES[0])), TRIANGLE))
    assert [{w.row.at.table for w in step} for step in plan.prepare][-1] == {"access_nodes"}


def _after(walk: Walk, event: object) -> BindingCacheEntry:
    walk.do(event)  # type: ignore[arg-type]
    return walk.bce


# Groups are shared by nodes and by both directions of a handover, and come back from a switch in an order of its own.


def test_a_group_is_the_same_row_whoever_asks_for_it() -> None:
    there = _prepared(("s1", 1), ("s1", 2))
    back = _prepared(("s1", 2), ("s1", 1))
    assert there == back
    assert len(there) == 1


def test_a_group_is_the_same_row_when_the_core_port_has_the_lower_number() -> None:
    assert group_row("s1", 1, ((5, 0), (2, 7))) == group_row("s1", 1, ((2, 7), (5, 0)))
    assert group_row("s1", 1, ((5, 0), (2, 7))).parameters == (2, 7, 5, 0)


def _prepared(at: tuple[str, int], target: tuple[str, int]) -> list[Row]:
    bce = BindingCacheEntry(
        mn_id="mn",
        mac=MAC,
        node_id=1,
        serving=Attachment(*at, 1),
        target=Attachment(*target, 2),
        hnps=(HomePrefix(Walk().prefix(at[0]), at[0]),),
    )
    return [row for row in entries_for(bce, TRIANGLE).values() if row.at.table == GROUPS]


def test_groups_stay_when_a_preparation_ends() -> None:
    walk = Walk()
    walk.do(walk.seen(PLACES[0]))
    before = dict(walk.rows)
    target = walk.attachment(PLACES[2])
    walk.do(PrepareHandover(target))
    walk.do(PreparationExpired(target.path_id))
    assert {key: row for key, row in walk.rows.items() if key.table != GROUPS} == before
    assert [key for key in walk.rows if key.table == GROUPS] != []

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tables: what the control plane may write, and what it reads back."""

import pytest

from p4dmm.softswitch.errors import EntryExistsError, EntryNotFoundError, InvalidEntryError, TableFullError
from p4dmm.softswitch.match import Exact, Key, KeyKind, Lpm, Range, Ternary
from p4dmm.softswitch.tables import Entry, Table

ACTIONS = {"drop": (), "forward": (9, 48)}


def table(*kinds: KeyKind, **options) -> Table:
    keys = [Key(f"k{i}", kind, 8) for i, kind in enumerate(kinds)]
    return Table("T", options.pop("size", 4), keys, ACTIONS, ("drop", ()), **options)


def test_insert_get_modify_delete():
    t = table(KeyKind.EXACT)
    entry = Entry((Exact(1),), "forward", (2, 3))
    t.insert(entry)
    assert t.get((Exact(1),)) == entry
    assert list(t.entries()) == [entry]
    assert len(t) == 1
    changed = Entry((Exact(1),), "drop", ())
    t.modify(changed)
    assert list(t.entries()) == [changed]
    t.delete((Exact(1),))
    assert t.get((Exact(1),)) is None
    assert len(t) == 0


def test_missing_duplicate_and_full():
    t = table(KeyKind.EXACT, size=2)
    t.insert(Entry((Exact(1),), "drop", ()))
    with pytest.raises(EntryExistsError, match="k0: Exact"):
        t.insert(Entry((Exact(1),), "forward", (1, 1)))
    with pytest.raises(EntryNotFoundError):
        t.modify(Entry((Exact(2),), "drop", ()))
    with pytest.raises(EntryNotFoundError):
        t.delete((Exact(2),))
    t.insert(Entry((Exact(2),), "drop", ()))
    with pytest.raises(TableFullError, match="holds 2"):
        t.insert(Entry((Exact(3),), "drop", ()))
    assert len(t) == 2


@pytest.mark.parametrize(
    ("kind", "entry", "text"),
    [
        (KeyKind.EXACT, Entry((Exact(256),), "drop", ()), "exceeds 8 bits"),
        (KeyKind.EXACT, Entry((Exact(-1),), "drop", ()), "exceeds 8 bits"),
        (KeyKind.EXACT, Entry((), "drop", ()), "its keys are: k0"),
        (KeyKind.EXACT, Entry((Lpm(0, 0),), "drop", ()), "matched exact, not lpm"),
        (KeyKind.EXACT, Entry((Exact(1),), "fly", ()), "it has: 'drop', 'forward'"),
        (KeyKind.EXACT, Entry((Exact(1),), "forward", (1,)), "1 parameters instead of 2"),
        (KeyKind.EXACT, Entry((Exact(1),), "forward", (512, 0)), "parameter 1 = 0x200 exceeds 9 bits"),
        (KeyKind.EXACT, Entry((Exact(1),), "drop", (), 1), "priority 1 must be 0"),
        (KeyKind.LPM, Entry((Lpm(1, 7),), "drop", ()), "bits outside prefix length 7"),
        (KeyKind.LPM, Entry((Lpm(0, 9),), "drop", ()), r"prefix length 9 is not in 0\.\.8"),
        (KeyKind.TERNARY, Entry((Ternary(3, 1),), "drop", (), 1), "bits outside mask 0x1"),
        (KeyKind.TERNARY, Entry((Ternary(0, 256),), "drop", (), 1), "mask 0x100 exceeds 8 bits"),
        (KeyKind.TERNARY, Entry((Ternary(1, 1),), "drop", ()), "priority 0 must be > 0"),
        (KeyKind.RANGE, Entry((Range(2, 1),), "drop", (), 1), "no range of 8 bits"),
        (KeyKind.RANGE, Entry((Range(0, 256),), "drop", (), 1), "no range of 8 bits"),
    ],
)
def test_entries_that_do_not_fit_are_refused_and_change_nothing(kind, entry, text):
    t = table(kind)
    with pytest.raises(InvalidEntryError, match=text):
        t.insert(entry)
    assert len(t) == 0


def test_one_match_under_two_priorities_is_two_rows():
    t = table(KeyKind.TERNARY)
    for priority in (1, 2):
        t.insert(Entry((Ternary(1, 1),), "forward", (priority, 0), priority))
    assert t.get((Ternary(1, 1),), 2).params == (2, 0)
    t.delete((Ternary(1, 1),), 2)
    assert [entry.priority for entry in t.entries()] == [1]


def test_default_entry():
    t = table(KeyKind.EXACT)
    t.set_default("forward", (1, 2))
    assert t.default_entry == ("forward", (1, 2))
    with pytest.raises(InvalidEntryError):
        t.set_default("forward", (1,))
    t.reset_default()
    assert t.default_entry == ("drop", ())


def test_constants_stay():
    row = Entry((Exact(1),), "drop", ())
    t = table(KeyKind.EXACT, default_is_const=True, const_entries=[row])
    assert t.is_const(row)
    with pytest.raises(InvalidEntryError, match="default entry is constant"):
        t.set_default("drop", ())
    for change in (
        lambda: t.insert(Entry((Exact(2),), "drop", ())),
        lambda: t.modify(row),
        lambda: t.delete(row.match),
    ):
        with pytest.raises(InvalidEntryError, match="entries are constant"):
            change()
    assert list(t.entries()) == [row]
    assert not table(KeyKind.EXACT).is_const(row)


def test_a_table_without_keys_takes_no_rows():
    with pytest.raises(InvalidEntryError, match="no key"):
        table().insert(Entry((), "drop", ()))


def test_direct_counters():
    t = table(KeyKind.EXACT, has_direct_counter=True)
    t.insert(Entry((Exact(1),), "drop", ()))
    assert t.counter((Exact(1),)) == (0, 0)
    t.set_counter((Exact(1),), 0, 5, 600)
    t.modify(Entry((Exact(1),), "forward", (1, 1)))
    assert t.counter((Exact(1),)) == (5, 600)
    t.delete((Exact(1),))
    t.insert(Entry((Exact(1),), "drop", ()))
    assert t.counter((Exact(1),)) == (0, 0)
    with pytest.raises(InvalidEntryError, match="negative"):
        t.set_counter((Exact(1),), 0, -1, 0)
    with pytest.raises(EntryNotFoundError):
        t.counter((Exact(2),))
    with pytest.raises(InvalidEntryError, match="no direct counter"):
        table(KeyKind.EXACT).counter((Exact(1),))

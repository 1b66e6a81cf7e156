# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Multicast groups and indirect counters, as the control plane sees them."""

import pytest

from p4dmm.softswitch.counters import CounterArray
from p4dmm.softswitch.errors import EntryExistsError, EntryNotFoundError, InvalidEntryError
from p4dmm.softswitch.replication import ReplicationEngine


def test_groups_come_and_go():
    engine = ReplicationEngine()
    engine.insert(7, ((1, 10), (2, 20)))
    assert engine.get(7) == ((1, 10), (2, 20))
    engine.modify(7, ((1, 11),))
    assert list(engine.groups()) == [(7, ((1, 11),))]
    engine.delete(7)
    assert engine.get(7) is None


def test_groups_that_are_missing_or_there_already():
    engine = ReplicationEngine()
    engine.insert(1, ())
    with pytest.raises(EntryExistsError):
        engine.insert(1, ())
    with pytest.raises(EntryNotFoundError):
        engine.modify(2, ())
    with pytest.raises(EntryNotFoundError):
        engine.delete(2)


@pytest.mark.parametrize(
    ("group", "replicas"),
    [
        (0, ()),
        (65536, ()),
        (1, ((1, 65536),)),
        (1, ((1, -1),)),
        (1, ((512, 0),)),
        (1, ((1, 1), (1, 1))),
    ],
)
def test_groups_that_do_not_fit(group, replicas):
    engine = ReplicationEngine()
    with pytest.raises(InvalidEntryError):
        engine.insert(group, replicas)
    assert list(engine.groups()) == []


def test_counter_cells():
    counter = CounterArray("c", 2)
    counter.write(1, 3, 400)
    assert counter.read(1) == (3, 400)
    assert counter.read(0) == (0, 0)
    for index in (-1, 2):
        with pytest.raises(InvalidEntryError, match=r"0\.\.1"):
            counter.read(index)
    with pytest.raises(InvalidEntryError, match="negative"):
        counter.write(0, -1, 0)

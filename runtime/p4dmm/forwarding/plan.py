# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From the rows that are to the rows that shall be, so that no packet is lost and none loops on the way.

PREPARE only inserts, FLIP only modifies, RETIRE only deletes. Each is a sequence of steps; all switches finish a step
before any begins the next, within a step the order is free (P4Runtime gives none within a batch, specification section
12.1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from .rows import SHARED, Row, RowKey


class Change(Enum):
    """What a write does, P4Runtime's Update.Type."""

    INSERT = "insert"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One row to be written."""

    change: Change
    row: Row


Step = tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of each phase; empty steps are left out."""

    prepare: tuple[Step, ...]
    flip: tuple[Step, ...]
    retire: tuple[Step, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.prepare + self.flip + self.retire


# By its access row a node's packets enter, by a binding that does not deliver they are sent on: what they need further
# on is there before, on every switch.
_INSERT_RANK = {"access_nodes": 1}

# Deletes go the other way: first nothing leads to the old path, then it closes. What delivers goes last: a switch that
# has lost its binding routes what comes by a tunnel back to the anchor, which must not send it here again.
_DELETE_FIRST = {"access_nodes", "prefix_bindings"}

# First the switch that expects the node takes what it will be sent; then the switch where the node is delivers, or
# copies; then the others send there. Until that, what comes by a tunnel must not be handed to a binding that still
# points back into it: path_bindings that merely accept change last.
_DELIVERING = {"deliver", "replicate"}


def diff(old: Mapping[RowKey, Row], new: Mapping[RowKey, Row]) -> Plan:
    """The way from `old` to `new`."""
    inserts = [row for key, row in new.items() if key not in old]
    modifies = [row for key, row in new.items() if key in old and old[key] != row]
    # What nodes share is bounded, and stays for the next one.
    deletes = [row for key, row in old.items() if key not in new and key.table not in SHARED]
    return Plan(
        prepare=_steps(Change.INSERT, ((_insert_rank(r), r) for r in inserts)),
        flip=_steps(Change.MODIFY, ((_flip_rank(r), r) for r in modifies)),
        retire=_steps(Change.DELETE, ((_delete_rank(r), r) for r in deletes)),
    )


def _insert_rank(row: Row) -> int:
    if row.at.table == "prefix_bindings" and row.action not in _DELIVERING:
        return 1
    return _INSERT_RANK.get(row.at.table, 0)


def _flip_rank(row: Row) -> int:
    if row.at.table == "path_bindings":
        return 0 if row.action == "deliver_from_tunnel" else 3
    return 1 if row.action in _DELIVERING else 2


def _delete_rank(row: Row) -> int:
    if row.at.table == "prefix_bindings" and row.action in _DELIVERING:
        return 1
    return 0 if row.at.table in _DELETE_FIRST else 1


def _steps(change: Change, ranked: Iterable[tuple[int, Row]]) -> tuple[Step, ...]:
    by_rank: dict[int, list[Write]] = {}
    for rank, row in ranked:
        by_rank.setdefault(rank, []).append(Write(change, row))
    return tuple(tuple(by_rank[rank]) for rank in sorted(by_rank))

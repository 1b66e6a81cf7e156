# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a switch holds against what it shall hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from p4dmm.forwarding import GROUPS, METERS, Change, Row, Write


@dataclass(frozen=True, slots=True)
class Difference:
    """The writes that repair a switch."""

    inserts: tuple[Write, ...]
    modifies: tuple[Write, ...]
    deletes: tuple[Write, ...]

    @property
    def writes(self) -> tuple[Write, ...]:
        return self.inserts + self.modifies + self.deletes

    def __bool__(self) -> bool:
        return bool(self.writes)

    def __str__(self) -> str:
        return f"{len(self.inserts)} inserted, {len(self.modifies)} modified, {len(self.deletes)} deleted"


def difference(held: Iterable[Row], wanted: Iterable[Row]) -> Difference:
    """The writes from what a switch holds to what it shall hold. Multicast groups beyond the wanted ones are left."""
    have = {row.at: row for row in held}
    want = {row.at: row for row in wanted}
    kept = {key for key, row in have.items() if key in want and _is_same(row, want[key])}
    return Difference(
        inserts=tuple(Write(Change.INSERT, row) for key, row in want.items() if key not in have),
        modifies=tuple(Write(Change.MODIFY, row) for key, row in want.items() if key in have and key not in kept),
        deletes=tuple(
            Write(Change.DELETE, row) for key, row in have.items() if key not in want and key.table != GROUPS
        ),
    )


def _is_same(held: Row, wanted: Row) -> bool:
    if held.at.table in METERS:
        # BMv2 keeps rates as fractions of a unit a microsecond: of some it gives back one less.
        return all(theirs in (ours, ours - 1) for theirs, ours in zip(held.parameters, wanted.parameters, strict=True))
    return held == wanted

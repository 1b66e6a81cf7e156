# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a switch holds against what it shall hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from p4dmm.forwarding import GROUPS, Change, Row, Write

_INSERT_FIRST = (GROUPS, "next_hops", "tunnels", "tunnel_paths")


@dataclass(frozen=True, slots=True)
class Difference:
    """The writes that repair a switch, in an order that never points at what is not there."""

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
    inserts = [Write(Change.INSERT, row) for key, row in want.items() if key not in have]
    inserts.sort(key=lambda write: write.row.at.table not in _INSERT_FIRST)
    deletes = [Write(Change.DELETE, row) for key, row in have.items() if key not in want and key.table != GROUPS]
    deletes.sort(key=lambda write: write.row.at.table in _INSERT_FIRST)
    return Difference(
        inserts=tuple(inserts),
        modifies=tuple(Write(Change.MODIFY, row) for key, row in want.items() if key in have and have[key] != row),
        deletes=tuple(deletes),
    )

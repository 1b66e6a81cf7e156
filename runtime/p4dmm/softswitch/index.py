# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How entries are found: one index per match discipline.

The generated code reads the containers named `cells` directly, so every change is made in place. A record is what the
code needs of an entry: (action number, [packets, bytes] or None, parameters...).
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Protocol

from p4dmm.softswitch.match import Exact, Key, KeyKind, Lpm, MatchValue, Range, Ternary

__all__ = ["ExactIndex", "Index", "LpmIndex", "PriorityIndex", "Record", "index_for"]

Record = tuple[Any, ...]
Match = tuple[MatchValue, ...]


class Index(Protocol):
    """What a table asks of its index; the table has already checked that the entry fits and is (not) there."""

    def put(self, match: Match, priority: int, record: Record) -> None:
        """Add a record, or replace the one with the same match and priority."""

    def remove(self, match: Match, priority: int) -> None:
        """Take the record out."""


class ExactIndex:
    """One dictionary; the key is the value itself when there is one, a tuple otherwise."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[Any, Record] = {}

    def put(self, match: Match, priority: int, record: Record) -> None:  # noqa: ARG002  the protocol's shape
        """See Index."""
        self.cells[self._key(match)] = record

    def remove(self, match: Match, priority: int) -> None:  # noqa: ARG002
        """See Index."""
        del self.cells[self._key(match)]

    @staticmethod
    def _key(match: Match) -> Any:
        values = tuple(m.value for m in match if isinstance(m, Exact))
        return values[0] if len(values) == 1 else values


class LpmIndex:
    """A dictionary per prefix length that is in use, longest first: [(shift, {key: record}), ...]."""

    __slots__ = ("_position", "_width", "cells")

    def __init__(self, keys: Sequence[Key]) -> None:
        self._position = next(i for i, key in enumerate(keys) if key.kind is KeyKind.LPM)
        self._width = keys[self._position].width
        self.cells: list[tuple[int, dict[Any, Record]]] = []

    def put(self, match: Match, priority: int, record: Record) -> None:  # noqa: ARG002
        """See Index."""
        shift, key = self._locate(match)
        at = bisect_left(self.cells, shift, key=_first)
        if at == len(self.cells) or self.cells[at][0] != shift:
            self.cells.insert(at, (shift, {}))
        self.cells[at][1][key] = record

    def remove(self, match: Match, priority: int) -> None:  # noqa: ARG002
        """See Index."""
        shift, key = self._locate(match)
        at = bisect_left(self.cells, shift, key=_first)
        level = self.cells[at][1]
        del level[key]
        if not level:
            del self.cells[at]

    def _locate(self, match: Match) -> tuple[int, Any]:
        prefix = match[self._position]
        assert isinstance(prefix, Lpm)
        shift = self._width - prefix.prefix_len
        values = tuple(m.value >> shift if isinstance(m, Lpm) else m.value for m in match if not isinstance(m, Range))
        return shift, values[0] if len(values) == 1 else values


class PriorityIndex:
    """Rows in order of falling priority, bucketed by the exact keys: {exact: [(mask, value, low, high, ..., record)]}.

    Ternary and lpm keys are packed into one integer, so that a row costs one comparison. Among equal priorities the
    row inserted first wins, as in BMv2.
    """

    __slots__ = ("_keys", "_orders", "_sequence", "_sequences", "cells")

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)
        self._sequence = 0
        self._sequences: dict[tuple[Match, int], int] = {}
        self._orders: dict[Any, list[tuple[int, int]]] = {}
        self.cells: dict[Any, list[Record]] = {}
        if all(key.kind is not KeyKind.EXACT for key in keys):
            # Without exact keys the generated code holds on to the only bucket itself.
            self.cells[()] = []
            self._orders[()] = []

    def put(self, match: Match, priority: int, record: Record) -> None:
        """See Index."""
        bucket, row = self._row(match, record)
        sequence = self._sequences.get((match, priority))
        if sequence is not None:
            self.cells[bucket][bisect_left(self._orders[bucket], (-priority, sequence))] = row
            return
        self._sequence += 1
        self._sequences[match, priority] = self._sequence
        order = (-priority, self._sequence)
        orders = self._orders.setdefault(bucket, [])
        at = bisect_left(orders, order)
        orders.insert(at, order)
        self.cells.setdefault(bucket, []).insert(at, row)

    def remove(self, match: Match, priority: int) -> None:
        """See Index."""
        bucket, _ = self._row(match, ())
        at = bisect_left(self._orders[bucket], (-priority, self._sequences.pop((match, priority))))
        del self._orders[bucket][at]
        del self.cells[bucket][at]
        if not self.cells[bucket] and bucket != ():
            del self._orders[bucket]
            del self.cells[bucket]

    def _row(self, match: Match, record: Record) -> tuple[Any, Record]:
        exact: list[int] = []
        bounds: list[int] = []
        value = mask = 0
        for key, part in zip(self._keys, match, strict=True):
            if isinstance(part, Exact):
                exact.append(part.value)
            elif isinstance(part, Range):
                bounds += (part.low, part.high)
            else:
                value = value << key.width | part.value
                mask = mask << key.width | _mask_of(part, key.width)
        bucket = exact[0] if len(exact) == 1 else tuple(exact)
        return bucket, (mask, value, *bounds, record)


def _mask_of(part: Lpm | Ternary, width: int) -> int:
    if isinstance(part, Ternary):
        return part.mask
    return (1 << width) - (1 << (width - part.prefix_len))


def _first(level: tuple[int, dict[Any, Record]]) -> int:
    return level[0]


def index_for(keys: Sequence[Key]) -> ExactIndex | LpmIndex | PriorityIndex:
    """The index that the kinds of the keys call for."""
    kinds = {key.kind for key in keys}
    if kinds & {KeyKind.TERNARY, KeyKind.RANGE}:
        return PriorityIndex(keys)
    return LpmIndex(keys) if KeyKind.LPM in kinds else ExactIndex()

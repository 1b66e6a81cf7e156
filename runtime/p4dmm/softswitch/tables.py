# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Match-action tables: what the control plane writes and the generated code reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from p4dmm.softswitch.errors import EntryExistsError, EntryNotFoundError, InvalidEntryError, TableFullError
from p4dmm.softswitch.index import PriorityIndex, Record, index_for
from p4dmm.softswitch.match import Exact, Key, KeyKind, Lpm, MatchValue, Range, Ternary

__all__ = ["Entry", "Exact", "Key", "KeyKind", "Lpm", "MatchValue", "Range", "Table", "Ternary"]

_KIND_OF: dict[type, KeyKind] = {
    Exact: KeyKind.EXACT,
    Lpm: KeyKind.LPM,
    Ternary: KeyKind.TERNARY,
    Range: KeyKind.RANGE,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a match value per key, and the action with its parameters. The larger priority wins."""

    match: tuple[MatchValue, ...]
    action: str
    params: tuple[int, ...]
    priority: int = 0


@dataclass(slots=True)
class _Row:
    entry: Entry
    counter: list[int] = field(default_factory=lambda: [0, 0])


class Table:
    """One table. Whatever a call changes is seen by the next packet; a call that raises has changed nothing."""

    def __init__(
        self,
        name: str,
        size: int,
        keys: Sequence[Key],
        actions: Mapping[str, tuple[int, ...]],
        default: tuple[str, tuple[int, ...]],
        *,
        default_is_const: bool = False,
        const_entries: Sequence[Entry] | None = None,
        has_direct_counter: bool = False,
    ) -> None:
        self.name = name
        self.size = size
        self.keys = tuple(keys)
        self.actions = dict(actions)
        self.has_direct_counter = has_direct_counter
        self.is_ordered = any(key.kind in {KeyKind.TERNARY, KeyKind.RANGE} for key in self.keys)
        self.is_const_table = const_entries is not None
        self.default_is_const = default_is_const
        self.index = index_for(self.keys)
        # What the generated code looks rows up in: without exact keys, the only bucket there is.
        self.cells: Any = self.index.cells
        if isinstance(self.index, PriorityIndex) and not any(key.kind is KeyKind.EXACT for key in self.keys):
            self.cells = self.index.cells[()]
        self._numbers = {action: number for number, action in enumerate(self.actions)}
        self._rows: dict[tuple[tuple[MatchValue, ...], int], _Row] = {}
        self._initial_default = default
        self._check_action(*default)
        self._default = default
        # A cell of its own, so that the generated code sees a new default without being told.
        self.default_cell: list[Record] = [self._record(*default, None)]
        for entry in const_entries or ():
            self._add(entry)

    def __len__(self) -> int:
        return len(self._rows)

    def insert(self, entry: Entry) -> None:
        """Add a row."""
        self._check_mutable()
        self._add(entry)

    def modify(self, entry: Entry) -> None:
        """Give an existing row another action or other parameters; its counter goes on counting."""
        self._check_mutable()
        self._check_match(entry.match, entry.priority)
        self._check_action(entry.action, entry.params)
        row = self._find(entry.match, entry.priority)
        row.entry = entry
        self.index.put(entry.match, entry.priority, self._record(entry.action, entry.params, row.counter))

    def delete(self, match: tuple[MatchValue, ...], priority: int = 0) -> None:
        """Remove a row."""
        self._check_mutable()
        self._check_match(match, priority)
        self._find(match, priority)
        del self._rows[match, priority]
        self.index.remove(match, priority)

    def get(self, match: tuple[MatchValue, ...], priority: int = 0) -> Entry | None:
        """The row with exactly this match and priority, or None."""
        row = self._rows.get((match, priority))
        return row.entry if row else None

    def entries(self) -> Iterator[Entry]:
        """All rows, constant ones included, in the order they were inserted."""
        return iter([row.entry for row in self._rows.values()])

    def is_const(self, entry: Entry) -> bool:
        """Whether the program itself holds the entry, so that nobody may change it."""
        return self.is_const_table and (entry.match, entry.priority) in self._rows

    @property
    def default_entry(self) -> tuple[str, tuple[int, ...]]:
        """The action of a miss, and its parameters."""
        return self._default

    def set_default(self, action: str, params: tuple[int, ...]) -> None:
        """Change the action of a miss."""
        if self.default_is_const:
            raise InvalidEntryError(f"table '{self.name}': its default entry is constant")
        self._check_action(action, params)
        self._default = (action, params)
        self.default_cell[0] = self._record(action, params, None)

    def reset_default(self) -> None:
        """Back to the program's own default entry."""
        self._default = self._initial_default
        self.default_cell[0] = self._record(*self._default, None)

    def counter(self, match: tuple[MatchValue, ...], priority: int = 0) -> tuple[int, int]:
        """Packets and bytes that hit the row."""
        packets, octets = self._counter_cell(match, priority)
        return packets, octets

    def set_counter(self, match: tuple[MatchValue, ...], priority: int, packets: int, octets: int) -> None:
        """Overwrite the row's counter."""
        if packets < 0 or octets < 0:
            raise InvalidEntryError(f"table '{self.name}': counter value ({packets}, {octets}) is negative")
        self._counter_cell(match, priority)[:] = (packets, octets)

    def _counter_cell(self, match: tuple[MatchValue, ...], priority: int) -> list[int]:
        if not self.has_direct_counter:
            raise InvalidEntryError(f"table '{self.name}' has no direct counter")
        return self._find(match, priority).counter

    def _add(self, entry: Entry) -> None:
        self._check_match(entry.match, entry.priority)
        self._check_action(entry.action, entry.params)
        identity = (entry.match, entry.priority)
        if identity in self._rows:
            raise EntryExistsError(f"table '{self.name}' already has an entry {self._spell(*identity)}")
        if len(self._rows) >= self.size:
            raise TableFullError(f"table '{self.name}' is full: it holds {self.size} entries")
        row = self._rows[identity] = _Row(entry)
        self.index.put(*identity, self._record(entry.action, entry.params, row.counter))

    def _find(self, match: tuple[MatchValue, ...], priority: int) -> _Row:
        row = self._rows.get((match, priority))
        if row is None:
            raise EntryNotFoundError(f"table '{self.name}' has no entry {self._spell(match, priority)}")
        return row

    def _record(self, action: str, params: tuple[int, ...], counter: list[int] | None) -> Record:
        return (self._numbers[action], counter, *params)

    def _spell(self, match: tuple[MatchValue, ...], priority: int) -> str:
        parts = ", ".join(f"{key.name}: {part}" for key, part in zip(self.keys, match, strict=False))
        return f"{{{parts}}}" + (f" of priority {priority}" if self.is_ordered else "")

    def _check_mutable(self) -> None:
        if self.is_const_table:
            raise InvalidEntryError(f"table '{self.name}': its entries are constant")
        if not self.keys:
            raise InvalidEntryError(f"table '{self.name}' has no key, so it has a default entry only")

    def _check_match(self, match: tuple[MatchValue, ...], priority: int) -> None:
        if len(match) != len(self.keys):
            names = ", ".join(key.name for key in self.keys)
            raise InvalidEntryError(f"table '{self.name}': {len(match)} match values, but its keys are: {names}")
        for key, part in zip(self.keys, match, strict=True):
            fault = _fault(key, part)
            if fault:
                raise InvalidEntryError(f"table '{self.name}', key '{key.name}': {fault}")
        if self.is_ordered and priority <= 0:
            raise InvalidEntryError(f"table '{self.name}' has ternary or range keys: priority {priority} must be > 0")
        if not self.is_ordered and priority:
            raise InvalidEntryError(f"table '{self.name}' has no ternary or range key: priority {priority} must be 0")

    def _check_action(self, action: str, params: tuple[int, ...]) -> None:
        widths = self.actions.get(action)
        if widths is None:
            known = ", ".join(f"'{name}'" for name in self.actions)
            raise InvalidEntryError(f"table '{self.name}' has no action '{action}' (it has: {known})")
        if len(params) != len(widths):
            raise InvalidEntryError(
                f"table '{self.name}', action '{action}': {len(params)} parameters instead of {len(widths)}"
            )
        for number, (value, width) in enumerate(zip(params, widths, strict=True), 1):
            if not 0 <= value < 1 << width:
                raise InvalidEntryError(
                    f"table '{self.name}', action '{action}': parameter {number} = {value:#x} exceeds {width} bits"
                )


def _fault(key: Key, part: MatchValue) -> str | None:
    """What is wrong with a match value, or None."""
    kind = _KIND_OF.get(type(part))
    if kind is not key.kind:
        return f"it is matched {key.kind}, not {kind or type(part).__name__}"
    limit = 1 << key.width
    match part:
        case Exact(value):
            fault = None if 0 <= value < limit else f"{value:#x} exceeds {key.width} bits"
        case Lpm(value, length):
            if not 0 <= length <= key.width:
                return f"prefix length {length} is not in 0..{key.width}"
            fault = _unmasked(value, limit - (1 << (key.width - length)), f"prefix length {length}")
        case Ternary(value, mask):
            if not 0 <= mask < limit:
                return f"mask {mask:#x} exceeds {key.width} bits"
            fault = _unmasked(value, mask, f"mask {mask:#x}")
        case Range(low, high):
            fault = None if 0 <= low <= high < limit else f"{low:#x}..{high:#x} is no range of {key.width} bits"
    return fault


def _unmasked(value: int, mask: int, spelled: str) -> str | None:
    if value < 0 or value & ~mask:
        return f"{value:#x} has bits outside {spelled}"
    return None

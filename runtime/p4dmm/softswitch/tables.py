# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Match-action tables: what the control plane writes and the generated code reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from p4dmm.softswitch.errors import EntryExistsError, EntryNotFoundError, InvalidEntryError, TableFullError
from p4dmm.softswitch.index import PriorityIndex, Record, index_for
from p4dmm.softswitch.match import Exact, Key, KeyKind, Lpm, MatchValue, Range, Ternary
from p4dmm.softswitch.profiles import ActionProfile, GroupRef, MemberRef, Target, check_action

__all__ = [
    "AnyEntry",
    "Entry",
    "Exact",
    "GroupRef",
    "IndirectEntry",
    "Key",
    "KeyKind",
    "Lpm",
    "MatchValue",
    "MemberRef",
    "Range",
    "Table",
    "Ternary",
]

NO_ACTION = "NoAction"
"""What a table with an implementation does on a miss, unless the program says otherwise."""

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


@dataclass(frozen=True, slots=True)
class IndirectEntry:
    """One row of a table with an implementation: its action is in the action profile."""

    match: tuple[MatchValue, ...]
    target: Target
    priority: int = 0


AnyEntry = Entry | IndirectEntry


@dataclass(slots=True)
class _Idle:
    """An idle timeout; the generated code sets the only element of `last_hit`."""

    timeout_ns: int
    last_hit: list[int]


@dataclass(slots=True)
class _Row:
    entry: AnyEntry
    counter: list[int] = field(default_factory=lambda: [0, 0])
    idle: _Idle | None = None


class Table:
    """One table. Whatever a call changes is seen by the next packet; a call that raises has changed nothing."""

    def __init__(
        self,
        name: str,
        size: int,
        keys: Sequence[Key],
        actions: Mapping[str, tuple[int, ...]],
        default: tuple[str, tuple[int, ...]] | None,
        *,
        default_is_const: bool = False,
        const_entries: Sequence[Entry] | None = None,
        has_direct_counter: bool = False,
        has_idle_timeout: bool = False,
        profile: ActionProfile | None = None,
    ) -> None:
        """A default of None does nothing, which only a table with a profile may have."""
        self.name = name
        self.size = size
        self.keys = tuple(keys)
        self.actions = dict(actions)
        self.has_direct_counter = has_direct_counter
        self.has_idle_timeout = has_idle_timeout
        self.profile = profile
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
        if default is not None:
            self._check_action(*default)
        self._default = self._initial_default = default or (NO_ACTION, ())
        # A cell of its own, so that the generated code sees a new default without being told.
        self.default_cell: list[Record] = [] if default is None else [self._action_record(*default, None)]
        for entry in const_entries or ():
            self._add(entry)

    def __len__(self) -> int:
        return len(self._rows)

    def insert(self, entry: AnyEntry) -> None:
        """Add a row; a table with a profile takes IndirectEntry, the others Entry."""
        self._check_mutable()
        self._add(entry)

    def modify(self, entry: AnyEntry) -> None:
        """Give an existing row another action, other parameters or another target; its counter and its idle timeout go
        on."""
        self._check_mutable()
        self._check_match(entry.match, entry.priority)
        self._check_kind(entry)
        row = self._find(entry.match, entry.priority)
        record = self._record(entry, row)
        self._release(row.entry)
        self._acquire(entry)
        row.entry = entry
        self.index.put(entry.match, entry.priority, record)

    def delete(self, match: tuple[MatchValue, ...], priority: int = 0) -> None:
        """Remove a row."""
        self._check_mutable()
        self._check_match(match, priority)
        self._release(self._find(match, priority).entry)
        del self._rows[match, priority]
        self.index.remove(match, priority)

    def get(self, match: tuple[MatchValue, ...], priority: int = 0) -> AnyEntry | None:
        """The row with exactly this match and priority, or None."""
        row = self._rows.get((match, priority))
        return row.entry if row else None

    def entries(self) -> Iterator[AnyEntry]:
        """All rows, constant ones included, in the order they were inserted."""
        return iter([row.entry for row in self._rows.values()])

    def is_const(self, entry: AnyEntry) -> bool:
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
        self.default_cell[:] = [self._action_record(action, params, None)]

    def reset_default(self) -> None:
        """Back to the program's own default entry."""
        if not self.default_is_const:
            self.set_default(*self._initial_default)

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

    # --- idle timeouts

    def set_idle_timeout(self, match: tuple[MatchValue, ...], priority: int, timeout_ns: int, now_ns: int) -> None:
        """Let a row expire after so long without a hit, counted from now; 0 means never, and keeps no time. Who is
        due the caller finds out, by time_since_last_hit."""
        self._check_mutable()
        self._check_idle()
        if timeout_ns < 0:
            raise InvalidEntryError(f"table '{self.name}': idle timeout {timeout_ns} ns is negative")
        row = self._find(match, priority)
        row.idle = _Idle(timeout_ns, [now_ns]) if timeout_ns else None
        self.index.put(match, priority, self._record(row.entry, row))

    def idle_timeout(self, match: tuple[MatchValue, ...], priority: int = 0) -> int:
        """The idle timeout of a row in nanoseconds, or 0."""
        self._check_idle()
        idle = self._find(match, priority).idle
        return idle.timeout_ns if idle is not None else 0

    def time_since_last_hit(self, match: tuple[MatchValue, ...], priority: int, now_ns: int) -> int:
        """Nanoseconds since a row with an idle timeout was last hit, or got the timeout. Rows without one keep no time:
        InvalidEntryError."""
        self._check_idle()
        idle = self._find(match, priority).idle
        if idle is None:
            raise InvalidEntryError(f"table '{self.name}': entry {self._spell(match, priority)} has no idle timeout")
        return max(now_ns - idle.last_hit[0], 0)

    def _check_idle(self) -> None:
        if not self.has_idle_timeout:
            raise InvalidEntryError(f"table '{self.name}' has no idle timeouts")

    # --- rows

    def _add(self, entry: AnyEntry) -> None:
        self._check_match(entry.match, entry.priority)
        self._check_kind(entry)
        identity = (entry.match, entry.priority)
        if identity in self._rows:
            raise EntryExistsError(f"table '{self.name}' already has an entry {self._spell(*identity)}")
        if len(self._rows) >= self.size:
            raise TableFullError(f"table '{self.name}' is full: it holds {self.size} entries")
        row = _Row(entry)
        record = self._record(entry, row)
        self._acquire(entry)
        self._rows[identity] = row
        self.index.put(*identity, record)

    def _acquire(self, entry: AnyEntry) -> None:
        if self.profile is not None and isinstance(entry, IndirectEntry):
            self.profile.acquire(entry.target)

    def _release(self, entry: AnyEntry) -> None:
        if self.profile is not None and isinstance(entry, IndirectEntry):
            self.profile.release(entry.target)

    def _find(self, match: tuple[MatchValue, ...], priority: int) -> _Row:
        row = self._rows.get((match, priority))
        if row is None:
            raise EntryNotFoundError(f"table '{self.name}' has no entry {self._spell(match, priority)}")
        return row

    def _record(self, entry: AnyEntry, row: _Row) -> Record:
        """What the generated code sees of a row; with idle timeouts its last element is the time of
        the last hit, or None."""
        if isinstance(entry, Entry):
            record = self._action_record(entry.action, entry.params, row.counter)
        else:
            assert self.profile is not None
            record = (self.profile.resolve(entry.target), row.counter)
        return (*record, row.idle and row.idle.last_hit) if self.has_idle_timeout else record

    def _action_record(self, action: str, params: tuple[int, ...], counter: list[int] | None) -> Record:
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

    def _check_kind(self, entry: AnyEntry) -> None:
        if isinstance(entry, IndirectEntry):
            if self.profile is None:
                raise InvalidEntryError(f"table '{self.name}' has no action profile: its entries have an action")
        elif self.profile is not None:
            raise InvalidEntryError(
                f"table '{self.name}' has action profile '{self.profile.name}': its entries have a member or a group"
            )
        else:
            self._check_action(entry.action, entry.params)

    def _check_action(self, action: str, params: tuple[int, ...]) -> None:
        check_action(f"table '{self.name}'", self.actions, action, params)


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

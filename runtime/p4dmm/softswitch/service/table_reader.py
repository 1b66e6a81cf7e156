# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Reads of tables (spec: "TableEntry", "DirectCounterEntry")."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from finsy.proto import p4r

from p4dmm.softswitch.service.action_codec import find_action
from p4dmm.softswitch.service.config import NEVER, NO_NOTE, BoundTable, ForwardingConfig, Note
from p4dmm.softswitch.service.errors import invalid, not_found, unimplemented
from p4dmm.softswitch.service.profiles import BoundProfile, OneShot
from p4dmm.softswitch.service.snapshot import Snapshot
from p4dmm.softswitch.service.table_writer import require_direct_counter, require_idle_timeout
from p4dmm.softswitch.tables import AnyEntry, Entry, GroupRef, IndirectEntry


class TableReader:
    """Answers read requests about tables from one configuration."""

    def __init__(self, config: ForwardingConfig, clock: Callable[[], int]) -> None:
        self._config = config
        self._clock = clock

    def entries(self, query: p4r.TableEntry) -> list[Snapshot]:
        """Entries, or default entries. What only some tables have comes from those that have it."""
        if query.HasField("meter_config") or query.HasField("meter_counter_data"):
            raise unimplemented("direct meters are not supported")
        if not query.table_id:
            if query.match or query.priority or query.HasField("action") or query.metadata or query.controller_metadata:
                raise invalid('table id 0 selects all tables and allows no other filter (spec: "Wildcard Reads")')
            tables = list(self._config.tables.values())
        else:
            tables = [self._config.table(query.table_id)]
            if query.HasField("counter_data") and not query.is_default_action:
                require_direct_counter(tables[0])
            if query.HasField("time_since_last_hit"):
                require_idle_timeout(tables[0])
        if query.is_default_action:
            if query.HasField("time_since_last_hit"):
                raise invalid('time_since_last_hit is set, but default entries never expire (spec: "Idle-timeout")')
            return [_default(bound) for bound in tables]
        now = self._clock()
        return [_entries(bound, query, now) for bound in tables]

    def direct_counters(self, query: p4r.DirectCounterEntry) -> list[Snapshot]:
        """Direct counters of entries."""
        filters = query.table_entry
        if filters.is_default_action:
            raise unimplemented("the direct counter of a default entry is not supported")
        if not filters.table_id:
            tables = [bound for bound in self._config.tables.values() if bound.table.has_direct_counter]
            return [_direct_counters(bound, list(bound.table.entries())) for bound in tables]
        bound = self._config.table(filters.table_id)
        require_direct_counter(bound)
        entries = list(_select(bound, filters))
        if filters.match and not entries:
            raise not_found(f'{bound.codec.label}: there is no entry with this match (spec: "DirectCounterEntry")')
        return [_direct_counters(bound, entries)]


def _select(bound: BoundTable, query: p4r.TableEntry) -> Iterator[AnyEntry]:
    """Entries that pass the filters of a query; a field left at its default is none (spec: "Wildcard Reads")."""
    codec = bound.codec
    action = None
    if query.HasField("action"):
        if bound.profile is not None:
            raise invalid(f'{codec.label}: filtering by action is for direct tables only (spec: "Wildcard Reads")')
        action = find_action(query.action.action.action_id, codec.actions, codec.label).name
    candidates: Iterator[AnyEntry] = bound.table.entries()
    if query.match:
        match, priority = codec.decode_query_key(query)
        if codec.needs_priority and not priority:
            candidates = (entry for entry in candidates if entry.match == match)
        else:
            found = bound.table.get(match, priority)
            candidates = iter([found] if found is not None else [])
    for entry in candidates:
        if (query.priority and entry.priority != query.priority) or _runs_other(entry, action):
            continue
        if query.metadata or query.controller_metadata:
            metadata, cookie = bound.notes.get((entry.match, entry.priority), NO_NOTE)
            if (query.metadata and metadata != query.metadata) or (query.controller_metadata not in (0, cookie)):
                continue
        yield entry


def _runs_other(entry: AnyEntry, action: str | None) -> bool:
    return action is not None and isinstance(entry, Entry) and entry.action != action


class _Row(NamedTuple):
    """An entry and all that is kept elsewhere, at one moment."""

    entry: AnyEntry
    one_shot: OneShot | None
    note: Note
    counter: tuple[int, int] | None
    timeout_ns: int
    elapsed_ns: int | None
    is_const: bool


def _entries(bound: BoundTable, query: p4r.TableEntry, now_ns: int) -> Snapshot:
    table, notes, profile = bound.table, bound.notes, bound.profile
    ages = bound.codec.idle_timeout
    with_counter = query.HasField("counter_data") and table.has_direct_counter
    with_elapsed = query.HasField("time_since_last_hit") and ages
    rows = []
    for entry in _select(bound, query):
        key = entry.match, entry.priority
        rows.append(
            _Row(
                entry,
                _one_shot(profile, entry) if profile is not None else None,
                notes.get(key, NO_NOTE) if notes else NO_NOTE,
                table.counter(*key) if with_counter else None,
                table.idle_timeout(*key) if ages else NEVER,
                table.time_since_last_hit(*key, now_ns) if with_elapsed else None,
                table.is_const(entry),
            )
        )
    return Snapshot(rows, partial(_put_row, bound))


def _one_shot(profile: BoundProfile, entry: AnyEntry) -> OneShot | None:
    target = entry.target if isinstance(entry, IndirectEntry) else None
    return profile.one_shot(target.group_id) if isinstance(target, GroupRef) else None


def _put_row(bound: BoundTable, row: _Row, into: p4r.Entity) -> None:
    entry, message = row.entry, into.table_entry
    bound.codec.encode_key(entry.match, entry.priority, message)
    if isinstance(entry, Entry):
        bound.codec.encode_action(entry.action, entry.params, message)
    elif row.one_shot is not None and bound.profile is not None:
        bound.profile.encode_one_shot(row.one_shot, message.action.action_profile_action_set)
    elif isinstance(entry.target, GroupRef):
        message.action.action_profile_group_id = entry.target.group_id
    else:
        message.action.action_profile_member_id = entry.target.member_id
    if row.note is not NO_NOTE:
        message.metadata, message.controller_metadata = row.note
    if row.counter is not None:
        # Both counts may be zero, and the field must be set all the same.
        message.counter_data.SetInParent()
        message.counter_data.packet_count, message.counter_data.byte_count = row.counter
    if row.timeout_ns != NEVER:
        message.idle_timeout_ns = row.timeout_ns
    if row.elapsed_ns is not None:
        message.time_since_last_hit.SetInParent()
        message.time_since_last_hit.elapsed_ns = row.elapsed_ns
    if row.is_const:
        message.is_const = True


def _default(bound: BoundTable) -> Snapshot:
    action, params = bound.table.default_entry

    def put(note: tuple[bytes, int], into: p4r.Entity) -> None:
        message = into.table_entry
        message.table_id, message.is_default_action = bound.codec.id, True
        bound.codec.encode_action(action, params, message)
        message.metadata, message.controller_metadata = note

    # An action that P4Info does not list for the table (v1model's implicit NoAction) cannot be spelled in a message.
    return Snapshot([bound.default_note] if action in bound.codec.actions_by_name else [], put)


def _direct_counters(bound: BoundTable, entries: list[AnyEntry]) -> Snapshot:
    items = [(entry, bound.table.counter(entry.match, entry.priority)) for entry in entries]

    def put(item: tuple[AnyEntry, tuple[int, int]], into: p4r.Entity) -> None:
        entry, (packets, octets) = item
        message = into.direct_counter_entry
        bound.codec.encode_key(entry.match, entry.priority, message.table_entry)
        message.data.SetInParent()
        message.data.packet_count, message.data.byte_count = packets, octets

    return Snapshot(items, put)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Writes to tables (spec: "TableEntry", "DirectCounterEntry")."""

from collections.abc import Callable

from finsy.proto import p4r

from p4dmm.softswitch.service.array_writer import counter_values
from p4dmm.softswitch.service.config import NEVER, NO_NOTE, BoundTable, ForwardingConfig, Note
from p4dmm.softswitch.service.deadlines import Key
from p4dmm.softswitch.service.errors import P4RuntimeError, denied, invalid, not_found, unimplemented
from p4dmm.softswitch.service.profile_writer import delete_indirect, insert_indirect, modify_indirect
from p4dmm.softswitch.tables import Entry

INSERT, MODIFY, DELETE = p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE


class TableWriter:
    """Applies updates of table entries and direct counters to one configuration."""

    def __init__(self, config: ForwardingConfig, clock: Callable[[], int]) -> None:
        self._config = config
        self._clock = clock

    def entry(self, kind: int, entry: p4r.TableEntry) -> None:
        """INSERT, MODIFY or DELETE of an entry."""
        bound = self._config.table(entry.table_id)
        if entry.is_default_action:
            self._default_entry(kind, bound, entry)
        elif kind == DELETE:
            self._delete(bound, entry)
        elif kind in (INSERT, MODIFY):
            _check_attributes(bound, entry)
            if kind == INSERT:
                self._insert(bound, entry)
            else:
                self._modify(bound, entry)
        else:
            raise unknown_type(kind)

    def _insert(self, bound: BoundTable, entry: p4r.TableEntry) -> None:
        codec, table = bound.codec, bound.table
        if codec.is_const:
            raise _constant(bound)
        match, priority = codec.decode_key(entry)
        counters = counter_values(entry.counter_data, codec.label) if entry.HasField("counter_data") else None
        if bound.profile is None:
            action, params = codec.decode_action(entry)
            table.insert(Entry(match, action, params, priority))
        else:
            insert_indirect(bound, bound.profile, (match, priority), entry.action)
        if counters is not None:
            table.set_counter(match, priority, *counters)
        if codec.idle_timeout:
            _set_idle_timeout(bound, (match, priority), entry.idle_timeout_ns, self._clock())
        if entry.metadata or entry.controller_metadata:
            bound.notes[match, priority] = _note(entry)

    def _modify(self, bound: BoundTable, entry: p4r.TableEntry) -> None:
        """Counters and action stay unless given (spec: "Direct Resources", "Action Specification")."""
        codec, table = bound.codec, bound.table
        match, priority = codec.decode_key(entry)
        has_action = entry.HasField("action")
        if codec.is_const and has_action:
            raise _constant(bound)
        counters = counter_values(entry.counter_data, codec.label) if entry.HasField("counter_data") else None
        if not has_action:
            if table.get(match, priority) is None:
                raise not_found(f"{codec.label}: there is no entry with this match and priority {priority}")
        elif bound.profile is None:
            action, params = codec.decode_action(entry)
            table.modify(Entry(match, action, params, priority))
        else:
            modify_indirect(bound, bound.profile, (match, priority), entry.action)
        if counters is not None:
            table.set_counter(match, priority, *counters)
        if codec.idle_timeout:
            self._modify_idle_timeout(bound, (match, priority), entry.idle_timeout_ns)
        if entry.metadata or entry.controller_metadata:
            bound.notes[match, priority] = _note(entry)
        else:
            bound.notes.pop((match, priority), None)

    def _modify_idle_timeout(self, bound: BoundTable, key: Key, timeout_ns: int) -> None:
        """Another timeout is counted from the last hit too: only packets are hits."""
        if bound.table.idle_timeout(*key) != (timeout_ns or NEVER):
            now = self._clock()
            _set_idle_timeout(bound, key, timeout_ns, now - bound.table.time_since_last_hit(*key, now))

    def _delete(self, bound: BoundTable, entry: p4r.TableEntry) -> None:
        """Only match and priority count, whatever else the message holds (spec: "TableEntry")."""
        if entry.is_const:
            raise _is_const(bound)
        if bound.codec.is_const:
            raise _constant(bound)
        key = bound.codec.decode_key(entry)
        if bound.profile is None:
            bound.table.delete(*key)
        else:
            delete_indirect(bound, bound.profile, key)
        bound.notes.pop(key, None)
        bound.deadlines.discard(key)

    def _default_entry(self, kind: int, bound: BoundTable, entry: p4r.TableEntry) -> None:
        codec = bound.codec
        if kind != MODIFY:
            raise invalid(
                f'{codec.label}: the default entry always exists, allowed is MODIFY only (spec: "Default Entry")'
            )
        if entry.match or entry.priority:
            raise invalid(f'{codec.label}: the default entry has neither match nor priority (spec: "Default Entry")')
        _check_attributes(bound, entry)
        if entry.HasField("counter_data"):
            raise unimplemented(f"{codec.label}: the direct counter of the default entry is not supported")
        if bound.profile is not None:
            raise denied(
                f"{codec.label}: the default entry is constant, since the table has an action profile "
                f'(spec: "Default Entry")'
            )
        if codec.const_default:
            raise denied(f'{codec.label}: the default entry is constant (spec: "Default Entry")')
        if not entry.HasField("action"):
            bound.table.reset_default()
            bound.default_note = NO_NOTE
            return
        bound.table.set_default(*codec.decode_default_action(entry))
        bound.default_note = _note(entry)

    def direct_counter(self, kind: int, entity: p4r.Entity) -> None:
        """MODIFY of a direct counter."""
        message = entity.direct_counter_entry
        bound = self._config.table(message.table_entry.table_id)
        if kind != MODIFY:
            raise invalid(f'{bound.codec.label}: a direct counter allows MODIFY only (spec: "DirectCounterEntry")')
        require_direct_counter(bound)
        if message.table_entry.is_default_action:
            raise unimplemented(f"{bound.codec.label}: the direct counter of the default entry is not supported")
        match, priority = bound.codec.decode_key(message.table_entry)
        if message.HasField("data"):
            bound.table.set_counter(match, priority, *counter_values(message.data, bound.codec.label))
        else:
            bound.table.counter(match, priority)  # raises where there is no such entry


def _note(entry: p4r.TableEntry) -> Note:
    return entry.metadata, entry.controller_metadata


def _set_idle_timeout(bound: BoundTable, key: Key, timeout_ns: int, last_hit_ns: int) -> None:
    bound.table.set_idle_timeout(*key, timeout_ns or NEVER, last_hit_ns)
    if timeout_ns:
        bound.deadlines.put(key, last_hit_ns + timeout_ns)
    else:
        bound.deadlines.discard(key)


def _check_attributes(bound: BoundTable, entry: p4r.TableEntry) -> None:
    """What an INSERT or MODIFY may not carry here (spec: "TableEntry", "Direct Resources", "Idle-timeout")."""
    if entry.is_const:
        raise _is_const(bound)
    if entry.idle_timeout_ns or entry.HasField("time_since_last_hit"):
        _check_idle_timeout(bound, entry)
    if entry.HasField("meter_config") or entry.HasField("meter_counter_data"):
        raise unimplemented(f"{bound.codec.label}: direct meters are not supported")
    if entry.HasField("counter_data"):
        require_direct_counter(bound)


def _check_idle_timeout(bound: BoundTable, entry: p4r.TableEntry) -> None:
    label = bound.codec.label
    require_idle_timeout(bound)
    if entry.HasField("time_since_last_hit"):
        raise invalid(f'{label}: time_since_last_hit is set, allowed in reads only (spec: "Idle-timeout")')
    if entry.is_default_action:
        raise invalid(f'{label}: idle_timeout_ns is set, but the default entry never expires (spec: "Idle-timeout")')
    if entry.idle_timeout_ns < 0:
        raise invalid(
            f'{label}: idle_timeout_ns {entry.idle_timeout_ns}, allowed are 0 and more (spec: "Idle-timeout")'
        )


def require_idle_timeout(bound: BoundTable) -> None:
    if not bound.codec.idle_timeout:
        raise invalid(f'{bound.codec.label}: the table has no idle timeout (spec: "Idle-timeout")')


def require_direct_counter(bound: BoundTable) -> None:
    if not bound.table.has_direct_counter:
        raise invalid(f'{bound.codec.label}: the table has no direct counter (spec: "Direct Resources")')


def _constant(bound: BoundTable) -> P4RuntimeError:
    return denied(f'{bound.codec.label}: its entries are constant (spec: "Constant Tables")')


def _is_const(bound: BoundTable) -> P4RuntimeError:
    return invalid(f'{bound.codec.label}: is_const is set, allowed is false in every write (spec: "TableEntry")')


def unknown_type(kind: int) -> P4RuntimeError:
    return invalid(f'update type {kind}, allowed are INSERT, MODIFY and DELETE (spec: "Write RPC")')

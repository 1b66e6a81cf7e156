# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Read RPC on one configuration (spec: "Read RPC", "Wildcard Reads")."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finsy.proto import p4r

from p4dmm.softswitch.errors import SoftswitchError
from p4dmm.softswitch.service.bytestrings import encode
from p4dmm.softswitch.service.config import NO_NOTE, BoundTable, ForwardingConfig
from p4dmm.softswitch.service.errors import P4RuntimeError, from_core, invalid, not_found, unimplemented
from p4dmm.softswitch.service.table_codec import listing
from p4dmm.softswitch.service.writer import check_index, not_a_counter, not_a_table, require_direct_counter
from p4dmm.softswitch.tables import Entry

CHUNK = 1000  # entities a message


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answer to one request, taken at once so that no Write comes between (spec: "Parallelism"); encoded later."""

    items: Sequence[Any]
    encode: Callable[[Any, p4r.Entity], None]


class EntityReader:
    """Answers read requests from a configuration's pipeline."""

    def __init__(self, config: ForwardingConfig) -> None:
        self._config = config
        self._handlers: dict[str, Callable[[p4r.Entity], list[Snapshot]]] = {
            "table_entry": lambda entity: self._table_entry(entity.table_entry),
            "direct_counter_entry": lambda entity: self._direct_counter(entity.direct_counter_entry),
            "counter_entry": lambda entity: self._counter(entity.counter_entry),
            "packet_replication_engine_entry": lambda entity: self._replication(entity.packet_replication_engine_entry),
        }

    def take(self, requests: Sequence[p4r.Entity]) -> tuple[list[Snapshot], list[P4RuntimeError | None]]:
        """Snapshots of the valid requests, and one error or None per request (spec: "Batch Processing")."""
        snapshots: list[Snapshot] = []
        errors: list[P4RuntimeError | None] = []
        for entity in requests:
            error: P4RuntimeError | None = None
            try:
                snapshots += self._one(entity)
            except P4RuntimeError as caught:
                error = caught
            except SoftswitchError as caught:
                error = from_core(caught)
            errors.append(error)
        return snapshots, errors

    def _one(self, entity: p4r.Entity) -> list[Snapshot]:
        kind = entity.WhichOneof("entity")
        if kind is None:
            raise invalid('the entity of a read request is unset (spec: "Wildcard Reads")')
        handler = self._handlers.get(kind)
        if handler is None:
            raise unimplemented(f"{kind} is not supported (supported: {', '.join(self._handlers)})")
        return handler(entity)

    def _bound(self, table_id: int) -> BoundTable:
        bound = self._config.tables.get(table_id)
        if bound is None:
            raise not_a_table(self._config, table_id)
        return bound

    def _table_entry(self, query: p4r.TableEntry) -> list[Snapshot]:
        if query.HasField("time_since_last_hit"):
            raise invalid('time_since_last_hit is set, but idle timeout is not supported (spec: "Idle-timeout")')
        if query.HasField("meter_config") or query.HasField("meter_counter_data"):
            raise unimplemented("direct meters are not supported")
        if not query.table_id:
            if query.match or query.priority or query.HasField("action") or query.metadata or query.controller_metadata:
                raise invalid('table id 0 selects all tables and allows no other filter (spec: "Wildcard Reads")')
            tables = list(self._config.tables.values())
        else:
            tables = [self._bound(query.table_id)]
            if query.HasField("counter_data") and not query.is_default_action:
                require_direct_counter(tables[0])
        return [_default(bound) if query.is_default_action else _entries(bound, query) for bound in tables]

    def _direct_counter(self, query: p4r.DirectCounterEntry) -> list[Snapshot]:
        filters = query.table_entry
        if filters.is_default_action:
            raise unimplemented("the direct counter of a default entry is not supported")
        if not filters.table_id:
            tables = [bound for bound in self._config.tables.values() if bound.table.has_direct_counter]
            return [_direct_counters(bound, list(bound.table.entries())) for bound in tables]
        bound = self._bound(filters.table_id)
        require_direct_counter(bound)
        entries = list(_select(bound, filters))
        if filters.match and not entries:
            raise not_found(f'{bound.codec.label}: there is no entry with this match (spec: "DirectCounterEntry")')
        return [_direct_counters(bound, entries)]

    def _counter(self, query: p4r.CounterEntry) -> list[Snapshot]:
        counters = self._config.counters
        if query.counter_id and query.counter_id not in counters:
            raise not_a_counter(self._config, query.counter_id)
        snapshots = []
        for number in [query.counter_id] if query.counter_id else counters:
            counter = counters[number]
            indices = range(counter.size)
            if query.HasField("index") and query.counter_id:
                check_index(counter.name, query.index.index, counter.size)
                indices = range(query.index.index, query.index.index + 1)
            items = [(number, index, *counter.read(index)) for index in indices]
            snapshots.append(Snapshot(items, _put_counter))
        return snapshots

    def _replication(self, query: p4r.PacketReplicationEngineEntry) -> list[Snapshot]:
        if query.WhichOneof("type") == "clone_session_entry":
            raise unimplemented("clone_session_entry is not supported (supported: multicast_group_entry)")
        wanted, engine = query.multicast_group_entry.multicast_group_id, self._config.pipeline.replication
        groups = list(engine.groups())
        if wanted:
            replicas = engine.get(wanted)
            if replicas is None:
                raise not_found(f"there is no multicast group {wanted}")
            groups = [(wanted, replicas)]
        return [Snapshot([(number, replicas, self._config.groups[number]) for number, replicas in groups], _put_group)]


def _select(bound: BoundTable, query: p4r.TableEntry) -> Iterator[Entry]:
    """Entries that pass the filters of a query; a field left at its default is none (spec: "Wildcard Reads")."""
    codec = bound.codec
    action = None
    if query.HasField("action"):
        chosen = codec.actions.get(query.action.action.action_id)
        if chosen is None:
            names = {number: each.name for number, each in codec.actions.items()}
            raise invalid(
                f"{codec.label}: unknown action id {query.action.action.action_id} (actions: {listing(names)})"
            )
        action = chosen.name
    candidates: Iterator[Entry] = bound.table.entries()
    if query.match:
        match, priority = codec.decode_query_key(query)
        if codec.needs_priority and not priority:
            candidates = (entry for entry in candidates if entry.match == match)
        else:
            found = bound.table.get(match, priority)
            candidates = iter([found] if found is not None else [])
    for entry in candidates:
        if (query.priority and entry.priority != query.priority) or (action is not None and entry.action != action):
            continue
        if query.metadata or query.controller_metadata:
            metadata, cookie = bound.notes.get((entry.match, entry.priority), NO_NOTE)
            if (query.metadata and metadata != query.metadata) or (query.controller_metadata not in (0, cookie)):
                continue
        yield entry


def _entries(bound: BoundTable, query: p4r.TableEntry) -> Snapshot:
    table, notes, codec = bound.table, bound.notes, bound.codec
    with_counter = query.HasField("counter_data") and table.has_direct_counter
    items = [
        (
            entry,
            notes.get((entry.match, entry.priority), NO_NOTE) if notes else NO_NOTE,
            table.counter(entry.match, entry.priority) if with_counter else None,
            table.is_const(entry),
        )
        for entry in _select(bound, query)
    ]

    def put(item: tuple[Entry, tuple[bytes, int], tuple[int, int] | None, bool], into: p4r.Entity) -> None:
        entry, note, counter, is_const = item
        message = into.table_entry
        codec.encode_key(entry.match, entry.priority, message)
        codec.encode_action(entry.action, entry.params, message)
        if note is not NO_NOTE:
            message.metadata, message.controller_metadata = note
        if counter is not None:
            # Both counts may be zero, and the field must be set all the same.
            message.counter_data.SetInParent()
            message.counter_data.packet_count, message.counter_data.byte_count = counter
        if is_const:
            message.is_const = True

    return Snapshot(items, put)


def _default(bound: BoundTable) -> Snapshot:
    action, params = bound.table.default_entry

    def put(note: tuple[bytes, int], into: p4r.Entity) -> None:
        message = into.table_entry
        message.table_id, message.is_default_action = bound.codec.id, True
        bound.codec.encode_action(action, params, message)
        message.metadata, message.controller_metadata = note

    # An action that P4Info does not list for the table (v1model's implicit NoAction) cannot be spelled in a message.
    return Snapshot([bound.default_note] if action in bound.codec.actions_by_name else [], put)


def _direct_counters(bound: BoundTable, entries: list[Entry]) -> Snapshot:
    items = [(entry, bound.table.counter(entry.match, entry.priority)) for entry in entries]

    def put(item: tuple[Entry, tuple[int, int]], into: p4r.Entity) -> None:
        entry, (packets, octets) = item
        message = into.direct_counter_entry
        bound.codec.encode_key(entry.match, entry.priority, message.table_entry)
        message.data.SetInParent()
        message.data.packet_count, message.data.byte_count = packets, octets

    return Snapshot(items, put)


def _put_counter(item: tuple[int, int, int, int], into: p4r.Entity) -> None:
    number, index, packets, octets = item
    message = into.counter_entry
    message.counter_id = number
    message.index.SetInParent()
    message.index.index = index
    message.data.SetInParent()
    message.data.packet_count, message.data.byte_count = packets, octets


def _put_group(item: Any, into: p4r.Entity) -> None:
    number, replicas, group = item
    message = into.packet_replication_engine_entry.multicast_group_entry
    message.multicast_group_id, message.metadata = number, group.metadata
    for (port, instance), legacy in zip(replicas, group.legacy, strict=True):
        if legacy:
            message.replicas.add(egress_port=port, instance=instance)
        else:
            message.replicas.add(port=encode(port), instance=instance)


def chunks(snapshots: Sequence[Snapshot]) -> Iterator[p4r.ReadResponse]:
    """Responses of at most CHUNK entities."""
    response = p4r.ReadResponse()
    for snapshot in snapshots:
        for item in snapshot.items:
            snapshot.encode(item, response.entities.add())
            if len(response.entities) >= CHUNK:
                yield response
                response = p4r.ReadResponse()
    if response.entities:
        yield response

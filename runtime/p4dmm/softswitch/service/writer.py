# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Write RPC's updates on one configuration (spec: "P4 Entity Messages", "Write RPC")."""

from collections.abc import Callable, Iterable

from finsy.proto import p4r, rpc_code

from p4dmm.softswitch.errors import SoftswitchError
from p4dmm.softswitch.service.bytestrings import decode
from p4dmm.softswitch.service.config import NO_NOTE, BoundTable, ForwardingConfig, Group, Note
from p4dmm.softswitch.service.errors import P4RuntimeError, denied, from_core, invalid, not_found, unimplemented
from p4dmm.softswitch.service.table_codec import listing
from p4dmm.softswitch.tables import Entry

INSERT, MODIFY, DELETE = p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE
PORT_BITS = 9


def _counter_values(data: p4r.CounterData, what: str) -> tuple[int, int]:
    if data.packet_count < 0 or data.byte_count < 0:
        raise invalid(
            f"{what}: counter data {data.packet_count} packets, {data.byte_count} bytes, allowed are 0 and more"
        )
    return data.packet_count, data.byte_count


class EntityWriter:
    """Applies updates one by one; an update that fails has changed nothing."""

    def __init__(self, config: ForwardingConfig) -> None:
        self._config = config
        self._tables = config.tables
        self._others: dict[str, Callable[[int, p4r.Entity], None]] = {
            "direct_counter_entry": self._direct_counter,
            "counter_entry": self._counter,
            "packet_replication_engine_entry": self._replication,
        }

    def apply(self, updates: Iterable[p4r.Update]) -> list[P4RuntimeError | None] | None:
        """Apply a batch, CONTINUE_ON_ERROR (spec: "Batch Atomicity"). None when all went well."""
        errors: list[P4RuntimeError | None] = []
        failed = False
        for update in updates:
            try:
                entity = update.entity
                kind = entity.WhichOneof("entity")
                if kind == "table_entry":
                    self._table_entry(update.type, entity.table_entry)
                else:
                    self._other(kind, update)
            except P4RuntimeError as error:
                errors.append(error)
                failed = True
            except SoftswitchError as error:
                errors.append(from_core(error))
                failed = True
            else:
                errors.append(None)
        return errors if failed else None

    def _other(self, kind: str | None, update: p4r.Update) -> None:
        if kind is None:
            raise invalid('the entity of the update is unset (spec: "Write RPC")')
        handler = self._others.get(kind)
        if handler is None:
            raise unimplemented(f"{kind} is not supported (supported: table_entry, {', '.join(self._others)})")
        if update.type not in (INSERT, MODIFY, DELETE):
            raise _unknown_type(update.type)
        handler(update.type, update.entity)

    def table(self, table_id: int) -> BoundTable:
        bound = self._tables.get(table_id)
        if bound is None:
            raise not_a_table(self._config, table_id)
        return bound

    def _table_entry(self, kind: int, entry: p4r.TableEntry) -> None:
        bound = self._tables.get(entry.table_id)
        if bound is None:
            raise not_a_table(self._config, entry.table_id)
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
            raise _unknown_type(kind)

    def _insert(self, bound: BoundTable, entry: p4r.TableEntry) -> None:
        codec = bound.codec
        if codec.is_const:
            raise _constant(bound)
        match, priority = codec.decode_key(entry)
        action, params = codec.decode_action(entry)
        if not action.table_allowed:
            raise denied(
                f'{codec.label}: action {action.name} is allowed as default action only (spec: "Action Specification")'
            )
        counters = _counter_values(entry.counter_data, codec.label) if entry.HasField("counter_data") else None
        bound.table.insert(Entry(match, action.name, params, priority))
        if counters is not None:
            bound.table.set_counter(match, priority, *counters)
        if entry.metadata or entry.controller_metadata:
            bound.notes[match, priority] = _note(entry)

    def _modify(self, bound: BoundTable, entry: p4r.TableEntry) -> None:
        """Counters and action stay unless given (spec: "Direct Resources", "Action Specification")."""
        codec, table = bound.codec, bound.table
        match, priority = codec.decode_key(entry)
        has_action = entry.HasField("action")
        if codec.is_const and has_action:
            raise _constant(bound)
        counters = _counter_values(entry.counter_data, codec.label) if entry.HasField("counter_data") else None
        if has_action:
            action, params = codec.decode_action(entry)
            if not action.table_allowed:
                raise denied(f"{codec.label}: action {action.name} is allowed as default action only")
            table.modify(Entry(match, action.name, params, priority))
        elif table.get(match, priority) is None:
            raise not_found(f"{codec.label}: there is no entry with this match and priority {priority}")
        if counters is not None:
            table.set_counter(match, priority, *counters)
        if entry.metadata or entry.controller_metadata:
            bound.notes[match, priority] = _note(entry)
        else:
            bound.notes.pop((match, priority), None)

    def _delete(self, bound: BoundTable, entry: p4r.TableEntry) -> None:
        """Only match and priority count, whatever else the message holds (spec: "TableEntry")."""
        if entry.is_const:
            raise _is_const(bound)
        if bound.codec.is_const:
            raise _constant(bound)
        match, priority = bound.codec.decode_key(entry)
        bound.table.delete(match, priority)
        bound.notes.pop((match, priority), None)

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
        if codec.const_default:
            raise denied(f'{codec.label}: the default entry is constant (spec: "Default Entry")')
        if not entry.HasField("action"):
            bound.table.reset_default()
            bound.default_note = NO_NOTE
            return
        action, params = codec.decode_action(entry)
        if not action.default_allowed:
            raise denied(
                f'{codec.label}: action {action.name} is not allowed as default action (spec: "Action Specification")'
            )
        bound.table.set_default(action.name, params)
        bound.default_note = _note(entry)

    def _direct_counter(self, kind: int, entity: p4r.Entity) -> None:
        message = entity.direct_counter_entry
        bound = self.table(message.table_entry.table_id)
        if kind != MODIFY:
            raise invalid(f'{bound.codec.label}: a direct counter allows MODIFY only (spec: "DirectCounterEntry")')
        require_direct_counter(bound)
        if message.table_entry.is_default_action:
            raise unimplemented(f"{bound.codec.label}: the direct counter of the default entry is not supported")
        match, priority = bound.codec.decode_key(message.table_entry)
        if message.HasField("data"):
            bound.table.set_counter(match, priority, *_counter_values(message.data, bound.codec.label))
        else:
            bound.table.counter(match, priority)  # raises where there is no such entry

    def _counter(self, kind: int, entity: p4r.Entity) -> None:
        message = entity.counter_entry
        counter = self._config.counters.get(message.counter_id)
        if counter is None:
            raise not_a_counter(self._config, message.counter_id)
        if kind != MODIFY:
            raise invalid(f'counter {counter.name}: allowed is MODIFY only (spec: "CounterEntry")')
        indices = range(counter.size)
        if message.HasField("index"):
            check_index(counter.name, message.index.index, counter.size)
            indices = range(message.index.index, message.index.index + 1)
        if message.HasField("data"):
            packets, octets = _counter_values(message.data, f"counter {counter.name}")
            for index in indices:
                counter.write(index, packets, octets)

    def _replication(self, kind: int, entity: p4r.Entity) -> None:
        message = entity.packet_replication_engine_entry
        what = message.WhichOneof("type")
        if what == "clone_session_entry":
            raise unimplemented("clone_session_entry is not supported (supported: multicast_group_entry)")
        if what is None:
            raise invalid("packet_replication_engine_entry: neither a multicast group nor a clone session is given")
        group = message.multicast_group_entry
        engine, number = self._config.pipeline.replication, group.multicast_group_id
        if not number:
            raise invalid('multicast group id 0, allowed is 1 or more (spec: "Valid Values for multicast_group_id")')
        if kind == DELETE:
            engine.delete(number)
            self._config.groups.pop(number, None)
            return
        replicas = tuple(_replica(number, replica) for replica in group.replicas)
        if kind == INSERT:
            engine.insert(number, replicas)
        else:
            engine.modify(number, replicas)
        legacy = tuple(replica.WhichOneof("port_kind") == "egress_port" for replica in group.replicas)
        self._config.groups[number] = Group(group.metadata, legacy)


def _replica(group: int, replica: p4r.Replica) -> tuple[int, int]:
    what = f"multicast group {group}"
    if replica.backup_replicas:
        raise unimplemented(f"{what}: backup replicas are not supported")
    kind = replica.WhichOneof("port_kind")
    if kind is None:
        raise invalid(f'{what}: a replica has no port (spec: "MulticastGroupEntry")')
    if kind == "port":
        return decode(replica.port, PORT_BITS, f"{what}, replica port"), replica.instance
    return replica.egress_port, replica.instance


def _note(entry: p4r.TableEntry) -> Note:
    return entry.metadata, entry.controller_metadata


def _check_attributes(bound: BoundTable, entry: p4r.TableEntry) -> None:
    """What an INSERT or MODIFY may not carry here (spec: "TableEntry", "Direct Resources", "Idle-timeout")."""
    if entry.is_const:
        raise _is_const(bound)
    if entry.idle_timeout_ns or entry.HasField("time_since_last_hit"):
        if bound.codec.idle_timeout:
            raise unimplemented(f"{bound.codec.label}: idle timeout is not implemented by this switch")
        raise invalid(f'{bound.codec.label}: the table has no idle timeout (spec: "Idle-timeout")')
    if entry.HasField("meter_config") or entry.HasField("meter_counter_data"):
        raise unimplemented(f"{bound.codec.label}: direct meters are not supported")
    if entry.HasField("counter_data"):
        require_direct_counter(bound)


def require_direct_counter(bound: BoundTable) -> None:
    if not bound.table.has_direct_counter:
        raise invalid(f'{bound.codec.label}: the table has no direct counter (spec: "Direct Resources")')


def check_index(name: str, index: int, size: int) -> None:
    if index < 0:
        raise invalid(f'counter {name}: index {index}, allowed are 0 to {size - 1} (spec: "CounterEntry")')
    if index >= size:
        text = f'counter {name}: index {index}, allowed are 0 to {size - 1} (spec: "CounterEntry")'
        raise P4RuntimeError(rpc_code.OUT_OF_RANGE, text)


def not_a_table(config: ForwardingConfig, table_id: int) -> P4RuntimeError:
    return invalid(f"unknown table id {table_id} (tables: {listing(config.table_names())})")


def not_a_counter(config: ForwardingConfig, counter_id: int) -> P4RuntimeError:
    return invalid(f"unknown counter id {counter_id} (counters: {listing(config.counter_names())})")


def _constant(bound: BoundTable) -> P4RuntimeError:
    return denied(f'{bound.codec.label}: its entries are constant (spec: "Constant Tables")')


def _is_const(bound: BoundTable) -> P4RuntimeError:
    return invalid(f'{bound.codec.label}: is_const is set, allowed is false in every write (spec: "TableEntry")')


def _unknown_type(kind: int) -> P4RuntimeError:
    return invalid(f'update type {kind}, allowed are INSERT, MODIFY and DELETE (spec: "Write RPC")')

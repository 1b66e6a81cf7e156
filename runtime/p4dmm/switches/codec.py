# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Rows <-> P4Runtime entities.

Built once from P4Info; every row that the planner can make is checked against it then, so that a program and a
controller that do not fit together are noticed before the first write.
"""

from dataclasses import dataclass
from pathlib import Path

from finsy.proto import p4i, p4r
from google.protobuf import text_format

from p4dmm.forwarding import GROUPS, MEMBERS, METERS, RATES, REPLICAS, TABLES, Change, Member, Row, RowKey, Write

from .references import ReferencesError, read_references

_UPDATE_TYPE = {
    Change.INSERT: p4r.Update.INSERT,
    Change.MODIFY: p4r.Update.MODIFY,
    Change.DELETE: p4r.Update.DELETE,
}


class CodecError(ValueError):
    """The program is not the one this controller was written for: names the object that differs."""


@dataclass(frozen=True, slots=True)
class _Field:
    id: int
    width: int
    kind: int = p4i.MatchField.EXACT

    @property
    def highest(self) -> int:
        return (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class _Action:
    id: int
    name: str
    parameters: tuple[_Field, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    id: int
    name: str
    size: int
    keys: tuple[_Field, ...]
    actions: dict[str, _Action]
    actions_by_id: dict[int, _Action]


def _bytes(value: int) -> bytes:
    """The shortest big-endian form (P4Runtime specification section 8.3)."""
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")


def _int(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


class RowCodec:
    """For one P4Info."""

    def __init__(self, p4info: p4i.P4Info) -> None:
        self.p4info = p4info
        tables = {table.preamble.alias: table for table in p4info.tables}
        actions = {action.preamble.id: action for action in p4info.actions}
        self._tables: dict[str, _Table] = {}
        for name in TABLES:
            if name not in tables:
                raise CodecError(f"the program has no table {name}; it has {', '.join(sorted(tables))}")
            self._tables[name] = _read_table(tables[name], actions)
        self._by_id = {table.id: table for table in self._tables.values()}
        self._meters = {meter.preamble.alias: meter.preamble.id for meter in p4info.meters}
        for name in METERS:
            if name not in self._meters:
                raise CodecError(f"the program has no meter {name}; it has {', '.join(sorted(self._meters)) or 'none'}")
        self._meters_by_id = {number: name for name, number in self._meters.items()}
        try:
            self.references = read_references(p4info)
        except ReferencesError as error:
            raise CodecError(str(error)) from error

    @classmethod
    def from_file(cls, path: Path) -> "RowCodec":
        """Read P4Info as text protobuf. Raises CodecError."""
        info = p4i.P4Info()
        try:
            text_format.Parse(path.read_text(), info)
        except text_format.ParseError as error:
            raise CodecError(f"{path} is no P4Info: {error}") from error
        return cls(info)

    def size(self, table: str) -> int | None:
        """How many rows the program gives the table; None for multicast groups, which have no common limit, and for
        meters, which are all there from the beginning."""
        return self._tables[table].size if table in self._tables else None

    def update(self, write: Write) -> p4r.Update:
        """A write as an update. A meter is always there: all one can do is to modify it (specification section 9.3)."""
        entity = self.encode(write.row)
        if write.row.at.table in METERS:
            if write.change is Change.DELETE:
                entity.meter_entry.ClearField("config")
            return p4r.Update(type=p4r.Update.MODIFY, entity=entity)
        return p4r.Update(type=_UPDATE_TYPE[write.change], entity=entity)

    def encode(self, row: Row) -> p4r.Entity:
        """A row as an entity. KeyError if the row is of no known table or action: a bug of the planner."""
        if row.at.table == GROUPS:
            return _encode_group(row)
        if row.at.table in METERS:
            return self._encode_meter(row)
        table = self._tables[row.at.table]
        entity = p4r.Entity()
        entry = entity.table_entry
        entry.table_id = table.id
        entry.priority = row.at.priority
        for field, value in zip(table.keys, row.at.key, strict=True):
            if not _is_any(field, value):  # which is said by no match at all (specification section 9.1.1)
                entry.match.append(_encode_match(field, value))
        if row.action == MEMBERS:
            for member in row.members:
                choice = entry.action.action_profile_action_set.action_profile_actions.add(weight=member.weight)
                choice.action.CopyFrom(_encode_action(table.actions[member.action], member.parameters))
        else:
            entry.action.action.CopyFrom(_encode_action(table.actions[row.action], row.parameters))
        return entity

    def decode(self, switch: str, entity: p4r.Entity) -> Row | None:
        """An entity as a row; None for what is none of ours (a table not in TABLES, a default entry, a meter that is
        not configured)."""
        match entity.WhichOneof("entity"):
            case "packet_replication_engine_entry":
                return _decode_group(switch, entity)
            case "meter_entry":
                return self._decode_meter(switch, entity.meter_entry)
        entry = entity.table_entry
        table = self._by_id.get(entry.table_id)
        if table is None or entry.is_default_action:
            return None
        matches = {match.field_id: match for match in entry.match}
        key = tuple(_decode_match(field, matches.get(field.id)) for field in table.keys)
        at = RowKey(switch, table.name, key, entry.priority)
        if entry.action.HasField("action_profile_action_set"):
            choices = entry.action.action_profile_action_set.action_profile_actions
            members = [Member(*_decode_action(table, choice.action), choice.weight) for choice in choices]
            return Row(at, MEMBERS, members=tuple(sorted(members)))
        return Row(at, *_decode_action(table, entry.action.action))

    def wildcard_reads(self) -> list[p4r.Entity]:
        """What to read to get every row and group."""
        reads = [p4r.Entity(table_entry=p4r.TableEntry(table_id=table.id)) for table in self._tables.values()]
        group = p4r.Entity()
        group.packet_replication_engine_entry.multicast_group_entry.multicast_group_id = 0
        return [*reads, group]

    def meter_read(self, meter: RowKey) -> p4r.Entity:
        """What to read to get the configuration of a meter."""
        entity = p4r.Entity()
        entity.meter_entry.meter_id = self._meters[meter.table]
        entity.meter_entry.index.index = meter.number
        return entity

    def counted_read(self, row: Row) -> p4r.Entity:
        """What to read to get the direct counter of a row."""
        entity = p4r.Entity()
        entry = self.encode(row).table_entry
        entry.ClearField("action")
        entity.direct_counter_entry.table_entry.CopyFrom(entry)
        return entity

    def _encode_meter(self, row: Row) -> p4r.Entity:
        entity = self.meter_read(row.at)
        config = entity.meter_entry.config
        config.cir, config.cburst, config.pir, config.pburst = row.parameters
        return entity

    def _decode_meter(self, switch: str, entry: p4r.MeterEntry) -> Row | None:
        name = self._meters_by_id.get(entry.meter_id)
        if name not in METERS or not entry.HasField("config"):
            return None
        config = entry.config
        rates = (config.cir, config.cburst, config.pir, config.pburst)
        return Row(RowKey(switch, name, (entry.index.index,)), RATES, rates)


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]


def _read_table(info: p4i.Table, actions: dict[int, p4i.Action]) -> _Table:
    ours = TABLES[info.preamble.alias]
    names = tuple(match.name for match in info.match_fields)
    if names != ours.keys:
        raise CodecError(f"table {ours.name} has keys {names}, expected {ours.keys}")
    known: dict[str, _Action] = {}
    for reference in info.action_refs:
        action = actions[reference.id]
        name = _last_part(action.preamble.name)
        known[name] = _Action(action.preamble.id, name, tuple(_Field(p.id, p.bitwidth) for p in action.params))
        expected = next((a for a in ours.actions if a.name == name), None)
        parameters = tuple(p.name for p in action.params)
        if expected is not None and expected.parameters != parameters:
            raise CodecError(
                f"action {name} of table {ours.name} has parameters {parameters}, expected {expected.parameters}"
            )
    missing = [a.name for a in ours.actions if a.name not in known]
    if missing:
        raise CodecError(f"table {ours.name} lacks actions {', '.join(missing)}; it has {', '.join(sorted(known))}")
    return _Table(
        id=info.preamble.id,
        name=ours.name,
        size=info.size,
        keys=tuple(_Field(m.id, m.bitwidth, m.match_type) for m in info.match_fields),
        actions=known,
        actions_by_id={action.id: action for action in known.values()},
    )


def _is_any(field: _Field, value: int | tuple[int, int]) -> bool:
    match field.kind:
        case p4i.MatchField.LPM | p4i.MatchField.TERNARY:
            return isinstance(value, tuple) and not value[1]
        case p4i.MatchField.RANGE:
            return value == (0, field.highest)
    return False


def _encode_match(field: _Field, value: int | tuple[int, int]) -> p4r.FieldMatch:
    match = p4r.FieldMatch(field_id=field.id)
    if field.kind == p4i.MatchField.EXACT:
        assert isinstance(value, int)
        match.exact.value = _bytes(value)
        return match
    assert isinstance(value, tuple)
    first, second = value
    match field.kind:
        case p4i.MatchField.LPM:
            match.lpm.value, match.lpm.prefix_len = _bytes(first), second
        case p4i.MatchField.TERNARY:
            match.ternary.value, match.ternary.mask = _bytes(first), _bytes(second)
        case _:
            match.range.low, match.range.high = _bytes(first), _bytes(second)
    return match


def _decode_match(field: _Field, match: p4r.FieldMatch | None) -> int | tuple[int, int]:
    match field.kind:
        case p4i.MatchField.LPM:
            return (_int(match.lpm.value), match.lpm.prefix_len) if match else (0, 0)
        case p4i.MatchField.TERNARY:
            return (_int(match.ternary.value), _int(match.ternary.mask)) if match else (0, 0)
        case p4i.MatchField.RANGE:
            return (_int(match.range.low), _int(match.range.high)) if match else (0, field.highest)
    assert match is not None
    return _int(match.exact.value)


def _encode_action(action: _Action, values: tuple[int, ...]) -> p4r.Action:
    entity = p4r.Action(action_id=action.id)
    for field, number in zip(action.parameters, values, strict=True):
        entity.params.add(param_id=field.id, value=_bytes(number))
    return entity


def _decode_action(table: _Table, entity: p4r.Action) -> tuple[str, tuple[int, ...]]:
    action = table.actions_by_id[entity.action_id]
    values = {p.param_id: _int(p.value) for p in entity.params}
    return action.name, tuple(values[field.id] for field in action.parameters)


def _encode_group(row: Row) -> p4r.Entity:
    entity = p4r.Entity()
    group = entity.packet_replication_engine_entry.multicast_group_entry
    group.multicast_group_id = row.at.number
    for port, instance in zip(row.parameters[::2], row.parameters[1::2], strict=True):
        # The deprecated number, not the bytes: BMv2 knows no other (specification section 9.5.2).
        group.replicas.add(egress_port=port, instance=instance)
    return entity


def _decode_group(switch: str, entity: p4r.Entity) -> Row | None:
    replication = entity.packet_replication_engine_entry
    if replication.WhichOneof("type") != "multicast_group_entry":
        return None
    group = replication.multicast_group_entry
    pairs = [
        (_int(r.port) if r.WhichOneof("port_kind") == "port" else r.egress_port, r.instance) for r in group.replicas
    ]
    return Row(
        RowKey(switch, GROUPS, (group.multicast_group_id,)), REPLICAS, tuple(n for pair in sorted(pairs) for n in pair)
    )

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

from p4dmm.forwarding import GROUPS, REPLICAS, TABLES, Row, RowKey


class CodecError(ValueError):
    """The program is not the one this controller was written for: names the object that differs."""


@dataclass(frozen=True, slots=True)
class _Field:
    id: int
    width: int
    is_lpm: bool = False

    @property
    def octets(self) -> int:
        return (self.width + 7) // 8


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


class RowCodec:
    """For one P4Info."""

    def __init__(self, p4info: p4i.P4Info) -> None:
        tables = {table.preamble.alias: table for table in p4info.tables}
        actions = {action.preamble.id: action for action in p4info.actions}
        self._tables: dict[str, _Table] = {}
        for name in TABLES:
            if name not in tables:
                raise CodecError(f"the program has no table {name}; it has {', '.join(sorted(tables))}")
            self._tables[name] = _read_table(tables[name], actions)
        self._by_id = {table.id: table for table in self._tables.values()}

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
        """How many rows the program gives the table; None for multicast groups, which have no common limit."""
        return self._tables[table].size if table in self._tables else None

    def encode(self, row: Row) -> p4r.Entity:
        """A row as an entity. KeyError if the row is of no known table or action: a bug of the planner."""
        if row.at.table == GROUPS:
            return _encode_group(row)
        table = self._tables[row.at.table]
        entity = p4r.Entity()
        entry = entity.table_entry
        entry.table_id = table.id
        for field, value in zip(table.keys, row.at.key, strict=True):
            if isinstance(value, tuple):
                if value[1]:  # a prefix of length 0 is said by no match at all (specification section 9.1.1)
                    match = entry.match.add(field_id=field.id)
                    match.lpm.value = _bytes(value[0])
                    match.lpm.prefix_len = value[1]
            else:
                entry.match.add(field_id=field.id).exact.value = _bytes(value)
        action = table.actions[row.action]
        entry.action.action.action_id = action.id
        for field, number in zip(action.parameters, row.parameters, strict=True):
            parameter = entry.action.action.params.add()
            parameter.param_id = field.id
            parameter.value = _bytes(number)
        return entity

    def decode(self, switch: str, entity: p4r.Entity) -> Row | None:
        """An entity as a row; None for what is none of ours (a table not in TABLES, a default entry)."""
        if entity.WhichOneof("entity") == "packet_replication_engine_entry":
            return _decode_group(switch, entity)
        entry = entity.table_entry
        table = self._by_id.get(entry.table_id)
        if table is None or entry.is_default_action:
            return None
        matches = {match.field_id: match for match in entry.match}
        key: list[int | tuple[int, int]] = []
        for field in table.keys:
            match = matches.get(field.id)
            if field.is_lpm:
                # No match at all is the prefix of length 0 (specification section 9.1.1).
                key.append((int.from_bytes(match.lpm.value, "big"), match.lpm.prefix_len) if match else (0, 0))
            else:
                assert match is not None
                key.append(int.from_bytes(match.exact.value, "big"))
        action = table.actions_by_id[entry.action.action.action_id]
        values = {p.param_id: int.from_bytes(p.value, "big") for p in entry.action.action.params}
        parameters = tuple(values[field.id] for field in action.parameters)
        return Row(RowKey(switch, table.name, tuple(key)), action.name, parameters)

    def wildcard_reads(self) -> list[p4r.Entity]:
        """What to read to get every row and group."""
        reads = [p4r.Entity(table_entry=p4r.TableEntry(table_id=table.id)) for table in self._tables.values()]
        group = p4r.Entity()
        group.packet_replication_engine_entry.multicast_group_entry.multicast_group_id = 0
        return [*reads, group]

    def counted_read(self, row: Row) -> p4r.Entity:
        """What to read to get the direct counter of a row."""
        entity = p4r.Entity()
        entry = self.encode(row).table_entry
        entry.ClearField("action")
        entity.direct_counter_entry.table_entry.CopyFrom(entry)
        return entity


def _read_table(info: p4i.Table, actions: dict[int, p4i.Action]) -> _Table:
    ours = TABLES[info.preamble.alias]
    names = tuple(match.name for match in info.match_fields)
    if names != ours.keys:
        raise CodecError(f"table {ours.name} has keys {names}, expected {ours.keys}")
    known: dict[str, _Action] = {}
    for reference in info.action_refs:
        action = actions[reference.id]
        known[action.preamble.alias] = _Action(
            action.preamble.id,
            action.preamble.alias,
            tuple(_Field(p.id, p.bitwidth) for p in action.params),
        )
        expected = next((a for a in ours.actions if a.name == action.preamble.alias), None)
        parameters = tuple(p.name for p in action.params)
        if expected is not None and expected.parameters != parameters:
            raise CodecError(f"action {expected.name} has parameters {parameters}, expected {expected.parameters}")
    missing = [a.name for a in ours.actions if a.name not in known]
    if missing:
        raise CodecError(f"table {ours.name} lacks actions {', '.join(missing)}; it has {', '.join(sorted(known))}")
    return _Table(
        id=info.preamble.id,
        name=ours.name,
        size=info.size,
        keys=tuple(_Field(m.id, m.bitwidth, is_lpm=m.match_type == p4i.MatchField.LPM) for m in info.match_fields),
        actions=known,
        actions_by_id={action.id: action for action in known.values()},
    )


def _encode_group(row: Row) -> p4r.Entity:
    entity = p4r.Entity()
    group = entity.packet_replication_engine_entry.multicast_group_entry
    (number,) = row.at.key
    assert isinstance(number, int)
    group.multicast_group_id = number
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
        (int.from_bytes(r.port, "big") if r.WhichOneof("port_kind") == "port" else r.egress_port, r.instance)
        for r in group.replicas
    ]
    return Row(
        RowKey(switch, GROUPS, (group.multicast_group_id,)), REPLICAS, tuple(n for pair in sorted(pairs) for n in pair)
    )

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Rows, groups and meters with names -> P4Runtime entities with ids; counters -> what they count."""

from finsy.proto import p4i, p4r

from p4dmm.softswitch.match import Exact, Lpm, MatchValue, Range, Ternary

from .rows import GREEN, RED, YELLOW, Choice, Group, Meter, Row

AMPLE = 10**9
"""Units per second, and of burst: more than any test sends."""
RATES = {GREEN: (AMPLE, AMPLE), YELLOW: (0, AMPLE), RED: (0, 0)}
"""Committed and peak rate of a meter that always gives this colour."""

Cell = tuple[object, ...]


class Names:
    """For one P4Info."""

    def __init__(self, info: p4i.P4Info) -> None:
        self._tables = {table.preamble.alias: table for table in info.tables}
        self._aliases = {table.preamble.id: table.preamble.alias for table in info.tables}
        self._widths = {
            table.preamble.id: {field.id: field.bitwidth for field in table.match_fields} for table in info.tables
        }
        self._actions = {action.preamble.name: action for action in info.actions}
        self._meters = {meter.preamble.alias: meter.preamble.id for meter in info.meters}
        self._counters = {counter.preamble.id: counter.preamble.alias for counter in info.counters}
        self._wild = [p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=item.preamble.id)) for item in info.counters]
        for item in info.direct_counters:
            table = p4r.TableEntry(table_id=item.direct_table_id)
            self._wild.append(p4r.Entity(direct_counter_entry=p4r.DirectCounterEntry(table_entry=table)))
        self._packet_out = next(
            header for header in info.controller_packet_metadata if header.preamble.name == "packet_out"
        )

    def row(self, row: Row) -> p4r.Entity:
        """A table entry."""
        table = self._tables[row.table]
        fields = {field.name: field for field in table.match_fields}
        match = [made for name, part in row.key if (made := _match(fields[name], part)) is not None]
        if row.choices:
            ways = [p4r.ActionProfileAction(action=self._action(way), weight=way.weight) for way in row.choices]
            action = p4r.TableAction(action_profile_action_set=p4r.ActionProfileActionSet(action_profile_actions=ways))
        else:
            action = p4r.TableAction(action=self._action(Choice(row.action, row.params, 1)))
        return p4r.Entity(
            table_entry=p4r.TableEntry(table_id=table.preamble.id, match=match, action=action, priority=row.priority)
        )

    def _action(self, way: Choice) -> p4r.Action:
        action = self._actions[way.action]
        ids = {param.name: param.id for param in action.params}
        params = [p4r.Action.Param(param_id=ids[name], value=_raw(value)) for name, value in way.params]
        return p4r.Action(action_id=action.preamble.id, params=params)

    @staticmethod
    def group(group: Group) -> p4r.Entity:
        """A multicast group."""
        replicas = [p4r.Replica(egress_port=port, instance=instance) for port, instance in group.replicas]
        entry = p4r.MulticastGroupEntry(multicast_group_id=group.number, replicas=replicas)
        engine = p4r.PacketReplicationEngineEntry(multicast_group_entry=entry)
        return p4r.Entity(packet_replication_engine_entry=engine)

    def meter(self, meter: Meter, *, configured: bool) -> p4r.Entity:
        """A meter with the rates of its colour, or as it was before."""
        entry = p4r.MeterEntry(meter_id=self._meters[meter.name], index=p4r.Index(index=meter.index))
        if configured:
            committed, peak = RATES[meter.color]
            entry.config.CopyFrom(p4r.MeterConfig(cir=committed, cburst=committed, pir=peak, pburst=peak))
        return p4r.Entity(meter_entry=entry)

    def packet_out(self, **values: int) -> list[p4r.PacketMetadata]:
        """The metadata of a packet for the switch."""
        return [
            p4r.PacketMetadata(metadata_id=item.id, value=_raw(values[item.name])) for item in self._packet_out.metadata
        ]

    def every_counter(self) -> list[p4r.Entity]:
        """What to read to get all cells."""
        return self._wild

    def cell(self, entity: p4r.Entity) -> tuple[Cell, tuple[int, int]]:
        """Which cell, by counter and index or table and match, and its packets and bytes."""
        if entity.HasField("counter_entry"):
            indexed = entity.counter_entry
            return (self._counters[indexed.counter_id], indexed.index.index), _count(indexed.data)
        entry = entity.direct_counter_entry.table_entry
        widths = self._widths[entry.table_id]
        # PI spells a range of all values out, which P4Runtime leaves out (specification, section 9.1.1).
        match = [
            (item.field_id, item.SerializeToString(deterministic=True))
            for item in entry.match
            if _number(item.range.low) or _number(item.range.high) != (1 << widths[item.field_id]) - 1
        ]
        return (self._aliases[entry.table_id], *sorted(match), entry.priority), _count(entity.direct_counter_entry.data)


def _count(data: p4r.CounterData) -> tuple[int, int]:
    return data.packet_count, data.byte_count


def _match(field: p4i.MatchField, part: MatchValue) -> p4r.FieldMatch | None:
    """None where any value fits, for which P4Runtime has no other spelling."""
    match part:
        case Exact(value):
            return p4r.FieldMatch(field_id=field.id, exact=p4r.FieldMatch.Exact(value=_raw(value)))
        case Lpm(value, length) if length:
            lpm = p4r.FieldMatch.LPM(value=_raw(value), prefix_len=length)
            return p4r.FieldMatch(field_id=field.id, lpm=lpm)
        case Ternary(value, mask) if mask:
            ternary = p4r.FieldMatch.Ternary(value=_raw(value), mask=_raw(mask))
            return p4r.FieldMatch(field_id=field.id, ternary=ternary)
        case Range(low, high) if (low, high) != (0, (1 << field.bitwidth) - 1):
            span = p4r.FieldMatch.Range(low=_raw(low), high=_raw(high))
            return p4r.FieldMatch(field_id=field.id, range=span)
        case _:
            return None


def _raw(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")

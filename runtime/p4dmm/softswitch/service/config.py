# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A forwarding pipeline configuration: P4Info and BMv2 JSON that agree, and all that is derived from them once."""

from collections.abc import Iterable

from finsy.proto import p4i, p4r

from p4dmm.softswitch.counters import CounterArray
from p4dmm.softswitch.errors import MalformedProgramError, SoftswitchError, UnsupportedProgramError
from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.service.errors import P4RuntimeError, invalid
from p4dmm.softswitch.service.packet_codec import PacketHeaderCodec
from p4dmm.softswitch.service.table_codec import MATCH_KINDS, TableCodec
from p4dmm.softswitch.tables import MatchValue, Table

Note = tuple[
    bytes, int
]  # metadata and controller_metadata: opaque to the target, returned on read (spec: "TableEntry")
NO_NOTE: Note = (b"", 0)


class BoundTable:
    """A table with its codec, and what clients attached to its entries."""

    __slots__ = ("codec", "default_note", "notes", "table")

    def __init__(self, codec: TableCodec, table: Table) -> None:
        self.codec = codec
        self.table = table
        self.notes: dict[tuple[tuple[MatchValue, ...], int], Note] = {}
        self.default_note = NO_NOTE


class Group:
    """What a client attached to a multicast group; legacy says which replicas used the deprecated egress_port field."""

    __slots__ = ("legacy", "metadata")

    def __init__(self, metadata: bytes, legacy: tuple[bool, ...]) -> None:
        self.metadata = metadata
        self.legacy = legacy


class ForwardingConfig:
    """One configuration and the pipeline that realizes it."""

    def __init__(self, message: p4r.ForwardingPipelineConfig) -> None:
        """Verify the message (spec: "SetForwardingPipelineConfig RPC", VERIFY); P4RuntimeError says what is wrong."""
        if not message.p4_device_config:
            raise invalid("p4_device_config is empty, expected the BMv2 JSON of the program")
        self.message = p4r.ForwardingPipelineConfig()
        self.message.CopyFrom(message)
        self.p4info = self.message.p4info
        try:
            self.pipeline: Pipeline = load_pipeline(message.p4_device_config)
        except (UnsupportedProgramError, MalformedProgramError) as error:
            raise invalid(f"p4_device_config: {error}") from error
        _check_ids(self.p4info)
        actions = {action.preamble.id: action for action in self.p4info.actions}
        _check_refused(self.p4info)
        self.tables = {info.preamble.id: self._bind(info, actions) for info in self.p4info.tables}
        self.counters = {info.preamble.id: self._counter(info) for info in self.p4info.counters}
        for direct in self.p4info.direct_counters:
            bound = self.tables.get(direct.direct_table_id)
            if bound is None or not bound.table.has_direct_counter:
                where = f"table {bound.codec.name}" if bound else f"table id {direct.direct_table_id}"
                raise _disagree(f"direct counter {direct.preamble.name}: {where} has none in the JSON")
        self.groups: dict[int, Group] = {}
        headers = {info.preamble.name: info for info in self.p4info.controller_packet_metadata}
        self.packet_in = PacketHeaderCodec(headers.get("packet_in"), "packet_in")
        self.packet_out = PacketHeaderCodec(headers.get("packet_out"), "packet_out")

    def table_names(self) -> dict[int, str]:
        return {number: bound.codec.name for number, bound in self.tables.items()}

    def counter_names(self) -> dict[int, str]:
        return {number: counter.name for number, counter in self.counters.items()}

    def _bind(self, info: p4i.Table, actions: dict[int, p4i.Action]) -> BoundTable:
        name = info.preamble.name
        table = self.pipeline.tables.get(name)
        if table is None:
            raise _disagree(f"table {name} is in P4Info only; {_known('tables', self.pipeline.tables)}")
        if len(info.match_fields) != len(table.keys):
            raise _disagree(
                f"table {name}: {len(info.match_fields)} match fields in P4Info, {len(table.keys)} in the JSON"
            )
        for ours, key in zip(info.match_fields, table.keys, strict=True):
            kind = MATCH_KINDS.get(ours.match_type)
            if kind is None:
                names = p4i.MatchField.MatchType
                shown = names.Name(ours.match_type) if ours.match_type in names.values() else str(ours.match_type)
                raise invalid(f"table {name}, match field {ours.name}: match type {shown} is not supported")
            if (kind, ours.bitwidth) != (str(key.kind), key.width):
                raise _disagree(
                    f"table {name}, match field {ours.name}: {kind} bit<{ours.bitwidth}> in P4Info, "
                    f"{key.kind} bit<{key.width}> in the JSON"
                )
        for ref in info.action_refs:
            action = actions.get(ref.id)
            if action is None:
                raise invalid(f"P4Info: table {name} refers to action id {ref.id}, which P4Info does not define")
            widths = table.actions.get(action.preamble.name)
            if widths is None:
                raise _disagree(
                    f"table {name} has no action {action.preamble.name}; {_known('actions', table.actions)}"
                )
            ours_widths = tuple(param.bitwidth for param in action.params)
            if ours_widths != tuple(widths):
                raise _disagree(
                    f"table {name}, action {action.preamble.name}: parameter widths {ours_widths} in P4Info, "
                    f"{tuple(widths)} in the JSON"
                )
        return BoundTable(TableCodec(info, actions), table)

    def _counter(self, info: p4i.Counter) -> CounterArray:
        counter = self.pipeline.counters.get(info.preamble.name)
        if counter is None:
            raise _disagree(
                f"counter {info.preamble.name} is in P4Info only; {_known('counters', self.pipeline.counters)}"
            )
        if info.size != counter.size:
            raise _disagree(f"counter {info.preamble.name}: size {info.size} in P4Info, {counter.size} in the JSON")
        return counter


def _disagree(what: str) -> P4RuntimeError:
    return invalid(f"P4Info and p4_device_config do not belong together: {what}")


def _known(noun: str, names: Iterable[str]) -> str:
    return f"{noun} of the JSON: {', '.join(sorted(names)) or 'none'}"


def _check_ids(p4info: p4i.P4Info) -> None:
    """Ids must be unique, or one object would hide another (spec: "ID Allocation for P4Info Objects")."""
    scopes: list[tuple[str, Iterable[int]]] = [
        ("tables", (each.preamble.id for each in p4info.tables)),
        ("actions", (each.preamble.id for each in p4info.actions)),
        ("counters", (each.preamble.id for each in p4info.counters)),
    ]
    scopes += [
        (f"match fields of {each.preamble.name}", (key.id for key in each.match_fields)) for each in p4info.tables
    ]
    scopes += [(f"parameters of {each.preamble.name}", (param.id for param in each.params)) for each in p4info.actions]
    scopes += [
        (f"metadata of {each.preamble.name}", (item.id for item in each.metadata))
        for each in p4info.controller_packet_metadata
    ]
    for scope, ids in scopes:
        seen: set[int] = set()
        for number in ids:
            if not number or number in seen:
                raise invalid(f"P4Info, {scope}: id {number} is {'given twice' if number else 'reserved'}")
            seen.add(number)


def _check_refused(p4info: p4i.P4Info) -> None:
    """Refuse at load what no Write could ever configure; meters load, since an unconfigured meter is green."""
    for table in p4info.tables:
        if table.implementation_id:
            raise invalid(f"table {table.preamble.name}: action profiles and selectors are not supported")
    for kind, items in (("value set", p4info.value_sets), ("digest", p4info.digests)):
        for item in items:
            raise invalid(f"{kind} {item.preamble.name} is not supported")


def carry_over(old: ForwardingConfig, new: ForwardingConfig) -> None:
    """Copy the forwarding state of a configuration into a fresh one (spec: RECONCILE_AND_COMMIT).

    State is preserved when both P4Infos are equal: entries with their counters and metadata, default entries, indirect
    counters, multicast groups. Another P4Info, or state the new program refuses, is INVALID_ARGUMENT.
    """
    if old.p4info != new.p4info:
        raise invalid(
            "the P4Info differs from the running one, so forwarding state cannot be preserved; use VERIFY_AND_COMMIT"
        )
    try:
        for number, bound in old.tables.items():
            _carry_table(bound, new.tables[number])
        for number, counter in old.counters.items():
            for index in range(counter.size):
                new.counters[number].write(index, *counter.read(index))
        for group_id, replicas in old.pipeline.replication.groups():
            new.pipeline.replication.insert(group_id, replicas)
    except SoftswitchError as error:
        raise invalid(f"forwarding state cannot be preserved: {error}") from error
    new.groups = dict(old.groups)


def _carry_table(old: BoundTable, new: BoundTable) -> None:
    if not new.codec.is_const:
        for entry in old.table.entries():
            new.table.insert(entry)
    if new.table.has_direct_counter:
        for entry in old.table.entries():
            if new.table.get(entry.match, entry.priority) is not None:
                packets, octets = old.table.counter(entry.match, entry.priority)
                new.table.set_counter(entry.match, entry.priority, packets, octets)
    if not new.codec.const_default and old.table.default_entry != new.table.default_entry:
        new.table.set_default(*old.table.default_entry)
    new.notes = dict(old.notes)
    new.default_note = old.default_note

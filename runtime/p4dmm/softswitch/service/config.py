# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A forwarding pipeline configuration: P4Info and BMv2 JSON that agree, and all that is derived from them once."""

from collections.abc import Iterable, Mapping

from finsy.proto import p4i, p4r

from p4dmm.softswitch.counters import CounterArray
from p4dmm.softswitch.errors import MalformedProgramError, UnsupportedProgramError
from p4dmm.softswitch.meters import MeterArray
from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.service.action_codec import listing
from p4dmm.softswitch.service.deadlines import Deadlines, Key
from p4dmm.softswitch.service.errors import P4RuntimeError, invalid
from p4dmm.softswitch.service.packet_codec import PacketHeaderCodec
from p4dmm.softswitch.service.profiles import BoundProfile
from p4dmm.softswitch.service.table_codec import MATCH_KINDS, TableCodec
from p4dmm.softswitch.tables import Table

# metadata and controller_metadata: opaque to the target, returned on read (spec: "TableEntry")
Note = tuple[bytes, int]
NO_NOTE: Note = (b"", 0)
# The idle timeout of an entry without one: longer than any that fits P4Runtime. The time since its last hit can be
# asked for all the same (spec: "Idle-timeout").
NEVER = 1 << 63

UNITS: Mapping[int, str] = {p4i.MeterSpec.PACKETS: "packets", p4i.MeterSpec.BYTES: "bytes"}


class BoundTable:
    """A table with its codec, the action profile that its actions come from, and what clients attached to entries."""

    __slots__ = ("codec", "deadlines", "default_note", "notes", "profile", "table")

    def __init__(self, codec: TableCodec, table: Table) -> None:
        self.codec = codec
        self.table = table
        self.profile: BoundProfile | None = None
        self.deadlines = Deadlines()
        self.notes: dict[Key, Note] = {}
        self.default_note = NO_NOTE


class BoundMeter:
    """A meter array with its rules in P4Info."""

    __slots__ = ("array", "label", "type")

    def __init__(self, info: p4i.Meter, array: MeterArray) -> None:
        self.array = array
        self.label = f"meter {info.preamble.name} ({info.preamble.id})"
        self.type = info.spec.type


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
        self.meters = {info.preamble.id: self._meter(info) for info in self.p4info.meters}
        self.profiles = {
            info.preamble.id: self._profile(info)
            for info in self.p4info.action_profiles
            if info.table_ids  # the compiler leaves a selector that no table uses out of the JSON
        }
        for each in self.p4info.tables:
            self._implement(each)
        for direct in self.p4info.direct_counters:
            bound = self.tables.get(direct.direct_table_id)
            if bound is None or not bound.table.has_direct_counter:
                where = f"table {bound.codec.name}" if bound else f"table id {direct.direct_table_id}"
                raise _disagree(f"direct counter {direct.preamble.name}: {where} has none in the JSON")
        self.groups: dict[int, Group] = {}
        headers = {info.preamble.name: info for info in self.p4info.controller_packet_metadata}
        self.packet_in = PacketHeaderCodec(headers.get("packet_in"), "packet_in")
        self.packet_out = PacketHeaderCodec(headers.get("packet_out"), "packet_out")

    def table(self, table_id: int) -> BoundTable:
        """Raises INVALID_ARGUMENT where there is none, as the next three."""
        found = self.tables.get(table_id)
        if found is None:
            raise _unknown("table", table_id, {number: each.codec.name for number, each in self.tables.items()})
        return found

    def counter(self, counter_id: int) -> CounterArray:
        found = self.counters.get(counter_id)
        if found is None:
            raise _unknown("counter", counter_id, {number: each.name for number, each in self.counters.items()})
        return found

    def meter(self, meter_id: int) -> BoundMeter:
        found = self.meters.get(meter_id)
        if found is None:
            raise _unknown("meter", meter_id, {number: each.array.name for number, each in self.meters.items()})
        return found

    def profile(self, profile_id: int) -> BoundProfile:
        found = self.profiles.get(profile_id)
        if found is None:
            raise _unknown("action profile", profile_id, {number: each.name for number, each in self.profiles.items()})
        return found

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
        codec = TableCodec(info, actions)
        if codec.idle_timeout != table.has_idle_timeout:
            here, there = ("an", "no") if codec.idle_timeout else ("no", "an")
            raise _disagree(f"table {name}: {here} idle timeout in P4Info, {there} idle timeout in the JSON")
        if codec.idle_timeout and codec.is_const:
            raise invalid(f"table {name}: an idle timeout is not supported where the entries are constant")
        return BoundTable(codec, table)

    def _counter(self, info: p4i.Counter) -> CounterArray:
        counter = self.pipeline.counters.get(info.preamble.name)
        if counter is None:
            raise _disagree(
                f"counter {info.preamble.name} is in P4Info only; {_known('counters', self.pipeline.counters)}"
            )
        if info.size != counter.size:
            raise _disagree(f"counter {info.preamble.name}: size {info.size} in P4Info, {counter.size} in the JSON")
        return counter

    def _meter(self, info: p4i.Meter) -> BoundMeter:
        name = info.preamble.name
        meter = self.pipeline.meters.get(name)
        if meter is None:
            raise _disagree(f"meter {name} is in P4Info only; {_known('meters', self.pipeline.meters)}")
        if info.spec.type not in p4i.MeterSpec.Type.values():
            raise invalid(f"meter {name}: type {info.spec.type} is not supported")
        if UNITS.get(info.spec.unit) != meter.unit:
            ours = UNITS.get(info.spec.unit, str(info.spec.unit))
            raise _disagree(f"meter {name}: unit {ours} in P4Info, {meter.unit} in the JSON")
        if info.size != meter.size:
            raise _disagree(f"meter {name}: size {info.size} in P4Info, {meter.size} in the JSON")
        return BoundMeter(info, meter)

    def _profile(self, info: p4i.ActionProfile) -> BoundProfile:
        name = info.preamble.name
        profile = self.pipeline.profiles.get(name)
        if profile is None:
            raise _disagree(
                f"action profile {name} is in P4Info only; {_known('action profiles', self.pipeline.profiles)}"
            )
        if info.with_selector != profile.has_selector:
            ours, theirs = ("a", "no") if info.with_selector else ("no", "a")
            raise _disagree(f"action profile {name}: {ours} selector in P4Info, {theirs} selector in the JSON")
        if info.size != profile.size:
            raise _disagree(f"action profile {name}: size {info.size} in P4Info, {profile.size} in the JSON")
        if info.max_group_size < 0 or info.sum_of_members.max_member_weight < 0:
            raise invalid(f"P4Info: action profile {name}: max_group_size and max_member_weight must not be negative")
        for table_id in info.table_ids:
            if table_id not in self.tables:
                raise invalid(
                    f"P4Info: action profile {name} refers to table id {table_id}, which P4Info does not define"
                )
        return BoundProfile(info, profile, self.tables[info.table_ids[0]].codec.actions)

    def _implement(self, info: p4i.Table) -> None:
        """Give a table its action profile, which P4Info and JSON must name alike."""
        bound, name = self.tables[info.preamble.id], info.preamble.name
        if info.implementation_id:
            bound.profile = self.profiles.get(info.implementation_id)
            if bound.profile is None:
                raise invalid(
                    f"P4Info: table {name} refers to action profile id {info.implementation_id}, which is none"
                )
            if bound.profile.actions.keys() != bound.codec.actions.keys():
                raise invalid(f"P4Info: the tables of action profile {bound.profile.name} differ in their actions")
        ours, theirs = bound.profile and bound.profile.profile, bound.table.profile
        if ours is not theirs:
            raise _disagree(
                f"table {name}: action profile {ours.name if ours else 'none'} in P4Info, "
                f"{theirs.name if theirs else 'none'} in the JSON"
            )


def _unknown(noun: str, number: int, names: Mapping[int, str]) -> P4RuntimeError:
    return invalid(f"unknown {noun} id {number} ({noun}s: {listing(names)})")


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
        ("meters", (each.preamble.id for each in p4info.meters)),
        ("action profiles", (each.preamble.id for each in p4info.action_profiles)),
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
    """Refuse at load what no Write could ever configure."""
    for kind, items in (("value set", p4info.value_sets), ("digest", p4info.digests)):
        for item in items:
            raise invalid(f"{kind} {item.preamble.name} is not supported")

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Table entries between P4Runtime and the pipeline core, with every lookup prepared when the pipeline is loaded."""

from collections.abc import Mapping

from finsy.proto import p4i, p4r

from p4dmm.softswitch.service.action_codec import ActionCodec, Field, decode_action, decode_entry_action, field, listing
from p4dmm.softswitch.service.bytestrings import decode, encode
from p4dmm.softswitch.service.errors import P4RuntimeError, denied, invalid
from p4dmm.softswitch.tables import Exact, Lpm, MatchValue, Range, Ternary

MATCH_KINDS: Mapping[int, str] = {
    p4i.MatchField.EXACT: "exact",
    p4i.MatchField.LPM: "lpm",
    p4i.MatchField.TERNARY: "ternary",
    p4i.MatchField.RANGE: "range",
}


class TableCodec:
    """Match keys and actions of one table."""

    __slots__ = (
        "_all_exact",
        "_field_names",
        "actions",
        "actions_by_name",
        "const_default",
        "fields",
        "id",
        "idle_timeout",
        "is_const",
        "label",
        "name",
        "needs_priority",
    )

    def __init__(self, info: p4i.Table, actions: Mapping[int, p4i.Action]) -> None:
        self.id = info.preamble.id
        self.name = info.preamble.name
        self.label = f"table {self.name} ({self.id})"
        self.fields = tuple(
            field(key.id, key.name, key.bitwidth, MATCH_KINDS[key.match_type]) for key in info.match_fields
        )
        self.needs_priority = any(key.kind in {"ternary", "range"} for key in self.fields)
        self.actions = {ref.id: ActionCodec(actions[ref.id], ref.scope) for ref in info.action_refs}
        self.actions_by_name = {action.name: action for action in self.actions.values()}
        self.is_const = info.is_const_table
        self.const_default = info.const_default_action_id != 0
        self.idle_timeout = info.idle_timeout_behavior != p4i.Table.NO_TIMEOUT
        self._all_exact = bool(self.fields) and all(key.kind == "exact" for key in self.fields)
        self._field_names = {key.id: key.name for key in self.fields}

    def decode_action(self, entry: p4r.TableEntry) -> tuple[str, tuple[int, ...]]:
        """Name and parameters of the action of an entry that is no default entry."""
        action, params = decode_entry_action(self._direct_action(entry), self.actions, self.label)
        return action.name, params

    def decode_default_action(self, entry: p4r.TableEntry) -> tuple[str, tuple[int, ...]]:
        """Name and parameters of the action of a default entry."""
        action, params = decode_action(self._direct_action(entry), self.actions, self.label)
        if not action.default_allowed:
            raise denied(
                f'{self.label}: action {action.name} is not allowed as default action (spec: "Action Specification")'
            )
        return action.name, params

    def _direct_action(self, entry: p4r.TableEntry) -> p4r.Action:
        kind = entry.action.WhichOneof("type")
        if kind != "action":
            got = f"'{kind}'" if kind else "no action"
            raise invalid(
                f"{self.label}: {got}, allowed is 'action' since the table is direct (spec: \"Action Specification\")"
            )
        return entry.action.action

    def decode_key(self, entry: p4r.TableEntry) -> tuple[tuple[MatchValue, ...], int]:
        """Match values in P4Info order, and the priority (spec: "Match Format")."""
        priority = entry.priority
        if self._all_exact and not priority and len(entry.match) == len(self.fields):
            values: list[MatchValue] = []
            for given, spec in zip(entry.match, self.fields, strict=True):
                raw = given.exact.value  # empty where another kind of match is set
                value = int.from_bytes(raw, "big")
                if given.field_id != spec.id or not raw or value >= spec.limit:
                    break
                values.append(Exact(value))
            else:
                return tuple(values), 0
        return self._decode_any_key(entry), self._decode_priority(priority)

    def decode_query_key(self, entry: p4r.TableEntry) -> tuple[tuple[MatchValue, ...], int]:
        """As decode_key, but priority 0 stands for any (spec: "Wildcard Reads")."""
        return self._decode_any_key(entry), self._decode_priority(entry.priority) if entry.priority else 0

    def _decode_priority(self, priority: int) -> int:
        if self.needs_priority and priority <= 0:
            allowed = "1 or more, since the key has ternary or range fields"
        elif not self.needs_priority and priority:
            allowed = "0, since the key has no ternary or range field"
        else:
            return priority
        raise invalid(f'{self.label}: priority {priority}, allowed is {allowed} (spec: "TableEntry")')

    def _decode_any_key(self, entry: p4r.TableEntry) -> tuple[MatchValue, ...]:
        if not self.fields:
            raise invalid(f'{self.label}: the table has no key, so it has a default entry only (spec: "TableEntry")')
        given: dict[int, p4r.FieldMatch] = {}
        for match in entry.match:
            if match.field_id not in self._field_names:
                raise invalid(
                    f"{self.label}: unknown match field id {match.field_id} (fields: {listing(self._field_names)})"
                )
            if match.field_id in given:
                raise invalid(f"{self.label}: match field id {match.field_id} is given twice")
            given[match.field_id] = match
        return tuple(self._decode_field(spec, given.get(spec.id)) for spec in self.fields)

    def _decode_field(self, spec: Field, match: p4r.FieldMatch | None) -> MatchValue:
        what = f"{self.label}, match field {spec.name}"
        if match is not None:
            kind = match.WhichOneof("field_match_type")
            if kind != spec.kind:
                raise invalid(f'{what}: match type {kind or "unset"}, allowed is {spec.kind} (spec: "Match Format")')
        if spec.kind == "exact":
            if match is None:
                raise invalid(f'{what}: missing; an exact field has no "don\'t care" (spec: "Match Format")')
            return Exact(decode(match.exact.value, spec.width, what))
        if spec.kind == "lpm":
            return Lpm(0, 0) if match is None else _lpm(match.lpm, spec, what)
        if spec.kind == "ternary":
            return Ternary(0, 0) if match is None else _ternary(match.ternary, spec, what)
        return Range(0, spec.limit - 1) if match is None else _range(match.range, spec, what)

    def encode_key(self, match: tuple[MatchValue, ...], priority: int, into: p4r.TableEntry) -> None:
        """The canonical form: "don't care" fields are left out (spec: "Match Format")."""
        into.table_id = self.id
        if priority:
            into.priority = priority
        for spec, value in zip(self.fields, match, strict=True):
            if isinstance(value, Exact):
                into.match.add(field_id=spec.id).exact.value = encode(value.value)
            elif isinstance(value, Lpm):
                if value.prefix_len:
                    lpm = into.match.add(field_id=spec.id).lpm
                    lpm.value, lpm.prefix_len = encode(value.value), value.prefix_len
            elif isinstance(value, Ternary):
                if value.mask:
                    ternary = into.match.add(field_id=spec.id).ternary
                    ternary.value, ternary.mask = encode(value.value), encode(value.mask)
            elif value.low or value.high != spec.limit - 1:
                bounds = into.match.add(field_id=spec.id).range
                bounds.low, bounds.high = encode(value.low), encode(value.high)

    def encode_action(self, name: str, params: tuple[int, ...], into: p4r.TableEntry) -> None:
        self.actions_by_name[name].encode(params, into.action.action)


def _omitted(what: str, given: str) -> P4RuntimeError:
    return invalid(f'{what}: {given} matches everything; leave the field out instead (spec: "Match Format")')


def _lpm(match: p4r.FieldMatch.LPM, spec: Field, what: str) -> Lpm:
    value, length = decode(match.value, spec.width, what), match.prefix_len
    if length == 0:
        raise _omitted(what, "prefix length 0")
    if not 0 < length <= spec.width:
        raise invalid(f'{what}: prefix length {length}, allowed is 1 to {spec.width} (spec: "Match Format")')
    if value & ((1 << (spec.width - length)) - 1):
        raise invalid(f'{what}: value 0x{value:x} has bits set below its prefix length {length} (spec: "Match Format")')
    return Lpm(value, length)


def _ternary(match: p4r.FieldMatch.Ternary, spec: Field, what: str) -> Ternary:
    value, mask = decode(match.value, spec.width, what), decode(match.mask, spec.width, f"{what} mask")
    if not mask:
        raise _omitted(what, "mask 0")
    if value & ~mask:
        raise invalid(f'{what}: value 0x{value:x} has bits set outside its mask 0x{mask:x} (spec: "Match Format")')
    return Ternary(value, mask)


def _range(match: p4r.FieldMatch.Range, spec: Field, what: str) -> Range:
    low, high = decode(match.low, spec.width, f"{what} low"), decode(match.high, spec.width, f"{what} high")
    if low > high:
        raise invalid(f'{what}: low 0x{low:x} is above high 0x{high:x} (spec: "Match Format")')
    if low == 0 and high == spec.limit - 1:
        raise _omitted(what, "the full range")
    return Range(low, high)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Actions and their parameters between P4Runtime and the pipeline core (spec: "Action Specification")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finsy.proto import p4i, p4r

from p4dmm.softswitch.service.bytestrings import decode, encode
from p4dmm.softswitch.service.errors import denied, invalid


def listing(names: Mapping[int, str]) -> str:
    """The allowed ids of an error text, sorted by name; long lists are cut."""
    items = sorted(f"{name} ({number})" for number, name in names.items())
    return ", ".join(items[:20]) + (f", and {len(items) - 20} more" if len(items) > 20 else "") if items else "none"


@dataclass(frozen=True, slots=True)
class Field:
    """A match field, an action parameter or a packet metadata field of P4Info."""

    id: int
    name: str
    width: int
    limit: int  # first value that does not fit
    kind: str = ""


def field(number: int, name: str, width: int, kind: str = "") -> Field:
    return Field(number, name, width, 1 << width, kind)


class ActionCodec:
    """One action as one table refers to it."""

    __slots__ = ("_by_id", "_ids", "default_allowed", "id", "name", "params", "table_allowed")

    def __init__(self, info: p4i.Action, scope: int) -> None:
        self.id = info.preamble.id
        self.name = info.preamble.name
        self.params = tuple(field(param.id, param.name, param.bitwidth) for param in info.params)
        self.table_allowed = scope != p4i.ActionRef.DEFAULT_ONLY
        self.default_allowed = scope != p4i.ActionRef.TABLE_ONLY
        self._ids = {param.id: param.name for param in self.params}
        self._by_id = {param.id: index for index, param in enumerate(self.params)}

    def decode(self, action: p4r.Action) -> tuple[int, ...]:
        """Parameter values in P4Info order (spec: "Action Specification")."""
        given = action.params
        if len(given) == len(self.params):
            values: list[int] = []
            for param, spec in zip(given, self.params, strict=True):
                raw = param.value
                value = int.from_bytes(raw, "big")
                if param.param_id != spec.id or not raw or value >= spec.limit:
                    break
                values.append(value)
            else:
                return tuple(values)
        return self._decode_any_order(given)

    def _decode_any_order(self, given: Sequence[p4r.Action.Param]) -> tuple[int, ...]:
        found: dict[int, int] = {}
        for param in given:
            index = self._by_id.get(param.param_id)
            if index is None:
                raise invalid(
                    f"action {self.name}: unknown parameter id {param.param_id} (parameters: {listing(self._ids)})"
                )
            if index in found:
                raise invalid(f"action {self.name}: parameter id {param.param_id} is given twice")
            spec = self.params[index]
            found[index] = decode(param.value, spec.width, f"action {self.name}, parameter {spec.name}")
        missing = [spec.name for index, spec in enumerate(self.params) if index not in found]
        if missing:
            raise invalid(f'action {self.name}: missing parameter {", ".join(missing)} (spec: "Action Specification")')
        return tuple(found[index] for index in range(len(self.params)))

    def encode(self, values: tuple[int, ...], into: p4r.Action) -> None:
        into.action_id = self.id
        for spec, value in zip(self.params, values, strict=True):
            into.params.add(param_id=spec.id, value=encode(value))


def find_action(action_id: int, actions: Mapping[int, ActionCodec], label: str) -> ActionCodec:
    """The action of this id among those that the object that the label names may run."""
    action = actions.get(action_id)
    if action is None:
        names = {number: codec.name for number, codec in actions.items()}
        raise invalid(f"{label}: unknown action id {action_id} (actions: {listing(names)})")
    return action


def decode_action(
    message: p4r.Action, actions: Mapping[int, ActionCodec], label: str
) -> tuple[ActionCodec, tuple[int, ...]]:
    """As find_action, with the parameters of a message."""
    action = find_action(message.action_id, actions, label)
    return action, action.decode(message)


def decode_entry_action(
    message: p4r.Action, actions: Mapping[int, ActionCodec], label: str
) -> tuple[ActionCodec, tuple[int, ...]]:
    """As decode_action, for what is no default entry."""
    action, params = decode_action(message, actions, label)
    if not action.table_allowed:
        raise denied(f'{label}: action {action.name} is allowed as default action only (spec: "Action Specification")')
    return action, params

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> pipelines: tables, conditions, action calls."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from p4dmm.softswitch import ir, ir_action, ir_expr
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.match import KeyKind
from p4dmm.softswitch.read_checksum import read_calculation
from p4dmm.softswitch.read_expr import Scope

__all__ = ["public_name", "read_control", "successors"]

COPY_MARK = "#"
"""Between the name of an action and the id of a copy of it with other constants in it; no P4 name has it."""

HIT, MISS = "__HIT__", "__MISS__"
SIMPLE, INDIRECT, SELECTING = "simple", "indirect", "indirect_ws"


def public_name(action: str) -> str:
    """What the control plane calls an action, or any of its copies."""
    return action.partition(COPY_MARK)[0]


def read_control(view: View, scope: Scope, actions: Mapping[int, ir_action.Action]) -> ir.Control:
    """One element of 'pipelines'."""
    profiles = {profile.name: profile for profile in (_profile(raw, scope) for raw in view.items("action_profiles"))}
    nodes: dict[str, ir.Node] = {}
    for raw in view.items("tables"):
        name = raw.get("name").text()
        nodes[name] = _Table(raw.called(f"table '{name}'"), scope, actions, profiles).read(name)
    for raw in view.items("conditionals"):
        name = raw.get("name").text()
        where = raw.called(f"condition '{name}'")
        cond = scope.condition(where.get("expression").called(where.where))
        yes, no = (where.get(side).text_or_none() for side in ("true_next", "false_next"))
        nodes[name] = ir.ConditionNode(name, cond, yes, no)
    for raw in view.items("action_calls"):
        name = raw.get("name").text()
        action = _action(raw.called(f"action call '{name}'"), actions)
        nodes[name] = ir.ActionNode(name, action.name, raw.get("next_node").text_or_none())
    init = view.get("init_table").text_or_none()
    for target in [init, *(target for node in nodes.values() for target in successors(node))]:
        if target is not None and target not in nodes:
            raise view.malformed(f"there is no table or condition '{target}'")
    return ir.Control(view.get("name").text(), init, nodes, _with_actions(view, profiles, nodes.values()))


def _profile(view: View, scope: Scope) -> ir.Profile:
    name = view.get("name").text()
    where = view.called(f"action profile '{name}'")
    selector = read_calculation(view.get("selector").called(where.where), scope) if view.has("selector") else None
    return ir.Profile(name, where.get("max_size").integer(), selector, ())


def _with_actions(view: View, profiles: Mapping[str, ir.Profile], nodes: Iterable[ir.Node]) -> dict[str, ir.Profile]:
    """The profiles with the actions of the tables that have them."""
    result = dict(profiles)
    for node in nodes:
        if not isinstance(node, ir.TableNode) or node.profile is None:
            continue
        actions = tuple(public_name(action) for action in node.actions)
        known = result[node.profile].actions
        if known and set(known) != set(actions):
            raise view.unsupported(f"action profile '{node.profile}' of tables whose actions differ")
        result[node.profile] = replace(result[node.profile], actions=known or actions)
    return result


def successors(node: ir.Node) -> tuple[str | None, ...]:
    """Where control may go from a node; None is the end of the pipeline."""
    match node:
        case ir.ConditionNode():
            return (node.next_true, node.next_false)
        case ir.ActionNode():
            return (node.next_node,)
        case ir.TableNode():
            if node.by_hit:
                return (node.next_hit, node.next_miss)
            without = (node.next_without_action,) if node.profile is not None else ()
            return (*node.next_by_action.values(), *without)


def _action(view: View, actions: Mapping[int, ir_action.Action]) -> ir_action.Action:
    number = view.get("action_id").integer()
    if number not in actions:
        raise view.malformed(f"there is no action of id {number}")
    return actions[number]


class _Table:
    def __init__(
        self, view: View, scope: Scope, actions: Mapping[int, ir_action.Action], profiles: Mapping[str, ir.Profile]
    ) -> None:
        self._view = view
        self._scope = scope
        self._actions = actions
        self._profiles = profiles

    def read(self, name: str) -> ir.TableNode:
        view = self._view
        profile = self._profile()
        if view.has("direct_meters"):
            raise view.unsupported(f"direct meter '{view.get('direct_meters').raw}'")
        own = {action.name: action for action in (self._by_id(raw) for raw in view.items("action_ids"))}
        if len({public_name(action) for action in own}) < len(own):
            raise view.malformed("two of its actions have one name")
        keys = tuple(self._key(raw.called(view.where)) for raw in view.items("key"))
        default = view.get("default_entry").called(view.where) if profile is None or view.has("default_entry") else None
        constant = default is None or default.flag("action_const") or default.flag("action_entry_const")
        rows = None
        if view.has("entries"):
            if profile is not None:
                raise view.unsupported("an entry of the program, with an action profile")
            rows = tuple(self._row(raw.called(view.where), keys) for raw in view.items("entries"))
            rows = _with_p4runtime_priorities(rows, keys)
        by_hit, ways = self._ways(tuple(own))
        return ir.TableNode(
            name=name,
            size=view.get("max_size").integer(),
            keys=keys,
            actions=tuple(own),
            default_action=None if default is None else _action(default, self._actions).name,
            default_params=() if default is None else tuple(raw.hexadecimal() for raw in default.items("action_data")),
            # The control plane sets actions, which rows of a table with a profile do not have.
            default_is_const=constant or profile is not None,
            const_entries=rows,
            has_direct_counter=view.flag("with_counters"),
            has_idle_timeout=view.flag("support_timeout"),
            profile=profile,
            next_without_action=self._base(),
            next_by_action={} if by_hit else ways,
            next_hit=ways.get(HIT),
            next_miss=ways.get(MISS),
            by_hit=by_hit,
        )

    def _profile(self) -> str | None:
        kind = self._view.get("type").text()
        if kind not in {SIMPLE, INDIRECT, SELECTING}:
            raise self._view.unsupported(f"implementation '{kind}'", f"{SIMPLE}, {INDIRECT}, {SELECTING}")
        if kind == SIMPLE:
            return None
        name = self._view.get("action_profile").text()
        if name not in self._profiles:
            raise self._view.malformed(f"there is no action profile '{name}'")
        if kind == SELECTING and self._profiles[name].selector is None:
            raise self._view.malformed(f"action profile '{name}' has no selector")
        return name

    def _base(self) -> str | None:
        view = self._view
        return view.get("base_default_next").text_or_none() if view.has("base_default_next") else None

    def _by_id(self, raw: View) -> ir_action.Action:
        return _action(View({"action_id": raw.raw}, self._view.where), self._actions)

    def _ways(self, own: tuple[str, ...]) -> tuple[bool, dict[str, str | None]]:
        view = self._view
        nexts = view.get("next_tables")
        ways = {name: nexts.get(name).text_or_none() for name in nexts.keys()}  # noqa: SIM118  a View is no dict
        base = self._base()
        if HIT in ways or MISS in ways:
            return True, {HIT: ways.get(HIT, base), MISS: ways.get(MISS, base)}
        # Copies of an action that were named apart still go by the action's own name here.
        return False, {name: ways.get(public_name(name), base) for name in own}

    def _key(self, view: View) -> ir.TableKey:
        kind = view.get("match_type").text()
        if kind not in set(KeyKind):
            raise view.unsupported(f"match kind '{kind}'", ", ".join(KeyKind))
        source = self._scope.field_or_valid(view.get("target").called(view.where))
        name = view.get("name").text() if view.has("name") else ".".join(view.get("target").pair())
        mask = view.get("mask").hexadecimal() if view.has("mask") else None
        width = 1
        if isinstance(source, ir_expr.FieldValue):
            width = dict(self._scope.headers[source.ref.header].fields)[source.ref.field]
        return ir.TableKey(name, KeyKind(kind), source, width, mask)

    def _row(self, view: View, keys: tuple[ir.TableKey, ...]) -> ir.ConstRow:
        parts = list(view.items("match_key"))
        if len(parts) != len(keys):
            raise view.malformed(f"an entry has {len(parts)} match values for {len(keys)} keys")
        match = tuple(_match(part.called(view.where), key) for part, key in zip(parts, keys, strict=True))
        entry = view.get("action_entry").called(view.where)
        params = tuple(raw.hexadecimal() for raw in entry.items("action_data"))
        priority = view.get("priority").integer() if view.has("priority") else 0
        return ir.ConstRow(match, _action(entry, self._actions).name, params, priority)


def _match(view: View, key: ir.TableKey) -> tuple[int, ...]:
    kind = view.get("match_type").text()
    if kind != key.kind:
        raise view.malformed(f"an entry matches key '{key.name}' {kind}, which is matched {key.kind}")
    match key.kind:
        case KeyKind.EXACT:
            return (view.get("key").hexadecimal(),)
        case KeyKind.LPM:
            length = view.get("prefix_length").integer()
            rest = max(key.width - length, 0)
            return (view.get("key").hexadecimal() >> rest << rest, length)
        case KeyKind.TERNARY:
            mask = view.get("mask").hexadecimal()
            return (view.get("key").hexadecimal() & mask, mask)
        case KeyKind.RANGE:
            return (view.get("start").hexadecimal(), view.get("end").hexadecimal())


def _with_p4runtime_priorities(rows: tuple[ir.ConstRow, ...], keys: tuple[ir.TableKey, ...]) -> tuple[ir.ConstRow, ...]:
    """BMv2 prefers the smallest priority, P4Runtime the largest; tables without priorities have 0."""
    ordered = any(key.kind in {KeyKind.TERNARY, KeyKind.RANGE} for key in keys)
    top = max((row.priority for row in rows), default=0) + 1
    return tuple(ir.ConstRow(row.match, row.action, row.params, top - row.priority if ordered else 0) for row in rows)

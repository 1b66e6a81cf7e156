# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> pipelines: tables, conditions, action calls."""

from collections.abc import Mapping

from p4dmm.softswitch import ir
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.match import KeyKind
from p4dmm.softswitch.read_expr import Scope

__all__ = ["read_control"]

COPY_MARK = "#"
"""Between the name of an action and the id of a copy of it with other constants in it; no P4 name has it."""

HIT, MISS = "__HIT__", "__MISS__"


def read_control(view: View, scope: Scope, actions: Mapping[int, ir.Action]) -> ir.Control:
    """One element of 'pipelines'."""
    for profile in view.items("action_profiles"):
        raise view.unsupported(f"action profile '{profile.get('name').text()}'")
    nodes: dict[str, ir.Node] = {}
    for raw in view.items("tables"):
        name = raw.get("name").text()
        nodes[name] = _Table(raw.called(f"table '{name}'"), scope, actions).read(name)
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
    return ir.Control(view.get("name").text(), init, nodes)


def successors(node: ir.Node) -> tuple[str | None, ...]:
    """Where control may go from a node; None is the end of the pipeline."""
    match node:
        case ir.ConditionNode():
            return (node.next_true, node.next_false)
        case ir.ActionNode():
            return (node.next_node,)
        case ir.TableNode():
            return (node.next_hit, node.next_miss) if node.by_hit else tuple(node.next_by_action.values())


def _action(view: View, actions: Mapping[int, ir.Action]) -> ir.Action:
    number = view.get("action_id").integer()
    if number not in actions:
        raise view.malformed(f"there is no action of id {number}")
    return actions[number]


class _Table:
    def __init__(self, view: View, scope: Scope, actions: Mapping[int, ir.Action]) -> None:
        self._view = view
        self._scope = scope
        self._actions = actions

    def read(self, name: str) -> ir.TableNode:
        view = self._view
        kind = view.get("type").text()
        if kind != "simple":
            raise view.unsupported(f"implementation '{kind}'", "simple")
        if view.has("direct_meters"):
            raise view.unsupported(f"direct meter '{view.get('direct_meters').raw}'")
        if view.flag("support_timeout"):
            raise view.unsupported("idle timeout")
        own = {action.name: action for action in (self._by_id(raw) for raw in view.items("action_ids"))}
        keys = tuple(self._key(raw.called(view.where)) for raw in view.items("key"))
        default = view.get("default_entry").called(view.where)
        default_action = _action(default, self._actions)
        rows = None
        if view.has("entries"):
            rows = tuple(self._row(raw.called(view.where), keys) for raw in view.items("entries"))
            rows = _with_p4runtime_priorities(rows, keys)
        by_hit, ways = self._ways(tuple(own))
        return ir.TableNode(
            name=name,
            size=view.get("max_size").integer(),
            keys=keys,
            actions=tuple(own),
            default_action=default_action.name,
            default_params=tuple(raw.hexadecimal() for raw in default.items("action_data")),
            default_is_const=default.flag("action_const") or default.flag("action_entry_const"),
            const_entries=rows,
            has_direct_counter=view.flag("with_counters"),
            next_by_action={} if by_hit else ways,
            next_hit=ways.get(HIT),
            next_miss=ways.get(MISS),
            by_hit=by_hit,
        )

    def _by_id(self, raw: View) -> ir.Action:
        return _action(View({"action_id": raw.raw}, self._view.where), self._actions)

    def _ways(self, own: tuple[str, ...]) -> tuple[bool, dict[str, str | None]]:
        view = self._view
        nexts = view.get("next_tables")
        ways = {name: nexts.get(name).text_or_none() for name in nexts.keys()}  # noqa: SIM118  a View is no dict
        base = view.get("base_default_next").text_or_none() if view.has("base_default_next") else None
        if HIT in ways or MISS in ways:
            return True, {HIT: ways.get(HIT, base), MISS: ways.get(MISS, base)}
        # Copies of an action that were named apart still go by the action's own name here.
        return False, {name: ways.get(name.partition(COPY_MARK)[0], base) for name in own}

    def _key(self, view: View) -> ir.TableKey:
        kind = view.get("match_type").text()
        if kind not in set(KeyKind):
            raise view.unsupported(f"match kind '{kind}'", ", ".join(KeyKind))
        source = self._scope.field_or_valid(view.get("target").called(view.where))
        name = view.get("name").text() if view.has("name") else ".".join(view.get("target").pair())
        if view.has("mask"):
            raise view.unsupported(f"a static mask on key '{name}' (a slice or & of a field)", "a whole field")
        width = 1
        if isinstance(source, ir.FieldValue):
            width = dict(self._scope.headers[source.ref.header].fields)[source.ref.field]
        return ir.TableKey(name, KeyKind(kind), source, width)

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

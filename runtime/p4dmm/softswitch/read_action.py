# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> actions and the primitives they are made of."""

from collections.abc import Collection

from p4dmm.softswitch import ir
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.read_expr import Scope, is_boolean

__all__ = ["read_action", "read_statement"]

SUPPORTED = "assign, assign_header, add_header, remove_header, mark_to_drop, count, exit, _jump, _jump_if_zero, log_msg"


def read_action(view: View, scope: Scope, counters: Collection[str]) -> ir.Action:
    """One element of 'actions'."""
    name = view.get("name").text()
    params = tuple(param.get("bitwidth").integer() for param in view.items("runtime_data"))
    inner = scope.with_params(params)
    body = tuple(
        read_statement(primitive.called(f"action '{name}'"), inner, counters) for primitive in view.items("primitives")
    )
    for position, statement in enumerate(body):
        if isinstance(statement, ir.Jump | ir.JumpIfZero) and statement.target <= position:
            raise view.called(f"action '{name}'").unsupported("a loop")
    return ir.Action(name, params, body)


def read_statement(view: View, scope: Scope, counters: Collection[str]) -> ir.Statement:
    """One primitive; the view's place names the action or parser state it stands in."""
    op = view.get("op").text()
    args = [argument.called(view.where) for argument in view.get("parameters").items()]
    expected = {"assign": 2, "assign_header": 2, "add_header": 1, "remove_header": 1, "count": 2, "_jump": 1}
    if len(args) < (expected | {"_jump_if_zero": 2}).get(op, 0):
        raise view.malformed(f"primitive '{op}' has {len(args)} parameters")
    match op:
        case "assign":
            return _assign(args[0], args[1], scope)
        case "assign_header":
            return _assign_header(args[0], args[1], scope)
        case "add_header":
            return ir.AddHeader(_header(args[0], scope))
        case "remove_header":
            return ir.RemoveHeader(_header(args[0], scope))
        case "mark_to_drop":
            return ir.MarkToDrop()
        case "count":
            return _count(args[0], args[1], scope, counters)
        case "exit":
            return ir.Exit()
        case "_jump":
            return ir.Jump(_target(args[0], scope))
        case "_jump_if_zero":
            cond = scope.expr(args[0])
            return ir.JumpIfZero(cond, _target(args[1], scope))
        case "log_msg":
            return ir.Nothing()
        case _:
            raise view.unsupported(f"primitive '{op}'", SUPPORTED)


def _assign(target: View, value: View, scope: Scope) -> ir.Assign:
    kind = target.get("type").text()
    if kind != "field":
        raise target.unsupported(f"assignment to a '{kind}'", "field")
    expr = scope.expr(value)
    # Fields hold numbers, so p4c wraps truth values; where it does not, the value is the same.
    return ir.Assign(
        scope.field(target.get("value").called(target.where)), ir.Unary("b2d", expr) if is_boolean(expr) else expr
    )


def _assign_header(target: View, source: View, scope: Scope) -> ir.AssignHeader:
    result = ir.AssignHeader(_header(target, scope), _header(source, scope))
    if scope.headers[result.target].fields != scope.headers[result.source].fields:
        raise target.malformed(f"headers '{result.target}' and '{result.source}' are of different types")
    return result


def _header(view: View, scope: Scope) -> str:
    kind = view.get("type").text()
    if kind != "header":
        raise view.unsupported(f"a '{kind}' where a header stands", "header")
    return scope.header(view.get("value").called(view.where))


def _count(array: View, index: View, scope: Scope, counters: Collection[str]) -> ir.Count:
    name = array.get("value").called(array.where).text()
    if name not in counters:
        raise array.malformed(f"there is no counter '{name}'")
    return ir.Count(name, scope.number(index))


def _target(view: View, scope: Scope) -> int:
    expr = scope.expr(view)
    if not isinstance(expr, ir.Const):
        raise view.malformed("a jump has no constant target")
    return expr.value

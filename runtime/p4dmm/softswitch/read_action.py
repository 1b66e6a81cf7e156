# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> actions and the primitives they are made of."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from p4dmm.softswitch import ir_action, ir_expr
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.read_checksum import read_calculation
from p4dmm.softswitch.read_expr import Scope, is_boolean

__all__ = ["Externs", "read_action", "read_statement"]

OPERANDS = {
    "assign": 2,
    "assign_header": 2,
    "add_header": 1,
    "remove_header": 1,
    "mark_to_drop": 0,
    "count": 2,
    "execute_meter": 3,
    "modify_field_with_hash_based_offset": 4,
    "exit": 0,
    "_jump": 1,
    "_jump_if_zero": 2,
    "log_msg": 0,
}


@dataclass(frozen=True)
class Externs:
    """What else of the program primitives name."""

    counters: frozenset[str] = frozenset()
    meters: frozenset[str] = frozenset()
    calculations: Mapping[str, View] = field(default_factory=dict)


def read_action(view: View, scope: Scope, externs: Externs) -> ir_action.Action:
    """One element of 'actions'."""
    name = view.get("name").text()
    params = tuple(param.get("bitwidth").integer() for param in view.items("runtime_data"))
    inner = scope.with_params(params)
    body = tuple(
        read_statement(primitive.called(f"action '{name}'"), inner, externs) for primitive in view.items("primitives")
    )
    for position, statement in enumerate(body):
        if isinstance(statement, ir_action.Jump | ir_action.JumpIfZero) and statement.target <= position:
            raise view.called(f"action '{name}'").unsupported("a loop")
    return ir_action.Action(name, params, body)


def read_statement(view: View, scope: Scope, externs: Externs) -> ir_action.Statement:
    """One primitive; the view's place names the action or parser state it stands in."""
    op = view.get("op").text()
    args = [argument.called(view.where) for argument in view.get("parameters").items()]
    if op not in OPERANDS:
        raise view.unsupported(f"primitive '{op}'", ", ".join(OPERANDS))
    if len(args) < OPERANDS[op]:
        raise view.malformed(f"primitive '{op}' has {len(args)} parameters")
    match op:
        case "assign":
            return _assign(args[0], args[1], scope)
        case "assign_header":
            return _assign_header(args[0], args[1], scope)
        case "add_header":
            return ir_action.AddHeader(_header(args[0], scope))
        case "remove_header":
            return ir_action.RemoveHeader(_header(args[0], scope))
        case "mark_to_drop":
            return ir_action.MarkToDrop()
        case "count":
            return ir_action.Count(_extern(args[0], "counter", externs.counters), scope.number(args[1]))
        case "execute_meter":
            meter = _extern(args[0], "meter", externs.meters)
            return ir_action.ExecuteMeter(meter, scope.number(args[1]), _field(args[2], scope))
        case "modify_field_with_hash_based_offset":
            calculation = externs.calculations[_extern(args[2], "calculation", externs.calculations)]
            base, size = scope.number(args[1]), scope.number(args[3])
            return ir_action.Hash(_field(args[0], scope), base, read_calculation(calculation, scope), size)
        case "exit":
            return ir_action.Exit()
        case "_jump":
            return ir_action.Jump(_target(args[0], scope))
        case "_jump_if_zero":
            cond = scope.expr(args[0])
            return ir_action.JumpIfZero(cond, _target(args[1], scope))
        case _:
            return ir_action.Nothing()


def _assign(target: View, value: View, scope: Scope) -> ir_action.Assign:
    ref = _field(target, scope)
    expr = scope.expr(value)
    # Fields hold numbers, so p4c wraps truth values; where it does not, the value is the same.
    return ir_action.Assign(ref, ir_expr.Unary("b2d", expr) if is_boolean(expr) else expr)


def _field(target: View, scope: Scope) -> ir_expr.FieldRef:
    kind = target.get("type").text()
    if kind != "field":
        raise target.unsupported(f"assignment to a '{kind}'", "field")
    return scope.field(target.get("value").called(target.where))


def _assign_header(target: View, source: View, scope: Scope) -> ir_action.AssignHeader:
    result = ir_action.AssignHeader(_header(target, scope), _header(source, scope))
    if scope.headers[result.target].fields != scope.headers[result.source].fields:
        raise target.malformed(f"headers '{result.target}' and '{result.source}' are of different types")
    return result


def _header(view: View, scope: Scope) -> str:
    kind = view.get("type").text()
    if kind != "header":
        raise view.unsupported(f"a '{kind}' where a header stands", "header")
    return scope.header(view.get("value").called(view.where))


def _extern(view: View, kind: str, known: Container[str]) -> str:
    name = view.get("value").called(view.where).text()
    if name not in known:
        raise view.malformed(f"there is no {kind} '{name}'")
    return name


def _target(view: View, scope: Scope) -> int:
    expr = scope.expr(view)
    if not isinstance(expr, ir_expr.Const):
        raise view.malformed("a jump has no constant target")
    return expr.value

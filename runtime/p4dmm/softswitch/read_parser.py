# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> the parser."""

from p4dmm.softswitch import ir, ir_action, ir_expr
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.read_action import Externs, read_statement
from p4dmm.softswitch.read_expr import Scope

__all__ = ["read_parser"]

OPS = "extract, set, verify, advance, primitive"
PRIMITIVES = (ir_action.Assign, ir_action.AssignHeader, ir_action.AddHeader, ir_action.RemoveHeader, ir_action.Nothing)


def read_parser(view: View, scope: Scope) -> ir.Parser:
    """The only element of 'parsers'."""
    states: dict[str, ir.ParserState] = {}
    for state in view.items("parse_states"):
        name = state.get("name").text()
        states[name] = _state(state.called(f"parser state '{name}'"), name, scope)
    init = view.get("init_state").text_or_none()
    for source, target in [("the parser", init)] + [
        (f"parser state '{state.name}'", way.next_state) for state in states.values() for way in state.transitions
    ]:
        if target is not None and target not in states:
            raise view.called(source).malformed(f"there is no state '{target}'")
    return ir.Parser(init, states)


def _state(view: View, name: str, scope: Scope) -> ir.ParserState:
    where = view.where
    ops = tuple(_op(op.called(where), scope) for op in view.items("parser_ops"))
    key = tuple(_key_part(part.called(where), scope) for part in view.items("transition_key"))
    ways = tuple(_transition(way.called(where)) for way in view.items("transitions"))
    if not key and any(way.value is not None for way in ways):
        raise view.malformed("a transition has a value, but there is no key")
    return ir.ParserState(name, ops, key, ways)


def _op(view: View, scope: Scope) -> ir.ParserOp:
    op = view.get("op").text()
    args = [argument.called(view.where) for argument in view.get("parameters").items()]
    match op, args:
        case "extract", [header]:
            kind = header.get("type").text()
            if kind != "regular":
                raise view.unsupported(f"extract into a '{kind}'", "regular")
            return ir.Extract(scope.header(header.get("value").called(view.where)))
        case "set", [target, value]:
            return ir_action.Assign(scope.field(target.get("value").called(view.where)), _value(value, scope))
        case "verify", [cond, error]:
            return ir.Verify(scope.condition(cond), scope.number(error))
        case "advance", [bits]:
            amount = scope.expr(bits)
            if not isinstance(amount, ir_expr.Const):
                raise view.unsupported("advance by a computed amount", "advance by a constant")
            if amount.value % 8 or amount.value < 0:
                raise view.unsupported(f"advance by {amount.value} bits", "whole octets")
            return ir.Advance(amount.value // 8)
        case "primitive", [primitive]:
            statement = read_statement(primitive, scope, Externs())
            if not isinstance(statement, PRIMITIVES):
                raise view.unsupported(f"primitive '{primitive.get('op').text()}'")
            return statement
        case _ if op in OPS.split(", "):
            raise view.malformed(f"parser operation '{op}' has {len(args)} parameters")
        case _:
            raise view.unsupported(f"parser operation '{op}'", OPS)


def _value(view: View, scope: Scope) -> ir_expr.Expr:
    """What only a parser may read: the bits ahead, not as part of an expression; or a number."""
    kind = view.get("type").text()
    if kind == "expression" and view.get("value").has("type"):
        return _value(view.get("value").called(view.where), scope)
    if kind != "lookahead":
        return scope.number(view)
    bits = view.get("value").called(view.where)
    offset, width = bits.at(0).integer(), bits.at(1).integer()
    if offset or not width:
        raise view.unsupported(f"lookahead of {width} bits at bit {offset}", "one or more bits at bit 0")
    return ir_expr.Lookahead(width)


def _key_part(view: View, scope: Scope) -> tuple[ir_expr.Expr, int]:
    kind = view.get("type").text()
    if kind not in {"field", "lookahead"}:
        raise view.unsupported(f"a '{kind}' in a transition key", "field, lookahead")
    expr = _value(view, scope)
    match expr:
        case ir_expr.FieldValue(ref):
            return expr, dict(scope.headers[ref.header].fields)[ref.field]
        case ir_expr.Lookahead(width):
            return expr, width
        case _:
            return expr, 1


def _transition(view: View) -> ir.Transition:
    # Older compilers leave the type out.
    untyped = "default" if view.get("value").raw in (None, "default") else "hexstr"
    kind = view.get("type").text() if view.has("type") else untyped
    target = view.get("next_state").text_or_none()
    match kind:
        case "default":
            return ir.Transition(None, None, target)
        case "hexstr":
            mask = view.get("mask").hexadecimal() if view.has("mask") else None
            return ir.Transition(view.get("value").hexadecimal(), mask, target)
        case _:
            raise view.unsupported(f"transition of type '{kind}'", "hexstr, default")

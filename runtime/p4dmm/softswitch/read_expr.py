# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> expressions."""

from collections.abc import Mapping

from p4dmm.softswitch import ir, ir_expr
from p4dmm.softswitch.errors import MalformedProgramError
from p4dmm.softswitch.jsonview import View

__all__ = ["Scope", "is_boolean"]

VALID_FIELD = "$valid$"
ARITHMETIC = frozenset({"+", "-", "*", "<<", ">>", "&", "|", "^"})
COMPARISON = frozenset({"==", "!=", "<", "<=", ">", ">="})
LOGICAL = frozenset({"and", "or"})
CASTS = frozenset({"two_comp_mod", "usat_cast", "sat_cast"})
UNARY = frozenset({"not", "~", "d2b", "b2d", "valid"})
SUPPORTED = ", ".join(sorted(ARITHMETIC | COMPARISON | LOGICAL | CASTS | UNARY | {"?"}))

_BOOLEAN = COMPARISON | LOGICAL | {"not", "d2b"}


def is_boolean(expr: ir_expr.Expr) -> bool:
    """Whether the expression is a truth value, not a number."""
    match expr:
        case ir_expr.BoolConst():
            return True
        case ir_expr.Unary(op) | ir_expr.Binary(op):
            return op in _BOOLEAN
        case ir_expr.Choice(_, then, _):
            return is_boolean(then)
        case _:
            return False


class Scope:
    """The names an expression may use."""

    def __init__(self, headers: Mapping[str, ir.Header], params: tuple[int, ...] = ()) -> None:
        self.headers = headers
        self.params = params
        self._fields = {ir_expr.FieldRef(name, field) for name, header in headers.items() for field, _ in header.fields}

    def with_params(self, params: tuple[int, ...]) -> "Scope":
        """The scope inside an action."""
        return Scope(self.headers, params)

    def field(self, view: View) -> ir_expr.FieldRef:
        """A reference to a field that exists."""
        ref = ir_expr.FieldRef(*view.pair())
        if ref not in self._fields:
            raise view.malformed(f"there is no field '{ref}'")
        return ref

    def header(self, view: View) -> str:
        """The name of a packet header that exists."""
        name = view.text()
        if name not in self.headers:
            raise view.malformed(f"there is no header '{name}'")
        if self.headers[name].is_metadata:
            raise view.unsupported(f"metadata '{name}' used as a packet header")
        return name

    def field_or_valid(self, view: View) -> ir_expr.FieldValue | ir_expr.Valid:
        """A field, hidden validity included."""
        header, field = view.pair()
        if field == VALID_FIELD:
            return ir_expr.Valid(self.header(View(header, view.where)))
        return ir_expr.FieldValue(self.field(view))

    def expr(self, view: View) -> ir_expr.Expr:
        """Any expression; BMv2 wraps them in any number of {'type': 'expression'}."""
        kind = view.get("type").text()
        value = view.get("value")
        match kind:
            case "expression":
                inner = value.called(view.where)
                return self._operation(inner) if value.has("op") else self.expr(inner)
            case "field":
                return self.field_or_valid(value)
            case "hexstr":
                return ir_expr.Const(value.hexadecimal())
            case "bool":
                return ir_expr.BoolConst(value=bool(value.raw))
            case "local" | "runtime_data":
                index = value.integer()
                if index >= len(self.params):
                    raise view.malformed(f"there is no action parameter {index}")
                return ir_expr.Param(index, self.params[index])
            case _:
                raise view.unsupported(f"operand type '{kind}'", "expression, field, hexstr, bool, local, runtime_data")

    def condition(self, view: View) -> ir_expr.Expr:
        """An expression that is a truth value."""
        expr = self.expr(view)
        if not is_boolean(expr):
            raise MalformedProgramError(f"{view.where}: expected a truth value, found a number")
        return expr

    def number(self, view: View) -> ir_expr.Expr:
        """An expression that is a number."""
        expr = self.expr(view)
        if is_boolean(expr):
            raise MalformedProgramError(f"{view.where}: expected a number, found a truth value")
        return expr

    def _operation(self, view: View) -> ir_expr.Expr:
        op = view.get("op").text()
        where = view.where
        left, right = (view.get(side).called(where) if view.has(side) else None for side in ("left", "right"))
        if right is None:
            raise view.malformed(f"operation '{op}' has no right operand")
        if op in UNARY:
            return self._unary(op, right)
        if op == "?":
            if left is None or not view.has("cond"):
                raise view.malformed("operation '?' lacks an operand")
            choice = ir_expr.Choice(self.condition(view.get("cond").called(where)), self.expr(left), self.expr(right))
            if is_boolean(choice.then) is not is_boolean(choice.other):
                raise view.malformed("operation '?' chooses between a number and a truth value")
            return choice
        if op in {"+", "-"} and left is None:
            left = View({"type": "hexstr", "value": "0x0"}, where)
        if op not in ARITHMETIC | COMPARISON | LOGICAL | CASTS:
            raise view.unsupported(f"operation '{op}'", SUPPORTED)
        if left is None:
            raise view.malformed(f"operation '{op}' has no left operand")
        return self._binary(op, left, right)

    def _unary(self, op: str, right: View) -> ir_expr.Expr:
        match op:
            case "valid":
                return ir_expr.Unary("d2b", ir_expr.Valid(self.header(right.get("value").called(right.where))))
            case "not" | "b2d":
                return ir_expr.Unary(op, self.condition(right))
            case _:
                return ir_expr.Unary(op, self.number(right))

    def _binary(self, op: str, left: View, right: View) -> ir_expr.Expr:
        if op in LOGICAL:
            return ir_expr.Binary(op, self.condition(left), self.condition(right))
        if op in COMPARISON:
            for side in (left, right):
                if side.get("type").text() == "header":
                    raise side.unsupported(f"comparison '{op}' of headers")
            result = ir_expr.Binary(op, self.expr(left), self.expr(right))
            if is_boolean(result.left) is not is_boolean(result.right):
                raise left.malformed(f"operation '{op}' compares a number with a truth value")
            return result
        result = ir_expr.Binary(op, self.number(left), self.number(right))
        if op in CASTS and not (isinstance(result.right, ir_expr.Const) and result.right.value > 0):
            raise right.malformed(f"the width of '{op}' is no positive constant")
        return result

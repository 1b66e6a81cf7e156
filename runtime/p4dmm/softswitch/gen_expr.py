# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Expressions -> Python.

BMv2 computes without a width and truncates on assignment; so does Python. Next to its text an expression has a bound:
so many bits hold its value, or None if it may be negative. Where the bound fits the target, no mask is needed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from p4dmm.softswitch import ir_expr
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.errors import UnsupportedProgramError
from p4dmm.softswitch.read_expr import is_boolean

__all__ = ["Expressions", "Term"]

# Longer left shifts than this only move zeros into any field a program can have; uncapped, a packet could ask for
# gigabytes.
LONGEST_SHIFT = 4096


class Term(NamedTuple):
    """A number in Python text, and how many bits hold it."""

    text: str
    bits: int | None


class Expressions:
    """Renders expressions; parameters of the action are given as terms."""

    def __init__(self, context: Context, params: Sequence[Term] = (), lookahead_at: int = 0) -> None:
        self._context = context
        self._params = params
        self._lookahead_at = lookahead_at

    def truncated(self, expr: ir_expr.Expr, width: int) -> str:
        """A number that fits the width."""
        text, bits = self.number(expr)
        if bits is not None and bits <= width:
            return text
        return f"{text} & {(1 << width) - 1:#x}"

    def number(self, expr: ir_expr.Expr) -> Term:
        """A number."""
        match expr:
            case ir_expr.Const(value):
                return Term(f"{value:#x}" if value > 9 else f"({value})" if value < 0 else str(value), _bits(value))
            case ir_expr.FieldValue(ref):
                return Term(self._context.field(ref), self._context.widths[ref])
            case ir_expr.Valid(header):
                return Term(self._context.valid(header), 1)
            case ir_expr.Param(index, _):
                return self._params[index]
            case ir_expr.Lookahead(width):
                return self._lookahead(width)
            case ir_expr.Unary("b2d", arg):
                return Term(self._strict(arg), 1)
            case ir_expr.Unary("~", arg):
                return Term(f"(~{self.number(arg).text})", None)
            case ir_expr.Binary(op, left, right):
                return self._binary(op, left, right)
            case ir_expr.Choice(cond, then, other):
                yes, no = self.number(then), self.number(other)
                return Term(f"({yes.text} if {self.truth(cond)} else {no.text})", _widest(yes.bits, no.bits))
            case _:
                raise AssertionError(expr)

    def truth(self, expr: ir_expr.Expr) -> str:
        """Text that is true or false for an if."""
        match expr:
            case ir_expr.BoolConst(value):
                return str(value)
            case ir_expr.Unary("d2b", arg):
                return self.number(arg).text
            case ir_expr.Unary("not", arg):
                return f"(not {self.truth(arg)})"
            case ir_expr.Binary("and" | "or" as op, left, right):
                return f"({self.truth(left)} {op} {self.truth(right)})"
            case ir_expr.Binary(op, left, right) if is_boolean(left):
                return f"({self._strict(left)} {op} {self._strict(right)})"
            case ir_expr.Binary(op, left, right):
                return f"({self.number(left).text} {op} {self.number(right).text})"
            case ir_expr.Choice(cond, then, other):
                return f"({self.truth(then)} if {self.truth(cond)} else {self.truth(other)})"
            case _:
                raise AssertionError(expr)

    def _strict(self, expr: ir_expr.Expr) -> str:
        """Text of a truth value that is 0 or 1."""
        text = self.truth(expr)
        return text if self._is_strict(expr) else f"(1 if {text} else 0)"

    def _is_strict(self, expr: ir_expr.Expr) -> bool:
        match expr:
            case ir_expr.Unary("d2b", arg):
                return self.number(arg).bits in {0, 1}
            case ir_expr.Binary("and" | "or", left, right):
                return self._is_strict(left) and self._is_strict(right)
            case ir_expr.Choice(_, then, other):
                return self._is_strict(then) and self._is_strict(other)
            case _:
                return True

    def _binary(self, op: str, left: ir_expr.Expr, right: ir_expr.Expr) -> Term:
        a, b = self.number(left), self.number(right)
        if op in {"two_comp_mod", "usat_cast", "sat_cast"}:
            assert isinstance(right, ir_expr.Const)
            return _cast(op, a, right.value)
        if op in {"<<", ">>"} and b.bits is None:
            raise UnsupportedProgramError(f"operation '{op}' by an amount that may be negative is not supported")
        if op == "<<":
            return _shift_left(a, b, right)
        if op == "&" and isinstance(right, ir_expr.Const) and a.bits is not None and _covers(right.value, a.bits):
            # p4c masks after every step, also where that cannot clear anything.
            return a
        text = f"({a.text} {op} {b.text})"
        known = [bits for bits in (a.bits, b.bits) if bits is not None]
        bits: int | None = None
        match op:
            case "&" if known:
                bits = min(known)
            case ">>" if a.bits is not None:
                bits = max(a.bits - right.value, 0) if isinstance(right, ir_expr.Const) else a.bits
            case "|" | "^" if len(known) == 2:
                bits = max(known)
            case "+" if len(known) == 2:
                bits = max(known) + 1
            case "*" if len(known) == 2:
                bits = sum(known)
            case _:
                pass
        return Term(text, bits)

    def _lookahead(self, width: int) -> Term:
        start, octets = self._lookahead_at, (width + 7) // 8
        spare = octets * 8 - width
        text = f"frame[{start}]" if octets == 1 else f"from_bytes(frame[{start}:{start + octets}], 'big')"
        return Term(f"({text} >> {spare})" if spare else text, width)


def _shift_left(a: Term, b: Term, amount: ir_expr.Expr) -> Term:
    if isinstance(amount, ir_expr.Const):
        count = min(amount.value, LONGEST_SHIFT)
        return Term(f"({a.text} << {count})", None if a.bits is None else a.bits + count)
    if b.bits is not None and b.bits <= 12:
        return Term(f"({a.text} << {b.text})", None if a.bits is None else a.bits + (1 << b.bits) - 1)
    return Term(f"({a.text} << min({b.text}, {LONGEST_SHIFT}))", None)


def _cast(op: str, a: Term, width: int) -> Term:
    match op:
        case "usat_cast":
            text = f"min({a.text}, {(1 << width) - 1:#x})"
            return Term(text if a.bits is not None else f"max({text}, 0)", width)
        case "sat_cast":
            top = 1 << (width - 1)
            return Term(f"max(min({a.text}, {top - 1:#x}), {-top:#x})", None)
        case _:
            sign = 1 << (width - 1)
            return Term(f"((({a.text} + {sign:#x}) & {(1 << width) - 1:#x}) - {sign:#x})", None)


def _covers(mask: int, bits: int) -> bool:
    return mask & (mask + 1) == 0 and bits <= mask.bit_length()


def _bits(value: int) -> int | None:
    return value.bit_length() if value >= 0 else None


def _widest(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else max(a, b)

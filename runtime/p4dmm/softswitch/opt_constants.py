# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Forwards through generated Python: what a variable is known to be, from assignments and from conditions that hold.

Conditions that are known are decided, and so is what stands under them. Validities and clean bits are 0 or 1; every
other variable of the packet's state is a number that is not negative, so that a false one is 0.
"""

import ast
import operator
import re
from collections.abc import Callable, Sequence

from p4dmm.softswitch.opt_effects import Effects

__all__ = ["Constants"]

Known = dict[str, int]
FLAG = re.compile(r"[vc]\d+_")
NUMBER = re.compile(r"[vcf]\d+_")

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
}
_COMPARE: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Constants:
    """One pass over one function."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._breaks: list[Known] = []

    def block(self, body: Sequence[ast.stmt], known: Known) -> tuple[list[ast.stmt], Known | None]:
        """The statements with what is known put in, and what is known behind them; None where control never gets."""
        out: list[ast.stmt] = []
        state: Known | None = dict(known)
        for statement in body:
            if state is None:
                break
            state = self._statement(out, statement, state)
        return out, state

    def _statement(self, out: list[ast.stmt], statement: ast.stmt, known: Known) -> Known | None:
        match statement:
            case ast.Assign(targets, value):
                return self._assign(out, statement, targets, value, known)
            case ast.AugAssign(target, _, value):
                statement.value = self._expr(value, known)
                if isinstance(target, ast.Name):
                    known.pop(target.id, None)
                out.append(statement)
            case ast.If():
                return self._if(out, statement, known)
            case ast.For(target, iterable, body, _):
                statement.iter = self._expr(iterable, known)
                _, written, _ = self._effects.touched(statement)
                for name in self._effects.names(written):
                    known.pop(name, None)
                outer, self._breaks = self._breaks, []
                statement.body = self.block(body, known)[0] or [ast.Pass()]
                self._breaks = outer
                out.append(statement)
            case ast.While():
                return self._once(out, statement, known)
            case ast.Break():
                self._breaks.append(known)
                out.append(statement)
                return None
            case ast.Return(value):
                if value is not None:
                    statement.value = self._expr(value, known)
                out.append(statement)
                return None
            case ast.Expr(value):
                statement.value = self._expr(value, known)
                out.append(statement)
            case _:
                pass
        return known

    def _assign(
        self, out: list[ast.stmt], statement: ast.Assign, targets: list[ast.expr], value: ast.expr, known: Known
    ) -> Known:
        statement.value = value = self._expr(value, known)
        number = _number(value)
        kept: list[ast.expr] = []
        for target in targets:
            if isinstance(target, ast.Name):
                if number is not None and known.get(target.id) == number:
                    continue
                known.pop(target.id, None)
                if number is not None:
                    known[target.id] = number
            kept.append(target)
        if kept:
            statement.targets = kept
            out.append(statement)
        return known

    def _if(self, out: list[ast.stmt], statement: ast.If, known: Known) -> Known | None:
        test = self._expr(statement.test, known)
        number = _truth(test)
        if number is not None:
            body, after = self.block(statement.body if number else statement.orelse, known)
            out += body
            return after
        yes, after_yes = self.block(statement.body, known | _facts(test, holds=True))
        no, after_no = self.block(statement.orelse, known | _facts(test, holds=False))
        if yes or no:
            statement.test = test if yes else ast.UnaryOp(ast.Not(), test)
            statement.body, statement.orelse = yes or no, no if yes else []
            out.append(statement)
        elif not self._effects.pure(test):
            out.append(ast.Expr(test))
        return _join([after_yes, after_no])

    def _once(self, out: list[ast.stmt], loop: ast.While, known: Known) -> Known | None:
        """A loop that every way through its body leaves."""
        outer, self._breaks = self._breaks, []
        body, after = self.block(loop.body, known)
        assert after is None
        breaks, self._breaks = self._breaks, outer
        loop.body = body
        out.append(loop)
        return _join([*breaks])

    def _expr(self, node: ast.expr, known: Known) -> ast.expr:
        return _Folder(known).visit(node) if self._concerns(node, known) else node

    def _concerns(self, node: ast.expr, known: Known) -> bool:
        return any(name in known for name in self._effects.names_read(node)) or isinstance(node, ast.IfExp)


class _Folder(ast.NodeTransformer):
    """Expressions with known variables put in. Makes new nodes where something changes, and shares the others."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._known.get(node.id)
        return node if value is None else ast.Constant(value)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        a, b, function = _number(left), _number(right), _BINARY.get(type(node.op))
        if a is not None and b is not None and function is not None:
            return ast.Constant(function(a, b))
        return ast.BinOp(left, node.op, right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not) and (number := _truth(operand)) is not None:
            return ast.Constant(not number)
        return ast.UnaryOp(node.op, operand)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """The value of a condition matters as true or false only."""
        stops = isinstance(node.op, ast.Or)
        parts: list[ast.expr] = []
        known = self._known
        for value in node.values:
            # Python looks at a part only if those before it have not decided.
            part = _Folder(known).visit(value)
            known = known | _facts(part, holds=not stops)
            number = _truth(part)
            if number is None:
                parts.append(part)
            elif number == stops:
                parts.append(ast.Constant(stops))
                break
        if not parts:
            return ast.Constant(not stops)
        return parts[0] if len(parts) == 1 else ast.BoolOp(node.op, parts)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left, rest = self.visit(node.left), [self.visit(part) for part in node.comparators]
        if len(rest) == 1 and (function := _COMPARE.get(type(node.ops[0]))) is not None:
            a, b = _number(left), _number(rest[0])
            if a is not None and b is not None:
                return ast.Constant(function(a, b))
        return ast.Compare(left, node.ops, rest)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        number = _truth(test)
        if number is not None:
            return self.visit(node.body if number else node.orelse)  # type: ignore[no-any-return]
        return ast.IfExp(
            test,
            _Folder(self._known | _facts(test, holds=True)).visit(node.body),
            _Folder(self._known | _facts(test, holds=False)).visit(node.orelse),
        )

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(self.visit(node.func), [self.visit(part) for part in node.args], node.keywords)

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        return ast.Tuple([self.visit(part) for part in node.elts], node.ctx)

    def visit_List(self, node: ast.List) -> ast.expr:
        return ast.List([self.visit(part) for part in node.elts], node.ctx)


def _number(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def _truth(node: ast.expr) -> bool | None:
    number = _number(node)
    return None if number is None else bool(number)


def _facts(test: ast.expr, *, holds: bool) -> Known:
    """What variables must be where the condition holds, or where it does not."""
    match test:
        case ast.Name(name) if FLAG.match(name) or (NUMBER.match(name) and not holds):
            return {name: int(holds)}
        case ast.UnaryOp(ast.Not(), operand):
            return _facts(operand, holds=not holds)
        case ast.BoolOp(op, values) if isinstance(op, ast.And) == holds:
            return {name: value for part in values for name, value in _facts(part, holds=holds).items()}
        case ast.Compare(ast.Name(name), [op], [ast.Constant(int(value))]) if NUMBER.match(name):
            return {name: int(value)} if isinstance(op, ast.Eq if holds else ast.NotEq) else {}
        case _:
            return {}


def _join(ways: Sequence[Known | None]) -> Known | None:
    """What is known whichever way control came."""
    reached = [way for way in ways if way is not None]
    if not reached:
        return None
    first, *others = reached
    for other in others:
        first = dict(first.items() & other.items())
    return first

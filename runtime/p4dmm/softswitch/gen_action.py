# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Statements of actions -> Python."""

from collections.abc import Mapping, Sequence

from p4dmm.softswitch import ir
from p4dmm.softswitch.context import LENGTH, Context
from p4dmm.softswitch.flow import joins
from p4dmm.softswitch.gen_expr import Expressions, Term
from p4dmm.softswitch.read_expr import is_boolean
from p4dmm.softswitch.writer import Writer

__all__ = ["Statements", "used_params"]

DROP_PORT = 511


def used_params(action: ir.Action) -> set[int]:
    """The parameters the action reads."""
    found: set[int] = set()

    def walk(item: object) -> None:
        match item:
            case ir.Param(index, _):
                found.add(index)
            case ir.Unary(_, arg):
                walk(arg)
            case ir.Binary(_, left, right):
                walk(left)
                walk(right)
            case ir.Choice(cond, then, other):
                walk(cond)
                walk(then)
                walk(other)
            case ir.Assign(_, expr) | ir.Count(_, expr) | ir.JumpIfZero(expr, _):
                walk(expr)
            case _:
                pass

    for statement in action.body:
        walk(statement)
    return found


class Statements:
    """Writes statements; one instance per pipeline or parser."""

    def __init__(self, context: Context, counters: Mapping[str, int]) -> None:
        self._context = context
        self._counters = counters
        self._sizes = {counter.name: counter.size for counter in context.program.counters}

    def action(self, out: Writer, action: ir.Action, params: Sequence[Term]) -> bool:
        """The whole action; returns whether it has an exit, in which case the writer has been left with a break."""
        body = action.body
        exits = any(isinstance(statement, ir.Exit) for statement in body)
        always = bool(body) and exits and not any(isinstance(s, ir.Jump | ir.JumpIfZero) for s in body)
        if exits and not always:
            out.line("leave = 0")
        self._region(out, body, params, 0 if body else None, None)
        if always:
            out.line("break")
        elif exits:
            leave = out.child()
            leave.line("break")
            out.block("if leave:", leave)
        return exits

    def _region(
        self,
        out: Writer,
        body: tuple[ir.Statement, ...],
        params: Sequence[Term],
        start: int | None,
        stop: int | None,
    ) -> None:
        """Statements from start until stop; jumps go forward only, so branches meet again."""

        def position(target: int) -> int | None:
            return target if target < len(body) else None

        def successors(at: int) -> tuple[int | None, ...]:
            match body[at]:
                case ir.Jump(target):
                    return (position(target),)
                case ir.JumpIfZero(_, target):
                    return (position(at + 1), position(target))
                case _:
                    return (position(at + 1),)

        join = joins(start, successors)
        at = start
        while at is not None and at != stop:
            statement = body[at]
            if isinstance(statement, ir.JumpIfZero):
                yes, no = out.child(), out.child()
                self._region(yes, body, params, position(at + 1), join[at])
                self._region(no, body, params, position(statement.target), join[at])
                expressions = Expressions(self._context, params)
                out.branch(self._cond(expressions, statement.cond), yes, no)
            else:
                self.statement(out, statement, Expressions(self._context, params))
            at = join[at]

    @staticmethod
    def _cond(expressions: Expressions, cond: ir.Expr) -> str:
        if isinstance(cond, ir.Unary) and cond.op == "b2d":
            return expressions.truth(cond.arg)
        return expressions.truth(cond) if is_boolean(cond) else expressions.number(cond).text

    def statement(self, out: Writer, statement: ir.Statement, expressions: Expressions) -> None:
        """One statement that is no jump."""
        match statement:
            case ir.Assign(target, value):
                self._assign(out, target, value, expressions)
            case ir.AssignHeader(target, source):
                self._assign_header(out, target, source)
            case ir.AddHeader(header):
                self._add_header(out, header)
            case ir.RemoveHeader(header):
                self._remove_header(out, header)
            case ir.MarkToDrop():
                for name, number in (("egress_spec", DROP_PORT), ("mcast_grp", 0)):
                    ref = self._context.program.standard(name)
                    if ref is not None:
                        out.line(f"{self._context.field(ref)} = {number}")
            case ir.Count(counter, index):
                self._count(out, counter, expressions.number(index))
            case ir.Exit():
                out.line("leave = 1")
            case ir.Nothing() | ir.Jump():
                pass
            case _:
                raise AssertionError(statement)

    def _assign(self, out: Writer, target: ir.FieldRef, value: ir.Expr, expressions: Expressions) -> None:
        context = self._context
        if target.field not in context.usage.kept[target.header]:
            return
        out.line(f"{context.field(target)} = {expressions.truncated(value, context.widths[target])}")
        if not context.program.headers[target.header].is_metadata and context.emitted(target.header):
            out.clear(context.raw(target.header))

    def _assign_header(self, out: Writer, target: str, source: str) -> None:
        context = self._context
        if target == source:
            return
        copy = out.child()
        copy.line(f"{context.valid(target)} = 1")
        if context.emitted(target):
            copy.line(f"{context.raw(target)} = {context.raw(source)}")
        if context.needs_bits(target):
            copy.line(f"{context.bits(target)} = {context.bits(source)}")
        for ref in context.kept(target):
            copy.line(f"{context.field(ref)} = {context.field(ir.FieldRef(source, ref.field))}")
        drop = out.child()
        drop.line(f"{context.valid(target)} = 0")
        out.branch(context.valid(source), copy, drop)

    def _add_header(self, out: Writer, header: str) -> None:
        context = self._context
        body = out.child()
        body.line(f"{context.valid(header)} = 1")
        zeroed = [context.field(ref) for ref in context.kept(header)]
        if context.emitted(header):
            body.line(f"{context.raw(header)} = None")
        if context.needs_bits(header):
            zeroed.append(context.bits(header))
        if zeroed:
            body.line(f"{' = '.join(zeroed)} = 0")
        if context.tracks_length:
            body.line(f"{LENGTH} += {context.program.headers[header].octets}")
        out.block(f"if not {context.valid(header)}:", body)

    def _remove_header(self, out: Writer, header: str) -> None:
        valid = self._context.valid(header)
        if self._context.tracks_length:
            body = out.child()
            body.line(f"{LENGTH} -= {self._context.program.headers[header].octets}")
            out.block(f"if {valid}:", body)
        out.line(f"{valid} = 0")

    def _count(self, out: Writer, counter: str, index: Term) -> None:
        number, size = self._counters[counter], self._sizes[counter]
        # BMv2 takes the index as 32 bits and ignores one outside the array.
        fits = index.bits is not None and 1 << index.bits <= size
        out.line(f"x = {index.text}" + ("" if index.bits is not None and index.bits <= 32 else " & 0xffffffff"))
        body = out.child()
        for cells, amount in ((f"cp{number}", "1"), (f"cb{number}", "n")):
            (out if fits else body).line(f"{cells}[x] += {amount}")
        if not fits:
            out.block(f"if x < {size}:", body)

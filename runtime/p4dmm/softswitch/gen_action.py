# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Statements of actions -> Python."""

from collections.abc import Mapping, Sequence

from p4dmm.softswitch import ir_action, ir_expr
from p4dmm.softswitch.context import LENGTH, Context
from p4dmm.softswitch.flow import joins
from p4dmm.softswitch.gen_bits import write_hash
from p4dmm.softswitch.gen_expr import Expressions, Term
from p4dmm.softswitch.meters import GREEN, PACKETS, RED, SCALE
from p4dmm.softswitch.read_expr import is_boolean
from p4dmm.softswitch.writer import Writer

__all__ = ["Statements", "used_params"]

DROP_PORT = 511
MASK_64 = (1 << 64) - 1


def used_params(action: ir_action.Action) -> set[int]:
    """The parameters the action reads."""
    found: set[int] = set()

    def walk(item: object) -> None:
        match item:
            case ir_expr.Param(index, _):
                found.add(index)
            case ir_expr.Unary(_, arg):
                walk(arg)
            case ir_expr.Binary(_, left, right):
                walk(left)
                walk(right)
            case ir_expr.Choice(cond, then, other):
                walk(cond)
                walk(then)
                walk(other)
            case (
                ir_action.Assign(_, expr)
                | ir_action.Count(_, expr)
                | ir_action.ExecuteMeter(_, expr, _)
                | ir_action.JumpIfZero(expr, _)
            ):
                walk(expr)
            case ir_action.Hash(_, base, _, size):
                walk(base)
                walk(size)
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
        self._meters = {meter.name: (number, meter) for number, meter in enumerate(context.program.meters)}

    def action(self, out: Writer, action: ir_action.Action, params: Sequence[Term]) -> bool:
        """The whole action; returns whether it has an exit, in which case the writer has been left with a break."""
        body = action.body
        exits = any(isinstance(statement, ir_action.Exit) for statement in body)
        always = bool(body) and exits and not any(isinstance(s, ir_action.Jump | ir_action.JumpIfZero) for s in body)
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
        body: tuple[ir_action.Statement, ...],
        params: Sequence[Term],
        start: int | None,
        stop: int | None,
    ) -> None:
        """Statements from start until stop; jumps go forward only, so branches meet again."""

        def position(target: int) -> int | None:
            return target if target < len(body) else None

        def successors(at: int) -> tuple[int | None, ...]:
            match body[at]:
                case ir_action.Jump(target):
                    return (position(target),)
                case ir_action.JumpIfZero(_, target):
                    return (position(at + 1), position(target))
                case _:
                    return (position(at + 1),)

        join = joins(start, successors)
        at = start
        while at is not None and at != stop:
            statement = body[at]
            if isinstance(statement, ir_action.JumpIfZero):
                yes, no = out.child(), out.child()
                self._region(yes, body, params, position(at + 1), join[at])
                self._region(no, body, params, position(statement.target), join[at])
                expressions = Expressions(self._context, params)
                out.branch(self._cond(expressions, statement.cond), yes, no)
            else:
                self.statement(out, statement, Expressions(self._context, params))
            at = join[at]

    @staticmethod
    def _cond(expressions: Expressions, cond: ir_expr.Expr) -> str:
        if isinstance(cond, ir_expr.Unary) and cond.op == "b2d":
            return expressions.truth(cond.arg)
        return expressions.truth(cond) if is_boolean(cond) else expressions.number(cond).text

    def statement(self, out: Writer, statement: ir_action.Statement, expressions: Expressions) -> None:
        """One statement that is no jump."""
        match statement:
            case ir_action.Assign(target, value):
                self._assign(out, target, value, expressions)
            case ir_action.AssignHeader(target, source):
                self._assign_header(out, target, source)
            case ir_action.AddHeader(header):
                self._add_header(out, header)
            case ir_action.RemoveHeader(header):
                self._remove_header(out, header)
            case ir_action.MarkToDrop():
                for name, number in (("egress_spec", DROP_PORT), ("mcast_grp", 0)):
                    ref = self._context.program.standard(name)
                    if ref is not None:
                        out.line(f"{self._context.field(ref)} = {number}")
            case ir_action.Count(counter, index):
                self._count(out, counter, expressions.number(index))
            case ir_action.ExecuteMeter(meter, index, target):
                self._execute_meter(out, meter, expressions.number(index), target)
            case ir_action.Hash():
                self._hash(out, statement, expressions)
            case ir_action.Exit():
                out.line("leave = 1")
            case ir_action.Nothing() | ir_action.Jump():
                pass
            case _:
                raise AssertionError(statement)

    def _assign(self, out: Writer, target: ir_expr.FieldRef, value: ir_expr.Expr, expressions: Expressions) -> None:
        if self._kept(target):
            self._store(out, target, expressions.truncated(value, self._context.widths[target]))

    def _kept(self, target: ir_expr.FieldRef) -> bool:
        return target.field in self._context.usage.kept[target.header]

    def _store(self, out: Writer, target: ir_expr.FieldRef, text: str) -> None:
        """Set a field that is kept to a number that fits."""
        context = self._context
        out.line(f"{context.field(target)} = {text}")
        if not context.program.headers[target.header].is_metadata and context.emitted(target.header):
            out.clear(context.clean(target.header))

    def _assign_header(self, out: Writer, target: str, source: str) -> None:
        context = self._context
        if target == source:
            return
        copy = out.child()
        copy.line(f"{context.valid(target)} = 1")
        if context.emitted(target):
            copy.line(f"{context.raw(target)} = {context.raw(source)}")
            copy.line(f"{context.clean(target)} = {context.clean(source)}")
        if context.needs_bits(target):
            copy.line(f"{context.bits(target)} = {context.bits(source)}")
        for ref in context.kept(target):
            copy.line(f"{context.field(ref)} = {context.field(ir_expr.FieldRef(source, ref.field))}")
        drop = out.child()
        drop.line(f"{context.valid(target)} = 0")
        out.branch(context.valid(source), copy, drop)

    def _add_header(self, out: Writer, header: str) -> None:
        context = self._context
        body = out.child()
        body.line(f"{context.valid(header)} = 1")
        zeroed = [context.field(ref) for ref in context.kept(header)]
        if context.emitted(header):
            body.line(f"{context.clean(header)} = 0")
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
        body = self._index(out, index, size)
        for cells, amount in ((f"cp{number}", "1"), (f"cb{number}", "n")):
            body.line(f"{cells}[x] += {amount}")
        if body is not out:
            out.block(f"if x < {size}:", body)

    @staticmethod
    def _index(out: Writer, index: Term, size: int) -> Writer:
        """Put the index into x; returns where to write what needs it to be inside the array.

        BMv2 takes the index as 32 bits and ignores one outside the array.
        """
        out.line(f"x = {index.text}" + ("" if index.bits is not None and index.bits <= 32 else " & 0xffffffff"))
        return out if index.bits is not None and 1 << index.bits <= size else out.child()

    def _execute_meter(self, out: Writer, name: str, index: Term, target: ir_expr.FieldRef) -> None:
        number, meter = self._meters[name]
        body = self._index(out, index, meter.size)
        body.line(f"t = m{number}.get(x)")
        amount = str(SCALE) if meter.unit == PACKETS else f"n * {SCALE}"
        color = f"mark(t, now_ns, {amount})"
        if self._kept(target):
            width = self._context.widths[target]
            mask = f" & {(1 << width) - 1:#x}" if width < RED.bit_length() else ""
            self._store(body, target, f"{color}{mask} if t is not None else {GREEN}")
        else:
            marked = body.child()
            marked.line(color)
            body.block("if t is not None:", marked)
        if body is not out:
            out.block(f"if x < {meter.size}:", body)

    def _hash(self, out: Writer, statement: ir_action.Hash, expressions: Expressions) -> None:
        if not self._kept(statement.target):
            return
        value, bits = write_hash(out, self._context, statement.calculation)
        base, size = expressions.number(statement.base), expressions.number(statement.size)
        # BMv2 computes in 64 bits, and without a division by zero.
        if not isinstance(statement.size, ir_expr.Const):
            value = f"{value} % ({_in_64_bits(size)} or 1)"
        elif (divisor := statement.size.value & MASK_64 or 1) < 1 << bits:
            value, bits = f"{value} % {divisor}", (divisor - 1).bit_length()
        if statement.base != ir_expr.Const(0):
            value, bits = f"({value}) + {_in_64_bits(base)}", 65
        width = min(self._context.widths[statement.target], 64)
        self._store(out, statement.target, value if bits <= width else f"({value}) & {(1 << width) - 1:#x}")


def _in_64_bits(term: Term) -> str:
    return term.text if term.bits is not None and term.bits <= 64 else f"({term.text} & {MASK_64:#x})"

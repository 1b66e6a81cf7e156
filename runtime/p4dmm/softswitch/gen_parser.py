# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The parser -> Python.

The states are unrolled into a tree, so that every header has a constant place in the packet on each way through it. The
text stands inside a loop that runs once: a way that ends sets `rest`, where the payload starts, and breaks.
"""

from p4dmm.softswitch import ir
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.errors import MalformedProgramError, UnsupportedProgramError
from p4dmm.softswitch.gen_action import Statements
from p4dmm.softswitch.gen_expr import Expressions
from p4dmm.softswitch.writer import Writer

__all__ = ["ParserWriter"]

MOST_UNROLLED = 2000
TOO_SHORT = "PacketTooShort"


class ParserWriter:
    """Writes one parser."""

    def __init__(self, context: Context, statements: Statements) -> None:
        self._context = context
        self._program = context.program
        self._statements = statements
        self._unrolled = 0
        error = self._program.standard("parser_error")
        self._error = context.field(error) if error is not None and error in context.usage.read else None

    def write(self, out: Writer) -> None:
        """The text from the first state to the end of every way."""
        if self._error is not None:
            out.line(f"{self._error} = {self._program.errors.get('NoError', 0)}")
        loop = out.child()
        self._state(loop, self._program.parser.init_state, 0, ())
        out.block("while True:", loop)

    def _state(self, out: Writer, name: str | None, start: int, way: tuple[str, ...]) -> None:
        if name is None:
            self._end(out, start)
            return
        if name in way:
            raise UnsupportedProgramError(f"a loop through parser state '{name}' is not supported")
        self._unrolled += 1
        if self._unrolled > MOST_UNROLLED:
            raise UnsupportedProgramError(
                f"a parser with more than {MOST_UNROLLED} ways to its states is not supported"
            )
        state = self._program.parser.states[name]
        at = start
        for op in state.ops:
            at = self._op(out, op, at)
        self._select(out, state, at, (*way, name))

    def _op(self, out: Writer, op: ir.ParserOp, at: int) -> int:
        match op:
            case ir.Extract(header):
                octets = self._program.headers[header].octets
                self._need(out, at, octets)
                self._extract(out, header, at)
                return at + octets
            case ir.Advance(octets):
                self._need(out, at, octets)
                return at + octets
            case ir.Verify(cond, error):
                expressions = Expressions(self._context, (), at)
                failed = out.child()
                if self._error is not None:
                    failed.line(f"{self._error} = {expressions.truncated(error, 32)}")
                self._end(failed, at)
                out.block(f"if not {expressions.truth(cond)}:", failed)
                return at
            case _:
                if isinstance(op, ir.Assign) and isinstance(op.value, ir.Lookahead):
                    self._need(out, at, (op.value.width + 7) // 8)
                self._statements.statement(out, op, Expressions(self._context, (), at))
                return at

    def _need(self, out: Writer, at: int, octets: int) -> None:
        short = out.child()
        if self._error is not None:
            if TOO_SHORT not in self._program.errors:
                raise MalformedProgramError(f"the program reads parser_error but defines no error '{TOO_SHORT}'")
            short.line(f"{self._error} = {self._program.errors[TOO_SHORT]}")
        self._end(short, at)
        out.block(f"if n < {at + octets}:", short)

    @staticmethod
    def _end(out: Writer, at: int) -> None:
        out.line(f"rest = {at}")
        out.line("break")

    def _extract(self, out: Writer, header: str, at: int) -> None:
        context = self._context
        octets = self._program.headers[header].octets
        taken = f"frame[{at}:{at + octets}]"
        if context.emitted(header):
            out.line(f"{context.raw(header)} = {taken}")
            taken = context.raw(header)
        fields = context.kept(header)
        plans = {ref: self._direct(ref, at, octets) for ref in fields}
        whole = context.needs_bits(header) or sum(cost for _, cost in plans.values()) > 4 + 2 * len(fields)
        number = context.bits(header) if context.needs_bits(header) else "x"
        if whole:
            out.line(f"{number} = from_bytes({taken}, 'big')")
        for ref, (text, cost) in plans.items():
            out.line(f"{context.field(ref)} = {self._from_whole(ref, number) if whole and cost > 2 else text}")
        out.line(f"{context.valid(header)} = 1")

    def _direct(self, ref: ir.FieldRef, at: int, octets: int) -> tuple[str, int]:
        """Text that takes a field from the frame, and about what it costs."""
        width = self._context.widths[ref]
        low = self._context.shift(ref)
        first = at + octets - (low + width + 7) // 8
        last = at + octets - low // 8
        spare = low % 8
        span = last - first
        if span == 1:
            text, cost = f"frame[{first}]", 1
        elif span == 2:
            text, cost = f"(frame[{first}] << 8 | frame[{first + 1}])", 4
        else:
            text, cost = f"from_bytes(frame[{first}:{last}], 'big')", 6
        if spare:
            text, cost = f"{text} >> {spare}", cost + 1
        if spare + width < 8 * span:
            text, cost = f"{text} & {(1 << width) - 1:#x}", cost + 1
        return text, cost

    def _from_whole(self, ref: ir.FieldRef, number: str) -> str:
        width = self._context.widths[ref]
        low = self._context.shift(ref)
        total = 8 * self._program.headers[ref.header].octets
        text = f"{number} >> {low}" if low else number
        return text if low + width == total else f"{text} & {(1 << width) - 1:#x}"

    def _select(self, out: Writer, state: ir.ParserState, at: int, way: tuple[str, ...]) -> None:
        key = self._key(out, state, at)
        for transition in state.transitions:
            # A mask of don't-care bits only is a default with another name.
            if transition.value is None or transition.mask == 0:
                self._state(out, transition.next_state, at, way)
                return
            body = out.child()
            self._state(body, transition.next_state, at, way)
            if transition.mask is None:
                out.block(f"if {key} == {transition.value:#x}:", body)
            else:
                out.block(f"if {key} & {transition.mask:#x} == {transition.value & transition.mask:#x}:", body)
        self._end(out, at)

    def _key(self, out: Writer, state: ir.ParserState, at: int) -> str:
        for expr, width in state.key:
            if isinstance(expr, ir.Lookahead):
                self._need(out, at, (width + 7) // 8)
        expressions = Expressions(self._context, (), at)
        text = ""
        for expr, width in state.key:
            part = expressions.number(expr).text
            # Values of transitions have every part padded to octets.
            text = f"({text} << {(width + 7) // 8 * 8} | {part})" if text else part
        if len(state.key) > 1 and len(state.transitions) > 1:
            out.line(f"k = {text}")
            return "k"
        return text

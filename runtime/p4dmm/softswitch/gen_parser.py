# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The parser -> Python.

The states are unrolled into a tree, so that every header has a constant place in the packet on each way through it. The
text stands inside a loop that runs once: a way that ends sets `rest`, where the payload starts, and breaks.

On its way the parser only takes each header's octets, and the fields it decides by. The others are taken from the
octets behind the loop, in one place for all ways: what a packet does not need is then easily left out
(opt_liveness.py).
"""

from collections.abc import Iterator

from p4dmm.softswitch import ir, ir_action, ir_expr
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.errors import MalformedProgramError, UnsupportedProgramError
from p4dmm.softswitch.gen_action import Statements
from p4dmm.softswitch.gen_expr import Expressions
from p4dmm.softswitch.usage import operands
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
        self._decisive = self._read()
        self._late = {header for header in self._program.headers if self._is_late(header)}
        error = self._program.standard("parser_error")
        self._error = context.field(error) if error is not None and error in context.usage.read else None

    def write(self, out: Writer) -> None:
        """The text from the first state to the end of every way."""
        if self._error is not None:
            out.line(f"{self._error} = {self._program.errors.get('NoError', 0)}")
        loop = out.child()
        self._state(loop, self._program.parser.init_state, 0, ())
        out.block("while True:", loop)
        for header in self._extracted():
            if header in self._late:
                self._decode(out, header)

    def _ops(self) -> Iterator[tuple[str, ir.ParserOp]]:
        for name, state in self._program.parser.states.items():
            yield from ((name, op) for op in state.ops)

    def _extracted(self) -> list[str]:
        return list(dict.fromkeys(op.header for _, op in self._ops() if isinstance(op, ir.Extract)))

    def _read(self) -> set[ir_expr.FieldRef]:
        """The fields the parser itself reads."""
        exprs = [expr for state in self._program.parser.states.values() for expr, _ in state.key]
        for _, op in self._ops():
            match op:
                case ir.Verify(cond, error):
                    exprs += (cond, error)
                case ir_action.Assign(_, value):
                    exprs.append(value)
                case _:
                    pass
        return {operand.ref for expr in exprs for operand in operands(expr) if isinstance(operand, ir_expr.FieldValue)}

    def _is_late(self, header: str) -> bool:
        """Whether nothing happens to the header in the parser once its octets have been taken."""
        first = self._program.parser.init_state
        at_once = any(name == first and isinstance(op, ir.Extract) and op.header == header for name, op in self._ops())
        for name, op in self._ops():
            match op:
                case ir_action.Assign(target, _) if target.header == header:
                    return False
                case ir_action.AssignHeader(target, source) if header in {target, source}:
                    return False
                case ir_action.RemoveHeader(removed) if removed == header and (name != first or at_once):
                    return False
                case ir_action.AddHeader(added) if added == header:
                    return False
                case _:
                    pass
        return True

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
                if isinstance(op, ir_action.Assign) and isinstance(op.value, ir_expr.Lookahead):
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
        fields = context.kept(header)
        late = header in self._late
        if context.emitted(header) or late:
            out.line(f"{context.raw(header)} = frame[{at}:{at + octets}]")
        if context.emitted(header):
            out.line(f"{context.clean(header)} = 1")
        if late:
            self._take(out, header, [ref for ref in fields if ref in self._decisive], "frame", at)
        else:
            self._take(out, header, fields, "frame", at)
        out.line(f"{context.valid(header)} = 1")

    def _decode(self, out: Writer, header: str) -> None:
        """What has not been taken on the way."""
        context = self._context
        fields = [ref for ref in context.kept(header) if ref not in self._decisive]
        if fields or context.needs_bits(header):
            self._take(out, header, fields, context.raw(header), 0, f" if {context.valid(header)} else 0")

    def _take(
        self, out: Writer, header: str, fields: list[ir_expr.FieldRef], source: str, at: int, condition: str = ""
    ) -> None:
        """The fields, from the header's place in the source."""
        context = self._context
        octets = self._program.headers[header].octets
        plans = {ref: self._direct(ref, source, at, octets) for ref in fields}
        bits = context.needs_bits(header) and (header not in self._late or bool(condition))
        whole = bits or (not condition and sum(cost for _, cost in plans.values()) > 4 + 2 * len(fields))
        number = context.bits(header) if bits else "x"
        if whole:
            taken = source if condition else f"{source}[{at}:{at + octets}]"
            out.line(f"{number} = from_bytes({taken}, 'big'){condition}")
        for ref, (text, cost) in plans.items():
            out.line(
                f"{context.field(ref)} = {self._from_whole(ref, number) if whole and cost > 4 else text}{condition}"
            )

    def _direct(self, ref: ir_expr.FieldRef, source: str, at: int, octets: int) -> tuple[str, int]:
        """Text that takes a field from the source, and about what it costs."""
        width = self._context.widths[ref]
        low = self._context.shift(ref)
        first = at + octets - (low + width + 7) // 8
        last = at + octets - low // 8
        spare = low % 8
        span = last - first
        if span == 1:
            text, cost = f"{source}[{first}]", 1
        elif span == 2:
            text, cost = f"({source}[{first}] << 8 | {source}[{first + 1}])", 4
        else:
            text, cost = f"from_bytes({source}[{first}:{last}], 'big')", 6
        if spare:
            text, cost = f"{text} >> {spare}", cost + 1
        if spare + width < 8 * span:
            text, cost = f"{text} & {(1 << width) - 1:#x}", cost + 1
        return text, cost

    def _from_whole(self, ref: ir_expr.FieldRef, number: str) -> str:
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
            if isinstance(expr, ir_expr.Lookahead):
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

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Program -> Python source of `make(tables, counters, meters, groups)`, which returns `process(port, frame, now_ns)`.

process parses, runs ingress and decides where copies go, then runs egress and deparses. Where there are several,
egress takes the state of each as its arguments, so that they cannot touch each other. Variables are named in
context.py; optimize.py makes the code that is run of it.
"""

from p4dmm.softswitch import ir
from p4dmm.softswitch.context import LENGTH, STATE_NAME, Context
from p4dmm.softswitch.gen_action import DROP_PORT, Statements
from p4dmm.softswitch.gen_control import ControlWriter
from p4dmm.softswitch.gen_deparse import write_checksum_updates, write_checksum_verification, write_deparser
from p4dmm.softswitch.gen_parser import ParserWriter
from p4dmm.softswitch.gen_table import TableWriter
from p4dmm.softswitch.writer import Writer

__all__ = ["generate"]

REPLICATION = 5  # PKT_INSTANCE_TYPE_REPLICATION of simple_switch


def generate(program: ir.Program) -> str:
    """The source."""
    return _Generator(program).source()


class _Generator:
    def __init__(self, program: ir.Program) -> None:
        self._program = program
        self._context = Context(program)
        self._counters = {counter.name: number for number, counter in enumerate(program.counters)}
        self._tables = {node.name: number for number, node in enumerate(program.tables)}
        self._statements = Statements(self._context, self._counters)
        self._table_writer = TableWriter(self._context, self._statements, self._tables)

    def source(self) -> str:
        egress = self._egress("None", "o + frame[rest:]")
        state = sorted({name for _, text in egress.lines for name in STATE_NAME.findall(text)})
        if any("now_ns" in text for _, text in egress.lines):
            state.append("now_ns")
        process = self._process(state)
        out = Writer()
        make = out.child()
        self._bind(make)
        make.block(f"def egress({', '.join(['port', 'frame', 'n', 'rest', *state])}):", egress)
        make.block("def process(port, frame, now_ns):", process)
        make.line("return process")
        out.block("def make(tables, counters, meters, groups):", make)
        return out.text()

    def _bind(self, out: Writer) -> None:
        out.line("from_bytes = int.from_bytes")
        for name, number in self._tables.items():
            out.line(f"D{number} = tables[{name!r}].default_cell")
            out.line(f"T{number} = tables[{name!r}].cells")
        for name, number in self._counters.items():
            out.line(f"cp{number} = counters[{name!r}].packet_cells")
            out.line(f"cb{number} = counters[{name!r}].byte_cells")
        for number, meter in enumerate(self._program.meters):
            out.line(f"m{number} = meters[{meter.name!r}].cells")

    def _standard(self, name: str) -> str | None:
        """The variable of an architecture field that somebody reads."""
        ref = self._program.standard(name)
        return self._context.field(ref) if ref is not None and ref in self._context.usage.read else None

    def _set(self, out: Writer, name: str, value: str) -> None:
        variable = self._standard(name)
        if variable is not None:
            out.line(f"{variable} = {value}")

    def _control(self, out: Writer, control: ir.Control) -> None:
        ControlWriter(self._context, control, self._statements, self._table_writer).write(out)

    def _egress(self, dropped_result: str, result: str) -> Writer:
        out = Writer(2)
        self._set(out, "egress_port", "port")
        # simple_switch sets the drop port + 1, which is 0 in 9 bits.
        self._set(out, "egress_spec", "0")
        self._set(out, "packet_length", f"{LENGTH} & 0xffffffff")
        before = len(out.lines)
        self._control(out, self._program.egress)
        spec = str(self._standard("egress_spec"))
        if any(spec in text for _, text in out.lines[before:]):
            dropped = out.child()
            dropped.line(f"return {dropped_result}")
            out.block(f"if {spec} == {DROP_PORT}:", dropped)
        write_checksum_updates(out, self._context)
        write_deparser(out, self._context)
        out.line(f"return {result}")
        return out

    def _process(self, egress_state: list[str]) -> Writer:
        body = Writer(2)
        self._set(body, "ingress_port", "port & 0x1ff")
        self._set(body, "packet_length", "n")
        if self._context.tracks_length:
            body.line(f"{LENGTH} = n")
        ParserWriter(self._context, self._statements).write(body)
        write_checksum_verification(body, self._context)
        self._control(body, self._program.ingress)
        self._replicate(body, egress_state)
        self._unicast(body)
        used = {name for _, text in body.lines for name in STATE_NAME.findall(text)} | set(egress_state)
        used.discard("now_ns")
        out = Writer(2)
        out.line("n = len(frame)")
        raw = sorted(name for name in used if name.startswith("r"))
        for names, value in ((raw, "None"), (sorted(used - set(raw)), "0")):
            if names:
                out.line(f"{' = '.join(names)} = {value}")
        out.lines += body.lines
        return out

    def _replicate(self, out: Writer, state: list[str]) -> None:
        group = self._standard("mcast_grp")
        if group is None:
            return
        body = out.child()
        self._set(body, "instance_type", str(REPLICATION))
        body.line("out = []")
        loop = body.child()
        self._set(loop, "egress_rid", "rid")
        loop.line(f"o = egress({', '.join(['replica', 'frame', 'n', 'rest', *state])})")
        kept = loop.child()
        kept.line("out.append((replica, o))")
        loop.block("if o is not None:", kept)
        body.block(f"for replica, rid in groups.get({group}, ()):", loop)
        body.line("return out")
        out.block(f"if {group}:", body)

    def _unicast(self, out: Writer) -> None:
        """Egress again, in place: a call with the whole state costs as much as many a table."""
        spec = self._standard("egress_spec")
        dropped = out.child()
        dropped.line("return []")
        out.block(f"if {spec} == {DROP_PORT}:", dropped)
        self._set(out, "instance_type", "0")
        out.line(f"port = {spec}")
        out.lines += self._egress("[]", "[(port, o + frame[rest:])]").lines

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A loaded program that processes packets."""

from collections.abc import Callable
from typing import Any

from p4dmm.softswitch import ir
from p4dmm.softswitch.codegen import generate
from p4dmm.softswitch.counters import CounterArray
from p4dmm.softswitch.errors import MalformedProgramError, SoftswitchError
from p4dmm.softswitch.match import Exact, Key, KeyKind, Lpm, MatchValue, Range, Ternary
from p4dmm.softswitch.program import Program, load_program
from p4dmm.softswitch.replication import ReplicationEngine
from p4dmm.softswitch.tables import Entry, Table

__all__ = ["Pipeline", "load_pipeline"]

Process = Callable[[int, bytes], list[tuple[int, bytes]]]


class Pipeline:
    """The state of one switch, and the code that runs packets through it.

    `process(port, frame)` runs one frame that came in on the port and returns every (port, frame) that leaves. It is
    the generated function itself, so that a packet costs no call more.
    """

    process: Process

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tables: dict[str, Table] = {
            node.name: _table(program, node)
            for control in (program.ingress, program.egress)
            for node in control.nodes.values()
            if isinstance(node, ir.TableNode)
        }
        self.counters = {counter.name: CounterArray(counter.name, counter.size) for counter in program.counters}
        self.replication = ReplicationEngine()
        self.source = generate(program)
        namespace: dict[str, Any] = {}
        exec(compile(self.source, "<softswitch pipeline>", "exec"), namespace)  # noqa: S102  the point of this package
        self.process = namespace["make"](self.tables, self.counters, self.replication.cells)


def load_pipeline(text: str | bytes) -> Pipeline:
    """Load BMv2 JSON and build the switch for it."""
    return Pipeline(load_program(text))


def _table(program: Program, node: ir.TableNode) -> Table:
    entries = None
    if node.const_entries is not None:
        entries = [
            Entry(
                tuple(_value(key.kind, numbers) for key, numbers in zip(node.keys, row.match, strict=True)),
                row.action,
                row.params,
                row.priority,
            )
            for row in node.const_entries
        ]
    try:
        return Table(
            node.name,
            node.size,
            [Key(key.name, key.kind, key.width) for key in node.keys],
            {name: program.actions[name].params for name in node.actions},
            (node.default_action, node.default_params),
            default_is_const=node.default_is_const,
            const_entries=entries,
            has_direct_counter=node.has_direct_counter,
        )
    except SoftswitchError as error:
        raise MalformedProgramError(f"the program's own entries: {error}") from None


def _value(kind: KeyKind, numbers: tuple[int, ...]) -> MatchValue:
    match kind:
        case KeyKind.EXACT:
            return Exact(*numbers)
        case KeyKind.LPM:
            return Lpm(*numbers)
        case KeyKind.TERNARY:
            return Ternary(*numbers)
        case KeyKind.RANGE:
            return Range(*numbers)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A loaded program that processes packets."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

from p4dmm.softswitch import ir
from p4dmm.softswitch.codegen import generate
from p4dmm.softswitch.counters import CounterArray
from p4dmm.softswitch.errors import MalformedProgramError, SoftswitchError
from p4dmm.softswitch.hashes import HASHES
from p4dmm.softswitch.match import Exact, Key, KeyKind, Lpm, MatchValue, Range, Ternary
from p4dmm.softswitch.meters import MeterArray, mark
from p4dmm.softswitch.optimize import compiled
from p4dmm.softswitch.profiles import ActionProfile
from p4dmm.softswitch.program import Program, load_program
from p4dmm.softswitch.read_control import public_name
from p4dmm.softswitch.replication import ReplicationEngine
from p4dmm.softswitch.tables import Entry, Table

__all__ = ["Pipeline", "load_pipeline"]

Process = Callable[[int, bytes, int], list[tuple[int, bytes]]]


class Pipeline:
    """The state of one switch, and the code that runs packets through it.

    `process(port, frame, now_ns)` runs one frame that came in on the port and returns every (port, frame) that leaves;
    now_ns is the time in nanoseconds of any clock that does not go back, the same for all calls. It is the generated
    function itself, so that a packet costs no call more.
    """

    process: Process

    def __init__(self, program: Program) -> None:
        self.program = program
        self.profiles = {name: _profile(program, profile) for name, profile in program.profiles.items()}
        self.tables = {node.name: _table(program, node, self.profiles) for node in program.tables}
        self.counters = {counter.name: CounterArray(counter.name, counter.size) for counter in program.counters}
        self.meters = {meter.name: MeterArray(meter.name, meter.size, meter.unit) for meter in program.meters}
        self.replication = ReplicationEngine()
        self.source, code = _built(program)
        namespace: dict[str, Any] = {f"hash_{name}": entry.function for name, entry in HASHES.items()} | {"mark": mark}
        exec(code, namespace)  # noqa: S102  the point of this package
        self.process = namespace["make"](self.tables, self.counters, self.meters, self.replication.cells)


def load_pipeline(text: str | bytes) -> Pipeline:
    """Load BMv2 JSON and build the switch for it."""
    return Pipeline(load_program(text))


@lru_cache(4)
def _built(program: Program) -> tuple[str, CodeType]:
    """What is generated of a program, and its code; remembered, as is `load_program`, which knows a text again."""
    source = generate(program)
    return source, compiled(source)


def _profile(program: Program, profile: ir.Profile) -> ActionProfile:
    widths = {
        public_name(name): program.actions[name].params
        for node in program.tables
        if node.profile == profile.name
        for name in node.actions
    }
    actions = {name: widths[name] for name in profile.actions}
    return ActionProfile(profile.name, profile.size, has_selector=profile.selector is not None, actions=actions)


def _table(program: Program, node: ir.TableNode, profiles: Mapping[str, ActionProfile]) -> Table:
    entries = None
    if node.const_entries is not None:
        entries = [
            Entry(
                tuple(_value(key.kind, numbers) for key, numbers in zip(node.keys, row.match, strict=True)),
                public_name(row.action),
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
            {public_name(name): program.actions[name].params for name in node.actions},
            None if node.default_action is None else (public_name(node.default_action), node.default_params),
            default_is_const=node.default_is_const,
            const_entries=entries,
            has_direct_counter=node.has_direct_counter,
            has_idle_timeout=node.has_idle_timeout,
            profile=None if node.profile is None else profiles[node.profile],
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

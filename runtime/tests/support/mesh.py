# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Several pipelines joined by wires, in memory: no gRPC, no sockets, and only the time of frames."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from p4dmm.config import CPU_PORT
from p4dmm.forwarding import GROUPS, MEMBERS, METERS, TABLES, Change, Row, Topology, Write, base_rows
from p4dmm.softswitch.meters import MeterConfig
from p4dmm.softswitch.pipeline import Pipeline
from p4dmm.softswitch.profiles import GroupRef
from p4dmm.softswitch.program import Program, load_program
from p4dmm.softswitch.tables import AnyEntry, Entry, Exact, IndirectEntry, Lpm, Table
from p4dmm.switches import default_pipeline

Thing = TypeVar("Thing")

BETWEEN_FRAMES_NS = 10_000_000
"""From one frame sent to the next: meters of punts fill again."""

MAX_HOPS = 32
"""More are a loop."""


@dataclass(frozen=True)
class Out:
    """A frame that left the mesh."""

    switch: str
    port: int
    frame: bytes


@cache
def program() -> Program:
    return load_program(default_pipeline().device_config.read_bytes())


class Mesh:
    """The switches of a topology with their base rows."""

    def __init__(self, topology: Topology) -> None:
        self.pipelines = {name: Pipeline(program()) for name in topology.switches}
        self._tables = {
            name: {alias: _named(pipeline.tables, alias) for alias in TABLES}
            for name, pipeline in self.pipelines.items()
        }
        self._now_ns = 0
        self._wires: dict[tuple[str, int], tuple[str, int]] = {}
        for link in topology.network.links:
            a, b = ((end.switch, end.port) for end in link.ends)
            self._wires[a], self._wires[b] = b, a
        for name in topology.switches:
            self.apply(Write(Change.INSERT, row) for row in base_rows(topology, name))

    def apply(self, writes: Iterable[Write]) -> None:
        for write in writes:
            row = write.row
            if row.at.table == GROUPS:
                self._apply_group(write)
                continue
            if row.at.table in METERS:
                self._apply_meter(write)
                continue
            table = self._tables[row.at.switch][row.at.table]
            if row.action == MEMBERS:
                self._apply_members(table, write)
                continue
            entry = Entry(_match(row), _action(table.actions, row.action), row.parameters)
            match write.change:
                case Change.INSERT:
                    table.insert(entry)
                case Change.MODIFY:
                    table.modify(entry)
                case Change.DELETE:
                    table.delete(entry.match)

    def contents(self) -> dict[str, set[tuple[str, AnyEntry]]]:
        """Every row of every table of the program."""
        return {
            name: {(table.name, entry) for table in tables.values() for entry in table.entries()}
            for name, tables in self._tables.items()
        }

    def drops(self) -> dict[tuple[str, int], int]:
        """(switch, drop reason) -> packets, ingress and egress together."""
        result: dict[tuple[str, int], int] = {}
        for name, pipeline in self.pipelines.items():
            for counter_name in ("DmmIngress.drop_reasons", "DmmEgress.egress_drop_reasons"):
                counter = pipeline.counters[counter_name]
                for reason in range(counter.size):
                    packets = counter.read(reason)[0]
                    if packets:
                        result[name, reason] = result.get((name, reason), 0) + packets
        return result

    def send(self, switch: str, port: int, frame: bytes) -> list[Out]:
        """A frame into a port; what comes out of the mesh in the end, packets-in included."""
        self._now_ns += BETWEEN_FRAMES_NS
        waiting = deque([(switch, port, frame, 0)])
        out: list[Out] = []
        while waiting:
            name, number, data, hops = waiting.popleft()
            assert hops < MAX_HOPS, f"loop: {data.hex()} still goes round at {name}"
            for egress, sent in self.pipelines[name].process(number, data, self._now_ns):
                peer = self._wires.get((name, egress))
                if peer is None:
                    out.append(Out(name, egress, sent))
                else:
                    waiting.append((*peer, sent, hops + 1))
        return out

    def _apply_meter(self, write: Write) -> None:
        meter = _named(self.pipelines[write.row.at.switch].meters, write.row.at.table)
        config = None if write.change is Change.DELETE else MeterConfig(*write.row.parameters)
        meter.configure(write.row.at.number, config, self._now_ns)

    def _apply_members(self, table: Table, write: Write) -> None:
        """A group of its own for the row, with the row's key as id, and its members numbered on from there."""
        row, profile = write.row, table.profile
        assert profile is not None
        group = row.at.number
        entry = IndirectEntry(_match(row), GroupRef(group))
        first = group << 16
        old = profile.group(group) if write.change is not Change.INSERT else None
        if write.change is Change.DELETE:
            table.delete(entry.match)
            profile.delete_group(group)
        else:
            spare = first if old is None or min(old)[0] != first else first + (1 << 15)
            weights = tuple((spare + number, member.weight) for number, member in enumerate(row.members))
            for (number, _), member in zip(weights, row.members, strict=True):
                profile.insert_member(number, _action(profile.actions, member.action), member.parameters)
            if write.change is Change.INSERT:
                profile.insert_group(group, weights)
                table.insert(entry)
            else:
                profile.modify_group(group, weights)
        if old is not None:
            for number, _ in old:
                profile.delete_member(number)

    def _apply_group(self, write: Write) -> None:
        row = write.row
        engine = self.pipelines[row.at.switch].replication
        group = row.at.number
        replicas = tuple(zip(row.parameters[::2], row.parameters[1::2], strict=True))
        if engine.get(group) is None:
            engine.insert(group, replicas)
        else:
            # Groups are shared and stay; another node wants the same.
            assert sorted(engine.get(group) or ()) == sorted(replicas)


def is_punt(out: Out) -> bool:
    return out.port == CPU_PORT


def _match(row: Row) -> tuple[Exact | Lpm, ...]:
    return tuple(Lpm(*value) if isinstance(value, tuple) else Exact(value) for value in row.at.key)


def _action(actions: Iterable[str], action: str) -> str:
    return next(name for name in actions if name.rpartition(".")[2] == action)


def _named(things: Mapping[str, Thing], alias: str) -> Thing:
    """The only one whose full name ends so."""
    (found,) = (thing for name, thing in things.items() if f".{name}".endswith(f".{alias}"))
    return found

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which parts of the program a scenario reaches: told by the interpreter of the embedded switch's own tests."""

import json
from collections import Counter
from typing import Any

from finsy.proto import p4i

from p4dmm.softswitch.meters import MeterConfig
from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.softswitch.tables import Entry, GroupRef, IndirectEntry
from tests.softswitch.reference import Phv, Reference

from .entities import RATES
from .rows import Row
from .scenario import Scenario
from .target import CPU_PORT

NO_ACTION = "NoAction"


class Coverage:
    """What has been reached so far, by the names in the compiled program."""

    def __init__(self, info: p4i.P4Info, program: bytes) -> None:
        self._names = {table.preamble.alias: table.preamble.name for table in info.tables}
        self._text = program
        self.program: dict[str, Any] = json.loads(program)
        self.actions: Counter[tuple[str, str]] = Counter()
        """By table and action, misses included."""
        self.states: Counter[str] = Counter()
        """By state of the parser."""
        self.cells: Counter[tuple[str, int]] = Counter()
        """Packets by counter and index."""

    def add(self, scenario: Scenario) -> None:
        """Send everything of the scenario."""
        traced = _Traced(self.program, self._loaded(scenario), self)
        for port, frame in scenario.frames:
            traced.process(port, frame, 0)
        for port, mode, frame in scenario.packet_outs:
            traced.process(CPU_PORT, port.to_bytes(2, "big") + bytes([mode]) + frame, 0)
        for cell, (packets, _) in traced.counted.items():
            self.cells[cell] += packets

    def _loaded(self, scenario: Scenario) -> Any:
        pipeline = load_pipeline(self._text)
        (profile,) = pipeline.profiles.values()
        for number, row in enumerate(scenario.rows, 1):
            table, match = pipeline.tables[self._names[row.table]], tuple(part for _, part in row.key)
            if row.choices:
                self._insert_group(profile, number, row)
                table.insert(IndirectEntry(match, GroupRef(number), row.priority))
            else:
                table.insert(Entry(match, row.action, tuple(value for _, value in row.params), row.priority))
        for group in scenario.groups:
            pipeline.replication.insert(group.number, group.replicas)
        for meter in scenario.meters:
            committed, peak = RATES[meter.color]
            (name,) = (name for name in pipeline.meters if name.endswith(meter.name))
            pipeline.meters[name].configure(meter.index, MeterConfig(committed, committed, peak, peak), 0)
        return pipeline

    @staticmethod
    def _insert_group(profile: Any, number: int, row: Row) -> None:
        members = [(number * 100 + position, way) for position, way in enumerate(row.choices)]
        for member, way in members:
            profile.insert_member(member, way.action, tuple(value for _, value in way.params))
        profile.insert_group(number, tuple((member, way.weight) for member, way in members))


class _Traced(Reference):
    def __init__(self, program: dict[str, Any], pipeline: Any, coverage: Coverage) -> None:
        super().__init__(program, pipeline)
        self._coverage = coverage

    def found(self, phv: Phv, table: dict[str, Any], row: Any) -> tuple[str | None, tuple[int, ...]]:
        name, params = super().found(phv, table, row)
        self._coverage.actions[table["name"], name or NO_ACTION] += 1
        return name, params

    def transition(self, phv: Phv, state: dict[str, Any]) -> str | None:
        self._coverage.states[state["name"]] += 1
        return super().transition(phv, state)

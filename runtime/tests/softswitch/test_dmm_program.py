# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Our own program in the embedded switch: that it loads, and that packets of the main paths come out right."""

from pathlib import Path

import pytest

from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.tables import Entry, Exact

PROGRAM = Path(__file__).parents[3] / "p4src" / "compiled" / "dmm_v1model.json"
INGRESS = "DmmIngress."
NODE_MAC, ROUTER_MAC = bytes((2, 0, 0, 0, 0, 1)), bytes((2, 0, 0, 0, 0, 0xFE))


@pytest.fixture
def pipeline() -> Pipeline:
    return load_pipeline(PROGRAM.read_bytes())


def test_unknown_ports_drop_and_are_counted(pipeline):
    assert pipeline.process(1, bytes(60), 0) == []
    reasons = pipeline.counters[INGRESS + "drop_reasons"]
    assert sum(reasons.read(i)[0] for i in range(reasons.size)) == 1


def test_no_frame_makes_it_fail(pipeline):
    base = ROUTER_MAC + NODE_MAC + b"\x86\xdd" + b"\x60\x00\x00\x00\x00\x48" + bytes((41, 64)) + bytes(range(104))
    pipeline.tables[INGRESS + "admission.ports"].insert(Entry((Exact(1),), INGRESS + "admission.set_role", (2,)))
    for length in range(len(base) + 1):
        for port in (0, 1, 510):
            pipeline.process(port, base[:length], 0)
    for position in range(12, 60):
        for value in (0, 41, 58, 255):
            pipeline.process(1, base[:position] + bytes((value,)) + base[position + 1 :], 0)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A journey through a scripted lab: what is recorded, judged, printed and drawn."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from p4dmm.config import Scenario, load_network
from p4dmm.lab.errors import LabError
from p4dmm.lab.face import Face
from p4dmm.lab.records import first_stages
from p4dmm.lab.roam import Roam, bounded
from p4dmm.lab.timeline import draw

from .fakes import FakeController, FakeLab

TOPO = Path(__file__).parents[3] / "topo"


def scenario(*moves):
    return Scenario.model_validate(
        {"network": "triangle.toml", "node": "mn1", "correspondent": "cn", "settle_s": 0.1, "move": list(moves)}
    )


REACTIVE, PLANNED = {"to": "s2:1", "dwell_s": 0.3}, {"to": "s3:1", "dwell_s": 0.3, "planned": True}


async def journey(*moves, terminal=False, fail_start=False, **lab_options):
    lab = FakeLab(load_network(TOPO / "triangle.toml"), **lab_options)
    controllers = []

    def make(network, on_event):
        controllers.append(FakeController(network, on_event, fail_start))
        return controllers[0]

    output = io.StringIO()
    face = Face(Console(file=output, force_terminal=terminal, width=140, highlight=False), "mn1", 0.0)
    try:
        result = await Roam(lab, scenario(*moves), controller=make, observer=face).run()
    finally:
        assert lab.calls == ["start", "stop"]
        assert controllers[0].calls[-1] == "stop"
    face.summary(result, Path("here.png"))
    return result, output.getvalue(), controllers[0]


async def test_a_journey_without_loss():
    result, output, controller = await journey(REACTIVE, PLANNED)
    assert result.problems() == []
    assert controller.calls == ["start", "prepare s3:1", "stop"]
    assert [h.title for h in result.handovers] == ["1. s1:1 -> s2:1 (reactive)", "2. s2:1 -> s3:1 (planned)"]
    assert "prepared" in result.handovers[1].stages
    assert result.handovers[1].prepared is not None
    assert "every connection survived every move" in output
    assert "native at s3" in output
    assert "2001:db8:1000::/64 mn1, tunnel to s2, deprecated" in output
    assert "2001:db8:1000::/64 mn1, tunnel from s1" in output
    assert result.addresses


async def test_a_reactive_loss_is_told_and_no_problem():
    result, output, _ = await journey(REACTIVE, dark_s=0.1)
    lost = result.handovers[0].stats(result.traffic.ping).lost
    assert 8 <= lost <= 12
    assert f"lost {lost}" in output
    assert result.problems() == []
    assert result.tcp_gap_ms(result.handovers[0]) >= 90


async def test_a_planned_loss_is_a_problem():
    result, output, _ = await journey(PLANNED, dark_s=0.05)
    assert len(result.problems()) == 3
    assert "planned, yet" in output


async def test_what_never_resumes_is_a_problem():
    result, output, _ = await journey(REACTIVE, dark_s=60)
    assert {p.rpartition(": ")[2] for p in result.problems()} == {
        "ping never resumed",
        "udp up never resumed",
        "udp down never resumed",
        "TCP down never resumed",
        "TCP up never resumed",
    }
    assert "NOTHING THROUGH" in output


async def test_a_reset_is_a_problem():
    result, output, _ = await journey(REACTIVE, broken=("connection reset",))
    assert result.problems() == ["connection reset"]
    assert "broke" in output


async def test_no_native_address_is_a_problem():
    result, output, _ = await journey(REACTIVE, native=False)
    assert result.problems() == ["1. s1:1 -> s2:1 (reactive): no new connection: no address came"]
    assert "no address came" in output


async def test_everything_is_taken_down_when_the_controller_fails():
    with pytest.raises(LabError, match="refused"):
        await journey(REACTIVE, fail_start=True)


async def test_the_map_on_a_terminal():
    _, output, _ = await journey(REACTIVE, terminal=True)
    assert "╭" in output
    assert "port 1: mn1" in output


async def test_the_picture(tmp_path):
    pytest.importorskip("matplotlib")
    result, _, _ = await journey(REACTIVE, PLANNED, dark_s=0.05)
    draw(result, tmp_path / "deep" / "timeline.png")
    assert (tmp_path / "deep" / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_stages_are_the_first_within_the_handover():
    events = [("seen", 1.0), ("seen", 2.0), ("installed", 2.5), ("seen", 2.7), ("retired", 3.0)]
    assert first_stages(events, 2.0, 3.0) == {"seen": 2.0, "installed": 2.5}


async def test_waits_are_bounded():
    import asyncio

    with pytest.raises(LabError, match="nothing happened within 0 s"):
        await bounded(asyncio.sleep(5), 0.01, "nothing happened")

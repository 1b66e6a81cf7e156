# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A journey through a scripted lab: what is recorded, judged, printed and drawn."""

import dataclasses
import io
from pathlib import Path

import pytest
from rich.console import Console

from p4dmm.config import PortRef, Scenario, load_network
from p4dmm.controller import LinkEvent
from p4dmm.lab.comparison import print_comparison
from p4dmm.lab.errors import LabError
from p4dmm.lab.face import Face
from p4dmm.lab.modes import in_mode
from p4dmm.lab.records import first_stages
from p4dmm.lab.roam import Roam, bounded
from p4dmm.lab.timeline import draw, draw_handovers

from .fakes import FakeController, FakeLab

TOPO = Path(__file__).parents[3] / "topo"


def scenario(*moves):
    return Scenario.model_validate(
        {"network": "triangle.toml", "node": "mn1", "correspondent": "cn", "settle_s": 0.1, "move": list(moves)}
    )


REACTIVE, PLANNED = {"to": "s2:1", "dwell_s": 0.3}, {"to": "s3:1", "dwell_s": 0.3, "planned": True}


async def journey(*moves, terminal=False, fail_start=False, mode="sdn", messages=0, brief=False, **lab_options):
    lab = FakeLab(in_mode(load_network(TOPO / "triangle.toml"), mode), **lab_options)
    controllers = []

    def make(network, on_event):
        controllers.append(FakeController(network, on_event, fail_start))
        return controllers[0]

    def signal(_):
        controllers[0].counters["sent: ProxyBindingUpdate"] += messages
        controllers[0].counters["received: ProxyBindingUpdate"] += messages

    lab.signals = signal

    output = io.StringIO()
    face = Face(Console(file=output, force_terminal=terminal, width=160, highlight=False), "mn1", 0.0, brief=brief)
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


async def test_no_preferred_address_is_a_problem():
    result, output, _ = await journey(REACTIVE, preferred=False)
    assert result.problems() == ["1. s1:1 -> s2:1 (reactive): no new connection: no address came"]
    assert "no address came" in output


OF_THE_ANCHOR = {"addresses": dict.fromkeys(("s1", "s2", "s3"), "2001:db8:4000::1")}


async def test_in_pmip_the_anchor_keeps_the_prefix_and_nothing_is_planned():
    result, output, controller = await journey(REACTIVE, PLANNED, mode="pmip", messages=5, **OF_THE_ANCHOR)
    assert result.problems() == []
    assert controller.calls == ["start", "stop"]
    assert [handover.kind for handover in result.handovers] == ["reactive", "reactive"]
    assert [handover.messages for handover in result.handovers] == [5, 5]
    assert "mode pmip has no planned handovers" in output
    assert "anchored at c1" in output
    assert "c1: 2001:db8:4000::/64" in output


async def test_in_pmip_a_prefix_of_the_switch_is_a_problem():
    result, _, _ = await journey(REACTIVE, mode="pmip")
    assert result.problems() == [
        "1. s1:1 -> s2:1 (reactive): a new connection used 2001:db8:2000::1, which is not of c1"
    ]


async def test_a_silence_long_after_a_move_is_not_the_moves():
    result, _, _ = await journey(REACTIVE)
    (handover,) = result.handovers
    attached = handover.times.attached
    handover = dataclasses.replace(handover, ended=attached + 9)
    silent = [handover.begun, attached + 0.1, attached + 1, attached + 1.4, attached + 2.0, attached + 8]
    assert handover.silence_ms(silent) == pytest.approx(900)
    begins_in_time = [handover.begun, attached + 1.4, attached + 8]
    assert handover.silence_ms(begins_in_time) == pytest.approx(6600)


async def test_modes_side_by_side():
    expected, _, _ = await journey(REACTIVE, PLANNED)
    other, told, _ = await journey(REACTIVE, PLANNED, mode="pmip", messages=5, dark_s=0.05, brief=True, **OF_THE_ANCHOR)
    assert "port 1: mn1" not in told
    output = comparison(expected, other)
    lines = [line.split() for line in output.splitlines()]
    assert ["handover", "sdn", "pmip"] in lines
    assert ["2.", "s2:1", "->", "s3:1", "planned", "reactive"] in lines
    assert ["mobility", "messages", "0", "5"] in lines
    (lost, _) = (line[-6:] for line in lines if line[:1] == ["lost:"])
    assert lost[:3] == ["0", "0", "0"]
    assert lost[3] == str(other.handovers[0].stats(other.traffic.ping).lost) != "0"
    assert "Only sdn has planned handovers; in pmip move 2 came unannounced." in output
    assert ["connections", "survived", "all", "all"] in lines
    assert "every connection survived every move in every mode" in output


async def test_links_given_up_are_told():
    output = io.StringIO()
    face = Face(Console(file=output, width=160), "mn1", 0.0, brief=True)
    ends = (PortRef(switch="s1", port=12), PortRef(switch="s2", port=11))
    face.link(LinkEvent(ends, is_up=False, at=1.0))
    face.link(LinkEvent(ends, is_up=True, at=2.0))
    assert "link s1:12 to s2:11 was given up" in output.getvalue()
    assert "link s1:12 to s2:11 is back" in output.getvalue()
    assert face.links_lost == 1
    calm, _, _ = await journey(REACTIVE)
    assert "no time is to be trusted, in sdn." in comparison(calm, busy=["sdn"])
    assert "trusted" not in comparison(calm)


async def test_a_mode_that_broke_a_connection_is_named():
    good, _, _ = await journey(REACTIVE)
    bad, _, _ = await journey(REACTIVE, mode="pmip", broken=("connection reset",), **OF_THE_ANCHOR)
    output = comparison(good, bad)
    assert ["connections", "survived", "all", "NO"] in [line.split() for line in output.splitlines()]
    assert "PROBLEM pmip: connection reset" in output
    assert "every connection survived" not in output


async def test_a_planned_loss_breaks_no_connection_and_is_told():
    lossy, _, _ = await journey(PLANNED, dark_s=0.05)
    output = comparison(lossy)
    assert ["connections", "survived", "all"] in [line.split() for line in output.splitlines()]
    assert "PROBLEM sdn: 1. s1:1 -> s3:1 (planned): planned, yet" in output
    assert "every connection survived" not in output


def comparison(*journeys, busy=()):
    output = io.StringIO()
    pictures = {"handovers": Path("here.png")}
    print_comparison(Console(file=output, width=160, highlight=False), journeys, pictures, busy)
    assert "handovers: here.png" in output.getvalue()
    return output.getvalue()


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
    draw_handovers([result, result], tmp_path / "handovers.png")
    assert (tmp_path / "handovers.png").read_bytes().startswith(b"\x89PNG")


def test_stages_are_the_first_within_the_handover():
    events = [("seen", 1.0), ("seen", 2.0), ("installed", 2.5), ("seen", 2.7), ("retired", 3.0)]
    assert first_stages(events, 2.0, 3.0) == {"seen": 2.0, "installed": 2.5}


async def test_waits_are_bounded():
    import asyncio

    with pytest.raises(LabError, match="nothing happened within 0 s"):
        await bounded(asyncio.sleep(5), 0.01, "nothing happened")

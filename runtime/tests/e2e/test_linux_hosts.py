# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Real Linux hosts on real switches, in network namespaces: kernel SLAAC, ICMPv6, UDP and TCP."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from p4dmm.config import PortRef, load_network, load_scenario
from p4dmm.controller import Controller
from p4dmm.lab.base import Lab, TrafficSpec
from p4dmm.lab.modes import in_mode
from p4dmm.lab.netns_lab import NetnsLab
from p4dmm.lab.roam import Roam

pytestmark = pytest.mark.netns

TOPO = Path(__file__).parents[3] / "topo"
SOAK = bool(os.environ.get("P4DMM_SOAK"))
ALONE_S = 120.0 if SOAK else 8.0
"""How long no controller runs. The neighbour entries of the hosts are made to age in a fraction of it."""

TARGETS = [
    "embedded",
    pytest.param(
        "bmv2",
        marks=[
            pytest.mark.bmv2,
            pytest.mark.skipif(shutil.which("simple_switch_grpc") is None, reason="simple_switch_grpc is not on PATH"),
        ],
    ),
]


class Silent:
    """Nobody watches."""

    def say(self, text: str) -> None: ...
    def network(self, lab: object, nodes: object) -> None: ...
    def event(self, event: object) -> None: ...
    def handover(self, handover: object, traffic: object) -> None: ...


def make_controller(network: object, on_event: object) -> Controller:
    return Controller(network, on_event=on_event)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", TARGETS)
async def test_connections_survive_the_round(target: str, tmp_path: Path) -> None:
    """The scenario of the demo with shorter stays: two reactive moves, a planned one home."""
    scenario, network = load_scenario(TOPO / "roam.toml")
    stay = 6.0 if SOAK else 2.5
    rounds = 5 if SOAK else 1
    moves = tuple(move.model_copy(update={"dwell_s": stay}) for move in scenario.moves) * rounds
    scenario = scenario.model_copy(update={"moves": moves, "settle_s": 1.0})
    lab = NetnsLab(network, target=target, log_dir=tmp_path)  # type: ignore[arg-type]
    journey = await Roam(lab, scenario, controller=make_controller, observer=Silent()).run()
    assert journey.problems() == []
    tcp = journey.traffic.tcp
    assert tcp is not None
    assert tcp.problems == ()
    assert sum(octets for _, octets in tcp.down) > 100_000
    for handover in journey.handovers:
        losses = [handover.stats(stream).lost for stream in journey.traffic.streams]
        if handover.move.planned:
            assert losses == [0, 0, 0]
        # The address new connections take is native where the node is (RFC 8885 section 3.7).
        assert handover.connection is not None
        maar = network.switch(handover.move.to.switch)
        assert maar is not None
        assert maar.pool is not None
        assert handover.connection.source in maar.pool


@pytest.mark.parametrize("mode", ["pmip", "dmm relay", *(["dmm locator", "dmm proxy"] if SOAK else [])])
async def test_connections_survive_where_switches_signal_to_each_other(mode: str, tmp_path: Path) -> None:
    """Away and on: nothing is told to a switch but by Proxy Mobile IPv6 or RFC 8885."""
    scenario, network = load_scenario(TOPO / "roam.toml")
    stay = 6.0 if SOAK else 1.0
    moves = tuple(move.model_copy(update={"dwell_s": stay}) for move in scenario.moves)[: 3 if SOAK else 2]
    scenario = scenario.model_copy(update={"moves": moves, "settle_s": 0.5})
    lab = NetnsLab(in_mode(network, *mode.split()), log_dir=tmp_path)
    journey = await Roam(lab, scenario, controller=make_controller, observer=Silent()).run()
    assert journey.mode == mode
    assert journey.problems() == []
    tcp = journey.traffic.tcp
    assert tcp is not None
    assert sum(octets for _, octets in tcp.down) > 100_000
    held = {a.address for _, sample in journey.addresses for a in sample if not a.address.is_link_local}
    for handover in journey.handovers:
        assert handover.messages >= 2
        assert handover.connection is not None
        if mode == "pmip":
            # One home network prefix everywhere (RFC 5213 section 1); the anchor is the LMA.
            assert handover.anchor == "c1"
            assert handover.connection.source == journey.traffic.source
            assert held == {journey.traffic.source}
        else:
            assert handover.is_native
            assert handover.connection.source != journey.traffic.source or handover.move.to == journey.home
    assert len(held) == (1 if mode == "pmip" else 1 + len({h.move.to for h in journey.handovers} - {journey.home}))


@contextlib.asynccontextmanager
async def running(target: str, log_dir: Path) -> AsyncIterator[tuple[Lab, Controller]]:
    lab = NetnsLab(load_network(TOPO / "triangle.toml"), target=target, log_dir=log_dir)  # type: ignore[arg-type]
    controller: Controller | None = None
    try:
        await asyncio.wait_for(lab.start(), 60)
        controller = Controller(lab.network)
        await asyncio.wait_for(controller.start(), 60)
        yield lab, controller
    finally:
        if controller is not None:
            await controller.stop()
        await lab.stop()


@pytest.mark.parametrize("target", TARGETS)
async def test_traffic_outlives_the_controller(target: str, tmp_path: Path) -> None:
    """Invariant 5: no controller, and still every UDP packet both ways; afterwards no entry is lost or doubled."""
    async with running(target, tmp_path) as (lab, controller):
        assert isinstance(lab, NetnsLab)
        s1, s2 = PortRef(switch="s1", port=1), PortRef(switch="s2", port=1)
        await lab.attach("mn1", s1)
        pool = lab.network.switches[0].pool
        assert pool is not None
        source = await lab.wait_preferred("mn1", pool, 20)
        await lab.move("mn1", s2)
        second = lab.network.switches[1].pool
        assert second is not None
        await lab.wait_preferred("mn1", second, 20)
        await asyncio.sleep(2.5 * lab.network.domain.drain_s)
        for host in ("mn1", "cn"):
            _age_neighbours_fast(lab, host)
        # A correspondent is resolved by the controller: it has to have been spoken to.
        await (await lab.start_traffic("mn1", "cn", source, TrafficSpec(tcp_rate=0))).stop()
        before = {name: set(await c.read_rows()) for name, c in controller._fabric.connections.items()}
        await controller.stop()
        traffic = await lab.start_traffic("mn1", "cn", source, TrafficSpec(tcp_rate=0))
        await asyncio.sleep(ALONE_S)
        log = await traffic.stop()
        for stream in (log.udp_up, log.udp_down, log.ping):
            assert len(stream.sent) > ALONE_S * 50
            assert stream.lost() == []
        assert (await lab.default_routers("mn1")) == (lab.network.switches[1].router_mac.link_local(),)
        successor = Controller(lab.network)
        try:
            await asyncio.wait_for(successor.start(), 60)
            after = {name: set(await c.read_rows()) for name, c in successor._fabric.connections.items()}
            assert after == before
            (view,) = successor.nodes()
            assert view.at == s2
            # It controls again: the node moves on and keeps its oldest address.
            traffic = await lab.start_traffic("mn1", "cn", source, TrafficSpec(tcp_rate=0))
            await lab.move("mn1", PortRef(switch="s3", port=1))
            third = lab.network.switches[2].pool
            assert third is not None
            await lab.wait_preferred("mn1", third, 20)
            log = await traffic.stop()
            assert log.udp_down.longest_gap(log.udp_down.sent[0], log.udp_down.sent[-1]) < 5
        finally:
            await successor.stop()


def _age_neighbours_fast(lab: NetnsLab, host: str) -> None:
    """Let the host ask for its router every second or two, instead of every half minute (RFC 4861 section 7.3.3)."""
    settings = {"base_reachable_time_ms": 1000, "delay_first_probe_time": 1, "retrans_time_ms": 500}
    for name, value in settings.items():
        script = f"echo {value} > /proc/sys/net/ipv6/neigh/eth0/{name}"
        subprocess.run(lab.hosts[host].command(["sh", "-c", script]), check=True, timeout=10)

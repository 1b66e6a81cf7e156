# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Attachment and movement of simulated hosts, without a program in the switches."""

import contextlib

import pytest

from p4dmm.config import PortRef, load_network
from p4dmm.lab.errors import LabError
from p4dmm.lab.simulated_lab import SimulatedLab

from .test_roam import TOPO

S1, S2 = PortRef(switch="s1", port=1), PortRef(switch="s2", port=1)


@contextlib.asynccontextmanager
async def running():
    lab = SimulatedLab(load_network(TOPO / "triangle.toml"))
    try:
        await lab.start()
        yield lab
    finally:
        await lab.stop()


async def test_switches_listen_where_the_network_says():
    async with running() as lab:
        assert "SIMULATED HOSTS" in lab.claim
        assert [s.address for s in lab.network.switches] == [server.address for server in lab.servers.values()]
        before = lab.network.switches[0].address
        await lab.restart_switch("s1")
        assert lab.servers["s1"].address == before


async def test_a_node_is_heard_where_it_is(monkeypatch):
    async with running() as lab:
        heard = []
        for ref in (S1, S2):
            monkeypatch.setattr(lab._wires[ref].b, "send", lambda _, ref=ref: heard.append(ref))
        await lab.attach("mn1", S1)
        assert set(heard) == {S1}
        heard.clear()
        times = await lab.move("mn1", S2, gap_s=0.05)
        assert times.attached - times.left >= 0.05
        assert set(heard) == {S2}
        assert lab.where("mn1") == S2
        await lab.move("mn1", S1, planned=True, overlap_s=0.01)
        assert lab._hears["mn1"] == {S1}
        await lab.detach("mn1")
        assert lab.where("mn1") is None
        with pytest.raises(LabError, match="attached nowhere"):
            await lab.detach("mn1")


async def test_waits_end():
    async with running() as lab:
        await lab.attach("mn1", S1)
        with pytest.raises(LabError, match="no usable address"):
            await lab.wait_preferred("mn1", lab.network.switches[0].pool, 0.05)
        with pytest.raises(LabError, match="no address to open"):
            await lab.new_connection("mn1", "cn", 0.05)

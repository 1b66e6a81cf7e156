# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that return, vanish, are refused, or are not who they say; what their agents keep, and for how long."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from p4dmm.config import Admission, Network, PortRef, load_network
from p4dmm.controller.agent import NodeAgent, Sighting
from p4dmm.controller.nodes import NodeRegistry
from p4dmm.forwarding import Plan, Write
from p4dmm.mobility import Attachment, HandoverRefusedError, HoldExpired, PrepareHandover
from p4dmm.switches import SwitchConnection
from p4dmm.wire import ETHERTYPE_LINK_PROBE, MacAddress
from tests.support.domain import (
    MN,
    TIMEOUT_S,
    TRIANGLE,
    Domain,
    Station,
    attached,
    correspondent,
    exchange,
    running_domain,
    until,
)

S1, S2, S3 = (PortRef(switch=name, port=1) for name in ("s1", "s2", "s3"))
STRANGER = 0x020066000000


def registry(domain: Domain) -> NodeRegistry:
    return domain.controller._nodes


def agent(domain: Domain) -> NodeAgent:
    return registry(domain)._agents[MN]


def counters(domain: Domain) -> dict[str, int]:
    return domain.controller.counters


def sight(domain: Domain, at: PortRef, mac: MacAddress = MN) -> None:
    nodes = registry(domain)
    nodes.sighted(mac, Sighting(at, nodes._services.now()))


def with_admission(admission: Admission) -> Network:
    return load_network(TRIANGLE).model_copy(update={"admission": admission})


def slow_writes(monkeypatch: pytest.MonkeyPatch, delay_s: float) -> None:
    original = SwitchConnection.write

    async def write(self: SwitchConnection, writes: Sequence[Write]) -> None:
        await asyncio.sleep(delay_s)
        await original(self, writes)

    monkeypatch.setattr(SwitchConnection, "write", write)


# Returns


@pytest.mark.parametrize(("planned", "pause"), [(True, 0.1), (False, 0.0)], ids=["planned", "reactive"])
async def test_return_within_hold_down_is_noticed_when_it_ends(planned: bool, pause: float) -> None:
    """It signals once, and never again."""
    async with running_domain(drain_s=1.0, hold_down_s=0.3) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        if planned:
            await domain.controller.prepare(MN, S2)
        mn.plug(domain.wire("s2:1"))
        mn.announce()
        await domain.stage("installed", "s2:1")
        await asyncio.sleep(pause)
        mn.plug(domain.wire("s1:1"))
        mn.announce()
        async with asyncio.timeout(1.6):  # before the drain ends, after which its data would tell
            await domain.stage("installed", "s1:1")
        await exchange(domain, mn, cn, address, "s1:1", b"back")


async def test_copy_flooded_to_the_old_place_is_no_return() -> None:
    """While a node hears both links, what it multicasts comes in on both; the copy at the old place may be later."""
    async with running_domain(drain_s=0.4) as domain:
        mn, ear = Station(MN), Station(MN)
        await attached(domain, "s1:1", mn)
        await domain.controller.prepare(MN, S2)
        mn.plug(domain.wire("s2:1"))
        mn.announce()
        await domain.stage("installed", "s2:1")
        ear.answers_probes = False
        ear.plug(domain.wire("s1:1"))
        mn.announce()
        await asyncio.sleep(0.02)
        ear.announce()
        ear.unplug()
        await asyncio.sleep(1.5)
        assert [view.at for view in domain.controller.nodes()] == [S2]
        assert not [event for event in domain.events if event.stage == "installed"]


# Events that come late


async def test_probe_of_the_old_place_does_not_detach_the_node_at_its_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"probe_interval_s": 0.4, "probe_timeout_s": 0.1, "drain_s": 0.05}
    async with running_domain(**times) as domain:
        mn = Station(MN)
        await attached(domain, "s1:1", mn)
        slow_writes(monkeypatch, 0.15)
        mn.unplug()
        await until(lambda: MN in registry(domain)._prober._probing)
        await asyncio.sleep(0.25)  # the last answer is due in 50 ms
        domain.events.clear()
        mn.plug(domain.wire("s2:1"))
        mn.announce()
        await asyncio.sleep(1.5)
        assert "detached" not in [event.stage for event in domain.events]
        assert agent(domain).at == S2


async def test_sighting_behind_the_end_of_the_hold_goes_to_a_new_agent() -> None:
    times = {"drain_s": 0.05, "probe_interval_s": 0.2, "probe_timeout_s": 0.05}
    async with running_domain(**times) as domain:
        mn = Station(MN)
        await attached(domain, "s1:1", mn)
        old = agent(domain)
        mn.unplug()
        await domain.stage("detached")
        old.enqueue(HoldExpired())
        sight(domain, S1)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        old.enqueue(PrepareHandover(Attachment("s2", 1, 99)), done)
        with pytest.raises(HandoverRefusedError, match="is not known any more"):
            await asyncio.wait_for(done, TIMEOUT_S)
        await domain.stage("installed", "s1:1")
        assert agent(domain) is not old
        assert registry(domain)._pools.node_ids._used == {agent(domain).bce.node_id}
        assert len(registry(domain)._pools.prefixes["s1"]) == 1
        await domain.stage("detached")  # it is not there, after all


# What strangers take


async def test_refused_nodes_are_not_remembered() -> None:
    network = load_network(TRIANGLE)
    pools = {"s1": "2001:db8:1000::/64", "s2": "2001:db8:2000::/64", "s3": "2001:db8:3000::/64"}
    switches = tuple(
        s.model_copy(update={"pool": type(s.pool)(pools[s.name])}) if s.name in pools else s for s in network.switches
    )
    async with running_domain(network.model_copy(update={"switches": switches})) as domain:
        await attached(domain, "s1:1", Station(MN))
        stranger = Station(MN)
        stranger.plug(domain.wire("s1:2"))
        for number in range(20):
            stranger.mac = MacAddress.from_int(STRANGER + number)
            stranger.announce()
        await domain.counted("refused", 1)
        await until(lambda: len(domain.controller.nodes()) == 1)
        assert len(registry(domain)._pools.node_ids._used) == 1


async def test_port_keeps_no_more_prefixes_than_it_may_have_nodes() -> None:
    times = {"probe_interval_s": 0.1, "probe_timeout_s": 0.02, "probe_count": 1, "drain_s": 0.05}
    async with running_domain(with_admission(Admission(open=True, nodes_per_port=3)), **times) as domain:
        stranger = Station(MN)
        stranger.answers_probes = False
        stranger.plug(domain.wire("s1:1"))
        for number in range(60):
            stranger.mac = MacAddress.from_int(STRANGER + number)
            stranger.announce()
            await asyncio.sleep(0.02)
        assert len(registry(domain)._pools.prefixes["s1"]) == 3
        await until(lambda: not registry(domain)._prober._probing)
        # Those that may, come back; and other ports are not concerned.
        stranger.mac = MacAddress.from_int(STRANGER)
        stranger.announce()
        await domain.until(lambda e: e.stage == "installed" and e.mac == stranger.mac, "its return")
        await attached(domain, "s1:2", Station(MN))


async def test_node_taken_off_the_list_is_not_adopted() -> None:
    async with running_domain(with_admission(Admission(nodes=(MN,)))) as domain:
        empty = domain.table_rows()
        await attached(domain, "s1:1", Station(MN))
        await domain.stop_controller()
        other = Admission(nodes=(MacAddress.from_int(STRANGER),))
        domain.network = domain.network.model_copy(update={"admission": other})
        controller = await domain.start_controller()
        assert controller.nodes() == ()
        assert domain.table_rows() == empty


async def test_sightings_that_wait_are_one_of_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_domain() as domain:
        await attached(domain, "s1:1", Station(MN))
        slow_writes(monkeypatch, 0.05)
        for number in range(200):
            sight(domain, S2 if number % 2 else S3)
            if number % 10 == 0:
                await asyncio.sleep(0)
        assert len(agent(domain)._queue) <= 2
        assert agent(domain)._queue[-1][0].at == S2  # type: ignore[union-attr]


async def test_sighting_where_the_node_is_draws_no_numbers() -> None:
    async with running_domain() as domain:
        await attached(domain, "s1:1", Station(MN))
        path_ids = registry(domain)._pools.path_ids
        last = path_ids._last
        for _ in range(5):
            sight(domain, S1)
            await asyncio.sleep(0.01)
        assert path_ids._last == last


async def test_handovers_of_one_node_are_limited() -> None:
    """A stranger with its MAC at another switch."""
    async with running_domain(hold_down_s=0.0, drain_s=0.0) as domain:
        await attached(domain, "s1:1", Station(MN))
        for at in itertools.islice(itertools.cycle((S2, S3)), 40):
            sight(domain, at)
            await asyncio.sleep(0.01)
        await domain.counted("handovers over the rate", 10)
        assert sum(event.stage == "installed" for event in domain.events) <= 10 + 5 * 2


# Many nodes


class Sends:
    """How many nodes are being asked at once; each send takes a while."""

    def __init__(self) -> None:
        self.under_way = self.most = self.count = 0

    async def send_to_port(self, _at: PortRef, frame: bytes) -> bool:
        if frame[12:14] == ETHERTYPE_LINK_PROBE.to_bytes(2, "big"):
            return False
        self.under_way += 1
        self.count += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.01)
        self.under_way -= 1
        return True


@pytest.mark.parametrize("what", ["probes", "advertisements"])
async def test_many_nodes_are_not_all_asked_at_once(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = 600
    network = with_admission(Admission(open=True, nodes_per_port=1000))
    async with running_domain(network, probe_interval_s=8.0) as domain:
        sends = Sends()
        monkeypatch.setattr("p4dmm.controller.services.Services.send_to_port", sends.send_to_port)
        monkeypatch.setattr("p4dmm.controller.agent.REPEAT_S", 1000.0)
        for number in range(nodes):
            sight(domain, S1, MacAddress.from_int(STRANGER + number))
        await until(lambda: sum(a.at is not None for a in registry(domain)._agents.values()) == nodes)
        await until(lambda: sends.under_way == 0)
        sends.most = sends.count = 0
        for known in registry(domain)._agents.values():
            if what == "probes":
                known.last_seen -= 8.0
            else:
                known.resume()
        await until(lambda: sends.count >= nodes)
        assert 1 < sends.most <= 256


async def test_adopted_nodes_are_due_at_different_times() -> None:
    async with running_domain(with_admission(Admission(open=True, nodes_per_port=1000))) as domain:
        for number in range(20):
            sight(domain, S1, MacAddress.from_int(STRANGER + number))
        await until(lambda: sum(a.at is not None for a in registry(domain)._agents.values()) == 20)
        await domain.stop_controller()
        await domain.start_controller()
        seen = [known.last_seen for known in registry(domain)._agents.values()]
        assert max(seen) - min(seen) > domain.network.domain.probe_interval_s / 2


# Planned handovers that cannot be


@pytest.mark.parametrize("to", ["c1:1", "s2:99", "s2:11", "zz:1"])
async def test_preparation_of_what_is_no_access_port_is_refused(to: str) -> None:
    async with running_domain() as domain:
        await attached(domain, "s1:1", Station(MN))
        with pytest.raises(HandoverRefusedError, match=f"^{to} is no access port$"):
            await asyncio.wait_for(domain.controller.prepare(MN, PortRef.model_validate(to)), TIMEOUT_S)


async def test_preparation_at_a_switch_that_is_away_is_refused() -> None:
    async with running_domain() as domain:
        controller = domain.controller
        await attached(domain, "s1:1", Station(MN))
        await domain.servers["s3"].stop()
        await until(lambda: not controller._fabric.connections["s3"].is_ready)
        with pytest.raises(HandoverRefusedError, match=r"^switch s3 is not connected$"):
            await asyncio.wait_for(controller.prepare(MN, S3), TIMEOUT_S)


async def test_bug_in_one_event_ends_neither_the_agent_nor_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_domain() as domain:
        mn = Station(MN)
        await attached(domain, "s1:1", mn)

        async def carry_out(_plan: Plan) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patch:
            patch.setattr(domain.controller._fabric, "carry_out", carry_out)
            with pytest.raises(RuntimeError, match="a bug"):
                await asyncio.wait_for(domain.controller.prepare(MN, S2), TIMEOUT_S)
        await attached(domain, "s3:1", mn)


async def test_controller_that_stops_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_domain() as domain:
        await attached(domain, "s1:1", Station(MN))
        slow_writes(monkeypatch, 1000.0)
        plans = [asyncio.ensure_future(domain.controller.prepare(MN, at)) for at in (S2, S3)]
        await asyncio.sleep(0.05)
        await domain.stop_controller()
        for outcome in await asyncio.wait_for(asyncio.gather(*plans, return_exceptions=True), TIMEOUT_S):
            assert isinstance(outcome, HandoverRefusedError)

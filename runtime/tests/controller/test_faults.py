# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Switches that restart, refuse or forget; controllers that die between two writes; frames that are nothing."""

import asyncio
import itertools
import random
from collections.abc import Sequence

import pytest

from p4dmm.config import Admission, PortRef, load_network
from p4dmm.forwarding import Write
from p4dmm.mobility import HandoverRefusedError
from p4dmm.softswitch.service import SwitchServer
from p4dmm.switches import SwitchConnection
from p4dmm.wire import MacAddress
from tests.support.domain import (
    CN_ADDRESS,
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


async def restart(domain: Domain, name: str) -> None:
    """The switch comes back on its address with nothing in it, on the same wires."""
    old = domain.servers[name]
    switch = domain.network.switch(name)
    assert switch is not None
    await old.stop()
    new = SwitchServer(device_id=switch.device_id, grpc_address=switch.address)
    domain.servers[name] = new
    for link in domain.network.links:
        for end, ref in zip((domain.links[link].a, domain.links[link].b), link.ends, strict=True):
            if ref.switch == name:
                new.attach_port(ref.port, end)
    for ref, wire in domain.access.items():
        if ref.switch == name:
            new.attach_port(ref.port, wire.a)
    await new.start()


async def rows_come_back(domain: Domain, wanted: dict[str, set[object]]) -> None:
    await until(lambda: all(s.device.pipeline for s in domain.servers.values()) and domain.table_rows() == wanted)


@pytest.mark.parametrize("name", ["s1", "s2", "c1"])
async def test_switch_that_restarts_gets_its_tables_back(name: str) -> None:
    async with running_domain(drain_s=0.05) as domain:
        mn, cn = Station(MN), correspondent(domain)
        first = await attached(domain, "s1:1", mn)
        second = await attached(domain, "s2:1", mn)
        await exchange(domain, mn, cn, first, "s2:1", b"before")
        await domain.stage("retired")
        wanted = domain.table_rows()
        await restart(domain, name)
        await rows_come_back(domain, wanted)
        for address in (first, second):
            await exchange(domain, mn, cn, address, "s2:1", b"after " + str(address).encode())


async def test_handover_while_an_anchor_is_away_still_gives_service() -> None:
    """The new prefix works at once, the old one when its anchor is back."""
    async with running_domain(drain_s=0.05) as domain:
        mn, cn = Station(MN), correspondent(domain)
        first = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, first, "s1:1", b"before")
        await domain.servers["s1"].stop()
        second = await attached(domain, "s2:1", mn)
        await exchange(domain, mn, cn, second, "s2:1", b"native")
        await restart(domain, "s1")

        async def old_prefix_works() -> None:
            for number in itertools.count():
                cn.send_udp(domain.mac("c1"), CN_ADDRESS, first, b"old %d" % number)
                await asyncio.sleep(0.05)
                if any(p.startswith(b"old") for p in mn.payloads()):
                    return

        await asyncio.wait_for(old_prefix_works(), TIMEOUT_S)


async def test_full_table_is_refused_and_leaves_nothing() -> None:
    """The switch says RESOURCE_EXHAUSTED: the node is not served, and no row of it stays anywhere."""
    async with running_domain() as domain:
        pipeline = domain.servers["s2"].device.pipeline
        assert pipeline is not None
        pipeline.tables["DmmIngress.sources.prefix.prefix_sources"].size = 1
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        before = domain.table_rows()
        mn.plug(domain.wire("s2:1"))
        mn.announce()
        event = await domain.stage("refused", "s2:1")
        assert "prefix_sources" in event.detail
        assert domain.table_rows() == before
        # Its service at the old place is untouched.
        mn.plug(domain.wire("s1:1"))
        await exchange(domain, mn, cn, address, "s1:1", b"after")


async def test_exhausted_pool_is_refused() -> None:
    network = load_network(TRIANGLE)
    pools = {"s1": "2001:db8:1000::/64", "s2": "2001:db8:2000::/64", "s3": "2001:db8:3000::/64"}
    switches = tuple(
        s.model_copy(update={"pool": type(s.pool)(pools[s.name])}) if s.name in pools else s for s in network.switches
    )
    async with running_domain(network.model_copy(update={"switches": switches})) as domain:
        await attached(domain, "s1:1", Station(MN))
        before = domain.table_rows()
        second = Station(MacAddress.parse("02:00:5e:00:01:02"))
        second.plug(domain.wire("s1:2"))
        second.announce()
        event = await domain.stage("refused")
        assert "no prefix left" in event.detail
        assert domain.table_rows() == before


async def test_only_admitted_nodes_attach() -> None:
    network = load_network(TRIANGLE).model_copy(update={"admission": Admission(nodes=(MN,))})
    async with running_domain(network) as domain:
        empty = domain.table_rows()
        stranger = Station(MacAddress.parse("02:00:5e:00:01:02"))
        stranger.plug(domain.wire("s1:1"))
        stranger.announce()
        await domain.counted("not admitted", 1)
        assert domain.table_rows() == empty
        await attached(domain, "s1:2", Station(MN))
        assert [view.mac for view in domain.controller.nodes()] == [MN]


async def test_a_port_takes_no_more_nodes_than_allowed() -> None:
    """A stranger who invents MAC addresses fills its port, nothing else."""
    network = load_network(TRIANGLE)
    network = network.model_copy(update={"admission": Admission(open=True, nodes_per_port=3)})
    async with running_domain(network) as domain:
        wire = domain.wire("s1:1")
        forger = Station(MN)
        forger.plug(wire)
        for number in range(50):
            forger.mac = MacAddress.from_int(0x02005E000200 + number)
            forger.announce()
        await attached(domain, "s2:1", Station(MN))
        await domain.counted("not admitted", 47)
        assert len(domain.controller.nodes()) == 4


async def test_handover_to_where_the_node_is_is_refused(
    domain_with_node: tuple[Domain, Station, object],
) -> None:
    domain, _, _ = domain_with_node
    with pytest.raises(HandoverRefusedError, match="already at s1:1"):
        await domain.controller.prepare(MN, PortRef(switch="s1", port=1))
    with pytest.raises(HandoverRefusedError, match="is not known"):
        await domain.controller.prepare(MacAddress.parse("02:00:00:00:99:99"), PortRef(switch="s1", port=1))


async def test_garbage_from_the_switches_has_no_effect() -> None:
    """Random octets, and frames of a real node with a bit flipped, on every access port."""
    async with running_domain() as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        rng = random.Random(7)
        good = [frame for frame in (*mn.frames, *cn.frames) if len(frame) > 20]
        for _ in range(400):
            frame = bytearray(rng.choice(good)) if rng.random() < 0.7 else bytearray(rng.randbytes(rng.randrange(80)))
            if frame:
                frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
            if len(frame) >= 12:
                frame[6:12] = bytes(MN)
            mn.send(bytes(frame))
        await exchange(domain, mn, cn, address, "s1:1", b"after")


class Killed(BaseException):
    """The controller stops here."""


@pytest.mark.parametrize("planned", [False, True], ids=["reactive", "planned"])
async def test_controller_killed_between_any_two_writes(planned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a controller dies, its successor reads the switches and the node is served, up and down."""
    original = SwitchConnection.write
    for fatal in itertools.count(1):
        async with running_domain(drain_s=0.05, hold_down_s=0.0) as domain:
            mn, cn = Station(MN), correspondent(domain)
            first = await attached(domain, "s1:1", mn)
            await exchange(domain, mn, cn, first, "s1:1", b"before")
            count = 0
            died = asyncio.Event()

            async def write(
                self: SwitchConnection, writes: Sequence[Write], fatal: int = fatal, died: asyncio.Event = died
            ) -> None:
                nonlocal count
                count += 1
                if count >= fatal:
                    died.set()
                    await asyncio.Event().wait()
                await original(self, writes)

            monkeypatch.setattr(SwitchConnection, "write", write)
            doing = None
            if planned:
                doing = asyncio.create_task(domain.controller.prepare(MN, PortRef(switch="s2", port=1)))
                waiting = asyncio.create_task(died.wait())
                await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            mn.plug(domain.wire("s2:1"))
            mn.announce()
            ended = asyncio.create_task(domain.stage("retired"))
            waiting = asyncio.create_task(died.wait())
            await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
            survived = not died.is_set()
            for task in (ended, waiting, *([doing] if doing else [])):
                task.cancel()
            monkeypatch.setattr(SwitchConnection, "write", original)
            await domain.stop_controller()
            await domain.start_controller()
            mn.announce()  # what any host does now and then
            await settled(domain)
            await exchange(domain, mn, cn, first, "s2:1", b"after")
            if survived:
                break
    assert fatal > 3


async def settled(domain: Domain) -> None:
    """The node is served at s2:1 and nowhere else."""
    await until(lambda: [v.at for v in domain.controller.nodes()] == [PortRef(switch="s2", port=1)])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Controllers that are killed at every step of a registration and a handover, and those that go on after them.

The switches live on, with the nodes at them, in this process. In one domain nodes come one after the other: the
controller that takes over from a killed one is the next to be killed, so that what it took over must survive that, too.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv6Network
from itertools import count
from pathlib import Path
from typing import Any

from p4dmm.controller.disk import open_store
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import HomeNetworkPrefix, MobileNodeIdentifier, PreviousMaar, ProxyBindingAck
from tests.support.crowd import Crowd, address_in, advertised
from tests.support.domain import CN, Station
from tests.support.speakers import SpeakerDomain, stored, talks

from .killed import network

RUNTIME = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(RUNTIME)}
KILLED = [sys.executable, "-m", "tests.controller.speakers.killed"]

DOMAINS = 6
"""At the same time: much of each is waiting for what is sent again."""

SPEAKS_S = 0.1
OTHERS_SPEAK = 10
"""Times less often."""

SETTLES_S = 60.0
"""Only runs out when something is wrong."""


class EndedError(Exception):
    """The controller does not answer any more."""


class Remote:
    """A controller in another process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.steps: list[str] = []
        """What it has passed since it was told to watch."""

    async def answer(self, key: str) -> Any:
        """Its next word that has the key. Raises EndedError."""
        while True:
            try:
                line = await self._reader.readline()
            except ConnectionResetError:
                line = b""
            if not line:
                raise EndedError
            said = json.loads(line)
            if "step" in said:
                self.steps.append(said["step"])
            elif key in said:
                return said

    async def ask(self, key: str, **what: Any) -> Any:
        # Not by the writer: when that fails, the last words of a process that was killed cannot be read any more.
        with suppress(BrokenPipeError):
            os.write(self._writer.get_extra_info("socket").fileno(), json.dumps(what).encode() + b"\n")
        return await self.answer(key)

    async def watch(self, mac: MacAddress | None, kill_at: str | None) -> None:
        await self.ask("watching", watch=None if mac is None else str(mac), kill_at=kill_at)
        self.steps.clear()

    async def end(self) -> None:
        """Have it stop in order."""
        await self.ask("stopped", stop=True)
        self._writer.close()


class Nursery:
    """Starts controllers in processes of their own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def start(self, domain: SpeakerDomain, mode: str, path: Path) -> Remote:
        """When it is ready."""
        connected: asyncio.Future[Remote] = asyncio.get_running_loop().create_future()
        socket = path.with_suffix(".socket")
        server = await asyncio.start_unix_server(lambda r, w: connected.set_result(Remote(r, w)), socket)
        addresses = {name: server.address for name, server in domain.servers.items()}
        order = {"socket": str(socket), "addresses": addresses, "store": str(path), "mode": mode}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        remote = await connected
        server.close()
        await remote.answer("ready")
        return remote


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*KILLED, cwd=RUNTIME, env=ENVIRONMENT, stdin=pipe)
    assert process.stdin is not None
    try:
        yield Nursery(process)
    finally:
        process.stdin.close()
        await process.wait()


class Chain:
    """Nodes that come one after the other to the domain in one mode, with one store."""

    def __init__(self, crowd: Crowd, cn: Station, nursery: Nursery, mode: str, path: Path) -> None:
        self._crowd = crowd
        self._domain = crowd.domain
        self._cn = cn
        self._nursery = nursery
        self._mode = mode
        self._path = path
        self._told: dict[MacAddress, set[IPv6Network]] = {}
        self._controller: Remote | None = None

    async def killed_at(self, step: str | None, node: Station) -> list[str]:
        """The node's registration and handover; the steps that were passed, of which that was the last, if it came."""
        self._domain.heard.clear()
        remote = self._controller = self._controller or await self._start()
        try:
            await remote.watch(node.mac, step)
            for at in ("s1:1", "s2:1"):
                self._note(node)
                self._crowd.plug(node, at)
                await self._settled(remote, node)
            steps = list(remote.steps)
            await remote.watch(None, None)
        except EndedError:
            steps = remote.steps
            assert steps[-1] == step
            self._note(node)
            held = self._held()
            lost = {prefix: held.get(prefix) for prefix in self._told[node.mac] if held.get(prefix) != str(node.mac)}
            assert not lost, f"{self._mode}, killed {step}: {node.mac} was told {lost}, and has not got it on disk"
            remote = self._controller = await self._start()
        await self._check(remote, node)
        return steps

    async def end(self) -> None:
        """What is on disk at the end is what the nodes have: nothing is held for nobody."""
        self._controller = self._controller or await self._start()
        places = {str(mac): str(place) for mac, place in self._crowd.places.items()}
        found = await self._controller.ask("problems", places=places)
        await self._controller.end()
        bound = {IPv6Network(p): mac for mac, prefixes in found["bindings"].items() for p in prefixes}
        assert self._held() == bound
        for station in self._crowd.stations.values():
            self._crowd.unplug(station)

    def _held(self) -> dict[IPv6Network, str]:
        """Whose each prefix is, on disk."""
        store = open_store(stored(network(self._mode), self._path))
        assert store is not None
        prefixes = store.load().prefixes
        store.close()
        return {prefix: str(kept.owner) for prefix, kept in prefixes.items() if kept.quarantined_until is None}

    async def _start(self) -> Remote:
        return await self._nursery.start(self._domain, self._mode, self._path)

    async def _settled(self, remote: Remote, node: Station) -> dict[str, dict[str, str]]:
        """Wait until the controller and the switches have what they should, which is returned."""
        places = {str(mac): str(place) for mac, place in self._crowd.places.items()}
        said: dict[str, Any] = {"problems": ["nothing said"]}
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_S):
                for turn in count(1):
                    said = await remote.ask("problems", places=places)
                    if not said["problems"]:
                        break
                    await asyncio.sleep(SPEAKS_S)
                    # The others say something from time to time, too, and are not taken for gone.
                    for station in (node,) if turn % OTHERS_SPEAK else self._crowd.here():
                        station.announce()
        assert not said["problems"], "\n".join(said["problems"])
        assert not said["failures"]
        bindings: dict[str, dict[str, str]] = said["bindings"]
        return bindings

    async def _check(self, remote: Remote, node: Station) -> None:
        bindings = await self._settled(remote, node)
        for mac, told in self._told.items():
            assert told <= set(map(IPv6Network, bindings[str(mac)]))
        prefixes = {IPv6Network(prefix): anchor for prefix, anchor in bindings[str(node.mac)].items()}
        await node.until(lambda s: set(advertised(s)) == set(prefixes), f"{prefixes}")
        for prefix, anchor in prefixes.items():
            router = PMIPV6_ROUTER.mac if self._mode == "pmip" else self._domain.mac(anchor)
            await talks(self._domain, node, self._cn, address_in(prefix, node.mac), router)

    def _note(self, node: Station) -> None:
        """What was promised to the node, or for it, on any wire."""
        told = self._told.setdefault(node.mac, set())
        told.update(advertised(node))
        for heard in self._domain.messages("ProxyBindingAck"):
            ack = heard.message
            assert isinstance(ack, ProxyBindingAck)
            # Others may be extended at the same time.
            whose = ack.option(MobileNodeIdentifier)
            if ack.status == 0 and ack.lifetime and whose is not None and whose.identifier == bytes(node.mac):
                options = [*ack.all_options(HomeNetworkPrefix), *ack.all_options(PreviousMaar)]
                told.update(IPv6Network((option.prefix, option.prefix_length)) for option in options)


BOTH = ("s1", "s2")

STEPS = {
    "sdn": [
        "save of sdn *",
        *(f"write to {name}" for name in BOTH),
        *(f"RA at {name}:1" for name in BOTH),
    ],
    "pmip": [
        *(f"save of mag {name}" for name in BOTH),
        "save of lma c1",
        *(f"write to {name}" for name in (*BOTH, "c1")),
        *(f"ProxyBindingUpdate from {name}" for name in BOTH),
        "ProxyBindingAck from c1",
        "BindingRevocationIndication from c1",
        "BindingRevocationAck from s1",
        *(f"RA at {name}:1" for name in BOTH),
    ],
    "dmm": [
        *(f"save of maar {name}" for name in BOTH),
        "save of cmd c1",
        *(f"write to {name}" for name in BOTH),
        *(f"ProxyBindingUpdate from {name}" for name in (*BOTH, "c1")),
        *(f"ProxyBindingAck from {name}" for name in ("c1", "s1")),
        *(f"RA at {name}:1" for name in BOTH),
    ],
}
"""What has to be among the steps, before and after."""


ATTEMPTS = 3
"""A step may be one that is there only when a run is slow: a message is sent again."""


class Plan:
    """Of one mode."""

    def __init__(self) -> None:
        self.steps: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        """All of them, once they are known."""
        self.to_do: list[str] = []
        self.missed: Counter[str] = Counter()


async def killed_in_turn(nursery: Nursery, path: Path, number: int, plans: dict[str, Plan]) -> None:
    """One domain in each mode, with what is to be done there; the first one finds out what that is."""
    macs = (MacAddress.from_int(0x02005E100000 + (number << 12) + node) for node in range(1 << 12))
    domain = SpeakerDomain(network("dmm"))
    cn = Station(CN)
    try:
        await domain.start_switches()
        cn.plug(domain.wire("c1:1"))
        crowd = Crowd(domain, cn)
        for mode, plan in plans.items():
            chain = Chain(crowd, cn, nursery, mode, path / f"{mode}{number}")
            if not number:
                plan.to_do = await chain.killed_at(None, Station(next(macs)))
                plan.steps.set_result(list(plan.to_do))
            await plan.steps
            while plan.to_do:
                step = plan.to_do.pop()
                passed = await chain.killed_at(step, Station(next(macs)))
                if passed[-1] != step:
                    plan.missed[step] += 1
                    assert plan.missed[step] < ATTEMPTS, f"{mode}: {step} was not reached: {passed}"
                    plan.to_do.append(step)
            await chain.end()
    finally:
        await domain.stop()


async def test_a_controller_that_is_killed_at_any_step_has_lost_nothing(tmp_path: Path) -> None:
    plans = {mode: Plan() for mode in STEPS}
    async with nursery() as controllers, asyncio.TaskGroup() as group:
        for number in range(DOMAINS):
            group.create_task(killed_in_turn(controllers, tmp_path, number, plans))
    for mode, plan in plans.items():
        steps = {step.partition(",")[0] for step in plan.steps.result()}
        assert {f"{when} {step}" for step in STEPS[mode] for when in ("before", "after")} <= steps

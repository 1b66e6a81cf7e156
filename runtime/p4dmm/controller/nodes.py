# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""All mobile nodes: who may attach, whose agent a frame is for, and who is still there."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from p4dmm.config import PortRef
from p4dmm.forwarding import EXTERNAL_PATH, MAX_NODE_ID, entries_for
from p4dmm.mobility import (
    Admission,
    AdmissionError,
    Attachment,
    BindingCacheEntry,
    HandoverRefusedError,
    IdPool,
    NodeGone,
    PoolExhaustedError,
    PrefixPool,
    PrepareHandover,
)
from p4dmm.wire import MacAddress

from .agent import NodeAgent, Sighting
from .events import NodeView
from .pools import Pools
from .probes import probe_frame
from .reports import ref
from .services import Services

log = structlog.get_logger(__name__)

PATH_IDS = EXTERNAL_PATH - 1

AT_ONCE = 256
"""Nodes of one switch that are probed, or sent repeated advertisements, at the same time; a part of what may wait for
the switch's stream (switches.connection.PACKETS_OUT)."""


class NodeRegistry:
    """MAC address -> agent."""

    def __init__(self, services: Services, admission: Admission) -> None:
        self._services = services
        self._admission = admission
        topology = services.topology
        self._pools = Pools(
            node_ids=IdPool("node id", MAX_NODE_ID),
            path_ids=IdPool("path id", PATH_IDS),
            prefixes={maar: PrefixPool(topology.pool(maar)) for maar in topology.maars},
        )
        self._agents: dict[MacAddress, NodeAgent] = {}
        self._came: dict[PortRef, set[MacAddress]] = {}
        self._prober: asyncio.Task[None] | None = None
        self._probing: dict[MacAddress, asyncio.Task[None]] = {}
        self._advertised = {maar: asyncio.Semaphore(AT_ONCE) for maar in topology.maars}
        self._probed = {maar: asyncio.Semaphore(AT_ONCE) for maar in topology.maars}

    def adopt(self, bindings: Sequence[BindingCacheEntry]) -> None:
        """Take over bindings that were read back from the switches, but for nodes that are not admitted any more."""
        for number, bce in enumerate(bindings):
            assert bce.serving is not None
            try:
                self._admission.check(bce.mac, bce.serving.place, others_there=0)
            except AdmissionError as error:
                log.warning("not adopted", mac=str(bce.mac), at=str(bce.serving.place), reason=str(error))
                continue
            self._pools.node_ids.claim(bce.node_id)
            self._pools.path_ids.claim(bce.serving.path_id)
            for hnp in bce.hnps:
                self._pools.prefixes[hnp.anchor].claim(hnp.prefix, bce.mac)
            self._services.fabric.adopt(entries_for(bce, self._services.topology).values())
            agent = self._agents[bce.mac] = self._agent(bce)
            # Nobody knows when they were seen; not all of them are asked at once.
            agent.last_seen -= self._services.domain.probe_interval_s * number / len(bindings)
            self._came.setdefault(ref(bce.serving), set()).add(bce.mac)

    def start(self) -> None:
        """Begin to advertise to, and to look after, the nodes there are."""
        for agent in self._agents.values():
            agent.resume()
        self._prober = asyncio.create_task(self._probe_all(), name="probe nodes")

    async def stop(self) -> None:
        tasks = [*self._probing.values(), *([self._prober] if self._prober else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *(agent.stop() for agent in self._agents.values()), return_exceptions=True)

    def sighted(self, mac: MacAddress, sighting: Sighting) -> None:
        """A frame of that MAC came in at an access port."""
        agent = self._agents.get(mac)
        if agent is None or sighting.at not in agent.places():
            try:
                self._admit(mac, sighting.at)
                agent = agent or self._new_agent(mac)
            except (AdmissionError, PoolExhaustedError) as error:
                self._services.counters["not admitted"] += 1
                log.debug("not admitted", mac=str(mac), at=str(sighting.at), reason=str(error))
                return
        agent.sighted(sighting)

    def solicited(self, mac: MacAddress) -> None:
        """A Router Solicitation of that node."""
        agent = self._agents.get(mac)
        if agent is not None:
            agent.solicited()

    async def prepare(self, mac: MacAddress, to: PortRef) -> None:
        """A planned handover; returns when both paths are installed. Raises HandoverRefusedError."""
        agent = self._agents.get(mac)
        if agent is None:
            raise HandoverRefusedError(f"{mac} is not known; known are {', '.join(map(str, self._agents)) or 'none'}")
        port = self._services.topology.port(to.switch, to.port)
        if port is None or port.role != "access":
            raise HandoverRefusedError(f"{to} is no access port")
        if not self._services.fabric.connections[to.switch].is_ready:
            raise HandoverRefusedError(f"switch {to.switch} is not connected")
        try:
            self._admit(mac, to)
            path_id = self._pools.path_ids.allocate()
        except (AdmissionError, PoolExhaustedError) as error:
            raise HandoverRefusedError(str(error)) from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        agent.enqueue(PrepareHandover(Attachment(to.switch, to.port, path_id)), done)
        await done

    def views(self) -> tuple[NodeView, ...]:
        return tuple(agent.view() for agent in self._agents.values())

    def _admit(self, mac: MacAddress, at: PortRef) -> None:
        """Raises AdmissionError. Counts the port's nodes among those that came to it, not among all; with them those
        that left from it and whose prefixes are kept."""
        came = self._came.setdefault(at, set())
        left = {m for m in came if m not in self._agents or at not in self._agents[m].places()}
        came -= left
        self._admission.check(mac, (at.switch, at.port), len(came - {mac}))
        came.add(mac)

    def _new_agent(self, mac: MacAddress) -> NodeAgent:
        bce = BindingCacheEntry(mn_id=str(mac), mac=mac, node_id=self._pools.node_ids.allocate())
        agent = self._agent(bce)
        self._agents[mac] = agent
        return agent

    def _agent(self, bce: BindingCacheEntry) -> NodeAgent:
        return NodeAgent(bce, self._services, self._pools, self._advertised, self._forgotten)

    def _forgotten(self, mac: MacAddress, sightings: list[Sighting]) -> None:
        del self._agents[mac]
        for sighting in sightings:
            self.sighted(mac, sighting)

    async def _probe_all(self) -> None:
        """Neighbor Unreachability Detection by packet-out (RFC 4861 section 7.3): P4Runtime has no port status."""
        domain = self._services.domain
        while True:
            await asyncio.sleep(domain.probe_interval_s / 4)
            for mac, agent in self._agents.items():
                if mac not in self._probing and self._is_due(agent):
                    task = asyncio.create_task(self._probe(agent), name=f"probe {mac}")
                    self._probing[mac] = task
                    task.add_done_callback(lambda _, mac=mac: self._probing.pop(mac))  # type: ignore[misc]

    def _is_due(self, agent: NodeAgent) -> bool:
        silent = self._services.now() - agent.last_seen
        return agent.at is not None and silent >= self._services.domain.probe_interval_s

    async def _probe(self, agent: NodeAgent) -> None:
        serving = agent.bce.serving
        if serving is None:
            return
        async with self._probed[serving.switch]:
            if agent.bce.serving != serving or not self._is_due(agent):
                return  # it has been heard while others were asked
            if not await self._answers(agent, serving):
                agent.enqueue(NodeGone(serving.path_id))

    async def _answers(self, agent: NodeAgent, serving: Attachment) -> bool:
        """Whether the node is heard on that path, or has left it."""
        services = self._services
        router = services.topology.router_mac(serving.switch)
        at = ref(serving)
        for _ in range(services.domain.probe_count):
            agent.heard.clear()
            await services.send_to_port(at, probe_frame(router, agent.bce))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(agent.heard.wait(), services.domain.probe_timeout_s)
            if agent.heard.is_set() or agent.bce.serving != serving:
                return True
        return False

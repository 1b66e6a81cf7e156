# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""All mobile nodes: who may attach, whose agent a frame is for, and who is still there."""

import asyncio
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
    PoolExhaustedError,
    PrefixPool,
    PrepareHandover,
)
from p4dmm.store import Contents
from p4dmm.wire import Frame, MacAddress

from .agent import NodeAgent
from .events import NodeView
from .journal import Journal
from .pools import Pools
from .presence import AT_ONCE, PortAdmission, Prober
from .reports import ref, view_of
from .services import Services
from .sighting import Sighting

log = structlog.get_logger(__name__)

PATH_IDS = EXTERNAL_PATH - 1


class NodeRegistry:
    """MAC address -> agent."""

    def __init__(self, services: Services, admission: Admission, journal: Journal) -> None:
        self._services = services
        self._admission = admission
        self._journal = journal
        topology = services.topology
        self._pools = Pools(
            node_ids=IdPool("node id", MAX_NODE_ID),
            path_ids=IdPool("path id", PATH_IDS),
            prefixes={maar: PrefixPool(pool) for maar, pool in topology.pools.items()},
        )
        self._agents: dict[MacAddress, NodeAgent] = {}
        self._ports = PortAdmission(admission, self._agents)
        self._found: list[MacAddress] = []
        """Adopted, and not stored yet."""
        self._prober = Prober(services, self._agents)
        self._advertised = {maar: asyncio.Semaphore(AT_ONCE) for maar in topology.maars}

    def adopt(self, stored: Contents, found: Sequence[BindingCacheEntry]) -> None:
        """Take over bindings that were stored, or without any those that were read back from the switches; but for
        nodes that are not admitted any more."""
        for prefix, kept in stored.prefixes.items():
            pool = self._pools.prefixes.get(kept.switch)
            if pool is None or not pool.covers(prefix):
                continue
            if kept.quarantined_until is None:
                pool.claim(prefix, str(kept.owner))
            else:
                pool.rest(prefix, str(kept.owner), kept.quarantined_until)
        # What other modes have stored is not for this one, but theirs.
        bindings: Sequence[BindingCacheEntry] = [state for key, state in stored.nodes.items() if key.role == "sdn"]
        if not stored.prefixes:
            bindings = found
            self._found = [bce.mac for bce in found]
        for number, bce in enumerate(bindings):
            place = bce.serving.place if bce.serving is not None else ("", 0)
            try:
                self._admission.check(bce.mac, place, others_there=0)
            except AdmissionError as error:
                log.warning("not adopted", mac=str(bce.mac), at=str(place), reason=str(error))
                continue
            if not self._fits(bce):
                log.warning("not adopted: of another network file", mac=str(bce.mac), at=str(place))
                continue
            self._pools.node_ids.claim(bce.node_id)
            for attachment in bce.attachments:
                self._pools.path_ids.claim(attachment.path_id)
                self._ports.note(bce.mac, ref(attachment))
            for hnp in bce.hnps:
                self._pools.prefixes[hnp.anchor].claim(hnp.prefix, str(bce.mac))
            self._services.fabric.adopt(entries_for(bce, self._services.topology).values())
            agent = self._agents[bce.mac] = self._agent(bce)
            # Nobody knows when they were seen; not all of them are asked at once.
            agent.last_seen -= self._services.domain.probe_interval_s * number / len(bindings)

    async def remember(self) -> None:
        """Store what was read back from the switches. Raises StoreError."""
        found, self._found = self._found, []
        await asyncio.gather(*(self._agents[mac].remember() for mac in found if mac in self._agents))

    def start(self) -> None:
        """Begin to advertise to, and to look after, the nodes there are."""
        for agent in self._agents.values():
            agent.resume()
        self._prober.start()

    async def stop(self) -> None:
        await self._prober.stop()
        await asyncio.gather(*(agent.stop() for agent in self._agents.values()), return_exceptions=True)

    def sighted(self, mac: MacAddress, sighting: Sighting) -> None:
        """A frame of that MAC came in at an access port."""
        agent = self._agents.get(mac)
        if agent is None or sighting.at not in agent.places():
            try:
                self._ports.check(mac, sighting.at)
                agent = agent or self._new_agent(mac)
            except (AdmissionError, PoolExhaustedError) as error:
                self._services.counters["not admitted"] += 1
                log.debug("not admitted", mac=str(mac), at=str(sighting.at), reason=str(error))
                return
        agent.sighted(sighting)

    def solicited(self, mac: MacAddress, at: PortRef) -> None:  # noqa: ARG002 wherever it is
        """A Router Solicitation of that node."""
        agent = self._agents.get(mac)
        if agent is not None:
            agent.solicited()

    def signalled(self, at: PortRef, frame: Frame) -> None:  # noqa: ARG002
        """Mobility messages are not heard in this mode."""
        self._services.counters["mobility messages without a role"] += 1

    def reload_policy(self) -> None:
        """There is none to reload in this mode."""

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
            self._ports.check(mac, to)
            path_id = self._pools.path_ids.allocate()
        except (AdmissionError, PoolExhaustedError) as error:
            raise HandoverRefusedError(str(error)) from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        agent.enqueue(PrepareHandover(Attachment(to.switch, to.port, path_id)), done)
        await done

    def views(self) -> tuple[NodeView, ...]:
        return tuple(view_of(agent.bce) for agent in self._agents.values())

    def _fits(self, bce: BindingCacheEntry) -> bool:
        """Whether the ports and pools of the binding are there; the network file may have changed since."""
        ports = [self._services.topology.port(*attachment.place) for attachment in bce.attachments]
        pools = self._pools.prefixes
        return all(port is not None and port.role == "access" for port in ports) and all(
            hnp.anchor in pools and pools[hnp.anchor].covers(hnp.prefix) for hnp in bce.hnps
        )

    def _new_agent(self, mac: MacAddress) -> NodeAgent:
        bce = BindingCacheEntry(mn_id=str(mac), mac=mac, node_id=self._pools.node_ids.allocate())
        agent = self._agent(bce)
        self._agents[mac] = agent
        return agent

    def _agent(self, bce: BindingCacheEntry) -> NodeAgent:
        return NodeAgent(bce, self._services, self._pools, self._journal, self._advertised, self._forgotten)

    def _forgotten(self, mac: MacAddress, sightings: list[Sighting]) -> None:
        del self._agents[mac]
        for sighting in sightings:
            self.sighted(mac, sighting)

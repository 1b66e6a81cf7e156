# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""All mobile nodes: who may attach, whose agent a frame is for, and who is still there."""

import asyncio
from collections.abc import Iterable

import structlog

from p4dmm.config import PortRef
from p4dmm.forwarding import entries_for
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
from p4dmm.wire import (
    ALL_NODES,
    ETHERTYPE_IPV6,
    ROUTER_ALERT_OPTION,
    UNSPECIFIED,
    Ethernet,
    IPv6Packet,
    MacAddress,
    MldQuery,
    NextHeader,
    encode_icmpv6,
    neighbor_solicitation,
)

from .agent import NodeAgent, Pools, Sighting
from .events import NodeView
from .services import Services

log = structlog.get_logger(__name__)

NODE_IDS = (1 << 24) - 1
PATH_IDS = (1 << 23) - 1


class NodeRegistry:
    """MAC address -> agent."""

    def __init__(self, services: Services, admission: Admission) -> None:
        self._services = services
        self._admission = admission
        topology = services.topology
        self._pools = Pools(
            node_ids=IdPool("node id", NODE_IDS),
            path_ids=IdPool("path id", PATH_IDS),
            prefixes={maar: PrefixPool(topology.pool(maar)) for maar in topology.maars},
        )
        self._agents: dict[MacAddress, NodeAgent] = {}
        self._came: dict[PortRef, set[MacAddress]] = {}
        self._prober: asyncio.Task[None] | None = None
        self._probing: dict[MacAddress, asyncio.Task[None]] = {}

    def adopt(self, bindings: Iterable[BindingCacheEntry]) -> None:
        """Take over bindings that were read back from the switches."""
        for bce in bindings:
            assert bce.serving is not None
            self._pools.node_ids.claim(bce.node_id)
            self._pools.path_ids.claim(bce.serving.path_id)
            for hnp in bce.hnps:
                self._pools.prefixes[hnp.anchor].claim(hnp.prefix, bce.mac)
            self._services.fabric.adopt(entries_for(bce, self._services.topology).values())
            self._agents[bce.mac] = NodeAgent(bce, self._services, self._pools)
            self._came.setdefault(PortRef(switch=bce.serving.switch, port=bce.serving.port), set()).add(bce.mac)

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
        if agent is not None and agent.is_forgotten:
            agent = None
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
        try:
            self._admit(mac, to)
            path_id = self._pools.path_ids.allocate()
        except (AdmissionError, PoolExhaustedError) as error:
            raise HandoverRefusedError(str(error)) from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        agent.enqueue(PrepareHandover(Attachment(to.switch, to.port, path_id)), done)
        await done

    def views(self) -> tuple[NodeView, ...]:
        return tuple(agent.view() for agent in self._agents.values() if not agent.is_forgotten)

    def _admit(self, mac: MacAddress, at: PortRef) -> None:
        """Raises AdmissionError. Counts the port's nodes among those that came to it, not among all."""
        came = self._came.setdefault(at, set())
        left = {m for m in came if m not in self._agents or at not in self._agents[m].places()}
        came -= left
        self._admission.check(mac, (at.switch, at.port), len(came - {mac}))
        came.add(mac)

    def _new_agent(self, mac: MacAddress) -> NodeAgent:
        bce = BindingCacheEntry(mn_id=str(mac), mac=mac, node_id=self._pools.node_ids.allocate())
        agent = NodeAgent(bce, self._services, self._pools)
        self._agents[mac] = agent
        return agent

    async def _probe_all(self) -> None:
        """Neighbor Unreachability Detection by packet-out (RFC 4861 section 7.3): P4Runtime has no port status."""
        domain = self._services.domain
        while True:
            await asyncio.sleep(domain.probe_interval_s / 4)
            now = self._services.now()
            for mac, agent in list(self._agents.items()):
                if agent.is_forgotten:
                    del self._agents[mac]
                elif (
                    agent.at is not None
                    and now - agent.last_seen >= domain.probe_interval_s
                    and (mac not in self._probing or self._probing[mac].done())
                ):
                    self._probing[mac] = asyncio.create_task(self._probe(agent), name=f"probe {mac}")

    async def _probe(self, agent: NodeAgent) -> None:
        domain = self._services.domain
        asked = self._services.now()
        for _ in range(domain.probe_count):
            at = agent.at
            if at is None:
                return
            router = self._services.topology.router_mac(at.switch)
            await self._services.send_to_port(at, _probe_frame(router, agent.bce))
            await asyncio.sleep(domain.probe_timeout_s)
            if agent.last_seen > asked or agent.at != at:
                return
        agent.enqueue(NodeGone())


def _probe_frame(router: MacAddress, bce: BindingCacheEntry) -> bytes:
    if bce.link_local is not None:
        return neighbor_solicitation(bce.link_local, src_mac=router, src=router.link_local(), dst_mac=bce.mac)
    return _mld_general_query(router, bce.mac)


def _mld_general_query(router: MacAddress, mac: MacAddress) -> bytes:
    """For a node whose link-local address is not known (after a restart): its report has it as source.

    RFC 3810 section 5.1: version 2, so that the node keeps to version 2; hop limit 1, Router Alert; to this node alone.
    """
    src = router.link_local()
    # Maximum Response Delay 100 ms; S = 0, QRV 2, QQIC 125, no sources (RFC 3810 sections 5.1.7 to 5.1.10)
    query = MldQuery(UNSPECIFIED, maximum_response_delay=100, extra=bytes((2, 125, 0, 0)))
    alert = bytes((ROUTER_ALERT_OPTION, 2, 0, 0, 1, 0))
    hop_by_hop = bytes((NextHeader.ICMPV6, 0)) + alert
    payload = hop_by_hop + encode_icmpv6(query, src, ALL_NODES)
    packet = IPv6Packet(src, ALL_NODES, NextHeader.HOP_BY_HOP, payload, hop_limit=1)
    return Ethernet(mac, router, ETHERTYPE_IPV6, packet.encode()).encode()

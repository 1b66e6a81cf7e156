# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The controller of a domain."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

import structlog

from p4dmm import mobility
from p4dmm.config import Link, Network, PortRef
from p4dmm.forwarding import PuntReason, Row, Topology, recover
from p4dmm.forwarding.baseline import ROLES
from p4dmm.store import Store
from p4dmm.switches import PacketIn, PipelineFiles, default_pipeline
from p4dmm.wire import MacAddress

from .dispatch import Dispatcher
from .events import HandoverEvent, LinkEvent, NodeView
from .fabric import Fabric
from .hosts import HostTable
from .icmp import Icmp
from .journal import Journal
from .links import LinkMonitor
from .nodes import NodeRegistry
from .services import Services
from .speakers.domain import Speakers

log = structlog.get_logger(__name__)


class Controller:
    """Runs in one event loop. `start` returns when every switch holds what it should. The store, if there is one, is
    the controller's from now on, and closed when it stops."""

    def __init__(
        self,
        network: Network,
        *,
        pipeline: PipelineFiles | None = None,
        store: Store | None = None,
        on_event: Callable[[HandoverEvent], None] | None = None,
        on_link: Callable[[LinkEvent], None] | None = None,
    ) -> None:
        self._network = network
        self._topology = Topology(network)
        self._fabric = Fabric(network, self._topology, pipeline or default_pipeline(), self._packet_in)
        self._services = Services(self._topology, network.domain, self._fabric, on_event)
        admission = network.admission
        rules = mobility.Admission(
            nodes=None if admission.open else frozenset(admission.nodes),
            nodes_per_port=admission.nodes_per_port,
        )
        icmp = Icmp(self._services)
        self._journal = Journal(store)
        self._nodes: NodeRegistry | Speakers
        if network.mobility.mode == "sdn":
            self._nodes = NodeRegistry(self._services, rules, self._journal)
        else:
            self._nodes = Speakers(network, self._services, icmp, rules, self._journal)
        self._hosts = HostTable(self._services, icmp)
        self._links = LinkMonitor(self._services, self._link_changed)
        self._dispatcher = Dispatcher(self._services, self._nodes, self._hosts, icmp, self._links)
        self._on_link = on_link
        self._changed: list[Link] = []
        self._is_running = False

    async def start(self) -> None:
        """Connect to every switch, take up the bindings that were stored, or read them back from what is installed, and
        repair what differs. Raises StoreError if what is stored cannot be read."""
        self._fabric.start()
        rows = await self._fabric.read_all(self._network.domain.connect_timeout_s)
        self._links.start()
        await self._links.first_look(_core_ports(rows))
        found = recover(rows, self._topology, self._services.now())
        stored = self._journal.load()
        log.info("switches read", rows=len(rows), bindings=len(found.bindings), hosts=len(found.hosts))
        log.info("store read", bindings=len(stored.nodes), prefixes=len(stored.prefixes))
        if isinstance(self._nodes, NodeRegistry):
            self._nodes.adopt(stored, found.bindings)
            await self._nodes.remember()
        else:
            self._nodes.adopt(stored)
        self._hosts.adopt(found.hosts)
        await self._fabric.reconcile_all(self._network.domain.connect_timeout_s)
        self._is_running = True
        self._nodes.start()
        self._hosts.start()

    async def stop(self) -> None:
        """Leave; the switches go on forwarding with what they hold."""
        self._is_running = False
        await self._links.stop()
        await self._nodes.stop()
        await self._hosts.stop()
        await self._services.stop()
        await self._fabric.stop()
        await self._journal.stop()

    async def prepare(self, mac: MacAddress, to: PortRef) -> None:
        """A planned handover: returns when the node is served at both places. Raises mobility.HandoverRefusedError."""
        await self._nodes.prepare(mac, to)

    def reload_policy(self) -> None:
        """Read the policy file again; one that cannot be used changes nothing."""
        self._nodes.reload_policy()

    def nodes(self) -> tuple[NodeView, ...]:
        """Every node, attached or waited for."""
        return self._nodes.views()

    @property
    def counters(self) -> Counter[str]:
        """What was answered, refused or dropped, by name."""
        return self._services.counters

    def _packet_in(self, packet: PacketIn) -> None:
        # Which links are up has to be known before everything else.
        if self._is_running or packet.reason == PuntReason.LINK_PROBE:
            self._dispatcher.packet_in(packet)

    def _link_changed(self, link: Link) -> None:
        if not self._links.is_up(link):
            self._services.spawn(self._fabric.take_out(link))
        if not self._changed:
            # A switch that goes down takes several links with it: new ways are computed once for all.
            asyncio.get_running_loop().call_soon(lambda: self._services.spawn(self._reroute()))
        self._changed.append(link)

    async def _reroute(self) -> None:
        changed, self._changed = self._changed, []
        self._services.topology = self._topology.without(self._links.down)
        states = {link: self._links.is_up(link) for link in changed}
        await self._fabric.reroute(self._services.topology)
        for link, is_up in states.items():
            if self._on_link is not None:
                self._on_link(LinkEvent(link.ends, is_up=is_up, at=self._services.monotonic(self._services.now())))


def _core_ports(rows: Iterable[Row]) -> set[PortRef]:
    return {
        PortRef(switch=row.at.switch, port=row.at.number)
        for row in rows
        if row.at.table == "ports" and row.parameters == (ROLES["core"],)
    }

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The controller of a domain."""

from collections import Counter
from collections.abc import Callable

import structlog

from p4dmm import mobility
from p4dmm.config import Network, PortRef
from p4dmm.forwarding import Topology, recover
from p4dmm.switches import PacketIn, PipelineFiles, default_pipeline
from p4dmm.wire import MacAddress

from .dispatch import Dispatcher
from .events import HandoverEvent, NodeView
from .fabric import Fabric
from .hosts import HostTable
from .icmp import Icmp
from .nodes import NodeRegistry
from .services import Services

log = structlog.get_logger(__name__)


class Controller:
    """Runs in one event loop. `start` returns when every switch holds what it should."""

    def __init__(
        self,
        network: Network,
        *,
        pipeline: PipelineFiles | None = None,
        on_event: Callable[[HandoverEvent], None] | None = None,
    ) -> None:
        self._network = network
        self._topology = Topology(network)
        self._fabric = Fabric(network, self._topology, pipeline or default_pipeline(), self._packet_in)
        self._services = Services(self._topology, network.domain, self._fabric, on_event)
        admission = network.admission
        self._nodes = NodeRegistry(
            self._services,
            mobility.Admission(
                nodes=None if admission.open else frozenset(admission.nodes),
                nodes_per_port=admission.nodes_per_port,
            ),
        )
        icmp = Icmp(self._services)
        self._hosts = HostTable(self._services, icmp)
        self._dispatcher = Dispatcher(self._services, self._nodes, self._hosts, icmp)
        self._is_running = False

    async def start(self) -> None:
        """Connect to every switch, read what is installed back into bindings, and repair what differs."""
        self._fabric.start()
        rows = await self._fabric.read_all(self._network.domain.connect_timeout_s)
        found = recover(rows, self._topology, self._services.now())
        log.info("switches read", rows=len(rows), bindings=len(found.bindings), hosts=len(found.hosts))
        self._nodes.adopt(found.bindings)
        self._hosts.adopt(found.hosts)
        await self._fabric.reconcile_all(self._network.domain.connect_timeout_s)
        self._is_running = True
        self._nodes.start()
        self._hosts.start()

    async def stop(self) -> None:
        """Leave; the switches go on forwarding with what they hold."""
        self._is_running = False
        await self._nodes.stop()
        await self._hosts.stop()
        await self._services.stop()
        await self._fabric.stop()

    async def prepare(self, mac: MacAddress, to: PortRef) -> None:
        """A planned handover: returns when the node is served at both places. Raises mobility.HandoverRefusedError."""
        await self._nodes.prepare(mac, to)

    def nodes(self) -> tuple[NodeView, ...]:
        """Every node, attached or waited for."""
        return self._nodes.views()

    @property
    def counters(self) -> Counter[str]:
        """What was answered, refused or dropped, by name."""
        return self._services.counters

    def _packet_in(self, packet: PacketIn) -> None:
        if self._is_running:
            self._dispatcher.packet_in(packet)

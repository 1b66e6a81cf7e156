# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes are still there, and how many a port may have."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

from p4dmm.config import PortRef
from p4dmm.mobility import Admission, Attachment
from p4dmm.wire import MacAddress

from .reports import ref
from .services import Services

AT_ONCE = 256
"""Nodes of one switch that are probed, or sent repeated advertisements, at the same time; a part of what may wait for
the switch's stream (switches.connection.PACKETS_OUT)."""


class Present(Protocol):
    """A node that is attached somewhere."""

    last_seen: float
    heard: asyncio.Event
    """Set whenever the node is heard where it is attached."""

    @property
    def attachment(self) -> Attachment | None: ...

    def places(self) -> set[PortRef]: ...

    def probe(self) -> bytes:
        """A frame that it answers at once."""

    def gone(self, attachment: Attachment) -> None:
        """It did not answer there."""


class Prober:
    """Neighbor Unreachability Detection by packet-out (RFC 4861 section 7.3): P4Runtime has no port status."""

    def __init__(self, services: Services, nodes: Mapping[MacAddress, Present]) -> None:
        self._services = services
        self._nodes = nodes
        self._task: asyncio.Task[None] | None = None
        self._probing: dict[MacAddress, asyncio.Task[None]] = {}
        self._in_turn = {name: asyncio.Semaphore(AT_ONCE) for name in services.topology.switches}

    def start(self) -> None:
        self._task = asyncio.create_task(self._probe_all(), name="probe nodes")

    async def stop(self) -> None:
        tasks = [*self._probing.values(), *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe_all(self) -> None:
        domain = self._services.domain
        while True:
            await asyncio.sleep(domain.probe_interval_s / 4)
            for mac, node in self._nodes.items():
                if mac not in self._probing and self._is_due(node):
                    task = asyncio.create_task(self._probe(node), name=f"probe {mac}")
                    self._probing[mac] = task
                    task.add_done_callback(self._done(mac))

    def _done(self, mac: MacAddress) -> Callable[[asyncio.Task[None]], None]:
        def done(_: asyncio.Task[None]) -> None:
            del self._probing[mac]

        return done

    def _is_due(self, node: Present) -> bool:
        now = self._services.now()
        # The clock may have been set back.
        node.last_seen = min(node.last_seen, now)
        silent = now - node.last_seen
        return node.attachment is not None and silent >= self._services.domain.probe_interval_s

    async def _probe(self, node: Present) -> None:
        attachment = node.attachment
        if attachment is None:
            return
        async with self._in_turn[attachment.switch]:
            if node.attachment != attachment or not self._is_due(node):
                return  # it has been heard while others were asked
            if not await self._answers(node, attachment):
                node.gone(attachment)

    async def _answers(self, node: Present, attachment: Attachment) -> bool:
        """Whether the node is heard on that path, or has left it."""
        services = self._services
        for _ in range(services.domain.probe_count):
            node.heard.clear()
            await services.send_to_port(ref(attachment), node.probe())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(node.heard.wait(), services.domain.probe_timeout_s)
            if node.heard.is_set() or node.attachment != attachment:
                return True
        return False


class PortAdmission:
    """Counts a port's nodes among those that came to it, not among all; with them those that left from it and whose
    prefixes are kept."""

    def __init__(self, admission: Admission, nodes: Mapping[MacAddress, Present]) -> None:
        self._admission = admission
        self._nodes = nodes
        self._came: dict[PortRef, set[MacAddress]] = {}

    def note(self, mac: MacAddress, at: PortRef) -> None:
        """It is there already."""
        self._came.setdefault(at, set()).add(mac)

    def check(self, mac: MacAddress, at: PortRef) -> None:
        """Raises AdmissionError if the node may not come there; else it counts among those that came."""
        came = self._came.setdefault(at, set())
        left = {m for m in came if m not in self._nodes or at not in self._nodes[m].places()}
        came -= left
        self._admission.check(mac, (at.switch, at.port), len(came - {mac}))
        came.add(mac)

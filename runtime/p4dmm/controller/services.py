# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What every part of the controller shares."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any

from p4dmm.config import Domain, PortRef
from p4dmm.forwarding import Topology
from p4dmm.mobility import Lifetimes
from p4dmm.switches import PacketOutMode
from p4dmm.wire import MacAddress

from .events import EventHandler, HandoverEvent
from .fabric import Fabric

CLOCK_STEP_S = 0.1
"""A system's clock that is further away has been set."""


@dataclass(slots=True)
class Services:
    """The switches, the domain's times, and the way out."""

    topology: Topology
    domain: Domain
    fabric: Fabric
    on_event: EventHandler | None = None
    counters: Counter[str] = field(default_factory=Counter)
    """What was dropped, answered or refused, by name."""
    _sending: set[asyncio.Future[object]] = field(default_factory=set)
    _is_stopped: bool = False
    _anchors: dict[IPv6Address, MacAddress] = field(init=False)
    _epoch: float = field(default_factory=lambda: time.time() - time.monotonic())

    def __post_init__(self) -> None:
        self._anchors = {router.link_local: router.mac for router in self.topology.access_routers}

    @property
    def lifetimes(self) -> Lifetimes:
        domain = self.domain
        return Lifetimes(
            drain_s=domain.drain_s,
            hold_down_s=domain.hold_down_s,
            planned_timeout_s=domain.planned_timeout_s,
            detached_s=domain.detached_s,
            valid_lifetime_s=domain.valid_lifetime_s,
            deprecated_s=domain.deprecated_s,
        )

    def now(self) -> float:
        """Seconds since 1970 UTC. Steady, but for steps of the system's clock."""
        now = time.monotonic() + self._epoch
        if abs(time.time() - now) > CLOCK_STEP_S:
            self._epoch = time.time() - time.monotonic()
            now = time.monotonic() + self._epoch
        return now

    def monotonic(self, at: float) -> float:
        """A time of `now` on the monotonic clock."""
        return at - self._epoch

    def router_of(self, at: PortRef, address: IPv6Address) -> MacAddress | None:
        """The MAC of the router that has this address on the link of the port: on access ports any anchor's link-local
        address, since its logical interface may have to be shown (RFC 8885 section 3.7)."""
        port = self.topology.port(at.switch, at.port)
        if port is None:
            return None
        if port.role == "access":
            return self._anchors.get(address)
        own = self.topology.router_mac(at.switch)
        is_own = address == own.link_local() or (port.address is not None and address == port.address.ip)
        return own if is_own else None

    def emit(self, event: HandoverEvent) -> None:
        if self.on_event is not None:
            self.on_event(event)

    async def send_to_port(self, at: PortRef, frame: bytes) -> bool:
        """Out of a port as it is. Whether the switch was given it."""
        return await self.fabric.connections[at.switch].send(frame, mode=PacketOutMode.TO_PORT, port=at.port)

    async def send_as_received(self, at: PortRef, frame: bytes) -> None:
        """Through the pipeline again, as if it had just come in."""
        await self.fabric.connections[at.switch].send(frame, mode=PacketOutMode.AS_RECEIVED, port=at.port)

    async def send_routed(self, switch: str, frame: bytes) -> None:
        """A packet of the switch's own, to wherever its destination is."""
        await self.fabric.connections[switch].send(frame, mode=PacketOutMode.ROUTED)

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something later that nobody waits for; it is cancelled when the controller stops, and not begun after
        that: packets still come in, and timers run out, until the switches are left."""
        if self._is_stopped:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def stop(self) -> None:
        self._is_stopped = True
        for task in tuple(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

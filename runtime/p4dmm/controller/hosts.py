# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts on external ports: address resolution and its upkeep by the controller (RFC 4861 sections 7.2 and 7.3)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address

import structlog

from p4dmm.config import PortRef
from p4dmm.forwarding import FIRST_HOST_NEXT_HOP, Change, Host, Row, Write, host_rows
from p4dmm.mobility import IdPool, PoolExhaustedError
from p4dmm.wire import Frame, MacAddress, neighbor_solicitation

from .icmp import Icmp
from .punts import PuntReason
from .services import Services

log = structlog.get_logger(__name__)

QUEUED = 3
"""Packets that wait for a host (RFC 4861 section 7.2.2)."""

UNRESOLVED = 256
"""Resolutions under way per switch: a scan of a subnet must not fill the controller."""

HOSTS = 0xFFFF - FIRST_HOST_NEXT_HOP

SOLICITATIONS = 3
"""MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT (RFC 4861 section 10)."""


@dataclass(slots=True)
class _Resolution:
    waiting: list[tuple[PortRef, bytes, Frame]] = field(default_factory=list)


class HostTable:
    """One for all switches."""

    def __init__(self, services: Services, icmp: Icmp) -> None:
        self._services = services
        self._icmp = icmp
        self._hosts: dict[tuple[str, IPv6Address], Host] = {}
        self._confirmed: dict[tuple[str, IPv6Address], float] = {}
        self._pending: dict[tuple[str, IPv6Address], _Resolution] = {}
        self._ids = {name: IdPool("next hop id", HOSTS) for name in services.topology.switches}
        self._prober: asyncio.Task[None] | None = None

    def adopt(self, hosts: Iterable[Host]) -> None:
        """Take over hosts that were read back from the switches."""
        for host in hosts:
            self._ids[host.switch].claim(host.next_hop_id - FIRST_HOST_NEXT_HOP + 1)
            self._hosts[host.switch, host.address] = host
            self._confirmed[host.switch, host.address] = self._services.now()
            self._services.fabric.adopt(self._rows(host))

    def start(self) -> None:
        self._prober = asyncio.create_task(self._probe_all(), name="probe hosts")

    async def stop(self) -> None:
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)

    def resolve(self, at: PortRef, data: bytes, frame: Frame) -> None:
        """A packet for a host whose MAC is not known: ask, and keep the packet until the answer."""
        if frame.ipv6 is None:
            return
        key = at.switch, frame.ipv6.dst
        if key in self._hosts:
            # Punted just before its row was there.
            self._services.spawn(self._services.send_as_received(at, data))
            return
        resolution = self._pending.get(key)
        if resolution is None:
            if sum(1 for switch, _ in self._pending if switch == at.switch) >= UNRESOLVED:
                self._services.counters["resolutions over the limit"] += 1
                return
            port = self._port_of(*key)
            if port is None:
                return
            resolution = self._pending[key] = _Resolution()
            self._services.spawn(self._solicit(key, port))
        if len(resolution.waiting) == QUEUED:
            resolution.waiting.pop(0)
        resolution.waiting.append((at, data, frame))

    def heard(self, at: PortRef, address: IPv6Address, mac: MacAddress) -> None:
        """A Neighbor Advertisement, or a solicitation whose source says who it is."""
        key = at.switch, address
        if self._port_of(*key) != at.port:
            return
        known = self._hosts.get(key)
        if known is not None and known.mac == mac:
            self._confirmed[key] = self._services.now()
        elif known is not None or key in self._pending:
            self._services.spawn(self._install(key, at.port, mac))

    def _port_of(self, switch: str, address: IPv6Address) -> int | None:
        """The external port of that switch whose subnet has the address."""
        for port in self._services.topology.switches[switch].ports_of_role("external"):
            if port.address is not None and address in port.address.network and address != port.address.ip:
                return port.number
        return None

    async def _solicit(self, key: tuple[str, IPv6Address], port: int) -> None:
        switch, address = key
        for _ in range(SOLICITATIONS):
            await self._send_solicitation(switch, port, address, None)
            await asyncio.sleep(self._services.domain.probe_timeout_s)
            if key not in self._pending:
                return
        resolution = self._pending.pop(key)
        for at, _, frame in resolution.waiting:
            self._icmp.complain(at, PuntReason.NEIGHBOR_UNRESOLVED, 0, frame)

    async def _send_solicitation(self, switch: str, port: int, address: IPv6Address, mac: MacAddress | None) -> None:
        router = self._services.topology.router_mac(switch)
        frame = neighbor_solicitation(address, src_mac=router, src=router.link_local(), dst_mac=mac)
        await self._services.send_to_port(PortRef(switch=switch, port=port), frame)

    async def _install(self, key: tuple[str, IPv6Address], port: int, mac: MacAddress) -> None:
        switch, address = key
        old = self._hosts.get(key)
        try:
            next_hop_id = old.next_hop_id if old else self._ids[switch].allocate() + FIRST_HOST_NEXT_HOP - 1
        except PoolExhaustedError as error:
            log.warning("host not installed", switch=switch, address=str(address), reason=str(error))
            return
        host = Host(switch, port, address, mac, next_hop_id)
        self._hosts[key] = host
        self._confirmed[key] = self._services.now()
        next_hop, route = self._rows(host)
        if old is None:
            await self._services.fabric.write([Write(Change.INSERT, next_hop)])
            await self._services.fabric.write([Write(Change.INSERT, route)])
        else:
            await self._services.fabric.write([Write(Change.MODIFY, next_hop)])
        resolution = self._pending.pop(key, None)
        for at, data, _ in resolution.waiting if resolution else ():
            await self._services.send_as_received(at, data)

    async def _probe_all(self) -> None:
        domain = self._services.domain
        while True:
            await asyncio.sleep(domain.probe_interval_s / 4)
            now = self._services.now()
            due = [key for key, at in self._confirmed.items() if now - at >= domain.probe_interval_s]
            await asyncio.gather(*(self._probe(key) for key in due))

    async def _probe(self, key: tuple[str, IPv6Address]) -> None:
        asked = self._services.now()
        for _ in range(SOLICITATIONS):
            host = self._hosts[key]
            await self._send_solicitation(host.switch, host.port, host.address, host.mac)
            await asyncio.sleep(self._services.domain.probe_timeout_s)
            if self._confirmed[key] > asked:
                return
        host = self._hosts.pop(key)
        del self._confirmed[key]
        next_hop, route = self._rows(host)
        await self._services.fabric.write([Write(Change.DELETE, route)])
        await self._services.fabric.write([Write(Change.DELETE, next_hop)])
        self._ids[host.switch].release(host.next_hop_id - FIRST_HOST_NEXT_HOP + 1)

    def _rows(self, host: Host) -> tuple[Row, Row]:
        return host_rows(self._services.topology, host.switch, host.port, host.address, host.mac, host.next_hop_id)

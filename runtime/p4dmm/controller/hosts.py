# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts on external ports: address resolution and its upkeep by the controller (RFC 4861 sections 7.2 and 7.3)."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any

import structlog

from p4dmm.config import PortRef
from p4dmm.forwarding import FIRST_HOST_NEXT_HOP, Change, Host, PuntReason, Row, Write, host_rows
from p4dmm.mobility import IdPool, PoolExhaustedError
from p4dmm.mobility.rates import TokenBucket
from p4dmm.switches import SwitchWriteError
from p4dmm.wire import Frame, MacAddress, neighbor_solicitation

from .external import advertise_for_ever
from .fabric import TableFullError
from .icmp import Icmp
from .services import Services

log = structlog.get_logger(__name__)

QUEUED = 3
"""Packets that wait for a host (RFC 4861 section 7.2.2)."""

UNRESOLVED = 256
"""Resolutions under way per switch: a scan of a subnet must not fill the controller."""

HOSTS = 0xFFFF - FIRST_HOST_NEXT_HOP

HOSTS_PER_PORT = 4096
"""One port's hosts, real or invented, leave room in the tables for those of others."""

SOLICITATIONS = 3
"""MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT (RFC 4861 section 10)."""

LATE_S = 1.0
LATE = 16
"""How long after a host's installation, and how many, packets for it are sent through the pipeline once more: they were
punted before its row was there. Any other punt for a host that is installed would only come back again."""

CHANGES_PER_SECOND = 50.0
CHANGES_AT_ONCE = 200
"""Of known hosts' MACs, per port: a machine with all its guests moves at once, a liar goes on and on."""

PROBES_PER_SECOND = 256
"""Begun per port. All HOSTS_PER_PORT are asked in 16 s, and their answers stay within the rate of punts."""

PROBES_UNDER_WAY = 256
"""Per port. Few enough for the packets-out that may wait at a switch, enough that hosts that are gone do not keep the
others waiting."""

_Key = tuple[str, IPv6Address]


@dataclass(slots=True)
class _Resolution:
    waiting: list[tuple[PortRef, bytes, Frame]] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """A host whose rows are written."""

    host: Host
    confirmed: float
    """When it was last heard."""
    installed: float
    late: int = LATE


class HostTable:
    """One for all switches."""

    def __init__(self, services: Services, icmp: Icmp) -> None:
        self._services = services
        self._icmp = icmp
        self._hosts: dict[_Key, _Known] = {}
        self._pending: dict[_Key, _Resolution] = {}
        self._learning: dict[_Key, MacAddress] = {}
        """MACs that are being written; the latest is written last."""
        self._probing: dict[_Key, asyncio.Event] = {}
        """Set by the answer."""
        self._ids = {name: IdPool("next hop id", HOSTS) for name in services.topology.switches}
        self._on_port: Counter[tuple[str, int]] = Counter()
        """Hosts that have an id."""
        self._changes: dict[PortRef, TokenBucket] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def adopt(self, hosts: Iterable[Host]) -> None:
        """Take over hosts that were read back from the switches."""
        found = list(hosts)
        now = self._services.now()
        for index, host in enumerate(found):
            self._ids[host.switch].claim(host.next_hop_id - FIRST_HOST_NEXT_HOP + 1)
            self._on_port[host.switch, host.port] += 1
            # Not all of them are to be asked in the same moment.
            heard = now - self._services.domain.probe_interval_s * index / len(found)
            self._hosts[host.switch, host.address] = _Known(host, confirmed=heard, installed=now)
            self._services.fabric.adopt(self._rows(host))

    def start(self) -> None:
        self._begin(self._probe_all(), "probe hosts")
        self._begin(advertise_for_ever(self._services), "advertise on external ports")

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def resolve(self, at: PortRef, data: bytes, frame: Frame) -> None:
        """A packet for a host whose MAC is not known: ask, and keep the packet until the answer."""
        if frame.ipv6 is None:
            return
        key = at.switch, frame.ipv6.dst
        known = self._hosts.get(key)
        if known is not None:
            self._send_late(at, data, known)
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
            self._services.spawn(self._solicit(key, port, resolution))
        if len(resolution.waiting) == QUEUED:
            resolution.waiting.pop(0)
        resolution.waiting.append((at, data, frame))

    def advertised(
        self, at: PortRef, address: IPv6Address, mac: MacAddress | None, *, solicited: bool, override: bool
    ) -> None:
        """A Neighbor Advertisement, with or without a link-layer address (RFC 4861 section 7.2.5)."""
        if mac is not None:
            self._heard(at, address, mac, override=override)
        elif solicited and self._port_of(at.switch, address) == at.port:
            self._confirm((at.switch, address))

    def solicited(self, at: PortRef, address: IPv6Address, mac: MacAddress) -> None:
        """A solicitation whose source says who it is (RFC 4861 section 7.2.3)."""
        self._heard(at, address, mac, override=True)

    def _heard(self, at: PortRef, address: IPv6Address, mac: MacAddress, *, override: bool) -> None:
        key = at.switch, address
        if self._port_of(*key) != at.port:
            return
        if mac.is_group or not int(mac):
            self._services.counters["neighbors with no unicast MAC"] += 1
            return
        known, learning = self._hosts.get(key), self._learning.get(key)
        current = learning or (known.host.mac if known else None)
        if current is None:
            if key in self._pending:
                self._learn(key, at.port, mac)
        elif mac == current:
            self._confirm(key)
        elif not override:
            self._services.counters["neighbor advertisements that do not override"] += 1
        elif not self._changes.setdefault(at, TokenBucket(CHANGES_PER_SECOND, CHANGES_AT_ONCE)).take(
            self._services.now()
        ):
            self._services.counters["neighbor changes over the rate"] += 1
        else:
            self._learn(key, at.port, mac)

    def _confirm(self, key: _Key) -> None:
        known = self._hosts.get(key)
        if known is not None:
            known.confirmed = self._services.now()
            if key in self._probing:
                self._probing[key].set()

    def _send_late(self, at: PortRef, data: bytes, known: _Known) -> None:
        if known.late and self._services.now() - known.installed < LATE_S:
            known.late -= 1
            self._services.spawn(self._services.send_as_received(at, data))
        else:
            self._services.counters["punts for installed hosts"] += 1

    def _port_of(self, switch: str, address: IPv6Address) -> int | None:
        """The external port of that switch whose subnet has the address."""
        for port in self._services.topology.switches[switch].ports_of_role("external"):
            if port.address is not None and address in port.address.network and address != port.address.ip:
                return port.number
        return None

    async def _solicit(self, key: _Key, port: int, resolution: _Resolution) -> None:
        switch, address = key
        for _ in range(SOLICITATIONS):
            await self._send_solicitation(switch, port, address, None)
            await asyncio.sleep(self._services.domain.probe_timeout_s)
            if self._pending.get(key) is not resolution:
                return
        del self._pending[key]
        self._give_up(resolution)

    def _give_up(self, resolution: _Resolution) -> None:
        for at, _, frame in resolution.waiting:
            self._icmp.complain(at, PuntReason.NEIGHBOR_UNRESOLVED, 0, frame)

    async def _send_solicitation(self, switch: str, port: int, address: IPv6Address, mac: MacAddress | None) -> None:
        router = self._services.topology.router_mac(switch)
        frame = neighbor_solicitation(address, src_mac=router, src=router.link_local(), dst_mac=mac)
        await self._services.send_to_port(PortRef(switch=switch, port=port), frame)

    def _learn(self, key: _Key, port: int, mac: MacAddress) -> None:
        is_begun = key in self._learning
        self._learning[key] = mac
        if not is_begun:
            self._services.spawn(self._install_latest(key, port))

    async def _install_latest(self, key: _Key, port: int) -> None:
        try:
            while True:
                mac = self._learning[key]
                is_installed = await self._install(key, port, mac)
                if not is_installed or self._learning[key] == mac:
                    break
        finally:
            del self._learning[key]
        resolution = self._pending.pop(key, None)
        if resolution is None:
            return
        if not is_installed:
            self._give_up(resolution)
            return
        for at, data, _ in resolution.waiting:
            await self._services.send_as_received(at, data)

    async def _install(self, key: _Key, port: int, mac: MacAddress) -> bool:
        """Whether the switch has it, or will have it when it is back."""
        switch, address = key
        known = self._hosts.get(key)
        try:
            if known is None:
                host = await self._insert(switch, port, address, mac)
                now = self._services.now()
                self._hosts[key] = _Known(host, confirmed=now, installed=now)
            else:
                host = Host(switch, port, address, mac, known.host.next_hop_id)
                await self._services.fabric.write([Write(Change.MODIFY, self._rows(host)[0])])
                known.host = host
        except (PoolExhaustedError, TableFullError, SwitchWriteError) as error:
            self._services.counters["hosts not installed"] += 1
            log.warning("host not installed", switch=switch, address=str(address), reason=str(error))
            return False
        self._confirm(key)
        return True

    async def _insert(self, switch: str, port: int, address: IPv6Address, mac: MacAddress) -> Host:
        """Both rows, or neither."""
        if self._on_port[switch, port] >= HOSTS_PER_PORT:
            raise PoolExhaustedError(f"port {switch}:{port} has {HOSTS_PER_PORT} hosts already")
        number = self._ids[switch].allocate()
        self._on_port[switch, port] += 1
        host = Host(switch, port, address, mac, number + FIRST_HOST_NEXT_HOP - 1)
        next_hop, route = self._rows(host)
        done: list[Write] = []
        try:
            for row in (next_hop, route):
                await self._services.fabric.write([Write(Change.INSERT, row)])
                done.append(Write(Change.DELETE, row))
        except (TableFullError, SwitchWriteError):
            await self._delete(host, done)
            raise
        return host

    async def _delete(self, host: Host, deletes: list[Write]) -> None:
        """Rows of a host, and its number."""
        for write in deletes:
            await self._services.fabric.write([write])
        self._ids[host.switch].release(host.next_hop_id - FIRST_HOST_NEXT_HOP + 1)
        self._on_port[host.switch, host.port] -= 1

    async def _probe_all(self) -> None:
        """Neighbor Unreachability Detection (RFC 4861 section 7.3), each port at its own pace."""
        interval = self._services.domain.probe_interval_s
        under_way: dict[tuple[str, int], asyncio.Task[None]] = {}
        while True:
            await asyncio.sleep(interval / 4)
            now = self._services.now()
            due: dict[tuple[str, int], list[_Key]] = {}
            for key, known in self._hosts.items():
                if now - known.confirmed >= interval and key not in self._probing:
                    due.setdefault((known.host.switch, known.host.port), []).append(key)
            for (switch, port), keys in due.items():
                before = under_way.get((switch, port))
                if before is None or before.done():
                    under_way[switch, port] = self._begin(self._probe_port(keys), f"probe hosts at {switch}:{port}")

    async def _probe_port(self, keys: list[_Key]) -> None:
        slots = asyncio.Semaphore(PROBES_UNDER_WAY)
        for key in keys:
            await slots.acquire()
            self._begin(self._probe(key), f"probe {key[1]}").add_done_callback(lambda _: slots.release())
            await asyncio.sleep(1 / PROBES_PER_SECOND)

    async def _probe(self, key: _Key) -> None:
        answered = self._probing[key] = asyncio.Event()
        connection = self._services.fabric.connections[key[0]]
        try:
            for _ in range(SOLICITATIONS):
                known = self._hosts.get(key)
                if known is None:
                    return
                host = known.host
                await self._send_solicitation(host.switch, host.port, host.address, host.mac)
                try:
                    async with asyncio.timeout(self._services.domain.probe_timeout_s):
                        await answered.wait()
                except TimeoutError:
                    if not connection.is_ready:
                        return  # nothing is heard from there, whoever answers
                else:
                    return
        finally:
            del self._probing[key]
        if key not in self._learning:
            await self._remove(key)

    async def _remove(self, key: _Key) -> None:
        host = self._hosts.pop(key).host
        next_hop, route = self._rows(host)
        await self._delete(host, [Write(Change.DELETE, route), Write(Change.DELETE, next_hop)])

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _rows(self, host: Host) -> tuple[Row, Row]:
        return host_rows(self._services.topology, host.switch, host.port, host.address, host.mac, host.next_hop_id)

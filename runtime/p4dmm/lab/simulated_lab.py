# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The lab without privileges: switches and hosts in one event loop, joined by in-process wires."""

import asyncio
import contextlib
import itertools
import time
from functools import partial
from ipaddress import IPv6Address, IPv6Network

from p4dmm.config import CPU_PORT, Network, PortRef, Switch
from p4dmm.softswitch.service import SwitchServer, Wire

from .base import HostAddress, Lab, MoveTimes, NewConnection, Traffic, TrafficSpec, no_address, preferred_in
from .errors import LabError
from .pattern import PatternVerifier, pattern
from .simulated_host import SimulatedHost
from .simulated_traffic import SimulatedTraffic

_POLL_S = 0.02
_SERVICE_PORT = 7000
_CLIENT_PORT = 7001
_FETCH_OCTETS = 20_000
_ASK_AGAIN_S = 0.5
_CHUNK = 1000


class SimulatedLab(Lab):
    """Needs nothing of the machine but a TCP port on the loopback interface for each switch."""

    kind = "simulated"
    claim = "SIMULATED HOSTS: numbered ICMPv6 echo and UDP only, no TCP, no kernel"
    has_tcp = False

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.hosts: dict[str, SimulatedHost] = {}
        self.servers: dict[str, SwitchServer] = {}
        self._wires: dict[PortRef, Wire] = {}
        self._hears: dict[str, set[PortRef]] = {}
        """Ports a host receives from."""
        self._sends: dict[str, PortRef | None] = {}
        self._traffics = 0

    async def start(self) -> None:
        for link in self.network.links:
            self._wires[link.ends[0]] = self._wires[link.ends[1]] = Wire()
        started = [await self._start_switch(switch) for switch in self.network.switches]
        self.network = self.network.model_copy(update={"switches": tuple(started)})
        for node in self.network.nodes:
            self.hosts[node.name] = SimulatedHost(
                node.mac, transmit=partial(self._transmit, node.name), clock=time.monotonic
            )
            self._hears[node.name], self._sends[node.name] = set(), None
        for host in self.network.correspondents:
            router = next(s for s in self.network.switches if s.name == host.at.switch)
            self.hosts[host.name] = server = SimulatedHost(
                host.mac,
                transmit=partial(self._transmit, host.name),
                clock=time.monotonic,
                static=host.address,
                gateway=router.router_mac.link_local(),
            )
            self._hears[host.name], self._sends[host.name] = {host.at}, host.at
            server.datagram_handlers[_SERVICE_PORT] = _Service(server)

    async def stop(self) -> None:
        for server in self.servers.values():
            await server.stop()
        self.servers.clear()

    async def attach(self, node: str, to: PortRef) -> MoveTimes:
        if at := self.where(node):
            raise LabError(f"{node} is attached to {at}: move it")
        now = time.monotonic()
        self._associate(node, to)
        return MoveTimes(left=now, attached=now, done=now)

    async def detach(self, node: str) -> None:
        self._attached(node)
        self._hears[node].clear()
        self._sends[node] = None

    async def move(
        self, node: str, to: PortRef, *, planned: bool = False, gap_s: float = 0.0, overlap_s: float = 0.3
    ) -> MoveTimes:
        old = self._attached(node)
        if old == to:
            raise LabError(f"{node} is at {to} already")
        self.network.require_port(to, "access", "move")
        if planned:
            self._hears[node].add(to)
            self._sends[node] = to
            attached = time.monotonic()
            await asyncio.sleep(overlap_s)
            self._hears[node].discard(old)
            left = done = time.monotonic()
        else:
            left = time.monotonic()
            await self.detach(node)
            if gap_s:
                await asyncio.sleep(gap_s)
            attached = done = time.monotonic()
            self._associate(node, to)
        return MoveTimes(left=left, attached=attached, done=done)

    def where(self, node: str) -> PortRef | None:
        return self._sends[self.node(node).name]

    async def addresses(self, host: str) -> tuple[HostAddress, ...]:
        return self.hosts[host].addresses()

    async def wait_preferred(self, node: str, pool: IPv6Network, timeout_s: float) -> IPv6Address:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if (address := preferred_in(pool, self.hosts[node].addresses())) is not None:
                return address
            await asyncio.sleep(_POLL_S)
        raise no_address(node, pool, self.hosts[node].addresses(), timeout_s)

    async def start_traffic(self, node: str, correspondent: str, source: IPv6Address, spec: TrafficSpec) -> Traffic:
        peer = self.correspondent(correspondent)
        self._traffics += 1
        return SimulatedTraffic(
            self._traffics,
            node=self.hosts[self.node(node).name],
            peer=self.hosts[peer.name],
            source=source,
            remote=peer.address.ip,
            spec=spec,
        )

    async def new_connection(self, node: str, correspondent: str, timeout_s: float = 5.0) -> NewConnection:
        host, begun = self.hosts[self.node(node).name], time.monotonic()
        source = host.choose_source()
        if source is None:
            raise LabError(f"{node} has no address to open a connection from")
        to = self.correspondent(correspondent).address.ip
        fetches: list[_Fetch] = []
        try:
            # As a resolver does: asked again, because the network may not know yet where the node is.
            for port in itertools.count(_CLIENT_PORT):
                fetches.append(_Fetch())
                host.datagram_handlers[port] = fetches[-1]
                host.send_datagram(source, port, to, _SERVICE_PORT, str(_FETCH_OCTETS).encode())
                left = begun + timeout_s - time.monotonic()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(fetches[-1].done.wait(), min(left, _ASK_AGAIN_S))
                if fetches[-1].done.is_set() or left <= _ASK_AGAIN_S:
                    break
        finally:
            for port in range(_CLIENT_PORT, _CLIENT_PORT + len(fetches)):
                del host.datagram_handlers[port]
        verifier = max((fetch.verifier for fetch in fetches), key=lambda verifier: verifier.received)
        if verifier.received < _FETCH_OCTETS:
            raise LabError(f"{verifier.received} octets of {_FETCH_OCTETS} came within {timeout_s:.0f} s")
        if verifier.corrupt_at is not None:
            raise LabError(f"octet {verifier.corrupt_at} is wrong")
        return NewConnection(source, verifier.received, time.monotonic() - begun)

    async def restart_switch(self, name: str) -> None:
        switch = self.network.switch(name)
        if switch is None:
            raise LabError(f"no switch {name!r}; there are {', '.join(self.servers)}")
        await self.servers[name].stop()
        await self._start_switch(switch, switch.p4runtime[0])

    async def _start_switch(self, switch: Switch, address: str = "127.0.0.1:0") -> Switch:
        server = SwitchServer(device_id=switch.p4runtime[1], grpc_address=address, cpu_port=CPU_PORT)
        for port in switch.ports:
            ref = PortRef(switch=switch.name, port=port.number)
            wire = self._wires.get(ref)
            if wire is None:
                wire = self._wires[ref] = Wire()
                wire.b.open(partial(self._deliver, ref))
            is_second = any(link.ends[1] == ref for link in self.network.links)
            server.attach_port(port.number, wire.b if is_second else wire.a)
        await server.start()
        self.servers[switch.name] = server
        return switch.model_copy(update={"address": server.address})

    def _associate(self, node: str, to: PortRef) -> None:
        self.network.require_port(to, "access", "attachment")
        self._hears[node] = {to}
        self._sends[node] = to
        self.hosts[node].carrier_up()

    def _attached(self, node: str) -> PortRef:
        at = self.where(node)
        if at is None:
            raise LabError(f"{node} is attached nowhere: attach it first")
        return at

    def _deliver(self, ref: PortRef, frame: bytes) -> None:
        for name, ports in self._hears.items():
            if ref in ports:
                self.hosts[name].receive(frame)

    def _transmit(self, host: str, frame: bytes) -> None:
        if ref := self._sends[host]:
            self._wires[ref].b.send(frame)


class _Fetch:
    """Takes one answer of a service."""

    def __init__(self) -> None:
        self.verifier = PatternVerifier()
        self.done = asyncio.Event()

    def __call__(self, _source: IPv6Address, _port: int, _own: IPv6Address, data: bytes) -> None:
        self.verifier.feed(data)
        if self.verifier.received >= _FETCH_OCTETS:
            self.done.set()


class _Service:
    """Answers a number with that many octets of the pattern."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host

    def __call__(self, source: IPv6Address, port: int, own: IPv6Address, data: bytes) -> None:
        for offset in range(0, int(data), _CHUNK):
            octets = pattern(offset, min(_CHUNK, int(data) - offset))
            self._host.send_datagram(own, _SERVICE_PORT, source, port, octets)

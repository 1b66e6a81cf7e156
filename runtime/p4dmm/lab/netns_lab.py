# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The lab of real Linux hosts: a process per switch on AF_PACKET, a network namespace per host."""

import asyncio
import time
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from p4dmm.config import Network, PortRef, Switch

from . import namespaces
from .base import HostAddress, Lab, MoveTimes, NewConnection, Traffic, TrafficSpec, no_address, preferred_in
from .errors import LabError
from .fabric import Fabric
from .host_client import HostProcess
from .netns_traffic import TCP_PORT, NetnsTraffic
from .processes import LoggedProcess
from .radio import Radio
from .switch_process import Target, require_target, switch_process

_LISTEN_TIMEOUT_S = 30.0
_POLL_S = 0.05
_MAX_INTERFACE_NAME = 15
_FETCH_OCTETS = 20_000


class NetnsLab(Lab):
    """Runs in a process that :mod:`.namespaces` has put into a network namespace of its own."""

    kind = "netns"
    claim = "real Linux hosts in network namespaces: kernel SLAAC, ICMPv6 echo, UDP and TCP"
    has_tcp = True

    def __init__(self, network: Network, *, target: Target = "embedded", log_dir: Path, switches: bool = True) -> None:
        """Without ``switches``, hosts and radio only."""
        super().__init__(network)
        self.hosts: dict[str, HostProcess] = {}
        self._target, self._log_dir, self._with_switches = target, log_dir, switches
        self._fabric = Fabric()
        self._radio = Radio(self._fabric)
        self._switches: dict[str, LoggedProcess] = {}
        self._where: dict[str, PortRef] = {}
        self._traffics = 0

    async def start(self) -> None:
        if not namespaces.inside():
            raise LabError("this process is in the machine's own network: start it through p4dmm.lab.namespaces")
        require_target(self._target)
        await self._fabric.open()
        names = [node.name for node in self.network.nodes] + [host.name for host in self.network.correspondents]
        self.hosts = {name: HostProcess(name) for name in names}
        await asyncio.gather(*(host.start() for host in self.hosts.values()))
        await self._cable()
        if self._with_switches:
            await asyncio.gather(*(self._start_switch(switch) for switch in self.network.switches))
        await asyncio.gather(*(self._configure(name) for name in self.hosts))

    async def stop(self) -> None:
        await asyncio.gather(*(switch.stop() for switch in self._switches.values()), return_exceptions=True)
        await asyncio.gather(*(host.stop() for host in self.hosts.values()), return_exceptions=True)
        await self._fabric.close()

    async def attach(self, node: str, to: PortRef) -> MoveTimes:
        if at := self._where.get(node):
            raise LabError(f"{node} is attached to {at}: move it")
        begun = time.monotonic()
        await self._radio.set_link(node, to, up=True)
        attached = time.monotonic()
        await self._radio.set_carrier(node, up=True)
        self._where[node] = to
        return MoveTimes(left=begun, attached=attached, done=time.monotonic())

    async def detach(self, node: str) -> None:
        await self._radio.set_carrier(node, up=False)
        await self._radio.set_link(node, self._attached(node), up=False)
        del self._where[node]

    async def move(
        self, node: str, to: PortRef, *, planned: bool = False, gap_s: float = 0.0, overlap_s: float = 0.3
    ) -> MoveTimes:
        old = self._attached(node)
        if old == to:
            raise LabError(f"{node} is at {to} already")
        if planned:
            await self._radio.set_link(node, to, up=True)
            attached = time.monotonic()
            await self._radio.set_transmit(node, old, on=False)
            await asyncio.sleep(overlap_s)
            await self._radio.set_link(node, old, up=False)
            await self._radio.set_transmit(node, old, on=True)
            left = done = time.monotonic()
        else:
            left = time.monotonic()
            await self._radio.set_carrier(node, up=False)
            await self._radio.set_link(node, old, up=False)
            if gap_s:
                await asyncio.sleep(gap_s)
            await self._radio.set_link(node, to, up=True)
            attached = time.monotonic()
            await self._radio.set_carrier(node, up=True)
            done = time.monotonic()
        self._where[node] = to
        return MoveTimes(left=left, attached=attached, done=done)

    def where(self, node: str) -> PortRef | None:
        return self._where.get(node)

    async def addresses(self, host: str) -> tuple[HostAddress, ...]:
        return tuple(
            HostAddress(IPv6Address(row["address"]), row["prefix_length"], row["deprecated"], row["tentative"])
            for row in await self.hosts[host].ask("addresses")
        )

    async def default_routers(self, host: str) -> tuple[IPv6Address, ...]:
        """Return the gateways of a host's default routes."""
        return tuple(IPv6Address(address) for address in await self.hosts[host].ask("default_routers"))

    async def wait_preferred(self, node: str, pool: IPv6Network, timeout_s: float) -> IPv6Address:
        deadline = time.monotonic() + timeout_s
        while True:
            found = await self.addresses(node)
            if (address := preferred_in(pool, found)) is not None:
                return address
            if time.monotonic() > deadline:
                raise no_address(node, pool, found, timeout_s)
            await asyncio.sleep(_POLL_S)

    async def start_traffic(self, node: str, correspondent: str, source: IPv6Address, spec: TrafficSpec) -> Traffic:
        peer = self.correspondent(correspondent)
        self._traffics += 1
        traffic = NetnsTraffic(
            self._traffics,
            node=self.hosts[self.node(node).name],
            peer=self.hosts[peer.name],
            source=source,
            remote=peer.address.ip,
            spec=spec,
        )
        await traffic.start()
        return traffic

    async def new_connection(self, node: str, correspondent: str, timeout_s: float = 5.0) -> NewConnection:
        to = (str(self.correspondent(correspondent).address.ip), TCP_PORT)
        got = await self.hosts[self.node(node).name].ask(
            "tcp_fetch", timeout_s + 2, to=to, octets=_FETCH_OCTETS, timeout_s=timeout_s
        )
        return NewConnection(IPv6Address(got["source"]), got["octets"], got["seconds"])

    async def restart_switch(self, name: str) -> None:
        switch = self.network.switch(name)
        if switch is None or name not in self._switches:
            raise LabError(f"no switch {name!r}; there are {', '.join(self._switches)}")
        await self._switches[name].kill()
        await self._start_switch(switch)

    def _attached(self, node: str) -> PortRef:
        at = self._where.get(self.node(node).name)
        if at is None:
            raise LabError(f"{node} is attached nowhere: attach it first")
        return at

    async def _cable(self) -> None:
        for switch in self.network.switches:
            for port in switch.ports:
                ref = PortRef(switch=switch.name, port=port.number)
                if port.role != "core":
                    await self._radio.add_port(ref, port.mtu, self._interface(ref))
        for link in self.network.links:
            one, other = link.ends
            mtu = min(self.network.require_port(end, "core", "link").mtu for end in link.ends)
            names = self._interface(one), self._interface(other)
            await self._fabric.add_pair(*names, mtu)
            for name in names:
                await self._fabric.set_up(name)
        for node in self.network.nodes:
            await self._radio.add_node(node.name, self.hosts[node.name].pid, str(node.mac))
        for host in self.network.correspondents:
            await self._radio.add_wired(host.name, host.at, self.hosts[host.name].pid, str(host.mac))

    def _interface(self, ref: PortRef) -> str:
        name = f"{ref.switch}-{ref.port}"
        if len(name) <= _MAX_INTERFACE_NAME:
            return name
        index = next(i for i, switch in enumerate(self.network.switches) if switch.name == ref.switch)
        return f"sw.{index}-{ref.port}"

    async def _start_switch(self, switch: Switch) -> None:
        cabled = {end for link in self.network.links for end in link.ends}
        interfaces = {
            port.number: self._interface(ref)
            for port in switch.ports
            if (ref := PortRef(switch=switch.name, port=port.number)) in cabled or port.role != "core"
        }
        process = switch_process(switch, interfaces, self._target, self._log_dir / f"{switch.name}.log")
        self._switches[switch.name] = process
        await process.start()
        host, _, port_number = switch.p4runtime[0].rpartition(":")
        await process.wait_listening(host.strip("[]"), int(port_number), _LISTEN_TIMEOUT_S)

    async def _configure(self, name: str) -> None:
        host = self.hosts[name]
        static = next((c for c in self.network.correspondents if c.name == name), None)
        if static is None:
            await host.ask("configure", address=None, gateway=None)
            return
        router = self.network.switch(static.at.switch)
        assert router
        await host.ask("configure", address=str(static.address), gateway=str(router.router_mac.link_local()))
        await host.ask("tcp_serve", address=str(static.address.ip), port=TCP_PORT)

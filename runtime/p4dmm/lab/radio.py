# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The air between mobile nodes and access ports, made of bridges.

    node's eth0 --- [bridge of the node] === link, up while associated === [bridge of the port] --- switch

A link of its own for every (node, port): so a node may hear two ports at once, and a port may have several nodes.
"""

from p4dmm.config import PortRef

from .errors import LabError
from .fabric import Fabric


class Radio:
    """Bridges and links; knows no switch and no host beyond their interfaces."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._ports: dict[PortRef, tuple[str, int]] = {}
        self._nodes: dict[str, str] = {}
        self._bridges: dict[str, str] = {}
        self._links: dict[tuple[str, PortRef], tuple[str, str]] = {}

    async def add_port(self, ref: PortRef, mtu: int, switch_interface: str) -> None:
        """A port, and the cable to its switch."""
        bridge, inner = f"ap{len(self._ports)}", f"ap{len(self._ports)}.sw"
        self._ports[ref] = bridge, mtu
        await self._fabric.add_bridge(bridge)
        await self._fabric.add_pair(switch_interface, inner, mtu)
        await self._fabric.enslave(inner, bridge)
        for name in (switch_interface, inner):
            await self._fabric.set_up(name)

    async def add_node(self, node: str, pid: int, mac: str) -> None:
        """A node's radio, heard by no port yet; ``pid`` is a process in the node's namespace."""
        bridge, interface = f"mn{len(self._nodes)}", f"mn{len(self._nodes)}.eth0"
        mtu = min((mtu for _, mtu in self._ports.values()), default=1500)
        self._nodes[node], self._bridges[node] = interface, bridge
        await self._fabric.add_bridge(bridge)
        await self._fabric.add_host_pair(interface, pid, mac, mtu)
        await self._fabric.enslave(interface, bridge)
        for ref, (port_bridge, port_mtu) in self._ports.items():
            ends = f"{bridge}-{port_bridge}", f"{port_bridge}-{bridge}"
            await self._fabric.add_pair(*ends, port_mtu)
            await self._fabric.enslave(ends[0], bridge)
            await self._fabric.enslave(ends[1], port_bridge)
            self._links[node, ref] = ends

    async def add_wired(self, host: str, ref: PortRef, pid: int, mac: str) -> None:
        """A host that never moves."""
        bridge, mtu = self._ports[ref]
        interface = f"host{len(self._bridges) + len(self._nodes)}"
        self._nodes[host] = interface
        await self._fabric.add_host_pair(interface, pid, mac, mtu)
        await self._fabric.enslave(interface, bridge)
        await self._fabric.set_up(interface)

    async def set_link(self, node: str, ref: PortRef, *, up: bool) -> None:
        """Begin or end an association; returns when frames pass, or pass no more."""
        if (node, ref) not in self._links:
            raise LabError(f"{node} has no link to {ref}: it is no access port")
        ends = self._links[node, ref]
        for end in ends:
            await (self._fabric.set_up(end) if up else self._fabric.set_down(end))
        if up:
            for end in ends:
                await self._fabric.wait_forwarding(end)

    async def set_transmit(self, node: str, ref: PortRef, *, on: bool) -> None:
        """Say whether what the node sends goes out on this link; what it hears is not affected."""
        await self._fabric.set_transmit(self._links[node, ref][0], on=on)

    async def set_carrier(self, node: str, *, up: bool) -> None:
        """Give or take the carrier of the node's eth0."""
        interface = self._nodes[node]
        await (self._fabric.set_up(interface) if up else self._fabric.set_down(interface))

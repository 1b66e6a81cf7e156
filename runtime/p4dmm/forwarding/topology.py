# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The network as the planner needs it: who is whose neighbour, which port leads where, which number a tunnel has."""

from dataclasses import dataclass
from ipaddress import IPv6Network
from itertools import pairwise

import networkx as nx

from p4dmm.config import TUNNEL_OVERHEAD, Network, Port, Switch
from p4dmm.wire import MacAddress

from .rows import MAX_GROUP_ID, MAX_TUNNEL_ID


class TopologyError(ValueError):
    """A network that cannot be programmed: names what is missing or too large."""


@dataclass(frozen=True, slots=True)
class Via:
    """The way from one switch towards another."""

    port: int
    neighbour: str
    mtu: int
    """The smallest MTU of all links on the way, octets."""


class Topology:
    """Derived from a Network; immutable once built."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.switches: dict[str, Switch] = {switch.name: switch for switch in network.switches}
        self.maars: tuple[str, ...] = tuple(s.name for s in network.switches if s.pool is not None)
        if len(self.maars) > MAX_TUNNEL_ID:
            raise TopologyError(f"{len(self.maars)} MAARs, at most {MAX_TUNNEL_ID} tunnels have a number")
        self._tunnel_ids = {name: number for number, name in enumerate(self.maars, start=1)}
        self._maar_of_mac = {self.switches[name].router_mac: name for name in self.maars}
        self._routes = self._compute_routes()
        self._linked = {(end.switch, end.port) for link in network.links for end in link.ends}
        self._ports = {(s.name, p.number): p for s in network.switches for p in s.ports}
        self._access_indexes = {
            s.name: {p.number: index for index, p in enumerate(s.ports_of_role("access"))} for s in network.switches
        }
        self._refuse_too_many_groups()
        self._smallest_tunnel_mtu = min(
            (self.tunnel_mtu(a, b) for a in self.maars for b in self._routes[a] if b in self._tunnel_ids),
            default=None,
        )

    def port(self, switch: str, number: int) -> Port | None:
        return self._ports.get((switch, number))

    def is_linked(self, switch: str, port: int) -> bool:
        """Whether the core port has a cable."""
        return (switch, port) in self._linked

    def pool(self, maar: str) -> IPv6Network:
        """The pool of a MAAR."""
        pool = self.switches[maar].pool
        assert pool is not None, f"{maar} is no MAAR"
        return pool

    def router_mac(self, switch: str) -> MacAddress:
        return self.switches[switch].router_mac

    def tunnel_id(self, peer: str) -> int:
        """The number that every switch gives its tunnel to that MAAR, from 1."""
        return self._tunnel_ids[peer]

    def peer_of_tunnel(self, tunnel_id: int) -> str | None:
        return self.maars[tunnel_id - 1] if 1 <= tunnel_id <= len(self.maars) else None

    def via(self, switch: str, towards: str) -> Via:
        """The way from a switch to another. Raises TopologyError when there is none."""
        try:
            return self._routes[switch][towards]
        except KeyError:
            raise TopologyError(f"no path of links leads from {switch} to {towards}") from None

    def reachable(self, switch: str) -> dict[str, Via]:
        """The ways from a switch to every other it reaches."""
        return self._routes[switch]

    def tunnel_mtu(self, switch: str, peer: str) -> int:
        """The largest packet that fits into the tunnel, octets."""
        return self.via(switch, peer).mtu - TUNNEL_OVERHEAD

    def access_mtu(self, switch: str, port: int) -> int:
        """What hosts of an access port are told: what fits also through every tunnel they may need once they move.

        Hosts keep the MTU option of the last Router Advertisement per link, and the tunnels of a prefix change with
        every move; one value for the whole domain spares them a Packet Too Big after each.
        """
        configured = self._ports[switch, port].mtu
        return configured if self._smallest_tunnel_mtu is None else min(configured, self._smallest_tunnel_mtu)

    def group_id(self, switch: str, port: int, other: tuple[int, int]) -> int:
        """The multicast group of an access port and another (port, replica id): the same for all nodes of a switch."""
        indexes = self._access_indexes[switch]
        first, count = indexes[port], len(indexes)
        other_port, tunnel_id = other
        if tunnel_id:
            return 1 + _pairs(count) + (tunnel_id - 1) * count + first
        low, high = sorted((first, indexes[other_port]))
        return 1 + _pairs(high) + low

    def _refuse_too_many_groups(self) -> None:
        for name in self.maars:
            count = len(self._access_indexes[name])
            groups = _pairs(count) + count * len(self.maars)
            if groups > MAX_GROUP_ID:
                raise TopologyError(
                    f"switch {name} has {count} access ports and {len(self.maars) - 1} tunnels: planned handovers need "
                    f"{groups} multicast groups, group ids end at {MAX_GROUP_ID}"
                )

    def _compute_routes(self) -> dict[str, dict[str, Via]]:
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(self.switches)
        for link in self.network.links:
            a, b = link.ends
            if graph.has_edge(a.switch, b.switch) and graph[a.switch][b.switch]["weight"] <= link.metric:
                continue
            mtu = min(self.network.require_port(end, "core", "link").mtu for end in link.ends)
            graph.add_edge(a.switch, b.switch, weight=link.metric, mtu=mtu, ports={a.switch: a.port, b.switch: b.port})
        routes: dict[str, dict[str, Via]] = {name: {} for name in self.switches}
        for source, paths in nx.all_pairs_dijkstra_path(graph):
            for target, path in paths.items():
                if source == target:
                    continue
                hops = list(pairwise(path))
                first = graph[path[0]][path[1]]
                routes[source][target] = Via(
                    port=first["ports"][source],
                    neighbour=path[1],
                    mtu=min(graph[a][b]["mtu"] for a, b in hops),
                )
        return routes


def _pairs(things: int) -> int:
    return things * (things - 1) // 2

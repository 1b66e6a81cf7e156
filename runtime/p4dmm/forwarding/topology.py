# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The network as the planner needs it: who is whose neighbour, which port leads where, which number a tunnel has."""

from collections import defaultdict
from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

import networkx as nx

from p4dmm.config import TUNNEL_OVERHEAD, Link, Network, Port, Switch
from p4dmm.mobility.router import PMIPV6_ROUTER, RouterIdentity
from p4dmm.wire import MacAddress

from .rows import MAX_GROUP_ID, MAX_TUNNEL_ID

MAX_MTU = 0xFFFF
"""No port's is larger, octets."""


class TopologyError(ValueError):
    """A network that cannot be programmed: names what is missing or too large."""


@dataclass(frozen=True, slots=True)
class Via:
    """A way from one switch towards another, by one of its ports."""

    port: int
    neighbour: str
    mtu: int
    """The smallest MTU of all links that packets may take on the way, octets."""


Ways = dict[str, dict[str, tuple[Via, ...]]]
"""From a switch to another: every next hop of least cost, by port."""


class Topology:
    """Derived from a Network, with all links or without those that are down; immutable once built."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.switches: dict[str, Switch] = {switch.name: switch for switch in network.switches}
        self._is_sdn = network.mobility.mode == "sdn"
        self.maars: tuple[str, ...] = tuple(s.name for s in network.switches if self._ends_tunnels(s))
        """Anchors and access routers."""
        if len(self.maars) > MAX_TUNNEL_ID:
            raise TopologyError(f"{len(self.maars)} MAARs, at most {MAX_TUNNEL_ID} tunnels have a number")
        self._tunnel_ids = {name: number for number, name in enumerate(self.maars, start=1)}
        self._router_macs = {switch.name: switch.router_mac for switch in network.switches}
        shown = {RouterIdentity.of(self._router_macs[name]) for name in self.maars}
        if not self._is_sdn:
            shown.add(PMIPV6_ROUTER)
        self.access_routers = frozenset(shown)
        """Who is on every access link, because any node's anchor may have to be shown there."""
        self._by_address = {switch.loopback: switch.name for switch in network.switches}
        self._switch_numbers = {name: number for number, name in enumerate(self.switches, start=1)}
        self._ports = {(s.name, p.number): p for s in network.switches for p in s.ports}
        self._ways = self._configured_ways = self._compute_ways(network.links)
        self._neighbours: dict[str, dict[int, str]] = {name: {} for name in self.switches}
        for link in network.links:
            for near, far in (link.ends, link.ends[::-1]):
                self._neighbours[near.switch][near.port] = far.switch
        self._access_indexes = {
            s.name: {p.number: index for index, p in enumerate(s.ports_of_role("access"))} for s in network.switches
        }
        self._refuse_too_many_groups()
        self._smallest_tunnel_mtu = min(
            (self.tunnel_mtu(a, b) for a in self.maars for b in self._ways[a] if b in self._tunnel_ids),
            default=None,
        )

    def without(self, down: Collection[Link]) -> "Topology":
        """The same network while these links are down, and no others. Numbers do not depend on that."""
        changed = copy(self)
        changed._ways = self._compute_ways(tuple(link for link in self.network.links if link not in down))  # noqa: SLF001 our own
        return changed

    def port(self, switch: str, number: int) -> Port | None:
        return self._ports.get((switch, number))

    def is_linked(self, switch: str, port: int) -> bool:
        """Whether the core port has a cable."""
        return port in self._neighbours[switch]

    def neighbours(self, switch: str) -> dict[int, str]:
        """Core port -> the switch at the other end of its cable, whether the link is up or down."""
        return self._neighbours[switch]

    @property
    def pools(self) -> dict[str, IPv6Network]:
        """Of every anchor, those of other controllers included."""
        return {name: pool for name in self.maars if (pool := self.switches[name].pool) is not None}

    def switch_at(self, address: IPv6Address) -> str | None:
        """Whose tunnels end there."""
        return self._by_address.get(address)

    def router_mac(self, switch: str) -> MacAddress:
        return self._router_macs[switch]

    def tunnel_id(self, peer: str) -> int:
        """The number that every switch gives its tunnel to that MAAR, from 1."""
        return self._tunnel_ids[peer]

    def peer_of_tunnel(self, tunnel_id: int) -> str | None:
        return self.maars[tunnel_id - 1] if 1 <= tunnel_id <= len(self.maars) else None

    def next_hop_group_id(self, towards: str) -> int:
        """The number that every switch gives the set of its ways to that one, from 1."""
        return self._switch_numbers[towards]

    def reachable(self, switch: str) -> dict[str, tuple[Via, ...]]:
        """The ways from a switch to every other it reaches."""
        return self._ways[switch]

    def tunnel_ways(self, switch: str, peer: str) -> tuple[Via, ...]:
        """The ways of a tunnel. What is bound to it goes on pointing at it when its peer is cut off: it then has one of
        the ways it would have with all links. Raises TopologyError when that is none either."""
        ways = self._ways[switch].get(peer)
        if ways is not None:
            return ways
        try:
            return self._configured_ways[switch][peer][:1]
        except KeyError:
            raise TopologyError(f"no path of links leads from {switch} to {peer}") from None

    def has_tunnel(self, switch: str, peer: str) -> bool:
        """Whether links lead from one MAAR to the other, up or down."""
        return peer in self._configured_ways[switch]

    def via(self, switch: str, towards: str) -> Via:
        """The way of what has but one, the copies of a planned handover: the first of the tunnel's. Raises
        TopologyError when there is none."""
        return self.tunnel_ways(switch, towards)[0]

    def tunnel_mtu(self, switch: str, peer: str) -> int:
        """The largest packet that fits into the tunnel, octets."""
        return min(via.mtu for via in self.tunnel_ways(switch, peer)) - TUNNEL_OVERHEAD

    def access_mtu(self, switch: str, port: int) -> int:
        """What hosts of an access port are told: what fits also through every tunnel they may need once they move.

        Hosts keep the MTU option of the last Router Advertisement per link, and the tunnels of a prefix change with
        every move; one value for the whole domain spares them a Packet Too Big after each. With all links: those that
        a detour takes by surprise are told so.
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

    def _ends_tunnels(self, switch: Switch) -> bool:
        # In mode sdn nodes have prefixes of the switches where they are, and of no others. What another controller's
        # switch has behind it, this one need not know.
        return switch.serves_nodes or (not self._is_sdn and (switch.pool is not None or not switch.controlled))

    def _refuse_too_many_groups(self) -> None:
        for name in self.maars:
            count = len(self._access_indexes[name])
            groups = _pairs(count) + count * len(self.maars)
            if groups > MAX_GROUP_ID:
                raise TopologyError(
                    f"switch {name} has {count} access ports and {len(self.maars) - 1} tunnels: planned handovers need "
                    f"{groups} multicast groups, group ids end at {MAX_GROUP_ID}"
                )

    def _compute_ways(self, links: Collection[Link]) -> Ways:
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(self.switches)
        cables: dict[str, list[tuple[int, str, int, int]]] = defaultdict(list)
        for link in links:
            mtu = min(self._ports[end.switch, end.port].mtu for end in link.ends)
            for near, far in (link.ends, link.ends[::-1]):
                cables[near.switch].append((near.port, far.switch, link.metric, mtu))
            a, b = (end.switch for end in link.ends)
            metric = min(link.metric, graph[a][b]["weight"]) if graph.has_edge(a, b) else link.metric
            graph.add_edge(a, b, weight=metric)
        ways: Ways = {name: {} for name in self.switches}
        for target, distances in nx.all_pairs_dijkstra_path_length(graph):
            mtus = {target: MAX_MTU}
            for source, distance in distances.items():  # the nearest first
                if source == target:
                    continue
                found = tuple(
                    Via(port, neighbour, min(mtu, mtus[neighbour]))
                    for port, neighbour, metric, mtu in sorted(cables[source])
                    if neighbour in mtus and distances[neighbour] + metric == distance
                )
                mtus[source] = min(via.mtu for via in found)
                ways[source][target] = found
        return ways


def _pairs(things: int) -> int:
    return things * (things - 1) // 2

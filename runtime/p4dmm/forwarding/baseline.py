# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of a switch that depend on the topology alone, and those of hosts resolved on external ports."""

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network

from p4dmm.config import Port, Switch
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import MacAddress

from .bindings import router_rows
from .punts import punt_meter_rows
from .rows import KeyPair, Member, Row, row, selector_row
from .topology import Topology

ROLES = {"access": 1, "core": 2, "external": 3}

INNER_HEADERS = (41, 4)
"""What a tunnel between switches carries: IPv6 and IPv4 (IANA protocol numbers)."""

CORE_PATH = 0
"""The path id of what comes in by a core port (p4src/headers.p4)."""

NO_NODE = 0
"""Many nodes share these tunnels."""

ENCAPSULATION_IP = 1
"""Nothing between outer and inner header (p4src/constants.p4)."""

FIRST_HOST_NEXT_HOP = 1024
"""Next hops below are core ports, by their number."""


def base_rows(topology: Topology, name: str) -> Iterator[Row]:
    """What a switch holds before any node attaches."""
    switch = topology.switches[name]
    for port in switch.ports:
        # A core port is trusted, so one that no link uses stays without a role: what comes in there is dropped.
        if port.role != "core" or topology.is_linked(name, port.number):
            yield row(name, "ports", (port.number,), "set_role", ROLES[port.role])
        yield row(name, "port_mtus", (port.number,), "set_mtu", port.mtu)
        yield from _router_on_port(topology, switch, port)
        if port.address is not None:
            yield row(name, "external_sources", (port.number, _lpm(port.address.network)), "permit_external")
    yield from _own_routes(switch)
    for other, ways in topology.reachable(name).items():
        if len(ways) == 1:
            way, number = "to_next_hop", ways[0].port
        else:
            way, number = "to_next_hop_group", topology.next_hop_group_id(other)
            members = [Member("forward", _forward(topology, name, via.port, via.neighbour)) for via in ways]
            yield selector_row(name, "next_hop_groups", (number,), members)
        for network in _networks_of(topology.switches[other]):
            yield row(name, "routes", (_lpm(network),), way, number)
    for port_number, neighbour in sorted(topology.neighbours(name).items()):
        forward = _forward(topology, name, port_number, neighbour)
        yield row(name, "next_hops", (port_number,), "forward", *forward)
    yield from punt_meter_rows(topology, name)
    if name in topology.maars:
        yield from _tunnels(topology, switch)


def host_rows(
    topology: Topology, name: str, port: int, address: IPv6Address, mac: MacAddress, next_hop_id: int
) -> tuple[Row, Row]:
    """A host on an external port, resolved. `next_hop_id` is FIRST_HOST_NEXT_HOP or more."""
    return (
        row(name, "next_hops", (next_hop_id,), "forward", port, int(mac), int(topology.router_mac(name))),
        row(name, "routes", ((int(address), 128),), "to_next_hop", next_hop_id),
    )


def _router_on_port(topology: Topology, switch: Switch, port: Port) -> Iterator[Row]:
    # Everywhere a node may come it finds the routers it knows (RFC 8885 section 3.7): same MAC, same link-local
    # address.
    shown = topology.access_routers if port.role == "access" else {RouterIdentity.of(switch.router_mac)}
    for router in shown:
        yield from router_rows(switch.name, port.number, router)
    if port.address is not None:
        mac = switch.router_mac
        yield row(switch.name, "router_addresses", (port.number, int(port.address.ip)), "answer", int(mac))


def _own_routes(switch: Switch) -> Iterator[Row]:
    yield row(switch.name, "routes", ((int(switch.loopback), 128),), "local")
    if switch.pool is not None:
        yield row(switch.name, "routes", (_lpm(switch.pool),), "no_binding")
    for port in switch.ports:
        if port.address is not None:
            yield row(switch.name, "routes", ((int(port.address.ip), 128),), "local")
            yield row(switch.name, "routes", (_lpm(port.address.network),), "resolve")


def _networks_of(switch: Switch) -> Iterator[IPv6Network]:
    yield IPv6Network(switch.loopback)
    if switch.pool is not None:
        yield switch.pool
    for port in switch.ports:
        if port.address is not None:
            yield port.address.network


def _tunnels(topology: Topology, switch: Switch) -> Iterator[Row]:
    for peer in topology.maars:
        if peer == switch.name or not topology.has_tunnel(switch.name, peer):
            continue
        number, ways = topology.tunnel_id(peer), topology.tunnel_ways(switch.name, peer)
        mtu, first = topology.tunnel_mtu(switch.name, peer), ways[0]
        local, remote = int(switch.loopback), int(topology.switches[peer].loopback)
        for next_header in INNER_HEADERS:
            key = (remote, local, next_header, CORE_PATH)
            yield row(switch.name, "tunnel_peers", key, "decapsulate", number, NO_NODE)
        if len(ways) == 1:
            yield row(switch.name, "tunnel_paths", (number,), "set_path", first.port, mtu)
        else:
            group = topology.next_hop_group_id(peer)
            yield row(switch.name, "tunnel_paths", (number,), "set_path_group", group, mtu)
        yield row(
            switch.name,
            "tunnels",
            (number,),
            "encapsulate",
            local,
            remote,
            ENCAPSULATION_IP,
            0,
            0,
            int(topology.router_mac(first.neighbour)),  # for replicas, which have but one way
            int(switch.router_mac),
        )


def _forward(topology: Topology, name: str, port: int, neighbour: str) -> tuple[int, int, int]:
    return port, int(topology.router_mac(neighbour)), int(topology.router_mac(name))


def _lpm(network: IPv6Network) -> KeyPair:
    return int(network.network_address), network.prefixlen

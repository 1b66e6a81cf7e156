# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of a switch that depend on the topology alone, and those of hosts resolved on external ports."""

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network

from p4dmm.config import Port, Switch
from p4dmm.wire import MacAddress

from .rows import LpmValue, Row, row
from .topology import Topology

ROLES = {"access": 1, "core": 2, "external": 3}

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
    for other, via in topology.reachable(name).items():
        for network in _networks_of(topology.switches[other]):
            yield row(name, "routes", (_lpm(network),), "to_next_hop", via.port)
    for via_port, neighbour in sorted({(v.port, v.neighbour) for v in topology.reachable(name).values()}):
        yield row(
            name,
            "next_hops",
            (via_port,),
            "forward",
            via_port,
            int(topology.router_mac(neighbour)),
            int(switch.router_mac),
        )
    if switch.pool is not None:
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
    shown = {switch.name, *(topology.maars if port.role == "access" else ())}
    for router in sorted(shown):
        mac = topology.router_mac(router)
        yield row(switch.name, "my_stations", (port.number, int(mac)), "admit")
        yield row(switch.name, "router_addresses", (port.number, int(mac.link_local())), "answer", int(mac))
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
        if peer == switch.name or peer not in topology.reachable(switch.name):
            continue
        number, via = topology.tunnel_id(peer), topology.via(switch.name, peer)
        local, remote = int(switch.loopback), int(topology.switches[peer].loopback)
        yield row(switch.name, "tunnel_peers", (remote, local), "decapsulate", number)
        yield row(switch.name, "tunnel_paths", (number,), "set_path", via.port, topology.tunnel_mtu(switch.name, peer))
        yield row(
            switch.name,
            "tunnels",
            (number,),
            "encapsulate",
            local,
            remote,
            int(topology.router_mac(via.neighbour)),
            int(switch.router_mac),
        )


def _lpm(network: IPv6Network) -> LpmValue:
    return int(network.network_address), network.prefixlen

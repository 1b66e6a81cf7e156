# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a model switch written into the tables of the embedded switch's pipeline, and frames run through it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Any

from p4dmm.softswitch.pipeline import Pipeline
from p4dmm.softswitch.program import load_program
from p4dmm.softswitch.tables import Entry, Exact, GroupRef, IndirectEntry, Lpm, MatchValue, Range, Table, Ternary
from p4dmm.switches import default_pipeline

from . import state as s
from .outcome import Outcome

ROW = tuple[str, tuple[MatchValue, ...], str, tuple[int, ...], int]


@cache
def pipeline() -> Pipeline:
    """One for all tests: generating the code takes longer than all packets of an example."""
    return Pipeline(load_program(default_pipeline().device_config.read_bytes()))


@contextmanager
def loaded(switch: s.Switch) -> Iterator[Pipeline]:
    """The pipeline with the switch's state, empty again afterwards."""
    target = pipeline()
    profile = target.profiles["DmmIngress.routing.next_hop_selector"]
    members = 0
    for number, hops in switch.next_hop_groups.items():
        for offset, hop in enumerate(hops, start=1):
            profile.insert_member(members + offset, "DmmIngress.routing.forward", _hop(hop))
        profile.insert_group(number, tuple((members + offset, 1) for offset in range(1, len(hops) + 1)))
        members += len(hops)
    for group, replicas in switch.groups.items():
        target.replication.insert(group, replicas)
    written = [_write(target, row) for row in rows(switch)]
    groups = _table(target, "routing.next_hop_groups")
    for number in switch.next_hop_groups:
        groups.insert(IndirectEntry((Exact(number),), GroupRef(number)))
    try:
        yield target
    finally:
        for table, entry in written:
            table.delete(entry.match, entry.priority)
        for number in switch.next_hop_groups:
            groups.delete((Exact(number),))
            profile.delete_group(number)
        for member in range(1, members + 1):
            profile.delete_member(member)
        for group in switch.groups:
            target.replication.delete(group)


def run(target: Pipeline, port: int, frame: bytes) -> Outcome:
    """One frame; drops are what the two counters grew by."""
    before = _drops(target)
    frames = target.process(port, frame, 0)
    grown = _drops(target) - before
    return Outcome(tuple(sorted(frames)), tuple(sorted(grown.elements())))


def _drops(target: Pipeline) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for direction, name in (("ingress", "DmmIngress.drop_reasons"), ("egress", "DmmEgress.egress_drop_reasons")):
        counter = target.counters[name]
        for reason in range(1, 32):
            found[direction, reason] = counter.read(reason)[0]
    return found


def _table(target: Pipeline, suffix: str) -> Table:
    for direction in ("DmmIngress", "DmmEgress"):
        if (table := target.tables.get(f"{direction}.{suffix}")) is not None:
            return table
    raise KeyError(suffix)


def _write(target: Pipeline, row: ROW) -> tuple[Table, Entry]:
    name, match, action, params, priority = row
    table = _table(target, name)
    full = next(known for known in table.actions if known.rpartition(".")[2] == action)
    entry = Entry(match, full, params, priority)
    table.insert(entry)
    return table, entry


def _exact(*values: Any) -> tuple[Exact, ...]:
    return tuple(Exact(int(value)) for value in values)


def _lpm(network: IPv4Network | IPv6Network) -> Lpm:
    return Lpm(int(network.network_address), network.prefixlen)


def _half(network: IPv6Network) -> int:
    """The upper 64 bits, which exact tables of prefixes are keyed by."""
    assert network.prefixlen == 64
    return int(network.network_address) >> 64


def _hop(hop: s.Hop) -> tuple[int, int, int]:
    return hop.port, hop.link_layer_address, hop.router_address


def _binding(action: s.Binding | s.FlowAction) -> tuple[str, tuple[int, ...]]:
    match action:
        case s.Deliver(hop, node_id):
            return "deliver", (*_hop(hop), node_id)
        case s.ToTunnel(tunnel_id, None, node_id):
            return "to_tunnel", (tunnel_id, node_id)
        case s.ToTunnel(tunnel_id, key, node_id):
            assert key is not None
            return "to_tunnel_gre", (tunnel_id, key, node_id)
        case s.Replicate(group, hop, tunnel_id, node_id):
            macs = hop.link_layer_address, hop.router_address
            return "replicate", (group, hop.port, tunnel_id, *macs, node_id)
        case s.ToFlows(flow_set):
            return "to_flows", (flow_set,)
        case s.OptimizeRoute(care_of):
            return "optimize_route", (int(care_of),)
        case s.Discard():
            return "discard", ()


def _source(action: s.Source) -> tuple[str, tuple[int, ...]]:
    match action:
        case s.Permit():
            return "permit", ()
        case s.Relay(tunnel_id, None):
            return "relay_to_tunnel", (tunnel_id,)
        case s.Relay(tunnel_id, key):
            assert key is not None
            return "relay_to_tunnel_gre", (tunnel_id, key)


def _path_binding(action: s.PathBinding) -> tuple[str, tuple[int, ...]]:
    if isinstance(action, s.Accept):
        return "accept_from_tunnel", ()
    return "deliver_from_tunnel", _binding(action)[1]


def _route(route: s.Route) -> tuple[str, tuple[int, ...]]:
    match route:
        case s.Via(number, is_group):
            return ("to_next_hop_group" if is_group else "to_next_hop"), (number,)
        case s.Special():
            return route.name.lower(), ()


def _tunnel(tunnel: s.Tunnel) -> tuple[str, tuple[int, ...]]:
    ends = int(tunnel.local), int(tunnel.remote)
    key = int(tunnel.key is not None), tunnel.key or 0
    macs = tunnel.link_layer_address, tunnel.router_address
    if isinstance(tunnel.local, IPv6Address):
        return "encapsulate", (*ends, tunnel.encapsulation, *key, *macs)
    return "encapsulate_ipv4", (*ends, tunnel.local_port, tunnel.remote_port, tunnel.encapsulation, *key, *macs)


def rows(switch: s.Switch) -> Iterator[ROW]:
    """(table, match, action, parameters, priority) of all there is to write."""
    yield from _link_rows(switch)
    yield from _source_rows(switch)
    yield from _binding_rows(switch)
    yield from _flow_rows(switch)
    yield from _tunnel_rows(switch)
    yield from _route_rows(switch)


def _link_rows(switch: s.Switch) -> Iterator[ROW]:
    for port, role in switch.roles.items():
        yield "admission.ports", _exact(port), "set_role", (role,), 0
    for port, mtu in switch.mtus.items():
        yield "path_mtu.port_mtus", _exact(port), "set_mtu", (mtu,), 0
    for key in switch.stations:
        yield "stations.my_stations", _exact(*key), "admit", (), 0
    for key, node in switch.attachments.items():
        yield "admission.access_nodes", _exact(*key), "set_node", (node.node_id, node.path_id), 0
    for (port, target), mac in switch.router_addresses.items():
        yield "neighbor_discovery.router_addresses", _exact(port, target), "answer", (mac,), 0
    for (port, ipv4), mac in switch.ipv4_router_addresses.items():
        yield "ipv4_link.ipv4_router_addresses", _exact(port, ipv4), "answer_arp", (mac,), 0


def _source_rows(switch: s.Switch) -> Iterator[ROW]:
    for port, subnet in switch.external_sources:
        yield "sources.external.external_sources", (Exact(port), _lpm(subnet)), "permit_external", (), 0
    for port, ipv4_subnet in switch.ipv4_external_sources:
        yield "sources.external.ipv4_external_sources", (Exact(port), _lpm(ipv4_subnet)), "permit_external", (), 0
    for (address, path), source in switch.address_sources.items():
        yield "sources.address.address_sources", _exact(address, path), *_source(source), 0
    for (prefix, path), source in switch.prefix_sources.items():
        yield "sources.prefix.prefix_sources", _exact(_half(prefix), path), *_source(source), 0
    for (network, path), source in switch.network_sources.items():
        yield "sources.network.network_sources", (Exact(path), _lpm(network)), *_source(source), 0
    for (ipv4, path), source in switch.ipv4_sources.items():
        yield "sources.ipv4.ipv4_sources", _exact(ipv4, path), *_source(source), 0


def _binding_rows(switch: s.Switch) -> Iterator[ROW]:
    for (prefix, path), action in switch.path_bindings.items():
        yield "bindings.path.path_bindings", _exact(_half(prefix), path), *_path_binding(action), 0
    for (network, path), action in switch.network_path_bindings.items():
        yield "bindings.path.network_path_bindings", (Exact(path), _lpm(network)), *_path_binding(action), 0
    for (ipv4, path), action in switch.ipv4_path_bindings.items():
        yield "bindings.path.ipv4_path_bindings", _exact(ipv4, path), *_path_binding(action), 0
    for address, binding in switch.address_bindings.items():
        yield "bindings.address.address_bindings", _exact(address), *_binding(binding), 0
    for prefix, binding in switch.prefix_bindings.items():
        yield "bindings.prefix.prefix_bindings", _exact(_half(prefix)), *_binding(binding), 0
    for network, binding in switch.network_bindings.items():
        yield "bindings.network.network_bindings", (_lpm(network),), *_binding(binding), 0
    for ipv4, binding in switch.ipv4_bindings.items():
        yield "bindings.ipv4.ipv4_bindings", _exact(ipv4), *_binding(binding), 0
    for home, care_of in switch.care_of_bindings.items():
        yield "route_optimization.care_of_bindings", _exact(home), "expect_care_of", (int(care_of),), 0


def _flow_rows(switch: s.Switch) -> Iterator[ROW]:
    both = (
        ("flow_bindings.ipv6.flow_selectors", switch.flow_selectors),
        ("flow_bindings.ipv4.ipv4_flow_selectors", switch.ipv4_flow_selectors),
    )
    for table, selectors in both:
        for row in selectors:
            masked = [Ternary(*part) for part in (row.source, row.destination, row.spi)]
            ranged = (row.flow_label, row.source_port, row.destination_port, row.dscp, row.protocol)
            ranges = [Range(*part) for part in ranged if part is not None]
            yield table, (Exact(row.flow_set), *masked, *ranges), *_binding(row.action), row.priority


def _tunnel_rows(switch: s.Switch) -> Iterator[ROW]:
    for peer, to in switch.peers.items():
        key = _exact(peer.remote, peer.local, peer.next_header, peer.path_id)
        yield "tunnel_termination.tunnel_peers", key, "decapsulate", (to.tunnel_id, to.node_id), 0
    for ipv4_peer, to in switch.ipv4_peers.items():
        ends = (ipv4_peer.remote, ipv4_peer.local, ipv4_peer.protocol, ipv4_peer.encapsulation)
        key = _exact(*ends, ipv4_peer.remote_port, ipv4_peer.local_port, ipv4_peer.path_id)
        yield "tunnel_termination.ipv4_tunnel_peers", key, "decapsulate_ipv4", (to.tunnel_id, to.node_id), 0
    for (tunnel_id, gre_key), session in switch.sessions.items():
        row = _exact(tunnel_id, gre_key), "set_session", (session.path_id, session.node_id), 0
        yield "tunnel_termination.gre_keys", *row
    for tunnel_id, tunnel in switch.tunnels.items():
        yield "encapsulation.tunnels", _exact(tunnel_id), *_tunnel(tunnel), 0
    for tunnel_id, path in switch.tunnel_paths.items():
        action = "set_path_group" if path.via.is_group else "set_path"
        yield "routing.tunnel_paths", _exact(tunnel_id), action, (path.via.number, path.mtu), 0


def _route_rows(switch: s.Switch) -> Iterator[ROW]:
    for network, route in switch.routes.items():
        yield "routing.routes", (_lpm(network),), *_route(route), 0
    for ipv4_network, route in switch.ipv4_routes.items():
        yield "routing.ipv4_routes", (_lpm(ipv4_network),), *_route(route), 0
    for number, hop in switch.next_hops.items():
        yield "routing.next_hops", _exact(number), "forward", _hop(hop), 0

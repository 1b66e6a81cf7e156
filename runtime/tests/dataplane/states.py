# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random states of a switch. `random` is Hypothesis' own: what it chooses is replayed and made smaller."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from random import Random
from typing import TypeVar

from . import state as s
from . import universe as u

T = TypeVar("T")


def random_switch(random: Random) -> s.Switch:
    """A switch with its ports and routes, tunnels, and bindings of every kind."""
    switch = s.Switch()
    _links(random, switch)
    _tunnels(random, switch)
    _sources(random, switch)
    _bindings(random, switch)
    _flows(random, switch)
    _routes(random, switch)
    return switch


def some(random: Random, among: Sequence[T], share: float = 0.6) -> list[T]:
    return [one for one in among if random.random() < share]


def _hop(random: Random) -> s.Hop:
    mac = random.choice(u.NODE_MACS + u.NEIGHBOR_MACS)
    return s.Hop(random.choice(u.PORTS), mac, random.choice(u.ROUTER_MACS))


def _key(random: Random) -> int | None:
    return random.choice((None, *u.GRE_KEYS))


def _links(random: Random, switch: s.Switch) -> None:
    for ports, role in (
        (u.ACCESS_PORTS, s.Role.ACCESS),
        (u.CORE_PORTS, s.Role.CORE),
        (u.EXTERNAL_PORTS, s.Role.EXTERNAL),
    ):
        switch.roles |= dict.fromkeys(ports, role)
    for port in some(random, u.PORTS, 0.7):
        switch.mtus[port] = random.choice(u.MTUS)
    for port in u.PORTS:
        switch.stations |= {(port, u.ROUTER_MACS[0])}
        if random.random() < 0.3:
            switch.stations |= {(port, u.ROUTER_MACS[1])}
        if random.random() < 0.6:
            switch.router_addresses[port, u.ROUTER_LINK_LOCAL] = u.ROUTER_MACS[0]
            switch.ipv4_router_addresses[port, u.ROUTER4] = u.ROUTER_MACS[1]
    for number, mac in enumerate(u.NODE_MACS, start=1):
        switch.attachments[random.choice(u.ACCESS_PORTS), mac] = s.Attachment(number, number)


def paths(switch: s.Switch) -> list[int]:
    """Everything that a packet can have come by."""
    tunnelled = [s.TUNNEL_PATH | number for number in u.TUNNEL_IDS]
    external = [s.EXTERNAL_PATH | port for port in u.EXTERNAL_PORTS]
    attached = [node.path_id for node in switch.attachments.values()]
    return [*attached, *tunnelled, *(session.path_id for session in switch.sessions.values()), *external]


def _tunnels(random: Random, switch: s.Switch) -> None:
    for number in u.TUNNEL_IDS:
        tunnel = _tunnel(random)
        if random.random() < 0.92:
            switch.tunnels[number] = tunnel
        if random.random() < 0.92:
            switch.tunnel_paths[number] = s.TunnelPath(_via(random), random.choice(u.MTUS))
        path = random.choice((0, 0, 0, s.EXTERNAL_PATH | u.EXTERNAL_PORTS[0], 1, 2))
        _peers(switch, number, tunnel, path)
        for key in some(random, u.GRE_KEYS):
            session = random.choice((s.TUNNEL_PATH | number, s.SESSION_PATH | number))
            switch.sessions[number, key] = s.Session(session)


def _tunnel(random: Random) -> s.Tunnel:
    macs = random.choice(u.NEIGHBOR_MACS), random.choice(u.ROUTER_MACS)
    if random.random() < 0.5:
        local = random.choice((u.LOCAL, u.LOCAL_SID))
        remote = random.choice((*u.REMOTES, *u.CARE_OF))
        encapsulation = random.choice((s.Encapsulation.IP, s.Encapsulation.GRE))
        return s.Tunnel(local, remote, encapsulation, _key(random), *macs)
    encapsulation = random.choice(tuple(s.Encapsulation))
    ports = (0, 0)
    if encapsulation >= s.Encapsulation.UDP:
        ports = random.choice(((4191, 4191), (4191, 40000), (5437, 5437)))
    return s.Tunnel(u.LOCAL4, random.choice(u.REMOTES4), encapsulation, _key(random), *macs, *ports)


def _peers(switch: s.Switch, number: int, tunnel: s.Tunnel, path: int) -> None:
    """The rows that take off what the other end of the tunnel puts on."""
    ends = tunnel.remote, tunnel.local
    terminated = s.Terminated(number)
    if isinstance(tunnel.local, IPv6Address):
        for protocol in (41, 4) if tunnel.encapsulation is s.Encapsulation.IP else (47,):
            switch.peers.setdefault(s.Peer(*ends, protocol, path), terminated)  # type: ignore[arg-type]
        return
    protocols = {s.Encapsulation.IP: (41, 4), s.Encapsulation.GRE: (47,)}.get(tunnel.encapsulation, (17,))
    for protocol in protocols:
        ports = tunnel.remote_port, tunnel.local_port
        peer = s.IPv4Peer(*ends, protocol, tunnel.encapsulation, *ports, path)  # type: ignore[arg-type]
        switch.ipv4_peers.setdefault(peer, terminated)


def _source(random: Random) -> s.Source:
    if random.random() < 0.6:
        return s.Permit()
    return s.Relay(random.choice(u.TUNNEL_IDS), _key(random))


def _sources(random: Random, switch: s.Switch) -> None:
    ways = paths(switch)
    for port in u.EXTERNAL_PORTS:
        switch.external_sources |= {(port, u.EXTERNAL_SUBNET)}
        switch.ipv4_external_sources |= {(port, u.EXTERNAL_SUBNET4)}
    for address in some(random, u.HOMES + u.CARE_OF, 0.5):
        switch.address_sources[address, random.choice(ways)] = _source(random)
    for prefix in (*u.PREFIXES, *u.PREFIXES):
        switch.prefix_sources[prefix, random.choice(ways)] = _source(random)
    for network in some(random, u.NETWORKS):
        switch.network_sources[network, random.choice(ways)] = _source(random)
    for ipv4 in (*u.HOMES4, *u.HOMES4):
        switch.ipv4_sources[ipv4, random.choice(ways)] = _source(random)
    for path in ways[: len(switch.attachments) + len(u.TUNNEL_IDS)]:
        if random.random() < 0.5:
            switch.prefix_sources[random.choice(u.PREFIXES), path] = _source(random)
        if random.random() < 0.3:
            switch.ipv4_sources[random.choice(u.HOMES4), path] = _source(random)


def _action(random: Random, switch: s.Switch) -> s.Deliver | s.ToTunnel | s.Replicate:
    kind = random.choice(("deliver", "tunnel", "tunnel", "replicate"))
    if kind == "deliver":
        return s.Deliver(_hop(random))
    if kind == "tunnel":
        return s.ToTunnel(random.choice(u.TUNNEL_IDS), _key(random))
    hop, tunnel_id = _hop(random), random.choice(u.TUNNEL_IDS)
    group = len(switch.groups) + 1
    if random.random() < 0.2:  # to another port of the same switch
        switch.groups[group] = ((hop.port, 0), (hop.port % len(u.PORTS) + 1, 0))
        return s.Replicate(group, hop, 0)
    switch.groups[group] = ((hop.port, 0), (random.choice(u.CORE_PORTS), tunnel_id))
    return s.Replicate(group, hop, tunnel_id)


def _binding(random: Random, switch: s.Switch) -> s.Binding:
    return s.ToFlows(random.choice(u.FLOW_SETS)) if random.random() < 0.15 else _action(random, switch)


def _bindings(random: Random, switch: s.Switch) -> None:
    tunnelled = [path for path in paths(switch) if path >= s.TUNNEL_PATH]
    for prefix in some(random, u.PREFIXES):
        switch.prefix_bindings[prefix] = _binding(random, switch)
    for address in some(random, u.HOMES, 0.5):
        optimized = random.random() < 0.4
        switch.address_bindings[address] = (
            s.OptimizeRoute(random.choice(u.CARE_OF)) if optimized else _binding(random, switch)
        )
    for network in some(random, u.NETWORKS):
        switch.network_bindings[network] = _binding(random, switch)
    for ipv4 in some(random, u.HOMES4):
        switch.ipv4_bindings[ipv4] = _binding(random, switch)
    for home in some(random, u.HOMES):
        switch.care_of_bindings[home] = random.choice(u.CARE_OF)
    for prefix in some(random, u.PREFIXES):
        switch.path_bindings[prefix, random.choice(tunnelled)] = _path_binding(random)
    for network in some(random, u.NETWORKS):
        switch.network_path_bindings[network, random.choice(tunnelled)] = _path_binding(random)
    for ipv4 in some(random, u.HOMES4):
        switch.ipv4_path_bindings[ipv4, random.choice(tunnelled)] = _path_binding(random)


def _path_binding(random: Random) -> s.PathBinding:
    return s.Accept() if random.random() < 0.6 else s.Deliver(_hop(random))


def _flows(random: Random, switch: s.Switch) -> None:
    """A few selectors a set, of distinct priorities; in most sets a default below them."""
    for flow_set in u.FLOW_SETS:
        for ipv4 in (False, True):
            rows = [_selector(random, switch, flow_set, priority, ipv4=ipv4) for priority in (30, 20)]
            if random.random() < 0.8:
                label = None if ipv4 else (0, 0xFFFFF)
                rows.append(s.FlowSelector(flow_set, 10, _action(random, switch), flow_label=label))
            (switch.ipv4_flow_selectors if ipv4 else switch.flow_selectors).extend(rows)


def _selector(random: Random, switch: s.Switch, flow_set: int, priority: int, *, ipv4: bool) -> s.FlowSelector:
    action: s.FlowAction = s.Discard() if random.random() < 0.2 else _action(random, switch)
    source: tuple[int, int] = (0, 0)
    if random.random() < 0.3:
        width, address = (32, int(random.choice(u.ADDRESSES4))) if ipv4 else (128, int(random.choice(u.ADDRESSES)))
        mask = (1 << width) - (1 << random.choice((0, width // 2)))
        source = address & mask, mask
    label = None if ipv4 else random.choice(((0, 0xFFFFF), (0, 0), (1, 0xFFFFF)))
    return s.FlowSelector(
        flow_set,
        priority,
        action,
        source=source,
        spi=random.choice(((0, 0), (0x1000, 0xFFFFFFFF), (0, 0xFFFFFF00))),
        flow_label=label,
        source_port=random.choice(((0, 0xFFFF), (0, 0xFFFF), (1000, 2000))),
        destination_port=random.choice(((0, 0xFFFF), (80, 80), (0, 0))),
        dscp=random.choice(((0, 63), (0, 63), (46, 46))),
        protocol=random.choice(((0, 255), (17, 17), (6, 17))),
    )


def _via(random: Random) -> s.Via:
    if random.random() < 0.3:
        return s.Via(random.choice(u.NEXT_HOP_GROUPS), is_group=True)
    return s.Via(random.choice(u.NEXT_HOPS))


def _routes(random: Random, switch: s.Switch) -> None:
    for number in some(random, u.NEXT_HOPS, 0.9):
        switch.next_hops[number] = _hop(random)
    for number in some(random, u.NEXT_HOP_GROUPS, 0.9):
        switch.next_hop_groups[number] = tuple(_hop(random) for _ in range(random.choice((1, 2, 3))))
    for address in (u.LOCAL, u.LOCAL_SID, u.ROUTER_LINK_LOCAL):
        switch.routes[IPv6Network(address)] = s.Special.LOCAL
    for route6 in (u.EXTERNAL_SUBNET, u.REMOTE_NETWORK, IPv6Network("2001:db9:1::/48"), IPv6Network("2001:db8::/48")):
        if random.random() < 0.7:
            switch.routes[route6] = random.choice((_via(random), _via(random), *s.Special))
    if random.random() < 0.3:
        switch.routes[IPv6Network("::/0")] = _via(random)
    for address4 in (u.LOCAL4, u.ROUTER4):
        switch.ipv4_routes[_host(address4)] = s.Special.LOCAL
    for route4 in (u.EXTERNAL_SUBNET4, u.REMOTE_NETWORK4, _host(u.REMOTES4[0])):
        if random.random() < 0.7:
            switch.ipv4_routes[route4] = random.choice((_via(random), _via(random), *s.Special))
    if random.random() < 0.3:
        switch.ipv4_routes[_host(IPv4Address(0), 0)] = _via(random)


def _host(address: IPv4Address, length: int = 32) -> IPv4Network:
    return IPv4Network((int(address), length))

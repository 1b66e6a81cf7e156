# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Table rows by what they mean."""

from ipaddress import ip_address, ip_network
from typing import NamedTuple

import frames
import ways
from frames import NEXT_HOP, PORTS, PROTO_IPV4, PROTO_IPV6, ROUTER, Node, Peer
from program import COLORS, ENCAPSULATIONS, ROLES
from ways import Way

TUNNEL_NEXT_HOP = 0x1000  # next hop ids of tunnels, beside those that tests choose
POLICIES = {"uplink": "uplink_policing.node_policies", "downlink": "downlink_policing.node_policies"}
METERS = {"uplink": "uplink_policing.node_meters", "downlink": "downlink_policing.node_meters"}


class Row(NamedTuple):
    """One table row; names as in P4Info, actions by the last component. With members it is a one-shot action set: pairs
    of the action's parameters and a weight, instead of params."""

    table: str
    key: dict[str, object]
    action: str
    params: dict[str, object] = {}  # noqa: RUF012  # never changed
    priority: int = 0
    idle_timeout: int = 0  # ns
    members: tuple[tuple[dict[str, object], int], ...] = ()


def role(port: int, number: int) -> Row:
    return Row("ports", {"port": port}, "set_role", {"role": number})


def station(port: int, mac: str = ROUTER) -> Row:
    return Row("my_stations", {"port": port, "link_layer_address": mac}, "admit")


def mtu(port: int, octets: int = frames.MTU) -> Row:
    return Row("port_mtus", {"port": port}, "set_mtu", {"mtu": octets})


def router_address(port: int, target: str, mac: str = ROUTER) -> Row:
    return Row("router_addresses", {"port": port, "target": target}, "answer", {"link_layer_address": mac})


def arp_answer(port: int, target: str, mac: str = ROUTER) -> Row:
    key = {"port": port, "target": target}
    return Row("ipv4_router_addresses", key, "answer_arp", {"link_layer_address": mac})


def attached(node: Node) -> Row:
    key = {"port": node.port, "link_layer_address": node.mac}
    return Row("access_nodes", key, "set_node", {"node_id": node.node_id, "path_id": node.path_id})


def permitted(node: Node, path: Node | Peer | int | None = None) -> Row:
    """The node's source is bound to a path: its own attachment, or a tunnel."""
    return _source(node, path, ways.permit())


def relayed(node: Node, anchor: Peer, path: Node | Peer | int | None = None, gre_key: int | None = None) -> Row:
    return _source(node, path, ways.relay(anchor, gre_key))


def external_source(subnet: str = frames.EXTERNAL_SUBNET, port: int = frames.EXTERNAL) -> Row:
    table = "ipv4_external_sources" if ip_network(subnet).version == 4 else "external_sources"
    return Row(table, {"port": port, "source": subnet}, "permit_external")


def accepted(node: Node, path: Peer | int) -> Row:
    return _path_binding(node, path, ways.accept())


def delivered_from(node: Node, path: Peer | int) -> Row:
    return _path_binding(node, path, ways.deliver_from(node, node.node_id))


def bound(node: Node, way: Way) -> Row:
    """By its home network prefix, or by its IPv4 home address."""
    return Row("ipv4_bindings" if _is_ipv4(node) else "prefix_bindings", _key(node), *way)


def delivered(node: Node, router: str = ROUTER) -> Row:
    return bound(node, ways.deliver(node, router, node.node_id))


def tunnelled(node: Node, peer: Peer, gre_key: int | None = None) -> Row:
    """Metered elsewhere, as where many nodes share a tunnel."""
    return bound(node, ways.to_tunnel(peer, gre_key=gre_key))


def replicated(node: Node, group: int, tunnel_id: int = 0, router: str = ROUTER) -> Row:
    return bound(node, ways.replicate(group, node, tunnel_id, router, node.node_id))


def registered(home_address: str, care_of_address: str) -> Row:
    """What a Home Address option is compared with."""
    key = {"home_address": home_address}
    return Row("care_of_bindings", key, "expect_care_of", {"care_of_address": care_of_address})


def optimized(home_address: str, care_of_address: str) -> Row:
    params = {"care_of_address": care_of_address}
    return Row("address_bindings", {"address": home_address}, "optimize_route", params)


def policy(direction: str, node_id: int, color: str, action: str, **params: object) -> Row:
    return Row(POLICIES[direction], {"node_id": node_id, "color": COLORS[color]}, action, params)


def tunnel_end(peer: Peer, inner: int = PROTO_IPV6, path_id: int = 0, node_id: int = 0) -> Row:
    """For inner packets of one family, where that is seen in the outer header; path 0 is any core port."""
    key = {"remote": peer.address, "local": peer.local, "path_id": path_id}
    params = {"tunnel_id": peer.tunnel_id, "node_id": node_id}
    protocol = frames.tunnel_protocol(peer, inner)
    if not peer.is_ipv4:
        return Row("tunnel_peers", key | {"next_header": protocol}, "decapsulate", params)
    key |= {"protocol": protocol, "encapsulation": ENCAPSULATIONS[peer.encapsulation]}
    key |= {"remote_port": peer.remote_port, "local_port": peer.local_port}
    return Row("ipv4_tunnel_peers", key, "decapsulate_ipv4", params)


def tunnel_ends(peer: Peer, path_id: int = 0, node_id: int = 0) -> tuple[Row, ...]:
    """For inner packets of both families."""
    inner = (PROTO_IPV6, PROTO_IPV4) if peer.encapsulation == "ENCAPSULATION_IP" else (PROTO_IPV6,)
    return tuple(tunnel_end(peer, protocol, path_id, node_id) for protocol in inner)


def gre_session(peer: Peer, gre_key: int, path_id: int, node_id: int = 0) -> Row:
    key = {"tunnel_id": peer.tunnel_id, "gre_key": gre_key}
    return Row("gre_keys", key, "set_session", {"path_id": path_id, "node_id": node_id})


def tunnel_next_hop(peer: Peer) -> Row:
    return next_hop(TUNNEL_NEXT_HOP + peer.tunnel_id, peer.port, peer.mac)


def tunnel_path(peer: Peer, octets: int = frames.TUNNEL_MTU) -> Row:
    params = {"next_hop_id": TUNNEL_NEXT_HOP + peer.tunnel_id, "mtu": octets}
    return Row("tunnel_paths", {"tunnel_id": peer.tunnel_id}, "set_path", params)


def tunnel_header(peer: Peer) -> Row:
    """Its MACs are for replicas."""
    params = {"local": peer.local, "remote": peer.address, "encapsulation": ENCAPSULATIONS[peer.encapsulation]}
    params |= {"own_key": int(peer.gre_key is not None), "gre_key": peer.gre_key or 0, **ways.macs(peer.mac)}
    if not peer.is_ipv4:
        return Row("tunnels", {"tunnel_id": peer.tunnel_id}, "encapsulate", params)
    params |= {"local_port": peer.local_port, "remote_port": peer.remote_port}
    return Row("tunnels", {"tunnel_id": peer.tunnel_id}, "encapsulate_ipv4", params)


def tunnel_way(peer: Peer, octets: int = frames.TUNNEL_MTU) -> tuple[Row, ...]:
    """One direction: into the tunnel."""
    return tunnel_next_hop(peer), tunnel_path(peer, octets), tunnel_header(peer)


def tunnel(peer: Peer, octets: int = frames.TUNNEL_MTU) -> tuple[Row, ...]:
    """Both directions of a tunnel."""
    return *tunnel_ends(peer), *tunnel_way(peer, octets)


def route(destination: str, action: str, **params: object) -> Row:
    """A route to a prefix; one of length 0 is the default route, a key without the field (P4Runtime spec s9.1.1)."""
    network = ip_network(destination)
    key = {"destination": destination} if network.prefixlen else {}
    return Row("ipv4_routes" if network.version == 4 else "routes", key, action, params)


def next_hop(number: int, port: int, mac: str = NEXT_HOP) -> Row:
    return Row("next_hops", {"next_hop_id": number}, "forward", {"port": port, **ways.macs(mac)})


def next_hop_group(number: int, *ports: int) -> Row:
    """One member per port, each with a MAC of its own."""
    assert set(ports) <= set(PORTS), ports
    members = tuple(({"port": port, **ways.macs(member_mac(port))}, 1) for port in ports)
    return Row("next_hop_groups", {"next_hop_group_id": number}, "forward", members=members)


def member_mac(port: int) -> str:
    return f"00:00:5e:00:53:{0x40 + port:02x}"


def to_correspondent() -> tuple[Row, ...]:
    return (
        next_hop(1, frames.EXTERNAL),
        route(frames.EXTERNAL_SUBNET, "to_next_hop", next_hop_id=1),
        route(frames.EXTERNAL_SUBNET_IPV4, "to_next_hop", next_hop_id=1),
    )


def to_switch(address: str = frames.LOCAL) -> Row:
    return route(address, "local")


def everywhere() -> tuple[Row, ...]:
    """What configuration installs before there is any mobile node."""
    roles = {
        frames.ACCESS: ROLES["ROLE_ACCESS"],
        frames.OTHER_ACCESS: ROLES["ROLE_ACCESS"],
        frames.CORE: ROLES["ROLE_CORE"],
        frames.SECOND_CORE: ROLES["ROLE_CORE"],
        frames.EXTERNAL: ROLES["ROLE_EXTERNAL"],
        frames.NO_MTU: ROLES["ROLE_ACCESS"],
    }
    return (
        *(role(port, number) for port, number in roles.items()),
        *(station(port) for port in roles),
        *(mtu(port) for port in roles if port != frames.NO_MTU),
        external_source(),
    )


def _is_ipv4(node: Node) -> bool:
    return ip_address(node.address).version == 4


def _key(node: Node) -> dict[str, object]:
    return {"address": node.address} if _is_ipv4(node) else {"prefix": node.prefix}


def _path(path: Node | Peer | int) -> dict[str, object]:
    return {"path_id": path if isinstance(path, int) else path.path_id}


def _source(node: Node, path: Node | Peer | int | None, way: Way) -> Row:
    table = "ipv4_sources" if _is_ipv4(node) else "prefix_sources"
    return Row(table, _key(node) | _path(node if path is None else path), *way)


def _path_binding(node: Node, path: Peer | int, way: Way) -> Row:
    return Row("ipv4_path_bindings" if _is_ipv4(node) else "path_bindings", _key(node) | _path(path), *way)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Table rows by what they mean."""

from typing import NamedTuple

import frames
from frames import NEXT_HOP, ROUTER, Node, Peer
from program import ROLES


class Row(NamedTuple):
    """One table row; names as in P4Info."""

    table: str
    key: dict[str, object]
    action: str
    params: dict[str, object]


def role(port: int, number: int) -> Row:
    return Row("ports", {"port": port}, "set_role", {"role": number})


def station(port: int, mac: str = ROUTER) -> Row:
    return Row("my_stations", {"port": port, "link_layer_address": mac}, "admit", {})


def mtu(port: int, octets: int = frames.MTU) -> Row:
    return Row("port_mtus", {"port": port}, "set_mtu", {"mtu": octets})


def router_address(port: int, target: str, mac: str = ROUTER) -> Row:
    return Row("router_addresses", {"port": port, "target": target}, "answer", {"link_layer_address": mac})


def attached(node: Node) -> Row:
    key = {"port": node.port, "link_layer_address": node.mac}
    return Row("access_nodes", key, "set_node", {"node_id": node.node_id, "path_id": node.path_id})


def permitted(node: Node, path: Node | Peer | None = None) -> Row:
    """The node's source is bound to a path: its own attachment, or a tunnel."""
    return Row("prefix_sources", _on_path(node, path or node), "permit", {})


def relayed(node: Node, anchor: Peer, path: Node | Peer | None = None) -> Row:
    return Row("prefix_sources", _on_path(node, path or node), "relay_to_tunnel", {"tunnel_id": anchor.tunnel_id})


def external_source(subnet: str = frames.EXTERNAL_SUBNET, port: int = frames.EXTERNAL) -> Row:
    return Row("external_sources", {"port": port, "source": subnet}, "permit_external", {})


def accepted(node: Node, path: Peer) -> Row:
    return Row("path_bindings", _on_path(node, path), "accept_from_tunnel", {})


def delivered_from(node: Node, path: Peer) -> Row:
    return Row("path_bindings", _on_path(node, path), "deliver_from_tunnel", {"port": node.port, **_macs(node.mac)})


def delivered(node: Node, mac: str | None = None, router: str = ROUTER) -> Row:
    params = {"port": node.port, "link_layer_address": mac or node.mac, "router_address": router}
    return Row("prefix_bindings", {"prefix": node.prefix}, "deliver", params)


def tunnelled(node: Node, peer: Peer) -> Row:
    return Row("prefix_bindings", {"prefix": node.prefix}, "to_tunnel", {"tunnel_id": peer.tunnel_id})


def replicated(node: Node, group: int, tunnel_id: int = 0) -> Row:
    params = {"group": group, "port": node.port, "tunnel_id": tunnel_id, **_macs(node.mac)}
    return Row("prefix_bindings", {"prefix": node.prefix}, "replicate", params)


def tunnel_end(peer: Peer) -> Row:
    return Row(
        "tunnel_peers", {"remote": peer.address, "local": frames.LOCAL}, "decapsulate", {"tunnel_id": peer.tunnel_id}
    )


def tunnel_path(peer: Peer, octets: int = frames.TUNNEL_MTU) -> Row:
    return Row("tunnel_paths", {"tunnel_id": peer.tunnel_id}, "set_path", {"port": peer.port, "mtu": octets})


def tunnel_header(peer: Peer) -> Row:
    params = {"local": frames.LOCAL, "remote": peer.address, **_macs(peer.mac)}
    return Row("tunnels", {"tunnel_id": peer.tunnel_id}, "encapsulate", params)


def tunnel(peer: Peer) -> tuple[Row, ...]:
    """Both directions of a tunnel."""
    return tunnel_end(peer), tunnel_path(peer), tunnel_header(peer)


def route(destination: str | None, action: str, **params: object) -> Row:
    """A route to a prefix; None is the default route, a key without the field."""
    return Row("routes", {} if destination is None else {"destination": destination}, action, params)


def next_hop(number: int, port: int, mac: str = NEXT_HOP) -> Row:
    return Row("next_hops", {"next_hop_id": number}, "forward", {"port": port, **_macs(mac)})


def to_correspondent() -> tuple[Row, ...]:
    return next_hop(1, frames.EXTERNAL), route(frames.EXTERNAL_SUBNET, "to_next_hop", next_hop_id=1)


def to_switch() -> Row:
    return route(f"{frames.LOCAL}/128", "local")


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


def _on_path(node: Node, path: Node | Peer) -> dict[str, object]:
    return {"prefix": node.prefix, "path_id": path.path_id}


def _macs(mac: str) -> dict[str, object]:
    return {"link_layer_address": mac, "router_address": ROUTER}

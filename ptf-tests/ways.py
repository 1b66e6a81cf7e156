# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a row of a binding, a source or a flow does, whichever table it is of: pairs of action and parameters for Row.

Node 0 is metered elsewhere, or not at all.
"""

from frames import ROUTER, Node, Peer

Way = tuple[str, dict[str, object]]


def deliver(node: Node, router: str = ROUTER, node_id: int = 0) -> Way:
    return "deliver", {"port": node.port, **macs(node.mac, router), "node_id": node_id}


def to_tunnel(peer: Peer, node_id: int = 0, gre_key: int | None = None) -> Way:
    name, params = _into_tunnel("to_tunnel", peer, gre_key)
    return name, params | {"node_id": node_id}


def replicate(group: int, node: Node, tunnel_id: int = 0, router: str = ROUTER, node_id: int = 0) -> Way:
    """To the members of the group; as a neighbour with the MACs of the node."""
    params = {"group": group, "port": node.port, "tunnel_id": tunnel_id, **macs(node.mac, router), "node_id": node_id}
    return "replicate", params


def to_flows(flow_set: int) -> Way:
    return "to_flows", {"flow_set": flow_set}


def permit() -> Way:
    return "permit", {}


def relay(peer: Peer, gre_key: int | None = None) -> Way:
    return _into_tunnel("relay_to_tunnel", peer, gre_key)


def accept() -> Way:
    return "accept_from_tunnel", {}


def deliver_from(node: Node, node_id: int = 0) -> Way:
    return "deliver_from_tunnel", deliver(node, node_id=node_id)[1]


def macs(mac: str, router: str = ROUTER) -> dict[str, object]:
    return {"link_layer_address": mac, "router_address": router}


def _into_tunnel(action: str, peer: Peer, gre_key: int | None) -> Way:
    """With the key of the node, where there is one."""
    if gre_key is None:
        return action, {"tunnel_id": peer.tunnel_id}
    return f"{action}_gre", {"tunnel_id": peer.tunnel_id, "gre_key": gre_key}

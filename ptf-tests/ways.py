# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a row of a binding, a source, a flow or a policy does: pairs of action and parameters for Row, and whole rows of
the tables that have but one use."""

from frames import PORTS, ROUTER, Node, Peer
from program import COLORS
from rows import Row, next_hop

Way = tuple[str, dict[str, object]]

TABLES = {"uplink": "uplink_policing.node_policies", "downlink": "downlink_policing.node_policies"}
METERS = {"uplink": "uplink_policing.node_meters", "downlink": "downlink_policing.node_meters"}


def deliver(node: Node, router: str = ROUTER, node_id: int = 0) -> Way:
    return "deliver", {"port": node.port, **_macs(node.mac, router), "node_id": node_id}


def to_tunnel(peer: Peer, node_id: int = 0) -> Way:
    return "to_tunnel", {"tunnel_id": peer.tunnel_id, "node_id": node_id}


def to_tunnel_gre(peer: Peer, gre_key: int, node_id: int = 0) -> Way:
    return "to_tunnel_gre", {"tunnel_id": peer.tunnel_id, "gre_key": gre_key, "node_id": node_id}


def replicate(group: int, node: Node, peer: Peer | None = None, node_id: int = 0) -> Way:
    """To the members of the group; as a neighbour with the MACs of the node."""
    tunnel_id = peer.tunnel_id if peer else 0
    params = {"group": group, "port": node.port, "tunnel_id": tunnel_id, **_macs(node.mac), "node_id": node_id}
    return "replicate", params


def to_flows(flow_set: int) -> Way:
    return "to_flows", {"flow_set": flow_set}


def permit() -> Way:
    return "permit", {}


def relay(peer: Peer) -> Way:
    return "relay_to_tunnel", {"tunnel_id": peer.tunnel_id}


def relay_gre(peer: Peer, gre_key: int) -> Way:
    return "relay_to_tunnel_gre", {"tunnel_id": peer.tunnel_id, "gre_key": gre_key}


def accept() -> Way:
    return "accept_from_tunnel", {}


def deliver_from(node: Node) -> Way:
    return "deliver_from_tunnel", {"port": node.port, **_macs(node.mac), "node_id": 0}


def arp_answer(port: int, target: str, mac: str = ROUTER) -> Row:
    key = {"port": port, "target": target}
    return Row("ipv4_router_addresses", key, "answer_arp", {"link_layer_address": mac})


def registered(home_address: str, care_of_address: str) -> Row:
    """What a Home Address option is compared with."""
    key = {"home_address": home_address}
    return Row("care_of_bindings", key, "expect_care_of", {"care_of_address": care_of_address})


def optimized(home_address: str, care_of_address: str) -> Row:
    params = {"care_of_address": care_of_address}
    return Row("address_bindings", {"address": home_address}, "optimize_route", params)


def policy(direction: str, node_id: int, color: str, action: str, **params: object) -> Row:
    return Row(TABLES[direction], {"node_id": node_id, "color": COLORS[color]}, action, params)


def next_hops(*ports: int) -> dict[int, Row]:
    """One next hop per port, of the port's number and with a MAC of its own."""
    return {port: next_hop(port, port, member_mac(port)) for port in ports}


def next_hop_group(number: int, *ports: int) -> Row:
    """One member per port, each with a MAC of its own."""
    assert set(ports) <= set(PORTS), ports
    members = tuple(({"port": port, **_macs(member_mac(port))}, 1) for port in ports)
    return Row("next_hop_groups", {"next_hop_group_id": number}, "forward", members=members)


def member_mac(port: int) -> str:
    return f"00:00:5e:00:53:{0x40 + port:02x}"


def _macs(mac: str, router: str = ROUTER) -> dict[str, object]:
    return {"link_layer_address": mac, "router_address": router}

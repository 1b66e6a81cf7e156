# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The rows that every switch has to hold for one node, as a function of its binding cache entry.

With S the serving switch, T the target of a planned handover, D a switch whose path is being drained, and A the anchor
of a prefix (for the tables see p4src/README.md):

    prefix_bindings  at S            deliver; while T is set: replicate to the port here and the tunnel to T
                     at A and at D   to_tunnel(S)
    path_bindings    at S            accept from A's tunnel and from D's
                     at T            deliver what comes by S's tunnel, and only that: the node is not here yet
    prefix_sources   at S, T, D      the node's path: permit if anchored here, else relay to A's tunnel
                     at A            the tunnels from S, T and D
    access_nodes     at S, T, D      the node, its meters and what becomes of what they mark

Bindings name the node where it is attached, for its meters; elsewhere, where its packets only pass, they name none.
"""

from collections.abc import Iterator
from ipaddress import IPv6Network

from p4dmm.mobility import Attachment, BindingCacheEntry, HomePrefix
from p4dmm.mobility.router import RouterIdentity

from .policing import policing_rows
from .rows import TUNNEL_PATH, Row, RowKey, group_row, row
from .topology import Topology


def entries_for(bce: BindingCacheEntry | None, topology: Topology) -> dict[RowKey, Row]:
    """All rows of a node. None or a detached node has none."""
    if bce is None or bce.serving is None:
        return {}
    rows = [*_node_rows(bce, topology)]
    for hnp in bce.hnps:
        rows += _source_rows(bce, hnp, topology)
        rows += _binding_rows(bce, hnp, bce.serving, topology)
        rows += _path_rows(bce, hnp, bce.serving, topology)
    return {r.at: r for r in rows}


def _node_rows(bce: BindingCacheEntry, topology: Topology) -> Iterator[Row]:
    for a in bce.attachments:
        yield row(a.switch, "access_nodes", (a.port, int(bce.mac)), "set_node", bce.node_id, a.path_id)
        yield from policing_rows(a.switch, bce.node_id, topology.network.admission)
        for router in {hnp.router for hnp in bce.hnps if hnp.router is not None} - topology.access_routers:
            yield from router_rows(a.switch, a.port, router)
    serving, target = bce.serving, bce.target
    if serving is not None and target is not None:
        replica = _replica(serving.switch, target, topology)
        group = topology.group_id(serving.switch, serving.port, replica)
        yield group_row(serving.switch, group, ((serving.port, 0), replica))


def _source_rows(bce: BindingCacheEntry, hnp: HomePrefix, topology: Topology) -> Iterator[Row]:
    prefix = _upper(hnp)
    for a in bce.attachments:
        if a.switch == hnp.anchor:
            yield row(a.switch, "prefix_sources", (prefix, a.path_id), "permit")
        else:
            relay = topology.tunnel_id(hnp.anchor)
            yield row(a.switch, "prefix_sources", (prefix, a.path_id), "relay_to_tunnel", relay)
            yield tunnel_source(hnp.anchor, hnp.prefix, a.switch, topology)


def _binding_rows(bce: BindingCacheEntry, hnp: HomePrefix, serving: Attachment, topology: Topology) -> Iterator[Row]:
    prefix = _upper(hnp)
    macs = int(bce.mac), _router_mac(hnp, topology)
    if bce.target is None:
        yield row(serving.switch, "prefix_bindings", (prefix,), "deliver", serving.port, *macs, bce.node_id)
    else:
        replica = _replica(serving.switch, bce.target, topology)
        group = topology.group_id(serving.switch, serving.port, replica)
        yield row(
            serving.switch,
            "prefix_bindings",
            (prefix,),
            "replicate",
            group,
            serving.port,
            replica[1],
            *macs,
            bce.node_id,
        )
    elsewhere = {hnp.anchor, *(d.attachment.switch for d in bce.draining if d.bindings_kept)} - {serving.switch}
    for switch in sorted(elsewhere):
        yield row(switch, "prefix_bindings", (prefix,), "to_tunnel", topology.tunnel_id(serving.switch), 0)


def _path_rows(bce: BindingCacheEntry, hnp: HomePrefix, serving: Attachment, topology: Topology) -> Iterator[Row]:
    prefix = _upper(hnp)
    # A switch being drained goes on accepting from the anchor, and from those drained before it, to pass on.
    takers = {serving.switch, *(d.attachment.switch for d in bce.draining)}
    for taker in sorted(takers):
        for giver in sorted((takers | {hnp.anchor}) - {taker}):
            yield row(taker, "path_bindings", (prefix, _tunnel_path(giver, topology)), "accept_from_tunnel")
    target = bce.target
    if target is not None and target.switch != serving.switch:
        yield row(
            target.switch,
            "path_bindings",
            (prefix, _tunnel_path(serving.switch, topology)),
            "deliver_from_tunnel",
            target.port,
            int(bce.mac),
            _router_mac(hnp, topology),
            bce.node_id,
        )


def tunnel_source(anchor: str, prefix: IPv6Network, peer: str, topology: Topology) -> Row:
    """The anchor takes packets from that prefix out of the tunnel from that switch."""
    key = (int(prefix.network_address) >> 64, _tunnel_path(peer, topology))
    return row(anchor, "prefix_sources", key, "permit")


def router_rows(switch: str, port: int, router: RouterIdentity) -> Iterator[Row]:
    """What makes a router be on the link of a port: it takes packets, and answers for its address."""
    yield row(switch, "my_stations", (port, int(router.mac)), "admit")
    yield row(switch, "router_addresses", (port, int(router.link_local)), "answer", int(router.mac))


def _router_mac(hnp: HomePrefix, topology: Topology) -> int:
    return int(topology.router_mac(hnp.anchor) if hnp.router is None else hnp.router.mac)


def _replica(at: str, other: Attachment, topology: Topology) -> tuple[int, int]:
    """(port, replica id) of the copy for the other path: a neighbour here, or the tunnel to its switch."""
    if other.switch == at:
        return other.port, 0
    return topology.via(at, other.switch).port, topology.tunnel_id(other.switch)


def _tunnel_path(peer: str, topology: Topology) -> int:
    return TUNNEL_PATH | topology.tunnel_id(peer)


def _upper(hnp: HomePrefix) -> int:
    return int(hnp.prefix.network_address) >> 64

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Reading the bindings back from the rows of the switches, for a controller that comes up against a running network.

The rows say who is attached where, with which numbers, and which prefixes are served; what they do not say (times, the
node's link-local address) starts anew. A handover that was half done is resolved in favour of where the anchors already
send: the caller then brings the switches to `entries_for` of what is returned.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility import Attachment, BindingCacheEntry, HomePrefix
from p4dmm.wire import MacAddress

from .baseline import FIRST_HOST_NEXT_HOP
from .rows import EXTERNAL_PATH, MAX_NODE_ID, Row, RowKey
from .topology import Topology


@dataclass(frozen=True, slots=True)
class Host:
    """A host resolved on an external port."""

    switch: str
    port: int
    address: IPv6Address
    mac: MacAddress
    next_hop_id: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the rows tell."""

    bindings: tuple[BindingCacheEntry, ...]
    hosts: tuple[Host, ...]


def recover(rows: Iterable[Row], topology: Topology, now: float) -> Recovered:
    """Bindings and resolved hosts that the rows stand for. Rows that make no sense are left out, for the caller to
    remove: no prefix, node id or path id is ever in two bindings."""
    by_key = {row.at: row for row in rows}
    places: dict[MacAddress, list[tuple[int, Attachment]]] = defaultdict(list)
    prefixes: dict[MacAddress, dict[int, str]] = defaultdict(dict)
    for row in by_key.values():
        match row.at.table:
            case "access_nodes":
                _collect_place(row, topology, places)
            case "prefix_bindings" if row.action in ("deliver", "replicate"):
                _collect_prefix(row, topology, prefixes)
    taken = _Taken()
    bindings = []
    for mac, candidates in sorted(places.items()):
        node_id, serving = _serving(candidates, prefixes[mac], by_key, topology)
        hnps = tuple(
            HomePrefix(
                prefix=IPv6Network((upper << 64, 64)),
                anchor=anchor,
                deprecated_at=None if anchor == serving.switch else now,
            )
            for upper, anchor in _one_of_each_anchor(prefixes[mac], taken.prefixes)
        )
        # Nobody is served without a prefix of the switch where he is: a node that was being removed, or a stranger.
        native = any(hnp.anchor == serving.switch for hnp in hnps)
        if native and node_id not in taken.node_ids and serving.path_id not in taken.path_ids:
            taken.node_ids.add(node_id)
            taken.path_ids.add(serving.path_id)
            taken.prefixes.update(int(hnp.prefix.network_address) >> 64 for hnp in hnps)
            bindings.append(
                BindingCacheEntry(mn_id=str(mac), mac=mac, node_id=node_id, serving=serving, hnps=hnps, moved_at=now)
            )
    return Recovered(tuple(bindings), tuple(_hosts(by_key, topology)))


@dataclass(frozen=True, slots=True)
class _Taken:
    node_ids: set[int] = field(default_factory=set)
    path_ids: set[int] = field(default_factory=set)
    prefixes: set[int] = field(default_factory=set)


def _one_of_each_anchor(prefixes: dict[int, str], taken: set[int]) -> list[tuple[int, str]]:
    found: dict[str, int] = {}
    for upper, anchor in sorted(prefixes.items()):
        if upper not in taken:
            found.setdefault(anchor, upper)
    return sorted((upper, anchor) for anchor, upper in found.items())


def _collect_place(row: Row, topology: Topology, places: dict[MacAddress, list[tuple[int, Attachment]]]) -> None:
    port, mac = row.at.key
    assert isinstance(port, int)
    assert isinstance(mac, int)
    known = topology.port(row.at.switch, port)
    node_id, path_id = row.parameters
    address = MacAddress.from_int(mac)
    if known is None or known.role != "access" or address.is_group or not mac:
        return
    if 0 < node_id <= MAX_NODE_ID and 0 < path_id < EXTERNAL_PATH:
        places[address].append((node_id, Attachment(row.at.switch, port, path_id)))


def _collect_prefix(row: Row, topology: Topology, prefixes: dict[MacAddress, dict[int, str]]) -> None:
    upper = row.at.number
    prefix = IPv6Network((upper << 64, 64))
    anchor = next((name for name, pool in topology.pools.items() if prefix.subnet_of(pool)), None)
    if anchor is not None:
        prefixes[MacAddress.from_int(row.parameters[-3])][upper] = anchor


def _serving(
    candidates: list[tuple[int, Attachment]],
    prefixes: dict[int, str],
    by_key: dict[RowKey, Row],
    topology: Topology,
) -> tuple[int, Attachment]:
    """Of the attachments at an anchor the one that most bindings lead to; among equals the youngest, which has the
    highest path id."""

    def votes(attachment: Attachment) -> int:
        count = 0
        for upper, anchor in prefixes.items():
            here = by_key.get(RowKey(attachment.switch, "prefix_bindings", (upper,)))
            if here is not None and attachment.port == _delivered_port(here):
                count += 1
            there = by_key.get(RowKey(anchor, "prefix_bindings", (upper,)))
            if there is not None and there.action == "to_tunnel":
                count += topology.peer_of_tunnel(there.parameters[0]) == attachment.switch
        return count

    native = set(prefixes.values())
    return max(candidates, key=lambda c: (c[1].switch in native, votes(c[1]), c[1].path_id))


def _delivered_port(binding: Row) -> int | None:
    """Where a binding says that its node is; not where it is only expected."""
    match binding.action:
        case "deliver":
            return binding.parameters[0]
        case "replicate":
            return binding.parameters[1]
    return None


def _hosts(by_key: dict[RowKey, Row], topology: Topology) -> Iterable[Host]:
    for row in by_key.values():
        if row.at.table != "routes" or row.action != "to_next_hop" or row.parameters[0] < FIRST_HOST_NEXT_HOP:
            continue
        (destination,) = row.at.key
        assert isinstance(destination, tuple)
        next_hop = by_key.get(RowKey(row.at.switch, "next_hops", (row.parameters[0],)))
        if next_hop is None or destination[1] != 128:
            continue
        port = topology.port(row.at.switch, next_hop.parameters[0])
        address = IPv6Address(destination[0])
        if port is not None and port.address is not None and address in port.address.network:
            yield Host(
                row.at.switch, port.number, address, MacAddress.from_int(next_hop.parameters[1]), row.parameters[0]
            )

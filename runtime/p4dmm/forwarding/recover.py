# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Reading the bindings back from the rows of the switches, for a controller that comes up against a running network.

The rows say who is attached where, with which numbers, and which prefixes are served; what they do not say (times, the
node's link-local address) starts anew. A handover that was half done is resolved in favour of where the anchors already
send: the caller then brings the switches to `entries_for` of what is returned.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility import Attachment, BindingCacheEntry, HomePrefix
from p4dmm.wire import MacAddress

from .baseline import FIRST_HOST_NEXT_HOP
from .rows import Row, RowKey
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
    remove."""
    by_key = {row.at: row for row in rows}
    places: dict[MacAddress, list[tuple[int, Attachment]]] = defaultdict(list)
    prefixes: dict[MacAddress, dict[int, str]] = defaultdict(dict)
    for row in by_key.values():
        match row.at.table:
            case "access_nodes":
                _collect_place(row, topology, places)
            case "prefix_bindings" if row.action in ("deliver", "replicate"):
                _collect_prefix(row, topology, prefixes)
    bindings = []
    for mac, candidates in sorted(places.items()):
        node_id, serving = _serving(candidates, prefixes[mac], by_key, topology)
        hnps = tuple(
            HomePrefix(
                prefix=IPv6Network((upper << 64, 64)),
                anchor=anchor,
                deprecated_at=None if anchor == serving.switch else now,
            )
            for upper, anchor in sorted(prefixes[mac].items())
        )
        if hnps:
            bindings.append(
                BindingCacheEntry(mn_id=str(mac), mac=mac, node_id=node_id, serving=serving, hnps=hnps, moved_at=now)
            )
    return Recovered(tuple(bindings), tuple(_hosts(by_key, topology)))


def _collect_place(row: Row, topology: Topology, places: dict[MacAddress, list[tuple[int, Attachment]]]) -> None:
    port, mac = row.at.key
    assert isinstance(port, int)
    assert isinstance(mac, int)
    known = topology.port(row.at.switch, port)
    if known is not None and known.role == "access":
        node_id, path_id = row.parameters
        places[MacAddress.from_int(mac)].append((node_id, Attachment(row.at.switch, port, path_id)))


def _collect_prefix(row: Row, topology: Topology, prefixes: dict[MacAddress, dict[int, str]]) -> None:
    (upper,) = row.at.key
    assert isinstance(upper, int)
    prefix = IPv6Network((upper << 64, 64))
    anchor = next((maar for maar in topology.maars if prefix.subnet_of(topology.pool(maar))), None)
    if anchor is not None:
        prefixes[MacAddress.from_int(row.parameters[-2])][upper] = anchor


def _serving(
    candidates: list[tuple[int, Attachment]],
    prefixes: dict[int, str],
    by_key: dict[RowKey, Row],
    topology: Topology,
) -> tuple[int, Attachment]:
    """The attachment that most bindings lead to; among equals the youngest, which has the highest path id."""

    def votes(attachment: Attachment) -> int:
        count = 0
        for upper, anchor in prefixes.items():
            here = by_key.get(RowKey(attachment.switch, "prefix_bindings", (upper,)))
            if here is not None and here.action == "deliver" and here.parameters[0] == attachment.port:
                count += 1
            there = by_key.get(RowKey(anchor, "prefix_bindings", (upper,)))
            if there is not None and there.action == "to_tunnel":
                count += topology.peer_of_tunnel(there.parameters[0]) == attachment.switch
        return count

    return max(candidates, key=lambda candidate: (votes(candidate[1]), candidate[1].path_id))


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

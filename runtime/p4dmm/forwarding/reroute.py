# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What changes in the rows of a switch when links go down or come back: pure."""

from collections.abc import Collection, Iterator, Mapping

from .plan import Change, Write
from .rows import GROUPS, Row, RowKey, group_row, selector_row
from .topology import Topology


def without_ports(rows: Mapping[RowKey, Row], ports: Collection[int]) -> Iterator[Write]:
    """Take the members that lead to these core ports out of the sets of next hops, at once and before anything else is
    computed. A set is never emptied: what has no other member stays until its destination has new ways, or none."""
    for at, row in rows.items():
        if at.table == "next_hop_groups":
            left = [member for member in row.members if member.parameters[0] not in ports]
            if left and len(left) < len(row.members):
                yield Write(Change.MODIFY, selector_row(at.switch, at.table, at.key, left))


def reroute(
    rows: Mapping[RowKey, Row], old: Collection[RowKey], new: Mapping[RowKey, Row], topology: Topology
) -> list[Write]:
    """From the rows a switch holds, of which `old` are its base rows in the topology as it was, to those with the `new`
    base rows, in the topology as it is.

    Rows of nodes name no ports of the core and stay, but for the groups of planned handovers.
    """
    writes = [Write(Change.DELETE, rows[at]) for at in old if at not in new and at in rows]
    for row in (*new.values(), *_replicated(rows, topology)):
        held = rows.get(row.at)
        if held != row:
            writes.append(Write(Change.INSERT if held is None else Change.MODIFY, row))
    return writes


def _replicated(rows: Mapping[RowKey, Row], topology: Topology) -> Iterator[Row]:
    for at, row in rows.items():
        if at.table != GROUPS:
            continue
        replicas = []
        for port, replica_id in zip(row.parameters[::2], row.parameters[1::2], strict=True):
            peer = topology.peer_of_tunnel(replica_id)
            replicas.append((port if peer is None else topology.via(at.switch, peer).port, replica_id))
        yield group_row(at.switch, at.number, tuple(replicas))

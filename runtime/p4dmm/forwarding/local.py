# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The rows that one switch has to hold for a node, from what that switch knows: where no controller sees them all.

Nothing new is computed here: it is the part of `entries_for` that is this switch's. That part depends on what happens
at other switches only by their names, so nobody has to know the ports and paths there.
"""

from collections.abc import Iterable
from ipaddress import IPv6Address

from p4dmm.mobility import Attachment, BindingCacheEntry, Draining, HomePrefix
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire import MacAddress

from .bindings import entries_for, tunnel_source
from .rows import Row, RowKey
from .topology import Topology, TopologyError

_NOBODY = MacAddress(bytes(6))


def local_entries(bindings: Iterable[LocalBinding], at: str, topology: Topology) -> dict[RowKey, Row]:
    """All rows of one node at that switch, from what each role there says. An anchor knows better than an access router
    where its prefixes go. Raises TopologyError for a peer that the network file does not have."""
    rows: dict[RowKey, Row] = {}
    for binding in sorted(bindings, key=lambda b: b.attachment is None):
        rows.update(_rows(binding, at, topology))
    return rows


def _rows(binding: LocalBinding, at: str, topology: Topology) -> dict[RowKey, Row]:
    previous = [name for name in (_name(address, topology) for address in binding.previous) if name != at]
    serving = binding.attachment
    if serving is None and binding.serving is not None:
        serving = Attachment(_name(binding.serving, topology), 0, 0)
        if serving.switch == at:
            # The access router here delivers; what the anchor adds is where packets may still come from.
            own = [p.prefix for p in binding.prefixes if _name(p.anchor, topology) == at]
            rows = [tunnel_source(at, prefix, name, topology) for prefix in own for name in previous]
            return {row.at: row for row in rows}
    left = [] if binding.left is None else [binding.left]
    entry = BindingCacheEntry(
        mn_id=binding.mn_id,
        mac=binding.mac or _NOBODY,
        node_id=binding.node_id,
        serving=serving,
        draining=tuple(Draining(a) for a in (*left, *(Attachment(name, 0, 0) for name in previous))),
        hnps=tuple(HomePrefix(p.prefix, _name(p.anchor, topology), router=p.router) for p in binding.prefixes),
    )
    return {key: row for key, row in entries_for(entry, topology).items() if key.switch == at}


def _name(address: IPv6Address, topology: Topology) -> str:
    name = topology.switch_at(address)
    if name is None:
        raise TopologyError(f"{address} is the loopback address of no switch in the network file")
    if name not in topology.maars:
        raise TopologyError(f"{address} is that of {name}, to which no tunnel leads: it has no pool and no access port")
    return name

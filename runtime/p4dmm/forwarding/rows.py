# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of the P4 program as Python sees them. A test holds this page against the compiled P4Info.

Nowhere else are names of tables, keys, actions or parameters spelt.
"""

from dataclasses import dataclass
from typing import NamedTuple

TUNNEL_PATH = 0x800000
"""Path ids with this bit are tunnels, the rest of it the tunnel id (p4src/headers.p4)."""

MAX_TUNNEL_ID = 0xFFFF
MAX_GROUP_ID = 0xFFFF
"""BMv2 refuses a larger group and silently accepts a larger replica instance."""

LpmValue = tuple[int, int]
"""Value and prefix length."""


class Action(NamedTuple):
    """An action and its parameters in order."""

    name: str
    parameters: tuple[str, ...]


class Table(NamedTuple):
    """A table, its keys in order, and what its rows may do."""

    name: str
    keys: tuple[str, ...]
    actions: tuple[Action, ...]


class RowKey(NamedTuple):
    """Which row: a switch, a table, the values of its keys."""

    switch: str
    table: str
    key: tuple[int | LpmValue, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One table row, or one multicast group, of one switch."""

    at: RowKey
    action: str
    parameters: tuple[int, ...] = ()


_MACS = ("link_layer_address", "router_address")

TABLES = {
    table.name: table
    for table in (
        Table("ports", ("port",), (Action("set_role", ("role",)),)),
        Table("access_nodes", ("port", "link_layer_address"), (Action("set_node", ("node_id", "path_id")),)),
        Table("router_addresses", ("port", "target"), (Action("answer", ("link_layer_address",)),)),
        Table("my_stations", ("port", "link_layer_address"), (Action("admit", ()),)),
        Table("tunnel_peers", ("remote", "local"), (Action("decapsulate", ("tunnel_id",)),)),
        Table(
            "prefix_sources",
            ("prefix", "path_id"),
            (Action("permit", ()), Action("relay_to_tunnel", ("tunnel_id",))),
        ),
        Table("external_sources", ("port", "source"), (Action("permit_external", ()),)),
        Table(
            "prefix_bindings",
            ("prefix",),
            (
                Action("deliver", ("port", *_MACS)),
                Action("to_tunnel", ("tunnel_id",)),
                Action("replicate", ("group", "port", "tunnel_id", *_MACS)),
            ),
        ),
        Table(
            "path_bindings",
            ("prefix", "path_id"),
            (Action("accept_from_tunnel", ()), Action("deliver_from_tunnel", ("port", *_MACS))),
        ),
        Table(
            "routes",
            ("destination",),
            (
                Action("to_next_hop", ("next_hop_id",)),
                Action("local", ()),
                Action("no_binding", ()),
                Action("resolve", ()),
            ),
        ),
        Table("next_hops", ("next_hop_id",), (Action("forward", ("port", *_MACS)),)),
        Table("tunnel_paths", ("tunnel_id",), (Action("set_path", ("port", "mtu")),)),
        Table("port_mtus", ("port",), (Action("set_mtu", ("mtu",)),)),
        Table("tunnels", ("tunnel_id",), (Action("encapsulate", ("local", "remote", *_MACS)),)),
    )
}

GROUPS = "multicast_groups"
"""Not a table of the program: rows of it are multicast groups of the packet replication engine, keyed by group id, with
parameters (port, replica id) after one another."""

REPLICAS = "replicas"


def row(switch: str, table: str, key: tuple[int | LpmValue, ...], action: str, *parameters: int) -> Row:
    """A row of a table of the program."""
    return Row(RowKey(switch, table, key), action, parameters)


def group_row(switch: str, group_id: int, replicas: tuple[tuple[int, int], ...]) -> Row:
    """A multicast group: (port, replica id) pairs, a set; a switch gives them back in any order."""
    return Row(RowKey(switch, GROUPS, (group_id,)), REPLICAS, tuple(n for pair in sorted(replicas) for n in pair))

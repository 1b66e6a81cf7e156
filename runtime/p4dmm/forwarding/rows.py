# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of the P4 program as Python sees them. A test holds this page against the compiled P4Info.

Nowhere else are names of tables, keys, actions or parameters spelt. An action is named by the last part of its name in
the program: within a table that is unique.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

TUNNEL_PATH = 0x800000
"""Path ids with this bit are tunnels, the rest of it the tunnel id (p4src/headers.p4)."""

EXTERNAL_PATH = 0x400000
"""Path ids below are attachments of nodes (p4src/headers.p4)."""

MAX_TUNNEL_ID = 0xFFFF
"""Of a tunnel between switches: it is a replica id as well."""

MAX_GROUP_ID = 0xFFFF
"""BMv2 refuses a larger group and silently accepts a larger replica instance."""

MAX_NODE_ID = 0x1FFFF
"""The meters of nodes end there; BMv2 aborts on an index beyond."""

KeyPair = tuple[int, int]
"""LPM: value and prefix length. Ternary: value and mask. Range: lowest and highest value."""


class Action(NamedTuple):
    """An action and its parameters in order."""

    name: str
    parameters: tuple[str, ...] = ()


class Table(NamedTuple):
    """A table, its keys in order, and what its rows may do."""

    name: str
    keys: tuple[str, ...]
    actions: tuple[Action, ...]


class RowKey(NamedTuple):
    """Which row: a switch, a table, the values of its keys; where keys are ternary or ranges, also the priority."""

    switch: str
    table: str
    key: tuple[int | KeyPair, ...]
    priority: int = 0

    @property
    def number(self) -> int:
        """The key of what has but one, and that exact."""
        (number,) = self.key
        assert isinstance(number, int)
        return number


class Member(NamedTuple):
    """One of the ways that a row with a selector chooses from by the flow."""

    action: str
    parameters: tuple[int, ...]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One table row, one multicast group or one meter of one switch."""

    at: RowKey
    action: str
    parameters: tuple[int, ...] = ()
    members: tuple[Member, ...] = ()
    """Only with the action MEMBERS: at least one, sorted, for they are a set."""


_MACS = ("link_layer_address", "router_address")
_DELIVERIES = (
    Action("deliver", ("port", *_MACS, "node_id")),
    Action("to_tunnel", ("tunnel_id", "node_id")),
    Action("to_tunnel_gre", ("tunnel_id", "gre_key", "node_id")),
    Action("replicate", ("group", "port", "tunnel_id", *_MACS, "node_id")),
)
_BINDINGS = (*_DELIVERIES, Action("to_flows", ("flow_set",)))
_FLOWS = (*_DELIVERIES, Action("discard"))
_SOURCES = (
    Action("permit"),
    Action("relay_to_tunnel", ("tunnel_id",)),
    Action("relay_to_tunnel_gre", ("tunnel_id", "gre_key")),
)
_PATHS = (Action("accept_from_tunnel"), Action("deliver_from_tunnel", ("port", *_MACS, "node_id")))
_POLICIES = (Action("remark", ("dscp",)), Action("discard"))
_ROUTES = (
    Action("to_next_hop", ("next_hop_id",)),
    Action("to_next_hop_group", ("next_hop_group_id",)),
    Action("local"),
    Action("no_binding"),
    Action("resolve"),
)
_FORWARD = Action("forward", ("port", *_MACS))
_KEYED = ("encapsulation", "own_key", "gre_key", *_MACS)
_ENCAPSULATIONS = (
    Action("encapsulate", ("local", "remote", *_KEYED)),
    Action("encapsulate_ipv4", ("local", "remote", "local_port", "remote_port", *_KEYED)),
)
_PEER = ("tunnel_id", "node_id")
_FLOW, _PORTS = ("flow_set", "source", "destination", "spi"), ("source_port", "destination_port", "dscp")
_PEER_OF_IPV4 = ("remote", "local", "protocol", "encapsulation", "remote_port", "local_port", "path_id")

TABLES = {
    table.name: table
    for table in (
        # Ports and their links
        Table("ports", ("port",), (Action("set_role", ("role",)),)),
        Table("port_mtus", ("port",), (Action("set_mtu", ("mtu",)),)),
        Table("access_nodes", ("port", "link_layer_address"), (Action("set_node", ("node_id", "path_id")),)),
        Table("router_addresses", ("port", "target"), (Action("answer", ("link_layer_address",)),)),
        Table("ipv4_router_addresses", ("port", "target"), (Action("answer_arp", ("link_layer_address",)),)),
        Table("my_stations", ("port", "link_layer_address"), (Action("admit"),)),
        Table("external_sources", ("port", "source"), (Action("permit_external"),)),
        Table("ipv4_external_sources", ("port", "source"), (Action("permit_external"),)),
        # Tunnels
        Table("tunnel_peers", ("remote", "local", "next_header", "path_id"), (Action("decapsulate", _PEER),)),
        Table("ipv4_tunnel_peers", _PEER_OF_IPV4, (Action("decapsulate_ipv4", _PEER),)),
        Table("gre_keys", ("tunnel_id", "gre_key"), (Action("set_session", ("path_id", "node_id")),)),
        Table(
            "tunnel_paths",
            ("tunnel_id",),
            (Action("set_path", ("next_hop_id", "mtu")), Action("set_path_group", ("next_hop_group_id", "mtu"))),
        ),
        Table("tunnels", ("tunnel_id",), _ENCAPSULATIONS),
        # Where nodes send from, and how much
        Table("address_sources", ("address", "path_id"), _SOURCES),
        Table("prefix_sources", ("prefix", "path_id"), _SOURCES),
        Table("network_sources", ("path_id", "network"), _SOURCES),
        Table("ipv4_sources", ("address", "path_id"), _SOURCES),
        Table("care_of_bindings", ("home_address",), (Action("expect_care_of", ("care_of_address",)),)),
        Table("uplink_policing.node_policies", ("node_id", "color"), _POLICIES),
        # Where nodes are
        Table("path_bindings", ("prefix", "path_id"), _PATHS),
        Table("network_path_bindings", ("path_id", "network"), _PATHS),
        Table("ipv4_path_bindings", ("address", "path_id"), _PATHS),
        Table("address_bindings", ("address",), (*_BINDINGS, Action("optimize_route", ("care_of_address",)))),
        Table("prefix_bindings", ("prefix",), _BINDINGS),
        Table("network_bindings", ("network",), _BINDINGS),
        Table("ipv4_bindings", ("address",), _BINDINGS),
        Table("flow_selectors", (*_FLOW, "flow_label", *_PORTS, "next_header"), _FLOWS),
        Table("ipv4_flow_selectors", (*_FLOW, *_PORTS, "protocol"), _FLOWS),
        Table("downlink_policing.node_policies", ("node_id", "color"), _POLICIES),
        # Ways
        Table("routes", ("destination",), _ROUTES),
        Table("ipv4_routes", ("destination",), _ROUTES),
        Table("next_hops", ("next_hop_id",), (_FORWARD,)),
        Table("next_hop_groups", ("next_hop_group_id",), (_FORWARD,)),
    )
}

GROUPS = "multicast_groups"
"""Not a table of the program: rows of it are multicast groups of the packet replication engine, keyed by group id, with
parameters (port, replica id) after one another."""

SHARED = (GROUPS, "my_stations", "router_addresses")
"""Several nodes need the same row: the first one's plan inserts it, and no plan deletes it."""

REPLICAS = "replicas"

MEMBERS = "members"
"""The action of a row with a selector."""

METERS = ("punt_meters", "uplink_policing.node_meters", "downlink_policing.node_meters")
"""Not tables of the program: rows of them are meters, keyed by index, with the committed rate and burst and the peak
rate and burst of RFC 2698 as parameters, in packets or octets and those a second."""

RATES = "rates"


def row(switch: str, table: str, key: tuple[int | KeyPair, ...], action: str, *parameters: int) -> Row:
    """A row of a table of the program."""
    return Row(RowKey(switch, table, key), action, parameters)


def group_row(switch: str, group_id: int, replicas: tuple[tuple[int, int], ...]) -> Row:
    """A multicast group: (port, replica id) pairs, a set; a switch gives them back in any order."""
    return Row(RowKey(switch, GROUPS, (group_id,)), REPLICAS, tuple(n for pair in sorted(replicas) for n in pair))


def selector_row(switch: str, table: str, key: tuple[int | KeyPair, ...], members: Iterable[Member]) -> Row:
    """A row whose action the flow chooses; the members are a set, which a switch gives back in any order."""
    return Row(RowKey(switch, table, key), MEMBERS, members=tuple(sorted(members)))


def meter_row(switch: str, meter: str, index: int, rates: tuple[int, int, int, int]) -> Row:
    """A meter's configuration."""
    return Row(RowKey(switch, meter, (index,)), RATES, rates)

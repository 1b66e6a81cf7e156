# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a switch of the model knows: its ports, nodes, bindings, tunnels and routes, by what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, TypeVar

CPU_PORT = 510
EXTERNAL_PATH, TUNNEL_PATH, SESSION_PATH = 0x400000, 0x800000, 0xC00000
MINIMUM_MTU = 1280

V = TypeVar("V")


class Role(IntEnum):
    """Of a port."""

    ACCESS = 1
    CORE = 2
    EXTERNAL = 3


class Encapsulation(IntEnum):
    """What stands between the outer header and the packet."""

    IP = 1
    GRE = 2
    UDP = 3
    UDP_TLV = 4
    UDP_TLV_GRE = 5


@dataclass(frozen=True)
class Attachment:
    """A node at an access port, known by its MAC."""

    node_id: int
    path_id: int


@dataclass(frozen=True)
class Hop:
    """Where a frame goes next."""

    port: int
    link_layer_address: int
    router_address: int


@dataclass(frozen=True)
class Deliver:
    """To a node that is here."""

    hop: Hop
    node_id: int = 0


@dataclass(frozen=True)
class ToTunnel:
    """To a node elsewhere; `gre_key` None is no key of its own."""

    tunnel_id: int
    gre_key: int | None = None
    node_id: int = 0


@dataclass(frozen=True)
class Replicate:
    """To a node that is here, and into the tunnel to where it is expected, as the multicast group says."""

    group: int
    hop: Hop
    tunnel_id: int
    node_id: int = 0


@dataclass(frozen=True)
class ToFlows:
    """As the flow bindings of the set say."""

    flow_set: int


@dataclass(frozen=True)
class OptimizeRoute:
    """With a type 2 routing header, to the care-of address."""

    care_of_address: IPv6Address


@dataclass(frozen=True)
class Discard:
    """As a flow binding asks."""


Binding = Deliver | ToTunnel | Replicate | ToFlows | OptimizeRoute
FlowAction = Deliver | ToTunnel | Replicate | Discard


@dataclass(frozen=True)
class Permit:
    """A source that belongs to the path."""


@dataclass(frozen=True)
class Relay:
    """A source that belongs to the path, and whose anchor is at the other end of a tunnel."""

    tunnel_id: int
    gre_key: int | None = None


Source = Permit | Relay


@dataclass(frozen=True)
class Accept:
    """What the peer sends for that destination is for a node here."""


PathBinding = Accept | Deliver


@dataclass(frozen=True)
class FlowSelector:
    """RFC 6088: a row of a flow set. Addresses and SPI are (value, mask), the others (low, high).

    `flow_label` is None in selectors of IPv4.
    """

    flow_set: int
    priority: int
    action: FlowAction
    source: tuple[int, int] = (0, 0)
    destination: tuple[int, int] = (0, 0)
    spi: tuple[int, int] = (0, 0)
    flow_label: tuple[int, int] | None = (0, 0xFFFFF)
    source_port: tuple[int, int] = (0, 0xFFFF)
    destination_port: tuple[int, int] = (0, 0xFFFF)
    dscp: tuple[int, int] = (0, 0x3F)
    protocol: tuple[int, int] = (0, 0xFF)


@dataclass(frozen=True)
class Peer:
    """By what an IPv6 tunnel packet is known: `next_header` is 41, 4 or 47."""

    remote: IPv6Address
    local: IPv6Address
    next_header: int
    path_id: int


@dataclass(frozen=True)
class IPv4Peer:
    """By what an IPv4 tunnel packet is known; ports are 0 without UDP."""

    remote: IPv4Address
    local: IPv4Address
    protocol: int
    encapsulation: Encapsulation
    remote_port: int
    local_port: int
    path_id: int


@dataclass(frozen=True)
class Terminated:
    """What a tunnel peer's packets come by."""

    tunnel_id: int
    node_id: int = 0


@dataclass(frozen=True)
class Session:
    """What the packets with one GRE key come by."""

    path_id: int
    node_id: int = 0


@dataclass(frozen=True)
class Tunnel:
    """What is put around a packet. `key` is the tunnel's own GRE key; MACs are for replicas, ports for UDP."""

    local: IPv4Address | IPv6Address
    remote: IPv4Address | IPv6Address
    encapsulation: Encapsulation
    key: int | None
    link_layer_address: int
    router_address: int
    local_port: int = 0
    remote_port: int = 0


@dataclass(frozen=True)
class Via:
    """A next hop, or a group of them, by its number."""

    number: int
    is_group: bool = False


@dataclass(frozen=True)
class TunnelPath:
    """How a tunnel's packets leave, and how long a packet may be inside of it."""

    via: Via
    mtu: int


class Special(IntEnum):
    """What a route may say besides a next hop."""

    LOCAL = 1
    NO_BINDING = 2
    RESOLVE = 3


Route = Via | Special


@dataclass
class Switch:
    """Everything that is written into one switch."""

    roles: dict[int, Role] = field(default_factory=dict)
    mtus: dict[int, int] = field(default_factory=dict)
    stations: set[tuple[int, int]] = field(default_factory=set)
    attachments: dict[tuple[int, int], Attachment] = field(default_factory=dict)
    router_addresses: dict[tuple[int, IPv6Address], int] = field(default_factory=dict)
    ipv4_router_addresses: dict[tuple[int, IPv4Address], int] = field(default_factory=dict)

    external_sources: set[tuple[int, IPv6Network]] = field(default_factory=set)
    ipv4_external_sources: set[tuple[int, IPv4Network]] = field(default_factory=set)
    address_sources: dict[tuple[IPv6Address, int], Source] = field(default_factory=dict)
    prefix_sources: dict[tuple[IPv6Network, int], Source] = field(default_factory=dict)
    network_sources: dict[tuple[IPv6Network, int], Source] = field(default_factory=dict)
    ipv4_sources: dict[tuple[IPv4Address, int], Source] = field(default_factory=dict)

    path_bindings: dict[tuple[IPv6Network, int], PathBinding] = field(default_factory=dict)
    network_path_bindings: dict[tuple[IPv6Network, int], PathBinding] = field(default_factory=dict)
    ipv4_path_bindings: dict[tuple[IPv4Address, int], PathBinding] = field(default_factory=dict)
    address_bindings: dict[IPv6Address, Binding] = field(default_factory=dict)
    prefix_bindings: dict[IPv6Network, Binding] = field(default_factory=dict)
    network_bindings: dict[IPv6Network, Binding] = field(default_factory=dict)
    ipv4_bindings: dict[IPv4Address, Binding] = field(default_factory=dict)
    flow_selectors: list[FlowSelector] = field(default_factory=list)
    ipv4_flow_selectors: list[FlowSelector] = field(default_factory=list)
    care_of_bindings: dict[IPv6Address, IPv6Address] = field(default_factory=dict)

    peers: dict[Peer, Terminated] = field(default_factory=dict)
    ipv4_peers: dict[IPv4Peer, Terminated] = field(default_factory=dict)
    sessions: dict[tuple[int, int], Session] = field(default_factory=dict)
    """(tunnel id, GRE key)"""
    tunnels: dict[int, Tunnel] = field(default_factory=dict)
    tunnel_paths: dict[int, TunnelPath] = field(default_factory=dict)

    routes: dict[IPv6Network, Route] = field(default_factory=dict)
    ipv4_routes: dict[IPv4Network, Route] = field(default_factory=dict)
    next_hops: dict[int, Hop] = field(default_factory=dict)
    next_hop_groups: dict[int, tuple[Hop, ...]] = field(default_factory=dict)
    groups: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """Multicast groups: (port, tunnel id, 0 for the node here)"""


def longest(table: Mapping[Any, V], address: IPv4Address | IPv6Address) -> V | None:
    """The row of the networks with the longest prefix that the address is of."""
    hits = [network for network in table if address in network]
    return table[max(hits, key=lambda network: network.prefixlen)] if hits else None

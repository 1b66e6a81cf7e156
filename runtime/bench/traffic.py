# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Rows for many mobile nodes, and the frames that use them."""

import random

from softswitch_pipeline import CORE, FAR, NODE_MAC, PEER, PEER_MAC, ROUTER_MAC, SELF, TUNNEL, frame, ipv6, one

from p4dmm.forwarding import TUNNEL_PATH, Row

IN, OUT = 1, 2
POOL = 0x20010DB8_40000000
"""The home network prefixes of the bindings start here."""
NEXT_HOP = 1
UDP, IPV6_IN_IPV6 = 17, 41
PLAIN = 1
"""Of the encapsulations: nothing between outer and inner header."""
CORE_PATH, UNMETERED = 0, 0
FRAME_OCTETS = 126
ETHERNET_OCTETS, IPV6_OCTETS = 14, 40


def binding(number: int) -> Row:
    """Even ones are nodes in the tunnel, odd ones are neighbours."""
    if number % 2:
        return one("prefix_bindings", (POOL + number,), "deliver", OUT, NODE_MAC, ROUTER_MAC, UNMETERED)
    return one("prefix_bindings", (POOL + number,), "to_tunnel", TUNNEL, UNMETERED)


def table_rows(bindings: int) -> list[Row]:
    """Everything a switch needs, with so many bindings, and a source bound to the tunnel for each node in it."""
    fixed = [
        *(one("ports", (port,), "set_role", CORE) for port in (IN, OUT)),
        one("my_stations", (IN, ROUTER_MAC), "admit"),
        *(one("port_mtus", (port,), "set_mtu", 1500) for port in (IN, OUT)),
        one("tunnel_peers", (PEER, SELF, IPV6_IN_IPV6, CORE_PATH), "decapsulate", TUNNEL, UNMETERED),
        one("tunnel_paths", (TUNNEL,), "set_path", NEXT_HOP, 1460),
        one("tunnels", (TUNNEL,), "encapsulate", SELF, PEER, PLAIN, 0, 0, PEER_MAC, ROUTER_MAC),
        one("routes", ((FAR >> 80 << 80, 48),), "to_next_hop", NEXT_HOP),
        *(one("routes", ((0x20010DB9 << 96 | n << 80, 48),), "to_next_hop", NEXT_HOP) for n in range(1000)),
        one("next_hops", (NEXT_HOP,), "forward", OUT, PEER_MAC, ROUTER_MAC),
    ]
    path = TUNNEL_PATH | TUNNEL
    sources = [one("prefix_sources", (POOL + number, path), "permit") for number in range(0, bindings, 2)]
    return [*fixed, *sources, *(binding(number) for number in range(bindings))]


def cases(bindings: int, count: int, choice: random.Random) -> dict[str, list[bytes]]:
    """Frames of 126 octets by the way they take, each way ``count`` frames for addresses chosen at random."""
    payload = bytes(FRAME_OCTETS - ETHERNET_OCTETS - IPV6_OCTETS)
    inner_payload = bytes(len(payload) - IPV6_OCTETS)
    in_tunnel = [POOL + choice.randrange(bindings // 2) * 2 << 64 | 1 for _ in range(count)]

    def to(packet: bytes) -> bytes:
        return frame(ROUTER_MAC, PEER_MAC, packet)

    inner = [ipv6(address, FAR, UDP, inner_payload) for address in in_tunnel]
    return {
        "routed": [to(ipv6(FAR + 1, FAR + choice.randrange(1 << 32), UDP, payload)) for _ in range(count)],
        "encapsulated": [to(ipv6(FAR, address, UDP, payload)) for address in in_tunnel],
        "decapsulated": [to(ipv6(PEER, SELF, IPV6_IN_IPV6, packet)) for packet in inner],
    }

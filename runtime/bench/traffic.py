# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Rows for many mobile nodes, and the frames that use them."""

import random

from softswitch_pipeline import frame, ipv6

from p4dmm.forwarding import Row
from p4dmm.forwarding.rows import TUNNEL_PATH, row

IN, OUT = 1, 2
CORE = 2
ROUTER_MAC, PEER_MAC, NODE_MAC = 0x02_00_00_00_00_FE, 0x02_00_00_00_00_FD, 0x02_00_00_00_00_01
SELF, PEER = 0x20010DB8_00FF0000_00000000_00000001, 0x20010DB8_00FF0000_00000000_00000002
FAR = 0x20010DB8_FFFF0000_00000000_00000001
POOL = 0x20010DB8_40000000
"""The home network prefixes of the bindings start here; those of nodes at the peer:"""
PEER_POOL = 0x20010DB8_80000000
TUNNEL, NEXT_HOP = 3, 1
UDP = 17
FRAME_OCTETS = 126
ETHERNET_OCTETS, IPV6_OCTETS = 14, 40


def _row(table: str, key: tuple[int | tuple[int, int], ...], action: str, *parameters: int) -> Row:
    return row("bench", table, key, action, *parameters)


def binding(number: int) -> Row:
    """Even ones are nodes in the tunnel, odd ones are neighbours."""
    if number % 2:
        return _row("prefix_bindings", (POOL + number,), "deliver", OUT, NODE_MAC, ROUTER_MAC)
    return _row("prefix_bindings", (POOL + number,), "to_tunnel", TUNNEL)


def table_rows(bindings: int, peers: int) -> list[Row]:
    """Everything a switch needs, so many bindings, so many prefixes at the other end of the tunnel."""
    fixed = [
        *(_row("ports", (port,), "set_role", CORE) for port in (IN, OUT)),
        _row("my_stations", (IN, ROUTER_MAC), "admit"),
        *(_row("port_mtus", (port,), "set_mtu", 1500) for port in (IN, OUT)),
        _row("tunnel_peers", (PEER, SELF), "decapsulate", TUNNEL),
        _row("tunnel_paths", (TUNNEL,), "set_path", OUT, 1460),
        _row("tunnels", (TUNNEL,), "encapsulate", SELF, PEER, PEER_MAC, ROUTER_MAC),
        _row("routes", ((FAR >> 80 << 80, 48),), "to_next_hop", NEXT_HOP),
        *(_row("routes", ((0x20010DB9 << 96 | n << 80, 48),), "to_next_hop", NEXT_HOP) for n in range(1000)),
        _row("next_hops", (NEXT_HOP,), "forward", OUT, PEER_MAC, ROUTER_MAC),
    ]
    peers_rows = [_row("prefix_sources", (PEER_POOL + n, TUNNEL_PATH | TUNNEL), "permit") for n in range(peers)]
    return [*fixed, *peers_rows, *(binding(number) for number in range(bindings))]


def cases(bindings: int, count: int, choice: random.Random) -> dict[str, list[bytes]]:
    """Frames of 126 octets by the way they take, each way with ``count`` addresses chosen at random."""
    payload = bytes(FRAME_OCTETS - ETHERNET_OCTETS - IPV6_OCTETS)
    inner_payload = bytes(len(payload) - IPV6_OCTETS)

    def bound(parity: int) -> list[int]:
        numbers = (choice.randrange(bindings // 2) * 2 + parity for _ in range(count))
        return [POOL + number << 64 | 1 for number in numbers]

    def to(packet: bytes) -> bytes:
        return frame(ROUTER_MAC, PEER_MAC, packet)

    inner = [ipv6(PEER_POOL + number << 64 | 1, FAR, UDP, inner_payload) for number in range(count)]
    return {
        "routed": [to(ipv6(FAR + 1, FAR + choice.randrange(1 << 32), UDP, payload)) for _ in range(count)],
        "encapsulated": [to(ipv6(FAR, address, UDP, payload)) for address in bound(0)],
        "decapsulated": [to(ipv6(PEER, SELF, 41, packet)) for packet in inner],
        "delivered": [to(ipv6(FAR, address, UDP, payload)) for address in bound(1)],
    }

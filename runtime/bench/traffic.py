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
"""The home network prefixes of the bindings start here."""
TUNNEL, NEXT_HOP = 3, 1
UDP, IPV6_IN_IPV6 = 17, 41
PLAIN = 1
"""Of the encapsulations: nothing between outer and inner header."""
CORE_PATH, UNMETERED = 0, 0
FRAME_OCTETS = 126
ETHERNET_OCTETS, IPV6_OCTETS = 14, 40


def _row(table: str, key: tuple[int | tuple[int, int], ...], action: str, *parameters: int) -> Row:
    return row("bench", table, key, action, *parameters)


def binding(number: int) -> Row:
    """Even ones are nodes in the tunnel, odd ones are neighbours."""
    if number % 2:
        return _row("prefix_bindings", (POOL + number,), "deliver", OUT, NODE_MAC, ROUTER_MAC, UNMETERED)
    return _row("prefix_bindings", (POOL + number,), "to_tunnel", TUNNEL, UNMETERED)


def table_rows(bindings: int) -> list[Row]:
    """Everything a switch needs, with so many bindings, and a source bound to the tunnel for each node in it."""
    fixed = [
        *(_row("ports", (port,), "set_role", CORE) for port in (IN, OUT)),
        _row("my_stations", (IN, ROUTER_MAC), "admit"),
        *(_row("port_mtus", (port,), "set_mtu", 1500) for port in (IN, OUT)),
        _row("tunnel_peers", (PEER, SELF, IPV6_IN_IPV6, CORE_PATH), "decapsulate", TUNNEL, UNMETERED),
        _row("tunnel_paths", (TUNNEL,), "set_path", NEXT_HOP, 1460),
        _row("tunnels", (TUNNEL,), "encapsulate", SELF, PEER, PLAIN, 0, 0, PEER_MAC, ROUTER_MAC),
        _row("routes", ((FAR >> 80 << 80, 48),), "to_next_hop", NEXT_HOP),
        *(_row("routes", ((0x20010DB9 << 96 | n << 80, 48),), "to_next_hop", NEXT_HOP) for n in range(1000)),
        _row("next_hops", (NEXT_HOP,), "forward", OUT, PEER_MAC, ROUTER_MAC),
    ]
    path = TUNNEL_PATH | TUNNEL
    sources = [_row("prefix_sources", (POOL + number, path), "permit") for number in range(0, bindings, 2)]
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

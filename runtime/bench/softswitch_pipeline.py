# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Packets per second of the embedded switch's pipeline alone, on one core: no sockets, no P4Runtime.

softswitch_pipeline.py                    our program, with the rows a packet needs in every table on its way
softswitch_pipeline.py PROGRAM.json       any program, as it comes out of the compiler (everything misses)
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from p4dmm.forwarding import TUNNEL_PATH, Row
from p4dmm.forwarding.rows import row
from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.tables import Entry, Exact, Lpm

OURS = Path(__file__).parents[2] / "p4src" / "compiled" / "dmm_v1model.json"
ROUNDS = 7
ACCESS, CORE = 1, 2
NODE_MAC, ROUTER_MAC, PEER_MAC = 0x02_00_00_00_00_01, 0x02_00_00_00_00_FE, 0x02_00_00_00_00_FD
NODE, FAR, SELF, PEER = (
    0x20010DB8_00010000_00000000_00000001,
    0x20010DB8_FFFF0000_00000000_00000001,
    0x20010DB8_00FF0000_00000000_00000001,
    0x20010DB8_00FF0000_00000000_00000002,
)
NODE_ID, ACCESS_PATH, TUNNEL = 1, 7, 3

Case = tuple[str, int, bytes]


def ipv6(source: int, destination: int, next_header: int, payload: bytes) -> bytes:
    """An IPv6 packet."""
    head = 6 << 28
    words = head.to_bytes(4, "big") + len(payload).to_bytes(2, "big") + bytes((next_header, 64))
    return words + source.to_bytes(16, "big") + destination.to_bytes(16, "big") + payload


def frame(destination: int, source: int, packet: bytes) -> bytes:
    """An Ethernet frame with IPv6 in it."""
    return destination.to_bytes(6, "big") + source.to_bytes(6, "big") + b"\x86\xdd" + packet


def fill(pipeline: Pipeline) -> list[Case]:
    """Rows for one mobile node, among many routes, and the packets that use them."""
    install(pipeline, rows_of_one_node())
    inner = ipv6(FAR, NODE, 17, bytes(32))
    return [
        ("uplink, encapsulated", 1, frame(ROUTER_MAC, NODE_MAC, ipv6(NODE, FAR, 17, bytes(72)))),
        ("downlink, decapsulated", 2, frame(ROUTER_MAC, PEER_MAC, ipv6(PEER, SELF, 41, inner))),
        ("routed (LPM)", 2, frame(ROUTER_MAC, PEER_MAC, ipv6(FAR + 1, FAR, 17, bytes(72)))),
    ]


def install(pipeline: Pipeline, rows: Iterable[Row]) -> None:
    """Insert rows as the controller names them: tables by their alias, actions by the last part of their name."""
    names = {name.rpartition(".")[2]: name for name in pipeline.tables}
    for each in rows:
        table = names[each.at.table]
        keys = tuple(Lpm(*key) if isinstance(key, tuple) else Exact(key) for key in each.at.key)
        action = f"{table.rpartition('.')[0]}.{each.action}"
        pipeline.tables[table].insert(Entry(keys, action, each.parameters))


def one(table: str, key: tuple[int | tuple[int, int], ...], action: str, *parameters: int) -> Row:
    """A row of the only switch there is; a part of the key that is a pair is value and prefix length."""
    return row("bench", table, key, action, *parameters)


def rows_of_one_node() -> list[Row]:
    """What a switch has for a node at port 1 that is anchored at the far end of a tunnel behind port 2."""
    return [
        one("ports", (1,), "set_role", ACCESS),
        one("ports", (2,), "set_role", CORE),
        one("access_nodes", (1, NODE_MAC), "set_node", NODE_ID, ACCESS_PATH),
        *(one("my_stations", (port, ROUTER_MAC), "admit") for port in (1, 2)),
        one("tunnel_peers", (PEER, SELF, 41, 0), "decapsulate", TUNNEL, 0),
        one("prefix_sources", (NODE >> 64, ACCESS_PATH), "relay_to_tunnel", TUNNEL),
        one(
            "path_bindings", (NODE >> 64, TUNNEL_PATH | TUNNEL), "deliver_from_tunnel", 1, NODE_MAC, ROUTER_MAC, NODE_ID
        ),
        one("tunnel_paths", (TUNNEL,), "set_path", 1, 1460),
        *(one("port_mtus", (port,), "set_mtu", 1500) for port in (1, 2)),
        one("routes", ((FAR >> 80 << 80, 48),), "to_next_hop", 1),
        *(one("routes", ((n << 96, 32 + 8 * (n % 5)),), "to_next_hop", 1) for n in range(1, 1000)),
        one("next_hops", (1,), "forward", 2, PEER_MAC, ROUTER_MAC),
        one("tunnels", (TUNNEL,), "encapsulate", SELF, PEER, 1, 0, 0, PEER_MAC, ROUTER_MAC),
    ]


def rate(process: Callable[[int, bytes, int], object], port: int, packet: bytes, count: int) -> float:
    """The best of some rounds: the others had the machine's other work in them."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(count):
            process(port, packet, 0)
        best = min(best, time.perf_counter() - start)
    return count / best


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", type=Path, default=OURS)
    parser.add_argument("--count", type=int, default=20_000, help="packets per round")
    arguments = parser.parse_args()
    if not arguments.program.exists():
        print(f"{arguments.program} does not exist; make p4 compiles it", file=sys.stderr)
        return 1
    start = time.perf_counter()
    pipeline = load_pipeline(arguments.program.read_bytes())
    print(f"{arguments.program.name}: loaded in {(time.perf_counter() - start) * 1e3:.0f} ms")
    ours = arguments.program.resolve() == OURS.resolve()
    cases = fill(pipeline) if ours else [("everything misses", 1, frame(ROUTER_MAC, NODE_MAC, bytes(112)))]
    for name, port, packet in cases:
        outcome = ", ".join(f"port {out}: {len(sent)} octets" for out, sent in pipeline.process(port, packet, 0))
        speed = rate(pipeline.process, port, packet, arguments.count)
        print(f"{name:24} {len(packet)} octets in, {outcome or 'dropped':24} {speed:9,.0f} packets/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Packets per second of the embedded switch's pipeline alone, on one core: no sockets, no P4Runtime.

softswitch_pipeline.py                    our program, with the rows a packet needs in every table on its way
softswitch_pipeline.py PROGRAM.json       any program, as it comes out of the compiler (everything misses)
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

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
ACCESS_PATH, TUNNEL = 7, 3
TUNNEL_PATH = 1 << 23 | TUNNEL

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
    """Rows for one mobile node, among many others, and the packets that use them."""
    for table, rows in rows_of_one_node().items():
        for row in rows:
            pipeline.tables[table].insert(row)
    for number in range(1, 1000):
        pipeline.tables["DmmIngress.routing.routes"].insert(
            Entry((Lpm(number << 96, 32 + 8 * (number % 5)),), "DmmIngress.routing.to_next_hop", (1,))
        )
    inner = ipv6(FAR, NODE, 17, bytes(32))
    return [
        ("uplink, encapsulated", 1, frame(ROUTER_MAC, NODE_MAC, ipv6(NODE, FAR, 17, bytes(72)))),
        ("downlink, decapsulated", 2, frame(ROUTER_MAC, PEER_MAC, ipv6(PEER, SELF, 41, inner))),
        ("routed (LPM)", 2, frame(ROUTER_MAC, PEER_MAC, ipv6(FAR + 1, FAR, 17, bytes(72)))),
    ]


def rows_of_one_node() -> dict[str, list[Entry]]:
    """The rows, by table."""
    ingress = "DmmIngress."

    def one(action: str, params: tuple[int, ...], *keys: int) -> Entry:
        return Entry(tuple(Exact(key) for key in keys), action, params)

    role, station = ingress + "admission.set_role", ingress + "stations.admit"
    return {
        ingress + "admission.ports": [one(role, (ACCESS,), 1), one(role, (CORE,), 2)],
        ingress + "admission.access_nodes": [one(ingress + "admission.set_node", (1, ACCESS_PATH), 1, NODE_MAC)],
        ingress + "stations.my_stations": [one(station, (), port, ROUTER_MAC) for port in (1, 2)],
        ingress + "tunnel_termination.tunnel_peers": [
            one(ingress + "tunnel_termination.decapsulate", (TUNNEL,), PEER, SELF)
        ],
        ingress + "sources.prefix_sources": [
            one(ingress + "sources.relay_to_tunnel", (TUNNEL,), NODE >> 64, ACCESS_PATH)
        ],
        ingress + "bindings.path_bindings": [
            one(ingress + "bindings.deliver_from_tunnel", (1, NODE_MAC, ROUTER_MAC), NODE >> 64, TUNNEL_PATH)
        ],
        ingress + "path_mtu.tunnel_paths": [one(ingress + "path_mtu.set_path", (2, 1460), TUNNEL)],
        ingress + "path_mtu.port_mtus": [one(ingress + "path_mtu.set_mtu", (1500,), port) for port in (1, 2)],
        ingress + "routing.routes": [
            Entry((Lpm(FAR >> 80 << 80, 48),), ingress + "routing.to_next_hop", (1,)),
        ],
        ingress + "routing.next_hops": [one(ingress + "routing.forward", (2, PEER_MAC, ROUTER_MAC), 1)],
        "DmmEgress.encapsulation.tunnels": [
            one("DmmEgress.encapsulation.encapsulate", (SELF, PEER, PEER_MAC, ROUTER_MAC), TUNNEL)
        ],
    }


def rate(process: Callable[[int, bytes], object], port: int, packet: bytes, count: int) -> float:
    """The best of some rounds: the others had the machine's other work in them."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(count):
            process(port, packet)
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
        outcome = ", ".join(f"port {out}: {len(sent)} octets" for out, sent in pipeline.process(port, packet))
        speed = rate(pipeline.process, port, packet, arguments.count)
        print(f"{name:24} {len(packet)} octets in, {outcome or 'dropped':24} {speed:9,.0f} packets/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How many saves a second a store makes durable, by how many wait at a time, and what a state costs to write and read.

    python runtime/bench/store_commits.py [--directory DIR] [--seconds S]

A save is what a registration is: the state of a node, put instead of its last one, and the prefix that it holds. The
figures are those of the disk that DIR is on; one JSON object is printed.
"""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
import timeit
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

from figures import percentile

from p4dmm.mobility.bce import Attachment
from p4dmm.mobility.exchange import PendingUpdate
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import PMIPV6_ROUTER, LocalBinding, RoutedPrefix
from p4dmm.store import HoldPrefix, Kinds, PutNode, StateCodec, Store
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import HomeNetworkPrefix, MobileNodeIdentifier, ProxyBindingUpdate, Timestamp

SAVERS = (1, 16, 256)
SECONDS = 2.0
ANCHOR = IPv6Address("2001:db8::1")


@dataclass(frozen=True, slots=True)
class State:
    """What a role may know of a node: where it is, and a request that has no answer yet."""

    number: int
    binding: LocalBinding
    pending: PendingUpdate | None


def prefix(number: int) -> IPv6Network:
    """Of a node."""
    return IPv6Network(((0x20010DB8 << 96) + (number << 64), 64))


def state(node: int, number: int) -> State:
    """One after so many saves."""
    routed = RoutedPrefix(prefix(node), ANCHOR, PMIPV6_ROUTER)
    mac = MacAddress.from_int(0x020000000000 + node)
    binding = LocalBinding(f"mn{node}@example.net", (routed,), mac, node + 1, Attachment("s1", 1, node + 1))
    options = (
        MobileNodeIdentifier(identifier=b"mn1@example.net"),
        HomeNetworkPrefix(prefix=routed.prefix.network_address, prefix_length=64),
        Timestamp(seconds=1_700_000_000, fraction=5),
    )
    update = ProxyBindingUpdate(sequence=number & 0xFFFF, acknowledge=True, dmm=True, lifetime=75, options=options)
    return State(number, binding, PendingUpdate(update, ANCHOR, ANCHOR, 1.7e9))


class Counting(sqlite3.Connection):
    """Counts what is committed, which is what the log is synchronized for."""

    commits = 0

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """As it is."""
        Counting.commits += sql == "COMMIT"
        return super().execute(sql, parameters)


async def save_for(store: Store, savers: int, seconds: float) -> dict[str, float]:
    """Have so many save, each again as soon as its last save is durable."""
    took: list[float] = []
    nodes = [MobileNodeId.nai(f"mn{node}@example.net") for node in range(savers)]
    states = [[state(node, number) for number in range(2)] for node in range(savers)]
    Counting.commits = 0
    begun = time.perf_counter()

    async def saver(node: int) -> None:
        number = 0
        while (start := time.perf_counter()) < begun + seconds:
            put = PutNode("maar", "s1", nodes[node], states[node][number % 2])
            await store.save((put, HoldPrefix(prefix(node), "s1", nodes[node])))
            took.append(time.perf_counter() - start)
            number += 1

    await asyncio.gather(*map(saver, range(savers)))
    elapsed = time.perf_counter() - begun
    milliseconds = [1e3 * one for one in took]
    return {
        "saves_per_s": len(took) / elapsed,
        "commits_per_save": Counting.commits / len(took),
        "median_ms": percentile(milliseconds, 50),
        "p95_ms": percentile(milliseconds, 95),
        "p99_ms": percentile(milliseconds, 99),
    }


def saves(directory: Path, savers: int, seconds: float) -> dict[str, float]:
    """Measure on a new store in the directory."""
    connect = sqlite3.connect
    with tempfile.TemporaryDirectory(dir=directory) as inside:
        sqlite3.connect = lambda *given, **named: connect(*given, factory=Counting, **named)  # type: ignore[assignment]
        try:
            store = Store.open(Path(inside) / "store", Kinds({"maar": State}))
        finally:
            sqlite3.connect = connect
        try:
            return asyncio.run(save_for(store, savers, seconds))
        finally:
            store.close()


def states(number: int = 2_000, rounds: int = 5) -> dict[str, float]:
    """States written and read a second by one core, the fastest of some rounds; and octets of one."""
    codec = StateCodec(State)
    one = state(1, 1)
    text = codec.encode(one)
    write = min(timeit.repeat(lambda: codec.encode(one), number=number, repeat=rounds, timer=time.process_time))
    read = min(timeit.repeat(lambda: codec.decode(text), number=number, repeat=rounds, timer=time.process_time))
    return {"written_per_s": number / write, "read_per_s": number / read, "octets": len(text)}


def measure(directory: Path, seconds: float = SECONDS) -> dict[str, Any]:
    """Return everything: states, and saves by how many wait at a time."""
    return {"states": states(), "saves": {str(savers): saves(directory, savers, seconds) for savers in SAVERS}}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(), help="on the disk to be measured")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each number of savers")
    given = parser.parse_args()
    print(json.dumps(measure(given.directory, given.seconds)))


if __name__ == "__main__":
    main()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Packets per second through a switch over veth. Runs in a network namespace of its own; prints one JSON object.

    generator -- gen0 === in0 (port 1) switch (port 2) out0 === sink0 -- counted by the interface

The generator, and with it the kernel's way to the switch's receive queue, has one core, the switch another.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import search
import traffic
from pyroute2 import IPRoute
from switches import INTERRUPTED, BenchError, Client, end, end_in_order, pinned, running

from p4dmm.lab import namespaces
from p4dmm.lab.processes import dying_with_parent

GENERATOR = Path(__file__).with_name("generator.py")
FRAMES = 1024
WARM_UP = (2_000, 0.5)
IDLE_S, IDLE_TIMEOUT_S = 0.15, 5.0


def say(text: str) -> None:
    """A progress line."""
    print(text, file=sys.stderr, flush=True)


def cores() -> tuple[set[int], set[int]]:
    """For the generator and for the switch; the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[-1]}, {usable[0]}


@contextlib.contextmanager
def cables() -> Iterator[None]:
    """The two veth pairs; the kernel says nothing of its own on them."""
    if not namespaces.inside():
        raise BenchError("this process is in the machine's own network: start it by run.py")
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1\n")
    with IPRoute() as ip:
        ip.link("set", index=ip.link_lookup(ifname="lo")[0], state="up")
        pairs = ("gen0", "in0"), ("out0", "sink0")
        for one, other in pairs:
            ip.link("add", ifname=one, kind="veth", peer={"ifname": other})
        for name in (name for pair in pairs for name in pair):
            ip.link("set", index=ip.link_lookup(ifname=name)[0], state="up")
        try:
            yield
        finally:
            for one, _ in pairs:
                ip.link("del", index=ip.link_lookup(ifname=one)[0])


def received(interface: str) -> int:
    """Frames that reached the interface so far."""
    # Not /sys/class/net: that shows the namespace it was mounted in.
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == interface:
            return int(counters.split()[1])
    raise BenchError(f"interface {interface} has gone")


class Load:
    """One generator process with its frames."""

    def __init__(self, frames: list[bytes], where: set[int]) -> None:
        with pinned(where):
            self._process = subprocess.Popen(
                dying_with_parent([sys.executable, str(GENERATOR), "gen0"]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self._tell({"frames": [frame.hex() for frame in frames]})

    def _tell(self, order: dict[str, object]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def offer(self, rate: int, seconds: float) -> search.Trial:
        """Offer so many packets per second (0: all that goes) for so long, and count what came through."""
        assert self._process.stdout
        before, at_sink = received("in0"), received("sink0")
        self._tell({"rate": rate, "seconds": seconds})
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchError("the load generator ended; it said why above")
        meanwhile = received("sink0") - at_sink
        took = json.loads(answer)["seconds"]
        _until_idle()
        # What the kernel lost on its way to the switch was never offered to it.
        return search.Trial(received("in0") - before, received("sink0") - at_sink, took, meanwhile)

    def close(self) -> None:
        """End the process."""
        end(self._process)


def _until_idle() -> None:
    """Wait until nothing arrives any more: queues are empty."""
    deadline = time.monotonic() + IDLE_TIMEOUT_S
    last = -1
    while (now := received("sink0")) != last and time.monotonic() < deadline:
        last = now
        time.sleep(IDLE_S)


def measure(
    target: str, sizes: Sequence[int], *, seconds: float, rounds: int, both_cores: bool
) -> dict[str, dict[str, dict[str, float]]]:
    """Every way through the program, by number of bindings and name; for each number a switch of its own."""
    generator, switch = cores()
    found: dict[str, dict[str, dict[str, float]]] = {}
    with cables():
        for size in sizes:
            with running(target, ("in0", "out0"), generator | switch if both_cores else switch) as address:
                found[str(size)] = _ways(address, size, generator, seconds, rounds)
    return found


def _ways(address: str, size: int, generator: set[int], seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    client = Client(address)
    begun = time.monotonic()
    client.insert(traffic.table_rows(size))
    say(f"  {size:,} bindings installed in {time.monotonic() - begun:.1f} s")
    found = {}
    for case, frames in traffic.cases(size, FRAMES, random.Random(1)).items():
        load = Load(frames, generator)
        try:
            found[case] = _one(case, load.offer, seconds, rounds)
        finally:
            load.close()
    client.close()
    return found


def _one(case: str, offer: Callable[[int, float], search.Trial], seconds: float, rounds: int) -> dict[str, float]:
    warm = offer(*WARM_UP)
    if warm.received < warm.offered / 2:
        raise BenchError(f"{case}: of {warm.offered} packets at {WARM_UP[0]} per second {warm.received} came through")
    best = search.highest_without_loss(lambda rate: offer(rate, seconds), rounds)
    full = offer(0, seconds)
    say(
        f"  {case:14} {best:>9,} packets/s without loss; {full.offered_rate:>9,.0f} offered, "
        f"{full.received_rate:>9,.0f} through"
    )
    return {"sustained": best, "offered": full.offered_rate, "received": full.received_rate}


def main() -> int:
    """Measure one switch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=("embedded", "bmv2"), default="embedded")
    parser.add_argument("--rows", type=int, nargs="+", default=[10, 100_000], help="bindings, for a measurement each")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each step")
    parser.add_argument("--rounds", type=int, default=4, help="of the search between two steps")
    parser.add_argument("--both-cores", action="store_true", help="the switch may use the generator's core as well")
    given = parser.parse_args()
    end_in_order()
    try:
        found = measure(
            given.target, given.rows, seconds=given.seconds, rounds=given.rounds, both_cores=given.both_cores
        )
    except BenchError as error:
        say(f"forwarding: {error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

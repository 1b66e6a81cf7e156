# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Registrations and handovers a second of one controller, durable and installed, and where their time goes.

    python runtime/bench/signalling.py [--switches N] [--nodes N] [--window N]

The controller is this process, on one core; its switches are local mobility anchors (RFC 5213). They run with the
gateways that register nodes in another process, on another core: real Mobility Headers through the switches and, by
P4Runtime, to the controller and back. A registration is of a new node; a handover comes from another gateway, and the
previous one is told to give the node up (RFC 5846) and answers that. The store is on disk. One JSON object is printed.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from figures import percentile
from signalling_network import network
from stages import Stages
from switches import INTERRUPTED, BenchError, end, end_in_order, pinned

from p4dmm.cli.logs import configure_logs
from p4dmm.controller import Controller, open_store
from p4dmm.lab.processes import dying_with_parent

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "out"
"""On the disk of the repository, and not in it."""
ONE_BY_ONE = 200
"""Nodes for the latencies without load."""
WINDOW = 64
PERCENTILES = (50, 95, 99)
SETTLE_S = 2.0
"""After handovers: what is still forwarded for the previous gateway ends (drain_s)."""


class Peers:
    """The process with the switches and the gateways."""

    def __init__(self, switches: int, cores: set[int]) -> None:
        with pinned(cores):
            self._process = subprocess.Popen(
                dying_with_parent([sys.executable, str(HERE / "gateways.py"), "--switches", str(switches)]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self.addresses: list[str] = self._answer()["addresses"]

    def order(self, **order: int) -> dict[str, Any]:
        """Have it carried out."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        end(self._process)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("the gateways ended; they said why above")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def peers(switches: int) -> Iterator[Peers]:
    """Run them on a core of their own, and this process on another; on the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    running = Peers(switches, {usable[-1]})
    try:
        with pinned({usable[0]}):
            yield running
    finally:
        running.close()


def summary(values: list[float]) -> dict[str, float]:
    """Percentiles by name."""
    return {f"p{percent}": percentile(values, percent) for percent in PERCENTILES}


async def phase(running: Peers, stages: Stages, **order: int) -> dict[str, Any]:
    """One order, and what the controller did for it."""
    stages.take()
    used = time.process_time()
    found = await asyncio.to_thread(lambda: running.order(**order))
    used = time.process_time() - used
    if found["rejected"]:
        raise BenchError(f"{found['rejected']} of {order['count']} updates were rejected")
    async with asyncio.timeout(SETTLE_S):
        updates = await stages.reach(order["count"])
    return {
        "updates": updates,
        "per_s": order["count"] / found["seconds"],
        "repeated": found["repeated"],
        "busy": {"controller": used / found["seconds"], "switches": found["busy"]},
        "stages_ms": {name: summary(values) for name, values in stages.take().items()},
        "round_trip_ms": summary(found["round_trips_ms"]),
    }


async def measure(switches: int, nodes: int, window: int, one_by_one: int = ONE_BY_ONE) -> dict[str, Any]:
    """One node at a time, and so many at a time, each registered and then handed over."""
    stages = Stages()
    stages.watch()
    found: dict[str, Any] = {}
    OUT.mkdir(exist_ok=True)
    with peers(switches) as running, tempfile.TemporaryDirectory(dir=OUT) as directory:
        given = network(running.addresses, Path(directory) / "store")
        controller = Controller(given, store=open_store(given))
        await controller.start()
        try:
            for name, first, count, at_once in (("alone", 0, one_by_one, 1), ("load", one_by_one, nodes, window)):
                found[name] = {}
                for what, gateway in (("registration", 0), ("handover", 1)):
                    order = {"first": first, "count": count, "window": at_once, "gateway": gateway}
                    found[name][what] = await phase(running, stages, **order)
                await asyncio.sleep(SETTLE_S)
        finally:
            await controller.stop()
    return found


def main() -> int:
    """Measure one number of switches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--switches", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=3000)
    parser.add_argument("--window", type=int, default=WINDOW, help="updates without an answer at a time")
    parser.add_argument("--one-by-one", type=int, default=ONE_BY_ONE, help="nodes for the times without load")
    given = parser.parse_args()
    end_in_order()
    configure_logs("warning")
    try:
        found = asyncio.run(measure(given.switches, given.nodes, given.window, given.one_by_one))
    except BenchError as error:
        print(f"signalling: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

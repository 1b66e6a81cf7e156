# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Handover times in the lab of real hosts. Runs in a network namespace of its own; prints one JSON object.

A node goes round the switches of the topology: so many reactive moves, then as many planned ones, under a ping and UDP
both ways. The controller and all switches of the network share the machine's cores.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import structlog
from figures import percentile
from switches import INTERRUPTED, end_in_order

from p4dmm.config import ConfigError, Network, Scenario, load_network
from p4dmm.controller import Controller
from p4dmm.lab.base import TrafficLog, TrafficSpec
from p4dmm.lab.errors import LabError
from p4dmm.lab.netns_lab import NetnsLab
from p4dmm.lab.records import Handover, Journey
from p4dmm.lab.roam import EventLike, Roam
from p4dmm.lab.switch_process import Target

TOPOLOGY = Path(__file__).parents[2] / "topo" / "triangle.toml"
ACCESS_PORTS = ("s2:1", "s3:1", "s1:1")
DWELL_S = 1.5
TRAFFIC = TrafficSpec(ping_interval_s=0.01, udp_interval_s=0.005, tcp_rate=0)
STAGES = ("seen", "decided", "installed")
THROUGH = "through"


class Progress:
    """The face of a journey that nobody watches: a line for each handover."""

    def say(self, text: str) -> None: ...

    def network(self, *_: object) -> None: ...

    def event(self, *_: object) -> None: ...

    def handover(self, handover: Handover, traffic: TrafficLog) -> None:
        words = [f"{stage} {at:.1f}" for stage, at in stages_ms(handover, traffic).items()]
        print(f"  {handover.title}: {', '.join(words)} ms; lost {lost(handover, traffic)}", file=sys.stderr, flush=True)


def stages_ms(handover: Handover, traffic: TrafficLog) -> dict[str, float]:
    """Milliseconds since the node could send on the new link; a planned one: preparation by how long it took."""
    found = dict(handover.stages_ms(STAGES))
    if "seen" in found and "installed" in found:
        found["control"] = found["installed"] - found["seen"]
    if handover.prepared is not None:
        found["prepared"] = (handover.prepared - handover.begun) * 1e3
    first = [handover.after_attach_ms(stream.first_after(handover.times.attached)) for stream in traffic.streams]
    if all(at is not None for at in first):
        found[THROUGH] = max(at for at in first if at is not None)
    return found


def lost(handover: Handover, traffic: TrafficLog) -> int:
    """Packets of all streams."""
    return sum(handover.stats(stream).lost for stream in traffic.streams)


def summary(journey: Journey, *, planned: bool) -> dict[str, object]:
    """Median and 95th percentile of every stage; packets lost in all, and at worst."""
    chosen = [handover for handover in journey.handovers if handover.move.planned is planned]
    times = [stages_ms(handover, journey.traffic) for handover in chosen]
    losses = [lost(handover, journey.traffic) for handover in chosen]
    stages = {}
    for stage in ("prepared", *STAGES, "control", THROUGH):
        if values := [each[stage] for each in times if stage in each]:
            stages[stage] = {"median": percentile(values, 50), "p95": percentile(values, 95), "of": len(values)}
    return {
        "moves": len(chosen),
        "stages": stages,
        "lost": sum(losses),
        "lost_median": percentile(losses, 50),
        "lost_worst": max(losses),
    }


async def roam(target: Target, moves: int, dwell_s: float, logs: Path) -> Journey:
    """Every move of one run."""
    ways = islice(cycle(ACCESS_PORTS), 2 * moves)
    made = [{"to": to, "planned": number >= moves, "dwell_s": dwell_s} for number, to in enumerate(ways)]
    scenario = Scenario.model_validate(
        {"network": TOPOLOGY, "node": "mn1", "correspondent": "cn", "settle_s": 1.0, "move": made}
    )
    lab = NetnsLab(load_network(TOPOLOGY), target=target, log_dir=logs)

    def controller(network: Network, on_event: Callable[[EventLike], None]) -> Controller:
        return Controller(network, on_event=on_event)

    return await Roam(lab, scenario, controller=controller, observer=Progress(), traffic=TRAFFIC).run()


def main() -> int:
    """Measure one target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=("embedded", "bmv2"), default="embedded")
    parser.add_argument("--moves", type=int, default=20, help="reactive ones, and as many planned ones")
    parser.add_argument("--dwell", type=float, default=DWELL_S, help="seconds between moves")
    given = parser.parse_args()
    end_in_order()
    with tempfile.TemporaryDirectory(prefix="p4dmm-bench-") as logs:
        words = Path(logs, "controller.log").open("w")  # noqa: SIM115 it lasts as long as the process
        logging.basicConfig(stream=words, level=logging.INFO)
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(words))
        try:
            journey = asyncio.run(roam(given.target, given.moves, given.dwell, Path(logs)))
        except (LabError, ConfigError) as error:
            print(f"handovers: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return INTERRUPTED
        found = {kind: summary(journey, planned=kind == "planned") for kind in ("reactive", "planned")}
        print(json.dumps({**found, "problems": journey.problems()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Measure everything, beside BMv2 where simple_switch_grpc is on PATH, and write the tables of docs/performance.md."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import environment
import grpc
import inserts
import mobility_codec
import report
import softswitch_pipeline
import store_commits
from figures import replace_between
from switches import BMV2, INTERRUPTED, BenchError, bmv2_installed, end, end_in_order

from p4dmm.lab import namespaces
from p4dmm.lab.processes import dying_with_parent
from p4dmm.softswitch.pipeline import load_pipeline

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "performance.md"
OUT = HERE.parents[1] / "out"
NO_BMV2 = f"BMv2 is not measured: {BMV2} is not on PATH."
FORWARDING_TIMEOUT_S = 900.0
LAB_UP_TIMEOUT_S = 180.0
SIGNALLING_TIMEOUT_S = 300.0


def say(text: str) -> None:
    """A progress line."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything."""

    rows: int = 100_000
    bindings: tuple[int, ...] = (10, 100_000)
    seconds: float = 1.0
    rounds: int = 4
    moves: int = 20
    dwell_s: float = 1.5
    samples: int = 500
    packets: int = 20_000
    codec_rounds: int = 400
    switches: tuple[int, ...] = (1, 4, 16)
    nodes: int = 3_000
    one_by_one: int = 200


QUICK = Scale(
    rows=20_000,
    bindings=(10, 20_000),
    seconds=0.5,
    rounds=2,
    moves=3,
    dwell_s=1.2,
    samples=50,
    packets=5_000,
    codec_rounds=40,
    nodes=500,
    one_by_one=50,
)


@dataclass(slots=True)
class Outcome:
    """What a section found, by target, and what kept it from finding more."""

    results: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: bool = False

    def add(self, target: str, measure: Callable[..., Any], *arguments: Any) -> None:
        """Measure one target; what goes wrong is noted, and the others are measured nevertheless."""
        say(f"- {target}")
        try:
            self.results[target] = measure(*arguments)
        except (BenchError, grpc.RpcError, subprocess.SubprocessError) as error:
            words = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.Call) else str(error)
            self.notes.append(f"{target} is not measured: {words}")
            self.failed = True
            say(f"  {self.notes[-1]}")


def targets(outcome: Outcome) -> list[str]:
    """The embedded switch, and BMv2 if it is there."""
    if bmv2_installed():
        return [report.EMBEDDED, report.BMV2]
    outcome.notes.append(NO_BMV2)
    return [report.EMBEDDED]


def in_child(timeout_s: float, script: str, *arguments: str, wrap: Callable[[list[str]], list[str]] = list) -> Any:
    """Run one of the scripts here in a process of its own; what it prints is its result."""
    command = wrap(dying_with_parent([sys.executable, str(HERE / script), *arguments]))
    # A session of its own: Ctrl-C is for this process, which then ends that one in order.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        printed, _ = child.communicate(timeout=timeout_s)
    finally:
        end(child)
    if child.returncode:
        raise BenchError(f"{script} ended with status {child.returncode}; it said why above")
    return json.loads(printed.splitlines()[-1])


def in_namespace(timeout_s: float, script: str, *arguments: str) -> Any:
    """The same in a network namespace."""
    return in_child(timeout_s, script, *arguments, wrap=namespaces.command)


def pipeline(scale: Scale) -> Outcome:
    """The embedded switch alone, no ports."""

    def measure() -> dict[str, float]:
        running = load_pipeline(softswitch_pipeline.OURS.read_bytes())
        return {
            name: softswitch_pipeline.rate(running.process, port, packet, scale.packets)
            for name, port, packet in softswitch_pipeline.fill(running)
        }

    outcome = Outcome()
    outcome.add(report.EMBEDDED, measure)
    return outcome


def codec(scale: Scale) -> Outcome:
    """Mobility messages, decoded and encoded."""
    outcome = Outcome()
    outcome.add(report.EMBEDDED, mobility_codec.rates, scale.codec_rounds)
    return outcome


def store(scale: Scale) -> Outcome:
    """Durable saves, on the disk that this is on."""
    outcome = Outcome()
    OUT.mkdir(exist_ok=True)
    outcome.add(report.EMBEDDED, store_commits.measure, OUT, scale.seconds)
    return outcome


def signals(scale: Scale) -> Outcome:
    """Registrations and handovers, by number of switches."""
    outcome = Outcome()
    sizes = ["--nodes", str(scale.nodes), "--one-by-one", str(scale.one_by_one)]
    for count in scale.switches:
        name = f"{count} switch{'es' if count != 1 else ''}"
        outcome.add(name, in_child, SIGNALLING_TIMEOUT_S, "signalling.py", "--switches", str(count), *sizes)
    return outcome


def writes(scale: Scale) -> Outcome:
    """Rows per second, and small writes."""

    def measure(target: str) -> dict[str, Any]:
        return {
            "rates": inserts.rates(target, scale.rows),
            "small": inserts.small_writes_ms(target, scale.rows, scale.samples),
        }

    outcome = Outcome()
    for target in targets(outcome):
        outcome.add(target, measure, target)
    return outcome


def forwarding(scale: Scale) -> Outcome:
    """Packets per second over veth."""
    outcome = Outcome()
    if reason := namespaces.unavailable():
        outcome.notes.append(f"Not measured: {reason}.")
        return outcome
    variants = [(target, ["--target", target]) for target in targets(outcome)]
    if bmv2_installed():
        variants.append((report.BMV2_BOTH, ["--target", "bmv2", "--both-cores"]))
    sizes = ["--rows", *map(str, scale.bindings), "--seconds", str(scale.seconds), "--rounds", str(scale.rounds)]
    for name, words in variants:
        outcome.add(name, in_namespace, FORWARDING_TIMEOUT_S, "forwarding.py", *words, *sizes)
    return outcome


def handovers(scale: Scale) -> Outcome:
    """Times in the lab."""
    outcome = Outcome()
    if reason := namespaces.unavailable():
        outcome.notes.append(f"Not measured: {reason}.")
        return outcome
    timeout_s = LAB_UP_TIMEOUT_S + 2 * scale.moves * (scale.dwell_s + 5)
    sizes = ["--moves", str(scale.moves), "--dwell", str(scale.dwell_s)]
    for target in targets(outcome):
        outcome.add(target, in_namespace, timeout_s, "handovers.py", "--target", target, *sizes)
    return outcome


SECTIONS: dict[str, tuple[Callable[[Scale], Outcome], Callable[[report.Results], str]]] = {
    "codec": (codec, report.codec),
    "pipeline": (pipeline, report.pipeline),
    "store": (store, report.store),
    "signalling": (signals, report.signalling),
    "inserts": (writes, report.inserts),
    "forwarding": (forwarding, report.forwarding),
    "handovers": (handovers, report.handovers),
}


def block(name: str, outcome: Outcome, when: str, *, quick: bool) -> str:
    """What stands between the markers of a section."""
    parts = [f"{when}{', QUICK RUN: smaller and shorter, not to be quoted' if quick else ''}."]
    if outcome.results:
        parts.append(SECTIONS[name][1](outcome.results))
    return "\n\n".join([*parts, *outcome.notes])


def main() -> int:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=SECTIONS, metavar="NAME", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="a few minutes less, and less certain")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="the document whose tables are replaced")
    parser.add_argument("--json", action="store_true", help="print the results as JSON, and leave the document alone")
    given = parser.parse_args()
    if not given.json and not given.out.is_file():
        parser.error(f"{given.out} does not exist; it holds the markers the tables go between")
    scale = QUICK if given.quick else Scale()
    failed = False
    found: dict[str, Any] = {}
    for name in given.only or SECTIONS:
        when = environment.when()
        say(f"{name} ({when})")
        outcome = SECTIONS[name][0](scale)
        failed |= outcome.failed
        found[name] = {"when": when, "results": outcome.results, "notes": outcome.notes}
        text = block(name, outcome, when, quick=given.quick)
        if given.json:
            continue
        print(f"\n## {name}\n\n{text}\n", flush=True)
        document = replace_between(given.out.read_text(), "machine", environment.machine())
        given.out.write_text(replace_between(document, name, text))
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        say(f"written to {given.out}")
    return int(failed)


if __name__ == "__main__":
    end_in_order()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(INTERRUPTED)

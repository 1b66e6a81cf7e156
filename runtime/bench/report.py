# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Results as the tables of docs/performance.md. Results come as the measurements print them, by target."""

from collections.abc import Mapping
from typing import Any

from figures import count, milliseconds, ratio, table

Results = Mapping[str, Any]
"""By target: 'embedded', 'bmv2', for forwarding also 'bmv2, both cores'. What could not be measured is not there."""

EMBEDDED, BMV2, BMV2_BOTH = "embedded", "bmv2", "bmv2, both cores"
STAGES = (
    ("prepared", "preparation (before the move)"),
    ("seen", "attach to seen"),
    ("decided", "attach to decided"),
    ("installed", "attach to installed"),
    ("control", "seen to installed"),
    ("through", "attach to first packet through, every stream"),
)


SIGNALLING_STAGES = {
    "decode": "decode: from packet-in to the node's queue",
    "wait": "wait for its turn",
    "decide": "decide",
    "persist": "persist",
    "install": "install",
    "answer": "answer: from installed to packet-out",
    "whole": "whole: from packet-in to packet-out",
}


def _get(results: Results, *path: str) -> float | None:
    found: Any = results
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return float(found)


def _published(rows: tuple[tuple[str, str, str], ...]) -> str:
    return table(("published", "figure", "source"), rows).replace("---:", "---")


def forwarding(results: Results) -> str:
    """Without loss, and under more than can be forwarded."""
    each = ((size, case) for target in results.values() for size, cases in target.items() for case in cases)
    sustained, full = [], []
    for size, case in sorted(dict.fromkeys(each), key=lambda pair: int(pair[0])):
        way = f"{case}, {int(size):,} bindings"
        ours, one, both = (_get(results, target, size, case, "sustained") for target in (EMBEDDED, BMV2, BMV2_BOTH))
        sustained.append((way, count(ours), count(one), count(both), ratio(ours, one), ratio(ours, both)))
        cells = [way]
        for target in (EMBEDDED, BMV2, BMV2_BOTH):
            cells += [count(_get(results, target, size, case, name)) for name in ("offered", "received")]
        full.append(cells)
    return "\n\n".join(
        (
            "Highest load with less than 0.1% loss, packets per second:",
            table(("way", "embedded", "BMv2", "BMv2, both cores", "embedded / BMv2", "/ both cores"), sustained),
            "Under all the load the generator can offer, packets per second offered and forwarded:",
            table(
                (
                    "way",
                    "embedded: offered",
                    "forwarded",
                    "BMv2: offered",
                    "forwarded",
                    "both cores: offered",
                    "forwarded",
                ),
                full,
            ),
            _published(
                (
                    (
                        "BMv2, other programs",
                        "80,000 at best, 4,500 to 8,600 in practice",
                        "behavioral-model, 4ward, p4net",
                    ),
                    ("IPv6-in-IPv6 in software, one core", "10.3 M (VPP); XDP 3 M", "FD.io CSIT, eUPF"),
                )
            ),
        )
    )


def inserts(results: Results) -> str:
    """Rows in batches, and small writes."""
    batches = []
    for kind in ("insert", "modify", "read", "delete"):
        ours, other = (_get(results, target, "rates", kind) for target in (EMBEDDED, BMV2))
        batches.append((kind, count(ours), count(other), ratio(ours, other)))
    small = []
    for rows in ("1", "4"):
        for value in ("median", "p95"):
            ours, other = (_get(results, target, "small", rows, value) for target in (EMBEDDED, BMV2))
            name = f"write of {rows} row{'s' if rows != '1' else ''}, {value}"
            small.append((name, milliseconds(ours), milliseconds(other), ratio(ours, other)))
    return "\n\n".join(
        (
            "Rows of prefix_bindings per second, in batches of 1,000:",
            table(("", "embedded", "BMv2", "embedded / BMv2"), batches),
            "One small write beside many rows, milliseconds (a ratio below 1: the embedded switch is faster):",
            table(("", "embedded", "BMv2", "embedded / BMv2"), small),
            _published(
                (
                    ("Python to BMv2, one by one", "2,004 per second", "p4net"),
                    ("Python to BMv2, over 8 switches", "2,993 per second", "p4net"),
                    ("batched, compiled client, Stratum", "17,303 per second", "stratum PR 568"),
                    ("batched, compiled client, IPU", "106,806 per second", "networking-recipe PR 267"),
                )
            ),
        )
    )


def handovers(results: Results) -> str:
    """Times and losses, reactive and planned."""
    parts = []
    for kind in ("reactive", "planned"):
        rows = []
        for stage, words in STAGES:
            values = [
                _get(results, target, kind, "stages", stage, value)
                for target in (EMBEDDED, BMV2)
                for value in ("median", "p95")
            ]
            if any(value is not None for value in values):
                rows.append((words, *(milliseconds(value) for value in values)))
        parts += [
            f"{kind.capitalize()}, milliseconds:",
            table(("", "embedded: median", "p95", "BMv2: median", "p95"), rows),
        ]
    losses = []
    for kind in ("reactive", "planned"):
        cells = [kind]
        for target in (EMBEDDED, BMV2):
            cells += [
                count(_get(results, target, kind, name)) for name in ("moves", "lost_median", "lost_worst", "lost")
            ]
        losses.append(cells)
    columns = ("moves", "lost: median", "worst", "in all")
    header = ("", f"embedded: {columns[0]}", *columns[1:], f"BMv2: {columns[0]}", *columns[1:])
    parts += ["Packets lost per move, of all three streams (500 packets per second together):", table(header, losses)]
    parts += [f"{target}: {problem}" for target, result in results.items() for problem in result.get("problems", ())]
    parts.append(
        _published(
            (("handover on BMv2, MAFAF", "7.8 ms reactive, 4.3 ms proactive, loss under 1.1%", "IJCI article 127"),)
        )
    )
    return "\n\n".join(parts)


def pipeline(results: Results) -> str:
    """The embedded switch without its ports."""
    rows = [(case, count(rate), f"{1e6 / rate:.1f}") for case, rate in results[EMBEDDED].items()]
    return table(("way", "packets per second", "microseconds each"), rows)


def codec(results: Results) -> str:
    """Mobility messages."""
    found = results[EMBEDDED]
    names = {
        "decode": "PBU decoded",
        "encode": "PBA encoded",
        "build": "PBA and its six options built",
        "both": "PBU decoded and PBA encoded",
        "all": "PBU decoded, PBA built and encoded",
    }
    rows = [(words, count(found[name]), f"{1e6 / found[name]:.1f}") for name, words in names.items()]
    return table(("step", "per second", "microseconds each"), rows)


def store(results: Results) -> str:
    """Durable saves by how many wait at a time, and states."""
    found = results[EMBEDDED]
    rows = []
    for savers, saves in found["saves"].items():
        times = (milliseconds(saves[name]) for name in ("median_ms", "p95_ms", "p99_ms"))
        rows.append((savers, count(saves["saves_per_s"]), f"{saves['commits_per_save']:.3f}", *times))
    states = found["states"]
    written, read = count(states["written_per_s"]), count(states["read_per_s"])
    header = ("savers at a time", "saves per second", "commits per save", "median, ms", "p95", "p99")
    words = f"One core writes {written} states a second and reads {read}; a state has {states['octets']} octets."
    return f"{table(header, rows)}\n\n{words}"


def signalling(results: Results) -> str:
    """Registrations and handovers by number of switches."""
    rates = []
    for name, found in results.items():
        cells = [name]
        for what in ("registration", "handover"):
            load = found["load"][what]
            cells += [count(load["per_s"]), *(f"{load['busy'][which]:.0%}" for which in ("controller", "switches"))]
        rates.append(cells)
    header = ("", "registrations per second", "controller busy", "switches busy")
    parts = [
        "At full load, 64 updates without an answer at a time:",
        table((*header, "handovers per second", *header[2:]), rates),
    ]
    for load, words in (("load", "at full load"), ("alone", "one at a time")):
        for what in ("registration", "handover"):
            rows = []
            for stage, name in SIGNALLING_STAGES.items():
                cells = [found[load][what]["stages_ms"][stage] for found in results.values()]
                rows.append((name, *(milliseconds(c[p]) for c in cells for p in ("p50", "p95", "p99"))))
            columns = [text for name in results for text in (f"{name}: p50", "p95", "p99")]
            parts += [f"{what.capitalize()}, {words}, milliseconds:", table(("", *columns), rows)]
    repeated = sum(found[load][what]["repeated"] for found in results.values() for load, what in _PHASES)
    if repeated:
        parts.append(f"Updates that had no answer within a second and were repeated: {repeated}.")
    return "\n\n".join(parts)


_PHASES = tuple((load, what) for load in ("alone", "load") for what in ("registration", "handover"))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The same journey in several modes of mobility, side by side, on a terminal of 80 columns too."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .records import Handover, Journey

_Cell = Callable[[Journey, Handover], str]


def print_comparison(
    console: Console, journeys: Sequence[Journey], pictures: Mapping[str, Path], busy: Sequence[str]
) -> None:
    """Print the table, what is to be known to read it, and the verdict. The journeys are of one scenario; `busy` names
    the modes in which links between switches were given up because the machine had no time for their probes."""
    first = journeys[0]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("handover", no_wrap=True)
    for journey in journeys:
        table.add_column(journey.mode, justify="right", no_wrap=True)
    for index, handover in enumerate(first.handovers):
        table.add_row(
            f"[bold]{handover.number}. {handover.old} -> {handover.move.to}[/bold]",
            *(f"[dim]{journey.handovers[index].kind}[/dim]" for journey in journeys),
        )
        for name, cell in _rows(first).items():
            table.add_row(f"  {name}", *(cell(journey, journey.handovers[index]) for journey in journeys))
    table.add_row("[bold]connections survived[/bold]", *(_verdict(journey) for journey in journeys))
    console.print()
    console.print(f"[bold]{escape(first.node)}[/bold]: {escape(first.claim)}; times in ms", soft_wrap=True)
    console.print(table)
    for note in _notes(journeys):
        console.print(escape(note), soft_wrap=True)
    if busy:
        words = "The machine was too busy: links between switches were given up, so no time is to be trusted, in"
        console.print(f"[yellow]{words} {', '.join(busy)}.[/yellow]", soft_wrap=True)
    for name, picture in pictures.items():
        console.print(f"{name}: {escape(str(picture))}", soft_wrap=True)
    for journey in journeys:
        for problem in journey.problems():
            console.print(f"[red]PROBLEM[/red] {journey.mode}: {escape(problem)}", soft_wrap=True)
    if not any(journey.problems() for journey in journeys):
        console.print("[green]every connection survived every move in every mode[/green]")


def _rows(journey: Journey) -> dict[str, _Cell]:
    rows: dict[str, _Cell] = {
        "first frame -> installed": lambda _, handover: _ms(handover.installed_after_ms),
        "attach -> first reply": lambda journey, handover: _ms(journey.first_reply_ms(handover)),
        "longest silence of ping": lambda journey, handover: _ms(handover.gap_ms(journey.traffic.ping)),
    }
    if journey.traffic.tcp:
        rows["longest silence of TCP"] = lambda journey, handover: _ms(journey.tcp_gap_ms(handover))
    streams = ", ".join(stream.name for stream in journey.traffic.streams)
    return rows | {f"lost: {streams}": _lost, "mobility messages": lambda _, handover: str(handover.messages)}


def _lost(journey: Journey, handover: Handover) -> str:
    return " ".join(str(handover.stats(stream).lost) for stream in journey.traffic.streams)


def _verdict(journey: Journey) -> str:
    return "[red]NO[/red]" if journey.broken() else "[green]all[/green]"


def _notes(journeys: Sequence[Journey]) -> list[str]:
    notes = []
    planned = [h.number for h in max(journeys, key=_planned).handovers if h.move.planned]
    reactive = [j.mode for j in journeys if _planned(j) < len(planned)]
    if planned and reactive:
        moves = f"move{'s' if len(planned) > 1 else ''} {', '.join(map(str, planned))}"
        notes.append(f"Only sdn has planned handovers; in {', '.join(reactive)} {moves} came unannounced.")
    if any(journey.mode == "sdn" for journey in journeys):
        notes.append(
            "In sdn one controller tells all switches by P4Runtime; they send each other no mobility messages."
        )
    return notes


def _planned(journey: Journey) -> int:
    return sum(handover.move.planned for handover in journey.handovers)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"

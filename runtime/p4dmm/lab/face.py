# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What ``p4dmm demo`` prints. On a terminal boxes and colours, elsewhere plain lines."""

from collections.abc import Sequence
from ipaddress import IPv6Network
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from p4dmm.config import Network, Switch

from .base import Lab, TrafficLog
from .records import Handover, Journey
from .roam import EventLike, LinkLike, NodeLike

_STAGES = ("prepared", "seen", "decided", "installed", "retired")
_PLAIN_WIDTH = 160


def make_console() -> Console:
    """Return a console that does not fold lines where nobody sees an edge."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    return console


class Face:
    """Prints a journey as it happens."""

    def __init__(self, console: Console, mobile: str, begun: float, *, brief: bool = False) -> None:
        """`brief`: of each move what came of it, without stages and maps."""
        self._console, self._mobile, self._begun, self._is_brief = console, mobile, begun, brief
        self.links_lost = 0

    def say(self, text: str) -> None:
        """Print a line."""
        self._line(escape(text))

    def event(self, event: EventLike) -> None:
        """Print one stage as the controller tells it."""
        if self._is_brief:
            return
        where = f" at {event.new}" if event.new else ""
        words = f"{event.stage:<9} {event.kind}{where} {event.detail}".rstrip()
        self._line(f"  [dim]{event.at - self._begun:8.3f} s[/dim]  {escape(words)}")

    def link(self, event: LinkLike) -> None:
        """Say that a link between switches went down or came back. Labs cut none: their machine is too busy."""
        self.links_lost += not event.is_up
        ends = " to ".join(map(str, event.ends))
        words = "is back" if event.is_up else "was given up: this machine is too busy for its probes"
        self._line(f"  [yellow]link {ends} {words}[/yellow]")

    def network(self, lab: Lab, nodes: Sequence[NodeLike]) -> None:
        """Draw the map: a box per switch with its nodes, the prefixes it anchors and its tunnels."""
        if self._is_brief:
            return
        boxes = {switch.name: _lines(switch, lab, nodes) for switch in lab.network.switches}
        if not self._console.is_terminal:
            for name, lines in boxes.items():
                self._line(f"  {name:<4} {escape('; '.join(lines) or '-')}")
            return
        panels = []
        for name, lines in boxes.items():
            here = any(self._mobile in line for line in lines if line.startswith("port"))
            links = _neighbours(lab.network, name)
            style = "bold green" if here else "dim"
            panels.append(
                Panel(escape("\n".join(lines) or " "), title=name, subtitle=links, border_style=style, width=46)
            )
        self._console.print(Columns(panels))

    def handover(self, handover: Handover, traffic: TrafficLog) -> None:
        """Print times and losses of a handover that is over."""
        parts = ["attach 0", *(f"{stage} {ms:.1f}" for stage, ms in handover.stages_ms(_STAGES))]
        through = handover.after_attach_ms(traffic.ping.first_after(handover.times.attached))
        parts.append(f"first packet through {through:.1f}" if through is not None else "NOTHING THROUGH")
        self._line(f"  [bold]{escape(handover.title)}[/bold]: {' -> '.join(parts)} ms")
        for stream in () if self._is_brief else traffic.streams:
            stats = handover.stats(stream)
            self._line(
                f"    {stream.name:<9} sent {stats.sent}, lost {_count(stats.lost)}, duplicates {stats.duplicates}, "
                f"reordered {stats.reordered}, longest silence {handover.gap_ms(stream):.0f} ms"
            )
        if connection := handover.connection:
            anchor = f"{'native at' if handover.is_native else 'anchored at'} {handover.anchor}"
            if connection.source not in handover.pool:
                anchor = f"NOT {anchor}"
            self._line(
                f"    new connection from {connection.source} ({anchor}): "
                f"{connection.octets} octets in {connection.seconds * 1000:.0f} ms"
            )
        elif handover.problem:
            self._line(f"    [red]{escape(handover.problem)}[/red]")

    def summary(self, journey: Journey, picture: Path | None) -> None:
        """Print the table and the verdict."""
        table = Table(
            title=f"{journey.node}, mode {journey.mode}: {journey.claim} (times in ms since attach)",
            title_justify="left",
            box=None,
            pad_edge=False,
            padding=(0, 1),
        )
        names = [stream.name for stream in journey.traffic.streams]
        columns = ["handover", "seen", "decided", "installed", "through"]
        columns += [f"lost {name}" for name in names] + ["dup", "TCP gap"]
        columns += ["messages"] if _has_messages(journey) else []
        columns.append("new connection from")
        for column in columns:
            is_text = column in {"handover", "new connection from"}
            table.add_column(column, justify="left" if is_text else "right", no_wrap=is_text)
        for handover in journey.handovers:
            table.add_row(*_row(journey, handover))
        self._console.print()
        self._console.print(table)
        for stream in journey.traffic.streams:
            stats = stream.stats()
            self._line(f"{stream.name:<9} in all: sent {stats.sent}, lost {stats.lost}, duplicates {stats.duplicates}")
        if tcp := journey.traffic.tcp:
            down, up = (sum(octets for _, octets in way) for way in (tcp.down, tcp.up))
            self._line(
                f"one TCP connection from {tcp.local}: {down} octets down, {up} up, every octet verified"
                if not tcp.problems
                else f"[red]the TCP connection from {tcp.local} broke[/red]"
            )
        if picture:
            self._line(f"timeline: {escape(str(picture))}")
        problems = journey.problems()
        for problem in problems:
            self._line(f"[red]PROBLEM[/red] {escape(problem)}")
        if not problems:
            self._line("[green]every connection survived every move[/green]")

    def _line(self, text: str) -> None:
        # Folding is the terminal's task; a file keeps one line per fact.
        self._console.print(text, soft_wrap=True)


def _row(journey: Journey, handover: Handover) -> list[str]:
    stages = [handover.after_attach_ms(handover.stages.get(stage)) for stage in ("seen", "decided", "installed")]
    all_stats = [handover.stats(stream) for stream in journey.traffic.streams]
    stood = journey.tcp_gap_ms(handover)
    return [
        f"{handover.number}. {handover.old}>{handover.move.to} {handover.kind}",
        *(_ms(value) for value in stages),
        _ms(journey.first_reply_ms(handover)),
        *(_count(stats.lost) for stats in all_stats),
        str(sum(stats.duplicates for stats in all_stats)),
        "-" if stood is None else f"{stood:.0f}",
        *([str(handover.messages)] if _has_messages(journey) else []),
        _anchor(handover),
    ]


def _has_messages(journey: Journey) -> bool:
    return any(handover.messages for handover in journey.handovers)


def _lines(switch: Switch, lab: Lab, nodes: Sequence[NodeLike]) -> list[str]:
    names = {node.mac: node.name for node in lab.network.nodes}
    lines = []
    for name in names.values():
        at = lab.where(name)
        if at and at.switch == switch.name:
            lines.append(f"port {at.port}: {name}")
    lines += [
        f"port {host.at.port}: {host.name}" for host in lab.network.correspondents if host.at.switch == switch.name
    ]
    for node in nodes:
        who = names.get(node.mac, str(node.mac))
        for prefix in node.prefixes:
            if prefix.anchor == switch.name:
                how = f"tunnel to {prefix.tunnel[1]}" if prefix.tunnel else "native"
                lines.append(f"{prefix.prefix} {who}, {how}{', deprecated' if prefix.deprecated else ''}")
            elif prefix.tunnel and prefix.tunnel[1] == switch.name:
                lines.append(f"{prefix.prefix} {who}, tunnel from {prefix.tunnel[0]}")
    return lines


def _neighbours(network: Network, name: str) -> str:
    ends = [{end.switch for end in link.ends} for link in network.links]
    return "-- " + " ".join(sorted({other for pair in ends if name in pair for other in pair - {name}}))


def _anchor(handover: Handover) -> str:
    if handover.connection is None:
        return "-"
    where = handover.anchor if handover.connection.source in handover.pool else "elsewhere"
    return f"{where}: {IPv6Network((handover.connection.source, 64), strict=False)}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _count(lost: int) -> str:
    return f"[bold red]{lost}[/bold red]" if lost else "0"

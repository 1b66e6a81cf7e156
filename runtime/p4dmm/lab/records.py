# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a roaming node's journey left behind, and what is wrong with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Network

from p4dmm.config import Move, PortRef

from .base import HostAddress, MoveTimes, NewConnection, TrafficLog
from .stats import StreamLog, StreamStats, longest_gap

IN_THE_AIR_S = 0.1

AROUND_S = 1.5
"""A silence that begins so long after a move, or later, is not the move's. The old path goes a second after it."""


@dataclass(frozen=True, slots=True)
class Handover:
    """One move and everything seen until the next one. Instants are time.monotonic()."""

    number: int
    old: PortRef
    move: Move
    anchor: str
    """The switch that gives the node its address for new connections there: the one moved to, or its local mobility
    anchor."""
    pool: IPv6Network
    """Of that switch."""
    begun: float
    """A planned one: when its preparation was asked for."""
    prepared: float | None
    times: MoveTimes
    ended: float
    """Just before the next move, or at the end of the journey."""
    stages: dict[str, float]
    """The controller's stages of this handover, each at its first time."""
    connection: NewConnection | None
    problem: str | None = None
    """Why there is no new connection."""
    messages: int = 0
    """Mobility messages that switches sent to each other meanwhile."""

    @property
    def title(self) -> str:
        return f"{self.number}. {self.old} -> {self.move.to} ({self.kind})"

    def stats(self, stream: StreamLog) -> StreamStats:
        """Count what was sent from just before this move, and so may still have been in the air, until the next."""
        return stream.stats(self.begun - IN_THE_AIR_S, self.ended)

    @property
    def kind(self) -> str:
        return "planned" if self.move.planned else "reactive"

    @property
    def is_native(self) -> bool:
        """Whether the node's address for new connections is of the very switch it moved to."""
        return self.anchor == self.move.to.switch

    @property
    def installed_after_ms(self) -> float | None:
        """From the first frame of the node that a switch hears there until it is served there, in milliseconds."""
        if "seen" not in self.stages or "installed" not in self.stages:
            return None
        return (self.stages["installed"] - self.stages["seen"]) * 1000

    def after_attach_ms(self, instant: float | None) -> float | None:
        """Return an instant in milliseconds since the node attached."""
        return None if instant is None else (instant - self.times.attached) * 1000

    def stages_ms(self, stages: Iterable[str]) -> list[tuple[str, float]]:
        """Return those of the stages that were reached, in their order, in milliseconds since the node attached."""
        reached = sorted((self.stages[stage], stage) for stage in stages if stage in self.stages)
        return [(stage, (at - self.times.attached) * 1000) for at, stage in reached]

    def gap_ms(self, stream: StreamLog) -> float:
        """Return the longest silence of a stream around this move, in milliseconds."""
        return self.silence_ms(at for _, at in stream.arrivals)

    def silence_ms(self, arrivals: Iterable[float]) -> float:
        """Return the longest time without an arrival that begins around this move, in milliseconds."""
        until = self.times.attached + AROUND_S
        later = [at for at in arrivals if self.begun <= at <= self.ended]
        return longest_gap(later, self.begun, min((at for at in later if at > until), default=self.ended)) * 1000


@dataclass(frozen=True, slots=True)
class Journey:
    """A finished scenario."""

    node: str
    mode: str
    """One of modes.ALL_MODES."""
    claim: str
    begun: float
    ended: float
    home: PortRef
    handovers: tuple[Handover, ...]
    traffic: TrafficLog
    addresses: tuple[tuple[float, tuple[HostAddress, ...]], ...] = field(default=(), repr=False)
    """Samples: when, and what the node had."""

    def first_reply_ms(self, handover: Handover) -> float | None:
        """Return when the first reply came through after a move, in milliseconds since the node attached."""
        return handover.after_attach_ms(self.traffic.ping.first_after(handover.times.attached))

    def broken(self) -> list[str]:
        """Return what says that a connection did not survive."""
        found = list(self.traffic.tcp.problems) if self.traffic.tcp else []
        for handover in self.handovers:
            found += [f"{handover.title}: {name} never resumed" for name in self._silent_after(handover)]
        return found

    def problems(self) -> list[str]:
        """Return everything that should not have been: broken connections, losses of a planned handover, and addresses
        that are not the promised ones."""
        found = self.broken()
        for handover in self.handovers:
            found += self._promises_broken(handover)
        return found

    def _silent_after(self, handover: Handover) -> list[str]:
        arrivals = {stream.name: [at for _, at in stream.arrivals] for stream in self.traffic.streams}
        if tcp := self.traffic.tcp:
            arrivals |= {f"TCP {way}": [at for at, _ in log] for way, log in (("down", tcp.down), ("up", tcp.up))}
        after, until = handover.times.attached, handover.ended
        return [name for name, instants in arrivals.items() if not any(after <= at <= until for at in instants)]

    def _promises_broken(self, handover: Handover) -> list[str]:
        found = []
        silent = self._silent_after(handover)
        for stream in self.traffic.streams:
            lost = handover.stats(stream).lost
            if handover.move.planned and lost and stream.name not in silent:
                found.append(f"{handover.title}: planned, yet {lost} packets of {stream.name} were lost")
        if handover.problem:
            found.append(f"{handover.title}: {handover.problem}")
        elif handover.connection and handover.connection.source not in handover.pool:
            source = handover.connection.source
            found.append(f"{handover.title}: a new connection used {source}, which is not of {handover.anchor}")
        return found

    def tcp_gap_ms(self, handover: Handover) -> float | None:
        """Return how long TCP stood still around a move, the worse direction, in milliseconds."""
        tcp = self.traffic.tcp
        if tcp is None:
            return None
        return max(handover.silence_ms(at for at, _ in way) for way in (tcp.down, tcp.up))


def first_stages(events: Sequence[tuple[str, float]], start: float, end: float) -> dict[str, float]:
    """Return the first instant of each stage within an interval."""
    stages: dict[str, float] = {}
    for stage, at in events:
        if start <= at < end:
            stages.setdefault(stage, at)
    return stages

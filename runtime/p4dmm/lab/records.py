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


@dataclass(frozen=True, slots=True)
class Handover:
    """One move and everything seen until the next one. Instants are time.monotonic()."""

    number: int
    old: PortRef
    move: Move
    pool: IPv6Network
    """Of the switch moved to: prefixes from it are native there."""
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

    @property
    def title(self) -> str:
        return f"{self.number}. {self.old} -> {self.move.to} ({'planned' if self.move.planned else 'reactive'})"

    def stats(self, stream: StreamLog) -> StreamStats:
        """Count what was sent from just before this move, and so may still have been in the air, until the next."""
        return stream.stats(self.begun - IN_THE_AIR_S, self.ended)

    def after_attach_ms(self, instant: float | None) -> float | None:
        """Return an instant in milliseconds since the node attached."""
        return None if instant is None else (instant - self.times.attached) * 1000

    def stages_ms(self, stages: Iterable[str]) -> list[tuple[str, float]]:
        """Return those of the stages that were reached, in milliseconds since the node attached."""
        return [(stage, (self.stages[stage] - self.times.attached) * 1000) for stage in stages if stage in self.stages]

    def gap_ms(self, stream: StreamLog) -> float:
        """Return the longest silence of a stream around this move, in milliseconds."""
        return stream.longest_gap(self.begun, self.ended) * 1000


@dataclass(frozen=True, slots=True)
class Journey:
    """A finished scenario."""

    node: str
    claim: str
    begun: float
    ended: float
    home: PortRef
    handovers: tuple[Handover, ...]
    traffic: TrafficLog
    addresses: tuple[tuple[float, tuple[HostAddress, ...]], ...] = field(default=(), repr=False)
    """Samples: when, and what the node had."""

    def problems(self) -> list[str]:
        """Return everything that should not have been; a journey without problems kept all its connections."""
        found = list(self.traffic.tcp.problems) if self.traffic.tcp else []
        for handover in self.handovers:
            found += self._problems_of(handover)
        return found

    def _problems_of(self, handover: Handover) -> list[str]:
        found = []
        for stream in self.traffic.streams:
            stats, through = handover.stats(stream), stream.first_after(handover.times.attached)
            if through is None or through > handover.ended:
                found.append(f"{handover.title}: {stream.name} never resumed")
            elif handover.move.planned and stats.lost:
                found.append(f"{handover.title}: planned, yet {stats.lost} packets of {stream.name} were lost")
        if tcp := self.traffic.tcp:
            for direction, arrivals in (("down", tcp.down), ("up", tcp.up)):
                if not any(handover.times.attached < at <= handover.ended for at, _ in arrivals):
                    found.append(f"{handover.title}: TCP {direction} never resumed")
        if handover.problem:
            found.append(f"{handover.title}: {handover.problem}")
        elif handover.connection and handover.connection.source not in handover.pool:
            source = handover.connection.source
            found.append(f"{handover.title}: a new connection used {source}, which is not native there")
        return found

    def tcp_gap_ms(self, handover: Handover) -> float | None:
        """Return how long TCP stood still around a move, the worse direction, in milliseconds."""
        tcp = self.traffic.tcp
        if tcp is None:
            return None
        gaps = [longest_gap([at for at, _ in way], handover.begun, handover.ended) for way in (tcp.down, tcp.up)]
        return max(gaps) * 1000


def first_stages(events: Sequence[tuple[str, float]], start: float, end: float) -> dict[str, float]:
    """Return the first instant of each stage within an interval."""
    stages: dict[str, float] = {}
    for stage, at in events:
        if start <= at < end:
            stages.setdefault(stage, at)
    return stages

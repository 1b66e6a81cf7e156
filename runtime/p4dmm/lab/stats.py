# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What became of a numbered stream of packets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


class Arrival(NamedTuple):
    """One packet received: its sequence number, and time.monotonic() at the receiver."""

    sequence: int
    at: float


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counts over the packets sent in some interval."""

    sent: int
    received: int
    """Packets that arrived at least once."""
    duplicates: int
    """Arrivals beyond the first of each packet."""
    reordered: int
    """First arrivals after that of a higher sequence number (RFC 4737 section 3.3)."""

    @property
    def lost(self) -> int:
        return self.sent - self.received


@dataclass(frozen=True, slots=True)
class StreamLog:
    """One stream from both ends. The index in ``sent`` is the sequence number, the value the time it was sent."""

    name: str
    sent: tuple[float, ...] = ()
    arrivals: tuple[Arrival, ...] = field(default=(), repr=False)

    def stats(self, start: float = float("-inf"), end: float = float("inf")) -> StreamStats:
        """Count what was sent from ``start`` until before ``end``."""
        chosen = {sequence for sequence, at in enumerate(self.sent) if start <= at < end}
        seen: set[int] = set()
        duplicates = reordered = 0
        highest = -1
        for sequence, _ in self.arrivals:
            if sequence in chosen:
                duplicates += sequence in seen
                reordered += sequence < highest and sequence not in seen
                seen.add(sequence)
            highest = max(highest, sequence)
        return StreamStats(len(chosen), len(seen), duplicates, reordered)

    def lost(self) -> list[float]:
        """Return when each packet that never arrived was sent."""
        arrived = {sequence for sequence, _ in self.arrivals}
        return [at for sequence, at in enumerate(self.sent) if sequence not in arrived]

    def first_after(self, instant: float) -> float | None:
        """Return when the first packet arrived at or after ``instant``; None if none did."""
        return min((at for _, at in self.arrivals if at >= instant), default=None)

    def longest_gap(self, start: float, end: float) -> float:
        """Return the longest time without an arrival between two instants, in seconds."""
        return longest_gap((at for _, at in self.arrivals), start, end)


def longest_gap(instants: Iterable[float], start: float, end: float) -> float:
    """Return the longest stretch of [start, end] in which no instant lies."""
    inside = sorted(at for at in instants if start <= at <= end)
    edges = [start, *inside, end]
    return max(later - earlier for earlier, later in pairwise(edges))


def rate_per_bin(
    events: Iterable[tuple[float, int]], start: float, end: float, width: float
) -> list[tuple[float, float]]:
    """Sum (instant, amount) into bins of ``width`` seconds; return the middle of each bin and its amount per second."""
    bins = [0] * max(1, round((end - start) / width))
    for at, amount in events:
        if 0 <= (index := int((at - start) // width)) < len(bins):
            bins[index] += amount
    return [(start + (index + 0.5) * width, total / width) for index, total in enumerate(bins)]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a link is up, from the fate of the probes sent over it both ways: pure.

Times are seconds of a monotonic clock, sequences rise by one with every probe of a direction.
"""

from dataclasses import dataclass, field
from enum import Enum
from math import inf


class Direction(Enum):
    """From the first end of a link to the second, or back."""

    FORTH = 0
    BACK = 1


@dataclass(slots=True)
class _Way:
    waiting: dict[int, float] = field(default_factory=dict)
    """Sequence -> deadline."""
    lost: int = 0
    passed: int = 0
    """In a row, up to now; one of the two is 0."""


class LinkJudge:
    """One link. Down after `losses` lost probes in a row in either direction, up again after `successes` that passed in
    a row in both; until then what it was: up in the beginning."""

    def __init__(self, *, losses: int, successes: int) -> None:
        self._losses = losses
        self._successes = successes
        self._ways = {direction: _Way() for direction in Direction}
        self.is_up = True

    @property
    def is_judged(self) -> bool:
        """Whether it was heard both ways since the beginning or the last silence, or is down."""
        return not self.is_up or all(way.passed for way in self._ways.values())

    def expect(self, direction: Direction, sequence: int) -> None:
        """A probe is about to be sent; it may arrive from now on."""
        self._ways[direction].waiting[sequence] = inf

    def sent(self, direction: Direction, sequence: int, deadline: float) -> None:
        """It has left and has until then to arrive, if it has not already."""
        if sequence in self._ways[direction].waiting:
            self._ways[direction].waiting[sequence] = deadline

    def unsent(self, direction: Direction, sequence: int) -> None:
        """It has not left."""
        self._ways[direction].waiting.pop(sequence, None)

    def heard(self, direction: Direction, sequence: int) -> bool:
        """A probe has arrived. False if it was not waited for: late, twice, or another's."""
        way = self._ways[direction]
        if way.waiting.pop(sequence, None) is None:
            return False
        way.lost = 0
        way.passed += 1
        self._judge()
        return True

    def expire(self, now: float) -> None:
        """Count as lost what should have arrived by now."""
        for way in self._ways.values():
            overdue = [sequence for sequence, deadline in way.waiting.items() if deadline <= now]
            for sequence in overdue:
                del way.waiting[sequence]
            if overdue:
                way.passed = 0
                way.lost += len(overdue)
        self._judge()

    def suspend(self) -> None:
        """Nothing can be said, for reasons that are not the link's: what is on its way is not waited for, and both
        counts begin anew."""
        for direction in Direction:
            self._ways[direction] = _Way()

    def _judge(self) -> None:
        ways = self._ways.values()
        if self.is_up and any(way.lost >= self._losses for way in ways):
            self.is_up = False
        elif not self.is_up and all(way.passed >= self._successes for way in ways):
            self.is_up = True

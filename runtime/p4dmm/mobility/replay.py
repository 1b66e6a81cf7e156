# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a message is new: timestamps of the Mobility Message Replay Protection option (RFC 4285 section 6).

A stamp is that option as one number, NTP's 64 bits; they are compared modulo 2**64, since NTP's seconds begin anew in
February 2036.
"""

from collections import deque
from math import floor

from p4dmm.wire.mobility import MessageReplayProtection

_SECOND = 1 << 32
_MODULUS = 1 << 64
_UNIX_EPOCH_S = 2_208_988_800
"""1970, in seconds since 1900."""


def stamp_at(now: float) -> int:
    """The stamp for a time in seconds since 1970."""
    seconds = floor(now)
    return ((seconds + _UNIX_EPOCH_S) * _SECOND + int((now - seconds) * _SECOND)) % _MODULUS


def stamp_of(option: MessageReplayProtection) -> int:
    return option.seconds * _SECOND + option.fraction


def option_of(stamp: int) -> MessageReplayProtection:
    return MessageReplayProtection(seconds=stamp // _SECOND, fraction=stamp % _SECOND)


def difference_s(stamp: int, other: int) -> float:
    """How much later `stamp` is, seconds."""
    return _difference(stamp, other) / _SECOND


def is_later(stamp: int, other: int) -> bool:
    return _difference(stamp, other) > 0


def later(stamp: int, ticks: int) -> int:
    """So many units of 2**-32 s after it."""
    return (stamp + ticks) % _MODULUS


def refused(stamp: int, now: float) -> int:
    """What a stamp that is not accepted is answered with: the seconds of the own clock, the fraction as it came."""
    return stamp_at(now) // _SECOND * _SECOND + stamp % _SECOND


class ReplayGuard:
    """What one peer's messages were stamped with.

    Of each mobile node the last accepted stamp counts (RFC 4285 section 6), so that messages for different nodes may
    overtake each other. It is kept until it is older than the window, in which case nothing earlier is accepted of any
    node, even if the clock is set back. Memory is bounded by the messages accepted in twice the window.
    """

    def __init__(self, window_s: float, after: int | None = None) -> None:
        """`window_s`: "close enough". `after`: whatever is not later was accepted, or may have been."""
        self._window_s = window_s
        self._after = after
        self._accepted: dict[bytes, int] = {}
        self._order: deque[tuple[int, bytes]] = deque()
        self.highest = after
        """The latest of all accepted stamps; the `after` of a guard that takes over."""

    def accept(self, node: bytes, stamp: int, now: float) -> bool:
        """Whether it is close enough to `now` and later than all that were accepted for the node; if so it is one of
        them."""
        clock = stamp_at(now)
        if abs(difference_s(stamp, clock)) > self._window_s:
            return False
        last = self._accepted.get(node, self._after)
        if last is not None and not is_later(stamp, last):
            return False
        self._forget(clock)
        self._accepted[node] = stamp
        self._order.append((stamp, node))
        if self.highest is None or is_later(stamp, self.highest):
            self.highest = stamp
        return True

    def __len__(self) -> int:
        """Nodes remembered."""
        return len(self._accepted)

    def _forget(self, clock: int) -> None:
        # In the order of arrival, not of stamps: one that came early holds up the others until it is too old as well.
        while self._order and difference_s(self._order[0][0], clock) < -self._window_s:
            stamp, node = self._order.popleft()
            if self._accepted.get(node) == stamp:
                del self._accepted[node]
            if self._after is None or is_later(stamp, self._after):
                self._after = stamp


def _difference(stamp: int, other: int) -> int:
    return (stamp - other + _MODULUS // 2) % _MODULUS - _MODULUS // 2

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The timers of one node's binding cache entry: each ends as an event."""

import asyncio
from collections.abc import Callable, Iterator
from ipaddress import IPv6Network

from p4dmm.config import Domain
from p4dmm.mobility import (
    Arm,
    BindingCacheEntry,
    DrainExpired,
    Event,
    HoldExpired,
    PrefixExpired,
    PreparationExpired,
    TimerKind,
)

_Slot = tuple[TimerKind, int | IPv6Network | None]


class BindingTimers:
    """At most one of each kind and key."""

    def __init__(self, on_end: Callable[[Event], None]) -> None:
        self._on_end = on_end
        self._running: dict[_Slot, asyncio.TimerHandle] = {}

    def arm(self, arm: Arm) -> None:
        """Instead of one that runs."""
        slot = arm.timer, arm.key
        self.disarm(*slot)
        self._running[slot] = asyncio.get_running_loop().call_later(arm.delay_s, self._end, slot, _event_of(arm))

    def arm_again(self, event: Event, delay_s: float) -> None:
        """What its end has brought was refused: it is due still."""
        arm = _timer_of(event, delay_s)
        if arm is not None and (arm.timer, arm.key) not in self._running:
            self.arm(arm)

    def disarm(self, kind: TimerKind, key: int | IPv6Network | None) -> None:
        timer = self._running.pop((kind, key), None)
        if timer is not None:
            timer.cancel()

    def runs(self, kind: TimerKind) -> bool:
        """One of that kind."""
        return any(slot[0] is kind for slot in self._running)

    def stop(self) -> None:
        for timer in self._running.values():
            timer.cancel()

    def _end(self, slot: _Slot, event: Event) -> None:
        del self._running[slot]
        self._on_end(event)


def timers_of(bce: BindingCacheEntry, domain: Domain, now: float) -> Iterator[Arm]:
    """Those that run for a binding that was stored, or read back from the switches."""
    for hnp in bce.hnps:
        if hnp.deprecated_at is not None:
            yield Arm(TimerKind.PREFIX, max(0.0, hnp.deprecated_at + domain.deprecated_s - now), hnp.prefix)
    for draining in bce.draining:
        yield Arm(TimerKind.DRAIN, domain.drain_s, draining.attachment.path_id)
    if bce.target is not None:
        yield Arm(TimerKind.PREPARATION, domain.planned_timeout_s, bce.target.path_id)
    if bce.serving is None:
        yield Arm(TimerKind.HOLD, domain.detached_s)


def _event_of(arm: Arm) -> Event:
    match arm.timer, arm.key:
        case TimerKind.DRAIN, int(path_id):
            return DrainExpired(path_id)
        case TimerKind.PREPARATION, int(path_id):
            return PreparationExpired(path_id)
        case TimerKind.PREFIX, IPv6Network() as prefix:
            return PrefixExpired(prefix)
        case TimerKind.HOLD, None:
            return HoldExpired()
    raise AssertionError(arm)


def _timer_of(event: Event, delay_s: float) -> Arm | None:
    match event:
        case DrainExpired(path_id):
            return Arm(TimerKind.DRAIN, delay_s, path_id)
        case PreparationExpired(path_id):
            return Arm(TimerKind.PREPARATION, delay_s, path_id)
        case PrefixExpired(prefix):
            return Arm(TimerKind.PREFIX, delay_s, prefix)
        case HoldExpired():
            return Arm(TimerKind.HOLD, delay_s)
    return None

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A node, what can happen to it, and what must always be true of it."""

import contextlib
import itertools
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility import (
    Advertise,
    Arm,
    Attachment,
    BindingCacheEntry,
    Disarm,
    DrainExpired,
    Effect,
    Event,
    Forward,
    HandoverRefusedError,
    HoldExpired,
    HomePrefix,
    Lifetimes,
    NodeGone,
    NodeSeen,
    PrefixExpired,
    PreparationExpired,
    Release,
    TimerKind,
    step,
)
from p4dmm.wire import MacAddress

MAC = MacAddress.parse("02:00:5e:00:01:01")
LINK_LOCAL = IPv6Address("fe80::5eff:fe00:101")
LIFETIMES = Lifetimes(
    drain_s=1, hold_down_s=5, planned_timeout_s=10, detached_s=60, valid_lifetime_s=7200, deprecated_s=86400
)
SWITCHES = ("s1", "s2", "s3")
PLACES = tuple((switch, port) for switch in SWITCHES for port in (1, 2))

FRESH = BindingCacheEntry(mn_id="mn", mac=MAC, node_id=1)

TimerSlot = tuple[TimerKind, int | IPv6Network | None]


def prefix_of(switch: str, number: int = 0) -> IPv6Network:
    """A /64 of that switch's pool; the number tells those of several attachments apart."""
    base = int(IPv6Address("2001:db8::")) + ((0x1000 * (SWITCHES.index(switch) + 1)) << 80)
    return IPv6Network((base + (number << 64), 64))


@dataclass
class Node:
    """What a controller makes of the effects: the entry, the timers that run, the prefixes given back."""

    bce: BindingCacheEntry = FRESH
    now: float = 100.0
    timers: dict[TimerSlot, float] = field(default_factory=dict)
    released: list[IPv6Network] = field(default_factory=list)
    paths: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    prefixes: "itertools.count[int]" = field(default_factory=lambda: itertools.count(0))
    forgotten: bool = False

    def attachment(self, place: tuple[str, int]) -> Attachment:
        return Attachment(*place, next(self.paths))

    def seen(self, place: tuple[str, int], link_local: IPv6Address | None = None) -> NodeSeen:
        offer = self.bce.hnp_of(place[0]) or HomePrefix(prefix_of(place[0], next(self.prefixes)), place[0])
        return NodeSeen(self.attachment(place), offer, link_local)

    def do(self, event: Event) -> tuple[Effect, ...]:
        """One event, with every promise of `step` checked."""
        before = self.bce
        new, effects = step(before, event, self.now, LIFETIMES)
        self._ran_out(event)
        self._perform(effects)
        check_effects(before, new, effects)
        if new is None:
            self.forgotten = True
            self.bce = FRESH
            assert self.timers == {}, "a forgotten node has timers"
        else:
            self.bce = new
        check_entry(self.bce)
        check_timers(self.bce, self.timers)
        assert not {h.prefix for h in self.bce.hnps} & set(self.released)
        return effects

    def try_to(self, event: Event) -> tuple[Effect, ...] | None:
        """None for a refusal, which must change nothing."""
        before = self.bce, dict(self.timers)
        with contextlib.suppress(HandoverRefusedError):
            return self.do(event)
        assert (self.bce, self.timers) == before
        return None

    def gone(self) -> NodeGone:
        """Where it is served; of a node that is nowhere, some old path."""
        return NodeGone(self.bce.serving.path_id if self.bce.serving else 1)

    def drain(self) -> None:
        """Until every old path is closed."""
        while self.bce.draining:
            self.do(DrainExpired(self.bce.draining[0].attachment.path_id))

    def timer_event(self, slot: TimerSlot) -> Event:
        """What comes when that timer runs out."""
        match slot:
            case TimerKind.DRAIN, int(path_id):
                return DrainExpired(path_id)
            case TimerKind.PREPARATION, int(path_id):
                return PreparationExpired(path_id)
            case TimerKind.PREFIX, IPv6Network() as prefix:
                return PrefixExpired(prefix)
        assert slot == (TimerKind.HOLD, None)
        return HoldExpired()

    def _ran_out(self, event: Event) -> None:
        match event:
            case DrainExpired(path_id):
                self.timers.pop((TimerKind.DRAIN, path_id), None)
            case PreparationExpired(path_id):
                self.timers.pop((TimerKind.PREPARATION, path_id), None)
            case PrefixExpired(prefix):
                self.timers.pop((TimerKind.PREFIX, prefix), None)
            case HoldExpired():
                self.timers.pop((TimerKind.HOLD, None), None)

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Arm(kind, delay_s, key):
                    assert delay_s >= 0
                    self.timers[kind, key] = self.now + delay_s
                case Disarm(kind, key):
                    self.timers.pop((kind, key), None)
                case Release(_, prefix, quarantine_s):
                    assert quarantine_s >= LIFETIMES.valid_lifetime_s, "hosts may still hold addresses of it"
                    self.released.append(prefix)


def check_entry(bce: BindingCacheEntry) -> None:
    """What must be true of every entry."""
    attachments = bce.attachments
    places = [a.place for a in attachments]
    assert len(set(places)) == len(places), f"a place twice: {places}"
    paths = [a.path_id for a in attachments]
    assert len(set(paths)) == len(paths), f"a path twice: {paths}"
    anchors = [h.anchor for h in bce.hnps]
    assert len(set(anchors)) == len(anchors), f"two prefixes of one anchor: {anchors}"
    if bce.serving is None:
        assert (bce.target, bce.draining) == (None, ())
        assert not bce.arrived_planned
        return
    native = bce.hnp_of(bce.serving.switch)
    assert native is not None, "served without a prefix of its own"
    for hnp in bce.hnps:
        assert (hnp.deprecated_at is None) == (hnp is native), hnp


def check_effects(old: BindingCacheEntry, new: BindingCacheEntry | None, effects: tuple[Effect, ...]) -> None:
    """Forward comes first and leads from the old entry to the new one; what goes is released once, and only that."""
    forwards = [e for e in effects if isinstance(e, Forward)]
    if forwards:
        assert isinstance(effects[0], Forward)
        assert forwards[0].old == old
        assert forwards[-1].new == new
        for one, two in itertools.pairwise(forwards):
            assert one.new == two.old
    elif new is not None:
        # Nothing is written, so nothing that is written may have changed.
        assert rows_depend_on(new) == rows_depend_on(old)
    released = [e.prefix for e in effects if isinstance(e, Release)]
    assert len(set(released)) == len(released)
    gone = {h.prefix for h in old.hnps} - {h.prefix for h in (new.hnps if new else ())}
    assert set(released) == gone
    for effect in effects:
        if isinstance(effect, Release):
            assert effect.prefix in {h.prefix for h in old.hnps if h.anchor == effect.anchor}
        if isinstance(effect, Advertise):
            assert new is not None
            assert new.serving is not None


def check_timers(bce: BindingCacheEntry, timers: dict[TimerSlot, float]) -> None:
    """A timer runs for all that must end by itself, and for nothing else."""
    wanted: set[TimerSlot] = {(TimerKind.DRAIN, d.attachment.path_id) for d in bce.draining}
    wanted |= {(TimerKind.PREFIX, h.prefix) for h in bce.hnps if h.deprecated_at is not None}
    if bce.target is not None:
        wanted.add((TimerKind.PREPARATION, bce.target.path_id))
    if bce.serving is None and bce.hnps:
        wanted.add((TimerKind.HOLD, None))
    if bce.serving is None:
        # A detached node may have lost its last prefix; it still waits to be forgotten.
        assert set(timers) - wanted <= {(TimerKind.HOLD, None)}
        wanted |= set(timers) & {(TimerKind.HOLD, None)}
    assert set(timers) == wanted


def rows_depend_on(bce: BindingCacheEntry) -> tuple[object, ...]:
    """What forwarding.entries_for looks at."""
    return (
        bce.mac,
        bce.node_id,
        bce.serving,
        bce.target,
        bce.draining if bce.serving else (),
        {(h.prefix, h.anchor) for h in bce.hnps} if bce.serving else set(),
    )

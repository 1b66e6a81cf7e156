# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Network-based mobility at the MAARs: what each event does to a node's binding (RFC 8885 section 3, SDN-style).

`TRANSITIONS` has a row for every state and event; a test walks them all. None means the event changes nothing there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .bce import BindingCacheEntry, BindingState, Draining, HomePrefix
from .effects import Advertise, Arm, Disarm, Effect, Forward, LookAgain, Release
from .events import (
    DrainExpired,
    Event,
    HoldExpired,
    NodeGone,
    NodeSeen,
    PrefixExpired,
    PreparationExpired,
    PrepareHandover,
    TimerKind,
)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The times of the domain that transitions need, in seconds; see config.Domain."""

    drain_s: float
    hold_down_s: float
    planned_timeout_s: float
    detached_s: float
    valid_lifetime_s: float
    deprecated_s: float


class HandoverRefusedError(ValueError):
    """A planned handover that cannot be: names the node and why."""


Result = tuple[BindingCacheEntry | None, tuple[Effect, ...]]


def step(bce: BindingCacheEntry, event: Event, now: float, lifetimes: Lifetimes) -> Result:
    """One event of one node.

    A node that was never seen is a DETACHED entry without prefixes. Returns the new entry (None: forget the node) and
    the effects in their order. Raises HandoverRefusedError for a PrepareHandover that makes no sense.
    """
    transition = TRANSITIONS[bce.state, type(event)]
    if transition is None:
        return bce, ()
    return transition(bce, event, now, lifetimes)


def _seen_detached(bce: BindingCacheEntry, event: NodeSeen, now: float, lifetimes: Lifetimes) -> Result:
    new = _attach(replace(bce, link_local=event.link_local or bce.link_local), event, now)
    return new, (Forward(bce, new), Advertise(), Disarm(TimerKind.HOLD), *_prefix_timers(bce, new, lifetimes))


def _seen_attached(bce: BindingCacheEntry, event: NodeSeen, now: float, lifetimes: Lifetimes) -> Result:
    assert bce.serving is not None
    known = replace(bce, link_local=event.link_local or bce.link_local)
    place = event.attachment.place
    if place == bce.serving.place:
        return known, ()
    left = next((d.attachment for d in bce.draining if d.attachment.place == place), None)
    # After a planned move the node hears and sends on both links for some time.
    held_until = bce.moved_at + (lifetimes.drain_s if bce.arrived_planned else lifetimes.hold_down_s)
    if left is not None and now < held_until:
        return known, (LookAgain(held_until - now),)
    new = _attach(known, replace(event, attachment=left) if left is not None else event, now)
    effects: list[Effect] = [Forward(bce, new), Advertise(), *_prefix_timers(bce, new, lifetimes)]
    effects.append(Arm(TimerKind.DRAIN, lifetimes.drain_s, bce.serving.path_id))
    effects += _preparation_ends(bce)
    if left is not None:
        effects.append(Disarm(TimerKind.DRAIN, left.path_id))
    return new, tuple(effects)


def _seen_prepared(bce: BindingCacheEntry, event: NodeSeen, now: float, lifetimes: Lifetimes) -> Result:
    assert bce.target is not None
    if event.attachment.place != bce.target.place:
        return _seen_attached(bce, event, now, lifetimes)
    arrival = replace(event, attachment=bce.target)
    new, effects = _seen_attached(bce, arrival, now, lifetimes)
    assert new is not None
    # The rows are the same whether the arrival was planned; only later sightings at the old place are judged by it.
    planned = replace(new, arrived_planned=True)
    return planned, tuple(Forward(e.old, planned) if isinstance(e, Forward) else e for e in effects)


def _attach(bce: BindingCacheEntry, event: NodeSeen, now: float) -> BindingCacheEntry:
    """The entry with its node at `event.attachment`, where it was not before."""
    there = event.attachment
    draining = tuple(d for d in bce.draining if d.attachment.place != there.place)
    if bce.serving is not None and bce.serving.place != there.place:
        draining = (*draining, Draining(bce.serving))
    hnps = bce.hnps if bce.hnp_of(there.switch) else (*bce.hnps, event.offer)
    return replace(
        bce,
        serving=there,
        target=None,
        draining=draining,
        hnps=tuple(_deprecate(hnp, native=hnp.anchor == there.switch, now=now) for hnp in hnps),
        moved_at=now,
        arrived_planned=False,
    )


def _deprecate(hnp: HomePrefix, *, native: bool, now: float) -> HomePrefix:
    if native:
        return replace(hnp, deprecated_at=None)
    return hnp if hnp.deprecated_at is not None else replace(hnp, deprecated_at=now)


def _prefix_timers(old: BindingCacheEntry, new: BindingCacheEntry, lifetimes: Lifetimes) -> tuple[Effect, ...]:
    before = {hnp.prefix: hnp.deprecated_at for hnp in old.hnps}
    effects: list[Effect] = []
    for hnp in new.hnps:
        was = before.get(hnp.prefix)
        if hnp.deprecated_at is not None and was is None:
            effects.append(Arm(TimerKind.PREFIX, lifetimes.deprecated_s, hnp.prefix))
        elif hnp.deprecated_at is None and was is not None:
            effects.append(Disarm(TimerKind.PREFIX, hnp.prefix))
    return tuple(effects)


def _prepare(bce: BindingCacheEntry, event: PrepareHandover, _now: float, lifetimes: Lifetimes) -> Result:
    assert bce.serving is not None
    target = event.target
    if target.place == bce.serving.place:
        raise HandoverRefusedError(f"{bce.mn_id} is already at {target.switch}:{target.port}")
    if any(d.attachment.place == target.place for d in bce.draining):
        raise HandoverRefusedError(
            f"{bce.mn_id} has just left {target.switch}:{target.port}; its old path there is not drained yet"
        )
    new = replace(bce, target=target)
    timer = Arm(TimerKind.PREPARATION, lifetimes.planned_timeout_s, target.path_id)
    return new, (Forward(bce, new), *_preparation_ends(bce), timer)


def _preparation_ends(bce: BindingCacheEntry) -> tuple[Effect, ...]:
    return () if bce.target is None else (Disarm(TimerKind.PREPARATION, bce.target.path_id),)


def _prepare_refused(bce: BindingCacheEntry, _event: PrepareHandover, _now: float, _lifetimes: Lifetimes) -> Result:
    raise HandoverRefusedError(f"{bce.mn_id} is attached nowhere; only an attached node can be handed over")


def _preparation_expired(
    bce: BindingCacheEntry, event: PreparationExpired, _now: float, _lifetimes: Lifetimes
) -> Result:
    assert bce.target is not None
    if event.path_id != bce.target.path_id:
        return bce, ()
    new = replace(bce, target=None)
    return new, (Forward(bce, new),)


def _drain_expired(bce: BindingCacheEntry, event: DrainExpired, _now: float, lifetimes: Lifetimes) -> Result:
    drained = next((d for d in bce.draining if d.attachment.path_id == event.path_id), None)
    if drained is None:
        return bce, ()
    if drained.bindings_kept:
        rest = tuple(replace(d, bindings_kept=False) if d is drained else d for d in bce.draining)
        new = replace(bce, draining=rest)
        return new, (Forward(bce, new), Arm(TimerKind.DRAIN, lifetimes.drain_s, event.path_id))
    new = replace(bce, draining=tuple(d for d in bce.draining if d is not drained))
    return new, (Forward(bce, new),)


def _gone(bce: BindingCacheEntry, event: NodeGone, _now: float, lifetimes: Lifetimes) -> Result:
    assert bce.serving is not None
    if event.path_id != bce.serving.path_id:
        return bce, ()
    new = replace(bce, serving=None, target=None, draining=(), arrived_planned=False)
    stops: list[Effect] = [Disarm(TimerKind.DRAIN, d.attachment.path_id) for d in bce.draining]
    stops += _preparation_ends(bce)
    return new, (Forward(bce, new), *stops, Arm(TimerKind.HOLD, lifetimes.detached_s))


def _prefix_expired(bce: BindingCacheEntry, event: PrefixExpired, _now: float, lifetimes: Lifetimes) -> Result:
    hnp = next((h for h in bce.hnps if h.prefix == event.prefix), None)
    if hnp is None or hnp.deprecated_at is None:
        return bce, ()
    new = replace(bce, hnps=tuple(h for h in bce.hnps if h is not hnp))
    return new, (Forward(bce, new), Release(hnp.anchor, hnp.prefix, lifetimes.valid_lifetime_s))


def _hold_expired(bce: BindingCacheEntry, _event: HoldExpired, _now: float, lifetimes: Lifetimes) -> Result:
    effects: list[Effect] = []
    for hnp in bce.hnps:
        effects += [
            Disarm(TimerKind.PREFIX, hnp.prefix),
            Release(hnp.anchor, hnp.prefix, lifetimes.valid_lifetime_s),
        ]
    return None, tuple(effects)


Transition = Callable[[BindingCacheEntry, Any, float, Lifetimes], Result]

_ATTACHED, _PREPARED, _DETACHED = BindingState.ATTACHED, BindingState.PREPARED, BindingState.DETACHED

TRANSITIONS: dict[tuple[BindingState, type[Event]], Transition | None] = {
    (_DETACHED, NodeSeen): _seen_detached,
    (_ATTACHED, NodeSeen): _seen_attached,
    (_PREPARED, NodeSeen): _seen_prepared,
    (_DETACHED, PrepareHandover): _prepare_refused,
    (_ATTACHED, PrepareHandover): _prepare,
    (_PREPARED, PrepareHandover): _prepare,
    (_DETACHED, PreparationExpired): None,
    (_ATTACHED, PreparationExpired): None,
    (_PREPARED, PreparationExpired): _preparation_expired,
    (_DETACHED, DrainExpired): None,
    (_ATTACHED, DrainExpired): _drain_expired,
    (_PREPARED, DrainExpired): _drain_expired,
    (_DETACHED, NodeGone): None,
    (_ATTACHED, NodeGone): _gone,
    (_PREPARED, NodeGone): _gone,
    (_DETACHED, PrefixExpired): _prefix_expired,
    (_ATTACHED, PrefixExpired): _prefix_expired,
    (_PREPARED, PrefixExpired): _prefix_expired,
    (_DETACHED, HoldExpired): _hold_expired,
    (_ATTACHED, HoldExpired): None,
    (_PREPARED, HoldExpired): None,
}

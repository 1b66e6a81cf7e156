# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The promise of the planner on walks nobody thought of: plans that are given up, moves in the middle of a drain, other
ports, detachment and return, each drain timer on its own. test_phases.py has the walks somebody thought of."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p4dmm.forwarding import entries_for
from p4dmm.mobility import (
    DrainExpired,
    Event,
    HandoverRefusedError,
    HomePrefix,
    NodeGone,
    PreparationExpired,
    PrepareHandover,
)
from tests.forwarding.support import PLACES, TRIANGLE
from tests.forwarding.test_phases import BESIDE, Place, Walk

EVENTS = st.tuples(
    st.sampled_from(("seen", "seen", "prepare", "prepare", "arrive", "give-up", "drain", "drain", "gone")),
    st.sampled_from([Place(*place) for place in PLACES]),
    st.integers(0, 9),
)


STAYS = ("prepare", "give-up", "drain")


def here(walk: Walk) -> Place | None:
    at = walk.bce.serving
    return Place(at.switch, at.port) if at else None


def event_of(walk: Walk, kind: str, place: Place, number: int) -> Event | None:
    """None where the kind makes no sense."""
    planned, draining = walk.bce.target, walk.bce.draining
    if kind == "arrive" and planned is not None:
        return walk.seen(Place(planned.switch, planned.port))
    if kind == "give-up" and planned is not None:
        return PreparationExpired(planned.path_id)
    if kind == "drain" and draining:
        return DrainExpired(draining[number % len(draining)].attachment.path_id)
    match kind:
        case "seen":
            return walk.seen(place)
        case "prepare":
            return PrepareHandover(walk.attachment(place))
        case "gone":
            return NodeGone(walk.bce.serving.path_id if walk.bce.serving else 1)
    return None


def do(walk: Walk, kind: str, place: Place, number: int) -> None:
    """One event if it makes sense, every single write of it under watch."""
    before, planned, known = here(walk), walk.bce.target, walk.bce.hnps
    event = event_of(walk, kind, place, number)
    if event is None:
        return
    at = {p for p in (before, planned and Place(planned.switch, planned.port)) if p}
    if kind == "prepare":
        at.add(place)
    try:
        for when in walk.event(event):
            watch(walk, before if kind in STAYS else None, at, known, when)
    except HandoverRefusedError:
        return
    now, target = here(walk), walk.bce.target
    if now is not None:
        reachable = {now, *((Place(target.switch, target.port),) if target else ())}
        walk.check(reachable, uplinks=reachable, when=f"after {kind}")


def watch(walk: Walk, stays: Place | None, at: set[Place], known: tuple[HomePrefix, ...], when: str) -> None:
    """A node that stays loses nothing and gets nothing twice; of one that goes nothing may loop (Mesh.send sees it)."""
    for hnp in known:
        for sender in walk.senders:
            reached = [Place(o.switch, o.port) for o in walk.down(sender, hnp.prefix)]
            assert stays is None or reached.count(stays) == 1, f"{when}: from {sender} to {hnp}: {reached}"
    if stays is not None:
        walk.check(at, uplinks={stays}, when=when, hnps=known)


def test_expected_at_another_port_of_a_switch_still_drained() -> None:
    """What the serving switch copies there must be delivered from the first copy on: passed on, it would come back."""
    walk = Walk()
    for kind, place in (
        ("seen", Place("s2", 2)),
        ("seen", Place("s1", 1)),
        ("drain", Place("s1", 1)),
        ("prepare", Place("s2", 1)),
    ):
        do(walk, kind, place, 0)


@settings(
    max_examples=1000 if os.environ.get("P4DMM_SOAK") else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(beside=st.sampled_from(BESIDE), reverse=st.booleans(), events=st.lists(EVENTS, min_size=2, max_size=9))
def test_any_walk_delivers_and_leaves_nothing(
    beside: Place | None, reverse: bool, events: list[tuple[str, Place, int]]
) -> None:
    walk = Walk(beside, reverse=reverse)
    for kind, place, number in events:
        do(walk, kind, place, number)
    if walk.bce.target is not None:
        do(walk, "give-up", Place(*PLACES[0]), 0)
    while walk.bce.draining:
        do(walk, "drain", Place(*PLACES[0]), 0)
    fresh = Walk(beside)
    fresh.apply_rows(entries_for(walk.bce, TRIANGLE).values())
    assert walk.mesh.contents() == fresh.mesh.contents()

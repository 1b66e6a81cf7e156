# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What each event does to a node's binding, in every state (RFC 8885 section 3)."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.mobility import (
    TRANSITIONS,
    Advertise,
    Arm,
    DrainExpired,
    Event,
    Forward,
    HandoverRefusedError,
    HoldExpired,
    LookAgain,
    NodeGone,
    NodeSeen,
    PrefixExpired,
    PreparationExpired,
    PrepareHandover,
    Release,
    TimerKind,
    step,
)
from p4dmm.mobility.bce import BindingState
from tests.mobility.support import (
    FRESH,
    LIFETIMES,
    LINK_LOCAL,
    PLACES,
    Node,
    check_effects,
    check_entry,
    prefix_of,
)

A, A2, B, C = ("s1", 1), ("s1", 2), ("s2", 1), ("s3", 1)

EVENTS: tuple[type[Event], ...] = get_args(Event)


def attached() -> Node:
    """At B, with a prefix of A too, A's path drained."""
    node = Node()
    node.do(node.seen(A))
    node.now += 50
    node.do(node.seen(B))
    node.drain()
    node.now += 50
    return node


def draining() -> Node:
    """Just moved from A to B."""
    node = Node()
    node.do(node.seen(A))
    node.now += 50
    node.do(node.seen(B))
    return node


def prepared() -> Node:
    node = attached()
    node.do(PrepareHandover(node.attachment(C)))
    return node


def detached() -> Node:
    node = draining()
    node.do(node.gone())
    return node


NODES: dict[str, tuple[BindingState, Callable[[], Node]]] = {
    "fresh": (BindingState.DETACHED, Node),
    "detached": (BindingState.DETACHED, detached),
    "attached": (BindingState.ATTACHED, attached),
    "draining": (BindingState.ATTACHED, draining),
    "prepared": (BindingState.PREPARED, prepared),
}


def event_of(kind: type[Event], node: Node) -> list[Event]:
    """Every way that kind of event can concern the node, and one that does not."""
    if kind is NodeSeen:
        return [node.seen(place, ll) for place in PLACES for ll in (None, LINK_LOCAL)]
    if kind is PrepareHandover:
        return [PrepareHandover(node.attachment(place)) for place in PLACES]
    if kind is DrainExpired:
        return [DrainExpired(a.path_id) for a in node.bce.attachments] + [DrainExpired(9999)]
    if kind is PrefixExpired:
        return [PrefixExpired(h.prefix) for h in node.bce.hnps] + [PrefixExpired(prefix_of("s3", 99))]
    if kind in {NodeGone, PreparationExpired}:
        return [kind(a.path_id) for a in node.bce.attachments] + [kind(9999)]  # type: ignore[call-arg]
    return [kind()]  # type: ignore[call-arg]


# The table


def test_transitions_name_every_state_and_event() -> None:
    assert set(TRANSITIONS) == set(product(BindingState, EVENTS))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", NODES)
def test_every_event_in_every_state_leaves_a_valid_entry(name: str, kind: type[Event]) -> None:
    state, make = NODES[name]
    assert make().bce.state is state
    for number in range(len(event_of(kind, make()))):
        node = make()
        before = node.bce
        event = event_of(kind, node)[number]
        result = node.try_to(event)
        if TRANSITIONS[state, kind] is None:
            assert result == ()
            assert node.bce == before


def test_a_stale_timer_changes_nothing() -> None:
    """Timers are events in a queue: one may arrive after what it was for is gone."""
    for name, event in (
        ("attached", DrainExpired(1)),
        ("attached", DrainExpired(2)),
        ("attached", PreparationExpired(1)),
        ("prepared", PreparationExpired(1)),
        ("attached", NodeGone(1)),
        ("draining", NodeGone(1)),
        ("attached", HoldExpired()),
        ("prepared", HoldExpired()),
        ("detached", DrainExpired(1)),
        ("attached", PrefixExpired(prefix_of("s2", 1))),
        ("attached", PrefixExpired(prefix_of("s3", 9))),
    ):
        node = NODES[name][1]()
        assert step(node.bce, event, node.now, LIFETIMES) == (node.bce, ()), (name, event)


# Attach and move


def test_first_frame_attaches() -> None:
    node = Node()
    effects = node.do(node.seen(A, LINK_LOCAL))
    assert [type(e) for e in effects[:2]] == [Forward, Advertise]
    assert node.bce.serving is not None
    assert node.bce.serving.place == A
    assert node.bce.link_local == LINK_LOCAL
    assert [h.prefix for h in node.bce.hnps] == [prefix_of("s1")]
    assert node.bce.moved_at == node.now


def test_move_keeps_the_old_prefix_as_deprecated_and_adds_a_native_one() -> None:
    node = draining()
    assert [(h.anchor, h.deprecated_at) for h in node.bce.hnps] == [("s1", 150.0), ("s2", None)]
    assert [d.attachment.place for d in node.bce.draining] == [A]


def test_a_second_move_does_not_extend_the_life_of_a_deprecated_prefix() -> None:
    node = draining()
    deadline = node.timers[TimerKind.PREFIX, prefix_of("s1")]
    node.now += 60
    node.do(node.seen(C))
    assert node.timers[TimerKind.PREFIX, prefix_of("s1")] == deadline
    assert node.bce.hnps[0].deprecated_at == 150.0


def test_a_move_to_another_port_of_the_anchor_deprecates_nothing() -> None:
    node = Node()
    node.do(node.seen(A))
    node.now += 50
    node.do(node.seen(A2))
    assert [h.deprecated_at for h in node.bce.hnps] == [None]


def test_return_takes_up_the_old_prefix_and_the_old_path() -> None:
    node = draining()
    (old,) = (d.attachment for d in node.bce.draining)
    first = node.bce.hnps[0].prefix
    node.now += LIFETIMES.hold_down_s
    node.do(node.seen(A))
    assert node.bce.serving == old
    assert [d.attachment.place for d in node.bce.draining] == [B]
    assert node.bce.hnp_of("s1") is not None
    assert [h.prefix for h in node.bce.hnps if h.deprecated_at is None] == [first]


def test_the_same_place_again_only_teaches_the_link_local_address() -> None:
    node = attached()
    before = node.bce
    assert node.do(node.seen(B, LINK_LOCAL)) == ()
    assert node.bce == replace(before, link_local=LINK_LOCAL)
    assert node.do(node.seen(B)) == ()
    assert node.bce.link_local == LINK_LOCAL, "a frame without one does not make us forget it"


# Hold-down


@pytest.mark.parametrize(("after", "returns"), [(0.0, False), (4.999, False), (5.0, True), (60.0, True)])
def test_hold_down_decides_whether_a_frame_at_the_place_just_left_is_a_return(after: float, returns: bool) -> None:
    node = draining()
    node.now += after
    effects = node.do(node.seen(A))
    assert node.bce.serving is not None
    assert (node.bce.serving.place == A) is returns
    if returns:
        assert isinstance(effects[0], Forward)
    else:
        assert effects == (LookAgain(pytest.approx(5.0 - after)),)  # type: ignore[arg-type]


def test_hold_down_does_not_keep_a_node_from_going_on() -> None:
    node = draining()
    node.do(node.seen(C))
    assert node.bce.serving is not None
    assert node.bce.serving.place == C


def test_hold_down_ends_with_the_drained_path() -> None:
    """A drained place is like any other: its access row is gone, so a frame from there is the node's own."""
    node = draining()
    node.drain()
    assert node.do(node.seen(A))
    assert node.bce.serving is not None
    assert node.bce.serving.place == A


def test_hold_down_learns_the_link_local_address_all_the_same() -> None:
    node = draining()
    assert node.do(node.seen(A, LINK_LOCAL)) == (LookAgain(LIFETIMES.hold_down_s),)
    assert node.bce.link_local == LINK_LOCAL


# Planned handover


def test_planned_arrival_takes_the_prepared_path() -> None:
    node = prepared()
    target = node.bce.target
    assert target is not None
    effects = node.do(node.seen(C))
    assert node.bce.serving == target, "the rows of that path are there already"
    assert node.bce.arrived_planned
    assert [type(e) for e in effects[:2]] == [Forward, Advertise]


def test_after_a_planned_arrival_hold_down_lasts_as_long_as_the_first_drain() -> None:
    """The node hears both links for a while."""
    node = prepared()
    node.do(node.seen(C))
    node.now += 0.25
    assert node.do(node.seen(B)) == (LookAgain(LIFETIMES.drain_s - 0.25),)
    node.now += LIFETIMES.drain_s - 0.25
    assert isinstance(node.do(node.seen(B))[0], Forward)
    assert node.bce.serving is not None
    assert node.bce.serving.place == B
    assert not node.bce.arrived_planned


def test_arrival_elsewhere_than_planned_undoes_the_preparation() -> None:
    node = prepared()
    node.do(node.seen(A))
    assert node.bce.serving is not None
    assert node.bce.serving.place == A
    assert node.bce.target is None
    assert not node.bce.arrived_planned
    assert not any(kind is TimerKind.PREPARATION for kind, _ in node.timers)


def test_expired_preparation_goes_back_to_before() -> None:
    node = attached()
    before = node.bce
    target = node.attachment(C)
    node.do(PrepareHandover(target))
    node.do(PreparationExpired(target.path_id))
    assert node.bce == before


def test_preparing_again_replaces_the_target() -> None:
    node = prepared()
    again = node.attachment(A)
    effects = node.do(PrepareHandover(again))
    assert node.bce.target == again
    assert Arm(TimerKind.PREPARATION, LIFETIMES.planned_timeout_s, again.path_id) in effects


@pytest.mark.parametrize(
    ("make", "place", "reason"),
    [
        (Node, B, "mn is attached nowhere; only an attached node can be handed over"),
        (detached, B, "mn is attached nowhere; only an attached node can be handed over"),
        (attached, B, "mn is already at s2:1"),
        (prepared, B, "mn is already at s2:1"),
        (draining, A, "mn has just left s1:1; its old path there is not drained yet"),
    ],
)
def test_refused_preparations(make: Callable[[], Node], place: tuple[str, int], reason: str) -> None:
    node = make()
    with pytest.raises(HandoverRefusedError) as error:
        step(node.bce, PrepareHandover(node.attachment(place)), node.now, LIFETIMES)
    assert str(error.value) == reason


# Draining, detaching, expiring


def test_draining_goes_in_two_steps() -> None:
    """First the switch left behind stops to send on, then it stops to accept: never the other way round."""
    node = draining()
    (path,) = (d.attachment.path_id for d in node.bce.draining)
    node.do(DrainExpired(path))
    assert [d.bindings_kept for d in node.bce.draining] == [False]
    node.do(DrainExpired(path))
    assert node.bce.draining == ()


def test_a_gone_node_keeps_its_prefixes_for_its_return() -> None:
    node = detached()
    assert len(node.bce.hnps) == 2
    assert node.timers[TimerKind.HOLD, None] == node.now + LIFETIMES.detached_s
    node.do(node.seen(A))
    assert [h.anchor for h in node.bce.hnps if h.deprecated_at is None] == ["s1"]


def test_a_node_that_does_not_return_is_forgotten_and_everything_is_free() -> None:
    node = detached()
    new, effects = step(node.bce, HoldExpired(), node.now, LIFETIMES)
    assert new is None
    assert [(e.anchor, e.quarantine_s) for e in effects if isinstance(e, Release)] == [("s1", 7200), ("s2", 7200)]


def test_a_deprecated_prefix_ends_and_the_native_one_does_not() -> None:
    node = attached()
    native = node.bce.hnp_of("s2")
    node.do(node.timer_event((TimerKind.PREFIX, prefix_of("s1"))))
    assert node.bce.hnps == (native,)
    assert node.released == [prefix_of("s1")]


# Anything at all


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_sequence_of_events_keeps_the_entry_sound(data: st.DataObject) -> None:
    """Everything support.Node checks after every event, for walks of places, plans, timers and times."""
    node = Node()
    for _ in range(data.draw(st.integers(1, 30), "length")):
        node.now += data.draw(st.sampled_from((0.0, 0.5, 4.0, 6.0, 100.0)), "later")
        kind = data.draw(st.sampled_from(("seen", "seen", "seen", "prepare", "timer", "gone", "stale")), "kind")
        place = data.draw(st.sampled_from(PLACES), "place")
        link_local = data.draw(st.sampled_from((None, LINK_LOCAL)), "link-local")
        if kind == "seen":
            node.do(node.seen(place, link_local))
        elif kind == "prepare":
            node.try_to(PrepareHandover(node.attachment(place)))
        elif kind == "gone":
            node.do(node.gone())
        elif kind == "timer" and node.timers:
            slots = sorted(node.timers, key=lambda slot: (slot[0].value, str(slot[1])))
            node.do(node.timer_event(data.draw(st.sampled_from(slots), "which")))
        elif kind == "stale":
            node.do(DrainExpired(data.draw(st.integers(900, 999))))


# The checks themselves


def test_the_checks_notice() -> None:
    node = prepared()
    bce, target = node.bce, node.bce.target
    assert bce.serving is not None
    assert target is not None
    wrong = [
        replace(bce, target=replace(target, switch=bce.serving.switch, port=bce.serving.port)),
        replace(bce, target=replace(target, path_id=bce.serving.path_id)),
        replace(bce, hnps=(*bce.hnps, replace(bce.hnps[0], prefix=prefix_of("s1", 7)))),
        replace(bce, hnps=(replace(bce.hnps[0], deprecated_at=None), *bce.hnps[1:])),
        replace(bce, hnps=bce.hnps[:1]),
        replace(bce, serving=None),
    ]
    for entry in wrong:
        with pytest.raises(AssertionError):
            check_entry(entry)
    for new, effects in (
        (replace(bce, target=None), ()),
        (bce, (Advertise(), Forward(bce, bce))),
        (bce, (Forward(FRESH, bce),)),
        (bce, (Forward(bce, FRESH), Forward(bce, bce))),
        (replace(bce, hnps=bce.hnps[1:]), (Forward(bce, replace(bce, hnps=bce.hnps[1:])),)),
    ):
        with pytest.raises(AssertionError):
            check_effects(bce, new, effects)

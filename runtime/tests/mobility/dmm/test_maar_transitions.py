# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Every phase of a MAAR's node meets every event."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from p4dmm.mobility import Advertise
from p4dmm.mobility.access import Attached, Detached, NewLinkLocal, PrefixIdle, Refused
from p4dmm.mobility.dmm.maar import KINDS, TRANSITIONS, Event
from p4dmm.mobility.dmm.maar_state import Phase
from p4dmm.mobility.exchange import Received, Send, TimeReached
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire.mobility import (
    BindingAck,
    BindingError,
    BindingRevocationIndication,
    BindingUpdate,
    Heartbeat,
    ProxyBindingAck,
    ProxyBindingUpdate,
)

from .maar_support import (
    ANOTHER_PLACE,
    CMD,
    HERE,
    MAC,
    NOW,
    OTHER,
    OTHERS,
    OWN,
    PLACE,
    Bench,
    answer,
    attached,
    previous,
    revocation,
    router,
    told_where,
)


def registering() -> Bench:
    bench = Bench()
    bench.do(attached())
    return bench


def serving() -> Bench:
    bench = Bench()
    bench.served(*previous(OTHER, OTHERS, router(2)))
    return bench


def left_unknown() -> Bench:
    bench = serving()
    bench.do(Detached(PLACE.path_id))
    return bench


def ending() -> Bench:
    bench = left_unknown()
    bench.wait_until(NOW + 99)
    bench.wait()
    return bench


def was_here() -> Bench:
    bench = serving()
    bench.moved_away()
    return bench


def refused() -> Bench:
    bench = registering()
    bench.get(answer(bench.one(ProxyBindingUpdate), status=130))
    return bench


PHASES: dict[Phase, Callable[[], Bench]] = {
    Phase.NEW: Bench,
    Phase.REGISTERING: registering,
    Phase.SERVING: serving,
    Phase.LEFT_UNKNOWN: left_unknown,
    Phase.ENDING: ending,
    Phase.PREVIOUS: was_here,
    Phase.REFUSED: refused,
}


def events(bench: Bench) -> dict[type, list[Event]]:
    """Of every kind, good and bad ones."""
    now = bench.now
    good = told_where(OTHER, sequence=99, at=now + 0.1)
    pending = bench.state.pending
    acks = [answer(good), answer(good, status=130)]
    if pending is not None:
        acks += [answer(pending.update), answer(pending.update, status=152), answer(pending.update, lifetime=9)]
    update = Received(good, CMD, HERE)
    return {
        Attached: [attached(), attached(ANOTHER_PLACE), replace(attached(), offers=())],
        Detached: [Detached(PLACE.path_id), Detached(4711)],
        NewLinkLocal: [NewLinkLocal(MAC.link_local())],
        PrefixIdle: [PrefixIdle(OTHERS), PrefixIdle(OWN)],
        Refused: [
            Refused("full", update),
            Refused("full", attached()),
            Refused("full", TimeReached()),
            *(Refused("full", Received(ack, CMD, HERE)) for ack in acks),
        ],
        TimeReached: [TimeReached()],
        ProxyBindingAck: [Received(ack, source, HERE) for ack in acks for source in (CMD, OTHER)],
        ProxyBindingUpdate: [
            update,
            Received(good, OTHER, HERE),
            Received(told_where(None, sequence=99, at=now + 0.1), CMD, HERE),
            Received(told_where(OTHER, sequence=99, at=now + 0.1, lifetime=0), CMD, HERE),
        ],
        BindingRevocationIndication: [
            Received(revocation(OWN), CMD, HERE),
            Received(revocation(OTHERS), CMD, HERE),
            Received(revocation(), OTHER, HERE),
        ],
        BindingError: [Received(BindingError(status=2, home_address=CMD), CMD, HERE)],
    }


def test_the_table_is_whole() -> None:
    assert set(TRANSITIONS) == {(phase, kind) for phase in Phase for kind in KINDS}
    assert set(PHASES) == set(Phase)
    assert set(events(Bench())) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
def test_every_event_in_every_phase(phase: Phase, kind: type) -> None:
    bench = PHASES[phase]()
    assert bench.state.phase is phase
    handler = TRANSITIONS[phase, kind]
    for event in events(bench)[kind]:
        before = bench.state
        new, outputs = bench.role.step(before, event, bench.now)
        if handler is None:
            assert (new, outputs) == (None if phase is Phase.NEW else before, ())
            continue
        after = bench.role.initial(before.mn_id) if new is None else new
        assert after.phase is not Phase.NEW or new is None
        assert len(bench.role.views(after)) <= 1
        assert len(bench.role.prefixes(after)) <= 1
        for view in bench.role.views(after):
            assert view.attachment is None or view.serving is None
            assert view.prefixes
        for output in outputs:
            assert isinstance(output, Send | Advertise)
            if isinstance(output, Advertise):
                assert after.phase is Phase.SERVING
            else:
                assert output.source == HERE
        if after.phase in {Phase.SERVING, Phase.LEFT_UNKNOWN}:
            assert phase in {Phase.SERVING, Phase.LEFT_UNKNOWN} or kind is ProxyBindingAck
            assert after.expires_at is not None
        if after.phase is Phase.PREVIOUS:
            assert after.anchor_ends_at is not None or after.own_prefix is None
        if phase is not Phase.NEW and after.phase in {Phase.SERVING, Phase.REGISTERING, Phase.PREVIOUS}:
            gone = before.own_prefix != after.own_prefix
            assert not gone or kind in {BindingRevocationIndication, ProxyBindingUpdate}


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
def test_what_no_role_of_this_kind_gets_is_ignored(phase: Phase) -> None:
    bench = PHASES[phase]()
    update = told_where(OTHER, sequence=99, at=bench.now + 0.1)
    others = (
        Heartbeat(sequence=1),
        BindingUpdate(sequence=1, lifetime=1),
        BindingAck(sequence=1, lifetime=1),
        replace(update, options=(MobileNodeId.nai("other@example.net").option, *update.options[1:])),
    )
    for message in others:
        new, outputs = bench.role.step(bench.state, Received(message, CMD, HERE), bench.now)
        assert (new, outputs) == (None if phase is Phase.NEW else bench.state, ())


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
def test_time_always_goes_on(phase: Phase) -> None:
    """Whatever was due has been done: the next time is later, or the node is forgotten."""
    bench = PHASES[phase]()
    for _ in range(50):
        due = bench.role.due(bench.state)
        if due is None:
            break
        bench.wait()
        next_due = bench.role.due(bench.state)
        assert next_due is None or next_due > bench.now

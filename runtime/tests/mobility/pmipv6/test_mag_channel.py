# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A gateway and an anchor over a channel that loses, doubles, delays and reorders what passes."""

import os
from dataclasses import replace
from heapq import heappop, heappush
from ipaddress import IPv6Network
from itertools import count, pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.mobility.access import Detached
from p4dmm.mobility.exchange import TimeReached, ticks
from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.pmipv6.mag import Reregister
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.wire.mobility import ProxyBindingAck, ProxyBindingUpdate, Timestamp, is_newer, is_rejection
from tests.mobility.pmipv6.mag_support import (
    LMA,
    MAG,
    P1,
    P2,
    P3,
    PORT_1,
    PORT_2,
    START,
    Gateway,
    answer,
    attached,
    revocation,
    with_parameters,
)

EXAMPLES = 3000 if os.environ.get("P4DMM_SOAK") else 120
PARAMETERS = with_parameters(lifetime_s=40, registration_copies=4, max_retries=3, retry_s=10.0)


class Sent(NamedTuple):
    """A request as it left."""

    at: float
    update: ProxyBindingUpdate
    life: int
    """Of the node at the gateway: sequence numbers begin anew when it has been forgotten."""


class Anchor:
    """Accepts what is fresh, unless the script says another status; what it has said is remembered."""

    def __init__(self, script):
        self.script = script
        self.freshness = Freshness()
        self.granted = []

    def answer(self, update, now):
        """The acknowledgement that leaves."""
        rejection = self.freshness.rejection(update, MAG, now, window_s=3)
        if rejection is not None:
            return answer(update, rejection)
        status, prefixes = self.script.pop(0) if self.script else (0, (P1,))
        if not is_rejection(status):
            self.freshness = self.freshness.accept(update, MAG)
            self.granted.append((update, prefixes))
        return answer(update, status, prefixes=prefixes)


class World:
    """What is on its way, in the order of its arrival."""

    def __init__(self, script, weather):
        self.gateway = Gateway(PARAMETERS)
        self.anchor = Anchor(script)
        self.weather = weather
        self.queue, self.numbers = [], count()
        self.requests, self.life = [], 0
        self.promised = {}
        """Prefix -> until when it was granted, of answers that have arrived."""

    def pass_on(self, message):
        """Put a message on its way, as often and for as long as the weather says."""
        for delay in next(self.weather, (0.01,)):
            heappush(self.queue, (self.gateway.now + delay, next(self.numbers), message))

    def run(self, until):
        """Let everything happen that is due by then."""
        while True:
            gateway = self.gateway
            due = None if gateway.state is None else gateway.mag.due(gateway.state)
            arrival = self.queue[0][0] if self.queue else None
            times = [at for at in (due, arrival) if at is not None and at <= until]
            if not times:
                gateway.now = until
                return
            gateway.now = max(gateway.now, min(times))
            if arrival is not None and arrival <= gateway.now:
                self.arrives(heappop(self.queue)[2])
            else:
                self.do(TimeReached())

    def arrives(self, message):
        if isinstance(message, ProxyBindingUpdate):
            self.pass_on(self.anchor.answer(message, self.gateway.now))
        elif not hasattr(message, "status"):
            if isinstance(message.message, ProxyBindingAck):
                self.note(message.message)
            self.do(message)

    def note(self, ack):
        """What the node may have from now on, if this is an answer to the last request."""
        sent = self.requests[-1]
        if is_rejection(ack.status) or ack.option(Timestamp) != sent.update.option(Timestamp):
            return
        for update, prefixes in self.anchor.granted:
            if update.option(Timestamp) == sent.update.option(Timestamp):
                self.promised |= dict.fromkeys(prefixes, sent.at + update.lifetime_s)

    def do(self, event):
        gateway = self.gateway
        for message in gateway.do(event):
            if isinstance(message, ProxyBindingUpdate):
                self.requests.append(Sent(gateway.now, message, self.life))
            self.pass_on(message)
        self.life += gateway.state is None
        for view in gateway.views:
            for routed in view.prefixes:
                # Nothing is advertised but what the anchor has granted, and for no longer.
                assert routed.valid_until <= self.promised[routed.prefix]
        if isinstance(event, Detached) and gateway.state is not None and gateway.state.attachment is None:
            self.promised = {}

    def check_requests(self):
        for earlier, later in pairwise(self.requests):
            if earlier.life == later.life:
                assert is_newer(later.update.sequence, earlier.update.sequence)
            assert ticks(later.update.option(Timestamp)) > ticks(earlier.update.option(Timestamp))


STATUSES = st.sampled_from([0, 0, 0, 0, 0, 1, 128, 130, 152, 155, 159])
PREFIX_SETS = st.sampled_from([(P1,), (P1,), (P2, P1), (P3,), (), (IPv6Network("2001:db8::/48"),)])
SCRIPTS = st.lists(st.tuples(STATUSES, PREFIX_SETS), max_size=8)
DELAYS = st.lists(st.sampled_from([0.01, 0.01, 0.2, 1.5, 5.0]), max_size=3)
WEATHER = st.lists(DELAYS, max_size=40)
PAUSES = st.sampled_from([0.0, 0.05, 0.5, 2.0, 15.0, 45.0])
EVENTS = st.sampled_from(
    [
        attached(PORT_1),
        attached(PORT_1),
        attached(PORT_2),
        Detached(PORT_1.path_id),
        Detached(PORT_2.path_id),
        Reregister(),
        revocation(1),
        revocation(4),
        revocation(7, prefixes=()),
    ]
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(EVENTS, PAUSES), min_size=1, max_size=10), SCRIPTS, WEATHER)
def test_every_run_settles_and_nothing_is_promised_that_was_not_granted(events, script, weather):
    world = World(list(script), iter(weather))
    gateway = world.gateway
    for event, pause in events:
        world.do(event)
        world.run(gateway.now + pause)
    # The weather clears up; the node is attached and somebody has looked after what was refused.
    world.weather, world.anchor.script = iter(()), []
    world.run(gateway.now + 200)
    world.do(attached(PORT_1))
    world.do(Reregister())
    world.run(gateway.now + 60)
    assert gateway.phase is MagPhase.REGISTERED
    assert gateway.prefixes == (P1,)
    # It leaves: nothing is forwarded from there on, and after a bounded time nothing is remembered or sent.
    for port in (PORT_1, PORT_2):
        world.do(Detached(port.path_id))
    assert not gateway.views
    world.run(gateway.now + 10)
    assert gateway.phase is MagPhase.IDLE
    assert not world.queue
    world.check_requests()


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(st.lists(st.tuples(EVENTS, PAUSES), min_size=1, max_size=10))
def test_an_anchor_that_never_answers_is_left_alone_after_a_bounded_time(events):
    world = World([], iter([()] * 10_000))
    gateway = world.gateway
    for event, pause in events:
        world.do(event)
        world.run(gateway.now + pause)
        assert not gateway.views
    world.run(gateway.now + 1_000)
    assert gateway.state is None or gateway.mag.due(gateway.state) is None
    per_attempt = PARAMETERS.registration_copies + PARAMETERS.deregistration_copies
    assert len(world.requests) <= len(events) * (PARAMETERS.max_retries + 1) * per_attempt
    world.check_requests()


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(st.lists(st.sampled_from(["attach", "leave"]), min_size=1, max_size=8), st.data())
def test_no_acknowledgement_made_up_by_a_stranger_changes_anything(steps, data):
    gateway = Gateway(PARAMETERS)
    for step in steps:
        gateway.do(attached(PORT_1) if step == "attach" else Detached(PORT_1.path_id))
        if not gateway.sent:
            continue
        update = gateway.last_update
        guess = data.draw(st.integers(0, 65535).filter(lambda n, real=update.sequence: n != real))
        stamp = data.draw(st.integers(0, 2**32))
        before = gateway.state
        forged = answer(update, data.draw(STATUSES), sequence=guess)
        gateway.do(forged)
        other = tuple(
            Timestamp(seconds=stamp, fraction=0) if isinstance(option, Timestamp) else option
            for option in forged.message.options
        )
        gateway.do(replace(forged, message=replace(forged.message, sequence=update.sequence, options=other)))
        gateway.do(replace(answer(update), source=MAG))
        gateway.do(replace(answer(update), destination=LMA))
        assert gateway.state == before
    assert gateway.now == START

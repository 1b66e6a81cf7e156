# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A CMD and scripted MAARs over a network that loses, copies, delays and reorders: whatever it does to which message,
the CMD ends with the node at its last place, every former anchor knows that place, and nothing is left waiting."""

import heapq
import itertools
import os
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdParameters
from p4dmm.mobility.exchange import PendingUpdate, Received, Send, begin
from p4dmm.mobility.freshness import Freshness
from p4dmm.wire.mobility import (
    BaStatus,
    BindingRevocationAck,
    BindingRevocationIndication,
    HomeNetworkPrefix,
    Message,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    ServingMaar,
    Timestamp,
)

from .cmd_support import CMD, MAARS, Site, bra, home, over_the_wire, pba, pbu, prefix_of, previous_maars

SOAK = bool(os.environ.get("P4DMM_SOAK"))
WINDOW_S = 0.3
OWN_CLOCK = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)
SETTLED_S = 200.0
"""Longer than every backoff."""


@dataclass
class Maar:
    """As much of a MAAR as the CMD can notice."""

    address: IPv6Address
    is_attached: bool = False
    knows: bool = False
    serving: IPv6Address | None = None
    """Where the CMD says the node is; remembered until the CMD has accepted that it is here."""
    pending: PendingUpdate | None = None
    retiring: PendingUpdate | None = None
    p_maars: list[IPv6Address] = field(default_factory=list)
    sequence: int = 0
    fresh: Freshness = field(default_factory=Freshness)

    def ask(self, now: float, **what) -> PendingUpdate:
        self.sequence += 1
        return begin(
            pbu(self.address, 0, now, **what), source=self.address, peer=CMD, last_sequence=self.sequence, now=now
        )

    def attach(self, now: float) -> list[Send]:
        self.is_attached = self.knows = True
        self.pending, self.p_maars = self.ask(now), []
        return [self.pending.sending]

    def extend(self, now: float) -> list[Send]:
        self.pending = self.ask(now, indicator=5)
        return [self.pending.sending]

    def retire(self, anchor: IPv6Address, now: float) -> list[Send]:
        self.retiring = self.ask(now, lifetime=0, prefixes=(prefix_of(anchor),))
        return [self.retiring.sending]

    def detach(self) -> None:
        self.is_attached = False
        self.pending = self.retiring = None

    def time(self, now: float) -> list[Send]:
        sends = []
        for name in ("pending", "retiring"):
            waiting = getattr(self, name)
            if waiting is not None and waiting.repeat_at <= now:
                setattr(self, name, waiting.repeated(now))
                self.sequence = getattr(self, name).update.sequence
                sends.append(getattr(self, name).sending)
        return sends

    def due(self) -> list[float]:
        return [waiting.repeat_at for waiting in (self.pending, self.retiring) if waiting is not None]

    def receive(self, received: Received, mode: CmdMode, now: float) -> list[Send]:
        match received.message:
            case ProxyBindingAck():
                self._answered(received)
                return []
            case ProxyBindingUpdate():
                return self._told(received, mode, now)
            case BindingRevocationIndication():
                status = RevocationStatus.REVOCATION_FAILED_MN_IS_ATTACHED
                if not self.is_attached:
                    status = RevocationStatus.SUCCESS if self.knows else RevocationStatus.BINDING_DOES_NOT_EXIST
                    self.knows = False
                return [Send(bra(received.message, status), self.address, CMD)]
        raise AssertionError(received)

    def _answered(self, received: Received) -> None:
        ack = received.message
        if self.retiring is not None and self.retiring.is_answered_by(received) and ack.status not in OWN_CLOCK:
            assert (ack.status, ack.lifetime) == (0, 0)
            self.retiring = None
        if self.pending is not None and self.pending.is_answered_by(received) and ack.status not in OWN_CLOCK:
            assert ack.status == BaStatus.ACCEPTED
            assert ack.option(HomeNetworkPrefix) == home(prefix_of(self.address))
            self.pending = self.serving = None
            self.p_maars = [address for address, _ in previous_maars(ack)]

    def _told(self, received: Received, mode: CmdMode, now: float) -> list[Send]:
        update = received.message
        status = self.fresh.rejection(update, CMD, now, window_s=WINDOW_S)
        if status is not None:
            return [Send(pba(update, status=status), self.address, CMD)]
        if not self.knows:
            return [Send(pba(update, status=BaStatus.REASON_UNSPECIFIED), self.address, CMD)]
        self.fresh = self.fresh.accept(update, CMD)
        assert update.all_options(HomeNetworkPrefix) == (home(prefix_of(self.address)),)
        self.serving = update.option(ServingMaar).address
        sends = [Send(pba(update), self.address, CMD)]
        if mode is CmdMode.LOCATOR:
            sends.append(Send(pba(update), self.address, self.serving))
        return sends


class Network:
    """Delivers, or not, and runs everybody's timers."""

    def __init__(self, mode: CmdMode, most: int, chance: Random) -> None:
        parameters = CmdParameters(
            address=CMD, mode=mode, previous_maars_max=most, timestamp_validity_window_s=WINDOW_S, revocations_max=3
        )
        self.site = Site(parameters=parameters)
        self.mode, self.most, self.chance = mode, most, chance
        self.maars = {address: Maar(address) for address in MAARS}
        self.is_bad = True
        self.way: list[tuple[float, int, Send]] = []
        self.number = itertools.count()
        self.asked: dict[IPv6Address, tuple[int, object]] = {}
        self.served: set[IPv6Address] = set()
        self.retired: set[IPv6Address] = set()
        """Anchors given up that the CMD has not had the node at since."""

    def send(self, sends: list[Send]) -> None:
        for send in sends:
            if send.source == CMD and isinstance(send.message, ProxyBindingUpdate):
                self.asked[send.destination] = _stamp(send.message)
            copies = self.chance.choice((0, 1, 1, 1, 2, 3)) if self.is_bad else 1
            for _ in range(copies):
                delay = self.chance.choice((0.001, 0.01, 0.1, 0.2, 0.6)) if self.is_bad else 0.001
                heapq.heappush(self.way, (self.site.now + delay, next(self.number), send))

    def run(self, until: float) -> None:
        for _ in range(20_000):
            due = [at for maar in self.maars.values() for at in maar.due()]
            if self.site.state is not None:
                due.append(self.site.cmd.due(self.site.state))
            due += [at for at, _, _ in self.way[:1]]
            at = min(due, default=until)
            if at >= until:
                self.site.now = until
                return
            self.site.now = max(self.site.now, at)
            if self.way and self.way[0][0] <= self.site.now:
                self.deliver(heapq.heappop(self.way)[2])
                continue
            for maar in self.maars.values():
                self.send(maar.time(self.site.now))
            if self.site.state is not None and self.site.cmd.due(self.site.state) <= self.site.now:
                self.send(self.site.wait())
                self.check()
        raise AssertionError(f"no end of it at {self.site.now}: {self.site.state}")

    def deliver(self, send: Send) -> None:
        if send.destination != CMD:
            read = over_the_wire(send.message, send.source, send.destination)
            received = Received(read, send.source, send.destination)
            self.send(self.maars[send.destination].receive(received, self.mode, self.site.now))
            return
        before = self.site.state
        self.send(self.site.receive(send.message, send.source))
        is_answer = isinstance(send.message, ProxyBindingAck) and send.message.status not in OWN_CLOCK
        if is_answer and _stamp(send.message) != self.asked[send.source]:
            assert self.site.state == before, "a stale answer has an effect"
        self.check()

    def check(self) -> None:
        """What holds at any time."""
        if self.site.state is None:
            return
        node, listed = self.site.node, self.site.p_maars
        assert node.serving is not None
        self.served.add(node.serving.address)
        self.retired.discard(node.serving.address)
        assert node.serving.address not in listed
        assert len(set(listed)) == len(listed) <= self.most
        assert set(listed) <= self.served
        assert len(node.revocations) <= 3


def _stamp(message: Message) -> tuple[int, object]:
    return message.sequence, message.option(Timestamp)


@settings(
    max_examples=2000 if SOAK else 60,
    derandomize=not SOAK,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    mode=st.sampled_from(CmdMode),
    most=st.sampled_from((2, 8)),
    moves=st.lists(
        st.tuples(st.sampled_from(MAARS), st.sampled_from((0.05, 0.3, 1.1, 4.0)), st.booleans()), min_size=1, max_size=9
    ),
    chance=st.integers(0, 2**32).map(Random),
)
def test_every_run_settles_with_the_node_at_its_last_place(mode, most, moves, chance):
    network = Network(mode, most, chance)
    here: Maar | None = None
    for place, pause, gives_up in moves:
        if here is None or here.address != place:
            if here is not None:
                here.detach()
            here = network.maars[place]
            network.send(here.attach(network.site.now))
        elif gives_up and here.pending is None and here.p_maars:
            network.retired.add(here.p_maars[0])
            network.send(here.retire(here.p_maars[0], network.site.now))
        network.run(network.site.now + pause)
    assert here is not None
    network.is_bad = False
    network.run(network.site.now + SETTLED_S)

    site = network.site
    assert site.node.serving.address == here.address
    assert here.pending is None
    assert here.retiring is None
    assert [anchor for anchor in site.node.previous if anchor.pending is not None] == []
    assert site.node.revocations == ()
    assert site.node.registration.answer_at is None
    assert network.way == []
    for address in site.p_maars:
        assert network.maars[address].serving == here.address
    if most == 8:
        anchoring = {address for address in network.served - {here.address} if network.maars[address].knows}
        assert anchoring - network.retired <= set(site.p_maars)
    network.send(here.extend(site.now))
    network.run(site.now + 1.0)
    assert here.p_maars == site.p_maars
    assert isinstance(site.node.registration.update, ProxyBindingUpdate)


def test_the_script_answers_revocations():
    """Lest the property holds for want of them."""
    maar = Maar(MAARS[0], knows=True)
    indication = BindingRevocationIndication(trigger=1, sequence=1, proxy_binding=True)
    (send,) = maar.receive(Received(indication, CMD, maar.address), CmdMode.RELAY, 0.0)
    assert isinstance(send.message, BindingRevocationAck)
    assert (send.message.status, maar.knows) == (RevocationStatus.SUCCESS, False)

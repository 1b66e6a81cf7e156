# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A local mobility anchor under any sequence of updates, lost, copied and late, from several gateways."""

import os
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from ipaddress import IPv6Address, IPv6Network

from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.mobility.exchange import Send
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.binding import LmaNode, Phase
from p4dmm.mobility.pmipv6.lma import Revoke
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import BaStatus, Message, ProxyBindingAck, ProxyBindingUpdate, Timestamp

from .lma_support import (
    LLI_A,
    LLI_B,
    LTE,
    MAG1,
    MAG2,
    MAG3,
    MN,
    OTHER,
    PARAMETERS,
    STATIC,
    WLAN,
    Anchor,
    home,
    homes_of,
    update,
)

SOAK = bool(os.environ.get("P4DMM_SOAK"))
NODES = (MN, OTHER)
REPLAYED = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)
LIMITED = replace(PARAMETERS, bindings_per_node=3, waiting_per_node=2, former_gateways=2, drain_s=0.2)

nodes = st.sampled_from(NODES)
gateways = st.sampled_from((MAG1, MAG2, MAG3))
prefixes = st.one_of(
    st.just((None,)),
    st.just((None,)),
    st.lists(st.sampled_from((None, STATIC, *(home(n) for n in range(4)))), min_size=1, max_size=2).map(tuple),
)
updates = st.tuples(
    st.just("update"),
    nodes,
    gateways,
    st.fixed_dictionaries(
        {
            "hnps": prefixes,
            "hi": st.sampled_from((1, 2, 3, 3, 4, 4, 4, 5)),
            "att": st.sampled_from((WLAN, WLAN, WLAN, LTE)),
            "lli": st.sampled_from((LLI_A, LLI_B, None)),
            "lifetime": st.sampled_from((0, 1, 100, 100, 100)),
        }
    ),
    st.sampled_from((0.0, 0.0, 0.0, 0.0, 0.0, -0.1, 0.2, -9.0, None)),
)
own_ends = st.tuples(st.just("end"), nodes, st.integers(0, 5))
others = (
    own_ends,
    own_ends,
    st.tuples(st.just("copy"), st.integers(0, 40)),
    st.tuples(st.just("time"), st.sampled_from((0.001, 0.25, 1.0, 1.6, 5.0, 11.0))),
    st.tuples(st.just("revoke"), nodes, st.integers(0, 5)),
    st.tuples(st.just("answer"), nodes, st.sampled_from((0, 128, 132))),
    st.tuples(st.just("room"), st.sampled_from((True, True, False))),
)
# Not one_of, which takes a strategy that is there several times for one.
actions = st.sampled_from((*others, *(updates,) * 8)).flatmap(lambda strategy: strategy)


@dataclass
class Run:
    """An anchor, and what has been sent to it."""

    anchor: Anchor
    sent: list[tuple[ProxyBindingUpdate, IPv6Address, MobileNodeId]] = field(default_factory=list)
    accepted: set[int] = field(default_factory=set)
    """Sequence numbers; every update has one of its own."""
    stamps: dict[MobileNodeId, int] = field(default_factory=dict)

    def sessions(self) -> dict[tuple[MobileNodeId, tuple[IPv6Network, ...]], Phase]:
        return {
            (mn_id, binding.prefixes): binding.phase
            for mn_id, state in self.anchor.nodes.items()
            for binding in state.bindings
        }

    def do(self, action: tuple) -> None:
        kind, *rest = action
        self.anchor.now += 0.01
        before = self.sessions()
        self.look(getattr(self, kind)(*rest), before, may_end=kind in ("time", "answer"))

    def update(self, mn_id, source, wanted, offset) -> list[Send]:
        at = None if offset is None else self.anchor.now + offset
        self.anchor.sequence += 1
        message = update(mn_id, at=at, sequence=self.anchor.sequence, **wanted)
        self.sent.append((message, source, mn_id))
        return self.anchor.receive(message, source, revocation_sequence=self.anchor.sequence)

    def end(self, mn_id, which) -> list[Send]:
        """As a gateway would: with the prefixes it was given, on the interface it has registered."""
        bindings = self.anchor.state(mn_id).bindings
        if not bindings:
            return []
        binding = bindings[which % len(bindings)]
        named = binding.link_layer_id if any(binding.link_layer_id) else None
        self.anchor.now += 0.001
        wanted = {"hnps": binding.prefixes, "hi": 4, "att": binding.technology, "lli": named, "lifetime": 0}
        sent = self.update(mn_id, binding.proxy_coa, wanted, 0.0)
        if any(one.message.status == BaStatus.ACCEPTED and one.message.lifetime == 0 for one in sent):
            # Unless another gateway has waited for it.
            assert self.sessions()[mn_id, binding.prefixes] is not Phase.REGISTERED or len(sent) > 1
        return sent

    def copy(self, which) -> list[Send]:
        """The network delivers an update again."""
        if not self.sent:
            return []
        message, source, mn_id = self.sent[which % len(self.sent)]
        old = self.anchor.state(mn_id)
        answers = self.anchor.receive(message, source)
        if message.sequence in self.accepted and message.option(Timestamp) is not None:
            # Whether the node is known or not: the window ends before its timestamp is forgotten.
            assert self.anchor.state(mn_id) == old
            assert all(answer.message.status in REPLAYED for answer in answers)
        return answers

    def time(self, seconds) -> list[Send]:
        end, sent = self.anchor.now + seconds, []
        for mn_id in NODES:
            self.anchor.now = end - seconds
            sent += self.anchor.later(seconds, mn_id)
            state = self.anchor.nodes.get(mn_id)
            assert state is None or self.anchor.role.due(state) > end
        return sent

    def revoke(self, mn_id, which) -> list[Send]:
        bindings = self.anchor.state(mn_id).bindings
        if not bindings:
            return []
        self.anchor.sequence += 1
        return self.anchor.do(Revoke(bindings[which % len(bindings)].prefixes[0], self.anchor.sequence), mn_id)

    def answer(self, mn_id, status) -> list[Send]:
        for pending in self.anchor.state(mn_id).revocations[:1]:
            return self.anchor.bra(status, pending.indication.sequence, pending.peer, mn_id=mn_id)
        return []

    def room(self, there_is) -> list[Send]:
        self.anchor.refuses = not there_is
        return []

    def look(self, outputs: list[Send], before, *, may_end: bool) -> None:
        after = self.sessions()
        acks = [sent.message for sent in outputs if isinstance(sent.message, ProxyBindingAck)]
        granted = [ack for ack in acks if ack.status == BaStatus.ACCEPTED]
        self.accepted |= {ack.sequence for ack in granted}
        named = {frozenset(homes_of(ack)) for ack in granted if ack.lifetime}
        for mn_id, held in after.keys() - before.keys():
            assert frozenset(held) in named, f"{mn_id} has {held} and nobody was told"
        assert may_end or before.keys() <= after.keys()
        for (mn_id, held), phase in after.items():
            revived = phase is Phase.REGISTERED and before.get((mn_id, held), phase) is not Phase.REGISTERED
            assert not revived or frozenset(held) in named
        everything = [prefix for _, held in after for prefix in held]
        assert len(everything) == len(set(everything)), "a prefix in two sessions"
        for mn_id, state in self.anchor.nodes.items():
            self.bounds(state)
            stamp = state.freshness.timestamp or 0
            assert stamp >= self.stamps.get(mn_id, 0)
            self.stamps[mn_id] = stamp
        self.stamps = {mn_id: stamp for mn_id, stamp in self.stamps.items() if mn_id in self.anchor.nodes}

    def bounds(self, state: LmaNode) -> None:
        limits = self.anchor.parameters
        assert len(state.bindings) <= limits.bindings_per_node
        assert len(state.waiting) <= limits.waiting_per_node
        assert len(state.revocations) <= 2 * limits.bindings_per_node
        assert all(len(binding.former) <= limits.former_gateways for binding in state.bindings)
        due = self.anchor.role.due(state)
        assert due is not None
        assert_storable(state)


def assert_storable(value: object) -> None:
    """Only what the store can keep."""
    plain = (str, int, float, bool, bytes, Enum, type(None), IPv6Address, IPv6Network, MacAddress, Message)
    if isinstance(value, plain):
        return
    if isinstance(value, tuple | frozenset):
        for item in value:
            assert_storable(item)
        return
    assert is_dataclass(value), f"{type(value).__name__} in the state"
    assert type(value).__dataclass_params__.frozen
    for one in fields(value):
        assert_storable(getattr(value, one.name))


def fresh_run(*, revokes: bool) -> Run:
    profiles = {MN: NodeProfile(MN, prefixes=(STATIC,)), OTHER: NodeProfile(OTHER, prefixes_per_interface=2)}
    parameters = replace(LIMITED, revokes_at_handover=revokes)
    return Run(Anchor(parameters=parameters, profiles=profiles, pool_size=4))


@settings(max_examples=3000 if SOAK else 100, deadline=None, derandomize=not SOAK)
@given(st.lists(actions, min_size=12, max_size=40), st.booleans())
def test_any_sequence(steps, revokes):
    run = fresh_run(revokes=revokes)
    for action in steps:
        run.do(action)
    run.do(("room", True))
    run.do(("time", 1000.0))
    assert run.anchor.nodes == {}

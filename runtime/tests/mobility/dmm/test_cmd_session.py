# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How a node's session at a CMD ends, as a whole or one old anchor after the other (RFC 8885 section 3.5, RFC 5213
section 5.3.5, RFC 5846), and which events matter in which phase."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.dmm.cmd import TRANSITIONS, Happening
from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdParameters, Phase, UpdateReceived
from p4dmm.mobility.exchange import Received, TimeReached
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire.mobility import (
    AlternateCareOfAddress,
    BindingError,
    BindingRevocationAck,
    BindingRevocationIndication,
    Heartbeat,
    HomeNetworkPrefix,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    ServingMaar,
    encode_mobility,
)

from .cmd_support import CMD, MN, MODES, A, B, C, Site, bra, home, kinds, pba, pbu, prefix_of, previous_maars

PREF1 = "1612004020010db8000010000000000000000000"


def at_c(mode: CmdMode = CmdMode.RELAY, **what) -> Site:
    """A node that came from A by B."""
    site = Site(mode, **what)
    for maar in (A, B, C):
        site.move(maar)
    site.later(1.0)
    return site


def end(site: Site, maar: IPv6Address, **what):
    return site.register(maar, lifetime=0, **what)


def revoked(outputs) -> list[tuple[IPv6Address, tuple[HomeNetworkPrefix, ...]]]:
    return [
        (send.destination, send.message.all_options(HomeNetworkPrefix))
        for send in outputs
        if isinstance(send.message, BindingRevocationIndication)
    ]


# The whole session.


@pytest.mark.parametrize("mode", MODES)
def test_the_s_maar_ends_the_session_and_then_its_p_maars_are_told(mode):
    site = at_c(mode)
    (send,) = end(site, C)
    assert (send.destination, send.message.status, send.message.lifetime) == (C, 0, 0)
    assert send.message.option(HomeNetworkPrefix) == home(prefix_of(C))
    assert site.wait(9.9) == []
    told = site.wait(0.1)
    assert revoked(told) == [(A, (home(prefix_of(A)),)), (B, (home(prefix_of(B)),))]
    assert site.node.phase is Phase.REVOKING
    assert site.receive(bra(told[0].message), A) == []
    assert site.receive(bra(told[1].message), B) == []
    assert site.state is None


def test_a_node_without_p_maars_is_forgotten_in_silence():
    site = Site()
    site.register(A)
    site.later(1.0)
    end(site, A)
    assert site.wait(10.0) == []
    assert site.state is None


def test_the_end_asked_for_twice_comes_no_later():
    site = Site()
    site.register(A)
    site.later(1.0)
    end(site, A)
    site.later(9.0)
    (send,) = end(site, A)
    assert (send.message.status, send.message.lifetime) == (0, 0)
    site.wait(1.0)
    assert site.state is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", [C, A])
def test_a_node_that_appears_again_in_time_has_its_session_back(mode, place):
    site = at_c(mode)
    end(site, C)
    site.later(8.0)
    (send,) = site.move(place)
    others = [maar for maar in (A, B, C) if maar != place]
    assert previous_maars(send.message) == [(maar, prefix_of(maar)) for maar in others]
    assert site.wait(100.0) == []
    assert site.node.phase is Phase.REGISTERED


@pytest.mark.parametrize("place", [A, B, IPv6Address("2001:db8:a::9")])
def test_nobody_else_ends_it_and_is_told_how_long_it_lasts(place):
    site = at_c()
    before = site.node
    site.later(100.0)
    answer, *_ = end(site, place)
    assert (answer.destination, answer.message.status) == (place, 0)
    assert answer.message.lifetime_s == 196
    assert (site.node.serving, site.node.expires_at, site.node.freshness) == (
        before.serving,
        before.expires_at,
        before.freshness,
    )
    assert set(site.p_maars) == {A, B}


def test_a_p_maar_that_would_end_it_is_told_once_more_where_the_node_is():
    site = at_c()
    site.later(100.0)
    _, told = end(site, A)
    assert (told.destination, told.message.option(ServingMaar).address) == (A, C)
    site.later(0.1)
    assert kinds(end(site, A)) == [(ProxyBindingAck, A)]
    site.answer(told)
    assert all(anchor.pending is None for anchor in site.node.previous)


def test_the_end_of_what_is_not_there_is_answered_with_lifetime_0():
    site = Site()
    (send,) = end(site, A)
    assert (send.message.status, send.message.lifetime) == (0, 0)
    assert site.state is None


def test_the_end_asked_for_by_another_after_the_end_is_answered_with_lifetime_0():
    site = at_c()
    end(site, C)
    site.later(0.1)
    (send,) = end(site, A)
    assert (send.message.status, send.message.lifetime) == (0, 0)


def test_the_s_maar_may_end_it_without_naming_a_prefix():
    site = at_c()
    update = pbu(C, 9, site.now, lifetime=0, prefixes=(IPv6Network("::/0"),))
    (send,) = site.receive(update, C)
    assert (send.message.status, site.node.phase) == (0, Phase.DEREGISTERED)


def test_a_maar_that_signals_from_another_address_may_end_it():
    site = Site()
    elsewhere = AlternateCareOfAddress(address=IPv6Address("2001:db8:e::1"))
    site.register(A, more=(elsewhere,))
    site.later(1.0)
    end(site, A)
    assert site.node.phase is Phase.REGISTERED
    site.later(1.0)
    end(site, A, more=(elsewhere,))
    assert site.node.phase is Phase.DEREGISTERED


def test_a_held_answer_is_not_given_after_the_end():
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    site.later(0.1)
    end(site, B)
    assert site.answer(to_a) == []
    assert site.wait(1.0) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_session_that_is_not_extended_ends_at_its_lifetime(mode):
    site = at_c(mode)
    assert site.wait(298.9) == []
    assert [maar for maar, _ in revoked(site.wait(0.2))] == [A, B]
    assert site.node.phase is Phase.REVOKING


def test_a_node_that_appears_while_the_end_is_told_is_new():
    site = at_c()
    end(site, C)
    told = site.wait(10.0)
    site.later(0.5)
    (send,) = site.register(A)
    assert previous_maars(send.message) == []
    assert [p.peer for p in site.node.revocations] == [B]
    assert site.receive(bra(told[0].message, RevocationStatus.BINDING_DOES_NOT_EXIST), A) == []
    assert site.node.serving.address == A


def test_what_was_sent_before_the_end_does_not_bring_the_node_back():
    site = at_c()
    late = pbu(B, 50, site.now)
    site.later(0.05)
    end(site, C)
    site.wait(10.0)
    (send,) = site.receive(late, B)
    assert send.message.status >= 128
    assert site.node.phase is Phase.REVOKING


# Old anchors.


def test_an_idle_prefix_is_revoked_at_its_anchor_and_named_no_more():
    site = at_c()
    outputs = end(site, C, prefixes=(prefix_of(A),))
    assert kinds(outputs) == [(ProxyBindingAck, C), (BindingRevocationIndication, A)]
    assert (outputs[0].message.status, outputs[0].message.lifetime) == (0, 0)
    assert outputs[0].message.option(HomeNetworkPrefix) == home(prefix_of(A))
    assert revoked(outputs) == [(A, (home(prefix_of(A)),))]
    site.later(1.0)
    (send,) = site.register(C)
    assert previous_maars(send.message) == [(B, prefix_of(B))]
    assert site.node.phase is Phase.REGISTERED


def test_an_indication_has_the_octets_of_rfc_5846():
    site = at_c()
    (_, send) = end(site, C, prefixes=(prefix_of(A),))
    # Type 1, trigger 1 (administrative), flag P.
    head = f"3b06100000000101{send.message.sequence:04x}8000"
    assert encode_mobility(send.message, None, None).hex() == head + (
        "0810016d6e31406578616d706c652e6e6574010400000000" + PREF1
    )


def test_an_idle_prefix_that_is_unknown_is_answered_all_the_same():
    site = at_c()
    end(site, C, prefixes=(prefix_of(A),))
    site.later(1.0)
    (send,) = end(site, C, prefixes=(prefix_of(A),))
    assert (send.message.status, send.message.lifetime) == (0, 0)


def test_an_answer_that_waited_for_the_retired_anchor_only_goes_out():
    site = Site()
    site.register(A)
    site.later(1.0)
    site.register(B)
    site.later(0.1)
    retired = end(site, B, prefixes=(prefix_of(A),))
    assert kinds(retired) == [(ProxyBindingAck, B), (ProxyBindingAck, B), (BindingRevocationIndication, A)]
    assert [send.message.lifetime for send in retired[:2]] == [0, 75]
    assert previous_maars(retired[1].message) == []


def test_one_of_two_prefixes_retired_leaves_the_other_and_copies_do_not_name_it():
    site = Site()
    two = (prefix_of(A), IPv6Network("2001:db8:0:1001::/64"))
    site.register(A, prefixes=two)
    site.later(1.0)
    site.register(B)
    site.later(0.1)
    assert revoked(end(site, B, prefixes=two[:1])) == [(A, (home(two[0]),))]
    site.wait(0.4)
    again = [send for send in site.wait(0.5) if isinstance(send.message, ProxyBindingUpdate)]
    assert [send.message.all_options(HomeNetworkPrefix) for send in again] == [(home(two[1]),)]
    (send,) = site.answer(again[0])
    assert previous_maars(send.message) == [(A, two[1])]


def test_its_own_prefix_among_idle_ones_ends_the_session():
    site = at_c()
    assert revoked(end(site, C, prefixes=(prefix_of(A), prefix_of(C)))) == []
    assert site.node.phase is Phase.DEREGISTERED


def test_an_indication_is_repeated_as_it_was_and_then_given_up():
    site = at_c()
    (_, first) = end(site, C, prefixes=(prefix_of(A),))
    assert site.wait(0.9) == []
    (again,) = site.wait(0.1)
    assert again == first
    assert site.wait(1.9) == []
    assert site.wait(0.1) == []
    assert site.node.revocations == ()


@pytest.mark.parametrize("status", [RevocationStatus.SUCCESS, RevocationStatus.BINDING_DOES_NOT_EXIST])
def test_an_indication_that_is_answered_is_not_repeated(status):
    site = at_c()
    (_, sent) = end(site, C, prefixes=(prefix_of(A),))
    assert site.receive(bra(sent.message, status), A) == []
    assert site.node.revocations == ()
    assert site.wait(5.0) == []


@pytest.mark.parametrize("what", [{"sequence": 1}, {"proxy_binding": False}, {"is_global": True}])
def test_an_answer_to_another_indication_is_none(what):
    site = at_c()
    (_, sent) = end(site, C, prefixes=(prefix_of(A),))
    site.receive(bra(sent.message, **what), A)
    site.receive(bra(sent.message), B)
    site.receive(bra(sent.message), A, destination=B)
    assert len(site.node.revocations) == 1


def test_coming_back_to_a_retired_anchor_ends_its_revocation():
    site = at_c()
    end(site, C, prefixes=(prefix_of(A),))
    site.later(0.5)
    site.move(A)
    assert site.node.revocations == ()
    assert (site.node.serving.address, site.p_maars) == (A, [B, C])


def test_a_revocation_goes_on_unless_its_prefix_is_registered_there_again():
    site = at_c()
    end(site, C, prefixes=(prefix_of(A), prefix_of(B)))
    site.later(0.1)
    site.register(A, prefixes=(IPv6Network("2001:db8:0:1001::/64"),))
    site.later(0.1)
    site.register(IPv6Address("2001:db8:a::9"), prefixes=(prefix_of(B),))
    assert [pending.peer for pending in site.node.revocations] == [A, B]


def test_revocations_are_bounded_and_the_oldest_is_given_up():
    parameters = CmdParameters(address=CMD, mode=CmdMode.RELAY, revocations_max=1)
    site = at_c(parameters=parameters)
    sent = end(site, C, prefixes=(prefix_of(A), prefix_of(B)))
    assert [maar for maar, _ in revoked(sent)] == [A, B]
    assert [p.peer for p in site.node.revocations] == [B]


# The table.


def in_phase(phase: Phase) -> Site:
    """With something pending of every kind that the phase has."""
    site = at_c()
    if phase is Phase.UNKNOWN:
        return Site()
    if phase is Phase.REGISTERED:
        end(site, C, prefixes=(prefix_of(A),))
        site.later(0.1)
        site.register(A)
    if phase is Phase.DEREGISTERED:
        end(site, C)
    if phase is Phase.REVOKING:
        end(site, C)
        site.wait(10.0)
    return site


def events(site: Site):
    """One of each happening that means something where it means anything."""
    place = C if site.state is None or site.node.serving is None else site.node.serving.address
    site.later(0.1)
    yield Happening.REGISTRATION, pbu(place, 90, site.now), place
    yield Happening.DEREGISTRATION, pbu(place, 91, site.now, lifetime=0), place
    pending = [p.pending for p in site.node.previous if p.pending is not None] if site.state is not None else []
    request = pending[0].update if pending else pbu(CMD, 5, site.now)
    yield Happening.UPDATE_ANSWERED, pba(request), pending[0].peer if pending else A
    sent = site.node.revocations[:1] if site.state is not None else ()
    yield (
        Happening.REVOCATION_ANSWERED,
        bra(sent[0].indication) if sent else (BindingRevocationAck(status=0, sequence=1, proxy_binding=True)),
        sent[0].peer if sent else A,
    )
    yield Happening.TIME, None, CMD


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("happening", Happening)
def test_every_event_in_every_phase_is_in_the_table_or_without_effect(phase, happening):
    site = in_phase(phase)
    assert (site.node.phase if site.state is not None else Phase.UNKNOWN) is phase
    message, source = next((m, s) for kind, m, s in events(site) if kind is happening)
    if happening is Happening.TIME:
        site.later(60.0)
    before = site.state
    outputs = site.event(TimeReached()) if message is None else site.receive(message, source)
    if (phase, happening) not in TRANSITIONS:
        assert (site.state, outputs) == (before, [])
        return
    answered = [send for send in outputs if isinstance(send.message, ProxyBindingAck)]
    if happening in (Happening.REGISTRATION, Happening.DEREGISTRATION):
        assert answered or site.node.registration.answer_at is not None
    if happening is Happening.REGISTRATION:
        assert site.node.phase is Phase.REGISTERED


def test_the_table_leaves_out_answers_nobody_waits_for_only():
    pairs = {(phase, happening) for phase in Phase for happening in Happening}
    assert pairs - set(TRANSITIONS) == {
        (Phase.UNKNOWN, Happening.UPDATE_ANSWERED),
        (Phase.UNKNOWN, Happening.REVOCATION_ANSWERED),
        (Phase.UNKNOWN, Happening.TIME),
        (Phase.REVOKING, Happening.UPDATE_ANSWERED),
    }


@pytest.mark.parametrize(
    "message",
    [
        BindingRevocationIndication(trigger=1, sequence=1, proxy_binding=True, options=(MN.option,)),
        BindingError(status=2, home_address=IPv6Address(0)),
        Heartbeat(sequence=1),
    ],
)
def test_other_messages_mean_nothing_to_a_node(message):
    site = at_c()
    before = site.state
    assert site.receive(message, A) == []
    assert site.state == before


def test_an_update_without_what_its_checks_need_is_the_callers_mistake():
    site = at_c()
    with pytest.raises(TypeError, match="BindingRevocationAck"):
        site.event(UpdateReceived(Received(BindingRevocationAck(status=0, sequence=1), A, CMD), site.profile))


@pytest.mark.parametrize("mode", MODES)
def test_time_that_has_not_come_does_nothing(mode):
    site = at_c(mode)
    end(site, C, prefixes=(prefix_of(A),))
    site.later(0.1)
    site.register(A)
    before = site.state
    assert site.event(TimeReached()) == []
    assert site.state == before
    assert site.cmd.due(site.node) > site.now


def test_a_cmd_forwards_nothing_and_has_no_prefixes():
    site = at_c()
    assert site.cmd.views(site.node) == ()
    assert site.cmd.prefixes(site.node) == frozenset()
    assert site.node.anchored == {prefix_of(A), prefix_of(B), prefix_of(C)}


def test_nodes_begin_with_different_numbers():
    cmd = Site().cmd
    numbers = {cmd.initial(MobileNodeId.nai(f"mn{at}@example.net")).last_sequence for at in range(20)}
    assert len(numbers) == 20


def test_a_state_that_is_stored_and_loaded_goes_on():
    """Nothing but the state and the time decides: a CMD that has just started does the same."""
    site = at_c()
    site.register(A)
    copy = replace(site, state=replace(site.node))
    site.wait(0.5)
    copy.wait(0.5)
    assert kinds(site.wait(0.5)) == kinds(copy.wait(0.5)) == [(ProxyBindingUpdate, B), (ProxyBindingUpdate, C)]

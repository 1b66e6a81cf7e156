# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Binding revocation by the local mobility anchor (RFC 5846 sections 6, 8.1 and 11)."""

from dataclasses import replace

import pytest

from p4dmm.mobility.exchange import Received, Send
from p4dmm.mobility.pmipv6.revocation import RevocationTimers
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import (
    AlternateCareOfAddress,
    BaStatus,
    BindingRevocationAck,
    BindingRevocationIndication,
    Heartbeat,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    RevocationStatus,
    RevocationTrigger,
)

from .lma_support import LLI_B, LMAA, LTE, MAG1, MAG2, MAG3, MN, PARAMETERS, Anchor, home, homes_of

SEQUENCE = 77


def registered(**parameters):
    """At MAG1 with home(0), a second ago."""
    it = Anchor(parameters=replace(PARAMETERS, **parameters), profiles={MN: NodeProfile(MN)})
    it.ack()
    it.now += 1
    return it


def indication(sent: Send) -> BindingRevocationIndication:
    assert isinstance(sent.message, BindingRevocationIndication)
    return sent.message


class TestAdministrative:
    def test_names_the_binding(self):
        it = registered()
        (sent,) = it.revoke(home(0), SEQUENCE)
        assert (sent.source, sent.destination) == (LMAA, MAG1)
        assert indication(sent) == BindingRevocationIndication(
            trigger=RevocationTrigger.ADMINISTRATIVE_REASON,
            sequence=SEQUENCE,
            proxy_binding=True,
            options=(MN.option, HomeNetworkPrefix(prefix_length=64, prefix=home(0).network_address)),
        )

    def test_every_prefix_and_the_proxy_coa_where_it_is_another(self):
        it = Anchor(profiles={MN: NodeProfile(MN, prefixes_per_interface=2)})
        it.ack(MAG1, alternate=MAG3)
        (sent,) = it.revoke(home(1))
        assert sent.destination == MAG1
        assert [type(option) for option in sent.message.options] == [
            MobileNodeIdentifier,
            HomeNetworkPrefix,
            HomeNetworkPrefix,
            AlternateCareOfAddress,
        ]
        assert sent.message.option(AlternateCareOfAddress).address == MAG3

    def test_stops_forwarding_and_keeps_the_prefix_until_answered(self):
        it = registered()
        it.revoke(home(0), SEQUENCE)
        assert it.views() == ()
        assert it.role.prefixes(it.state()) == {home(0)}
        assert it.bra(RevocationStatus.SUCCESS, SEQUENCE) == []
        assert it.homes() == []

    @pytest.mark.parametrize("status", [1, 128, 132, 133])
    def test_ends_whatever_the_gateway_answers(self, status):
        it = registered()
        it.revoke(home(0), SEQUENCE)
        it.bra(status, SEQUENCE)
        assert it.homes() == []

    def test_is_repeated_the_same_with_growing_delay_and_then_given_up(self):
        it = registered(revocation=RevocationTimers(initial_s=1.0, maximum_s=2.0, retries=3))
        (first,) = it.revoke(home(0), SEQUENCE)
        for delay_s in (1, 2, 2):
            assert it.later(delay_s - 0.1) == []
            assert it.later(0.1) == [first]
        assert it.homes() == [(home(0),)]
        assert it.later(2) == []
        assert it.homes() == []

    def test_by_default_it_is_repeated_once(self):
        it = registered()
        it.revoke(home(0), SEQUENCE)
        assert len(it.later(60)) == 1

    @pytest.mark.parametrize(
        ("sequence", "source", "flags"),
        [
            (SEQUENCE + 1, MAG1, {}),
            (SEQUENCE, MAG2, {}),
            (SEQUENCE, MAG1, {"proxy_binding": False}),
            (SEQUENCE, MAG1, {"is_global": True}),
        ],
    )
    def test_what_is_no_answer_to_it_is_discarded(self, sequence, source, flags):
        it = registered()
        it.revoke(home(0), SEQUENCE)
        state = it.state()
        assert it.bra(0, sequence, source, **flags) == []
        assert it.state() == state

    def test_other_messages_are_ignored(self):
        it = registered()
        state = it.state()
        assert it.do(Received(Heartbeat(sequence=1), MAG1, LMAA)) == []
        assert it.state() == state

    def test_an_update_meanwhile_is_prohibited(self):
        it = registered()
        it.revoke(home(0))
        assert it.ack(MAG2, hi=3).status == BaStatus.ADMINISTRATIVELY_PROHIBITED
        assert it.views() == ()

    def test_de_registration_meanwhile_is_accepted(self):
        it = registered()
        it.revoke(home(0))
        assert it.ack(hnps=(home(0),), hi=4, lifetime=0).status == 0
        assert it.later(9.9) == []
        it.later(0.2)
        assert it.homes() == []

    def test_one_that_is_de_registered_cannot_come_back(self):
        it = registered()
        it.ack(hnps=(home(0),), hi=4, lifetime=0)
        it.now += 1
        assert it.revoke(home(0)) == []
        assert it.ack(hi=3).status == BaStatus.ADMINISTRATIVELY_PROHIBITED

    def test_only_the_session_that_is_named(self):
        it = registered()
        it.ack(lli=LLI_B)
        it.revoke(home(1))
        assert [binding.prefixes[0].prefix for binding in it.views()] == [home(0)]

    def test_the_answer_ends_the_session_that_was_named(self):
        it = registered()
        it.ack(lli=LLI_B)
        it.revoke(home(0), 1)
        it.revoke(home(1), 2)
        it.bra(RevocationStatus.SUCCESS, 2)
        assert it.homes() == [(home(0),)]

    def test_twice_or_of_nothing_changes_nothing(self):
        it = registered()
        assert it.revoke(home(5)) == []
        it.revoke(home(0))
        assert it.revoke(home(0)) == []


class TestAtHandover:
    """Section 8.1, triggers 2 to 4, where the parameters ask for it."""

    @pytest.mark.parametrize(
        ("att", "hi", "trigger"),
        [
            (4, 3, RevocationTrigger.INTER_MAG_HANDOVER_SAME_ACCESS_TYPE),
            (LTE, 2, RevocationTrigger.INTER_MAG_HANDOVER_DIFFERENT_ACCESS_TYPE),
        ],
    )
    def test_the_gateway_left_is_told(self, att, hi, trigger):
        it = registered(revokes_at_handover=True)
        accepted, told = it.pbu(MAG2, hi=hi, att=att, revocation_sequence=SEQUENCE)
        assert accepted.destination == MAG2
        assert told.destination == MAG1
        assert (indication(told).trigger, indication(told).sequence) == (trigger, SEQUENCE)
        it.bra(0, SEQUENCE)
        assert it.state().revocations == ()
        assert it.views()[0].serving == MAG2

    @pytest.mark.parametrize("status", [0, 128, 132])
    def test_its_answer_does_not_matter_to_the_session(self, status):
        it = registered(revokes_at_handover=True)
        it.pbu(MAG2, hi=3, revocation_sequence=SEQUENCE)
        it.bra(status, SEQUENCE)
        assert it.views()[0].serving == MAG2

    def test_not_by_default(self):
        assert len(registered().pbu(MAG2, hi=3)) == 1

    def test_no_longer_when_the_node_is_back(self):
        it = registered(revokes_at_handover=True)
        it.pbu(MAG2, hi=3, revocation_sequence=1)
        it.now += 0.1
        it.pbu(MAG1, hi=3, revocation_sequence=2)
        sent = it.later(60)
        assert {one.destination for one in sent} == {MAG2}

    def test_the_outstanding_ones_are_bounded(self):
        it = registered(revokes_at_handover=True, bindings_per_node=2)
        for number, gateway in enumerate((MAG2, MAG3, MAG1, MAG2, MAG3)):
            it.now += 0.01
            it.pbu(gateway, hi=3, revocation_sequence=number)
            assert len(it.state().revocations) <= 2


class TestHandoffStateUnknown:
    """Section 8.1: instead of waiting, ask."""

    @pytest.fixture
    def it(self):
        it = registered(revokes_at_handover=True)
        (sent,) = it.pbu(MAG2, hi=4, lli=LLI_B, revocation_sequence=SEQUENCE)
        assert sent.destination == MAG1
        assert indication(sent).trigger == RevocationTrigger.INTER_MAG_HANDOVER_UNKNOWN
        return it

    @pytest.mark.parametrize("status", [RevocationStatus.SUCCESS, RevocationStatus.BINDING_DOES_NOT_EXIST])
    def test_given_up_it_is_a_handover(self, it, status):
        it.later(0.5)
        (accepted,) = it.bra(status, SEQUENCE)
        assert (accepted.destination, homes_of(accepted.message)) == (MAG2, [home(0)])
        assert it.later(5) == []

    def test_still_attached_it_is_a_new_session_at_once(self, it):
        it.later(0.5)
        (accepted,) = it.bra(RevocationStatus.REVOCATION_FAILED_MN_IS_ATTACHED, SEQUENCE)
        assert (accepted.destination, homes_of(accepted.message)) == (MAG2, [home(1)])
        assert [view.serving for view in it.views()] == [MAG1, MAG2]

    def test_unanswered_it_is_a_new_session_in_the_end(self, it):
        (again,) = it.later(2.9)
        assert again.destination == MAG1
        (accepted,) = it.later(0.2)
        assert (accepted.destination, homes_of(accepted.message)) == (MAG2, [home(1)])

    def test_de_registered_it_is_a_handover(self, it):
        it.later(0.5)
        _, accepted = it.pbu(MAG1, hnps=(home(0),), hi=4, lifetime=0)
        assert (accepted.destination, homes_of(accepted.message)) == (MAG2, [home(0)])
        assert it.later(5) == []

    def test_taken_from_the_node_meanwhile_only_that_is_repeated(self, it):
        told, answer = it.revoke(home(0), SEQUENCE + 1)
        assert (answer.destination, answer.message.status) == (MAG2, BaStatus.ADMINISTRATIVELY_PROHIBITED)
        assert it.later(1) == [told]

    def test_an_answer_after_a_handover_by_other_means_ends_nothing(self, it):
        it.later(0.5)
        it.ack(MAG3, hi=3)
        it.bra(RevocationStatus.SUCCESS, SEQUENCE)
        assert it.views()[0].serving == MAG3


@pytest.mark.parametrize(
    ("is_global", "status"),
    [
        (True, RevocationStatus.GLOBAL_REVOCATION_NOT_AUTHORIZED),
        (False, RevocationStatus.REVOCATION_FUNCTION_NOT_SUPPORTED),
    ],
)
def test_one_from_a_gateway_is_declined(is_global, status):
    it = registered()
    state = it.state()
    message = BindingRevocationIndication(
        trigger=128 if is_global else 1, sequence=9, proxy_binding=True, is_global=is_global, options=(MN.option,)
    )
    (sent,) = it.do(Received(message, MAG1, LMAA))
    assert (sent.source, sent.destination) == (LMAA, MAG1)
    assert sent.message == BindingRevocationAck(
        status=status, sequence=9, proxy_binding=True, is_global=is_global, padding=sent.message.padding
    )
    assert it.state() == state


def test_a_first_wait_below_the_least_is_refused():
    with pytest.raises(ValueError, match=r"initial_s is 0\.1; allowed: 0\.5 and more"):
        RevocationTimers(initial_s=0.1)

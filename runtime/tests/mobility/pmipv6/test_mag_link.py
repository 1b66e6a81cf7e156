# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that leave, return and move between ports of one gateway (RFC 5213 sections 6.9.1.4 and 6.13)."""

from dataclasses import replace

import pytest

from p4dmm.mobility.access import Refused
from p4dmm.mobility.bce import Attachment
from p4dmm.mobility.exchange import ticks
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.wire.mobility import (
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    Timestamp,
    is_newer,
)
from tests.mobility.pmipv6.mag_support import (
    MAC,
    MN_ID,
    OTHER_LMA,
    OTHER_MAC,
    P1,
    P2,
    P3,
    PORT_1,
    PORT_2,
    PORT_3,
    PROFILE,
    Gateway,
    answer,
    attached,
    hnp,
    in_phase,
    with_parameters,
)


def test_a_node_that_leaves_is_de_registered_with_all_its_prefixes_and_indicator_4():
    gateway = Gateway().register((P1, P2))
    (end,) = gateway.leave()
    assert not gateway.views, "nothing is forwarded from here on"
    assert end.lifetime == 0
    assert end.acknowledge
    assert end.option(HandoffIndicator).indicator == 4
    assert end.all_options(HomeNetworkPrefix) == (hnp(P1), hnp(P2))
    assert end.option(MobileNodeIdentifier) == MN_ID.option
    assert end.option(MobileNodeLinkLayerIdentifier).identifier == bytes(MAC)
    gateway.do(answer(end, prefixes=(P1, P2)))
    assert gateway.phase is MagPhase.IDLE


def test_an_end_that_nobody_answers_is_the_end_too():
    gateway = in_phase(MagPhase.DEREGISTERING)
    before = gateway.last_update
    copies = gateway.sleep(100)
    assert [copy.lifetime for copy in copies] == [0, 0]
    assert is_newer(copies[0].sequence, before.sequence)
    assert ticks(copies[1].option(Timestamp)) > ticks(copies[0].option(Timestamp))
    assert gateway.phase is MagPhase.IDLE


def test_to_the_letter_the_end_waits_for_initial_bindack_timeout():
    gateway = in_phase(MagPhase.DEREGISTERING, with_parameters(deregistration_copies=1))
    assert not gateway.sleep(0.999)
    assert gateway.phase is MagPhase.DEREGISTERING
    assert not gateway.sleep(0.001)
    assert gateway.phase is MagPhase.IDLE


@pytest.mark.parametrize("status", [0, 128, 129, 153, 155, 157, 159])
def test_any_answer_to_an_end_is_its_end(status):
    gateway = in_phase(MagPhase.DEREGISTERING)
    gateway.do(answer(gateway.last_update, status))
    assert gateway.phase is MagPhase.IDLE


def test_an_end_with_a_time_that_the_anchor_does_not_like_is_sent_again():
    gateway = in_phase(MagPhase.DEREGISTERING)
    gateway.do(answer(gateway.last_update, 156))
    assert gateway.sleep(1)


def test_copies_stop_when_the_node_is_no_longer_attached():
    gateway = Gateway()
    gateway.do(attached())
    gateway.leave()
    assert all(copy.lifetime == 0 for copy in gateway.sleep(1000))
    gateway = Gateway().register()
    gateway.sleep(1800)
    gateway.leave()
    assert all(copy.lifetime == 0 for copy in gateway.sleep(1000))


@pytest.mark.parametrize("phase", [MagPhase.REGISTERING, MagPhase.REGISTERED, MagPhase.REFUSED])
def test_news_of_another_path_say_nothing_of_this_one(phase):
    gateway = in_phase(phase)
    before = gateway.state
    assert not gateway.leave(PORT_3)
    assert gateway.state == before


def test_a_node_that_returns_before_the_end_is_answered_is_registered_by_a_newer_update():
    gateway = in_phase(MagPhase.DEREGISTERING)
    end = gateway.last_update
    (update,) = gateway.do(attached(PORT_2))
    assert update.lifetime
    assert is_newer(update.sequence, end.sequence)
    assert ticks(update.option(Timestamp)) > ticks(end.option(Timestamp))
    gateway.do(answer(end))
    assert not gateway.views
    gateway.do(answer(update))
    assert gateway.views[0].attachment == PORT_2


@pytest.mark.parametrize(
    "returning",
    [attached(PORT_2, mac=OTHER_MAC), attached(PORT_2, profile=replace(PROFILE, lma=OTHER_LMA))],
    ids=["by another interface", "to another anchor"],
)
def test_what_returns_for_another_session_waits_for_the_end_of_the_first(returning):
    gateway = in_phase(MagPhase.DEREGISTERING)
    assert not gateway.do(returning)
    gateway.do(answer(gateway.last_update))
    (update,) = gateway.sleep(0)
    assert update.option(MobileNodeLinkLayerIdentifier).identifier == bytes(returning.mac)
    assert gateway.state.pending.peer == gateway.mag.parameters.lma or returning.profile.lma == OTHER_LMA
    gateway.do(answer(update, source=gateway.state.pending.peer))
    assert gateway.prefixes == (P1,)


def test_what_returns_and_leaves_again_is_gone():
    gateway = in_phase(MagPhase.DEREGISTERING)
    gateway.do(attached(PORT_2, mac=OTHER_MAC))
    gateway.leave(PORT_2)
    gateway.do(answer(gateway.last_update))
    assert gateway.phase is MagPhase.IDLE


@pytest.mark.parametrize("phase", [MagPhase.REGISTERING, MagPhase.REGISTERED])
@pytest.mark.parametrize(
    ("profile", "comes_back"),
    [(replace(PROFILE, lma=OTHER_LMA), True), (replace(PROFILE, proxy_registration=False), False)],
    ids=["another anchor", "no service"],
)
def test_a_policy_that_changes_ends_the_session(phase, profile, comes_back):
    gateway = in_phase(phase)
    (end,) = gateway.do(attached(profile=profile))
    assert end.lifetime == 0
    assert not gateway.prefixes
    gateway.do(answer(end))
    sent = gateway.sleep(0)
    assert len(sent) == comes_back
    assert not gateway.views
    if comes_back:
        gateway.do(answer(sent[0], source=OTHER_LMA))
        assert gateway.views[0].prefixes[0].anchor == OTHER_LMA
    else:
        assert gateway.phase is MagPhase.REFUSED


def test_a_move_between_ports_concerns_the_switch_alone():
    gateway = Gateway().register()
    assert not gateway.do(attached(PORT_2))
    assert (gateway.views[0].attachment, gateway.views[0].left) == (PORT_2, PORT_1)
    assert gateway.advertised == 2
    gateway.sleep(1)
    assert gateway.views[0].left is None
    # What is known of the old path now says nothing.
    assert not gateway.leave(PORT_1)
    assert gateway.prefixes == (P1,)


def test_a_return_to_the_port_just_left_takes_the_path_that_is_there():
    gateway = Gateway().register()
    gateway.do(attached(PORT_2))
    gateway.do(attached(Attachment(PORT_1.switch, PORT_1.port, 999)))
    assert (gateway.views[0].attachment, gateway.views[0].left) == (PORT_1, PORT_2)


def test_a_path_that_is_drained_may_go_earlier():
    gateway = Gateway().register()
    gateway.do(attached(PORT_2))
    gateway.leave(PORT_1)
    assert gateway.views[0].left is None
    assert gateway.prefixes == (P1,)


@pytest.mark.parametrize("phase", [MagPhase.REGISTERING, MagPhase.REGISTERED])
def test_the_same_again_changes_nothing(phase):
    gateway = in_phase(phase)
    before = gateway.state
    assert not gateway.do(attached())
    assert gateway.state == before


def test_a_move_while_registering_is_served_where_the_node_is():
    gateway = in_phase(MagPhase.REGISTERING)
    gateway.do(attached(PORT_2))
    gateway.do(answer(gateway.last_update))
    assert (gateway.views[0].attachment, gateway.views[0].left) == (PORT_2, None)


def refuse(gateway, event):
    """The switch has no room for what that event leads to."""
    gateway.mag.step(gateway.state, event, gateway.now)
    return gateway.do(Refused("table access_nodes of s1 is full", cause=event))


def test_what_the_switch_has_no_room_for_is_given_back_and_tried_again():
    gateway = in_phase(MagPhase.REGISTERING)
    (end,) = refuse(gateway, answer(gateway.last_update, prefixes=(P1, P2)))
    assert end.lifetime == 0
    assert end.all_options(HomeNetworkPrefix) == (hnp(P1), hnp(P2))
    assert not gateway.views
    assert not gateway.do(attached()), "that it is still there makes no room"
    gateway.do(answer(end))
    assert gateway.state.refusal.reason == "table access_nodes of s1 is full"
    (update,) = gateway.sleep(60)
    gateway.do(answer(update))
    assert gateway.prefixes == (P1,)


def test_a_switch_that_is_full_for_ever_is_not_tried_for_ever():
    gateway = Gateway(with_parameters(max_retries=2))
    gateway.do(attached())
    for _ in range(20):
        if gateway.phase is MagPhase.REGISTERING:
            refuse(gateway, answer(gateway.last_update))
            gateway.do(answer(gateway.last_update))
        gateway.sleep(60)
    assert [update.lifetime for update in gateway.sent] == [900, 0] * 3


def test_a_changed_set_of_prefixes_that_has_no_room_ends_the_session():
    gateway = Gateway().register((P1,))
    (update,) = gateway.sleep(1800)
    (end,) = refuse(gateway, answer(update, prefixes=(P1, P3)))
    assert end.all_options(HomeNetworkPrefix) == (hnp(P1), hnp(P3))
    assert not gateway.prefixes
    assert gateway.advertised == 2, "P1 is withdrawn"


def test_a_port_that_has_no_room_ends_the_session():
    gateway = Gateway().register()
    (end,) = refuse(gateway, attached(PORT_2))
    assert end.lifetime == 0
    gateway.do(answer(end))
    (update,) = gateway.sleep(60)
    gateway.do(answer(update))
    assert gateway.views[0].attachment == PORT_2


def test_taking_away_is_not_refused():
    gateway = Gateway().register()
    before = gateway.state
    assert not gateway.do(Refused("s1 did not answer", cause=None))
    assert gateway.state == before

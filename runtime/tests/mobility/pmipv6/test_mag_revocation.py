# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A mobile access gateway whose anchor ends a session (RFC 5846 sections 6.1.2, 6.2.1 and 9.1)."""

from itertools import product

import pytest

from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.wire.mobility import BindingRevocationAck
from tests.mobility.pmipv6.mag_support import OTHER_LMA, P1, P2, P3, Gateway, answer, attached, in_phase, revocation

ANY = range(256)


def status_of(gateway, event):
    """The status of the one acknowledgement that the event is answered by."""
    (ack,) = gateway.do(event)
    assert isinstance(ack, BindingRevocationAck)
    flags = ("sequence", "proxy_binding", "ipv4_only", "is_global")
    assert [getattr(ack, name) for name in flags] == [getattr(event.message, name) for name in flags]
    assert ack.options == ()
    return ack.status


@pytest.mark.parametrize("trigger", [0, 1, 5, 6])
def test_a_revoked_session_is_over_and_not_registered_again(trigger):
    gateway = Gateway().register((P1, P2))
    assert status_of(gateway, revocation(trigger)) == 0
    assert [(p.prefix, p.valid_until) for p in gateway.views[0].prefixes] == [(P1, gateway.now), (P2, gateway.now)]
    assert gateway.advertised == 2, "the node is told"
    assert not gateway.sleep(86_400)
    assert not gateway.views
    # Leaving and coming back is another session.
    gateway.leave()
    assert gateway.do(attached())


def test_a_session_that_the_anchor_has_lost_track_of_is_registered_again():
    gateway = Gateway().register()
    assert status_of(gateway, revocation(7)) == 0
    (update,) = gateway.sleep(1)
    gateway.do(answer(update))
    assert gateway.prefixes == (P1,)


def test_a_request_that_waits_for_its_answer_ends_with_the_session():
    gateway = Gateway().register()
    gateway.sleep(1800)
    assert status_of(gateway, revocation(1)) == 0
    gateway.do(answer(gateway.last_update))
    assert not gateway.prefixes


@pytest.mark.parametrize("trigger", [2, 3, 4])
def test_a_node_that_is_here_has_not_been_handed_over(trigger):
    gateway = Gateway().register()
    before = gateway.state
    assert status_of(gateway, revocation(trigger)) == 132
    assert gateway.state == before


@pytest.mark.parametrize("trigger", range(8))
def test_a_node_that_has_left_may_be_revoked_for_any_reason(trigger):
    gateway = in_phase(MagPhase.DEREGISTERING)
    assert status_of(gateway, revocation(trigger)) == 0
    assert gateway.phase is MagPhase.IDLE


@pytest.mark.parametrize("prefixes", [(), (P1,), (P2, P1), (P1, P3)], ids=str)
def test_any_of_its_prefixes_or_none_names_the_session(prefixes):
    gateway = Gateway().register((P1, P2))
    assert status_of(gateway, revocation(1, prefixes=prefixes)) == 0
    assert not gateway.prefixes


STRANGE = {
    "another's prefix": (revocation(1, prefixes=(P3,)), 128),
    "another's anchor": (revocation(1, source=OTHER_LMA), 128),
    "another node": (revocation(1, mn_id=MobileNodeId.nai("mn2@example.net")), 128),
    "no node": (revocation(1, options=()), 128),
    "not a proxy binding": (revocation(1, proxy_binding=False), 128),
    "an IPv4 address": (revocation(1, ipv4_only=True), 128),
    "many nodes": (revocation(128, is_global=True, options=()), 134),
    "many nodes of a realm": (revocation(129, is_global=True), 134),
    "many nodes for the reason of one": (revocation(1, is_global=True), 134),
    "one node for the reason of many": (revocation(128), 134),
}


@pytest.mark.parametrize(("event", "status"), STRANGE.values(), ids=STRANGE.keys())
def test_what_is_not_this_session_is_rejected(event, status):
    gateway = Gateway().register()
    before = gateway.state
    assert status_of(gateway, event) == status
    assert gateway.state == before


@pytest.mark.parametrize("trigger", [n for n in ANY if n not in {*range(8), 128, 129}])
def test_reasons_that_are_not_assigned_are_not_supported(trigger):
    assert status_of(Gateway().register(), revocation(trigger)) == 133


@pytest.mark.parametrize(
    ("phase", "trigger"), list(product([MagPhase.IDLE, MagPhase.REGISTERING, MagPhase.REFUSED], range(8)))
)
def test_where_there_is_no_session_there_is_none_to_revoke(phase, trigger):
    gateway = in_phase(phase)
    before = gateway.state
    assert status_of(gateway, revocation(trigger)) == 128
    assert gateway.state == before


def test_an_indication_sent_again_finds_no_session():
    gateway = Gateway().register()
    assert status_of(gateway, revocation(1)) == 0
    assert status_of(gateway, revocation(1)) == 128


@pytest.mark.parametrize("source", ["ff02::1", "::"])
def test_a_source_that_cannot_be_answered_is_not(source):
    gateway = Gateway().register()
    before = gateway.state
    assert not gateway.do(revocation(1, source=type(OTHER_LMA)(source)))
    assert gateway.state == before

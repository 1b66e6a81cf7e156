# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Handovers at a CMD beyond the figures: slow, lost and stale answers, nodes that move on or come back, and what is
passed on about P-MAARs (RFC 8885 sections 3.2 to 3.4, 3.6, 4)."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from itertools import pairwise

import pytest

from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdParameters
from p4dmm.mobility.exchange import timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire.mobility import (
    AlternateCareOfAddress,
    BaStatus,
    BindingRevocationIndication,
    DlifLinkLayerAddress,
    DlifLinkLocalAddress,
    HandoffIndicator,
    HomeNetworkPrefix,
    LocalPrefix,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    PreviousMaar,
    ProxyBindingAck,
    ProxyBindingUpdate,
    ServingMaar,
    Timestamp,
    encode_mobility,
    is_newer,
)

from .cmd_support import CMD, MODES, A, B, C, D, E, F, Site, home, kinds, pba, pbu, prefix_of, previous_maars

WAITING = (CmdMode.RELAY, CmdMode.LOCATOR)


def asked(outputs):
    """MAAR -> the S-MAAR it is told, of the PBUs in it."""
    return {
        send.destination: send.message.option(ServingMaar).address
        for send in outputs
        if isinstance(send.message, ProxyBindingUpdate)
    }


# Waiting for P-MAARs.


@pytest.mark.parametrize("mode", WAITING)
def test_what_is_known_at_the_timeout_is_told_and_the_rest_when_it_comes(mode):
    site = Site(mode)
    site.register(A)
    site.move(B)
    site.later(1.0)
    stamp = timestamp_at(site.now)
    to_a, to_b = site.register(C)
    assert site.answer(to_b) == []
    (first,) = site.wait(0.5)
    assert previous_maars(first.message) == [(B, prefix_of(B))]
    (second,) = site.answer(to_a)
    assert previous_maars(second.message) == [(A, prefix_of(A)), (B, prefix_of(B))]
    for send in (first, second):
        assert (send.destination, send.message.sequence, send.message.status) == (C, site.sequence, 0)
        assert send.message.option(Timestamp) == stamp
    # Should the second be lost, the S-MAAR asks again soon.
    assert first.message.lifetime * 4 == 8 < second.message.lifetime * 4


@pytest.mark.parametrize("mode", WAITING)
def test_nobody_is_told_of_a_p_maar_before_it_knows_the_s_maar(mode):
    site = Site(mode)
    site.register(A)
    site.later(1.0)
    site.register(B)
    (send,) = site.wait(0.5)
    assert previous_maars(send.message) == []


@pytest.mark.parametrize("mode", WAITING)
def test_a_request_repeated_while_the_answer_waits_is_answered_once_and_not_relayed_again(mode):
    site = Site(mode)
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    site.later(0.2)
    assert site.register(B) == []
    (send,) = site.answer(to_a)
    assert (send.destination, send.message.sequence) == (B, site.sequence)
    assert previous_maars(send.message) == [(A, prefix_of(A))]
    assert site.wait(0.3) == []


@pytest.mark.parametrize("mode", WAITING)
def test_a_request_repeated_while_the_answer_waits_makes_it_wait_no_longer(mode):
    site = Site(mode)
    site.register(A)
    site.later(1.0)
    site.register(B)
    site.later(0.4)
    site.register(B)
    assert site.wait(0.05) == []
    (send,) = site.wait(0.05)
    assert send.message.sequence == site.sequence


@pytest.mark.parametrize("mode", MODES)
def test_a_lost_answer_is_given_again_with_all_p_maars(mode):
    site = Site(mode)
    site.register(A)
    (lost,) = site.move(B)
    site.later(1.0)
    (send,) = site.register(B)
    assert previous_maars(send.message) == previous_maars(lost.message) == [(A, prefix_of(A))]
    assert send.message.sequence == site.sequence


# Requests to P-MAARs.


@pytest.mark.parametrize("mode", MODES)
def test_requests_are_repeated_ever_slower_each_with_a_number_and_time_of_its_own(mode):
    site = Site(mode)
    site.register(A, lifetime=30)
    site.later(1.0)
    start = site.now
    sent = [(0.0, s.message) for s in site.register(B, lifetime=30) if s.destination == A]
    while (due := site.cmd.due(site.node)) is not None and due < start + 119:
        assert due > site.now
        site.now = due
        sent += [(site.now - start, s.message) for s in site.wait() if s.destination == A]
    assert [at for at, _ in sent] == [0, 1, 3, 7, 15, 31, 63, 95]
    numbers = [message.sequence for _, message in sent]
    assert numbers == list(range(numbers[0], numbers[0] + 8))
    assert [message.option(Timestamp) for _, message in sent] == [timestamp_at(start + at) for at, _ in sent]


def test_the_numbers_a_p_maar_gets_only_grow():
    """Without timestamps it has nothing else to go by."""
    site = Site()
    site.register(A)
    site.later(1.0)
    sent = site.register(B)
    for wait in (1.0, 2.0, 4.0):
        sent += site.wait(wait)
    site.later(1.0)
    sent += site.register(C)
    site.later(1.0)
    sent += site.register(B)
    numbers = [send.message.sequence for send in sent if send.destination == A]
    assert len(numbers) == 6
    assert all(is_newer(new, last) for last, new in pairwise(numbers))


def test_requests_end_with_the_binding():
    site = Site()
    site.register(A, lifetime=10)
    site.later(1.0)
    site.register(B, lifetime=10)
    (revocation,) = site.wait(40.0)
    assert isinstance(revocation.message, BindingRevocationIndication)
    site.wait(1.0)
    site.wait(2.0)
    assert site.state is None


def test_a_request_says_what_the_s_maar_said_of_the_node():
    site = Site()
    site.register(A)
    site.later(1.0)
    interface = MobileNodeLinkLayerIdentifier(identifier=bytes.fromhex("02005e000101"))
    (send,) = site.register(B, indicator=3, more=(interface,))
    assert send.message.option(HandoffIndicator).indicator == 3
    assert send.message.option(MobileNodeLinkLayerIdentifier) == interface
    assert send.message.all_options(HomeNetworkPrefix) == (home(prefix_of(A)),)
    assert (send.message.acknowledge, send.message.dmm, send.message.lifetime) == (True, True, 75)


FOREIGN = {
    "sequence number": lambda ack: replace(ack, sequence=ack.sequence - 1),
    "MN-ID": lambda ack: replace(
        ack,
        options=tuple(
            MobileNodeId.nai("mn2@example.net").option if isinstance(o, MobileNodeIdentifier) else o
            for o in ack.options
        ),
    ),
    "timestamp": lambda ack: replace(
        ack, options=tuple(timestamp_at(5.0) if isinstance(o, Timestamp) else o for o in ack.options)
    ),
    "D flag": lambda ack: replace(ack, dmm=False),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_an_answer_to_something_else_is_none(what):
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    before = site.state
    assert site.receive(FOREIGN[what](pba(to_a.message)), A) == []
    assert site.state == before


def test_an_answer_from_or_to_somebody_else_is_none():
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    before = site.state
    assert site.receive(pba(to_a.message), C) == []
    assert site.receive(pba(to_a.message), A, destination=D) == []
    assert site.state == before


def test_an_answer_to_an_earlier_copy_is_none():
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    site.wait(0.5)
    (again,) = site.wait(0.5)
    assert site.answer(to_a) == []
    assert len(site.answer(again)) == 1


@pytest.mark.parametrize("mode", WAITING)
@pytest.mark.parametrize("what", [{"status": BaStatus.REASON_UNSPECIFIED}, {"status": 153}, {"lifetime": 0}])
def test_a_p_maar_that_does_not_know_the_node_leaves_the_list(mode, what):
    site = Site(mode)
    site.register(A)
    site.move(B)
    site.later(1.0)
    to_a, to_b = site.register(C)
    assert site.answer(to_b) == []
    (send,) = site.answer(to_a, **what)
    assert previous_maars(send.message) == [(B, prefix_of(B))]
    assert site.p_maars == [B]


def test_a_p_maar_that_does_not_know_the_d_flag_leaves_the_list():
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    (send,) = site.answer(to_a, status=BaStatus.ADMINISTRATIVELY_PROHIBITED, dmm=False)
    assert previous_maars(send.message) == site.p_maars == []


@pytest.mark.parametrize("status", [BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED])
def test_a_p_maar_whose_clock_differs_is_asked_again(status):
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    assert site.answer(to_a, status=status) == []
    site.wait(0.5)
    (again,) = site.wait(0.5)
    assert (again.destination, site.p_maars) == (A, [A])


def test_a_p_maar_is_told_with_the_prefixes_it_still_has():
    site = Site()
    two = (prefix_of(A), IPv6Network("2001:db8:0:1001::/64"))
    site.register(A, prefixes=two)
    site.later(1.0)
    (to_a,) = site.register(B)
    assert to_a.message.all_options(HomeNetworkPrefix) == tuple(home(prefix) for prefix in two)
    options = tuple(o for o in pba(to_a.message).options if o != home(two[0]))
    (send,) = site.receive(replace(pba(to_a.message), options=options), A)
    assert previous_maars(send.message) == [(A, two[1])]


# Moving on and coming back.


@pytest.mark.parametrize("mode", MODES)
def test_a_node_that_moves_on_is_told_from_its_newest_place(mode):
    site = Site(mode)
    site.register(A)
    site.later(0.2)
    (stale,) = [s for s in site.register(B) if s.destination == A]
    site.later(0.2)
    sent = site.register(C)
    assert asked(sent) == {A: C, B: C}
    before = site.state
    assert site.answer(stale) == []
    assert site.state == before
    got = [send for s in sent if isinstance(s.message, ProxyBindingUpdate) for send in site.answer(s)]
    got += [s for s in sent if isinstance(s.message, ProxyBindingAck)]
    assert kinds(got) == [(ProxyBindingAck, C)]
    assert sorted(previous_maars(got[0].message)) == [(A, prefix_of(A)), (B, prefix_of(B))]


@pytest.mark.parametrize("mode", MODES)
def test_a_node_that_comes_back_is_native_there_again(mode):
    site = Site(mode)
    site.register(A)
    site.move(B)
    (send,) = site.move(A)
    assert send.message.all_options(HomeNetworkPrefix) == (home(prefix_of(A)),)
    assert previous_maars(send.message) == [(B, prefix_of(B))]
    assert (site.node.serving.address, site.p_maars) == (A, [B])


@pytest.mark.parametrize("mode", MODES)
def test_a_node_that_comes_back_before_the_answer_has(mode):
    site = Site(mode)
    site.register(A)
    site.later(0.2)
    (stale,) = [s for s in site.register(B) if s.destination == A]
    site.later(0.2)
    sent = site.register(A)
    assert asked(sent) == {B: A}
    assert site.answer(stale) == []
    assert (site.node.serving.address, site.p_maars) == (A, [B])
    assert all(s.destination != A for s in site.wait(1.0) if isinstance(s.message, ProxyBindingUpdate))


def test_a_request_of_the_place_that_was_left_changes_nothing():
    site = Site()
    site.register(A)
    site.later(0.1)
    late = pbu(A, 2, site.now)
    site.later(0.1)
    site.register(B)
    before = site.state
    (send,) = site.receive(late, A)
    assert send.message.status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
    assert site.state == before


# Extension.


@pytest.mark.parametrize("mode", MODES)
def test_an_extension_lasts_repeats_the_list_and_asks_nobody(mode):
    site = Site(mode)
    site.register(A)
    site.move(B)
    site.later(200.0)
    (send,) = site.register(B, indicator=5)
    assert previous_maars(send.message) == [(A, prefix_of(A))]
    assert send.message.option(HandoffIndicator).indicator == 5
    assert site.wait(299.0) == []
    assert site.node.serving.address == B


def test_an_extension_says_which_prefixes_there_are():
    site = Site()
    site.register(A)
    site.later(1.0)
    other = IPv6Network("2001:db8:0:1001::/64")
    (send,) = site.register(A, prefixes=(other,))
    assert send.message.all_options(HomeNetworkPrefix) == (home(other),)
    assert site.node.anchored == {other}


def test_no_more_is_granted_than_allowed():
    site = Site(parameters=CmdParameters(address=CMD, mode=CmdMode.RELAY, max_lifetime_s=600))
    assert [s.message.lifetime for s in site.register(A, lifetime=0xFFFF)] == [150]
    assert site.node.expires_at == site.now + 600
    site.later(1.0)
    assert [s.message.lifetime for s in site.register(A, lifetime=149)] == [149]


# The list and what it says.


def test_the_list_is_bounded_and_the_oldest_anchor_is_revoked():
    site = Site(parameters=CmdParameters(address=CMD, mode=CmdMode.RELAY, previous_maars_max=3))
    for maar in (A, B, C, D):
        site.move(maar)
    assert site.p_maars == [A, B, C]
    site.later(1.0)
    sent = site.register(E)
    assert asked(sent) == {B: E, C: E, D: E}
    assert [s.destination for s in sent if isinstance(s.message, BindingRevocationIndication)] == [A]
    assert site.p_maars == [B, C, D]


def test_the_list_counts_prefixes():
    site = Site(parameters=CmdParameters(address=CMD, mode=CmdMode.RELAY, previous_maars_max=3))
    site.register(A, prefixes=(prefix_of(A), IPv6Network("2001:db8:0:1001::/64")))
    site.move(B)
    site.move(C)
    assert site.p_maars == [A, B]
    site.move(D)
    assert site.p_maars == [B, C]


LOOKS = {
    maar: (
        DlifLinkLocalAddress(address=IPv6Address(f"fe80::{number}")),
        DlifLinkLayerAddress(address=bytes((2, 0, 0, 0, 0, number))),
    )
    for number, maar in enumerate((A, B, C), 1)
}


@pytest.mark.parametrize("mode", MODES)
def test_what_a_maar_says_of_its_interface_goes_on_behind_its_previous_maar_option(mode):
    site = Site(mode)
    local = LocalPrefix(prefix_length=48, prefix=IPv6Address("2001:db8:f::"))
    two = (prefix_of(A), IPv6Network("2001:db8:0:1001::/64"))
    site.register(A, more=(*LOOKS[A], local), prefixes=two)
    site.later(1.0)
    for send in site.register(B, more=LOOKS[B]):
        if send.destination == A:
            site.answer(send)
    site.later(1.0)
    sent = site.register(C)
    got = [s for s in sent if s.destination == C]
    got += [a for s in sent if isinstance(s.message, ProxyBindingUpdate) for a in site.answer(s)]
    options = got[0].message.options
    first = next(at for at, option in enumerate(options) if isinstance(option, PreviousMaar))
    named = [o.address if isinstance(o, PreviousMaar) else o for o in options[first:]]
    assert named == [A, *LOOKS[A], local, A, *LOOKS[A], local, B, *LOOKS[B]]


def test_the_interface_may_be_told_in_the_p_maars_answer():
    site = Site()
    site.register(A)
    site.later(1.0)
    (to_a,) = site.register(B)
    (send,) = site.answer(to_a, more=LOOKS[A])
    assert send.message.options[-2:] == LOOKS[A]


def test_what_cannot_be_an_interface_is_not_passed_on():
    site = Site()
    site.register(
        A, more=(DlifLinkLocalAddress(address=IPv6Address("2001:db8::1")), DlifLinkLayerAddress(address=bytes(100)))
    )
    (send,) = site.move(B)
    assert isinstance(send.message.options[-1], PreviousMaar)


def test_the_largest_answer_fits_into_a_message():
    networks = [IPv6Network((0x2001_0DB8 << 96 | number << 64, 64)) for number in range(64)]
    parameters = CmdParameters(address=CMD, mode=CmdMode.PROXY)
    site = Site(parameters=parameters)
    local = tuple(LocalPrefix(prefix_length=64, prefix=n.network_address) for n in networks)
    interface = MobileNodeLinkLayerIdentifier(identifier=bytes(200))
    for at, maar in enumerate((A, B, C, D, E, F)):
        mine = tuple(networks[8 * at : 8 * at + (8 if maar == F else 4 if maar == E else 1)])
        sent = site.register(maar, prefixes=mine, more=(*local, *LOOKS[A], interface))
        site.later(1.0)
    ack = next(s.message for s in sent if isinstance(s.message, ProxyBindingAck))
    assert len(ack.all_options(PreviousMaar)) == parameters.previous_maars_max
    assert len(ack.all_options(LocalPrefix)) == parameters.local_prefixes_max * parameters.previous_maars_max
    assert len(encode_mobility(ack, None, None)) <= 2048


def test_a_maar_may_signal_from_another_address_than_its_tunnels_end():
    site = Site()
    elsewhere = AlternateCareOfAddress(address=IPv6Address("2001:db8:e::1"))
    (send,) = site.register(A, more=(elsewhere,))
    assert send.destination == A
    (answer,) = site.move(B)
    assert previous_maars(answer.message) == [(elsewhere.address, prefix_of(A))]
    site.later(1.0)
    assert A in asked(site.register(C))
    site.later(1.0)
    assert asked(site.register(D, more=(elsewhere,)))[C] == elsewhere.address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_lifetime_s", 3),
        ("max_lifetime_s", 262144),
        ("previous_maars_max", 0),
        ("previous_maars_max", 10),
        ("local_prefixes_max", 4),
        ("revocations_max", 0),
    ],
)
def test_parameters_that_cannot_work_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} {value}"):
        CmdParameters(address=CMD, mode=CmdMode.RELAY, **{name: value})

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of mobility sessions at their anchor: registration, extension, handover, end (RFC 5213 sections 5.1 to
5.4)."""

from dataclasses import replace

import pytest

from p4dmm.mobility.access import Refused
from p4dmm.mobility.exchange import Received, TimeReached, timestamp_at
from p4dmm.mobility.local import PMIPV6_ROUTER, LocalBinding, RoutedPrefix
from p4dmm.mobility.pmipv6.lma import HANDLERS, Revoke
from p4dmm.mobility.pmipv6.lma_parameters import LmaParameters
from p4dmm.mobility.pmipv6.request import UpdateReceived
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import BaStatus

from .lma_support import (
    LLI_A,
    LLI_B,
    LLI_C,
    LMAA,
    LTE,
    MAG1,
    MAG2,
    MAG3,
    MN,
    OTHER,
    PARAMETERS,
    POOL,
    START,
    STATIC,
    Anchor,
    home,
    homes_of,
    update,
)


def anchor(**parameters):
    profiles = {MN: NodeProfile(MN), OTHER: NodeProfile(OTHER)}
    return Anchor(parameters=replace(PARAMETERS, **parameters), profiles=profiles)


def registered(**parameters):
    """At MAG1, with home(0), for 400 seconds since a second ago."""
    it = anchor(**parameters)
    assert homes_of(it.ack()) == [home(0)]
    it.now += 1
    return it


def view(*prefixes, serving, previous=()):
    routed = tuple(RoutedPrefix(prefix, LMAA, PMIPV6_ROUTER) for prefix in prefixes)
    return LocalBinding(str(MN), routed, serving=serving, previous=previous)


def test_every_event_has_a_handler():
    assert set(HANDLERS) == {UpdateReceived, Received, Revoke, Refused, TimeReached}


class TestNewSession:
    """Section 5.3.2."""

    def test_a_prefix_is_allocated_and_routed_to_the_gateway(self):
        it = anchor()
        assert homes_of(it.ack()) == [home(0)]
        assert it.views() == (view(home(0), serving=MAG1),)
        assert it.role.prefixes(it.state()) == {home(0)}

    def test_as_many_as_policy_says(self):
        it = anchor()
        it.profiles[MN] = NodeProfile(MN, prefixes_per_interface=3)
        assert homes_of(it.ack()) == [home(0), home(1), home(2)]

    def test_fewer_where_the_pool_has_no_more(self):
        it = anchor()
        it.pool_size = 2
        it.profiles[MN] = NodeProfile(MN, prefixes_per_interface=3)
        assert homes_of(it.ack()) == [home(0), home(1)]

    def test_those_of_policy_first(self):
        it = anchor()
        other = home(200)
        it.profiles[MN] = NodeProfile(MN, prefixes=(STATIC, other))
        assert homes_of(it.ack()) == [STATIC, other]
        assert it.role.prefixes(it.state()) == {other}

    def test_another_interface_of_a_node_with_static_prefixes_gets_some_of_the_pool(self):
        it = anchor()
        it.profiles[MN] = NodeProfile(MN, prefixes=(STATIC,))
        it.ack()
        it.now += 1
        assert homes_of(it.ack(lli=LLI_B)) == [home(0)]

    def test_a_static_prefix_that_another_node_has_is_not_given(self):
        it = anchor()
        it.profiles[OTHER] = NodeProfile(OTHER, prefixes=(STATIC,))
        it.profiles[MN] = NodeProfile(MN, prefixes=(STATIC,))
        it.ack(mn_id=OTHER)
        assert homes_of(it.ack(lli=LLI_B)) == [home(0)]
        assert it.ack(hnps=(STATIC,), lli=LLI_B, at=START + 0.1).status == 155

    def test_asked_for_by_name(self):
        it = anchor()
        it.profiles[MN] = NodeProfile(MN, prefixes=(STATIC,))
        assert homes_of(it.ack(hnps=(STATIC,))) == [STATIC]
        it.now += 1
        assert homes_of(it.ack(hnps=(home(9),), lli=LLI_B)) == [home(9)]

    def test_one_by_name_and_one_of_the_pool(self):
        it = anchor()
        assert homes_of(it.ack(hnps=(home(0), None))) == [home(0), home(1)]

    def test_one_by_name_and_the_rest_of_policy(self):
        it = anchor()
        it.profiles[MN] = NodeProfile(MN, prefixes=(STATIC, home(200)))
        assert homes_of(it.ack(hnps=(STATIC, None))) == [STATIC, home(200)]

    def test_each_interface_has_a_session_of_its_own(self):
        """Section 5.4."""
        it = anchor()
        it.ack(lifetime=10)
        it.now += 1
        it.ack(MAG2, att=LTE, lli=LLI_B, lifetime=100)
        assert it.views() == (view(home(0), serving=MAG1), view(home(1), serving=MAG2))
        it.later(40)
        assert it.views() == (view(home(1), serving=MAG2),)

    def test_no_prefix_is_given_twice(self):
        it = anchor()
        assert homes_of(it.ack()) + homes_of(it.ack(mn_id=OTHER)) == [home(0), home(1)]


class TestLifetime:
    @pytest.mark.parametrize(
        ("asked", "most_s", "granted"), [(100, 3600, 100), (1000, 3600, 900), (0xFFFF, 262_140, 0xFFFF), (1, 3600, 1)]
    )
    def test_never_more_than_asked_for_or_allowed(self, asked, most_s, granted):
        it = anchor(max_lifetime_s=most_s)
        assert it.ack(lifetime=asked).lifetime == granted
        assert it.role.due(it.state()) == START + 4 * granted

    @pytest.mark.parametrize("seconds", [0, 3, 262_141])
    def test_one_that_cannot_be_granted_is_refused(self, seconds):
        with pytest.raises(ValueError, match=f"max_lifetime_s is {seconds}; allowed: 4 to 262140"):
            LmaParameters(address=LMAA, pool=POOL, max_lifetime_s=seconds)

    def test_ends_the_session(self):
        it = registered()
        it.later(398.9)
        assert it.views() == (view(home(0), serving=MAG1),)
        it.later(0.2)
        assert it.nodes == {}

    def test_time_that_comes_early_or_twice_changes_nothing(self):
        it = registered()
        state = it.state()
        assert it.do(TimeReached()) == it.do(TimeReached()) == []
        assert it.state() == state

    def test_time_that_comes_very_late_does_everything_at_once(self):
        """A controller that was away for an hour."""
        it = registered(revokes_at_handover=True)
        it.ack(lli=LLI_B, lifetime=0xFFFF)
        it.now += 1
        assert len(it.pbu(MAG2, hi=3)) == 2
        it.now += 3600
        (repeated,) = it.do(TimeReached())
        assert repeated.destination == MAG1
        assert it.homes() == []
        assert it.role.due(it.state()) > it.now


class TestExtension:
    """Sections 5.3.3 and 5.3.4."""

    def test_by_the_same_gateway(self):
        it = registered()
        ack = it.ack(hnps=(home(0),), hi=5, lifetime=200)
        assert (ack.status, ack.lifetime, homes_of(ack)) == (0, 200, [home(0)])
        assert it.views() == (view(home(0), serving=MAG1),)
        assert it.role.due(it.state()) == START + 1 + 800

    def test_after_handover(self):
        it = registered()
        assert homes_of(it.ack(MAG2, hi=3)) == [home(0)]
        assert it.views() == (view(home(0), serving=MAG2, previous=(MAG1,)),)

    def test_late_uplink_is_good_for_a_while(self):
        it = registered(drain_s=2.0)
        it.ack(MAG2, hi=3)
        it.later(1.9)
        assert it.views()[0].previous == (MAG1,)
        it.later(0.2)
        assert it.views() == (view(home(0), serving=MAG2),)

    def test_back_where_it_came_from(self):
        it = registered()
        it.ack(MAG2, hi=3)
        it.now += 0.1
        it.ack(MAG1, hi=3)
        assert it.views() == (view(home(0), serving=MAG1, previous=(MAG2,)),)

    def test_gateways_left_are_bounded(self):
        it = registered(former_gateways=1, drain_s=100.0)
        for gateway in (MAG2, MAG3):
            it.now += 1
            it.ack(gateway, hi=3)
        assert it.views() == (view(home(0), serving=MAG3, previous=(MAG2,)),)

    def test_between_interfaces_all_prefixes_move(self):
        """Section 5.4."""
        it = anchor()
        it.profiles[MN] = NodeProfile(MN, prefixes_per_interface=2)
        it.ack()
        it.now += 1
        assert homes_of(it.ack(MAG2, hi=2, att=LTE, lli=LLI_B)) == [home(0), home(1)]
        assert len(it.homes()) == 1

    def test_nothing_is_drawn_for_it(self):
        it = registered()
        event = UpdateReceived(Received(update(hi=3, at=it.now), MAG2, LMAA), NodeProfile(MN))
        assert it.role.wanted(it.state(), event, it.now) == 0

    def test_nothing_is_drawn_for_what_is_rejected(self):
        it = anchor()
        event = UpdateReceived(Received(update(att=None), MAG1, LMAA), NodeProfile(MN))
        assert it.role.wanted(it.state(), event, it.now) == 0


class TestDeregistration:
    """Section 5.3.5."""

    def test_only_by_the_gateway_that_has_it(self):
        it = registered()
        state = it.state()
        assert it.pbu(MAG2, hnps=(home(0),), hi=4, lifetime=0) == []
        assert it.state() == state

    def test_by_alternate_care_of_address(self):
        it = anchor()
        it.ack(alternate=MAG3)
        it.now += 1
        assert it.pbu(MAG1, hnps=(home(0),), hi=4, lifetime=0) == []
        ack = it.ack(MAG1, hnps=(home(0),), hi=4, lifetime=0, alternate=MAG3)
        assert (ack.status, ack.lifetime) == (0, 0)

    def test_stops_forwarding_and_keeps_the_prefix_for_a_while(self):
        it = registered()
        ack = it.ack(hnps=(home(0),), hi=4, lifetime=0)
        assert (ack.status, ack.lifetime, homes_of(ack)) == (0, 0, [home(0)])
        assert it.views() == ()
        assert it.role.prefixes(it.state()) == {home(0)}
        it.later(9.9)
        assert it.homes() == [(home(0),)]
        it.later(0.2)
        assert it.nodes == {}

    def test_again_is_answered_and_prolongs_nothing(self):
        it = registered()
        it.ack(hnps=(home(0),), hi=4, lifetime=0)
        it.later(6)
        assert it.ack(hnps=(home(0),), hi=4, lifetime=0).status == 0
        it.later(4.1)
        assert it.homes() == []

    @pytest.mark.parametrize("gateway", [MAG1, MAG2])
    def test_an_update_in_time_revives(self, gateway):
        it = registered()
        it.ack(hnps=(home(0),), hi=4, lifetime=0)
        it.later(9)
        assert homes_of(it.ack(gateway, hi=4)) == [home(0)]
        assert it.views() == (view(home(0), serving=gateway),)
        it.later(300)
        assert it.views() == (view(home(0), serving=gateway),)

    def test_one_that_is_refused_revives_nothing(self):
        it = registered()
        it.ack(hnps=(home(0),), hi=4, lifetime=0)
        it.later(9)
        assert it.ack(hi=None).status == BaStatus.MISSING_HANDOFF_INDICATOR_OPTION
        it.later(1.1)
        assert it.homes() == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"hnps": (home(5),)},
            {"hnps": (home(0),), "lli": LLI_B, "att": LTE},
            {"lli": LLI_B},
            {"lli": LLI_B, "hi": 4},
            {"lli": None, "hi": 4},
            {"lli": None, "hi": 1},
        ],
        ids=str,
    )
    def test_of_no_session_is_ignored(self, fields):
        """Section 5.4.1: silently."""
        it = registered()
        state = it.state()
        assert it.pbu(**{"hi": 4, "lifetime": 0, **fields}) == []
        assert it.state() == state

    def test_of_an_unknown_node_is_ignored(self):
        it = anchor()
        assert it.pbu(lifetime=0, hi=4) == []
        assert it.nodes == {}


class TestHandoffStateUnknown:
    """Sections 5.4.1.2 (4) and 5.4.1.3 (3)."""

    @pytest.fixture(params=[(LLI_A, LLI_B), (None, None), (LLI_A, None)], ids=["other", "none", "unnamed"])
    def it(self, request):
        """Registered at MAG1 by one interface, and MAG2 does not know which it has."""
        before, after = request.param
        it = anchor()
        it.ack(lli=before)
        it.now += 1
        assert it.pbu(MAG2, hi=4, lli=after) == []
        it.before, it.after = before, after
        return it

    def leaves(self, it, **fields):
        return it.pbu(MAG1, hnps=(home(0),), hi=4, lli=it.before, lifetime=0, **fields)

    def test_waits_and_is_a_handover_when_the_gateway_de_registers(self, it):
        it.later(1)
        deregistered, accepted = self.leaves(it)
        assert (deregistered.destination, deregistered.message.lifetime) == (MAG1, 0)
        assert (accepted.destination, accepted.message.status) == (MAG2, 0)
        assert homes_of(accepted.message) == [home(0)]
        assert it.views() == (view(home(0), serving=MAG2),)
        assert it.role.prefixes(it.state()) == {home(0)}

    def test_is_a_new_session_after_a_while(self, it):
        assert it.later(1.4) == []
        (accepted,) = it.later(0.2)
        assert (accepted.destination, homes_of(accepted.message)) == (MAG2, [home(1)])
        assert it.views() == (view(home(0), serving=MAG1), view(home(1), serving=MAG2))

    def test_what_it_may_need_is_kept(self, it):
        assert it.role.prefixes(it.state()) == {home(0), home(1)}

    def test_a_copy_is_ignored(self, it):
        state = it.state()
        assert it.receive(it.last.message, MAG2) == []
        assert it.state() == state

    def test_a_later_one_replaces_it_and_prolongs_nothing(self, it):
        it.later(1)
        message = update(hi=4, lli=it.after, sequence=500, at=it.now)
        event = UpdateReceived(Received(message, MAG2, LMAA), NodeProfile(MN))
        assert it.role.wanted(it.state(), event, it.now) == 0
        assert it.receive(message, MAG2) == []
        assert it.role.prefixes(it.state()) == {home(0), home(1)}
        (accepted,) = it.later(0.6)
        assert accepted.message.sequence == 500

    def test_may_be_taken_back(self, it):
        it.later(1)
        assert it.pbu(MAG2, hi=4, lli=it.after, lifetime=0) == []
        assert it.later(5) == []
        assert it.homes() == [(home(0),)]

    def test_an_older_one_does_not_take_it_back(self, it):
        state = it.state()
        assert it.pbu(MAG2, hi=4, lli=it.after, lifetime=0, at=it.now - 0.1) == []
        assert it.state() == state

    def test_is_a_handover_if_the_gateway_says_so_itself(self, it):
        it.later(1)
        assert homes_of(it.ack(MAG2, hi=2, lli=it.after)) == [home(0)]
        assert it.later(5) == []
        assert it.homes() == [(home(0),)]

    def test_exhausted_pool_is_told_when_the_wait_is_over(self):
        it = registered()
        it.pool_size = 1
        assert it.pbu(MAG2, hi=4, lli=LLI_B) == []
        (answer,) = it.later(2)
        assert answer.message.status == BaStatus.INSUFFICIENT_RESOURCES
        assert it.homes() == [(home(0),)]

    def test_not_where_the_session_is_de_registered_already(self):
        it = registered()
        it.ack(hnps=(home(0),), hi=4, lifetime=0)
        it.now += 1
        assert homes_of(it.ack(MAG2, hi=4, lli=LLI_B)) == [home(0)]

    def test_not_where_waiting_is_off(self):
        it = registered(max_delay_before_new_bce_assign_s=0.0)
        assert homes_of(it.ack(MAG2, hi=4, lli=LLI_B)) == [home(1)]

    def test_the_session_expires_meanwhile(self):
        it = anchor()
        it.ack(lifetime=1)
        it.now += 3.5
        assert it.pbu(MAG2, hi=4, lli=LLI_B) == []
        (accepted,) = it.later(0.6)
        assert homes_of(accepted.message) == [home(1)]
        assert it.homes() == [(home(1),)]

    def test_those_that_wait_are_bounded(self):
        it = registered(waiting_per_node=1)
        assert it.pbu(MAG2, hi=4, lli=LLI_B) == []
        it.now += 0.1
        assert homes_of(it.ack(MAG3, hi=4, lli=LLI_C)) == [home(2)]

    def test_the_first_of_two_gets_the_session(self):
        it = registered()
        it.pbu(MAG2, hi=4, lli=LLI_B)
        it.now += 0.1
        it.pbu(MAG3, hi=4, lli=LLI_C)
        it.now += 0.1
        _, accepted = it.pbu(MAG1, hnps=(home(0),), hi=4, lifetime=0)
        assert (accepted.destination, homes_of(accepted.message)) == (MAG2, [home(0)])
        (other,) = it.later(5)
        assert (other.destination, homes_of(other.message)) == (MAG3, [home(2)])

    def test_what_was_accepted_meanwhile_is_not_forgotten(self):
        it = registered()
        it.pbu(MAG2, hi=4, lli=LLI_B)
        it.now += 0.2
        it.pbu(MAG1, hnps=(home(0),), hi=4, lifetime=0)
        assert it.ack(MAG1, hi=3, at=it.now - 0.1).status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED


class TestRefused:
    """The switch has no room; the caller has gone back to the state before."""

    def test_a_new_session_is_rejected(self):
        it = anchor()
        it.refuses = True
        ack = it.ack()
        assert (ack.status, homes_of(ack)[0].prefixlen) == (BaStatus.INSUFFICIENT_RESOURCES, 0)
        assert it.nodes == {}
        it.refuses = False
        assert it.ack(at=START + 0.1).status == 0

    def test_a_handover_is_rejected_and_the_session_stays_where_it_is(self):
        it = registered()
        it.refuses = True
        state = it.state()
        assert it.ack(MAG2, hi=3).status == BaStatus.INSUFFICIENT_RESOURCES
        assert it.state() == state

    def test_what_has_waited_is_rejected_and_the_rest_goes_on(self):
        it = registered()
        it.pbu(MAG2, hi=4, lli=LLI_B)
        it.refuses = True
        (answer,) = it.later(5)
        assert (answer.destination, answer.message.status) == (MAG2, BaStatus.INSUFFICIENT_RESOURCES)
        assert it.views() == (view(home(0), serving=MAG1),)

    def test_a_de_registration_is_accepted_whatever_waits_for_it(self):
        it = registered()
        it.pbu(MAG2, hi=4, lli=LLI_B)
        it.now += 0.1
        it.refuses = True
        refused, deregistered = it.pbu(MAG1, hnps=(home(0),), hi=4, lifetime=0)
        assert (refused.destination, refused.message.status) == (MAG2, BaStatus.INSUFFICIENT_RESOURCES)
        assert (deregistered.destination, deregistered.message.status) == (MAG1, 0)
        assert it.views() == ()


def test_timestamps_are_those_of_the_updates_not_of_the_anchor():
    it = registered()
    assert it.state().freshness.timestamp == timestamp_at(START).seconds << 16

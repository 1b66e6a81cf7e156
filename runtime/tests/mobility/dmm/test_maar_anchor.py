# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A MAAR as P-MAAR against a scripted CMD (RFC 8885 sections 3.2, 3.3, 3.5; RFC 5846 as receiver)."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.access import Detached, Refused
from p4dmm.mobility.dmm.maar_state import Phase
from p4dmm.mobility.exchange import Received, Send, timestamp_at
from p4dmm.mobility.local import LocalBinding, RoutedPrefix
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import (
    AnchoredPrefix,
    BindingRevocationAck,
    DlifLinkLayerAddress,
    DlifLinkLocalAddress,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    ServingMaar,
    Timestamp,
)

from .maar_support import (
    ANOTHER_PLACE,
    CMD,
    HERE,
    MAC,
    MN,
    NOW,
    OTHER,
    OTHERS,
    OWN,
    PARAMETERS,
    PLACE,
    THIRD,
    THIRDS,
    Bench,
    answer,
    attached,
    home,
    prefixes_of,
    previous,
    revocation,
    router,
    stamp_of,
    told_where,
)

TOLD = previous(THIRD, THIRDS, router(3))
NATIVE = RoutedPrefix(OWN, HERE, PARAMETERS.router)


def away(*options: object, parameters: object = PARAMETERS) -> Bench:
    """A node that was served here and is at OTHER, drained."""
    bench = Bench(parameters)  # type: ignore[arg-type]
    bench.served(*options)  # type: ignore[arg-type]
    bench.moved_away()
    bench.wait_until(bench.now + 2)
    return bench


class TestHandover:
    def test_the_answer_says_what_is_anchored_here_and_how_it_looks(self) -> None:
        bench = Bench()
        bench.served()
        bench.wait_until(NOW + 1)
        update = told_where(OTHER, sequence=5, at=bench.now, lifetime=20)
        bench.get(update)
        ack = bench.one(ProxyBindingAck)
        assert (ack.status, ack.sequence, ack.lifetime, ack.dmm) == (0, 5, 20, True)
        assert ack.all_options(HomeNetworkPrefix) == (home(OWN),)
        assert ack.option(ServingMaar) == ServingMaar(address=OTHER)
        assert ack.option(MobileNodeIdentifier) == MN.option
        assert ack.option(HandoffIndicator) == update.option(HandoffIndicator)
        assert ack.option(Timestamp) == update.option(Timestamp)
        assert ack.option(DlifLinkLocalAddress) == DlifLinkLocalAddress(address=router(1).link_local)
        assert ack.option(DlifLinkLayerAddress) == DlifLinkLayerAddress(address=bytes(router(1).mac))

    def test_a_cmd_that_passes_on_the_s_maars_prefix_is_told_the_own_one(self) -> None:
        bench = Bench()
        bench.served()
        bench.wait_until(NOW + 1)
        bench.get(told_where(OTHER, sequence=5, at=bench.now, prefix=OTHERS))
        assert bench.one(ProxyBindingAck).all_options(HomeNetworkPrefix) == (home(OWN),)

    def test_all_its_prefixes_are_passed_on_while_it_drains_then_only_the_own_one(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.moved_away()
        other = RoutedPrefix(THIRDS, THIRD, router(3), is_deprecated=True)
        assert bench.view == LocalBinding(str(MN), (NATIVE, other), mac=MAC, node_id=7, left=PLACE, serving=OTHER)
        bench.wait()
        assert bench.now == NOW + 2
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=OTHER)
        assert (bench.held, bench.state.anchors) == ({OWN}, ())

    def test_the_timer_of_the_binding_stops(self) -> None:
        bench = away()
        assert bench.role.due(bench.state) == NOW + 1 + PARAMETERS.anchor_max_lifetime_s

    def test_a_prefix_is_not_anchored_for_ever(self) -> None:
        bench = away()
        bench.wait_until(NOW + 80_000)
        bench.get(told_where(THIRD, sequence=2, at=bench.now))
        bench.wait_until(NOW + 86_400)
        assert bench.held == {OWN}
        bench.wait_until(NOW + 86_402)
        assert (bench.is_known, bench.view, bench.held) == (False, None, frozenset())

    def test_another_s_maar_is_tunnelled_to_and_the_last_one_still_accepted_from(self) -> None:
        bench = away()
        bench.get(told_where(THIRD, sequence=2, at=bench.now))
        assert bench.one(ProxyBindingAck).option(ServingMaar) == ServingMaar(address=THIRD)
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=THIRD, previous=(OTHER,))
        bench.wait_until(bench.now + 1.1)
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=THIRD)

    def test_what_others_pass_on_late_is_passed_on_again(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.wait_until(NOW + 0.5)
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        assert bench.view is not None
        assert (bench.view.left, bench.view.previous) == (PLACE, (THIRD,))

    def test_where_it_is_now_is_not_where_it_was(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.wait_until(NOW + 0.5)
        bench.get(told_where(THIRD, sequence=1, at=bench.now))
        assert bench.view is not None
        assert (bench.view.serving, bench.view.previous) == (THIRD, ())

    def test_as_locator_both_get_an_answer(self) -> None:
        bench = Bench(replace(PARAMETERS, locator=True))
        bench.served()
        bench.moved_away()
        first, second = bench.sent(ProxyBindingAck)
        assert [bench.destination_of(first)] == [CMD]
        assert [o.destination for o in bench.outputs if isinstance(o, Send)] == [CMD, OTHER]
        assert not second.all_options(AnchoredPrefix), "that option is for CMDs (4.3)"
        assert second.options == tuple(o for o in first.options if not isinstance(o, AnchoredPrefix))

    def test_a_node_that_was_lost_is_found_elsewhere(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Detached(PLACE.path_id))
        bench.moved_away()
        assert bench.view is not None
        assert (bench.view.serving, bench.view.attachment) == (OTHER, None)

    def test_a_request_that_was_never_answered_does_not_keep_the_node(self) -> None:
        bench = Bench()
        bench.do(attached())
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 0.5)
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        assert (bench.state.phase, bench.state.pending) == (Phase.PREVIOUS, None)


class TestReturn:
    def test_the_own_prefix_is_native_again_and_the_other_deprecated(self) -> None:
        bench = away()
        bench.do(attached(ANOTHER_PLACE, THIRDS))
        update = bench.one(ProxyBindingUpdate)
        assert update.all_options(HomeNetworkPrefix) == (home(OWN),)
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=OTHER), "not before the answer"
        assert not bench.advertises
        bench.get(answer(update, *previous(OTHER, OTHERS, router(2))))
        assert bench.advertises
        assert bench.view == LocalBinding(
            str(MN),
            (NATIVE, RoutedPrefix(OTHERS, OTHER, router(2), is_deprecated=True)),
            mac=MAC,
            node_id=7,
            attachment=ANOTHER_PLACE,
            previous=(OTHER,),
        )

    def test_with_another_interface_the_old_one_is_not_drained_any_longer(self) -> None:
        bench = Bench()
        bench.served()
        bench.moved_away()
        bench.do(attached(ANOTHER_PLACE, mac=MacAddress.parse("02:00:5e:00:01:02")))
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=OTHER)

    def test_to_a_port_that_is_still_drained(self) -> None:
        bench = Bench()
        bench.served()
        bench.moved_away()
        bench.do(attached())
        assert bench.view is not None
        assert (bench.view.left, bench.view.attachment) == (PLACE, None)
        bench.get(answer(bench.sent(ProxyBindingUpdate)[0]))
        assert (bench.view.left, bench.view.attachment) == (None, PLACE)

    def test_what_the_cmd_says_meanwhile_does_not_stop_the_registration(self) -> None:
        bench = away()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.get(told_where(THIRD, sequence=9, at=bench.now - 0.1))
        assert bench.one(ProxyBindingAck).status == 0
        assert bench.view is not None
        assert (bench.view.serving, bench.view.attachment) == (THIRD, None)
        bench.get(answer(update, *previous(THIRD, THIRDS, router(3))))
        assert bench.view.attachment == PLACE

    def test_an_answer_that_the_cmd_gave_before_it_heard_of_another_place_is_overtaken(self) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.wait_until(NOW + 0.1)
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        bench.get(answer(update))
        assert (bench.state.phase, bench.outputs) == (Phase.PREVIOUS, ())
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=OTHER)

    def test_even_if_the_other_place_was_one_before(self) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.wait_until(NOW + 0.1)
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        bench.get(answer(update, *previous(OTHER, OTHERS, router(2))))
        assert bench.state.phase is Phase.PREVIOUS

    def test_an_answer_to_what_was_sent_since_is_not(self) -> None:
        bench = Bench()
        bench.do(attached())
        bench.wait_until(NOW + 0.1)
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        bench.wait()
        bench.get(answer(bench.one(ProxyBindingUpdate)))
        assert bench.view is not None
        assert bench.view.attachment == PLACE

    def test_what_the_cmd_said_before_it_accepted_the_registration_is_late(self) -> None:
        bench = away()
        late = told_where(THIRD, sequence=9, at=bench.now - 0.1)
        bench.do(attached())
        bench.get(answer(bench.one(ProxyBindingUpdate)))
        view = bench.view
        bench.get(late)
        assert bench.one(ProxyBindingAck).status == 157
        assert bench.view == view

    def test_a_node_that_is_refused_goes_on_being_anchored(self) -> None:
        bench = away()
        bench.do(attached())
        bench.get(answer(bench.one(ProxyBindingUpdate), status=152))
        assert bench.view == LocalBinding(str(MN), (NATIVE,), serving=OTHER)
        bench.do(Detached(PLACE.path_id))
        assert (bench.state.phase, bench.held) == (Phase.PREVIOUS, {OWN})

    def test_though_not_for_ever(self) -> None:
        bench = away()
        bench.do(attached())
        bench.get(answer(bench.one(ProxyBindingUpdate), status=152))
        bench.wait()
        assert bench.now == NOW + 86_401
        assert (bench.view, bench.held) == (None, frozenset())


class TestWhoMayTell:
    def test_nobody_but_the_cmd(self) -> None:
        bench = Bench()
        bench.served()
        view = bench.view
        bench.get(told_where(OTHER, sequence=1, at=NOW), OTHER)
        ack = bench.one(ProxyBindingAck, to=OTHER)
        assert (ack.status, ack.dmm, ack.lifetime) == (154, True, 0)
        assert ack.all_options(HomeNetworkPrefix) == (home(OWN),)
        assert bench.view == view

    def test_an_update_without_the_d_flag_is_for_another_role(self) -> None:
        bench = Bench()
        bench.served()
        bench.get(replace(told_where(OTHER, sequence=1, at=NOW), dmm=False))
        assert bench.outputs == ()

    def test_a_node_without_a_prefix_here_is_not_anchored_here(self) -> None:
        bench = Bench()
        bench.get(told_where(OTHER, sequence=1, at=NOW))
        assert bench.one(ProxyBindingAck).status == 153
        assert not bench.is_known

    def test_an_update_without_a_name(self) -> None:
        bench = away()
        update = told_where(OTHER, sequence=2, at=bench.now)
        bench.get(replace(update, options=update.options[1:]))
        ack = bench.one(ProxyBindingAck)
        assert (ack.status, ack.option(MobileNodeIdentifier)) == (160, MobileNodeIdentifier(subtype=1, identifier=b""))

    @pytest.mark.parametrize("serving", [None, HERE])
    def test_a_place_that_makes_no_sense(self, serving: IPv6Address | None) -> None:
        bench = away()
        bench.get(told_where(serving, sequence=2, at=bench.now))
        assert bench.one(ProxyBindingAck).status == 128
        assert bench.view is not None
        assert bench.view.serving == OTHER

    def test_rejections_without_prefix_have_an_empty_one(self) -> None:
        bench = Bench()
        update = told_where(OTHER, sequence=1, at=NOW)
        bench.get(replace(update, options=tuple(o for o in update.options if not isinstance(o, HomeNetworkPrefix))))
        assert bench.one(ProxyBindingAck).all_options(HomeNetworkPrefix) == (home(IPv6Network("::/0")),)

    def test_a_full_table_is_said_and_nothing_changes(self) -> None:
        bench = away()
        view = bench.view
        update = told_where(THIRD, sequence=2, at=bench.now)
        bench.do(Refused("tunnel_paths is full", Received(update, CMD, HERE)))
        ack = bench.one(ProxyBindingAck)
        assert (ack.status, ack.sequence, ack.option(ServingMaar)) == (130, 2, ServingMaar(address=THIRD))
        assert bench.view == view

    def test_a_node_that_could_not_be_tunnelled_is_not_registered_here_any_longer(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Refused("tunnel_paths is full", Received(told_where(OTHER, sequence=1, at=NOW), CMD, HERE)))
        assert bench.one(ProxyBindingAck).status == 130
        assert bench.role.due(bench.state) == NOW + 100, "it is not extended"


class TestFreshness:
    def test_an_older_time_is_answered_with_the_time_here(self) -> None:
        bench = away()
        bench.get(told_where(THIRD, sequence=2, at=NOW + 0.5))
        ack = bench.one(ProxyBindingAck)
        assert (ack.status, ack.option(Timestamp)) == (157, timestamp_at(bench.now))

    @pytest.mark.parametrize("ahead", [-100.0, 100.0])
    def test_a_clock_that_is_far_off(self, ahead: float) -> None:
        bench = Bench()
        bench.do(attached())
        bench.get(told_where(THIRD, sequence=2, at=NOW + ahead))
        ack = bench.one(ProxyBindingAck)
        assert ack.status == 156
        assert stamp_of(ack) == int(NOW * 65536)

    def test_the_same_update_again(self) -> None:
        bench = Bench()
        bench.served()
        bench.moved_away()
        view = bench.view
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        assert bench.one(ProxyBindingAck).status == 156
        assert bench.view == view

    def test_without_time_the_sequence_number_counts(self) -> None:
        def untimed(sequence: int, serving: IPv6Address) -> ProxyBindingUpdate:
            update = told_where(serving, sequence=sequence, at=NOW)
            return replace(update, options=tuple(o for o in update.options if not isinstance(o, Timestamp)))

        bench = Bench()
        bench.served()
        bench.get(untimed(10, OTHER))
        assert bench.one(ProxyBindingAck).status == 0
        bench.get(untimed(10, THIRD))
        ack = bench.one(ProxyBindingAck)
        assert (ack.status, ack.sequence) == (135, 10)
        bench.get(untimed(11, THIRD))
        assert bench.one(ProxyBindingAck).status == 0


class TestRevocation:
    """RFC 5846 sections 6.1.2, 6.2.1 and 9.1."""

    @pytest.mark.parametrize("named", [(OWN,), ()])
    def test_the_prefix_of_a_node_that_is_elsewhere_goes(self, named: tuple[IPv6Network, ...]) -> None:
        bench = away()
        bench.get(revocation(*named))
        ack = bench.one(BindingRevocationAck)
        assert (ack.status, ack.sequence) == (0, 77)
        assert (ack.proxy_binding, ack.ipv4_only, ack.is_global) == (True, False, False)
        assert (bench.is_known, bench.view, bench.held) == (False, None, frozenset())

    def test_what_drains_is_passed_on_all_the_same(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.moved_away()
        bench.get(revocation(OWN))
        assert bench.held == frozenset()
        assert prefixes_of(bench.view) == [THIRDS]
        bench.wait()
        assert not bench.is_known

    @pytest.mark.parametrize("known", [True, False])
    def test_what_is_not_there(self, known: bool) -> None:
        bench = away() if known else Bench()
        view = bench.view
        bench.get(revocation(THIRDS))
        assert bench.one(BindingRevocationAck).status == 128
        assert (bench.view, bench.is_known) == (view, known)

    def test_some_of_it_is_not_there(self) -> None:
        bench = away()
        bench.get(revocation(OWN, THIRDS))
        ack = bench.one(BindingRevocationAck)
        assert (ack.status, ack.all_options(HomeNetworkPrefix)) == (1, (home(THIRDS),))
        assert not bench.is_known

    def test_the_prefix_of_a_node_that_is_here_stays(self) -> None:
        bench = Bench()
        bench.served()
        view = bench.view
        bench.get(revocation(OWN))
        assert bench.one(BindingRevocationAck).status == 132
        assert bench.view == view

    def test_the_prefix_of_a_node_that_has_just_come_back_stays(self) -> None:
        bench = away()
        bench.do(attached())
        bench.get(revocation(OWN))
        assert bench.one(BindingRevocationAck).status == 132
        assert bench.held == {OWN}

    def test_another_anchors_prefix_leaves_the_view_of_the_s_maar(self) -> None:
        bench = Bench()
        registration = bench.served(*TOLD)
        bench.get(revocation(THIRDS))
        assert bench.sent(BindingRevocationAck)[0].status == 0
        assert bench.advertises
        assert prefixes_of(bench.view) == [OWN]
        bench.get(answer(registration, *TOLD))
        assert prefixes_of(bench.view) == [OWN], "what was sent before does not bring it back"

    @pytest.mark.parametrize(
        ("flags", "trigger", "status"),
        [
            ({"proxy_binding": False}, 1, 128),
            ({"ipv4_only": True}, 1, 128),
            ({"is_global": True}, 129, 134),
            ({"is_global": True}, 1, 134),
            ({}, 128, 133),
            ({}, 200, 133),
        ],
    )
    def test_what_cannot_be_done_is_rejected_with_the_same_flags(
        self, flags: dict[str, bool], trigger: int, status: int
    ) -> None:
        bench = away()
        bench.get(revocation(OWN, trigger=trigger, **flags))
        ack = bench.one(BindingRevocationAck)
        assert ack.status == status
        expected = {"proxy_binding": True, "ipv4_only": False, "is_global": False} | flags
        assert {name: getattr(ack, name) for name in expected} == expected
        assert bench.held == {OWN}

    def test_without_a_name(self) -> None:
        bench = away()
        indication = revocation(OWN)
        bench.get(replace(indication, options=indication.options[1:]))
        assert bench.one(BindingRevocationAck).status == 131

    def test_nobody_else_revokes(self) -> None:
        bench = away()
        bench.get(revocation(OWN), OTHER)
        assert (bench.outputs, bench.held) == ((), {OWN})


class TestDeregistrationByTheCmd:
    """A Proxy Binding Update with lifetime 0 ends a binding as at any anchor (RFC 5213 section 5.3.5)."""

    def test_of_a_node_that_is_elsewhere(self) -> None:
        bench = away()
        bench.get(told_where(OTHER, sequence=2, at=bench.now, lifetime=0))
        ack = bench.one(ProxyBindingAck)
        assert (ack.status, ack.lifetime) == (0, 0)
        assert not bench.is_known

    def test_of_a_node_that_is_here(self) -> None:
        bench = Bench()
        bench.served()
        bench.wait_until(NOW + 1)
        bench.get(told_where(OTHER, sequence=2, at=bench.now, lifetime=0))
        assert bench.one(ProxyBindingAck).status == 129
        assert bench.view is not None

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A MAAR as S-MAAR against a scripted CMD, message by message (RFC 8885 sections 3.1 to 3.7)."""

from dataclasses import replace
from ipaddress import IPv6Address
from itertools import pairwise

import pytest

from p4dmm.mobility import Advertise
from p4dmm.mobility.access import Detached, NewLinkLocal, PrefixIdle, Refused
from p4dmm.mobility.dmm.maar_state import MaarParameters, Phase
from p4dmm.mobility.exchange import Received, Send, TimeReached, timestamp_at
from p4dmm.mobility.local import LocalBinding, RoutedPrefix
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    AnchoredPrefix,
    BindingError,
    DlifLinkLayerAddress,
    DlifLinkLocalAddress,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    ServingMaar,
    Timestamp,
    UnknownOption,
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
    router,
    stamp_of,
    told_where,
)

TOLD = previous(OTHER, OTHERS, router(2))
TOLD_THIRD = previous(THIRD, THIRDS, router(3))
LOCATOR = replace(PARAMETERS, locator=True)
NATIVE = RoutedPrefix(OWN, HERE, PARAMETERS.router)


def deprecated(address: IPv6Address = OTHER, number: int = 2) -> RoutedPrefix:
    prefix = {OTHER: OTHERS, THIRD: THIRDS}[address]
    return RoutedPrefix(prefix, address, router(number), is_deprecated=True)


def direct(*, at: float, sequence: int = 3, serving: IPv6Address | None = HERE, lifetime: int = 25) -> ProxyBindingAck:
    """A P-MAAR's own acknowledgement (3.3)."""
    where = () if serving is None else (ServingMaar(address=serving),)
    who = (DlifLinkLocalAddress(address=router(2).link_local), DlifLinkLayerAddress(address=bytes(router(2).mac)))
    return ProxyBindingAck(
        dmm=True,
        sequence=sequence,
        lifetime=lifetime,
        options=(MN.option, home(OTHERS), timestamp_at(at), *where, *who),
    )


class TestInitialRegistration:
    """Section 3.1, figure 1: the same in every mode of the CMD."""

    def test_the_update_says_all_that_a_registration_has_to(self) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        assert update.dmm
        assert update.acknowledge
        assert update.lifetime_s == 100
        assert update.option(MobileNodeIdentifier) == MN.option
        assert update.all_options(HomeNetworkPrefix) == (home(OWN),)
        assert update.option(HandoffIndicator) == HandoffIndicator(indicator=4)
        assert update.option(AccessTechnologyType) == AccessTechnologyType(technology=3)
        assert update.option(MobileNodeLinkLayerIdentifier) == MobileNodeLinkLayerIdentifier(identifier=bytes(MAC))
        assert update.option(Timestamp) == timestamp_at(NOW)
        assert update.option(DlifLinkLocalAddress) == DlifLinkLocalAddress(address=router(1).link_local)
        assert update.option(DlifLinkLayerAddress) == DlifLinkLayerAddress(address=bytes(router(1).mac))

    def test_nothing_is_forwarded_or_advertised_before_the_answer(self) -> None:
        bench = Bench()
        bench.do(attached())
        assert bench.view is None
        assert not bench.advertises
        assert bench.held == {OWN}

    def test_an_answer_without_past_finalizes_the_entry(self) -> None:
        bench = Bench()
        bench.served()
        assert bench.outputs == (Advertise(),)
        assert bench.view == LocalBinding(str(MN), (NATIVE,), mac=MAC, node_id=7, attachment=PLACE)

    def test_without_a_prefix_nobody_is_asked(self) -> None:
        bench = Bench()
        bench.do(replace(attached(), offers=()))
        assert bench.state.phase is Phase.REFUSED
        assert "prefix" in bench.state.reason
        assert not bench.outputs
        bench.do(attached())
        assert bench.one(ProxyBindingUpdate).option(HomeNetworkPrefix) == home(OWN)

    def test_who_may_not_is_not_registered(self) -> None:
        bench = Bench()
        bench.do(attached(served=False))
        assert (bench.state.phase, bench.outputs, bench.held) == (Phase.REFUSED, (), frozenset())

    @pytest.mark.parametrize("change", ["sequence", "timestamp", "source", "destination", "name", "dmm"])
    def test_only_the_very_answer_counts(self, change: str) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        good = answer(update)
        source, destination = CMD, HERE
        other = good
        match change:
            case "sequence":
                other = replace(good, sequence=good.sequence + 1)
            case "timestamp":
                stamp = timestamp_at(NOW - 1)
                other = replace(good, options=tuple(stamp if isinstance(o, Timestamp) else o for o in good.options))
            case "source":
                source = OTHER
            case "destination":
                destination = OTHER
            case "name":
                other = replace(good, options=good.options[1:])
            case "dmm":
                other = replace(good, dmm=False)
        bench.get(other, source, destination)
        assert (bench.view, bench.outputs) == (None, ())
        bench.get(good)
        assert bench.view is not None

    def test_unknown_options_are_skipped(self) -> None:
        bench = Bench()
        bench.served(UnknownOption(type=201, data=b"?"), *TOLD)
        assert prefixes_of(bench.view) == [OWN, OTHERS]


class TestRelayAndProxy:
    """Sections 3.2 and 3.4: the CMD's answer names the P-MAARs."""

    def test_every_anchor_is_a_router_of_its_own_and_only_the_own_prefix_is_preferred(self) -> None:
        bench = Bench()
        bench.served(*TOLD, *TOLD_THIRD)
        assert bench.view == LocalBinding(
            str(MN),
            (NATIVE, deprecated(), deprecated(THIRD, 3)),
            mac=MAC,
            node_id=7,
            attachment=PLACE,
            previous=(THIRD,),
        )

    def test_what_was_left_last_is_accepted_from_for_as_long_as_it_drains(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.wait_until(NOW + 0.9)
        assert bench.view is not None
        assert bench.view.previous == (OTHER,)
        bench.wait_until(NOW + 1.1)
        assert bench.view.previous == ()
        assert prefixes_of(bench.view) == [OWN, OTHERS]

    def test_interfaces_come_from_the_topology_if_the_answer_has_none(self) -> None:
        bench = Bench(replace(PARAMETERS, dlif_of={OTHER: router(9)}))
        bench.served(*previous(OTHER, OTHERS, None), *TOLD_THIRD)
        assert bench.view is not None
        assert [p.router for p in bench.view.prefixes] == [router(1), router(9), router(3)]

    def test_an_interface_nobody_knows_is_shown_as_the_own_one(self) -> None:
        bench = Bench()
        bench.served(*previous(OTHER, OTHERS, None))
        assert bench.view is not None
        assert bench.view.prefixes[1].router == router(1)

    def test_half_an_interface_is_none(self) -> None:
        bench = Bench()
        option, link_local, _ = TOLD
        bench.served(option, link_local, DlifLinkLayerAddress(address=b"\x01\x00\x5e\x00\x00\x01"), *TOLD_THIRD)
        assert bench.view is not None
        assert [p.router for p in bench.view.prefixes[1:]] == [router(1), router(3)]

    def test_further_answers_to_the_same_update_add_what_comes_late(self) -> None:
        bench = Bench()
        update = bench.served(*TOLD)
        bench.get(answer(update, *TOLD_THIRD))
        assert prefixes_of(bench.view) == [OWN, OTHERS, THIRDS]
        assert bench.advertises
        bench.get(answer(update, *TOLD_THIRD))
        assert bench.outputs == ()

    def test_the_anchors_of_a_node_are_bounded(self) -> None:
        bench = Bench(replace(PARAMETERS, anchors_max=1))
        bench.served(*TOLD, *TOLD_THIRD)
        assert prefixes_of(bench.view) == [OWN, THIRDS]

    def test_its_own_prefix_is_not_another_anchors(self) -> None:
        bench = Bench()
        bench.served(*previous(HERE, OWN, router(1)), *previous(OTHER, OWN, router(2)))
        assert bench.view is not None
        assert bench.view.prefixes == (NATIVE,)


class TestLocator:
    """Section 3.3: P-MAARs answer the S-MAAR themselves."""

    def test_a_direct_answer_begins_the_service(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        bench.get(direct(at=NOW), OTHER)
        assert bench.advertises
        assert bench.view is not None
        assert bench.view.prefixes == (NATIVE, deprecated())
        assert bench.view.previous == (OTHER,)

    def test_without_new_options_the_source_is_the_p_maar(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        bench.get(
            ProxyBindingAck(dmm=True, sequence=9, lifetime=25, options=(MN.option, home(OTHERS))),
            OTHER,
        )
        assert bench.view is not None
        assert (bench.view.prefixes[1].anchor, bench.view.prefixes[1].prefix) == (OTHER, OTHERS)

    def test_the_cmds_own_answer_takes_nothing_away(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.get(direct(at=NOW), OTHER)
        bench.get(answer(update))
        assert prefixes_of(bench.view) == [OWN, OTHERS]
        assert bench.state.pending is None

    def test_a_cmd_that_only_locates_is_not_asked_for_ever(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        bench.get(direct(at=NOW), OTHER)
        sent = [o for o in bench.wait_until(NOW + 49) if isinstance(o, Send)]
        assert len(sent) == PARAMETERS.attempts - 1
        assert bench.state.phase is Phase.SERVING

    @pytest.mark.parametrize("serving", [OTHER, THIRD])
    def test_an_answer_for_another_s_maar_is_ignored(self, serving: IPv6Address) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        bench.get(direct(at=NOW, serving=serving), OTHER)
        assert (bench.view, bench.outputs) == (None, ())

    def test_answers_from_before_the_registration_are_ignored(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        bench.get(direct(at=NOW - 1), OTHER)
        assert bench.view is None

    @pytest.mark.parametrize(
        "message",
        [
            replace(direct(at=NOW), status=130),
            replace(direct(at=NOW), dmm=False),
            direct(at=NOW, lifetime=0),
        ],
    )
    def test_what_is_no_acceptance_is_ignored(self, message: ProxyBindingAck) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        bench.get(message, OTHER)
        assert bench.view is None

    def test_the_prefix_may_stand_in_an_anchored_prefix_option(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        anchored = AnchoredPrefix(prefix_length=64, prefix=OTHERS.network_address)
        bench.get(ProxyBindingAck(dmm=True, sequence=9, lifetime=25, options=(MN.option, anchored)), OTHER)
        assert prefixes_of(bench.view) == [OWN, OTHERS]

    def test_nobody_speaks_for_what_another_maar_anchors(self) -> None:
        bench = Bench(LOCATOR)
        bench.served(*TOLD)
        view = bench.view
        bench.get(direct(at=NOW), THIRD)
        assert (bench.view, bench.outputs) == (view, ())

    def test_a_p_maar_that_does_not_fit_does_not_end_the_registration(self) -> None:
        bench = Bench(LOCATOR)
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.do(Refused("path_bindings is full", Received(direct(at=NOW), OTHER, HERE)))
        bench.get(answer(update))
        assert prefixes_of(bench.view) == [OWN]

    def test_nobody_answers_directly_where_the_cmd_is_no_locator(self) -> None:
        bench = Bench()
        bench.served()
        bench.get(direct(at=NOW), OTHER)
        assert prefixes_of(bench.view) == [OWN]

    def test_of_a_node_that_is_not_here_nothing_is_learnt(self) -> None:
        bench = Bench(LOCATOR)
        bench.get(direct(at=NOW), OTHER)
        assert not bench.is_known


class TestRetransmission:
    """Section 3.6."""

    def test_the_wait_doubles_up_to_its_maximum_and_numbers_and_times_grow(self) -> None:
        bench = Bench()
        bench.do(attached())
        updates, times = [bench.one(ProxyBindingUpdate)], [bench.now]
        for _ in range(8):
            bench.wait()
            updates.append(bench.one(ProxyBindingUpdate))
            times.append(bench.now)
        assert [b - a for a, b in pairwise(times)] == [1, 2, 4, 8, 16, 32, 32, 32]
        assert all(b.sequence == a.sequence + 1 for a, b in pairwise(updates))
        assert all(stamp_of(b) > stamp_of(a) for a, b in pairwise(updates))
        bench.get(answer(updates[-2]))
        assert bench.view is None, "an answer to an earlier copy is none"
        bench.get(answer(updates[-1]))
        assert bench.view is not None

    def test_at_most_three_updates_leave_in_a_second(self) -> None:
        bench = Bench()
        prefixes = [OTHERS, THIRDS]
        bench.served(*TOLD, *TOLD_THIRD)
        for prefix in prefixes:
            bench.do(PrefixIdle(prefix))
            for update in bench.sent(ProxyBindingUpdate):
                bench.get(answer(update, lifetime=0))
        bench.do(attached(mac=MacAddress.parse("02:00:5e:00:01:02")))
        assert not bench.sent(ProxyBindingUpdate), "three have left"
        bench.wait()
        assert bench.now == NOW + 1
        bench.wait()
        assert len(bench.sent(ProxyBindingUpdate)) <= 1

    def test_coarse_clocks_give_no_two_requests_the_same_time(self) -> None:
        bench = Bench()
        first = bench.served(*TOLD)
        bench.do(PrefixIdle(OTHERS))
        assert stamp_of(bench.one(ProxyBindingUpdate)) > stamp_of(first)


class TestExtension:
    def test_it_is_asked_for_in_time_and_keeps_the_prefix(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.wait_until(NOW + 49)
        bench.wait()
        assert bench.now == NOW + 50
        update = bench.one(ProxyBindingUpdate)
        assert update.option(HandoffIndicator) == HandoffIndicator(indicator=5)
        assert update.all_options(HomeNetworkPrefix) == (home(OWN),)
        bench.get(answer(update, *TOLD))
        assert bench.outputs == (), "the node is told nothing that it does not know"
        bench.wait()
        assert bench.now == NOW + 100

    def test_what_the_answer_leaves_out_is_over(self) -> None:
        bench = Bench()
        bench.served(*TOLD, *TOLD_THIRD)
        bench.wait_until(NOW + 49)
        bench.wait()
        bench.get(answer(bench.one(ProxyBindingUpdate), *TOLD_THIRD))
        assert prefixes_of(bench.view) == [OWN, THIRDS]
        assert bench.advertises

    def test_service_ends_with_the_lifetime_and_begins_again_with_an_answer(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        outputs = bench.wait_until(NOW + 99)
        assert len([o for o in outputs if isinstance(o, Send)]) == 6
        assert bench.view is not None
        bench.wait()
        assert bench.now == NOW + 100
        assert (bench.view, bench.held) == (None, {OWN})
        bench.get(answer(bench.one(ProxyBindingUpdate)))
        assert prefixes_of(bench.view) == [OWN]

    def test_a_rejected_extension_is_tried_again_while_the_registration_lasts(self) -> None:
        bench = Bench()
        bench.served()
        bench.wait_until(NOW + 49)
        bench.wait()
        bench.get(answer(bench.one(ProxyBindingUpdate), status=130, lifetime=0))
        assert bench.view is not None
        bench.wait()
        assert bench.now == NOW + 51
        bench.get(answer(bench.one(ProxyBindingUpdate)))
        assert bench.state.expires_at == NOW + 151


class TestRejection:
    @pytest.mark.parametrize("status", [128, 129, 130, 156, 157])
    def test_what_may_pass_is_tried_again_a_bounded_number_of_times(self, status: int) -> None:
        bench = Bench()
        bench.do(attached())
        tries = 0
        while bench.sent(ProxyBindingUpdate):
            tries += 1
            bench.get(answer(bench.one(ProxyBindingUpdate), status=status, lifetime=0))
            assert (bench.state.phase, bench.view) == (Phase.REFUSED, None)
            assert str(status) in bench.state.reason
            if bench.role.due(bench.state) is not None:
                bench.wait()
        assert tries == PARAMETERS.attempts + 1
        assert bench.held == frozenset()

    @pytest.mark.parametrize("status", [152, 153, 154, 155])
    def test_what_will_not_pass_is_not_tried_again(self, status: int) -> None:
        bench = Bench()
        bench.do(attached())
        bench.get(answer(bench.one(ProxyBindingUpdate), status=status, lifetime=0))
        assert (bench.state.phase, bench.outputs, bench.held) == (Phase.REFUSED, (), frozenset())
        assert bench.role.due(bench.state) is None
        bench.do(attached())
        assert not bench.outputs
        bench.do(Detached(PLACE.path_id))
        assert not bench.is_known

    def test_service_stops_when_the_node_may_no_longer_be_served(self) -> None:
        bench = Bench()
        bench.served()
        bench.wait_until(NOW + 49)
        bench.wait()
        bench.get(answer(bench.one(ProxyBindingUpdate), status=152, lifetime=0))
        assert (bench.view, bench.held) == (None, frozenset())

    def test_a_peer_without_the_d_flag_is_named(self) -> None:
        bench = Bench()
        bench.do(attached())
        bench.get(answer(bench.one(ProxyBindingUpdate), status=129, lifetime=0, dmm=False))
        assert "D flag" in bench.state.reason
        bench.wait()
        assert bench.sent(ProxyBindingUpdate)

    def test_a_peer_that_knows_no_mobility_header_is_named(self) -> None:
        bench = Bench()
        bench.do(attached())
        bench.get(BindingError(status=2, home_address=IPv6Address(0)), OTHER)
        assert bench.state.phase is Phase.REGISTERING
        bench.get(BindingError(status=2, home_address=IPv6Address(0)))
        assert (bench.state.phase, bench.view) == (Phase.REFUSED, None)
        assert "Proxy Binding Updates" in bench.state.reason

    @pytest.mark.parametrize(
        "wrong",
        [
            HandoffIndicator(indicator=1),
            AccessTechnologyType(technology=4),
            MobileNodeLinkLayerIdentifier(identifier=b"\2\0\0\0\0\0"),
        ],
    )
    def test_an_answer_that_does_not_echo_is_ignored_and_not_asked_for_again(self, wrong: object) -> None:
        bench = Bench()
        bench.do(attached())
        good = answer(bench.one(ProxyBindingUpdate))
        options = tuple(wrong if type(o) is type(wrong) else o for o in good.options)
        bench.get(replace(good, options=options))
        assert (bench.view, bench.outputs, bench.role.due(bench.state)) == (None, (), None)

    def test_an_answer_without_the_prefix_is_no_registration(self) -> None:
        bench = Bench()
        bench.do(attached())
        good = answer(bench.one(ProxyBindingUpdate))
        options = tuple(home(THIRDS) if isinstance(o, HomeNetworkPrefix) else o for o in good.options)
        bench.get(replace(good, options=options))
        assert (bench.view, bench.state.phase) == (None, Phase.REFUSED)

    def test_a_full_table_leaves_the_node_without_service_until_there_is_room(self) -> None:
        bench = Bench()
        bench.do(attached())
        cause = Received(answer(bench.one(ProxyBindingUpdate)), CMD, HERE)
        bench.do(Refused("prefix_bindings is full", cause))
        assert (bench.state.phase, bench.state.reason, bench.view) == (Phase.REFUSED, "prefix_bindings is full", None)
        bench.wait()
        bench.get(answer(bench.one(ProxyBindingUpdate)))
        assert bench.view is not None

    def test_an_anchor_there_is_no_room_for_does_not_end_the_registration(self) -> None:
        bench = Bench()
        bench.served()
        bench.wait_until(NOW + 49)
        bench.wait()
        cause = Received(answer(bench.one(ProxyBindingUpdate), *TOLD), CMD, HERE)
        bench.do(Refused("path_bindings is full", cause))
        assert (prefixes_of(bench.view), bench.state.expires_at) == ([OWN], NOW + 150)


class TestLeaving:
    """Section 3.5: the link says nothing, the lifetime does."""

    def test_losing_the_link_changes_nothing_but_that_nothing_is_extended(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        view = bench.view
        bench.wait_until(NOW + 2)
        view = bench.view
        bench.do(Detached(PLACE.path_id))
        assert (bench.view, bench.outputs) == (view, ())
        assert bench.role.due(bench.state) == NOW + 100

    def test_the_end_of_the_lifetime_is_told_and_the_prefix_let_go(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 99)
        bench.wait()
        update = bench.one(ProxyBindingUpdate)
        assert (update.lifetime, update.all_options(HomeNetworkPrefix)) == (0, (home(OWN),))
        assert (bench.view, bench.held) == (None, {OWN})
        bench.get(answer(update))
        assert not bench.is_known

    def test_a_cmd_that_does_not_answer_is_told_a_bounded_number_of_times(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 99)
        sent = [o for o in bench.wait_until(NOW + 1000) if isinstance(o, Send)]
        assert len(sent) == PARAMETERS.attempts
        assert not bench.is_known

    def test_a_node_that_the_cmd_knows_elsewhere_keeps_its_prefix(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 99)
        bench.wait()
        bench.get(answer(bench.one(ProxyBindingUpdate), lifetime=20))
        assert bench.held == {OWN}
        bench.get(told_where(OTHER, sequence=1, at=bench.now))
        bench.wait_until(bench.now + 1000)
        assert bench.view is not None
        assert bench.view.serving == OTHER

    def test_a_node_that_returns_in_time_goes_on(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 70)
        bench.do(attached())
        assert bench.view is not None
        bench.wait()
        assert bench.one(ProxyBindingUpdate).option(HandoffIndicator) == HandoffIndicator(indicator=5)

    def test_a_node_that_returns_while_the_end_is_told_registers_again(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 99)
        bench.wait()
        bench.do(attached(PLACE, THIRDS))
        update = bench.one(ProxyBindingUpdate)
        assert update.all_options(HomeNetworkPrefix) == (home(OWN),)
        bench.get(answer(update))
        assert prefixes_of(bench.view) == [OWN]

    def test_a_node_that_goes_while_it_registers_is_not_advertised_to(self) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.do(Detached(PLACE.path_id))
        bench.get(answer(update))
        assert (bench.state.phase, bench.outputs) == (Phase.LEFT_UNKNOWN, ())

    def test_a_node_that_goes_while_nobody_answers_is_forgotten(self) -> None:
        bench = Bench()
        bench.do(attached())
        bench.do(Detached(PLACE.path_id))
        bench.wait_until(NOW + 200)
        assert not bench.is_known

    def test_another_path_says_nothing(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(Detached(ANOTHER_PLACE.path_id))
        assert bench.state.phase is Phase.SERVING


class TestAtTheSameSwitch:
    def test_another_port_is_served_at_once_and_the_old_one_drained(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(attached(ANOTHER_PLACE))
        assert bench.outputs == (Advertise(),)
        assert bench.view == LocalBinding(str(MN), (NATIVE,), mac=MAC, node_id=7, attachment=ANOTHER_PLACE, left=PLACE)
        bench.wait_until(NOW + 1.1)
        assert bench.view is not None
        assert bench.view.left is None

    def test_another_interface_is_told_to_the_cmd(self) -> None:
        bench = Bench()
        bench.served()
        other = MacAddress.parse("02:00:5e:00:01:02")
        bench.do(attached(ANOTHER_PLACE, mac=other))
        (update,) = bench.sent(ProxyBindingUpdate)
        assert update.option(HandoffIndicator) == HandoffIndicator(indicator=2)
        assert update.option(MobileNodeLinkLayerIdentifier) == MobileNodeLinkLayerIdentifier(identifier=bytes(other))
        assert bench.view is not None
        assert (bench.view.mac, bench.view.left) == (other, None)

    def test_the_same_again_is_nothing_new(self) -> None:
        bench = Bench()
        bench.served()
        before = bench.state
        bench.do(attached())
        assert (bench.state, bench.outputs) == (before, ())

    def test_its_place_at_the_answer_is_where_it_is_served(self) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.do(attached(ANOTHER_PLACE))
        assert bench.outputs == ()
        bench.get(answer(update))
        assert bench.view is not None
        assert (bench.view.attachment, bench.view.left) == (ANOTHER_PLACE, None)

    def test_a_new_link_local_address_is_advertised_to(self) -> None:
        bench = Bench()
        bench.served()
        bench.do(NewLinkLocal(MAC.link_local()))
        assert bench.outputs == (Advertise(),)


class TestIdlePrefixes:
    def test_the_cmd_is_told_and_the_prefix_goes_with_its_answer(self) -> None:
        bench = Bench()
        bench.served(*TOLD, *TOLD_THIRD)
        bench.do(PrefixIdle(OTHERS))
        update = bench.one(ProxyBindingUpdate)
        assert (update.lifetime, update.all_options(HomeNetworkPrefix)) == (0, (home(OTHERS),))
        assert prefixes_of(bench.view) == [OWN, OTHERS, THIRDS]
        bench.get(answer(update))
        assert prefixes_of(bench.view) == [OWN, THIRDS]
        assert bench.advertises

    def test_it_is_repeated_and_given_up_after_some_copies(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.do(PrefixIdle(OTHERS))
        copies = [o for o in bench.wait_until(NOW + 49) if isinstance(o, Send)]
        assert len(copies) == PARAMETERS.attempts - 1
        bench.wait_until(NOW + 90)
        bench.do(PrefixIdle(OTHERS))
        assert bench.sent(ProxyBindingUpdate), "it may be told again"

    def test_one_after_the_other(self) -> None:
        bench = Bench()
        bench.served(*TOLD, *TOLD_THIRD)
        bench.do(PrefixIdle(OTHERS))
        first = bench.one(ProxyBindingUpdate)
        bench.do(PrefixIdle(THIRDS))
        assert bench.outputs == ()
        bench.get(answer(first))
        assert bench.sent(ProxyBindingUpdate)[0].all_options(HomeNetworkPrefix) == (home(THIRDS),)

    def test_a_rejected_one_stays(self) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.do(PrefixIdle(OTHERS))
        bench.get(answer(bench.one(ProxyBindingUpdate), status=155))
        assert prefixes_of(bench.view) == [OWN, OTHERS]
        assert bench.state.retiring is None

    @pytest.mark.parametrize("prefix", [OWN, THIRDS])
    def test_only_other_anchors_prefixes_are_given_up(self, prefix: object) -> None:
        bench = Bench()
        bench.served(*TOLD)
        bench.do(PrefixIdle(prefix))  # type: ignore[arg-type]
        assert bench.outputs == ()

    def test_a_late_answer_does_not_bring_it_back(self) -> None:
        bench = Bench()
        registration = bench.served(*TOLD)
        bench.do(PrefixIdle(OTHERS))
        bench.get(answer(bench.one(ProxyBindingUpdate)))
        bench.get(answer(registration, *TOLD))
        assert prefixes_of(bench.view) == [OWN]

    def test_the_extension_and_a_retirement_do_not_take_each_others_answers(self) -> None:
        bench = Bench()
        bench.served(*TOLD, *TOLD_THIRD)
        bench.wait_until(NOW + 49)
        bench.wait()
        extension = bench.one(ProxyBindingUpdate)
        bench.do(PrefixIdle(OTHERS))
        retirement = bench.one(ProxyBindingUpdate)
        assert extension.sequence != retirement.sequence
        bench.get(answer(retirement))
        assert prefixes_of(bench.view) == [OWN, THIRDS]
        bench.get(answer(extension, *TOLD_THIRD))
        assert bench.state.expires_at == NOW + 150


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_lifetime_s", 3),
        ("max_lifetime_s", 262_144),
        ("refresh_fraction", 1.0),
        ("attempts", 0),
        ("anchors_max", 0),
    ],
)
def test_parameters_that_cannot_work_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(PARAMETERS, **{field: value})


def test_time_that_comes_early_or_twice_does_nothing() -> None:
    bench = Bench()
    bench.served(*TOLD)
    for _ in range(2):
        before = bench.state
        bench.do(TimeReached())
        assert (bench.state, bench.outputs) == (before, ())


def test_parameters_have_working_defaults() -> None:
    assert MaarParameters(HERE, CMD, router(1)).anchor_max_lifetime_s == 86400

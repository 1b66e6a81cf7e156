# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a mobile access gateway makes of acknowledgements and errors (RFC 5213 section 6.9.1.2)."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.exchange import timestamp_at
from p4dmm.mobility.pmipv6.mag import Reregister
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BindingError,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    Timestamp,
    UnknownOption,
)
from tests.mobility.pmipv6.mag_support import (
    LMA,
    MAG,
    OTHER_LMA,
    P1,
    P2,
    P3,
    PORT_1,
    PROFILE,
    START,
    Gateway,
    answer,
    attached,
    hnp,
    in_phase,
    received,
    with_parameters,
)

ASKING = [MagPhase.REGISTERING, MagPhase.REGISTERED]


def asking(phase):
    """A gateway that waits for the answer to a registration, or re-registration."""
    gateway = in_phase(phase)
    if phase is MagPhase.REGISTERED:
        gateway.sleep(1800)
    assert gateway.state.pending is not None
    return gateway


def with_option(option):
    """Alter an answer: that option in place of the one of its type."""

    def alter(event):
        options = tuple(option if type(o) is type(option) else o for o in event.message.options)
        return received(replace(event.message, options=options), event.source)

    return alter


def without(kind):
    def alter(event):
        options = tuple(o for o in event.message.options if type(o) is not kind)
        return received(replace(event.message, options=options), event.source)

    return alter


def changed(**fields):
    return lambda event: received(replace(event.message, **fields), event.source)


NO_ANSWERS = {
    "of another anchor": lambda event: replace(event, source=OTHER_LMA),
    "to another address": lambda event: replace(event, destination=OTHER_LMA),
    "with another sequence number": changed(sequence=9),
    "of an earlier copy": lambda event: changed(sequence=event.message.sequence - 1)(event),
    "with another timestamp": with_option(Timestamp(seconds=1, fraction=0)),
    "without the timestamp": without(Timestamp),
    "of another node": with_option(MobileNodeIdentifier(identifier=b"mn2@example.net")),
    "of nobody": without(MobileNodeIdentifier),
    "with the D flag (RFC 8885 section 4.2)": changed(dmm=True),
    "rejecting with the D flag": changed(dmm=True, status=129),
}


@pytest.mark.parametrize("phase", [*ASKING, MagPhase.DEREGISTERING])
@pytest.mark.parametrize("alter", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_what_answers_no_request_is_ignored(phase, alter):
    gateway = in_phase(phase) if phase is MagPhase.DEREGISTERING else asking(phase)
    before = gateway.state
    assert not gateway.do(alter(answer(gateway.last_update)))
    assert gateway.state == before


def test_an_answer_counts_once():
    gateway = Gateway()
    gateway.do(attached())
    accept = answer(gateway.last_update)
    gateway.do(accept)
    before = gateway.state
    gateway.do(accept)
    gateway.do(answer(gateway.last_update, 129))
    assert gateway.state == before


def test_an_answer_to_the_copy_before_the_last_comes_too_late():
    gateway = Gateway()
    (first,) = gateway.do(attached())
    gateway.sleep(1)
    gateway.do(answer(first))
    assert gateway.phase is MagPhase.REGISTERING


OTHER_ECHOES = [
    HandoffIndicator(indicator=1),
    AccessTechnologyType(technology=4),
    MobileNodeLinkLayerIdentifier(identifier=b"\2\0\0\0\0\1"),
]


@pytest.mark.parametrize("option", OTHER_ECHOES, ids=lambda option: type(option).__name__)
@pytest.mark.parametrize("phase", ASKING)
def test_a_wrong_echo_is_ignored_and_ends_the_copies_until_somebody_acts(phase, option):
    gateway = asking(phase)
    prefixes = gateway.prefixes
    assert not gateway.do(with_option(option)(answer(gateway.last_update, prefixes=(P2,))))
    assert gateway.prefixes == prefixes
    assert not gateway.sleep(86_400)
    assert not gateway.views
    assert gateway.do(Reregister())


@pytest.mark.parametrize("kind", [HandoffIndicator, AccessTechnologyType, MobileNodeLinkLayerIdentifier])
def test_an_echo_that_is_not_there_is_not_wrong(kind):
    gateway = asking(MagPhase.REGISTERING)
    gateway.do(without(kind)(answer(gateway.last_update)))
    assert gateway.prefixes == (P1,)


def test_unknown_options_are_skipped():
    gateway = asking(MagPhase.REGISTERING)
    gateway.do(answer(gateway.last_update, extra=(UnknownOption(200, b"?"),)))
    assert gateway.prefixes == (P1,)


@pytest.mark.parametrize("status", range(128, 256))
@pytest.mark.parametrize("phase", ASKING)
def test_a_rejection_ends_service_and_is_asked_about_only_where_that_may_help(phase, status):
    gateway = asking(phase)
    had = gateway.prefixes
    sent = gateway.do(answer(gateway.last_update, status))
    if status in {156, 157}:
        # Of this copy, not of the session: see the tests on clocks.
        assert gateway.prefixes == had
        return
    assert not gateway.prefixes
    assert [p.valid_until for view in gateway.views for p in view.prefixes] == [gateway.now] * len(had)
    if status in {155, 159} and had:
        assert [u.all_options(HomeNetworkPrefix) for u in sent] == [(hnp(IPv6Network("::/0")),)]
        return
    assert not sent
    assert not gateway.sleep(59)
    assert not gateway.views
    if status in {128, 130}:
        (again,) = gateway.sleep(1)
        gateway.do(answer(again))
        assert gateway.prefixes == (P1,)
        return
    assert not gateway.sleep(86_400)
    # Not even if it leaves and comes back soon, but when it is long gone or somebody acts.
    gateway.leave()
    assert not gateway.do(attached())
    assert not gateway.sleep(86_400)
    assert gateway.do(Reregister())


@pytest.mark.parametrize("status", [152, 153, 154])
def test_a_denial_is_forgotten_some_time_after_the_node_has_left(status):
    gateway = Gateway()
    gateway.do(attached())
    gateway.do(answer(gateway.last_update, status))
    gateway.leave()
    gateway.sleep(299)
    assert gateway.phase is MagPhase.REFUSED
    gateway.sleep(1)
    assert gateway.phase is MagPhase.IDLE


@pytest.mark.parametrize("status", [155, 159])
def test_prefixes_that_the_anchor_does_not_agree_to_are_not_asked_for_again(status):
    gateway = Gateway()
    gateway.do(attached(profile=replace(PROFILE, prefixes=(P1,))))
    (update,) = gateway.do(answer(gateway.last_update, status))
    (asked,) = update.all_options(HomeNetworkPrefix)
    assert asked.prefix == IPv6Address("::")
    assert not gateway.do(answer(update, status, prefixes=()))
    assert gateway.phase is MagPhase.REFUSED
    assert not gateway.sleep(86_400)
    (update,) = gateway.do(attached(profile=replace(PROFILE, prefixes=(P3,))))
    assert update.all_options(HomeNetworkPrefix) == (hnp(P3),)


def test_the_anchor_goes_on_choosing_prefixes_until_policy_changes():
    gateway = Gateway(with_parameters(lifetime_s=40))
    gateway.do(attached(profile=replace(PROFILE, prefixes=(P1,))))
    (update,) = gateway.do(answer(gateway.last_update, 155))
    gateway.do(answer(update, prefixes=(P2,)))
    # Expired, and begun anew.
    gateway.sleep(40)
    (asked,) = gateway.last_update.all_options(HomeNetworkPrefix)
    assert asked.prefix == IPv6Address("::")
    gateway.do(answer(gateway.last_update, prefixes=(P2,)))
    gateway.do(attached(profile=replace(PROFILE, prefixes=(P3,), lma=OTHER_LMA)))
    gateway.do(answer(gateway.last_update))
    (update,) = gateway.sleep(0)
    assert update.all_options(HomeNetworkPrefix) == (hnp(P3),)


def test_a_policy_that_has_changed_is_tried():
    gateway = Gateway()
    gateway.do(attached())
    gateway.do(answer(gateway.last_update, 152))
    assert not gateway.do(attached())
    assert gateway.do(attached(profile=replace(PROFILE, lma=OTHER_LMA)))
    assert gateway.state.pending.peer == OTHER_LMA


@pytest.mark.parametrize("status", [156, 157])
@pytest.mark.parametrize("phase", ASKING)
def test_a_time_that_the_anchor_does_not_like_is_followed_by_a_newer_one(phase, status):
    gateway = asking(phase)
    had = gateway.prefixes
    update = gateway.last_update
    anchor_time = with_option(timestamp_at(gateway.now + 100))
    assert not gateway.do(anchor_time(answer(update, status)))
    (again,) = gateway.sleep(1)
    assert again.option(Timestamp) == timestamp_at(gateway.now), "the anchor's clock is not taken over"
    assert gateway.prefixes == had
    gateway.do(answer(again))
    assert gateway.prefixes == (P1,)


def test_a_copy_doubled_by_the_network_does_not_hide_that_the_first_was_accepted():
    gateway = asking(MagPhase.REGISTERING)
    gateway.do(answer(gateway.last_update, 156))
    gateway.do(answer(gateway.last_update))
    assert gateway.prefixes == (P1,)


def test_a_clock_that_has_been_set_back_is_followed():
    gateway = asking(MagPhase.REGISTERING)
    gateway.now -= 3600
    gateway.do(answer(gateway.last_update, 156))
    (again,) = gateway.sleep(1)
    assert again.option(Timestamp) == timestamp_at(START - 3599)


def test_clocks_that_never_agree_end_in_a_refusal():
    gateway = asking(MagPhase.REGISTERING)
    for _ in range(200):
        if gateway.phase is MagPhase.REGISTERING:
            gateway.do(answer(gateway.last_update, 156))
        gateway.sleep(60)
    assert gateway.phase is MagPhase.REFUSED
    assert gateway.mag.due(gateway.state) is None
    assert len(gateway.sent) == 8 * 11


UNUSABLE = {
    "none": (),
    "all zero": (IPv6Network("::/0"),),
    "an address": (IPv6Network("2001:db8:100:1::1/128"),),
    "too short": (IPv6Network("2001:db8:100::/48"),),
    "one of two too long": (P1, IPv6Network("2001:db8:100:2::/65")),
    "link-local": (IPv6Network("fe80::/64"),),
    "multicast": (IPv6Network("ff05::/64"),),
    "too many": tuple(IPv6Network(((0x20010DB8 << 96) + (n << 64), 64)) for n in range(17)),
}


@pytest.mark.parametrize("prefixes", UNUSABLE.values(), ids=UNUSABLE.keys())
@pytest.mark.parametrize("phase", ASKING)
def test_prefixes_that_no_host_can_use_are_given_back(phase, prefixes):
    gateway = asking(phase)
    (end,) = gateway.do(answer(gateway.last_update, prefixes=prefixes))
    assert end.lifetime == 0
    assert not gateway.prefixes
    gateway.do(answer(end))
    assert gateway.phase is MagPhase.REFUSED
    assert not gateway.sleep(86_400)


def test_a_prefix_given_twice_is_one():
    gateway = asking(MagPhase.REGISTERING)
    gateway.do(answer(gateway.last_update, prefixes=(P3, P1, P3)))
    assert gateway.prefixes == (P3, P1)


def binding_error(status, source=LMA, destination=MAG):
    return received(BindingError(status=status, home_address=IPv6Address("::")), source, destination)


@pytest.mark.parametrize("phase", ASKING)
def test_an_anchor_without_proxy_mobile_ipv6_is_not_asked_again(phase):
    gateway = asking(phase)
    gateway.do(binding_error(2))
    assert not gateway.sleep(86_400)
    assert gateway.phase is MagPhase.REFUSED
    assert not gateway.views


def test_an_anchor_without_proxy_mobile_ipv6_needs_no_end():
    gateway = in_phase(MagPhase.DEREGISTERING)
    gateway.do(binding_error(2))
    assert gateway.phase is MagPhase.IDLE


@pytest.mark.parametrize(
    "error", [binding_error(1), binding_error(2, source=OTHER_LMA), binding_error(2, destination=OTHER_LMA)]
)
@pytest.mark.parametrize("phase", [*ASKING, MagPhase.DEREGISTERING])
def test_other_binding_errors_are_ignored(phase, error):
    gateway = in_phase(phase) if phase is MagPhase.DEREGISTERING else asking(phase)
    before = gateway.state
    gateway.do(error)
    assert gateway.state == before


def test_a_binding_error_that_nothing_was_asked_before_is_ignored():
    gateway = in_phase(MagPhase.REGISTERED)
    before = gateway.state
    gateway.do(binding_error(2))
    assert gateway.state == before


def test_the_end_of_a_registration_that_is_not_known_to_have_succeeded_names_what_was_asked_for():
    gateway = Gateway(with_parameters(deregistration_copies=1))
    gateway.do(attached(profile=replace(PROFILE, prefixes=(P1, P2))))
    (end,) = gateway.leave(PORT_1)
    assert end.all_options(HomeNetworkPrefix) == (hnp(P1), hnp(P2))

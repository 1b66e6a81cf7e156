# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A mobile access gateway registers what attaches (RFC 5213 sections 6.9.1.1, 6.9.1.3, 6.9.1.5 and 6.9.4)."""

import itertools
from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from p4dmm.mobility import Advertise
from p4dmm.mobility.access import NewLinkLocal
from p4dmm.mobility.exchange import Send, TimeReached, ticks
from p4dmm.mobility.local import LocalBinding, RoutedPrefix
from p4dmm.mobility.pmipv6.mag import Reregister
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.mobility.router import PMIPV6_ROUTER, RouterIdentity
from p4dmm.wire.mobility import (
    BindingRefreshAdvice,
    HandoffIndicator,
    HomeNetworkPrefix,
    LinkLocalAddress,
    MobileNodeLinkLayerIdentifier,
    Timestamp,
    encode_mobility,
    is_newer,
)
from tests.mobility.pmipv6.mag_support import (
    LMA,
    MAC,
    MAG,
    MN_ID,
    OTHER_LMA,
    OTHER_MAC,
    P1,
    P2,
    P3,
    PARAMETERS,
    PORT_1,
    PROFILE,
    START,
    Gateway,
    answer,
    attached,
    hnp,
    with_parameters,
)


def test_the_first_update_has_the_octets_of_figure_12():
    gateway = Gateway()
    _, outputs = gateway.mag.step(gateway.mag.initial(MN_ID), attached(), START)
    (send,) = outputs
    assert (send.source, send.destination) == (MAG, LMA)
    octets = encode_mobility(send.message, send.source, send.destination)
    assert octets[:4] == bytes.fromhex("3b0a0500")
    assert octets[6:].hex() == (
        "0001 8200 0384"  # sequence 1; A and P; 3600 s in units of 4
        "0810 01 6d6e31406578616d706c652e6e6574"  # MN-ID, a network access identifier
        "0104 00000000"
        "1612 00 00 00000000000000000000000000000000"  # home network prefix: all zero
        "1702 00 04"  # handoff state unknown
        "1802 00 03"  # IEEE 802.3
        "0100"
        "1b08 00006553f100 0000"  # 1,700,000,000 s
        "1908 0000 02005e000101"  # the interface's MAC address
        "0100"
    ).replace(" ", "")


def test_a_profile_with_prefixes_asks_for_those():
    gateway = Gateway()
    (update,) = gateway.do(attached(profile=replace(PROFILE, prefixes=(P1, P2))))
    assert update.all_options(HomeNetworkPrefix) == (hnp(P1), hnp(P2))


@pytest.mark.parametrize("indicator", [1, 3, 4])
def test_the_handoff_indicator_is_what_the_domain_knows(indicator):
    (update,) = Gateway(with_parameters(indicator=indicator)).do(attached())
    assert update.option(HandoffIndicator).indicator == indicator


@pytest.mark.parametrize(
    "wrong",
    [
        {"indicator": 2},
        {"indicator": 5},
        {"lifetime_s": 0},
        {"lifetime_s": 6},
        {"lifetime_s": 262144},
        {"renew_fraction": 1.0},
        {"registration_copies": 0},
        {"deregistration_copies": 0},
        {"max_prefixes": 0},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        with_parameters(**wrong)


def test_nothing_is_forwarded_or_advertised_before_the_anchor_accepts():
    gateway = Gateway()
    gateway.do(attached())
    assert not gateway.views
    assert not gateway.advertised
    gateway.do(answer(gateway.last_update, prefixes=(P1, P2)))
    expires = START + 3600
    router = PMIPV6_ROUTER
    assert gateway.views == (
        LocalBinding(
            mn_id="mn1@example.net",
            prefixes=(
                RoutedPrefix(P1, LMA, router, valid_until=expires),
                RoutedPrefix(P2, LMA, router, valid_until=expires),
            ),
            mac=MAC,
            node_id=7,
            attachment=PORT_1,
        ),
    )
    assert gateway.advertised == 1


def test_the_profile_s_anchor_comes_before_the_domain_s():
    gateway = Gateway()
    _, outputs = gateway.mag.step(gateway.mag.initial(MN_ID), attached(profile=replace(PROFILE, lma=OTHER_LMA)), START)
    assert [output.destination for output in outputs if isinstance(output, Send)] == [OTHER_LMA]


@pytest.mark.parametrize(
    ("profile", "parameters"),
    [
        (replace(PROFILE, proxy_registration=False), PARAMETERS),
        (replace(PROFILE, mags=frozenset({OTHER_LMA})), PARAMETERS),
        (PROFILE, with_parameters(lma=None)),
    ],
    ids=["not this node", "not by this gateway", "no anchor"],
)
def test_who_policy_denies_is_not_registered(profile, parameters):
    gateway = Gateway(parameters)
    assert not gateway.do(attached(profile=profile))
    assert gateway.phase is MagPhase.REFUSED
    assert not gateway.sleep(86_400)
    gateway.leave()
    assert gateway.phase is MagPhase.IDLE


def test_every_copy_has_a_newer_sequence_number_and_time_and_they_back_off():
    gateway = Gateway()
    gateway.do(attached())
    times, seen = [gateway.now], [gateway.last_update]
    while gateway.phase is MagPhase.REGISTERING:
        gateway.now = gateway.mag.due(gateway.state)
        copies = gateway.sleep(0)
        times += [gateway.now] * len(copies)
        seen += copies
    assert [b - a for a, b in itertools.pairwise(times)] == [1, 2, 4, 8, 16, 32, 32]
    for earlier, later in itertools.pairwise(seen):
        assert is_newer(later.sequence, earlier.sequence)
        assert ticks(later.option(Timestamp)) > ticks(earlier.option(Timestamp))
        assert replace(later, sequence=0, options=()) == replace(earlier, sequence=0, options=())
    assert gateway.state.refusal.reason == "the anchor does not answer"


def test_attempts_end_where_the_parameters_say():
    gateway = Gateway(with_parameters(registration_copies=2, max_retries=3, retry_s=10.0))
    gateway.do(attached())
    gateway.sleep(100_000)
    assert len(gateway.sent) == 2 * (1 + 3)
    assert gateway.mag.due(gateway.state) is None
    # An administrative action begins anew, and so does the node that leaves and comes back.
    assert gateway.do(Reregister())
    gateway.sleep(100_000)
    gateway.leave()
    assert gateway.phase is MagPhase.IDLE
    assert gateway.do(attached())


def test_with_sequence_numbers_there_is_no_timestamp():
    gateway = Gateway(with_parameters(timestamps=False))
    (first,) = gateway.do(attached())
    (second,) = gateway.sleep(1)
    assert first.option(Timestamp) is None
    assert second.option(Timestamp) is None
    assert is_newer(second.sequence, first.sequence)


def test_a_stale_sequence_number_is_answered_by_a_later_one_than_the_anchor_s():
    gateway = Gateway(with_parameters(timestamps=False))
    (update,) = gateway.do(attached())
    (again,) = gateway.do(answer(update, 135, sequence=500))
    assert again.sequence == 501
    gateway.do(answer(again))
    assert gateway.prefixes == (P1,)


@pytest.mark.parametrize("sequence", [0, 65535], ids=["before ours", "long before ours"])
def test_an_old_complaint_about_the_sequence_number_is_ignored(sequence):
    gateway = Gateway(with_parameters(timestamps=False))
    (update,) = gateway.do(attached())
    assert not gateway.do(answer(update, 135, sequence=sequence))
    assert gateway.state.pending.update.sequence == update.sequence


def test_a_complaint_about_the_sequence_number_with_the_d_flag_is_ignored():
    gateway = Gateway(with_parameters(timestamps=False))
    (update,) = gateway.do(attached())
    assert not gateway.do(answer(update, 135, sequence=500, dmm=True))
    assert gateway.state.pending.update.sequence == update.sequence


def test_re_registration_comes_before_the_end_with_all_prefixes_and_indicator_5():
    gateway = Gateway().register((P1, P2))
    assert not gateway.sleep(1799)
    (update,) = gateway.sleep(1)
    assert update.option(HandoffIndicator).indicator == 5
    assert update.all_options(HomeNetworkPrefix) == (hnp(P1), hnp(P2))
    assert update.option(MobileNodeLinkLayerIdentifier).identifier == bytes(MAC)
    gateway.do(answer(update, prefixes=(P1, P2)))
    assert [p.valid_until for p in gateway.views[0].prefixes] == [START + 1800 + 3600] * 2
    assert gateway.advertised == 2


def test_the_lifetime_runs_from_the_request_and_is_never_more_than_asked_for():
    gateway = Gateway()
    gateway.do(attached())
    gateway.sleep(0.5)
    gateway.do(answer(gateway.last_update, lifetime=0xFFFF))
    assert gateway.state.expires_at == START + 3600
    gateway = Gateway()
    gateway.do(attached())
    gateway.now += 0.5
    gateway.do(answer(gateway.last_update, lifetime=100))
    assert gateway.state.expires_at == START + 400


def test_the_anchor_may_want_to_hear_earlier():
    gateway = Gateway().register(extra=(BindingRefreshAdvice(interval=50),))
    assert not gateway.sleep(199)
    assert gateway.sleep(1)


def test_a_session_that_is_not_extended_ends_when_it_was_to_and_is_tried_anew():
    gateway = Gateway(with_parameters(lifetime_s=40)).register()
    gateway.sleep(39)
    assert gateway.prefixes == (P1,)
    assert all(p.valid_until == START + 40 for view in gateway.views for p in view.prefixes)
    advertised = gateway.advertised
    gateway.now = START + 40
    new, outputs = gateway.mag.step(gateway.state, TimeReached(), gateway.now)
    # Told once more that it is over, then taken away.
    assert outputs == (Advertise(),)
    assert [(p.prefix, p.is_deprecated, p.valid_until) for p in gateway.mag.views(new)[0].prefixes] == [
        (P1, True, START + 40)
    ]
    (update,) = gateway.sleep(0)
    assert not gateway.views
    assert gateway.advertised == advertised + 1
    assert update.option(HandoffIndicator).indicator == 4
    gateway.do(answer(update))
    assert gateway.prefixes == (P1,)


def test_an_answer_that_comes_when_the_time_granted_is_over_gives_no_service():
    gateway = Gateway()
    gateway.do(attached())
    gateway.now += 10
    gateway.do(answer(gateway.last_update, lifetime=2))
    assert gateway.phase is MagPhase.REFUSED
    assert not gateway.views
    assert gateway.sleep(60)


def test_a_prefix_that_the_anchor_no_longer_gives_is_withdrawn():
    gateway = Gateway().register((P1, P2))
    (update,) = gateway.sleep(1800)
    now = gateway.now
    gateway.do(answer(update, prefixes=(P2, P3)))
    view = gateway.views[0].prefixes
    assert [(p.prefix, p.is_deprecated) for p in view] == [(P2, False), (P3, False), (P1, True)]
    assert view[-1].valid_until == now
    gateway.sleep(0)
    assert gateway.prefixes == (P2, P3)
    assert len(gateway.views[0].prefixes) == 2


def test_a_fixed_link_local_address_is_not_negotiated():
    (update,) = Gateway().do(attached())
    assert update.option(LinkLocalAddress) is None


ASKING = with_parameters(router=RouterIdentity(PMIPV6_ROUTER.mac, IPv6Address("::")))
GIVEN = IPv6Address("fe80::1234")


def test_without_a_fixed_link_local_address_the_anchor_gives_one():
    gateway = Gateway(ASKING)
    (update,) = gateway.do(attached())
    assert update.option(LinkLocalAddress).address == IPv6Address("::")
    assert not gateway.do(answer(update, extra=(LinkLocalAddress(address=GIVEN),)))
    assert gateway.views[0].prefixes[0].router == RouterIdentity(PMIPV6_ROUTER.mac, GIVEN)
    (again,) = gateway.sleep(1800)
    assert again.option(LinkLocalAddress).address == GIVEN


@pytest.mark.parametrize("is_known_first", [True, False])
def test_the_node_s_own_link_local_address_is_not_taken_and_the_anchor_told(is_known_first):
    gateway = Gateway(ASKING)
    gateway.do(attached())
    sent = []
    if is_known_first:
        gateway.do(NewLinkLocal(GIVEN))
    sent += gateway.do(answer(gateway.last_update, extra=(LinkLocalAddress(address=GIVEN),)))
    if not is_known_first:
        sent += gateway.do(NewLinkLocal(GIVEN))
    (update,) = sent
    assert update.option(LinkLocalAddress).address == PMIPV6_ROUTER.link_local
    assert gateway.views[0].prefixes[0].router == PMIPV6_ROUTER
    # An anchor that insists is not argued with.
    assert not gateway.do(answer(update, extra=(LinkLocalAddress(address=GIVEN),)))
    assert gateway.views[0].prefixes[0].router == PMIPV6_ROUTER


def test_reregister_asks_again_at_once_and_once():
    gateway = Gateway().register()
    (update,) = gateway.do(Reregister())
    assert update.option(HandoffIndicator).indicator == 5
    assert not gateway.do(Reregister())


def test_another_interface_of_a_node_that_is_served_is_not():
    gateway = Gateway().register()
    before = gateway.state
    assert not gateway.do(attached(PORT_1, mac=OTHER_MAC))
    assert gateway.state == before

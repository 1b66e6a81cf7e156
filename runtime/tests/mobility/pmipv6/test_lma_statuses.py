# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a local mobility anchor refuses, with which status and in which order, and what its answers look like (RFC 5213
sections 5.3.1, 5.3.6 and 5.5)."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.exchange import Received, timestamp_at
from p4dmm.mobility.pmipv6.checks import CHECKS
from p4dmm.mobility.pmipv6.request import UpdateReceived
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    GreKey,
    HandoffIndicator,
    HomeNetworkPrefix,
    LinkLocalAddress,
    MalformedOption,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingAck,
    UnknownOption,
)

from .lma_support import (
    LLI_A,
    LLI_B,
    LTE,
    MAG1,
    MAG2,
    MN,
    OTHER,
    PARAMETERS,
    START,
    Anchor,
    home,
    homes_of,
    stamp_of,
    update,
)

ELSEWHERE = IPv6Network("2001:db8:ffff::/64")


def anchor(**profile):
    return Anchor(profiles={MN: NodeProfile(MN, **profile), OTHER: NodeProfile(OTHER)})


def registered(**fields):
    """With a session of `MN` at MAG1, made a second ago."""
    it = anchor()
    it.ack(MAG1, OTHER, lli=LLI_B)
    assert it.ack(**fields).status == BaStatus.ACCEPTED
    it.now += 1
    return it


def unknown_peer():
    it = anchor()
    it.is_peer = False
    return it


def exhausted():
    return Anchor(pool_size=0)


def full():
    it = Anchor(parameters=replace(PARAMETERS, bindings_per_node=1))
    it.ack()
    it.now += 1
    return it


OWN, FOREIGN = home(1), home(0)
"""Of the node and of another, in an anchor that `registered` made."""

# Status, where the RFC says so, anchor, fields of the update. Rows of 5.3.1 stand in their order.
REJECTED = [
    pytest.param(128, "RFC 8885 4.1", anchor, {"dmm": True}, id="128-dmm-flag"),
    pytest.param(160, "RFC 5213 5.3.1 (4)", anchor, {"mn_id": None}, id="160-no-mn-id"),
    pytest.param(154, "RFC 5213 5.3.1 (5, 6)", unknown_peer, {}, id="154-no-peer"),
    pytest.param(154, "RFC 5213 5.3.1 (5, 6)", lambda: anchor(mags=frozenset({MAG2})), {}, id="154-mag-of-policy"),
    pytest.param(153, "RFC 5213 5.3.1 (7)", lambda: Anchor(profiles={}), {}, id="153-unknown-node"),
    pytest.param(153, "RFC 5213 5.3.1 (7)", lambda: anchor(lma=MAG2), {}, id="153-other-lma"),
    pytest.param(152, "RFC 5213 5.3.1 (8)", lambda: anchor(proxy_registration=False), {}, id="152-not-enabled"),
    pytest.param(156, "RFC 5213 5.3.1 (9)", anchor, {"at": START - 0.4}, id="156-slow-clock"),
    pytest.param(156, "RFC 5213 5.3.1 (9)", anchor, {"at": START + 0.4}, id="156-fast-clock"),
    pytest.param(157, "RFC 5213 5.3.1 (9)", registered, {"at": START - 0.1}, id="157-older"),
    pytest.param(156, "RFC 5213 5.3.1 (9)", registered, {"at": START}, id="156-the-same"),
    pytest.param(135, "RFC 5213 5.3.1 (9)", registered, {"at": None, "sequence": 2}, id="135-the-same"),
    pytest.param(158, "RFC 5213 5.3.1 (10)", anchor, {"hnps": None}, id="158-no-prefix"),
    pytest.param(161, "RFC 5213 5.3.1 (11)", anchor, {"hi": None}, id="161-no-handoff-indicator"),
    pytest.param(162, "RFC 5213 5.3.1 (12)", anchor, {"att": None}, id="162-no-access-technology"),
    pytest.param(174, "RFC 6275 6.2.5", anchor, {"alternate": IPv6Address("ff02::1")}, id="174-multicast-coa"),
    pytest.param(174, "RFC 6275 6.2.5", anchor, {"alternate": IPv6Address("fe80::1")}, id="174-link-local-coa"),
    pytest.param(174, "RFC 6275 6.2.5", anchor, {"alternate": IPv6Address("::")}, id="174-no-coa"),
    pytest.param(174, "RFC 6275 6.2.5", anchor, {"alternate": IPv6Address("::1")}, id="174-loopback-coa"),
    pytest.param(155, "RFC 5213 5.4.1.1 (3)", registered, {"hnps": (FOREIGN,)}, id="155-of-another-node"),
    pytest.param(159, "RFC 5213 5.4.1.1 (4)", registered, {"hnps": (OWN, home(2))}, id="159-sets-differ"),
    pytest.param(155, "RFC 5213 5.3.2 (3)", anchor, {"hnps": (ELSEWHERE,)}, id="155-not-of-the-pool"),
    pytest.param(155, "RFC 5213 5.3.2 (3)", anchor, {"hnps": (OWN, home(2))}, id="155-more-than-policy-gives"),
    pytest.param(
        155, "RFC 5213 5.2", registered, {"hnps": (OWN,), "lli": LLI_B, "att": LTE}, id="155-of-another-interface"
    ),
    pytest.param(130, "RFC 5213 5.3.2 (2)", exhausted, {}, id="130-pool-exhausted"),
    pytest.param(130, "RFC 5213 8.9", full, {"lli": LLI_B}, id="130-bindings-of-the-node"),
]


@pytest.mark.parametrize(("status", "where", "make", "fields"), REJECTED)
def test_rejected(status, where, make, fields):
    it = make()
    before = dict(it.nodes)
    ack = it.ack(**fields)
    assert ack.status == status
    assert it.nodes == before
    assert ack.lifetime == 0
    sent = it.last.message
    assert homes_of(ack) == (homes_of(sent) or [IPv6Network("::/0")])


def test_every_check_has_a_case():
    assert {case.values[1] for case in REJECTED} >= set(CHECKS)


def test_every_status_of_the_rfc_has_a_case():
    assert {case.values[0] for case in REJECTED} >= {130, 135, *range(152, 163)}


FAULTS = [
    (160, {"mn_id": None}),
    (154, "no peer"),
    (153, "unknown"),
    (152, "not enabled"),
    (156, {"at": START - 5}),
    (158, {"hnps": None}),
    (161, {"hi": None}),
    (162, {"att": None}),
]


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[str(status) for status, _ in FAULTS])
def test_checks_are_in_order(first):
    """An update with one fault and every later one too is refused for the first."""
    fields, it = {}, anchor()
    for _, fault in FAULTS[first:]:
        if fault == "no peer":
            it.is_peer = False
        elif fault == "unknown":
            it.profiles.clear()
        elif fault == "not enabled":
            if it.profiles:
                it.profiles[MN] = NodeProfile(MN, proxy_registration=False)
        else:
            fields |= fault
    assert it.ack(**fields).status == FAULTS[first][0]


MANY = tuple(home(n) for n in range(84))
"""As many as fit into a Mobility Header beside the node's identifier."""


class TestAnswer:
    """RFC 5213 section 5.3.6."""

    def test_accepted_repeats_what_was_asked(self):
        it = anchor(prefixes_per_interface=2)
        ack = it.ack(hi=3, att=LTE, lli=LLI_A, link_local="::")
        assert ack == ProxyBindingAck(
            status=0,
            sequence=1,
            lifetime=100,
            options=(
                MN.option,
                *(HomeNetworkPrefix(prefix_length=64, prefix=home(n).network_address) for n in range(2)),
                HandoffIndicator(indicator=3),
                AccessTechnologyType(technology=LTE),
                timestamp_at(START),
                MobileNodeLinkLayerIdentifier(identifier=LLI_A),
                LinkLocalAddress(address=IPv6Address("fe80::200:5eff:fe00:5213")),
            ),
        )

    def test_options_that_were_not_asked_are_not_there(self):
        ack = anchor().ack(at=None, lli=None, link_local=None)
        assert ack.status == 0
        assert [type(option) for option in ack.options] == [
            MobileNodeIdentifier,
            HomeNetworkPrefix,
            HandoffIndicator,
            AccessTechnologyType,
        ]

    def test_missing_options_are_zero(self):
        ack = anchor().ack(mn_id=None, hnps=None, hi=None, att=None, lli=None, at=None)
        assert ack.options == (
            MobileNodeIdentifier(subtype=1, identifier=b""),
            HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address("::")),
            HandoffIndicator(indicator=0),
            AccessTechnologyType(technology=0),
        )

    def test_rejected_repeats_prefixes_interface_and_link_local(self):
        ack = anchor(proxy_registration=False).ack(hnps=(home(7), None), link_local="fe80::7")
        assert ack.status == BaStatus.PROXY_REG_NOT_ENABLED
        assert homes_of(ack) == [home(7), IPv6Network("::/0")]
        assert ack.option(LinkLocalAddress) == LinkLocalAddress(address=IPv6Address("fe80::7"))
        assert ack.option(MobileNodeLinkLayerIdentifier) == MobileNodeLinkLayerIdentifier(identifier=LLI_A)
        assert stamp_of(ack) == timestamp_at(START)

    def test_a_rejected_update_of_many_prefixes_has_an_answer_that_fits(self):
        ack = anchor(proxy_registration=False).ack(hnps=MANY, hi=None, att=None, lli=None, at=None)
        assert ack.status == BaStatus.PROXY_REG_NOT_ENABLED

    def test_it_goes_where_the_update_came_from(self):
        """Also when the Proxy-CoA is another address; `ack` looks at source and destination."""
        it = anchor()
        assert it.ack(MAG1, alternate=MAG2).status == 0
        assert it.views()[0].serving == MAG2

    def test_it_comes_from_where_the_update_went_to(self):
        it = anchor()
        loopback = IPv6Address("2001:db8:f::2")
        it.receive(update(at=START), MAG1)
        (sent,) = it.do(replace_destination(it, loopback))
        assert sent.source == loopback

    def test_sequence_is_copied_also_with_a_timestamp(self):
        it = anchor()
        assert it.ack(sequence=40_000).sequence == 40_000
        it.now += 1
        assert it.ack(sequence=5).sequence == 5

    def test_flags_are_those_of_an_anchor_without_extensions(self):
        ack = anchor().ack(force_udp=True, tlv_header=True, bulk=True, multicast=True, mobile_router=True)
        assert ack.status == 0
        assert ack == ProxyBindingAck(status=0, sequence=1, lifetime=100, options=ack.options)


def replace_destination(it, address):
    """The last update again, a second later, as if sent to another address of the switch."""
    it.now += 1
    return UpdateReceived(Received(update(at=it.now), MAG1, address), NodeProfile(MN))


class TestLinkLocal:
    """RFC 5213 section 5.3.6, the Link-local Address option."""

    def test_zero_gets_the_stored_one(self):
        it = anchor()
        it.ack(link_local="fe80::7")
        it.now += 1
        ack = it.ack(MAG2, hi=3, link_local="::")
        assert ack.option(LinkLocalAddress) == LinkLocalAddress(address=IPv6Address("fe80::7"))

    def test_zero_gets_a_generated_one_that_stays(self):
        it = anchor()
        first = it.ack(link_local="::").option(LinkLocalAddress)
        it.now += 1
        assert it.ack(MAG2, hi=3, link_local="::").option(LinkLocalAddress) == first
        assert first.address.is_link_local

    def test_another_one_is_stored(self):
        it = anchor()
        it.ack(link_local="::")
        it.now += 1
        assert it.ack(link_local="fe80::9").option(LinkLocalAddress).address == IPv6Address("fe80::9")
        assert it.state().bindings[0].link_local == IPv6Address("fe80::9")


class TestTimestamps:
    """RFC 5213 section 5.5."""

    def test_accepted_is_returned(self):
        assert stamp_of(anchor().ack(at=START + 0.2)) == timestamp_at(START + 0.2)

    @pytest.mark.parametrize("at", [START - 1, START + 1.6, START + 0.2])
    def test_rejected_gets_the_clock_of_the_anchor(self, at):
        it = anchor()
        it.ack(at=START + 0.2)
        it.now = START + 0.25
        ack = it.ack(at=at)
        assert ack.status in (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)
        assert stamp_of(ack) == timestamp_at(it.now)

    def test_the_last_one_is_the_nodes_not_the_interfaces(self):
        it = anchor()
        it.ack(at=START + 0.2)
        assert it.ack(MAG2, lli=LLI_B, at=START + 0.1).status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED

    def test_the_old_gateways_last_words_come_late(self):
        it = registered()
        it.ack(MAG2, hi=3)
        assert it.ack(MAG1, hi=5, at=it.now - 0.1).status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
        assert it.views()[0].serving == MAG2

    def test_rejected_ones_do_not_count(self):
        it = anchor()
        assert it.ack(at=START + 0.2, hnps=None).status == BaStatus.MISSING_HOME_NETWORK_PREFIX_OPTION
        assert it.ack(at=START + 0.1).status == 0

    def test_generated_by_the_node_they_need_not_be_the_time(self):
        it = Anchor(parameters=replace(PARAMETERS, mobile_node_generated_timestamps=True))
        assert it.ack(at=5.0).status == 0
        assert it.ack(at=4.0).status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
        assert it.ack(at=9_000_000_000.0).status == 0

    def test_a_replay_after_the_node_is_forgotten_is_outside_of_the_window(self):
        it = Anchor(parameters=replace(PARAMETERS, min_delay_before_bce_delete_s=0.0))
        it.ack()
        replayed = it.last.message
        it.ack(lifetime=0, hnps=(home(0),), hi=4, at=START + 0.01)
        it.later(0.1)
        assert it.homes() == []
        (sent,) = it.receive(replayed, MAG1)
        assert sent.message.status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
        it.later(5)
        assert it.nodes == {}
        (sent,) = it.receive(replayed, MAG1)
        assert sent.message.status == BaStatus.TIMESTAMP_MISMATCH
        assert it.nodes == {}


class TestSequenceNumbers:
    """RFC 5213 section 5.5 without timestamps, RFC 6275 section 9.5.1."""

    @pytest.mark.parametrize(("last", "stale"), [(15, 15), (15, 0), (15, 32783), (15, 65535), (0, 32768)])
    def test_stale_gets_135_and_the_last_one(self, last, stale):
        it = anchor()
        it.ack(at=None, sequence=last)
        ack = it.ack(at=None, sequence=stale)
        assert (ack.status, ack.sequence) == (BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW, last)
        assert stamp_of(ack) is None

    @pytest.mark.parametrize(("last", "newer"), [(15, 16), (15, 32782), (65535, 0), (0, 32767)])
    def test_newer_is_accepted(self, last, newer):
        it = anchor()
        it.ack(at=None, sequence=last)
        assert it.ack(at=None, sequence=newer).status == 0

    def test_counts_on_over_a_handover(self):
        it = anchor()
        it.ack(at=None, sequence=10)
        assert it.ack(MAG2, at=None, hi=3, sequence=11).status == 0
        assert it.ack(MAG1, at=None, hi=3, sequence=10).status == BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW
        assert it.views()[0].serving == MAG2

    def test_an_update_overtaken_by_the_de_registration_revives_nothing(self):
        it = anchor()
        it.ack(at=None, sequence=10)
        it.ack(at=None, sequence=12, hnps=(home(0),), hi=4, lifetime=0)
        assert it.ack(at=None, sequence=11, hi=5).status == BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW
        assert it.views() == ()

    def test_an_update_that_would_wait_is_compared_with_the_session_it_may_be_about(self):
        it = anchor()
        it.ack(at=None, lli=None, sequence=10)
        assert it.ack(MAG2, at=None, lli=None, hi=4, sequence=9).status == BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW

    def test_another_session_asked_for_by_name_starts_anew(self):
        it = anchor()
        it.ack(at=None, lli=None, sequence=10)
        assert it.ack(at=None, lli=None, sequence=1, hnps=(home(5),)).status == 0

    def test_each_session_has_its_own(self):
        it = anchor()
        it.ack(at=None, sequence=10)
        assert it.ack(at=None, sequence=3, lli=LLI_B).status == 0
        assert it.ack(at=None, sequence=4, lli=LLI_B).status == 0

    def test_a_first_update_again_opens_no_second_session(self):
        it = anchor()
        it.ack(at=None, lli=None, sequence=10)
        assert it.ack(at=None, lli=None, sequence=10).status == BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW
        assert len(it.homes()) == 1

    def test_ignored_where_there_is_a_timestamp(self):
        it = anchor()
        it.ack(sequence=10)
        it.now += 1
        assert it.ack(sequence=9).status == 0


def test_unknown_options_and_those_of_later_rfcs_are_skipped():
    it = anchor()
    message = update(at=START)
    strange = replace(message, options=(UnknownOption(200, b"abc"), GreKey(key=7), *message.options))
    (sent,) = it.receive(strange, MAG1)
    assert sent.message.status == 0
    assert sent.message.option(GreKey) is None
    assert not any(isinstance(option, UnknownOption) for option in sent.message.options)


def test_a_malformed_option_counts_as_absent():
    it = anchor()
    message = update(at=START, hi=None)
    broken = replace(message, options=(*message.options, MalformedOption(23, 1, b"\0")))
    (sent,) = it.receive(broken, MAG1)
    assert sent.message.status == BaStatus.MISSING_HANDOFF_INDICATOR_OPTION


def test_technology_of_the_session_is_that_of_the_last_update():
    it = registered()
    it.ack(MAG2, hi=2, att=LTE, lli=LLI_B, hnps=(OWN,))
    assert (it.state().bindings[0].technology, it.state().bindings[0].link_layer_id) == (LTE, LLI_B)
    it.now += 1
    it.ack(MAG2, hi=5, att=LTE, lli=None, hnps=(OWN,))
    assert it.state().bindings[0].link_layer_id == b"\0\0"

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a CMD answers to a Proxy Binding Update it does not accept (RFC 5213 sections 5.3.1, 5.3.6 and 5.5)."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.dmm.cmd_messages import unidentified
from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdParameters, UpdateReceived
from p4dmm.mobility.exchange import Received, TimeReached, timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    AlternateCareOfAddress,
    BaStatus,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingUpdate,
    Timestamp,
    encode_mobility,
)

from .cmd_support import CMD, MN, START, A, B, Site, home, over_the_wire, pbu, prefix_of

OTHER = MobileNodeId.nai("mn2@example.net")
ALL_ZERO = HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address(0))


def without(update: ProxyBindingUpdate, kind: type) -> ProxyBindingUpdate:
    return replace(update, options=tuple(option for option in update.options if type(option) is not kind))


def status_of(outputs) -> BaStatus:
    (send,) = outputs
    assert send.source == CMD
    return BaStatus(send.message.status)


def test_checks_come_in_the_order_of_rfc_5213():
    """One fault after the other is mended, and each time the next one is what the answer names."""
    site = Site(parameters=CmdParameters(address=CMD, mode=CmdMode.RELAY, pools={A: (prefix_of(A),)}))
    bad = pbu(A, 1, START - 60, prefixes=(prefix_of(A),))
    bad = replace(bad, dmm=False, options=(*bad.options, AlternateCareOfAddress(address=IPv6Address("fe80::1"))))
    for kind in (HomeNetworkPrefix, HandoffIndicator, AccessTechnologyType):
        bad = without(bad, kind)
    owners = ((prefix_of(A), OTHER),)
    found = []

    def attempt() -> None:
        found.append(status_of(site.receive(bad, A, owners=owners)))
        assert site.state is None

    site.profile = NodeProfile(MN, proxy_registration=False, mags=frozenset({B}))
    attempt()
    site.profile = None
    attempt()
    site.profile = NodeProfile(MN, proxy_registration=False)
    attempt()
    site.profile = NodeProfile(MN, mags=frozenset({A}))
    attempt()
    bad = replace(bad, dmm=True)
    attempt()
    bad = replace(without(bad, Timestamp), options=(*without(bad, Timestamp).options, timestamp_at(START)))
    attempt()
    bad = replace(bad, options=(*bad.options, ALL_ZERO))
    attempt()
    bad = replace(bad, options=(*bad.options, HandoffIndicator(indicator=4)))
    attempt()
    bad = replace(bad, options=(*bad.options, AccessTechnologyType(technology=3)))
    attempt()
    bad = without(bad, AlternateCareOfAddress)
    attempt()
    bad = replace(without(bad, HomeNetworkPrefix), options=(*bad.options, home(prefix_of(B))))
    bad = replace(bad, options=tuple(option for option in bad.options if option != ALL_ZERO))
    attempt()
    bad = replace(bad, options=tuple(home(prefix_of(A)) if o == home(prefix_of(B)) else o for o in bad.options))
    attempt()
    assert found == [
        BaStatus.MAG_NOT_AUTHORIZED_FOR_PROXY_REG,
        BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE,
        BaStatus.PROXY_REG_NOT_ENABLED,
        BaStatus.PROXY_REG_NOT_ENABLED,
        BaStatus.TIMESTAMP_MISMATCH,
        BaStatus.MISSING_HOME_NETWORK_PREFIX_OPTION,
        BaStatus.MISSING_HANDOFF_INDICATOR_OPTION,
        BaStatus.MISSING_ACCESS_TECH_TYPE_OPTION,
        BaStatus.INVALID_CARE_OF_ADDRESS,
        BaStatus.INSUFFICIENT_RESOURCES,
        BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX,
        BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX,
    ]
    owners = ((prefix_of(A), MN),)
    assert status_of(site.receive(bad, A, owners=owners)) == BaStatus.ACCEPTED


def test_a_sender_that_is_no_peer_of_the_domain_is_not_authorized():
    site = Site()
    received = Received(pbu(A, 1, START), A, CMD)
    assert status_of(site.event(UpdateReceived(received, site.profile, is_peer=False))) == 154


def test_missing_mobile_node_identifier_needs_no_state():
    update = without(pbu(A, 7, START), MobileNodeIdentifier)
    (send,) = unidentified(Received(over_the_wire(update, A, CMD), A, CMD), START)
    ack = over_the_wire(send.message, CMD, A)
    assert (ack.status, ack.sequence, ack.option(MobileNodeIdentifier).identifier) == (160, 7, b"")
    assert (send.source, send.destination) == (CMD, A)


def test_a_plain_gateway_is_told_without_the_d_flag():
    site = Site()
    (send,) = site.receive(replace(pbu(A, 1, START), dmm=False), A)
    assert (send.message.status, send.message.dmm) == (BaStatus.PROXY_REG_NOT_ENABLED, False)


def test_a_rejection_repeats_every_prefix_and_what_else_the_rfc_says():
    site = Site(profile=None)
    prefixes = (prefix_of(A), IPv6Network("2001:db8:77::/64"))
    interface = MobileNodeLinkLayerIdentifier(identifier=bytes(6))
    update = pbu(A, 9, START, prefixes=prefixes, more=(interface,))
    (send,) = site.receive(update, A)
    ack = send.message
    assert [option.prefix for option in ack.all_options(HomeNetworkPrefix)] == [p.network_address for p in prefixes]
    for kind in (
        MobileNodeIdentifier,
        HandoffIndicator,
        AccessTechnologyType,
        Timestamp,
        MobileNodeLinkLayerIdentifier,
    ):
        assert ack.option(kind) == update.option(kind)
    assert (ack.lifetime, ack.sequence, ack.dmm) == (0, 9, True)


def test_a_rejection_of_what_had_none_has_one_prefix_of_zeros_and_indicators_of_zero():
    bare = without(without(without(pbu(A, 1, START), HomeNetworkPrefix), HandoffIndicator), AccessTechnologyType)
    (send,) = Site().receive(bare, A)
    ack = send.message
    assert [int(option.prefix) for option in ack.all_options(HomeNetworkPrefix)] == [0]
    assert (ack.option(HandoffIndicator).indicator, ack.option(AccessTechnologyType).technology) == (0, 0)


def test_a_rejection_of_the_largest_update_fits_into_a_message():
    many = tuple(IPv6Network((0x2001_0DB8 << 96 | number << 64, 64)) for number in range(84))
    update = pbu(A, 1, START, prefixes=many)
    for kind in (HandoffIndicator, AccessTechnologyType, Timestamp):
        update = without(update, kind)
    assert len(encode_mobility(update, None, None)) == 2048
    assert status_of(Site(profile=None).receive(update, A)) == BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE


def test_an_older_timestamp_is_rejected_with_the_clock_of_the_cmd():
    site = Site()
    site.register(A)
    site.later(0.1)
    (send,) = site.receive(pbu(B, 1, START - 0.1), B)
    assert send.message.status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
    assert send.message.option(Timestamp) == timestamp_at(site.now)
    assert site.node.serving.address == A


def test_a_timestamp_is_not_accepted_twice():
    site = Site()
    site.register(A)
    (send,) = site.receive(pbu(B, 1, START), B)
    assert (send.message.status, send.message.option(Timestamp)) == (BaStatus.TIMESTAMP_MISMATCH, timestamp_at(START))


def test_without_timestamps_the_sequence_number_counts():
    site = Site()
    assert status_of(site.receive(without(pbu(A, 40, START), Timestamp), A)) == BaStatus.ACCEPTED
    (send,) = site.receive(without(pbu(A, 39, START), Timestamp), A)
    assert (send.message.status, send.message.sequence) == (BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW, 40)
    assert send.message.option(Timestamp) is None
    assert status_of(site.receive(without(pbu(A, 41, START), Timestamp), A)) == BaStatus.ACCEPTED


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("lifetime", [75, 0])
def test_a_copy_made_on_the_way_is_no_request(stamped, lifetime):
    """Its answer would be a rejection of the very request that is being answered."""
    site = Site()
    site.register(A)
    site.later(1.0)
    update = pbu(A, 2, site.now, lifetime=lifetime)
    update = update if stamped else without(update, Timestamp)
    assert status_of(site.receive(update, A)) == BaStatus.ACCEPTED
    before = site.state
    assert site.receive(update, A) == []
    assert site.state == before


def test_a_prefix_of_another_node_is_refused_even_in_part():
    site = Site()
    wide = IPv6Network("2001:db8:0:1000::/60")
    update = pbu(A, 1, START, prefixes=(wide,))
    assert status_of(site.receive(update, A, owners=((prefix_of(A), OTHER),))) == 155
    assert site.state is None


def test_a_prefix_that_another_maar_anchors_is_refused():
    site = Site()
    site.register(A)
    site.move(B)
    for prefix in (prefix_of(A), prefix_of(B)):
        site.later(1.0)
        before = site.state
        (send,) = site.receive(
            pbu(A if prefix == prefix_of(B) else B, 9, site.now, prefixes=(prefix,)), IPv6Address("2001:db8:a::9")
        )
        assert send.message.status == BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX
        assert site.state == before


def test_more_prefixes_than_the_list_has_room_for_are_refused():
    many = tuple(IPv6Network((0x2001_0DB8 << 96 | number << 64, 64)) for number in range(1, 10))
    assert status_of(Site().receive(pbu(A, 1, START, prefixes=many), A)) == BaStatus.INSUFFICIENT_RESOURCES


def test_bits_behind_the_prefix_length_do_not_count():
    site = Site()
    untidy = HomeNetworkPrefix(prefix_length=64, prefix=prefix_of(A).network_address + 1)
    update = without(pbu(A, 1, START), HomeNetworkPrefix)
    (send,) = site.receive(replace(update, options=(*update.options, untidy)), A)
    assert send.message.option(HomeNetworkPrefix) == home(prefix_of(A))


def test_a_rejection_changes_nothing_for_a_node_that_is_known():
    site = Site()
    site.register(A)
    before = site.state
    site.profile = None
    site.later(1.0)
    assert status_of(site.register(B)) == BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE
    assert site.state == before
    assert site.event(TimeReached()) == []

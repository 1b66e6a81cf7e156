# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Anchored Prefix and Local Prefix options in what MAAR and CMD say and hear (RFC 8885 sections 4.3 and 4.4)."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdParameters
from p4dmm.mobility.dmm.maar_state import Phase
from p4dmm.mobility.dmm.prefix_options import anchored_networks
from p4dmm.mobility.exchange import Send
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire.mobility import (
    AnchoredPrefix,
    BaStatus,
    HomeNetworkPrefix,
    LocalPrefix,
    MobilityOption,
    PreviousMaar,
    ProxyBindingAck,
    ProxyBindingUpdate,
)

from . import cmd_support
from .maar_support import (
    HERE,
    MN,
    NOW,
    OTHER,
    OTHERS,
    OWN,
    PARAMETERS,
    THIRD,
    THIRDS,
    Bench,
    answer,
    attached,
    home,
    prefixes_of,
    previous,
    router,
    timestamp_at,
)

LOCAL = tuple(IPv6Network(f"2001:db8:f:{number}::/64") for number in range(4))
SITE = IPv6Network("2001:db8:e::/48")
A, B, C = cmd_support.MAARS[:3]
PREFIX_OF_A, SECOND_OF_A = cmd_support.prefix_of(A), IPv6Network("2001:db8:0:1001::/64")


def local(*networks: IPv6Network) -> tuple[MobilityOption, ...]:
    return tuple(LocalPrefix(prefix_length=n.prefixlen, prefix=n.network_address) for n in networks)


def anchored(prefix: IPv6Network) -> AnchoredPrefix:
    return AnchoredPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)


def routes(bench: Bench) -> dict[IPv6Address, tuple[IPv6Network, ...]]:
    """What is reached by which anchor alone, as the view has it."""
    assert bench.view is not None
    return {prefix.anchor: prefix.local_prefixes for prefix in bench.view.prefixes}


class TestMaarSays:
    def test_every_update_has_the_prefix_it_is_about_and_the_networks_behind_the_maar(self) -> None:
        bench = Bench(replace(PARAMETERS, local_prefixes=LOCAL[:2]))
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        assert update.dmm
        assert update.all_options(HomeNetworkPrefix) == (home(OWN),)
        assert update.all_options(AnchoredPrefix) == (anchored(OWN),)
        assert update.all_options(LocalPrefix) == local(*LOCAL[:2])

    @pytest.mark.parametrize("locator", [False, True])
    def test_so_has_the_answer_of_a_p_maar(self, locator: bool) -> None:
        bench = Bench(replace(PARAMETERS, local_prefixes=LOCAL[:1], locator=locator))
        bench.served()
        bench.moved_away()
        answers = bench.sent(ProxyBindingAck)
        assert [ack.all_options(LocalPrefix) for ack in answers] == [local(LOCAL[0])] * (1 + locator)
        assert [ack.all_options(HomeNetworkPrefix) for ack in answers] == [(home(OWN),)] * (1 + locator)
        assert answers[0].all_options(AnchoredPrefix) == (anchored(OWN),)

    def test_its_own_nodes_are_told_too(self) -> None:
        bench = Bench(replace(PARAMETERS, local_prefixes=LOCAL[:1]))
        bench.served()
        assert routes(bench) == {HERE: LOCAL[:1]}

    def test_more_than_others_would_take_are_refused_at_once(self) -> None:
        with pytest.raises(ValueError, match="3 local_prefixes are more than 2"):
            replace(PARAMETERS, local_prefixes=LOCAL[:3])


class TestMaarHears:
    def test_networks_stand_behind_the_previous_maar_that_reaches_them(self) -> None:
        bench = Bench()
        other = (*previous(OTHER, OTHERS, router(2)), *local(LOCAL[1], SITE))
        bench.served(*local(LOCAL[0]), *other, *previous(THIRD, THIRDS, router(3)))
        assert routes(bench) == {HERE: (), OTHER: (LOCAL[1], SITE), THIRD: ()}

    def test_no_more_are_kept_than_the_bound_and_none_twice(self) -> None:
        bench = Bench()
        bench.served(*previous(OTHER, OTHERS, router(2)), *local(LOCAL[0], LOCAL[0], *LOCAL[1:]))
        assert routes(bench)[OTHER] == LOCAL[:2]

    @pytest.mark.parametrize("network", ["::/0", "::/64", "ff00::/8", "fe80::/64", "::1/128"])
    def test_what_no_host_could_have_a_route_to_is_skipped(self, network: str) -> None:
        bench = Bench()
        bench.served(*previous(OTHER, OTHERS, router(2)), *local(IPv6Network(network), LOCAL[0]))
        assert routes(bench)[OTHER] == LOCAL[:1]

    def test_bits_behind_the_prefix_length_do_not_count(self) -> None:
        bench = Bench()
        whole = LocalPrefix(prefix_length=64, prefix=LOCAL[0][77])
        bench.served(*previous(OTHER, OTHERS, router(2)), whole)
        assert routes(bench)[OTHER] == LOCAL[:1]

    def test_the_node_is_told_when_they_change(self) -> None:
        bench = Bench()
        other = previous(OTHER, OTHERS, router(2))
        bench.served(*other)
        bench.wait_until(NOW + 0.5)
        for networks, is_news in (((), False), (LOCAL[:1], True), (LOCAL[:1], False), ((), True)):
            half_a_lifetime = 50
            (extension,) = (o for o in bench.wait_until(bench.now + half_a_lifetime) if isinstance(o, Send))
            assert isinstance(extension.message, ProxyBindingUpdate)
            bench.get(answer(extension.message, *other, *local(*networks)))
            assert bench.advertises is is_news
            assert routes(bench)[OTHER] == networks

    def test_a_p_maar_may_tell_them_itself(self) -> None:
        bench = Bench(replace(PARAMETERS, locator=True))
        bench.do(attached())
        options = (MN.option, home(OTHERS), timestamp_at(NOW), *local(*LOCAL[:3]))
        bench.get(ProxyBindingAck(dmm=True, sequence=3, lifetime=25, options=options), OTHER)
        assert routes(bench) == {HERE: (), OTHER: LOCAL[:2]}

    def test_without_the_d_flag_they_say_nothing(self) -> None:
        bench = Bench()
        bench.do(attached())
        update = bench.one(ProxyBindingUpdate)
        bench.get(answer(update, *previous(OTHER, OTHERS, router(2)), *local(LOCAL[0]), dmm=False))
        assert bench.view is None, "what lacks it is no answer"

    @pytest.mark.parametrize("dmm", [True, False])
    def test_the_anchored_prefix_counts_as_the_home_network_prefix_with_the_d_flag_only(self, dmm: bool) -> None:
        bench = Bench()
        bench.do(attached())
        ack = answer(bench.one(ProxyBindingUpdate), dmm=dmm)
        options = tuple(anchored(OWN) if isinstance(o, HomeNetworkPrefix) else o for o in ack.options)
        bench.get(replace(ack, options=options))
        assert bench.state.phase is (Phase.SERVING if dmm else Phase.REGISTERING)
        assert prefixes_of(bench.view) == ([OWN] if dmm else [])


def behind(ack: ProxyBindingAck, maar: IPv6Address) -> tuple[MobilityOption, ...]:
    """Local Prefix options after the Previous MAAR option that names it."""
    found: list[MobilityOption] = []
    named = None
    for option in ack.options:
        if isinstance(option, PreviousMaar):
            named = option.address
        elif isinstance(option, LocalPrefix) and named == maar:
            found.append(option)
    return tuple(found)


class TestCmdHears:
    def test_without_the_d_flag_an_anchored_prefix_says_nothing(self) -> None:
        update = cmd_support.pbu(A, 1, NOW, more=(anchored(SECOND_OF_A),))
        assert anchored_networks(update) == (PREFIX_OF_A, SECOND_OF_A)
        assert anchored_networks(replace(update, dmm=False)) == (PREFIX_OF_A,)

    def test_an_update_may_name_its_prefix_as_anchored_prefix_alone(self) -> None:
        site = cmd_support.Site()
        (send,) = site.register(A, prefixes=(), more=(anchored(PREFIX_OF_A),))
        assert isinstance(send.message, ProxyBindingAck)
        assert send.message.status == BaStatus.ACCEPTED
        assert send.message.all_options(HomeNetworkPrefix) == (home(PREFIX_OF_A),)
        assert site.node.anchored == {PREFIX_OF_A}

    def test_a_prefix_named_in_both_options_is_one(self) -> None:
        site = cmd_support.Site()
        site.register(A, more=(anchored(PREFIX_OF_A),))
        assert site.node.serving is not None
        assert site.node.serving.prefixes == (PREFIX_OF_A,)

    def test_who_may_anchor_it_is_asked_of_it_too(self) -> None:
        parameters = CmdParameters(address=cmd_support.CMD, mode=CmdMode.RELAY, pools={A: (PREFIX_OF_A,)})
        site = cmd_support.Site(parameters=parameters)
        (send,) = site.register(A, more=(anchored(cmd_support.prefix_of(B)),))
        assert isinstance(send.message, ProxyBindingAck)
        assert send.message.status == BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX

    def test_what_another_node_has_is_refused_in_it_too(self) -> None:
        site = cmd_support.Site()
        update = cmd_support.pbu(A, 1, site.now, more=(anchored(SECOND_OF_A),))
        (send,) = site.receive(update, A, owners=((SECOND_OF_A, MobileNodeId.nai("mn2@example.net")),))
        assert isinstance(send.message, ProxyBindingAck)
        assert send.message.status == BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX

    @pytest.mark.parametrize("dmm", [True, False])
    def test_a_p_maar_may_answer_with_it(self, dmm: bool) -> None:
        """One of two prefixes as Home Network Prefix, the other as Anchored Prefix."""
        site = cmd_support.Site()
        site.register(A, prefixes=(PREFIX_OF_A, SECOND_OF_A))
        site.later(1.0)
        (asked,) = site.register(B)
        assert isinstance(asked.message, ProxyBindingUpdate)
        ack = cmd_support.pba(asked.message, dmm=dmm)
        options = tuple(anchored(SECOND_OF_A) if o == home(SECOND_OF_A) else o for o in ack.options)
        site.receive(replace(ack, options=options), A)
        (confirmed,) = site.node.previous
        assert (confirmed.pending is None) is dmm
        assert confirmed.maar.prefixes == (PREFIX_OF_A, SECOND_OF_A)

    @pytest.mark.parametrize("dmm", [True, False])
    def test_networks_in_a_p_maars_answer_go_on_with_the_d_flag_only(self, dmm: bool) -> None:
        site = cmd_support.Site()
        site.register(A)
        site.later(1.0)
        (asked,) = site.register(B)
        sent = site.answer(asked, more=local(IPv6Network("::/0"), *LOCAL[:3]), dmm=dmm)
        acks = [send.message for send in sent if isinstance(send.message, ProxyBindingAck)]
        assert [behind(ack, A) for ack in acks] == ([local(*LOCAL[:2])] if dmm else [])

    def test_they_are_known_for_as_long_as_the_maar_anchors(self) -> None:
        site = cmd_support.Site()
        site.register(A, more=local(LOCAL[0]))
        for maar in (B, C):
            (send,) = site.move(maar)
            assert isinstance(send.message, ProxyBindingAck)
            assert behind(send.message, A) == local(LOCAL[0])

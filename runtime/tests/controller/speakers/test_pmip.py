# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Proxy Mobile IPv6 between embedded switches: every message and packet goes through them."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.wire.mobility import (
    HandoffIndicator,
    HomeNetworkPrefix,
    ProxyBindingAck,
    ProxyBindingUpdate,
    Timestamp,
    encode_mobility,
)
from tests.support.domain import until
from tests.support.speakers import ALL, LMA_POOL, SpeakerDomain, moved, running_speakers, speaking, talks, times

GROUPS = {"one controller": [ALL], "one for the LMA": [("c1",), ("s1", "s2", "s3")], "one each": [(n,) for n in ALL]}


def node_rows(domain: SpeakerDomain) -> dict[str, set[object]]:
    """What the switches hold, but for hosts on external ports."""
    return {
        name: {row for row in rows if not any(word in str(row[0]) for word in ("routes", "next_hops"))}  # type: ignore[index]
        for name, rows in domain.table_rows().items()
    }


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
async def test_a_node_keeps_its_prefix_and_its_router_wherever_it_goes(groups: list[tuple[str, ...]]) -> None:
    """RFC 5213 sections 5.3.2, 5.3.4 and 6.8."""
    async with running_speakers(speaking("pmip"), groups) as (domain, mn, cn):
        addresses = []
        for at in ("s1:1", "s2:1", "s3:2", "s1:1"):
            addresses.append(await moved(domain, mn, at, LMA_POOL))
            await talks(domain, mn, cn, addresses[-1], PMIPV6_ROUTER.mac)
        assert len(set(addresses)) == 1
        assert {frame.ipv6.src for frame in mn.decoded() if frame.ipv6 and frame.ipv6.hop_limit == 255} <= {
            PMIPV6_ROUTER.link_local
        }


async def test_a_gateway_registers_with_an_anchor_of_somebody_else() -> None:
    """RFC 5213 section 6.9.1: the anchor is a script that knows the RFC and nothing more; its node is told only once
    it has answered."""
    async with running_speakers(speaking("pmip"), [("s1", "s2", "s3")]) as (domain, mn, _):
        mn.plug(domain.wire("s1:1"))
        mn.announce()
        asked = await domain.message("ProxyBindingUpdate")
        update = asked.message
        assert isinstance(update, ProxyBindingUpdate)
        assert (asked.source, asked.destination) == (domain.address("s1"), domain.address("c1"))
        assert (update.acknowledge, update.dmm) == (True, False)
        assert not mn.prefixes()
        # Nobody has answered: the next copy is newer in both ways.
        again = await domain.message("ProxyBindingUpdate", lambda h: h is not asked)
        assert isinstance(again.message, ProxyBindingUpdate)
        update = again.message
        assert update.sequence == asked.message.sequence + 1  # type: ignore[union-attr]
        home = HomeNetworkPrefix(prefix_length=64, prefix=IPv6Address("2001:db8:4000:1::"))
        options = tuple(home if isinstance(option, HomeNetworkPrefix) else option for option in update.options)
        ack = ProxyBindingAck(sequence=update.sequence, lifetime=update.lifetime, options=options)
        for wrong in (
            replace(ack, sequence=update.sequence - 1),
            replace(ack, options=tuple(o for o in options if not isinstance(o, Timestamp))),
            replace(ack, dmm=True),
        ):
            domain.inject(encode_mobility(wrong, again.destination, again.source), source="c1", destination="s1")
        domain.inject(encode_mobility(ack, again.destination, again.source), source="s2", destination="s1")
        await until(lambda: domain.counter("received: ProxyBindingAck") == 3)
        assert not mn.prefixes()
        domain.inject(encode_mobility(ack, again.destination, again.source), source="c1", destination="s1")
        await mn.until(lambda s: IPv6Network("2001:db8:4000:1::/64") in s.prefixes(), "its prefix")


async def test_a_node_that_has_gone_is_deregistered_and_its_prefix_rests() -> None:
    """RFC 5213 sections 5.3.5 and 6.9.1.4; the gateway finds out by Neighbor Unreachability Detection."""
    network = times(
        speaking("pmip", min_delay_before_bce_delete_s=0.3), probe_interval_s=0.4, probe_timeout_s=0.1, probe_count=2
    )
    async with running_speakers(network) as (domain, mn, cn):
        before = node_rows(domain)
        address = await moved(domain, mn, "s1:1", LMA_POOL)
        await talks(domain, mn, cn, address, PMIPV6_ROUTER.mac)
        mn.unplug()
        ended = await domain.message(
            "ProxyBindingAck", lambda h: isinstance(h.message, ProxyBindingAck) and not h.message.lifetime
        )
        assert ended.destination == domain.address("s1")

        await until(lambda: node_rows(domain) == before)
        assert await moved(domain, mn, "s2:1", LMA_POOL) == address


async def test_registrations_are_extended_before_they_end() -> None:
    """RFC 5213 sections 5.3.3 and 6.9.1.3."""
    async with running_speakers(speaking("pmip", lifetime_s=4)) as (domain, mn, cn):
        address = await moved(domain, mn, "s1:1", LMA_POOL)
        extension = await domain.message(
            "ProxyBindingUpdate",
            lambda h: isinstance(h.message, ProxyBindingUpdate) and h.message.option(HandoffIndicator).indicator == 5,
        )
        assert extension.source == domain.address("s1")
        await until(lambda: len(domain.messages("ProxyBindingAck")) == 2)
        await talks(domain, mn, cn, address, PMIPV6_ROUTER.mac)

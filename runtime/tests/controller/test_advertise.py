# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What Router Advertisements say of networks that only one of a node's routers reaches (RFC 8885 section 3.7, RFC
4191)."""

from dataclasses import replace
from ipaddress import IPv6Network
from types import SimpleNamespace
from typing import Any

import pytest

from p4dmm.config import Domain, PortRef, load_network
from p4dmm.controller.advertise import WITHDRAWALS, Advertiser, Shown, ShownPrefix
from p4dmm.forwarding import Topology
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import MacAddress, RouteInformation, RouterAdvertisement, decode_frame
from tests.support.domain import MN, TRIANGLE

NOW = 1_800_000_000.0
NATIVE, OLD = (RouterIdentity.of(MacAddress.parse(f"02:00:00:00:00:0{number}")) for number in (2, 1))
LOCAL, SITE, LONG = (IPv6Network(n) for n in ("2001:db8:f1::/64", "2001:db8:e::/48", "2001:db8:f1:2::/96"))
HERE = ShownPrefix(IPv6Network("2001:db8:2000::/64"), NATIVE, is_preferred=True)
THERE = ShownPrefix(IPv6Network("2001:db8:1000::/64"), OLD, is_preferred=False, local_prefixes=(LOCAL,))

Routes = dict[RouterIdentity, dict[IPv6Network, int]]


class Node:
    """One that is shown `prefixes`, and all that it is sent."""

    def __init__(self, *prefixes: ShownPrefix) -> None:
        network = load_network(TRIANGLE)
        self.domain: Domain = network.domain
        self.shown = Shown(MN, PortRef(switch="s2", port=1), prefixes)
        self.frames: list[bytes] = []

        async def send_to_port(_at: PortRef, frame: bytes) -> None:
            self.frames.append(frame)

        services: Any = SimpleNamespace(
            topology=Topology(network), domain=self.domain, now=lambda: NOW, send_to_port=send_to_port
        )
        self._advertiser = Advertiser(services, lambda: self.shown, {})

    async def told(self, *prefixes: ShownPrefix) -> Routes:
        """Routes and their lifetimes in the advertisements there are now, by router."""
        self.shown = replace(self.shown, prefixes=prefixes)
        self.frames.clear()
        await self._advertiser.advertise()
        routes: Routes = {}
        for frame in map(decode_frame, self.frames):
            assert isinstance(frame.message, RouterAdvertisement)
            assert frame.ipv6 is not None
            router = RouterIdentity(frame.ethernet.src, frame.ipv6.src)
            assert router not in routes, "one advertisement for each router"
            assert bool(frame.message.router_lifetime) is (router == NATIVE)
            options = [o for o in frame.message.options if isinstance(o, RouteInformation)]
            routes[router] = {IPv6Network((o.prefix, o.prefix_length)): o.lifetime for o in options}
            assert len(options) == len(routes[router]), "each network once"
        return routes


async def test_a_route_is_shown_by_the_router_that_reaches_it_alone() -> None:
    node = Node()
    valid_s = node.domain.valid_lifetime_s
    assert await node.told(HERE, THERE) == {NATIVE: {}, OLD: {LOCAL: valid_s}}


@pytest.mark.parametrize("network", [LOCAL, SITE, LONG])
async def test_every_prefix_length_fits(network: IPv6Network) -> None:
    node = Node()
    prefix = replace(HERE, local_prefixes=(network,))
    assert await node.told(prefix) == {NATIVE: {network: node.domain.valid_lifetime_s}}


async def test_a_route_lasts_as_long_as_the_prefix_that_makes_it_useful() -> None:
    node = Node()
    other = replace(THERE, prefix=IPv6Network("2001:db8:1000:1::/64"), valid_until=NOW + 50)
    assert await node.told(HERE, replace(THERE, valid_until=NOW + 20), other) == {NATIVE: {}, OLD: {LOCAL: 50}}
    assert await node.told(HERE, replace(THERE, valid_until=NOW - 1)) == {NATIVE: {}, OLD: {LOCAL: 0}}


async def test_a_route_that_has_ended_is_withdrawn_a_few_times() -> None:
    node = Node()
    await node.told(HERE, THERE)
    for _ in range(WITHDRAWALS):
        assert await node.told(HERE) == {NATIVE: {}, OLD: {LOCAL: 0}}
    assert await node.told(HERE) == {NATIVE: {}}


async def test_a_route_that_is_back_is_not_withdrawn() -> None:
    node = Node()
    await node.told(HERE, THERE)
    await node.told(HERE)
    lasting = {NATIVE: {}, OLD: {LOCAL: node.domain.valid_lifetime_s}}
    for _ in range(WITHDRAWALS):
        assert await node.told(HERE, THERE) == lasting

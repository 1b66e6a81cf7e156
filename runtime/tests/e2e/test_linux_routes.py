# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a Linux host makes of the routes in Router Advertisements (RFC 4191, RFC 8885 section 3.7)."""

import asyncio
import socket
from ipaddress import IPv6Network
from pathlib import Path

import pytest
from pyroute2 import AsyncIPRoute

from p4dmm.config import PortRef, load_network
from p4dmm.controller.advertise import Route, Shown, ShownPrefix, advertisements
from p4dmm.forwarding import Topology
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import MacAddress
from tests.support.domain import MN, TIMEOUT_S, TRIANGLE

pytestmark = pytest.mark.netns

HOST, ROUTER = "host0", "router0"
SYSCTLS = Path("/proc/sys/net/ipv6/conf") / HOST
NATIVE, OLD = (RouterIdentity.of(MacAddress.parse(f"02:00:00:00:00:0{number}")) for number in (2, 1))
LOCAL, HOME, OLD_HOME = (IPv6Network(n) for n in ("2001:db8:f1::/64", "2001:db8:2000::/64", "2001:db8:1000::/64"))
HERE = ShownPrefix(HOME, NATIVE, is_preferred=True)
THERE = ShownPrefix(OLD_HOME, OLD, is_preferred=False, local_prefixes=(LOCAL,))


async def test_the_route_goes_by_the_router_of_the_old_anchor_until_it_is_withdrawn() -> None:
    network = load_network(TRIANGLE)
    topology = Topology(network)
    default = {"::/0": str(NATIVE.link_local)}

    def told(*prefixes: ShownPrefix, withdrawn: tuple[Route, ...]) -> None:
        shown = Shown(MN, PortRef(switch="s2", port=1), prefixes)
        for frame in advertisements(shown, withdrawn, topology, network.domain, 0.0):
            wire.send(frame)

    async def makes(expected: dict[str, str], *prefixes: ShownPrefix, withdrawn: tuple[Route, ...] = ()) -> None:
        """Repeated, as advertisements are: the first may come before the host is ready."""
        found: dict[str, str] = {}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while (found := await routes(ip)) != expected:
                    told(*prefixes, withdrawn=withdrawn)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"routes are {found}, not {expected}") from None

    async with AsyncIPRoute() as ip:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            await ip.link("add", ifname=ROUTER, kind="veth", peer={"ifname": HOST, "address": str(MN)})
            if not (SYSCTLS / "accept_ra_rt_info_max_plen").exists():
                pytest.skip("this kernel takes no routes from advertisements: CONFIG_IPV6_ROUTE_INFO")
            for name, value in (("accept_ra", 1), ("accept_ra_rt_info_max_plen", 64), ("accept_dad", 0)):
                (SYSCTLS / name).write_text(str(value))
            for name in (ROUTER, HOST):
                (index,) = await ip.link_lookup(ifname=name)
                await ip.link("set", index=index, state="up")
            wire.bind((ROUTER, 0))
            await makes({**default, str(LOCAL): str(OLD.link_local)}, HERE, THERE)
            await makes(default, HERE, withdrawn=(Route(OLD, LOCAL),))


async def routes(ip: AsyncIPRoute) -> dict[str, str]:
    """Router by destination."""
    found = {}
    async for route in await ip.get_routes(family=socket.AF_INET6):
        router = route.get_attr("RTA_GATEWAY")
        if router:
            found[f"{route.get_attr('RTA_DST') or '::'}/{route['dst_len']}"] = router
    return found

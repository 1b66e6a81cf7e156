# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts on external ports: resolved, looked after, and not believed more than RFC 4861 section 7.2 says."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv6Address

import pytest

from p4dmm.controller import external, hosts
from p4dmm.forwarding import FIRST_HOST_NEXT_HOP, Change, Write, host_rows
from p4dmm.softswitch.tables import Table
from p4dmm.wire import (
    DestinationUnreachable,
    MacAddress,
    NeighborAdvertisement,
    NeighborSolicitation,
    RouterAdvertisement,
    icmpv6_frame,
    neighbor_advertisement,
)
from tests.support.domain import (
    CN,
    CN_ADDRESS,
    MN,
    Domain,
    Station,
    attached,
    correspondent,
    exchange,
    running_domain,
    until,
)

OTHER = MacAddress.parse("02:00:66:66:66:66")
ROUTES = "DmmIngress.routing.routes"
NEXT_HOPS = "DmmIngress.routing.next_hops"


def table(domain: Domain, name: str) -> Table:
    pipeline = domain.servers["c1"].device.pipeline
    assert pipeline is not None
    return pipeline.tables[name]


def host_macs(domain: Domain) -> dict[int, int]:
    """Next hop -> MAC, of the hosts at c1."""
    entries = table(domain, NEXT_HOPS).entries()
    return {e.match[0].value: e.params[1] for e in entries if e.match[0].value >= FIRST_HOST_NEXT_HOP}


async def test_host_that_does_not_fit_is_undone_and_tried_again() -> None:
    """No row of it stays, its packet does not go round, its source is told; with room again it is installed."""
    async with running_domain(probe_timeout_s=0.2) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        routes = table(domain, ROUTES)
        size, routes.size = routes.size, len(list(routes.entries()))
        mn.send_udp(domain.mac("s1"), address, CN_ADDRESS, b"too many")
        await domain.counted("hosts not installed", 1)
        await mn.until(
            lambda s: any(isinstance(f.message, DestinationUnreachable) for f in s.decoded()), "word of its packet"
        )
        await until(lambda: not host_macs(domain))
        await asyncio.sleep(0.3)
        assert domain.controller.counters["punts: NEIGHBOR_UNRESOLVED"] == 1
        routes.size = size
        mn.send_udp(domain.mac("s1"), address, CN_ADDRESS, b"now")
        await cn.until(lambda s: s.payloads() == [b"now"], "the packet, once there is room")


async def test_packet_to_an_installed_host_is_not_sent_round_for_ever() -> None:
    """A switch that has lost the row: the packet comes back as often as it is sent."""
    async with running_domain() as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        routes = table(domain, ROUTES)
        (lost,) = [e for e in routes.entries() if e.match[0].value == int(CN_ADDRESS) and e.match[0].prefix_len == 128]
        routes.delete(lost.match)
        before = domain.controller.counters["punts: NEIGHBOR_UNRESOLVED"]
        mn.send_udp(domain.mac("s1"), address, CN_ADDRESS, b"lost")
        await domain.counted("punts for installed hosts", 1)
        await asyncio.sleep(0.2)
        assert domain.controller.counters["punts: NEIGHBOR_UNRESOLVED"] - before <= hosts.LATE + 1


async def test_many_hosts_that_answer_all_stay() -> None:
    """More than the packets-out that may wait: after a restart of the controller, and when all are due at once."""
    count = 1500
    async with running_domain(probe_interval_s=1.0, probe_timeout_s=0.3) as domain:
        correspondent(domain)
        fabric, topology = domain.controller._fabric, domain.controller._services.topology
        rows = [host_rows(topology, "c1", 1, CN_ADDRESS + i, CN, FIRST_HOST_NEXT_HOP + i) for i in range(count)]
        await fabric.write([Write(Change.INSERT, next_hop) for next_hop, _ in rows])
        await fabric.write([Write(Change.INSERT, route) for _, route in rows])
        await domain.stop_controller()
        controller = await domain.start_controller()
        assert len(host_macs(domain)) == count
        await asyncio.sleep(2.5)
        for known in controller._hosts._hosts.values():
            known.confirmed = 0.0
        await until(lambda: all(known.confirmed for known in controller._hosts._hosts.values()))
        await asyncio.sleep(1.0)
        assert len(host_macs(domain)) == count
        assert controller._fabric.connections["c1"].packets_out_lost == 0


async def test_host_that_is_gone_is_removed() -> None:
    async with running_domain(probe_interval_s=0.2, probe_timeout_s=0.05) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        assert host_macs(domain)
        cn.unplug()
        await until(lambda: not host_macs(domain))
        cn.plug(domain.wire("c1:1"))
        await exchange(domain, mn, cn, address, "s1:1", b"after")


async def test_hosts_of_a_switch_that_is_away_stay_known() -> None:
    async with running_domain(probe_interval_s=0.2, probe_timeout_s=0.05) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        controller = domain.controller
        await domain.servers["c1"].stop()
        await until(lambda: not controller._fabric.connections["c1"].is_ready)
        await asyncio.sleep(1.0)
        assert list(controller._hosts._hosts) == [("c1", CN_ADDRESS)]


async def test_advertisement_without_an_address_confirms_a_host() -> None:
    """RFC 4861 section 7.2.4: the answer to a unicast solicitation may leave the option out."""
    async with running_domain(probe_interval_s=0.2, probe_timeout_s=0.1) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        cn.answers_probes = False
        router = domain.mac("c1")
        answer = icmpv6_frame(
            NeighborAdvertisement(CN_ADDRESS, solicited=True),
            src_mac=CN,
            src=CN_ADDRESS,
            dst=router.link_local(),
            dst_mac=router,
        )
        for _ in range(5):
            cn.frames.clear()
            await cn.until(lambda s: any(isinstance(f.message, NeighborSolicitation) for f in s.decoded()), "a probe")
            cn.send(answer)
        assert host_macs(domain)


def advertisement(domain: Domain, mac: MacAddress, *, override: bool = True) -> bytes:
    router = domain.mac("c1")
    option = neighbor_advertisement(
        CN_ADDRESS, src_mac=mac, dst=router.link_local(), dst_mac=router, router=False, override=override
    )
    return option[:6] + CN.packed + option[12:]


@pytest.mark.parametrize(
    ("mac", "override", "counter"),
    [
        (OTHER, False, "neighbor advertisements that do not override"),
        (MacAddress.parse("33:33:00:00:00:01"), True, "neighbors with no unicast MAC"),
        (MacAddress(bytes(6)), True, "neighbors with no unicast MAC"),
    ],
)
async def test_advertisement_that_changes_nothing(mac: MacAddress, override: bool, counter: str) -> None:
    """RFC 4861 section 7.2.5: with O = 0 another link-layer address is not taken; no host has a group's, or none."""
    async with running_domain() as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        cn.send(advertisement(domain, mac, override=override))
        await domain.counted(counter, 1)
        await asyncio.sleep(0.1)
        assert set(host_macs(domain).values()) == {int(CN)}


async def test_flood_of_advertisements_is_not_a_flood_of_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One write under way for a host, however slow; the latest address wins; more than so many a second are refused."""
    monkeypatch.setattr(hosts, "CHANGES_PER_SECOND", 10.0)
    monkeypatch.setattr(hosts, "CHANGES_AT_ONCE", 20)
    async with running_domain() as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        connection = domain.controller._fabric.connections["c1"]
        write, under_way, most, writes = connection.write, 0, 0, 0

        async def slow(wanted: Sequence[Write]) -> None:
            nonlocal under_way, most, writes
            under_way, writes = under_way + 1, writes + 1
            most = max(most, under_way)
            await asyncio.sleep(0.02)
            await write(wanted)
            under_way -= 1

        monkeypatch.setattr(connection, "write", slow)
        for number in range(100):
            cn.send(advertisement(domain, MacAddress.from_int(0x020066000000 + number % 2)))
        await domain.counted("neighbor changes over the rate", 1)
        tasks = len(domain.controller._services._sending)
        assert tasks <= 2
        await asyncio.sleep(0.5)
        assert most == 1
        assert writes < 30
        cn.send(advertisement(domain, OTHER))
        await until(lambda: set(host_macs(domain).values()) == {int(OTHER)})


async def test_hosts_of_one_port_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "HOSTS_PER_PORT", 2)
    async with running_domain(probe_timeout_s=0.2) as domain:
        mn, _ = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        for number in range(3):
            mn.send_udp(domain.mac("s1"), address, IPv6Address(int(CN_ADDRESS) + number), b"hello")
        await domain.counted("hosts not installed", 1)
        await until(lambda: len(host_macs(domain)) >= 2)
        assert len(host_macs(domain)) == 2


async def test_hosts_are_told_of_their_router_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 4861 section 6.2.4: before the router lifetime they know runs out."""
    monkeypatch.setattr(external, "SHORTEST_INTERVAL_S", 0.1)
    async with running_domain(router_lifetime_s=1) as domain:
        cn = correspondent(domain)
        await cn.until(
            lambda s: sum(isinstance(f.message, RouterAdvertisement) for f in s.decoded()) >= 4, "advertisements"
        )

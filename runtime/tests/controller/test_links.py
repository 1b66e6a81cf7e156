# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Links that break and come back, under a running domain."""

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address

import pytest

from p4dmm.config import LinkProbes, Network, PortRef, load_network
from p4dmm.forwarding import FIRST_HOST_NEXT_HOP, PuntReason, Row, Write
from p4dmm.switches import RowCodec, default_pipeline
from p4dmm.switches.reader import TableReader
from p4dmm.wire import LinkProbe
from tests.support.domain import (
    CN_ADDRESS,
    MN,
    TIMEOUT_S,
    TRIANGLE,
    Domain,
    Station,
    attached,
    correspondent,
    exchange,
    running_domain,
    until,
)

FLOWS = range(24)

DIRECT = "s1:12-s2:11"
"""The cable that the way from s1 to s2 takes in the whole triangle."""


def square() -> Network:
    """The triangle without the cable between s1 and s2: two ways of equal cost from one to the other, by s3 and by
    c1."""
    network = load_network(TRIANGLE)
    links = tuple(link for link in network.links if str(link.ends[0]) != "s1:12")
    assert len(links) == 5
    return network.model_copy(update={"links": links})


async def all_flows(domain: Domain, node: Station, cn: Station, address: IPv6Address, at: str, tag: bytes) -> None:
    """One packet each way of many flows, of which some take each of the ways there are; all must arrive."""
    router = domain.mac(at.partition(":")[0])
    for flow in FLOWS:
        node.send_udp(router, address, CN_ADDRESS, b"up %d " % flow + tag, source_port=0x2000 + flow)
        cn.send_udp(domain.mac("c1"), CN_ADDRESS, address, b"down %d " % flow + tag, source_port=0x2000 + flow)
    await cn.until(arrived(b"up", tag), f"every flow up, {tag!r}")
    await node.until(arrived(b"down", tag), f"every flow down, {tag!r}")


def arrived(direction: bytes, tag: bytes) -> Callable[[Station], bool]:
    def check(station: Station) -> bool:
        payloads = set(station.payloads())
        return all(direction + b" %d " % flow + tag in payloads for flow in FLOWS)

    return check


WAYS = {"next_hop_groups", "tunnel_paths", "tunnels", "routes", "next_hops"}


async def ways(domain: Domain, name: str) -> set[Row]:
    """What the switch says that it holds of the topology; resolved hosts come and go."""
    switch = domain.network.switch(name)
    assert switch is not None
    codec = RowCodec.from_file(default_pipeline().p4info)
    reader = TableReader(name, switch.address, switch.device_id)
    try:
        found = [codec.decode(name, entity) for entity in await reader.read(codec.wildcard_reads())]
    finally:
        await reader.close()
    rows = {row for row in found if row is not None and row.at.table in WAYS}
    hosts = {row for row in rows if row.action == "to_next_hop" and row.parameters[0] >= FIRST_HOST_NEXT_HOP}
    gone = {row.parameters[0] for row in hosts}
    return {row for row in rows - hosts if row.at.table != "next_hops" or row.at.key[0] not in gone}


def tunnelled(domain: Domain, ends: str, seen: list[bytes]) -> None:
    """Note what is sent on that cable but for probes."""
    wire = domain.cable(ends)
    for end in (wire.a, wire.b):
        enqueue = end.enqueue

        def note(frame: bytes, enqueue: Callable[[bytes], bool] = enqueue) -> bool:
            if frame[12:14] != b"\x88\xb5":
                seen.append(frame)
            return enqueue(frame)

        end.enqueue = note  # type: ignore[method-assign]


async def test_a_tunnel_survives_its_links_as_long_as_one_way_is_left() -> None:
    async with running_domain(square()) as domain:
        cn, node = correspondent(domain), Station(MN)
        address = await attached(domain, "s1:1", node)
        await attached(domain, "s2:1", node)
        await exchange(domain, node, cn, address, "s2:1", b"by two ways")
        whole = {name: await ways(domain, name) for name in domain.servers}
        by_s3: list[bytes] = []
        by_c1: list[bytes] = []
        tunnelled(domain, "s2:12-s3:11", by_s3)
        tunnelled(domain, "s2:13-c1:12", by_c1)
        await all_flows(domain, node, cn, address, "s2:1", b"by two ways")
        assert by_s3, "no flow has taken this way"
        assert by_c1, "no flow has taken this way"

        # Not a link of s1's own: s1 has to be told that the way by s3 leads nowhere.
        domain.cable("s2:12-s3:11").up = False
        await domain.link("s2:12-s3:11", is_up=False)
        by_s3.clear()
        await all_flows(domain, node, cn, address, "s2:1", b"by c1 alone")
        assert by_s3 == []

        domain.cable("s1:13-c1:11").up = False
        await domain.link("s1:13-c1:11", is_up=False)
        await all_flows(domain, node, cn, address, "s2:1", b"by s3 and c1")

        for ends in ("s2:12-s3:11", "s1:13-c1:11"):
            domain.cable(ends).up = True
            await domain.link(ends, is_up=True)
        await all_flows(domain, node, cn, address, "s2:1", b"by two ways again")
        assert {name: await ways(domain, name) for name in domain.servers} == whole


async def test_a_switch_cut_off_loses_its_routes_and_gets_them_back() -> None:
    async with running_domain(square()) as domain:
        cn, node = correspondent(domain), Station(MN)
        address = await attached(domain, "s1:1", node)
        await attached(domain, "s2:1", node)
        await exchange(domain, node, cn, address, "s2:1", b"before")
        whole = await ways(domain, "s1")
        cables = ("s2:12-s3:11", "s2:13-c1:12")
        for ends in cables:
            domain.cable(ends).up = False
        for ends in cables:
            await domain.link(ends, is_up=False)
        alone = await ways(domain, "s1")
        gone = {row.at.table for row in whole - alone}
        assert gone == {"routes", "next_hop_groups", "tunnel_paths"}
        assert {row.at for row in whole if row.at.table == "tunnel_paths"} <= {row.at for row in alone}
        for ends in cables:
            domain.cable(ends).up = True
        for ends in cables:
            await domain.link(ends, is_up=True)
        assert await ways(domain, "s1") == whole
        await all_flows(domain, node, cn, address, "s2:1", b"again")


async def test_one_direction_is_enough_to_take_a_link_down() -> None:
    async with running_domain(square()) as domain:
        wire = domain.cable("s1:13-c1:11")
        deliver = wire.a.enqueue
        wire.a.enqueue = lambda _: False  # type: ignore[method-assign]
        await domain.link("s1:13-c1:11", is_up=False)
        wire.a.enqueue = deliver  # type: ignore[method-assign]
        await domain.link("s1:13-c1:11", is_up=True)


async def test_links_of_a_switch_whose_controller_channel_is_dead_are_not_judged() -> None:
    """It forwards on: nothing is taken from it. Another link that breaks meanwhile shows that probing goes on."""
    async with running_domain(square()) as domain:
        before = await ways(domain, "s1")
        s2 = domain.servers["s2"]
        await s2.stop()
        domain.cable("s3:13-c1:13").up = False
        await domain.link("s3:13-c1:13", is_up=False)
        for _ in range(2 * domain.network.link_probes.losses):
            await domain.counted("punts: LINK_PROBE", domain.controller.counters["punts: LINK_PROBE"] + 4)
        assert domain.link_events == []
        assert before == await ways(domain, "s1")


async def test_a_controller_that_starts_with_a_broken_link_begins_without_it() -> None:
    """It never points anything at the link, not even for a moment."""
    async with running_domain(square()) as domain:
        cn, node = correspondent(domain), Station(MN)
        address = await attached(domain, "s1:1", node)
        await attached(domain, "s2:1", node)
        domain.cable("s2:12-s3:11").up = False
        await domain.link("s2:12-s3:11", is_up=False)
        broken = {name: await ways(domain, name) for name in domain.servers}
        await domain.stop_controller()
        domain.link_events.clear()
        by_s3: list[bytes] = []
        tunnelled(domain, "s2:12-s3:11", by_s3)
        await domain.start_controller()
        assert {name: await ways(domain, name) for name in domain.servers} == broken
        await exchange(domain, node, cn, address, "s2:1", b"again")
        await all_flows(domain, node, cn, address, "s2:1", b"by c1 alone")
        domain.cable("s2:12-s3:11").up = True
        await domain.link("s2:12-s3:11", is_up=True)


@pytest.mark.parametrize("kind", ["stale", "elsewhere", "garbage"])
async def test_probes_that_prove_nothing(kind: str) -> None:
    """They come in where a link is broken, and it stays down."""
    async with running_domain(square()) as domain:
        wire = domain.cable("s1:13-c1:11")
        caught: list[bytes] = []
        into_s1, into_c1 = wire.b.enqueue, wire.a.enqueue
        wire.b.enqueue = lambda frame: bool(caught.append(frame))  # type: ignore[func-returns-value, method-assign]
        wire.a.enqueue = lambda _: False  # type: ignore[method-assign]
        await domain.link("s1:13-c1:11", is_up=False)
        probe = LinkProbe.decode(next(frame for frame in reversed(caught) if frame[12:14] == b"\x88\xb5"))
        macs = {"src": domain.mac("c1"), "dst": domain.mac("s1")}
        frame, counter = {
            "stale": (LinkProbe(probe.device_id, probe.port, probe.run ^ 1, probe.sequence), "of another run"),
            "elsewhere": (LinkProbe(probe.device_id, probe.port + 1, probe.run, probe.sequence), "from elsewhere"),
            "garbage": (probe, "that do not decode"),
        }[kind]
        octets = frame.encode(**macs)
        if kind == "garbage":
            octets = octets[:14] + b"\x07" + octets[15:]
        for _ in range(5):
            assert into_c1(octets) or into_s1(octets)
        await domain.counted(f"link probes {counter}", 5)
        assert domain.link_events == []


@pytest.mark.parametrize("when", ["before", "while it is prepared", "after"])
async def test_the_copies_of_a_planned_handover_go_around_a_broken_link(when: str) -> None:
    """They have one way each, whatever comes first: the link's end or the group."""
    async with running_domain() as domain:
        cn, node, ahead = correspondent(domain), Station(MN), Station(MN)
        address = await attached(domain, "s1:1", node)
        await exchange(domain, node, cn, address, "s1:1", b"before")
        s1 = domain.controller._fabric.connections["s1"]
        original, entered, go_on = s1.write, asyncio.Event(), asyncio.Event()

        async def slow(writes: Sequence[Write]) -> None:
            entered.set()
            await go_on.wait()
            await original(writes)

        async def cut() -> None:
            domain.cable(DIRECT).up = False
            await domain.link(DIRECT, is_up=False)

        if when == "before":
            await cut()
        if when == "while it is prepared":
            s1.write = slow  # type: ignore[method-assign]
        preparing = asyncio.create_task(domain.controller.prepare(MN, PortRef(switch="s2", port=1)))
        if when == "while it is prepared":
            await asyncio.wait_for(entered.wait(), TIMEOUT_S)
            domain.cable(DIRECT).up = False
            await until(lambda: bool(domain.controller._links.down))
            go_on.set()
            await domain.link(DIRECT, is_up=False)
        await asyncio.wait_for(preparing, TIMEOUT_S)
        if when == "after":
            await cut()
        ahead.plug(domain.wire("s2:1"))
        cn.send_udp(domain.mac("c1"), CN_ADDRESS, address, b"twice")
        await node.until(lambda s: b"twice" in s.payloads(), "the packet at the old place")
        await ahead.until(lambda s: b"twice" in s.payloads(), "the copy at the new place")


async def test_a_link_that_changes_once_the_controller_has_stopped_changes_nothing() -> None:
    """Probes still come in while the switches are left one after the other."""
    async with running_domain(square()) as domain:
        controller = domain.controller
        await domain.stop_controller()
        controller._link_changed(domain.network.links[0])
        for _ in range(10):
            await asyncio.sleep(0)
        assert domain.link_events == []


async def test_what_the_pipeline_punts_for_later_is_counted() -> None:
    async with running_domain() as domain:
        cn = correspondent(domain)
        request = "0001 0800 06 04 0001 020000000009 c0000201 000000000000 c0000202"
        cn.send(bytes.fromhex(f"ffffffffffff 020000000009 0806 {request}").ljust(60, b"\0"))
        await domain.counted(f"punts: {PuntReason.ARP.name}", 1)


def test_probes_of_the_file_are_the_defaults() -> None:
    assert load_network(TRIANGLE).link_probes == LinkProbes(interval_s=0.1, timeout_s=0.2, losses=3, successes=3)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A node roams: real signalling bytes in, real P4Runtime to real switches, real packets out."""

from ipaddress import IPv6Address

import pytest

from p4dmm.config import PortRef
from p4dmm.wire import MacAddress
from tests.support.domain import CN_ADDRESS, MN, Station, attached, correspondent, exchange, running_domain, until


async def test_round_trip_keeps_every_address() -> None:
    # No hold-down: this node comes back faster than any radio lets it.
    async with running_domain(drain_s=0.05, hold_down_s=0.0) as domain:
        mn, cn = Station(MN), correspondent(domain)
        addresses: list[IPv6Address] = []
        for at in ("s1:1", "s2:1", "s3:1"):
            addresses.append(await attached(domain, at, mn))
            for number, address in enumerate(addresses):
                await exchange(domain, mn, cn, address, at, f"{at} {number}".encode())

            # Old prefixes are deprecated, the native one is not (RFC 8885 section 3.7).
            def others_deprecated(s: Station, n: int = len(addresses)) -> bool:
                return sorted(bool(p) for p in s.prefixes().values()) == [False] * (n - 1) + [True]

            await mn.until(others_deprecated, "the other prefixes as deprecated")
        back = await attached(domain, "s1:1", mn)
        assert back == addresses[0]
        for number, address in enumerate(addresses):
            await exchange(domain, mn, cn, address, "s1:1", f"back {number}".encode())
        (view,) = domain.controller.nodes()
        assert view.at == PortRef(switch="s1", port=1)
        assert {p.anchor: p.tunnel for p in view.prefixes} == {"s1": None, "s2": ("s2", "s1"), "s3": ("s3", "s1")}


async def test_packet_that_was_the_trigger_arrives() -> None:
    """A node that moves and only sends data: its first packet is not lost (design, attach)."""
    async with running_domain(drain_s=0.05) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        mn.plug(domain.wire("s2:1"))
        mn.send_udp(domain.mac("s1"), address, CN_ADDRESS, b"first after the move")
        await cn.until(lambda s: b"first after the move" in s.payloads(), "the packet that was the trigger")


@pytest.mark.parametrize("signal", ["data", "nd"])
async def test_planned_handover_loses_nothing(signal: str) -> None:
    """Both paths carry everything until the node is seen at the new one, by what it signals or by its data alone."""
    async with running_domain(drain_s=0.2) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        await domain.controller.prepare(MN, PortRef(switch="s2", port=1))
        await domain.stage("prepared", "s2:1")
        # Downlink arrives at the old place and at the new one.
        ahead = Station(MN)
        ahead.plug(domain.wire("s2:1"))
        cn.send_udp(domain.mac("c1"), CN_ADDRESS, address, b"both")
        await mn.until(lambda s: b"both" in s.payloads(), "the packet at the old place")
        await ahead.until(lambda s: b"both" in s.payloads(), "the copy at the new place")
        # Uplink works there before anybody knows.
        mn.unplug()
        ahead.send_udp(domain.mac("s1"), address, CN_ADDRESS, b"from the new place")
        await cn.until(lambda s: b"from the new place" in s.payloads(), "uplink from the prepared place")
        if signal == "nd":
            ahead.announce()
        event = await domain.stage("installed", "s2:1")
        assert event.kind == "planned"
        await exchange(domain, ahead, cn, address, "s2:1", b"after")
        await domain.stage("retired")
        await exchange(domain, ahead, cn, address, "s2:1", b"retired")


async def test_planned_handover_that_does_not_happen_is_undone() -> None:
    async with running_domain(planned_timeout_s=0.1) as domain:
        mn = Station(MN)
        await attached(domain, "s1:1", mn)
        before = domain.table_rows()
        await domain.controller.prepare(MN, PortRef(switch="s2", port=1))
        assert domain.table_rows() != before
        await domain.stage("refused", "s2:1")
        assert domain.table_rows() == before


async def test_node_that_leaves_takes_everything_with_it() -> None:
    """Detach is a failed NUD probe; afterwards the tables are as before it came, and its prefix is unreachable."""
    times = {"drain_s": 0.05, "probe_interval_s": 0.2, "probe_timeout_s": 0.1, "detached_s": 0.1}
    async with running_domain(**times) as domain:
        empty = domain.table_rows()
        mn = Station(MN)
        await attached(domain, "s1:1", mn)
        await attached(domain, "s2:1", mn)
        mn.unplug()
        await domain.stage("detached")
        assert domain.table_rows() == empty


async def test_node_that_answers_probes_stays() -> None:
    times = {"probe_interval_s": 0.1, "probe_timeout_s": 0.1}
    async with running_domain(**times) as domain:
        mn = Station(MN)
        await attached(domain, "s1:1", mn)
        probes = len(mn.frames)
        await mn.until(lambda s: len(s.frames) > probes + 3, "three probes")
        assert not any(event.stage == "detached" for event in domain.events)


async def test_controller_restart_neither_loses_nor_doubles_an_entry() -> None:
    async with running_domain(drain_s=0.05) as domain:
        mn, cn = Station(MN), correspondent(domain)
        first = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, first, "s1:1", b"one")
        second = await attached(domain, "s2:1", mn)
        await domain.stage("retired")
        before = domain.table_rows()
        await domain.stop_controller()
        # Nobody controls, everything goes on.
        for address in (first, second):
            await exchange(domain, mn, cn, address, "s2:1", b"alone " + str(address).encode())
        controller = await domain.start_controller()
        assert domain.table_rows() == before
        (view,) = controller.nodes()
        assert (view.at, len(view.prefixes)) == (PortRef(switch="s2", port=1), 2)
        # And it goes on from there.
        domain.events.clear()
        third = await attached(domain, "s3:1", mn)
        for address in (first, second, third):
            await exchange(domain, mn, cn, address, "s3:1", b"on " + str(address).encode())


async def test_two_nodes_talk_wherever_they_are() -> None:
    async with running_domain(drain_s=0.05) as domain:
        mn, peer = Station(MN), Station(MacAddress.parse("02:00:5e:00:01:02"))
        address = await attached(domain, "s1:1", mn)
        peer_address = await attached(domain, "s2:1", peer)
        for at in ("s1:1", "s2:2", "s3:1"):
            if at != "s1:1":
                await attached(domain, at, mn)
            peer.send_udp(domain.mac("s2"), peer_address, address, at.encode())
            await mn.until(lambda s, at=at: at.encode() in s.payloads(), f"the peer's packet at {at}")  # type: ignore[misc]
            mn.send_udp(domain.mac(at.partition(":")[0]), address, peer_address, at.encode())
            await peer.until(lambda s, at=at: at.encode() in s.payloads(), f"the answer from {at}")  # type: ignore[misc]


async def test_old_prefix_ends_and_nothing_of_it_stays() -> None:
    """A deprecated prefix lives `deprecated_s` at most; the native one and its connections go on."""
    async with running_domain(drain_s=0.05, deprecated_s=0.5) as domain:
        mn, cn = Station(MN), correspondent(domain)
        first = await attached(domain, "s1:1", mn)
        second = await attached(domain, "s2:1", mn)
        old = int(first) >> 64
        await domain.stage("retired")
        await until(lambda: [p.anchor for view in domain.controller.nodes() for p in view.prefixes] == ["s2"])
        assert not any(old in key_values(row) for rows in domain.table_rows().values() for row in rows)
        await exchange(domain, mn, cn, second, "s2:1", b"native")


def key_values(row: object) -> list[object]:
    _, entry = row  # type: ignore[misc]
    return [getattr(match, "value", None) for match in entry.match]

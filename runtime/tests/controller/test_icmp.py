# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What an IPv6 router owes: errors for packets sent in vain, answers to those that ask (RFC 4443)."""

from ipaddress import IPv6Address

import pytest

from p4dmm.wire import (
    ETHERTYPE_IPV6,
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    Ethernet,
    Frame,
    IPv6Packet,
    MacAddress,
    NeighborAdvertisement,
    PacketTooBig,
    RouterAdvertisement,
    RouterSolicitation,
    TimeExceeded,
    icmpv6_frame,
    neighbor_solicitation,
)
from tests.support.domain import (
    CN_ADDRESS,
    MN,
    UDP,
    Domain,
    Station,
    attached,
    correspondent,
    exchange,
    running_domain,
)

STRANGER = IPv6Address("2001:db8:dead::1")


def packet(src: IPv6Address, dst: IPv6Address, size: int = 0, hop_limit: int = 64) -> IPv6Packet:
    return IPv6Packet(src, dst, 17, b"\x12\x34\x56\x78\x00\x08\x00\x00" + bytes(size), hop_limit)


def framed(station: Station, router: MacAddress, content: IPv6Packet) -> bytes:
    return Ethernet(router, station.mac, ETHERTYPE_IPV6, content.encode()).encode()


async def error_at(station: Station, kind: type[object]) -> Frame:
    await station.until(lambda s: any(isinstance(f.message, kind) for f in s.decoded()), kind.__name__)
    return next(f for f in station.decoded() if isinstance(f.message, kind))


async def test_unbound_source_is_told(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    """RFC 4443 section 3.1 code 5, to where it came from: no route leads to such a source."""
    domain, mn, _ = domain_with_node
    mn.send(framed(mn, domain.mac("s1"), packet(STRANGER, CN_ADDRESS)))
    frame = await error_at(mn, DestinationUnreachable)
    assert frame.message.code == 5  # type: ignore[union-attr]
    assert frame.ipv6 is not None
    assert frame.ipv6.dst == STRANGER
    assert frame.ethernet.dst == mn.mac


async def test_hop_limit_exceeded(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    domain, mn, address = domain_with_node
    mn.send(framed(mn, domain.mac("s1"), packet(address, CN_ADDRESS, hop_limit=1)))
    frame = await error_at(mn, TimeExceeded)
    assert frame.ethernet.dst == mn.mac
    assert frame.ipv6 is not None
    assert frame.ipv6.src == IPv6Address("2001:db8:0:1::1")


async def test_no_route(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    domain, mn, address = domain_with_node
    mn.send(framed(mn, domain.mac("s1"), packet(address, STRANGER)))
    frame = await error_at(mn, DestinationUnreachable)
    assert frame.message.code == 0  # type: ignore[union-attr]


async def test_prefix_nobody_has(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    """The correspondent is told by the anchor, across the core (RFC 4443 section 3.1 code 3)."""
    domain, mn, address = domain_with_node
    cn = correspondent(domain)
    await exchange(domain, mn, cn, address, "s1:1", b"hello")
    cn.send(framed(cn, domain.mac("c1"), packet(CN_ADDRESS, IPv6Address("2001:db8:2000:9999::1"))))
    frame = await error_at(cn, DestinationUnreachable)
    assert frame.message.code == 3  # type: ignore[union-attr]
    assert frame.ipv6 is not None
    assert frame.ipv6.src == IPv6Address("2001:db8:0:2::1")


async def test_packet_too_big_names_what_fits_the_tunnel() -> None:
    """RFC 4443 section 3.2: 1500 octets of core less the outer header; and what fits goes through."""
    async with running_domain() as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"before")
        await attached(domain, "s2:1", mn)
        cn.send(framed(cn, domain.mac("c1"), packet(CN_ADDRESS, address, size=1461 - 48)))
        frame = await error_at(cn, PacketTooBig)
        assert frame.message.mtu == 1460  # type: ignore[union-attr]
        cn.send(framed(cn, domain.mac("c1"), packet(CN_ADDRESS, address, size=1460 - 48)))
        await mn.until(lambda s: any(len(p) == 1460 - 48 for p in s.payloads()), "the packet that fits")


async def test_errors_are_not_answered_and_not_endless(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    """RFC 4443 section 2.4 (e) and (f)."""
    domain, mn, address = domain_with_node
    for _ in range(300):
        mn.send(framed(mn, domain.mac("s1"), packet(address, STRANGER)))
    await mn.until(
        lambda _: domain.controller.counters["ICMPv6 errors over the rate"] > 0,
        "an error that is not sent",
    )
    assert domain.controller.counters["ICMPv6 errors"] < 300


@pytest.mark.parametrize("asked", ["2001:db8:0:1::1", "2001:db8:0:3::1"])
async def test_router_answers_ping(domain_with_node: tuple[Domain, Station, IPv6Address], asked: str) -> None:
    """The near router, and one across the core."""
    domain, mn, address = domain_with_node
    request = EchoRequest(7, 1, b"hello")
    mn.send(icmpv6_frame(request, src_mac=mn.mac, dst_mac=domain.mac("s1"), src=address, dst=IPv6Address(asked)))
    frame = await error_at(mn, EchoReply)
    assert frame.message == request.reply()


async def test_link_local_router_answers_ping(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    domain, mn, _ = domain_with_node
    router = domain.mac("s1")
    mn.send(
        icmpv6_frame(
            EchoRequest(7, 1),
            src_mac=mn.mac,
            dst_mac=router,
            src=mn.mac.link_local(),
            dst=router.link_local(),
        )
    )
    await error_at(mn, EchoReply)


@pytest.mark.parametrize("asked", ["2001:db8:f::1", "2001:db8:0:4::1"])
async def test_host_pings_its_router_before_it_is_resolved(asked: str) -> None:
    """Its subnet has a row that resolves, for packets of others: the router's own go to the asker's MAC."""
    async with running_domain() as domain:
        cn = correspondent(domain)
        cn.answers_probes = False
        router = domain.mac("c1")
        request = EchoRequest(7, 1, b"hello")
        cn.send(icmpv6_frame(request, src_mac=cn.mac, dst_mac=router, src=CN_ADDRESS, dst=IPv6Address(asked)))
        frame = await error_at(cn, EchoReply)
        assert frame.ethernet.dst == cn.mac


async def test_host_is_told_of_an_error_before_it_is_resolved() -> None:
    async with running_domain() as domain:
        cn = correspondent(domain)
        cn.answers_probes = False
        cn.send(framed(cn, domain.mac("c1"), packet(CN_ADDRESS, STRANGER)))
        frame = await error_at(cn, DestinationUnreachable)
        assert frame.ethernet.dst == cn.mac


async def test_host_pings_its_link_local_router() -> None:
    async with running_domain() as domain:
        cn = correspondent(domain)
        router = domain.mac("c1")
        cn.send(
            icmpv6_frame(
                EchoRequest(7, 1), src_mac=cn.mac, dst_mac=router, src=cn.mac.link_local(), dst=router.link_local()
            )
        )
        frame = await error_at(cn, EchoReply)
        assert frame.ipv6 is not None
        assert frame.ipv6.dst == cn.mac.link_local()


async def test_link_local_address_of_another_anchor_answers_ping(
    domain_with_node: tuple[Domain, Station, IPv6Address],
) -> None:
    """Its logical interface is on the node's link (RFC 8885 section 3.7); that of no anchor is not."""
    domain, mn, _ = domain_with_node
    for owner in ("c1", "s3"):
        router = domain.mac(owner)
        mn.send(
            icmpv6_frame(
                EchoRequest(7, 1),
                src_mac=mn.mac,
                dst_mac=domain.mac("s1"),
                src=mn.mac.link_local(),
                dst=router.link_local(),
            )
        )
    frame = await error_at(mn, EchoReply)
    assert frame.ethernet.src == domain.mac("s3")
    assert sum(isinstance(f.message, EchoReply) for f in mn.decoded()) == 1


@pytest.mark.parametrize("owner", ["s1", "s3"])
async def test_solicitation_with_more_options_is_answered(
    domain_with_node: tuple[Domain, Station, IPv6Address], owner: str
) -> None:
    """The pipeline answers those with one link-layer address; options that are not known are to be ignored."""
    domain, mn, _ = domain_with_node
    mn.frames.clear()
    router = domain.mac(owner)
    mn.send(neighbor_solicitation(router.link_local(), src_mac=mn.mac, src=mn.mac.link_local(), nonce=b"123456"))
    frame = await error_at(mn, NeighborAdvertisement)
    assert isinstance(frame.message, NeighborAdvertisement)
    assert frame.message.solicited
    assert frame.message.target == router.link_local()
    assert frame.ethernet.dst == mn.mac
    assert frame.ethernet.src == router


async def test_host_solicits_its_router_with_more_options() -> None:
    async with running_domain() as domain:
        cn = correspondent(domain)
        target = IPv6Address("2001:db8:f::1")
        cn.send(neighbor_solicitation(target, src_mac=cn.mac, src=CN_ADDRESS, nonce=b"123456"))
        frame = await error_at(cn, NeighborAdvertisement)
        assert frame.ipv6 is not None
        assert frame.ipv6.dst == CN_ADDRESS


async def test_router_solicitation_is_answered(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    domain, mn, _ = domain_with_node
    mn.frames.clear()
    solicitation = RouterSolicitation()
    mn.send(icmpv6_frame(solicitation, src_mac=mn.mac, src=mn.mac.link_local(), dst=IPv6Address("ff02::2")))
    frame = await error_at(mn, RouterAdvertisement)
    assert frame.ethernet.dst == mn.mac


async def test_router_defends_its_addresses(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    """Also those of anchors elsewhere, whose logical interfaces may have to be shown (RFC 8885 section 3.7)."""
    domain, mn, _ = domain_with_node
    for owner in ("s1", "s3"):
        mn.frames.clear()
        target = domain.mac(owner).link_local()
        mn.send(neighbor_solicitation(target, src_mac=mn.mac, src=IPv6Address("::")))
        frame = await error_at(mn, NeighborAdvertisement)
        assert frame.message.target == target  # type: ignore[union-attr]


async def test_host_that_does_not_answer_is_unreachable(domain_with_node: tuple[Domain, Station, IPv6Address]) -> None:
    """RFC 4861 section 7.2.2: after three solicitations the waiting packets' sources are told."""
    domain, mn, address = domain_with_node
    mn.send(framed(mn, domain.mac("s1"), packet(address, IPv6Address("2001:db8:f::77"))))
    frame = await error_at(mn, DestinationUnreachable)
    assert frame.message.code == 3  # type: ignore[union-attr]


async def test_host_that_changes_its_interface_is_followed() -> None:
    """Another MAC for a known address (RFC 4861 section 7.2.5), learnt when the old one no longer answers."""
    async with running_domain(probe_interval_s=0.2, probe_timeout_s=0.1) as domain:
        mn, cn = Station(MN), correspondent(domain)
        address = await attached(domain, "s1:1", mn)
        await exchange(domain, mn, cn, address, "s1:1", b"one")
        other = Station(MacAddress.parse("02:00:5e:00:02:99"))
        cn.unplug()
        other.plug(domain.wire("c1:1"))
        # The probe is to the old MAC; a real interface would not take it.
        other.answers_probes = False
        await other.until(lambda s: len(s.frames) >= 3, "probes")
        other.answers_probes = True

        def follows(_: Station) -> bool:
            mn.send_udp(domain.mac("s1"), address, CN_ADDRESS, b"two")
            return any(f.ethernet.dst == other.mac and f.ipv6 and f.ipv6.next_header == UDP for f in other.decoded())

        await other.until(follows, "a packet to the new MAC")

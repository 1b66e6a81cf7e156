# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A network behind s1 alone, and a node that has been there (RFC 8885 sections 3.7 and 4.4, RFC 4191)."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, IPv6Network

import pytest

from p4dmm.config import Network, Port
from p4dmm.mobility.router import RouterIdentity
from p4dmm.softswitch.service import Wire
from p4dmm.wire import IPv6Packet, MacAddress, PrefixInformation, RouteInformation, RouterAdvertisement
from tests.support.domain import Station
from tests.support.speakers import ALL, SpeakerDomain, moved, running_speakers, speaking

LOCAL = IPv6Network("2001:db8:f1::/64")
SERVER = MacAddress.parse("02:00:5e:00:02:02")
SERVER_ADDRESS = LOCAL[0x10]
IPV6_IN_IPV6 = 41


def with_local_network(network: Network) -> Network:
    """It is at port 21 of s1."""
    port = {"number": 21, "role": "external", "address": f"{LOCAL[1]}/64"}
    switches = [
        s.model_copy(update={"ports": (*s.ports, Port.model_validate(port)), "local_prefixes": (LOCAL,)})
        if s.name == "s1"
        else s
        for s in network.switches
    ]
    return network.model_copy(update={"switches": tuple(switches)})


@asynccontextmanager
async def running(mode: str, *groups: tuple[str, ...]) -> AsyncIterator[tuple[SpeakerDomain, Station, Station]]:
    """The domain, a node, and a server in that network."""
    network = speaking("sdn") if mode == "sdn" else speaking("dmm", cmd_mode=mode)
    async with running_speakers(with_local_network(network), groups) as (domain, mn, _):
        server = Station(SERVER)
        server.plug(domain.wire("s1:21"))
        yield domain, mn, server


def routes(station: Station) -> dict[RouterIdentity, dict[IPv6Network, int]]:
    """By router, the lifetimes of routes that it has in its latest advertisement."""
    result = {}
    for frame in station.decoded():
        if isinstance(frame.message, RouterAdvertisement) and frame.ipv6 is not None:
            options = [o for o in frame.message.options if isinstance(o, RouteInformation)]
            router = RouterIdentity(frame.ethernet.src, frame.ipv6.src)
            result[router] = {IPv6Network((o.prefix, o.prefix_length)): o.lifetime for o in options}
    return result


def lifetime_of(station: Station, prefix: IPv6Address) -> int:
    """The valid lifetime that was told last of the prefix with that address."""
    return [
        option.valid_lifetime
        for frame in station.decoded()
        if isinstance(frame.message, RouterAdvertisement)
        for option in frame.message.options
        if isinstance(option, PrefixInformation) and prefix in IPv6Network((option.prefix, option.prefix_length))
    ][-1]


def pool(domain: SpeakerDomain, switch: str) -> IPv6Network:
    found = domain.network.switch(switch)
    assert found is not None
    assert found.pool is not None
    return found.pool


@pytest.mark.parametrize(
    ("mode", "groups"),
    [
        ("relay", [ALL]),
        ("locator", [("c1",), ("s1",), ("s2", "s3")]),
        ("proxy", [("c1", "s1"), ("s2", "s3")]),
        ("sdn", [ALL]),
    ],
    ids=["relay", "locator", "proxy", "sdn"],
)
async def test_a_node_finds_the_network_wherever_it_is(mode: str, groups: list[tuple[str, ...]]) -> None:
    async with running(mode, *groups) as (domain, mn, server):
        routers = {name: RouterIdentity.of(domain.mac(name)) for name in ("s1", "s2", "s3")}
        address = await moved(domain, mn, "s1:1", pool(domain, "s1"))
        expected: dict[RouterIdentity, dict[IPv6Network, int]] = {routers["s1"]: {LOCAL: lifetime_of(mn, address)}}
        assert routes(mn) == expected
        for at, cable in (("s2", "s1:12-s2:11"), ("s3", "s3:12-s1:11")):
            await moved(domain, mn, f"{at}:1", pool(domain, at))
            expected[routers[at]] = {}
            await mn.until(lambda s: routes(s).keys() == expected.keys(), "all its routers")
            expected[routers["s1"]] = {LOCAL: lifetime_of(mn, address)}
            assert expected[routers["s1"]][LOCAL] > 0
            assert routes(mn) == expected
            await asks(domain, mn, server, address, cable)


async def asks(domain: SpeakerDomain, mn: Station, server: Station, address: IPv6Address, cable: str) -> None:
    """A question by way of the router that has the route, from the address of its prefix as in RFC 6724 section 5, rule
    5.5, and the answer. Both go through a tunnel in that cable."""
    frames = recorded(domain.cable(cable))
    question, answer = b"question in " + cable.encode(), b"answer in " + cable.encode()
    mn.send_udp(domain.mac("s1"), address, SERVER_ADDRESS, question)
    await server.until(lambda s: question in s.payloads(), "the question")
    server.send_udp(domain.mac("s1"), SERVER_ADDRESS, address, answer)
    await mn.until(lambda s: answer in s.payloads(), "the answer")
    packets = [IPv6Packet.decode(frame[14:]) for frame in frames if question in frame or answer in frame]
    assert [packet.next_header for packet in packets] == [IPV6_IN_IPV6] * 2
    inner = [IPv6Packet.decode(packet.payload) for packet in packets]
    assert [(packet.src, packet.dst) for packet in inner] == [(address, SERVER_ADDRESS), (SERVER_ADDRESS, address)]


def recorded(wire: Wire) -> list[bytes]:
    """What goes through the cable from now on."""
    frames: list[bytes] = []
    for end in (wire.a, wire.b):

        def enqueue(frame: bytes, passed: Callable[[bytes], bool] = end.enqueue) -> bool:
            frames.append(frame)
            return passed(frame)

        end.enqueue = enqueue  # type: ignore[method-assign]
    return frames

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Nobody speaks for others: what comes in by an access or external port has a source that belongs there, or ends there.

The triangle with two more external ports, one of them at a switch that also ends tunnels. One node has been at two
switches, so that its older prefix is in a tunnel; another has always been at the third.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from itertools import product
from pathlib import Path
from random import Random

import pytest

from p4dmm.config import Network, Port
from p4dmm.forwarding import FIRST_HOST_NEXT_HOP, Change, Topology, Write, host_rows
from p4dmm.mobility import DrainExpired
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, MacAddress, decode_frame
from tests.forwarding.support import TRIANGLE, Walk
from tests.support.mesh import Mesh, Out, is_punt

CONSTANTS = (Path(__file__).parents[3] / "p4src" / "constants.p4").read_text()
UDP, IPV6 = 17, 41
DATAGRAM = b"\x12\x34\x56\x78\x00\x0c\x00\x00test"
IID = 0x99
SEEDS = range(8)


def constant(name: str) -> int:
    found = re.search(rf"\b{name}\s*=\s*(\d+);", CONSTANTS)
    assert found, name
    return int(found[1])


PUNT_SOURCE_UNBOUND = constant("PUNT_SOURCE_UNBOUND")
DROP_SOURCE_UNBOUND = constant("DROP_SOURCE_UNBOUND")
DROP_TUNNEL_PEER_UNKNOWN = constant("DROP_TUNNEL_PEER_UNKNOWN")


def _with_external(network: Network, **subnets: str) -> Network:
    """The network with port 5 of each named switch external."""
    switches = tuple(
        s.model_copy(
            update={"ports": (*s.ports, Port(number=5, role="external", address=IPv6Interface(subnets[s.name])))}
        )
        if s.name in subnets
        else s
        for s in network.switches
    )
    return network.model_copy(update={"switches": switches})


TOPOLOGY = Topology(_with_external(TRIANGLE.network, c1="2001:db8:e::1/64", s1="2001:db8:a:4000::1/50"))
LOOPBACKS = {name: switch.loopback for name, switch in TOPOLOGY.switches.items()}


@dataclass(frozen=True)
class Place:
    """A host or a node, and the networks it may speak from."""

    switch: str
    port: int
    mac: MacAddress
    networks: tuple[IPv6Network, ...]

    def may_say(self, source: IPv6Address) -> bool:
        return any(source in network for network in self.networks)

    @property
    def addresses(self) -> tuple[IPv6Address, ...]:
        return tuple(network[IID] for network in self.networks)


class World:
    """A mesh with everybody in their places."""

    def __init__(self) -> None:
        self.mesh = Mesh(TOPOLOGY)
        mover, resident = Walk(), Walk(MacAddress.parse("02:00:5e:00:01:02"), 2, 1000)
        self._walk(mover, ("s2", 1), ("s1", 1))
        self._walk(resident, ("s3", 2))
        self.nodes = [self._node(mover), self._node(resident)]
        self.hosts = [
            self._host(number, switch.name, port)
            for switch in TOPOLOGY.switches.values()
            for number, port in enumerate(switch.ports_of_role("external"), start=switch.device_id * 10)
        ]
        self.places = self.nodes + self.hosts

    def _walk(self, walk: Walk, *places: tuple[str, int]) -> None:
        for place in places:
            for write in walk.event(walk.seen(place)):
                self.mesh.apply([write])
            while walk.bce.draining:
                for write in walk.event(DrainExpired(walk.bce.draining[0].attachment.path_id)):
                    self.mesh.apply([write])

    @staticmethod
    def _node(walk: Walk) -> Place:
        at = walk.bce.serving
        assert at is not None
        return Place(at.switch, at.port, walk.bce.mac, tuple(h.prefix for h in walk.bce.hnps))

    def _host(self, number: int, switch: str, port: Port) -> Place:
        assert port.address is not None
        subnet = port.address.network
        host = Place(switch, port.number, MacAddress(b"\x02\x00\x5e\x00\x02" + bytes([number])), (subnet,))
        rows = host_rows(TOPOLOGY, switch, port.number, subnet[IID], host.mac, FIRST_HOST_NEXT_HOP + number)
        self.mesh.apply(Write(Change.INSERT, row) for row in rows)
        return host

    def send(self, sender: Place, packet: IPv6Packet) -> list[Out]:
        router = TOPOLOGY.router_mac(sender.switch)
        frame = Ethernet(router, sender.mac, ETHERTYPE_IPV6, packet.encode()).encode()
        return self.mesh.send(sender.switch, sender.port, frame)

    def assert_refused(self, sender: Place, packet: IPv6Packet) -> None:
        """It ends at the switch it came to, is counted there and nowhere else, and only the controller has it."""
        before = self.mesh.drops()
        (out,) = self.send(sender, packet)
        assert is_punt(out), f"{packet} of {sender} left {out.switch}:{out.port}"
        assert (out.switch, out.frame[2]) == (sender.switch, PUNT_SOURCE_UNBOUND)
        at = sender.switch, DROP_SOURCE_UNBOUND
        assert self.mesh.drops() == before | {at: before.get(at, 0) + 1}

    def assert_delivered(self, sender: Place, receiver: Place, packet: IPv6Packet) -> None:
        before = self.mesh.drops()
        (out,) = self.send(sender, packet)
        assert (out.switch, out.port) == (receiver.switch, receiver.port), f"{packet} of {sender}"
        received = decode_frame(out.frame)
        assert received.ethernet.dst == receiver.mac
        assert received.ipv6 is not None
        assert (received.ipv6.src, received.ipv6.dst) == (packet.src, packet.dst)
        assert (received.ipv6.next_header, received.ipv6.payload) == (packet.next_header, packet.payload)
        assert self.mesh.drops() == before


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def udp(src: IPv6Address, dst: IPv6Address) -> IPv6Packet:
    return IPv6Packet(src, dst, UDP, DATAGRAM, 64)


def tunnelled(src: IPv6Address, dst: IPv6Address, inner: IPv6Packet) -> IPv6Packet:
    return IPv6Packet(src, dst, IPV6, inner.encode(), 64)


def known_addresses(world: World) -> list[IPv6Address]:
    """Of everybody: nodes, hosts, switches, and prefixes and subnets with nobody there."""
    unused = [TOPOLOGY.pools[name][IID << 64 | IID] for name in TOPOLOGY.maars]
    subnets = [p.address.ip for s in TOPOLOGY.switches.values() for p in s.ports if p.address]
    everybody = [address for place in world.places for address in place.addresses]
    return [*everybody, *LOOPBACKS.values(), *unused, *subnets, IPv6Address("2001:db8:dead::1")]


def beside(network: IPv6Network) -> Iterator[IPv6Address]:
    """The addresses just outside."""
    yield network.network_address - 1
    yield network.broadcast_address + 1


def test_everybody_reaches_everybody_from_every_address(world: World) -> None:
    for sender, receiver in product(world.places, world.places):
        if sender is not receiver:
            for src, dst in product(sender.addresses, receiver.addresses):
                world.assert_delivered(sender, receiver, udp(src, dst))


def test_every_address_of_a_network_may_be_used(world: World) -> None:
    to = world.hosts[0]
    for sender in (*world.nodes, *world.hosts[1:]):
        for network in sender.networks:
            for src in (network.network_address, network.broadcast_address):
                world.assert_delivered(sender, to, udp(src, to.addresses[0]))


def test_nobody_speaks_from_an_address_of_others(world: World) -> None:
    for sender in world.places:
        foreign = [a for a in known_addresses(world) if not sender.may_say(a)]
        foreign += [a for network in sender.networks for a in beside(network) if not sender.may_say(a)]
        for src, dst in product(foreign, known_addresses(world)):
            world.assert_refused(sender, udp(src, dst))


def test_no_tunnel_of_switches_can_be_forged(world: World) -> None:
    """Outer addresses of every pair of switches; inside, what would be believed of that tunnel, and what would not."""
    addresses = [address for place in world.places for address in place.addresses]
    inside = [udp(src, dst) for src, dst in product(addresses, addresses)]
    for sender in world.places:
        for src, dst in product(LOOPBACKS.values(), LOOPBACKS.values()):
            for inner in inside:
                world.assert_refused(sender, tunnelled(src, dst, inner))


def test_a_tunnel_from_the_sender_s_own_address_ends_nowhere(world: World) -> None:
    """Its source may be said, and no switch is its peer: it gets to the switch it is for, and is dropped there."""
    inside = [udp(a.addresses[0], b.addresses[0]) for a, b in product(world.places, world.places)]
    for sender, (name, loopback) in product(world.places, LOOPBACKS.items()):
        for src, inner in product(sender.addresses, inside):
            before = world.mesh.drops()
            nested = tunnelled(LOOPBACKS["s2"], LOOPBACKS["s1"], inner)
            for packet in (tunnelled(src, loopback, inner), tunnelled(src, loopback, nested)):
                assert world.send(sender, packet) == []
            at = name, DROP_TUNNEL_PEER_UNKNOWN
            assert world.mesh.drops() == before | {at: before.get(at, 0) + 2}


def test_a_host_s_own_tunnel_is_carried_unread(world: World) -> None:
    """Between a node and a host, also with addresses of switches inside."""
    for sender, receiver in product(world.places, world.places):
        if sender is not receiver:
            inner = udp(LOOPBACKS["s1"], LOOPBACKS["s2"])
            world.assert_delivered(sender, receiver, tunnelled(sender.addresses[0], receiver.addresses[0], inner))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_packets_pass_if_and_only_if_their_source_belongs_there(world: World, seed: int) -> None:
    """Sources near and far: known addresses with some bits changed; contents of any kind, wrapped up to three times."""
    random = Random(seed)
    known = known_addresses(world)
    refused = delivered = 0
    for _ in range(400):
        sender, receiver = random.sample(world.places, 2)
        src = random.choice(sender.addresses if random.random() < 0.3 else known)
        if random.random() < 0.5:
            src = IPv6Address(int(src) ^ 1 << random.randrange(124))  # stays global unicast
        dst = random.choice(receiver.addresses)
        packet = udp(random.choice(known), random.choice(known))
        for _ in range(random.randrange(3)):
            packet = tunnelled(random.choice(known), random.choice(known), packet)
        packet = tunnelled(src, dst, packet) if random.random() < 0.7 else udp(src, dst)
        if sender.may_say(src):
            world.assert_delivered(sender, receiver, packet)
            delivered += 1
        else:
            # For anybody: also for a switch that would end the tunnel.
            packet = random.choice((packet, tunnelled(src, random.choice(known), packet)))
            world.assert_refused(sender, packet)
            refused += 1
    assert delivered > 40
    assert refused > 40

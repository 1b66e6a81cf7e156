# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Invariant 4 with several nodes: their planned handovers are carried out at the same time, the single writes of their
plans in any interleaving, while a host and all of them send to one another packets of any kind.

tests/forwarding walks one node; here what one plan leaves half done is seen by the packets of another.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv6Address, IPv6Network
from random import Random

from hypothesis import given

from p4dmm.forwarding import diff, entries_for
from p4dmm.mobility import (
    Attachment,
    BindingCacheEntry,
    DrainExpired,
    Event,
    Forward,
    HandoverRefusedError,
    HomePrefix,
    NodeSeen,
    PreparationExpired,
    PrepareHandover,
    step,
)
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, MacAddress
from tests.forwarding.support import LIFETIMES, PLACES
from tests.forwarding.test_phases import HOST, HOST_MAC, TOPOLOGY, Place, Walk
from tests.support.mesh import Mesh, Out

from .strategies import SEEDS, effort

HOST_AT = Place("c1", 1)
PROTOCOLS = (6, 17, 44, 50, 59, 132)


@dataclass
class Node:
    """A node on its way; `at` is where it is, whatever the switches know of that."""

    number: int
    at: Place
    mesh: Mesh
    bce: BindingCacheEntry = field(init=False)
    known: tuple[HomePrefix, ...] = ()
    """Prefixes that have been given out, that is, installed."""
    coming: Place | None = None
    """Where it may get packets as well, as its handover there is prepared."""
    pending: Iterator[str] | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        self.mac = MacAddress.parse(f"02:00:5e:00:01:{self.number:02x}")
        self.bce = BindingCacheEntry(mn_id=f"mn{self.number}", mac=self.mac, node_id=self.number)
        self._paths = itertools.count(self.number * 1000)
        for _ in self.do(self.seen(self.at)):
            pass
        self.known = self.bce.hnps

    def seen(self, place: Place) -> NodeSeen:
        """Some of the prefixes that the switches have free."""
        pool = int(TOPOLOGY.pools[place.switch].network_address)
        prefix = IPv6Network((pool + (self.number << 68) + (1 << 64), 64))
        return NodeSeen(self._attachment(place), HomePrefix(prefix, place.switch))

    def _attachment(self, place: Place) -> Attachment:
        return Attachment(place.switch, place.port, next(self._paths))

    def prepare(self, place: Place) -> PrepareHandover:
        return PrepareHandover(self._attachment(place))

    def do(self, event: Event, *, backwards: bool = False) -> Iterator[str]:
        """Carry out the event, a write at a time; those of a step in either order."""
        self.now += 1
        new, effects = step(self.bce, event, self.now, LIFETIMES)
        assert new is not None
        self.bce = new
        for effect in effects:
            if isinstance(effect, Forward):
                plan = diff(entries_for(effect.old, TOPOLOGY), entries_for(effect.new, TOPOLOGY))
                for writes in plan.steps:
                    for write in reversed(writes) if backwards else writes:
                        self.mesh.apply([write])
                        yield f"node {self.number}, {type(event).__name__}: {write}"

    @property
    def places(self) -> set[Place]:
        return {self.at} | ({self.coming} if self.coming else set())


@cache
def empty_mesh() -> Mesh:
    """One for all examples, with the host's rows: generating its pipelines takes longer than an example."""
    return Walk().mesh


@contextmanager
def mesh_of_nobody() -> Iterator[Mesh]:
    """The mesh, and afterwards again without any node. Multicast groups stay, as they do in a switch."""
    mesh = empty_mesh()
    before = mesh.contents()
    try:
        yield mesh
    finally:
        for name, rows in mesh.contents().items():
            for table, entry in rows - before[name]:
                mesh.pipelines[name].tables[table].delete(entry.match, entry.priority)


class Crowd:
    """Nodes in one mesh, and the host behind c1."""

    def __init__(self, mesh: Mesh, random: Random, count: int) -> None:
        self.mesh, self.random = mesh, random
        self._drops = mesh.drops()
        self.nodes = [Node(number, Place(*random.choice(PLACES)), self.mesh) for number in range(1, count + 1)]

    def advance(self) -> str | None:
        """One write of one node's plan; a new event for it if it has none."""
        node = self.random.choice(self.nodes)
        if node.pending is None:
            node.pending = self._begin(node)
        when = next(node.pending, None)
        if when is None:
            node.pending = None
        return when

    def _begin(self, node: Node) -> Iterator[str]:
        target, draining = node.bce.target, node.bce.draining
        backwards = self.random.random() < 0.5
        kinds = ["drain"] * bool(draining) + (["arrive", "arrive", "give up"] if target else ["prepare", "prepare"])
        kind = self.random.choice(kinds)
        if kind == "prepare":
            place = Place(*self.random.choice([p for p in PLACES if Place(*p) != node.at]))
            node.coming = place
            try:
                yield from node.do(node.prepare(place), backwards=backwards)
            except HandoverRefusedError:
                node.coming = None
        elif kind == "drain":
            expired = self.random.choice(draining)
            yield from node.do(DrainExpired(expired.attachment.path_id), backwards=backwards)
        elif kind == "give up":
            assert target is not None
            yield from node.do(PreparationExpired(target.path_id), backwards=backwards)
            node.coming = None
        else:
            assert target is not None
            node.at, node.coming = Place(target.switch, target.port), node.at
            yield from node.do(node.seen(node.at), backwards=backwards)
            node.known, node.coming = node.bce.hnps, None

    # Packets

    def check(self, when: str) -> None:
        """Between all pairs: there once, and nowhere else but where the node may be; the host gets everything.

        Each by some prefix of those that node has.
        """
        for to in self.nodes:
            address = self.random.choice(to.known).prefix[0x99]
            for origin, out in self._sent_to(to, address):
                reached = [Place(o.switch, o.port) for o in out]
                assert reached.count(to.at) == 1, f"{when}: from {origin} to {address} at {to.at}: {reached}"
                assert set(reached) <= to.places, f"{when}: from {origin} to {address} at {to.places}: {reached}"
        for sender in self.nodes:
            source = self.random.choice(sender.known).prefix[0x77]
            out = self._send(sender, source, HOST)
            assert [Place(o.switch, o.port) for o in out] == [HOST_AT], f"{when}: {source} to the host: {out}"
        assert self.mesh.drops() == self._drops, f"{when}: {self.mesh.drops()}, before {self._drops}"

    def _sent_to(self, to: Node, address: IPv6Address) -> Iterator[tuple[str, list[Out]]]:
        frame = self._frame(HOST_MAC, TOPOLOGY.router_mac("c1"), HOST, address)
        yield "the host", self.mesh.send("c1", 1, frame)
        for sender in self.nodes:
            if sender is not to:
                source = self.random.choice(sender.known).prefix[0x77]
                yield f"{source} of {sender.number} at {sender.at}", self._send(sender, source, address)

    def _send(self, sender: Node, source: IPv6Address, destination: IPv6Address) -> list[Out]:
        frame = self._frame(sender.mac, TOPOLOGY.router_mac(sender.at.switch), source, destination)
        return self.mesh.send(sender.at.switch, sender.at.port, frame)

    def _frame(self, src_mac: MacAddress, dst_mac: MacAddress, src: IPv6Address, dst: IPv6Address) -> bytes:
        payload = self.random.randbytes(self.random.choice((0, 3, 40, 1200)))
        label = self.random.choice((0, 7))
        raw = IPv6Packet(src, dst, self.random.choice(PROTOCOLS), payload, 64, flow_label=label).encode()
        return Ethernet(dst_mac, src_mac, ETHERTYPE_IPV6, raw).encode()


@effort(30)
@given(seed=SEEDS)
def test_planned_handovers_at_the_same_time_lose_nothing(seed) -> None:
    random = Random(seed)
    with mesh_of_nobody() as mesh:
        crowd = Crowd(mesh, random, random.choice((2, 2, 3)))
        crowd.check("attached")
        for number in range(60):
            when = crowd.advance()
            if when is not None:
                crowd.check(f"write {number}, {when}")

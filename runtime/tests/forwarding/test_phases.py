# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The promise of the planner: at every point of a handover every packet arrives, none loops, nothing is left behind.

Every write of every step is applied one at a time and in both orders (a switch may take the updates of a batch in any),
and after each one probes go up and down, from every kind of sender.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest

from p4dmm.config import load_network
from p4dmm.forwarding import FIRST_HOST_NEXT_HOP, Row, Topology, diff, entries_for, host_rows
from p4dmm.mobility import (
    Attachment,
    BindingCacheEntry,
    DrainExpired,
    Event,
    Forward,
    HomePrefix,
    Lifetimes,
    NodeGone,
    NodeSeen,
    PreparationExpired,
    PrepareHandover,
    step,
)
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, MacAddress
from tests.support.mesh import Mesh, Out

TOPOLOGY = Topology(load_network(Path(__file__).parents[3] / "topo" / "triangle.toml"))
LIFETIMES = Lifetimes(
    drain_s=1, hold_down_s=0, planned_timeout_s=10, detached_s=60, valid_lifetime_s=7200, deprecated_s=86400
)
MAC = MacAddress.parse("02:00:5e:00:01:01")
OTHER_MAC = MacAddress.parse("02:00:5e:00:01:02")
HOST = IPv6Address("2001:db8:f::10")
HOST_MAC = MacAddress.parse("02:00:5e:00:02:01")
PREFIXES = {
    name: IPv6Network((int(TOPOLOGY.pools[name].network_address) + (0x11 << 64), 64)) for name in TOPOLOGY.maars
}
OTHER_PREFIXES = {
    name: IPv6Network((int(TOPOLOGY.pools[name].network_address) + (0x22 << 64), 64)) for name in TOPOLOGY.maars
}


@dataclass(frozen=True)
class Place:
    switch: str
    port: int


A, A2, B, C = Place("s1", 1), Place("s1", 2), Place("s2", 1), Place("s3", 1)


class Walk:
    """A node on its way, its rows in a mesh; correspondents are a host at c1, and a second node at `beside`."""

    def __init__(self, beside: Place | None = None, *, reverse: bool = False) -> None:
        self.mesh = Mesh(TOPOLOGY)
        self.bce = BindingCacheEntry(mn_id="mn", mac=MAC, node_id=1)
        self.now = 0.0
        self._paths = itertools.count(1)
        self._reverse = reverse
        self.other: BindingCacheEntry | None = None
        self.apply_rows(_host_rows())
        if beside is not None:
            # The second node has been everywhere, so that it speaks from every kind of prefix.
            self.other = BindingCacheEntry(
                mn_id="other",
                mac=OTHER_MAC,
                node_id=2,
                serving=Attachment(beside.switch, 2 if beside.port == 1 else 1, 1000),
                hnps=tuple(HomePrefix(prefix, anchor) for anchor, prefix in OTHER_PREFIXES.items()),
            )
            self.apply_rows(entries_for(self.other, TOPOLOGY).values())

    def apply_rows(self, rows: Iterable[Row]) -> None:
        for step_ in diff({}, {row.at: row for row in rows}).steps:
            self.mesh.apply(step_)

    def event(self, event: Event) -> Iterator[str]:
        """Do what the event asks, and yield after every single write."""
        self.now += 1
        old = self.bce
        new, effects = step(old, event, self.now, LIFETIMES)
        assert new is not None
        self.bce = new
        for effect in effects:
            if isinstance(effect, Forward):
                plan = diff(entries_for(effect.old, TOPOLOGY), entries_for(effect.new, TOPOLOGY))
                for number, step_ in enumerate(plan.steps):
                    for write in reversed(step_) if self._reverse else step_:
                        self.mesh.apply([write])
                        yield f"{type(event).__name__} step {number}: {write}"

    def seen(self, place: Place) -> NodeSeen:
        return NodeSeen(self.attachment(place), HomePrefix(PREFIXES[place.switch], place.switch))

    def attachment(self, place: Place) -> Attachment:
        return Attachment(place.switch, place.port, next(self._paths))

    def run(self, event: Event) -> None:
        for _ in self.event(event):
            pass

    def move(self, place: Place) -> None:
        self.run(self.seen(place))

    def drain(self) -> Iterator[str]:
        while self.bce.draining:
            yield from self.event(DrainExpired(self.bce.draining[0].attachment.path_id))

    # Probes

    def down(self, sender: str, prefix: IPv6Network) -> list[Out]:
        """A packet to the node: from the host behind c1, or from the second node by one of its prefixes."""
        dst = prefix[0x99]
        if sender == "host":
            frame = _frame(HOST_MAC, TOPOLOGY.router_mac("c1"), HOST, dst)
            return self.mesh.send("c1", 1, frame)
        assert self.other is not None
        assert self.other.serving is not None
        at = self.other.serving
        frame = _frame(OTHER_MAC, TOPOLOGY.router_mac(at.switch), OTHER_PREFIXES[sender][0x77], dst)
        return self.mesh.send(at.switch, at.port, frame)

    def up(self, place: Place, prefix: IPv6Network) -> list[Out]:
        frame = _frame(MAC, TOPOLOGY.router_mac(place.switch), prefix[0x99], HOST)
        return self.mesh.send(place.switch, place.port, frame)

    @property
    def senders(self) -> list[str]:
        return ["host", *(OTHER_PREFIXES if self.other else ())]

    def check(
        self, places: set[Place], *, uplinks: set[Place], when: str, hnps: tuple[HomePrefix, ...] | None = None
    ) -> None:
        """Every packet to the node reaches at least one of `places` and no other port; every packet of it the host."""
        for hnp in self.bce.hnps if hnps is None else hnps:
            for sender in self.senders:
                reached = {Place(out.switch, out.port) for out in self.down(sender, hnp.prefix)}
                assert reached, f"{when}: from {sender} to {hnp.prefix} of {hnp.anchor}: lost, {self.mesh.drops()}"
                assert reached <= places, f"{when}: from {sender} to {hnp.prefix} of {hnp.anchor}: {reached}"
            for place in uplinks:
                out = self.up(place, hnp.prefix)
                assert [(o.switch, o.port) for o in out] == [("c1", 1)], f"{when}: {hnp.prefix} up from {place}: {out}"


def _frame(src_mac: MacAddress, dst_mac: MacAddress, src: IPv6Address, dst: IPv6Address) -> bytes:
    packet = IPv6Packet(src, dst, 17, b"\x12\x34\x56\x78\x00\x0c\x00\x00test", 64)
    return Ethernet(dst_mac, src_mac, ETHERTYPE_IPV6, packet.encode()).encode()


def _host_rows() -> tuple[Row, ...]:
    return host_rows(TOPOLOGY, "c1", 1, HOST, HOST_MAC, FIRST_HOST_NEXT_HOP)


TOURS = [
    pytest.param((A, B), id="to-b"),
    pytest.param((A, B, C), id="third-switch"),
    pytest.param((A, B, C, A), id="round-and-home"),
    pytest.param((A, B, A), id="there-and-back"),
    pytest.param((A, B, A, B), id="to-and-fro"),
    pytest.param((A, A2), id="other-port"),
    pytest.param((A, A2, B, A), id="other-port-and-away"),
    pytest.param((B, A, C, B), id="from-b"),
]
BESIDE = [None, A, B, C]


@pytest.mark.parametrize("reverse", [False, True], ids=["in-order", "reversed"])
@pytest.mark.parametrize("beside", BESIDE, ids=lambda p: p.switch if p else "alone")
@pytest.mark.parametrize("drained", [True, False], ids=["drained", "draining"])
@pytest.mark.parametrize("tour", TOURS)
def test_reactive_handover_delivers_once_installed(
    tour: tuple[Place, ...], beside: Place | None, drained: bool, reverse: bool
) -> None:
    """After FLIP the node has everything, also while the old path drains; uplink of the new path works from then on."""
    walk = Walk(beside, reverse=reverse)
    walk.move(tour[0])
    walk.check({tour[0]}, uplinks={tour[0]}, when="attached")
    for old, place in itertools.pairwise(tour):
        for when in walk.event(walk.seen(place)):
            # The node has left, so the old place is a loss of the reactive kind, but nothing may loop or go astray.
            for hnp in walk.bce.hnps:
                for sender in walk.senders:
                    reached = {Place(o.switch, o.port) for o in walk.down(sender, hnp.prefix)}
                    assert reached <= {old, place} | _cpu(reached), when
        walk.check({place}, uplinks={place, old}, when=f"installed at {place}")
        if drained:
            for when in walk.drain():
                walk.check({place}, uplinks={place}, when=when)
    for when in walk.drain():
        walk.check({tour[-1]}, uplinks={tour[-1]}, when=when)


def _cpu(reached: set[Place]) -> set[Place]:
    return {place for place in reached if place.port == 510}


@pytest.mark.parametrize("reverse", [False, True], ids=["in-order", "reversed"])
@pytest.mark.parametrize("beside", BESIDE, ids=lambda p: p.switch if p else "alone")
@pytest.mark.parametrize("tour", TOURS)
def test_planned_handover_never_drops_a_packet(tour: tuple[Place, ...], beside: Place | None, reverse: bool) -> None:
    """Invariant 4: after each single write of a planned handover, packets reach where the node is, up and down.

    Until the node moves that is the old place, then the new one; in between both get everything.
    """
    walk = Walk(beside, reverse=reverse)
    walk.move(tour[0])
    for old, place in itertools.pairwise(tour):
        for when in walk.event(PrepareHandover(walk.attachment(place))):
            _reaches(walk, old, when)
            walk.check({old, place}, uplinks={old}, when=when)
        _reaches(walk, old, "prepared")
        _reaches(walk, place, "prepared")
        walk.check({old, place}, uplinks={old, place}, when="prepared")
        known = walk.bce.hnps  # nobody sends to the prefix that is only now given out
        for when in walk.event(walk.seen(place)):
            _reaches(walk, place, when, known)
            walk.check({old, place}, uplinks={old, place}, when=when, hnps=known)
        walk.check({place}, uplinks={place, old}, when="arrived")
        for when in walk.drain():
            walk.check({place}, uplinks={place}, when=when)
    assert walk.mesh.drops() == {}


def _reaches(walk: Walk, place: Place, when: str, hnps: tuple[HomePrefix, ...] | None = None) -> None:
    for hnp in walk.bce.hnps if hnps is None else hnps:
        for sender in walk.senders:
            reached = [Place(o.switch, o.port) for o in walk.down(sender, hnp.prefix)]
            assert reached.count(place) == 1, f"{when}: from {sender} to {hnp.prefix} of {hnp.anchor}: {reached}"


@pytest.mark.parametrize("beside", BESIDE, ids=lambda p: p.switch if p else "alone")
@pytest.mark.parametrize("tour", TOURS)
def test_cancelled_preparation_leaves_nothing(tour: tuple[Place, ...], beside: Place | None) -> None:
    walk = Walk(beside)
    for place in tour[:-1]:
        walk.move(place)
        for _ in walk.drain():
            pass
    before = walk.mesh.contents()
    target = walk.attachment(tour[-1])
    for when in walk.event(PrepareHandover(target)):
        _reaches(walk, tour[-2], when)
    for when in walk.event(PreparationExpired(target.path_id)):
        _reaches(walk, tour[-2], when)
    assert walk.mesh.contents() == before


@pytest.mark.parametrize("drained", [True, False], ids=["drained", "draining"])
@pytest.mark.parametrize("tour", TOURS)
def test_tables_hold_what_the_binding_says_and_nothing_else(tour: tuple[Place, ...], drained: bool) -> None:
    """A -> B -> A leaves identical tables: the way to a binding does not show in the rows."""
    walk = Walk()
    for place in tour:
        walk.move(place)
        if drained:
            for _ in walk.drain():
                pass
    for _ in walk.drain():
        pass
    fresh = Walk()
    fresh.apply_rows(entries_for(walk.bce, TOPOLOGY).values())
    assert walk.mesh.contents() == fresh.mesh.contents()


def test_detached_node_has_no_rows() -> None:
    walk = Walk()
    empty = walk.mesh.contents()
    for place in (A, B, C):
        walk.move(place)
    assert walk.bce.serving is not None
    walk.run(NodeGone(walk.bce.serving.path_id))
    assert walk.mesh.contents() == empty

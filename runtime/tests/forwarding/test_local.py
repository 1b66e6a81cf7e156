# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of one switch from what it knows: together they are what a controller of all switches would have, and each
single write of a handover that the protocols' order allows leaves packets where they belong.
"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest

from p4dmm.config import load_network
from p4dmm.forwarding import (
    FIRST_HOST_NEXT_HOP,
    SHARED,
    Row,
    RowKey,
    Topology,
    TopologyError,
    diff,
    entries_for,
    host_rows,
    local_entries,
)
from p4dmm.mobility import Attachment, BindingCacheEntry, Draining, HomePrefix
from p4dmm.mobility.local import LocalBinding, RoutedPrefix
from p4dmm.mobility.router import PMIPV6_ROUTER, RouterIdentity
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, MacAddress
from tests.support.mesh import Mesh, is_punt
from tests.support.speakers import LMA_POOL, speaking

TRIANGLE = Path(__file__).parents[3] / "topo" / "triangle.toml"
DMM = Topology(load_network(TRIANGLE))
PMIP = Topology(speaking("pmip"))
MAC = MacAddress.parse("02:00:5e:00:01:01")
HOST = IPv6Address("2001:db8:f::10")
HOST_MAC = MacAddress.parse("02:00:5e:00:02:01")
AT = {name: Attachment(name, 1, number) for number, name in enumerate(("s1", "s2", "s3"), start=1)}
SECOND_PORT = Attachment("s1", 2, 9)
LMA_PREFIX = IPv6Network((int(LMA_POOL.network_address) + (0x11 << 64), 64))


def loopback(topology: Topology, name: str) -> IPv6Address:
    return topology.switches[name].loopback


def prefix_of(name: str) -> IPv6Network:
    return IPv6Network((int(DMM.pools[name].network_address) + (0x11 << 64), 64))


def of_maar(name: str) -> RoutedPrefix:
    """A prefix of that MAAR, which advertises it everywhere."""
    return RoutedPrefix(prefix_of(name), loopback(DMM, name), RouterIdentity.of(DMM.router_mac(name)))


def at_maar(
    *names: str,
    attachment: Attachment | None = None,
    left: Attachment | None = None,
    serving: str | None = None,
    previous: tuple[str, ...] = (),
) -> LocalBinding:
    """What a MAAR says of the node, which has prefixes of those MAARs."""
    return LocalBinding(
        "mn",
        tuple(of_maar(name) for name in names),
        mac=MAC if attachment or left else None,
        node_id=1 if attachment or left else 0,
        attachment=attachment,
        left=left,
        serving=None if serving is None else loopback(DMM, serving),
        previous=tuple(loopback(DMM, name) for name in previous),
    )


def of_lma(anchor: str, serving: str | None, *previous: str) -> LocalBinding:
    """What an LMA says of the node."""
    return LocalBinding(
        "mn",
        (RoutedPrefix(LMA_PREFIX, loopback(PMIP, anchor), PMIPV6_ROUTER),),
        serving=None if serving is None else loopback(PMIP, serving),
        previous=tuple(loopback(PMIP, name) for name in previous),
    )


def of_mag(anchor: str, attachment: Attachment, left: Attachment | None = None) -> LocalBinding:
    prefixes = (RoutedPrefix(LMA_PREFIX, loopback(PMIP, anchor), PMIPV6_ROUTER),)
    return LocalBinding("mn", prefixes, mac=MAC, node_id=1, attachment=attachment, left=left)


class Domain:
    """Switches that know what their roles say of one node, and a host behind c1."""

    def __init__(self, topology: Topology, router: dict[IPv6Network, MacAddress]) -> None:
        self.topology = topology
        self.router = router
        """By which the node sends from a prefix."""
        self.mesh = Mesh(topology)
        self._shared: set[RowKey] = set()
        self.views: dict[str, dict[str, tuple[LocalBinding, ...]]] = {name: {} for name in topology.switches}
        for step in diff(
            {}, {r.at: r for r in host_rows(topology, "c1", 1, HOST, HOST_MAC, FIRST_HOST_NEXT_HOP)}
        ).steps:
            self.mesh.apply(step)

    def says(self, switch: str, role: str, *views: LocalBinding) -> Iterator[str]:
        """That role says this now; yields after every single write."""
        old = self._rows(switch)
        self.views[switch][role] = views
        for number, step in enumerate(diff(old, self._rows(switch)).steps):
            for write in step:
                if write.row.at.table in SHARED and write.row.at in self._shared:
                    continue  # they stay
                self._shared |= {write.row.at} if write.row.at.table in SHARED else set()
                self.mesh.apply([write])
                yield f"{switch} {role} step {number}: {write}"

    def say(self, switch: str, role: str, *views: LocalBinding) -> None:
        for _ in self.says(switch, role, *views):
            pass

    def down(self, prefix: IPv6Network) -> list[tuple[str, int]]:
        """Where a packet of the host to the node comes out."""
        frame = _frame(HOST_MAC, self.topology.router_mac("c1"), HOST, prefix[0x99])
        return [(out.switch, out.port) for out in self.mesh.send("c1", 1, frame)]

    def up(self, attachment: Attachment, prefix: IPv6Network) -> list[tuple[str, int]]:
        """Where a packet of the node to the host comes out."""
        frame = _frame(MAC, self.router[prefix], prefix[0x99], HOST)
        return [(o.switch, o.port) for o in self.mesh.send(attachment.switch, attachment.port, frame) if not is_punt(o)]

    def _rows(self, switch: str) -> dict[RowKey, Row]:
        everything = [view for views in self.views[switch].values() for view in views]
        return local_entries(everything, switch, self.topology)


def pmip_domain() -> Domain:
    return Domain(PMIP, {LMA_PREFIX: PMIPV6_ROUTER.mac})


def dmm_domain() -> Domain:
    return Domain(DMM, {prefix_of(name): DMM.router_mac(name) for name in AT})


def _frame(src_mac: MacAddress, dst_mac: MacAddress, src: IPv6Address, dst: IPv6Address) -> bytes:
    packet = IPv6Packet(src, dst, 17, b"\x12\x34\x56\x78\x00\x0c\x00\x00test", 64)
    return Ethernet(dst_mac, src_mac, ETHERTYPE_IPV6, packet.encode()).encode()


HOST_PORT = [("c1", 1)]


class TestWhatAllSwitchesKnowTogether:
    @pytest.mark.parametrize(
        ("left", "previous"),
        [((), ()), ((AT["s1"],), ("s1",)), ((AT["s1"], AT["s3"]), ("s1", "s3"))],
        ids=["settled", "draining", "draining two"],
    )
    def test_is_what_one_controller_of_all_would_have(
        self, left: tuple[Attachment, ...], previous: tuple[str, ...]
    ) -> None:
        """A node at s2 with a prefix of each MAAR."""
        names = ("s2", "s1", "s3")
        entry = BindingCacheEntry(
            mn_id="mn",
            mac=MAC,
            node_id=1,
            serving=AT["s2"],
            draining=tuple(Draining(a) for a in left),
            hnps=tuple(HomePrefix(prefix_of(n), n, router=RouterIdentity.of(DMM.router_mac(n))) for n in names),
        )
        local = {"s2": at_maar(*names, attachment=AT["s2"], previous=previous)}
        for name in ("s1", "s3"):
            was_there = next((a for a in left if a.switch == name), None)
            others = tuple(other for other in previous if other != name)
            known = names if was_there else (name,)
            local[name] = at_maar(*known, left=was_there, serving="s2", previous=others)
        rows = {}
        for name, view in local.items():
            rows |= local_entries([view], name, DMM)
        assert rows == entries_for(entry, DMM)

    def test_of_a_node_that_is_nowhere_is_nothing(self) -> None:
        assert local_entries([at_maar("s1")], "s1", DMM) == {}
        assert local_entries([of_lma("c1", None)], "c1", PMIP) == {}
        assert local_entries([], "s1", DMM) == {}


class TestPeersWithoutATunnel:
    @pytest.mark.parametrize("address", ["2001:db8:bad::1", str(loopback(DMM, "c1"))], ids=["unknown", "no MAAR"])
    @pytest.mark.parametrize("part", ["serving", "previous", "anchor"])
    def test_are_refused_by_name(self, part: str, address: str) -> None:
        peer = IPv6Address(address)
        view = at_maar("s1", serving="s2")
        if part == "anchor":
            view = at_maar("s1", attachment=AT["s1"])
            view = replace(view, prefixes=(replace(view.prefixes[0], anchor=peer),))
        elif part == "previous":
            view = replace(view, previous=(peer,))
        else:
            view = replace(view, serving=peer)
        with pytest.raises(TopologyError, match=address):
            local_entries([view], "s1", DMM)


class TestProxyMobileIpv6:
    def test_an_anchor_that_flips_loses_and_doubles_nothing(self) -> None:
        """Both gateways serve the node (RFC 5213 section 5.4.1): downlink arrives at one of them, uplink by the old one
        is good for as long as that drains."""
        domain = pmip_domain()
        domain.say("c1", "lma", of_lma("c1", "s1"))
        domain.say("s1", "mag", of_mag("c1", AT["s1"]))
        domain.say("s2", "mag", of_mag("c1", AT["s2"]))
        assert domain.down(LMA_PREFIX) == [("s1", 1)]
        for when in domain.says("c1", "lma", of_lma("c1", "s2", "s1")):
            assert domain.down(LMA_PREFIX) in ([("s1", 1)], [("s2", 1)]), when
            assert domain.up(AT["s1"], LMA_PREFIX) == HOST_PORT, when
        assert domain.down(LMA_PREFIX) == [("s2", 1)]
        assert domain.up(AT["s2"], LMA_PREFIX) == HOST_PORT
        for when in domain.says("s1", "mag"):
            assert domain.down(LMA_PREFIX) == [("s2", 1)], when
            assert domain.up(AT["s2"], LMA_PREFIX) == HOST_PORT, when
        for when in domain.says("c1", "lma", of_lma("c1", "s2")):
            assert domain.down(LMA_PREFIX) == [("s2", 1)], when
            assert domain.up(AT["s2"], LMA_PREFIX) == HOST_PORT, when
        assert domain.mesh.drops() == {}

    def test_of_a_gateway_that_is_left_nothing_is_taken_once_it_is_drained(self) -> None:
        domain = pmip_domain()
        domain.say("c1", "lma", of_lma("c1", "s2", "s1"))
        domain.say("s1", "mag", of_mag("c1", AT["s1"]))
        assert domain.up(AT["s1"], LMA_PREFIX) == HOST_PORT
        domain.say("c1", "lma", of_lma("c1", "s2"))
        assert domain.up(AT["s1"], LMA_PREFIX) == []

    def test_another_port_of_a_gateway_takes_over_and_the_first_drains(self) -> None:
        domain = pmip_domain()
        domain.say("c1", "lma", of_lma("c1", "s1"))
        domain.say("s1", "mag", of_mag("c1", AT["s1"]))
        for when in domain.says("s1", "mag", of_mag("c1", SECOND_PORT, AT["s1"])):
            assert domain.down(LMA_PREFIX) in ([("s1", 1)], [("s1", 2)]), when
            assert domain.up(AT["s1"], LMA_PREFIX) == HOST_PORT, when
        assert domain.up(SECOND_PORT, LMA_PREFIX) == HOST_PORT
        for when in domain.says("s1", "mag", of_mag("c1", SECOND_PORT)):
            assert domain.down(LMA_PREFIX) == [("s1", 2)], when
            assert domain.up(SECOND_PORT, LMA_PREFIX) == HOST_PORT, when
        assert domain.mesh.drops() == {}


class TestAnchorAndGatewayOnOneSwitch:
    """s1 is both: the anchor says where the prefix goes, the gateway how it is delivered here."""

    @pytest.mark.parametrize("anchor_first", [True, False])
    def test_a_node_at_the_anchor_is_reached(self, *, anchor_first: bool) -> None:
        domain = pmip_domain()
        views = [("lma", of_lma("s1", "s1")), ("mag", of_mag("s1", AT["s1"]))]
        for role, view in views if anchor_first else reversed(views):
            domain.say("s1", role, view)
        assert domain._rows("s1") == local_entries([of_mag("s1", AT["s1"])], "s1", PMIP)

    def test_the_anchor_is_believed_once_the_node_has_gone(self) -> None:
        """Its gateway has not noticed yet. What the node sent here last is good nevertheless."""
        away = local_entries([of_lma("s1", "s2", "s1"), of_mag("s1", AT["s1"])], "s1", PMIP)
        bindings = [row for key, row in away.items() if key.table == "prefix_bindings"]
        assert [(row.action, row.parameters[0]) for row in bindings] == [("to_tunnel", PMIP.tunnel_id("s2"))]
        sources = {key.key[1] for key in away if key.table == "prefix_sources"}
        assert sources == {AT["s1"].path_id, 0x800000 | PMIP.tunnel_id("s2")}

    def test_what_it_left_is_drained_when_it_is_back(self) -> None:
        back = local_entries([of_lma("s1", "s1", "s2"), of_mag("s1", AT["s1"])], "s1", PMIP)
        (binding,) = [row for key, row in back.items() if key.table == "prefix_bindings"]
        assert (binding.action, binding.parameters[0]) == ("deliver", 1)
        sources = {key.key[1] for key in back if key.table == "prefix_sources"}
        assert sources == {AT["s1"].path_id, 0x800000 | PMIP.tunnel_id("s2")}

    def test_the_way_there_and_back_never_sends_a_packet_elsewhere(self) -> None:
        domain = dmm_domain()
        prefix = prefix_of("s1")
        domain.router[prefix] = PMIPV6_ROUTER.mac

        def lma(serving: str, *previous: str) -> LocalBinding:
            routed = RoutedPrefix(prefix, loopback(DMM, "s1"), PMIPV6_ROUTER)
            addresses = tuple(loopback(DMM, name) for name in previous)
            return LocalBinding("mn", (routed,), serving=loopback(DMM, serving), previous=addresses)

        def mag(at: Attachment) -> LocalBinding:
            routed = RoutedPrefix(prefix, loopback(DMM, "s1"), PMIPV6_ROUTER)
            return LocalBinding("mn", (routed,), mac=MAC, node_id=1, attachment=at)

        domain.say("s1", "lma", lma("s1"))
        domain.say("s1", "mag", mag(AT["s1"]))
        assert domain.down(prefix) == [("s1", 1)]
        assert domain.up(AT["s1"], prefix) == HOST_PORT
        domain.say("s2", "mag", mag(AT["s2"]))
        for when in domain.says("s1", "lma", lma("s2", "s1")):
            assert domain.down(prefix) in ([("s1", 1)], [("s2", 1)]), when
            assert domain.up(AT["s1"], prefix) == HOST_PORT, when
        for when in domain.says("s1", "mag"):
            assert domain.down(prefix) == [("s2", 1)], when
            assert domain.up(AT["s2"], prefix) == HOST_PORT, when
        domain.say("s1", "lma", lma("s2"))
        domain.say("s1", "mag", mag(AT["s1"]))
        for when in domain.says("s1", "lma", lma("s1", "s2")):
            assert domain.down(prefix) in ([("s1", 1)], [("s2", 1)]), when
            assert domain.up(AT["s2"], prefix) == HOST_PORT, when
        assert domain.down(prefix) == [("s1", 1)]
        assert domain.up(AT["s1"], prefix) == HOST_PORT
        domain.say("s1", "lma", lma("s1"))
        assert domain.up(AT["s2"], prefix) == []
        assert domain.down(prefix) == [("s1", 1)]


class TestDistributedAnchors:
    def served_at_s1(self) -> Domain:
        domain = dmm_domain()
        domain.say("s1", "maar", at_maar("s1", attachment=AT["s1"]))
        return domain

    def moved_to_s2(self) -> Domain:
        domain = self.served_at_s1()
        domain.say("s1", "maar", at_maar("s1", left=AT["s1"], serving="s2"))
        domain.say("s2", "maar", at_maar("s2", "s1", attachment=AT["s2"], previous=("s1",)))
        return domain

    def test_a_node_that_moves_is_reached_and_heard_by_all_its_prefixes(self) -> None:
        domain = self.served_at_s1()
        assert domain.down(prefix_of("s1")) == [("s1", 1)]
        for when in domain.says("s1", "maar", at_maar("s1", left=AT["s1"], serving="s2")):
            assert domain.down(prefix_of("s1")) in ([("s1", 1)], []), when
            assert domain.up(AT["s1"], prefix_of("s1")) == HOST_PORT, when
        domain.say("s2", "maar", at_maar("s2", "s1", attachment=AT["s2"], previous=("s1",)))
        for _ in ("draining", "drained"):
            for name in ("s1", "s2"):
                assert domain.down(prefix_of(name)) == [("s2", 1)]
                assert domain.up(AT["s2"], prefix_of(name)) == HOST_PORT
            domain.say("s1", "maar", at_maar("s1", serving="s2"))
            domain.say("s2", "maar", at_maar("s2", "s1", attachment=AT["s2"]))
        assert domain.up(AT["s1"], prefix_of("s1")) == []

    @pytest.mark.parametrize("is_drained", [True, False], ids=["drained", "draining"])
    def test_a_node_that_returns_never_makes_packets_go_round(self, *, is_drained: bool) -> None:
        """The CMD has s2 point back to s1 before s1 may serve the node again (RFC 8885 section 3.2)."""
        domain = self.moved_to_s2()
        if is_drained:
            domain.say("s1", "maar", at_maar("s1", serving="s2"))
            domain.say("s2", "maar", at_maar("s2", "s1", attachment=AT["s2"]))
        for when in domain.says("s2", "maar", at_maar("s2", "s1", left=AT["s2"], serving="s1")):
            for name in ("s1", "s2"):
                assert domain.down(prefix_of(name)) in ([("s2", 1)], []), when
        for when in domain.says("s1", "maar", at_maar("s1", "s2", attachment=AT["s1"], previous=("s2",))):
            for name in ("s1", "s2"):
                assert domain.down(prefix_of(name)) in ([("s1", 1)], []), when
        for name in ("s1", "s2"):
            assert domain.down(prefix_of(name)) == [("s1", 1)]
            assert domain.up(AT["s1"], prefix_of(name)) == HOST_PORT
            assert domain.up(AT["s2"], prefix_of(name)) == HOST_PORT
        domain.say("s2", "maar", at_maar("s2", serving="s1"))
        domain.say("s1", "maar", at_maar("s1", "s2", attachment=AT["s1"]))
        for name in ("s1", "s2"):
            assert domain.down(prefix_of(name)) == [("s1", 1)]
            assert domain.up(AT["s2"], prefix_of(name)) == []

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Destinations bound by home address, by mobile network prefix and by IPv4 home address: the same ways for each."""

import rows
import ways
from base import PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    NODE,
    NODE_IPV4,
    OTHER,
    OTHER_ACCESS,
    PEER,
    ROUTER,
    SECOND_CORE,
    SECOND_PEER,
    encapsulated,
    frame,
    from_core,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
    udp4,
)
from peers import DOWNLINK_IPV4, GRE_PEER
from program import covers
from rows import Row

GROUP = 21
KEY = 0x0A0B0C0D

HOME = "2001:db8:1:a::77"
NETWORK = "2001:db8:6:600::/56"
IN_NETWORK = "2001:db8:6:6a1::1"
TO_HOME = udp(CORRESPONDENT, HOME)
TO_NETWORK = udp(CORRESPONDENT, IN_NETWORK)


def home(way, address=HOME):
    return Row("address_bindings", {"address": address}, *way)


def network(way, prefix=NETWORK):
    return Row("network_bindings", {"network": prefix}, *way)


def home_ipv4(way, address=NODE_IPV4.address):
    return Row("ipv4_bindings", {"address": address}, *way)


def expected_in_network(way, prefix=NETWORK):
    return Row("network_path_bindings", {"path_id": PEER.path_id, "network": prefix}, *way)


def expected(way):
    """From the peer, for the network and for the IPv4 home address."""
    key = {"address": NODE_IPV4.address, "path_id": PEER.path_id}
    return expected_in_network(way), Row("ipv4_path_bindings", key, *way)


BINDINGS = ((home, TO_HOME), (network, TO_NETWORK), (home_ipv4, DOWNLINK_IPV4))


class BoundDestinationTest(PacketTest):
    """What each binding makes of a packet for it, counted by its row."""

    def expect_way(self, way, *outcomes):
        """Each outcome is a port and what becomes of the packet there."""
        for binding, packet in BINDINGS:
            row = binding(way)
            self.insert(row)
            self.send(CORE, from_core(packet))
            self.expect(*((out, become(packet)) for out, become in outcomes))
            self.expect_counted(row, from_core(packet))


@covers(
    *("address_bindings.deliver", "address_bindings.packets", "network_bindings.deliver", "network_bindings.packets"),
    *("ipv4_bindings.deliver", "ipv4_bindings.packets"),
)
class DeliversToBoundDestinationTest(BoundDestinationTest):
    def runTest(self):
        self.expect_way(ways.deliver(NODE), (ACCESS, to_node))


@covers("address_bindings.to_tunnel", "network_bindings.to_tunnel", "ipv4_bindings.to_tunnel")
class SendsBoundDestinationToTunnelTest(BoundDestinationTest):
    def runTest(self):
        self.insert(*rows.tunnel(PEER))
        self.expect_way(ways.to_tunnel(PEER), (CORE, lambda packet: encapsulated(hop(packet))))


@covers("address_bindings.to_tunnel_gre", "network_bindings.to_tunnel_gre", "ipv4_bindings.to_tunnel_gre")
class SendsBoundDestinationToTunnelWithKeyTest(BoundDestinationTest):
    """RFC 5845 s5.2: the key by which the far end knows the node."""

    def runTest(self):
        self.insert(*rows.tunnel(GRE_PEER))
        way = ways.to_tunnel(GRE_PEER, gre_key=KEY)
        self.expect_way(way, (CORE, lambda packet: encapsulated(hop(packet), GRE_PEER, gre_key=KEY)))


@covers("address_bindings.replicate", "network_bindings.replicate", "ipv4_bindings.replicate")
class ReplicatesToBoundDestinationTest(BoundDestinationTest):
    """To a neighbour and into a tunnel."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        self.insert(*rows.tunnel(PEER))
        copies = (ACCESS, to_node), (CORE, lambda packet: encapsulated(hop(packet)))
        self.expect_way(ways.replicate(GROUP, NODE, PEER.tunnel_id), *copies)


@covers("address_bindings.destination_unbound", "network_bindings.destination_unbound")
class PrefersTheMostExactBindingTest(PacketTest):
    """Address before prefix before the longest network before the routes; what comes first hides what comes after."""

    def runTest(self):
        expected = {
            HOME: "02:00:00:00:01:01",
            "2001:db8:1:a::78": "02:00:00:00:01:02",
            "2001:db8:1:b::1": "02:00:00:00:01:03",
            "2001:db8:1:1::1": "02:00:00:00:01:04",
            "2001:db8:1:8000::1": "02:00:00:00:01:05",
            "2001:db8:2::1": "02:00:00:00:01:06",
        }
        by = {mac: ways.deliver(NODE._replace(mac=mac)) for mac in expected.values()}
        macs = list(expected.values())
        self.insert(
            home(by[macs[0]]),
            rows.bound(NODE, by[macs[1]]),
            network(by[macs[2]], "2001:db8:1:8::/61"),
            network(by[macs[3]], "2001:db8:1:0::/49"),
            network(by[macs[4]], "2001:db8:1::/48"),
            rows.next_hop(1, ACCESS, mac=macs[5]),
            rows.route("2001:db8::/32", "to_next_hop", next_hop_id=1),
        )
        # hidden by what is more exact
        self.insert(rows.route(f"{HOME}/128", "no_binding"), network(by[macs[5]], "2001:db8:1:a::/64"))
        for address, mac in expected.items():
            packet = udp(CORRESPONDENT, address)
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, frame(ROUTER, mac, hop(packet))))


class BindsNetworksOfAnyLengthTest(PacketTest):
    """RFC 3963: a mobile router may have prefixes longer than 64 bits, down to one address."""

    def runTest(self):
        lengths = {
            "2001:db8:6::/48": "2001:db8:6:ffff::1",
            "2001:db8:6:1::/64": "2001:db8:6:1:8000::",
            "2001:db8:6:1::/80": "2001:db8:6:1::3",
            "2001:db8:6:1::/127": "2001:db8:6:1::",
            "2001:db8:6:1::1/128": "2001:db8:6:1::1",
        }
        nodes = [NODE._replace(mac=f"02:00:00:00:01:{number:02x}") for number in range(1, len(lengths) + 1)]
        self.insert(*(network(ways.deliver(node), prefix) for node, prefix in zip(nodes, lengths, strict=True)))
        for node, address in zip(nodes, lengths.values(), strict=True):
            packet = udp(CORRESPONDENT, address)
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, to_node(packet, node)))


@covers("ipv4_bindings.destination_unbound")
class LeavesUnboundIpv4DestinationToRoutesTest(PacketTest):
    """All 32 bits of a home address count."""

    def runTest(self):
        self.insert(home_ipv4(ways.deliver(NODE)), rows.next_hop(1, EXTERNAL))
        self.insert(rows.route("0.0.0.0/0", "to_next_hop", next_hop_id=1))
        for destination in ("203.0.113.11", "203.0.112.10", "75.0.113.10"):
            packet = udp4(CORRESPONDENT_IPV4, destination)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))


class MovesBoundDestinationTest(PacketTest):
    """A handover is one MODIFY of the binding, whichever kind it is."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER))
        for binding, packet in BINDINGS:
            self.insert(binding(ways.deliver(NODE)))
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, to_node(packet)))
            self.modify(binding(ways.to_tunnel(PEER)))
            self.send(CORE, from_core(packet))
            self.expect((CORE, encapsulated(hop(packet))))
            self.modify(binding(ways.deliver(OTHER)))
            self.send(CORE, from_core(packet))
            self.expect((OTHER_ACCESS, to_node(packet, OTHER)))


@covers("DROP_TUNNEL_UNKNOWN", "egress_drop_reasons")
class SendsBoundDestinationToUnknownTunnelTest(PacketTest):
    """Without a path there is no way; without outer headers the packet does not leave."""

    def runTest(self):
        self.insert(rows.tunnel_path(SECOND_PEER), rows.tunnel_next_hop(SECOND_PEER))
        for binding, packet in BINDINGS:
            self.insert(binding(ways.to_tunnel(PEER)))
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_TUNNEL_UNKNOWN"])
            self.modify(binding(ways.to_tunnel(SECOND_PEER)))
            self.send(CORE, from_core(packet))
            self.expect(egress_drops=["DROP_TUNNEL_UNKNOWN"])


@covers("network_path_bindings.accept_from_tunnel", "ipv4_path_bindings.accept_from_tunnel")
class AcceptsFromTunnelForBoundDestinationTest(PacketTest):
    """From its home agent; where the packet goes is for the bindings to say."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER))
        self.insert(*expected(ways.accept()))
        for binding, packet in BINDINGS[1:]:
            self.insert(binding(ways.deliver(NODE)))
            self.send(CORE, from_peer(packet))
            self.expect((ACCESS, to_node(packet)))


@covers("network_path_bindings.deliver_from_tunnel", "ipv4_path_bindings.deliver_from_tunnel")
class DeliversFromTunnelToExpectedBoundNodeTest(PacketTest):
    """What the serving switch copies here is delivered, while everybody else still goes to where the node is."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER))
        self.insert(*expected(ways.deliver_from(NODE)))
        for binding, packet in BINDINGS[1:]:
            row = binding(ways.to_tunnel(PEER))
            self.insert(row)
            self.send(CORE, from_peer(packet))
            self.expect((ACCESS, to_node(packet)))
            self.send(CORE, from_core(packet))
            self.expect((CORE, encapsulated(hop(packet))))
            self.expect_counted(row, from_core(packet))


@covers(
    *("DROP_TUNNEL_SOURCE_UNBOUND", "network_path_bindings.not_from_tunnel", "ipv4_path_bindings.not_from_tunnel"),
    "path_bindings.not_from_tunnel",
)
class DropsFromTunnelForOtherDestinationTest(PacketTest):
    """Of another network, another address, or from another tunnel."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), *rows.tunnel(SECOND_PEER))
        self.insert(
            *expected(ways.accept()),
            *(binding(ways.deliver(NODE)) for binding, _ in BINDINGS),
        )
        outside = udp(CORRESPONDENT, "2001:db8:6:700::1"), udp4(CORRESPONDENT_IPV4, "203.0.113.11")
        for packet in (TO_HOME, *outside):
            self.send(CORE, from_peer(packet))
            self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])
        for packet in (TO_NETWORK, DOWNLINK_IPV4):
            self.send(SECOND_CORE, from_peer(packet, SECOND_PEER))
            self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])


class PrefersPrefixOfPathToNetworkOfPathTest(PacketTest):
    """And of networks the longest."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER))
        macs = {"2001:db8:6:6a1::1": 1, "2001:db8:6:6a2::1": 2, "2001:db8:6:600::1": 3}
        nodes = {number: NODE._replace(mac=f"02:00:00:00:01:{number:02x}") for number in macs.values()}
        for prefix, number in (("2001:db8:6:6a0::/60", 2), (NETWORK, 3)):
            self.insert(expected_in_network(ways.deliver_from(nodes[number]), prefix))
        inner = nodes[1]._replace(address="2001:db8:6:6a1::1", node_id=0)
        self.insert(rows.delivered_from(inner, PEER))
        for destination, number in macs.items():
            packet = udp(CORRESPONDENT, destination)
            self.send(CORE, from_peer(packet))
            self.expect((ACCESS, to_node(packet, nodes[number])))


class ReturnsIntoTunnelBetweenTwoIpv4NodesTest(PacketTest):
    """Two nodes behind one peer: source and destination are bound to the tunnel, so it is no loop."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.permitted(NODE_IPV4, PEER))
        other = "203.0.113.11"
        self.insert(home_ipv4(ways.to_tunnel(PEER), other))
        packet = udp4(NODE_IPV4.address, other)
        self.send(CORE, from_peer(packet))
        self.expect((CORE, encapsulated(hop(packet))))


@covers("DROP_TUNNEL_HAIRPIN")
class DropsIpv4HairpinTest(PacketTest):
    """What a peer sends here for a node that is at the peer goes round, unless somebody stops it."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.accepted(NODE_IPV4, PEER), home_ipv4(ways.to_tunnel(PEER)))
        self.send(CORE, from_peer(DOWNLINK_IPV4))
        self.expect(drops=["DROP_TUNNEL_HAIRPIN"])

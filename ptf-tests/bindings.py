# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Downlink: to the node, to the switch that serves it, or during a planned handover to both."""

from scapy.layers.inet6 import ICMPv6EchoReply, IPv6

import rows
from base import PacketTest
from frames import (
    ACCESS,
    ANCHOR,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    NODE,
    OTHER,
    OTHER_ACCESS,
    PEER,
    SECOND_CORE,
    SECOND_PEER,
    encapsulated,
    frame,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
)
from program import covers

GROUP = 21
DOWNLINK = udp(CORRESPONDENT, NODE.address)


@covers("prefix_bindings.deliver", "prefix_bindings.packets")
class DeliversToNeighborTest(PacketTest):
    """Any address of the prefix, and the row counts what it delivers."""

    def runTest(self):
        row = rows.delivered(NODE)
        self.insert(row)
        packets = [
            DOWNLINK,
            udp(CORRESPONDENT, "2001:db8:1:a:ffff:ffff:ffff:ffff", tc=0xFF, fl=0xFFFFF),
            IPv6(src=CORRESPONDENT, dst=NODE.address) / ICMPv6EchoReply(data=b"pong"),
        ]
        for packet in packets:
            self.send(EXTERNAL, from_core(packet))
        self.expect(*((ACCESS, to_node(packet)) for packet in packets))
        self.expect_counted(row, *map(from_core, packets))


class DeliversByTheAnchorsAddressTest(PacketTest):
    """The row names the router that the node is to see: for an older prefix its anchor (RFC 8885 s3.7)."""

    def runTest(self):
        self.insert(rows.delivered(NODE, router=ANCHOR))
        self.send(CORE, from_core(DOWNLINK))
        self.expect((ACCESS, frame(ANCHOR, NODE.mac, hop(DOWNLINK))))


class DeliversBetweenNodesTest(PacketTest):
    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.delivered(OTHER))
        packet = udp(NODE.address, OTHER.address)
        self.send(ACCESS, from_node(packet))
        self.expect((OTHER_ACCESS, to_node(packet, OTHER)))


class DeliversOutOfTheSamePortTest(PacketTest):
    """Two nodes on one access port, which a radio may keep apart."""

    def runTest(self):
        neighbor = OTHER._replace(port=ACCESS)
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.delivered(neighbor))
        packet = udp(NODE.address, neighbor.address)
        self.send(ACCESS, from_node(packet))
        self.expect((ACCESS, to_node(packet, neighbor)))


class BindsByUpperHalfTest(PacketTest):
    """All 64 bits of the prefix count, and none of the rest: the neighbours of a prefix go by the routes."""

    def runTest(self):
        self.insert(rows.delivered(NODE), rows.next_hop(1, EXTERNAL), rows.route("::/0", "to_next_hop", next_hop_id=1))
        for dst in ("2001:db8:1:9:ffff:ffff:ffff:ffff", "2001:db8:1:b::", "a001:db8:1:a::1"):
            packet = udp(CORRESPONDENT, dst)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))


@covers("prefix_bindings.to_tunnel", "prefix_bindings.packets")
class SendsToTunnelTest(PacketTest):
    def runTest(self):
        row = rows.tunnelled(NODE, PEER)
        self.insert(*rows.tunnel(PEER), row)
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, encapsulated(hop(DOWNLINK))))
        self.expect_counted(row, from_core(DOWNLINK))


@covers("prefix_bindings.destination_unbound")
class LeavesUnboundDestinationToRoutesTest(PacketTest):
    def runTest(self):
        self.insert(rows.delivered(OTHER), *rows.to_correspondent())
        packet = udp("2001:db8:77::1", CORRESPONDENT)
        self.send(CORE, from_core(packet))
        self.expect((EXTERNAL, to_next_hop(packet)))


class PrefersBindingToRelayTest(PacketTest):
    """The destination is known here: no detour by the source's anchor."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.attached(NODE), rows.relayed(NODE, PEER), rows.delivered(OTHER))
        packet = udp(NODE.address, OTHER.address)
        self.send(ACCESS, from_node(packet))
        self.expect((OTHER_ACCESS, to_node(packet, OTHER)))


class FlipsFromNeighborToTunnelTest(PacketTest):
    """The one write of a handover that packets see: a MODIFY of the binding."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.delivered(NODE))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)))
        self.modify(rows.tunnelled(NODE, PEER))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, encapsulated(hop(DOWNLINK))))


@covers("path_bindings.accept_from_tunnel")
class AcceptsFromTunnelTest(PacketTest):
    """From the prefix's anchor; where the packet goes is for prefix_bindings to say."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), *rows.tunnel(SECOND_PEER), rows.accepted(NODE, PEER), rows.delivered(NODE))
        self.send(CORE, from_peer(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)))
        self.modify(rows.tunnelled(NODE, SECOND_PEER))
        self.send(CORE, from_peer(DOWNLINK))
        self.expect((SECOND_CORE, encapsulated(hop(DOWNLINK), SECOND_PEER)))


@covers("path_bindings.deliver_from_tunnel")
class DeliversFromTunnelToExpectedNodeTest(PacketTest):
    """What the serving switch copies here is delivered; everybody else still goes to where the node is."""

    def runTest(self):
        binding = rows.tunnelled(NODE, PEER)
        self.insert(*rows.tunnel(PEER), rows.delivered_from(NODE, PEER), binding)
        self.send(CORE, from_peer(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, encapsulated(hop(DOWNLINK))))
        self.expect_counted(binding, from_core(DOWNLINK))


@covers("DROP_TUNNEL_SOURCE_UNBOUND", "path_bindings.not_from_tunnel")
class DropsFromTunnelWhatIsBoundElsewhereTest(PacketTest):
    """Neither is the source bound to this tunnel nor the destination expected by it: no copy for the controller."""

    def runTest(self):
        self.insert(
            *rows.tunnel(PEER),
            *rows.tunnel(SECOND_PEER),
            rows.delivered(NODE),
            rows.accepted(NODE, SECOND_PEER),
            rows.permitted(OTHER, SECOND_PEER),
            *rows.to_correspondent(),
        )
        for packet in (DOWNLINK, udp(OTHER.address, CORRESPONDENT), udp(OTHER.address, NODE.address)):
            self.send(CORE, from_peer(packet))
            self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])


class AcceptsBoundSourceForAnyDestinationTest(PacketTest):
    """A node at the peer sends to one here that no path_bindings row expects."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.permitted(OTHER, PEER), rows.delivered(NODE))
        packet = udp(OTHER.address, NODE.address)
        self.send(CORE, from_peer(packet))
        self.expect((ACCESS, to_node(packet)))


class CarriesFromTunnelToTunnelTest(PacketTest):
    """At an anchor whose node and its correspondent are both elsewhere."""

    def runTest(self):
        binding = rows.tunnelled(NODE, SECOND_PEER)
        self.insert(*rows.tunnel(PEER), *rows.tunnel(SECOND_PEER), rows.permitted(OTHER, PEER), binding)
        packet = udp(OTHER.address, NODE.address)
        self.send(CORE, from_peer(packet))
        self.expect((SECOND_CORE, encapsulated(hop(packet), SECOND_PEER)))


class RelaysFromTunnelToTunnelTest(PacketTest):
    """relay_to_tunnel on a tunnel path: the anchor is yet another switch."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), *rows.tunnel(SECOND_PEER), rows.relayed(OTHER, SECOND_PEER, PEER))
        packet = udp(OTHER.address, CORRESPONDENT)
        self.send(CORE, from_peer(packet))
        self.expect((SECOND_CORE, encapsulated(hop(packet), SECOND_PEER)))


@covers("DROP_TUNNEL_HAIRPIN")
class DropsHairpinTest(PacketTest):
    """A packet never leaves by the tunnel it came in, by binding or by relay."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.accepted(NODE, PEER), rows.tunnelled(NODE, PEER))
        self.send(CORE, from_peer(DOWNLINK))
        self.expect(drops=["DROP_TUNNEL_HAIRPIN"])
        self.insert(rows.relayed(OTHER, PEER, PEER))
        self.send(CORE, from_peer(udp(OTHER.address, CORRESPONDENT)))
        self.expect(drops=["DROP_TUNNEL_HAIRPIN"])


@covers("prefix_bindings.replicate", "prefix_bindings.packets")
class ReplicatesToNeighborAndTunnelTest(PacketTest):
    def runTest(self):
        row = rows.replicated(NODE, GROUP, PEER.tunnel_id)
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        self.insert(*rows.tunnel(PEER), row)
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)), (CORE, encapsulated(hop(DOWNLINK))))
        self.expect_counted(row, from_core(DOWNLINK))


class ReplicatesToTwoNeighborsTest(PacketTest):
    """One node about to change ports: the same MACs on both."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (OTHER_ACCESS, 0))
        self.insert(rows.replicated(NODE, GROUP))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)), (OTHER_ACCESS, to_node(DOWNLINK)))


class ReplicatesToTwoTunnelsTest(PacketTest):
    """An anchor whose node moves from one peer to another; both may be behind one core port."""

    def runTest(self):
        for second_port in (SECOND_CORE, CORE):
            group = GROUP + second_port
            self.insert_group(group, (CORE, PEER.tunnel_id), (second_port, SECOND_PEER.tunnel_id))
        self.insert(*rows.tunnel(PEER), *rows.tunnel(SECOND_PEER))
        self.insert(rows.replicated(NODE, GROUP + SECOND_CORE, PEER.tunnel_id))
        copies = [encapsulated(hop(DOWNLINK), peer) for peer in (PEER, SECOND_PEER)]
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, copies[0]), (SECOND_CORE, copies[1]))
        self.modify(rows.replicated(NODE, GROUP + CORE, PEER.tunnel_id))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, copies[0]), (CORE, copies[1]))


class ReplicatesBackToIngressPortTest(PacketTest):
    """A node of the same access port speaks to one that is about to leave: no split horizon."""

    def runTest(self):
        self.insert_group(GROUP, (OTHER_ACCESS, 0), (ACCESS, 0))
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.replicated(OTHER, GROUP))
        packet = udp(NODE.address, OTHER.address)
        self.send(ACCESS, from_node(packet))
        self.expect((ACCESS, to_node(packet, OTHER)), (OTHER_ACCESS, to_node(packet, OTHER)))


class ReplicatesNestedPacketsTest(PacketTest):
    """Both copies whole, though only one gets another header."""

    def runTest(self):
        nested = IPv6(src=CORRESPONDENT, dst=NODE.address) / udp("2001:db8:9::1", "2001:db8:9::2", size=333)
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        self.insert(*rows.tunnel(PEER), rows.replicated(NODE, GROUP, PEER.tunnel_id))
        self.send(EXTERNAL, from_core(nested))
        self.expect((ACCESS, to_node(nested)), (CORE, encapsulated(hop(nested))))


class ReplicatesNowhereWithoutGroupTest(PacketTest):
    """A group that does not exist, then one without members: no copy, and no other harm."""

    def runTest(self):
        self.insert(rows.replicated(NODE, GROUP))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect()
        self.insert_group(GROUP)
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect()


class ReplicatesFromTunnelTest(PacketTest):
    """The serving switch in a planned handover: what the anchor sends goes to the node and to its next switch."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (SECOND_CORE, SECOND_PEER.tunnel_id))
        self.insert(
            *rows.tunnel(PEER),
            *rows.tunnel(SECOND_PEER),
            rows.accepted(NODE, PEER),
            rows.replicated(NODE, GROUP, SECOND_PEER.tunnel_id),
        )
        self.send(CORE, from_peer(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)), (SECOND_CORE, encapsulated(hop(DOWNLINK), SECOND_PEER)))


class ReplicatesBackIntoTunnelTest(PacketTest):
    """A return to the anchor: the serving switch copies to where the packet came from, and there it ends."""

    def runTest(self):
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        self.insert(*rows.tunnel(PEER), rows.accepted(NODE, PEER), rows.replicated(NODE, GROUP, PEER.tunnel_id))
        self.send(CORE, from_peer(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)), (CORE, encapsulated(hop(DOWNLINK))))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A planned handover with tunnels of every kind: each copy gets the headers of its own path, or none."""

import rows
from base import PacketTest
from frames import (
    ACCESS,
    ANCHOR,
    CORE,
    GRE_PATH,
    NODE,
    NODE_IPV4,
    PEER,
    PEER_IPV4,
    SECOND_CORE,
    SECOND_PEER,
    encapsulated,
    frame,
    from_core,
    from_peer,
    hop,
    to_node,
)
from peers import (
    DOWNLINK,
    DOWNLINK_IPV4,
    EVERY_PEER,
    GRE_PEER,
    GRE_PEER_IPV4,
    NAT_PEER,
    TLV_GRE_PEER,
    UPLINK,
    UPLINK_IPV4,
)
from program import covers

GROUP = 51


class ReplicatedTest(PacketTest):
    def replicate(self, *peers, neighbor=True, bound=PEER):
        """To the peers at once, and to the node itself; bound is the tunnel that the binding names."""
        copies = [(peer.port, peer.tunnel_id) for peer in peers]
        self.insert_group(GROUP, *([(ACCESS, 0)] if neighbor else []), *copies)
        for peer in {bound, *peers}:
            self.insert(*rows.tunnel_way(peer))
        for node in (NODE, NODE_IPV4):
            self.insert(rows.replicated(node, GROUP, bound.tunnel_id))

    def expect_copies(self, packet, *peers, neighbor=True):
        self.send(CORE, from_core(packet))
        copies = [(peer.port, encapsulated(hop(packet), peer)) for peer in peers]
        self.expect(*([(ACCESS, to_node(packet))] if neighbor else []), *copies)


@covers("prefix_bindings.replicate", "ipv4_bindings.replicate", "tunnels.encapsulate", "tunnels.encapsulate_ipv4")
class ReplicatesToEveryEncapsulationTest(ReplicatedTest):
    """To the neighbour and into eight tunnels at once, packets of both families; the MACs are of each tunnel's row."""

    def runTest(self):
        peers = [
            peer._replace(mac=f"00:00:5e:00:53:{peer.tunnel_id:02x}", port=CORE if peer.is_ipv4 else SECOND_CORE)
            for peer in EVERY_PEER
        ]
        self.replicate(*peers, bound=peers[0])
        for packet in (DOWNLINK, DOWNLINK_IPV4):
            self.expect_copies(packet, *peers)


class ReplicatesWithTheKeysOfTheTunnelsTest(ReplicatedTest):
    """Each copy has the key of its tunnel, or none: replicas have no other (RFC 5845 s5.2)."""

    def runTest(self):
        keyed = [peer._replace(gre_key=peer.tunnel_id << 20) for peer in (GRE_PEER, GRE_PEER_IPV4, TLV_GRE_PEER)]
        keyless = GRE_PEER._replace(tunnel_id=50)
        peers = (*keyed, keyless, SECOND_PEER)
        self.replicate(*peers, bound=keyed[0])
        for packet in (DOWNLINK, DOWNLINK_IPV4):
            self.expect_copies(packet, *peers)


class ReplicatesOutOfATunnelTest(ReplicatedTest):
    """What came in one encapsulation goes on in others, and back in its own."""

    def runTest(self):
        peers = (PEER, GRE_PEER_IPV4, NAT_PEER)
        self.replicate(*peers)
        for arrived in (*peers, SECOND_PEER):
            self.insert(*rows.tunnel_ends(arrived), rows.accepted(NODE, arrived), rows.accepted(NODE_IPV4, arrived))
            for packet in (DOWNLINK, DOWNLINK_IPV4):
                self.send(CORE, from_peer(packet, arrived))
                copies = [(peer.port, encapsulated(hop(packet), peer)) for peer in peers]
                self.expect((ACCESS, to_node(packet)), *copies)


class ReplicasLeaveByTheirOwnMacsTest(ReplicatedTest):
    """To the node as from its anchor (RFC 8885 s3.7), into the tunnels as from this switch."""

    def runTest(self):
        self.replicate(PEER, NAT_PEER)
        for node, packet in ((NODE, DOWNLINK), (NODE_IPV4, DOWNLINK_IPV4)):
            self.modify(rows.replicated(node, GROUP, PEER.tunnel_id, router=ANCHOR))
            self.send(CORE, from_core(packet))
            copies = [(CORE, encapsulated(hop(packet), peer)) for peer in (PEER, NAT_PEER)]
            self.expect((ACCESS, frame(ANCHOR, node.mac, hop(packet))), *copies)


@covers("DROP_TUNNEL_UNKNOWN")
class DropsOnlyTheCopyWithoutHeaderTest(ReplicatedTest):
    """Of IPv4 packets too, and of GRE and UDP tunnels the others go."""

    def runTest(self):
        self.replicate(GRE_PEER, NAT_PEER)
        self.insert_group(GROUP + 1, (ACCESS, 0), (CORE, GRE_PEER.tunnel_id), (CORE, 99), (CORE, NAT_PEER.tunnel_id))
        for node, packet in ((NODE, DOWNLINK), (NODE_IPV4, DOWNLINK_IPV4)):
            self.modify(rows.replicated(node, GROUP + 1, PEER.tunnel_id))
            self.send(CORE, from_core(packet))
            copies = [(CORE, encapsulated(hop(packet), peer)) for peer in (GRE_PEER, NAT_PEER)]
            self.expect((ACCESS, to_node(packet)), *copies, egress_drops=["DROP_TUNNEL_UNKNOWN"])


class TwoNodesBehindOnePeerTest(PacketTest):
    """Both nodes are behind the same tunnel: at their anchor the packet turns round (RFC 5213 s6.10.3)."""

    def setUp(self):
        super().setUp()
        self.correspondents = {
            NODE: (NODE._replace(address="2001:db8:1:c::1"), UPLINK),
            NODE_IPV4: (NODE._replace(address="203.0.113.12"), UPLINK_IPV4),
        }

    def bind(self, peer, gre_key=None):
        self.insert(*rows.tunnel(peer))
        for node, (other, _) in self.correspondents.items():
            self.insert(rows.permitted(node, peer), rows.tunnelled(other, peer, gre_key))

    def packets(self):
        for other, packet in self.correspondents.values():
            between = packet.copy()
            between.dst = other.address
            yield between


class TurnsRoundBetweenNodesOfOnePeerTest(TwoNodesBehindOnePeerTest):
    def runTest(self):
        for peer in (PEER, PEER_IPV4, GRE_PEER, NAT_PEER):
            with self.inserted():
                self.bind(peer)
                for packet in self.packets():
                    self.send(CORE, from_peer(packet, peer))
                    self.expect((CORE, encapsulated(hop(packet), peer)))


class TurnsRoundWithTheOthersKeyTest(TwoNodesBehindOnePeerTest):
    """In by the uplink key of one, out by the downlink key of the other."""

    def runTest(self):
        session = GRE_PATH | 9
        self.bind(GRE_PEER, gre_key=8)
        self.insert(rows.gre_session(GRE_PEER, 7, session))
        self.insert(rows.permitted(NODE, session), rows.permitted(NODE_IPV4, session))
        for packet in self.packets():
            self.send(CORE, from_peer(packet, GRE_PEER, gre_key=7))
            self.expect((CORE, encapsulated(hop(packet), GRE_PEER, gre_key=8)))


@covers("DROP_TUNNEL_HAIRPIN")
class DropsOtherHairpinsTest(TwoNodesBehindOnePeerTest):
    """A source that is not bound there, and one whose relay would send it back: two switches that send in a circle."""

    def runTest(self):
        for peer in (PEER, PEER_IPV4, GRE_PEER, NAT_PEER):
            with self.inserted():
                self.insert(*rows.tunnel(peer))
                for node, packet in ((NODE, DOWNLINK), (NODE_IPV4, DOWNLINK_IPV4)):
                    self.insert(rows.accepted(node, peer), rows.tunnelled(node, peer))
                    self.send(CORE, from_peer(packet, peer))
                    self.expect(drops=["DROP_TUNNEL_HAIRPIN"])
                    self.insert(rows.relayed(node, peer, peer))
                for packet in (UPLINK, UPLINK_IPV4):
                    self.send(CORE, from_peer(packet, peer))
                    self.expect(drops=["DROP_TUNNEL_HAIRPIN"])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""GRE with keys and without, over both families and in UDP (RFC 2784, RFC 2890, RFC 5845)."""

from scapy.layers.l2 import GRE
from scapy.packet import Raw

import frames
import rows
from base import PacketTest
from frames import (
    ACCESS,
    CORE,
    EXTERNAL,
    GRE_PATH,
    NODE,
    NODE_IPV4,
    OTHER,
    PEER,
    PROTO_GRE,
    PROTO_IPV6,
    SECOND_CORE,
    SECOND_PEER,
    SECOND_PEER_IPV4,
    encapsulated,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
)
from peers import (
    DOWNLINK,
    DOWNLINK_IPV4,
    GRE_PEER,
    GRE_PEER_IPV4,
    GRE_PEERS,
    TLV_GRE_PEER,
    UPLINK,
    UPLINK_IPV4,
    outer,
)
from program import covers

KEY, OTHER_KEY = 0xDEADBEEF, 0xDEADBEEE
SESSION, OTHER_SESSION = GRE_PATH | 5, GRE_PATH | 6


@covers("prefix_bindings.to_tunnel_gre", "ipv4_bindings.to_tunnel_gre")
class SetsTheKeyOfTheBindingTest(PacketTest):
    """Downlink: the key by which the far end knows the node (RFC 5845 s5.2). 0 is a key like any other."""

    def runTest(self):
        bindings = {NODE: DOWNLINK, NODE_IPV4: DOWNLINK_IPV4}
        self.insert(*(rows.tunnelled(node, PEER) for node in bindings))
        for peer in GRE_PEERS:
            self.insert(*rows.tunnel_way(peer))
            for node, packet in bindings.items():
                for key in (KEY, 0, 0xFFFFFFFF):
                    self.modify(rows.tunnelled(node, peer, gre_key=key))
                    self.send(EXTERNAL if node is NODE else CORE, from_core(packet))
                    self.expect((CORE, encapsulated(hop(packet), peer, gre_key=key)))


@covers("prefix_sources.relay_to_tunnel_gre", "ipv4_sources.relay_to_tunnel_gre")
class RelaysWithTheKeyOfTheSourceTest(PacketTest):
    """Uplink: the key by which the anchor knows the node."""

    def runTest(self):
        self.insert(rows.attached(NODE), *rows.tunnel_way(GRE_PEER), *rows.tunnel_way(GRE_PEER_IPV4))
        self.insert(rows.relayed(NODE, GRE_PEER, gre_key=KEY))
        self.insert(rows.relayed(NODE_IPV4, GRE_PEER_IPV4, gre_key=OTHER_KEY))
        self.send(ACCESS, from_node(UPLINK))
        self.expect((CORE, encapsulated(hop(UPLINK), GRE_PEER, gre_key=KEY)))
        self.send(ACCESS, from_node(UPLINK_IPV4))
        self.expect((CORE, encapsulated(hop(UPLINK_IPV4), GRE_PEER_IPV4, gre_key=OTHER_KEY)))
        self.modify(rows.relayed(NODE, GRE_PEER))
        self.send(ACCESS, from_node(UPLINK))
        self.expect((CORE, encapsulated(hop(UPLINK), GRE_PEER)))


class PrefersTheTunnelsOwnKeyTest(PacketTest):
    """A tunnel of one node alone: whatever a binding says, and also where none says anything."""

    def runTest(self):
        self.insert(rows.tunnelled(NODE, PEER))
        for peer in GRE_PEERS:
            own = peer._replace(gre_key=7)
            self.insert(*rows.tunnel_way(own))
            for row in (rows.tunnelled(NODE, own), rows.tunnelled(NODE, own, gre_key=KEY)):
                self.modify(row)
                self.send(EXTERNAL, from_core(DOWNLINK))
                self.expect((CORE, encapsulated(hop(DOWNLINK), own, gre_key=KEY)))


class SendsKeysInGreOnlyTest(PacketTest):
    """A binding's key is not for a tunnel without GRE, nor is the next packet's tunnel keyed by it."""

    def runTest(self):
        self.insert(*rows.tunnel_way(PEER), *rows.tunnel_way(GRE_PEER), rows.tunnelled(NODE, PEER, gre_key=KEY))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, encapsulated(hop(DOWNLINK))))
        self.modify(rows.tunnelled(NODE, GRE_PEER))
        self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((CORE, encapsulated(hop(DOWNLINK), GRE_PEER)))


class SessionTest(PacketTest):
    """In every GRE tunnel one node with a key of its own, whose packets go out here."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.to_correspondent(), rows.to_switch(), rows.to_switch(frames.LOCAL_IPV4))
        self.insert(rows.permitted(NODE, SESSION), rows.permitted(NODE_IPV4, SESSION))
        for peer in GRE_PEERS:
            self.insert(*rows.tunnel_ends(peer), rows.gre_session(peer, KEY, SESSION))


@covers("gre_keys.set_session")
class FindsTheNodeByItsKeyTest(SessionTest):
    """RFC 5845 s5.2, in every tunnel and for both families of the node."""

    def runTest(self):
        for peer in GRE_PEERS:
            for packet in (UPLINK, UPLINK_IPV4):
                self.send(CORE, from_peer(packet, peer, gre_key=KEY))
                self.expect((EXTERNAL, to_next_hop(packet)))


@covers("path_bindings.accept_from_tunnel", "ipv4_path_bindings.deliver_from_tunnel")
class DeliversByTheKeyTest(SessionTest):
    """At the switch that serves the node: the key speaks for the destination."""

    def runTest(self):
        self.insert(rows.accepted(NODE, SESSION), rows.delivered(NODE), rows.delivered_from(NODE_IPV4, SESSION))
        for peer in GRE_PEERS:
            for packet in (DOWNLINK, DOWNLINK_IPV4):
                self.send(CORE, from_peer(packet, peer, gre_key=KEY))
                self.expect((ACCESS, to_node(packet)))


class KeepsOverlappingAddressesApartTest(SessionTest):
    """Two nodes of one IPv4 home address, behind one peer: each by its key to its own anchor."""

    def runTest(self):
        self.insert(*rows.tunnel_way(SECOND_PEER), *rows.tunnel_way(SECOND_PEER_IPV4))
        self.insert(
            rows.gre_session(GRE_PEER, 1, OTHER_SESSION),
            rows.gre_session(GRE_PEER, 2, OTHER_SESSION + 1),
            rows.relayed(NODE_IPV4, SECOND_PEER, OTHER_SESSION),
            rows.relayed(NODE_IPV4, SECOND_PEER_IPV4, OTHER_SESSION + 1),
        )
        for key, peer in ((1, SECOND_PEER), (2, SECOND_PEER_IPV4)):
            self.send(CORE, from_peer(UPLINK_IPV4, GRE_PEER, gre_key=key))
            self.expect((SECOND_CORE, encapsulated(hop(UPLINK_IPV4), peer)))


@covers("DROP_GRE_KEY_UNKNOWN", "gre_keys.drop_gre_key_unknown")
class DropsUnknownKeysTest(SessionTest):
    """One bit off, 0, all ones; and a key that is known in another tunnel."""

    def runTest(self):
        self.insert(rows.gre_session(GRE_PEER, OTHER_KEY, OTHER_SESSION), rows.permitted(NODE, OTHER_SESSION))
        for peer in GRE_PEERS:
            for key in (KEY ^ 1 << 31, 0, 0xFFFFFFFF):
                self.send(CORE, from_peer(UPLINK, peer, gre_key=key))
                self.expect(drops=["DROP_GRE_KEY_UNKNOWN"])
        for peer in (GRE_PEER_IPV4, TLV_GRE_PEER):
            self.send(CORE, from_peer(UPLINK, peer, gre_key=OTHER_KEY))
            self.expect(drops=["DROP_GRE_KEY_UNKNOWN"])


@covers("DROP_TUNNEL_SOURCE_UNBOUND")
class BindsTheSourceToTheKeyTest(SessionTest):
    """Another node's key, no key at all, and the right key with another's source."""

    def runTest(self):
        for peer in GRE_PEERS:
            self.insert(rows.gre_session(peer, OTHER_KEY, OTHER_SESSION))
            for packet, key in ((UPLINK, OTHER_KEY), (UPLINK, None), (udp(OTHER.address, frames.CORRESPONDENT), KEY)):
                self.send(CORE, from_peer(packet, peer, gre_key=key))
                self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])


class WithoutKeyThePathIsTheTunnelTest(SessionTest):
    """RFC 5845 s5.1: GRE without keys, the tunnel shared as one of IP in IP is."""

    def runTest(self):
        for peer in GRE_PEERS:
            self.insert(rows.permitted(NODE, peer), rows.permitted(NODE_IPV4, peer))
            for packet in (UPLINK, UPLINK_IPV4):
                self.send(CORE, from_peer(packet, peer))
                self.expect((EXTERNAL, to_next_hop(packet)))


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsNoOtherGreTest(SessionTest):
    """Checksum, routing, sequence numbers, version 1, and what is not IP: nobody has agreed to those."""

    def runTest(self):
        for fields in ({"chksum_present": 1}, {"routing_present": 1}, {"seqnum_present": 1}, {"version": 1}):
            for peer in (GRE_PEER, GRE_PEER_IPV4):
                self.send(CORE, outer(peer, PROTO_GRE, GRE(proto=0x86DD, **fields) / UPLINK))
                self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])
        for ethertype in (0x6558, 0x8847, 0x0806):
            for peer in (GRE_PEER, GRE_PEER_IPV4):
                self.send(CORE, outer(peer, PROTO_GRE, GRE(proto=ethertype) / UPLINK))
                self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsNoGreThatIsCutShortTest(SessionTest):
    """A GRE header, its key or the inner header incomplete, at lengths that agree with one another."""

    def runTest(self):
        whole = bytes(GRE(proto=0x86DD, key_present=1, key=KEY) / UPLINK)
        for peer in (GRE_PEER, GRE_PEER_IPV4):
            for length in (0, 3, 4, 7, 8, 47):
                self.send(CORE, outer(peer, PROTO_GRE, Raw(whole[:length])))
                self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_MALFORMED", "DROP_TUNNEL_LENGTH")
class DropsInnerPacketsThatContradictGreTest(SessionTest):
    """Another IP version than the protocol says, and more octets than the outer header has room for."""

    def runTest(self):
        for peer in (GRE_PEER, GRE_PEER_IPV4):
            for ethertype, packet in ((0x0800, UPLINK), (0x86DD, UPLINK_IPV4)):
                self.send(CORE, outer(peer, PROTO_GRE, GRE(proto=ethertype, key_present=1, key=KEY) / packet))
                self.expect(drops=["DROP_MALFORMED"])
        for packet in (UPLINK, UPLINK_IPV4):
            for peer in (GRE_PEER, GRE_PEER_IPV4):
                frame = from_peer(packet, peer, gre_key=KEY)
                short = {"len": len(bytes(frame)) - 15} if peer.is_ipv4 else {"plen": len(bytes(frame)) - 55}
                self.send(CORE, from_peer(packet, peer, gre_key=KEY, **short))
                self.expect(drops=["DROP_TUNNEL_LENGTH"])


class CarriesOthersGreUnreadTest(SessionTest):
    """For somebody else's address, whatever its header says: keys unknown here, flags unknown to anyone."""

    def runTest(self):
        for fields in ({"key_present": 1, "key": 1}, {"seqnum_present": 1}, {"version": 1}, {}):
            payload = GRE(proto=0x86DD, **fields) / UPLINK
            for peer, there in ((GRE_PEER, frames.CORRESPONDENT), (GRE_PEER_IPV4, frames.CORRESPONDENT_IPV4)):
                packet = outer(peer, PROTO_GRE, payload, dst=there).payload
                self.send(CORE, from_core(packet))
                self.expect((EXTERNAL, to_next_hop(packet)))


class EndsIpInIpBesideGreTest(SessionTest):
    """Rows are of one encapsulation: a GRE peer's IPv6-in-IPv6 is not taken, until it has a row."""

    def runTest(self):
        self.insert(rows.permitted(NODE, PEER))
        self.send(CORE, from_peer(UPLINK))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])
        self.insert(rows.tunnel_end(PEER, PROTO_IPV6))
        self.send(CORE, from_peer(UPLINK))
        self.expect((EXTERNAL, to_next_hop(UPLINK)))

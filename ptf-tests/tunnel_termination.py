# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Where a tunnel ends, and what becomes of its outer header."""

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

import frames
import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    LOCAL,
    LOCAL_IPV4,
    NODE,
    NODE_IPV4,
    OTHER,
    PEER,
    PEER_IPV4,
    PROTO_IPV4,
    PROTO_IPV6,
    SECOND_PEER,
    from_core,
    from_node,
    from_peer,
    to_next_hop,
    to_node,
    udp,
)
from peers import DOWNLINK, DOWNLINK_IPV4, EVERY_PEER, UPLINK, UPLINK_IPV4, outer
from program import covers


class TunnelTest(PacketTest):
    """A tunnel to a peer, a node here that is expected by it, and one behind it whose packets go out here."""

    def setUp(self):
        super().setUp()
        self.insert(
            *rows.tunnel(PEER),
            rows.to_switch(),
            rows.attached(NODE),
            rows.accepted(NODE, PEER),
            rows.accepted(NODE_IPV4, PEER),
            rows.delivered(NODE),
            rows.delivered(NODE_IPV4),
            rows.permitted(OTHER, PEER),
            *rows.to_correspondent(),
        )


@covers(
    "tunnel_peers.decapsulate",
    "ipv4_tunnel_peers.decapsulate_ipv4",
    "tunnel_peers.tunnel_peer_packets",
    "ipv4_tunnel_peers.ipv4_tunnel_peer_packets",
)
class DecapsulatesEveryEncapsulationTest(PacketTest):
    """Both families inside; the inner hop limit counts, and is taken down once. Each row counts its own."""

    def runTest(self):
        self.insert(rows.delivered(NODE), rows.delivered(NODE_IPV4))
        for peer in EVERY_PEER:
            self.insert(*rows.tunnel_ends(peer), rows.accepted(NODE, peer), rows.accepted(NODE_IPV4, peer))
        for peer in EVERY_PEER:
            sent = [from_peer(packet, peer) for packet in (DOWNLINK, DOWNLINK_IPV4)]
            for frame in sent:
                self.send(CORE, frame)
            self.expect((ACCESS, to_node(DOWNLINK)), (ACCESS, to_node(DOWNLINK_IPV4)))
            if peer.encapsulation == "ENCAPSULATION_IP":
                self.expect_counted(rows.tunnel_end(peer, PROTO_IPV6), sent[0])
                self.expect_counted(rows.tunnel_end(peer, PROTO_IPV4), sent[1])
            else:
                self.expect_counted(rows.tunnel_end(peer), *sent)


@covers("DROP_TUNNEL_SOURCE_UNBOUND")
class TellsTunnelsOfOnePeerApartTest(PacketTest):
    """Same addresses, another encapsulation: another path, for which another node speaks."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        sources = {}
        for number, peer in enumerate(EVERY_PEER, start=1):
            node = NODE._replace(address=f"2001:db8:1:{number:x}::1")
            self.insert(*rows.tunnel_ends(peer), rows.permitted(node, peer))
            sources[peer] = udp(node.address, CORRESPONDENT)
        for peer in EVERY_PEER:
            for owner, packet in sources.items():
                self.send(CORE, from_peer(packet, peer))
                if owner == peer:
                    self.expect((EXTERNAL, to_next_hop(packet)))
                else:
                    self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])


@covers("DROP_TUNNEL_PEER_UNKNOWN", "tunnel_peers.pass", "ipv4_tunnel_peers.pass_ipv4", "ipv4_routes.local")
class EndsNoTunnelOfAnotherAddressTest(PacketTest):
    """Another remote or local address, one bit off, in every encapsulation; the local one is the switch's too."""

    def runTest(self):
        local, local_ipv4 = "2001:db8:ffff::8001", "192.0.2.129"
        for address in (LOCAL, LOCAL_IPV4, local, local_ipv4):
            self.insert(rows.to_switch(address))
        for peer in EVERY_PEER:
            self.insert(*rows.tunnel_ends(peer), rows.permitted(NODE, peer), rows.permitted(NODE_IPV4, peer))
            remote = "192.0.2.130" if peer.is_ipv4 else "2001:db8:ffff::8002"
            for packet in (UPLINK, UPLINK_IPV4):
                for fields in ({"src": remote}, {"dst": local_ipv4 if peer.is_ipv4 else local}):
                    self.send(CORE, from_peer(packet, peer, **fields))
                    self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("PUNT_LOCAL")
class PuntsOuterFragmentsTest(TunnelTest):
    """Behind a fragment header nothing is read here: it is for the controller, as it came."""

    def runTest(self):
        for header in (IPv6ExtHdrFragment(m=1, id=7, nh=41), IPv6ExtHdrFragment(offset=9, id=7, nh=41)):
            packet = outer(PEER, 44, header / DOWNLINK)
            self.send(CORE, packet)
            self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, packet)])


@covers("DROP_TUNNEL_LENGTH")
class DropsInnerPacketsLongerThanOuterTest(TunnelTest):
    """By an octet, and by the whole inner header."""

    def runTest(self):
        for packet in (DOWNLINK, DOWNLINK_IPV4):
            for missing in (1, 60):
                self.send(CORE, from_peer(packet, plen=len(bytes(packet)) - missing))
                self.expect(drops=["DROP_TUNNEL_LENGTH"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsNoTunnelCutShortTest(TunnelTest):
    """An inner header that is not all there, at an outer length that says so."""

    def runTest(self):
        for protocol, packet in ((PROTO_IPV6, DOWNLINK), (PROTO_IPV4, DOWNLINK_IPV4)):
            for length in (0, 1, 19):
                self.send(CORE, outer(PEER, protocol, Raw(bytes(packet)[:length])))
                self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


class TrustsTheOuterHopLimitOfNobodyTest(TunnelTest):
    """RFC 2473 s3.3: the tunnel packet has arrived, whatever its hop limit; the inner one's counts."""

    def runTest(self):
        for hop_limit in (0, 1, 255):
            self.send(CORE, from_peer(DOWNLINK, hlim=hop_limit))
            self.expect((ACCESS, to_node(DOWNLINK)))


class DecapsulatesUplinkTest(TunnelTest):
    """At the anchor of a node that is elsewhere: from its source's tunnel, out by a route."""

    def runTest(self):
        packet = udp(OTHER.address, CORRESPONDENT)
        self.send(CORE, from_peer(packet))
        self.expect((EXTERNAL, to_next_hop(packet)))


class DecapsulatesOnAnyCorePortTest(TunnelTest):
    """The core may route a tunnel in by another link."""

    def runTest(self):
        self.send(frames.SECOND_CORE, from_peer(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)))


class DecapsulatesOnceTest(TunnelTest):
    """A node's own tunnel inside is its payload, also when its addresses are those of the switches."""

    def runTest(self):
        for nested in (
            IPv6(src=CORRESPONDENT, dst=NODE.address, hlim=9) / udp("2001:db8:9::1", "2001:db8:9::2"),
            IPv6(src=PEER.address, dst=NODE.address, hlim=9) / IPv6(src=PEER.address, dst=LOCAL) / DOWNLINK,
            IPv6(src=CORRESPONDENT, dst=NODE.address) / IP(src="192.0.2.1", dst="192.0.2.2") / UDP() / Raw(b"x"),
        ):
            self.send(CORE, from_peer(nested))
            self.expect((ACCESS, to_node(nested)))


class DecapsulatesShortPayloadsTest(TunnelTest):
    """An inner packet of a header alone, and one with padding behind it."""

    def runTest(self):
        bare = IPv6(src=CORRESPONDENT, dst=NODE.address, nh=59)
        self.send(CORE, from_peer(bare))
        self.expect((ACCESS, to_node(bare)))
        self.send(CORE, bytes(from_peer(bare)) + b"padding")
        self.expect((ACCESS, bytes(to_node(bare)) + b"padding"))


@covers("DROP_MALFORMED")
class DropsOtherInnerVersionTest(TunnelTest):
    def runTest(self):
        packet = DOWNLINK.copy()
        packet.version = 4
        self.send(CORE, from_peer(packet))
        self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_TUNNEL_PEER_UNKNOWN", "routes.local")
class DropsTunnelOfUnknownPeerTest(TunnelTest):
    def runTest(self):
        self.send(CORE, from_peer(DOWNLINK, SECOND_PEER))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_SOURCE_UNBOUND", "PUNT_SOURCE_UNBOUND", "DROP_TUNNEL_PEER_UNKNOWN")
class RefusesTunnelFromExternalPortTest(TunnelTest):
    """With a peer's address as source, to this switch and through it; and with the host's own."""

    def runTest(self):
        self.insert(rows.next_hop(2, CORE), rows.route(f"{SECOND_PEER.address}/128", "to_next_hop", next_hop_id=2))
        for dst in (LOCAL, SECOND_PEER.address):
            forged = from_core(IPv6(src=PEER.address, dst=dst) / DOWNLINK)
            self.send(EXTERNAL, forged)
            self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", EXTERNAL, forged)], drops=["DROP_SOURCE_UNBOUND"])
        self.send(EXTERNAL, from_core(IPv6(src=CORRESPONDENT, dst=LOCAL) / DOWNLINK))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_TUNNEL_PEER_UNKNOWN")
class EndsNoTunnelOnExternalPortTest(TunnelTest):
    """A row is for one path: that of core ports is for no other, also if the subnet were to hold the peer's address."""

    def runTest(self):
        self.insert(rows.external_source("2001:db8:ffff::/48"))
        self.send(EXTERNAL, from_peer(DOWNLINK))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


@covers("DROP_SOURCE_UNBOUND", "PUNT_SOURCE_UNBOUND")
class RefusesTunnelFromAccessPortTest(TunnelTest):
    """Of a node that is attached: with the peer's address as source, and with its own."""

    def runTest(self):
        forged = from_node(IPv6(src=PEER.address, dst=LOCAL) / DOWNLINK)
        self.send(ACCESS, forged)
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, forged)], drops=["DROP_SOURCE_UNBOUND"])
        self.insert(rows.permitted(NODE))
        self.send(ACCESS, from_node(IPv6(src=NODE.address, dst=LOCAL) / DOWNLINK))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


class PassesTunnelsOfOthersTest(TunnelTest):
    """Between other switches, and of nodes: carried unread, the outer hop limit taken down."""

    def runTest(self):
        for src in (PEER.address, "2001:db8:ffff::77"):
            packet = IPv6(src=src, dst=CORRESPONDENT, hlim=20, tc=3) / udp(CORRESPONDENT, NODE.address, hlim=1)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))


class PassesNestedTunnelsTest(TunnelTest):
    """A tunnel in a tunnel for others, the inner one even between this switch and its peer: unread."""

    def runTest(self):
        for deep in (UPLINK, UPLINK_IPV4):
            for own in (from_peer(deep).payload, from_peer(deep, PEER_IPV4).payload):
                packet = IPv6(src=PEER.address, dst=CORRESPONDENT, hlim=20) / own
                self.send(CORE, from_core(packet))
                self.expect((EXTERNAL, to_next_hop(packet)))


class PassesNestedPacketsOfNodesTest(TunnelTest):
    def runTest(self):
        self.insert(rows.permitted(NODE))
        packet = IPv6(src=NODE.address, dst=CORRESPONDENT) / udp("2001:db8:9::1", "ff02::1", hlim=0)
        self.send(ACCESS, from_node(packet))
        self.expect((EXTERNAL, to_next_hop(packet)))


@covers("DROP_MARTIAN")
class DropsLinkScopeInTunnelTest(TunnelTest):
    """A neighbour solicitation out of a tunnel is not of this link, and not answered."""

    def runTest(self):
        self.insert(rows.router_address(CORE, frames.ROUTER_LINK_LOCAL))
        for src, dst in ((NODE.link_local, frames.ROUTER_LINK_LOCAL), (NODE.address, "ff02::1:ff00:1")):
            packet = IPv6(src=src, dst=dst, hlim=255) / ICMPv6ND_NS(tgt=frames.ROUTER_LINK_LOCAL)
            self.send(CORE, from_peer(packet))
            self.expect(drops=["DROP_MARTIAN"])

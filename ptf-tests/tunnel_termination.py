# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Where a tunnel ends, and what becomes of its outer header."""

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
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
    NODE,
    OTHER,
    PEER,
    SECOND_PEER,
    from_core,
    from_node,
    from_peer,
    to_next_hop,
    to_node,
    udp,
)
from program import covers

NOT_ECT, ECT_1, ECT_0, CE = range(4)
DOWNLINK = udp(CORRESPONDENT, NODE.address)
UPLINK = udp(NODE.address, CORRESPONDENT)

# RFC 6040 s4.2, figure 4: what the inner header says -> what the outer one said -> what goes on
ECN_OUT = {
    NOT_ECT: {NOT_ECT: NOT_ECT, ECT_0: NOT_ECT, ECT_1: NOT_ECT, CE: None},
    ECT_0: {NOT_ECT: ECT_0, ECT_0: ECT_0, ECT_1: ECT_1, CE: CE},
    ECT_1: {NOT_ECT: ECT_1, ECT_0: ECT_1, ECT_1: ECT_1, CE: CE},
    CE: {NOT_ECT: CE, ECT_0: CE, ECT_1: CE, CE: CE},
}


class TunnelTest(PacketTest):
    """A tunnel to a peer, a node here that is expected by it, and one behind it whose packets go out here."""

    def setUp(self):
        super().setUp()
        self.insert(
            *rows.tunnel(PEER),
            rows.to_switch(),
            rows.attached(NODE),
            rows.accepted(NODE, PEER),
            rows.delivered(NODE),
            rows.permitted(OTHER, PEER),
            *rows.to_correspondent(),
        )


@covers("tunnel_peers.decapsulate")
class DecapsulatesFromPeerTest(TunnelTest):
    """The hop limit of the inner packet counts, and is taken down once."""

    def runTest(self):
        self.send(CORE, from_peer(DOWNLINK))
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


class DecapsulatesAllEcnCodepointsTest(TunnelTest):
    """RFC 6040 s4.2, all but the combination that is dropped; the inner DSCP stays (RFC 2983, uniform it is not)."""

    def runTest(self):
        for inner, row in ECN_OUT.items():
            for outer, out in row.items():
                if out is not None:
                    packet = udp(CORRESPONDENT, NODE.address, tc=0x28 << 2 | inner, fl=0x12345)
                    self.send(CORE, from_peer(packet, tc=0x2E << 2 | outer, fl=0x54321))
                    packet.tc = 0x28 << 2 | out
                    self.expect((ACCESS, to_node(packet)))


@covers("DROP_TUNNEL_ECN")
class DropsCongestionThatCannotBeToldTest(TunnelTest):
    """CE outside, Not-ECT inside: the congestion has to be felt as a loss."""

    def runTest(self):
        self.send(CORE, from_peer(udp(CORRESPONDENT, NODE.address, tc=0x28 << 2), tc=CE))
        self.expect(drops=["DROP_TUNNEL_ECN"])


@covers("DROP_MALFORMED")
class DropsOtherInnerVersionTest(TunnelTest):
    def runTest(self):
        packet = DOWNLINK.copy()
        packet.version = 4
        self.send(CORE, from_peer(packet))
        self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_TUNNEL_PEER_UNKNOWN", "tunnel_peers.pass", "routes.local")
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
    """Only a core port is a place where a tunnel may end, also if its subnet were to hold the peer's address."""

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
            packet = IPv6(src=src, dst=CORRESPONDENT, hlim=20, tc=CE) / udp(CORRESPONDENT, NODE.address, hlim=1)
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

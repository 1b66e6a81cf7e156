# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Tunnels of mobile nodes themselves: from their care-of address on an access port, or on an external one (RFC 6275,
RFC 5555, RFC 3963)."""

import frames
import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    EXTERNAL_PATH,
    LOCAL,
    LOCAL_IPV4,
    NEXT_HOP,
    NODE,
    NODE_IPV4,
    OTHER,
    OTHER_ACCESS,
    OTHER_IPV4,
    PEER,
    SECOND_CORE,
    SECOND_PEER,
    STRANGER,
    UDP_DSMIPV6,
    Peer,
    encapsulated,
    frame,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    udp,
    udp4,
)
from program import ROLES, covers

HOME = NODE._replace(address="2001:db8:2:a::1")
HOME_IPV4 = NODE._replace(address="203.0.113.110")
CARE_OF = Peer(NODE.address, 71, ACCESS, NODE.mac)
CARE_OF_IPV4 = Peer(NODE_IPV4.address, 72, ACCESS, NODE.mac, local=LOCAL_IPV4)
CARE_OF_UDP = CARE_OF_IPV4._replace(
    tunnel_id=73, encapsulation="ENCAPSULATION_UDP", local_port=UDP_DSMIPV6, remote_port=40001
)
CARE_OFS = (CARE_OF, CARE_OF_IPV4, CARE_OF_UDP)
VISITOR = CARE_OF._replace(tunnel_id=81, address="2001:db8:c::77", port=EXTERNAL, mac=NEXT_HOP)
VISITOR_IPV4 = CARE_OF_UDP._replace(tunnel_id=83, address="198.51.100.77", port=EXTERNAL, mac=NEXT_HOP)
VISITORS = (VISITOR, VISITOR_IPV4)
FROM_HOME = udp(HOME.address, CORRESPONDENT), udp4(HOME_IPV4.address, frames.CORRESPONDENT_IPV4)
TO_HOME = udp("2001:db8:77::1", HOME.address), udp4("10.0.0.1", HOME_IPV4.address)


def reframed(packet, peer, mac=None):
    """Out of the peer's tunnel, but from a node's or a host's MAC."""
    return frame(mac or peer.mac, frames.ROUTER, from_peer(packet, peer).payload)


class CareOfTest(PacketTest):
    """A node attached here whose home address is reached by a tunnel to its care-of address, one of this switch."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.to_correspondent(), rows.to_switch(), rows.to_switch(LOCAL_IPV4))
        self.insert(rows.external_source(frames.EXTERNAL_SUBNET_IPV4))
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.permitted(NODE_IPV4))
        self.insert(rows.attached(OTHER), rows.permitted(OTHER), rows.permitted(OTHER_IPV4))
        for peers, path in ((CARE_OFS, NODE.path_id), (VISITORS, EXTERNAL_PATH | EXTERNAL)):
            for peer in peers:
                self.insert(*rows.tunnel_ends(peer, path, NODE.node_id))
                self.insert(rows.permitted(HOME, peer), rows.permitted(HOME_IPV4, peer))


class EndsTunnelsOfNodesTest(CareOfTest):
    """Reverse tunnelling from an access port (RFC 6275 s11.3.1), of both families in both."""

    def runTest(self):
        for peer in CARE_OFS:
            for packet in FROM_HOME:
                self.send(ACCESS, reframed(packet, peer))
                self.expect((EXTERNAL, to_next_hop(packet)))


class EndsTunnelsOfVisitedNetworksTest(CareOfTest):
    """From an external port: the care-of address is one of its subnet."""

    def runTest(self):
        self.insert(rows.tunnel_next_hop(PEER), rows.tunnel_path(PEER), rows.tunnel_header(PEER))
        self.insert(rows.tunnelled(OTHER, PEER), rows.tunnelled(OTHER_IPV4, PEER))
        for peer in VISITORS:
            for packet in (udp(HOME.address, OTHER.address), udp4(HOME_IPV4.address, OTHER_IPV4.address)):
                self.send(EXTERNAL, reframed(packet, peer))
                self.expect((CORE, encapsulated(hop(packet))))


@covers("PUNT_SOURCE_UNBOUND", "DROP_SOURCE_UNBOUND")
class RefusesTunnelsOfAnotherNodeTest(CareOfTest):
    """The same packet from another node's attachment, by its own MAC: its source is not that node's."""

    def runTest(self):
        for peer in CARE_OFS:
            for packet in FROM_HOME:
                forged = reframed(packet, peer, OTHER.mac)
                self.send(OTHER_ACCESS, forged)
                self.expect(
                    punts=[PacketIn("PUNT_SOURCE_UNBOUND", OTHER_ACCESS, forged)], drops=["DROP_SOURCE_UNBOUND"]
                )


@covers("DROP_TUNNEL_PEER_UNKNOWN", "DROP_SOURCE_UNBOUND")
class RefusesTunnelsByAnotherPathTest(CareOfTest):
    """A node's by a core port; a node's by the external port, and a visitor's by a core or access port."""

    def runTest(self):
        for peer in (*CARE_OFS, *VISITORS):
            self.send(CORE, from_peer(FROM_HOME[0], peer))
            self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])
        for port, peers, mac in ((EXTERNAL, CARE_OFS, STRANGER), (ACCESS, VISITORS, NODE.mac)):
            for peer in peers:
                forged = reframed(FROM_HOME[0], peer, mac)
                self.send(port, forged)
                self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", port, forged)], drops=["DROP_SOURCE_UNBOUND"])


@covers("DROP_TUNNEL_SOURCE_UNBOUND")
class BindsTheHomeAddressToTheTunnelTest(CareOfTest):
    """Neither another's address in the node's own tunnel, nor its home address without a tunnel."""

    def runTest(self):
        for peer in CARE_OFS:
            for packet in (udp(OTHER.address, CORRESPONDENT), udp4(OTHER_IPV4.address, frames.CORRESPONDENT_IPV4)):
                self.send(ACCESS, reframed(packet, peer))
                self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])
        for packet in FROM_HOME:
            self.send(ACCESS, from_node(packet))
            self.expect(
                punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, from_node(packet))], drops=["DROP_SOURCE_UNBOUND"]
            )


class EndsOneExternalPortsTunnelsTest(CareOfTest):
    """Two external ports: a tunnel is known by one of them."""

    def runTest(self):
        second = frames.NO_ROLE
        self.insert(rows.role(second, ROLES["ROLE_EXTERNAL"]), rows.station(second))
        self.insert(rows.external_source(port=second))
        self.send(second, reframed(FROM_HOME[0], VISITOR))
        self.expect(drops=["DROP_TUNNEL_PEER_UNKNOWN"])


class TunnelsToCareOfAddressesTest(CareOfTest):
    """Downlink: out of the access port to the node's MAC, or of the external port to its next hop."""

    def runTest(self):
        self.insert(rows.tunnelled(HOME, PEER), rows.tunnelled(HOME_IPV4, PEER))
        for peer in (*CARE_OFS, *VISITORS):
            self.insert(*rows.tunnel_way(peer))
            self.modify(rows.tunnelled(HOME, peer))
            self.modify(rows.tunnelled(HOME_IPV4, peer))
            for packet in TO_HOME:
                self.send(CORE, from_core(packet))
                self.expect((peer.port, encapsulated(hop(packet), peer)))


class CarriesBetweenCareOfAddressesTest(CareOfTest):
    """One node's tunnel in, another's out: both at home here, both away."""

    def runTest(self):
        self.insert(*rows.tunnel_way(SECOND_PEER), rows.tunnelled(OTHER, SECOND_PEER))
        packet = udp(HOME.address, OTHER.address)
        for peer in CARE_OFS:
            self.send(ACCESS, reframed(packet, peer))
            self.expect((SECOND_CORE, encapsulated(hop(packet), SECOND_PEER)))


class CarriesNodesTunnelsToOthersTest(CareOfTest):
    """A tunnel that the node has with somebody else is its payload: its outer source is checked, nothing is read."""

    def runTest(self):
        for peer, there in ((CARE_OF, CORRESPONDENT), (CARE_OF_UDP, frames.CORRESPONDENT_IPV4)):
            packet = from_peer(udp("::1", "::2"), peer, dst=there).payload
            self.send(ACCESS, from_node(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))


@covers("PUNT_LOCAL")
class PuntsSignallingFromCareOfAddressesTest(CareOfTest):
    """A Binding Update with the home address inside the tunnel: the tunnel is told, which is the care-of address."""

    def runTest(self):
        packet = frames.IPv6(src=HOME.address, dst=LOCAL, nh=135) / frames.Raw(bytes(40))
        for port, peers in ((ACCESS, CARE_OFS), (EXTERNAL, VISITORS)):
            for peer in peers:
                self.send(port, reframed(packet, peer))
                told = PacketIn("PUNT_LOCAL", port, frame(peer.mac, frames.ROUTER, packet), argument=peer.tunnel_id)
                self.expect(punts=[told])

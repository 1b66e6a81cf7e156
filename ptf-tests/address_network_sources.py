# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Sources bound by home address, by mobile network prefix and by IPv4 home address, each to a path."""

import rows
import ways
from base import PacketIn, PacketTest
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
    SECOND_CORE,
    SECOND_PEER,
    encapsulated,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
    udp4,
)
from peers import GRE_PEER, UPLINK, UPLINK_IPV4
from program import covers
from rows import Row

KEY = 0x0A0B0C0D
HOME = "2001:db8:1:a::77"
NETWORK = "2001:db8:6:600::/56"
FROM_HOME = udp(HOME, CORRESPONDENT)
FROM_NETWORK = udp("2001:db8:6:6a1::1", CORRESPONDENT)


def home(path, way):
    return Row("address_sources", {"address": HOME, "path_id": path.path_id}, *way)


def network(path, way, prefix=NETWORK):
    return Row("network_sources", {"path_id": path.path_id, "network": prefix}, *way)


def home_ipv4(path, way):
    return Row("ipv4_sources", {"address": NODE_IPV4.address, "path_id": path.path_id}, *way)


def home_prefix(path, way):
    return Row("prefix_sources", {"prefix": NODE.prefix, "path_id": path.path_id}, *way)


SOURCES = ((home, FROM_HOME), (network, FROM_NETWORK), (home_ipv4, UPLINK_IPV4))


class BoundSourceTest(PacketTest):
    """The node is attached, there are two tunnels, and there is a route."""

    def setUp(self):
        super().setUp()
        self.insert(rows.attached(NODE), *rows.tunnel(PEER), *rows.tunnel(SECOND_PEER), *rows.to_correspondent())


@covers(
    *("address_sources.permit", "address_sources.packets", "network_sources.permit", "network_sources.packets"),
    *("ipv4_sources.permit", "ipv4_sources.packets"),
)
class PermitsBoundSourceTest(BoundSourceTest):
    """From the attachment of the node and out of a tunnel, by the row of the path, which counts."""

    def runTest(self):
        for source, packet in SOURCES:
            at_node, behind_tunnel = (source(path, ways.permit()) for path in (NODE, PEER))
            self.insert(at_node, behind_tunnel)
            self.send(ACCESS, from_node(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))
            self.send(CORE, from_peer(packet))
            self.expect((EXTERNAL, to_next_hop(packet)))
            self.expect_counted(at_node, from_node(packet))
            self.expect_counted(behind_tunnel, from_peer(packet))


@covers(
    *("PUNT_SOURCE_UNBOUND", "DROP_SOURCE_UNBOUND", "DROP_TUNNEL_SOURCE_UNBOUND"),
    *("address_sources.source_unbound", "network_sources.source_unbound", "ipv4_sources.source_unbound"),
)
class KeepsSourceToItsPathTest(BoundSourceTest):
    """Bound to one attachment it is not bound to another, nor to a tunnel; bound to a tunnel not to another."""

    def runTest(self):
        self.insert(rows.attached(OTHER))
        for source, packet in SOURCES:
            self.insert(source(NODE, ways.permit()), source(PEER, ways.permit()))
            elsewhere = from_node(packet, OTHER)
            self.send(OTHER_ACCESS, elsewhere)
            self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", OTHER_ACCESS, elsewhere)], drops=["DROP_SOURCE_UNBOUND"])
            self.send(SECOND_CORE, from_peer(packet, SECOND_PEER))
            self.expect(drops=["DROP_TUNNEL_SOURCE_UNBOUND"])


class BindsWholeSourcesTest(BoundSourceTest):
    """A neighbour of the address or of the network is not bound."""

    def runTest(self):
        self.insert(*(source(NODE, ways.permit()) for source, _ in SOURCES))
        neighbors = [udp(address, CORRESPONDENT) for address in ("2001:db8:1:a::76", "2001:db8:6:700::1")]
        neighbors += [udp4(address, CORRESPONDENT_IPV4) for address in ("203.0.113.11", "203.0.112.10")]
        for packet in neighbors:
            self.send(ACCESS, from_node(packet))
            self.expect(
                punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, from_node(packet))], drops=["DROP_SOURCE_UNBOUND"]
            )


@covers("address_sources.relay_to_tunnel", "network_sources.relay_to_tunnel", "ipv4_sources.relay_to_tunnel")
class RelaysBoundSourceToTunnelTest(BoundSourceTest):
    """To the anchor, though there is a route; out of a tunnel to a third switch."""

    def runTest(self):
        for source, packet in SOURCES:
            self.insert(source(NODE, ways.relay(SECOND_PEER)), source(PEER, ways.relay(SECOND_PEER)))
            for port, received in ((ACCESS, from_node(packet)), (CORE, from_peer(packet))):
                self.send(port, received)
                self.expect((SECOND_CORE, encapsulated(hop(packet), SECOND_PEER)))


@covers(
    *("address_sources.relay_to_tunnel_gre", "network_sources.relay_to_tunnel_gre"),
    *("ipv4_sources.relay_to_tunnel_gre", "prefix_sources.relay_to_tunnel_gre"),
)
class RelaysBoundSourceToTunnelWithKeyTest(BoundSourceTest):
    """RFC 5845 s5.2: the key that the anchor knows the node by."""

    def runTest(self):
        self.insert(*rows.tunnel(GRE_PEER))
        for key, (source, packet) in enumerate((*SOURCES, (home_prefix, UPLINK)), start=KEY):
            self.insert(source(NODE, ways.relay(GRE_PEER, key)))
            self.send(ACCESS, from_node(packet))
            self.expect((CORE, encapsulated(hop(packet), GRE_PEER, gre_key=key)))


class PrefersTheMostExactSourceTest(BoundSourceTest):
    """Address before prefix before the longest network: one relayed, one permitted, one relayed elsewhere."""

    def runTest(self):
        self.insert(
            home(NODE, ways.relay(PEER)),
            home_prefix(NODE, ways.permit()),
            network(NODE, ways.relay(SECOND_PEER), "2001:db8:1::/48"),
            network(NODE, ways.permit(), "2001:db8:1:c::/62"),
        )
        outcomes = {
            HOME: (CORE, lambda packet: encapsulated(hop(packet), PEER)),
            NODE.address: (EXTERNAL, to_next_hop),
            "2001:db8:1:b::1": (SECOND_CORE, lambda packet: encapsulated(hop(packet), SECOND_PEER)),
            "2001:db8:1:d::1": (EXTERNAL, to_next_hop),
        }
        for address, (port, become) in outcomes.items():
            packet = udp(address, CORRESPONDENT)
            self.send(ACCESS, from_node(packet))
            self.expect((port, become(packet)))


class PrefersIpv4BindingToRelayTest(BoundSourceTest):
    """The destination is known here: no detour by the source's anchor."""

    def runTest(self):
        self.insert(home_ipv4(NODE, ways.relay(PEER)))
        other = OTHER._replace(address="203.0.113.11")
        self.insert(rows.delivered(other))
        packet = udp4(NODE_IPV4.address, other.address)
        self.send(ACCESS, from_node(packet))
        self.expect((OTHER_ACCESS, to_node(packet, other)))

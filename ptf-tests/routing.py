# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Destinations that no binding knows."""

from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Raw

import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    LOCAL,
    NODE,
    PEER,
    ROUTER,
    SECOND_CORE,
    UNROUTED,
    frame,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    udp,
)
from program import covers

SOURCE = "2001:db8:77::1"
PACKET = udp(SOURCE, CORRESPONDENT)
FROM_NEIGHBOR = udp("2001:db8:c::77", CORRESPONDENT)


@covers("routes.to_next_hop", "next_hops.forward")
class ForwardsToNextHopTest(PacketTest):
    def runTest(self):
        self.insert(*rows.to_correspondent())
        self.send(CORE, from_core(PACKET))
        self.expect((EXTERNAL, to_next_hop(PACKET)))


class PrefersTheLongestPrefixTest(PacketTest):
    """Default, /32, /63, /64, /127 and /128; each takes what the longer ones leave."""

    def runTest(self):
        lengths = {
            "::/0": "3001::1",
            "2001:db8::/32": "2001:db8:ffff:ffff::1",
            "2001:db8:c:0::/63": "2001:db8:c:1::1",
            "2001:db8:c::/64": "2001:db8:c::a",
            "2001:db8:c::8/127": "2001:db8:c::8",
            "2001:db8:c::9/128": "2001:db8:c::9",
        }
        for number, destination in enumerate(lengths, start=1):
            self.insert(
                rows.next_hop(number, EXTERNAL, mac=f"02:00:00:00:01:{number:02x}"),
                rows.route(destination, "to_next_hop", next_hop_id=number),
            )
        for number, address in enumerate(lengths.values(), start=1):
            packet = udp(SOURCE, address)
            self.send(CORE, from_core(packet))
            self.expect((EXTERNAL, frame(ROUTER, f"02:00:00:00:01:{number:02x}", hop(packet))))


class MovesARouteTest(PacketTest):
    """A core link is lost: one MODIFY of the next hop moves every route over it."""

    def runTest(self):
        self.insert(rows.next_hop(1, CORE), rows.route("2001:db8:c::/64", "to_next_hop", next_hop_id=1))
        self.send(EXTERNAL, from_core(FROM_NEIGHBOR))
        self.expect((CORE, to_next_hop(FROM_NEIGHBOR)))
        self.modify(rows.next_hop(1, SECOND_CORE))
        self.send(EXTERNAL, from_core(FROM_NEIGHBOR))
        self.expect((SECOND_CORE, to_next_hop(FROM_NEIGHBOR)))


class ForwardsOutOfTheSamePortTest(PacketTest):
    def runTest(self):
        self.insert(*rows.to_correspondent())
        self.send(EXTERNAL, from_core(FROM_NEIGHBOR))
        self.expect((EXTERNAL, to_next_hop(FROM_NEIGHBOR)))


@covers("DROP_NEXT_HOP_UNKNOWN", "next_hops.drop_next_hop_unknown")
class DropsToUnknownNextHopTest(PacketTest):
    def runTest(self):
        self.insert(rows.route("2001:db8:c::/64", "to_next_hop", next_hop_id=1), rows.next_hop(2, EXTERNAL))
        self.send(CORE, from_core(PACKET))
        self.expect(drops=["DROP_NEXT_HOP_UNKNOWN"])


@covers("PUNT_NO_ROUTE", "DROP_NO_ROUTE", "routes.no_route")
class PuntsWithoutRouteTest(PacketTest):
    """RFC 4443 s3.1 code 0; the frame is as it came."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        packet = from_core(udp(SOURCE, UNROUTED))
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_NO_ROUTE", CORE, packet)], drops=["DROP_NO_ROUTE"])


@covers("PUNT_NO_BINDING", "DROP_NO_BINDING", "routes.no_binding")
class PuntsForUnusedPrefixTest(PacketTest):
    """The pool of this switch below its bindings: bound prefixes are not touched by it."""

    def runTest(self):
        self.insert(rows.route("2001:db8:1::/48", "no_binding"), rows.delivered(NODE))
        packet = from_core(udp(SOURCE, "2001:db8:1:77::1"))
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_NO_BINDING", CORE, packet)], drops=["DROP_NO_BINDING"])
        bound = udp(SOURCE, NODE.address)
        self.send(CORE, from_core(bound))
        self.expect((ACCESS, frame(ROUTER, NODE.mac, hop(bound))))


@covers("PUNT_NEIGHBOR_UNRESOLVED", "routes.resolve")
class PuntsUnresolvedNeighborTest(PacketTest):
    """A host of an external subnet (RFC 4861 s7.2.2). No drop: the controller sends it on."""

    def runTest(self):
        self.insert(rows.route("2001:db8:c::/64", "resolve"))
        self.send(CORE, from_core(PACKET))
        self.expect(punts=[PacketIn("PUNT_NEIGHBOR_UNRESOLVED", CORE, from_core(PACKET))])
        self.insert(rows.next_hop(3, EXTERNAL), rows.route(f"{CORRESPONDENT}/128", "to_next_hop", next_hop_id=3))
        self.send(CORE, from_core(PACKET))
        self.expect((EXTERNAL, to_next_hop(PACKET)))


@covers("PUNT_LOCAL", "routes.local")
class PuntsForTheSwitchTest(PacketTest):
    """Signalling, ICMPv6 and extension headers, which are read in Python; from the core and from a node."""

    def runTest(self):
        self.insert(rows.to_switch(), rows.attached(NODE), rows.permitted(NODE))
        echo = IPv6(src=SOURCE, dst=LOCAL) / ICMPv6EchoRequest(data=b"ping")
        packets = [echo, *(IPv6(src=SOURCE, dst=LOCAL, nh=nh) / Raw(bytes(40)) for nh in (0, 43, 44, 50, 51, 60, 135))]
        for packet in packets:
            self.send(CORE, from_core(packet))
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, from_core(packet)) for packet in packets])
        packet = from_node(IPv6(src=NODE.address, dst=LOCAL) / ICMPv6EchoRequest(data=b"ping"))
        self.send(ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_LOCAL", ACCESS, packet)])


@covers("PUNT_LOCAL")
class PuntsForTheSwitchWhateverHopLimitTest(PacketTest):
    """RFC 8200 s3: the hop limit does not matter where the packet has arrived."""

    def runTest(self):
        self.insert(rows.to_switch())
        packet = from_core(IPv6(src=SOURCE, dst=LOCAL, hlim=1) / ICMPv6EchoRequest(data=b"ping"))
        self.send(CORE, packet)
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, packet)])


@covers("PUNT_LOCAL")
class PuntsForTheSwitchOutOfTunnelTest(PacketTest):
    """A node at the peer pings the anchor: the controller sees the inner packet, and is told the tunnel."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.permitted(NODE, PEER), rows.to_switch())
        packet = IPv6(src=NODE.address, dst=LOCAL) / ICMPv6EchoRequest(data=b"ping")
        self.send(CORE, from_peer(packet))
        self.expect(punts=[PacketIn("PUNT_LOCAL", CORE, from_core(packet), argument=PEER.tunnel_id)])


@covers("DROP_LOCAL_UNSUPPORTED")
class DropsWhatTheSwitchDoesNotOfferTest(PacketTest):
    def runTest(self):
        self.insert(rows.to_switch())
        for packet in (
            udp(SOURCE, LOCAL),
            *(IPv6(src=SOURCE, dst=LOCAL, nh=nh) / Raw(bytes(40)) for nh in (6, 59, 132)),
        ):
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_LOCAL_UNSUPPORTED"])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Packets from the controller: out of a port as they are, or through the pipeline."""

from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

import frames
import rows
from base import AS_RECEIVED, ROUTED, TO_PORT, PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    LOCAL,
    MTU,
    NEXT_HOP,
    NODE,
    PEER,
    ROUTER,
    UNROUTED,
    encapsulated,
    frame,
    from_node,
    to_next_hop,
    udp,
)
from program import covers

UPLINK = udp(NODE.address, CORRESPONDENT)
REPLY = IPv6(src=LOCAL, dst=CORRESPONDENT) / ICMPv6EchoReply(data=b"pong")
BLANK = "00:00:00:00:00:00"  # the pipeline writes the MACs of what it routes


class SendsPacketOutToPortTest(PacketTest):
    """As it is, whatever it is: link-local, truncated, of another protocol, to a port of any role or none."""

    def runTest(self):
        advertisement = IPv6(src=frames.ROUTER_LINK_LOCAL, dst="ff02::1", hlim=255) / ICMPv6ND_RA()
        expired = udp(LOCAL, CORRESPONDENT, hlim=0)
        nested = IPv6(src=PEER.address, dst=LOCAL, hlim=1) / UPLINK
        packets = [bytes(frame(ROUTER, NODE.mac, packet)) for packet in (advertisement, expired, nested)]
        packets += [bytes(Ether(src=ROUTER, dst=NODE.mac) / ARP()), packets[0][:14], packets[0][:60], bytes(9000)]
        for port in (ACCESS, CORE, EXTERNAL, frames.NO_ROLE):
            for packet in packets:
                self.packet_out(packet, TO_PORT, port)
            self.expect(*((port, packet) for packet in packets))


class SendsPacketOutNowhereTest(PacketTest):
    """To a port that the switch does not have."""

    def runTest(self):
        self.packet_out(from_node(UPLINK), TO_PORT, 77)
        self.expect()


class DoesNotAnswerItselfTest(PacketTest):
    """A solicitation that the controller sends goes out, and is not answered here."""

    def runTest(self):
        self.insert(rows.router_address(CORE, frames.ROUTER_LINK_LOCAL))
        packet = frame(
            ROUTER,
            "33:33:ff:00:00:01",
            IPv6(src="fe80::99", dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=frames.ROUTER_LINK_LOCAL),
        )
        self.packet_out(packet, TO_PORT, CORE)
        self.expect((CORE, packet))


class ReinjectsPacketOutTest(PacketTest):
    """The trigger of an attachment is sent on once the node is installed: as if it came in by its port now."""

    def runTest(self):
        self.packet_out(from_node(UPLINK), AS_RECEIVED, ACCESS)
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, from_node(UPLINK))])
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        self.packet_out(from_node(UPLINK), AS_RECEIVED, ACCESS)
        self.expect((EXTERNAL, to_next_hop(UPLINK)))


class ReinjectedPacketIsCheckedTest(PacketTest):
    """All the checks of its port apply."""

    def runTest(self):
        self.insert(rows.attached(NODE), *rows.tunnel(PEER), rows.accepted(NODE, PEER), rows.delivered(NODE))
        self.packet_out(from_node(UPLINK), AS_RECEIVED, ACCESS)
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, from_node(UPLINK))], drops=["DROP_SOURCE_UNBOUND"])
        downlink = udp(CORRESPONDENT, NODE.address)
        self.packet_out(frames.from_peer(downlink), AS_RECEIVED, CORE)
        self.expect((ACCESS, frames.to_node(downlink)))
        packet = frames.from_core(UPLINK)
        self.packet_out(packet, AS_RECEIVED, EXTERNAL)
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", EXTERNAL, packet)], drops=["DROP_SOURCE_UNBOUND"])
        self.packet_out(frame(NODE.mac, frames.STRANGER, UPLINK), AS_RECEIVED, ACCESS)
        self.expect(drops=["DROP_NOT_MY_STATION"])


class AnswersReinjectedSolicitationTest(PacketTest):
    """By the port that the packet-out names."""

    def runTest(self):
        target = frames.ROUTER_LINK_LOCAL
        self.insert(rows.router_address(CORE, target))
        solicitation = IPv6(src="fe80::99", dst=target, hlim=255) / ICMPv6ND_NS(tgt=target)
        self.packet_out(frame(NEXT_HOP, ROUTER, solicitation), AS_RECEIVED, CORE)
        flags = ICMPv6ND_NA(tgt=target, R=1, S=1, O=1)
        answer = IPv6(src=target, dst="fe80::99", hlim=255) / flags / ICMPv6NDOptDstLLAddr(lladdr=ROUTER)
        self.expect((CORE, frame(ROUTER, NEXT_HOP, answer)))


@covers("DROP_PORT_UNKNOWN")
class DropsReinjectedFromUnknownPortTest(PacketTest):
    def runTest(self):
        self.packet_out(from_node(UPLINK), AS_RECEIVED, frames.NO_ROLE)
        self.expect(drops=["DROP_PORT_UNKNOWN"])


@covers("DROP_MALFORMED")
class DropsTruncatedPacketOutTest(PacketTest):
    """Through the pipeline only what it can read."""

    def runTest(self):
        self.insert(rows.attached(NODE))
        whole = bytes(from_node(UPLINK))
        for mode in (AS_RECEIVED, ROUTED):
            for length in (1, 13, 53):
                self.packet_out(whole[:length], mode, ACCESS)
                self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_PACKET_OUT_INVALID")
class DropsInvalidPacketOutTest(PacketTest):
    def runTest(self):
        self.insert(*rows.to_correspondent())
        for mode in (3, 4, 255):
            self.packet_out(from_node(UPLINK), mode, EXTERNAL)
            self.expect(drops=["DROP_PACKET_OUT_INVALID"])


@covers("DROP_PACKET_OUT_INVALID")
class DropsPacketOutToNoPortTest(PacketTest):
    """The CPU port is none, and a greater number is not cut down to nine bits."""

    def runTest(self):
        for mode in (TO_PORT, AS_RECEIVED):
            for port in (510, 511, 512 + EXTERNAL, 65535):
                self.packet_out(from_node(UPLINK), mode, port)
                self.expect(drops=["DROP_PACKET_OUT_INVALID"])


class RoutesPacketOutTest(PacketTest):
    """The router's own packet: neither its source nor its station is checked, its hop limit is its own."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        for hop_limit in (0, 1, 64, 255):
            packet = REPLY.copy()
            packet.hlim = hop_limit
            self.packet_out(frame(BLANK, BLANK, packet), ROUTED)
            self.expect((EXTERNAL, frame(ROUTER, NEXT_HOP, packet)))


class RoutesPacketOutToNodeTest(PacketTest):
    """Bindings come before routes, for a neighbour and for a tunnel."""

    def runTest(self):
        packet = IPv6(src=LOCAL, dst=NODE.address) / ICMPv6EchoReply(data=b"pong")
        self.insert(*rows.tunnel(PEER), rows.delivered(NODE))
        self.packet_out(frame(BLANK, BLANK, packet), ROUTED)
        self.expect((ACCESS, frame(ROUTER, NODE.mac, packet)))
        self.modify(rows.tunnelled(NODE, PEER))
        self.packet_out(frame(BLANK, BLANK, packet), ROUTED)
        self.expect((CORE, encapsulated(packet)))


@covers("DROP_NO_ROUTE", "DROP_PACKET_TOO_BIG", "DROP_NO_BINDING")
class NeverPuntsWhatTheControllerSentTest(PacketTest):
    """No loop between switch and controller: what cannot be routed is dropped and counted."""

    def runTest(self):
        self.insert(rows.to_switch(), *rows.to_correspondent(), rows.route("2001:db8:1::/48", "no_binding"))
        for packet, reason in (
            (udp(LOCAL, UNROUTED), "DROP_NO_ROUTE"),
            (udp(LOCAL, CORRESPONDENT, size=MTU + 1), "DROP_PACKET_TOO_BIG"),
            (udp(LOCAL, NODE.address), "DROP_NO_BINDING"),
            (udp(LOCAL, "ff02::1"), "DROP_MARTIAN"),
            (udp("fe80::1", CORRESPONDENT), "DROP_MARTIAN"),
        ):
            self.packet_out(frame(BLANK, BLANK, packet), ROUTED)
            self.expect(drops=[reason])
        self.packet_out(frame(BLANK, BLANK, IPv6(src=LOCAL, dst=LOCAL) / ICMPv6EchoReply()), ROUTED)
        self.expect(drops=["DROP_PACKET_OUT_INVALID"])

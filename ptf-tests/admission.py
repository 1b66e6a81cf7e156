# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who may speak on a port, and which frames are fit to be looked at."""

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import frames
import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    NODE,
    NODE_IPV4,
    ROUTER,
    STRANGER,
    frame,
    from_core,
    from_node,
    udp,
    udp4,
)
from program import covers

UPLINK = udp(NODE.address, CORRESPONDENT)


@covers("DROP_PORT_UNKNOWN", "ports.drop_port_unknown")
class DropsFromUnknownPortTest(PacketTest):
    def runTest(self):
        self.insert(*rows.to_correspondent())
        self.send(frames.NO_ROLE, from_core(UPLINK))
        self.expect(drops=["DROP_PORT_UNKNOWN"])


@covers("PUNT_NODE_UNKNOWN", "access_nodes.punt_node_unknown", "ports.set_role")
class PuntsDataOfUnknownNodeTest(PacketTest):
    """Also with everything else installed: the frame reaches the controller as it came, and only it."""

    def runTest(self):
        self.insert(rows.permitted(NODE), *rows.to_correspondent())
        self.send(ACCESS, from_node(UPLINK))
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, from_node(UPLINK))])


@covers("PUNT_NODE_UNKNOWN")
class PuntsIpv4OfUnknownNodeTest(PacketTest):
    """Any frame of an unknown node is a trigger: a host that roams may speak IPv4 first."""

    def runTest(self):
        arp = Ether(src=NODE.mac, dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="192.0.2.1", pdst="192.0.2.2", hwsrc=NODE.mac)
        ipv4 = Ether(src=NODE.mac, dst=ROUTER) / IP(src="192.0.2.1", dst="192.0.2.2") / UDP()
        for packet in (arp, ipv4):
            self.send(ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, packet) for packet in (arp, ipv4)])


@covers("PUNT_NODE_UNKNOWN")
class PuntsSolicitationsOfUnknownNodeTest(PacketTest):
    """Before anything else is looked at: the switch does not answer a node it does not know."""

    def runTest(self):
        self.insert(rows.router_address(ACCESS, frames.ROUTER_LINK_LOCAL))
        rs = frame(NODE.mac, "33:33:00:00:00:02", IPv6(src="::", dst="ff02::2", hlim=255) / ICMPv6ND_RS())
        ns = from_node(
            IPv6(src=NODE.link_local, dst=frames.ROUTER_LINK_LOCAL, hlim=255)
            / ICMPv6ND_NS(tgt=frames.ROUTER_LINK_LOCAL)
            / ICMPv6NDOptSrcLLAddr(lladdr=NODE.mac)
        )
        for packet in (rs, ns):
            self.send(ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, packet) for packet in (rs, ns)])


@covers("PUNT_NODE_UNKNOWN", "access_nodes.set_node")
class KnowsNodeOnItsPortOnlyTest(PacketTest):
    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        self.send(frames.OTHER_ACCESS, from_node(UPLINK))
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", frames.OTHER_ACCESS, from_node(UPLINK))])
        self.send(ACCESS, from_node(UPLINK))
        self.expect((frames.EXTERNAL, frames.to_next_hop(UPLINK)))


class KnowsNodeByWholeAddressTest(PacketTest):
    """A MAC that differs in one bit is another node."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        packets = [frame(mac, ROUTER, UPLINK) for mac in ("02:00:00:00:00:0b", "06:00:00:00:00:0a")]
        for packet in packets:
            self.send(ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, packet) for packet in packets])


@covers("DROP_MALFORMED")
class DropsGroupSourceAddressTest(PacketTest):
    """No station has a group address (IEEE 802-2014 s8.2), so it cannot be a node that attaches."""

    def runTest(self):
        for mac in ("33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff", "03:00:00:00:00:0a"):
            for port in (ACCESS, CORE):
                self.send(port, frame(mac, ROUTER, UPLINK))
                self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_MALFORMED")
class DropsTruncatedFramesTest(PacketTest):
    """A frame that ends inside a header the switch reads."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        whole = bytes(from_node(UPLINK))
        for port in (ACCESS, CORE):
            for length in (1, 6, 13, 14, 15, 53):
                self.send(port, whole[:length])
                self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_MALFORMED")
class DropsFramesShorterThanTheirPacketTest(PacketTest):
    """What the IP length promises has to be there, as a length is what a tunnel's headers are made of."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.permitted(NODE_IPV4), *rows.to_correspondent())
        for packet in (UPLINK, udp4(NODE_IPV4.address, CORRESPONDENT_IPV4)):
            whole = bytes(from_node(packet))
            for length in (54, 55, len(whole) - 1):
                self.send(ACCESS, whole[:length])
                self.expect(drops=["DROP_MALFORMED"])
            self.send(ACCESS, whole)
            self.expect((frames.EXTERNAL, frames.to_next_hop(packet)))


class CarriesPacketsThatEndInsideTheNextHeaderTest(PacketTest):
    """What follows the base header concerns the destination: it sees the cut for itself."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        for protocol in (4, 6, 17, 41, 47, 50, 51, 58, 60, 132):
            for length in (0, 1, 3):
                packet = IPv6(src=NODE.address, dst=CORRESPONDENT, nh=protocol) / Raw(bytes(length))
                self.send(ACCESS, from_node(packet))
                self.expect((frames.EXTERNAL, frames.to_next_hop(packet)))


class CarriesPaddingTest(PacketTest):
    """Octets behind the IPv6 packet, as Ethernet pads short frames, stay."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        self.send(ACCESS, bytes(from_node(UPLINK)) + b"padding")
        self.expect((frames.EXTERNAL, bytes(frames.to_next_hop(UPLINK)) + b"padding"))


@covers("DROP_MALFORMED")
class DropsTruncatedIcmpv6Test(PacketTest):
    def runTest(self):
        self.insert(rows.attached(NODE))
        echo = bytes(from_node(IPv6(src=NODE.link_local, dst=frames.ROUTER_LINK_LOCAL) / ICMPv6EchoRequest()))
        solicitation = bytes(
            from_node(
                IPv6(src=NODE.link_local, dst=frames.ROUTER_LINK_LOCAL, hlim=255)
                / ICMPv6ND_NS(tgt=frames.ROUTER_LINK_LOCAL)
                / ICMPv6NDOptSrcLLAddr(lladdr=NODE.mac)
            )
        )
        for packet in (
            echo[:54],
            echo[:57],
            solicitation[:58],
            solicitation[:77],
            solicitation[:78],
            solicitation[:85],
        ):
            self.send(ACCESS, packet)
            self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_MALFORMED")
class DropsTruncatedInnerHeaderTest(PacketTest):
    """Whether or not the tunnel would end here."""

    def runTest(self):
        self.insert(*rows.tunnel(frames.PEER), rows.attached(NODE))
        whole = bytes(frames.from_peer(UPLINK))
        for length in (54, 55, 93):
            self.send(CORE, whole[:length])
            self.expect(drops=["DROP_MALFORMED"])


@covers("DROP_ETHERTYPE")
class DropsOtherEthertypesTest(PacketTest):
    """Of a known node, and on a core port."""

    def runTest(self):
        self.insert(rows.attached(NODE))
        for port in (ACCESS, CORE):
            for ethertype in (0x8100, 0x88CC, 0x8847):
                packet = Ether(src=NODE.mac, dst=ROUTER, type=ethertype) / bytes(50)
                self.send(port, packet)
                self.expect(drops=["DROP_ETHERTYPE"])


class DropsEthertypeBeforeStationTest(PacketTest):
    def runTest(self):
        self.send(CORE, Ether(src=STRANGER, dst=STRANGER, type=0x88CC) / bytes(50))
        self.expect(drops=["DROP_ETHERTYPE"])


@covers("DROP_MALFORMED")
class DropsOtherIpVersionTest(PacketTest):
    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        for version in (0, 4, 5, 7, 15):
            packet = UPLINK.copy()
            packet.version = version
            self.send(ACCESS, from_node(packet))
            self.expect(drops=["DROP_MALFORMED"])

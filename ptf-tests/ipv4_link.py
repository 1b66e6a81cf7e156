# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""IPv4 on a link: the router's ARP is answered by the switch; DHCP and other ARP are the controller's."""

from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import rows
from base import PacketIn, PacketTest
from frames import (
    ACCESS,
    ANCHOR,
    CORE,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    LOCAL_IPV4,
    NEXT_HOP,
    NODE,
    NODE_IPV4,
    OTHER_ACCESS,
    ROUTER,
    STRANGER,
    frame,
    from_core,
    from_node,
    to_next_hop,
    udp4,
)
from program import covers

ACCESS_ROUTER = "203.0.113.1"
EXTERNAL_ROUTER = "198.51.100.1"
BROADCAST = "ff:ff:ff:ff:ff:ff"
NO_ADDRESS = "0.0.0.0"
ATTACHED = (rows.attached(NODE), rows.permitted(NODE_IPV4))


def request(target, *, mac=NODE.mac, sender=NODE_IPV4.address, dst=BROADCAST):
    """RFC 826: who has the target?"""
    return Ether(src=mac, dst=dst) / ARP(op=1, hwsrc=mac, psrc=sender, hwdst="00:00:00:00:00:00", pdst=target)


def reply(target, *, by=ROUTER, mac=NODE.mac, sender=NODE_IPV4.address):
    """RFC 826: sender and target have changed places."""
    return Ether(src=by, dst=mac) / ARP(op=2, hwsrc=by, psrc=target, hwdst=mac, pdst=sender)


@covers("ipv4_router_addresses.answer_arp")
class AnswersArpForEveryRouterAddressTest(PacketTest):
    """On ports of every role, each with the MAC of its row, whether asked by broadcast or in person."""

    def runTest(self):
        addresses = {
            (ACCESS, ACCESS_ROUTER): (ROUTER, NODE.mac, NODE_IPV4.address),
            (ACCESS, "203.0.113.2"): (ANCHOR, NODE.mac, NODE_IPV4.address),
            (CORE, "192.0.2.254"): (ROUTER, NEXT_HOP, "192.0.2.253"),
            (EXTERNAL, EXTERNAL_ROUTER): (ROUTER, STRANGER, CORRESPONDENT_IPV4),
        }
        self.insert(*ATTACHED, *(rows.arp_answer(*key, values[0]) for key, values in addresses.items()))
        for (port, target), (by, mac, sender) in addresses.items():
            for dst in (BROADCAST, by):
                self.send(port, request(target, mac=mac, sender=sender, dst=dst))
                self.expect((port, reply(target, by=by, mac=mac, sender=sender)))


@covers("ipv4_router_addresses.answer_arp")
class AnswersPaddedArpTest(PacketTest):
    """As it comes over Ethernet: 60 octets without the FCS, and the answer as long."""

    def runTest(self):
        self.insert(*ATTACHED, rows.arp_answer(ACCESS, ACCESS_ROUTER))
        self.send(ACCESS, bytes(request(ACCESS_ROUTER)) + bytes(18))
        self.expect((ACCESS, bytes(reply(ACCESS_ROUTER)) + bytes(18)))


@covers("ipv4_router_addresses.answer_arp")
class DefendsRouterAddressTest(PacketTest):
    """A probe for the router's own address, from a sender that has none yet (RFC 5227 s2.1.1), and the announcement of
    a host that has taken it (s2.3)."""

    def runTest(self):
        self.insert(*ATTACHED, rows.arp_answer(ACCESS, ACCESS_ROUTER))
        for sender in (NO_ADDRESS, ACCESS_ROUTER):
            self.send(ACCESS, request(ACCESS_ROUTER, sender=sender))
            self.expect((ACCESS, reply(ACCESS_ROUTER, sender=sender)))


@covers("PUNT_ARP", "ipv4_router_addresses.punt_arp")
class PuntsOtherArpTest(PacketTest):
    """Probes for other addresses (duplicate address detection), requests for them, and for what the router has at
    another port; replies, announcements, and operations of other protocols. As they came, and answered by nobody."""

    def runTest(self):
        self.insert(*ATTACHED, rows.arp_answer(EXTERNAL, EXTERNAL_ROUTER))
        self.insert(rows.arp_answer(OTHER_ACCESS, ACCESS_ROUTER))
        frames = [
            request(NODE_IPV4.address, sender=NO_ADDRESS),
            request(NODE_IPV4.address),
            request("203.0.113.77"),
            request(ACCESS_ROUTER),
            request("203.0.113.0"),
            reply(EXTERNAL_ROUTER, by=NODE.mac, mac=ROUTER),
            *(Ether(src=NODE.mac, dst=BROADCAST) / ARP(op=op, pdst=ACCESS_ROUTER) for op in (0, 3, 8, 0x0100, 0xFFFF)),
        ]
        for packet in frames:
            self.send(ACCESS, packet)
            self.expect(punts=[PacketIn("PUNT_ARP", ACCESS, packet)])
        for port in (CORE, EXTERNAL):
            packet = request("203.0.113.77", mac=STRANGER, sender="203.0.113.78")
            self.send(port, packet)
            self.expect(punts=[PacketIn("PUNT_ARP", port, packet)])


@covers("DROP_MALFORMED")
class DropsArpOfOtherNetworksTest(PacketTest):
    """Hardware, protocol and lengths have to be those of Ethernet and IPv4 (RFC 826)."""

    def runTest(self):
        self.insert(*ATTACHED, rows.arp_answer(ACCESS, ACCESS_ROUTER))
        for field, value in (("hwtype", 6), ("ptype", 0x86DD), ("hwlen", 8), ("plen", 16), ("hwlen", 0), ("plen", 0)):
            packet = bytearray(bytes(request(ACCESS_ROUTER)))
            offset, size = {"hwtype": (14, 2), "ptype": (16, 2), "hwlen": (18, 1), "plen": (19, 1)}[field]
            packet[offset : offset + size] = value.to_bytes(size, "big")
            self.send(ACCESS, packet)
            self.expect(drops=["DROP_MALFORMED"])


class DropsTruncatedArpTest(PacketTest):
    """Neither answered nor shown to the controller."""

    def runTest(self):
        self.insert(*ATTACHED, rows.arp_answer(ACCESS, ACCESS_ROUTER))
        whole = bytes(request(ACCESS_ROUTER))
        for length in range(14, len(whole)):
            self.send(ACCESS, whole[:length])
        self.expect(drops=["DROP_ETHERTYPE"] * (len(whole) - 14))


@covers("PUNT_NODE_UNKNOWN")
class DoesNotAnswerArpOfUnknownNodeTest(PacketTest):
    """The attachment comes first; the host asks again."""

    def runTest(self):
        self.insert(rows.arp_answer(ACCESS, ACCESS_ROUTER))
        self.send(ACCESS, request(ACCESS_ROUTER))
        self.expect(punts=[PacketIn("PUNT_NODE_UNKNOWN", ACCESS, request(ACCESS_ROUTER))])


@covers("PUNT_DHCP")
class PuntsBroadcastDhcpTest(PacketTest):
    """From a host without an address (RFC 2131 s4.1), and from one that rebinds."""

    def runTest(self):
        self.insert(*ATTACHED)
        for source in (NO_ADDRESS, NODE_IPV4.address):
            message = IP(src=source, dst="255.255.255.255") / UDP(sport=68, dport=67) / Raw(bytes(240))
            packet = frame(NODE.mac, BROADCAST, message)
            self.send(ACCESS, packet)
            self.expect(punts=[PacketIn("PUNT_DHCP", ACCESS, packet)])


@covers("PUNT_LOCAL")
class PuntsUnicastDhcpForTheSwitchTest(PacketTest):
    """A host renews with its server (RFC 2131 s4.4.5): with the switch it ends here, with another it is forwarded."""

    def runTest(self):
        self.insert(*ATTACHED, rows.to_switch(ACCESS_ROUTER), *rows.to_correspondent())
        renewal = IP(src=NODE_IPV4.address, dst=ACCESS_ROUTER) / UDP(sport=68, dport=67) / Raw(bytes(240))
        self.send(ACCESS, from_node(renewal))
        self.expect(punts=[PacketIn("PUNT_LOCAL", ACCESS, from_node(renewal))])
        elsewhere = IP(src=NODE_IPV4.address, dst=CORRESPONDENT_IPV4) / UDP(sport=68, dport=67) / Raw(bytes(240))
        self.send(ACCESS, from_node(elsewhere))
        self.expect((EXTERNAL, to_next_hop(elsewhere)))


@covers("DROP_MULTICAST")
class DropsMulticastAndBroadcastTest(PacketTest):
    """Also what only looks like DHCP: the server's port in a fragment, behind options or in TCP; answers to clients."""

    def runTest(self):
        self.insert(*ATTACHED, rows.next_hop(1, EXTERNAL), rows.route("0.0.0.0/0", "to_next_hop", next_hop_id=1))
        source = NODE_IPV4.address
        packets = [
            *(udp4(source, dst) for dst in ("224.0.0.0", "224.0.0.251", "239.255.255.255", "255.255.255.255")),
            IP(src=source, dst="224.0.0.22", proto=2, ttl=1, options=[IPOption_NOP()]) / Raw(bytes(16)),
            IP(src=source, dst="255.255.255.255") / UDP(sport=67, dport=68) / Raw(bytes(240)),
            IP(src=source, dst="255.255.255.255", frag=1) / UDP(sport=68, dport=67) / Raw(bytes(240)),
            IP(src=source, dst="255.255.255.255", options=[IPOption_NOP()] * 4) / UDP(sport=68, dport=67),
            IP(src=source, dst="255.255.255.255", proto=6) / Raw(b"\x00\x44\x00\x43" + bytes(16)),
            IP(src=source, dst="255.255.255.255") / ICMP(),
        ]
        for packet in packets:
            for mac in (BROADCAST, ROUTER):
                self.send(ACCESS, frame(NODE.mac, mac, packet))
                self.expect(drops=["DROP_MULTICAST"])


@covers("DROP_LINK_LOCAL")
class DropsLinkLocalIpv4Test(PacketTest):
    """169.254.0.0/16 and not an address more is never forwarded, in either direction (RFC 3927 s2.7)."""

    def runTest(self):
        self.insert(rows.next_hop(1, EXTERNAL), rows.route("0.0.0.0/0", "to_next_hop", next_hop_id=1))
        for address in ("169.254.0.0", "169.254.1.1", "169.254.255.255"):
            for packet in (udp4(address, LOCAL_IPV4), udp4("192.0.2.77", address)):
                self.send(CORE, from_core(packet))
                self.expect(drops=["DROP_LINK_LOCAL"])
        for address in ("169.253.255.255", "169.255.0.0"):
            for packet in (udp4(address, CORRESPONDENT_IPV4), udp4("192.0.2.77", address)):
                self.send(CORE, from_core(packet))
                self.expect((EXTERNAL, to_next_hop(packet)))


class AnswersArpWithOtherLinkLayerSenderTest(PacketTest):
    """The answer goes to the station that sent the frame; ARP names whom the request named (RFC 826)."""

    def runTest(self):
        self.insert(rows.arp_answer(EXTERNAL, EXTERNAL_ROUTER))
        asked = request(EXTERNAL_ROUTER, mac=STRANGER, sender=CORRESPONDENT_IPV4)
        asked[Ether].src = NEXT_HOP
        answer = reply(EXTERNAL_ROUTER, mac=STRANGER, sender=CORRESPONDENT_IPV4)
        answer[Ether].dst = NEXT_HOP
        self.send(EXTERNAL, asked)
        self.expect((EXTERNAL, answer))

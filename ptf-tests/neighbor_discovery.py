# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Link-scope traffic: the router answers for itself, the controller gets the rest, nothing is forwarded."""

from ptf import testutils
from scapy.layers.dhcp6 import DHCP6_Solicit
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.packet import Raw

import rows
from base import PATIENCE, PacketIn, PacketTest, disconnected
from frames import (
    ACCESS,
    ANCHOR,
    ANCHOR_LINK_LOCAL,
    CORE,
    CORRESPONDENT,
    NEXT_HOP,
    NODE,
    ROUTER,
    ROUTER_LINK_LOCAL,
    SECOND_CORE,
    frame,
    from_node,
    udp,
)
from program import covers

SOLICITED_NODE_MAC = "33:33:ff:00:00:01"
SOLICITED_NODE = "ff02::1:ff00:1"
ALL_ROUTERS_MAC = "33:33:00:00:00:02"


def solicitation(target=ROUTER_LINK_LOCAL, *, src=NODE.link_local, option=True, dst=SOLICITED_NODE, **fields):
    """An NS without its frame; fields are of the IPv6 and the NS header."""
    ipv6 = IPv6(src=src, dst=dst, hlim=fields.pop("hlim", 255), tc=fields.pop("tc", 0), fl=fields.pop("fl", 0))
    packet = ipv6 / ICMPv6ND_NS(tgt=target, **fields)
    return packet / ICMPv6NDOptSrcLLAddr(lladdr=NODE.mac) if option else packet


def advertisement(mac=ROUTER, target=ROUTER_LINK_LOCAL, dst=NODE.link_local, dst_mac=NODE.mac):
    """The answer: router, solicited, override (RFC 4861 s4.4), and the target's link-layer address."""
    ipv6 = IPv6(src=target, dst=dst, hlim=255)
    return frame(mac, dst_mac, ipv6 / ICMPv6ND_NA(tgt=target, R=1, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))


def multicast(packet, mac=SOLICITED_NODE_MAC):
    return frame(NODE.mac, mac, packet)


class KnownNodeTest(PacketTest):
    """A node that is attached, and the router's addresses on its port."""

    def setUp(self):
        super().setUp()
        self.insert(
            rows.attached(NODE),
            rows.permitted(NODE),
            rows.router_address(ACCESS, ROUTER_LINK_LOCAL),
            rows.router_address(ACCESS, ANCHOR_LINK_LOCAL, ANCHOR),
        )

    def expect_punted(self, reason, *packets, port=ACCESS):
        for packet in packets:
            self.send(port, packet)
        self.expect(punts=[PacketIn(reason, port, packet) for packet in packets])

    def expect_dropped(self, reason, *packets, port=ACCESS):
        for packet in packets:
            self.send(port, packet)
        self.expect(drops=[reason] * len(packets))


@covers("router_addresses.answer")
class AnswersNeighborSolicitationTest(KnownNodeTest):
    def runTest(self):
        self.send(ACCESS, multicast(solicitation()))
        self.expect((ACCESS, advertisement()))


class AnswersNeighborSolicitationWithoutOptionTest(KnownNodeTest):
    """A unicast probe of a host that checks whether its router is there (RFC 4861 s7.3.3)."""

    def runTest(self):
        self.send(ACCESS, from_node(solicitation(option=False, dst=ROUTER_LINK_LOCAL)))
        self.expect((ACCESS, advertisement()))


class AnswersSolicitationFromGlobalAddressTest(KnownNodeTest):
    def runTest(self):
        self.send(ACCESS, multicast(solicitation(src=NODE.address)))
        self.expect((ACCESS, advertisement(dst=NODE.address)))


class AnswersWithoutTrafficClassAndFlowLabelTest(KnownNodeTest):
    """The answer is the router's own packet, not a reflection."""

    def runTest(self):
        self.send(ACCESS, multicast(solicitation(tc=0xB9, fl=0xABCDE)))
        self.expect((ACCESS, advertisement()))


class AnswersForAnchorTest(KnownNodeTest):
    """The logical interface of another anchor (RFC 8885 s3.7): its address, its MAC."""

    def runTest(self):
        self.send(ACCESS, multicast(solicitation(ANCHOR_LINK_LOCAL)))
        self.expect((ACCESS, advertisement(ANCHOR, ANCHOR_LINK_LOCAL)))


class AnswersOnCorePortTest(PacketTest):
    def runTest(self):
        self.insert(rows.router_address(CORE, "fe80::c"))
        packet = solicitation("fe80::c", src="fe80::2f")
        self.send(CORE, frame(NEXT_HOP, SOLICITED_NODE_MAC, packet))
        self.expect((CORE, advertisement(target="fe80::c", dst="fe80::2f", dst_mac=NEXT_HOP)))


class AnswersWhileNoControllerRunsTest(KnownNodeTest):
    def runTest(self):
        with disconnected():
            testutils.send_packet(self, ACCESS, bytes(multicast(solicitation())))
            found = self.dataplane.poll(device_number=0, port_number=ACCESS, timeout=PATIENCE)
        assert found.packet == bytes(advertisement())
        self.expect()


@covers("PUNT_ND", "router_addresses.punt_nd")
class PuntsSolicitationOfOthersTest(KnownNodeTest):
    """Of an address that is not the router's, or not on this port."""

    def runTest(self):
        self.expect_punted("PUNT_ND", multicast(solicitation("fe80::77")), multicast(solicitation(NODE.address)))
        self.expect_punted("PUNT_ND", multicast(solicitation(), mac=ROUTER), port=CORE)


@covers("PUNT_ND")
class PuntsDuplicateAddressDetectionTest(KnownNodeTest):
    """Source :: (RFC 4862 s5.4.2): the answer would go to all nodes, and is the controller's."""

    def runTest(self):
        packet = multicast(solicitation(src="::", option=False))
        self.expect_punted("PUNT_ND", packet, multicast(solicitation("fe80::a", src="::", option=False)))


@covers("PUNT_ND")
class PuntsSolicitationWithMoreOptionsTest(KnownNodeTest):
    """With a nonce beside the address (RFC 3971 s5.3.2), it is longer than the switch reads."""

    def runTest(self):
        nonce = Raw(bytes.fromhex("0e01010203040506"))
        self.expect_punted(
            "PUNT_ND", multicast(solicitation() / nonce), multicast(solicitation(option=False) / nonce / nonce)
        )


@covers("PUNT_ND")
class PuntsOtherNeighborDiscoveryTest(KnownNodeTest):
    def runTest(self):
        rs = IPv6(src=NODE.link_local, dst="ff02::2", hlim=255) / ICMPv6ND_RS()
        bodies = (ICMPv6ND_RA(), ICMPv6ND_NA(tgt=NODE.link_local), ICMPv6ND_Redirect(tgt="fe80::1", dst=CORRESPONDENT))
        link = IPv6(src=NODE.link_local, dst=ROUTER_LINK_LOCAL, hlim=255)
        unspecified = IPv6(src="::", dst="ff02::2", hlim=255) / ICMPv6ND_RS()
        self.expect_punted(
            "PUNT_ND",
            multicast(rs, ALL_ROUTERS_MAC),
            multicast(unspecified, ALL_ROUTERS_MAC),
            *(from_node(link / body) for body in bodies),
        )


@covers("DROP_ND_INVALID")
class DropsNeighborDiscoveryFromAfarTest(KnownNodeTest):
    """Hop limit other than 255: a router has forwarded it (RFC 4861 s7.1.1)."""

    def runTest(self):
        rs = IPv6(src=NODE.link_local, dst="ff02::2", hlim=254) / ICMPv6ND_RS()
        packets = [multicast(solicitation(hlim=hop_limit)) for hop_limit in (0, 1, 64, 254)]
        self.expect_dropped("DROP_ND_INVALID", *packets, multicast(rs, ALL_ROUTERS_MAC))


@covers("DROP_ND_INVALID")
class DropsNeighborDiscoveryWithCodeTest(KnownNodeTest):
    def runTest(self):
        rs = IPv6(src=NODE.link_local, dst="ff02::2", hlim=255) / ICMPv6ND_RS(code=1)
        self.expect_dropped("DROP_ND_INVALID", multicast(solicitation(code=1)), multicast(rs, ALL_ROUTERS_MAC))


@covers("DROP_ND_INVALID")
class DropsSolicitationWithBadChecksumTest(KnownNodeTest):
    """With the option and without, and wherever the octet is that changed on the way."""

    def runTest(self):
        whole = bytes(multicast(solicitation()))
        changed = (
            whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
            for position in (30, 45, 60, 70, 79, 85)  # IPv6 addresses, flags, target, option
        )
        wrong = (multicast(solicitation(cksum=0x1234)), multicast(solicitation(option=False, cksum=0)))
        self.expect_dropped("DROP_ND_INVALID", *wrong, *changed)


@covers("PUNT_MLD")
class PuntsMulticastListenerReportTest(KnownNodeTest):
    """From the link-local address, or from :: while that is tentative (RFC 3590)."""

    def runTest(self):
        alert = IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)])
        packets = [
            multicast(IPv6(src=src, dst=dst, hlim=1) / alert / report, mac)
            for src in (NODE.link_local, "::")
            for dst, mac, report in (
                ("ff02::16", "33:33:00:00:00:16", ICMPv6MLReport2()),
                (SOLICITED_NODE, SOLICITED_NODE_MAC, ICMPv6MLReport(mladdr=SOLICITED_NODE)),
            )
        ]
        self.expect_punted("PUNT_MLD", *packets)


@covers("DROP_MULTICAST")
class DropsListenerReportFromGlobalAddressTest(KnownNodeTest):
    """RFC 3810 s5.2.13: it has no standing."""

    def runTest(self):
        alert = IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)])
        packet = IPv6(src=NODE.address, dst="ff02::16", hlim=1) / alert / ICMPv6MLReport2()
        self.expect_dropped("DROP_MULTICAST", multicast(packet, "33:33:00:00:00:16"))


@covers("PUNT_DHCP")
class PuntsDhcpTest(KnownNodeTest):
    def runTest(self):
        packet = IPv6(src=NODE.link_local, dst="ff02::1:2") / UDP(sport=546, dport=547) / DHCP6_Solicit(trid=7)
        self.expect_punted("PUNT_DHCP", multicast(packet, "33:33:00:01:00:02"))


@covers("DROP_MULTICAST")
class DropsMulticastTest(KnownNodeTest):
    def runTest(self):
        packets = [
            multicast(udp(NODE.link_local, dst, size=60), "33:33:00:00:00:fb")
            for dst in ("ff02::fb", "ff02::1:3", "ff05::1:3", "ff0e::1")
        ]
        self.expect_dropped("DROP_MULTICAST", *packets, multicast(udp(NODE.address, "ff0e::1"), "33:33:00:00:00:01"))
        self.expect_dropped("DROP_MULTICAST", multicast(udp("fe80::5", "ff02::5"), "33:33:00:00:00:05"), port=CORE)


@covers("DROP_MULTICAST")
class DropsEchoToAllNodesTest(KnownNodeTest):
    def runTest(self):
        packet = IPv6(src=NODE.link_local, dst="ff02::1") / ICMPv6EchoRequest()
        self.expect_dropped("DROP_MULTICAST", multicast(packet, "33:33:00:00:00:01"))


@covers("PUNT_LOCAL")
class PuntsEchoToLinkLocalTest(KnownNodeTest):
    """A host pings its router."""

    def runTest(self):
        packets = [
            from_node(IPv6(src=src, dst=ROUTER_LINK_LOCAL) / ICMPv6EchoRequest(data=b"ping"))
            for src in (NODE.link_local, NODE.address)
        ]
        self.expect_punted("PUNT_LOCAL", *packets)


@covers("DROP_LINK_LOCAL")
class DropsOtherLinkLocalTest(KnownNodeTest):
    """Nothing of link scope is forwarded (RFC 4291 s2.5.6), whichever of its addresses is."""

    def runTest(self):
        self.insert(*rows.to_correspondent())
        addresses = [
            (NODE.link_local, ROUTER_LINK_LOCAL),
            (NODE.link_local, CORRESPONDENT),
            (NODE.address, ROUTER_LINK_LOCAL),
            ("febf:ffff::1", CORRESPONDENT),
            ("::", CORRESPONDENT),
        ]
        self.expect_dropped("DROP_LINK_LOCAL", *(from_node(udp(src, dst)) for src, dst in addresses))


class LinkScopeComesBeforeStationsTest(KnownNodeTest):
    """Solicitations go to multicast MACs, which are no stations."""

    def runTest(self):
        self.expect_punted("PUNT_ND", multicast(solicitation(), SOLICITED_NODE_MAC), port=SECOND_CORE)

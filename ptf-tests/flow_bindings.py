# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One node, several care-of addresses: the flow chooses (RFC 6089). Traffic selectors are those of RFC 6088."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.sctp import SCTP
from scapy.packet import Raw

import rows
import ways
from base import PacketTest, table_entry
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    NODE,
    NODE_IPV4,
    OTHER,
    OTHER_ACCESS,
    PEER,
    SECOND_CORE,
    SECOND_PEER,
    encapsulated,
    from_core,
    from_peer,
    hop,
    to_node,
    udp,
    udp4,
)
from program import covers
from rows import Row

FLOW_SET = 5
GROUP = 21
KEY = 0x0A0B0C0D
HOME = "2001:db8:1:a::77"
SPI = 0x01020304


def flow(way, priority, flow_set=FLOW_SET, **key):
    return Row("flow_selectors", {"flow_set": flow_set} | key, *way, priority=priority)


def flow4(way, priority, flow_set=FLOW_SET, **key):
    return Row("ipv4_flow_selectors", {"flow_set": flow_set} | key, *way, priority=priority)


def default(selector=flow, node=OTHER):
    """The default binding: the set alone, of the lowest priority."""
    return selector(ways.deliver(node), 1)


def to_set(flow_set=FLOW_SET, node=NODE):
    return rows.bound(node, ways.to_flows(flow_set))


def ipv6(upper, src=CORRESPONDENT, dst=NODE.address, **fields):
    return IPv6(src=src, dst=dst, **fields) / upper


def ipv4(upper, src=CORRESPONDENT_IPV4, dst=NODE_IPV4.address, **fields):
    return IP(src=src, dst=dst, **fields) / upper


def ports(sport=1024, dport=2048, layer=UDP):
    return layer(sport=sport, dport=dport)


class FlowTest(PacketTest):
    """One selector to NODE, and the default to OTHER."""

    def expect_selected(self, row, chosen, others):
        """The row is taken away again, so that the next is alone with the default."""
        entry = table_entry(row)
        entry.insert()
        try:
            for packet in chosen:
                self.send(CORE, from_core(packet))
                self.expect((ACCESS, to_node(packet)))
            for packet in others:
                self.send(CORE, from_core(packet))
                self.expect((OTHER_ACCESS, to_node(packet, OTHER)))
            self.expect_counted(row, *map(from_core, chosen))
        finally:
            entry.delete()
        self._seen.add(f"{row.table}.{row.action}")


@covers("flow_selectors.deliver", "flow_selectors.packets", "prefix_bindings.to_flows")
class SelectsByEachKeyTest(FlowTest):
    """Each key alone, in its prefix, mask or range, at both ends and just beyond."""

    def runTest(self):
        self.insert(to_set(), default())
        plain = ports()
        selectors = [
            (
                {"source": f"{CORRESPONDENT}&&&ffff:ffff:ffff:ffff::"},
                [ipv6(plain, "2001:db8:c::"), ipv6(plain, "2001:db8:c::ffff:ffff:ffff:ffff")],
                [ipv6(plain, "2001:db8:c:1::9"), ipv6(plain, "a001:db8:c::9")],
            ),
            (
                {"destination": f"{NODE.address}&&&{'ffff:' * 7}ffff"},
                [ipv6(plain)],
                [ipv6(plain, dst="2001:db8:1:a::"), ipv6(plain, dst="2001:db8:1:a:8000::1")],
            ),
            (
                {"spi": f"{SPI}&&&0xffffffff"},
                [ipv6(ESP(spi=SPI, seq=1, data=bytes(32))), ipv6(AH(nh=59, spi=SPI, seq=1, icv=bytes(12)))],
                [ipv6(ESP(spi=SPI + 1, seq=SPI, data=bytes(32))), ipv6(AH(nh=59, spi=1, icv=bytes(12))), ipv6(plain)],
            ),
            (
                {"flow_label": "0x20000..0x8ffff"},
                [ipv6(plain, fl=0x20000), ipv6(plain, fl=0x8FFFF)],
                [ipv6(plain, fl=0x1FFFF), ipv6(plain, fl=0x90000), ipv6(plain)],
            ),
            (
                {"source_port": "1000..2000"},
                [ipv6(ports(1000)), ipv6(ports(2000, layer=TCP)), ipv6(ports(1024, layer=SCTP))],
                [ipv6(ports(999)), ipv6(ports(2001)), ipv6(ports(2, 1024)), ipv6(ICMPv6EchoRequest(id=1024, seq=1024))],
            ),
            (
                {"destination_port": "443..443"},
                [ipv6(ports(dport=443, layer=TCP)), ipv6(ports(dport=443))],
                [ipv6(ports(dport=442)), ipv6(ports(dport=444)), ipv6(ports(443, 1))],
            ),
            (
                {"dscp": "8..46"},
                [ipv6(plain, tc=8 << 2), ipv6(plain, tc=46 << 2 | 3)],
                [ipv6(plain, tc=7 << 2 | 3), ipv6(plain, tc=47 << 2), ipv6(plain)],
            ),
            (
                {"next_header": "17..58"},
                [ipv6(plain), ipv6(ICMPv6EchoRequest()), ipv6(Raw(bytes(8)), nh=50)],
                [ipv6(ports(layer=TCP)), ipv6(Raw(bytes(8)), nh=59), ipv6(Raw(bytes(8)), nh=132)],
            ),
        ]
        for key, chosen, others in selectors:
            self.expect_selected(flow(ways.deliver(NODE), 10, **key), chosen, others)


@covers("ipv4_flow_selectors.deliver", "ipv4_flow_selectors.packets", "ipv4_bindings.to_flows")
class SelectsIpv4ByEachKeyTest(FlowTest):
    def runTest(self):
        self.insert(to_set(node=NODE_IPV4), default(flow4))
        plain = ports()
        selectors = [
            (
                {"source": "198.51.100.0&&&255.255.255.0"},
                [ipv4(plain, "198.51.100.0"), ipv4(plain, "198.51.100.255")],
                [ipv4(plain, "198.51.101.9"), ipv4(plain, "70.51.100.9")],
            ),
            ({"destination": f"{NODE_IPV4.address}&&&255.255.255.255"}, [ipv4(plain)], []),
            ({"destination": "203.0.113.11&&&255.255.255.255"}, [], [ipv4(plain)]),
            (
                {"spi": f"{SPI}&&&0xffffffff"},
                [ipv4(ESP(spi=SPI, seq=1, data=bytes(32))), ipv4(AH(nh=59, spi=SPI, seq=1, icv=bytes(12)))],
                [ipv4(ESP(spi=SPI + 1, seq=SPI, data=bytes(32))), ipv4(plain)],
            ),
            (
                {"source_port": "1000..2000"},
                [ipv4(ports(1000)), ipv4(ports(2000, layer=TCP)), ipv4(ports(1024, layer=SCTP))],
                [ipv4(ports(999)), ipv4(ports(2001)), ipv4(ports(2, 1024)), ipv4(ICMP(id=1024, seq=1024))],
            ),
            (
                {"destination_port": "4000..5437"},  # also where UDP is parsed as a tunnel
                [ipv4(ports(dport=number) / b"data") for number in (4000, 4191, 5436, 5437)],
                [ipv4(ports(dport=3999)), ipv4(ports(dport=5438)), ipv4(ports(4191, 1))],
            ),
            (
                {"dscp": "8..46"},
                [ipv4(plain, tos=8 << 2), ipv4(plain, tos=46 << 2 | 3)],
                [ipv4(plain, tos=7 << 2 | 3), ipv4(plain, tos=47 << 2), ipv4(plain)],
            ),
            (
                {"protocol": "6..17"},
                [ipv4(plain), ipv4(ports(layer=TCP))],
                [ipv4(ICMP()), ipv4(Raw(bytes(8)), proto=5), ipv4(Raw(bytes(8)), proto=18)],
            ),
        ]
        for key, chosen, others in selectors:
            self.expect_selected(flow4(ways.deliver(NODE), 10, **key), chosen, others)


class SelectsByAllKeysTogetherTest(FlowTest):
    """Whichever of them differs, it is another flow."""

    def runTest(self):
        self.insert(to_set(), default(), to_set(node=NODE_IPV4), default(flow4))
        shared = {"source_port": "1024..1024", "destination_port": "2048..2048", "dscp": "10..10"}
        key = {
            "source": f"{CORRESPONDENT}&&&{'ffff:' * 7}ffff",
            "destination": f"{NODE.address}&&&{'ffff:' * 7}ffff",
            "spi": "0&&&0xffffffff",
            "flow_label": "0x12345..0x12345",
            "next_header": "17..17",
        }
        same = {"tc": 40, "fl": 0x12345}
        others = [
            ipv6(ports(), "2001:db8:c::8", **same),
            ipv6(ports(), dst="2001:db8:1:a::2", **same),
            ipv6(ports(), tc=40, fl=0x12346),
            ipv6(ports(), tc=44, fl=0x12345),
            ipv6(ports(1025), **same),
            ipv6(ports(dport=2049), **same),
            ipv6(ports(layer=TCP), **same),
        ]
        self.expect_selected(flow(ways.deliver(NODE), 10, **key, **shared), [ipv6(ports(), **same)], others)
        key = {
            "source": f"{CORRESPONDENT_IPV4}&&&255.255.255.255",
            "destination": f"{NODE_IPV4.address}&&&255.255.255.255",
            "protocol": "17..17",
        }
        others = [
            ipv4(ports(), "198.51.100.8", tos=40),
            ipv4(ports(), tos=44),
            ipv4(ports(1025), tos=40),
            ipv4(ports(dport=2049), tos=40),
            ipv4(ports(layer=TCP), tos=40),
        ]
        self.expect_selected(flow4(ways.deliver(NODE), 10, **key, **shared), [ipv4(ports(), tos=40)], others)


class PrefersHigherPriorityFlowTest(PacketTest):
    """Whatever was written first, and however exact the others are."""

    def runTest(self):
        nodes = [NODE._replace(mac=f"02:00:00:00:01:{number:02x}") for number in range(1, 5)]
        keys = [{"source_port": "1..2000"}, {"source_port": "1000..1000"}, {"next_header": "17..17"}, {}]
        for selector, packets, protocol in (
            (flow, [ipv6(ports(number)) for number in (1000, 3000)], "next_header"),
            (flow4, [ipv4(ports(number)) for number in (1000, 3000)], "protocol"),
        ):
            named = [{protocol if name == "next_header" else name: key[name] for name in key} for key in keys]
            order = [(2, 20), (0, 30), (3, 10), (1, 25)]
            self.insert(*(selector(ways.deliver(nodes[number]), prio, **named[number]) for number, prio in order))
            self.insert(to_set(node=NODE if selector is flow else NODE_IPV4))
            for packet, number in zip(packets, (0, 2), strict=True):
                self.send(CORE, from_core(packet))
                self.expect((ACCESS, to_node(packet, nodes[number])))


@covers("flow_selectors.discard", "ipv4_flow_selectors.discard", "DROP_FLOW_DISCARDED")
class DiscardsFlowTest(PacketTest):
    """RFC 6089 s4.2.1.4; the row counts."""

    def runTest(self):
        self.insert(to_set(), default(), to_set(node=NODE_IPV4), default(flow4))
        for selector, make in ((flow, ipv6), (flow4, ipv4)):
            row = selector(("discard", {}), 10, destination_port="53..53")
            self.insert(row)
            unwanted, wanted = make(ports(dport=53)), make(ports(dport=54))
            self.send(CORE, from_core(unwanted))
            self.expect(drops=["DROP_FLOW_DISCARDED"])
            self.send(CORE, from_core(wanted))
            self.expect((OTHER_ACCESS, to_node(wanted, OTHER)))
            self.expect_counted(row, from_core(unwanted))


@covers("DROP_FLOW_UNMATCHED", "flow_selectors.drop_flow_unmatched", "ipv4_flow_selectors.drop_flow_unmatched")
class DropsUnmatchedFlowTest(PacketTest):
    """No row of the set fits: not another set's, and never the routes."""

    def runTest(self):
        self.insert(to_set(), to_set(node=NODE_IPV4), rows.next_hop(1, ACCESS))
        for network in ("2001:db8::/32", "203.0.113.0/24"):
            self.insert(rows.route(network, "to_next_hop", next_hop_id=1))
        for selector in (flow, flow4):
            self.insert(selector(ways.deliver(NODE), 10, destination_port="53..53"))
            self.insert(selector(ways.deliver(NODE), 1, flow_set=FLOW_SET + 1))
        for packet in (ipv6(ports()), ipv4(ports())):
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_FLOW_UNMATCHED"])


@covers("address_bindings.to_flows", "network_bindings.to_flows")
class SendsEveryBindingToItsFlowsTest(PacketTest):
    """Home address, prefix, network and IPv4 home address, each with its own set; the bindings count too."""

    def runTest(self):
        network = "2001:db8:6:600::/56"
        bindings = [
            (Row("address_bindings", {"address": HOME}, *ways.to_flows(1)), udp(CORRESPONDENT, HOME)),
            (to_set(2), udp(CORRESPONDENT, NODE.address)),
            (
                Row("network_bindings", {"network": network}, *ways.to_flows(3)),
                udp(CORRESPONDENT, "2001:db8:6:6a1::1"),
            ),
            (to_set(4, NODE_IPV4), udp4(CORRESPONDENT_IPV4, NODE_IPV4.address)),
        ]
        for number, (binding, packet) in enumerate(bindings, start=1):
            node = NODE._replace(mac=f"02:00:00:00:01:{number:02x}")
            row = (flow4 if number == 4 else flow)(ways.deliver(node), 1, flow_set=number)
            self.insert(binding, row)
            self.send(CORE, from_core(packet))
            self.expect((ACCESS, to_node(packet, node)))
            self.expect_counted(binding, from_core(packet))
            self.expect_counted(row, from_core(packet))


@covers(
    *("flow_selectors.to_tunnel", "flow_selectors.to_tunnel_gre", "flow_selectors.replicate"),
    *("ipv4_flow_selectors.to_tunnel", "ipv4_flow_selectors.to_tunnel_gre", "ipv4_flow_selectors.replicate"),
)
class SendsFlowsEveryWayTest(PacketTest):
    """Into a tunnel, into a tunnel with the node's key, to a neighbour and a tunnel at once; counted by the row."""

    def runTest(self):
        peer = SECOND_PEER._replace(encapsulation="ENCAPSULATION_GRE")
        self.insert(*rows.tunnel(PEER), *rows.tunnel(peer), to_set(), to_set(node=NODE_IPV4))
        self.insert_group(GROUP, (ACCESS, 0), (CORE, PEER.tunnel_id))
        for selector, packet in ((flow, ipv6(ports())), (flow4, ipv4(ports()))):
            plain = (CORE, encapsulated(hop(packet)))
            cases = [
                (ways.to_tunnel(PEER), [plain]),
                (ways.to_tunnel(peer, gre_key=KEY), [(SECOND_CORE, encapsulated(hop(packet), peer, gre_key=KEY))]),
                (ways.replicate(GROUP, NODE, PEER.tunnel_id), [(ACCESS, to_node(packet)), plain]),
            ]
            for priority, (way, expected) in enumerate(cases, start=1):
                row = selector(way, priority)
                self.insert(row)
                self.send(CORE, from_core(packet))
                self.expect(*expected)
                self.expect_counted(row, from_core(packet))


class HidesPortsOfFragmentsTest(FlowTest):
    """Fragments and packets with extension headers match no selector that names ports; the others see them."""

    def runTest(self):
        self.insert(to_set(), default(), to_set(node=NODE_IPV4), default(flow4))
        options = IPv6ExtHdrDestOpt(options=[])
        hidden = [
            ipv6(IPv6ExtHdrFragment(m=1, offset=0) / ports()),
            ipv6(IPv6ExtHdrFragment(m=0, offset=100) / ports()),
            ipv6(IPv6ExtHdrHopByHop(options=[]) / ports()),
            ipv6(options / ports()),
        ]
        every = {"source_port": "1..65535"}
        self.expect_selected(flow(ways.deliver(NODE), 10, **every), [ipv6(ports())], hidden)
        fragments = {"next_header": "44..44"}
        self.expect_selected(flow(ways.deliver(NODE), 10, **fragments), hidden[:2], hidden[2:])
        hidden = [
            ipv4(ports(), flags="MF"),
            ipv4(ports(), frag=100),
            ipv4(ports(), flags="MF", frag=100),
            ipv4(ports(), options=b"\x01\x01\x01\x00"),
        ]
        self.expect_selected(flow4(ways.deliver(NODE), 10, **every), [ipv4(ports())], hidden)
        datagrams = {"protocol": "17..17"}
        self.expect_selected(flow4(ways.deliver(NODE), 10, **datagrams), hidden, [ipv4(ports(layer=TCP))])
        security = {"spi": f"{SPI}&&&0xffffffff"}
        fragment = IP(src=CORRESPONDENT_IPV4, dst=NODE_IPV4.address, flags="MF", proto=50) / Raw(SPI.to_bytes(4, "big"))
        self.expect_selected(flow4(ways.deliver(NODE), 10, **security), [], [fragment])


class SelectsByInnerPortsOfOwnTunnelTest(PacketTest):
    """A packet out of a tunnel that ends here is the inner one; of a tunnel between others the ports are not seen."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), rows.accepted(NODE, PEER), rows.accepted(NODE_IPV4, PEER))
        self.insert(to_set(), default(), to_set(node=NODE_IPV4), default(flow4))
        for selector in (flow, flow4):
            self.insert(selector(ways.deliver(NODE), 10, destination_port="2048..2048"))
        for packet in (ipv6(ports()), ipv4(ports()), ipv6(ports(layer=TCP)), ipv4(ports(layer=SCTP))):
            self.send(CORE, from_peer(packet))
            self.expect((ACCESS, to_node(packet)))
        others = [ipv6(ipv6(ports())), ipv6(ipv4(ports())), ipv4(ipv6(ports())), ipv4(ipv4(ports()))]
        for packet in others:
            for received in (from_core(packet), from_peer(packet)):
                self.send(CORE, received)
                self.expect((OTHER_ACCESS, to_node(packet, OTHER)))

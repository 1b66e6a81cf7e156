# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The flow label of an outer IPv6 header, by which equal-cost paths tell flows apart (RFC 6438 s3.1)."""

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.layers.sctp import SCTP
from scapy.packet import Raw

import rows
from base import PacketTest
from frames import (
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    NODE,
    NODE_IPV4,
    PEER,
    UDP_DSMIPV6,
    encapsulated,
    flow_label,
    from_core,
    from_peer,
    hop,
    udp,
)
from peers import EVERY_PEER

HASHED = range(0x10000, 0x20000)


def ipv6(payload, src=CORRESPONDENT, **fields):
    return IPv6(src=src, dst=NODE.address, **fields) / payload


def ipv4(payload, src=CORRESPONDENT_IPV4, **fields):
    return IP(src=src, dst=NODE_IPV4.address, **fields) / payload


class FlowLabelTest(PacketTest):
    """A node of both families behind a tunnel over IPv6."""

    def setUp(self):
        super().setUp()
        self.insert(*rows.tunnel_way(PEER), rows.tunnelled(NODE, PEER), rows.tunnelled(NODE_IPV4, PEER))

    def labels(self, *packets):
        """Of each packet, once it has come out with that label."""
        for packet in packets:
            self.send(CORE, from_core(packet))
        self.expect(*((CORE, encapsulated(hop(packet))) for packet in packets))
        return [flow_label(packet) for packet in packets]


class CopiesFlowLabelTest(FlowLabelTest):
    """The sender's own label is kept, from the least to the greatest, whatever ports the packet has."""

    def runTest(self):
        for label in (1, 0x10000, 0xFFFFF):
            packets = [ipv6(UDP(sport=port) / Raw(bytes(20)), fl=label) for port in (1, 2)]
            assert self.labels(*packets) == [label, label]


class LabelsEveryFlowTest(FlowLabelTest):
    """0 says that the sender has none (RFC 6437 s2), and IPv4 has none: the label is made of the flow, and never 0."""

    def runTest(self):
        for make in (ipv6, ipv4):
            layers = (UDP, TCP, SCTP)
            packets = [make(layer(sport=port, dport=80) / Raw(bytes(20))) for layer in layers for port in range(1, 9)]
            packets += [make(UDP(sport=80, dport=port) / Raw(bytes(20))) for port in range(1, 9)]
            labels = self.labels(*packets)
            assert all(label in HASHED for label in labels)
            assert len(set(labels)) == len(packets)


class LabelsFlowsByAddressTest(FlowLabelTest):
    def runTest(self):
        payload = UDP() / Raw(bytes(20))
        packets = [ipv6(payload, src=f"2001:db8:c::{host:x}") for host in range(1, 9)]
        packets += [ipv4(payload, src=f"198.51.100.{host}") for host in range(1, 9)]
        assert len(set(self.labels(*packets))) == len(packets)


class LabelsAFlowAlikeTest(FlowLabelTest):
    """Whatever changes within a flow: length, hop limit, DSCP, ECN, identification."""

    def runTest(self):
        for make, fields in (
            (ipv6, [{}, {"hlim": 3}, {"tc": 0xB8}, {"tc": 3}]),
            (ipv4, [{}, {"ttl": 3}, {"tos": 0xB8}, {"tos": 3}, {"id": 9}, {"flags": "DF"}]),
        ):
            packets = [make(UDP(sport=5) / Raw(bytes(size)), **one) for one in fields for size in (0, 1, 1000)]
            assert len(set(self.labels(*packets))) == 1


class LabelsFragmentsAlikeTest(FlowLabelTest):
    """Only the first has ports: none of them is labelled by its ports, lest they overtake one another."""

    def runTest(self):
        first, later = UDP(sport=5, dport=6) / Raw(bytes(24)), Raw(bytes(range(40)))
        fragments = [ipv4(first, flags="MF", proto=17), ipv4(later, frag=4, flags="MF", proto=17)]
        fragments += [ipv4(later, frag=9, proto=17)]
        assert len(set(self.labels(*fragments))) == 1
        headers = [IPv6ExtHdrFragment(m=1, nh=17, id=7), IPv6ExtHdrFragment(offset=4, nh=17, id=7)]
        assert len(set(self.labels(ipv6(headers[0] / first), ipv6(headers[1] / later)))) == 1


class LabelsWhatComesOutOfTunnelsTest(FlowLabelTest):
    """From one tunnel into another: the inner packet's flow is what counts, and its fragments are still alike."""

    def runTest(self):
        flows = [make(UDP(sport=port) / Raw(bytes(20))) for make in (ipv6, ipv4) for port in (1, 2)]
        fragments = [ipv4(UDP(sport=port) / Raw(bytes(24)), flags="MF") for port in (1, 2)]
        fragments.append(ipv4(Raw(bytes(range(40))), frag=4, proto=17))
        for peer in EVERY_PEER:
            arrived = peer._replace(address="192.0.2.77" if peer.is_ipv4 else "2001:db8:ffff::77")
            arrived = arrived._replace(tunnel_id=peer.tunnel_id + 200)
            self.insert(*rows.tunnel_ends(arrived), rows.accepted(NODE, arrived), rows.accepted(NODE_IPV4, arrived))
            for packet in (*flows, *fragments):
                self.send(CORE, from_peer(packet, arrived))
            self.expect(*((CORE, encapsulated(hop(packet))) for packet in (*flows, *fragments)))
        assert len(set(map(flow_label, flows))) == len(flows)
        assert len(set(map(flow_label, fragments))) == 1


class LabelsTunnelsByTheirHeaderTest(FlowLabelTest):
    """What a packet carries within is not read for it: nested packets and ICMPv6 are one flow each."""

    def runTest(self):
        nested = [ipv6(udp("2001:db8:9::1", "2001:db8:9::2", size=size, fl=size)) for size in (48, 100, 101)]
        assert len(set(self.labels(*nested))) == 1
        nested = [ipv4(udp("2001:db8:9::1", "2001:db8:9::2", size=size), proto=41) for size in (48, 100, 101)]
        assert len(set(self.labels(*nested))) == 1
        assert len(set(self.labels(*(ipv6(ICMPv6EchoRequest(seq=number)) for number in (1, 2))))) == 1


class LabelsUdpOnTunnelPortsTest(FlowLabelTest):
    """A flow of the node's own on port 4191 with no IP packet in it is a flow by its ports as any other."""

    def runTest(self):
        packets = [ipv4(UDP(sport=port, dport=UDP_DSMIPV6) / Raw(b"\xff" * 20)) for port in range(1, 5)]
        assert len(set(self.labels(*packets))) == len(packets)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Congestion seen in a tunnel (RFC 6040), for every encapsulation and both families inside."""

import rows
from base import PacketTest
from frames import ACCESS, CORE, CORRESPONDENT, CORRESPONDENT_IPV4, NODE, NODE_IPV4, from_peer, to_node, udp, udp4
from peers import EVERY_PEER
from program import covers

NOT_ECT, ECT_1, ECT_0, CE = range(4)
INNER_DSCP, OUTER_DSCP = 0x28, 0x2E

# RFC 6040 s4.2, figure 4: what the inner header says -> what the outer one said -> what goes on
ECN_OUT = {
    NOT_ECT: {NOT_ECT: NOT_ECT, ECT_0: NOT_ECT, ECT_1: NOT_ECT, CE: None},
    ECT_0: {NOT_ECT: ECT_0, ECT_0: ECT_0, ECT_1: ECT_1, CE: CE},
    ECT_1: {NOT_ECT: ECT_1, ECT_0: ECT_1, ECT_1: ECT_1, CE: CE},
    CE: {NOT_ECT: CE, ECT_0: CE, ECT_1: CE, CE: CE},
}


def ipv6(ecn, mark):
    """A mark tells packets apart that are alike but for their ECN."""
    return udp(CORRESPONDENT, NODE.address, tc=INNER_DSCP << 2 | ecn, fl=mark)


def ipv4(ecn, mark):
    return udp4(CORRESPONDENT_IPV4, NODE_IPV4.address, tos=INNER_DSCP << 2 | ecn, id=mark)


class EcnTest(PacketTest):
    """A node of both families behind every tunnel."""

    def setUp(self):
        super().setUp()
        self.insert(rows.delivered(NODE), rows.delivered(NODE_IPV4))
        for peer in EVERY_PEER:
            self.insert(*rows.tunnel_ends(peer), rows.accepted(NODE, peer), rows.accepted(NODE_IPV4, peer))

    def send_marked(self, peer, packet, ecn):
        traffic_class = OUTER_DSCP << 2 | ecn
        self.send(CORE, from_peer(packet, peer, **{"tos" if peer.is_ipv4 else "tc": traffic_class}))


class PassesCongestionOnTest(EcnTest):
    """All combinations but the one that is dropped; the inner DSCP stays (RFC 2983: uniform it is not), and the inner
    IPv4 checksum follows."""

    def runTest(self):
        for peer in EVERY_PEER:
            for make in (ipv6, ipv4):
                expected = []
                for inner, row in ECN_OUT.items():
                    for before, after in row.items():
                        if after is not None:
                            mark = 0x100 | inner << 4 | before
                            self.send_marked(peer, make(inner, mark), before)
                            expected.append((ACCESS, to_node(make(after, mark))))
                self.expect(*expected)


class ChecksumsFollowCongestionTest(EcnTest):
    """Over many values of the sum, its ends among them (RFC 1624 s3)."""

    def runTest(self):
        peer = EVERY_PEER[0]
        marks = [*marks_of_checksums(0, 1, 2, 3, 0xFFFC, 0xFFFD, 0xFFFE), *range(0, 0x10000, 0xFFF)]
        for inner, before in ((ECT_0, CE), (ECT_0, ECT_1), (ECT_1, CE), (CE, NOT_ECT)):
            for mark in marks:
                self.send_marked(peer, ipv4(inner, mark), before)
            after = ECN_OUT[inner][before]
            self.expect(*((ACCESS, to_node(ipv4(after, mark))) for mark in marks))


def marks_of_checksums(*checksums):
    """The identifications for which a packet has these header checksums before it is sent."""
    unmarked = int.from_bytes(bytes(ipv4(ECT_0, 0))[10:12], "big")
    return [(unmarked - checksum) % 0xFFFF for checksum in checksums]


@covers("DROP_TUNNEL_ECN")
class DropsCongestionThatCannotBeToldTest(EcnTest):
    """CE outside, Not-ECT inside: the congestion has to be felt as a loss."""

    def runTest(self):
        for peer in EVERY_PEER:
            for make in (ipv6, ipv4):
                self.send_marked(peer, make(NOT_ECT, 1), CE)
                self.expect(drops=["DROP_TUNNEL_ECN"])

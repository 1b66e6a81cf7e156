# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a node may send and be sent: a two-rate three-colour meter (RFC 2698) for each, and what becomes of each colour.

Rates of one octet per second: while a test runs, no packet's worth of tokens comes back, so that bursts alone decide.
"""

import rows
import ways
from base import PacketIn, PacketTest, write_meter
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
    UNROUTED,
    encapsulated,
    from_core,
    from_node,
    from_peer,
    hop,
    to_next_hop,
    to_node,
    udp,
    udp4,
)
from peers import DOWNLINK, DOWNLINK_IPV4, UPLINK, UPLINK_IPV4
from program import covers
from rows import METERS, policy

FRAME = len(bytes(from_node(UPLINK)))
LOW = 8  # CS1
SLOW = {"cir": 1, "pir": 1}
PACKETS = {  # by direction and family: where it comes in, the frame, where it goes, what becomes of it
    ("uplink", 6): (ACCESS, UPLINK, EXTERNAL, to_next_hop),
    ("uplink", 4): (ACCESS, UPLINK_IPV4, EXTERNAL, to_next_hop),
    ("downlink", 6): (EXTERNAL, DOWNLINK, ACCESS, to_node),
    ("downlink", 4): (EXTERNAL, DOWNLINK_IPV4, ACCESS, to_node),
}


def remarked(packet, dscp=LOW):
    """The packet with another DSCP and the same ECN (RFC 2474, RFC 3168)."""
    later = packet.copy()
    name = "tos" if packet.version == 4 else "tc"
    setattr(later, name, dscp << 2 | getattr(later, name) & 3)
    return later


class PolicingTest(PacketTest):
    def setUp(self):
        super().setUp()
        self.insert(rows.attached(NODE), rows.permitted(NODE), rows.permitted(NODE_IPV4), *rows.to_correspondent())
        self.insert(rows.delivered(NODE), rows.delivered(NODE_IPV4), rows.external_source("198.51.100.0/24"))

    def limit(self, direction, committed, peak, node=NODE):
        """Bursts in frames of the tests."""
        bursts = {"cburst": committed * FRAME, "pburst": peak * FRAME}
        self.set_meter(METERS[direction], node.node_id, **SLOW, **bursts)

    def send_all(self, *keys):
        for key in keys:
            port, packet, _, _ = PACKETS[key]
            self.send(port, from_node(packet) if port == ACCESS else from_core(packet))

    def expect_sent(self, *keys, **others):
        expected = [(PACKETS[key][2], PACKETS[key][3](PACKETS[key][1])) for key in keys]
        self.expect(*expected, **others)


class PassesUnmeteredNodeTest(PolicingTest):
    """Without a configuration every packet is green (P4Runtime spec s9.3): no policy applies."""

    def runTest(self):
        for direction in METERS:
            self.insert(policy(direction, NODE.node_id, "COLOR_YELLOW", "discard"))
            self.insert(policy(direction, NODE.node_id, "COLOR_RED", "discard"))
        for key in PACKETS:
            self.send_all(*[key] * 20)
            self.expect_sent(*[key] * 20)


@covers(
    *("uplink_policing.node_meters", "downlink_policing.node_meters", "DROP_NODE_METERED"),
    *("uplink_policing.node_policies.remark", "uplink_policing.node_policies.discard"),
    *("downlink_policing.node_policies.remark", "downlink_policing.node_policies.discard"),
)
class RemarksYellowAndDiscardsRedTest(PolicingTest):
    """The committed burst is one packet, the peak burst two; then nothing for the rest of the test. Both families share
    the meter of their node."""

    def runTest(self):
        for direction in METERS:
            self.insert(policy(direction, NODE.node_id, "COLOR_YELLOW", "remark", dscp=LOW))
            self.insert(policy(direction, NODE.node_id, "COLOR_RED", "discard"))
        for (direction, family), (_, packet, port, become) in PACKETS.items():
            key, other = (direction, family), (direction, 10 - family)
            self.limit(direction, 1, 2)
            self.send_all(key)
            self.expect_sent(key)
            self.send_all(key)
            self.expect((port, become(remarked(packet))))
            for _ in range(3):
                self.send_all(key, other)
                self.expect(drops=["DROP_NODE_METERED"] * 2)


@covers("uplink_policing.node_policies.pass", "downlink_policing.node_policies.pass")
class PassesColoursWithoutPolicyTest(PolicingTest):
    """Two rows per node at most: what has none passes as it is, though it is counted against the burst."""

    def runTest(self):
        for direction in METERS:
            key = direction, 6
            self.limit(direction, 1, 2)
            self.insert(policy(direction, NODE.node_id, "COLOR_RED", "discard"))
            self.send_all(key, key, key)
            self.expect_sent(key, key, drops=["DROP_NODE_METERED"])
        for direction in METERS:
            self.limit(direction, 0, 0, OTHER)
        self.insert(rows.attached(OTHER), rows.permitted(OTHER))
        packet = udp(OTHER.address, CORRESPONDENT)
        self.send(OTHER_ACCESS, from_node(packet, OTHER))
        self.expect((EXTERNAL, to_next_hop(packet)))


class ColoursByFrameOctetsTest(PolicingTest):
    """A burst of exactly the frame lets it pass; of one octet less, no packet ever fits."""

    def runTest(self):
        for direction in METERS:
            key = direction, 6
            _, packet, port, become = PACKETS[key]
            self.insert(policy(direction, NODE.node_id, "COLOR_YELLOW", "remark", dscp=LOW))
            self.insert(policy(direction, NODE.node_id, "COLOR_RED", "discard"))
            self.set_meter(METERS[direction], NODE.node_id, **SLOW, cburst=FRAME, pburst=FRAME)
            self.send_all(key, key)
            self.expect_sent(key, drops=["DROP_NODE_METERED"])
            self.set_meter(METERS[direction], NODE.node_id, **SLOW, cburst=FRAME - 1, pburst=FRAME)
            self.send_all(key)
            self.expect((port, become(remarked(packet))))
            self.set_meter(METERS[direction], NODE.node_id, **SLOW, cburst=FRAME - 1, pburst=FRAME - 1)
            self.send_all(key, key)
            self.expect(drops=["DROP_NODE_METERED"] * 2)


class KeepsIpv4ChecksumOfRemarkedTest(PolicingTest):
    """From every DSCP to some others, with every ECN: the header checksum follows (RFC 1624)."""

    def runTest(self):
        self.limit("uplink", 0, 10**6)
        row = policy("uplink", NODE.node_id, "COLOR_YELLOW", "remark", dscp=0)
        self.insert(row)
        for dscp in (0, 1, 46, 63):
            self.modify(row._replace(params={"dscp": dscp}))
            packets = [
                udp4(NODE_IPV4.address, CORRESPONDENT_IPV4, tos=tos, id=tos * 259 % 0x10000)
                for tos in range(0, 256, 11)
            ]
            for packet in packets:
                self.send(ACCESS, from_node(packet))
            self.expect(*((EXTERNAL, to_next_hop(remarked(packet, dscp))) for packet in packets))


class RemarksIpv6Test(PolicingTest):
    """Six bits of the traffic class, between version and flow label."""

    def runTest(self):
        self.limit("downlink", 0, 10**6)
        row = policy("downlink", NODE.node_id, "COLOR_YELLOW", "remark", dscp=0)
        self.insert(row)
        for dscp in (0, 1, 46, 63):
            self.modify(row._replace(params={"dscp": dscp}))
            packets = [udp(CORRESPONDENT, NODE.address, tc=tc, fl=0xFFFFF) for tc in range(0, 256, 11)]
            for packet in packets:
                self.send(EXTERNAL, from_core(packet))
            self.expect(*((ACCESS, to_node(remarked(packet, dscp))) for packet in packets))


class MetersNodesApartTest(PolicingTest):
    """One node's burst is no other's, and uplink is not downlink."""

    def runTest(self):
        self.insert(rows.attached(OTHER), rows.permitted(OTHER), rows.delivered(OTHER))
        for direction in METERS:
            for node in (NODE, OTHER):
                self.insert(policy(direction, node.node_id, "COLOR_RED", "discard"))
        self.limit("uplink", 1, 1)
        self.limit("downlink", 1, 1, OTHER)
        self.send_all(("uplink", 6), ("uplink", 6), ("downlink", 6), ("downlink", 6))
        expected = [("uplink", 6), ("downlink", 6), ("downlink", 6)]
        self.expect_sent(*expected, drops=["DROP_NODE_METERED"])
        up, down = udp(OTHER.address, CORRESPONDENT), udp(CORRESPONDENT, OTHER.address)
        for _ in range(2):
            self.send(OTHER_ACCESS, from_node(up, OTHER))
            self.expect((EXTERNAL, to_next_hop(up)))
        self.send(EXTERNAL, from_core(down))
        self.expect((OTHER_ACCESS, to_node(down, OTHER)))
        self.send(EXTERNAL, from_core(down))
        self.expect(drops=["DROP_NODE_METERED"])


class MetersBetweenNodesTwiceTest(PolicingTest):
    """As what one sends and as what the other is sent; the second mark is the last."""

    def runTest(self):
        self.insert(rows.delivered(OTHER))
        self.insert(policy("uplink", NODE.node_id, "COLOR_YELLOW", "remark", dscp=LOW))
        self.insert(policy("downlink", OTHER.node_id, "COLOR_YELLOW", "remark", dscp=10))
        packet = udp(NODE.address, OTHER.address)
        self.limit("uplink", 0, 9)
        self.send(ACCESS, from_node(packet))
        self.expect((OTHER_ACCESS, to_node(remarked(packet), OTHER)))
        self.limit("downlink", 0, 9, OTHER)
        self.send(ACCESS, from_node(packet))
        self.expect((OTHER_ACCESS, to_node(remarked(packet, 10), OTHER)))


class DoesNotMeterNodeZeroTest(PolicingTest):
    """0 is no node: what it is sent is metered elsewhere, whatever the meter of that index says."""

    def runTest(self):
        nobody = OTHER._replace(node_id=0)
        self.insert(rows.attached(nobody), rows.permitted(nobody), rows.delivered(nobody))
        for direction in METERS:
            self.limit(direction, 0, 0, nobody)
            self.insert(policy(direction, 0, "COLOR_RED", "discard"))
        up, down = udp(OTHER.address, CORRESPONDENT), udp(CORRESPONDENT, OTHER.address)
        for _ in range(2):
            self.send(OTHER_ACCESS, from_node(up, OTHER))
            self.expect((EXTERNAL, to_next_hop(up)))
            self.send(EXTERNAL, from_core(down))
            self.expect((OTHER_ACCESS, to_node(down, OTHER)))


class MetersNodeOfTunnelTest(PolicingTest):
    """A node with a tunnel of its own is metered where that ends, by the frames with the tunnel's headers, and where it
    begins; the mark shows in the outer header too (RFC 2473 s6.4)."""

    def runTest(self):
        node = 77
        self.insert(*rows.tunnel_way(PEER), rows.tunnel_end(PEER, node_id=node), rows.permitted(OTHER, PEER))
        self.insert(rows.bound(OTHER, ways.to_tunnel(PEER, node)))
        for direction in METERS:
            self.insert(policy(direction, node, "COLOR_YELLOW", "remark", dscp=LOW))
            self.insert(policy(direction, node, "COLOR_RED", "discard"))
        up, down = udp(OTHER.address, CORRESPONDENT), udp(CORRESPONDENT, OTHER.address)
        self.set_meter(METERS["uplink"], node, **SLOW, cburst=FRAME + 40, pburst=2 * (FRAME + 40))
        self.set_meter(METERS["downlink"], node, **SLOW, cburst=0, pburst=FRAME)
        for expected in (up, remarked(up)):
            self.send(CORE, from_peer(up))
            self.expect((EXTERNAL, to_next_hop(expected)))
        self.send(CORE, from_peer(up))
        self.expect(drops=["DROP_NODE_METERED"])
        self.send(EXTERNAL, from_core(down))
        self.expect((CORE, encapsulated(hop(remarked(down)))))
        self.send(EXTERNAL, from_core(down))
        self.expect(drops=["DROP_NODE_METERED"])


class MetersReplicatedOnceTest(PolicingTest):
    """A packet that is copied is one packet of its node."""

    def runTest(self):
        self.insert_group(21, (ACCESS, 0), (OTHER_ACCESS, 0))
        self.modify(rows.replicated(NODE, 21))
        self.limit("downlink", 1, 1)
        self.insert(policy("downlink", NODE.node_id, "COLOR_RED", "discard"))
        for _ in range(2):
            self.send(EXTERNAL, from_core(DOWNLINK))
        self.expect((ACCESS, to_node(DOWNLINK)), (OTHER_ACCESS, to_node(DOWNLINK)), drops=["DROP_NODE_METERED"])


class ShowsRemarkedPacketAsItCameTest(PolicingTest):
    """The mark is for what is forwarded: what goes to the controller is as it came. Discarded, it is not shown."""

    def runTest(self):
        self.insert(policy("uplink", NODE.node_id, "COLOR_YELLOW", "remark", dscp=LOW))
        self.insert(policy("uplink", NODE.node_id, "COLOR_RED", "discard"))
        self.limit("uplink", 0, 1)
        packet = from_node(udp(NODE.address, UNROUTED))
        self.send(ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_NO_ROUTE", ACCESS, packet)], drops=["DROP_NO_ROUTE"])
        self.send(ACCESS, packet)
        self.expect(drops=["DROP_NODE_METERED"])


class MetersNothingBeforeSourceIsCheckedTest(PolicingTest):
    """What a node may not send does not use up its burst."""

    def runTest(self):
        self.insert(policy("uplink", NODE.node_id, "COLOR_RED", "discard"))
        self.limit("uplink", 1, 1)
        forged = from_node(udp(OTHER.address, CORRESPONDENT))
        self.send(ACCESS, forged)
        self.expect(punts=[PacketIn("PUNT_SOURCE_UNBOUND", ACCESS, forged)], drops=["DROP_SOURCE_UNBOUND"])
        self.send_all(("uplink", 6))
        self.expect_sent(("uplink", 6))


class PassesAgainWithoutMeterTest(PolicingTest):
    """Taking the configuration away makes all packets green at once."""

    def runTest(self):
        key = "downlink", 6
        self.insert(policy("downlink", NODE.node_id, "COLOR_RED", "discard"))
        self.limit("downlink", 0, 0)
        self.send_all(key)
        self.expect(drops=["DROP_NODE_METERED"])
        write_meter(METERS["downlink"], NODE.node_id, None)
        self.send_all(key, key)
        self.expect_sent(key, key)


class DeliversOtherNodesOfPortUnmeteredTest(PolicingTest):
    """A binding names its node: another node's on the same port is not limited."""

    def runTest(self):
        neighbor = OTHER._replace(port=ACCESS)
        self.insert(rows.delivered(neighbor))
        self.insert(policy("downlink", NODE.node_id, "COLOR_RED", "discard"))
        self.limit("downlink", 0, 0)
        packet = udp(CORRESPONDENT, neighbor.address)
        self.send(EXTERNAL, from_core(packet))
        self.expect((ACCESS, to_node(packet, neighbor)))

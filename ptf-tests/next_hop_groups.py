# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Paths of equal cost: the flow chooses one. Which, is the hash's business; that each is used, and always the same by
one flow, is what others rely on (RFC 2992)."""

from collections import Counter

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

import rows
from base import PacketIn, PacketTest, expect_equal, read_counters
from frames import (
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    NO_MTU,
    NODE,
    NODE_IPV4,
    PEER,
    PEER_IPV4,
    ROUTER,
    SECOND_CORE,
    encapsulated,
    frame,
    from_core,
    hop,
    udp,
)
from program import covers
from rows import Row

SOURCE, SOURCE_IPV4 = "2001:db8:77::1", "192.0.2.77"
GROUP = 300
MEMBERS = (CORE, SECOND_CORE, EXTERNAL)
FLOWS = 30


def flow(number):
    """Flows that differ in one port of two."""
    return IPv6(src=SOURCE, dst=CORRESPONDENT) / UDP(sport=1024 + number, dport=2048) / Raw(bytes(8))


def flow4(number):
    return IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4) / TCP(sport=1024, dport=2048 + number) / Raw(bytes(8))


class NextHopGroupTest(PacketTest):
    def spread(self, packets, expected, members=MEMBERS):
        """Send all; each has to leave by one of the members, as `expected` makes it there. The members by packet."""
        for packet in packets:
            self.send(CORE, from_core(packet))
        outcomes = {
            (port, bytes(expected(packet, rows.member_mac(port)))): (number, port)
            for number, packet in enumerate(packets)
            for port in members
        }
        assert len(outcomes) == len(packets) * len(members), "the flows have to differ as frames"
        found, packet_ins, sentinels = self._collect()
        assert not packet_ins, packet_ins
        unexpected = [(port, received.hex()) for port, received in found if (port, received) not in outcomes]
        assert not unexpected, f"not of a member of {members}: {unexpected}"
        chosen = [outcomes[port, received] for port, received in found]
        assert sorted(number for number, _ in chosen) == list(range(len(packets))), "each packet once"
        before, self._counted = self._counted, read_counters()
        expect_equal("counters", Counter({("punts", "PUNT_ND"): sentinels}), self._counted - before)
        return dict(chosen)

    def expect_spread(self, packets, expected, members=MEMBERS):
        chosen = self.spread(packets, expected, members)
        unused = set(members) - set(chosen.values())
        assert not unused, f"no flow of {len(packets)} has chosen {unused}"
        assert self.spread(packets, expected, members) == chosen, "a flow has changed its path"
        return chosen


def routed(packet, mac):
    return frame(ROUTER, mac, hop(packet))


@covers("routes.to_next_hop_group", "ipv4_routes.to_next_hop_group", "next_hop_groups.forward")
class SpreadsRoutedFlowsTest(NextHopGroupTest):
    """Both families, over three core links; each flow keeps to its own."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP, *MEMBERS))
        for network in ("2001:db8:c::/64", "198.51.100.0/24"):
            self.insert(rows.route(network, "to_next_hop_group", next_hop_group_id=GROUP))
        for make in (flow, flow4):
            self.expect_spread([make(number) for number in range(FLOWS)], routed)


class SpreadsFlowsByAddressTest(NextHopGroupTest):
    """Flows without ports: by source, by destination, by protocol, by flow label (RFC 6438 s3)."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP, *MEMBERS))
        for network in ("2001:db8:c::/64", "198.51.100.0/24"):
            self.insert(rows.route(network, "to_next_hop_group", next_hop_group_id=GROUP))
        makers = [
            lambda number: IPv6(src=f"2001:db8:77::{number:x}", dst=CORRESPONDENT, nh=59),
            lambda number: IPv6(src=SOURCE, dst=f"2001:db8:c::{number:x}", nh=59),
            lambda number: IPv6(src=SOURCE, dst=CORRESPONDENT, nh=59, fl=number + 1),
            lambda number: IPv6(src=SOURCE, dst=CORRESPONDENT, nh=140 + number),
            lambda number: IP(src=f"192.0.2.{number}", dst=CORRESPONDENT_IPV4, proto=253),
            lambda number: IP(src=SOURCE_IPV4, dst=f"198.51.100.{number}", proto=253),
            lambda number: IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, proto=140 + number),
        ]
        for make in makers:
            self.expect_spread([make(number) for number in range(FLOWS)], routed)


class KeepsFlowTogetherTest(NextHopGroupTest):
    """What is no part of the flow's name does not change its path: sizes, hop limits, DSCP, and with a flow label the
    ports, so that fragments go the way of the rest (RFC 6438 s3)."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP, *MEMBERS))
        for network in ("2001:db8:c::/64", "198.51.100.0/24"):
            self.insert(rows.route(network, "to_next_hop_group", next_hop_group_id=GROUP))
        families = [
            [udp(SOURCE, CORRESPONDENT, size=48 + number, hlim=64 - number, tc=number * 4) for number in range(FLOWS)],
            [IPv6(src=SOURCE, dst=CORRESPONDENT, fl=0x12345) / UDP(sport=number, dport=9) for number in range(FLOWS)],
            [
                IP(src=SOURCE_IPV4, dst=CORRESPONDENT_IPV4, id=number, ttl=99 - number) / UDP()
                for number in range(FLOWS)
            ],
        ]
        for packets in families:
            assert len(set(self.spread(packets, routed).values())) == 1


@covers("tunnel_paths.set_path_group")
class SpreadsFlowsInTunnelTest(NextHopGroupTest):
    """The inner flow chooses the link of the tunnel, over IPv6 and over IPv4; to where its outer headers name."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP, *MEMBERS))
        for peer in (PEER, PEER_IPV4):
            path = {"next_hop_group_id": GROUP, "mtu": 1440}
            self.insert(
                rows.tunnel_header(peer), Row("tunnel_paths", {"tunnel_id": peer.tunnel_id}, "set_path_group", path)
            )
        for node, peer in ((NODE, PEER), (NODE_IPV4, PEER), (NODE._replace(address="2001:db8:1:c::1"), PEER_IPV4)):
            self.insert(rows.tunnelled(node, peer))
            packets = [flow4(number) if node == NODE_IPV4 else flow(number) for number in range(FLOWS)]
            for packet in packets:
                packet.dst = node.address

            def tunnelled(packet, mac, peer=peer):
                return encapsulated(hop(packet), peer, dst=mac)

            self.expect_spread(packets, tunnelled)


class MovesFlowsOfLostMemberTest(NextHopGroupTest):
    """A link fails: one MODIFY, and no flow goes there any more; what comes back is used again."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP, *MEMBERS))
        self.insert(rows.route("2001:db8:c::/64", "to_next_hop_group", next_hop_group_id=GROUP))
        packets = [flow(number) for number in range(FLOWS)]
        before = self.expect_spread(packets, routed)
        for lost in MEMBERS:
            rest = tuple(port for port in MEMBERS if port != lost)
            self.modify(rows.next_hop_group(GROUP, *rest))
            self.expect_spread(packets, routed, rest)
        self.modify(rows.next_hop_group(GROUP, EXTERNAL))
        assert set(self.spread(packets, routed, (EXTERNAL,)).values()) == {EXTERNAL}
        self.modify(rows.next_hop_group(GROUP, *MEMBERS))
        assert self.expect_spread(packets, routed) == before


class KeepsGroupsApartTest(NextHopGroupTest):
    """The members of one group are never another's."""

    def runTest(self):
        groups = {GROUP: (CORE, SECOND_CORE), GROUP + 1: (SECOND_CORE, EXTERNAL), 0xFFFF: (CORE, EXTERNAL)}
        for number, (group, members) in enumerate(groups.items()):
            self.insert(rows.next_hop_group(group, *members))
            network = f"2001:db8:c:{number}::/64"
            self.insert(rows.route(network, "to_next_hop_group", next_hop_group_id=group))
        for number, members in enumerate(groups.values()):
            packets = [flow(port) for port in range(FLOWS)]
            for packet in packets:
                packet.dst = f"2001:db8:c:{number}::9"
            self.expect_spread(packets, routed, members)


@covers("DROP_NEXT_HOP_GROUP_UNKNOWN")
class DropsToUnknownNextHopGroupTest(PacketTest):
    """For a route and for a tunnel, next to a group that is known."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP + 1, *MEMBERS), rows.tunnelled(NODE, PEER), rows.tunnel_header(PEER))
        for network in ("2001:db8:c::/64", "198.51.100.0/24"):
            self.insert(rows.route(network, "to_next_hop_group", next_hop_group_id=GROUP))
        path = {"next_hop_group_id": GROUP, "mtu": 1440}
        self.insert(Row("tunnel_paths", {"tunnel_id": PEER.tunnel_id}, "set_path_group", path))
        for packet in (flow(1), flow4(1), udp(SOURCE, NODE.address)):
            self.send(CORE, from_core(packet))
            self.expect(drops=["DROP_NEXT_HOP_GROUP_UNKNOWN"])


@covers("PUNT_PACKET_TOO_BIG")
class ChecksMtuOfChosenMemberTest(PacketTest):
    """Of a route the port's, of a tunnel the tunnel's."""

    def runTest(self):
        self.insert(rows.next_hop_group(GROUP, NO_MTU), rows.tunnelled(NODE, PEER), rows.tunnel_header(PEER))
        self.insert(rows.route("2001:db8:c::/64", "to_next_hop_group", next_hop_group_id=GROUP))
        path = {"next_hop_group_id": GROUP, "mtu": 1400}
        self.insert(Row("tunnel_paths", {"tunnel_id": PEER.tunnel_id}, "set_path_group", path))
        for destination, octets in ((CORRESPONDENT, 1280), (NODE.address, 1400)):
            packet = from_core(udp(SOURCE, destination, size=octets + 1))
            self.send(CORE, packet)
            punt = PacketIn("PUNT_PACKET_TOO_BIG", CORE, packet, octets)
            self.expect(punts=[punt], drops=["DROP_PACKET_TOO_BIG"])

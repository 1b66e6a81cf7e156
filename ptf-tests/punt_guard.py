# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The CPU port's guard: a meter for each reason of a punt.

A rate of 0 gives nothing back, so that a meter lets through its burst and not a packet more.
"""

from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

import rows
from base import AS_RECEIVED, PacketIn, PacketTest, write_meter
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    EXTERNAL,
    LOCAL,
    NEXT_HOP,
    NODE,
    UNROUTED,
    from_core,
    from_node,
    to_next_hop,
    udp,
)
from program import PUNTS, covers

SOURCE = "2001:db8:77::1"
UNRESOLVED = "2001:db8:d::1"
UNUSED = "2001:db8:1:77::1"
FRAMES = {  # at a core port
    "PUNT_ARP": Ether(src=NEXT_HOP, dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="192.0.2.8", pdst="192.0.2.9", hwsrc=NEXT_HOP),
    "PUNT_LOCAL": from_core(IPv6(src=SOURCE, dst=LOCAL) / ICMPv6EchoRequest()),
    "PUNT_NEIGHBOR_UNRESOLVED": from_core(udp(SOURCE, UNRESOLVED)),
    "PUNT_NO_ROUTE": from_core(udp(SOURCE, UNROUTED)),
    "PUNT_NO_BINDING": from_core(udp(SOURCE, UNUSED)),
    "PUNT_HOP_LIMIT": from_core(udp(SOURCE, CORRESPONDENT, hlim=1)),
}
DROPPED = {  # punt reasons that are drops as well
    "PUNT_NO_ROUTE": "DROP_NO_ROUTE",
    "PUNT_NO_BINDING": "DROP_NO_BINDING",
    "PUNT_HOP_LIMIT": "DROP_HOP_LIMIT",
}


class PuntGuardTest(PacketTest):
    def setUp(self):
        super().setUp()
        self.insert(*rows.to_correspondent(), rows.to_switch())
        self.insert(rows.route("2001:db8:d::/64", "resolve"), rows.route("2001:db8:1::/48", "no_binding"))

    def limit(self, reason, burst, *, committed=0):
        self.set_meter("punt_meters", PUNTS[reason], cir=0, pir=0, cburst=committed, pburst=burst)

    def send_all(self, *reasons):
        for reason in reasons:
            self.send(CORE, FRAMES[reason])

    def expect_punted(self, *reasons, drops=(), metered=()):
        punts = [PacketIn(reason, CORE, FRAMES[reason]) for reason in reasons]
        self.expect(punts=punts, drops=drops, metered=metered)


@covers("punts", *FRAMES)
class PuntsWithoutLimitTest(PuntGuardTest):
    """Meters that are not configured hold back nothing."""

    def runTest(self):
        for reason in FRAMES:
            self.send_all(*[reason] * 10)
            self.expect_punted(*[reason] * 10, drops=[DROPPED[reason]] * 10 if reason in DROPPED else [])


@covers("punt_meters", "punts", "punts_metered", "DROP_PUNT_METERED")
class HoldsBackPuntsAboveTheirBurstTest(PuntGuardTest):
    """Each of the reasons: two packets reach the controller, then they are dropped and counted as held back."""

    def runTest(self):
        for reason in FRAMES.keys() - DROPPED.keys():
            self.limit(reason, 2)
            self.send_all(*[reason] * 5)
            self.expect_punted(reason, reason, drops=["DROP_PUNT_METERED"] * 3, metered=[reason] * 3)


@covers("punt_meters", "punts_metered", *DROPPED.values())
class KeepsReasonOfDropTest(PuntGuardTest):
    """What is dropped anyway counts for why, whether the controller is shown it or not."""

    def runTest(self):
        for reason, drop in DROPPED.items():
            self.limit(reason, 2)
            self.send_all(*[reason] * 5)
            self.expect_punted(reason, reason, drops=[drop] * 5, metered=[reason] * 3)


class LimitsReasonsApartTest(PuntGuardTest):
    """A reason whose burst is used up takes nothing from the others."""

    def runTest(self):
        for reason in FRAMES:
            self.limit(reason, 0)
            others = [other for other in FRAMES if other != reason]
            self.send_all(*FRAMES)
            dropped = [DROPPED[other] for other in FRAMES if other in DROPPED]
            if reason not in DROPPED:
                dropped.append("DROP_PUNT_METERED")
            self.expect_punted(*others, drops=dropped, metered=[reason])
            write_meter("punt_meters", PUNTS[reason], None)


class PuntsYellowTest(PuntGuardTest):
    """Only red is held back: it is the peak that limits."""

    def runTest(self):
        reason = "PUNT_LOCAL"
        self.limit(reason, 3, committed=1)
        self.send_all(*[reason] * 4)
        self.expect_punted(*[reason] * 3, drops=["DROP_PUNT_METERED"], metered=[reason])


class SharesLimitAmongPortsTest(PuntGuardTest):
    """The CPU port is one: what comes in by different ports, and again from the controller, is of the same reason."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE))
        self.limit("PUNT_LOCAL", 2)
        packet = from_node(IPv6(src=NODE.address, dst=LOCAL) / ICMPv6EchoRequest())
        self.send(ACCESS, packet)
        self.expect(punts=[PacketIn("PUNT_LOCAL", ACCESS, packet)])
        self.packet_out(packet, AS_RECEIVED, ACCESS)
        self.expect(punts=[PacketIn("PUNT_LOCAL", ACCESS, packet)])
        self.send_all("PUNT_LOCAL")
        self.expect_punted(drops=["DROP_PUNT_METERED"], metered=["PUNT_LOCAL"])


class ForwardsWhileHoldingBackTest(PuntGuardTest):
    """The guard is the CPU port's: what is forwarded is none of its business."""

    def runTest(self):
        for reason in FRAMES:
            self.limit(reason, 0)
        packet = udp(SOURCE, CORRESPONDENT)
        for _ in range(3):
            self.send(CORE, from_core(packet))
        self.expect(*[(EXTERNAL, to_next_hop(packet))] * 3)

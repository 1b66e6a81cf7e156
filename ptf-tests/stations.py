# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whose frames the router takes for its own."""

import frames
import rows
from base import PacketTest
from frames import ACCESS, ANCHOR, CORE, CORRESPONDENT, EXTERNAL, NODE, STRANGER, frame, from_core, to_next_hop, udp
from program import covers

UPLINK = udp(NODE.address, CORRESPONDENT)


@covers("DROP_NOT_MY_STATION", "my_stations.drop_not_my_station")
class DropsFramesForOtherStationsTest(PacketTest):
    """Unknown unicast that a switch behind the port has flooded, and unicast packets in multicast frames."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent())
        for port in (ACCESS, CORE, EXTERNAL):
            for mac in (STRANGER, "33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"):
                self.send(port, frame(NODE.mac, mac, UPLINK))
                self.expect(drops=["DROP_NOT_MY_STATION"])


@covers("my_stations.admit")
class AdmitsOwnStationTest(PacketTest):
    def runTest(self):
        self.insert(*rows.to_correspondent())
        self.send(CORE, from_core(UPLINK))
        self.expect((EXTERNAL, to_next_hop(UPLINK)))


@covers("my_stations.admit", "DROP_NOT_MY_STATION")
class AdmitsAnchorOnItsPortTest(PacketTest):
    """A node may still send by way of an earlier anchor's MAC, where that is shown (RFC 8885 s3.7)."""

    def runTest(self):
        self.insert(rows.attached(NODE), rows.permitted(NODE), *rows.to_correspondent(), rows.station(ACCESS, ANCHOR))
        self.send(ACCESS, frame(NODE.mac, ANCHOR, UPLINK))
        self.expect((EXTERNAL, to_next_hop(UPLINK)))
        self.send(frames.SECOND_CORE, frame(NODE.mac, ANCHOR, UPLINK))
        self.expect(drops=["DROP_NOT_MY_STATION"])

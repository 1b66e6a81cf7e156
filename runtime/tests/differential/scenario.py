# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that one seed asks of a switch."""

from dataclasses import dataclass
from random import Random

from finsy.proto import p4i

from .frames import Traffic
from .rows import PORTS, Group, Meter, Row, random_groups, random_meters, random_rows
from .target import AS_RECEIVED, ROUTED, TO_PORT, PacketOut

FRAMES = 600
PACKET_OUTS = 100
MODES = (TO_PORT, AS_RECEIVED, AS_RECEIVED, ROUTED, ROUTED, 3, 255)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is in the tables, and what then comes in by the ports and from the controller."""

    rows: list[Row]
    groups: list[Group]
    meters: list[Meter]
    frames: list[tuple[int, bytes]]
    packet_outs: list[PacketOut]

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.rows, *self.groups, *self.meters)))


def scenario(seed: int, info: p4i.P4Info) -> Scenario:
    """The same one for the same seed and program."""
    random = Random(seed)
    rows = random_rows(random, info)
    groups, meters = random_groups(random), random_meters(random)
    traffic = Traffic(random, rows)
    frames = [traffic.next() for _ in range(FRAMES)]
    return Scenario(rows, groups, meters, frames, [_packet_out(random, traffic) for _ in range(PACKET_OUTS)])


def _packet_out(random: Random, traffic: Traffic) -> PacketOut:
    port, frame = traffic.next()
    return PacketOut(
        port if random.random() < 0.8 else random.choice((*PORTS, 0, 77, 511)), random.choice(MODES), frame
    )

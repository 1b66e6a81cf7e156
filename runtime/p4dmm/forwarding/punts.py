# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Why the pipeline hands a packet to the controller, and how many of each kind it may hand over."""

from collections.abc import Iterator
from enum import IntEnum
from math import ceil

from .rows import Row, meter_row
from .topology import Topology


class PuntReason(IntEnum):
    """packet_in.reason and the index of its meter, p4src/constants.p4 (a test compares them)."""

    NODE_UNKNOWN = 1
    ND = 2
    MLD = 3
    DHCP = 4
    LOCAL = 5
    HOP_LIMIT = 6
    PACKET_TOO_BIG = 7
    SOURCE_UNBOUND = 8
    NO_ROUTE = 9
    NO_BINDING = 10
    NEIGHBOR_UNRESOLVED = 11
    ARP = 12
    CARE_OF_MISMATCH = 13
    LINK_PROBE = 14


def punt_meter_rows(topology: Topology, switch: str) -> Iterator[Row]:
    """The guard of a switch's CPU port: red is dropped there, and nothing is yellow."""
    for reason in PuntReason:
        if reason is PuntReason.LINK_PROBE:
            # Twice what the neighbours send: after a standstill they come together.
            rate = 2 * ceil(1 / topology.network.link_probes.interval_s) * max(1, len(topology.neighbours(switch)))
        else:
            rate = getattr(topology.network.punt_rates, reason.name.lower())
        yield meter_row(switch, "punt_meters", int(reason), (rate, rate, rate, rate))

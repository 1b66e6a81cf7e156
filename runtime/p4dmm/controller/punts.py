# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Why the pipeline hands a packet to the controller: packet_in.reason, p4src/constants.p4 (a test compares them)."""

from enum import IntEnum


class PuntReason(IntEnum):
    """Values of packet_in.reason."""

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


IN_VAIN = frozenset(
    {
        PuntReason.HOP_LIMIT,
        PuntReason.PACKET_TOO_BIG,
        PuntReason.SOURCE_UNBOUND,
        PuntReason.NO_ROUTE,
        PuntReason.NO_BINDING,
    }
)
"""Packets that are dropped; the punted copy is for the ICMPv6 error."""

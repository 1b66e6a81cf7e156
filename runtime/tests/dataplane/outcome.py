# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What may become of a frame, and the numbers that say so."""

from dataclasses import dataclass
from enum import IntEnum

from .state import CPU_PORT


class Reason(IntEnum):
    """Of a packet-in."""

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


class Drop(IntEnum):
    """Why a packet was dropped; the egress counts TUNNEL_UNKNOWN of its own."""

    PORT_UNKNOWN = 1
    MALFORMED = 2
    ETHERTYPE = 3
    NOT_MY_STATION = 4
    ND_INVALID = 5
    MULTICAST = 6
    LINK_LOCAL = 7
    MARTIAN = 8
    SOURCE_UNBOUND = 9
    TUNNEL_PEER_UNKNOWN = 10
    TUNNEL_SOURCE_UNBOUND = 11
    TUNNEL_HAIRPIN = 12
    TUNNEL_ECN = 13
    TUNNEL_UNKNOWN = 14
    NO_BINDING = 15
    NO_ROUTE = 16
    NEXT_HOP_UNKNOWN = 17
    HOP_LIMIT = 18
    PACKET_TOO_BIG = 19
    LOCAL_UNSUPPORTED = 20
    PACKET_OUT_INVALID = 21
    TUNNEL_FRAGMENT = 22
    TUNNEL_LENGTH = 23
    GRE_KEY_UNKNOWN = 24
    CARE_OF_MISMATCH = 25
    FLOW_UNMATCHED = 26
    FLOW_DISCARDED = 27
    NEXT_HOP_GROUP_UNKNOWN = 30


@dataclass(frozen=True)
class Outcome:
    """(port, frame) that left, sorted, packets-in at CPU_PORT; and the drops that were counted by either direction."""

    frames: tuple[tuple[int, bytes], ...] = ()
    drops: tuple[tuple[str, int], ...] = ()


class Stop(Exception):  # noqa: N818  not an error: the packet's way ends here
    """Raised where a packet goes no further."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def dropped(reason: Drop) -> Stop:
    return Stop(Outcome((), (("ingress", int(reason)),)))


def punted(reason: Reason, port: int, frame: bytes, argument: int = 0, *, drop: Drop | None = None) -> Stop:
    """A packet-in, and a drop as well if the copy is for an ICMP error only."""
    header = port.to_bytes(2, "big") + bytes([reason]) + argument.to_bytes(4, "big")
    drops = () if drop is None else (("ingress", int(drop)),)
    return Stop(Outcome(((CPU_PORT, header + frame),), drops))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What punted packets may cost the controller itself."""

from p4dmm.config import PortRef
from p4dmm.forwarding import PuntReason
from p4dmm.mobility.rates import TokenBucket

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

TRIGGER_RATE, TRIGGER_BURST = 2000.0, 1000
"""Frames of unknown nodes, a second and at once, from one port: a crowd that moves together, each with several frames
before it is installed."""

RATE, BURST = 500.0, 200
"""Of every other reason. Nodes and hosts speak to their router a few times a minute each; the rest is answered by
errors, which have a lower rate of their own."""


class PuntMeter:
    """What one port may cost the controller, by reason, so that no port and no kind of packet takes the others' share.

    As many buckets as there are ports and reasons: to be asked for ports of the topology only.
    """

    def __init__(self) -> None:
        self._buckets: dict[tuple[PortRef, PuntReason], TokenBucket] = {}

    def admits(self, at: PortRef, reason: PuntReason, now: float) -> bool:
        bucket = self._buckets.get((at, reason))
        if bucket is None:
            is_trigger = reason is PuntReason.NODE_UNKNOWN
            bucket = TokenBucket(TRIGGER_RATE, TRIGGER_BURST) if is_trigger else TokenBucket(RATE, BURST)
            self._buckets[at, reason] = bucket
        return bucket.take(now)

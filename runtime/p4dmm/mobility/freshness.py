# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a Proxy Binding Update is newer than what was accepted of its node before (RFC 5213 section 5.5)."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from p4dmm.wire.mobility import BaStatus, ProxyBindingUpdate, Timestamp, is_newer

from .exchange import TICKS_PER_S, ticks


@dataclass(frozen=True, slots=True)
class Freshness:
    """What was last accepted of a node. Sequence numbers are those of the peer that sent them."""

    timestamp: int | None = None
    """Units of 1/65536 s since 1970."""
    sequence: int | None = None
    peer: IPv6Address | None = None

    def rejection(
        self, update: ProxyBindingUpdate, source: IPv6Address, now: float, *, window_s: float
    ) -> BaStatus | None:
        """The status that says why the update is not newer; None if it is. `window_s` is TimestampValidityWindow, by
        which clocks may differ."""
        stamp = update.option(Timestamp)
        if stamp is not None:
            given = ticks(stamp)
            if self.timestamp is not None and given < self.timestamp:
                return BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
            if given == self.timestamp or abs(given / TICKS_PER_S - now) > window_s:
                return BaStatus.TIMESTAMP_MISMATCH
            return None
        if self.sequence is None or source != self.peer or is_newer(update.sequence, self.sequence):
            return None
        return BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW

    def accept(self, update: ProxyBindingUpdate, source: IPv6Address) -> "Freshness":
        """With that update as the last one. One that had to wait may be older than what came meanwhile."""
        stamp = update.option(Timestamp)
        timestamp = self.timestamp if stamp is None else max(ticks(stamp), self.timestamp or 0)
        return Freshness(timestamp, update.sequence, source)

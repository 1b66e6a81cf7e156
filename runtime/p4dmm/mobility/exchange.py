# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility messages as the roles see them, and requests that wait for their answers.

Time is in seconds since 1970 UTC, the epoch of the Timestamp option (RFC 5213 section 8.8).
"""

from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from p4dmm.wire.mobility import (
    BaStatus,
    Message,
    MobileNodeIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    Timestamp,
    successor,
)

INITIAL_BINDACK_TIMEOUT_S = 1.0
MAX_BINDACK_TIMEOUT_S = 32.0
"""RFC 6275 section 12; the wait doubles from one to the other (RFC 8885 section 3.6)."""

TICKS_PER_S = 1 << 16
"""Of `ticks`."""
_OWN_CLOCK = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)


@dataclass(frozen=True, slots=True)
class Received:
    """A message from a peer that may send it, authentic where that is asked for."""

    message: Message
    source: IPv6Address
    destination: IPv6Address
    """An address of the switch whose role gets it."""


@dataclass(frozen=True, slots=True)
class Send:
    """A message to a peer."""

    message: Message
    source: IPv6Address
    destination: IPv6Address


@dataclass(frozen=True, slots=True)
class TimeReached:
    """The time that `due` of the role named for this state has come."""


def ticks(timestamp: Timestamp) -> int:
    """A Timestamp option as one number, in units of 1/65536 s since 1970."""
    return timestamp.seconds << 16 | timestamp.fraction


def timestamp_at(now: float) -> Timestamp:
    """The option for a time."""
    seconds, fraction = divmod(int(now * TICKS_PER_S), TICKS_PER_S)
    return Timestamp(seconds=seconds, fraction=fraction)


@dataclass(frozen=True, slots=True)
class PendingUpdate:
    """A Proxy Binding Update that has no answer yet. Every copy has a sequence number, and a timestamp if the first had
    one, of its own (RFC 6275 section 11.8, RFC 5213 section 6.9.4); an answer to an earlier copy is none."""

    update: ProxyBindingUpdate
    """The last copy sent."""
    source: IPv6Address
    peer: IPv6Address
    repeat_at: float
    wait_s: float = INITIAL_BINDACK_TIMEOUT_S
    """How long the last copy waits."""
    copies: int = 1

    @property
    def sending(self) -> Send:
        """The last copy, to be sent."""
        return Send(self.update, self.source, self.peer)

    def repeated(self, now: float) -> "PendingUpdate":
        """With the next copy, to be sent now."""
        wait_s = min(2 * self.wait_s, MAX_BINDACK_TIMEOUT_S)
        update = _stamped(self.update, successor(self.update.sequence), now)
        return replace(self, update=update, repeat_at=now + wait_s, wait_s=wait_s, copies=self.copies + 1)

    def is_answered_by(self, received: Received) -> bool:
        """Whether this is the answer of that peer to the last copy: sequence number, MN-ID, D flag and timestamp are
        the same. A peer that rejects the timestamp sends its own clock's instead (RFC 5213 section 5.5), and one that
        does not know the D flag rejects without it (RFC 8885 section 4.1)."""
        ack, update = received.message, self.update
        if not isinstance(ack, ProxyBindingAck) or received.source != self.peer:
            return False
        if received.destination != self.source or ack.sequence != update.sequence:
            return False
        if ack.option(MobileNodeIdentifier) != update.option(MobileNodeIdentifier):
            return False
        if ack.dmm != update.dmm and (ack.dmm or ack.status < BaStatus.REASON_UNSPECIFIED):
            return False
        if ack.status in _OWN_CLOCK:
            return True
        return ack.option(Timestamp) == update.option(Timestamp)


def begin(
    update: ProxyBindingUpdate, *, source: IPv6Address, peer: IPv6Address, last_sequence: int, now: float
) -> PendingUpdate:
    """A request with its first copy, to be sent now. `update` says everything but the sequence number; a Timestamp
    option in it is replaced by that of `now`."""
    stamped = _stamped(update, successor(last_sequence), now)
    return PendingUpdate(stamped, source, peer, repeat_at=now + INITIAL_BINDACK_TIMEOUT_S)


def _stamped(update: ProxyBindingUpdate, sequence: int, now: float) -> ProxyBindingUpdate:
    before = update.option(Timestamp)
    options = update.options
    if before is not None:
        # Never the same twice, however coarse the clock is.
        later = max(ticks(timestamp_at(now)), ticks(before) + 1) if before.seconds else ticks(timestamp_at(now))
        stamp = Timestamp(seconds=later >> 16, fraction=later & (TICKS_PER_S - 1))
        options = tuple(stamp if option is before else option for option in options)
    return replace(update, sequence=sequence, options=options)

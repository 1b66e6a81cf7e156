# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who may signal, how much, and whether it is genuine: everything asked of a message before a role gets it.

In this order: both addresses are of switches that may signal to each other; the peer has not sent too much; the message
can be read; it is authentic (RFC 4285 section 5.1); it is new (section 6). RFC 4285 speaks of Binding Updates and their
acknowledgements; here every message with options is treated so. What it calls care-of address and home address are the
source and the destination of the packet, of requests and answers alike: a message can neither be sent back to where it
came from nor on to another switch.

An answer has the stamp of its request. One that nobody asked for, such as that of a previous MAAR to the serving one
(RFC 8885 section 3.3), has its sender's own and is checked as a request is.
"""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import IPv6Address

from p4dmm.wire.mobility import (
    BaStatus,
    BindingAck,
    BindingError,
    BindingUpdate,
    Message,
    MessageAuthentication,
    MessageReplayProtection,
    MobileNodeIdentifier,
    MobilityError,
    ProxyBindingAck,
    ProxyBindingUpdate,
    Reaction,
    UnknownMessage,
    covered_by,
    decode_mobility,
    is_authentic,
    mn_ha_authenticator,
    sign_mn_ha,
)
from p4dmm.wire.mobility.status import BindingErrorStatus
from p4dmm.wire.mobility.values import AuthSubtype

from .exchange import Received, Send
from .pmipv6.answers import rejected
from .pmipv6.request import Request
from .rates import TokenBucket
from .replay import ReplayGuard, difference_s, is_later, later, option_of, refused, stamp_at, stamp_of
from .stamps import Exchanges, answered_by, answers, node_of

_UNSPECIFIED = IPv6Address("::")
_FRACTION = (1 << 32) - 1
_CLOCK_GAP = (1 << 10) - 1
"""The bits of a stamp that a clock in double precision leaves zero; RFC 4285 section 6 wants chance there."""


class RefusalReason(Enum):
    """Why a message went no further."""

    STRANGER = "stranger"
    """Not from a switch that may signal to that address."""
    TOO_MANY = "too many"
    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown type"
    UNAUTHENTICATED = "unauthenticated"
    """It has no authentication option."""
    AUTHENTICATION_MISPLACED = "authentication misplaced"
    """There are two of a kind, or they are not where RFC 4285 sections 5 to 5.2 have them."""
    UNKNOWN_SPI = "unknown spi"
    """No security association with the peer has it."""
    FORGED = "forged"
    NO_REPLAY_PROTECTION = "no replay protection"
    REPLAYED = "replayed"
    """Or its sender's clock is wrong, or it came too late."""
    UNASKED = "unasked"
    """An answer with another stamp than the request."""
    CLOCK_ADJUSTED = "clock adjusted"
    """The peer did not accept a stamp: what is sent to it from now on follows its clock. The role repeats."""


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """A key shared with a peer (RFC 4285 section 5.1); the algorithm is HMAC-SHA1."""

    spi: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Peering:
    """What one switch has agreed with another."""

    messages_per_s: int
    """Taken, and as many at once."""
    associations: tuple[SecurityAssociation, ...] = ()
    """The first is the one to send with; where there are any, authentication is required (RFC 4285 section 5)."""
    replay_window_s: float = 7.0
    requires_authentication: bool = False
    """Also without an association: then nothing of the peer is genuine."""


@dataclass(frozen=True, slots=True)
class PeerState:
    """What has to be known of a peering after a restart, for the times that messages may be late."""

    own: IPv6Address
    peer: IPv6Address
    accepted: int | None
    """The latest stamp accepted from it."""
    sent: int | None
    """The latest stamp sent to it."""
    offset_s: int = 0
    """How much its clock is ahead."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """For the role. Without the options of RFC 4285, which are checked."""

    received: Received


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not for the role."""

    reason: RefusalReason
    answer: Send | None = None
    """What the peer is told; None: nothing."""
    error: MobilityError | None = None
    """Of a malformed message; its reaction may be an ICMPv6 Parameter Problem, which is the caller's to send."""


class _Peer:
    """One peering as it stands."""

    def __init__(self, peering: Peering, accepted: int | None, sent: int | None, offset_s: int) -> None:
        self.peering = peering
        self.guard = ReplayGuard(peering.replay_window_s, accepted)
        self.asked = Exchanges()
        """Stamps of own requests, which answers have to have."""
        self.owed = Exchanges()
        """Stamps of the peer's requests, which own answers have to have."""
        self.offset_s = offset_s
        self.sent = sent
        self.messages = TokenBucket(peering.messages_per_s, peering.messages_per_s)

    def next_stamp(self, key: bytes, now: float) -> int:
        clock = stamp_at(now + self.offset_s)
        clock |= int.from_bytes(hmac.digest(key, clock.to_bytes(8, "big"), "sha1")[:2], "big") & _CLOCK_GAP
        if self.sent is not None and not is_later(clock, self.sent):
            clock = later(self.sent, 1)
        self.sent = clock
        return clock

    def follow(self, stamp: int, now: float) -> None:
        ahead = round(difference_s(stamp, stamp_at(now)))
        offset_s = ahead if abs(ahead) > 1 else 0
        if offset_s != self.offset_s:
            self.offset_s, self.sent = offset_s, None


class Peers:
    """All peerings of the switches of one controller. Time is in seconds since 1970."""

    def __init__(
        self,
        peering: Callable[[IPv6Address, IPv6Address], Peering | None],
        states: Iterable[PeerState] = (),
        since: float | None = None,
    ) -> None:
        """`peering` says what an address of ours (the first) has agreed with another, None: nothing, it may not signal.
        `states` are those of a process before this one. `since`: of a peering that is not among them, what was stamped
        earlier may have been accepted by such a process; None: there was none."""
        self._peering = peering
        self._states = {(state.own, state.peer): state for state in states}
        self._since = None if since is None else stamp_at(since)
        self._peers: dict[tuple[IPv6Address, IPv6Address], _Peer] = {}

    def admit(self, data: bytes, source: IPv6Address, destination: IPv6Address, now: float) -> Admitted | Refusal:
        """Check a Mobility Header as it came, with the addresses of its packet; `destination` is ours."""
        peer = self._peer(destination, source)
        if peer is None:
            return Refusal(RefusalReason.STRANGER)
        if not peer.messages.take(now):
            return Refusal(RefusalReason.TOO_MANY)
        try:
            message = decode_mobility(data, source, destination)
        except MobilityError as error:
            answer = _unknown_type(source, destination) if error.reaction is Reaction.BINDING_ERROR else None
            reason = RefusalReason.UNKNOWN_TYPE if answer else RefusalReason.MALFORMED
            return Refusal(reason, answer, error)
        if isinstance(message, UnknownMessage):
            return Refusal(RefusalReason.UNKNOWN_TYPE, _unknown_type(source, destination))
        stamp = message.option(MessageReplayProtection)
        found = message.all_options(MessageAuthentication)
        if not peer.peering.associations:
            if found:
                return Refusal(RefusalReason.UNKNOWN_SPI)
            if peer.peering.requires_authentication:
                return Refusal(RefusalReason.UNAUTHENTICATED)
            if stamp is not None:
                # Asked for or not, the answer has it (RFC 4285 section 6).
                peer.owed.note(answered_by(message), stamp_of(stamp), now)
            return Admitted(Received(_plain(message), source, destination))
        return self._authenticate(peer, data, Received(message, source, destination), now)

    def protect(self, message: Message, source: IPv6Address, destination: IPv6Address, now: float) -> Message:
        """The message as it is to be sent from `source`, which is ours. One that has an authenticator is ready."""
        peer = self._peer(source, destination)
        if peer is None or not message.HAS_OPTIONS or message.option(MessageAuthentication) is not None:
            return message
        owed = peer.owed.stamp(answers(message), now)
        if not peer.peering.associations:
            return message if owed is None else _stamped(message, owed)
        association = peer.peering.associations[0]
        if owed is None:
            owed = peer.next_stamp(association.key, now)
            peer.asked.note(answered_by(message), owed, now)
        return _sign(_stamped(message, owed), association, source, destination)

    def states(self) -> tuple[PeerState, ...]:
        """Of all peerings that have security associations and were used, now or by the process before this one."""
        return tuple(
            {
                **self._states,
                **{
                    (own, address): PeerState(own, address, peer.guard.highest, peer.sent, peer.offset_s)
                    for (own, address), peer in self._peers.items()
                    if peer.peering.associations
                },
            }.values()
        )

    def _peer(self, own: IPv6Address, address: IPv6Address) -> _Peer | None:
        peer = self._peers.get((own, address))
        if peer is None:
            peering = self._peering(own, address)
            if peering is None:
                return None
            state = self._states.get((own, address)) or PeerState(own, address, self._since, None)
            peer = _Peer(peering, state.accepted, state.sent, state.offset_s)
            self._peers[own, address] = peer
        return peer

    def _authenticate(self, peer: _Peer, data: bytes, received: Received, now: float) -> Admitted | Refusal:
        message = received.message
        found = message.all_options(MessageAuthentication)
        option = next((option for option in found if option.subtype == AuthSubtype.MN_HA), None)
        if option is None:
            return Refusal(RefusalReason.UNAUTHENTICATED)
        if not _is_in_place(message, found):
            return Refusal(RefusalReason.AUTHENTICATION_MISPLACED)
        association = next((a for a in peer.peering.associations if a.spi == option.spi), None)
        if association is None:
            return Refusal(RefusalReason.UNKNOWN_SPI)
        stamp_option = message.option(MessageReplayProtection)
        stamp = None if stamp_option is None else stamp_of(stamp_option)
        covered = covered_by(data, message, option)
        expected = mn_ha_authenticator(association.key, received.source, received.destination, covered)
        if not is_authentic(expected, option):
            return Refusal(RefusalReason.FORGED, _reject(received, BaStatus.MIPV6_AUTH_FAIL, stamp, association, now))
        if stamp is None:
            answer = _reject(received, BaStatus.MIPV6_MESG_ID_REQD, None, association, now)
            return Refusal(RefusalReason.NO_REPLAY_PROTECTION, answer)
        refusal = self._check_stamp(peer, received, stamp, association, now)
        return refusal or Admitted(replace(received, message=_plain(message)))

    @staticmethod
    def _check_stamp(
        peer: _Peer, received: Received, stamp: int, association: SecurityAssociation, now: float
    ) -> Refusal | None:
        message = received.message
        asked = peer.asked.stamp(answers(message), now)
        if isinstance(message, BindingAck | ProxyBindingAck) and message.status == BaStatus.MIPV6_ID_MISMATCH:
            if asked is None or (asked ^ stamp) & _FRACTION:
                return Refusal(RefusalReason.UNASKED)
            peer.follow(stamp, now)
            return Refusal(RefusalReason.CLOCK_ADJUSTED)
        if asked is not None:
            return None if asked == stamp else Refusal(RefusalReason.UNASKED)
        if not peer.guard.accept(node_of(message), stamp, now):
            answer = _reject(received, BaStatus.MIPV6_ID_MISMATCH, refused(stamp, now), association, now)
            return Refusal(RefusalReason.REPLAYED, answer)
        peer.owed.note(answered_by(message), stamp, now)
        return None


def _is_in_place(message: Message, found: tuple[MessageAuthentication, ...]) -> bool:
    subtypes = [option.subtype for option in found]
    if subtypes not in ([AuthSubtype.MN_HA], [AuthSubtype.MN_HA, AuthSubtype.MN_AAA]):
        return False
    if len(found) > 1 and answers(message) is not None:
        return False
    return message.options[-len(found) :] == found


def _reject(
    received: Received, status: BaStatus, stamp: int | None, association: SecurityAssociation, now: float
) -> Send | None:
    """The acknowledgement that says so. RFC 4285 has one for Binding Updates only."""
    update, ours, theirs = received.message, received.destination, received.source
    ack: Message
    if isinstance(update, ProxyBindingUpdate):
        ack = rejected(Request.of(received), status, now).message
        if isinstance(ack, ProxyBindingAck):  # with the D flag as it came (RFC 8885 section 4.2)
            ack = replace(ack, dmm=update.dmm)
    elif isinstance(update, BindingUpdate):
        node = update.all_options(MobileNodeIdentifier)
        ack = BindingAck(status=status, sequence=update.sequence, lifetime=0, options=node)
    else:
        return None
    return Send(_sign(ack if stamp is None else _stamped(ack, stamp), association, ours, theirs), ours, theirs)


def _sign(message: Message, association: SecurityAssociation, source: IPv6Address, destination: IPv6Address) -> Message:
    return sign_mn_ha(message, association.key, association.spi, care_of=source, home=destination)


def _plain(message: Message) -> Message:
    kinds = (MessageAuthentication, MessageReplayProtection)
    if not any(isinstance(option, kinds) for option in message.options):
        return message
    return replace(message, options=tuple(o for o in message.options if not isinstance(o, kinds)), padding=None)


def _stamped(message: Message, stamp: int) -> Message:
    return replace(message, options=(*message.options, option_of(stamp)), padding=None)


def _unknown_type(source: IPv6Address, destination: IPv6Address) -> Send:
    error = BindingError(status=BindingErrorStatus.UNRECOGNIZED_MH_TYPE_VALUE, home_address=_UNSPECIFIED)
    return Send(error, destination, source)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which answer belongs to which request, as far as that is needed to compare their stamps (RFC 4285 section 6)."""

from p4dmm.wire.mobility import (
    BindingAck,
    BindingRevocationAck,
    BindingRevocationIndication,
    BindingUpdate,
    Heartbeat,
    LocalizedRoutingAck,
    LocalizedRoutingInitiation,
    Message,
    MobileNodeIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    UpdateNotification,
    UpdateNotificationAck,
)

from .exchange import MAX_BINDACK_TIMEOUT_S

Exchange = tuple[str, int, bytes]
"""Kind, sequence number, node."""

KEPT_S = 2 * MAX_BINDACK_TIMEOUT_S
"""How long an answer may take."""

MAX_EXCHANGES = 4096
"""With one peer at a time, in each direction; the oldest is forgotten for one more."""

_REQUESTS = {
    BindingUpdate: "binding",
    ProxyBindingUpdate: "proxy binding",
    BindingRevocationIndication: "revocation",
    LocalizedRoutingInitiation: "localized routing",
    UpdateNotification: "notification",
}
_ANSWERS = {
    BindingAck: "binding",
    ProxyBindingAck: "proxy binding",
    BindingRevocationAck: "revocation",
    LocalizedRoutingAck: "localized routing",
    UpdateNotificationAck: "notification",
}


class Exchanges:
    """Stamps of requests, for their answers. Of two requests that cannot be told apart the later one counts."""

    def __init__(self) -> None:
        self._stamps: dict[Exchange, tuple[int, float]] = {}

    def note(self, exchange: Exchange | None, stamp: int, now: float) -> None:
        """Remember that the request has that stamp; nothing for a message that has no answer."""
        if exchange is None:
            return
        self._stamps.pop(exchange, None)
        self._stamps[exchange] = stamp, now
        while self._stamps:
            oldest = next(iter(self._stamps))
            if len(self._stamps) <= MAX_EXCHANGES and now - self._stamps[oldest][1] <= KEPT_S:
                return
            del self._stamps[oldest]

    def stamp(self, exchange: Exchange | None, now: float) -> int | None:
        """That of the request; None if there was none, or long ago."""
        found = None if exchange is None else self._stamps.get(exchange)
        return found[0] if found is not None and now - found[1] <= KEPT_S else None

    def __len__(self) -> int:
        return len(self._stamps)


def answered_by(message: Message) -> Exchange | None:
    """The exchange that the message begins, if it is a request."""
    if isinstance(message, Heartbeat):
        return None if message.response else ("heartbeat", message.sequence, b"")
    return _exchange(_REQUESTS.get(type(message)), message)


def answers(message: Message) -> Exchange | None:
    """The exchange that the message ends, if it is an answer."""
    if isinstance(message, Heartbeat):
        return ("heartbeat", message.sequence, b"") if message.response and not message.unsolicited else None
    return _exchange(_ANSWERS.get(type(message)), message)


def node_of(message: Message) -> bytes:
    """Whom it is about; empty for the peer itself."""
    option = message.option(MobileNodeIdentifier)
    # Empty in the answer to an update that had none (RFC 5213 section 5.3.1, step 4).
    return bytes((option.subtype,)) + option.identifier if option is not None and option.identifier else b""


def _exchange(kind: str | None, message: Message) -> Exchange | None:
    sequence = getattr(message, "sequence", None)
    return None if kind is None or sequence is None else (kind, sequence, node_of(message))

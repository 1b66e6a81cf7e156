# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How a MAAR's Proxy Binding Updates leave: numbered and timed upwards over all of a node, repeated with doubled waits,
at most MAX_UPDATE_RATE of them within a second (RFC 8885 section 3.6, RFC 6275 section 12)."""

from dataclasses import replace
from typing import Literal

from p4dmm.mobility.exchange import MAX_BINDACK_TIMEOUT_S, PendingUpdate, Send, begin, ticks
from p4dmm.wire.mobility import ProxyBindingUpdate, Timestamp

from .maar_messages import Registration, update_of
from .maar_state import MaarNode, MaarParameters

MAX_UPDATE_RATE = 3
_SECOND = 1.0

Slot = Literal["pending", "retiring"]
"""A node may have two requests without an answer: for itself, and for a prefix to be given up."""


def send(
    parameters: MaarParameters, node: MaarNode, slot: Slot, registration: Registration, now: float
) -> tuple[MaarNode, tuple[Send, ...]]:
    """Begin a request, in place of the one that is in the slot. If it may not leave yet, it is due later."""
    request = _stamped(parameters, node, update_of(registration, parameters), now)
    allowed_at = _allowed_at(node, now)
    if allowed_at > now:
        return _put(node, slot, replace(request, repeat_at=allowed_at, copies=0)), ()
    return _left(_put(node, slot, request), request, now)


def repeat(parameters: MaarParameters, node: MaarNode, slot: Slot, now: float) -> tuple[MaarNode, tuple[Send, ...]]:
    """The next copy of a request."""
    before = node.pending if slot == "pending" else node.retiring
    assert before is not None
    allowed_at = _allowed_at(node, now)
    if allowed_at > now:
        return _put(node, slot, replace(before, repeat_at=allowed_at)), ()
    wait_s = min(2 * before.wait_s, MAX_BINDACK_TIMEOUT_S) if before.copies else before.wait_s
    request = _stamped(parameters, node, before.update, now)
    request = replace(request, repeat_at=now + wait_s, wait_s=wait_s, copies=before.copies + 1)
    return _left(_put(node, slot, request), request, now)


def _stamped(parameters: MaarParameters, node: MaarNode, update: ProxyBindingUpdate, now: float) -> PendingUpdate:
    """Numbers and times grow over all requests of the node, whichever slot they are in."""
    last = Timestamp(seconds=node.last_stamp >> 16, fraction=node.last_stamp & 0xFFFF)
    options = tuple(last if isinstance(option, Timestamp) else option for option in update.options)
    return begin(
        replace(update, options=options),
        source=parameters.address,
        peer=parameters.cmd,
        last_sequence=node.last_sequence,
        now=now,
    )


def _allowed_at(node: MaarNode, now: float) -> float:
    recent = [at for at in node.sent if now - _SECOND < at <= now]
    return recent[0] + _SECOND if len(recent) >= MAX_UPDATE_RATE else now


def _put(node: MaarNode, slot: Slot, request: PendingUpdate) -> MaarNode:
    return replace(node, pending=request) if slot == "pending" else replace(node, retiring=request)


def _left(node: MaarNode, request: PendingUpdate, now: float) -> tuple[MaarNode, tuple[Send, ...]]:
    stamp = request.update.option(Timestamp)
    assert stamp is not None
    node = replace(
        node,
        last_sequence=request.update.sequence,
        last_stamp=ticks(stamp),
        sent=(*node.sent, now)[-MAX_UPDATE_RATE:],
    )
    return node, (request.sending,)

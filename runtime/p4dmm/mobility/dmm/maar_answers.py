# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a MAAR as S-MAAR makes of acknowledgements: the CMD's, several for a request if need be, and those that P-MAARs
send themselves. Handlers are as in `maar_serving`.
"""

from collections.abc import Iterable
from dataclasses import replace

from p4dmm.mobility.effects import Advertise
from p4dmm.mobility.exchange import TICKS_PER_S, PendingUpdate, Received, ticks
from p4dmm.wire.mobility import (
    BaStatus,
    BindingError,
    HandoffIndicator,
    HandoffIndicatorValue,
    ProxyBindingAck,
    ServingMaar,
    Timestamp,
    is_rejection,
)
from p4dmm.wire.mobility.status import BindingErrorStatus

from .maar_messages import OWN_CLOCK, anchors_in, direct_anchors_in, echoes
from .maar_serving import MAX_RETRY_S, Output, Result, having_left, now_previous, refuse, retire_next
from .maar_state import Anchor, MaarNode, MaarParameters, Phase
from .prefix_options import anchored_networks

# Nothing gets better by asking again (RFC 5213 section 6.9.1.2): the node, or this MAAR, may not.
_FINAL = frozenset(
    (
        BaStatus.PROXY_REG_NOT_ENABLED,
        BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE,
        BaStatus.MAG_NOT_AUTHORIZED_FOR_PROXY_REG,
        BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX,
    )
)


def acknowledged(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """The CMD's answer to the registration or to its extension. `received` answers `pending`."""
    ack, request = _answer(received), node.pending
    assert request is not None
    is_first = node.phase is Phase.REGISTERING
    if not echoes(ack, request.update):
        # To be ignored, but asking again is no use (RFC 5213 section 6.9.1.2): an accepted registration just ends.
        reason = "the CMD's answer names another interface or handoff than the request"
        if is_first:
            return refuse(node, reason, None), ()
        return replace(node, pending=None, refresh_at=None, reason=reason), ()
    if is_rejection(ack.status):
        return _rejected(parameters, node, ack, now), ()
    if ack.lifetime == 0:
        return refuse(node, "the CMD granted no lifetime", _if_open(parameters, node, now)), ()
    if node.own_prefix not in anchored_networks(ack):
        return refuse(node, f"the CMD's answer does not have {node.own_prefix}", None), ()
    listed = anchors_in(ack, parameters)
    if is_first and _is_overtaken(node, request, listed):
        return now_previous(node), ()
    indicator = request.update.option(HandoffIndicator)
    is_extension = indicator is not None and indicator.indicator == HandoffIndicatorValue.HANDOFF_STATE_NOT_CHANGED
    if is_first:
        known: tuple[Anchor, ...] = ()
    elif is_extension and (listed or not parameters.locator):
        # What it leaves out is idle or revoked.
        known = tuple(anchor for anchor in node.anchors if any(anchor.prefix == new.prefix for new in listed))
    else:
        known = node.anchors
    was = _told(node)
    node = _served(parameters, node, request, ack.lifetime_s, now)
    node = replace(node, pending=None, answered=request, anchors=_merged(parameters, node, known, listed))
    if listed and not is_extension:
        # The CMD lists them in the order of the node's way.
        node = having_left(parameters, node, listed[-1].address, now)
    return node, (Advertise(),) if node.phase is Phase.SERVING and (is_first or _told(node) != was) else ()


def acknowledged_further(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """One more answer of the CMD to the same request: P-MAARs that had not answered it before (3.2)."""
    ack = _answer(received)
    if is_rejection(ack.status) or ack.lifetime == 0:
        return node, ()
    was, listed = _told(node), anchors_in(ack, parameters)
    if listed and not _same(node, listed[-1]):
        node = having_left(parameters, node, listed[-1].address, now)
    node = replace(node, anchors=_merged(parameters, node, node.anchors, listed))
    return node, (Advertise(),) if node.phase is Phase.SERVING and _told(node) != was else ()


def acknowledged_directly(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """A P-MAAR's own (3.3): with what is anchored there, and a sign that the CMD has accepted the registration. That is
    repeated a few times nevertheless unless the CMD answers, too: what others have sent may be lost."""
    ack = _answer(received)
    found = tuple(
        new
        for new in _direct_anchors(parameters, node, received)
        if all(_may_replace(new, old) for old in _same(node, new))
    )
    if not found:
        return node, ()
    is_first = node.phase is Phase.REGISTERING
    was = _told(node)
    if is_first:
        assert node.pending is not None
        node = _served(parameters, replace(node, anchors=()), node.pending, ack.lifetime_s, now)
    if any(not _same(node, new) for new in found):
        # Which of them it was at last, nobody says here.
        node = having_left(parameters, node, received.source, now)
    node = replace(node, anchors=_merged(parameters, node, node.anchors, found))
    return node, (Advertise(),) if node.phase is Phase.SERVING and (is_first or _told(node) != was) else ()


def retired(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """The CMD's answer to a de-registration of another anchor's prefix."""
    ack = _answer(received)
    prefix, *rest = node.idle
    if ack.status in OWN_CLOCK:
        return node, ()
    node = replace(node, retiring=None, idle=tuple(rest))
    outputs: tuple[Output, ...] = ()
    if not is_rejection(ack.status):
        # Nothing sent before may bring it back.
        node = replace(
            node,
            anchors=tuple(anchor for anchor in node.anchors if anchor.prefix != prefix),
            answered=None,
            direct_since=now,
        )
        outputs = (Advertise(),)
    node, sends = retire_next(parameters, node, now)
    return node, (*outputs, *sends)


def ended(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """The CMD's answer to the de-registration: forgotten. A lifetime other than 0 says that the node is elsewhere
    (3.5, second design), which the CMD will tell before that has passed."""
    ack = _answer(received)
    if ack.status in OWN_CLOCK:
        return node, ()
    if is_rejection(ack.status) or ack.lifetime == 0:
        return None, ()
    ends_at = now + min(ack.lifetime_s, parameters.anchor_max_lifetime_s)
    return replace(node, phase=Phase.PREVIOUS, pending=None, anchor_ends_at=ends_at), ()


def binding_error(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """The CMD does not know the message (RFC 6275 section 9.3.3): no CMD."""
    error = received.message
    assert isinstance(error, BindingError)
    if received.source != parameters.cmd or error.status != BindingErrorStatus.UNRECOGNIZED_MH_TYPE_VALUE:
        return node, ()
    return refuse(node, "the CMD does not know Proxy Binding Updates", _if_open(parameters, node, now)), ()


def _served(parameters: MaarParameters, node: MaarNode, request: PendingUpdate, granted_s: int, now: float) -> MaarNode:
    """The registration holds. It is as old as its request, lest it outlive that at the CMD."""
    asked_at = min(now, request.repeat_at - request.wait_s)
    lifetime_s = min(granted_s, request.update.lifetime_s)
    is_first = node.phase is Phase.REGISTERING
    if is_first:
        phase = Phase.LEFT_UNKNOWN if node.is_gone else Phase.SERVING
        stamp = request.update.option(Timestamp)
        assert stamp is not None
        # What the CMD said before it accepted this is no news: it may still come (3.6).
        latest = max(ticks(stamp), node.from_cmd.timestamp or 0)
        node = replace(node, phase=phase, from_cmd=replace(node.from_cmd, timestamp=latest))
        if node.left is not None and node.attachment is not None and node.left.place == node.attachment.place:
            node = replace(node, left=None)
        if node.serving is not None:
            node = having_left(parameters, node, node.serving, now)
    return replace(
        node,
        serving=None,
        is_gone=False,
        is_contested=False,
        anchor_ends_at=None,
        expires_at=asked_at + lifetime_s,
        refresh_at=asked_at + lifetime_s * parameters.refresh_fraction,
        reason="",
        refusals=0,
    )


def _rejected(parameters: MaarParameters, node: MaarNode, ack: ProxyBindingAck, now: float) -> MaarNode | None:
    """A registration that was accepted before ends with its lifetime, unless the node may no longer be served."""
    if not ack.dmm:
        reason = f"the CMD rejects the D flag with status {ack.status}"
    else:
        reason = f"the CMD rejects the registration with status {ack.status}"
    if ack.status in _FINAL:
        return refuse(node, reason, None)
    if node.phase is Phase.REGISTERING:
        return refuse(node, reason, _if_open(parameters, node, now))
    wait_s = min(2.0**node.refusals, MAX_RETRY_S)
    return replace(node, pending=None, refresh_at=now + wait_s, refusals=node.refusals + 1)


def _is_overtaken(node: MaarNode, request: PendingUpdate, listed: tuple[Anchor, ...]) -> bool:
    """Whether the CMD has named another S-MAAR since it sent this answer: the node has gone on. What it named before
    would be listed here, and is older than the request. If that is wrong, the node is heard again and registered."""
    stamp = request.update.option(Timestamp)
    assert stamp is not None
    if not node.is_contested:
        return False
    is_listed = any(anchor.address == node.serving for anchor in listed)
    return not is_listed or node.from_cmd.timestamp is None or node.from_cmd.timestamp >= ticks(stamp)


def _if_open(parameters: MaarParameters, node: MaarNode, now: float) -> float | None:
    """From when to count until the next attempt, unless there were enough."""
    return now if node.refusals < parameters.attempts else None


def _direct_anchors(parameters: MaarParameters, node: MaarNode, received: Received) -> tuple[Anchor, ...]:
    """What a MAAR says that it anchors for a node here; nothing unless this is an answer for this registration. It has
    the number and time of the CMD's request to that MAAR, which are not known here."""
    ack = _answer(received)
    if not parameters.locator or received.source in {parameters.cmd, parameters.address}:
        return ()
    if received.destination != parameters.address or not ack.dmm or is_rejection(ack.status) or ack.lifetime == 0:
        return ()
    named = ack.option(ServingMaar)
    if named is not None and named.address != parameters.address:
        return ()
    stamp = ack.option(Timestamp)
    if stamp is not None and ticks(stamp) < node.direct_since * TICKS_PER_S:
        return ()
    if node.is_contested and (stamp is None or ticks(stamp) < (node.from_cmd.timestamp or 0)):
        return ()
    return tuple(a for a in direct_anchors_in(received, ack, parameters) if a.prefix != node.own_prefix)


def _may_replace(new: Anchor, old: Anchor) -> bool:
    """A MAAR speaks for what it anchors itself, and not for an earlier time."""
    return new.address == old.address and (new.stamp is None or old.stamp is None or new.stamp >= old.stamp)


def _merged(parameters: MaarParameters, node: MaarNode, *groups: Iterable[Anchor]) -> tuple[Anchor, ...]:
    """One per prefix, what was said last; the oldest go if there are too many."""
    by_prefix = {anchor.prefix: anchor for group in groups for anchor in group if anchor.prefix != node.own_prefix}
    return tuple(by_prefix.values())[-parameters.anchors_max :]


def _same(node: MaarNode, new: Anchor) -> list[Anchor]:
    return [anchor for anchor in node.anchors if anchor.prefix == new.prefix]


def _told(node: MaarNode) -> tuple[object, ...]:
    """What of it the node is told."""
    return node.own_prefix, tuple((anchor.prefix, anchor.router, anchor.local_prefixes) for anchor in node.anchors)


def _answer(received: Received) -> ProxyBindingAck:
    assert isinstance(received.message, ProxyBindingAck)
    return received.message

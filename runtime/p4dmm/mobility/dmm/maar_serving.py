# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A MAAR as S-MAAR: it registers the nodes attached to it with the CMD and serves all their prefixes.

Handlers have the parameters, the node, the event and the time. They return the node as it is then, None to forget it,
and what is to be sent.
"""

from dataclasses import replace
from ipaddress import IPv6Address

from p4dmm.mobility.access import Attached, Detached, NewLinkLocal, PrefixIdle
from p4dmm.mobility.effects import Advertise
from p4dmm.mobility.exchange import Send
from p4dmm.wire.mobility import HandoffIndicatorValue

from .maar_messages import Registration
from .maar_sending import send
from .maar_state import MaarNode, MaarParameters, Phase

Output = Send | Advertise
Result = tuple[MaarNode | None, tuple[Output, ...]]

MAX_RETRY_S = 32.0


def attached(parameters: MaarParameters, node: MaarNode, event: Attached, now: float) -> Result:
    """The node has come (3.1, 3.2): a prefix of here, the one it has here already if there is one, and the CMD is
    asked. A node that comes back keeps being served by way of the other MAAR until the CMD has answered."""
    own = node.own_prefix or (event.offers[0] if event.offers else None)
    node = replace(
        node,
        attachment=event.attachment,
        mac=event.mac,
        node_id=event.node_id,
        own_prefix=own,
        left=node.left if event.mac == node.mac else None,
        is_gone=False,
        direct_since=now - parameters.window_s,
        retry_at=None,
    )
    if not event.profile.proxy_registration:
        return _unfit(node, "policy does not provide mobility to it"), ()
    if own is None:
        return _unfit(node, "the pool of this MAAR has no prefix for it"), ()
    return register(parameters, node, HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN, now)


def attached_registering(parameters: MaarParameters, node: MaarNode, event: Attached, now: float) -> Result:
    """Still there, or at another port: where it will be served."""
    is_same_interface = event.mac == node.mac
    node = replace(node, attachment=event.attachment, mac=event.mac, node_id=event.node_id, is_gone=False)
    if is_same_interface:
        return node, ()
    node = replace(node, left=None)
    return register(parameters, node, HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN, now)


def attached_serving(parameters: MaarParameters, node: MaarNode, event: Attached, now: float) -> Result:
    """Still there, there again, or at another port of this switch: the CMD need not know, unless it is another
    interface of the node."""
    assert node.attachment is not None
    was_lost = node.phase is Phase.LEFT_UNKNOWN
    has_moved = event.attachment.place != node.attachment.place
    is_same_interface = event.mac == node.mac
    if not has_moved and is_same_interface:
        return replace(node, phase=Phase.SERVING), (Advertise(),) if was_lost else ()
    if is_same_interface:
        node = replace(node, left=node.attachment, left_until=now + parameters.drain_s)
    else:
        node = replace(node, left=None)
    node = replace(node, phase=Phase.SERVING, attachment=event.attachment, mac=event.mac, node_id=event.node_id)
    if is_same_interface:
        return node, (Advertise(),)
    indicator = HandoffIndicatorValue.HANDOFF_BETWEEN_TWO_DIFFERENT_INTERFACES
    node, sends = _ask(parameters, node, indicator, now)
    return node, (Advertise(), *sends)


def attached_refused(parameters: MaarParameters, node: MaarNode, event: Attached, now: float) -> Result:
    """Tried again when it is time; at once if only a prefix or the policy was missing, which are here now."""
    if not node.refusals and event.profile.proxy_registration and (node.own_prefix or event.offers):
        return attached(parameters, node, event, now)
    return replace(node, attachment=event.attachment, mac=event.mac, node_id=event.node_id), ()


def detached(_parameters: MaarParameters, node: MaarNode, event: Detached, _now: float) -> Result:
    """Losing the link ends nothing (3.5): the registration goes on for its lifetime, and is no longer extended."""
    if node.attachment is None or event.path_id != node.attachment.path_id:
        return node, ()
    if node.phase is Phase.REGISTERING:
        return replace(node, is_gone=True), ()
    if node.phase is Phase.REFUSED:
        return give_up(node), ()
    node = replace(node, phase=Phase.LEFT_UNKNOWN, pending=None, answered=None, retiring=None, idle=())
    return node, ()


def give_up(node: MaarNode) -> MaarNode | None:
    """A node that is not served after all: it is elsewhere, if the CMD said so before, and otherwise nowhere."""
    if node.serving is None:
        return None
    return now_previous(node)


def now_previous(node: MaarNode) -> MaarNode:
    """A P-MAAR, with nothing left of its time as S-MAAR but what is being drained."""
    return replace(
        node,
        phase=Phase.PREVIOUS,
        attachment=None,
        is_gone=False,
        is_contested=False,
        pending=None,
        answered=None,
        idle=(),
        retiring=None,
        expires_at=None,
        refresh_at=None,
        reason="",
        refusals=0,
        retry_at=None,
    )


def new_link_local(_parameters: MaarParameters, node: MaarNode, _event: NewLinkLocal, _now: float) -> Result:
    return node, (Advertise(),)


def prefix_idle(parameters: MaarParameters, node: MaarNode, event: PrefixIdle, now: float) -> Result:
    """Nobody uses another anchor's prefix any more: the CMD is told, which has it revoked there."""
    if event.prefix in node.idle or all(anchor.prefix != event.prefix for anchor in node.anchors):
        return node, ()
    return retire_next(parameters, replace(node, idle=(*node.idle, event.prefix)), now)


def retire_next(parameters: MaarParameters, node: MaarNode, now: float) -> tuple[MaarNode, tuple[Send, ...]]:
    """One after the other."""
    if node.retiring is not None or not node.idle:
        return node, ()
    unknown = HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN
    return send(parameters, node, "retiring", Registration(node.mn_id, node.idle[0], 0, unknown, node.mac), now)


def having_left(parameters: MaarParameters, node: MaarNode, maar: IPv6Address, now: float) -> MaarNode:
    """What is late at the MAAR that it has just left is passed on from there, for as long as that drains."""
    others = [address for address in node.previous if now < node.previous_until and address != maar]
    previous = (*others, maar)[-parameters.anchors_max :]
    return replace(node, previous=previous, previous_until=now + parameters.drain_s)


def _unfit(node: MaarNode, reason: str) -> MaarNode | None:
    """The CMD was not even asked: that does not count."""
    refused = refuse(node, reason, None)
    return None if refused is None else replace(refused, refusals=0)


def register(
    parameters: MaarParameters, node: MaarNode, indicator: HandoffIndicatorValue, now: float
) -> tuple[MaarNode, tuple[Send, ...]]:
    """Ask the CMD; nothing is forwarded here before it has answered."""
    node = replace(
        node,
        phase=Phase.REGISTERING,
        is_contested=False,
        reason="",
        retry_at=None,
        expires_at=None,
        refresh_at=None,
        retiring=None,
        idle=(),
    )
    return _ask(parameters, node, indicator, now)


def extend(parameters: MaarParameters, node: MaarNode, now: float) -> tuple[MaarNode, tuple[Send, ...]]:
    """Before the registration ends (RFC 5213 section 6.9.1.3)."""
    return _ask(parameters, replace(node, refresh_at=None), HandoffIndicatorValue.HANDOFF_STATE_NOT_CHANGED, now)


def end(parameters: MaarParameters, node: MaarNode, now: float) -> tuple[MaarNode, tuple[Send, ...]]:
    """Only the S-MAAR may, when the lifetime has passed and the node is nowhere (3.5, first design)."""
    own = node.own_prefix
    assert own is not None
    node = replace(
        node,
        phase=Phase.ENDING,
        attachment=None,
        anchors=(),
        answered=None,
        retiring=None,
        idle=(),
        expires_at=None,
        refresh_at=None,
        left=None,
        previous=(),
    )
    unknown = HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN
    return send(parameters, node, "pending", Registration(node.mn_id, own, 0, unknown, node.mac), now)


def refuse(node: MaarNode, reason: str, retry_from: float | None) -> MaarNode | None:
    """Not served, for that reason. `retry_from` is now if asking again may help, later each time."""
    if node.is_gone:
        return give_up(node)
    retry_at = None if retry_from is None else retry_from + min(2.0**node.refusals, MAX_RETRY_S)
    return replace(
        node,
        phase=Phase.REFUSED,
        own_prefix=node.own_prefix if retry_at is not None or node.serving is not None else None,
        pending=None,
        answered=None,
        retiring=None,
        idle=(),
        anchors=node.anchors if node.serving is not None else (),
        expires_at=None,
        refresh_at=None,
        previous=(),
        reason=reason,
        refusals=node.refusals + 1,
        retry_at=retry_at,
    )


def _ask(
    parameters: MaarParameters, node: MaarNode, indicator: HandoffIndicatorValue, now: float
) -> tuple[MaarNode, tuple[Send, ...]]:
    assert node.own_prefix is not None
    registration = Registration(node.mn_id, node.own_prefix, parameters.max_lifetime_s, indicator, node.mac)
    return send(parameters, replace(node, answered=None), "pending", registration, now)

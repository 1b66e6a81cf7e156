# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a MAAR does by itself when time passes; `due` says when. Handlers are as in `maar_serving`."""

from dataclasses import replace

from p4dmm.mobility.exchange import TimeReached
from p4dmm.wire.mobility import HandoffIndicatorValue

from .maar_anchor import without_own_prefix
from .maar_sending import repeat
from .maar_serving import Output, Result, end, extend, give_up, refuse, register
from .maar_state import MaarNode, MaarParameters, Phase


def due(node: MaarNode) -> float | None:
    """When something is to be done next; None: only when something happens."""
    times = [
        node.left_until if node.left is not None else None,
        node.previous_until if node.previous else None,
        node.pending.repeat_at if node.pending is not None else None,
        node.retiring.repeat_at if node.retiring is not None else None,
        node.expires_at if node.phase in {Phase.SERVING, Phase.LEFT_UNKNOWN} else None,
        node.refresh_at if node.phase is Phase.SERVING and node.pending is None else None,
        node.retry_at if node.phase is Phase.REFUSED else None,
        node.anchor_ends_at if node.phase in {Phase.PREVIOUS, Phase.REFUSED} else None,
    ]
    return min((time for time in times if time is not None), default=None)


def time_reached(parameters: MaarParameters, node: MaarNode, _event: TimeReached, now: float) -> Result:
    """All that is due."""
    drained = _drained(node, now)
    if drained is None:
        return None, ()
    if drained.phase is Phase.PREVIOUS:
        return _anchored(drained, now), ()
    if drained.phase is Phase.REFUSED:
        if drained.retry_at is not None and drained.retry_at <= now:
            return register(parameters, drained, HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN, now)
        if drained.anchor_ends_at is not None and drained.anchor_ends_at <= now:
            return replace(drained, own_prefix=None, serving=None, anchor_ends_at=None, retry_at=None), ()
        return drained, ()
    if drained.expires_at is not None and drained.expires_at <= now:
        return _expired(parameters, drained, now)
    return _repeated(parameters, drained, now)


def _drained(node: MaarNode, now: float) -> MaarNode | None:
    if node.previous and node.previous_until <= now:
        node = replace(node, previous=())
    if node.left is None or node.left_until > now:
        return node
    node = replace(node, left=None)
    if node.phase is not Phase.PREVIOUS:
        return node
    if node.own_prefix is None:
        return None
    return replace(node, anchors=(), mac=None, node_id=0)


def _anchored(node: MaarNode, now: float) -> MaarNode | None:
    if node.anchor_ends_at is not None and node.anchor_ends_at <= now:
        return without_own_prefix(node)
    return node


def _expired(parameters: MaarParameters, node: MaarNode, now: float) -> Result:
    if node.phase is Phase.LEFT_UNKNOWN:
        return end(parameters, node, now)
    if node.reason:
        return refuse(node, node.reason, None), ()
    # The CMD has not answered for the rest of the lifetime, and has forgotten the node by now.
    node = replace(node, anchors=(), previous=(), left=None)
    return register(parameters, node, HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN, now)


def _repeated(parameters: MaarParameters, node: MaarNode, now: float) -> Result:
    outputs: list[Output] = []
    if node.pending is not None and node.pending.repeat_at <= now:
        if node.pending.copies >= parameters.attempts and _is_optional(node):
            return _unanswered(node), ()
        node, sends = repeat(parameters, replace(node, is_contested=False), "pending", now)
        outputs += sends
    elif node.pending is None and _is_located(node) and node.refresh_at is not None and node.refresh_at <= now:
        node, sends = extend(parameters, node, now)
        outputs += sends
    if node.retiring is not None and node.retiring.repeat_at <= now:
        if node.retiring.copies >= parameters.attempts:
            node = replace(node, retiring=None, idle=())
        else:
            node, sends = repeat(parameters, node, "retiring", now)
            outputs += sends
    return node, tuple(outputs)


def _is_optional(node: MaarNode) -> bool:
    """Whether nobody here waits for the answer: the node has gone, or P-MAARs have answered instead of the CMD (3.3).
    Otherwise requests are repeated for as long as the node is here."""
    return node.phase is Phase.ENDING or node.is_gone or _is_located(node)


def _is_located(node: MaarNode) -> bool:
    return node.phase is Phase.SERVING and node.refresh_at is not None


def _unanswered(node: MaarNode) -> MaarNode | None:
    if _is_located(node):
        return replace(node, pending=None)
    return give_up(node)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What happens on a mobile access gateway's access link (RFC 5213 sections 6.9.1.1, 6.9.1.4, 6.13)."""

from dataclasses import replace

from p4dmm.mobility.access import Attached, Detached, NewLinkLocal, Refused
from p4dmm.mobility.effects import Advertise
from p4dmm.mobility.exchange import Received
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.wire.mobility import HomeNetworkPrefix, ProxyBindingAck

from .mag_binding import MagNode, MagParameters, MagPhase, Refusal
from .mag_messages import options_of, re_registration
from .mag_session import Result, anchor_of, asked_for, bounded, end, enter, later, place_at, request, reset


def attached_first(p: MagParameters, node: MagNode, event: Attached, now: float) -> Result:
    return enter(p, place_at(node, event), now)


def attached_registering(p: MagParameters, node: MagNode, event: Attached, now: float) -> Result:
    if event.mac != node.mac:
        return node, ()
    seen = place_at(node, event)
    if anchor_of(p, event.profile) == node.lma:
        return seen, ()
    return end(p, reset(seen), asked_for(node), now, Refusal("policy has changed", retry_at=now))


def attached_registered(p: MagParameters, node: MagNode, event: Attached, now: float) -> Result:
    # The node's other interfaces get no service here while this one has it: a session has one (section 5.2).
    if event.mac != node.mac:
        return node, ()
    assert node.attachment is not None
    seen = place_at(node, event)
    if anchor_of(p, event.profile) != node.lma:
        refusal = Refusal("policy has changed", retry_at=now)
        return end(p, reset(seen), options_of(node.prefixes), now, refusal)
    if event.attachment.place == node.attachment.place:
        return seen, ()
    # Another port of this switch: nothing that the anchor has to know.
    moved = replace(seen, left=node.attachment, left_until=now + p.drain_s)
    return moved, (Advertise(),)


def attached_deregistering(p: MagParameters, node: MagNode, event: Attached, now: float) -> Result:
    if node.attachment is not None and event.mac != node.mac:
        return node, ()
    seen = place_at(node, event)
    if node.refusal is not None:
        return seen, ()
    if event.mac == node.mac and anchor_of(p, event.profile) == node.lma:
        # Back before the anchor has said goodbye: what is newer counts there (sections 5.3.5 and 5.5).
        return enter(p, seen, now)
    return replace(seen, refusal=Refusal("another session is being ended", retry_at=now)), ()


def attached_refused(p: MagParameters, node: MagNode, event: Attached, now: float) -> Result:
    if node.attachment is not None and event.mac != node.mac:
        return node, ()
    assert node.refusal is not None
    seen = place_at(node, event)
    if event.profile != node.profile:
        return enter(p, reset(seen), now)
    if node.attachment is None:
        # It was denied service for good before it left and came back.
        return replace(seen, refusal=replace(node.refusal, retry_at=None)), ()
    return seen, ()


def detached(p: MagParameters, node: MagNode, event: Detached, now: float) -> Result:
    if node.left is not None and node.left.path_id == event.path_id:
        return replace(node, left=None, left_until=None), ()
    if node.attachment is None or node.attachment.path_id != event.path_id:
        return node, ()
    gone = replace(node, attachment=None)
    refusal = node.refusal
    if node.phase is MagPhase.REGISTERED:
        return end(p, gone, options_of(node.prefixes), now, None)
    if node.phase is MagPhase.REGISTERING:
        # The anchor may have accepted what it has not answered.
        return end(p, gone, asked_for(node), now, None)
    if refusal is not None and refusal.for_good:
        refusal = replace(refusal, retry_at=now + p.refusal_memory_s)
    elif node.phase is MagPhase.REFUSED:
        return None, ()
    else:
        refusal = None
    return replace(gone.ended(now, bound=p.max_prefixes), refusal=refusal), ()


def link_local(p: MagParameters, node: MagNode, event: NewLinkLocal, now: float) -> Result:
    known = replace(node, link_local=event.link_local)
    if node.phase is not MagPhase.REGISTERED or node.router_link_local != event.link_local:
        return known, ()
    # The anchor has given us the node's own address: another one, and the anchor has to know (6.9.1.2 item 15).
    other = replace(known, router_link_local=PMIPV6_ROUTER.link_local)
    new, outputs = request(p, other, re_registration(other, p), now)
    return new, (Advertise(), *outputs)


def refused(p: MagParameters, node: MagNode, event: Refused, now: float) -> Result:
    """The switch has no room: the session is given back to the anchor."""
    cause = event.cause
    if isinstance(cause, Attached):
        node = place_at(node, cause)
        prefixes = options_of(node.prefixes)
    elif isinstance(cause, Received) and isinstance(cause.message, ProxyBindingAck):
        prefixes = bounded(p, cause.message.all_options(HomeNetworkPrefix))
    else:
        # Rows taken away are not refused.
        return node, ()
    return end(p, node, prefixes, now, later(p, node, event.reason, now, p.retry_s))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What the transitions of a mobile access gateway are made of: requests to the anchor, service and its end."""

from dataclasses import replace
from ipaddress import IPv6Address

from p4dmm.mobility.access import Attached
from p4dmm.mobility.effects import Advertise
from p4dmm.mobility.exchange import Send, begin
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import HomeNetworkPrefix, ProxyBindingUpdate

from .mag_binding import MagNode, MagParameters, MagPhase, Refusal
from .mag_messages import ALL_ZERO, de_registration, registration

Output = Send | Advertise
Outputs = tuple[Output, ...]
Result = tuple[MagNode | None, Outputs]


def anchor_of(p: MagParameters, profile: NodeProfile) -> IPv6Address | None:
    """Where the node is to be registered; None if it is not to be, here (section 6.14)."""
    if not profile.proxy_registration:
        return None
    if profile.mags is not None and p.address not in profile.mags:
        return None
    return profile.lma or p.lma


def enter(p: MagParameters, node: MagNode, now: float) -> Result:
    """Register the node, as one that has just come."""
    assert node.profile is not None
    lma = anchor_of(p, node.profile)
    if lma is None:
        return replace(
            node, phase=MagPhase.REFUSED, refusal=Refusal("policy has no service for it here"), pending=None
        ), ()
    if lma != node.lma:
        # What is still to be withdrawn was another anchor's.
        node = replace(node, lma=lma, withdrawn=(), withdrawn_at=None)
    node = replace(node, phase=MagPhase.REGISTERING, refusal=None)
    return request(p, node, registration(node, p), now)


def reset(node: MagNode) -> MagNode:
    """With nothing held against another attempt."""
    return replace(node, retries=0, any_prefix=False)


def request(p: MagParameters, node: MagNode, update: ProxyBindingUpdate, now: float) -> tuple[MagNode, Outputs]:
    """Send an update to the anchor, and wait for the answer to it alone."""
    assert node.lma is not None
    source = p.address
    pending = begin(update, source=source, peer=node.lma, last_sequence=node.last_sequence, now=now)
    return node.awaiting(pending), (pending.sending,)


def repeat(p: MagParameters, node: MagNode, now: float) -> Result:
    """Send the next copy of the request, or take it that nobody answers."""
    assert node.pending is not None
    is_end = node.phase is MagPhase.DEREGISTERING
    bound = p.deregistration_copies if is_end else p.registration_copies
    if node.pending.copies < bound:
        pending = node.pending.repeated(now)
        return node.awaiting(pending), (pending.sending,)
    silent = replace(node, pending=None)
    if is_end:
        return ended(silent, now)
    if node.phase is MagPhase.REGISTERED:
        return replace(silent, renew_at=None), ()
    return deny(p, silent, later(p, node, "the anchor does not answer", now, p.retry_s), now)


def end(
    p: MagParameters, node: MagNode, prefixes: tuple[HomeNetworkPrefix, ...], now: float, refusal: Refusal | None
) -> Result:
    """End the session here and at the anchor; `refusal` is what comes afterwards if the node is still here."""
    node, told = without_service(p, node, now)
    node = replace(node, phase=MagPhase.DEREGISTERING, refusal=refusal)
    new, outputs = request(p, node, de_registration(node, p, prefixes), now)
    return new, (*told, *outputs)


def ended(node: MagNode, now: float) -> Result:
    """The anchor knows, or will not."""
    if node.refusal is None:
        return None, ()
    return tidied(replace(node, phase=MagPhase.REFUSED, pending=None), now), ()


def deny(p: MagParameters, node: MagNode, refusal: Refusal, now: float) -> Result:
    """End the session here; the anchor has none."""
    node, told = without_service(p, node, now)
    return replace(node, phase=MagPhase.REFUSED, refusal=refusal), told


def without_service(p: MagParameters, node: MagNode, now: float) -> tuple[MagNode, Outputs]:
    node = node.ended(now, bound=p.max_prefixes)
    return node, (Advertise(),) if node.withdrawn else ()


def give_up(p: MagParameters, node: MagNode, reason: str, now: float) -> Result:
    """No more copies until somebody has looked (6.9.1.2 item 6); a session lasts as long as it was granted."""
    silent = replace(node, pending=None)
    if node.phase is MagPhase.DEREGISTERING:
        return ended(silent, now)
    if node.phase is MagPhase.REGISTERED:
        return replace(silent, renew_at=None, retries=p.max_retries), ()
    return deny(p, silent, Refusal(reason, for_good=True), now)


def later(p: MagParameters, node: MagNode, reason: str, now: float, delay_s: float) -> Refusal:
    """A refusal that may pass, unless that has been hoped too often."""
    return Refusal(reason, now + delay_s if node.retries < p.max_retries else None)


def asked_for(node: MagNode) -> tuple[HomeNetworkPrefix, ...]:
    """The prefixes in the request that is not answered yet."""
    return () if node.pending is None else node.pending.update.all_options(HomeNetworkPrefix)


def bounded(p: MagParameters, prefixes: tuple[HomeNetworkPrefix, ...]) -> tuple[HomeNetworkPrefix, ...]:
    """Too many to repeat: the anchor finds the session by the interface."""
    return prefixes if len(prefixes) <= p.max_prefixes else (ALL_ZERO,)


def place_at(node: MagNode, event: Attached) -> MagNode:
    """With the node where it was heard. A place keeps the path that it has."""
    known = (a for a in (node.attachment, node.left) if a is not None and a.place == event.attachment.place)
    attachment = next(known, event.attachment)
    left = None if node.left == attachment else node.left
    return replace(
        node,
        mac=event.mac,
        node_id=event.node_id,
        profile=event.profile,
        attachment=attachment,
        left=left,
        left_until=node.left_until if left is not None else None,
    )


def tidied(node: MagNode, now: float) -> MagNode:
    """Without what has had its time."""
    if node.left_until is not None and node.left_until <= now:
        node = replace(node, left=None, left_until=None)
    if node.withdrawn_at is not None and node.withdrawn_at <= now:
        node = replace(node, withdrawn=(), withdrawn_at=None)
    return node

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What happens to a mobile node at a Central Mobility Database. Handlers return the node as it is then, and what is to
be sent.
"""

from dataclasses import replace
from ipaddress import IPv6Network

from p4dmm.mobility.exchange import Received, TimeReached
from p4dmm.mobility.pmipv6.request import Request
from p4dmm.wire.mobility import BaStatus, ProxyBindingAck, is_rejection

from .cmd_messages import acknowledgement, told_by, without_prefixes
from .cmd_outputs import Step, answered, ask, revocations_repeated, revoke, updates_repeated
from .cmd_state import (
    AnchoringMaar,
    CmdMode,
    CmdNode,
    CmdParameters,
    Phase,
    PreviousAnchor,
    Registration,
    UpdateReceived,
)
from .prefix_options import anchored_networks

_TO_BE_REPEATED = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)
"""The next copy has a later timestamp."""


def register(parameters: CmdParameters, node: CmdNode, event: UpdateReceived, now: float) -> Step:
    update, source = event.update, event.received.source
    maar = _registering_maar(parameters, node, event)
    lifetime = min(update.lifetime, parameters.max_lifetime_s // 4)
    registration = Registration(update, source, lifetime, answer_at=now)
    is_elsewhere = node.serving is None or node.serving.address != maar.address
    if node.registration is not None and node.registration.answer_at is not None and not is_elsewhere:
        # Asked again while the answer waits for P-MAARs: it waits no longer than before.
        registration = replace(registration, answer_at=node.registration.answer_at)
    left = node.serving if is_elsewhere else None
    node = replace(
        node,
        freshness=node.freshness.accept(update, source),
        serving=maar,
        registration=registration,
        expires_at=now + lifetime * 4,
        is_deregistered=False,
        # What it has again is not to be revoked any more (RFC 5846 section 8.1).
        revocations=tuple(
            pending
            for pending in node.revocations
            if pending.peer != maar.peer or not set(pending.prefixes) & set(maar.prefixes)
        ),
    )
    if left is None:
        return answered(parameters, node, now)
    return _handed_over(parameters, node, left, now)


def deregister(parameters: CmdParameters, node: CmdNode, event: UpdateReceived, now: float) -> Step:
    update, source, serving = event.update, event.received.source, node.serving
    if serving is None or Request.of(event.received).proxy_coa != serving.address:
        return denied(parameters, node, event, now)
    node = replace(node, freshness=node.freshness.accept(update, source))
    answer = acknowledgement(event.received, now=now)
    given = frozenset(anchored_networks(update))
    if given.isdisjoint(serving.prefixes) and not Request.of(event.received).wants_prefixes:
        node, outputs = _retired(parameters, node, given, now)
        return node, (answer, *outputs)
    if not node.is_deregistered:
        assert node.registration is not None
        node = replace(
            node,
            is_deregistered=True,
            expires_at=now + parameters.min_delay_before_bce_delete_s,
            registration=replace(node.registration, answer_at=None),
        )
    return node, (answer,)


def denied(parameters: CmdParameters, node: CmdNode, event: UpdateReceived, now: float) -> Step:
    """De-registration by another than the S-MAAR ends nothing, and the answer says how long the registration still
    lasts (RFC 8885 section 3.5). A P-MAAR that asks for it does not know where the node is: it is told again."""
    if node.phase is not Phase.REGISTERED or node.expires_at is None:
        return node, (acknowledgement(event.received, now=now),)
    lifetime = max(1, int(node.expires_at - now) // 4)
    answer = acknowledgement(event.received, lifetime=lifetime, now=now)
    address = Request.of(event.received).proxy_coa
    lost = [anchor.maar for anchor in node.previous if anchor.maar.address == address and anchor.pending is None]
    if not lost:
        return node, (answer,)
    others = tuple(anchor for anchor in node.previous if anchor.maar.address != address)
    node, asked = ask(parameters, replace(node, previous=others), lost, now)
    return node, (answer, *asked)


def update_answered(parameters: CmdParameters, node: CmdNode, received: Received, now: float) -> Step:
    ack = received.message
    assert isinstance(ack, ProxyBindingAck)
    for anchor in node.previous:
        if anchor.pending is not None and anchor.pending.is_answered_by(received):
            break
    else:
        return node, ()
    if ack.status in _TO_BE_REPEATED:
        return node, ()
    if is_rejection(ack.status) or not ack.lifetime:
        # It anchors nothing any more.
        others = tuple(other for other in node.previous if other is not anchor)
        return answered(parameters, replace(node, previous=others), now)
    maar = told_by(ack, anchor.maar, local_prefixes_max=parameters.local_prefixes_max)
    # It may have ended some itself; none is added that was not registered by its MAAR as S-MAAR.
    still = tuple(prefix for prefix in maar.prefixes if prefix in anchored_networks(ack))
    confirmed = PreviousAnchor(replace(maar, prefixes=still or maar.prefixes))
    node = replace(node, previous=tuple(confirmed if other is anchor else other for other in node.previous))
    registration = node.registration
    is_told = parameters.mode is CmdMode.PROXY or node.is_deregistered
    if not is_told and registration is not None and registration.answer_at is None:
        # Too late for the answer that was sent: a further one is owed (RFC 8885 section 3.2).
        node = replace(node, registration=replace(registration, answer_at=now))
    return answered(parameters, node, now)


def revocation_answered(_parameters: CmdParameters, node: CmdNode, received: Received, _now: float) -> Step:
    return replace(node, revocations=tuple(r for r in node.revocations if not r.is_answered_by(received))), ()


def time_reached(parameters: CmdParameters, node: CmdNode, _event: TimeReached, now: float) -> Step:
    node, outputs = revocations_repeated(parameters, node, now)
    if node.expires_at is not None and node.expires_at <= now:
        gone = [anchor.maar for anchor in node.previous]
        node = replace(node, serving=None, registration=None, previous=(), expires_at=None, is_deregistered=False)
        node, revoked = revoke(parameters, node, gone, now)
        return node, outputs + revoked
    node, repeated = updates_repeated(node, now)
    node, answer = answered(parameters, node, now)
    return node, answer + repeated + outputs


def _handed_over(parameters: CmdParameters, node: CmdNode, left: AnchoringMaar, now: float) -> Step:
    """From the MAAR that is left to the serving one, of which every other has to know."""
    assert node.serving is not None
    assert node.registration is not None
    others = [anchor.maar for anchor in node.previous if anchor.maar.address != node.serving.address] + [left]
    excess: list[AnchoringMaar] = []
    while sum(len(maar.prefixes) for maar in others) > parameters.previous_maars_max:
        excess.append(others.pop(0))
    if parameters.mode is not CmdMode.PROXY:
        registration = replace(node.registration, answer_at=now + parameters.answer_timeout_s)
        node = replace(node, registration=registration)
    node, revoked = revoke(parameters, replace(node, previous=()), excess, now)
    node, asked = ask(parameters, node, others, now)
    node, answer = answered(parameters, node, now)
    return node, answer + asked + revoked


def _retired(parameters: CmdParameters, node: CmdNode, idle: frozenset[IPv6Network], now: float) -> Step:
    """Prefixes that are idle end at their P-MAARs."""
    kept: list[PreviousAnchor] = []
    ended: list[AnchoringMaar] = []
    for anchor in node.previous:
        maar = anchor.maar
        left = tuple(prefix for prefix in maar.prefixes if prefix not in idle)
        if left != maar.prefixes:
            ended.append(replace(maar, prefixes=tuple(prefix for prefix in maar.prefixes if prefix in idle)))
        if left:
            pending = anchor.pending and replace(anchor.pending, update=without_prefixes(anchor.pending.update, idle))
            kept.append(PreviousAnchor(replace(maar, prefixes=left), pending))
    node, revoked = revoke(parameters, replace(node, previous=tuple(kept)), ended, now)
    # It may have waited for one of them only.
    node, answer = answered(parameters, node, now)
    return node, answer + revoked


def _registering_maar(parameters: CmdParameters, node: CmdNode, event: UpdateReceived) -> AnchoringMaar:
    """The one that registers the node, with what is known of it."""
    update, source = event.update, event.received.source
    address = Request.of(event.received).proxy_coa
    maar = AnchoringMaar(address, source, anchored_networks(update))
    for known in node.maars:
        if known.address == address:
            maar = replace(known, peer=source, prefixes=maar.prefixes)
    return told_by(update, maar, local_prefixes_max=parameters.local_prefixes_max)

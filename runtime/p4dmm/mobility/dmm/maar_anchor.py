# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A MAAR as P-MAAR: it tunnels a node's prefix of here to where the CMD says that the node is, until that is over.

Handlers are as in `maar_serving`. The caller installs the tunnel before the answer leaves (RFC 8885 section 3.2).
"""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.access import Refused
from p4dmm.mobility.effects import Advertise
from p4dmm.mobility.exchange import Received, Send
from p4dmm.wire.mobility import (
    BaStatus,
    BindingRevocationIndication,
    MobileNodeIdentifier,
    ProxyBindingUpdate,
    RevocationStatus,
    RevocationTrigger,
    ServingMaar,
)

from .maar_answers import acknowledged
from .maar_messages import acknowledgement, rejection, reply, revocation_answer, revoked_prefixes
from .maar_serving import Output, Result, having_left, now_previous, refuse
from .maar_state import MaarNode, MaarParameters, Phase

_HERE = frozenset((Phase.REGISTERING, Phase.SERVING, Phase.REFUSED))
"""The node is attached to this MAAR as far as anybody can tell."""
_PER_NODE = frozenset(trigger.value for trigger in RevocationTrigger if trigger < RevocationTrigger.PER_PEER_POLICY)


def update_received(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """A Proxy Binding Update: the CMD's, with the MAAR where the node is (3.2). Who else sends one is told that it may
    not; one without the D flag is for another role."""
    update = received.message
    assert isinstance(update, ProxyBindingUpdate)
    if not update.dmm or received.destination != parameters.address:
        return node, ()
    if received.source != parameters.cmd:
        return node, (reply(rejection(update, BaStatus.MAG_NOT_AUTHORIZED_FOR_PROXY_REG, now), received),)
    if update.option(MobileNodeIdentifier) is None:
        return node, (reply(rejection(update, BaStatus.MISSING_MN_IDENTIFIER_OPTION, now), received),)
    old = node.from_cmd.rejection(update, received.source, now, window_s=parameters.window_s)
    if old is not None:
        sequence = node.from_cmd.sequence if old is BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW else None
        return node, (reply(rejection(update, old, now, sequence=sequence), received),)
    status = _why_not(parameters, node, update)
    if status is not None:
        return node, (reply(rejection(update, status, now), received),)
    assert node.own_prefix is not None
    own, serving = node.own_prefix, update.option(ServingMaar)
    node = replace(node, from_cmd=node.from_cmd.accept(update, received.source))
    answer = acknowledgement(update, own, parameters)
    if update.lifetime == 0:
        return without_own_prefix(node), (reply(answer, received),)
    assert serving is not None
    outputs: list[Output] = [reply(answer, received)]
    if parameters.locator:
        direct = acknowledgement(update, own, parameters, is_direct=True)
        outputs.append(Send(direct, parameters.address, serving.address))
    return _elsewhere(parameters, node, serving.address, now), tuple(outputs)


def _why_not(parameters: MaarParameters, node: MaarNode, update: ProxyBindingUpdate) -> BaStatus | None:
    """RFC 8885 has no statuses of its own. For a node that has no prefix of here, this MAAR is no anchor: 153."""
    serving = update.option(ServingMaar)
    if node.own_prefix is None or node.phase is Phase.NEW:
        return BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE
    if update.lifetime == 0:
        return BaStatus.ADMINISTRATIVELY_PROHIBITED if node.phase in _HERE else None
    if serving is None or serving.address == parameters.address:
        return BaStatus.REASON_UNSPECIFIED
    return None


def _elsewhere(parameters: MaarParameters, node: MaarNode, serving: IPv6Address, now: float) -> MaarNode:
    """Its timer stops (3.5, first design), and a much longer one that is this MAAR's own business starts."""
    ends_at = node.anchor_ends_at
    if ends_at is None or node.serving is None:
        ends_at = now + parameters.anchor_max_lifetime_s
    was_here = node.phase in {Phase.SERVING, Phase.LEFT_UNKNOWN}
    if was_here:
        # All its prefixes stay until it is drained: what comes late is passed on.
        node = replace(node, left=node.attachment, left_until=now + parameters.drain_s)
    elif node.serving is not None and node.serving != serving:
        node = having_left(parameters, node, node.serving, now)
    previous = tuple(address for address in node.previous if address != serving)
    node = replace(node, serving=serving, previous=previous, anchor_ends_at=ends_at)
    if node.phase is Phase.REFUSED or (node.phase is Phase.REGISTERING and not node.is_gone):
        # It has come back meanwhile, which the CMD will hear; or has already heard, and more.
        return replace(node, is_contested=True)
    return now_previous(node)


def without_own_prefix(node: MaarNode) -> MaarNode | None:
    """It is free for others. What comes late for the node's other prefixes is still passed on."""
    if node.phase is Phase.PREVIOUS and node.left is not None:
        return replace(node, own_prefix=None, anchor_ends_at=None)
    return None


def revoked(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """A Binding Revocation Indication of the CMD (RFC 5846 sections 6.2.1, 9.1): an old anchor is retired."""
    indication = received.message
    assert isinstance(indication, BindingRevocationIndication)
    if received.source != parameters.cmd or received.destination != parameters.address:
        return node, ()
    named = revoked_prefixes(indication) or [prefix for prefix in (node.own_prefix,) if prefix is not None]
    bound = {anchor.prefix for anchor in node.anchors if node.phase is not Phase.PREVIOUS} | {node.own_prefix}
    known = [prefix for prefix in named if prefix in bound]
    status = _why_not_revoked(node, indication, known)
    if status is not None:
        return node, (reply(revocation_answer(indication, status), received),)
    missing = [prefix for prefix in named if prefix not in known]
    status = RevocationStatus.PARTIAL_SUCCESS if missing else RevocationStatus.SUCCESS
    answer = reply(revocation_answer(indication, status, missing), received)
    if node.own_prefix in known:
        return without_own_prefix(node), (answer,)
    # As S-MAAR; nothing that was sent before may bring them back.
    anchors = tuple(anchor for anchor in node.anchors if anchor.prefix not in known)
    new = replace(node, anchors=anchors, answered=None, direct_since=now)
    return new, (answer, Advertise()) if node.phase is Phase.SERVING else (answer,)


def _why_not_revoked(
    node: MaarNode, indication: BindingRevocationIndication, known: list[IPv6Network]
) -> RevocationStatus | None:
    if indication.option(MobileNodeIdentifier) is None:
        return RevocationStatus.REVOKED_MOBILE_NODES_IDENTITY_REQUIRED
    if indication.is_global:
        # Of one node only its own bindings are known here.
        return RevocationStatus.REVOCATION_FUNCTION_NOT_SUPPORTED
    if indication.trigger not in _PER_NODE:
        return RevocationStatus.REVOCATION_TRIGGER_NOT_SUPPORTED
    if not indication.proxy_binding or indication.ipv4_only or not known:
        return RevocationStatus.BINDING_DOES_NOT_EXIST
    if node.phase in _HERE and node.own_prefix in known:
        return RevocationStatus.REVOCATION_FAILED_MN_IS_ATTACHED
    return None


def refused(parameters: MaarParameters, node: MaarNode, event: Refused, now: float) -> Result:
    """The switch has no room for what the refused event asked for; the node is as it was before it."""
    cause = event.cause
    if not isinstance(cause, Received):
        return node, ()
    if isinstance(cause.message, ProxyBindingUpdate):
        if node.phase is Phase.SERVING:
            # The node is elsewhere all the same: nothing to be extended here.
            node = replace(node, phase=Phase.LEFT_UNKNOWN, pending=None, answered=None, retiring=None, idle=())
        return node, (reply(rejection(cause.message, BaStatus.INSUFFICIENT_RESOURCES, now), cause),)
    if node.pending is None or not node.pending.is_answered_by(cause):
        return node, ()
    if node.phase is Phase.REGISTERING:
        return refuse(node, event.reason, now if node.refusals < parameters.attempts else None), ()
    if node.phase is Phase.SERVING:
        # The registration is extended; what was to be new with it is not.
        new, _ = acknowledged(parameters, node, cause, now)
        assert new is not None
        return replace(new, anchors=node.anchors, previous=node.previous), ()
    return node, ()

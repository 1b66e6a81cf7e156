# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a mobile access gateway makes of messages from the anchor (RFC 5213 section 6.9.1.2, RFC 5846 section 9.1)."""

from dataclasses import replace
from ipaddress import IPv6Address

from p4dmm.mobility.effects import Advertise
from p4dmm.mobility.exchange import INITIAL_BINDACK_TIMEOUT_S, PendingUpdate, Received, Send, ticks, timestamp_at
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.wire.mobility import (
    BaStatus,
    BindingError,
    BindingRevocationIndication,
    HomeNetworkPrefix,
    ProxyBindingAck,
    RevocationStatus,
    RevocationTrigger,
    Timestamp,
    is_rejection,
)
from p4dmm.wire.mobility.status import BindingErrorStatus

from .mag_binding import MagNode, MagParameters, MagPhase, Refusal
from .mag_messages import (
    assigned,
    echoes,
    given_link_local,
    names_stale_sequence,
    prefixes_in,
    re_registration,
    refresh_advice_s,
    revocation_answer,
    revocation_status,
)
from .mag_session import (
    Result,
    asked_for,
    bounded,
    deny,
    end,
    ended,
    enter,
    give_up,
    later,
    repeat,
    request,
    without_service,
)

_CLOCK = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)
_OTHER_PREFIXES = (BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX, BaStatus.BCE_PBU_PREFIX_SET_DO_NOT_MATCH)
_MAY_PASS = (BaStatus.REASON_UNSPECIFIED, BaStatus.INSUFFICIENT_RESOURCES)
_STATUS_NAMES = {int(status): status.name for status in BaStatus}


def acknowledged(p: MagParameters, node: MagNode, event: Received, now: float) -> Result:
    pending, ack = node.pending, event.message
    assert isinstance(ack, ProxyBindingAck)
    if pending is None:
        return node, ()
    if names_stale_sequence(event, pending):
        behind = replace(pending, update=replace(pending.update, sequence=ack.sequence))
        return repeat(p, replace(node, pending=behind), now)
    if not pending.is_answered_by(event):
        return node, ()
    if not echoes(pending.update, ack):
        return give_up(p, node, "the anchor answered for another interface or handoff", now)
    is_superseded = ack.status == BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED
    if ack.status in _CLOCK and not (is_superseded and node.phase is MagPhase.DEREGISTERING):
        # Says nothing of the session but of this copy, maybe one that the network has doubled; the next one, when
        # its time has come, is newer. Clocks are set by others, and not to the anchor's (6.9.1.2 items 8 and 9).
        return replace(node, pending=restamped(pending, now)), ()
    if node.phase is MagPhase.DEREGISTERING:
        return ended(node, now)
    answered = replace(node, pending=None)
    if is_rejection(ack.status):
        return rejected(p, answered, pending, ack, now)
    return accepted(p, answered, pending, ack, now)


def accepted(p: MagParameters, node: MagNode, pending: PendingUpdate, ack: ProxyBindingAck, now: float) -> Result:
    # It has been running since the request was sent (RFC 6275 section 11.7.3).
    sent_at = pending.repeat_at - pending.wait_s
    expires_at = sent_at + min(ack.lifetime_s, pending.update.lifetime_s)
    prefixes = assigned(ack)
    if prefixes is None or len(prefixes) > p.max_prefixes:
        what = f"the anchor gave {'unusable' if prefixes is None else len(prefixes)} prefixes"
        return end(p, node, bounded(p, ack.all_options(HomeNetworkPrefix)), now, Refusal(what))
    if expires_at <= now:
        return deny(p, node, later(p, node, "the anchor gave no time", now, p.retry_s), now)
    renew_after = (expires_at - now) * p.renew_fraction
    advice_s = refresh_advice_s(ack)
    gone = tuple(old for old in (*node.withdrawn, *node.prefixes) if old not in prefixes)[-p.max_prefixes :]
    registered = replace(
        node,
        phase=MagPhase.REGISTERED,
        prefixes=prefixes,
        expires_at=expires_at,
        renew_at=now + (renew_after if advice_s is None else min(renew_after, advice_s)),
        withdrawn=gone,
        withdrawn_at=now if gone else None,
        refusal=None,
        retries=0,
    )
    if not p.asks_for_link_local:
        return registered, (Advertise(),)
    return with_link_local(p, registered, given_link_local(ack), now)


def with_link_local(p: MagParameters, node: MagNode, given: IPv6Address | None, now: float) -> Result:
    collides = given is not None and given == node.link_local
    chosen = PMIPV6_ROUTER.link_local if given is None or collides else given
    named = replace(node, router_link_local=chosen)
    if not collides or chosen == node.router_link_local:
        return named, (Advertise(),)
    new, outputs = request(p, named, re_registration(named, p), now)
    return new, (Advertise(), *outputs)


def rejected(p: MagParameters, node: MagNode, pending: PendingUpdate, ack: ProxyBindingAck, now: float) -> Result:
    """No service, whatever there was before (6.9.1.2 item 11); maybe another attempt."""
    reason = f"the anchor answered {ack.status} {_STATUS_NAMES.get(ack.status, '')}".rstrip()
    if ack.status in _OTHER_PREFIXES and any(int(o.prefix) for o in pending.update.all_options(HomeNetworkPrefix)):
        # Items 10 and 11: not the same prefixes again, but those it chooses.
        node, told = without_service(p, replace(node, any_prefix=True), now)
        new, outputs = enter(p, node, now)
        return new, (*told, *outputs)
    if ack.status in _MAY_PASS:
        return deny(p, node, later(p, node, reason, now, p.retry_s), now)
    return deny(p, node, Refusal(reason, for_good=True), now)


def binding_error(p: MagParameters, node: MagNode, event: Received, now: float) -> Result:
    pending, error = node.pending, event.message
    assert isinstance(error, BindingError)
    if pending is None or (event.source, event.destination) != (pending.peer, pending.source):
        return node, ()
    if error.status != BindingErrorStatus.UNRECOGNIZED_MH_TYPE_VALUE:
        return node, ()
    return give_up(p, node, "the anchor does not know Proxy Binding Updates", now)


def revoked(p: MagParameters, node: MagNode, event: Received, now: float) -> Result:
    indication = event.message
    assert isinstance(indication, BindingRevocationIndication)
    if event.source.is_multicast or event.source.is_unspecified:
        return node, ()
    held = node.prefixes
    if node.phase is MagPhase.DEREGISTERING:
        held = prefixes_in(asked_for(node))
    status = revocation_status(event, indication, node, held)
    answer = Send(revocation_answer(indication, status), event.destination, event.source)
    if status != RevocationStatus.SUCCESS:
        return node, (answer,)
    if node.phase is MagPhase.DEREGISTERING:
        new, outputs = ended(node, now)
        return new, (answer, *outputs)
    refusal = Refusal(f"the anchor has revoked the session, trigger {indication.trigger}")
    if indication.trigger == RevocationTrigger.POSSIBLE_OUT_OF_SYNC_BCE_STATE:
        refusal = replace(refusal, retry_at=now + INITIAL_BINDACK_TIMEOUT_S)
    new, outputs = deny(p, replace(node, pending=None), refusal, now)
    return new, (answer, *outputs)


def restamped(pending: PendingUpdate, now: float) -> PendingUpdate:
    """If our clock has been set back since, the next copy comes and is stamped by what it says now."""
    stamp = pending.update.option(Timestamp)
    if stamp is None or ticks(stamp) <= ticks(timestamp_at(now)):
        return pending
    unset = Timestamp(seconds=0, fraction=0)
    options = tuple(unset if option is stamp else option for option in pending.update.options)
    return replace(pending, update=replace(pending.update, options=options), repeat_at=now + pending.wait_s)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The local mobility anchor (RFC 5213 section 5), one mobile node at a time. Times are seconds since 1970 UTC.

`HANDLERS` has a row for every event. What the anchor forwards, which prefixes of its pool it uses and when it is to be
woken are functions of the node's state alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from p4dmm.mobility.access import Refused
from p4dmm.mobility.exchange import TICKS_PER_S, Received, Send, TimeReached
from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import PMIPV6_ROUTER, LocalBinding, RoutedPrefix
from p4dmm.wire.mobility import (
    BaStatus,
    BindingRevocationAck,
    BindingRevocationIndication,
    LinkLocalAddress,
    RevocationStatus,
    RevocationTrigger,
    is_rejection,
)

from . import revocation
from .answers import accepted, rejected
from .assignment import assign, to_draw
from .binding import NO_LINK_LAYER_ID, FormerGateway, LmaNode, Phase, ProxyBinding, Waiting
from .checks import Arrival, accepted_later, is_later, rejection
from .existence import Finding, Outcome, find
from .lma_parameters import LmaParameters
from .request import Request, UpdateReceived
from .revocation import PendingRevocation

_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a mobility session from the node (RFC 5846 section 8.1)."""

    prefix: IPv6Network
    """One of the session's."""
    sequence: int
    """Of the indication; no outstanding one of this anchor has it."""
    trigger: RevocationTrigger = RevocationTrigger.ADMINISTRATIVE_REASON


Result = tuple[LmaNode, tuple[Send, ...]]


class Lma:
    """The role."""

    def __init__(self, parameters: LmaParameters) -> None:
        self.parameters = parameters

    def initial(self, mn_id: MobileNodeId) -> LmaNode:
        return LmaNode(mn_id)

    def step(self, state: LmaNode, event: Any, now: float) -> tuple[LmaNode | None, tuple[Send, ...]]:
        """One event. None: there is nothing left to know of the node."""
        new, outputs = HANDLERS[type(event)](self, state, event, now)
        return (None if self._is_over(new, now) else new), outputs

    def views(self, state: LmaNode) -> tuple[LocalBinding, ...]:
        """What this switch shall forward: nothing for a binding that awaits its end (RFC 5213 section 5.3.5)."""
        return tuple(self._view(state, b) for b in state.bindings if b.phase is Phase.REGISTERED)

    def due(self, state: LmaNode) -> float | None:
        """When TimeReached is to be delivered."""
        times = [binding.ends_at for binding in state.bindings]
        times += [former.until for binding in state.bindings for former in binding.former]
        times += [waiting.until for waiting in state.waiting]
        times += [pending.repeat_at for pending in state.revocations]
        return min(times) if times else self._stale_from(state.freshness)

    def prefixes(self, state: LmaNode) -> frozenset[IPv6Network]:
        """Those of the pool that the node has, or is to have if what it waits for does not come."""
        return frozenset(prefix for prefix in self.held(state) if prefix.subnet_of(self.parameters.pool))

    def held(self, state: LmaNode) -> frozenset[IPv6Network]:
        """Those, and the others that policy has given the node: no other node may have them."""
        held = [prefix for binding in state.bindings for prefix in binding.prefixes]
        held += [offer for waiting in state.waiting for offer in waiting.event.offers]
        return frozenset(held)

    def wanted(self, state: LmaNode, event: UpdateReceived, now: float) -> int:
        """How many prefixes of the pool are to be drawn as `offers` of the event before it is delivered."""
        request = Request.of(event.received)
        finding = self._find(state, event, request)
        opens = finding.outcome is Outcome.NEW_SESSION or _has_to_wait(finding)
        if not opens or request.update.lifetime == 0 or event.profile is None:
            return 0
        if rejection(self._arrival(state, event, request, now)) is not None:
            return 0
        waiting = state.waiting_for(request)
        if waiting is not None and waiting.event.offers and finding.outcome is Outcome.WAIT:
            return 0
        return to_draw(request, event, event.profile, state.bindings)

    # Proxy Binding Updates (RFC 5213 section 5.3)

    def update(self, state: LmaNode, event: UpdateReceived, now: float) -> Result:
        """The checks of section 5.3.1, the existence test, and what it leads to."""
        request = Request.of(event.received)
        arrival = self._arrival(state, event, request, now)
        status = rejection(arrival)
        if status is BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW:
            later = accepted_later(arrival)
            assert later is not None
            return state, (rejected(request, status, now, last_sequence=later.sequence),)
        if status is not None:
            return state, (rejected(request, status, now),)
        finding = self._find(state, event, request)
        if finding.outcome is Outcome.NOT_AUTHORIZED:
            return state, (rejected(request, BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX, now),)
        if finding.outcome is Outcome.PREFIX_SETS_DIFFER:
            return state, (rejected(request, BaStatus.BCE_PBU_PREFIX_SET_DO_NOT_MATCH, now),)
        if request.update.lifetime == 0:
            return self._deregister(state, request, finding, now)
        if _has_to_wait(finding) and self.parameters.max_delay_before_new_bce_assign_s > 0:
            return self._wait(state, event, request, finding, now)
        return self._register(state, event, request, finding, now)

    def _register(
        self, state: LmaNode, event: UpdateReceived, request: Request, finding: Finding, now: float
    ) -> Result:
        """Not to wait, or no longer."""
        state = state.without_waiting(request)
        if finding.binding is None or _has_to_wait(finding):
            return self._create(state, event, request, now)
        if finding.binding.phase is Phase.REVOKED:
            return state, (rejected(request, BaStatus.ADMINISTRATIVELY_PROHIBITED, now),)
        return self._extend(state, event, request, finding.binding, now)

    def _create(self, state: LmaNode, event: UpdateReceived, request: Request, now: float) -> Result:
        """Section 5.3.2."""
        assert event.profile is not None
        given = assign(request, event, event.profile, state.bindings)
        if not isinstance(given, BaStatus) and len(state.bindings) >= self.parameters.bindings_per_node:
            given = BaStatus.INSUFFICIENT_RESOURCES
        if isinstance(given, BaStatus):
            return state, (rejected(request, given, now),)
        lifetime = self._granted(request)
        binding = ProxyBinding(
            prefixes=given,
            proxy_coa=request.proxy_coa,
            peer=request.source,
            anchor=request.destination,
            link_layer_id=request.link_layer_id or NO_LINK_LAYER_ID,
            technology=request.technology,
            link_local=_link_local(request, PMIPV6_ROUTER.link_local),
            sequence=request.update.sequence,
            ends_at=now + 4 * lifetime,
        )
        freshness = state.freshness.accept(request.update, request.source)
        new = replace(state, bindings=(*state.bindings, binding), freshness=freshness)
        return new, (accepted(request, binding, lifetime),)

    def _extend(
        self, state: LmaNode, event: UpdateReceived, request: Request, binding: ProxyBinding, now: float
    ) -> Result:
        """Sections 5.3.3 and 5.3.4."""
        lifetime = self._granted(request)
        has_moved = request.proxy_coa != binding.proxy_coa and binding.phase is Phase.REGISTERED
        former = tuple(f for f in binding.former if f.until > now and f.proxy_coa != request.proxy_coa)
        if has_moved:
            left = FormerGateway(binding.proxy_coa, now + self.parameters.drain_s)
            former = (left, *former)[: self.parameters.former_gateways]
        updated = replace(
            binding,
            proxy_coa=request.proxy_coa,
            peer=request.source,
            anchor=request.destination,
            link_layer_id=request.link_layer_id or NO_LINK_LAYER_ID,
            technology=request.technology,
            link_local=_link_local(request, binding.link_local),
            sequence=request.update.sequence,
            ends_at=now + 4 * lifetime,
            phase=Phase.REGISTERED,
            former=former,
        )
        freshness = state.freshness.accept(request.update, request.source)
        new = replace(state.replaced(binding, updated), freshness=freshness)
        new = new.without_revocation(updated)
        outputs = [accepted(request, updated, lifetime)]
        if has_moved and self.parameters.revokes_at_handover:
            same = request.technology == binding.technology
            trigger = (
                RevocationTrigger.INTER_MAG_HANDOVER_SAME_ACCESS_TYPE
                if same
                else RevocationTrigger.INTER_MAG_HANDOVER_DIFFERENT_ACCESS_TYPE
            )
            new, sent = self._tell(new, binding, trigger, event.revocation_sequence, now)
            outputs += sent
        return new, tuple(outputs)

    def _deregister(self, state: LmaNode, request: Request, finding: Finding, now: float) -> Result:
        """Section 5.3.5. Silence for what is about no binding (section 5.4.1) or comes from another gateway than the
        binding's; a gateway may take back a request that waits."""
        binding = finding.binding if finding.outcome is Outcome.UPDATE else None
        if binding is None:
            waiting = state.waiting_for(request)
            if waiting is None or not is_later(request.update, Request.of(waiting.event.received).update):
                return state, ()
            return state.without_waiting(request), ()
        if request.proxy_coa != binding.proxy_coa:
            return state, ()
        ended = replace(self._deregistered(binding, now), sequence=request.update.sequence)
        freshness = state.freshness.accept(request.update, request.source)
        new = replace(state.replaced(binding, ended).without_revocation(binding), freshness=freshness)
        new, outputs = self._settle(new, now)
        return new, (accepted(request, ended, 0), *outputs)

    def _deregistered(self, binding: ProxyBinding, now: float) -> ProxyBinding:
        ends_at = now + self.parameters.min_delay_before_bce_delete_s
        if binding.phase is Phase.REGISTERED:
            return replace(binding, phase=Phase.DEREGISTERED, ends_at=ends_at, former=())
        return replace(binding, ends_at=min(binding.ends_at, ends_at))

    # Handoff state unknown (RFC 5213 sections 5.4.1.2 and 5.4.1.3)

    def _wait(self, state: LmaNode, event: UpdateReceived, request: Request, finding: Finding, now: float) -> Result:
        before = state.waiting_for(request)
        if before is not None:
            if not is_later(request.update, Request.of(before.event.received).update):
                return state, ()
            again = replace(before, event=replace(event, offers=before.event.offers or event.offers))
            return replace(state, waiting=tuple(again if w is before else w for w in state.waiting)), ()
        if len(state.waiting) >= self.parameters.waiting_per_node:
            return self._register(state, event, request, finding, now)
        delay_s = self.parameters.max_delay_before_new_bce_assign_s
        outputs: tuple[Send, ...] = ()
        if self.parameters.revokes_at_handover and finding.binding is not None:
            # Instead of waiting for what may never come (RFC 5846 section 8.1).
            delay_s = self.parameters.revocation.total_s
            trigger = RevocationTrigger.INTER_MAG_HANDOVER_UNKNOWN
            state, outputs = self._tell(state, finding.binding, trigger, event.revocation_sequence, now)
        return replace(state, waiting=(*state.waiting, Waiting(event, now + delay_s))), outputs

    def _settle(self, state: LmaNode, now: float) -> Result:
        """Answer the updates that need not wait any longer, the first one first."""
        outputs: tuple[Send, ...] = ()
        for waiting in state.waiting:
            request = Request.of(waiting.event.received)
            finding = self._find(state, waiting.event, request)
            if now < waiting.until and _has_to_wait(finding):
                continue
            state, sent = self._register(state, waiting.event, request, finding, now)
            outputs += sent
        return state, outputs

    # Binding revocation (RFC 5846)

    def revoke(self, state: LmaNode, event: Revoke, now: float) -> Result:
        """Stop forwarding at once, and keep the binding until its gateway has answered or does not."""
        binding = next((b for b in state.bindings if event.prefix in b.prefixes), None)
        if binding is None or binding.phase is Phase.REVOKED:
            return state, ()
        revoked = replace(binding, phase=Phase.REVOKED, former=())
        outputs: tuple[Send, ...] = ()
        state = state.replaced(binding, revoked)
        if binding.phase is Phase.REGISTERED:
            state, outputs = self._tell(state.without_revocation(binding), binding, event.trigger, event.sequence, now)
        state, answers = self._settle(state, now)
        return state, (*outputs, *answers)

    def received(self, state: LmaNode, event: Received, now: float) -> Result:
        """A Binding Revocation message; silence for any other, and for answers to nothing."""
        ack = event.message
        if isinstance(ack, BindingRevocationIndication):
            return state, (revocation.declined(ack, event),)
        pending = next((p for p in state.revocations if p.is_answered_by(event)), None)
        if pending is None or not isinstance(ack, BindingRevocationAck):
            return state, ()
        state = replace(state, revocations=tuple(p for p in state.revocations if p is not pending))
        binding = state.revoked_by(pending)
        if binding is None:
            return state, ()
        if binding.phase is Phase.REVOKED:
            state = state.without(binding)
        elif pending.trigger == RevocationTrigger.INTER_MAG_HANDOVER_UNKNOWN:
            if not is_rejection(ack.status) or ack.status == RevocationStatus.BINDING_DOES_NOT_EXIST:
                state = state.replaced(binding, self._deregistered(binding, now))
            else:
                # The node is still there: what waits is about another interface.
                state = replace(state, waiting=tuple(replace(w, until=min(w.until, now)) for w in state.waiting))
        return self._settle(state, now)

    def _tell(
        self, state: LmaNode, binding: ProxyBinding, trigger: RevocationTrigger, sequence: int, now: float
    ) -> Result:
        """Send the binding's gateway an indication, unless it is only a hint and has one already or there are many."""
        is_hint = trigger != RevocationTrigger.ADMINISTRATIVE_REASON
        outstanding = any(p.is_about(binding.prefixes, binding.proxy_coa) for p in state.revocations)
        if is_hint and (outstanding or len(state.revocations) >= self.parameters.bindings_per_node):
            return state, ()
        pending = revocation.begin(
            state.mn_id,
            binding.prefixes,
            proxy_coa=binding.proxy_coa,
            source=binding.anchor,
            peer=binding.peer,
            trigger=trigger,
            sequence=sequence,
            timers=self.parameters.revocation,
            now=now,
        )
        return replace(state, revocations=(*state.revocations, pending)), (pending.sending,)

    # Time and refusal

    def time_reached(self, state: LmaNode, _: TimeReached, now: float) -> Result:
        bindings = tuple(binding.drained(now) for binding in state.bindings if binding.ends_at > now)
        state = replace(state, bindings=bindings)
        repeated: list[Send] = []
        pending: list[PendingRevocation] = []
        for indication in state.revocations:
            if indication.repeat_at > now:
                pending.append(indication)
            elif indication.retries_left > 0:
                pending.append(indication.repeated(self.parameters.revocation, now))
                repeated.append(indication.sending)
            else:
                binding = state.revoked_by(indication)
                if binding is not None and binding.phase is Phase.REVOKED:
                    state = state.without(binding)
        state, outputs = self._settle(replace(state, revocations=tuple(pending)), now)
        return state, (*repeated, *outputs)

    def refused(self, state: LmaNode, event: Refused, now: float) -> Result:
        """Status 130 for what the switch has no room for, and the rest of the event that it came with."""
        cause = event.cause
        if isinstance(cause, UpdateReceived):
            request = Request.of(cause.received)
            if request.update.lifetime > 0:
                return state, (rejected(request, BaStatus.INSUFFICIENT_RESOURCES, now),)
        answers = tuple(
            rejected(Request.of(waiting.event.received), BaStatus.INSUFFICIENT_RESOURCES, now)
            for waiting in state.waiting
        )
        state, outputs = HANDLERS[type(cause)](self, replace(state, waiting=()), cause, now)
        return state, (*answers, *outputs)

    # Details

    def _find(self, state: LmaNode, event: UpdateReceived, request: Request) -> Finding:
        return find(request, state.mn_id, state.bindings, event.holdings)

    def _arrival(self, state: LmaNode, event: UpdateReceived, request: Request, now: float) -> Arrival:
        parameters = self.parameters
        generated = parameters.mobile_node_generated_timestamps
        window_s = math.inf if generated else parameters.timestamp_validity_window_s
        return Arrival(request, event, state, parameters.address, window_s, now)

    def _granted(self, request: Request) -> int:
        """In units of 4 seconds, never more than asked for (RFC 6275 section 9.5.2)."""
        return min(request.update.lifetime, self.parameters.max_lifetime_s // 4)

    def _view(self, state: LmaNode, binding: ProxyBinding) -> LocalBinding:
        prefixes = tuple(RoutedPrefix(p, self.parameters.address, PMIPV6_ROUTER) for p in binding.prefixes)
        former = tuple(gateway.proxy_coa for gateway in binding.former)
        return LocalBinding(str(state.mn_id), prefixes, serving=binding.proxy_coa, previous=former)

    def _is_over(self, state: LmaNode, now: float) -> bool:
        if state.bindings or state.waiting or state.revocations:
            return False
        stale_from = self._stale_from(state.freshness)
        return stale_from is None or now >= stale_from

    def _stale_from(self, freshness: Freshness) -> float | None:
        """When the timestamp accepted last need not be remembered: everything up to it is outside of the window."""
        if freshness.timestamp is None or self.parameters.mobile_node_generated_timestamps:
            return None
        return freshness.timestamp / TICKS_PER_S + self.parameters.timestamp_validity_window_s + _GRACE_S


def _has_to_wait(finding: Finding) -> bool:
    """What a binding that its gateway has given up waits for has come."""
    is_held = finding.binding is not None and finding.binding.phase is Phase.REGISTERED
    return finding.outcome is Outcome.WAIT and is_held


def _link_local(request: Request, otherwise: IPv6Address) -> IPv6Address:
    """The gateway's own if it says one (RFC 5213 section 5.3.6)."""
    option = request.update.option(LinkLocalAddress)
    return option.address if option is not None and int(option.address) else otherwise


HANDLERS: dict[type, Callable[[Lma, LmaNode, Any, float], Result]] = {
    UpdateReceived: Lma.update,
    Received: Lma.received,
    Revoke: Lma.revoke,
    Refused: Lma.refused,
    TimeReached: Lma.time_reached,
}

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Mobility Anchor and Access Router of RFC 8885, for one mobile node.

It serves the nodes at its access ports, each with a prefix of its own and those that other MAARs anchor for it
(`maar_serving`), and anchors the prefixes of here of nodes that are elsewhere (`maar_anchor`). Of the two designs for
the end of a registration it has the first (section 3.5): a P-MAAR's timer stops, the S-MAAR alone de-registers.
"""

from collections.abc import Callable
from ipaddress import IPv6Network
from typing import Any

from p4dmm.mobility.access import Attached, Detached, NewLinkLocal, PrefixIdle, Refused
from p4dmm.mobility.exchange import Received, TimeReached
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding, RoutedPrefix
from p4dmm.wire.mobility import (
    BindingError,
    BindingRevocationIndication,
    MobileNodeIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
)

from .maar_anchor import refused, revoked, update_received
from .maar_answers import (
    acknowledged,
    acknowledged_directly,
    acknowledged_further,
    binding_error,
    ended,
    retired,
)
from .maar_serving import (
    Result,
    attached,
    attached_refused,
    attached_registering,
    attached_serving,
    detached,
    new_link_local,
    prefix_idle,
)
from .maar_state import MaarNode, MaarParameters, Phase
from .maar_timers import due, time_reached

Event = Attached | Detached | NewLinkLocal | PrefixIdle | Refused | Received | TimeReached
Handler = Callable[[MaarParameters, MaarNode, Any, float], Result]


def _registration_answered(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    """An acknowledgement while a node is, or will be, served: of which request it is, if of any (3.6)."""
    if node.pending is not None and node.pending.is_answered_by(received):
        return acknowledged(parameters, node, received, now)
    if node.retiring is not None and node.retiring.is_answered_by(received):
        return retired(parameters, node, received, now)
    if node.answered is not None and node.answered.is_answered_by(received):
        return acknowledged_further(parameters, node, received, now)
    return acknowledged_directly(parameters, node, received, now)


def _end_answered(parameters: MaarParameters, node: MaarNode, received: Received, now: float) -> Result:
    if node.pending is not None and node.pending.is_answered_by(received):
        return ended(parameters, node, received, now)
    return node, ()


_EVERYWHERE: dict[type, Handler] = {
    ProxyBindingUpdate: update_received,
    BindingRevocationIndication: revoked,
    Refused: refused,
    TimeReached: time_reached,
}

_IN_PHASE: dict[Phase, dict[type, Handler]] = {
    Phase.NEW: {Attached: attached},
    Phase.REGISTERING: {
        Attached: attached_registering,
        Detached: detached,
        ProxyBindingAck: _registration_answered,
        BindingError: binding_error,
    },
    Phase.SERVING: {
        Attached: attached_serving,
        Detached: detached,
        NewLinkLocal: new_link_local,
        PrefixIdle: prefix_idle,
        ProxyBindingAck: _registration_answered,
    },
    Phase.LEFT_UNKNOWN: {Attached: attached_serving, ProxyBindingAck: _registration_answered},
    Phase.ENDING: {Attached: attached, ProxyBindingAck: _end_answered},
    Phase.PREVIOUS: {Attached: attached},
    Phase.REFUSED: {Attached: attached_refused, Detached: detached},
}

KINDS: tuple[type, ...] = (
    Attached,
    Detached,
    NewLinkLocal,
    PrefixIdle,
    ProxyBindingAck,
    BindingError,
    *_EVERYWHERE,
)
"""Events, messages by their class."""

TRANSITIONS: dict[tuple[Phase, type], Handler | None] = {
    (phase, kind): _IN_PHASE[phase].get(kind, _EVERYWHERE.get(kind)) for phase in Phase for kind in KINDS
}
"""What is done in each phase about each event; None: nothing."""


class Maar:
    """The role, as a function of one node's state. It raises nothing for what a peer has sent."""

    def __init__(self, parameters: MaarParameters) -> None:
        self.parameters = parameters

    def initial(self, mn_id: MobileNodeId) -> MaarNode:
        """A node nobody has heard of."""
        return MaarNode(mn_id)

    def step(self, state: MaarNode, event: Event, now: float) -> Result:
        """The state after the event, None to forget the node, and what is to be sent once `views` is installed."""
        if isinstance(event, Received):
            name = event.message.option(MobileNodeIdentifier)
            if name is not None and MobileNodeId.of(name) != state.mn_id:
                return self._kept(state), ()
            kind: type = type(event.message)
        else:
            kind = type(event)
        handler = TRANSITIONS.get((state.phase, kind))
        if handler is None:
            return self._kept(state), ()
        new, outputs = handler(self.parameters, state, event, now)
        return new if new is None else self._kept(new), outputs

    def views(self, state: MaarNode) -> tuple[LocalBinding, ...]:
        """What this switch is to forward: nothing of a node whose registration has no answer yet, but for a prefix of
        here that a node elsewhere has already."""
        serves = state.phase in {Phase.SERVING, Phase.LEFT_UNKNOWN}
        is_elsewhere = state.phase in {Phase.REGISTERING, Phase.PREVIOUS, Phase.REFUSED} and state.serving is not None
        if not serves and not is_elsewhere:
            return ()
        prefixes = self._prefixes(state, with_others=serves or state.left is not None)
        if not prefixes:
            return ()
        is_here = serves or state.left is not None
        binding = LocalBinding(
            mn_id=str(state.mn_id),
            prefixes=prefixes,
            mac=state.mac if is_here else None,
            node_id=state.node_id if is_here else 0,
            attachment=state.attachment if serves else None,
            left=state.left,
            serving=None if serves else state.serving,
            previous=state.previous,
        )
        return (binding,)

    def due(self, state: MaarNode) -> float | None:
        """When TimeReached is to come; None: nothing is waited for."""
        return due(state)

    def prefixes(self, state: MaarNode) -> frozenset[IPv6Network]:
        """Those of this MAAR's pool that the node has."""
        return frozenset(() if state.own_prefix is None else (state.own_prefix,))

    def _prefixes(self, state: MaarNode, *, with_others: bool) -> tuple[RoutedPrefix, ...]:
        """The one of here first: only of it the node makes addresses for new connections (3.7)."""
        own: tuple[RoutedPrefix, ...] = ()
        if state.own_prefix is not None:
            here = self.parameters
            own = (RoutedPrefix(state.own_prefix, here.address, here.router, local_prefixes=here.local_prefixes),)
        if not with_others:
            return own
        others = (
            RoutedPrefix(a.prefix, a.address, a.router, is_deprecated=True, local_prefixes=a.local_prefixes)
            for a in state.anchors
        )
        return (*own, *others)

    @staticmethod
    def _kept(state: MaarNode) -> MaarNode | None:
        return None if state.phase is Phase.NEW else state

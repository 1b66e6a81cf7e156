# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The mobile access gateway (RFC 5213 section 6): what each event does to one mobile node.

`TRANSITIONS` has a row for every phase and event; a test walks them all. None means the event changes nothing there.
Sections without a number of an RFC are those of RFC 5213.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Network
from typing import Any

from p4dmm.mobility.access import Attached, Detached, NewLinkLocal, Refused
from p4dmm.mobility.exchange import Received, TimeReached
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire.mobility import BindingError, BindingRevocationIndication, ProxyBindingAck

from . import mag_binding
from .mag_answers import acknowledged, binding_error, revoked
from .mag_binding import MagNode, MagParameters, MagPhase
from .mag_link import (
    attached_deregistering,
    attached_first,
    attached_refused,
    attached_registered,
    attached_registering,
    detached,
    link_local,
    refused,
)
from .mag_messages import re_registration
from .mag_session import Result, deny, enter, later, repeat, request, reset, tidied


@dataclass(frozen=True, slots=True)
class Reregister:
    """An administrative action, such as another policy: register now what is here, whatever was refused before."""


Event = Attached | Detached | NewLinkLocal | Refused | Reregister | TimeReached | Received


class Mag:
    """One gateway; a pure function of a node's state, an event and the time."""

    def __init__(self, parameters: MagParameters) -> None:
        """Take what is configured."""
        self.parameters = parameters

    def initial(self, mn_id: MobileNodeId) -> MagNode:
        """A node that nothing is known of."""
        return MagNode(mn_id)

    def step(self, state: MagNode, event: Event, now: float) -> Result:
        """One event. Returns the new state, None to forget the node, and what is to be sent once that is durable and
        the switch holds what `views` says."""
        kind = type(event.message) if isinstance(event, Received) else type(event)
        ignored = isinstance(event, Received) and kind not in MESSAGES
        handler = None if ignored else TRANSITIONS[state.phase, kind]
        new, outputs = (state, ()) if handler is None else handler(self.parameters, state, event, now)
        return None if new is None or new.phase is MagPhase.IDLE else new, outputs

    def views(self, state: MagNode) -> tuple[LocalBinding, ...]:
        """What the switch shall forward."""
        return mag_binding.views(state, self.parameters.router)

    def due(self, state: MagNode) -> float | None:
        """When TimeReached is to come."""
        return mag_binding.due(state)

    def prefixes(self, _state: MagNode) -> frozenset[IPv6Network]:
        """None of this switch's pool: they are the anchor's."""
        return frozenset()


def time_pending(p: MagParameters, node: MagNode, _event: TimeReached, now: float) -> Result:
    node = tidied(node, now)
    if node.pending is not None and node.pending.repeat_at <= now:
        return repeat(p, node, now)
    return node, ()


def time_registered(p: MagParameters, node: MagNode, event: TimeReached, now: float) -> Result:
    assert node.expires_at is not None
    if node.expires_at <= now:
        silent = replace(tidied(node, now), pending=None)
        return deny(p, silent, later(p, node, "the session has expired", now, 0.0), now)
    if node.pending is None and node.renew_at is not None and node.renew_at <= now:
        return request(p, tidied(node, now), re_registration(node, p), now)
    return time_pending(p, node, event, now)


def time_refused(p: MagParameters, node: MagNode, _event: TimeReached, now: float) -> Result:
    node = tidied(node, now)
    if node.refusal is None or node.refusal.retry_at is None or node.refusal.retry_at > now:
        return node, ()
    if node.attachment is None:
        return None, ()
    return enter(p, replace(node, retries=node.retries + 1), now)


def reregister_registered(p: MagParameters, node: MagNode, _event: Reregister, now: float) -> Result:
    if node.pending is not None:
        return node, ()
    return request(p, node, re_registration(node, p), now)


def reregister_refused(p: MagParameters, node: MagNode, _event: Reregister, now: float) -> Result:
    if node.attachment is None:
        return None, ()
    return enter(p, reset(node), now)


Handler = Callable[[MagParameters, MagNode, Any, float], Result]

MESSAGES = (ProxyBindingAck, BindingError, BindingRevocationIndication)
"""What a gateway takes from an anchor."""

_IDLE, _REGISTERING, _REGISTERED = MagPhase.IDLE, MagPhase.REGISTERING, MagPhase.REGISTERED
_DEREGISTERING, _REFUSED = MagPhase.DEREGISTERING, MagPhase.REFUSED

TRANSITIONS: dict[tuple[MagPhase, type], Handler | None] = {
    (_IDLE, Attached): attached_first,
    (_REGISTERING, Attached): attached_registering,
    (_REGISTERED, Attached): attached_registered,
    (_DEREGISTERING, Attached): attached_deregistering,
    (_REFUSED, Attached): attached_refused,
    (_IDLE, Detached): None,
    (_REGISTERING, Detached): detached,
    (_REGISTERED, Detached): detached,
    (_DEREGISTERING, Detached): detached,
    (_REFUSED, Detached): detached,
    (_IDLE, NewLinkLocal): None,
    (_REGISTERING, NewLinkLocal): link_local,
    (_REGISTERED, NewLinkLocal): link_local,
    (_DEREGISTERING, NewLinkLocal): link_local,
    (_REFUSED, NewLinkLocal): link_local,
    (_IDLE, Refused): None,
    (_REGISTERING, Refused): refused,
    (_REGISTERED, Refused): refused,
    (_DEREGISTERING, Refused): None,
    (_REFUSED, Refused): None,
    (_IDLE, Reregister): None,
    (_REGISTERING, Reregister): None,
    (_REGISTERED, Reregister): reregister_registered,
    (_DEREGISTERING, Reregister): None,
    (_REFUSED, Reregister): reregister_refused,
    (_IDLE, TimeReached): None,
    (_REGISTERING, TimeReached): time_pending,
    (_REGISTERED, TimeReached): time_registered,
    (_DEREGISTERING, TimeReached): time_pending,
    (_REFUSED, TimeReached): time_refused,
    (_IDLE, ProxyBindingAck): None,
    (_REGISTERING, ProxyBindingAck): acknowledged,
    (_REGISTERED, ProxyBindingAck): acknowledged,
    (_DEREGISTERING, ProxyBindingAck): acknowledged,
    (_REFUSED, ProxyBindingAck): None,
    (_IDLE, BindingError): None,
    (_REGISTERING, BindingError): binding_error,
    (_REGISTERED, BindingError): binding_error,
    (_DEREGISTERING, BindingError): binding_error,
    (_REFUSED, BindingError): None,
    (_IDLE, BindingRevocationIndication): revoked,
    (_REGISTERING, BindingRevocationIndication): revoked,
    (_REGISTERED, BindingRevocationIndication): revoked,
    (_DEREGISTERING, BindingRevocationIndication): revoked,
    (_REFUSED, BindingRevocationIndication): revoked,
}

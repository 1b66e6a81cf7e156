# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Central Mobility Database (RFC 8885): where every mobile node is, and which MAARs anchor its prefixes.

    node       S-MAAR                     CMD                      P-MAARs
     attaches    |---- PBU -------------->|                           |
                 |<--- PBA (proxy) -------|                           |
                 |                        |---- PBU, Serving MAAR --->| each
                 |<--- PBA (locator) -----|---------------------------|
                 |                        |<--- PBA ------------------|
                 |<--- PBA (relay) -------|                           |

An answer to the S-MAAR names the P-MAARs that know where the node is now, in proxy mode all of them. It waits for them
until `answer_timeout_s`; each one that answers later is told by a further answer to the same request (section 3.2).
So an answer says who is a P-MAAR, not who is none any more. In locator mode P-MAARs tell the S-MAAR themselves; the CMD
answers as a relay would, for a PBU has to be answered and what a P-MAAR sent may be lost.

Old anchors end by Binding Revocation (RFC 5846): when the S-MAAR says that their prefixes are idle, by a PBU with
lifetime 0 that has these; when the P-MAAR list is full; when the node is gone. Only the S-MAAR ends the whole
registration (section 3.5).

What leaves the CMD is paced, and held to MAX_UPDATE_RATE, by whoever sends it (sections 3.2, 3.6 and 6).
"""

from collections.abc import Callable, Mapping
from enum import Enum
from ipaddress import IPv6Network
from types import MappingProxyType
from typing import Any
from zlib import crc32

from p4dmm.mobility.exchange import Received, Send, TimeReached
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire.mobility import BaStatus, BindingRevocationAck, ProxyBindingAck

from .cmd_checks import rejection
from .cmd_messages import acknowledgement
from .cmd_outputs import Step
from .cmd_state import CmdNode, CmdParameters, Phase, UpdateReceived
from .cmd_transitions import denied, deregister, register, revocation_answered, time_reached, update_answered

Handler = Callable[[CmdParameters, CmdNode, Any, float], Step]


class Happening(Enum):
    """What an event is to a node."""

    REGISTRATION = "PBU"
    DEREGISTRATION = "PBU with lifetime 0"
    UPDATE_ANSWERED = "PBA"
    REVOCATION_ANSWERED = "BRA"
    TIME = "time reached"


TRANSITIONS: Mapping[tuple[Phase, Happening], Handler] = MappingProxyType(
    {
        (Phase.UNKNOWN, Happening.REGISTRATION): register,
        (Phase.UNKNOWN, Happening.DEREGISTRATION): denied,
        (Phase.REGISTERED, Happening.REGISTRATION): register,
        (Phase.REGISTERED, Happening.DEREGISTRATION): deregister,
        (Phase.REGISTERED, Happening.UPDATE_ANSWERED): update_answered,
        (Phase.REGISTERED, Happening.REVOCATION_ANSWERED): revocation_answered,
        (Phase.REGISTERED, Happening.TIME): time_reached,
        (Phase.DEREGISTERED, Happening.REGISTRATION): register,
        (Phase.DEREGISTERED, Happening.DEREGISTRATION): deregister,
        (Phase.DEREGISTERED, Happening.UPDATE_ANSWERED): update_answered,
        (Phase.DEREGISTERED, Happening.REVOCATION_ANSWERED): revocation_answered,
        (Phase.DEREGISTERED, Happening.TIME): time_reached,
        (Phase.REVOKING, Happening.REGISTRATION): register,
        (Phase.REVOKING, Happening.DEREGISTRATION): denied,
        (Phase.REVOKING, Happening.REVOCATION_ANSWERED): revocation_answered,
        (Phase.REVOKING, Happening.TIME): time_reached,
    }
)
"""What is not here is ignored."""


class Cmd:
    """The role, of a CMD with these parameters."""

    def __init__(self, parameters: CmdParameters) -> None:
        self.parameters = parameters

    def initial(self, mn_id: MobileNodeId) -> CmdNode:
        """A node that is not known. Its first sequence number follows from its identifier: a Binding Revocation
        Acknowledgement says no node, so that its number should not be that of another node's, too."""
        return CmdNode(mn_id, last_sequence=crc32(mn_id.identifier) & 0xFFFF)

    def step(self, state: CmdNode, event: object, now: float) -> tuple[CmdNode | None, tuple[Send, ...]]:
        """The state after an event, None to forget the node, and what is to be sent."""
        node, outputs = self._next(state, event, now)
        return (None if node.phase is Phase.UNKNOWN else node), outputs

    def views(self, state: CmdNode) -> tuple[LocalBinding, ...]:  # noqa: ARG002 - of every role
        """None: a CMD forwards nothing (RFC 8885 section 3)."""
        return ()

    def prefixes(self, state: CmdNode) -> frozenset[IPv6Network]:  # noqa: ARG002 - of every role
        """None: prefixes belong to MAARs."""
        return frozenset()

    def due(self, state: CmdNode) -> float | None:
        """When the next thing happens without a message."""
        times = [anchor.pending.repeat_at for anchor in state.previous if anchor.pending is not None]
        times += [pending.repeat_at for pending in state.revocations]
        if state.expires_at is not None:
            times.append(state.expires_at)
        if state.registration is not None and state.registration.answer_at is not None:
            times.append(state.registration.answer_at)
        return min(times, default=None)

    def _next(self, node: CmdNode, event: object, now: float) -> Step:
        if isinstance(event, UpdateReceived):
            update, source = event.update, event.received.source
            if node.freshness.accept(update, source) == node.freshness:
                # A copy of the last one that was accepted, made on the way: its answer was sent, or will be.
                return node, ()
            status = rejection(node, event, now, self.parameters)
            if status is not None:
                last = node.freshness.sequence if status == BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW else None
                return node, (acknowledgement(event.received, status=status, sequence=last, now=now),)
        happening = _happening(event)
        handler = None if happening is None else TRANSITIONS.get((node.phase, happening))
        return (node, ()) if handler is None else handler(self.parameters, node, event, now)


def _happening(event: object) -> Happening | None:
    match event:
        case TimeReached():
            return Happening.TIME
        case UpdateReceived():
            return Happening.REGISTRATION if event.update.lifetime else Happening.DEREGISTRATION
        case Received(message=ProxyBindingAck()):
            return Happening.UPDATE_ANSWERED
        case Received(message=BindingRevocationAck()):
            return Happening.REVOCATION_ANSWERED
    return None

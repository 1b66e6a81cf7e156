# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a local mobility anchor knows of one mobile node (RFC 5213 section 5.1). Times are seconds since 1970 UTC."""

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId

from .request import Request, UpdateReceived
from .revocation import PendingRevocation

NO_LINK_LAYER_ID = b"\0\0"
"""Two octets ALL_ZERO: the gateway named none (RFC 5213 section 5.1)."""


class Phase(Enum):
    """Where a binding stands."""

    REGISTERED = auto()
    DEREGISTERED = auto()
    """Kept for MinDelayBeforeBCEDelete without forwarding; an update revives it (RFC 5213 section 5.3.5)."""
    REVOKED = auto()
    """Taken from the node; kept without forwarding until the gateway has said so (RFC 5846 section 8.1)."""


@dataclass(frozen=True, slots=True)
class FormerGateway:
    """A gateway the node has just left."""

    proxy_coa: IPv6Address
    until: float
    """What the node sent there may still arrive."""


@dataclass(frozen=True, slots=True)
class ProxyBinding:
    """A binding cache entry: the mobility session of one interface."""

    prefixes: tuple[IPv6Network, ...]
    """The home network prefixes, at least one."""
    proxy_coa: IPv6Address
    peer: IPv6Address
    """Where the gateway signals from; differs from `proxy_coa` if it said an Alternate Care-of Address."""
    anchor: IPv6Address
    """The address of this anchor that it signals to."""
    link_layer_id: bytes
    technology: int
    link_local: IPv6Address
    """The gateway's on the node's link."""
    sequence: int
    """Of the last update accepted."""
    ends_at: float
    phase: Phase = Phase.REGISTERED
    former: tuple[FormerGateway, ...] = ()
    """Bounded by LmaParameters.former_gateways."""

    def drained(self, now: float) -> "ProxyBinding":
        """Without gateways from which nothing can come any more."""
        return replace(self, former=tuple(gateway for gateway in self.former if gateway.until > now))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update with handoff state unknown, until the previous gateway de-registers (RFC 5213 section 5.4.1.2)."""

    event: UpdateReceived
    until: float
    """Then it is about a new session."""


@dataclass(frozen=True, slots=True)
class LmaNode:
    """All of a mobile node."""

    mn_id: MobileNodeId
    bindings: tuple[ProxyBinding, ...] = ()
    """Bounded by LmaParameters.bindings_per_node; no prefix is in two of them."""
    waiting: tuple[Waiting, ...] = ()
    """Bounded by LmaParameters.waiting_per_node."""
    revocations: tuple[PendingRevocation, ...] = ()
    """Bounded by twice LmaParameters.bindings_per_node."""
    freshness: Freshness = field(default_factory=Freshness)
    """Timestamps are the node's, sequence numbers those of each binding (RFC 5213 section 5.5)."""

    def replaced(self, old: ProxyBinding, new: ProxyBinding) -> "LmaNode":
        return replace(self, bindings=tuple(new if binding is old else binding for binding in self.bindings))

    def without(self, binding: ProxyBinding) -> "LmaNode":
        return replace(self, bindings=tuple(other for other in self.bindings if other is not binding))

    def waiting_for(self, request: Request) -> Waiting | None:
        """The update of the same interface at the same gateway that waits."""
        for waiting in self.waiting:
            if Request.of(waiting.event.received).interface == request.interface:
                return waiting
        return None

    def without_waiting(self, request: Request) -> "LmaNode":
        """Without that update."""
        gone = self.waiting_for(request)
        return replace(self, waiting=tuple(waiting for waiting in self.waiting if waiting is not gone))

    def without_revocation(self, binding: ProxyBinding) -> "LmaNode":
        """Without what its gateway was told to give the binding up."""
        kept = tuple(p for p in self.revocations if not p.is_about(binding.prefixes, binding.proxy_coa))
        return replace(self, revocations=kept)

    def revoked_by(self, pending: PendingRevocation) -> ProxyBinding | None:
        """The binding that a gateway was told to give up, unless it is elsewhere now."""
        for binding in self.bindings:
            if pending.is_about(binding.prefixes, binding.proxy_coa):
                return binding
        return None

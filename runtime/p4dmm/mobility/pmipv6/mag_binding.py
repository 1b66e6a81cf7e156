# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Binding Update List entry of a mobile access gateway (RFC 5213 section 6.1), and what follows from it alone."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.bce import Attachment
from p4dmm.mobility.exchange import PendingUpdate
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding, RoutedPrefix
from p4dmm.mobility.profile import NodeProfile
from p4dmm.mobility.router import PMIPV6_ROUTER, RouterIdentity
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import MAX_LIFETIME_S, AccessTechnology, HandoffIndicatorValue, Timestamp

_UNSPECIFIED = IPv6Address("::")
_INDICATORS = (
    HandoffIndicatorValue.ATTACHMENT_OVER_A_NEW_INTERFACE,
    HandoffIndicatorValue.HANDOFF_BETWEEN_MAGS_FOR_THE_SAME_INTERFACE,
    HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class MagParameters:
    """One gateway's. Times are in seconds."""

    address: IPv6Address
    """Proxy-CoA: the source of its messages, and its end of the tunnels."""
    lma: IPv6Address | None = None
    """Of nodes whose profile names none; None: such nodes are not served."""
    lifetime_s: int = 3600
    """Asked for; 4 to 262140, in steps of 4."""
    renew_fraction: float = 0.5
    """Of what is left of the lifetime when it is granted: how long until re-registration; above 0, below 1."""
    technology: int = AccessTechnology.IEEE_802_3
    indicator: int = HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN
    """What attachments are registered as; 1, 3 or 4. A gateway that sees its own links only cannot tell a first
    attachment from a handoff, and must then say 4 (RFC 5213 section 6.9.1.1). That costs nothing: the link-layer
    identifier is always sent, by it and the MN-ID the anchor finds the session whatever the indicator is (section
    5.4.1.2), and it waits for a de-registration only where the node has a session over another interface. 1 or 3 are
    for domains that know better."""
    router: RouterIdentity = PMIPV6_ROUTER
    """FixedMAGLinkLayerAddressOnAllAccessLinks and FixedMAGLinkLocalAddressOnAllAccessLinks (section 9.3). With the
    link-local address all zero, the anchor is asked for one."""
    timestamps: bool = True
    """TimestampBasedApproachInUse (section 9.3); otherwise sequence numbers order the messages."""
    registration_copies: int = 8
    """Of one registration or re-registration that is not answered; at least 1."""
    deregistration_copies: int = 3
    """Likewise. The session is over at the first one; with 1 it is also forgotten after INITIAL_BINDACK_TIMEOUT, as
    section 6.9.1.4 has it. More copies bring it to an anchor that would otherwise keep the session to its end."""
    retry_s: float = 60.0
    """Between attempts to register a node that is there, after a failure that may pass."""
    max_retries: int = 10
    """Such attempts in a row; then only an administrative action helps, or the node's leaving."""
    refusal_memory_s: float = 300.0
    """How long a node that was denied service for good is remembered after it has left, and not asked for again."""
    drain_s: float = 1.0
    """How long the port that a node has left for another of this switch takes its packets."""
    max_prefixes: int = 16
    """Of one node."""

    def __post_init__(self) -> None:
        """Raise ValueError for a value out of its range."""
        if not 4 <= self.lifetime_s <= MAX_LIFETIME_S or self.lifetime_s % 4:
            raise ValueError(f"lifetime_s is {self.lifetime_s}; allowed: multiples of 4 up to {MAX_LIFETIME_S}")
        if not 0 < self.renew_fraction < 1:
            raise ValueError(f"renew_fraction is {self.renew_fraction}; allowed: above 0 and below 1")
        if self.indicator not in _INDICATORS:
            raise ValueError(f"indicator is {self.indicator}; allowed: 1, 3, 4 (RFC 5213 section 6.9.1.1)")
        if min(self.registration_copies, self.deregistration_copies, self.max_prefixes) < 1:
            copies = f"{self.registration_copies}, {self.deregistration_copies}, {self.max_prefixes}"
            raise ValueError(
                f"registration_copies, deregistration_copies, max_prefixes are {copies}; allowed: 1 or more"
            )

    @property
    def asks_for_link_local(self) -> bool:
        return self.router.link_local == _UNSPECIFIED


class MagPhase(Enum):
    """How a node's registration stands."""

    IDLE = auto()
    """Not known; never stored."""
    REGISTERING = auto()
    """Attached, not served yet."""
    REGISTERED = auto()
    """Served; `pending`, if any, is a re-registration."""
    DEREGISTERING = auto()
    """Not served any more; the anchor is being told."""
    REFUSED = auto()
    """Not served, for the reason in `refusal`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node has no service."""

    reason: str
    retry_at: float | None = None
    """When it is tried again, or forgotten if it has left; None: an administrative action is waited for."""
    for_good: bool = False
    """The anchor will not have it: not asked again even if the node leaves and returns (section 6.9.1.2 item 7)."""


@dataclass(frozen=True, slots=True)
class MagNode:
    """One mobile node at one gateway: one of its interfaces, the first that was heard."""

    mn_id: MobileNodeId
    phase: MagPhase = MagPhase.IDLE
    profile: NodeProfile | None = None
    mac: MacAddress | None = None
    """The interface's: its link-layer identifier."""
    node_id: int = 0
    attachment: Attachment | None = None
    """The point-to-point link shared with the node; None: it is not here."""
    left: Attachment | None = None
    """Where it was before, at the same switch."""
    left_until: float | None = None
    link_local: IPv6Address | None = None
    """The node's, once known."""
    router_link_local: IPv6Address | None = None
    """The gateway's on the node's link, as the anchor gave it; None: not given."""
    lma: IPv6Address | None = None
    """The anchor of the session: the other end of its tunnel."""
    prefixes: tuple[IPv6Network, ...] = ()
    """Its home network prefixes, while REGISTERED."""
    expires_at: float | None = None
    renew_at: float | None = None
    withdrawn: tuple[IPv6Network, ...] = ()
    """No longer the node's: to be advertised once more as such, then gone."""
    withdrawn_at: float | None = None
    pending: PendingUpdate | None = None
    last_sequence: int = 0
    last_stamp: Timestamp | None = None
    """What is sent next is newer than those."""
    any_prefix: bool = False
    """The anchor did not agree to the prefixes asked for: it shall choose."""
    refusal: Refusal | None = None
    """REFUSED: why; DEREGISTERING: what comes afterwards if the node is here."""
    retries: int = 0
    """Attempts since the last one that succeeded."""

    def ended(self, now: float, *, bound: int) -> "MagNode":
        """Without service. Prefixes the node was told of are withdrawn if it is there to hear it."""
        gone = (*self.withdrawn, *self.prefixes)[-bound:] if self.attachment is not None else ()
        return replace(
            self,
            prefixes=(),
            expires_at=None,
            renew_at=None,
            withdrawn=gone,
            withdrawn_at=now if gone else None,
            left=None,
            left_until=None,
        )

    def awaiting(self, pending: PendingUpdate) -> "MagNode":
        """With that request, a copy of which is sent now."""
        update = pending.update
        return replace(self, pending=pending, last_sequence=update.sequence, last_stamp=update.option(Timestamp))


def due(node: MagNode) -> float | None:
    """When time alone changes something."""
    times = [
        node.left_until,
        node.withdrawn_at,
        node.expires_at,
        node.pending.repeat_at if node.pending is not None else node.renew_at,
        node.refusal.retry_at if node.refusal is not None and node.phase is MagPhase.REFUSED else None,
    ]
    return min((at for at in times if at is not None), default=None)


def views(node: MagNode, router: RouterIdentity) -> tuple[LocalBinding, ...]:
    """What the switch forwards: nothing before the anchor has accepted (RFC 5213 section 6.10.5)."""
    if node.attachment is None or node.lma is None or not (node.prefixes or node.withdrawn):
        return ()
    if node.router_link_local is not None:
        router = replace(router, link_local=node.router_link_local)
    served = [RoutedPrefix(p, node.lma, router, valid_until=node.expires_at) for p in node.prefixes]
    gone = [
        RoutedPrefix(p, node.lma, router, is_deprecated=True, valid_until=node.withdrawn_at) for p in node.withdrawn
    ]
    return (
        LocalBinding(
            mn_id=str(node.mn_id),
            prefixes=(*served, *gone),
            mac=node.mac,
            node_id=node.node_id,
            attachment=node.attachment,
            left=node.left,
        ),
    )

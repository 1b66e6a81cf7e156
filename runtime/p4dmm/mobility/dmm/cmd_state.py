# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a Central Mobility Database knows of one mobile node (RFC 8885 section 3), and what can happen to it.

Times are in seconds since 1970 UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.exchange import PendingUpdate, Received
from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.revocation import PendingRevocation, RevocationTimers
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import MAX_LIFETIME_S, MAX_MOBILITY_HEADER, ProxyBindingUpdate

# Octets with their padding: of one Home Network Prefix, Previous MAAR with the two DLIF options, and Local Prefix; and
# of everything else in an answer with the longest identifiers there can be.
_PREFIX, _PREVIOUS_MAAR, _LOCAL_PREFIX, _OTHERS = 24, 80, 24, 620


class CmdMode(Enum):
    """Who tells the S-MAAR about the P-MAARs, and when."""

    RELAY = "relay"
    """The CMD, once the P-MAARs know the S-MAAR (RFC 8885 section 3.2)."""
    LOCATOR = "locator"
    """The P-MAARs themselves (section 3.3); the CMD's own answer follows and has all of them, for what gets lost."""
    PROXY = "proxy"
    """The CMD, at once (section 3.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CmdParameters:
    """Of one CMD. Raises ValueError for what cannot work."""

    address: IPv6Address
    mode: CmdMode
    max_lifetime_s: int = 3600
    """A binding is granted no more, 4 to 262140 s."""
    incomplete_lifetime_s: int = 8
    """Granted while not all P-MAARs have answered, so that the S-MAAR soon asks again."""
    previous_maars_max: int = 8
    """Elements of a node's P-MAAR list, one for each prefix (RFC 8885 section 6); the oldest anchor makes room."""
    local_prefixes_max: int = 2
    """Networks behind one P-MAAR that are told (RFC 8885 section 4.4)."""
    answer_timeout_s: float = 0.5
    """So long the answer waits for the P-MAARs (RFC 8885 section 3.2); below the S-MAAR's retransmission timeout."""
    timestamp_validity_window_s: float = 0.3
    """TimestampValidityWindow (RFC 5213 section 9.1)."""
    min_delay_before_bce_delete_s: float = 10.0
    """MinDelayBeforeBCEDelete (RFC 5213 section 9.1)."""
    revocations_max: int = 16
    """Of one node, unanswered at a time; the oldest is given up."""
    revocation: RevocationTimers = field(default_factory=RevocationTimers)
    pools: Mapping[IPv6Address, tuple[IPv6Network, ...]] = field(default_factory=dict)
    """What a MAAR may anchor (RFC 8885 section 3: exclusive to it); one that is not named is trusted."""

    def __post_init__(self) -> None:
        self._check("max_lifetime_s", self.max_lifetime_s, 4, MAX_LIFETIME_S)
        self._check("previous_maars_max", self.previous_maars_max, 1, 1000)
        self._check("revocations_max", self.revocations_max, 1, 1000)
        self._check("local_prefixes_max", self.local_prefixes_max, 0, 1000)
        per_prefix = _PREFIX + _PREVIOUS_MAAR + self.local_prefixes_max * _LOCAL_PREFIX
        most = (MAX_MOBILITY_HEADER - _OTHERS) // per_prefix
        if self.previous_maars_max > most:
            what = f"previous_maars_max {self.previous_maars_max} with local_prefixes_max {self.local_prefixes_max}"
            raise ValueError(f"CMD {what}: an answer has room for {most} (RFC 6275 section 6.1.1)")

    def _check(self, name: str, value: float, least: float, most: float) -> None:
        if not least <= value <= most:
            raise ValueError(f"CMD {name} {value}: {least} to {most}")


@dataclass(frozen=True, slots=True)
class UpdateReceived:
    """A Proxy Binding Update, and what its checks need to know."""

    received: Received
    """Its message is a ProxyBindingUpdate."""
    profile: NodeProfile | None
    """None: the policy store does not know the node."""
    owners: tuple[tuple[IPv6Network, MobileNodeId], ...] = ()
    """What this CMD has that overlaps prefixes of the update, and whose it is."""
    is_peer: bool = True
    """Whether the domain has agreed with the sender that it may register nodes."""

    @property
    def update(self) -> ProxyBindingUpdate:
        """Raises TypeError for any other message: the caller's mistake."""
        if not isinstance(self.received.message, ProxyBindingUpdate):
            raise TypeError(f"UpdateReceived with {type(self.received.message).__name__}: a ProxyBindingUpdate")
        return self.received.message


@dataclass(frozen=True, slots=True)
class AnchoringMaar:
    """A MAAR that has given the node prefixes, and how it looks on the node's link as far as it told (RFC 8885
    section 3.7)."""

    address: IPv6Address
    """Its Proxy-CoA, the end of tunnels."""
    peer: IPv6Address
    """Where its messages come from: the same, unless it said an Alternate Care-of Address."""
    prefixes: tuple[IPv6Network, ...]
    link_local: IPv6Address | None = None
    link_layer: bytes | None = None
    local_prefixes: tuple[IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviousAnchor:
    """A P-MAAR."""

    maar: AnchoringMaar
    pending: PendingUpdate | None = None
    """What it has to answer; None: it knows the S-MAAR."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The S-MAAR's last registration request that was accepted."""

    update: ProxyBindingUpdate
    source: IPv6Address
    lifetime: int
    """Granted, in units of 4 s."""
    answer_at: float | None
    """An answer is owed, and then it goes out whatever the P-MAARs have said; None: none is owed."""


class Phase(Enum):
    """Where a node stands; derived from its state."""

    UNKNOWN = "unknown"
    REGISTERED = "registered"
    DEREGISTERED = "deregistered"
    """By its S-MAAR; kept for MinDelayBeforeBCEDelete in case it appears elsewhere."""
    REVOKING = "revoking"
    """Gone; former anchors are being told."""


@dataclass(frozen=True, slots=True)
class CmdNode:
    """One mobile node at the CMD: RFC 8885's extended binding cache entry."""

    mn_id: MobileNodeId
    last_sequence: int
    """Of what the CMD has sent about the node."""
    freshness: Freshness = field(default_factory=Freshness)
    serving: AnchoringMaar | None = None
    """Its `address` is the entry's Proxy-CoA."""
    registration: Registration | None = None
    previous: tuple[PreviousAnchor, ...] = ()
    """The P-MAAR list, in the order the node left them."""
    expires_at: float | None = None
    """Of the binding, or of what is left of it."""
    is_deregistered: bool = False
    revocations: tuple[PendingRevocation, ...] = ()

    @property
    def phase(self) -> Phase:
        if self.serving is not None:
            return Phase.DEREGISTERED if self.is_deregistered else Phase.REGISTERED
        return Phase.REVOKING if self.revocations else Phase.UNKNOWN

    @property
    def maars(self) -> Iterator[AnchoringMaar]:
        """Every one that anchors something of the node."""
        yield from (anchor.maar for anchor in self.previous)
        if self.serving is not None:
            yield self.serving

    @property
    def anchored(self) -> frozenset[IPv6Network]:
        """The node's prefixes, at whichever MAAR: nobody else may have them."""
        return frozenset(prefix for maar in self.maars for prefix in maar.prefixes)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What one Mobility Anchor and Access Router (MAAR) remembers of one mobile node (RFC 8885 sections 2 and 3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.bce import Attachment
from p4dmm.mobility.exchange import PendingUpdate
from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import MAX_LIFETIME_S


class Phase(Enum):
    """Where the node stands with this MAAR."""

    NEW = "new"
    """Nothing is known of it."""
    REGISTERING = "registering"
    """Attached, with a temporary entry: neither packets nor advertisements before the CMD has answered (3.1)."""
    SERVING = "serving"
    LEFT_UNKNOWN = "left unknown"
    """No longer heard. The registration is kept for the rest of its lifetime and not extended (3.5)."""
    ENDING = "ending"
    """The registration has expired without the node anywhere; the CMD is told."""
    PREVIOUS = "previous"
    """A P-MAAR: the node is elsewhere, its prefix of here is tunnelled there."""
    REFUSED = "refused"
    """Attached but not to be served, for a reason; tried again if that can help."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A prefix that another MAAR anchors for a node served here."""

    address: IPv6Address
    """The MAAR's: the other end of the tunnel."""
    prefix: IPv6Network
    router: RouterIdentity
    """The distributed logical interface (3.7) that shows it to the node."""
    local_prefixes: tuple[IPv6Network, ...] = ()
    """Networks that are reached by that MAAR alone (4.4)."""
    stamp: int | None = None
    """Timestamp of the acknowledgement that came from the MAAR itself (3.3), in units of 1/65536 s since 1970."""


@dataclass(frozen=True, slots=True)
class MaarNode:
    """One node at one MAAR. Times are seconds since 1970 UTC."""

    mn_id: MobileNodeId
    phase: Phase = Phase.NEW
    own_prefix: IPv6Network | None = None
    """Anchored here."""
    attachment: Attachment | None = None
    """Where it is attached here, or was when last heard."""
    mac: MacAddress | None = None
    node_id: int = 0
    is_gone: bool = False
    """It stopped being heard while its registration was under way."""
    is_contested: bool = False
    """The CMD has named another S-MAAR since the last copy of its registration left."""
    anchors: tuple[Anchor, ...] = ()
    """The others it has, in the order in which they became known."""
    serving: IPv6Address | None = None
    """Where the CMD says that it is."""

    pending: PendingUpdate | None = None
    """The registration, extension or de-registration without an answer."""
    answered: PendingUpdate | None = None
    """The registration that was accepted last: more acknowledgements of it may come (3.2)."""
    idle: tuple[IPv6Network, ...] = ()
    """Prefixes of other anchors to be given up."""
    retiring: PendingUpdate | None = None
    """The de-registration of the first of them."""
    last_sequence: int = 0
    last_stamp: int = 0
    sent: tuple[float, ...] = ()
    """When the last MAX_UPDATE_RATE Proxy Binding Updates left."""
    from_cmd: Freshness = field(default_factory=Freshness)

    direct_since: float = 0.0
    """Acknowledgements of other MAARs that are older than that are not meant for this registration."""
    expires_at: float | None = None
    """The end of the registration."""
    refresh_at: float | None = None
    """When it is to be extended."""
    anchor_ends_at: float | None = None
    """When the prefix of a node that is elsewhere is given up, whatever the CMD says."""
    left: Attachment | None = None
    """Where it was attached here: what comes late is passed on."""
    left_until: float = 0.0
    previous: tuple[IPv6Address, ...] = ()
    """MAARs it has just left: what they pass on is good."""
    previous_until: float = 0.0

    reason: str = ""
    """Why it is not served."""
    refusals: int = 0
    """In a row."""
    retry_at: float | None = None
    """When it is tried again; None: not before the node has gone."""


@dataclass(frozen=True, slots=True)
class MaarParameters:
    """One MAAR's, and its domain's. Raises ValueError for what cannot be."""

    address: IPv6Address
    """Its own: Proxy-CoA, and the end of its tunnels."""
    cmd: IPv6Address
    """The Central Mobility Database."""
    router: RouterIdentity
    """Its distributed logical interface, the same at every MAAR."""
    max_lifetime_s: int = 300
    """Of a registration, asked for; 4 to 262140 in steps of 4 (RFC 6275 section 6.1.7)."""
    refresh_fraction: float = 0.5
    """Of the lifetime after which it is extended."""
    drain_s: float = 1.0
    """How long late packets are passed on."""
    anchor_max_lifetime_s: float = 86400.0
    """How long a prefix is anchored for a node that is elsewhere."""
    anchors_max: int = 8
    """Other anchors' prefixes a node may have here (RFC 8885 section 6)."""
    window_s: float = 0.3
    """TimestampValidityWindow (RFC 5213 section 9.3): how far clocks may differ."""
    attempts: int = 6
    """Copies of a message whose answer nobody needs any more, and rejections that are tried again."""
    dlif_of: Mapping[IPv6Address, RouterIdentity] = field(default_factory=dict)
    """Other MAARs' interfaces, for acknowledgements without options 69 and 70."""
    local_prefixes: tuple[IPv6Network, ...] = ()
    """Networks that are reached by this MAAR alone (4.4)."""
    local_prefixes_max: int = 2
    """Of one MAAR; what another tells beyond that does not count."""
    locator: bool = False
    """Whether P-MAARs and S-MAARs acknowledge directly (3.3)."""

    def __post_init__(self) -> None:
        if not 4 <= self.max_lifetime_s <= MAX_LIFETIME_S:
            raise ValueError(f"max_lifetime_s {self.max_lifetime_s} is not in 4..{MAX_LIFETIME_S}")
        if not 0 < self.refresh_fraction < 1:
            raise ValueError(f"refresh_fraction {self.refresh_fraction} is not between 0 and 1")
        if self.attempts < 1 or self.anchors_max < 1:
            raise ValueError(f"attempts {self.attempts} and anchors_max {self.anchors_max} are not both at least 1")
        if len(self.local_prefixes) > self.local_prefixes_max:
            raise ValueError(f"{len(self.local_prefixes)} local_prefixes are more than {self.local_prefixes_max}")

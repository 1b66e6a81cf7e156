# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The binding cache entry of one mobile node (RFC 5213 section 5.1, RFC 8885 section 3.1).

It says everything the switches have to hold for the node: `forwarding.entries_for` is a function of it alone. So every
change of it is a difference of table rows, and what is installed can be compared with it at any time.
"""

from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv6Address, IPv6Network

from p4dmm.wire import MacAddress

from .router import RouterIdentity


class BindingState(Enum):
    """Where the node stands; derived from the entry."""

    ATTACHED = auto()
    PREPARED = auto()
    """Attached, and expected at another place: its packets go to both."""
    DETACHED = auto()
    """Gone; its prefixes are kept for its return, and nothing is installed."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A node at an access port of a switch."""

    switch: str
    port: int
    path_id: int
    """1 to 0x7fffff, unique among the attachments of a domain; how the pipeline names the path."""

    @property
    def place(self) -> tuple[str, int]:
        return self.switch, self.port


@dataclass(frozen=True, slots=True)
class Draining:
    """An attachment the node has left. Its packets may still be on the way to it."""

    attachment: Attachment
    bindings_kept: bool = True
    """The switch left behind still sends the node's packets on to where it is now. Afterwards only the switches that
    accept such packets remember it, for those still in flight."""


@dataclass(frozen=True, slots=True)
class HomePrefix:
    """A home network prefix, anchored at one MAAR."""

    prefix: IPv6Network
    anchor: str
    deprecated_at: float | None = None
    """When its node left the anchor; None while it is served natively. Seconds since 1970 UTC."""
    router: RouterIdentity | None = None
    """Who advertises it; None: the anchor, by the MAC address that the network file gives it."""


@dataclass(frozen=True, slots=True)
class BindingCacheEntry:
    """One mobile node."""

    mn_id: str
    """MN-Identifier (RFC 5213 section 2.2)."""
    mac: MacAddress
    node_id: int
    """1 to 0xffffff, unique in the domain; indexes per-node state of the switches."""
    link_local: IPv6Address | None = None
    """Learnt from what the node sends; None until then."""
    serving: Attachment | None = None
    target: Attachment | None = None
    """Where a planned handover leads."""
    draining: tuple[Draining, ...] = ()
    hnps: tuple[HomePrefix, ...] = ()
    """Oldest first."""
    moved_at: float = 0.0
    arrived_planned: bool = False

    @property
    def state(self) -> BindingState:
        if self.serving is None:
            return BindingState.DETACHED
        return BindingState.ATTACHED if self.target is None else BindingState.PREPARED

    def hnp_of(self, anchor: str) -> HomePrefix | None:
        """The prefix anchored at that MAAR, if the node has one there."""
        return next((hnp for hnp in self.hnps if hnp.anchor == anchor), None)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Serving, target, and those being drained."""
        current = tuple(a for a in (self.serving, self.target) if a is not None)
        return current + tuple(d.attachment for d in self.draining)

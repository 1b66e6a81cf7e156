# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What one switch knows of a mobile node, whichever role told it: everything its forwarding depends on.

A role names peers by their addresses, the ends of the tunnels; `forwarding.local_entries` makes table rows of it.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from p4dmm.wire import MacAddress

from .bce import Attachment
from .router import PMIPV6_ROUTER, RouterIdentity

__all__ = ["PMIPV6_ROUTER", "LocalBinding", "RoutedPrefix", "RouterIdentity"]


@dataclass(frozen=True, slots=True)
class RoutedPrefix:
    """A home network prefix of the node."""

    prefix: IPv6Network
    anchor: IPv6Address
    """The switch it is routed to, maybe this one."""
    router: RouterIdentity
    """Who advertises it to the node."""
    is_deprecated: bool = False
    """For connections that have it, not for new ones."""
    valid_until: float | None = None
    """Advertisements promise no more than that, seconds since 1970; None: the domain's valid lifetime."""
    local_prefixes: tuple[IPv6Network, ...] = ()
    """Networks that its anchor alone reaches: for them the node shall choose that router (RFC 8885 section 3.7)."""


@dataclass(frozen=True, slots=True)
class LocalBinding:
    """One node at one switch. It is attached here, or `serving` says where it is, or it is nowhere."""

    mn_id: str
    prefixes: tuple[RoutedPrefix, ...]
    """Those whose packets this switch has to do with; the first is the one for new connections."""
    mac: MacAddress | None = None
    """Of the interface that is, or was, attached here."""
    node_id: int = 0
    """1 to 131071; 0 where it is not and was not attached."""
    attachment: Attachment | None = None
    left: Attachment | None = None
    """Where it was attached here: what comes late is passed on to `serving`."""
    serving: IPv6Address | None = None
    previous: tuple[IPv6Address, ...] = ()
    """Other switches it has just left: packets from there, by it or for it, are still good."""

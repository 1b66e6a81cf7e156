# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a mobile node may do: an entry of the policy store (RFC 5213 section 6.1)."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from .identity import MobileNodeId


@dataclass(frozen=True, slots=True)
class NodeProfile:
    """One mobile node's."""

    mn_id: MobileNodeId
    proxy_registration: bool = True
    """Whether network-based mobility is provided (status 152 if not)."""
    mags: frozenset[IPv6Address] | None = None
    """Gateways that may register it; None: every one the domain has agreed with."""
    prefixes: tuple[IPv6Network, ...] = ()
    """Its home network prefixes, /64 each; none: it is given some of the anchor's pool."""
    prefixes_per_interface: int = 1
    """How many it is given."""
    lma: IPv6Address | None = None
    """Where gateways register it; None: where the domain says."""

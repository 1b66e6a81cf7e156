# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What happens at an access port, for the roles that serve nodes there: MAG (RFC 5213) and MAAR (RFC 8885)."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from p4dmm.wire import MacAddress

from .bce import Attachment
from .profile import NodeProfile


@dataclass(frozen=True, slots=True)
class Attached:
    """The node was heard at an access port. The same again, with the same attachment, means that it is still there."""

    mac: MacAddress
    attachment: Attachment
    node_id: int
    profile: NodeProfile
    offers: tuple[IPv6Network, ...] = ()
    """Prefixes of this switch's pool for the node to have, if it has none of it; what is not used goes back."""


@dataclass(frozen=True, slots=True)
class Detached:
    """Neighbor Unreachability Detection failed on that path (RFC 4861 section 7.3)."""

    path_id: int


@dataclass(frozen=True, slots=True)
class PrefixIdle:
    """No packet of or for the node has used that prefix for as long as policy says."""

    prefix: IPv6Network


@dataclass(frozen=True, slots=True)
class Refused:
    """What the role wanted from the switches at its last step is not to be had; none of it is there. The step is taken
    back before this comes."""

    reason: str
    cause: object
    """The event of that step."""


@dataclass(frozen=True, slots=True)
class NewLinkLocal:
    """The node's link-local address is known now."""

    link_local: IPv6Address

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What can happen to a mobile node."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address, IPv6Network

from .bce import Attachment, HomePrefix


class TimerKind(Enum):
    """The timers of a binding cache entry; each comes back as the event of the same name."""

    DRAIN = "drain"
    PREPARATION = "preparation"
    PREFIX = "prefix"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A frame of the node at an access port.

    `attachment` is what the node gets if this is a place it was not at; `offer` the prefix it gets if it has none of
    that anchor. Both are drawn from pools the entry does not see; what is not used goes back.
    """

    attachment: Attachment
    offer: HomePrefix
    link_local: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class PrepareHandover:
    """Somebody who knows expects the node at `target` soon."""

    target: Attachment


@dataclass(frozen=True, slots=True)
class PreparationExpired:
    """The node did not come to where it was expected."""

    path_id: int


@dataclass(frozen=True, slots=True)
class DrainExpired:
    """Nothing can be on the way over the old path any more."""

    path_id: int


@dataclass(frozen=True, slots=True)
class NodeGone:
    """Neighbor Unreachability Detection failed (RFC 4861 section 7.3) on that path."""

    path_id: int


@dataclass(frozen=True, slots=True)
class PrefixExpired:
    """A deprecated prefix has reached its hard end."""

    prefix: IPv6Network


@dataclass(frozen=True, slots=True)
class HoldExpired:
    """A detached node did not return in time."""


Event = NodeSeen | PrepareHandover | PreparationExpired | DrainExpired | NodeGone | PrefixExpired | HoldExpired

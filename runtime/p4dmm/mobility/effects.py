# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a transition asks for, to be done in the order given. Forward comes first: if it is refused, nothing has
happened."""

from dataclasses import dataclass
from ipaddress import IPv6Network

from .bce import BindingCacheEntry
from .events import TimerKind


@dataclass(frozen=True, slots=True)
class Forward:
    """Bring the switches from the rows of `old` to those of `new`; None has no rows."""

    old: BindingCacheEntry | None
    new: BindingCacheEntry | None


@dataclass(frozen=True, slots=True)
class Advertise:
    """Tell the node its prefixes: one Router Advertisement per anchor."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Set a timer, replacing one of the same kind and key."""

    timer: TimerKind
    delay_s: float
    key: int | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop a timer if it runs."""

    timer: TimerKind
    key: int | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A prefix is free for others once `quarantine_s` has passed: until then hosts may hold addresses of it."""

    anchor: str
    prefix: IPv6Network
    quarantine_s: float


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Too early to say whether the sighting is a return: unless the node is at its place then, see it again."""

    delay_s: float


Effect = Forward | Advertise | Arm | Disarm | Release | LookAgain

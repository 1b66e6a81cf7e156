# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A node was heard."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from p4dmm.config import PortRef

TRIGGERS_KEPT = 16
"""Frames of a node that wait for its installation. The first is the trigger; the others follow it while it is
decided."""

REFUSED_S = 1.0
"""After a refusal, or while it is decided, how long the node is not tried again at the same place."""

ANSWER_S = 0.2
"""For an answer of a node that was heard, or is said to be, elsewhere, and may still be where it was."""

REPEAT_S = 2.0
"""The first unsolicited repetition of the advertisements, should the first have been lost (RFC 4861 section 6.2.4)."""


def is_within(time: float, until: float, duration_s: float) -> bool:
    """Whether it is in the time before `until`, and not before that: then the clock has been set back."""
    return until - duration_s <= time < until


@dataclass(frozen=True, slots=True)
class Sighting:
    """A frame of a node."""

    at: PortRef
    time: float
    """Seconds since 1970 UTC."""
    link_local: IPv6Address | None = None
    trigger: bytes | None = None
    """The frame, if the switch did not know where to put it."""

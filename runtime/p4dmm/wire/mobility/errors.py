# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a Mobility Header, where, and what the RFC has the receiver do about it."""

from enum import Enum

from p4dmm.wire.errors import WireError


class Reaction(Enum):
    """What RFC 6275 s9.2 asks of the receiver, beside not processing the message."""

    SILENT_DISCARD = "silent discard"
    PARAMETER_PROBLEM = "discard, ICMPv6 Parameter Problem code 0"
    BINDING_ERROR = "discard, Binding Error status 2"


class MobilityError(WireError):
    """A message that cannot be read; `offset` counts octets from the start of the Mobility Header."""

    def __init__(
        self,
        what: str,
        value: object,
        allowed: str,
        section: str,
        *,
        offset: int,
        reaction: Reaction = Reaction.SILENT_DISCARD,
    ) -> None:
        """Name the field, its value, what is allowed, where it stands, and the reaction."""
        super().__init__(f"octet {offset}: {what}", value, allowed, section)
        self.offset = offset
        self.reaction = reaction

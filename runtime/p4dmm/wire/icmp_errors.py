# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""ICMPv6 error messages, and when one may be sent (RFC 4443 s2.4, s3)."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar, Self

from p4dmm.wire.errors import WireError, check_bits, need
from p4dmm.wire.extension import upper_layer
from p4dmm.wire.icmpv6 import Icmpv6, Icmpv6Type
from p4dmm.wire.ipv6 import IPV6_HEADER, MINIMUM_MTU, UNSPECIFIED, IPv6Packet, NextHeader, is_multicast
from p4dmm.wire.mac import MacAddress

# RFC 4443 s2.4(c): the error, its own headers included, stays within the minimum MTU.
MAX_INVOKING = MINIMUM_MTU - IPV6_HEADER - 8


class UnreachableCode(IntEnum):
    """Codes of Destination Unreachable (RFC 4443 s3.1)."""

    NO_ROUTE = 0
    ADMINISTRATIVELY_PROHIBITED = 1
    BEYOND_SCOPE = 2
    ADDRESS_UNREACHABLE = 3
    PORT_UNREACHABLE = 4
    SOURCE_POLICY = 5
    REJECT_ROUTE = 6


class TimeExceededCode(IntEnum):
    """Codes of Time Exceeded (RFC 4443 s3.3)."""

    HOP_LIMIT = 0
    REASSEMBLY = 1


class ParameterProblemCode(IntEnum):
    """Codes of Parameter Problem (RFC 4443 s3.4)."""

    ERRONEOUS_FIELD = 0
    UNRECOGNIZED_NEXT_HEADER = 1
    UNRECOGNIZED_OPTION = 2


@dataclass(frozen=True, slots=True)
class _Report:
    """4: a 32-bit word, whose name the subclass knows; 8: the invoking packet, or as much of it as was sent."""

    TYPE: ClassVar[int]
    SECTION: ClassVar[str]
    WORD: ClassVar[str]

    code: int
    invoking: bytes

    def __post_init__(self) -> None:
        check_bits(self, (("code", 8), (self.WORD, 32)), self.SECTION)

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need(f"{cls.__name__} body", raw.body, 4, cls.SECTION)
        word = {cls.WORD: int.from_bytes(raw.body[:4], "big")}
        return cls(code=raw.code, invoking=raw.body[4:], **word)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        word: int = getattr(self, self.WORD)
        return Icmpv6(self.TYPE, self.code, word.to_bytes(4, "big") + self.invoking)

    def trimmed(self) -> Self:
        """Return the error with no more of the invoking packet than RFC 4443 s2.4(c) lets one send."""
        return replace(self, invoking=self.invoking[:MAX_INVOKING])


@dataclass(frozen=True, slots=True)
class DestinationUnreachable(_Report):
    """Type 1 (RFC 4443 s3.1): 4: unused 4 (RFC 4884 puts a length there), 8: invoking packet."""

    TYPE = Icmpv6Type.DESTINATION_UNREACHABLE
    SECTION = "RFC 4443 s3.1"
    WORD = "unused"

    unused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketTooBig(_Report):
    """Type 2 (RFC 4443 s3.2): 4: MTU of the next hop 4, 8: invoking packet."""

    TYPE = Icmpv6Type.PACKET_TOO_BIG
    SECTION = "RFC 4443 s3.2"
    WORD = "mtu"

    mtu: int
    code: int = 0


@dataclass(frozen=True, slots=True)
class TimeExceeded(_Report):
    """Type 3 (RFC 4443 s3.3): 4: unused 4 (RFC 4884 puts a length there), 8: invoking packet."""

    TYPE = Icmpv6Type.TIME_EXCEEDED
    SECTION = "RFC 4443 s3.3"
    WORD = "unused"

    unused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterProblem(_Report):
    """Type 4 (RFC 4443 s3.4): 4: pointer into the invoking packet 4, 8: invoking packet."""

    TYPE = Icmpv6Type.PARAMETER_PROBLEM
    SECTION = "RFC 4443 s3.4"
    WORD = "pointer"

    pointer: int


ErrorMessage = DestinationUnreachable | PacketTooBig | TimeExceeded | ParameterProblem


def may_send_error(invoking: IPv6Packet, error: ErrorMessage, link_dst: MacAddress | None = None) -> bool:
    """Whether RFC 4443 s2.4(e) lets `error` be sent about `invoking`, which came in a frame to `link_dst`.

    The sender's rate limit, s2.4(f), and anycast sources, which only the routing table knows, are the caller's.
    """
    if invoking.src == UNSPECIFIED or is_multicast(invoking.src):
        return False
    to_many = is_multicast(invoking.dst) or (link_dst is not None and link_dst.is_group)
    if to_many and not _may_answer_multicast(error):
        return False
    try:
        return not _is_error_or_redirect(invoking)
    except WireError:
        # The chain cannot be read to its end, so it may hide an error: silence is the side that cannot loop.
        return False


def _may_answer_multicast(error: ErrorMessage) -> bool:
    """Whether s2.4(e.3) excepts the error: path MTU discovery and options that ask for an answer."""
    match error:
        case PacketTooBig() | ParameterProblem(code=ParameterProblemCode.UNRECOGNIZED_OPTION):
            return True
        case _:
            return False


def _is_error_or_redirect(packet: IPv6Packet) -> bool:
    upper = upper_layer(packet)
    next_header, payload = upper.next_header, upper.payload
    if next_header == NextHeader.FRAGMENT:
        # The type is in the first fragment; the others give nothing away, and refusing them would hide path MTUs.
        is_first = not (payload[2] << 8 | payload[3]) & 0xFFF8
        next_header, payload = (payload[0], payload[8:]) if is_first else (NextHeader.NO_NEXT_HEADER, b"")
    if next_header != NextHeader.ICMPV6:
        return False
    return not payload or payload[0] < 128 or payload[0] == Icmpv6Type.REDIRECT

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The ICMPv6 message and the echo pair (RFC 4443)."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address
from typing import ClassVar, Self

from p4dmm.wire.checksum import upper_layer_checksum, verify_upper_layer_checksum
from p4dmm.wire.errors import ChecksumError, check_bits, need
from p4dmm.wire.ipv6 import NextHeader

_SECTION = "RFC 4443 s2.1"


class Icmpv6Type(IntEnum):
    """Types this package gives a meaning to (IANA ICMPv6 parameters)."""

    DESTINATION_UNREACHABLE = 1
    PACKET_TOO_BIG = 2
    TIME_EXCEEDED = 3
    PARAMETER_PROBLEM = 4
    ECHO_REQUEST = 128
    ECHO_REPLY = 129
    MLD_QUERY = 130
    MLD_REPORT = 131
    MLD_DONE = 132
    ROUTER_SOLICITATION = 133
    ROUTER_ADVERTISEMENT = 134
    NEIGHBOR_SOLICITATION = 135
    NEIGHBOR_ADVERTISEMENT = 136
    REDIRECT = 137
    MLD_V2_REPORT = 143
    HOME_AGENT_DISCOVERY_REQUEST = 144
    HOME_AGENT_DISCOVERY_REPLY = 145
    MOBILE_PREFIX_SOLICITATION = 146
    MOBILE_PREFIX_ADVERTISEMENT = 147


@dataclass(frozen=True, slots=True)
class Icmpv6:
    """Any message (RFC 4443 s2.1): 0: type 1, 1: code 1, 2: checksum 2, 4: body."""

    type: int
    code: int
    body: bytes

    def __post_init__(self) -> None:
        check_bits(self, (("type", 8), ("code", 8)), _SECTION)

    @classmethod
    def decode(cls, data: bytes, src: IPv6Address, dst: IPv6Address) -> Self:
        """Verify the checksum with the addresses of the packet, then take the message apart."""
        need("ICMPv6 message", data, 4, _SECTION)
        # The sum is never zero, because the pseudo-header holds 58, so its complement is never 0xffff: arithmetic
        # alone would take 0xffff for 0, and the message would not encode to the octets it came from.
        if data[2:4] == b"\xff\xff" or not verify_upper_layer_checksum(src, dst, NextHeader.ICMPV6, data):
            right = upper_layer_checksum(src, dst, NextHeader.ICMPV6, data[:2] + b"\0\0" + data[4:])
            raise ChecksumError("ICMPv6 checksum", f"0x{data[2:4].hex()}", f"0x{right:04x}", "RFC 4443 s2.3")
        return cls(data[0], data[1], data[4:])

    def encode(self, src: IPv6Address, dst: IPv6Address) -> bytes:
        """Return the message with the checksum for a packet from `src` to `dst`."""
        head = bytes((self.type, self.code))
        checksum = upper_layer_checksum(src, dst, NextHeader.ICMPV6, head + b"\0\0" + self.body)
        return head + checksum.to_bytes(2, "big") + self.body

    def to_icmpv6(self) -> Self:
        """Return itself: the message of no known type."""
        return self


@dataclass(frozen=True, slots=True)
class _Echo:
    TYPE: ClassVar[int]
    SECTION: ClassVar[str]

    identifier: int
    sequence: int
    data: bytes = b""
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("identifier", 16), ("sequence", 16), ("code", 8)), self.SECTION)

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need(f"{cls.__name__} body", raw.body, 4, cls.SECTION)
        identifier, sequence = struct.unpack_from("!HH", raw.body)
        return cls(identifier, sequence, raw.body[4:], raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        return Icmpv6(self.TYPE, self.code, struct.pack("!HH", self.identifier, self.sequence) + self.data)


@dataclass(frozen=True, slots=True)
class EchoRequest(_Echo):
    """Type 128 (RFC 4443 s4.1): 4: identifier 2, 6: sequence number 2, 8: data."""

    TYPE = Icmpv6Type.ECHO_REQUEST
    SECTION = "RFC 4443 s4.1"

    def reply(self) -> "EchoReply":
        """Return the answer: the same octets (RFC 4443 s4.2)."""
        return EchoReply(self.identifier, self.sequence, self.data)


@dataclass(frozen=True, slots=True)
class EchoReply(_Echo):
    """Type 129 (RFC 4443 s4.2): 4: identifier 2, 6: sequence number 2, 8: data."""

    TYPE = Icmpv6Type.ECHO_REPLY
    SECTION = "RFC 4443 s4.2"

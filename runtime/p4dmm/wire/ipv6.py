# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The IPv6 base header (RFC 8200 s3) and the addresses everybody knows."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address
from typing import Self

from p4dmm.wire.errors import FieldError, TruncatedError, check_bits, need

IPV6_HEADER = 40
MINIMUM_MTU = 1280  # RFC 8200 s5
UNSPECIFIED = IPv6Address("::")
ALL_NODES = IPv6Address("ff02::1")
ALL_ROUTERS = IPv6Address("ff02::2")
_SECTION = "RFC 8200 s3"
_SOLICITED_NODE = bytes.fromhex("ff0200000000000000000001ff")


class NextHeader(IntEnum):
    """Protocol numbers this package gives a meaning to (IANA protocol numbers)."""

    HOP_BY_HOP = 0
    UDP = 17
    ROUTING = 43
    FRAGMENT = 44
    ESP = 50
    AH = 51
    ICMPV6 = 58
    NO_NEXT_HEADER = 59
    DESTINATION_OPTIONS = 60
    MOBILITY = 135


@dataclass(frozen=True, slots=True)
class IPv6Packet:
    """One packet (RFC 8200 s3).

    0: version 4 bits (6), traffic class 8 bits, flow label 20 bits; 4: payload length 2; 6: next header 1;
    7: hop limit 1; 8: source 16; 24: destination 16; 40: payload, extension headers first.
    """

    src: IPv6Address
    dst: IPv6Address
    next_header: int
    payload: bytes
    hop_limit: int = 64
    traffic_class: int = 0
    flow_label: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("next_header", 8), ("hop_limit", 8), ("traffic_class", 8), ("flow_label", 20)), _SECTION)
        if len(self.payload) > 0xFFFF:
            raise FieldError("IPv6Packet payload length", len(self.payload), "at most 65535 octets", _SECTION)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Take the packet `data` begins with; what follows its payload length is the link's padding and left out."""
        need("IPv6 header", data, IPV6_HEADER, _SECTION)
        first, length, next_header, hop_limit, src, dst = struct.unpack_from("!IHBB16s16s", data)
        if first >> 28 != 6:
            raise FieldError("IPv6 version", first >> 28, "6", _SECTION)
        if IPV6_HEADER + length > len(data):
            raise TruncatedError(
                "IPv6 payload length", length, f"at most the {len(data) - IPV6_HEADER} octets present", _SECTION
            )
        return cls(
            src=IPv6Address(src),
            dst=IPv6Address(dst),
            next_header=next_header,
            payload=data[IPV6_HEADER : IPV6_HEADER + length],
            hop_limit=hop_limit,
            traffic_class=(first >> 20) & 0xFF,
            flow_label=first & 0xFFFFF,
        )

    def encode(self) -> bytes:
        """Return header and payload."""
        first = 6 << 28 | self.traffic_class << 20 | self.flow_label
        return (
            struct.pack("!IHBB", first, len(self.payload), self.next_header, self.hop_limit)
            + self.src.packed
            + self.dst.packed
            + self.payload
        )


# ipaddress asks the same questions by testing membership in networks, which costs ten times as much.


def is_multicast(address: IPv6Address) -> bool:
    """Whether the address is in ff00::/8 (RFC 4291 s2.7)."""
    return address.packed[0] == 0xFF


def is_link_local(address: IPv6Address) -> bool:
    """Whether the address is in fe80::/10 (RFC 4291 s2.5.6)."""
    return int(address) >> 118 == 0x3FA


def solicited_node(address: IPv6Address) -> IPv6Address:
    """Return ff02::1:ff00:0/104 with the last 24 bits of `address` (RFC 4291 s2.7.1)."""
    return IPv6Address(_SOLICITED_NODE + address.packed[13:])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The headers that the model of the data plane looks at, bytes to dataclasses and back.

Written apart from `p4dmm.wire` and the P4 program, so that a mistake in one of them shows.
"""

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

IPV4, ARP, IPV6, LINK_PROBE = 0x0800, 0x0806, 0x86DD, 0x88B5

HOP_BY_HOP, IPIP, TCP, UDP, IPV6_IN_IP, ROUTING, FRAGMENT = 0, 4, 6, 17, 41, 43, 44
GRE, ESP, AH, ICMPV6, NO_NEXT_HEADER, DESTINATION_OPTIONS, SCTP, MOBILITY = 47, 50, 51, 58, 59, 60, 132, 135

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Ethernet:
    """The header of a frame."""

    dst: int
    src: int
    ethertype: int

    def encode(self) -> bytes:
        return self.dst.to_bytes(6, "big") + self.src.to_bytes(6, "big") + self.ethertype.to_bytes(2, "big")


@dataclass(frozen=True)
class IPv6Header:
    """RFC 8200 s3."""

    src: IPv6Address
    dst: IPv6Address
    next_header: int
    payload_length: int
    hop_limit: int = 64
    dscp: int = 0
    ecn: int = 0
    flow_label: int = 0

    def encode(self) -> bytes:
        first = 6 << 28 | self.dscp << 22 | self.ecn << 20 | self.flow_label
        fixed = struct.pack("!IHBB", first, self.payload_length, self.next_header, self.hop_limit)
        return fixed + self.src.packed + self.dst.packed


@dataclass(frozen=True)
class IPv4Header:
    """RFC 791 s3.1, up to the options. `flags` are reserved, DF, MF; `offset` in units of 8 octets."""

    src: IPv4Address
    dst: IPv4Address
    protocol: int
    total_length: int
    ttl: int = 64
    dscp: int = 0
    ecn: int = 0
    ihl: int = 5
    identification: int = 0
    flags: int = 0
    offset: int = 0
    checksum: int = 0

    def encode(self) -> bytes:
        first = (4 << 12 | self.ihl << 8 | self.dscp << 2 | self.ecn, self.total_length)
        rest = (self.identification, self.flags << 13 | self.offset, self.ttl, self.protocol, self.checksum)
        return struct.pack("!HHHHBBH", *first, *rest) + self.src.packed + self.dst.packed

    def checked(self, options: bytes = b"") -> "IPv4Header":
        """The same with the checksum that it ought to have."""
        without = replace(self, checksum=0)
        return replace(without, checksum=internet_checksum(without.encode() + options))


@dataclass(frozen=True)
class Packet:
    """A base header and all that follows it in the frame: IPv4 options, the payload, and what Ethernet padded."""

    header: IPv4Header | IPv6Header
    body: bytes
    unread: bool = False
    """What follows the header was behind another one, and is not looked at."""

    def encode(self) -> bytes:
        return self.header.encode() + self.body

    @property
    def is_ipv6(self) -> bool:
        return isinstance(self.header, IPv6Header)

    @property
    def ethertype(self) -> int:
        return IPV6 if self.is_ipv6 else IPV4

    @property
    def length(self) -> int:
        """Octets, as the header says."""
        if isinstance(self.header, IPv6Header):
            return 40 + self.header.payload_length
        return self.header.total_length

    @property
    def protocol(self) -> int:
        return self.header.next_header if isinstance(self.header, IPv6Header) else self.header.protocol

    @property
    def has_options(self) -> bool:
        return isinstance(self.header, IPv4Header) and self.header.ihl > 5

    @property
    def is_fragment(self) -> bool:
        """Of IPv4: any but a whole datagram. Those of IPv6 have an extension header of their own."""
        return isinstance(self.header, IPv4Header) and bool(self.header.flags & 1 or self.header.offset)

    @property
    def payload(self) -> bytes:
        """What follows the base header directly and can be read there: nothing behind IPv4 options or in fragments."""
        return b"" if self.unread or self.has_options or self.is_fragment else self.body

    def hop_limit(self) -> int:
        return self.header.hop_limit if isinstance(self.header, IPv6Header) else self.header.ttl


def decode_ethernet(frame: bytes) -> tuple[Ethernet, bytes] | None:
    """None if the frame is too short."""
    if len(frame) < 14:
        return None
    return Ethernet(
        int.from_bytes(frame[:6], "big"), int.from_bytes(frame[6:12], "big"), int.from_bytes(frame[12:14], "big")
    ), frame[14:]


def decode_ipv6(data: bytes) -> Packet | None:
    """None if it is cut; neither version nor lengths are looked at."""
    if len(data) < 40:
        return None
    first, payload_length, next_header, hop_limit = struct.unpack_from("!IHBB", data)
    src, dst = IPv6Address(data[8:24]), IPv6Address(data[24:40])
    traffic_class = first >> 20 & 0xFF
    label = first & 0xFFFFF
    header = IPv6Header(src, dst, next_header, payload_length, hop_limit, traffic_class >> 2, traffic_class & 3, label)
    return Packet(header, data[40:])


def decode_ipv4(data: bytes) -> Packet | None:
    """None if it is cut; neither version, lengths nor checksum are looked at."""
    if len(data) < 20:
        return None
    first, length, identification, fragment, ttl, protocol, checksum = struct.unpack_from("!HHHHBBH", data)
    header = IPv4Header(
        src=IPv4Address(data[12:16]),
        dst=IPv4Address(data[16:20]),
        protocol=protocol,
        total_length=length,
        ttl=ttl,
        dscp=first >> 2 & 0x3F,
        ecn=first & 3,
        ihl=first >> 8 & 0xF,
        identification=identification,
        flags=fragment >> 13,
        offset=fragment & 0x1FFF,
        checksum=checksum,
    )
    return Packet(header, data[20:])


def is_sound(packet: Packet) -> bool:
    """RFC 1812 s5.2.2 (4), (5): the least header length, and a datagram no shorter than its header."""
    header = packet.header
    return isinstance(header, IPv6Header) or (header.ihl >= 5 and header.total_length >= header.ihl * 4)


def version(data: bytes) -> int:
    return data[0] >> 4 if data else 0


def ones_complement_sum(data: bytes) -> int:
    """RFC 1071: of 16-bit words, an odd octet at the end counts as the upper one."""
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def internet_checksum(data: bytes) -> int:
    return 0xFFFF - ones_complement_sum(data)


def icmpv6_sum(header: IPv6Header, message: bytes) -> int:
    """RFC 8200 s8.1: over the pseudo-header and the message; 0xffff if the checksum in it is right."""
    pseudo = header.src.packed + header.dst.packed + struct.pack("!II", len(message), ICMPV6)
    return ones_complement_sum(pseudo + message)


def crc16_arc(data: bytes) -> int:
    """CRC-16/ARC: polynomial 0x8005 reflected, start 0."""
    crc = 0
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc

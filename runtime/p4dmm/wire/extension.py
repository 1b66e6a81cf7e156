# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Extension headers, as far as the way to the upper layer (RFC 8200 s4)."""

from dataclasses import dataclass

from p4dmm.wire.errors import LimitError, TruncatedError, need
from p4dmm.wire.ipv6 import IPv6Packet, NextHeader

# RFC 8200 s4.1 names seven places in its recommended order; one more is tolerated.
MAX_EXTENSION_HEADERS = 8
# RFC 8504 s5.3 lets a host stop reading a header that holds too many options; padding counts.
MAX_HEADER_OPTIONS = 32

HOME_ADDRESS_OPTION = 0xC9  # RFC 6275 s6.3
ROUTER_ALERT_OPTION = 5  # RFC 2711 s2.1

_WITH_LENGTH = (NextHeader.HOP_BY_HOP, NextHeader.ROUTING, NextHeader.DESTINATION_OPTIONS)


@dataclass(frozen=True, slots=True)
class ExtensionHeader:
    """One header: 0: next header 1, 1: length in 8 octets without the first 8 (fragment header: reserved), 2: data.

    `header_type` is the number that announced it; `data` is the whole header.
    """

    header_type: int
    data: bytes

    def options(self) -> tuple[tuple[int, bytes], ...]:
        """Return type and data of each option of a hop-by-hop or destination options header (RFC 8200 s4.2).

        0: type 1, 1: length of the data 1, 2: data. Pad1 (type 0, one octet alone) and PadN (type 1) are left out.
        """
        found: list[tuple[int, bytes]] = []
        at, seen = 2, 0
        while at < len(self.data):
            if seen == MAX_HEADER_OPTIONS:
                raise LimitError(
                    "number of header options", f"over {seen}", f"at most {MAX_HEADER_OPTIONS}", "RFC 8504 s5.3"
                )
            seen += 1
            option_type = self.data[at]
            if option_type == 0:
                at += 1
                continue
            end = at + 2 + int.from_bytes(self.data[at + 1 : at + 2], "big")
            if end > len(self.data):
                allowed = f"an option that ends with its header of {len(self.data)} octets"
                raise TruncatedError(f"end of header option {option_type}", end, allowed, "RFC 8200 s4.2")
            if option_type != 1:
                found.append((option_type, self.data[at + 2 : end]))
            at = end
        return tuple(found)


@dataclass(frozen=True, slots=True)
class UpperLayer:
    """What the chain of extension headers leads to.

    A true fragment ends the chain with `next_header` 44 and the fragment header in `payload`: only reassembly
    could tell what it carries. An atomic fragment (offset 0, no more; RFC 6946) is walked through.
    """

    next_header: int
    payload: bytes
    headers: tuple[ExtensionHeader, ...] = ()

    def has_header(self, header_type: int) -> bool:
        """Whether a header of this type was walked through."""
        return any(header.header_type == header_type for header in self.headers)

    def rewrites_addresses(self) -> bool:
        """Whether the upper layer's checksum is over other addresses than the IPv6 header's.

        It is under a routing header with segments left (RFC 8200 s8.1, RFC 6275 s6.4) and under a Home Address
        option (RFC 6275 s9.3.1, s11.3.1).
        """
        for header in self.headers:
            if header.header_type == NextHeader.ROUTING and header.data[3]:
                return True
            if header.header_type == NextHeader.DESTINATION_OPTIONS and any(
                option_type == HOME_ADDRESS_OPTION for option_type, _ in header.options()
            ):
                return True
        return False

    def encode(self) -> bytes:
        """Return the payload of the IPv6 packet this was taken from."""
        return b"".join([header.data for header in self.headers]) + self.payload


def upper_layer(packet: IPv6Packet) -> UpperLayer:
    """Walk hop-by-hop, routing, destination options and atomic fragment headers.

    Any other number ends the walk, and so does a hop-by-hop header in a later place, which RFC 8200 s4 has the
    receiver treat as an unrecognised next header.
    """
    next_header, rest = packet.next_header, packet.payload
    headers: list[ExtensionHeader] = []
    while True:
        length = _header_length(next_header, rest, first=not headers)
        if not length:
            return UpperLayer(next_header, rest, tuple(headers))
        if len(headers) == MAX_EXTENSION_HEADERS:
            raise LimitError(
                "number of extension headers", len(headers) + 1, f"at most {MAX_EXTENSION_HEADERS}", "RFC 8200 s4.1"
            )
        headers.append(ExtensionHeader(next_header, rest[:length]))
        next_header, rest = rest[0], rest[length:]


def _header_length(next_header: int, rest: bytes, *, first: bool) -> int:
    """Return the octets of the header `rest` begins with, 0 where the walk ends."""
    if next_header == NextHeader.FRAGMENT:
        need("fragment header", rest, 8, "RFC 8200 s4.5")
        is_fragment = (rest[2] << 8 | rest[3]) & 0xFFF9
        return 0 if is_fragment else 8
    if next_header not in _WITH_LENGTH or (next_header == NextHeader.HOP_BY_HOP and not first):
        return 0
    what = f"extension header {next_header}"
    need(what, rest, 8, "RFC 8200 s4")
    length = (rest[1] + 1) * 8
    need(what, rest, length, "RFC 8200 s4")
    return length

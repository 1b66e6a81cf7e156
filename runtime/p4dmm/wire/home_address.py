# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The two headers with a mobile node's home address in a packet to or from its care-of address (RFC 6275 s6.3, s6.4).

Checksums of what they precede are over the home address: `checksum_addresses` says which addresses those are.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self

from p4dmm.wire.errors import FieldError, ValidationError, check_bits, need
from p4dmm.wire.extension import HOME_ADDRESS_OPTION, ExtensionHeader, UpperLayer
from p4dmm.wire.ipv6 import IPv6Packet, NextHeader, is_link_local, is_multicast

ROUTING_TYPE_2 = 2


@dataclass(frozen=True, slots=True)
class HomeAddressHeader:
    """A destination options header with PadN 4 and the Home Address option alone, 24 octets (RFC 6275 s6.3).

    0: next header 1; 1: length 2; 2: PadN 4; 6: type 0xc9, length 16; 8: home address 16.
    """

    next_header: int
    home_address: IPv6Address

    def __post_init__(self) -> None:
        check_bits(self, (("next_header", 8),), "RFC 6275 s6.3")

    def encode(self) -> bytes:
        """Return the header."""
        head = bytes((self.next_header, 2, 1, 2, 0, 0, HOME_ADDRESS_OPTION, 16))
        return head + self.home_address.packed


@dataclass(frozen=True, slots=True)
class Type2RoutingHeader:
    """A routing header with one address, 24 octets (RFC 6275 s6.4).

    0: next header 1; 1: length 2; 2: routing type 2; 3: segments left 1; 4: reserved 4; 8: home address 16.
    """

    next_header: int
    home_address: IPv6Address
    segments_left: int = 1
    reserved: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("next_header", 8), ("segments_left", 1), ("reserved", 32)), "RFC 6275 s6.4")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the header; a length other than 2 or over one segment left asks for an ICMPv6 Parameter Problem."""
        need("type 2 routing header", data, 4, "RFC 6275 s6.4.1")
        if data[2] != ROUTING_TYPE_2:
            raise FieldError("routing type", data[2], "2", "RFC 6275 s6.4.1")
        if data[1] != 2:
            raise FieldError("type 2 routing header length", data[1], "2", "RFC 6275 s6.4.1")
        if data[3] > 1:
            raise FieldError("type 2 routing header segments left", data[3], "0 or 1", "RFC 6275 s6.4.1")
        need("type 2 routing header", data, 24, "RFC 6275 s6.4.1")
        return cls(data[0], IPv6Address(data[8:24]), data[3], int.from_bytes(data[4:8], "big"))

    def encode(self) -> bytes:
        """Return the header."""
        head = bytes((self.next_header, 2, ROUTING_TYPE_2, self.segments_left))
        return head + self.reserved.to_bytes(4, "big") + self.home_address.packed


def home_address_option(header: ExtensionHeader) -> IPv6Address | None:
    """Return the address in the Home Address option of a destination options header, None where there is no option.

    Raises ValidationError for two of them or for an address that is not unicast routable (RFC 6275 s6.3, s9.3.1).
    """
    found = [data for option_type, data in header.options() if option_type == HOME_ADDRESS_OPTION]
    if not found:
        return None
    if len(found) > 1:
        raise ValidationError("number of Home Address options", len(found), "at most 1", "RFC 6275 s6.3")
    if len(found[0]) != 16:
        raise FieldError("Home Address option length", len(found[0]), "16", "RFC 6275 s6.3")
    address = IPv6Address(found[0])
    if not is_unicast_routable(address):
        raise ValidationError("home address", str(address), "a unicast routable address", "RFC 6275 s9.3.1")
    return address


def home_address_of(upper: UpperLayer) -> IPv6Address | None:
    """Return the home address of the sender, from a Home Address option anywhere before the upper layer."""
    found: IPv6Address | None = None
    for header in upper.headers:
        address = home_address_option(header) if header.header_type == NextHeader.DESTINATION_OPTIONS else None
        if address is not None and found is not None:
            raise ValidationError("number of Home Address options", 2, "at most 1", "RFC 6275 s6.3")
        found = address or found
    return found


def routed_address_of(upper: UpperLayer) -> IPv6Address | None:
    """Return the final destination that a type 2 routing header names, None without such a header.

    Whether it is an address of this node is for the caller to check. Raises ValidationError unless it is unicast
    routable (RFC 6275 s6.4).
    """
    for header in upper.headers:
        if header.header_type == NextHeader.ROUTING and header.data[2] == ROUTING_TYPE_2:
            routing = Type2RoutingHeader.decode(header.data)
            if not is_unicast_routable(routing.home_address):
                address = str(routing.home_address)
                raise ValidationError("routed home address", address, "a unicast routable address", "RFC 6275 s6.4")
            return routing.home_address if routing.segments_left else None
    return None


def checksum_addresses(packet: IPv6Packet, upper: UpperLayer) -> tuple[IPv6Address, IPv6Address]:
    """Return source and destination for the pseudo-header: the home addresses where there are any."""
    return home_address_of(upper) or packet.src, routed_address_of(upper) or packet.dst


def is_unicast_routable(address: IPv6Address) -> bool:
    """Whether it is neither multicast, link-local, loopback nor unspecified (RFC 6275 s2)."""
    return not (is_multicast(address) or is_link_local(address) or int(address) <= 1)

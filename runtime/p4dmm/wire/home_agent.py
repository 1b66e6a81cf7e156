# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The ICMPv6 messages between mobile nodes and home agents (RFC 6275 s6.5 to s6.8, R: RFC 3963 s7.1, s7.2).

Offsets count from the ICMPv6 type; the code at 1 and every reserved bit are kept as they came.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar, Self

from p4dmm.wire.errors import FieldError, LimitError, check_bits, need
from p4dmm.wire.icmpv6 import Icmpv6, Icmpv6Type
from p4dmm.wire.nd_options import NdOption, decode_options, encode_options

# RFC 6275 s10.5 keeps the reply within the minimum IPv6 MTU: 1280 octets, 48 of them headers.
MAX_HOME_AGENTS = 77


@dataclass(frozen=True, slots=True)
class HomeAgentDiscoveryRequest:
    """Type 144 (RFC 6275 s6.5): 4: identifier 2; 6: R 0x8000, reserved 15 bits; 8: what was added, kept as it came."""

    TYPE: ClassVar[int] = Icmpv6Type.HOME_AGENT_DISCOVERY_REQUEST

    identifier: int
    mobile_routers: bool = False
    extra: bytes = b""
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("identifier", 16), ("reserved", 15), ("code", 8)), "RFC 6275 s6.5")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("HomeAgentDiscoveryRequest body", raw.body, 4, "RFC 6275 s6.5")
        identifier, flags = struct.unpack_from("!HH", raw.body)
        return cls(identifier, bool(flags & 0x8000), raw.body[4:], flags & 0x7FFF, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!HH", self.identifier, self.mobile_routers << 15 | self.reserved)
        return Icmpv6(self.TYPE, self.code, fixed + self.extra)


@dataclass(frozen=True, slots=True)
class HomeAgentDiscoveryReply:
    """Type 145 (RFC 6275 s6.6): 4: identifier 2; 6: R 0x8000, reserved 15 bits; 8: home agents 16 each, best first."""

    TYPE: ClassVar[int] = Icmpv6Type.HOME_AGENT_DISCOVERY_REPLY

    identifier: int
    home_agents: tuple[IPv6Address, ...] = ()
    mobile_routers: bool = False
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("identifier", 16), ("reserved", 15), ("code", 8)), "RFC 6275 s6.6")
        if len(self.home_agents) > MAX_HOME_AGENTS:
            allowed = f"at most {MAX_HOME_AGENTS}"
            raise LimitError("number of home agents", len(self.home_agents), allowed, "RFC 6275 s10.5")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body; FieldError where an address is cut."""
        need("HomeAgentDiscoveryReply body", raw.body, 4, "RFC 6275 s6.6")
        identifier, flags = struct.unpack_from("!HH", raw.body)
        octets = raw.body[4:]
        if len(octets) % 16:
            raise FieldError("octets of home agent addresses", len(octets), "a multiple of 16", "RFC 6275 s6.6")
        home_agents = tuple(IPv6Address(octets[at : at + 16]) for at in range(0, len(octets), 16))
        return cls(identifier, home_agents, bool(flags & 0x8000), flags & 0x7FFF, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!HH", self.identifier, self.mobile_routers << 15 | self.reserved)
        return Icmpv6(self.TYPE, self.code, fixed + b"".join(address.packed for address in self.home_agents))


@dataclass(frozen=True, slots=True)
class MobilePrefixSolicitation:
    """Type 146 (RFC 6275 s6.7): 4: identifier 2; 6: reserved 2; 8: options of Neighbor Discovery."""

    TYPE: ClassVar[int] = Icmpv6Type.MOBILE_PREFIX_SOLICITATION

    identifier: int
    options: tuple[NdOption, ...] = ()
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("identifier", 16), ("reserved", 16), ("code", 8)), "RFC 6275 s6.7")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("MobilePrefixSolicitation body", raw.body, 4, "RFC 6275 s6.7")
        identifier, reserved = struct.unpack_from("!HH", raw.body)
        return cls(identifier, decode_options(raw.body[4:]), reserved, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!HH", self.identifier, self.reserved)
        return Icmpv6(self.TYPE, self.code, fixed + encode_options(self.options))


@dataclass(frozen=True, slots=True)
class MobilePrefixAdvertisement:
    """Type 147 (RFC 6275 s6.8): 4: identifier 2; 6: M 0x8000, O 0x4000, reserved 14 bits; 8: options, prefixes."""

    TYPE: ClassVar[int] = Icmpv6Type.MOBILE_PREFIX_ADVERTISEMENT

    identifier: int
    options: tuple[NdOption, ...] = ()
    managed: bool = False
    other: bool = False
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("identifier", 16), ("reserved", 14), ("code", 8)), "RFC 6275 s6.8")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("MobilePrefixAdvertisement body", raw.body, 4, "RFC 6275 s6.8")
        identifier, flags = struct.unpack_from("!HH", raw.body)
        options = decode_options(raw.body[4:])
        return cls(identifier, options, bool(flags & 0x8000), bool(flags & 0x4000), flags & 0x3FFF, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!HH", self.identifier, self.managed << 15 | self.other << 14 | self.reserved)
        return Icmpv6(self.TYPE, self.code, fixed + encode_options(self.options))


HomeAgentMessage = (
    HomeAgentDiscoveryRequest | HomeAgentDiscoveryReply | MobilePrefixSolicitation | MobilePrefixAdvertisement
)

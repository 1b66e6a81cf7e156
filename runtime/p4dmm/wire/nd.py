# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Neighbor Discovery messages (RFC 4861 s4): layout only, the receiver's rules are in nd_validate.

Offsets count from the ICMPv6 type; the code at 1 and every reserved bit are kept as they came.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar, Self

from p4dmm.wire.errors import check_bits, need
from p4dmm.wire.icmpv6 import Icmpv6, Icmpv6Type
from p4dmm.wire.nd_options import NdOption, Preference, decode_options, encode_options


@dataclass(frozen=True, slots=True)
class RouterSolicitation:
    """Type 133 (RFC 4861 s4.1): 4: reserved 4; 8: options."""

    TYPE: ClassVar[int] = Icmpv6Type.ROUTER_SOLICITATION

    options: tuple[NdOption, ...] = ()
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("reserved", 32), ("code", 8)), "RFC 4861 s4.1")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("RouterSolicitation body", raw.body, 4, "RFC 4861 s4.1")
        return cls(decode_options(raw.body[4:]), int.from_bytes(raw.body[:4], "big"), raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        return Icmpv6(self.TYPE, self.code, self.reserved.to_bytes(4, "big") + encode_options(self.options))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterAdvertisement:
    """Type 134 (RFC 4861 s4.2, H: RFC 6275 s7.1, Prf: RFC 4191 s2.2, P: RFC 4389 s4.1.3.3).

    4: cur hop limit 1; 5: M 0x80, O 0x40, H 0x20, Prf 0x18, P 0x04, reserved 2 bits; 6: router lifetime in
    seconds 2; 8: reachable time in milliseconds 4; 12: retrans timer in milliseconds 4; 16: options.
    """

    TYPE: ClassVar[int] = Icmpv6Type.ROUTER_ADVERTISEMENT

    router_lifetime: int
    options: tuple[NdOption, ...] = ()
    cur_hop_limit: int = 64
    managed: bool = False
    other: bool = False
    home_agent: bool = False
    preference: Preference = Preference.MEDIUM
    proxy: bool = False
    reserved: int = 0
    reachable_time: int = 0
    retrans_timer: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(
            self,
            (
                ("cur_hop_limit", 8),
                ("reserved", 2),
                ("router_lifetime", 16),
                ("reachable_time", 32),
                ("retrans_timer", 32),
                ("code", 8),
            ),
            "RFC 4861 s4.2",
        )

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("RouterAdvertisement body", raw.body, 12, "RFC 4861 s4.2")
        hop_limit, flags, lifetime, reachable, retrans = struct.unpack_from("!BBHII", raw.body)
        return cls(
            router_lifetime=lifetime,
            options=decode_options(raw.body[12:]),
            cur_hop_limit=hop_limit,
            managed=bool(flags & 0x80),
            other=bool(flags & 0x40),
            home_agent=bool(flags & 0x20),
            preference=Preference((flags >> 3) & 3),
            proxy=bool(flags & 0x04),
            reserved=flags & 0x03,
            reachable_time=reachable,
            retrans_timer=retrans,
            code=raw.code,
        )

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        flags = self.managed << 7 | self.other << 6 | self.home_agent << 5
        flags |= self.preference << 3 | self.proxy << 2 | self.reserved
        timers = (self.router_lifetime, self.reachable_time, self.retrans_timer)
        fixed = struct.pack("!BBHII", self.cur_hop_limit, flags, *timers)
        return Icmpv6(self.TYPE, self.code, fixed + encode_options(self.options))


@dataclass(frozen=True, slots=True)
class NeighborSolicitation:
    """Type 135 (RFC 4861 s4.3): 4: reserved 4; 8: target 16; 24: options."""

    TYPE: ClassVar[int] = Icmpv6Type.NEIGHBOR_SOLICITATION

    target: IPv6Address
    options: tuple[NdOption, ...] = ()
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("reserved", 32), ("code", 8)), "RFC 4861 s4.3")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("NeighborSolicitation body", raw.body, 20, "RFC 4861 s4.3")
        reserved, target = struct.unpack_from("!I16s", raw.body)
        return cls(IPv6Address(target), decode_options(raw.body[20:]), reserved, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!I16s", self.reserved, self.target.packed)
        return Icmpv6(self.TYPE, self.code, fixed + encode_options(self.options))


@dataclass(frozen=True, slots=True)
class NeighborAdvertisement:
    """Type 136 (RFC 4861 s4.4): 4: R 0x80, S 0x40, O 0x20, reserved 29 bits; 8: target 16; 24: options."""

    TYPE: ClassVar[int] = Icmpv6Type.NEIGHBOR_ADVERTISEMENT

    target: IPv6Address
    options: tuple[NdOption, ...] = ()
    router: bool = False
    solicited: bool = False
    override: bool = False
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("reserved", 29), ("code", 8)), "RFC 4861 s4.4")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("NeighborAdvertisement body", raw.body, 20, "RFC 4861 s4.4")
        flags, target = struct.unpack_from("!I16s", raw.body)
        return cls(
            IPv6Address(target),
            decode_options(raw.body[20:]),
            router=bool(flags >> 31),
            solicited=bool(flags >> 30 & 1),
            override=bool(flags >> 29 & 1),
            reserved=flags & 0x1FFFFFFF,
            code=raw.code,
        )

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        flags = self.router << 31 | self.solicited << 30 | self.override << 29 | self.reserved
        fixed = struct.pack("!I16s", flags, self.target.packed)
        return Icmpv6(self.TYPE, self.code, fixed + encode_options(self.options))


@dataclass(frozen=True, slots=True)
class Redirect:
    """Type 137 (RFC 4861 s4.5): 4: reserved 4; 8: target (the better first hop) 16; 24: destination 16; 40: options."""

    TYPE: ClassVar[int] = Icmpv6Type.REDIRECT

    target: IPv6Address
    destination: IPv6Address
    options: tuple[NdOption, ...] = ()
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("reserved", 32), ("code", 8)), "RFC 4861 s4.5")

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("Redirect body", raw.body, 36, "RFC 4861 s4.5")
        reserved, target, destination = struct.unpack_from("!I16s16s", raw.body)
        options = decode_options(raw.body[36:])
        return cls(IPv6Address(target), IPv6Address(destination), options, reserved, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!I16s16s", self.reserved, self.target.packed, self.destination.packed)
        return Icmpv6(self.TYPE, self.code, fixed + encode_options(self.options))


NdMessage = RouterSolicitation | RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement | Redirect

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Neighbor Discovery options (RFC 4861 s4.6 and its extensions).

Every option is 0: type 1, 1: length 1 in units of 8 octets, never 0, 2: body. The offsets below count from the type.
An option of a known type but with a length or content its layout does not have is kept as UnknownOption: a
receiver ignores what it does not recognise (RFC 4861 s4.6) and goes on with the message.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address
from typing import ClassVar, Self

from p4dmm.wire.errors import FieldError, LimitError, check_bits, need
from p4dmm.wire.mac import MacAddress

MAX_ND_OPTIONS = 64
MAX_OPTION_BODY = 255 * 8 - 2
INFINITE_LIFETIME = 0xFFFFFFFF
_SECTION = "RFC 4861 s4.6"


class Preference(IntEnum):
    """Default router and route preference, two bits, signed (RFC 4191 s2.1).

    A receiver takes RESERVED in a router advertisement for MEDIUM, and ignores a route information option with it.
    """

    MEDIUM = 0
    HIGH = 1
    RESERVED = 2
    LOW = 3


def _option(option_type: int, body: bytes) -> bytes:
    return bytes((option_type, (len(body) + 2) // 8)) + body


@dataclass(frozen=True, slots=True)
class _LinkLayerAddress:
    TYPE: ClassVar[int]

    address: MacAddress

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        return cls(MacAddress(body)) if len(body) == 6 else None

    def encode(self) -> bytes:
        return _option(self.TYPE, self.address.packed)


@dataclass(frozen=True, slots=True)
class SourceLinkLayerAddress(_LinkLayerAddress):
    """Type 1 (RFC 4861 s4.6.1, RFC 2464 s6): 2: Ethernet address of the sender 6."""

    TYPE = 1


@dataclass(frozen=True, slots=True)
class TargetLinkLayerAddress(_LinkLayerAddress):
    """Type 2 (RFC 4861 s4.6.1, RFC 2464 s6): 2: Ethernet address of the target 6."""

    TYPE = 2


@dataclass(frozen=True, slots=True)
class PrefixInformation:
    """Type 3 (RFC 4861 s4.6.2, R: RFC 6275 s7.2).

    2: prefix length 1; 3: L 0x80, A 0x40, R 0x20, reserved1 5 bits; 4: valid lifetime 4; 8: preferred lifetime 4;
    12: reserved2 4; 16: prefix 16, the router's whole address when R is set, so bits after the length survive.
    """

    TYPE: ClassVar[int] = 3

    prefix: IPv6Address
    prefix_length: int
    valid_lifetime: int
    preferred_lifetime: int
    on_link: bool = True
    autonomous: bool = True
    router_address: bool = False
    reserved1: int = 0
    reserved2: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.prefix_length <= 128:
            raise FieldError("PrefixInformation prefix_length", self.prefix_length, "0 to 128", "RFC 4861 s4.6.2")
        widths = (("valid_lifetime", 32), ("preferred_lifetime", 32), ("reserved1", 5), ("reserved2", 32))
        check_bits(self, widths, "RFC 4861 s4.6.2")

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        if len(body) != 30 or body[0] > 128:
            return None
        prefix_length, flags, valid, preferred, reserved2, prefix = struct.unpack("!BBIII16s", body)
        return cls(
            IPv6Address(prefix),
            prefix_length,
            valid,
            preferred,
            on_link=bool(flags & 0x80),
            autonomous=bool(flags & 0x40),
            router_address=bool(flags & 0x20),
            reserved1=flags & 0x1F,
            reserved2=reserved2,
        )

    def encode(self) -> bytes:
        flags = self.on_link << 7 | self.autonomous << 6 | self.router_address << 5 | self.reserved1
        lifetimes = (self.valid_lifetime, self.preferred_lifetime)
        body = struct.pack("!BBIII", self.prefix_length, flags, *lifetimes, self.reserved2)
        return _option(self.TYPE, body + self.prefix.packed)


@dataclass(frozen=True, slots=True)
class RedirectedHeader:
    """Type 4 (RFC 4861 s4.6.3): 2: reserved 6; 8: the packet that was redirected, a multiple of 8 octets."""

    TYPE: ClassVar[int] = 4

    packet: bytes
    reserved: bytes = bytes(6)

    def __post_init__(self) -> None:
        if len(self.packet) % 8 or len(self.packet) > MAX_OPTION_BODY - 6:
            allowed = f"a multiple of 8 octets, at most {MAX_OPTION_BODY - 6}"
            raise FieldError("RedirectedHeader packet length", len(self.packet), allowed, "RFC 4861 s4.6.3")
        if len(self.reserved) != 6:
            raise FieldError("RedirectedHeader reserved length", len(self.reserved), "6 octets", "RFC 4861 s4.6.3")

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        return cls(body[6:], body[:6])

    def encode(self) -> bytes:
        return _option(self.TYPE, self.reserved + self.packet)


@dataclass(frozen=True, slots=True)
class Mtu:
    """Type 5 (RFC 4861 s4.6.4): 2: reserved 2; 4: MTU 4."""

    TYPE: ClassVar[int] = 5

    mtu: int
    reserved: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("mtu", 32), ("reserved", 16)), "RFC 4861 s4.6.4")

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        if len(body) != 6:
            return None
        reserved, mtu = struct.unpack("!HI", body)
        return cls(mtu, reserved)

    def encode(self) -> bytes:
        return _option(self.TYPE, struct.pack("!HI", self.reserved, self.mtu))


@dataclass(frozen=True, slots=True)
class AdvertisementInterval:
    """Type 7 (RFC 6275 s7.3): 2: reserved 2; 4: longest time between two advertisements, milliseconds, 4."""

    TYPE: ClassVar[int] = 7

    interval_ms: int
    reserved: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("interval_ms", 32), ("reserved", 16)), "RFC 6275 s7.3")

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        if len(body) != 6:
            return None
        reserved, interval_ms = struct.unpack("!HI", body)
        return cls(interval_ms, reserved)

    def encode(self) -> bytes:
        return _option(self.TYPE, struct.pack("!HI", self.reserved, self.interval_ms))


@dataclass(frozen=True, slots=True)
class HomeAgentInformation:
    """Type 8 (RFC 6275 s7.4): 2: reserved 2; 4: preference 2, signed, higher is better; 6: lifetime in seconds 2."""

    TYPE: ClassVar[int] = 8

    lifetime: int
    preference: int = 0
    reserved: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("lifetime", 16), ("reserved", 16)), "RFC 6275 s7.4")
        if not -0x8000 <= self.preference <= 0x7FFF:
            raise FieldError("HomeAgentInformation preference", self.preference, "-32768 to 32767", "RFC 6275 s7.4")

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        if len(body) != 6:
            return None
        reserved, preference, lifetime = struct.unpack("!HhH", body)
        return cls(lifetime, preference, reserved)

    def encode(self) -> bytes:
        return _option(self.TYPE, struct.pack("!HhH", self.reserved, self.preference, self.lifetime))


@dataclass(frozen=True, slots=True)
class Nonce:
    """Type 14 (RFC 3971 s5.3.2, RFC 7527): 2: random octets, 6 or 8 more at a time."""

    TYPE: ClassVar[int] = 14

    nonce: bytes

    def __post_init__(self) -> None:
        _check_body("Nonce length", self.nonce, "RFC 3971 s5.3.2")

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        return cls(body)

    def encode(self) -> bytes:
        return _option(self.TYPE, self.nonce)


@dataclass(frozen=True, slots=True)
class RouteInformation:
    """Type 24 (RFC 4191 s2.3).

    2: prefix length 1; 3: reserved1 3 bits, Prf 2 bits 0x18, reserved2 3 bits; 4: route lifetime 4;
    8: prefix 0, 8 or 16 octets, at least what the prefix length needs.
    """

    TYPE: ClassVar[int] = 24

    prefix: IPv6Address
    prefix_length: int
    lifetime: int
    preference: Preference = Preference.MEDIUM
    prefix_octets: int = 16
    reserved1: int = 0
    reserved2: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("lifetime", 32), ("reserved1", 3), ("reserved2", 3)), "RFC 4191 s2.3")
        octets = self.prefix_octets
        if octets not in {0, 8, 16}:
            raise FieldError("RouteInformation prefix_octets", octets, "0, 8 or 16", "RFC 4191 s2.3")
        if not 0 <= self.prefix_length <= octets * 8:
            allowed = f"0 to {octets * 8} with {octets} octets of prefix"
            raise FieldError("RouteInformation prefix_length", self.prefix_length, allowed, "RFC 4191 s2.3")
        if any(self.prefix.packed[octets:]):
            allowed = f"zero after the first {octets} octets"
            raise FieldError("RouteInformation prefix", str(self.prefix), allowed, "RFC 4191 s2.3")

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        octets = len(body) - 6
        if octets > 16 or body[0] > octets * 8:
            return None
        prefix_length, flags, lifetime = struct.unpack_from("!BBI", body)
        return cls(
            IPv6Address(body[6:].ljust(16, b"\0")),
            prefix_length,
            lifetime,
            preference=Preference((flags >> 3) & 3),
            prefix_octets=octets,
            reserved1=flags >> 5,
            reserved2=flags & 7,
        )

    def encode(self) -> bytes:
        flags = self.reserved1 << 5 | self.preference << 3 | self.reserved2
        body = struct.pack("!BBI", self.prefix_length, flags, self.lifetime)
        return _option(self.TYPE, body + self.prefix.packed[: self.prefix_octets])


@dataclass(frozen=True, slots=True)
class RecursiveDnsServer:
    """Type 25 (RFC 8106 s5.1): 2: reserved 2; 4: lifetime 4; 8: addresses 16 each, one or more."""

    TYPE: ClassVar[int] = 25

    lifetime: int
    addresses: tuple[IPv6Address, ...]
    reserved: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("lifetime", 32), ("reserved", 16)), "RFC 8106 s5.1")
        if not 1 <= len(self.addresses) <= 127:
            raise FieldError("RecursiveDnsServer addresses", len(self.addresses), "1 to 127", "RFC 8106 s5.1")

    @classmethod
    def from_body(cls, body: bytes) -> Self | None:
        if len(body) == 6 or len(body) % 16 != 6:
            return None
        reserved, lifetime = struct.unpack_from("!HI", body)
        addresses = tuple([IPv6Address(body[at : at + 16]) for at in range(6, len(body), 16)])
        return cls(lifetime, addresses, reserved)

    def encode(self) -> bytes:
        body = struct.pack("!HI", self.reserved, self.lifetime)
        return _option(self.TYPE, body + b"".join([address.packed for address in self.addresses]))


@dataclass(frozen=True, slots=True)
class UnknownOption:
    """An option kept as it came (RFC 4861 s4.6): 2: body, so long that the option is a multiple of 8 octets."""

    type: int
    body: bytes

    def __post_init__(self) -> None:
        check_bits(self, (("type", 8),), _SECTION)
        _check_body("UnknownOption body length", self.body, _SECTION)

    @property
    def TYPE(self) -> int:  # noqa: N802 - the same name as in the options whose type is constant
        """The type, under the name the known options have it."""
        return self.type

    def encode(self) -> bytes:
        return _option(self.type, self.body)


NdOption = (
    SourceLinkLayerAddress
    | TargetLinkLayerAddress
    | PrefixInformation
    | RedirectedHeader
    | Mtu
    | AdvertisementInterval
    | HomeAgentInformation
    | Nonce
    | RouteInformation
    | RecursiveDnsServer
    | UnknownOption
)

_FROM_BODY: dict[int, Callable[[bytes], NdOption | None]] = {
    SourceLinkLayerAddress.TYPE: SourceLinkLayerAddress.from_body,
    TargetLinkLayerAddress.TYPE: TargetLinkLayerAddress.from_body,
    PrefixInformation.TYPE: PrefixInformation.from_body,
    RedirectedHeader.TYPE: RedirectedHeader.from_body,
    Mtu.TYPE: Mtu.from_body,
    AdvertisementInterval.TYPE: AdvertisementInterval.from_body,
    HomeAgentInformation.TYPE: HomeAgentInformation.from_body,
    Nonce.TYPE: Nonce.from_body,
    RouteInformation.TYPE: RouteInformation.from_body,
    RecursiveDnsServer.TYPE: RecursiveDnsServer.from_body,
}


def decode_options(data: bytes) -> tuple[NdOption, ...]:
    """Read options to the end of the message; length 0 is refused (RFC 4861 s6.1.1)."""
    options: list[NdOption] = []
    rest = data
    while rest:
        if len(options) == MAX_ND_OPTIONS:
            raise LimitError("number of ND options", f"over {MAX_ND_OPTIONS}", f"at most {MAX_ND_OPTIONS}", _SECTION)
        need("ND option", rest, 2, _SECTION)
        option_type, length = rest[0], rest[1] * 8
        if not length:
            raise FieldError(f"length of ND option {option_type}", 0, "1 to 255", _SECTION)
        need(f"ND option {option_type}", rest, length, _SECTION)
        body, rest = rest[2:length], rest[length:]
        from_body = _FROM_BODY.get(option_type)
        options.append((from_body and from_body(body)) or UnknownOption(option_type, body))
    return tuple(options)


def encode_options(options: tuple[NdOption, ...]) -> bytes:
    """Write options in their order; padding is never needed."""
    return b"".join([option.encode() for option in options])


def _check_body(what: str, body: bytes, section: str) -> None:
    if len(body) % 8 != 6 or len(body) > MAX_OPTION_BODY:
        raise FieldError(what, len(body), f"6, 14, 22 and so on up to {MAX_OPTION_BODY} octets", section)

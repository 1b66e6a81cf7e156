# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What may stand at the end of a message or an option, after the fields of fixed size.

A tail reads `data[at:end]`. It returns MISFIT where it cannot, and says of a value what keeps it from being written.
"""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol, final


@final
class _Misfit:
    """The type of MISFIT."""


MISFIT = _Misfit()


class Tail(Protocol):
    """A field of variable size, the last one."""

    @property
    def allowed(self) -> str:
        """What may stand there, for error texts."""

    def decode(self, data: bytes, at: int, end: int) -> Any:
        """Return the value, or MISFIT."""

    def encode(self, value: Any) -> bytes:
        """Return the octets."""

    def fits(self, value: Any) -> bool:
        """Whether the value can be written, and would be read as the same."""


class Rest:
    """The octets as they are."""

    def __init__(self, least: int = 0, unit: int = 1) -> None:
        """Accept `least` octets and more, a multiple of `unit`."""
        self.least, self.unit = least, unit

    @property
    def allowed(self) -> str:
        """What may stand there."""
        return f"at least {self.least} octets, a multiple of {self.unit}"

    def decode(self, data: bytes, at: int, end: int) -> bytes | _Misfit:
        """Return the octets, or MISFIT."""
        octets = data[at:end]
        return octets if self.fits(octets) else MISFIT

    def encode(self, value: bytes) -> bytes:
        """Return the octets."""
        return value

    def fits(self, value: bytes) -> bool:
        """Whether the length is allowed."""
        return len(value) >= self.least and not len(value) % self.unit


class Address:
    """An address whose family shows by what is left, or None where nothing is."""

    def __init__(self, *sizes: int) -> None:
        """Accept an address of these sizes: 4, 16, and 0 for none."""
        self.sizes = frozenset(sizes)

    @property
    def allowed(self) -> str:
        """What may stand there."""
        names = {0: "no address", 4: "an IPv4 address", 16: "an IPv6 address"}
        return " or ".join(names[size] for size in sorted(self.sizes))

    def decode(self, data: bytes, at: int, end: int) -> IPv4Address | IPv6Address | _Misfit | None:
        """Return the address, None, or MISFIT."""
        size = end - at
        if size not in self.sizes:
            return MISFIT
        if size == 16:
            return IPv6Address(int.from_bytes(data[at:end], "big"))
        return IPv4Address(int.from_bytes(data[at:end], "big")) if size else None

    def encode(self, value: IPv4Address | IPv6Address | None) -> bytes:
        """Return the octets."""
        return value.packed if value is not None else b""

    def fits(self, value: IPv4Address | IPv6Address | None) -> bool:
        """Whether an address of this family, or none, is allowed."""
        return (len(value.packed) if value is not None else 0) in self.sizes


class Numbers:
    """Unsigned numbers of one size, one after the other."""

    def __init__(self, code: str, least: int = 0, most: int = 127) -> None:
        """Take the struct code of one number, and how many of them there may be."""
        self.code, self.least, self.most = code, least, most
        self.size = struct.calcsize(f"!{code}")

    @property
    def allowed(self) -> str:
        """What may stand there."""
        return f"{self.least} to {self.most} numbers of {self.size * 8} bits"

    def decode(self, data: bytes, at: int, end: int) -> tuple[int, ...] | _Misfit:
        """Return the numbers, or MISFIT."""
        count, left = divmod(end - at, self.size)
        if left or not self.least <= count <= self.most:
            return MISFIT
        return struct.unpack_from(f"!{count}{self.code}", data, at)

    def encode(self, value: tuple[int, ...]) -> bytes:
        """Return the octets."""
        return struct.pack(f"!{len(value)}{self.code}", *value)

    def fits(self, value: tuple[int, ...]) -> bool:
        """Whether the count and every number are allowed."""
        return self.least <= len(value) <= self.most and all(0 <= n < 1 << self.size * 8 for n in value)


class OptionalNumber:
    """One unsigned number, or None."""

    allowed = "nothing or one number of 32 bits"

    def decode(self, data: bytes, at: int, end: int) -> int | _Misfit | None:
        """Return the number, None, or MISFIT."""
        if end == at:
            return None
        return int.from_bytes(data[at:end], "big") if end - at == 4 else MISFIT

    def encode(self, value: int | None) -> bytes:
        """Return the octets."""
        return b"" if value is None else value.to_bytes(4, "big")

    def fits(self, value: int | None) -> bool:
        """Whether the number, if there is one, has 32 bits."""
        return value is None or 0 <= value < 1 << 32


class Strings:
    """So many strings, each after an octet with its length; the last one ends the field."""

    def __init__(self, count: int) -> None:
        """Take how many."""
        self.count = count
        self.allowed = f"{count} strings of at most 255 octets, each after its length"

    def decode(self, data: bytes, at: int, end: int) -> tuple[bytes, ...] | _Misfit:
        """Return the strings, or MISFIT."""
        found = []
        for _ in range(self.count):
            if at >= end or at + 1 + data[at] > end:
                return MISFIT
            found.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        return tuple(found) if at == end else MISFIT

    def encode(self, value: tuple[bytes, ...]) -> bytes:
        """Return the octets."""
        return b"".join([bytes((len(text),)) + text for text in value])

    def fits(self, value: tuple[bytes, ...]) -> bool:
        """Whether there are so many, each short enough."""
        return len(value) == self.count and all(len(text) <= 255 for text in value)


class Addresses:
    """IPv6 addresses, one after the other."""

    allowed = "at most 127 IPv6 addresses"

    def decode(self, data: bytes, at: int, end: int) -> tuple[IPv6Address, ...]:
        """Return the addresses; `end` has been counted by the caller."""
        return tuple([IPv6Address(data[place : place + 16]) for place in range(at, end, 16)])

    def encode(self, value: tuple[IPv6Address, ...]) -> bytes:
        """Return the octets."""
        return b"".join([address.packed for address in value])

    def fits(self, value: tuple[IPv6Address, ...]) -> bool:
        """Whether they leave room in a Mobility Header."""
        return len(value) <= 127

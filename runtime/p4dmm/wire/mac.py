# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""EUI-48 addresses and the interface identifiers made from them."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self

from p4dmm.wire.errors import FieldError

_TEXT = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}", re.ASCII)
_LINK_LOCAL = bytes.fromhex("fe80000000000000")


@dataclass(frozen=True, slots=True, order=True)
class MacAddress:
    """An EUI-48: six octets; in the first, 0x01 says group and 0x02 says locally administered."""

    packed: bytes

    def __post_init__(self) -> None:
        if len(self.packed) != 6:
            raise FieldError("MacAddress length", len(self.packed), "6 octets", "RFC 7042 s2.1")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "02:00:00:00:00:01" or "02-00-00-00-00-01"."""
        if not _TEXT.fullmatch(text):
            raise FieldError("MacAddress text", text, "six pairs of hex digits joined by ':' or '-'", "RFC 7042 s2.1")
        return cls(bytes.fromhex(text.replace(":", "").replace("-", "")))

    @classmethod
    def from_int(cls, number: int) -> Self:
        """The 48-bit number that P4 tables hold, most significant octet first."""
        if not 0 <= number < 1 << 48:
            raise FieldError("MacAddress number", number, "0 to 2**48 - 1", "RFC 7042 s2.1")
        return cls(number.to_bytes(6, "big"))

    def __int__(self) -> int:
        return int.from_bytes(self.packed, "big")

    def __str__(self) -> str:
        return self.packed.hex(":")

    def __bytes__(self) -> bytes:
        return self.packed

    @property
    def is_group(self) -> bool:
        """Whether this is a multicast address; broadcast is one."""
        return bool(self.packed[0] & 0x01)

    def interface_identifier(self) -> bytes:
        """Return the modified EUI-64: ff:fe in the middle, universal/local bit inverted (RFC 4291 appendix A)."""
        return bytes((self.packed[0] ^ 0x02,)) + self.packed[1:3] + b"\xff\xfe" + self.packed[3:]

    def link_local(self) -> IPv6Address:
        """Return fe80::/64 with this address's interface identifier (RFC 4291 s2.5.6, RFC 2464 s5)."""
        return IPv6Address(_LINK_LOCAL + self.interface_identifier())


BROADCAST = MacAddress(b"\xff" * 6)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The hash algorithms of simple_switch that programs may name: octets -> a number.

The input is the fields one after the other, filled up with zero bits to whole octets.
"""

import struct
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

__all__ = ["HASHES", "Hash"]

FLOWS = 1 << 14
"""How many results are remembered, in about 3 MB."""


@cache
def _crc16_tables() -> tuple[list[int], list[int]]:
    """The remainder after one octet and after two; a step of two octets halves the time a packet takes."""
    one = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)  # noqa: PLW2901  polynomial 0x8005, bits reversed
        one.append(value)
    two = [(low := one[value & 0xFF] ^ value >> 8) >> 8 ^ one[low & 0xFF] for value in range(1 << 16)]
    return one, two


@lru_cache(FLOWS)
def _crc16(data: bytes) -> int:
    """CRC-16/ARC. Flows hash the same octets packet by packet, and to remember is an order of magnitude faster."""
    one, two = _crc16_tables()
    remainder = 0
    for (word,) in struct.iter_unpack("<H", data[: len(data) & -2]):
        remainder = two[remainder ^ word]
    return remainder >> 8 ^ one[(remainder ^ data[-1]) & 0xFF] if len(data) & 1 else remainder


def _csum16(data: bytes) -> int:
    """The ones' complement of the ones' complement sum (RFC 1071); 2 ** 16 is 1 modulo 65535."""
    total = int.from_bytes(data + b"\0" if len(data) & 1 else data, "big")
    return 65535 - (total % 65535 or (65535 if total else 0))


def _identity(data: bytes) -> int:
    """The first eight octets as a number."""
    return int.from_bytes(data[:8], "big")


def _xor16(data: bytes) -> int:
    """All 16-bit words, exclusive or."""
    result = 0
    for (word,) in struct.iter_unpack(">H", data + b"\0" if len(data) & 1 else data):
        result ^= word
    return result


class Hash(NamedTuple):
    """An algorithm, and how many bits hold its result."""

    function: Callable[[bytes], int]
    bits: int


HASHES = {
    "crc16": Hash(_crc16, 16),
    "crc32": Hash(zlib.crc32, 32),
    "csum16": Hash(_csum16, 16),
    "identity": Hash(_identity, 64),
    "xor16": Hash(_xor16, 16),
}

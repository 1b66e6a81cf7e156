# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Unsigned integers as P4Runtime byte strings (spec: "Bytestrings")."""

from p4dmm.softswitch.service.errors import invalid


def encode(value: int) -> bytes:
    """The canonical form: the shortest big-endian string, one zero byte for zero."""
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")


def decode(raw: bytes, width: int, what: str) -> int:
    """The value of a string for ``bit<width>``; zero padding of any length is accepted, as the spec demands.

    The spec's Bytestrings section asks for OUT_OF_RANGE, its sections on match fields, action parameters and packet
    metadata for INVALID_ARGUMENT; the more specific sections win.
    """
    if not raw:
        raise invalid(
            f'{what}: the byte string is empty, allowed is bit<{width}> in at least one byte (spec: "Bytestrings")'
        )
    value = int.from_bytes(raw, "big")
    if value >> width:
        shown = raw.hex() if len(raw) <= 32 else raw[:32].hex() + "..."
        raise invalid(f'{what}: value 0x{shown} does not fit bit<{width}> (spec: "Bytestrings")')
    return value

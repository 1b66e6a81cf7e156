# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The sequence number of Binding Updates: 16 bits, compared modulo 2**16 (RFC 6275 s9.5.1)."""

from p4dmm.wire.errors import FieldError

MODULUS = 1 << 16


def is_newer(new: int, last: int) -> bool:
    """Whether `new` is greater than `last`: at most 32767 after it. Equal is not, nor are the 32768 before it."""
    _check(new)
    _check(last)
    return 0 < (new - last) % MODULUS < MODULUS // 2


def successor(last: int) -> int:
    """Return the number after `last`."""
    _check(last)
    return (last + 1) % MODULUS


def _check(number: int) -> None:
    if not 0 <= number < MODULUS:
        raise FieldError("sequence number", number, f"0 to {MODULUS - 1}", "RFC 6275 s6.1.7")

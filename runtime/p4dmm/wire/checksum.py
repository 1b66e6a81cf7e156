# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The internet checksum (RFC 1071) over the IPv6 pseudo-header (RFC 8200 s8.1)."""

from ipaddress import IPv6Address


def upper_layer_checksum(src: IPv6Address, dst: IPv6Address, next_header: int, data: bytes) -> int:
    """Return the checksum of `data`, whose checksum field is zero.

    Pseudo-header: source 16, destination 16, upper-layer length 4, zero 3, next header 1.
    UDP sends 0xffff where this returns 0 (RFC 8200 s8.1); ICMPv6 sends 0.
    """
    return 0xFFFF - _folded_sum(src, dst, next_header, data)


def verify_upper_layer_checksum(src: IPv6Address, dst: IPv6Address, next_header: int, data: bytes) -> bool:
    """Whether `data`, its checksum field included, sums to 0xffff."""
    return _folded_sum(src, dst, next_header, data) == 0xFFFF


def _folded_sum(src: IPv6Address, dst: IPv6Address, next_header: int, data: bytes) -> int:
    # 2**16 is 1 modulo 0xffff, so a big-endian integer is congruent to the sum of its 16-bit words:
    # one division in C in place of a loop. Only an all-zero input folds to 0, and next_header is never 0 here.
    words = int.from_bytes(data, "big") << ((len(data) & 1) * 8)
    return (int(src) + int(dst) + len(data) + next_header + words) % 0xFFFF or 0xFFFF

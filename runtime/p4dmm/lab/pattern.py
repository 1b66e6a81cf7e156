# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The octets a TCP transfer carries: each place in the stream has its own, so that a receiver can verify every one."""

import struct

WORD = 8
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that no two places within 2**64 words have the same word
_MASK = (1 << 64) - 1


def pattern(offset: int, length: int) -> bytes:
    """Return the octets from ``offset`` on."""
    first, last = offset // WORD, (offset + length + WORD - 1) // WORD
    words = [(index + 1) * _FACTOR & _MASK for index in range(first, last)]
    skip = offset - first * WORD
    return struct.pack(f"!{len(words)}Q", *words)[skip : skip + length]


class PatternVerifier:
    """Takes a stream piece by piece and remembers the first octet that is wrong."""

    def __init__(self) -> None:
        self.received = 0
        self.corrupt_at: int | None = None

    def feed(self, data: bytes) -> None:
        """Compare the next piece; after the first wrong octet nothing more is compared."""
        if self.corrupt_at is None:
            expected = pattern(self.received, len(data))
            if data != expected:
                self.corrupt_at = self.received + next(i for i, octet in enumerate(data) if octet != expected[i])
        self.received += len(data)

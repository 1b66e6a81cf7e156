# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of matching: kinds of keys and the values an entry gives for them."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Exact", "Key", "KeyKind", "Lpm", "MatchValue", "Range", "Ternary"]


class KeyKind(StrEnum):
    """How one key of a table is compared; the values are BMv2's words."""

    EXACT = "exact"
    LPM = "lpm"
    TERNARY = "ternary"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table."""

    name: str
    kind: KeyKind
    width: int


@dataclass(frozen=True, slots=True)
class Exact:
    """The whole value."""

    value: int


@dataclass(frozen=True, slots=True)
class Lpm:
    """The upper prefix_len bits; the others are zero in value."""

    value: int
    prefix_len: int


@dataclass(frozen=True, slots=True)
class Ternary:
    """The bits of the mask; the others are zero in value."""

    value: int
    mask: int


@dataclass(frozen=True, slots=True)
class Range:
    """From low to high, both included."""

    low: int
    high: int


MatchValue = Exact | Lpm | Ternary | Range

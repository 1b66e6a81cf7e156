# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Expressions: what a program computes, of fields, of parameters, and of the packet."""

from dataclasses import dataclass
from typing import NamedTuple


class FieldRef(NamedTuple):
    """A field of a header instance."""

    header: str
    field: str

    def __str__(self) -> str:
        return f"{self.header}.{self.field}"


@dataclass(frozen=True, slots=True)
class Const:
    """A number; BMv2 computes without a width, so may this be negative."""

    value: int


@dataclass(frozen=True, slots=True)
class BoolConst:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of a field."""

    ref: FieldRef


@dataclass(frozen=True, slots=True)
class Valid:
    """The validity of a packet header; 1 or 0 where a number is wanted."""

    header: str


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the enclosing action."""

    index: int
    width: int


@dataclass(frozen=True, slots=True)
class Lookahead:
    """The next bits of the packet, not consumed (parser only)."""

    width: int


@dataclass(frozen=True, slots=True)
class Unary:
    """An operation on one operand."""

    op: str
    arg: "Expr"


@dataclass(frozen=True, slots=True)
class Binary:
    """An operation on two operands."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Choice:
    """cond ? then : other."""

    cond: "Expr"
    then: "Expr"
    other: "Expr"


Expr = Const | BoolConst | FieldValue | Valid | Param | Lookahead | Unary | Binary | Choice


@dataclass(frozen=True, slots=True)
class HeaderBits:
    """All of a header, as input of a calculation."""

    header: str


@dataclass(frozen=True, slots=True)
class ConstBits:
    """A constant of so many bits, as input of a calculation."""

    value: int
    width: int


CalculationInput = FieldRef | HeaderBits | ConstBits


@dataclass(frozen=True, slots=True)
class Calculation:
    """A hash over fields, headers and constants; what belongs to an invalid header is left out."""

    algorithm: str
    inputs: tuple[CalculationInput, ...]

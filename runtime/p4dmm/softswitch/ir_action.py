# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Statements: what the actions of a program do, and in part its parser states too."""

from dataclasses import dataclass

from p4dmm.softswitch.ir_expr import Calculation, Expr, FieldRef


@dataclass(frozen=True, slots=True)
class Assign:
    """Field = expression, truncated to the field's width."""

    target: FieldRef
    value: Expr


@dataclass(frozen=True, slots=True)
class AssignHeader:
    """Copy a header, validity included."""

    target: str
    source: str


@dataclass(frozen=True, slots=True)
class AddHeader:
    """Make a header valid; if it was not, its fields become zero."""

    header: str


@dataclass(frozen=True, slots=True)
class RemoveHeader:
    """Make a header invalid."""

    header: str


@dataclass(frozen=True, slots=True)
class MarkToDrop:
    """egress_spec = the drop port, mcast_grp = 0."""


@dataclass(frozen=True, slots=True)
class Count:
    """Add the packet to a cell of an indirect counter."""

    counter: str
    index: Expr


@dataclass(frozen=True, slots=True)
class ExecuteMeter:
    """Field = the colour that a cell of an indirect meter gives the packet."""

    meter: str
    index: Expr
    target: FieldRef


@dataclass(frozen=True, slots=True)
class Hash:
    """Field = base + calculation % size, in 64 bits; a size of 0 counts as 1."""

    target: FieldRef
    base: Expr
    calculation: Calculation
    size: Expr


@dataclass(frozen=True, slots=True)
class Exit:
    """End the pipeline once the action is through."""


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on at another statement of the action."""

    target: int


@dataclass(frozen=True, slots=True)
class JumpIfZero:
    """Go on at another statement of the action if the condition is zero."""

    cond: Expr
    target: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """Keeps the numbering of statements that have no effect (log_msg)."""


Statement = (
    Assign
    | AssignHeader
    | AddHeader
    | RemoveHeader
    | MarkToDrop
    | Count
    | ExecuteMeter
    | Hash
    | Exit
    | Jump
    | JumpIfZero
    | Nothing
)


@dataclass(frozen=True, slots=True)
class Action:
    """An action; its parameters as widths in bits."""

    name: str
    params: tuple[int, ...]
    body: tuple[Statement, ...]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a program is made of, once its JSON has been read: typed, frozen, by name.

Metadata and packet headers are both headers; a packet header has a validity of its own and a place in the packet.
"""

from dataclasses import dataclass
from typing import NamedTuple

from p4dmm.softswitch.match import KeyKind


class FieldRef(NamedTuple):
    """A field of a header instance."""

    header: str
    field: str

    def __str__(self) -> str:
        return f"{self.header}.{self.field}"


@dataclass(frozen=True, slots=True)
class Header:
    """A header or metadata instance; the fields in packet order with their widths in bits."""

    name: str
    type_name: str
    fields: tuple[tuple[str, int], ...]
    is_metadata: bool

    @property
    def octets(self) -> int:
        """The length in the packet."""
        return sum(width for _, width in self.fields) // 8


# --- expressions -----------------------------------------------------------------------------------------------------


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

# --- statements ------------------------------------------------------------------------------------------------------


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


Statement = Assign | AssignHeader | AddHeader | RemoveHeader | MarkToDrop | Count | Exit | Jump | JumpIfZero | Nothing


@dataclass(frozen=True, slots=True)
class Action:
    """An action; its parameters as widths in bits."""

    name: str
    params: tuple[int, ...]
    body: tuple[Statement, ...]


# --- parser ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Extract:
    """Take a header from the packet."""

    header: str


@dataclass(frozen=True, slots=True)
class Advance:
    """Skip octets."""

    octets: int


@dataclass(frozen=True, slots=True)
class Verify:
    """Unless the condition holds, end parsing with the error."""

    cond: Expr
    error: Expr


ParserOp = Extract | Advance | Verify | Assign | AssignHeader | AddHeader | RemoveHeader | Nothing


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state (None accepts) if key & mask == value; a mask of None compares all bits, a value of None always
    holds."""

    value: int | None
    mask: int | None
    next_state: str | None


@dataclass(frozen=True, slots=True)
class ParserState:
    """A state; the values of the transitions are the key parts concatenated, each padded to octets."""

    name: str
    ops: tuple[ParserOp, ...]
    key: tuple[tuple[Expr, int], ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Parser:
    """The parser."""

    init_state: str | None
    states: dict[str, ParserState]


# --- control ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TableKey:
    """A key: what the control plane calls it, and the value it is compared with."""

    name: str
    kind: KeyKind
    source: FieldValue | Valid
    width: int


@dataclass(frozen=True, slots=True)
class ConstRow:
    """An entry of the program; per key (value,), (value, prefix length), (value, mask) or (low, high)."""

    match: tuple[tuple[int, ...], ...]
    action: str
    params: tuple[int, ...]
    priority: int


@dataclass(frozen=True, slots=True)
class TableNode:
    """A table, and where control goes from it: by action, or by hit and miss."""

    name: str
    size: int
    keys: tuple[TableKey, ...]
    actions: tuple[str, ...]
    default_action: str
    default_params: tuple[int, ...]
    default_is_const: bool
    const_entries: tuple[ConstRow, ...] | None
    has_direct_counter: bool
    next_by_action: dict[str, str | None]
    next_hit: str | None
    next_miss: str | None
    by_hit: bool


@dataclass(frozen=True, slots=True)
class ConditionNode:
    """An if."""

    name: str
    cond: Expr
    next_true: str | None
    next_false: str | None


@dataclass(frozen=True, slots=True)
class ActionNode:
    """A direct call of an action."""

    name: str
    action: str
    next_node: str | None


Node = TableNode | ConditionNode | ActionNode


@dataclass(frozen=True, slots=True)
class Control:
    """One pipeline (ingress or egress)."""

    name: str
    init: str | None
    nodes: dict[str, Node]


# --- checksums and the whole -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeaderBits:
    """All of a header, as input of a checksum."""

    header: str


@dataclass(frozen=True, slots=True)
class ConstBits:
    """A constant of so many bits, as input of a checksum."""

    value: int
    width: int


@dataclass(frozen=True, slots=True)
class Checksum:
    """A csum16 over fields, headers and constants whose headers are valid, then perhaps the payload."""

    name: str
    target: FieldRef
    inputs: tuple[FieldRef | HeaderBits | ConstBits, ...]
    with_payload: bool
    cond: Expr | None
    verify: bool
    update: bool


@dataclass(frozen=True, slots=True)
class CounterDecl:
    """An indirect counter."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program for simple_switch."""

    headers: dict[str, Header]
    aliases: dict[str, FieldRef]
    errors: dict[str, int]
    parser: Parser
    actions: dict[str, Action]
    ingress: Control
    egress: Control
    deparser: tuple[str, ...]
    checksums: tuple[Checksum, ...]
    counters: tuple[CounterDecl, ...]

    def standard(self, field: str) -> FieldRef | None:
        """A field of the architecture, by its name in v1model, if the program has it."""
        for prefix in ("standard_metadata", "intrinsic_metadata", "queueing_metadata"):
            alias = self.aliases.get(f"{prefix}.{field}")
            if alias is not None:
                return alias
        ref = FieldRef("standard_metadata", field)
        header = self.headers.get(ref.header)
        return ref if header is not None and field in dict(header.fields) else None

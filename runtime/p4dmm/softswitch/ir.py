# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a program is made of, once its JSON has been read: typed, frozen, by name.

Metadata and packet headers are both headers; a packet header has a validity of its own and a place in the packet.
"""

from dataclasses import dataclass

from p4dmm.softswitch.ir_action import Action, AddHeader, Assign, AssignHeader, Nothing, RemoveHeader
from p4dmm.softswitch.ir_expr import Calculation, CalculationInput, Expr, FieldRef, FieldValue, Valid
from p4dmm.softswitch.match import KeyKind


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
    """A key: what the control plane calls it, and the value it is compared with, of which only the bits of the mask
    count."""

    name: str
    kind: KeyKind
    source: FieldValue | Valid
    width: int
    mask: int | None = None


@dataclass(frozen=True, slots=True)
class ConstRow:
    """An entry of the program; per key (value,), (value, prefix length), (value, mask) or (low, high)."""

    match: tuple[tuple[int, ...], ...]
    action: str
    params: tuple[int, ...]
    priority: int


@dataclass(frozen=True, slots=True)
class Profile:
    """An action profile, or with a selector's calculation an action selector; the actions as the control plane calls
    them, in the order of the first table that has the profile."""

    name: str
    size: int
    selector: Calculation | None
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableNode:
    """A table, and where control goes from it: by action, or by hit and miss. A default action of None, or a group
    without members, runs nothing; where the way depends on the action, it is next_without_action then."""

    name: str
    size: int
    keys: tuple[TableKey, ...]
    actions: tuple[str, ...]
    default_action: str | None
    default_params: tuple[int, ...]
    default_is_const: bool
    const_entries: tuple[ConstRow, ...] | None
    has_direct_counter: bool
    has_idle_timeout: bool
    profile: str | None
    next_without_action: str | None
    next_by_action: dict[str, str | None]
    next_hit: str | None
    next_miss: str | None
    by_hit: bool

    @property
    def all_actions(self) -> set[str]:
        """The actions it may run, on a hit or a miss."""
        return {*self.actions, *([] if self.default_action is None else [self.default_action])}


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
    profiles: dict[str, Profile]


# --- checksums and the whole -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checksum:
    """A csum16 over fields, headers and constants whose headers are valid, then perhaps the payload."""

    name: str
    target: FieldRef
    inputs: tuple[CalculationInput, ...]
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
class MeterDecl:
    """An indirect meter; the unit is "packets" or "bytes"."""

    name: str
    size: int
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A program for simple_switch. Never changed once read, so that switches can share it."""

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
    meters: tuple[MeterDecl, ...]

    @property
    def tables(self) -> list[TableNode]:
        """All tables, those of ingress first."""
        controls = (self.ingress, self.egress)
        return [node for control in controls for node in control.nodes.values() if isinstance(node, TableNode)]

    @property
    def profiles(self) -> dict[str, Profile]:
        """All action profiles; names are unique in a program."""
        return self.ingress.profiles | self.egress.profiles

    def standard(self, field: str) -> FieldRef | None:
        """A field of the architecture, by its name in v1model, if the program has it."""
        for prefix in ("standard_metadata", "intrinsic_metadata", "queueing_metadata"):
            alias = self.aliases.get(f"{prefix}.{field}")
            if alias is not None:
                return alias
        ref = FieldRef("standard_metadata", field)
        header = self.headers.get(ref.header)
        return ref if header is not None and field in dict(header.fields) else None

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a program reads and writes, so that the generated code does without everything else."""

from collections.abc import Iterable, Iterator

from p4dmm.softswitch import ir, ir_action, ir_expr
from p4dmm.softswitch.errors import UnsupportedProgramError

__all__ = ["Usage", "check_reads"]

UNKEPT = frozenset(
    {
        "ingress_global_timestamp",
        "egress_global_timestamp",
        "enq_timestamp",
        "enq_qdepth",
        "deq_timedelta",
        "deq_qdepth",
        "qid",
    }
)


def operands(expr: ir_expr.Expr) -> Iterator[ir_expr.FieldValue | ir_expr.Valid]:
    """The fields and validities an expression reads."""
    match expr:
        case ir_expr.FieldValue() | ir_expr.Valid():
            yield expr
        case ir_expr.Unary(_, arg):
            yield from operands(arg)
        case ir_expr.Binary(_, left, right):
            yield from operands(left)
            yield from operands(right)
        case ir_expr.Choice(cond, then, other):
            yield from operands(cond)
            yield from operands(then)
            yield from operands(other)
        case _:
            return


class Usage:
    """Reads and writes of a whole program."""

    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.read: set[ir_expr.FieldRef] = set()
        self.assigned: set[ir_expr.FieldRef] = set()
        # Headers whose fields may hold something although the header is invalid.
        self.retaining: set[str] = set()
        self._copies: list[tuple[str, str]] = []
        self._visit_parser()
        for control in (program.ingress, program.egress):
            self._visit_control(control)
        self._visit_implicit()
        self._visit_checksums()
        self.kin = self._kin()
        self.kept: dict[str, frozenset[str]] = {}
        self.written: dict[str, frozenset[str]] = {}
        for name, header in program.headers.items():
            family = self.kin[name]
            fields = [field for field, _ in header.fields]
            written = {f for f in fields if any(ir_expr.FieldRef(member, f) in self.assigned for member in family)}
            read = {f for f in fields if any(ir_expr.FieldRef(member, f) in self.read for member in family)}
            self.written[name] = frozenset(written if not header.is_metadata else written & read)
            self.kept[name] = frozenset(read if header.is_metadata else read | written)

    def _visit_parser(self) -> None:
        for state in self.program.parser.states.values():
            for op in state.ops:
                match op:
                    case ir.Verify(cond, error):
                        self._reads(cond, error)
                    case ir.Extract() | ir.Advance():
                        pass
                    case _:
                        self._visit_statement(op)
            self._reads(*(expr for expr, _ in state.key))

    def _visit_control(self, control: ir.Control) -> None:
        actions: set[str] = set()
        for node in control.nodes.values():
            match node:
                case ir.ConditionNode():
                    self._reads(node.cond)
                case ir.ActionNode():
                    actions.add(node.action)
                case ir.TableNode():
                    self._reads(*(key.source for key in node.keys))
                    actions.update(node.all_actions)
        for profile in control.profiles.values():
            if profile.selector is not None:
                self._reads_bits(profile.selector.inputs)
        for name in actions:
            for statement in self.program.actions[name].body:
                self._visit_statement(statement)

    def _visit_statement(self, statement: ir_action.Statement) -> None:
        match statement:
            case ir_action.Assign(target, value):
                self._assigns(target)
                self._reads(value)
            case ir_action.AssignHeader(target, source):
                self._copies.append((target, source))
                self.retaining.add(target)
            case ir_action.RemoveHeader(header):
                self.retaining.add(header)
            case ir_action.Count(_, index):
                self._reads(index)
            case ir_action.ExecuteMeter(_, index, target):
                self._assigns(target)
                self._reads(index)
            case ir_action.Hash(target, base, calculation, size):
                self._assigns(target)
                self._reads(base, size)
                self._reads_bits(calculation.inputs)
            case ir_action.JumpIfZero(cond, _):
                self._reads(cond)
            case _:
                pass

    def _visit_implicit(self) -> None:
        for name in ("egress_spec", "mcast_grp"):
            ref = self.program.standard(name)
            if ref is not None:
                self.read.add(ref)
        # The architecture itself sets these.
        for name in ("egress_rid", "instance_type", "egress_spec", "egress_port", "mcast_grp"):
            ref = self.program.standard(name)
            if ref is not None:
                self.assigned.add(ref)

    def _visit_checksums(self) -> None:
        for checksum in self.program.checksums:
            if checksum.update:
                self.assigned.add(checksum.target)
            if checksum.verify and not self.verifies():
                continue
            self.read.add(checksum.target)
            if checksum.cond is not None:
                self._reads(checksum.cond)
            self._reads_bits(checksum.inputs)

    def verifies(self) -> bool:
        """Whether anybody looks at the outcome of verified checksums."""
        ref = self.program.standard("checksum_error")
        return ref is not None and ref in self.read

    def _reads(self, *exprs: ir_expr.Expr) -> None:
        for expr in exprs:
            for operand in operands(expr):
                if isinstance(operand, ir_expr.FieldValue):
                    self.read.add(operand.ref)

    def _reads_bits(self, inputs: Iterable[ir_expr.CalculationInput]) -> None:
        for part in inputs:
            match part:
                case ir_expr.HeaderBits(header):
                    self.read |= {ir_expr.FieldRef(header, field) for field, _ in self.program.headers[header].fields}
                case ir_expr.ConstBits():
                    pass
                case _:
                    self.read.add(part)

    def _assigns(self, target: ir_expr.FieldRef) -> None:
        self.assigned.add(target)
        self.retaining.add(target.header)

    def _kin(self) -> dict[str, frozenset[str]]:
        """Headers that are copied to one another share which of their fields are kept apart."""
        group = {name: {name} for name in self.program.headers}
        for target, source in self._copies:
            if group[target] is not group[source]:
                merged = group[target] | group[source]
                for member in merged:
                    group[member] = merged
        return {name: frozenset(members) for name, members in group.items()}


def check_reads(program: ir.Program) -> None:
    """Refuse a program that reads what this switch does not keep."""
    usage = Usage(program)
    unkept = {ref: name for name in UNKEPT if (ref := program.standard(name)) is not None}
    _refuse(ref for ref in usage.read if ref in unkept)


def _refuse(refs: Iterable[ir_expr.FieldRef]) -> None:
    for ref in sorted(refs):
        raise UnsupportedProgramError(f"reading '{ref}' (a time stamp or queue state) is not supported")

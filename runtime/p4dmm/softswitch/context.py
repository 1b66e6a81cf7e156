# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What all parts of the generator share: names of variables, and what is known about headers."""

import re

from p4dmm.softswitch import ir, ir_action, ir_expr
from p4dmm.softswitch.usage import Usage

__all__ = ["STATE_NAME", "Context"]

# A variable of the packet's state, as opposed to a temporary.
STATE_NAME = re.compile(r"\b(?:[vrcif]\d+_\w+|s_len)\b")
LENGTH = "s_len"


class Context:
    """Names: v1_x is the validity of header x, r1_x its bytes in the packet, c1_x whether they are current, i1_x its
    bits as one number, f1_2_x_y its field y; s_len is BMv2's running packet length."""

    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.usage = Usage(program)
        self._numbers = {name: number for number, name in enumerate(program.headers)}
        self._positions = {
            ir_expr.FieldRef(name, field): position
            for name, header in program.headers.items()
            for position, (field, _) in enumerate(header.fields)
        }
        self.widths = {
            ir_expr.FieldRef(name, field): width
            for name, header in program.headers.items()
            for field, width in header.fields
        }
        self._added = {
            statement.header
            for action in program.actions.values()
            for statement in action.body
            if isinstance(statement, ir_action.AddHeader)
        } | {
            op.header
            for state in program.parser.states.values()
            for op in state.ops
            if isinstance(op, ir_action.AddHeader)
        }
        length = program.standard("packet_length")
        self.tracks_length = length in self.usage.read

    def valid(self, header: str) -> str:
        """The variable of a header's validity."""
        return f"v{self._numbers[header]}_{_plain(header)}"

    def raw(self, header: str) -> str:
        """The variable of a header's bytes in the packet."""
        return f"r{self._numbers[header]}_{_plain(header)}"

    def clean(self, header: str) -> str:
        """The variable that says whether a header leaves as its bytes in the packet were."""
        return f"c{self._numbers[header]}_{_plain(header)}"

    def bits(self, header: str) -> str:
        """The variable of the header as a number."""
        return f"i{self._numbers[header]}_{_plain(header)}"

    def field(self, ref: ir_expr.FieldRef) -> str:
        """The variable of a field."""
        return f"f{self._numbers[ref.header]}_{self._positions[ref]}_{_plain(ref.header)}_{_plain(ref.field)}"

    def kept(self, header: str) -> list[ir_expr.FieldRef]:
        """The fields that have a variable, in packet order."""
        keep = self.usage.kept[header]
        return [ir_expr.FieldRef(header, field) for field, _ in self.program.headers[header].fields if field in keep]

    def written(self, header: str) -> list[ir_expr.FieldRef]:
        """The fields that may differ from the packet's bits, in packet order."""
        keep = self.usage.written[header]
        return [ir_expr.FieldRef(header, field) for field, _ in self.program.headers[header].fields if field in keep]

    def emitted(self, header: str) -> bool:
        """Whether the header, or one it is copied to or from, leaves in packets."""
        return any(member in self.program.deparser for member in self.usage.kin[header])

    def rewritten(self, header: str) -> bool:
        """Whether the header may leave other than it came in."""
        members = self.usage.kin[header]
        return bool(self.usage.written[header]) or bool(members & self._added)

    def needs_bits(self, header: str) -> bool:
        """Whether some bits of a rewritten header are only in its number."""
        return (
            self.emitted(header)
            and self.rewritten(header)
            and len(self.written(header)) < len(self.program.headers[header].fields)
        )

    def shift(self, ref: ir_expr.FieldRef) -> int:
        """How far a field is from the end of its header, in bits."""
        fields = self.program.headers[ref.header].fields
        return sum(width for _, width in fields[self._positions[ref] + 1 :])


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)

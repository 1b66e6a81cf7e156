# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Pipelines -> Python: the graph of tables and conditions as nested ifs."""

from functools import partial

from p4dmm.softswitch import ir, ir_action
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.errors import MalformedProgramError
from p4dmm.softswitch.flow import CycleError, joins
from p4dmm.softswitch.gen_action import Statements
from p4dmm.softswitch.gen_expr import Expressions
from p4dmm.softswitch.gen_table import TableWriter
from p4dmm.softswitch.read_control import successors
from p4dmm.softswitch.writer import Writer

__all__ = ["ControlWriter"]


class ControlWriter:
    """Writes one pipeline."""

    def __init__(self, context: Context, control: ir.Control, statements: Statements, tables: TableWriter) -> None:
        self._context = context
        self._control = control
        self._statements = statements
        self._tables = tables
        nodes = control.nodes
        try:
            self._joins = joins(control.init, lambda name: successors(nodes[name]))
        except CycleError as error:
            raise MalformedProgramError(f"pipeline '{control.name}' comes back to '{error.node}'") from None

    def write(self, out: Writer) -> None:
        """The pipeline; where an action may exit, inside a loop that runs once."""
        used: set[str] = set()
        for node in self._control.nodes.values():
            match node:
                case ir.TableNode():
                    used.update(node.all_actions)
                case ir.ActionNode():
                    used.add(node.action)
                case _:
                    pass
        actions = self._context.program.actions
        if any(isinstance(statement, ir_action.Exit) for name in used for statement in actions[name].body):
            loop = out.child()
            self._region(loop, self._control.init, None)
            if not loop.lines or loop.lines[-1] != (loop.depth, "break"):
                loop.line("break")
            out.block("while True:", loop)
        else:
            self._region(out, self._control.init, None)

    def _region(self, out: Writer, name: str | None, stop: str | None) -> None:
        while name is not None and name != stop:
            node = self._control.nodes[name]
            join = self._joins[name]
            match node:
                case ir.ConditionNode():
                    yes, no = out.child(), out.child()
                    self._region(yes, node.next_true, join)
                    self._region(no, node.next_false, join)
                    out.branch(Expressions(self._context).truth(node.cond), yes, no)
                case ir.ActionNode():
                    self._statements.action(out, self._context.program.actions[node.action], ())
                case ir.TableNode():
                    self._tables.write(out, node, partial(self._region, stop=join))
            name = join

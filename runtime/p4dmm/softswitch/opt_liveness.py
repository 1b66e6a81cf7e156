# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Backwards through generated Python: what is never read is not computed, and what is read on one way only is computed
on that way."""

import ast
from collections.abc import Sequence

from p4dmm.softswitch.opt_effects import Effects

__all__ = ["Liveness"]

Body = list[ast.stmt]


class Liveness:
    """One pass over one function; a set is an integer (see Effects)."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._breaks = 0
        # What is read before it is written, from the start of each branch on.
        self._branches: dict[ast.If, list[int]] = {}

    def block(self, body: Sequence[ast.stmt], after: int) -> tuple[Body, int]:
        """The statements that matter if `after` is read behind them, and what they need."""
        out: Body = []  # the last one first
        live = after
        for statement in reversed(body):
            live = self._statement(out, statement, live)
        return out[::-1], live

    def _statement(self, out: Body, statement: ast.stmt, live: int) -> int:
        effects = self._effects
        match statement:
            case ast.Assign(targets, value):
                return self._assign(out, statement, targets, value, live)
            case ast.AugAssign(ast.Name(name), _, value) if not live & effects.bit(name) and effects.pure(value):
                return live
            case ast.If(test, body, orelse):
                yes, live_yes = self.block(body, live)
                no, live_no = self.block(orelse, live)
                if not yes and not no and effects.pure(test):
                    return live
                if not yes:
                    test = ast.UnaryOp(ast.Not(), test)
                    yes, live_yes, no, live_no = no or [ast.Pass()], live_no, [], live_yes
                made = ast.If(test, yes, no)
                self._branches[made] = [live_yes, live_no]
                out.append(made)
                return live_yes | live_no | effects.reads(test)
            case ast.For(_, iterable, body, _):
                read, _, _ = effects.touched(statement)
                outer, self._breaks = self._breaks, live
                # Nothing that the next turn may read is done without.
                statement.body, needed = self.block(body, live | read)
                self._breaks = outer
                out.append(statement)
                return live | needed | effects.reads(iterable)
            case ast.While(_, body, _):
                outer, self._breaks = self._breaks, live
                statement.body, needed = self.block(body, 0)
                self._breaks = outer
                out.append(statement)
                return needed
            case ast.Break():
                out.append(statement)
                return self._breaks
            case ast.Return(value):
                out.append(statement)
                return effects.reads(value) if value is not None else 0
            case ast.Pass():
                return live
            case _:
                out.append(statement)
                return live | effects.touched(statement)[0]

    def _assign(self, out: Body, statement: ast.Assign, targets: list[ast.expr], value: ast.expr, live: int) -> int:
        effects = self._effects
        pure = effects.pure(value)
        wanted = [
            target
            for target in targets
            if not pure or not isinstance(target, ast.Name) or live & effects.bit(target.id)
        ]
        if not wanted:
            return live
        made = statement if len(wanted) == len(targets) else ast.Assign(wanted, value)
        read, written, _ = effects.touched(made)
        live = live & ~written | read
        if not (pure and len(wanted) == 1 and written and self._sunk(out, made)):
            out.append(made)
        return live

    def _sunk(self, following: Body, statement: ast.Assign) -> bool:
        """Move the statement, behind which the others stand in reverse order, into the only branch that reads what it
        computes; whether there is one."""
        effects = self._effects
        read, written, _ = effects.touched(statement)
        passed: list[ast.If] = []
        for other in reversed(following):
            if isinstance(other, ast.If) and not effects.reads(other.test) & written:
                branches = self._branches[other]
                wanted = [bool(branch & written) for branch in branches]
                if wanted[0] != wanted[1]:
                    for each in passed:
                        self._branches[each] = [branch & ~written | read for branch in self._branches[each]]
                    self._enter(other, wanted.index(True), statement)
                    return True
                passed.append(other)
            elif isinstance(other, ast.While):
                return False
            other_read, other_written, breaks = effects.touched(other)
            if breaks or other_read & written or other_written & (written | read):
                return False
        return False

    def _enter(self, branching: ast.If, which: int, statement: ast.Assign) -> None:
        read, written, _ = self._effects.touched(statement)
        branches = self._branches[branching]
        branches[which] = branches[which] & ~written | read
        body = branching.body if which == 0 else branching.orelse
        body.reverse()
        if not self._sunk(body, statement):
            body.append(statement)
        body.reverse()
        # Statements around this one remember what stands in them: they read what the new one reads.
        self._effects.forget()

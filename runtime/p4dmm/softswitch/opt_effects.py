# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a piece of generated Python reads and writes.

Sets of variables are integers with a bit for each. Only the functions' own variables count: what `make` binds (tables,
counters, functions) is never assigned to.
"""

import ast
from collections.abc import Sequence

__all__ = ["Effects"]

PURE_CALLS = frozenset({"from_bytes", "len", "min", "max", "get", "to_bytes"})
"""Besides the hashes. `get` is that of tables and meters."""


class Effects:
    """Reads and writes by statement and expression; remembered, as passes ask for them again and again."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._reads: dict[ast.AST, int] = {}
        self._names: dict[ast.expr, tuple[str, ...]] = {}
        self._pure: dict[ast.expr, bool] = {}
        self._blocks: dict[ast.stmt, tuple[int, int, bool]] = {}

    def bit(self, name: str) -> int:
        """The set of one variable."""
        found = self._bits.get(name)
        if found is None:
            found = self._bits[name] = 1 << len(self._bits)
        return found

    def names(self, bits: int) -> list[str]:
        """The variables of a set."""
        return [name for name, bit in self._bits.items() if bit & bits]

    def reads(self, node: ast.expr) -> int:
        """The variables an expression reads."""
        found = self._reads.get(node)
        if found is None:
            found = 0
            for name in self.names_read(node):
                found |= self.bit(name)
            self._reads[node] = found
        return found

    def names_read(self, node: ast.expr) -> tuple[str, ...]:
        """The same by name."""
        found = self._names.get(node)
        if found is None:
            found = tuple({part.id for part in ast.walk(node) if isinstance(part, ast.Name)})
            self._names[node] = found
        return found

    def pure(self, node: ast.expr) -> bool:
        """Whether nothing is lost when the expression is not computed, or computed later."""
        found = self._pure.get(node)
        if found is None:
            found = all(_pure_call(part) for part in ast.walk(node) if isinstance(part, ast.Call))
            self._pure[node] = found
        return found

    def touched(self, statement: ast.stmt) -> tuple[int, int, bool]:
        """All that a statement reads, all that it may write, and whether it breaks the loop around it."""
        found = self._blocks.get(statement)
        if found is None:
            found = self._touched(statement)
            self._blocks[statement] = found
        return found

    def forget(self) -> None:
        """Statements have changed."""
        self._blocks.clear()

    def _touched(self, statement: ast.stmt) -> tuple[int, int, bool]:
        match statement:
            case ast.Assign(targets, value):
                names = [target for target in targets if isinstance(target, ast.Name)]
                others = [target for target in targets if not isinstance(target, ast.Name)]
                read = self.reads(value)
                for other in others:
                    read |= self.reads(other)
                return read, self.written(names), False
            case ast.AugAssign(target, _, value):
                own = self.written([target]) if isinstance(target, ast.Name) else self.reads(target)
                return self.reads(value) | own, own if isinstance(target, ast.Name) else 0, False
            case ast.If(test, body, orelse):
                return self._joined(self.reads(test), 0, (*body, *orelse))
            case ast.For(target, iterable, body, _):
                return (*self._joined(self.reads(iterable), self._targets(target), body)[:2], False)
            case ast.While(_, body, _):
                return (*self._joined(0, 0, body)[:2], False)
            case ast.Expr(value):
                return self.reads(value), 0, False
            case ast.Return(value):
                return self.reads(value) if value is not None else 0, 0, False
            case ast.Break():
                return 0, 0, True
            case ast.Pass():
                return 0, 0, False
            case _:
                raise AssertionError(ast.dump(statement))

    def _joined(self, read: int, written: int, body: Sequence[ast.stmt]) -> tuple[int, int, bool]:
        breaks = False
        for statement in body:
            more_read, more_written, more_breaks = self.touched(statement)
            read, written, breaks = read | more_read, written | more_written, breaks or more_breaks
        return read, written, breaks

    def written(self, targets: Sequence[ast.Name]) -> int:
        """The set of some targets."""
        found = 0
        for target in targets:
            found |= self.bit(target.id)
        return found

    def _targets(self, target: ast.expr) -> int:
        return self.written([part for part in ast.walk(target) if isinstance(part, ast.Name)])


def _pure_call(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in PURE_CALLS or name.startswith("hash_")

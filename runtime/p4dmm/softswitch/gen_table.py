# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One table -> Python: lookup, counting, and the action that was found."""

from collections.abc import Callable, Mapping

from p4dmm.softswitch import ir
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.gen_action import Statements, used_params
from p4dmm.softswitch.gen_expr import Term
from p4dmm.softswitch.match import KeyKind
from p4dmm.softswitch.writer import Writer

__all__ = ["TableWriter"]

# Writes what follows the table on one of its ways.
Follow = Callable[[Writer, str | None], None]


class TableWriter:
    """Writes tables. T<n> are the cells of a table's index, D<n> is its default cell; e is the record found."""

    def __init__(self, context: Context, statements: Statements, numbers: Mapping[str, int]) -> None:
        self._context = context
        self._statements = statements
        self._numbers = numbers

    def write(self, out: Writer, table: ir.TableNode, follow: Follow) -> None:
        """The table, with what follows it on each way until the ways meet."""
        number = self._numbers[table.name]
        if not table.keys:
            self._miss(out, table, number, follow)
            return
        self._lookup(out, table, number)
        hit, miss = out.child(), out.child()
        if table.has_direct_counter:
            hit.line("c = e[1]")
            hit.line("c[0] += 1")
            hit.line("c[1] += n")
        if table.default_is_const or table.by_hit:
            self._dispatch(hit, table, follow, table.next_hit if table.by_hit else None)
            self._miss(miss, table, number, follow)
            out.branch("e is not None", hit, miss)
            return
        miss.line(f"e = D{number}[0]")
        out.branch("e is None", miss, hit)
        self._dispatch(out, table, follow, None)

    def _miss(self, out: Writer, table: ir.TableNode, number: int, follow: Follow) -> None:
        after = table.next_miss if table.by_hit else table.next_by_action.get(table.default_action)
        if not table.default_is_const:
            out.line(f"e = D{number}[0]")
            self._dispatch(out, table, follow, after)
            return
        action = self._context.program.actions[table.default_action]
        params = [Term(f"{value:#x}", width) for value, width in zip(table.default_params, action.params, strict=True)]
        if not self._body(out, action, params):
            follow(out, after)

    def _dispatch(self, out: Writer, table: ir.TableNode, follow: Follow, after: str | None) -> None:
        """The action of record e, then what follows: by action, or in one place where all ways are the same."""
        branches: list[tuple[int, Writer]] = []
        for number, name in enumerate(table.actions):
            branch = out.child()
            action = self._context.program.actions[name]
            for index in sorted(used_params(action)):
                branch.line(f"p{index} = e[{index + 2}]")
            ended = self._body(branch, action, [Term(f"p{i}", width) for i, width in enumerate(action.params)])
            if not ended and not table.by_hit:
                follow(branch, table.next_by_action[name])
            branches.append((number, branch))
        busy = [(number, branch) for number, branch in branches if branch.lines]
        if len(busy) == len(branches) == 1:
            out.lines += [(depth - 1, text) for depth, text in busy[0][1].lines]
        elif busy:
            if len(busy) > 1:
                out.line("a = e[0]")
            subject = "a" if len(busy) > 1 else "e[0]"
            for position, (number, branch) in enumerate(busy):
                if position == len(branches) - 1:
                    out.block("else:", branch)
                else:
                    out.block(f"{'el' if position else ''}if {subject} == {number}:", branch)
        if table.by_hit:
            follow(out, after)

    def _body(self, out: Writer, action: ir.Action, params: list[Term]) -> bool:
        """Writes an action; returns whether control never comes past it."""
        self._statements.action(out, action, params)
        return bool(out.lines) and out.lines[-1] == (out.depth, "break")

    def _lookup(self, out: Writer, table: ir.TableNode, number: int) -> None:
        kinds = {key.kind for key in table.keys}
        if kinds & {KeyKind.TERNARY, KeyKind.RANGE}:
            self._lookup_by_priority(out, table, number)
        elif KeyKind.LPM in kinds:
            self._lookup_longest(out, table, number)
        else:
            out.line(f"e = T{number}.get({_tuple([self._key(key) for key in table.keys])})")

    def _lookup_longest(self, out: Writer, table: ir.TableNode, number: int) -> None:
        parts = []
        for key in table.keys:
            text = self._key(key)
            if key.kind is KeyKind.LPM:
                # Computed once, used at every prefix length.
                out.line(f"k = {text}")
                parts.append("k >> s")
            else:
                parts.append(text)
        out.line("e = None")
        loop = out.child()
        loop.line(f"e = t.get({_tuple(parts)})")
        found = loop.child()
        found.line("break")
        loop.block("if e is not None:", found)
        out.block(f"for s, t in T{number}:", loop)

    def _lookup_by_priority(self, out: Writer, table: ir.TableNode, number: int) -> None:
        exact = [self._key(key) for key in table.keys if key.kind is KeyKind.EXACT]
        ranges = [self._key(key) for key in table.keys if key.kind is KeyKind.RANGE]
        packed = ""
        for key in table.keys:
            if key.kind in {KeyKind.TERNARY, KeyKind.LPM}:
                text = self._key(key)
                packed = f"({packed} << {key.width} | {text})" if packed else text
        tests = []
        if packed:
            out.line(f"k = {packed}")
            tests.append("k & m == v")
        row = ["m", "v"]
        for position, text in enumerate(ranges):
            out.line(f"x{position} = {text}")
            row += [f"l{position}", f"h{position}"]
            tests.append(f"l{position} <= x{position} <= h{position}")
        out.line("e = None")
        loop = out.child()
        found = loop.child()
        found.line("e = q")
        found.line("break")
        loop.block(f"if {' and '.join(tests)}:", found)
        rows = f"T{number}.get({_tuple(exact)}, ())" if exact else f"T{number}"
        out.block(f"for {', '.join(row)}, q in {rows}:", loop)

    def _key(self, key: ir.TableKey) -> str:
        if isinstance(key.source, ir.Valid):
            return self._context.valid(key.source.header)
        ref = key.source.ref
        text = self._context.field(ref)
        # BMv2 matches fields of invalid headers as zero, whatever they hold.
        if not self._context.program.headers[ref.header].is_metadata and ref.header in self._context.usage.retaining:
            return f"({text} if {self._context.valid(ref.header)} else 0)"
        return text


def _tuple(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

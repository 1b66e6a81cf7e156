# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One table -> Python: lookup, counting, and the action that was found."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from p4dmm.softswitch import ir, ir_action, ir_expr
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.gen_action import Statements, used_params
from p4dmm.softswitch.gen_bits import write_hash
from p4dmm.softswitch.gen_expr import Term
from p4dmm.softswitch.match import KeyKind
from p4dmm.softswitch.read_control import public_name
from p4dmm.softswitch.writer import Writer

__all__ = ["TableWriter"]

MOST_ALTERNATIVES = 64
"""Of a table that becomes code; a longer one is searched like any other."""

NOTHING = -1
"""The number of no action."""

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
        if table.has_idle_timeout:
            hit.line("t = e[-1]")
            timed = hit.child()
            timed.line("t[0] = now_ns")
            hit.block("if t is not None:", timed)
        if table.profile is not None:
            self._choose(hit, self._context.program.profiles[table.profile])
        if table.default_is_const or table.by_hit:
            self._dispatch(hit, table, follow, table.next_hit if table.by_hit else None)
            self._miss(miss, table, number, follow)
            out.branch("e is not None", hit, miss)
            return
        miss.line(f"e = D{number}[0]")
        out.branch("e is None", miss, hit)
        self._dispatch(out, table, follow, None)

    def _choose(self, out: Writer, profile: ir.Profile) -> None:
        """From the record of the row to that of the member."""
        if profile.selector is None:
            out.line("e = e[0][0]")
            return
        out.line("g = e[0]")
        out.line("w = len(g)")
        several, one, none = out.child(), out.child(), out.child()
        chosen, _ = write_hash(several, self._context, profile.selector)
        several.line(f"e = g[{chosen} % w][0]")
        out.block("if w > 1:", several)
        one.line("e = g[0][0]")
        out.block("elif w:", one)
        none.line(f"e = ({NOTHING},)")
        out.block("else:", none)

    def _miss(self, out: Writer, table: ir.TableNode, number: int, follow: Follow) -> None:
        if table.default_action is None:
            follow(out, table.next_miss if table.by_hit else table.next_without_action)
            return
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
        for number, name in self._numbered(table):
            branch = out.child()
            action = self._context.program.actions[name]
            for index in sorted(used_params(action)):
                branch.line(f"p{index} = e[{index + 2}]")
            ended = self._body(branch, action, [Term(f"p{i}", width) for i, width in enumerate(action.params)])
            if not ended and not table.by_hit:
                follow(branch, table.next_by_action[name])
            branches.append((number, branch))
        if table.profile is not None and self._context.program.profiles[table.profile].selector is not None:
            # BMv2 leaves open where control goes from a group without members: here as after an action that the table
            # says nothing about.
            branch = out.child()
            if not table.by_hit:
                follow(branch, table.next_without_action)
            branches.append((NOTHING, branch))
        self._write_branches(out, branches)
        if table.by_hit:
            follow(out, after)

    def _numbered(self, table: ir.TableNode) -> list[tuple[int, str]]:
        """The actions, with the numbers they have in records."""
        if table.profile is None:
            return list(enumerate(table.actions))
        order = self._context.program.profiles[table.profile].actions
        return sorted((order.index(public_name(name)), name) for name in table.actions)

    @staticmethod
    def _write_branches(out: Writer, branches: list[tuple[int, Writer]]) -> None:
        """The branch of the number in record e; every number there can be has one, so the last needs no condition."""
        busy = [(number, branch) for number, branch in branches if branch.lines]
        if len(busy) == len(branches) == 1:
            out.lines += [(depth - 1, text) for depth, text in busy[0][1].lines]
            return
        if len(busy) > 1:
            out.line("a = e[0]")
        subject = "a" if len(busy) > 1 else "e[0]"
        for position, (number, branch) in enumerate(busy):
            if position == len(branches) - 1:
                out.block("else:", branch)
            else:
                out.block(f"{'el' if position else ''}if {subject} == {number}:", branch)

    def _body(self, out: Writer, action: ir_action.Action, params: list[Term]) -> bool:
        """Writes an action; returns whether control never comes past it."""
        self._statements.action(out, action, params)
        return bool(out.lines) and out.lines[-1] == (out.depth, "break")

    def _lookup(self, out: Writer, table: ir.TableNode, number: int) -> None:
        kinds = {key.kind for key in table.keys}
        if self._is_code(table):
            self._lookup_constant(out, table)
        elif kinds & {KeyKind.TERNARY, KeyKind.RANGE}:
            self._lookup_by_priority(out, table, number)
        elif KeyKind.LPM in kinds:
            self._lookup_longest(out, table, number)
        else:
            out.line(f"e = T{number}.get({_tuple([self._key(key) for key in table.keys])})")

    @staticmethod
    def _is_code(table: ir.TableNode) -> bool:
        """Whether its rows are the program's own, few, and keep nothing of packets."""
        rows = table.const_entries
        keeps = table.has_direct_counter or table.has_idle_timeout or table.profile is not None
        return rows is not None and len(rows) <= MOST_ALTERNATIVES and not keeps

    def _lookup_constant(self, out: Writer, table: ir.TableNode) -> None:
        """One alternative per row that says something else than the row before."""
        assert table.const_entries is not None
        numbers = {name: number for number, name in enumerate(table.actions)}
        lengths = [position for position, key in enumerate(table.keys) if key.kind is KeyKind.LPM]
        rows = sorted(
            table.const_entries, key=lambda row: (-row.priority, *(-row.match[position][1] for position in lengths))
        )
        word = "if"
        for record, group in groupby(rows, key=lambda row: (numbers[row.action], None, *row.params)):
            found = out.child()
            found.line(f"e = {record!r}")
            out.block(f"{word} {' or '.join(self._fits(table, row.match) for row in group)}:", found)
            word = "elif"
        missed = out.child()
        missed.line("e = None")
        if rows:
            out.block("else:", missed)
        else:
            out.line("e = None")

    def _fits(self, table: ir.TableNode, match: Sequence[tuple[int, ...]]) -> str:
        """The condition of one row."""
        tests = [
            test
            for key, numbers in zip(table.keys, match, strict=True)
            if (test := _test(key, self._key(key), numbers))
        ]
        return f"({' and '.join(tests)})" if tests else "True"

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
        text = self._source(key)
        return text if key.mask is None else f"({text} & {key.mask:#x})"

    def _source(self, key: ir.TableKey) -> str:
        if isinstance(key.source, ir_expr.Valid):
            return self._context.valid(key.source.header)
        ref = key.source.ref
        text = self._context.field(ref)
        # BMv2 matches fields of invalid headers as zero, whatever they hold.
        if not self._context.program.headers[ref.header].is_metadata and ref.header in self._context.usage.retaining:
            return f"({text} if {self._context.valid(ref.header)} else 0)"
        return text


def _tuple(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _test(key: ir.TableKey, text: str, numbers: tuple[int, ...]) -> str:
    """What a part of a row asks for; nothing where it fits all."""
    full = (1 << key.width) - 1
    match key.kind:
        case KeyKind.EXACT:
            return f"{text} == {numbers[0]:#x}"
        case KeyKind.RANGE:
            low, high = numbers
            return "" if (low, high) == (0, full) else f"{low:#x} <= {text} <= {high:#x}"
        case KeyKind.LPM:
            value, length = numbers
            mask = full ^ full >> length
        case KeyKind.TERNARY:
            value, mask = numbers
    if not mask:
        return ""
    return f"{text} == {value:#x}" if mask == full else f"{text} & {mask:#x} == {value & mask:#x}"

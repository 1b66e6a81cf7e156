# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which table's rows point at which other's, as P4Info says by @refers_to, and the order of writes that follows.

Within a WriteRequest a switch may carry out updates in any order (P4Runtime specification section 12.1), so that what
depends on one another is written one request after the other.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from finsy.proto import p4i

from p4dmm.forwarding import GROUPS, Change, Write

_BUILTINS = {"multicast_group_table": GROUPS}
_ANNOTATION = re.compile(r"@refers_to\(\s*(builtin\s*:\s*:\s*)?([\w.]+)\s*,\s*\w+\s*\)")

References = Mapping[str, frozenset[str]]
"""Table -> the tables that its rows, or rows that those point at, point at."""


class ReferencesError(ValueError):
    """References that no order of writes can follow: names the tables."""


def read_references(p4info: p4i.P4Info) -> References:
    """What the annotations of match fields and of action parameters say. Raises ReferencesError when a table is not
    there or refers to itself by way of others."""
    actions = {action.preamble.id: action for action in p4info.actions}
    direct: dict[str, set[str]] = {}
    for table in p4info.tables:
        annotations = [text for field in table.match_fields for text in field.annotations]
        for reference in table.action_refs:
            annotations += [text for parameter in actions[reference.id].params for text in parameter.annotations]
        direct[table.preamble.alias] = {name for text in annotations for name in _referred(text)}
    known = direct.keys() | _BUILTINS.values()
    for name, referred in direct.items():
        if unknown := referred - known:
            raise ReferencesError(f"table {name} refers to {', '.join(sorted(unknown))}, not in the program")
    return _closure(direct)


def in_order(writes: Iterable[Write], references: References) -> list[list[Write]]:
    """The writes in parts that may follow one another but not change places: inserts after what they point at, then
    modifies, then deletes before what they point at. What does not depend on one another stays together and in its
    order."""
    of: dict[Change, list[Write]] = {change: [] for change in Change}
    for write in writes:
        of[write.change].append(write)
    return [
        *_by_level(of[Change.INSERT], references, lambda level: level),
        *([of[Change.MODIFY]] if of[Change.MODIFY] else []),
        *_by_level(of[Change.DELETE], references, lambda level: -level),
    ]


def _referred(annotation: str) -> Iterable[str]:
    for builtin, name in _ANNOTATION.findall(annotation):
        yield _BUILTINS.get(name, name) if builtin else name


def _closure(direct: Mapping[str, set[str]]) -> References:
    try:
        order = tuple(TopologicalSorter(direct).static_order())
    except CycleError as error:
        raise ReferencesError(f"tables refer to one another in a circle: {', '.join(error.args[1])}") from error
    reached: dict[str, frozenset[str]] = {}
    for name in order:
        referred = direct.get(name, set())
        reached[name] = frozenset(referred).union(*(reached[other] for other in referred))
    return reached


def _by_level(writes: Sequence[Write], references: References, sort_key: Callable[[int], int]) -> list[list[Write]]:
    """A table's level is the length of the longest chain of references from it within the tables written."""
    tables = {write.row.at.table for write in writes}
    levels: dict[str, int] = {}
    for name in sorted(tables, key=lambda table: len(references.get(table, ()))):
        # What a table reaches, reaches less than it.
        levels[name] = 1 + max((levels[other] for other in references.get(name, frozenset()) & tables), default=-1)
    parts: dict[int, list[Write]] = {}
    for write in writes:
        parts.setdefault(levels[write.row.at.table], []).append(write)
    return [parts[level] for level in sorted(parts, key=sort_key)]

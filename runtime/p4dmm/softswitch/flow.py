# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Structure of acyclic control flow: where the branches of a node meet again."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

__all__ = ["CycleError", "joins"]

N = TypeVar("N", bound=Hashable)


class CycleError(Exception):
    """Control flow comes back to a node; carries the node."""

    def __init__(self, node: object) -> None:
        super().__init__(node)
        self.node = node


def joins(start: N | None, successors: Callable[[N], Iterable[N | None]]) -> dict[N, N | None]:
    """For every node reachable from the start, the first node that all ways from it have in common.

    None is the end. This is the immediate post-dominator; code of the branches stops there and goes on after them.
    """
    order = _postorder(start, successors)
    join: dict[N, N | None] = {}
    depth: dict[N | None, int] = {None: 0}
    for node in order:
        common: N | None = None
        for number, successor in enumerate(successors(node)):
            common = successor if number == 0 else _meet(common, successor, join, depth)
        join[node] = common
        depth[node] = depth[common] + 1
    return join


def _meet(a: N | None, b: N | None, join: dict[N, N | None], depth: dict[N | None, int]) -> N | None:
    while a != b:
        if depth[a] >= depth[b]:
            assert a is not None
            a = join[a]
        else:
            assert b is not None
            b = join[b]
    return a


def _postorder(start: N | None, successors: Callable[[N], Iterable[N | None]]) -> list[N]:
    order: list[N] = []
    if start is None:
        return order
    done: set[N] = set()
    active: set[N] = {start}
    stack = [(start, iter(successors(start)))]
    while stack:
        node, ways = stack[-1]
        for successor in ways:
            if successor in active:
                raise CycleError(successor)
            if successor is not None and successor not in done:
                active.add(successor)
                stack.append((successor, iter(successors(successor))))
                break
        else:
            stack.pop()
            active.discard(node)
            done.add(node)
            order.append(node)
    return order

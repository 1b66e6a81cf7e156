# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""When to look at which entry of a table, so that a scan costs what is due and not what is there."""

import heapq
from itertools import count

from p4dmm.softswitch.tables import MatchValue

Key = tuple[tuple[MatchValue, ...], int]
SLACK = 1000  # outdated items that are kept for nothing


class Deadlines:
    """The entries with an idle timeout, each with the time in nanoseconds before which it cannot have expired."""

    def __init__(self) -> None:
        self._of: dict[Key, int] = {}
        # May hold outdated items: those that differ from the above.
        self._heap: list[tuple[int, int, Key]] = []
        self._sequence = count()

    def put(self, key: Key, deadline_ns: int) -> None:
        """Add an entry, or give it another deadline."""
        self._of[key] = deadline_ns
        heapq.heappush(self._heap, (deadline_ns, next(self._sequence), key))
        if len(self._heap) > 2 * len(self._of) + SLACK:
            self._heap = [(deadline, next(self._sequence), each) for each, deadline in self._of.items()]
            heapq.heapify(self._heap)

    def discard(self, key: Key) -> None:
        """Take an entry out, if it is there."""
        self._of.pop(key, None)

    def take(self, now_ns: int) -> list[Key]:
        """Take out the entries whose time has come, the earliest first."""
        found = []
        while self._heap and self._heap[0][0] <= now_ns:
            deadline, _, key = heapq.heappop(self._heap)
            if self._of.get(key) == deadline:
                del self._of[key]
                found.append(key)
        return found

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Multicast groups of the packet replication engine."""

from collections.abc import Iterator

from p4dmm.softswitch.errors import EntryExistsError, EntryNotFoundError, InvalidEntryError

__all__ = ["ReplicationEngine"]

MAX_ID = (1 << 16) - 1
MAX_PORT = (1 << 9) - 1

Replicas = tuple[tuple[int, int], ...]


class ReplicationEngine:
    """Group id -> replicas (egress port, instance). Ids have the width of mcast_grp and egress_rid: 16 bits."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        # Shared with the generated code, which looks groups up in it: mutated, never rebound.
        self.cells: dict[int, Replicas] = {}

    def insert(self, group_id: int, replicas: Replicas) -> None:
        """Add a group."""
        checked = self._checked(group_id, replicas)
        if group_id in self.cells:
            raise EntryExistsError(f"multicast group {group_id} exists")
        self.cells[group_id] = checked

    def modify(self, group_id: int, replicas: Replicas) -> None:
        """Replace the replicas of a group."""
        checked = self._checked(group_id, replicas)
        self._present(group_id)
        self.cells[group_id] = checked

    def delete(self, group_id: int) -> None:
        """Remove a group."""
        self._present(group_id)
        del self.cells[group_id]

    def get(self, group_id: int) -> Replicas | None:
        """The replicas of the group, or None."""
        return self.cells.get(group_id)

    def groups(self) -> Iterator[tuple[int, Replicas]]:
        """All groups, in the order they were inserted."""
        return iter(tuple(self.cells.items()))

    def _present(self, group_id: int) -> None:
        if group_id not in self.cells:
            raise EntryNotFoundError(f"there is no multicast group {group_id}")

    @staticmethod
    def _checked(group_id: int, replicas: Replicas) -> Replicas:
        if not 1 <= group_id <= MAX_ID:
            raise InvalidEntryError(f"multicast group id {group_id} is not in 1..{MAX_ID}")
        seen: set[tuple[int, int]] = set()
        for port, instance in replicas:
            if not 0 <= port <= MAX_PORT:
                raise InvalidEntryError(f"multicast group {group_id}: port {port} is not in 0..{MAX_PORT}")
            if not 0 <= instance <= MAX_ID:
                raise InvalidEntryError(f"multicast group {group_id}: instance {instance} is not in 0..{MAX_ID}")
            if (port, instance) in seen:
                raise InvalidEntryError(f"multicast group {group_id}: replica ({port}, {instance}) appears twice")
            seen.add((port, instance))
        return tuple(replicas)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Action profiles and action selectors: actions that entries of tables share, and groups to choose one from."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from p4dmm.softswitch.errors import (
    EntryExistsError,
    EntryNotFoundError,
    InUseError,
    InvalidEntryError,
    TableFullError,
)

__all__ = ["ActionProfile", "GroupRef", "Member", "MemberRef", "Target", "Weights"]

# A list with the record of one member: shared with the generated code, which sees a modified member through it.
Cell = list[tuple[Any, ...]]
Weights = tuple[tuple[int, int], ...]
"""(member id, weight) pairs."""


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member of the table's action profile."""

    member_id: int


@dataclass(frozen=True, slots=True)
class GroupRef:
    """A group of the table's action selector."""

    group_id: int


Target = MemberRef | GroupRef


@dataclass(frozen=True, slots=True)
class Member:
    """An action with its parameters."""

    action: str
    params: tuple[int, ...]


class ActionProfile:
    """Members and groups by id. What a call changes is seen by the next packet; a call that raises changed nothing.

    A group chooses by the hash modulo the sum of its weights, in the order in which BMv2 would: a member of weight n is
    n members to it, whose handles are the smallest that are free when they come to be.
    """

    def __init__(self, name: str, size: int, *, has_selector: bool, actions: Mapping[str, tuple[int, ...]]) -> None:
        """`size` limits the members; `actions` are names with the widths of their parameters. What limits the groups
        is in P4Info only: whoever has that checks it."""
        self.name = name
        self.size = size
        self.has_selector = has_selector
        self.actions = dict(actions)
        self._numbers = {action: number for number, action in enumerate(self.actions)}
        self._members: dict[int, Member] = {}
        self._cells: dict[int, Cell] = {}
        self._groups: dict[int, Weights] = {}
        self._choices: dict[int, list[Cell]] = {}
        self._entries: Counter[Target] = Counter()
        # Per member: how many groups hold it with which weight, and its handles.
        self._weights: dict[int, Counter[int]] = {}
        self._handles: dict[int, list[int]] = {}
        self._free_handles: list[int] = []
        self._next_handle = 0

    # --- members

    def insert_member(self, member_id: int, action: str, params: tuple[int, ...], weight: int = 1) -> None:
        """Add a member; the weight that it is about to have in a group is that of a one-shot set, whose members PI
        makes as often as they weigh before the next one."""
        self._check_action(action, params)
        if member_id in self._members:
            raise EntryExistsError(f"action profile '{self.name}' already has a member {member_id}")
        if len(self._members) >= self.size:
            raise TableFullError(f"action profile '{self.name}' is full: it holds {self.size} members")
        self._members[member_id] = Member(action, params)
        self._cells[member_id] = [self._record(action, params)]
        self._weights[member_id] = Counter()
        self._handles[member_id] = [self._new_handle() for _ in range(weight)]

    def modify_member(self, member_id: int, action: str, params: tuple[int, ...]) -> None:
        """Give a member another action or other parameters."""
        self._check_action(action, params)
        self._need_member(member_id)
        self._members[member_id] = Member(action, params)
        self._cells[member_id][0] = self._record(action, params)

    def delete_member(self, member_id: int) -> None:
        """Remove a member that no entry and no group uses."""
        self._need_member(member_id)
        if self._weights[member_id] or self._entries[MemberRef(member_id)]:
            user = "a group" if self._weights[member_id] else "an entry"
            raise InUseError(f"action profile '{self.name}': member {member_id} is used by {user}")
        del self._members[member_id], self._cells[member_id], self._weights[member_id]
        for handle in self._handles.pop(member_id):
            heapq.heappush(self._free_handles, handle)

    def member(self, member_id: int) -> Member | None:
        """The member, or None."""
        return self._members.get(member_id)

    def members(self) -> Iterator[tuple[int, Member]]:
        """All members with their ids, in the order they were inserted."""
        return iter(tuple(self._members.items()))

    # --- groups

    def insert_group(self, group_id: int, members: Weights) -> None:
        """Add a group."""
        if not self.has_selector:
            raise InvalidEntryError(f"action profile '{self.name}' has no selector, so it has no groups")
        if group_id in self._groups:
            raise EntryExistsError(f"action profile '{self.name}' already has a group {group_id}")
        self._check_members(group_id, members)
        self._choices[group_id] = []
        self._set_group(group_id, members)

    def modify_group(self, group_id: int, members: Weights) -> None:
        """Replace the members of a group."""
        self._need_group(group_id)
        self._check_members(group_id, members)
        self._set_group(group_id, members)

    def delete_group(self, group_id: int) -> None:
        """Remove a group that no entry uses."""
        self._need_group(group_id)
        if self._entries[GroupRef(group_id)]:
            raise InUseError(f"action profile '{self.name}': group {group_id} is used by an entry")
        self._set_group(group_id, None)

    def group(self, group_id: int) -> Weights | None:
        """The members of the group, or None."""
        return self._groups.get(group_id)

    def groups(self) -> Iterator[tuple[int, Weights]]:
        """The ids of all groups with their members, in the order they were inserted."""
        return iter(tuple(self._groups.items()))

    # --- what tables ask

    def resolve(self, target: Target) -> list[Any]:
        """What the generated code finds in an entry: the list of the choices, or without a selector the member's cell.
        Raises EntryNotFoundError."""
        if isinstance(target, GroupRef):
            self._need_group(target.group_id)
            return self._choices[target.group_id]
        self._need_member(target.member_id)
        cell = self._cells[target.member_id]
        return [cell] if self.has_selector else cell

    def acquire(self, target: Target) -> None:
        """An entry uses the target from now on."""
        self._entries[target] += 1

    def release(self, target: Target) -> None:
        """An entry uses the target no longer."""
        self._entries[target] -= 1

    # --- the rest

    def _record(self, action: str, params: tuple[int, ...]) -> tuple[Any, ...]:
        return (self._numbers[action], None, *params)

    def _need_member(self, member_id: int) -> None:
        if member_id not in self._members:
            raise EntryNotFoundError(f"action profile '{self.name}' has no member {member_id}")

    def _need_group(self, group_id: int) -> None:
        if group_id not in self._groups:
            raise EntryNotFoundError(f"action profile '{self.name}' has no group {group_id}")

    def _check_action(self, action: str, params: tuple[int, ...]) -> None:
        check_action(f"action profile '{self.name}'", self.actions, action, params)

    def _check_members(self, group_id: int, members: Weights) -> None:
        where = f"action profile '{self.name}', group {group_id}"
        seen: set[int] = set()
        for member_id, weight in members:
            self._need_member(member_id)
            if weight < 1:
                raise InvalidEntryError(f"{where}, member {member_id}: weight {weight} must be > 0")
            if member_id in seen:
                raise InvalidEntryError(f"{where}: member {member_id} appears twice, where it should have a weight")
            seen.add(member_id)

    def _set_group(self, group_id: int, members: Weights | None) -> None:
        leaving = self._groups.get(group_id, ())
        coming = members or ()
        choices: list[tuple[int, Cell]] = []
        for member_id, weight in sorted(coming):
            self._weights[member_id][weight] += 1
            handles = self._handles[member_id]
            handles += [self._new_handle() for _ in range(weight - len(handles))]
            choices += [(handle, self._cells[member_id]) for handle in handles[:weight]]
        for member_id, weight in leaving:
            self._weights[member_id][weight] -= 1
            self._weights[member_id] = +self._weights[member_id]
        for member_id in sorted(dict(leaving) | dict(coming)):
            keep = max(self._weights[member_id], default=1)
            for handle in self._handles[member_id][keep:]:
                heapq.heappush(self._free_handles, handle)
            del self._handles[member_id][keep:]
        if members is None:
            del self._groups[group_id], self._choices[group_id]
        else:
            self._groups[group_id] = members
            self._choices[group_id][:] = [cell for _, cell in sorted(choices, key=_handle)]

    def _new_handle(self) -> int:
        if self._free_handles:
            return heapq.heappop(self._free_handles)
        self._next_handle += 1
        return self._next_handle - 1


def _handle(choice: tuple[int, Cell]) -> int:
    return choice[0]


def check_action(where: str, actions: Mapping[str, tuple[int, ...]], action: str, params: tuple[int, ...]) -> None:
    """Raise InvalidEntryError unless the action is one of these and the parameters fit it."""
    widths = actions.get(action)
    if widths is None:
        known = ", ".join(f"'{name}'" for name in actions)
        raise InvalidEntryError(f"{where} has no action '{action}' (it has: {known})")
    if len(params) != len(widths):
        raise InvalidEntryError(f"{where}, action '{action}': {len(params)} parameters instead of {len(widths)}")
    for number, (value, width) in enumerate(zip(params, widths, strict=True), 1):
        if not 0 <= value < 1 << width:
            raise InvalidEntryError(f"{where}, action '{action}': parameter {number} = {value:#x} exceeds {width} bits")

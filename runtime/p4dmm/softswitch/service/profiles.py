# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Action profiles as P4Runtime sees them: the rules of P4Info, and one-shot action sets.

A one-shot set is a group and members of its own, under ids that no client sees (spec: "One Shot Action Selector
Programming"). A profile is programmed in one style at a time, so these ids never meet those that clients choose.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from finsy.proto import p4i, p4r

from p4dmm.softswitch.profiles import ActionProfile, Weights
from p4dmm.softswitch.service.action_codec import ActionCodec, decode_entry_action
from p4dmm.softswitch.service.errors import exhausted, invalid, unimplemented

ActionSet = p4r.ActionProfileActionSet
# Every unit of weight takes a place of its own in the selector, so that a single message could ask for gigabytes.
MAX_WEIGHTS = 1 << 16
ONE_SHOT = 'spec: "One Shot Action Selector Programming"'
GROUPS = 'spec: "Group Programming"'


class Choice(NamedTuple):
    """One action of a set."""

    action: str
    params: tuple[int, ...]
    weight: int


class Settings(NamedTuple):
    """What a set asks of the selector, as the client spelled it; whatever is accepted means the selector's default."""

    mode: ActionSet.ActionSelectionMode.ValueType
    semantics: ActionSet.SizeSemantics.ValueType


class OneShot(NamedTuple):
    """An action set, in the order in which the client gave it."""

    choices: tuple[Choice, ...]
    settings: Settings


class BoundProfile:
    """An action profile of the pipeline with its rules in P4Info, and the one-shot sets in it."""

    def __init__(self, info: p4i.ActionProfile, profile: ActionProfile, actions: Mapping[int, ActionCodec]) -> None:
        self.id = info.preamble.id
        self.name = info.preamble.name
        self.label = f"action profile {self.name} ({self.id})"
        self.profile = profile
        self.actions = actions
        self.actions_by_name = {action.name: action for action in actions.values()}
        self.with_selector = info.with_selector
        self.size = info.size
        self.max_group_size = info.max_group_size
        self.counts_members = info.WhichOneof("selector_size_semantics") == "sum_of_members"
        self.max_member_weight = info.sum_of_members.max_member_weight
        self.weights_disallowed = info.weights_disallowed
        self.max_sizes: dict[int, int] = {}  # of the groups that clients made
        self.settings: dict[int, Settings] = {}  # of the one-shot sets, by the ids of their groups
        self._held = 0  # by all groups, in the unit of size
        self._held_weights = 0  # by all groups
        self._held_choices = 0  # by all one-shot sets
        self._next_id = 1

    # --- sizes and weights -------------------------------------------------------------------------------------------

    def decode_weight(self, given: int, what: str) -> int:
        """The weight the selector works with."""
        if self.weights_disallowed:
            if given:
                raise invalid(f"{what}: weight {given}, allowed is 0, since the selector has no weights ({GROUPS})")
            return 1
        if given < 1:
            raise invalid(f"{what}: weight {given}, allowed is 1 or more ({GROUPS})")
        if 0 < self.max_member_weight < given:
            raise invalid(f"{what}: weight {given}, allowed is 1 to {self.max_member_weight} (max_member_weight)")
        return given

    def encode_weight(self, weight: int) -> int:
        """The weight as the client gave it."""
        return 0 if self.weights_disallowed else weight

    def group_size(self, weights: Sequence[int]) -> int:
        """What size and max_group_size limit (spec: "ActionProfile", selector_size_semantics)."""
        return len(weights) if self.counts_members else sum(weights)

    @property
    def unit(self) -> str:
        return "members" if self.counts_members else "sum of weights"

    # --- groups ------------------------------------------------------------------------------------------------------

    def insert_group(self, group_id: int, members: Weights) -> None:
        """Raises SoftswitchError, and RESOURCE_EXHAUSTED where all groups together become too large."""
        held = self._room(members)
        self.profile.insert_group(group_id, members)
        self._held, self._held_weights = held

    def modify_group(self, group_id: int, members: Weights) -> None:
        """As insert_group."""
        held = self._room(members, group_id)
        self.profile.modify_group(group_id, members)
        self._held, self._held_weights = held

    def delete_group(self, group_id: int) -> None:
        """Raises SoftswitchError."""
        held = self._room((), group_id)
        self.profile.delete_group(group_id)
        self._held, self._held_weights = held

    def _room(self, members: Weights, replaced: int | None = None) -> tuple[int, int]:
        """What all groups hold with this one beside the others, in the place of the one that it replaces: in the unit
        of size, and in weights. Raises RESOURCE_EXHAUSTED."""
        old = () if replaced is None else self.profile.group(replaced) or ()
        weights, freed = [weight for _, weight in members], [weight for _, weight in old]
        held = self._held + self.group_size(weights) - self.group_size(freed)
        if held > self.size:
            raise exhausted(f"{self.label}: {self.unit} in all groups {held}, allowed is {self.size} (size in P4Info)")
        held_weights = self._held_weights + sum(weights) - sum(freed)
        if held_weights > MAX_WEIGHTS:
            raise exhausted(f"{self.label}: sum of weights in all groups {held_weights}, supported is {MAX_WEIGHTS}")
        return held, held_weights

    def take_over(self, old: "BoundProfile") -> None:
        """Copy members, groups and sets of a profile of the same rules into this empty one. Raises SoftswitchError."""
        for member_id, member in old.profile.members():
            self.profile.insert_member(member_id, member.action, member.params)
        for group_id, members in old.profile.groups():
            self.insert_group(group_id, members)
        self.max_sizes, self.settings = dict(old.max_sizes), dict(old.settings)
        self._held_choices = sum(len(self._members(group_id)) for group_id in self.settings)
        used = [number for number, _ in (*old.profile.members(), *old.profile.groups())]
        self._next_id = max(used, default=0) + 1

    # --- one-shot sets -----------------------------------------------------------------------------------------------

    def require_members_and_groups(self) -> None:
        """Refuse members, groups and what names them beside one-shot sets (spec: ONE_SHOT)."""
        if self.settings:
            raise invalid(f"{self.label}: holds one-shot action sets, so it takes no members and groups ({ONE_SHOT})")

    def decode_one_shot(self, message: ActionSet, what: str) -> OneShot:
        """A set that this profile has room for, whatever else it holds. Raises P4RuntimeError."""
        if not self.with_selector:
            raise invalid(f"{what}: an action set, but {self.label} has no selector ({ONE_SHOT})")
        if self.max_sizes or (not self.settings and any(self.profile.members())):
            raise invalid(f"{self.label}: holds members or groups, so it takes no one-shot action sets ({ONE_SHOT})")
        settings = self._decode_settings(message, what)
        choices = []
        for index, given in enumerate(message.action_profile_actions):
            where = f"{what}, action {index} of the set"
            check_watch(given, where)
            action, params = decode_entry_action(given.action, self.actions, where)
            choices.append(Choice(action.name, params, self.decode_weight(given.weight, where)))
        size = self.group_size([choice.weight for choice in choices])
        if 0 < self.max_group_size < size:
            raise invalid(f"{what}: {self.unit} {size}, allowed is {self.max_group_size} (max_group_size) ({ONE_SHOT})")
        return OneShot(tuple(choices), settings)

    def _decode_settings(self, message: ActionSet, what: str) -> Settings:
        mode, semantics = message.action_selection_mode, message.size_semantics
        if mode not in (ActionSet.DEFAULT_MODE_DETERMINED_BY_ACTION_SELECTOR, ActionSet.HASH):
            shown = _name(ActionSet.ActionSelectionMode, mode)
            raise unimplemented(f"{what}: action selection mode {shown} is not supported (supported: default, HASH)")
        own = ActionSet.SUM_OF_MEMBERS if self.counts_members else ActionSet.SUM_OF_WEIGHTS
        if semantics not in (ActionSet.DEFAULT_SIZE_DETERMINED_BY_ACTION_SELECTOR, own):
            shown, supported = _name(ActionSet.SizeSemantics, semantics), _name(ActionSet.SizeSemantics, own)
            raise unimplemented(
                f"{what}: size semantics {shown} is not supported (supported: default, {supported}, the selector's own)"
            )
        return Settings(mode, semantics)

    def insert_one_shot(self, one_shot: OneShot) -> int:
        """Make members and group of a set; returns the id of the group. Raises RESOURCE_EXHAUSTED."""
        choices = one_shot.choices
        self._check_choices(len(choices))
        members = tuple((self._new_id(), choice.weight) for choice in choices)
        self._room(members)
        for (member_id, weight), choice in zip(members, choices, strict=True):
            self.profile.insert_member(member_id, choice.action, choice.params, weight)
        group_id = self._new_id()
        self.insert_group(group_id, members)
        self._held_choices += len(choices)
        self.settings[group_id] = one_shot.settings
        return group_id

    def modify_one_shot(self, group_id: int, one_shot: OneShot) -> None:
        """Replace a set in its place, so that it needs room only for what it has more. Raises RESOURCE_EXHAUSTED."""
        choices = one_shot.choices
        old = [member_id for member_id, _ in self._members(group_id)]
        self._check_choices(len(choices) - len(old))
        kept, surplus, added = old[: len(choices)], old[len(choices) :], choices[len(old) :]
        ids = [*kept, *(self._new_id() for _ in added)]
        members = tuple((member_id, choice.weight) for member_id, choice in zip(ids, choices, strict=True))
        self._room(members, group_id)
        for member_id, choice in zip(kept, choices, strict=False):
            self.profile.modify_member(member_id, choice.action, choice.params)
        for member_id, choice in zip(ids[len(kept) :], added, strict=True):
            self.profile.insert_member(member_id, choice.action, choice.params)
        self.modify_group(group_id, members)
        for member_id in surplus:
            self.profile.delete_member(member_id)
        self._held_choices += len(choices) - len(old)
        self.settings[group_id] = one_shot.settings

    def delete_one_shot(self, group_id: int) -> None:
        """Remove a set that no entry uses any more."""
        members = self._members(group_id)
        self.delete_group(group_id)
        for member_id, _ in members:
            self.profile.delete_member(member_id)
        self._held_choices -= len(members)
        del self.settings[group_id]

    def one_shot(self, group_id: int) -> OneShot | None:
        """The set behind a group; None where the client made the group itself."""
        settings = self.settings.get(group_id)
        if settings is None:
            return None
        choices = []
        for member_id, weight in self._members(group_id):
            member = self.profile.member(member_id)
            assert member is not None
            choices.append(Choice(member.action, member.params, weight))
        return OneShot(tuple(choices), settings)

    def encode_one_shot(self, one_shot: OneShot, into: ActionSet) -> None:
        into.SetInParent()
        into.action_selection_mode, into.size_semantics = one_shot.settings
        for choice in one_shot.choices:
            item = into.action_profile_actions.add(weight=self.encode_weight(choice.weight))
            self.actions_by_name[choice.action].encode(choice.params, item.action)

    def _members(self, group_id: int) -> Weights:
        members = self.profile.group(group_id)
        assert members is not None
        return members

    def _check_choices(self, more: int) -> None:
        if (held := self._held_choices + more) > self.size:
            raise exhausted(f"{self.label}: {held} actions in all sets, allowed are {self.size} (size in P4Info)")

    def _new_id(self) -> int:
        number = self._next_id
        self._next_id += 1
        return number


def check_watch(given: p4r.ActionProfileAction | p4r.ActionProfileGroup.Member, what: str) -> None:
    """Ports have no state here that a selector could watch."""
    if given.watch_port or given.watch:
        raise unimplemented(f"{what}: watch ports are not supported")


def _name(kind: Any, number: int) -> str:
    """An enumerator's name; open enums carry any number."""
    return str(kind.Name(number)) if number in kind.values() else str(number)

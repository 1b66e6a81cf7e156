# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Writes to action profiles, and of the entries of tables that use one (spec: "ActionProfileMember &
ActionProfileGroup")."""

from finsy.proto import p4r

from p4dmm.softswitch.errors import SoftswitchError
from p4dmm.softswitch.profiles import Weights
from p4dmm.softswitch.service.action_codec import decode_entry_action
from p4dmm.softswitch.service.config import BoundTable, ForwardingConfig
from p4dmm.softswitch.service.deadlines import Key
from p4dmm.softswitch.service.errors import exhausted, invalid, not_found
from p4dmm.softswitch.service.profiles import GROUPS, BoundProfile, OneShot, check_watch
from p4dmm.softswitch.tables import GroupRef, IndirectEntry, MemberRef

INSERT, MODIFY, DELETE = p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE
MAX_GROUPS = 1 << 16  # a profile; groups may be empty, so that its size does not limit them


class ProfileWriter:
    """Applies updates of members and groups to one configuration."""

    def __init__(self, config: ForwardingConfig) -> None:
        self._config = config

    def member(self, kind: int, entity: p4r.Entity) -> None:
        """INSERT, MODIFY or DELETE of a member (spec: "Member Programming")."""
        message = entity.action_profile_member
        bound = self._config.profile(message.action_profile_id)
        what = f"{bound.label}, member {message.member_id}"
        if not message.member_id:
            raise invalid(f'{what}: allowed is 1 or more (spec: "Member Programming")')
        bound.require_members_and_groups()
        if kind == DELETE:
            bound.profile.delete_member(message.member_id)
            return
        if not message.HasField("action"):
            raise invalid(f'{what}: the action is unset (spec: "Member Programming")')
        action, params = decode_entry_action(message.action, bound.actions, what)
        if kind == INSERT:
            bound.profile.insert_member(message.member_id, action.name, params)
        else:
            bound.profile.modify_member(message.member_id, action.name, params)

    def group(self, kind: int, entity: p4r.Entity) -> None:
        """INSERT, MODIFY or DELETE of a group (spec: "Group Programming")."""
        message = entity.action_profile_group
        bound = self._config.profile(message.action_profile_id)
        what = f"{bound.label}, group {message.group_id}"
        if not bound.with_selector:
            raise invalid(f"{what}: the action profile has no selector, so it has no groups ({GROUPS})")
        if not message.group_id:
            raise invalid(f"{what}: allowed is 1 or more ({GROUPS})")
        bound.require_members_and_groups()
        if kind == DELETE:
            bound.delete_group(message.group_id)
            del bound.max_sizes[message.group_id]
            return
        members = _members(message, bound, what)
        size = bound.group_size([weight for _, weight in members])
        if kind == INSERT:
            _check_max_size(message.max_size, bound, what)
            _check_size(size, message.max_size, bound, what)
            if len(bound.max_sizes) >= MAX_GROUPS:
                raise exhausted(f"{bound.label}: it holds {MAX_GROUPS} groups, no more are supported")
            bound.insert_group(message.group_id, members)
            bound.max_sizes[message.group_id] = message.max_size
            return
        max_size = bound.max_sizes.get(message.group_id)
        if max_size is None:
            raise not_found(f"{bound.label} has no group {message.group_id}")
        if message.max_size != max_size:
            raise invalid(f"{what}: max_size {message.max_size}, allowed is {max_size}, as inserted ({GROUPS})")
        _check_size(size, max_size, bound, what)
        bound.modify_group(message.group_id, members)


def _members(message: p4r.ActionProfileGroup, bound: BoundProfile, what: str) -> Weights:
    members: dict[int, int] = {}
    for given in message.members:
        where = f"{what}, member {given.member_id}"
        if given.member_id in members:
            raise invalid(f"{where}: is given twice; use its weight instead ({GROUPS})")
        if bound.profile.member(given.member_id) is None:
            raise not_found(f"{where}: there is no such member ({GROUPS})")
        check_watch(given, where)
        members[given.member_id] = bound.decode_weight(given.weight, where)
    return tuple(members.items())


def _check_max_size(max_size: int, bound: BoundProfile, what: str) -> None:
    """Spec: "Rules on Setting max_size". Where max_group_size is given, that text asks for 1 or more, p4runtime.proto
    lets the client leave the field unset and means max_group_size then; so does this."""
    limit = bound.max_group_size or bound.size
    if max_size < 0 or 0 < bound.max_group_size < max_size:
        raise invalid(f'{what}: max_size {max_size}, allowed is 0 to {limit} (spec: "Rules on Setting max_size")')
    if max_size > limit:
        raise exhausted(f'{what}: max_size {max_size}, supported is 0 to {limit} (spec: "Rules on Setting max_size")')


def _check_size(size: int, max_size: int, bound: BoundProfile, what: str) -> None:
    limit = max_size or bound.max_group_size
    if 0 < limit < size:
        raise exhausted(f'{what}: {bound.unit} {size}, allowed is {limit} (spec: "Rules on Setting max_size")')


# --- entries of tables with an action profile ------------------------------------------------------------------------


def insert_indirect(bound: BoundTable, profile: BoundProfile, key: Key, action: p4r.TableAction) -> None:
    """Insert an entry that names a member or a group, or brings its own action set. Raises SoftswitchError."""
    target = _decode_target(bound, profile, action)
    if not isinstance(target, OneShot):
        bound.table.insert(IndirectEntry(key[0], target, key[1]))
        return
    group_id = profile.insert_one_shot(target)
    try:
        bound.table.insert(IndirectEntry(key[0], GroupRef(group_id), key[1]))
    except SoftswitchError:
        profile.delete_one_shot(group_id)
        raise


def modify_indirect(bound: BoundTable, profile: BoundProfile, key: Key, action: p4r.TableAction) -> None:
    """Give an entry another member, group or action set. Raises SoftswitchError."""
    target = _decode_target(bound, profile, action)
    if not isinstance(target, OneShot):
        bound.table.modify(IndirectEntry(key[0], target, key[1]))
        return
    entry = bound.table.get(*key)
    if entry is None:
        raise not_found(f"{bound.codec.label}: there is no entry with this match and priority {key[1]}")
    # Beside one-shot sets there is nothing else that an entry could name.
    assert isinstance(entry, IndirectEntry)
    assert isinstance(entry.target, GroupRef)
    profile.modify_one_shot(entry.target.group_id, target)


def delete_indirect(bound: BoundTable, profile: BoundProfile, key: Key) -> None:
    """Delete an entry, and its action set with it. Raises SoftswitchError."""
    entry = bound.table.get(*key)
    bound.table.delete(*key)
    target = entry.target if isinstance(entry, IndirectEntry) else None
    if isinstance(target, GroupRef) and target.group_id in profile.settings:
        profile.delete_one_shot(target.group_id)


def _decode_target(bound: BoundTable, profile: BoundProfile, action: p4r.TableAction) -> MemberRef | GroupRef | OneShot:
    """What an entry names; the member or group exists, or the set has been checked (spec: "Action Specification")."""
    kind, what = action.WhichOneof("type"), bound.codec.label
    if kind == "action_profile_action_set":
        return profile.decode_one_shot(action.action_profile_action_set, what)
    if kind == "action_profile_member_id":
        profile.require_members_and_groups()
        member_id = action.action_profile_member_id
        if profile.profile.member(member_id) is None:
            raise not_found(f"{what}: {profile.label} has no member {member_id}")
        return MemberRef(member_id)
    if kind == "action_profile_group_id" and profile.with_selector:
        profile.require_members_and_groups()
        group_id = action.action_profile_group_id
        if profile.profile.group(group_id) is None:
            raise not_found(f"{what}: {profile.label} has no group {group_id}")
        return GroupRef(group_id)
    allowed = "a member id, a group id or an action set" if profile.with_selector else "a member id"
    got = f"'{kind}'" if kind else "no action"
    raise invalid(f'{what}: {got}, allowed is {allowed} of {profile.label} (spec: "Action Specification")')

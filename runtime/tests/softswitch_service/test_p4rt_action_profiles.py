# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "ActionProfileMember & ActionProfileGroup": members, groups, and the entries that name them."""

import pytest
from finsy.proto import p4i, p4r

from .flows import INDIRECTLY, SPREADING, SPREADING_TOO, frame, split
from .raw_client import (
    INDIRECT,
    MARK,
    NO_ACTION,
    P4INFO,
    PICKED,
    PICKER,
    SHARED,
    SPREAD_TOO,
    SPREADER,
    TO_2,
    TO_3,
    TO_4,
    action,
    by_dst,
    by_port,
    by_prefix,
    delete,
    insert,
    member,
    members_of,
    modify,
    to_group,
    to_member,
)


async def members(client, profile=0, number=0):
    return [each.action_profile_member for each in await client.read(member(profile, number))]


async def groups(client, profile=0, number=0):
    return [each.action_profile_group for each in await client.read(members_of(profile, number))]


async def test_members_are_written_and_read(primary):
    given = [member(SHARED, 1, TO_2), member(SHARED, 0xFFFFFFFF, action(MARK, 5, 3)), member(PICKER, 1, TO_4)]
    await primary.write(*map(insert, given))
    assert await members(primary) == given
    assert await members(primary, SHARED) == given[:2]
    assert await members(primary, SHARED, 0xFFFFFFFF) == [given[1]]
    await primary.write(modify(member(SHARED, 1, TO_3)), delete(member(SHARED, 0xFFFFFFFF)))
    assert await members(primary, SHARED) == [member(SHARED, 1, TO_3)]


async def test_a_modified_member_moves_the_packets_of_its_entries(primary, hosts):
    await primary.write(
        insert(member(SHARED, 5, TO_2)),
        insert(by_dst(INDIRECT, 8, to_member(5))),
        insert(by_dst(INDIRECT, 9, to_member(5))),
    )
    assert await primary.entries(table_id=INDIRECT) == [
        by_dst(INDIRECT, 8, to_member(5)),
        by_dst(INDIRECT, 9, to_member(5)),
    ]
    for port, act in ((2, None), (3, TO_3)):
        if act is not None:
            await primary.write(modify(member(SHARED, 5, act)))
        for dst in (8, 9):
            hosts[1].send(frame(INDIRECTLY, dst))
            assert await hosts[port].frame() == frame(INDIRECTLY, dst)


async def test_an_entry_gets_another_member(primary, hosts):
    await primary.write(insert(member(SHARED, 5, TO_2)), insert(member(SHARED, 6, TO_3)))
    await primary.write(insert(by_dst(INDIRECT, 9, to_member(5), metadata=b"m")))
    await primary.write(modify(by_dst(INDIRECT, 9, to_member(6), metadata=b"n")))
    assert await primary.entries(table_id=INDIRECT) == [by_dst(INDIRECT, 9, to_member(6), metadata=b"n")]
    hosts[1].send(frame(INDIRECTLY))
    assert await hosts[3].frame() == frame(INDIRECTLY)
    await primary.write(delete(member(SHARED, 5)), delete(by_dst(INDIRECT, 9)), delete(member(SHARED, 6)))


async def test_groups_are_written_and_read(primary):
    await primary.write(*(insert(member(SPREADER, each, TO_2)) for each in (1, 2, 3)))
    given = [members_of(SPREADER, 1, (2, 1), (1, 3), max_size=4), members_of(SPREADER, 3)]
    await primary.write(*map(insert, given))
    assert await groups(primary) == given
    assert await groups(primary, SPREADER, 1) == given[:1]
    changed = members_of(SPREADER, 1, (3, 2), max_size=4)
    await primary.write(modify(changed))
    assert await groups(primary, SPREADER) == [changed, given[1]]
    await primary.write(delete(members_of(SPREADER, 1)), delete(members_of(SPREADER, 3)))
    assert await groups(primary) == []


async def test_a_group_splits_flows_by_weight(primary, hosts):
    await primary.write(insert(member(SPREADER, 1, TO_2)), insert(member(SPREADER, 2, TO_3)))
    await primary.write(insert(members_of(SPREADER, 1, (1, 1), (2, 3))))
    entry = by_port(SPREAD_TOO, 1, to_group(1))
    await primary.write(insert(entry))
    assert await primary.entries(table_id=SPREAD_TOO) == [entry]
    found = await split(hosts, SPREADING_TOO)
    assert set(found) == {2, 3}
    assert found[3] > found[2]
    assert await split(hosts, SPREADING_TOO) == found  # flows stay where they are
    await primary.write(modify(members_of(SPREADER, 1, (1, 1))))
    assert await split(hosts, SPREADING_TOO) == {2: 60}
    await primary.write(modify(by_port(SPREAD_TOO, 1, to_member(2))))
    assert await split(hosts, SPREADING_TOO) == {3: 60}


async def test_what_is_in_use_stays(primary):
    await primary.write(insert(member(SPREADER, 1, TO_2)), insert(member(SPREADER, 2, TO_2)))
    await primary.write(insert(members_of(SPREADER, 1, (1, 1))))
    await primary.write(insert(by_port(SPREAD_TOO, 1, to_group(1))), insert(by_prefix(1, 48, to_member(2))))
    errors = await primary.write_errors(
        delete(member(SPREADER, 1)), delete(member(SPREADER, 2)), delete(members_of(SPREADER, 1))
    )
    assert [code for code, _ in errors] == ["FAILED_PRECONDITION"] * 3
    await primary.write(delete(by_port(SPREAD_TOO, 1)), delete(by_prefix(1, 48)), delete(members_of(SPREADER, 1)))
    await primary.write(delete(member(SPREADER, 1)), delete(member(SPREADER, 2)))


async def test_all_groups_together_are_limited_by_the_sum_of_weights(primary):
    await primary.write(insert(member(SPREADER, 1, TO_2)))
    await primary.write(*(insert(members_of(SPREADER, each, (1, 4))) for each in range(1, 5)))
    ((code, text),) = await primary.write_errors(insert(members_of(SPREADER, 5, (1, 1))))
    assert (code, "sum of weights in all groups 17, allowed is 16" in text) == ("RESOURCE_EXHAUSTED", True)
    await primary.write(modify(members_of(SPREADER, 4, (1, 3))), insert(members_of(SPREADER, 5, (1, 1))))
    await primary.write(delete(members_of(SPREADER, 1)), insert(members_of(SPREADER, 6, (1, 4))))


async def test_all_groups_together_are_limited_by_the_number_of_members(primary):
    await primary.write(*(insert(member(PICKER, each, TO_2)) for each in range(1, 9)))
    ((code, _),) = await primary.write_errors(insert(member(PICKER, 9, TO_2)))
    assert code == "RESOURCE_EXHAUSTED"
    await primary.write(insert(members_of(PICKER, 1, *((each, 3) for each in range(1, 8)), max_size=8)))
    await primary.write(insert(members_of(PICKER, 2, (1, 3))), insert(by_port(PICKED, 1, to_group(1))))
    ((code, _),) = await primary.write_errors(insert(members_of(PICKER, 3, (1, 3))))
    assert code == "RESOURCE_EXHAUSTED"


async def test_the_default_entry_does_nothing_and_stays_so(primary):
    query = {"table_id": INDIRECT, "is_default_action": True}
    default = p4r.TableEntry(**query, action=action(NO_ACTION))
    assert await primary.entries(**query) == [default]
    errors = await primary.write_errors(modify(default), modify(p4r.TableEntry(**query)))
    assert [code for code, _ in errors] == ["PERMISSION_DENIED"] * 2


async def test_a_selector_without_weights(primary, hosts):
    info = p4i.P4Info()
    info.CopyFrom(P4INFO)
    info.action_profiles[1].weights_disallowed = True
    await primary.configure(p4info=info)
    await primary.write(insert(member(SPREADER, 1, TO_2)))
    ((code, _),) = await primary.write_errors(insert(members_of(SPREADER, 1, (1, 1))))
    assert code == "INVALID_ARGUMENT"
    await primary.write(insert(members_of(SPREADER, 1, (1, 0))), insert(by_prefix(9, 48, to_group(1))))
    assert await groups(primary) == [members_of(SPREADER, 1, (1, 0))]
    hosts[1].send(frame(SPREADING))
    await hosts[2].frame()


@pytest.mark.parametrize(
    ("weight", "accepted"), [((1 << 16) - 4, True), ((1 << 16) - 3, False), ((1 << 31) - 1, False)]
)
async def test_weights_are_limited_even_where_p4info_does_not(primary, weight, accepted):
    info = p4i.P4Info()
    info.CopyFrom(P4INFO)
    info.action_profiles[2].sum_of_members.max_member_weight = 0
    await primary.configure(p4info=info)
    await primary.write(insert(member(PICKER, 1, TO_2)), insert(members_of(PICKER, 1, (1, 4))))
    update = insert(members_of(PICKER, 2, (1, weight)))
    if accepted:
        await primary.write(update)
    else:
        ((code, text),) = await primary.write_errors(update)
        assert (code, "supported is 65536" in text) == ("RESOURCE_EXHAUSTED", True)


async def test_the_number_of_groups_is_limited_though_they_may_be_empty(primary, monkeypatch):
    monkeypatch.setattr("p4dmm.softswitch.service.profile_writer.MAX_GROUPS", 2)
    await primary.write(insert(members_of(PICKER, 1)), insert(members_of(PICKER, 2)))
    ((code, _),) = await primary.write_errors(insert(members_of(PICKER, 3)))
    assert code == "RESOURCE_EXHAUSTED"
    await primary.write(delete(members_of(PICKER, 1)), insert(members_of(PICKER, 3)))

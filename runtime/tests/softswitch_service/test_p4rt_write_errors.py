# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Every refused update: its code and text are a golden file, and it changes nothing.

P4DMM_UPDATE_GOLDEN=1 rewrites the file; the wording is then reviewed as a diff.
"""

import os
from pathlib import Path

import pytest
from finsy.proto import p4r

from .raw_client import (
    ACL,
    AGEING,
    BIG,
    DROP,
    FIXED,
    FORWARD,
    INDIRECT,
    KEYLESS,
    L2,
    MARK,
    NO_ACTION,
    PACKET_METER,
    PICKED,
    PICKER,
    PORT_COUNTER,
    PUNT,
    ROUTES,
    SHARED,
    SPREAD,
    SPREADER,
    TO_2,
    acl,
    action,
    ageing,
    between,
    by_dst,
    by_port,
    by_prefix,
    delete,
    exact,
    group,
    insert,
    l2,
    member,
    members_of,
    meter,
    modify,
    one_shot,
    route,
    ternary,
    to_group,
    to_member,
    update,
)

GOLDEN = Path(__file__).parent / "golden"
ActionSet = p4r.ActionProfileActionSet


def table(number: int, *match, act=None, **more) -> p4r.TableEntry:
    return p4r.TableEntry(table_id=number, match=match, action=act, **more)


def default(number: int, act=None, match=(), **more) -> p4r.TableEntry:
    return table(number, *match, act=act, is_default_action=True, **more)


def bytes_match(field: int, value: bytes) -> p4r.FieldMatch:
    return p4r.FieldMatch(field_id=field, exact=p4r.FieldMatch.Exact(value=value))


def params(*pairs: tuple[int, bytes]) -> p4r.TableAction:
    given = [p4r.Action.Param(param_id=number, value=value) for number, value in pairs]
    return p4r.TableAction(action=p4r.Action(action_id=MARK, params=given))


def lpm(value: int, length: int) -> p4r.FieldMatch:
    return p4r.FieldMatch(field_id=1, lpm=p4r.FieldMatch.LPM(value=value.to_bytes(16, "big"), prefix_len=length))


def counter(index: int | None = 0, number: int = PORT_COUNTER, packets: int = 1) -> p4r.CounterEntry:
    entry = p4r.CounterEntry(counter_id=number, data=p4r.CounterData(packet_count=packets))
    if index is not None:
        entry.index.SetInParent()
        entry.index.index = index
    return entry


def direct(entry: p4r.TableEntry, packets: int = 1) -> p4r.DirectCounterEntry:
    return p4r.DirectCounterEntry(table_entry=entry, data=p4r.CounterData(packet_count=packets))


def replica(port: bytes = b"\x01", instance: int = 1, **more) -> p4r.Replica:
    return p4r.Replica(port=port, instance=instance, **more)


def watching(**watch) -> p4r.ActionProfileGroup:
    members = [p4r.ActionProfileGroup.Member(member_id=1, weight=1, **watch)]
    return p4r.ActionProfileGroup(action_profile_id=PICKER, group_id=2, members=members)


WATCHING_SET = p4r.TableAction(
    action_profile_action_set=ActionSet(
        action_profile_actions=[p4r.ActionProfileAction(action=TO_2.action, weight=1, watch_port=b"\x01")]
    )
)
BACKUP = [p4r.BackupReplica(port=b"\x02", instance=1)]
IDLE = p4r.TableEntry.IdleTimeout()

CASES = {
    "entity unset": insert(p4r.Entity()),
    "update type unset": update(p4r.Update.UNSPECIFIED, l2(1, 2, TO_2)),
    "counter update type unset": update(p4r.Update.UNSPECIFIED, counter()),
    "unknown table": insert(table(99999, exact(1, 1), act=TO_2)),
    "entry exists": insert(l2(1, 1, TO_2)),
    "modify a missing entry": modify(l2(1, 2, TO_2)),
    "modify a missing entry without action": modify(l2(1, 2)),
    "delete a missing entry": delete(l2(1, 2)),
    "exact field missing": insert(table(L2, exact(1, 1), act=TO_2)),
    "no match at all": insert(table(L2, act=TO_2)),
    "unknown match field": insert(table(L2, exact(1, 1), exact(9, 1), act=TO_2)),
    "match field twice": insert(table(L2, exact(1, 1), exact(1, 1), act=TO_2)),
    "wrong match type": insert(table(L2, exact(1, 1), ternary(2, 1, 1), act=TO_2)),
    "match type unset": insert(table(L2, exact(1, 1), p4r.FieldMatch(field_id=2), act=TO_2)),
    "empty value": insert(table(L2, exact(1, 1), bytes_match(2, b""), act=TO_2)),
    "value too wide": insert(table(L2, exact(1, 0x200), exact(2, 1), act=TO_2)),
    "value much too wide": insert(table(L2, exact(1, 1), bytes_match(2, b"\xff" * 100), act=TO_2)),
    "priority without ternary": insert(l2(1, 2, TO_2, priority=3)),
    "priority missing": insert(acl(0, ternary(1, 1, 1), act=action(PUNT, 1))),
    "priority negative": insert(acl(-1, ternary(1, 1, 1), act=action(PUNT, 1))),
    "ternary mask 0": insert(acl(1, ternary(1, 0, 0), act=action(PUNT, 1))),
    "ternary bits outside the mask": insert(acl(1, ternary(1, 3, 1), act=action(PUNT, 1))),
    "ternary mask too wide": insert(acl(1, ternary(1, 1, 0x1FFFF), act=action(PUNT, 1))),
    "range reversed": insert(acl(1, between(2, 5, 4), act=action(PUNT, 1))),
    "range full": insert(acl(1, between(2, 0, 0xFFFF), act=action(PUNT, 1))),
    "prefix length 0": insert(table(ROUTES, lpm(0, 0), act=TO_2)),
    "prefix length too long": insert(table(ROUTES, lpm(0, 129), act=TO_2)),
    "prefix length negative": insert(table(ROUTES, lpm(0, -1), act=TO_2)),
    "bits below the prefix": insert(route(1, 64, TO_2)),
    "keyless table insert": insert(table(KEYLESS, act=TO_2)),
    "constant table insert": insert(table(FIXED, exact(1, 1), act=TO_2)),
    "constant table modify": modify(table(FIXED, exact(1, 7), act=TO_2)),
    "constant table delete": delete(table(FIXED, exact(1, 7))),
    "action unset": insert(l2(1, 2)),
    "action profile member": insert(l2(1, 2, to_member(1))),
    "action profile group": insert(l2(1, 2, to_group(1))),
    "action set": insert(l2(1, 2, one_shot((TO_2, 1)))),
    "unknown action": insert(l2(1, 2, action(123))),
    "action of another table": insert(route(0, 0, action(PUNT, 1))),
    "default-only action in an entry": insert(l2(1, 2, action(DROP))),
    "default-only action in a modify": modify(l2(1, 1, action(DROP))),
    "parameter missing": insert(l2(1, 2, params((1, b"\x01")))),
    "parameter unknown": insert(l2(1, 2, params((1, b"\x01"), (3, b"\x01")))),
    "parameter twice": insert(l2(1, 2, params((1, b"\x01"), (1, b"\x01")))),
    "parameter empty": insert(l2(1, 2, params((1, b"\x01"), (2, b"")))),
    "parameter too wide": insert(l2(1, 2, params((1, b"\x01\x00\x00"), (2, b"\x01")))),
    "is_const set": insert(l2(1, 2, TO_2, is_const=True)),
    "is_const set in delete": delete(l2(1, 1, is_const=True)),
    "idle timeout": insert(l2(1, 2, TO_2, idle_timeout_ns=1)),
    "time since last hit": insert(l2(1, 2, TO_2, time_since_last_hit=IDLE)),
    "idle timeout negative": insert(ageing(1, action=TO_2, idle_timeout_ns=-1)),
    "idle timeout negative, modify": modify(ageing(5, idle_timeout_ns=-1)),
    "time since last hit where there are idle timeouts": insert(ageing(1, action=TO_2, time_since_last_hit=IDLE)),
    "idle timeout of the default entry": modify(default(AGEING, TO_2, idle_timeout_ns=1)),
    "time since last hit of the default entry": modify(default(AGEING, TO_2, time_since_last_hit=IDLE)),
    "direct meter": insert(l2(1, 2, TO_2, meter_config=p4r.MeterConfig(cir=1))),
    "counter data without counter": insert(route(0, 0, TO_2, counter_data=p4r.CounterData())),
    "counter data negative": insert(l2(1, 2, TO_2, counter_data=p4r.CounterData(packet_count=-1))),
    "default entry insert": insert(default(L2, action(DROP))),
    "default entry delete": delete(default(L2)),
    "default entry with match": modify(default(L2, action(DROP), match=[exact(1, 1)])),
    "default entry with priority": modify(default(L2, action(DROP), priority=1)),
    "default entry constant": modify(default(ACL, action(DROP))),
    "default entry constant, reset": modify(default(ACL)),
    "default entry with table-only action": modify(default(L2, action(MARK, 1, 1))),
    "default entry with counter data": modify(default(L2, action(DROP), counter_data=p4r.CounterData())),
    "unknown counter": modify(counter(number=3)),
    "counter index above": modify(counter(16)),
    "counter index below": modify(counter(-1)),
    "counter insert": insert(counter()),
    "counter delete": delete(counter()),
    "counter negative": modify(counter(packets=-5)),
    "direct counter insert": insert(direct(l2(1, 1))),
    "direct counter of a missing entry": modify(direct(l2(1, 2))),
    "direct counter of a missing entry, no data": modify(p4r.DirectCounterEntry(table_entry=l2(1, 2))),
    "direct counter of a table without": modify(direct(route(0, 0))),
    "direct counter of the default entry": modify(direct(default(L2))),
    "direct counter of an unknown table": modify(direct(table(5))),
    "unknown meter": modify(meter(3, 0)),
    "meter 0": modify(meter(0, None)),
    "meter update type unset": update(p4r.Update.UNSPECIFIED, meter(PACKET_METER, 0)),
    "meter insert": insert(meter(PACKET_METER, 0, 1, 2, 3, 4)),
    "meter delete": delete(meter(PACKET_METER, 0)),
    "meter index above": modify(meter(PACKET_METER, 8, 1, 2, 3, 4)),
    "meter index below": modify(meter(PACKET_METER, -1, 1, 2, 3, 4)),
    "meter rate negative": modify(meter(PACKET_METER, None, -1, 2, 3, 4)),
    "meter burst negative": modify(meter(PACKET_METER, 0, 1, 2, 3, -4)),
    "meter peak below committed rate": modify(meter(PACKET_METER, 0, 4, 2, 3, 4)),
    "meter with excess burst": modify(p4r.MeterEntry(meter_id=PACKET_METER, config=p4r.MeterConfig(eburst=1))),
    "meter with counters": modify(meter(PACKET_METER, 0, counter_data=p4r.MeterCounterData())),
    "group 0": insert(group(0, replica())),
    "group too high": insert(group(1 << 16, replica())),
    "group exists": insert(group(1, replica())),
    "group missing": modify(group(2, replica())),
    "group missing, delete": delete(group(2)),
    "replica without port": insert(group(2, p4r.Replica(instance=1))),
    "replica port too wide": insert(group(2, replica(b"\x02\x00"))),
    "replica port too high, deprecated field": insert(group(2, p4r.Replica(egress_port=512))),
    "replica instance too high": insert(group(2, replica(instance=1 << 16))),
    "replica twice": insert(group(2, replica(), replica())),
    "replica with backup": insert(group(2, replica(backup_replicas=BACKUP))),
    "clone session": insert(
        p4r.Entity(
            packet_replication_engine_entry=p4r.PacketReplicationEngineEntry(
                clone_session_entry=p4r.CloneSessionEntry(session_id=1)
            )
        )
    ),
    "replication entry unset": insert(p4r.PacketReplicationEngineEntry()),
    "table full": insert(table(BIG, exact(1, 1), exact(2, 0x10000), act=action(MARK, 1, 1))),
} | {
    f"unsupported {name}": insert(p4r.Entity(**{name: kind()}))
    for name, kind in (
        ("extern_entry", p4r.ExternEntry),
        ("direct_meter_entry", p4r.DirectMeterEntry),
        ("value_set_entry", p4r.ValueSetEntry),
        ("register_entry", p4r.RegisterEntry),
        ("digest_entry", p4r.DigestEntry),
    )
}
CASES["big key too wide"] = CASES.pop("table full")


PROFILE_CASES = {
    "unknown profile": insert(member(7, 1, TO_2)),
    "member 0": insert(member(SHARED, 0, TO_2)),
    "member update type unset": update(p4r.Update.UNSPECIFIED, member(SHARED, 2, TO_2)),
    "member exists": insert(member(SHARED, 1, TO_2)),
    "member missing": modify(member(SHARED, 2, TO_2)),
    "member missing, delete": delete(member(SHARED, 2)),
    "member in use by an entry": delete(member(SHARED, 1)),
    "member in use by a group": delete(member(PICKER, 1)),
    "member without action": insert(member(SHARED, 2)),
    "member without action, modify": modify(member(SHARED, 1)),
    "member with an action of other tables": insert(member(SHARED, 2, action(PUNT, 1))),
    "member with a default-only action": insert(member(SHARED, 2, action(NO_ACTION))),
    "member with a parameter too wide": insert(member(SHARED, 2, action(FORWARD, 512))),
    "member of a one-shot selector": insert(member(SPREADER, 2, TO_2)),
    "group of a profile without selector": insert(members_of(SHARED, 1)),
    "group of an unknown profile": insert(members_of(7, 1)),
    "group with id 0": insert(members_of(PICKER, 0)),
    "group of a one-shot selector": insert(members_of(SPREADER, 2)),
    "group exists": insert(members_of(PICKER, 1, (1, 1))),
    "group missing": modify(members_of(PICKER, 2, (1, 1))),
    "group missing, delete": delete(members_of(PICKER, 2)),
    "group in use": delete(members_of(PICKER, 1)),
    "group with an unknown member": insert(members_of(PICKER, 2, (1, 1), (4, 1))),
    "group with a member twice": modify(members_of(PICKER, 1, (1, 1), (1, 2), max_size=2)),
    "group with weight 0": insert(members_of(PICKER, 2, (1, 0))),
    "group with a negative weight": insert(members_of(PICKER, 2, (1, -1))),
    "group with a weight above max_member_weight": insert(members_of(PICKER, 2, (1, 4))),
    "group with a watch port": insert(watching(watch_port=b"\x01")),
    "group with a watch port, deprecated field": insert(watching(watch=1)),
    "group with another max_size": modify(members_of(PICKER, 1, (1, 1), max_size=3)),
    "group with a negative max_size": insert(members_of(PICKER, 2, max_size=-1)),
    "group with a max_size above size": insert(members_of(PICKER, 2, max_size=9)),
    "group above its max_size": modify(members_of(PICKER, 1, (1, 1), (2, 1), (3, 1), max_size=2)),
    "entry with an unknown member": insert(by_dst(INDIRECT, 2, to_member(2))),
    "entry with an unknown member, modify": modify(by_dst(INDIRECT, 1, to_member(2))),
    "entry with an unknown group": insert(by_port(PICKED, 2, to_group(2))),
    "entry with a group where there is no selector": insert(by_dst(INDIRECT, 2, to_group(1))),
    "entry with an action set where there is no selector": insert(by_dst(INDIRECT, 2, one_shot((TO_2, 1)))),
    "entry with an action": insert(by_dst(INDIRECT, 2, TO_2)),
    "entry with an action where there is a selector": insert(by_port(PICKED, 2, TO_2)),
    "entry without action": insert(by_port(PICKED, 2)),
    "entry exists": insert(by_dst(INDIRECT, 1, to_member(1))),
    "entry missing": modify(by_dst(INDIRECT, 2, to_member(1))),
    "entry missing, delete": delete(by_prefix(2, 48)),
    "entry with a member of a one-shot selector": insert(by_prefix(2, 48, to_member(1))),
    "default entry": modify(default(SPREAD, action(NO_ACTION))),
    "set beside members": insert(by_port(PICKED, 2, one_shot((TO_2, 1)))),
    "set of an existing entry": insert(by_prefix(1, 48, one_shot((TO_2, 1)))),
    "set of a missing entry": modify(by_prefix(2, 48, one_shot((TO_2, 1)))),
    "set with weight 0": insert(by_prefix(2, 48, one_shot((TO_2, 1), (TO_2, 0)))),
    "set above max_group_size": insert(by_prefix(2, 48, one_shot((TO_2, 1), (TO_2, 4)))),
    "set above max_group_size, modify": modify(by_prefix(1, 48, one_shot((TO_2, (1 << 31) - 1)))),
    "set with an unknown action": insert(by_prefix(2, 48, one_shot((action(5), 1)))),
    "set with a default-only action": insert(by_prefix(2, 48, one_shot((action(NO_ACTION), 1)))),
    "set with a parameter missing": insert(by_prefix(2, 48, one_shot((action(FORWARD), 1)))),
    "set with a watch port": insert(by_prefix(2, 48, WATCHING_SET)),
    "set that chooses at random": insert(by_prefix(2, 48, one_shot(action_selection_mode=ActionSet.RANDOM))),
    "set with another size semantics": insert(by_prefix(2, 48, one_shot(size_semantics=ActionSet.SUM_OF_MEMBERS))),
    "set with an unknown mode": insert(by_prefix(2, 48, one_shot(action_selection_mode=9))),
}


async def check_refused(primary, cases: dict[str, p4r.Update], name: str) -> None:
    """Each update is refused with the code and text of the golden file, and changes nothing."""
    before = await primary.everything()
    found = {}
    for case, refused in cases.items():
        ((found[case], text),) = await primary.write_errors(refused)
        found[case] += f" {text}"
        assert await primary.everything() == before, case
    text = "".join(f"{case}\n    {error}\n" for case, error in found.items())
    if os.environ.get("P4DMM_UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()


async def test_every_refused_update(primary):
    await primary.write(
        insert(l2(1, 1, TO_2, metadata=b"m", counter_data=p4r.CounterData(packet_count=4))),
        insert(ageing(5, action=TO_2, idle_timeout_ns=7)),
        insert(group(1, replica(b"\x07"), metadata=b"g")),
        modify(counter(3, packets=9)),
        modify(meter(PACKET_METER, 0, 1, 2, 3, 4)),
    )
    await check_refused(primary, CASES, "write_errors.txt")


async def test_every_refused_update_of_action_profiles(primary):
    await primary.write(
        insert(member(SHARED, 1, TO_2)),
        insert(by_dst(INDIRECT, 1, to_member(1), metadata=b"m")),
        *(insert(member(PICKER, each, TO_2)) for each in (1, 2, 3)),
        insert(members_of(PICKER, 1, (1, 3), max_size=2)),
        insert(by_port(PICKED, 1, to_group(1))),
        insert(by_prefix(1, 48, one_shot((TO_2, 1), (TO_2, 3)))),
    )
    await check_refused(primary, PROFILE_CASES, "profile_errors.txt")


async def test_a_full_table_refuses_by_resource_exhausted(primary):
    await primary.write(*(insert(l2(1, number, TO_2)) for number in range(8)))
    ((code, text),) = await primary.write_errors(insert(l2(1, 8, TO_2)))
    assert (code, text) == ("RESOURCE_EXHAUSTED", "table 'ingress.l2' is full: it holds 8 entries")
    assert len(await primary.read(p4r.TableEntry())) == 9  # fixed has one


@pytest.mark.parametrize("value", [b"\x01", b"\x00\x01", bytes(40) + b"\x01"])
async def test_zero_padding_is_accepted_and_read_back_canonically(primary, value):
    entry = table(L2, bytes_match(1, value), bytes_match(2, value), act=params((1, value), (2, value)))
    await primary.write(insert(entry))
    assert await primary.entries(table_id=L2) == [l2(1, 1, action(MARK, 1, 1))]


async def test_match_fields_and_parameters_in_any_order(primary):
    await primary.write(insert(table(L2, exact(2, 5), exact(1, 1), act=params((2, b"\x03"), (1, b"\x09")))))
    assert await primary.entries(table_id=L2) == [l2(1, 5, action(MARK, 9, 3))]

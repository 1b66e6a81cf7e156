# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "Read RPC", "Wildcard Reads"."""

import grpc
import pytest
from finsy.proto import p4r

from .raw_client import (
    ACL,
    BIG,
    DEVICE_ID,
    DROP,
    FIXED,
    FORWARD,
    INDIRECT,
    L2,
    MARK,
    PACKET_METER,
    PORT_COUNTER,
    PUNT,
    ROUTES,
    SHARED,
    SPREADER,
    TIMEOUT,
    TO_2,
    TO_3,
    acl,
    action,
    code,
    details_of,
    entity,
    exact,
    group,
    insert,
    l2,
    member,
    members_of,
    meter,
    route,
)

FIXED_ENTRY = p4r.TableEntry(table_id=FIXED, match=[exact(1, 7)], action=action(FORWARD, 8), is_const=True)
ENTRIES = [
    l2(1, 1, TO_2, metadata=b"a"),
    l2(1, 2, TO_2, controller_metadata=3),
    l2(2, 1, action(PUNT, 4)),
    route(0, 0, TO_2),
    route(0xFD << 120, 8, TO_3),
    acl(5, act=action(PUNT, 1)),
    acl(6, act=action(DROP)),
]
L2_1, L2_2, L2_3, ROUTE_0, ROUTE_8, ACL_5, ACL_6 = ENTRIES


@pytest.fixture
async def filled(primary):
    await primary.write(*(insert(entry) for entry in ENTRIES))
    return primary


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [*ENTRIES, FIXED_ENTRY]),
        ({"table_id": L2}, [L2_1, L2_2, L2_3]),
        ({"table_id": FIXED}, [FIXED_ENTRY]),
        ({"table_id": BIG}, []),
        ({"table_id": L2, "match": L2_1.match}, [L2_1]),
        ({"table_id": L2, "match": l2(9, 9).match}, []),
        ({"table_id": L2, "metadata": b"a"}, [L2_1]),
        ({"table_id": L2, "controller_metadata": 3}, [L2_2]),
        ({"table_id": L2, "action": action(PUNT)}, [L2_3]),
        ({"table_id": ROUTES, "match": ROUTE_8.match}, [ROUTE_8]),
        ({"table_id": ROUTES}, [ROUTE_0, ROUTE_8]),  # "don't care" cannot be read alone, says the spec
        ({"table_id": ACL, "priority": 5}, [ACL_5]),
        ({"table_id": ACL, "match": ACL_5.match}, [ACL_5, ACL_6]),
        ({"table_id": ACL, "match": ACL_5.match, "priority": 6}, [ACL_6]),
        ({"table_id": ACL, "priority": 5, "action": action(DROP)}, []),
    ],
)
async def test_table_entries(filled, query, expected):
    found = await filled.entries(**query)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


async def test_counter_data_only_where_asked_for(filled):
    found = await filled.entries(table_id=L2)
    assert not any(each.HasField("counter_data") for each in found)
    found = await filled.entries(counter_data=p4r.CounterData())
    assert {each.table_id for each in found if each.HasField("counter_data")} == {L2}


async def test_default_entries_of_all_tables(filled):
    found = await filled.entries(is_default_action=True)
    assert len(found) == 11
    assert all(each.is_default_action and each.HasField("action") for each in found)


async def test_direct_counters(filled):
    keys = [[*each.direct_counter_entry.table_entry.match] for each in await filled.read(p4r.DirectCounterEntry())]
    assert keys == [[*L2_1.match], [*L2_2.match], [*L2_3.match]]
    one = p4r.DirectCounterEntry(table_entry=l2(1, 2))
    assert [each.direct_counter_entry.table_entry for each in await filled.read(one)] == [l2(1, 2)]
    table = p4r.DirectCounterEntry(table_entry=p4r.TableEntry(table_id=L2))
    assert len(await filled.read(table)) == 3


async def test_counters(filled):
    assert len(await filled.read(p4r.CounterEntry())) == 16
    assert len(await filled.read(p4r.CounterEntry(counter_id=PORT_COUNTER))) == 16
    one = p4r.CounterEntry(counter_id=PORT_COUNTER, index=p4r.Index(index=0))
    (found,) = await filled.read(one)
    assert found.counter_entry.HasField("index")
    assert found.counter_entry.HasField("data")


async def test_reading_needs_no_arbitration(filled, connect):
    stranger = await connect()
    assert len(await stranger.read(p4r.TableEntry(table_id=L2))) == 3


async def test_several_requests_of_which_some_fail(filled):
    queries = [
        entity(p4r.TableEntry(table_id=L2)),
        entity(p4r.TableEntry(table_id=1)),
        p4r.Entity(),
        entity(p4r.DirectCounterEntry(table_entry=l2(9, 9))),
        p4r.Entity(direct_meter_entry=p4r.DirectMeterEntry()),
        entity(p4r.CounterEntry(counter_id=1)),
        entity(p4r.CounterEntry(counter_id=PORT_COUNTER, index=p4r.Index(index=16))),
        entity(p4r.TableEntry(priority=3)),
        entity(p4r.TableEntry(table_id=ROUTES, counter_data=p4r.CounterData())),
        entity(p4r.TableEntry(table_id=L2, action=action(99))),
        entity(p4r.TableEntry(table_id=L2, match=[exact(1, 1)])),
        entity(group(4)),
        entity(p4r.TableEntry(table_id=L2, time_since_last_hit=p4r.TableEntry.IdleTimeout())),
        entity(p4r.TableEntry(is_default_action=True, time_since_last_hit=p4r.TableEntry.IdleTimeout())),
        entity(p4r.TableEntry(table_id=INDIRECT, action=action(FORWARD))),
        entity(meter(7, None)),
        entity(meter(PACKET_METER, 8)),
        entity(meter(PACKET_METER, -1)),
        entity(meter(PACKET_METER, 0, counter_data=p4r.MeterCounterData())),
        entity(member(7, 0)),
        entity(member(0, 7)),
        entity(member(SHARED, 7)),
        entity(members_of(SPREADER, 7)),
        entity(p4r.TableEntry(table_id=FIXED)),
    ]
    request = p4r.ReadRequest(device_id=DEVICE_ID, entities=queries)
    found = []
    with pytest.raises(grpc.aio.AioRpcError) as caught:  # noqa: PT012 - the stream fails at its end
        async for response in filled.stub.Read(request, timeout=TIMEOUT):
            found += response.entities
    assert caught.value.code() == grpc.StatusCode.UNKNOWN
    assert [code(each.canonical_code) for each in details_of(caught.value)] == [
        "OK",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "UNIMPLEMENTED",
        "INVALID_ARGUMENT",
        "OUT_OF_RANGE",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "OUT_OF_RANGE",
        "INVALID_ARGUMENT",
        "UNIMPLEMENTED",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "NOT_FOUND",
        "OK",
    ]
    assert len(found) == 4


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (p4r.ReadRequest(device_id=1), "NOT_FOUND"),
        (p4r.ReadRequest(device_id=DEVICE_ID, role="x"), "UNIMPLEMENTED"),
    ],
)
async def test_refused_as_a_whole(filled, request_, expected):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await filled.stub.Read(request_, timeout=TIMEOUT).read()
    assert caught.value.code().name == expected


async def test_before_a_pipeline_is_set(connect):
    client = await connect()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.read(p4r.TableEntry())
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_long_answers_come_in_bounded_messages(primary):
    entries = [
        p4r.TableEntry(table_id=BIG, match=[exact(1, number), exact(2, 0)], action=action(MARK, 1, 1))
        for number in range(2500)
    ]
    await primary.write(*(insert(entry) for entry in entries))
    request = p4r.ReadRequest(device_id=DEVICE_ID, entities=[entity(p4r.TableEntry(table_id=BIG))])
    sizes, found = [], []
    async for response in primary.stub.Read(request, timeout=TIMEOUT):
        sizes.append(len(response.entities))
        found += [each.table_entry for each in response.entities]
    assert sizes == [1000, 1000, 500]
    assert found == entries

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "Write RPC", "P4 Entity Messages": what succeeds, and what it does."""

import grpc
import pytest
from finsy.proto import p4r

from .raw_client import (
    ACL,
    BIG,
    DEVICE_ID,
    DROP,
    FORWARD,
    KEYLESS,
    L2,
    MARK,
    PORT_COUNTER,
    PUNT,
    TIMEOUT,
    TO_2,
    acl,
    action,
    between,
    delete,
    details_of,
    exact,
    group,
    insert,
    l2,
    modify,
    route,
    ternary,
)


@pytest.mark.parametrize(
    "entry",
    [
        l2(1, 0xFFFFFFFFFFFF, TO_2),
        l2(0, 0, action(MARK, 0xFFFF, 0x1FF)),
        l2(1, 2, TO_2, metadata=b"cookie", controller_metadata=77),
        route(0, 0, TO_2),
        route(0x20010DB8 << 96, 32, TO_2),
        route((1 << 128) - 1, 128, action(DROP)),
        acl(1, act=action(PUNT, 3)),
        acl(0x7FFFFFFF, ternary(1, 0x86DD, 0xFFFF), between(2, 0, 9), act=action(DROP)),
    ],
)
async def test_read_write_symmetry(primary, entry):
    await primary.write(insert(entry))
    assert await primary.entries(table_id=entry.table_id) == [entry]
    await primary.write(delete(entry))
    assert await primary.entries(table_id=entry.table_id) == []


async def test_same_match_with_other_priority_is_another_entry(primary):
    first, second = acl(1, act=action(PUNT, 1)), acl(2, act=action(PUNT, 2))
    await primary.write(insert(first), insert(second))
    await primary.write(delete(first))
    assert await primary.entries(table_id=ACL) == [second]


async def test_modify_keeps_the_counter_and_replaces_metadata(primary):
    await primary.write(
        insert(l2(1, 1, TO_2, metadata=b"a", counter_data=p4r.CounterData(packet_count=5, byte_count=6)))
    )
    await primary.write(modify(l2(1, 1, action(PUNT, 3))))
    (found,) = await primary.entries(table_id=L2, counter_data=p4r.CounterData())
    assert found == l2(1, 1, action(PUNT, 3), counter_data=p4r.CounterData(packet_count=5, byte_count=6))


async def test_modify_without_action_writes_direct_resources_only(primary):
    await primary.write(insert(l2(1, 1, TO_2)))
    await primary.write(modify(l2(1, 1, counter_data=p4r.CounterData(packet_count=5))))
    (found,) = await primary.entries(table_id=L2, counter_data=p4r.CounterData())
    assert found == l2(1, 1, TO_2, counter_data=p4r.CounterData(packet_count=5))


async def test_delete_looks_at_the_key_only(primary):
    await primary.write(insert(l2(1, 1, TO_2)))
    await primary.write(delete(l2(1, 1, action(999), idle_timeout_ns=5, metadata=b"x")))
    assert await primary.entries(table_id=L2) == []


async def test_reinserted_entry_has_no_old_metadata_or_counter(primary):
    await primary.write(insert(l2(1, 1, TO_2, metadata=b"a", counter_data=p4r.CounterData(packet_count=5))))
    await primary.write(delete(l2(1, 1)))
    await primary.write(insert(l2(1, 1, TO_2)))
    (found,) = await primary.entries(table_id=L2, counter_data=p4r.CounterData())
    assert found == l2(1, 1, TO_2, counter_data=p4r.CounterData())
    assert found.HasField("counter_data")


async def test_default_entry_is_modified_and_reset(primary):
    query = {"table_id": KEYLESS, "is_default_action": True}
    original = p4r.TableEntry(**query, action=action(FORWARD, 3))
    assert await primary.entries(**query) == [original]
    changed = p4r.TableEntry(**query, action=action(FORWARD, 9), metadata=b"d")
    await primary.write(modify(changed))
    assert await primary.entries(**query) == [changed]
    await primary.write(modify(p4r.TableEntry(**query)))
    assert await primary.entries(**query) == [original]


async def test_direct_counter_is_written(primary):
    await primary.write(insert(l2(1, 1, TO_2)))
    entry = p4r.DirectCounterEntry(table_entry=l2(1, 1), data=p4r.CounterData(packet_count=3, byte_count=4))
    await primary.write(modify(entry))
    assert [each.direct_counter_entry for each in await primary.read(p4r.DirectCounterEntry())] == [entry]
    await primary.write(modify(p4r.DirectCounterEntry(table_entry=l2(1, 1))))  # no data: not modified
    assert [each.direct_counter_entry for each in await primary.read(p4r.DirectCounterEntry())] == [entry]


async def test_counter_cell_and_whole_array_are_written(primary):
    cell = p4r.CounterEntry(counter_id=PORT_COUNTER, index=p4r.Index(index=2), data=p4r.CounterData(packet_count=3))
    await primary.write(modify(cell))
    found = [each.counter_entry for each in await primary.read(p4r.CounterEntry())]
    assert [each.data.packet_count for each in found] == [0, 0, 3] + [0] * 13
    await primary.write(modify(p4r.CounterEntry(counter_id=PORT_COUNTER, data=p4r.CounterData(byte_count=1))))
    found = [each.counter_entry for each in await primary.read(p4r.CounterEntry())]
    assert [(each.data.packet_count, each.data.byte_count) for each in found] == [(0, 1)] * 16


async def test_multicast_group_keeps_port_spelling_and_metadata(primary):
    replicas = [p4r.Replica(port=b"\x01", instance=1), p4r.Replica(egress_port=2, instance=1)]
    entry = group(5, *replicas, metadata=b"g")
    await primary.write(insert(entry))
    found = await primary.read(group(0))
    assert [each.packet_replication_engine_entry for each in found] == [entry]
    changed = group(5, p4r.Replica(port=b"\x04", instance=0xFFFF))
    await primary.write(modify(changed))
    assert [each.packet_replication_engine_entry for each in await primary.read(group(5))] == [changed]
    await primary.write(delete(group(5)))
    assert await primary.read(group(0)) == []


async def test_each_update_of_a_batch_is_attempted(primary):
    errors = await primary.write_errors(
        insert(l2(1, 1, TO_2)), insert(l2(1, 1, TO_2)), insert(l2(1, 2, TO_2)), delete(l2(3, 3))
    )
    assert [code for code, _ in errors] == ["OK", "ALREADY_EXISTS", "OK", "NOT_FOUND"]
    assert [text == "" for _, text in errors] == [True, False, True, False]
    assert len(await primary.entries(table_id=L2)) == 2


async def test_empty_batch_succeeds(primary):
    await primary.write()


@pytest.mark.parametrize("atomicity", [p4r.WriteRequest.ROLLBACK_ON_ERROR, p4r.WriteRequest.DATAPLANE_ATOMIC])
async def test_other_atomicity_is_refused_before_the_first_update(primary, atomicity):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await primary.write(insert(l2(1, 1, TO_2)), atomicity=atomicity)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert details_of(caught.value) is None
    assert await primary.entries(table_id=L2) == []


async def test_wrong_device_id_is_not_found(primary):
    request = p4r.WriteRequest(device_id=DEVICE_ID + 1, updates=[insert(l2(1, 1, TO_2))])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await primary.stub.Write(request, timeout=TIMEOUT)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_write_before_a_pipeline_is_set(connect):
    client = await connect()
    await client.arbitrate(1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.write(insert(l2(1, 1, TO_2)))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "no forwarding pipeline config" in caught.value.details()


async def test_write_without_election_id_or_stream(connect, primary):
    client = await connect()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.write(insert(l2(1, 1, TO_2)))
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED


def _big(number: int) -> p4r.TableEntry:
    return p4r.TableEntry(table_id=BIG, match=[exact(1, number), exact(2, 0)], action=action(MARK, 1, 1))


@pytest.mark.parametrize("size", [1, 10, 150])
async def test_details_fit_a_client_with_default_limits(primary, size):
    """Every update fails, and each code arrives, with as much text as fits."""
    await primary.write(*(insert(_big(number)) for number in range(size)))
    errors = await primary.write_errors(*(insert(_big(number)) for number in range(size)))
    assert [code for code, _ in errors] == ["ALREADY_EXISTS"] * size


@pytest.mark.parametrize("size", [151, 1000, 1400])
async def test_details_of_large_batches_fit_64_kib(connect, primary, size):
    client = await connect([("grpc.max_metadata_size", 64 << 10)])
    await client.arbitrate(20)
    await client.write(insert(_big(7)))
    errors = await client.write_errors(*(insert(_big(number)) for number in range(size)))
    assert [number for number, (code, _) in enumerate(errors) if code != "OK"] == [7]
    assert errors[7][1].startswith("table 'ingress.big' already has an entry")
    errors = await client.write_errors(*(insert(_big(number)) for number in range(size)))
    assert [code for code, _ in errors] == ["ALREADY_EXISTS"] * size


async def test_details_are_left_out_where_not_even_codes_fit(primary):
    await primary.write(insert(_big(7)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await primary.write(*(insert(_big(number)) for number in range(3000)))
    assert caught.value.code() == grpc.StatusCode.UNKNOWN
    assert details_of(caught.value) is None
    assert caught.value.details().startswith(
        "1 of 3000 updates failed (indices 7); no details: a batch of 3000 exceeds gRPC's metadata, send at most 1428;"
    )
    assert len(await primary.entries(table_id=BIG)) == 3000

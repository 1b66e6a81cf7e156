# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Spec: "Idle-timeout", "Table Idle Timeout Notification"."""

import asyncio

import pytest
from finsy.proto import p4r

from .flows import AGED, frame
from .raw_client import AGEING, FORWARD, SECOND, TO_2, Request, action, ageing, delete, insert, l2, modify

ASKED = p4r.TableEntry.IdleTimeout()


async def elapsed(client) -> list[float]:
    found = await client.entries(table_id=AGEING, time_since_last_hit=ASKED)
    assert all(each.HasField("time_since_last_hit") for each in found)
    return [each.time_since_last_hit.elapsed_ns / SECOND for each in found]


async def notified(client) -> list[p4r.TableEntry]:
    message = await client.receive()
    assert message.WhichOneof("update") == "idle_timeout_notification", message
    assert message.idle_timeout_notification.timestamp > 0
    return list(message.idle_timeout_notification.table_entry)


async def quiet(client, switch) -> None:
    """Nothing has been said: a scan, and then an answer that could not have overtaken it."""
    switch.service.notify_idle_timeouts()
    assert await client.arbitrate(client.election_id) == ("OK", client.election_id)


@pytest.mark.parametrize("timeout_ns", [0, 1, SECOND, (1 << 63) - 1])
async def test_read_write_symmetry(primary, timeout_ns):
    entry = ageing(1, action=TO_2, idle_timeout_ns=timeout_ns)
    await primary.write(insert(entry))
    assert await primary.entries(table_id=AGEING) == [entry]


async def test_modify_sets_and_clears_the_timeout(primary):
    await primary.write(insert(ageing(1, action=TO_2)))
    await primary.write(modify(ageing(1, idle_timeout_ns=SECOND)))
    assert await primary.entries(table_id=AGEING) == [ageing(1, action=TO_2, idle_timeout_ns=SECOND)]
    await primary.write(modify(ageing(1, action=TO_2)))
    assert await primary.entries(table_id=AGEING) == [ageing(1, action=TO_2)]


async def test_time_since_last_hit_where_asked_for(primary, clock, hosts):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=9 * SECOND)), insert(ageing(2, action=TO_2)))
    clock.advance(3)
    assert await elapsed(primary) == [3, 3]
    hosts[1].send(frame(AGED, 1))
    hosts[1].send(frame(AGED, 2))
    await hosts[2].frame()
    await hosts[2].frame()
    assert await elapsed(primary) == [0, 0]
    clock.advance(2)
    assert await elapsed(primary) == [2, 2]
    assert not any(each.HasField("time_since_last_hit") for each in await primary.entries(table_id=AGEING))


async def test_time_is_told_in_a_read_of_all_tables(primary, clock):
    await primary.write(insert(ageing(1, action=TO_2)), insert(l2(1, 1, TO_2)))
    clock.advance(1)
    found = await primary.entries(time_since_last_hit=ASKED)
    assert [each.table_id for each in found if each.HasField("time_since_last_hit")] == [AGEING]


async def test_another_timeout_is_no_hit(primary, clock):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=9 * SECOND)))
    clock.advance(3)
    await primary.write(modify(ageing(1, action=TO_2, idle_timeout_ns=5 * SECOND)))
    assert await elapsed(primary) == [3]
    await primary.write(modify(ageing(1, action=action(FORWARD, 3), idle_timeout_ns=5 * SECOND)))
    assert await elapsed(primary) == [3]


async def test_the_primary_is_told_and_told_again(primary, clock, switch):
    entry = ageing(7, 0xFF, 3, action=TO_2, idle_timeout_ns=SECOND, metadata=b"m", controller_metadata=9)
    key = ageing(7, 0xFF, 3, idle_timeout_ns=SECOND, metadata=b"m", controller_metadata=9)
    await primary.write(insert(entry), insert(ageing(8, action=TO_2)))
    clock.advance(0.999)
    await quiet(primary, switch)
    clock.advance(0.001)
    assert await notified(primary) == [key]  # by the switch itself, which scans on its own
    await quiet(primary, switch)
    clock.advance(0.5)
    await quiet(primary, switch)
    assert await elapsed(primary) == [1.5, 1.5]  # telling is no hit
    clock.advance(0.5)
    assert await notified(primary) == [key]


async def test_a_very_short_timeout_is_repeated_once_a_second(primary, clock, switch):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=1)))
    clock.advance(0.1)
    assert len(await notified(primary)) == 1
    clock.advance(0.9)
    await quiet(primary, switch)
    clock.advance(0.1)
    assert len(await notified(primary)) == 1


async def test_a_hit_puts_it_off(primary, clock, switch, hosts):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    for _ in range(3):
        clock.advance(0.9)
        hosts[1].send(frame(AGED, 1))
        await hosts[2].frame()
        await quiet(primary, switch)
    clock.advance(1)
    assert len(await notified(primary)) == 1
    hosts[1].send(frame(AGED, 1))
    await hosts[2].frame()
    clock.advance(0.9)
    await quiet(primary, switch)
    clock.advance(0.1)
    assert len(await notified(primary)) == 1


async def test_an_entry_that_is_gone_is_not_reported(primary, clock, switch):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    clock.advance(1)
    assert len(await notified(primary)) == 1
    await primary.write(delete(ageing(1)))
    clock.advance(5)
    await quiet(primary, switch)
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    clock.advance(0.5)
    await quiet(primary, switch)


async def test_the_time_goes_on_when_the_pipeline_is_reconciled(primary, clock, switch):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    clock.advance(0.5)
    await primary.configure(Request.RECONCILE_AND_COMMIT)
    await quiet(primary, switch)
    clock.advance(0.5)
    assert await notified(primary) == [ageing(1, idle_timeout_ns=SECOND)]
    await primary.configure(Request.VERIFY_AND_COMMIT)
    clock.advance(5)
    await quiet(primary, switch)


async def test_a_timeout_that_is_taken_away_is_not_reported(primary, clock, switch):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    await primary.write(modify(ageing(1, action=TO_2)))
    clock.advance(5)
    await quiet(primary, switch)
    await primary.write(modify(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    assert await notified(primary) == [ageing(1, idle_timeout_ns=SECOND)]  # nobody has hit it for 5 s


async def test_many_come_together_in_bounded_messages(primary, clock):
    await primary.write(*(insert(ageing(each, action=TO_2, idle_timeout_ns=SECOND)) for each in range(1500)))
    clock.advance(1)
    first, second = await notified(primary), await notified(primary)
    assert (len(first), len(second)) == (1000, 500)
    assert len({each.SerializeToString(deterministic=True) for each in (*first, *second)}) == 1500


async def test_only_the_primary_is_told_and_a_later_one_too(primary, clock, switch, connect):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=SECOND)))
    backup = await connect()
    await backup.arbitrate(5)
    clock.advance(1)
    assert len(await notified(primary)) == 1
    await primary.channel.close()
    assert await backup.told() == ("NOT_FOUND", 10)
    clock.advance(1)
    switch.service.notify_idle_timeouts()  # to nobody
    await backup.arbitrate(11)
    assert len(await notified(backup)) == 1


async def test_a_slow_controller_misses_some_and_nothing_else(primary, clock, switch):
    await primary.write(insert(ageing(1, action=TO_2, idle_timeout_ns=1)))
    stream = switch.service.arbitration.primary
    stream._limit = 0
    clock.advance(1)
    switch.service.notify_idle_timeouts()
    assert stream.drops == 1
    await asyncio.wait_for(primary.arbitrate(10), 10)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""finsy as the client: the library our controller uses."""

import asyncio

import finsy
import pytest

from .raw_client import DEVICE_CONFIG, DEVICE_ID, P4INFO, PROGRAMS

FRAME = bytes.fromhex("000000000001") + bytes(range(60))


@pytest.fixture
def options():
    return finsy.SwitchOptions(
        p4info=PROGRAMS / "service.p4info.txtpb", p4blob=PROGRAMS / "service.json", device_id=DEVICE_ID
    )


@pytest.fixture
async def sw(switch, options):
    async with asyncio.timeout(20), finsy.Switch("sw", switch.address, options) as client:
        yield client


def l2(number, dst, action, **params):
    return finsy.P4TableEntry(
        "l2", match=finsy.P4TableMatch(port=number, dst=dst), action=finsy.P4TableAction(action, **params)
    )


async def test_pipeline_is_pushed_and_recognised(sw, switch, options):
    assert sw.is_primary
    assert switch.service.configs.running.p4info == P4INFO
    assert switch.service.configs.running.message.p4_device_config == DEVICE_CONFIG
    before = switch.service.configs.running
    async with finsy.Switch("again", switch.address, options) as backup:
        assert not backup.is_primary
    assert switch.service.configs.running is before


async def test_entries_of_every_kind(sw):
    entries = [
        l2(1, 0xFFFFFFFFFFFF, "forward", port=2),
        finsy.P4TableEntry(
            "routes", match=finsy.P4TableMatch(address="2001:db8::/32"), action=finsy.P4TableAction("drop")
        ),
        finsy.P4TableEntry(
            "acl",
            match=finsy.P4TableMatch(type="0x86dd/&0xffff", mark="1...9", port=1),
            action=finsy.P4TableAction("punt", reason=3),
            priority=4,
        ),
    ]
    await sw.insert(entries)
    assert len([entry async for entry in sw.read(finsy.P4TableEntry())]) == 4
    assert await sw.read(entries[0]).__anext__() == entries[0]
    await sw.delete(entries)
    assert len([entry async for entry in sw.read(finsy.P4TableEntry())]) == 1


async def test_multicast_group_and_counters(sw):
    group = finsy.P4MulticastGroupEntry(5, replicas=(1, 2))
    await sw.insert([group])
    assert [entry async for entry in sw.read(finsy.P4MulticastGroupEntry())] == [group]
    found = [entry async for entry in sw.read(finsy.P4CounterEntry("port_counter"))]
    assert len(found) == 16


async def test_meters(sw):
    config = finsy.P4MeterConfig(cir=10, cburst=20, pir=30, pburst=40)
    await sw.modify([finsy.P4MeterEntry("byte_meter", index=2, config=config)])
    (found,) = [each async for each in sw.read(finsy.P4MeterEntry("byte_meter", index=2))]
    assert found.config == config


async def test_members_and_groups(sw):
    members = [
        finsy.P4ActionProfileMember("picker", member_id=each, action=finsy.P4TableAction("forward", port=each))
        for each in (1, 2)
    ]
    group = finsy.P4ActionProfileGroup("picker", group_id=3, max_size=4, members=[finsy.P4Member(1, weight=2)])
    entry = finsy.P4TableEntry("picked", match=finsy.P4TableMatch(port=1), action=finsy.P4IndirectAction(group_id=3))
    await sw.insert(members)
    await sw.insert([group])
    await sw.insert([entry])
    assert [each async for each in sw.read(finsy.P4ActionProfileMember())] == members
    assert [each async for each in sw.read(finsy.P4ActionProfileGroup())] == [group]
    assert [each async for each in sw.read(finsy.P4TableEntry("picked"))] == [entry]
    await sw.delete([entry])
    await sw.delete([group])
    await sw.delete(members)


async def test_one_shot_sets(sw):
    action = finsy.P4IndirectAction(
        action_set=[(2, finsy.P4TableAction("forward", port=1)), (1, finsy.P4TableAction("forward", port=2))]
    )
    entry = finsy.P4TableEntry("spread", match=finsy.P4TableMatch(dst=(0, 16)), action=action)
    await sw.insert([entry])
    assert [each async for each in sw.read(finsy.P4TableEntry("spread"))] == [entry]
    await sw.delete([entry])


async def test_idle_timeouts(sw, clock):
    entry = finsy.P4TableEntry(
        "ageing",
        match=finsy.P4TableMatch(dst=(5, 0xFFFFFFFFFFFF)),
        action=finsy.P4TableAction("forward", port=1),
        priority=1,
        idle_timeout_ns=1000,
    )
    await sw.insert([entry])
    async with asyncio.timeout(10):
        notifications = sw.read_idle_timeouts()
        waiting = asyncio.create_task(anext(notifications))
        await asyncio.sleep(0)
        clock.advance(1)
        (found,) = (await waiting).table_entry
        assert (found.match, found.priority, found.idle_timeout_ns) == (entry.match, 1, 1000)


async def test_packets(sw, hosts):
    await sw.insert([l2(1, 1, "punt", reason=9)])
    async with asyncio.timeout(10):
        packets = sw.read_packets()
        waiting = asyncio.create_task(anext(packets))
        await asyncio.sleep(0)
        hosts[1].send(FRAME)
        packet = await waiting
        assert (packet.payload, packet["ingress_port"], packet["reason"]) == (FRAME, 1, 9)
        await sw.write([finsy.P4PacketOut(FRAME, egress_port=2, pad=0)])
        assert await hosts[2].frame() == FRAME


async def test_errors_name_the_update_that_failed(sw):
    await sw.insert([l2(1, 1, "forward", port=2)])
    with pytest.raises(finsy.P4ClientError) as caught:
        await sw.insert([l2(1, 2, "forward", port=2), l2(1, 1, "forward", port=2)])
    assert list(caught.value.details) == [1]
    assert caught.value.details[1].canonical_code.name == "ALREADY_EXISTS"
    with pytest.raises(finsy.P4ClientError) as caught:
        await sw.write([-l2(1, 3, "forward", port=2)])
    assert caught.value.is_not_found_only


async def test_the_backup_takes_over(switch, options):
    taken = asyncio.Event()
    async with asyncio.timeout(20):
        async with finsy.Switch("first", switch.address, options) as first:
            assert first.is_primary
            second = finsy.Switch("second", switch.address, options)
            async with second:
                assert not second.is_primary
                second.ee.add_listener(finsy.SwitchEvent.BECOME_PRIMARY, lambda _: taken.set())
                await first._p4client.close()
                await taken.wait()
                assert second.is_primary
                await second.insert([l2(1, 1, "forward", port=2)])

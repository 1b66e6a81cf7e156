# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Several switches and hosts in one process and one event loop: what the lab without privileges is made of."""

import asyncio

import pytest

from p4dmm.softswitch.service import AddressError, SwitchServer, Wire

from .conftest import Host
from .raw_client import FORWARD, PUNT, RawClient, action, insert, l2

FRAME = bytes.fromhex("000000000001") + bytes(range(60))


async def test_a_frame_crosses_two_switches():
    left, right = SwitchServer(device_id=7), SwitchServer(device_id=7)
    link, near, far = Wire(), Host(), Host()
    left.attach_port(1, near.wire.a)
    left.attach_port(2, link.a)
    right.attach_port(3, link.b)
    right.attach_port(4, far.wire.a)
    try:
        for switch, entries in (
            (left, [l2(1, 1, action(FORWARD, 2)), l2(2, 1, action(FORWARD, 1))]),
            (right, [l2(3, 1, action(FORWARD, 4)), l2(4, 1, action(FORWARD, 3))]),
        ):
            await switch.start()
            async with RawClient(switch.address) as client:
                await client.arbitrate(1)
                await client.configure()
                await client.write(*map(insert, entries))
        near.send(FRAME)  # the controllers have gone; forwarding has not
        assert await far.frame() == FRAME
        far.send(FRAME)
        assert await near.frame() == FRAME
        link.up = False
        near.send(FRAME)
        for _ in range(5):
            await asyncio.sleep(0)
        assert left.device.counters[2].tx_drops == 1
    finally:
        for switch in (left, right):
            await asyncio.wait_for(switch.stop(), 10)


async def test_an_address_serves_one_switch(switch):
    other = SwitchServer(device_id=8, grpc_address=switch.address)
    with pytest.raises(AddressError, match="cannot listen on"):
        await other.start()
    await other.stop()


async def test_stopping_tells_the_controllers():
    switch = SwitchServer(device_id=7)
    await switch.start()
    async with RawClient(switch.address) as client:
        await client.arbitrate(1)
        await asyncio.wait_for(switch.stop(), 10)
        assert await client.stream_error() == ("UNAVAILABLE", "the switch is shutting down")


async def test_ports_come_and_go_while_the_switch_runs(switch, primary):
    await primary.write(insert(l2(1, 1, action(FORWARD, 2))), insert(l2(2, 1, action(PUNT, 1))))
    first = Host()
    switch.attach_port(2, first.wire.a)
    first.send(FRAME)
    assert (await primary.receive()).packet.payload == FRAME
    switch.device.detach_port(2)
    second = Host()
    switch.attach_port(2, second.wire.a)
    second.send(FRAME)
    assert (await primary.receive()).packet.payload == FRAME
    assert switch.device.counters[2].rx_frames == 2

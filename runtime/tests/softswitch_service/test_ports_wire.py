# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
import asyncio

import pytest

from p4dmm.softswitch.service import PortError, SwitchDevice, Wire


def ignore(frame: bytes) -> None:
    """A receiver that is not looked at."""


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_frames_arrive_in_order_in_a_later_turn():
    wire, got = Wire(), []
    wire.a.open(got.append)
    wire.b.open(ignore)
    for number in range(200):
        assert wire.b.send(bytes([number]))
    assert got == []
    await turns(20)
    assert got == [bytes([number]) for number in range(200)]


async def test_bursts_are_bounded():
    wire, got = Wire(), []
    wire.a.open(got.append)
    wire.b.open(ignore)
    for _ in range(200):
        wire.b.send(b"x")
    await turns(1)
    assert len(got) == 64


async def test_full_queue_drops_and_counts():
    wire, got = Wire(limit=3), []
    wire.a.open(got.append)
    wire.b.open(ignore)
    assert [wire.b.send(b"x") for _ in range(5)] == [True, True, True, False, False]
    assert wire.a.rx_drops() == 2


async def test_cut_and_closed_wires_carry_nothing():
    wire, got = Wire(), []
    wire.a.open(got.append)
    assert not wire.b.send(b"the sending end is not open")
    wire.b.open(ignore)
    wire.up = False
    assert not wire.b.send(b"cut")
    wire.up = True
    assert wire.b.send(b"on its way when the end closes")
    wire.a.close()
    assert not wire.b.send(b"the receiving end is closed")
    await turns(3)
    assert got == []


async def test_an_end_is_used_once():
    wire = Wire()
    wire.a.open(ignore)
    with pytest.raises(PortError, match="in use"):
        wire.a.open(ignore)


async def test_a_receiver_that_fails_does_not_hold_up_the_frames_behind():
    wire, got, failures = Wire(), [], []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))

    def receive(frame: bytes) -> None:
        got.append(frame)
        if frame == b"1":
            raise RuntimeError("bad frame")

    wire.a.open(receive)
    wire.b.open(ignore)
    for number in b"0123":
        wire.b.send(bytes([number]))
    await turns(5)
    assert got == [b"0", b"1", b"2", b"3"]
    assert len(failures) == 1


@pytest.mark.parametrize("number", [-1, 511, 600])
async def test_port_numbers_out_of_range(number):
    with pytest.raises(PortError, match="allowed are 0 to 510"):
        SwitchDevice(1).attach_port(number, Wire().a)


async def test_port_numbers_in_use():
    device = SwitchDevice(1, cpu_port=64)
    device.attach_port(1, Wire().a)
    with pytest.raises(PortError, match="port 1 is in use"):
        device.attach_port(1, Wire().a)
    with pytest.raises(PortError, match="port 64 is the CPU port"):
        device.attach_port(64, Wire().a)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""BMv2's nanomsg framing, with PTF's side of it played by pynng."""

import asyncio
import struct

import pynng
import pytest

from p4dmm.softswitch.service import PortError

from .raw_client import FORWARD, action, insert, l2

ADD, REMOVE, STATUS, PACKET_IN, PACKET_OUT, INFO_REQ, INFO_REP = range(7)
FRAME = bytes.fromhex("000000000001") + bytes(54)


class PtfSide:
    def __init__(self, address: str) -> None:
        self.socket = pynng.Pair0(recv_timeout=10_000, send_timeout=10_000)
        self.socket.dial(address, block=True)

    async def send(self, kind: int, port: int, argument: int = 0, payload: bytes = b"") -> None:
        await self.socket.asend(struct.pack("<iii", kind, port, argument) + payload)

    async def frame(self, port: int, payload: bytes = FRAME) -> None:
        await self.send(PACKET_IN, port, len(payload), payload)

    async def receive(self) -> tuple[int, int, int, bytes]:
        message = await asyncio.wait_for(self.socket.arecv(), 10)
        return (*struct.unpack_from("<iii", message), message[12:])


@pytest.fixture
def address(tmp_path):
    return f"ipc://{tmp_path}/x.ipc"


@pytest.fixture
async def ptf(switch, primary, address):
    switch.open_packet_in(address)
    await primary.write(insert(l2(1, 1, action(FORWARD, 2))), insert(l2(3, 1, action(FORWARD, 1))))
    side = PtfSide(address)
    for port in (1, 2):
        await side.send(ADD, port)
    yield side
    side.socket.close()


async def test_frames_in_and_out(ptf, switch):
    await ptf.frame(1)
    assert await ptf.receive() == (PACKET_OUT, 2, len(FRAME), FRAME)
    assert switch.device.counters[1].rx_frames == 1
    assert switch.device.counters[2].tx_frames == 1


async def test_a_port_that_was_never_added_receives_as_in_bmv2(ptf):
    await ptf.frame(3)
    assert (await ptf.receive())[:2] == (PACKET_OUT, 1)


async def test_info_requests_are_answered(ptf):
    await ptf.send(INFO_REQ, 1, 0)
    assert await ptf.receive() == (INFO_REP, 1, 0, struct.pack("<i", 1))


async def test_port_status_has_no_effect_as_in_bmv2(ptf):
    for status in (1, 0):
        await ptf.send(STATUS, 2, status)
        await ptf.frame(1)
        assert (await ptf.receive())[:2] == (PACKET_OUT, 2)


async def test_removed_port(ptf, switch):
    await ptf.send(REMOVE, 2)
    await ptf.send(REMOVE, 2)
    await ptf.frame(1)
    await ptf.send(INFO_REQ, 9, 0)
    assert (await ptf.receive())[0] == INFO_REP
    assert switch.device.unknown_port_drops == 1


async def test_garbage_is_counted_and_does_no_harm(ptf, switch):
    for garbage in (b"", b"\x00" * 11, struct.pack("<iii", 99, 1, 0), struct.pack("<iii", PACKET_IN, 1, 7)):
        await ptf.socket.asend(garbage)
    await ptf.send(PACKET_IN, -1, len(FRAME), FRAME)
    await ptf.send(ADD, 100_000)
    await ptf.send(PACKET_OUT, 1, len(FRAME), FRAME)
    await ptf.frame(1)
    assert (await ptf.receive())[:2] == (PACKET_OUT, 2)
    assert switch._hub.malformed == 7


async def test_the_next_client_gets_no_stale_frames(ptf, switch, address):
    await ptf.frame(1)
    await ptf.receive()
    ptf.socket.close()
    loop = asyncio.get_running_loop()
    end = loop.time() + 10
    while switch._hub._socket.pipes:
        assert loop.time() < end
        await asyncio.sleep(0)
    switch.device._process(1, FRAME)
    assert switch.device.counters[2].tx_drops == 1
    again = PtfSide(address)
    await again.frame(3)
    assert (await again.receive())[:2] == (PACKET_OUT, 1)
    again.socket.close()


async def test_an_address_that_cannot_be_used(switch):
    with pytest.raises(PortError, match="--packet-in nonsense: "):
        switch.open_packet_in("nonsense")

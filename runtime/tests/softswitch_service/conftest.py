# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
import asyncio
from contextlib import AsyncExitStack

import pytest

from p4dmm.softswitch.service import SwitchServer, Wire

from .raw_client import DEVICE_ID, SECOND, RawClient


class Clock:
    """The time of a switch, which stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now_ns = 5 * SECOND

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND)


class Host:
    """The far end of a wire: sends frames, and lets a test wait for those that come."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.wire.b.open(self.inbox.put_nowait)

    def send(self, frame: bytes) -> None:
        assert self.wire.b.send(frame)

    async def frame(self) -> bytes:
        return await asyncio.wait_for(self.inbox.get(), 10)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def switch(clock):
    running = SwitchServer(device_id=DEVICE_ID, cpu_port=510, clock=clock)
    await running.start()
    yield running
    await asyncio.wait_for(running.stop(), 10)


@pytest.fixture
async def connect(switch):
    """Makes clients that are closed with the test."""
    async with AsyncExitStack() as stack:

        async def make(options=()) -> RawClient:
            return await stack.enter_async_context(RawClient(switch.address, options))

        yield make


@pytest.fixture
async def primary(connect):
    """The primary controller, the program committed."""
    client = await connect()
    assert await client.arbitrate(10) == ("OK", 10)
    await client.configure()
    return client


@pytest.fixture
def hosts(switch):
    """Hosts on ports 1 to 4."""
    made = {}
    for number in range(1, 5):
        made[number] = Host()
        switch.attach_port(number, made[number].wire.a)
    return made

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Streams between two simulated hosts: numbered echo and UDP."""

import asyncio
import contextlib
import struct
import time
from collections.abc import Callable
from ipaddress import IPv6Address

from .base import Traffic, TrafficLog, TrafficSpec
from .simulated_host import SimulatedHost
from .stats import Arrival, StreamLog

_NUMBER = struct.Struct("!I")
_PADDING = bytes(52)
_LAST_PACKETS_S = 0.5
_FIRST_PORT = 7100


class SimulatedTraffic(Traffic):
    """Echo from the node, UDP both ways."""

    def __init__(
        self,
        number: int,
        *,
        node: SimulatedHost,
        peer: SimulatedHost,
        source: IPv6Address,
        remote: IPv6Address,
        spec: TrafficSpec,
    ) -> None:
        self._source = source
        port = _FIRST_PORT + number
        self._ping, self._up, self._down = (_Log(name) for name in ("ping", "udp up", "udp down"))
        node.echo_handlers[number] = self._ping.note
        node.datagram_handlers[port] = lambda _source, _port, _own, data: self._down.note(data)
        peer.datagram_handlers[port] = lambda _source, _port, _own, data: self._up.note(data)

        def ping(sequence: int, data: bytes) -> None:
            node.send_echo(source, remote, number, sequence, data)

        def up(_: int, data: bytes) -> None:
            node.send_datagram(source, port, remote, port, data)

        def down(_: int, data: bytes) -> None:
            peer.send_datagram(remote, port, source, port, data)

        self._tasks = [
            asyncio.create_task(log.send_every(interval, send))
            for log, interval, send in (
                (self._ping, spec.ping_interval_s, ping),
                (self._up, spec.udp_interval_s, up),
                (self._down, spec.udp_interval_s, down),
            )
            if interval
        ]

    async def log(self) -> TrafficLog:
        return TrafficLog(self._source, self._ping.freeze(), self._up.freeze(), self._down.freeze(), tcp=None)

    async def stop(self) -> TrafficLog:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.sleep(_LAST_PACKETS_S)
        return await self.log()


class _Log:
    def __init__(self, name: str) -> None:
        self._name = name
        self._sent: list[float] = []
        self._arrivals: list[Arrival] = []

    def note(self, data: bytes) -> None:
        self._arrivals.append(Arrival(_NUMBER.unpack_from(data)[0], time.monotonic()))

    def freeze(self) -> StreamLog:
        return StreamLog(self._name, tuple(self._sent), tuple(self._arrivals))

    async def send_every(self, interval: float, send: Callable[[int, bytes], None]) -> None:
        due = time.monotonic()
        while True:
            sequence = len(self._sent)
            self._sent.append(time.monotonic())
            send(sequence, _NUMBER.pack(sequence) + _PADDING)
            due = max(due + interval, time.monotonic() - 1)
            await asyncio.sleep(max(0, due - time.monotonic()))

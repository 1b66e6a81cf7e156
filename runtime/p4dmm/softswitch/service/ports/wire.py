# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Wires inside the process: the links of a lab that needs no privileges."""

import asyncio
from collections import deque

from p4dmm.softswitch.service.ports.base import BURST, PortError, Receiver

QUEUE_LIMIT = 1024


class WireEnd:
    """One end of a wire; attach it to a switch as a port, or open it with a function that plays the host."""

    def __init__(self, wire: "Wire", limit: int) -> None:
        self._wire = wire
        self._limit = limit
        self._receive: Receiver | None = None
        self._queue: deque[bytes] = deque()  # frames on their way to this end
        self._scheduled = False
        self._drops = 0
        self._peer: WireEnd | None = None

    def join(self, peer: "WireEnd") -> None:
        self._peer = peer

    def open(self, receive: Receiver, /) -> None:
        if self._receive is not None:
            raise PortError("this end of the wire is in use; a wire joins two ports, take another one")
        self._receive = receive

    def send(self, frame: bytes, /) -> bool:
        if self._peer is None or self._receive is None or not self._wire.up:
            return False
        return self._peer.enqueue(frame)

    def enqueue(self, frame: bytes) -> bool:
        if self._receive is None or len(self._queue) >= self._limit:
            self._drops += 1
            return False
        self._queue.append(frame)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)
        return True

    def rx_drops(self) -> int:
        return self._drops

    def close(self) -> None:
        self._receive = None
        self._queue.clear()

    def _deliver(self) -> None:
        self._scheduled = False
        for _ in range(BURST):
            if not self._queue or self._receive is None:
                return
            frame = self._queue.popleft()
            if len(self._queue) and not self._scheduled:
                # Before the receiver runs: whatever it raises, the frames behind this one are delivered.
                self._scheduled = True
                asyncio.get_running_loop().call_soon(self._deliver)
            self._receive(frame)


class Wire:
    """A link between its ends ``a`` and ``b``. Frames arrive in a later turn of the event loop, in order.

    A full queue drops at the tail, ``up = False`` cuts the wire for frames sent from now on.
    """

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self.up = True
        self.a = WireEnd(self, limit)
        self.b = WireEnd(self, limit)
        self.a.join(self.b)
        self.b.join(self.a)

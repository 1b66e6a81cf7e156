# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One controller's StreamChannel, seen from the server (spec: "P4Runtime Stream Messages")."""

import asyncio
from collections import deque

from finsy.proto import p4r

from p4dmm.softswitch.service.errors import P4RuntimeError

PACKET_LIMIT = 1024  # packet-ins and stream errors that wait for a slow client


class ClientStream:
    """The queue towards one client. A slow client loses packets and stream errors, never arbitration."""

    def __init__(self, limit: int = PACKET_LIMIT) -> None:
        self.drops = 0
        self.failure: P4RuntimeError | None = None
        self._limit = limit
        self._queue: deque[p4r.StreamMessageResponse] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def notify(self, update: p4r.MasterArbitrationUpdate, /) -> None:
        self._put(p4r.StreamMessageResponse(arbitration=update))

    def offer(self, message: p4r.StreamMessageResponse) -> bool:
        if len(self._queue) >= self._limit:
            self.drops += 1
            return False
        self._put(message)
        return True

    def close(self, failure: P4RuntimeError | None = None) -> None:
        """End the stream, after what is queued where it ends well, at once where it fails."""
        self.failure = failure
        self._closed = True
        self._ready.set()

    async def next(self) -> p4r.StreamMessageResponse | None:
        """The next message, or None when the stream has ended."""
        while not self._queue or self.failure:
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._queue.popleft()

    def _put(self, message: p4r.StreamMessageResponse) -> None:
        self._queue.append(message)
        self._ready.set()

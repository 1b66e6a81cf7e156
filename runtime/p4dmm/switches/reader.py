# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Reading tables over a channel of its own.

finsy's channel takes messages of at most 4 MiB and gives a request 10 s; BMv2 sends a whole table in one message (6.7
MB for 100,000 rows), and a million rows take longer. Reading needs no mastership (P4Runtime specification section 5.4).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import grpc
import grpc.aio
from finsy.proto import p4r, p4r_grpc

READ_TIMEOUT_S = 120.0
"""Of one request: of one whole table, mostly."""

MAX_MESSAGE = 512 << 20
"""Octets."""


class TableReader:
    """For one switch."""

    def __init__(self, name: str, address: str, device_id: int) -> None:
        self._name = name
        self._device_id = device_id
        self._address = address
        self._channel: grpc.aio.Channel | None = None

    async def read(self, entities: Sequence[p4r.Entity], *, at_once: int = 1) -> list[p4r.Entity]:
        """What matches, with so many entities in one request. Raises ConnectionError."""
        requests = [
            p4r.ReadRequest(device_id=self._device_id, entities=entities[start : start + at_once])
            for start in range(0, len(entities), at_once)
        ]
        if self._channel is not None:
            try:
                return await self._read(requests)
            except grpc.aio.AioRpcError as error:
                # A channel to a switch that went away remembers that, and refuses for a while when it is back.
                await self.close()
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise self._error(error) from error
        try:
            return await self._read(requests)
        except grpc.aio.AioRpcError as error:
            await self.close()
            raise self._error(error) from error

    async def _read(self, requests: Iterable[p4r.ReadRequest]) -> list[p4r.Entity]:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(
                self._address,
                options=[("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.use_local_subchannel_pool", 1)],
            )
        stub: Any = p4r_grpc.P4RuntimeStub(self._channel)
        result: list[p4r.Entity] = []
        for request in requests:
            async for reply in stub.Read(request, timeout=READ_TIMEOUT_S):
                result.extend(reply.entities)
        return result

    def _error(self, error: grpc.aio.AioRpcError) -> ConnectionError:
        return ConnectionError(f"switch {self._name} at {self._address}: {error.code().name} {error.details()}")

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close(grace=None)
            self._channel = None

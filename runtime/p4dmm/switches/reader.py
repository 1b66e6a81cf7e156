# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Reading tables over a channel of its own.

finsy's channel takes messages of at most 4 MiB and gives a request 10 s; BMv2 sends a whole table in one message (6.7
MB for 100,000 rows), and a million rows take longer. Reading needs no mastership (P4Runtime specification section 5.4).
"""

from collections.abc import Iterable
from typing import Any

import grpc.aio
from finsy.proto import p4r, p4r_grpc

READ_TIMEOUT_S = 120.0
"""Of one entity, that is, of one whole table."""

MAX_MESSAGE = 512 << 20
"""Octets."""


class TableReader:
    """For one switch."""

    def __init__(self, address: str, device_id: int) -> None:
        self._device_id = device_id
        self._address = address
        self._channel: grpc.aio.Channel | None = None

    async def read(self, entities: Iterable[p4r.Entity]) -> list[p4r.Entity]:
        """What matches, one request per entity. Raises ConnectionError."""
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(
                self._address, options=[("grpc.max_receive_message_length", MAX_MESSAGE)]
            )
        stub: Any = p4r_grpc.P4RuntimeStub(self._channel)
        result: list[p4r.Entity] = []
        try:
            for entity in entities:
                request = p4r.ReadRequest(device_id=self._device_id, entities=[entity])
                async for reply in stub.Read(request, timeout=READ_TIMEOUT_S):
                    result.extend(reply.entities)
        except grpc.aio.AioRpcError as error:
            raise ConnectionError(
                f"switch at {self._address} cannot be read: {error.code().name} {error.details()}"
            ) from error
        return result

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close(grace=None)
            self._channel = None

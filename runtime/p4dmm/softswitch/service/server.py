# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A running switch: device, ports and P4Runtime server. Several may share one event loop."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import grpc.aio
from finsy.proto import p4r_grpc

from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.softswitch.service.device import SwitchDevice
from p4dmm.softswitch.service.ports import Port
from p4dmm.softswitch.service.ports.nanomsg import NanomsgHub
from p4dmm.softswitch.service.servicer import P4RuntimeService

MAX_REQUEST = 64 << 20  # spec: "gRPC Server Maximum Receive Message Size": a program must fit
STOP_GRACE_S = 1.0  # for RPCs under way; streams are ended before


class AddressError(Exception):
    """The gRPC address cannot be listened on."""


class SwitchServer:
    """One switch. ``await start()``, use ``port``, ``await stop()``; ports may be attached before or after."""

    def __init__(
        self,
        *,
        device_id: int,
        grpc_address: str = "127.0.0.1:0",
        cpu_port: int | None = 510,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.device = SwitchDevice(device_id, cpu_port, clock)
        self.service = P4RuntimeService(self.device)
        self.grpc_address = grpc_address
        self.port = 0
        self._server: grpc.aio.Server | None = None
        self._hub: NanomsgHub | None = None
        self._idle_timeouts: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where a client reaches the server once it has started."""
        return f"{self.grpc_address.rpartition(':')[0]}:{self.port}"

    def load_program(self, text: str | bytes) -> None:
        """Run a BMv2 JSON at once, before any P4Runtime client brings a configuration. Raises SoftswitchError."""
        self.device.pipeline = load_pipeline(text)

    def attach_port(self, number: int, port: Port) -> None:
        self.device.attach_port(number, port)

    def open_packet_in(self, address: str) -> None:
        """Listen for BMv2's nanomsg framing; its ports appear as the client adds them. Raises PortError."""
        hub = NanomsgHub(address, self.device)
        hub.open()
        self._hub = hub

    async def start(self) -> None:
        server = grpc.aio.server(
            options=(
                ("grpc.max_receive_message_length", MAX_REQUEST),
                ("grpc.so_reuseport", 0),  # a second switch on the same port must fail, not share its clients
            )
        )
        p4r_grpc.add_P4RuntimeServicer_to_server(self.service, server)
        try:
            self.port = server.add_insecure_port(self.grpc_address)
        except RuntimeError as error:
            raise AddressError(
                f"cannot listen on {self.grpc_address}; in use, or not an address of this host"
            ) from error
        if not self.port:
            raise AddressError(f"cannot listen on {self.grpc_address}; in use, or not an address of this host")
        await server.start()
        self._server = server
        self._idle_timeouts = asyncio.create_task(self.service.watch_idle_timeouts(), name="idle-timeouts")

    async def stop(self) -> None:
        """End every stream and close every port."""
        if self._idle_timeouts is not None:
            self._idle_timeouts.cancel()
            with suppress(asyncio.CancelledError):
                await self._idle_timeouts
            self._idle_timeouts = None
        if self._server is not None:
            self.service.end_streams()
            await self._server.stop(grace=STOP_GRACE_S)
            self._server = None
        if self._hub is not None:
            self._hub.close()
            self._hub = None
        self.device.close()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One switch over P4Runtime: the only writer of its tables."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import finsy as fy
import structlog
from finsy.proto import p4r

from p4dmm.config import Switch
from p4dmm.forwarding import Row, RowKey, Write

from .codec import RowCodec
from .pipeline import PipelineFiles
from .reader import TableReader
from .write_queue import BATCH, Refusals, WriteQueue

log = structlog.get_logger(__name__)

PACKET_QUEUE = 4096
"""Packets-in waiting for the controller; more are dropped, by finsy, with a warning."""

PACKETS_OUT = 1024
"""Packets-out waiting for the stream; more are lost."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
"""Between attempts to connect: doubled from the first to the longest."""


class PacketOutMode(IntEnum):
    """packet_out.mode, p4src/constants.p4."""

    TO_PORT = 0
    AS_RECEIVED = 1
    ROUTED = 2


@dataclass(frozen=True, slots=True)
class PacketIn:
    """A punted frame."""

    switch: str
    port: int
    reason: int
    argument: int
    frame: bytes


class SwitchConnection:
    """Connects, keeps reconnecting, and tells when the switch is ready or lost.

    `on_ready` runs each time the switch has (again) our program and we are its primary. `is_ready` is True once it has
    returned, or earlier if it says so itself; it is False while the switch is away. `on_packet` is called for every
    packet-in, in order.
    """

    def __init__(
        self,
        switch: Switch,
        pipeline: PipelineFiles,
        codec: RowCodec,
        *,
        on_ready: Callable[["SwitchConnection"], Awaitable[None]],
        on_packet: Callable[[PacketIn], None],
    ) -> None:
        self.name = switch.name
        self.address, device_id = switch.p4runtime
        self.is_ready = False
        self._codec = codec
        self._on_ready = on_ready
        self._on_packet = on_packet
        self._options = fy.SwitchOptions(
            # It takes either, and to parse the file for every switch anew takes longer than to connect.
            p4info=codec.p4info,  # type: ignore[arg-type]
            p4blob=pipeline.device_config,
            device_id=device_id,
            ready_handler=self._ready,
        )
        self._finsy = self._new_client()
        self._reader = TableReader(switch.name, self.address, device_id)
        self._lost = asyncio.Event()
        self._writes = WriteQueue(self.name, codec.references, codec.update, self._send_updates)
        self._packets_out: deque[tuple[fy.P4PacketOut, asyncio.Future[bool]]] = deque()
        self._sender: asyncio.Task[None] | None = None
        self.packets_out_lost = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self._finsy.is_up

    def start(self) -> None:
        """Begin to connect; `on_ready` tells when that has worked."""
        self._task = asyncio.create_task(self._run(), name=f"switch {self.name}")

    async def stop(self) -> None:
        """Disconnect; what is installed stays."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._writes.stop()
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        for _, sent in self._packets_out:
            if not sent.done():
                sent.set_result(False)
        self._packets_out.clear()
        await self._reader.close()

    async def write(self, writes: Sequence[Write]) -> None:
        """Write in the order that references between rows ask for, together with what others write at the same time.
        Raises SwitchWriteError when the switch refuses some of these, with no request sent for them after that one;
        ConnectionError when it is away."""
        await self._writes.write(writes)

    async def read_rows(self, meters: Iterable[RowKey] = ()) -> list[Row]:
        """Every row and multicast group the switch holds, and those meters that are configured. Raises
        ConnectionError."""
        entities = await self._reader.read(self._codec.wildcard_reads())
        # Each meter by its index: asked for all, a switch would give the hundreds of thousands that nobody has set.
        entities += await self._reader.read([self._codec.meter_read(meter) for meter in meters], at_once=BATCH)
        rows = (self._codec.decode(self.name, entity) for entity in entities)
        return [row for row in rows if row is not None]

    async def read_packets_counted(self, rows: Sequence[Row]) -> int:
        """The sum of the packets counted by the direct counters of these rows. Raises ConnectionError."""
        entities = await self._reader.read([self._codec.counted_read(row) for row in rows])
        return sum(entity.direct_counter_entry.data.packet_count for entity in entities)

    async def send(self, frame: bytes, *, mode: PacketOutMode, port: int = 0) -> bool:
        """A packet-out, after those before it. One too many, or to a switch that is away, is lost, like on a link: then
        False."""
        if len(self._packets_out) >= PACKETS_OUT or not self._finsy.is_up:
            self.packets_out_lost += 1
            return False
        sent: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._packets_out.append((fy.P4PacketOut(frame, port=port, mode=int(mode)), sent))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_packets(), name=f"send {self.name}")
        return await sent

    def _new_client(self) -> fy.Switch:
        client = fy.Switch(self.name, self.address, self._options)
        client.ee.add_listener(fy.SwitchEvent.CHANNEL_DOWN, self._down)
        client.ee.add_listener(fy.SwitchEvent.BECOME_BACKUP, self._down)
        return client

    async def _run(self) -> None:
        # Not finsy's own loop: that waits 10 s after a connection that was short, and a switch restarts in one.
        pause = FIRST_PAUSE_S
        while True:
            self._lost.clear()
            # A new one each time: one that failed on its way in or out refuses to be used again.
            self._finsy = self._new_client()
            try:
                async with self._finsy:
                    pause = FIRST_PAUSE_S
                    await self._lost.wait()
                log.warning("switch lost", switch=self.name, address=self.address)
            except asyncio.CancelledError:
                # It cancels its own tasks when one fails; we then wait for one of them, and nobody cancelled us.
                if _is_cancelled():
                    raise
                log.debug("switch not reached", switch=self.name, address=self.address, reason="failed while starting")
            except (fy.P4ClientError, OSError) as error:
                log.debug("switch not reached", switch=self.name, address=self.address, reason=str(error))
            except Exception:
                # Whatever it is: without this loop the switch would be away until the controller is restarted.
                log.exception("switch not reached", switch=self.name, address=self.address)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _send_updates(self, updates: list[p4r.Update]) -> Refusals:
        client = self._finsy
        try:
            if client.is_up:
                await client.write(updates)
                return {}
            problem = " is not connected"
        except fy.P4ClientError as error:
            if error.details:
                return {index: (d.canonical_code.name, d.message) for index, d in error.details.items()}
            problem = f": {error.code.name} {error.message}"
        # What of it was done is not known: leave, come back, and compare.
        self._down(client)
        raise ConnectionError(f"switch {self.name} at {self.address}{problem}")

    async def _send_packets(self) -> None:
        """All that wait. gRPC breaks the stream, and with it our mastership, when two write to it at once."""
        while self._packets_out:
            packet, sent = self._packets_out.popleft()
            if sent.done():
                continue  # its sender was cancelled
            is_sent = False
            try:
                is_sent = await self._send_packet(packet)
            finally:
                self.packets_out_lost += not is_sent
                if not sent.done():
                    sent.set_result(is_sent)

    async def _send_packet(self, packet: fy.P4PacketOut) -> bool:
        if not self._finsy.is_up:
            return False
        try:
            await self._finsy.write([packet])
        except fy.P4ClientError as error:
            log.debug("packet-out lost", switch=self.name, reason=str(error))
            return False
        return True

    async def _ready(self, switch: fy.Switch) -> None:
        if not switch.is_primary:
            return
        switch.create_task(self._receive(), background=True, name="packets")
        await self._on_ready(self)
        self.is_ready = self.is_connected

    def _down(self, _switch: fy.Switch) -> None:
        self.is_ready = False
        self._lost.set()

    async def _receive(self) -> None:
        async for packet in self._finsy.read_packets(queue_size=PACKET_QUEUE):
            metadata = packet.metadata
            self._on_packet(
                PacketIn(
                    self.name,
                    metadata["ingress_port"],
                    metadata["reason"],
                    metadata["argument"],
                    packet.payload,
                )
            )


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

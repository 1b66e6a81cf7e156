# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The P4Runtime service of one device on grpc.aio.

Everything runs in one event loop and no handler awaits between its checks and its effect, so an RPC is atomic with
respect to packets and to other RPCs without any lock (spec: "Atomicity of Individual Write and Read Operations").
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc
import grpc.aio
from finsy.proto import p4r, p4r_grpc, rpc_code

from p4dmm.softswitch.service.arbitration import Arbitration
from p4dmm.softswitch.service.device import SwitchDevice
from p4dmm.softswitch.service.errors import DETAILS_KEY, P4RuntimeError, batch_status, invalid, unimplemented
from p4dmm.softswitch.service.idle_timeouts import SCAN_INTERVAL_S, notifications
from p4dmm.softswitch.service.pipeline_config import PipelineConfigs
from p4dmm.softswitch.service.snapshot import chunks
from p4dmm.softswitch.service.stream import ClientStream

API_VERSION = "1.4.1"
STATUS_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
Context = grpc.aio.ServicerContext[Any, Any]

log = logging.getLogger(__name__)


async def _abort(context: Context, error: P4RuntimeError) -> NoReturn:
    await context.abort(STATUS_CODES[error.code], error.message)
    raise AssertionError("abort returned")


async def _abort_batch(context: Context, errors: list[P4RuntimeError | None], noun: str) -> NoReturn:
    text, details = batch_status(errors, noun)
    metadata = ((DETAILS_KEY, details),) if details is not None else ()
    await context.abort(grpc.StatusCode.UNKNOWN, text, metadata)
    raise AssertionError("abort returned")


class P4RuntimeService(p4r_grpc.P4RuntimeServicer):
    """The five RPCs. A check that fails changes nothing."""

    def __init__(self, device: SwitchDevice) -> None:
        self.device = device
        self.arbitration = Arbitration(device.device_id)
        self.configs = PipelineConfigs(device)
        self.packet_in_drops = 0
        self._streams: set[ClientStream] = set()
        device.to_controller = self._packet_in

    async def Capabilities(  # noqa: N802 - gRPC names the methods
        self, request: p4r.CapabilitiesRequest, context: Context
    ) -> p4r.CapabilitiesResponse:
        """Spec: "Capabilities RPC"."""
        try:
            if request.device_id:
                self.arbitration.check_device(request.device_id)
        except P4RuntimeError as error:
            await _abort(context, error)
        return p4r.CapabilitiesResponse(p4runtime_api_version=API_VERSION)

    async def SetForwardingPipelineConfig(  # noqa: N802
        self, request: p4r.SetForwardingPipelineConfigRequest, context: Context
    ) -> p4r.SetForwardingPipelineConfigResponse:
        """Spec: "SetForwardingPipelineConfig RPC"."""
        try:
            self.arbitration.check_primary(request)
            self.configs.set(request.action, request.config if request.HasField("config") else None)
        except P4RuntimeError as error:
            await _abort(context, error)
        return p4r.SetForwardingPipelineConfigResponse()

    async def GetForwardingPipelineConfig(  # noqa: N802
        self, request: p4r.GetForwardingPipelineConfigRequest, context: Context
    ) -> p4r.GetForwardingPipelineConfigResponse:
        """Spec: "GetForwardingPipelineConfig RPC"."""
        try:
            self.arbitration.check_device(request.device_id)
            return self.configs.get(request.response_type)
        except P4RuntimeError as error:
            await _abort(context, error)

    async def Write(self, request: p4r.WriteRequest, context: Context) -> p4r.WriteResponse:  # noqa: N802
        """Spec: "Write RPC"."""
        try:
            self.arbitration.check_primary(request)
            writer = self.configs.writer
            if request.atomicity != p4r.WriteRequest.CONTINUE_ON_ERROR:
                raise unimplemented(
                    f'atomicity {request.atomicity}, allowed is CONTINUE_ON_ERROR (spec: "Batch Atomicity")'
                )
            errors = writer.apply(request.updates)
        except P4RuntimeError as error:
            await _abort(context, error)
        if errors is not None:
            await _abort_batch(context, errors, "update")
        return p4r.WriteResponse()

    async def Read(self, request: p4r.ReadRequest, context: Context) -> AsyncIterator[p4r.ReadResponse]:  # noqa: N802
        """Spec: "Read RPC". Open to everybody."""
        try:
            self.arbitration.check_device(request.device_id)
            if request.role:
                raise unimplemented(f"role '{request.role}' is not supported; leave the role unset")
            snapshots, errors = self.configs.reader.take(request.entities)
        except P4RuntimeError as error:
            await _abort(context, error)
        for response in chunks(snapshots):
            yield response
            await asyncio.sleep(0)  # packets are handled between two messages of a long answer
        if any(errors):
            await _abort_batch(context, errors, "request")

    async def StreamChannel(  # noqa: N802
        self, requests: AsyncIterator[p4r.StreamMessageRequest], context: Context
    ) -> AsyncIterator[p4r.StreamMessageResponse]:
        """Spec: "P4Runtime Stream Messages"."""
        stream = ClientStream()
        self._streams.add(stream)
        reader = asyncio.create_task(self._read_stream(stream, requests), name="p4runtime-stream")
        try:
            while (message := await stream.next()) is not None:
                yield message
            if stream.failure is not None:
                self.arbitration.remove(stream)
                await _abort(context, stream.failure)
            await reader  # over as well; what went wrong in it goes wrong here
        finally:
            self._streams.discard(stream)
            self.arbitration.remove(stream)
            reader.cancel()

    def end_streams(self) -> None:
        """The server is about to stop: tell every controller, rather than break its stream."""
        for stream in self._streams:
            stream.close(P4RuntimeError(rpc_code.UNAVAILABLE, "the switch is shutting down"))

    async def watch_idle_timeouts(self) -> None:
        """Scan the running pipeline as long as the task lives."""
        while True:
            await asyncio.sleep(SCAN_INTERVAL_S)
            self.notify_idle_timeouts()

    def notify_idle_timeouts(self) -> None:
        """Tell the primary what has expired; without one, it stays to be told. A slow client misses notifications."""
        primary, config = self.arbitration.primary, self.configs.running
        if config is not None and isinstance(primary, ClientStream):
            for message in notifications(config, self.device.clock()):
                primary.offer(p4r.StreamMessageResponse(idle_timeout_notification=message))

    async def _read_stream(self, stream: ClientStream, requests: AsyncIterator[p4r.StreamMessageRequest]) -> None:
        failure: P4RuntimeError | None = None
        try:
            async for request in requests:
                kind = request.WhichOneof("update")
                if kind == "arbitration":
                    self.arbitration.update(stream, request.arbitration)
                elif kind == "packet":
                    self._packet_out(stream, request.packet)
                else:
                    self._refuse(stream, kind, request)
        except P4RuntimeError as error:
            failure = error
        finally:
            self.arbitration.remove(stream)
            stream.close(failure)

    def _packet_out(self, stream: ClientStream, packet: p4r.PacketOut) -> None:
        try:
            if self.arbitration.primary is not stream:
                raise P4RuntimeError(
                    rpc_code.PERMISSION_DENIED, "packet-out: only the primary controller may send packets"
                )
            config = self.configs.running
            if config is None:
                raise P4RuntimeError(rpc_code.FAILED_PRECONDITION, "packet-out: no forwarding pipeline config is set")
            if self.device.cpu_port is None:
                raise P4RuntimeError(rpc_code.FAILED_PRECONDITION, "packet-out: the switch runs without --cpu-port")
            frame = config.packet_out.pack(packet)
        except P4RuntimeError as error:
            report = p4r.StreamError(canonical_code=error.code, message=error.message)
            report.packet_out.packet_out.CopyFrom(packet)
            stream.offer(p4r.StreamMessageResponse(error=report))
            return
        self.device.inject(frame)

    def _refuse(self, stream: ClientStream, kind: str | None, request: p4r.StreamMessageRequest) -> None:
        """Spec: "Stream Error Reporting"."""
        error = (
            unimplemented(f"stream message {kind} is not supported") if kind else invalid("the stream message is empty")
        )
        report = p4r.StreamError(canonical_code=error.code, message=error.message)
        if kind == "digest_ack":
            report.digest_list_ack.digest_list_ack.CopyFrom(request.digest_ack)
        else:
            report.other.SetInParent()
        stream.offer(p4r.StreamMessageResponse(error=report))

    def _packet_in(self, frame: bytes) -> None:
        """A frame left on the CPU port; only the primary gets it (spec: "Client Arbitration")."""
        primary, config = self.arbitration.primary, self.configs.running
        packet = config.packet_in.unpack(frame) if config is not None else None
        if packet is None or not isinstance(primary, ClientStream):
            self.packet_in_drops += 1
            return
        if not primary.offer(p4r.StreamMessageResponse(packet=packet)):
            self.packet_in_drops += 1

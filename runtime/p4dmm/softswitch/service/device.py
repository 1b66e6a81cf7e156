# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The switch itself: ports, the running pipeline, the way between them. It knows nothing of gRPC."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from p4dmm.softswitch.pipeline import Pipeline
from p4dmm.softswitch.service.ports import Port, PortError, Receiver

MAX_PORT = 511  # bit<9>; as the drop port it carries nothing

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PortCounters:
    """What went through one port, seen from the switch."""

    rx_frames: int = 0
    rx_bytes: int = 0
    tx_frames: int = 0
    tx_bytes: int = 0
    tx_drops: int = 0


class SwitchDevice:
    """Runs every frame that comes in through the pipeline and sends what comes out.

    The clock counts nanoseconds and never goes back; meters and idle timeouts are measured with it.
    """

    def __init__(
        self, device_id: int, cpu_port: int | None = None, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        if cpu_port is not None and not 0 < cpu_port < MAX_PORT:
            raise ValueError(f"CPU port {cpu_port}: allowed are 1 to {MAX_PORT - 1}")
        self.device_id = device_id
        self.cpu_port = cpu_port
        self.clock = clock
        self.pipeline: Pipeline | None = None
        self.counters: dict[int, PortCounters] = {}
        self.unknown_port_drops = 0
        self.no_pipeline_drops = 0
        self.to_controller: Callable[[bytes], None] | None = None
        self._ports: dict[int, Port] = {}
        self._outputs: dict[int, tuple[Callable[[bytes], bool], PortCounters]] = {}

    def attach_port(self, number: int, port: Port, /) -> None:
        """Open the port under this number. Raises PortError."""
        if number in self._ports or number == self.cpu_port:
            what = "the CPU port" if number == self.cpu_port else "in use"
            raise PortError(f"port {number} is {what}; choose another number")
        if not 0 <= number < MAX_PORT:
            raise PortError(f"port {number}: allowed are 0 to {MAX_PORT - 1}")
        counters = self.counters.setdefault(number, PortCounters())
        port.open(self._receiver(number, counters))
        self._ports[number] = port
        self._outputs[number] = port.send, counters

    def detach_port(self, number: int, /) -> None:
        """Close the port; its counters stay."""
        del self._outputs[number]
        self._ports.pop(number).close()

    def rx_drops(self, number: int) -> int:
        """Frames the port lost before the pipeline saw them."""
        return self._ports[number].rx_drops()

    def close(self) -> None:
        for number in tuple(self._ports):
            self.detach_port(number)

    def inject(self, frame: bytes) -> None:
        """A frame from the controller, controller header included: it comes in on the CPU port."""
        assert self.cpu_port is not None
        self._process(self.cpu_port, frame)

    def _receiver(self, number: int, counters: PortCounters) -> Receiver:
        """What a port hands its frames to: all there is between the port and the pipeline."""
        process = self._process

        def receive(frame: bytes) -> None:
            counters.rx_frames += 1
            counters.rx_bytes += len(frame)
            process(number, frame)

        return receive

    def _process(self, number: int, frame: bytes) -> None:
        if self.pipeline is None:
            self.no_pipeline_drops += 1
            return
        for out, data in self.pipeline.process(number, frame, self.clock()):
            if (output := self._outputs.get(out)) is not None:
                send, counters = output
                if send(data):
                    counters.tx_frames += 1
                    counters.tx_bytes += len(data)
                else:
                    counters.tx_drops += 1
            elif out != self.cpu_port:
                self.unknown_port_drops += 1
            elif self.to_controller is not None:
                self.to_controller(data)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The switches that are measured, each as a process, and a client that fills their tables."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
from finsy.proto import U128, p4i, p4r, p4r_grpc
from google.protobuf import text_format
from p4runtime_inserts import CHANNEL_OPTIONS

from p4dmm.forwarding import Row
from p4dmm.lab.processes import dying_with_parent
from p4dmm.switches.codec import RowCodec
from p4dmm.switches.pipeline import default_pipeline

BMV2 = "simple_switch_grpc"
EMBEDDED = (sys.executable, "-c", "from p4dmm.cli.main import app; app(prog_name='p4dmm')", "switch", "-L", "warning")
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
RPC_TIMEOUT_S = 120.0
BATCH = 1000
DEVICE_ID = 1
INTERRUPTED = 130
"""Exit code, as a shell gives it."""


class BenchError(Exception):
    """The measurement cannot be made, and why."""


def bmv2_installed() -> bool:
    """Whether there is something to measure beside."""
    return shutil.which(BMV2) is not None


def end_in_order() -> None:
    """Let SIGTERM do what Ctrl-C does: KeyboardInterrupt, on which everything started is ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


@contextlib.contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Whatever is started meanwhile runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(target: str, interfaces: Sequence[str] = (), cores: set[int] | None = None) -> Iterator[str]:
    """Run a switch without a program, ports numbered from 1; gives its gRPC address."""
    address = f"127.0.0.1:{_free_port()}"
    with tempfile.TemporaryDirectory(prefix="p4dmm-bench-") as directory:
        # Two BMv2 with one device id on a machine would share this socket.
        own = ["--notifications-addr", f"ipc://{directory}/notifications.ipc", "-L", "off"]
        program = [BMV2, *own] if target == "bmv2" else list(EMBEDDED)
        ports = [word for number, name in enumerate(interfaces, 1) for word in ("-i", f"{number}@{name}")]
        flags = ["--device-id", str(DEVICE_ID), "--no-p4", "--", "--grpc-server-addr", address, "--cpu-port", "510"]
        words = Path(directory, "output")
        with words.open("wb") as output, pinned(cores or os.sched_getaffinity(0)):
            process = subprocess.Popen(
                dying_with_parent([*program, *ports, *flags]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _wait_listening(process, address, words)
            yield address
        finally:
            end(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_listening(process: subprocess.Popen[bytes], address: str, words: Path) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = words.read_text(errors="replace").strip().splitlines()[-3:]
            raise BenchError(f"{process.args[-9:]} ended with status {process.returncode}: {' | '.join(said)}")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.05)
    raise BenchError(f"the switch does not listen on {address} after {START_TIMEOUT_S:.0f} s")


def end(process: subprocess.Popen[Any]) -> None:
    """SIGTERM, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT_S)


class Client:
    """The primary controller of one switch, with the program loaded."""

    INSERT, MODIFY, DELETE = p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE

    def __init__(self, address: str) -> None:
        files = default_pipeline()
        self.p4info = text_format.Parse(files.p4info.read_text(), p4i.P4Info())
        self._codec = RowCodec(self.p4info)
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._stub = p4r_grpc.P4RuntimeStub(self._channel)
        self._election = U128.encode(1)
        arbitration = p4r.MasterArbitrationUpdate(device_id=DEVICE_ID, election_id=self._election)
        self._stream = self._stub.StreamChannel(_kept_open(p4r.StreamMessageRequest(arbitration=arbitration)))
        if (status := next(iter(self._stream)).arbitration.status).code:
            raise BenchError(f"{address}: not the primary controller: {status.message}")
        config = p4r.ForwardingPipelineConfig(p4_device_config=files.device_config.read_bytes())
        config.p4info.CopyFrom(self.p4info)
        self._stub.SetForwardingPipelineConfig(
            p4r.SetForwardingPipelineConfigRequest(
                device_id=DEVICE_ID,
                election_id=self._election,
                action=p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT,
                config=config,
            ),
            timeout=RPC_TIMEOUT_S,
        )

    def request(self, rows: Iterable[Row], kind: p4r.Update.Type.ValueType = p4r.Update.INSERT) -> p4r.WriteRequest:
        """One write of all these rows."""
        updates = [p4r.Update(type=kind, entity=self._codec.encode(row)) for row in rows]
        return p4r.WriteRequest(device_id=DEVICE_ID, election_id=self._election, updates=updates)

    def write(self, request: p4r.WriteRequest) -> None:
        """Every update of it, or grpc.RpcError."""
        self._stub.Write(request, timeout=RPC_TIMEOUT_S)

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert them, in batches."""
        for start in range(0, len(rows), BATCH):
            self.write(self.request(rows[start : start + BATCH]))

    def close(self) -> None:
        """End the stream."""
        self._stream.cancel()
        self._channel.close()


def _kept_open(first: p4r.StreamMessageRequest) -> Iterator[p4r.StreamMessageRequest]:
    yield first
    while True:  # in a thread of gRPC's own, until the call is cancelled
        time.sleep(RPC_TIMEOUT_S)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A switch process with P4Runtime and nanomsg at its sides, and no more than that between a test and the bytes.

What a batch of frames causes is complete when its sentinels are back: one by every port and one to the controller,
sent behind the batch on the way it took. No wait is longer than PATIENCE.
"""

import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import grpc
import pynng
from finsy.proto import p4i, p4r, p4r_grpc

from p4dmm.softswitch.match import Exact

from .entities import Cell, Names
from .rows import PORTS, Group, Meter, Row

EMBEDDED = (sys.executable, "-c", "from p4dmm.cli.main import app; app(prog_name='p4dmm')", "switch")
BMV2 = ("simple_switch_grpc", "--log-level", "off")
PATIENCE = 30
DEVICE_ID = 1
CPU_PORT = 510
SENTINEL_PORT = 8
ALL_PORTS = (*PORTS, SENTINEL_PORT)
TO_PORT, AS_RECEIVED, ROUTED = range(3)  # packet_out.mode
HEADER = struct.Struct("<iii")
PORT_ADD, PACKET_IN, PACKET_OUT = 0, 3, 4

STATION, NEIGHBOR = b"\x02\x00\x00\x00\x5e\x01", b"\x02\x00\x00\x00\x5e\x02"
RS = bytes.fromhex("85000000") + bytes(4)  # its checksum is not verified by the program


class PacketOut(NamedTuple):
    """What the controller sends."""

    port: int
    mode: int
    frame: bytes


class PacketIn(NamedTuple):
    """What the controller gets; metadata by id."""

    metadata: tuple[tuple[int, int], ...]
    frame: bytes


Outcome = Counter[tuple[int, bytes] | PacketIn]


class Target:
    """One running switch; a context manager."""

    def __init__(self, name: str, command: Sequence[str], directory: Path, info: p4i.P4Info, program: bytes) -> None:
        self.name = name
        self._log = (directory / f"{name}.log").open("wb")
        frames = f"ipc://{directory}/{name}.ipc"
        address = f"127.0.0.1:{_free_port()}"
        options = ["--device-id", str(DEVICE_ID), "--packet-in", frames, "--no-p4", "--"]
        options += ["--grpc-server-addr", address, "--cpu-port", str(CPU_PORT)]
        self._process = subprocess.Popen([*command, *options], stdout=self._log, stderr=subprocess.STDOUT)
        self._channel = grpc.insecure_channel(address)
        self._socket = pynng.Pair0(recv_timeout=PATIENCE * 1000, send_timeout=PATIENCE * 1000)
        self._requests: queue.SimpleQueue[p4r.StreamMessageRequest | None] = queue.SimpleQueue()
        self._responses: queue.SimpleQueue[p4r.StreamMessageResponse] = queue.SimpleQueue()
        self._names = Names(info)
        self._sequence = 0
        self._info, self._program, self._frames = info, program, frames

    def __enter__(self) -> Self:
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.put(None)
        self._channel.close()
        self._socket.close()
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        if self._process.poll() is None:
            self._process.kill()
        self._log.close()

    def _connect(self) -> None:
        grpc.channel_ready_future(self._channel).result(timeout=PATIENCE)
        self._stub = p4r_grpc.P4RuntimeStub(self._channel)
        election = p4r.MasterArbitrationUpdate(device_id=DEVICE_ID, election_id=p4r.Uint128(low=1))
        self._requests.put(p4r.StreamMessageRequest(arbitration=election))
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._responses.get(timeout=PATIENCE).arbitration.status.code == 0
        config = p4r.ForwardingPipelineConfig(p4info=self._info, p4_device_config=self._program)
        commit = p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT
        self._stub.SetForwardingPipelineConfig(
            p4r.SetForwardingPipelineConfigRequest(
                device_id=DEVICE_ID, election_id=p4r.Uint128(low=1), action=commit, config=config
            )
        )
        self._socket.dial(self._frames)
        for port in ALL_PORTS:
            self._socket.send(HEADER.pack(PORT_ADD, port, 0))
        self.install(_sentinel_rows())

    def _listen(self) -> None:
        with suppress(grpc.RpcError):
            for response in self._stub.StreamChannel(iter(self._requests.get, None)):
                self._responses.put(response)

    def install(self, rows: Iterable[Row], groups: Iterable[Group] = (), meters: Iterable[Meter] = ()) -> None:
        """Groups first, as rows refer to them."""
        self._write(p4r.Update.INSERT, [*map(Names.group, groups), *map(self._names.row, rows)])
        self._write(p4r.Update.MODIFY, [self._names.meter(meter, configured=True) for meter in meters])

    def remove(self, rows: Iterable[Row], groups: Iterable[Group], meters: Iterable[Meter]) -> None:
        """Leave nothing but the sentinels' rows."""
        self._write(p4r.Update.DELETE, [*map(self._names.row, rows), *map(Names.group, groups)])
        self._write(p4r.Update.MODIFY, [self._names.meter(meter, configured=False) for meter in meters])

    def _write(self, kind: "p4r.Update.Type.ValueType", entities: Sequence[p4r.Entity]) -> None:
        updates = [p4r.Update(type=kind, entity=entity) for entity in entities]
        request = p4r.WriteRequest(device_id=DEVICE_ID, election_id=p4r.Uint128(low=1), updates=updates)
        self._stub.Write(request, timeout=PATIENCE)

    def counters(self) -> dict[Cell, tuple[int, int]]:
        """Every counter cell that is not 0: packets and bytes, by counter or table, and index or match."""
        request = p4r.ReadRequest(device_id=DEVICE_ID, entities=self._names.every_counter())
        cells = [
            self._names.cell(entity)
            for response in self._stub.Read(request, timeout=PATIENCE)
            for entity in response.entities
        ]
        return {cell: count for cell, count in cells if count != (0, 0)}

    def outcome_of_frames(self, frames: Iterable[tuple[int, bytes]]) -> Outcome:
        for port, frame in frames:
            self._send(port, frame)
        self._sequence += 1
        for port in ALL_PORTS:
            self._send(SENTINEL_PORT, _sentinel(port, self._sequence))
        self._send(SENTINEL_PORT, _cpu_sentinel(self._sequence))
        return self._collect(_routed_sentinel)

    def outcome_of_packet_outs(self, packet_outs: Iterable[PacketOut]) -> Outcome:
        for packet_out in packet_outs:
            self._send_packet_out(packet_out)
        self._sequence += 1
        for port in ALL_PORTS:
            self._send_packet_out(PacketOut(port, TO_PORT, _sentinel(port, self._sequence)))
        self._send_packet_out(PacketOut(SENTINEL_PORT, AS_RECEIVED, _cpu_sentinel(self._sequence)))
        return self._collect(_sentinel)

    def _collect(self, sentinel: Callable[[int, int], bytes]) -> Outcome:
        outcome: Outcome = Counter()
        awaited = {(port, sentinel(port, self._sequence)) for port in ALL_PORTS}
        while awaited:
            kind, port, length = HEADER.unpack_from(message := self._receive(awaited))
            assert (kind, length) == (PACKET_OUT, len(message) - HEADER.size), (
                f"{self.name}: framing {message[:12].hex()}"
            )
            found = (port, message[HEADER.size :])
            if found in awaited:
                awaited.remove(found)
            elif port in ALL_PORTS:  # over nanomsg BMv2 also sends to ports that nobody has added
                outcome[found] += 1
        while (packet := self._next_packet_in()).frame != _cpu_sentinel(self._sequence):
            outcome[packet] += 1
        return outcome

    def _receive(self, awaited: set[tuple[int, bytes]]) -> bytes:
        try:
            return self._socket.recv()
        except pynng.Timeout:
            ports = sorted(port for port, _ in awaited)
            raise AssertionError(f"{self.name}: sentinels to ports {ports} are lost; {self._state()}") from None

    def _next_packet_in(self) -> PacketIn:
        try:
            packet = self._responses.get(timeout=PATIENCE).packet
        except queue.Empty:
            raise AssertionError(f"{self.name}: the sentinel to the controller is lost; {self._state()}") from None
        metadata = {item.metadata_id: int.from_bytes(item.value, "big") for item in packet.metadata}
        return PacketIn(tuple(sorted(metadata.items())), packet.payload)

    def _state(self) -> str:
        status = self._process.poll()
        return "it is running" if status is None else f"it has ended with status {status}"

    def _send(self, port: int, frame: bytes) -> None:
        self._socket.send(HEADER.pack(PACKET_IN, port, len(frame)) + frame)

    def _send_packet_out(self, packet_out: PacketOut) -> None:
        metadata = self._names.packet_out(port=packet_out.port, mode=packet_out.mode)
        packet = p4r.PacketOut(payload=packet_out.frame, metadata=metadata)
        self._requests.put(p4r.StreamMessageRequest(packet=packet))


def _sentinel_rows() -> list[Row]:
    port = ("port", Exact(SENTINEL_PORT))
    mac, neighbor = (int.from_bytes(address, "big") for address in (STATION, NEIGHBOR))
    rows = [
        Row("ports", (port,), "DmmIngress.admission.set_role", (("role", 2),)),
        Row("my_stations", (port, ("link_layer_address", Exact(mac))), "DmmIngress.stations.admit", ()),
    ]
    for number in ALL_PORTS:
        prefix = ("prefix", Exact(0xFD00_0000_0000_0000 + number))
        params = (("port", number), ("link_layer_address", neighbor), ("router_address", mac), ("node_id", 0))
        rows.append(Row("prefix_bindings", (prefix,), "DmmIngress.bindings.prefix.deliver", params))
    return rows


def _sentinel(port: int, sequence: int) -> bytes:
    """Sent to the router: it is routed to a port."""
    return STATION + NEIGHBOR + _numbered(port, sequence, hop_limit=64)


def _routed_sentinel(port: int, sequence: int) -> bytes:
    return NEIGHBOR + STATION + _numbered(port, sequence, hop_limit=63)


def _numbered(port: int, sequence: int, hop_limit: int) -> bytes:
    addresses = (0xFD00 << 112 | 1).to_bytes(16, "big") + ((0xFD00 << 48 | port) << 64 | 1).to_bytes(16, "big")
    return b"\x86\xdd\x60\x00\x00\x00\x00\x08\x3b" + bytes([hop_limit]) + addresses + sequence.to_bytes(8, "big")


def _cpu_sentinel(sequence: int) -> bytes:
    """A Router Solicitation, always punted."""
    addresses = (0xFE80 << 112 | 0x5E).to_bytes(16, "big") + (0xFF02 << 112 | 2).to_bytes(16, "big")
    payload = RS + sequence.to_bytes(8, "big")
    return STATION + NEIGHBOR + b"\x86\xdd\x60\x00\x00\x00\x00\x10\x3a\xff" + addresses + payload


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]

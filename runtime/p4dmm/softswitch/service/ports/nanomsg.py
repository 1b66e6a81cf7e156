# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""BMv2's ``--packet-in``: the frames of all ports over one nanomsg PAIR socket, so that PTF needs no privileges.

A message is three little-endian 32-bit integers (type, port, length or argument), then the frame. Ports appear when the
client adds them or sends on them. A port the client has set down loses frames both ways, which BMv2 does not do here.
"""

import asyncio
import logging
import struct
from typing import Protocol

import pynng

from p4dmm.softswitch.service.ports.base import BURST, Port, PortError, Receiver

HEADER = struct.Struct("<iii")
PORT_ADD, PORT_REMOVE, PORT_SET_STATUS, PACKET_IN, PACKET_OUT, INFO_REQUEST, INFO_REPLY = range(7)
STATUS_NOT_SUPPORTED = 1
MAX_PORT = 511
BUFFER_MESSAGES = 1024

log = logging.getLogger(__name__)


class PortSet(Protocol):
    """What gets the ports: a switch device."""

    def attach_port(self, number: int, port: Port, /) -> None: ...

    def detach_port(self, number: int, /) -> None: ...


class NanomsgPort:
    """One port number of the socket."""

    def __init__(self, hub: "NanomsgHub", number: int) -> None:
        self._hub = hub
        self._number = number
        self.receive: Receiver | None = None
        self._drops = 0

    def open(self, receive: Receiver, /) -> None:
        self.receive = receive

    def send(self, frame: bytes, /) -> bool:
        return self.receive is not None and self._hub.transmit(self._number, frame)

    def deliver(self, frame: bytes) -> None:
        if self.receive is not None:
            self.receive(frame)
        else:
            self._drops += 1

    def rx_drops(self) -> int:
        return self._drops

    def close(self) -> None:
        self.receive = None


class NanomsgHub:
    """The socket, and the ports behind it."""

    def __init__(self, address: str, ports: PortSet) -> None:
        self.address = address
        self.malformed = 0
        self._owner = ports
        self._ports: dict[int, NanomsgPort] = {}
        self._socket: pynng.Pair0 | None = None

    def open(self) -> None:
        socket = pynng.Pair0()
        socket.recv_buffer_size = socket.send_buffer_size = BUFFER_MESSAGES
        try:
            socket.listen(self.address)
        except pynng.NNGException as error:
            socket.close()
            raise PortError(
                f"--packet-in {self.address}: {error}; expected ipc://PATH or tcp://HOST:PORT, not in use"
            ) from error
        self._socket = socket
        asyncio.get_running_loop().add_reader(socket.recv_fd, self._burst)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.recv_fd)
            self._socket.close()
            self._socket = None

    def transmit(self, number: int, frame: bytes) -> bool:
        # Without a client the socket would keep frames and hand stale ones to the next client.
        if self._socket is None or not self._socket.pipes:
            return False
        return self._send(HEADER.pack(PACKET_OUT, number, len(frame)) + frame)

    def _send(self, message: bytes) -> bool:
        assert self._socket is not None
        try:
            self._socket.send(message, block=False)
        except pynng.NNGException:  # TryAgain: the client does not keep up
            return False
        return True

    def _burst(self) -> None:
        for _ in range(BURST):
            if self._socket is None:
                return
            try:
                message = self._socket.recv_msg(block=False).bytes  # recv() raises on an empty message
            except pynng.TryAgain:
                return
            self._handle(message)

    def _handle(self, message: bytes) -> None:
        if len(message) < HEADER.size:
            self._reject("shorter than its header")
            return
        kind, number, argument = HEADER.unpack_from(message)
        if not 0 <= number <= MAX_PORT:
            self._reject(f"port {number}")
        elif kind == PACKET_IN and argument == len(message) - HEADER.size:
            self._port(number).deliver(message[HEADER.size :])
        elif kind == PORT_ADD or (kind == PORT_SET_STATUS and argument in {0, 1}):
            self._port(number)
        elif kind == PORT_REMOVE:
            if self._ports.pop(number, None) is not None:
                self._owner.detach_port(number)
        elif kind == INFO_REQUEST:
            self._send(HEADER.pack(INFO_REPLY, number, argument) + struct.pack("<i", STATUS_NOT_SUPPORTED))
        else:
            self._reject(f"type {kind}, argument {argument}, {len(message)} bytes")

    def _reject(self, what: str) -> None:
        self.malformed += 1
        log.warning("%s: message refused: %s", self.address, what)

    def _port(self, number: int) -> NanomsgPort:
        port = self._ports.get(number)
        if port is None:
            port = self._ports[number] = NanomsgPort(self, number)
            self._owner.attach_port(number, port)
        return port

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Numbered packets, sent at a steady pace or received: ICMPv6 echo and UDP. Times are time.monotonic().

All processes of a machine share that clock, so what one host noted can be compared with what another did.
"""

import asyncio
import contextlib
import socket
import struct
import time
from typing import Any

_ICMPV6_FILTER = 1  # linux/icmpv6.h
_ECHO_REQUEST, _ECHO_REPLY = 128, 129
_ECHO = struct.Struct("!BBHHHI")  # type, code, checksum, identifier, sequence, and the sequence in full
_PADDING = bytes(range(48))
_MAGIC = 0x44_4D_4D_31
_DATAGRAM = struct.Struct("!II")


class Stream:
    """One end of a stream, or of an echo both: when each packet was sent, what arrived when."""

    def __init__(self, sock: socket.socket) -> None:
        self.sent: list[float] = []
        self.arrivals: list[tuple[int, float]] = []
        self.errors = 0
        self._socket = sock
        self._sending: asyncio.Task[None] | None = None
        sock.setblocking(False)  # noqa: FBT003 the standard library's signature
        asyncio.get_running_loop().add_reader(sock, self._receive)

    def log(self, sent_since: int = 0, arrivals_since: int = 0) -> dict[str, Any]:
        """Return what was noted since the given counts."""
        return {"sent": self.sent[sent_since:], "arrivals": self.arrivals[arrivals_since:], "errors": self.errors}

    async def stop_sending(self) -> None:
        """Send nothing more, keep listening."""
        if self._sending:
            self._sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sending

    async def close(self) -> None:
        """Send and receive nothing more."""
        await self.stop_sending()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def send_every(self, interval: float, to: tuple[str, int]) -> None:
        """Send until told to stop."""
        self._sending = asyncio.create_task(self._send(interval, _resolve(*to)))

    async def _send(self, interval: float, to: tuple[Any, ...]) -> None:
        due = time.monotonic()
        while True:
            packet = self.encode(len(self.sent))
            self.sent.append(time.monotonic())
            try:
                self._socket.sendto(packet, to)
            except OSError:  # no route, no buffer: this packet is lost, as its sender sees it
                self.errors += 1
            due += interval
            # Behind by more than a second the machine was asleep: do not make up for it in one burst.
            due = max(due, time.monotonic() - 1)
            await asyncio.sleep(max(0, due - time.monotonic()))

    def _receive(self) -> None:
        while True:
            try:
                data = self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:  # an ICMPv6 error that came back
                self.errors += 1
                return
            now = time.monotonic()
            if (sequence := self.decode(data)) is not None:
                self.arrivals.append((sequence, now))

    def encode(self, sequence: int) -> bytes:
        """Return the packet of this number."""
        raise NotImplementedError

    def decode(self, data: bytes) -> int | None:
        """Return the number of a packet of this stream, None if it is another's."""
        raise NotImplementedError


class Echo(Stream):
    """Sends echo requests; the arrivals are the replies, which the kernel at the other end sends."""

    def __init__(self, source: str, identifier: int) -> None:
        self._identifier = identifier & 0xFFFF
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        passed = bytearray(b"\xff" * 32)
        word = _ECHO_REPLY >> 5
        blocked = struct.unpack_from("=I", passed, word * 4)[0] & ~(1 << (_ECHO_REPLY & 31))
        struct.pack_into("=I", passed, word * 4, blocked)
        sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, bytes(passed))
        sock.bind(_resolve(source, 0))
        super().__init__(sock)

    def encode(self, sequence: int) -> bytes:
        return _ECHO.pack(_ECHO_REQUEST, 0, 0, self._identifier, sequence & 0xFFFF, sequence) + _PADDING

    def decode(self, data: bytes) -> int | None:
        if len(data) != _ECHO.size + len(_PADDING) or data[_ECHO.size :] != _PADDING:
            return None
        kind, _code, _checksum, identifier, _low, sequence = _ECHO.unpack_from(data)
        return int(sequence) if (kind, identifier) == (_ECHO_REPLY, self._identifier) else None


class Datagrams(Stream):
    """Numbered UDP from and to one local address and port."""

    def __init__(self, address: str, port: int) -> None:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind(_resolve(address, port))
        super().__init__(sock)

    def encode(self, sequence: int) -> bytes:
        return _DATAGRAM.pack(_MAGIC, sequence) + _PADDING

    def decode(self, data: bytes) -> int | None:
        if len(data) != _DATAGRAM.size + len(_PADDING):
            return None
        magic, sequence = _DATAGRAM.unpack_from(data)
        return int(sequence) if magic == _MAGIC else None


def _resolve(address: str, port: int) -> tuple[Any, ...]:
    """Return a socket address; this way a link-local one may name its interface (fe80::1%eth0)."""
    return socket.getaddrinfo(address, port, socket.AF_INET6, flags=socket.AI_NUMERICHOST)[0][4]

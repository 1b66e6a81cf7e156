# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""TCP between two hosts: a long connection that both ends keep busy, and short ones that fetch some octets.

The first line says what the opener wants: ``bulk RATE NAME`` or ``short OCTETS``. What follows it is :mod:`.pattern`.
"""

import asyncio
import contextlib
import time
from typing import Any

from .pattern import PatternVerifier, pattern

_TICK_S = 0.02
_CHUNK = 65536
_BUFFER = 32768  # small, so that goodput shows what the network takes and not what waits in this process
_LINE_TIMEOUT_S = 30


class BulkEnd:
    """One end of a long connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: int) -> None:
        writer.transport.set_write_buffer_limits(high=_BUFFER)
        self.local: str = writer.get_extra_info("sockname")[0]
        self.problems: list[str] = []
        self.arrivals: list[tuple[float, int]] = []
        self._reader, self._writer, self._rate = reader, writer, rate
        self._verifier = PatternVerifier()
        self._sending = asyncio.create_task(self._send())
        self._receiving = asyncio.create_task(self._receive())

    def log(self, arrivals_since: int = 0) -> dict[str, Any]:
        """Return what arrived since the given count, and all problems."""
        return {"arrivals": self.arrivals[arrivals_since:], "problems": self.problems, "local": self.local}

    async def finish(self, timeout_s: float) -> None:
        """Stop sending and wait for the other end's last octet."""
        self._sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sending
        try:
            self._writer.write_eof()
            await asyncio.wait_for(asyncio.shield(self._receiving), timeout_s)
        except TimeoutError:
            self.problems.append(f"the other end did not close within {timeout_s:.0f} s")
        except OSError as error:
            self.problems.append(f"closing: {error}")

    async def close(self) -> None:
        """End the connection as it is."""
        for task in (self._sending, self._receiving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._writer.transport.abort()

    async def _send(self) -> None:
        offset, step, due = 0, max(1, round(self._rate * _TICK_S)), time.monotonic()
        try:
            while True:
                self._writer.write(pattern(offset, step))
                offset += step
                await self._writer.drain()
                # What a stall has held up is not made up for: the rate afterwards is the rate before.
                due = max(due + _TICK_S, time.monotonic())
                await asyncio.sleep(max(0, due - time.monotonic()))
        except OSError as error:
            self._note(f"sending stopped after {offset} octets: {error}")

    async def _receive(self) -> None:
        try:
            while data := await self._reader.read(_CHUNK):
                self.arrivals.append((time.monotonic(), len(data)))
                intact = self._verifier.corrupt_at is None
                self._verifier.feed(data)
                if intact and self._verifier.corrupt_at is not None:
                    self._note(f"octet {self._verifier.corrupt_at} is wrong")
        except OSError as error:
            self._note(f"receiving stopped after {self._verifier.received} octets: {error}")
            return
        # The other end has closed: so does this one.
        self._sending.cancel()
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def _note(self, problem: str) -> None:
        self.problems.append(f"{self.local}: {problem}")


async def open_bulk(source: str, to: tuple[str, int], rate: int, name: str, timeout_s: float) -> BulkEnd:
    """Open a long connection from a chosen address."""
    opening = asyncio.open_connection(*to, local_addr=(source, 0))
    reader, writer = await asyncio.wait_for(opening, timeout_s)
    writer.write(f"bulk {rate} {name}\n".encode())
    return BulkEnd(reader, writer, rate)


async def fetch(to: tuple[str, int], octets: int, timeout_s: float) -> dict[str, Any]:
    """Open a connection from the address the kernel chooses, fetch and verify so many octets, close it."""
    begun = time.monotonic()
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(*to)
        source = writer.get_extra_info("sockname")[0]
        writer.write(f"short {octets}\n".encode())
        verifier = PatternVerifier()
        while data := await reader.read(_CHUNK):
            verifier.feed(data)
        writer.close()
        await writer.wait_closed()
    if verifier.corrupt_at is not None:
        raise OSError(f"octet {verifier.corrupt_at} is wrong")
    if verifier.received != octets:
        raise OSError(f"{verifier.received} octets arrived of {octets}")
    return {"source": source, "octets": verifier.received, "seconds": time.monotonic() - begun}


class Server:
    """Serves both kinds; the ends of long connections are found by the name their openers gave."""

    def __init__(self) -> None:
        self.ends: dict[str, BulkEnd] = {}
        self._server: asyncio.Server | None = None

    async def start(self, address: str, port: int) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, address, port)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server:
            self._server.close()
        for end in self.ends.values():
            await end.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            words = (await asyncio.wait_for(reader.readline(), _LINE_TIMEOUT_S)).decode().split()
            if words[:1] == ["bulk"]:
                self.ends[words[2]] = BulkEnd(reader, writer, int(words[1]))
                return
            writer.write(pattern(0, int(words[1])))
            await writer.drain()
            writer.close()
        except (OSError, ValueError, IndexError):  # a connection that says nothing sensible gets no answer
            writer.transport.abort()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m p4dmm.lab.host_agent``: does as it is told inside a host's network namespace.

Each line on standard input is a request ``{"id": 1, "do": "addresses", ...}``; each gets a line
``{"id": 1, "result": ...}`` or ``{"id": 1, "error": "..."}``. The end of the input is the end of the agent, so no agent
outlives its lab.
"""

import asyncio
import json
import signal
import sys
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from . import host_setup, host_tcp
from .host_streams import Datagrams, Echo, Stream

_LINE_LIMIT = 1 << 20


class Agent:
    """The streams and connections of one host, by name."""

    def __init__(self) -> None:
        self._streams: dict[str, Stream] = {}
        self._connections: dict[str, host_tcp.BulkEnd] = {}
        self._server = host_tcp.Server()
        self._requests: dict[str, Callable[..., Awaitable[Any]]] = {
            "configure": host_setup.configure,
            "addresses": self._addresses,
            "default_routers": self._default_routers,
            "echo": self._echo,
            "udp": self._udp,
            "send": self._send,
            "stream_log": self._stream_log,
            "stop_sending": self._stop_sending,
            "close_stream": self._close_stream,
            "tcp_serve": self._server.start,
            "tcp_open": self._tcp_open,
            "tcp_fetch": self._tcp_fetch,
            "tcp_log": self._tcp_log,
            "tcp_finish": self._tcp_finish,
        }

    async def answer(self, line: bytes) -> dict[str, Any]:
        """Do what one line asks and return what to say."""
        request = json.loads(line)
        number, name = request.pop("id"), request.pop("do")
        try:
            return {"id": number, "result": await self._requests[name](**request)}
        except Exception as error:  # noqa: BLE001 the lab hears of it and decides
            return {"id": number, "error": f"{name}: {error or type(error).__name__}"}

    async def close(self) -> None:
        """End everything."""
        for stream in self._streams.values():
            await stream.close()
        for connection in self._connections.values():
            await connection.close()
        await self._server.close()

    async def _addresses(self) -> Any:
        return host_setup.addresses()

    async def _default_routers(self) -> Any:
        return host_setup.default_routers()

    async def _echo(self, name: str, source: str) -> None:
        self._streams[name] = Echo(source, zlib.crc32(name.encode()))

    async def _udp(self, name: str, address: str, port: int) -> None:
        self._streams[name] = Datagrams(address, port)

    async def _send(self, name: str, to: tuple[str, int], interval: float) -> None:
        self._streams[name].send_every(interval, (to[0], to[1]))

    async def _stream_log(self, name: str, sent_since: int, arrivals_since: int) -> Any:
        return self._streams[name].log(sent_since, arrivals_since)

    async def _stop_sending(self, name: str) -> None:
        await self._streams[name].stop_sending()

    async def _close_stream(self, name: str) -> None:
        await self._streams.pop(name).close()

    async def _tcp_open(self, name: str, source: str, to: tuple[str, int], rate: int, timeout_s: float) -> Any:
        self._connections[name] = end = await host_tcp.open_bulk(source, (to[0], to[1]), rate, name, timeout_s)
        return end.local

    async def _tcp_fetch(self, to: tuple[str, int], octets: int, timeout_s: float) -> Any:
        return await host_tcp.fetch((to[0], to[1]), octets, timeout_s)

    async def _tcp_log(self, name: str, arrivals_since: int) -> Any:
        end = self._connections.get(name) or self._server.ends.get(name)
        return end.log(arrivals_since) if end else {"arrivals": [], "problems": [], "local": ""}

    async def _tcp_finish(self, name: str, timeout_s: float) -> None:
        await self._connections[name].finish(timeout_s)


async def main() -> None:
    """Answer until the input ends."""
    # Ctrl-C reaches every process of the terminal; this one ends when its lab does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    agent = Agent()
    running: set[asyncio.Task[None]] = set()

    async def respond(line: bytes) -> None:
        _say(await agent.answer(line))

    _say({"id": 0, "result": "ready"})
    while line := await reader.readline():
        # Requests that wait (for a connection, say) do not hold up the others.
        task = asyncio.create_task(respond(line))
        running.add(task)
        task.add_done_callback(running.discard)
    await agent.close()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())

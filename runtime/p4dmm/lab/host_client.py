# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A host of the lab: a process in a network namespace of its own, and the requests it answers."""

import asyncio
import contextlib
import json
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from .errors import LabError

_START_TIMEOUT_S = 20.0
_LINE_LIMIT = 64 << 20  # the log of a long stream in one line


class HostProcess:
    """Holds a namespace by running the host agent in it; the namespace goes when the agent does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last = 0

    @property
    def pid(self) -> int:
        """Of the agent, which is in the host's namespace."""
        assert self._process
        return self._process.pid

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return a command that runs ``argv`` on this host, for a process inside the lab."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *argv]

    def shell_hint(self) -> str:
        """Return the command with which a person outside the lab gets a shell on this host."""
        namespaces = ["--net"] if _is_real_root() else ["--user", "--preserve-credentials", "--net"]
        return shlex.join(["nsenter", "--target", str(self.pid), *namespaces])

    async def start(self) -> None:
        """Start the agent; returns when it is in its namespace."""
        argv = ["unshare", "--net", "--", sys.executable, "-m", "p4dmm.lab.host_agent"]
        self._process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_LINE_LIMIT,
        )
        ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[0] = ready
        self._reading = asyncio.create_task(self._read())
        await self._result("start", ready, _START_TIMEOUT_S)

    async def ask(self, what: str, answer_within_s: float = 10.0, **arguments: Any) -> Any:
        """Have the agent do something. LabError when it fails, ends or takes too long."""
        if self._process is None or self._process.stdin is None or self._process.returncode is not None:
            raise LabError(f"host {self.name} is not running: {what} cannot be done")
        self._last += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = future
        line = json.dumps({"id": self._last, "do": what, **arguments})
        self._process.stdin.write(line.encode() + b"\n")
        return await self._result(what, future, answer_within_s)

    async def stop(self) -> None:
        """End the agent, and with it the namespace."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 3)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._reading:
            await self._reading

    async def _result(self, what: str, future: asyncio.Future[Any], timeout_s: float) -> Any:
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise LabError(f"host {self.name} did not answer {what!r} within {timeout_s:.0f} s") from None

    async def _read(self) -> None:
        assert self._process
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            future = self._waiting.pop(message["id"], None)
            if future is None or future.done():
                continue
            if "error" in message:
                future.set_exception(LabError(f"host {self.name}: {message['error']}"))
            else:
                future.set_result(message["result"])
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LabError(f"host {self.name}: its agent has ended"))
        self._waiting.clear()


def _is_real_root() -> bool:
    with open("/proc/self/uid_map", encoding="ascii") as file:  # noqa: PTH123 read_text is blocking all the same
        return file.read().split() == ["0", "0", "4294967295"]

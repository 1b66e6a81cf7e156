# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Processes of a lab: started with a log, waited for, ended; none of them outlives the lab."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from .errors import LabError

_STOP_TIMEOUT_S = 5.0
_LAST_LINES = 3


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """Return the command so that the kernel ends it if this process dies without a chance to."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)


class LoggedProcess:
    """One long-running process whose output goes to a file."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name, self.log = name, log
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; what it says is not awaited."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as output:
            try:
                # A session of its own: Ctrl-C in the terminal is for the lab, which then ends its processes in order.
                self._process = await asyncio.create_subprocess_exec(
                    *dying_with_parent(self._command),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                )
            except OSError as error:
                raise LabError(f"{self.name}: cannot start {self._command[0]}: {error.strerror}") from error

    async def wait_listening(self, host: str, port: int, timeout_s: float) -> None:
        """Wait until its TCP port accepts a connection; LabError when it ends or takes too long."""
        assert self._process
        deadline = asyncio.get_running_loop().time() + timeout_s
        while asyncio.get_running_loop().time() < deadline:
            if self._process.returncode is not None:
                raise LabError(f"{self.name} ended with status {self._process.returncode}: {self.last_words()}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise LabError(f"{self.name} does not listen on {host}:{port} after {timeout_s:.0f} s; see {self.log}")

    def last_words(self) -> str:
        """Return the end of the log in one line."""
        with contextlib.suppress(OSError):
            lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return f"{' | '.join(lines[-_LAST_LINES:])} (see {self.log})"
        return f"it said nothing (see {self.log})"

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_TIMEOUT_S)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

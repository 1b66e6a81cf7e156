# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Durable saves from an asyncio loop, many to a disk flush.

All saves that come while the disk is busy are carried out next, in one transaction (group commit). One thread does
what waits for the disk.
"""

import asyncio
import contextlib
import gc
import threading
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from .changes import Change, Contents, Kinds
from .database import Database, Save
from .errors import StoreError
from .rows import RowCodec

MAX_SAVES = 4096
"""Under way at a time; further ones wait until some are done."""


class _Waiting(NamedTuple):
    save: Save
    durable: asyncio.Future[None]


class Store:
    """What must not be lost: states of nodes and peers, prefixes in use, named values. Used from one asyncio loop."""

    @classmethod
    def open(cls, path: Path, kinds: Kinds, *, max_saves: int = MAX_SAVES) -> "Store":
        """Open the file, or make it if there is none; its directory must exist. It is this store's alone until it is
        closed or the process ends.

        Raises StoreError if the file is not a store, of another schema version, damaged or open elsewhere, or if a
        class of `kinds` cannot be stored. The file is left as it is then.
        """
        rows = RowCodec(kinds)
        return cls(Database(path), rows, max_saves=max_saves)

    def __init__(self, database: Database, rows: RowCodec, *, max_saves: int = MAX_SAVES) -> None:
        self._database, self._rows = database, rows
        self._room = asyncio.Semaphore(max_saves)
        self._loop: asyncio.AbstractEventLoop | None = None
        # Saves of this turn of the loop: they reach the thread together, so that a group is not cut.
        self._gathered: list[_Waiting] = []
        self._queue: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._closed = False
        # A daemon: a process that is to end does not wait for it. What it then leaves undone nobody was promised.
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    def load(self) -> Contents:
        """Return everything that was saved. StoreError names the object that this program cannot read."""
        # What is read stays: looking for garbage in it again and again would take longer than reading it.
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return self._rows.contents(self._database.rows)
        except (StoreError, ValueError) as error:
            # ValueError: keys that are none, with a checksum that is right.
            raise StoreError(f"{self._database.path}: {error}") from error
        finally:
            if was_enabled:
                gc.enable()

    async def save(self, changes: Iterable[Change]) -> None:
        """Carry out the changes in their order, all or none; return when they are durable. Nobody sees them before.

        Raises PrefixConflictError or StoreError when they are refused, which concerns no other save, and StoreError
        when the disk fails; then this save was not done, and later ones may be. A save that is cancelled is done or
        not. Saves are carried out in the order in which they were begun.
        """
        save = [self._rows.operation(change) for change in changes]
        await self._room.acquire()
        if self._closed:
            self._room.release()
            raise StoreError(f"{self._database.path} is closed")
        loop = asyncio.get_running_loop()
        if not self._gathered:
            self._loop = loop
            loop.call_soon(self._hand_over)
        durable = loop.create_future()
        self._gathered.append(_Waiting(save, durable))
        await durable

    async def stop(self) -> None:
        """Finish what was begun, and close the file. Later saves are refused."""
        self._end()
        await asyncio.to_thread(self._thread.join)

    def close(self) -> None:
        """The same, outside of the loop."""
        self._end()
        self._thread.join()

    def _end(self) -> None:
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(None)

    def _hand_over(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _write(self) -> None:
        """The thread."""
        group: list[_Waiting] = []
        ended = False
        try:
            while not ended:
                group, ended = self._next_group()
                outcomes = self._commit(group)
                self._answer(group, outcomes)
                group = []
        finally:
            self._closed = True
            self._database.close()
            # Only if the thread is ended by an exception that it does not expect.
            while not self._queue.empty():
                group += self._queue.get() or []
            self._answer(group, _failed(group, f"{self._database.path} is closed: its thread has failed"))

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """Everything that waits, at least one save, and whether nothing comes after it; then it may be nothing."""
        group: list[_Waiting] = []
        while (batch := self._queue.get()) is not None:
            group += batch
            if self._queue.empty():
                return group, False
        return group, True

    def _commit(self, group: list[_Waiting]) -> list[StoreError | None]:
        if not group:
            return []
        try:
            return self._database.commit([waiting.save for waiting in group])
        except StoreError as error:
            return _failed(group, str(error))

    def _answer(self, group: list[_Waiting], outcomes: list[StoreError | None]) -> None:
        if group and self._loop:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                self._loop.call_soon_threadsafe(self._settle, group, outcomes)

    def _settle(self, group: list[_Waiting], outcomes: list[StoreError | None]) -> None:
        for waiting, outcome in zip(group, outcomes, strict=True):
            self._room.release()
            if waiting.durable.done():
                continue  # Cancelled.
            if outcome is None:
                waiting.durable.set_result(None)
            else:
                waiting.durable.set_exception(outcome)


def _failed(group: list[_Waiting], problem: str) -> list[StoreError | None]:
    # One for each, since every waiter adds its own traceback.
    return [StoreError(problem) for _ in group]

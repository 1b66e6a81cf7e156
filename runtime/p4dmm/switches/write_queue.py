# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What several callers write to one switch, in few requests: all that waits while the switch is written to goes next,
together. What it refuses one of them concerns none of the others (P4Runtime specification sections 12.2 and
12.3: a request is carried out as far as it goes, with a status for each update)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from finsy.proto import p4r

from p4dmm.forwarding import Change, RowKey, Write

from .references import References, in_order

BATCH = 1000
"""Updates in one WriteRequest: large enough to amortize the round trip, small enough for the error details of a batch
that fails as a whole to fit the metadata a client accepts."""

Refusals = Mapping[int, tuple[str, str]]
"""Index of an update -> code and message."""


@dataclass(frozen=True, slots=True)
class FailedWrite:
    """One update the switch refused."""

    write: Write
    code: str
    message: str


class SwitchWriteError(Exception):
    """Some writes failed: names the switch, and the rows with the switch's reasons. `done` are those that it has
    carried out, `unsent` those that were to follow."""

    def __init__(
        self, switch: str, failed: Sequence[FailedWrite], done: Sequence[Write], unsent: Sequence[Write] = ()
    ) -> None:
        self.switch = switch
        self.failed = tuple(failed)
        self.done = tuple(done)
        self.unsent = tuple(unsent)
        first = self.failed[0]
        more = f" and {len(self.failed) - 1} more" if len(self.failed) > 1 else ""
        super().__init__(
            f"{switch} refused to {first.write.change.value} {first.write.row.at.table} {first.write.row.at.key}: "
            f"{first.code} {first.message}{more}"
        )


@dataclass(slots=True)
class _Touched:
    """Rows, and tables by what is done there."""

    rows: set[RowKey] = field(default_factory=set)
    inserted: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    pointed_at: set[str] = field(default_factory=set)
    """By rows that are inserted or modified."""
    let_go: set[str] = field(default_factory=set)
    """Pointed at by rows that are modified or deleted, until then."""

    def add(self, write: Write, references: References) -> None:
        """Note what a write is about."""
        table = write.row.at.table
        self.rows.add(write.row.at)
        pointed_at = references.get(table, ())
        if write.change is not Change.DELETE:
            self.pointed_at.update(pointed_at)
        if write.change is not Change.INSERT:
            self.let_go.update(pointed_at)
        if write.change is Change.INSERT:
            self.inserted.add(table)
        elif write.change is Change.DELETE:
            self.deleted.add(table)

    def add_all(self, other: "_Touched") -> None:
        """Note what others are about."""
        self.rows |= other.rows
        self.inserted |= other.inserted
        self.deleted |= other.deleted
        self.pointed_at |= other.pointed_at
        self.let_go |= other.let_go

    def has_to_follow(self, before: "_Touched") -> bool:
        """Whether it may not be written before that, nor in one request with it: it is about the same row, or may need
        the room of a row that goes, or a row to point at, or that nothing points at a row any more."""
        return not (
            self.rows.isdisjoint(before.rows)
            and self.inserted.isdisjoint(before.deleted)
            and self.pointed_at.isdisjoint(before.inserted)
            and self.deleted.isdisjoint(before.let_go)
        )


@dataclass(slots=True, eq=False)
class _Queued:
    """Of one caller."""

    updates: list[tuple[Write, p4r.Update]]
    requests: list[Sequence[Write]]
    """One after the other; only the first may be for others as well."""
    touched: _Touched
    written: asyncio.Future[None]
    done: list[Write] = field(default_factory=list)
    failed: list[FailedWrite] = field(default_factory=list)
    unsent: list[Write] = field(default_factory=list)

    def end(self, error: Exception | None) -> None:
        if self.written.done():
            return  # its caller was cancelled
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)


class WriteQueue:
    """Of one switch. `send` carries out one request and returns what was refused; it raises ConnectionError when what
    was done of it is not known."""

    def __init__(
        self,
        switch: str,
        references: References,
        encode: Callable[[Write], p4r.Update],
        send: Callable[[list[p4r.Update]], Awaitable[Refusals]],
    ) -> None:
        self._switch = switch
        self._references = references
        self._encode = encode
        self._send = send
        self._queue: list[_Queued] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, writes: Iterable[Write]) -> None:
        """Write in the order that references between rows ask for. Raises SwitchWriteError when some are refused, with
        no request sent for these writes after that one; ConnectionError."""
        updates = [(write, self._encode(write)) for write in writes]
        requests = list(_batches(in_order((write for write, _ in updates), self._references)))
        touched = _Touched()
        for write, _ in updates:
            touched.add(write, self._references)
        queued = _Queued(updates, requests, touched, asyncio.get_running_loop().create_future())
        self._queue.append(queued)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"write {self._switch}")
        await queued.written

    async def stop(self) -> None:
        """Write nothing more; who waits gets ConnectionError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        group: list[_Queued] = []
        try:
            while group := self._take():
                await self._write(group)
        finally:
            for queued in (*group, *self._queue):
                queued.end(ConnectionError(f"switch {self._switch} is not written to any more"))
            self._queue.clear()

    def _take(self) -> list[_Queued]:
        """The first in the queue, and all that may go in one request with it and before those that stay."""
        waiting, self._queue = [queued for queued in self._queue if not queued.written.done()], []
        taken: list[_Queued] = []
        before = _Touched()
        room = BATCH
        for queued in waiting:
            is_whole = len(queued.requests) <= 1 and room >= len(queued.updates)
            if not taken or (is_whole and len(taken[0].requests) <= 1 and not queued.touched.has_to_follow(before)):
                taken.append(queued)
                room -= len(queued.updates)
            else:
                self._queue.append(queued)
            before.add_all(queued.touched)
        return taken

    async def _write(self, group: Sequence[_Queued]) -> None:
        of = {id(write): (queued, update) for queued in group for write, update in queued.updates}
        first = list(chain.from_iterable(queued.requests[0] for queued in group if queued.requests))
        try:
            for request in (first, *group[0].requests[1:]):
                if group[0].failed:
                    group[0].unsent += request
                    continue
                refusals = await self._send([of[id(write)][1] for write in request])
                for index, write in enumerate(request):
                    queued = of[id(write)][0]
                    if index in refusals:
                        queued.failed.append(FailedWrite(write, *refusals[index]))
                    else:
                        queued.done.append(write)
        except ConnectionError as error:
            for queued in group:
                queued.end(ConnectionError(str(error)))
            return
        for queued in group:
            if queued.failed:
                queued.end(SwitchWriteError(self._switch, queued.failed, queued.done, queued.unsent))
            else:
                queued.end(None)


def _batches(parts: Iterable[Sequence[Write]]) -> Iterator[Sequence[Write]]:
    for part in parts:
        for start in range(0, len(part), BATCH):
            yield part[start : start + BATCH]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How long a controller takes for each part of what it does with a Proxy Binding Update.

Its own methods are wrapped from here, once and for the process; the program knows nothing of it. Times are wall-clock
times: while one update waits for the disk or for a switch, others are worked on, and their work is in its time.
"""

import asyncio
import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from p4dmm.controller.dispatch import Dispatcher
from p4dmm.controller.speakers.agent import RoleAgent
from p4dmm.controller.speakers.host import RoleHost
from p4dmm.controller.speakers.node_rows import NodeRows
from p4dmm.controller.speakers.site import Site
from p4dmm.controller.speakers.transport import Transport
from p4dmm.mobility.exchange import Received
from p4dmm.wire.mobility import ProxyBindingUpdate

STAGES = ("decode", "wait", "decide", "persist", "install", "answer")
"""From the packet-in to the role's queue, in that queue, until the new state is known, until it is durable, until the
switch has acknowledged its rows, and until the answer is handed to the stream to the switch."""


@dataclass(slots=True)
class _Update:
    event: Received
    marks: list[float]
    """Where stages begin, and where the last one ends."""

    @property
    def is_complete(self) -> bool:
        return len(self.marks) == len(STAGES) + 1

    def mark(self, stage: int) -> None:
        """The stage of that number begins, for the first time."""
        if len(self.marks) == stage:
            self.marks.append(perf_counter())


@dataclass(slots=True)
class Stages:
    """Of the updates that were carried out since the last `take`."""

    _begun: float = 0.0
    _waiting: dict[int, _Update] = field(default_factory=dict)
    _done: list[_Update] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _current: ContextVar[_Update | None] = field(default_factory=lambda: ContextVar("update", default=None))

    async def reach(self, count: int) -> int:
        """Wait until so many have been carried out since the last `take`, and return how many. An answer may be with
        its gateway before it is noted here that it has left."""
        while len(self._done) < count:
            self._news.clear()
            await self._news.wait()
        return len(self._done)

    def watch(self) -> None:
        """Wrap what every controller of this process does."""
        self._around(Dispatcher, "packet_in", self._packet_in)
        self._around(RoleHost, "deliver", self._deliver)
        self._around(RoleAgent, "_handle", self._handle)
        self._around(Site, "save", self._save)
        self._around(NodeRows, "update", self._install)
        self._around(Transport, "send", self._send)

    def take(self) -> dict[str, list[float]]:
        """Milliseconds by stage, and of the whole."""
        done, self._done = self._done, []
        found = {
            name: [1e3 * (update.marks[number + 1] - update.marks[number]) for update in done]
            for number, name in enumerate(STAGES)
        }
        return {**found, "whole": [1e3 * (update.marks[-1] - update.marks[0]) for update in done]}

    @staticmethod
    def _around(owner: type, name: str, wrapper: Callable[..., Any]) -> None:
        method = getattr(owner, name)

        @functools.wraps(method)
        def wrapped(*given: Any, **named: Any) -> Any:
            return wrapper(method, *given, **named)

        setattr(owner, name, wrapped)

    def _mark(self, stage: int) -> None:
        update = self._current.get()
        if update is not None:
            update.mark(stage)

    def _packet_in(self, method: Any, *given: Any) -> None:
        self._begun = perf_counter()
        method(*given)

    def _deliver(self, method: Any, host: Any, key: Any, event: Any) -> None:
        if isinstance(event, Received) and isinstance(event.message, ProxyBindingUpdate):
            self._waiting[id(event)] = _Update(event, [self._begun, perf_counter()])
        method(host, key, event)

    async def _handle(self, method: Any, agent: Any, event: Any) -> None:
        update = self._waiting.pop(id(event), None)
        token = self._current.set(update)
        try:
            self._mark(2)
            await method(agent, event)
        finally:
            self._current.reset(token)
        if update is not None and update.is_complete:
            self._done.append(update)
            self._news.set()

    async def _save(self, method: Any, *given: Any, **named: Any) -> None:
        self._mark(3)
        await method(*given, **named)
        self._mark(4)

    async def _install(self, method: Any, *given: Any) -> None:
        await method(*given)
        self._mark(5)

    async def _send(self, method: Any, *given: Any) -> None:
        await method(*given)
        self._mark(6)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One mobile node in one role: its events one after another.

What an event leads to is done in this order: the new state is durable, the switch holds what follows from it, and only
then anybody is told. So an answer never promises what a crash could take back or what is not installed yet.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Any, Generic, TypeVar

import structlog

from p4dmm.controller.fabric import TableFullError
from p4dmm.forwarding import TopologyError
from p4dmm.mobility import AdmissionError, Advertise, PoolExhaustedError
from p4dmm.mobility.access import Refused
from p4dmm.mobility.exchange import Send, TimeReached
from p4dmm.mobility.local import LocalBinding
from p4dmm.store import StoreError
from p4dmm.switches import SwitchWriteError

from .roles import NodeKey, Output, Role
from .site import Site

log = structlog.get_logger(__name__)

S = TypeVar("S")

REFUSALS = (TableFullError, SwitchWriteError, TopologyError, StoreError)
"""What a new state may come to, with nothing changed."""

EVENTS_WAITING = 64
"""Of one node in one role; more are lost, like messages on a link that is too slow."""

SHORTEST_WAIT_S = 0.01
"""Between two looks at a state's timers."""

WAIT_AFTER_REFUSAL_S = 1.0
"""The same, when the last event came to nothing: what is due stays so, and is not tried again at once."""


@dataclass(frozen=True, slots=True)
class Completed:
    """An event with what the role has to know of others, and prefixes that were drawn for it."""

    event: Any
    drawn: frozenset[IPv6Network] = frozenset()


@dataclass(frozen=True, slots=True)
class Changed(Generic[S]):
    """A node's state before and after an event; the switch has what follows from it."""

    key: NodeKey
    old: S | None
    new: S | None


@dataclass(frozen=True, slots=True)
class Hooks(Generic[S]):
    """What is particular to a role."""

    complete: Callable[[NodeKey, S, Any, float], Completed]
    """Before an event is handled. Raises PoolExhaustedError, AdmissionError."""
    changed: Callable[[Changed[S]], None]
    advertise: Callable[[NodeKey], None] = lambda _: None
    done: Callable[[NodeKey], None] = lambda _: None
    """The event that was completed has been handled."""
    forgotten: Callable[[NodeKey], None] = lambda _: None
    """Nothing is known of the node, and no event of it waits."""


class RoleAgent(Generic[S]):
    """`state` is what was last made durable and installed; None of a node that is not known."""

    def __init__(
        self,
        key: NodeKey,
        state: S | None,
        *,
        role: Role[S],
        name: str,
        switch: str,
        site: Site,
        hooks: Hooks[S],
        on_idle: Callable[["RoleAgent[S]"], None],
    ) -> None:
        self.key = key
        self.state = state
        self._role = role
        self._name = name
        self._switch = switch
        self._site = site
        self._hooks = hooks
        self._on_idle = on_idle
        self._queue: deque[Any] = deque()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._owed: tuple[frozenset[IPv6Network], frozenset[IPv6Network]] | None = None
        """Of a save that was to be undone while the disk failed: prefixes to hold again, and to free."""

    def enqueue(self, event: Any) -> None:
        """After the events before it."""
        if len(self._queue) >= EVENTS_WAITING:
            self._site.count(f"{self._name}: events lost")
            return
        self._queue.append(event)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"{self._name} {self._switch} {self.key}")

    def resume(self) -> None:
        """Take up the timers of a state that was stored."""
        self._set_timer(SHORTEST_WAIT_S)

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._queue:
            event = self._queue.popleft()
            is_done = False
            try:
                is_done = await self._handle(event)
            except PoolExhaustedError as error:
                self._log_refusal(error)
                self._site.count(f"{self._name}: pool exhausted")
            except AdmissionError as error:
                self._log_refusal(error)
                self._site.count(f"{self._name}: not admitted")
            except REFUSALS as error:
                self._log_refusal(error)
                self._site.count(f"{self._name}: refusals refused")
            except Exception:
                # A bug in one transition must not end the service of the node.
                log.exception("event failed", role=self._name, switch=self._switch, node=str(self.key))
                self._site.count(f"{self._name}: events failed")
            self._set_timer(SHORTEST_WAIT_S if is_done else WAIT_AFTER_REFUSAL_S)
        if self.state is None and self._owed is None:
            self._on_idle(self)
            self._hooks.forgotten(self.key)

    def _log_refusal(self, error: Exception) -> None:
        log.warning("refused", role=self._name, switch=self._switch, node=str(self.key), reason=str(error))

    async def _handle(self, event: Any) -> bool:
        """Whether it came to what it should."""
        is_done = True
        known = self._role.initial(self.key.mn_id) if self.state is None else self.state
        now = self._site.now()
        completed = self._hooks.complete(self.key, known, event, now)
        try:
            new, outputs = self._role.step(known, completed.event, now)
            try:
                await self._settle(new)
            except REFUSALS as error:
                is_done = False
                self._log_refusal(error)
                self._site.count(f"{self._name}: refused")
                refused = Refused(str(error), cause=completed.event)
                new, outputs = self._role.step(known, refused, self._site.now())
                await self._settle(new)
        finally:
            if completed.drawn:
                self._site.give_back(self._switch, completed.drawn - self._held(self.state))
            self._hooks.done(self.key)
        for output in outputs:
            await self._put_out(output)
        return is_done

    async def _settle(self, new: S | None) -> None:
        """Durable, installed, known; or none of it."""
        await self._undo()
        old = self.state
        if new == old:
            return
        held, kept = self._held(old), self._held(new)
        await self._save(new, taken=kept - held, released=held - kept)
        views = self._views(new)
        if views != self._views(old):
            try:
                await self._site.rows.update(self._switch, self.key.mn_id, (self._name, self.key.mac), views)
            except Exception:
                # Whatever it was: the next controller begins with what stands.
                self._owed = held - kept, kept - held
                await self._undo()
                raise
        self.state = new
        self._site.claim(self._switch, str(self.key.mn_id), kept - held)
        self._site.release(self._switch, held - kept)
        self._hooks.changed(Changed(self.key, old, new))

    async def _undo(self) -> None:
        """What is durable is the state that stands. Raises StoreError: to be tried again before anything else."""
        if self._owed is not None:
            taken, released = self._owed
            await self._save(self.state, taken=taken, released=released, is_undone=True)
            self._owed = None

    async def _save(
        self,
        state: S | None,
        *,
        taken: frozenset[IPv6Network],
        released: frozenset[IPv6Network],
        is_undone: bool = False,
    ) -> None:
        await self._site.save(
            self._switch, self._name, self.key, state, taken=taken, released=released, is_undone=is_undone
        )

    def _views(self, state: S | None) -> tuple[LocalBinding, ...]:
        return () if state is None else self._role.views(state)

    def _held(self, state: S | None) -> frozenset[IPv6Network]:
        return frozenset() if state is None else self._role.prefixes(state)

    async def _put_out(self, output: Output) -> None:
        match output:
            case Send():
                await self._site.transport.send(self._switch, output)
            case Advertise():
                self._hooks.advertise(self.key)

    def _set_timer(self, shortest_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._site.now()
        due = now if self._owed is not None else None if self.state is None else self._role.due(self.state)
        if due is not None:
            delay = max(shortest_s, due - now)
            self._timer = asyncio.get_running_loop().call_later(delay, self.enqueue, TimeReached())

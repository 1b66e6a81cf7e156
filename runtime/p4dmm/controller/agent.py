# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One mobile node's agent: its events one after another, each transition's effects in their order."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from p4dmm.config import PortRef
from p4dmm.forwarding import diff, entries_for
from p4dmm.mobility import (
    Advertise,
    Arm,
    Attachment,
    BindingCacheEntry,
    BindingState,
    Disarm,
    Effect,
    Event,
    Forward,
    HandoverRefusedError,
    LookAgain,
    NodeGone,
    NodeSeen,
    PoolExhaustedError,
    PrepareHandover,
    Release,
    TimerKind,
    step,
)
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.rates import TokenBucket
from p4dmm.store import StoreError
from p4dmm.switches import SwitchWriteError
from p4dmm.wire import MacAddress

from .advertise import Advertiser, shown_to
from .binding_timers import BindingTimers, timers_of
from .fabric import TableFullError
from .journal import Journal
from .pools import Pools
from .probes import probe_frame
from .reports import emit, ref, report
from .services import Services
from .sighting import ANSWER_S, REFUSED_S, REPEAT_S, TRIGGERS_KEPT, Sighting, is_within

log = structlog.get_logger(__name__)

REFUSALS = (HandoverRefusedError, PoolExhaustedError, TableFullError, SwitchWriteError, StoreError)
"""What an event may come to, with nothing changed."""


HANDOVERS_PER_S = 5
HANDOVERS_AT_ONCE = 10
"""Of one node; who sends with its MAC from elsewhere cannot make more of them either."""


ARRIVAL_POLL_S = 0.02
"""Between looks at the counters of a prepared target: data of the node there is its arrival."""


class NodeAgent:
    """`bce` is always what the switches were last told.

    `on_forgotten` is called once, with the sightings that are still to be looked at; the agent does nothing afterwards.
    """

    def __init__(
        self,
        bce: BindingCacheEntry,
        services: Services,
        pools: Pools,
        journal: Journal,
        in_turn: Mapping[str, asyncio.Semaphore],
        on_forgotten: Callable[[MacAddress, list[Sighting]], None],
    ) -> None:
        self.bce = bce
        self.is_forgotten = False
        self.last_seen = services.now()
        self.heard = asyncio.Event()
        """Set whenever the node is seen where it is served."""
        self._on_forgotten = on_forgotten
        self._last_at = ref(bce.serving)
        self._services = services
        self._pools = pools
        self._journal = journal
        self._queue: deque[tuple[Event | Sighting, asyncio.Future[None] | None]] = deque()
        self._handling: Event | Sighting | None = None
        self._task: asyncio.Task[None] | None = None
        self._timers = BindingTimers(self.enqueue)
        self._advertiser = Advertiser(services, lambda: shown_to(self.bce, services.topology, services.domain), in_turn)
        self._solicited = TokenBucket(rate=2, burst=3)
        self._triggers: list[tuple[PortRef, bytes]] = []
        self._refused: tuple[PortRef, float] | None = None
        self._owed: tuple[BindingCacheEntry | None] | None = None
        """Saved, refused by a switch, and not undone because the disk failed."""
        self._handovers = TokenBucket(HANDOVERS_PER_S, HANDOVERS_AT_ONCE)
        self._look: asyncio.TimerHandle | None = None
        self._forwarded_at = self.last_seen

    @property
    def at(self) -> PortRef | None:
        """Where the node is served."""
        return ref(self.bce.serving)

    @property
    def attachment(self) -> Attachment | None:
        return self.bce.serving

    def probe(self) -> bytes:
        """A frame that the node answers at once."""
        assert self.bce.serving is not None
        router = self._services.topology.router_mac(self.bce.serving.switch)
        return probe_frame(router, self.bce.mac, self.bce.link_local)

    def gone(self, attachment: Attachment) -> None:
        """It did not answer there."""
        self.enqueue(NodeGone(attachment.path_id))

    def places(self) -> set[PortRef]:
        """Where the node is, may come to, or has just been; including where it was seen but is not yet installed. Of a
        node that is nowhere, where it was last: its prefixes are kept."""
        seen = {e.at for e in (self._handling, *(e for e, _ in self._queue)) if isinstance(e, Sighting)}
        if self.at is None and self._last_at is not None:
            seen.add(self._last_at)
        return seen | {ref(a) for a in self.bce.attachments}

    def sighted(self, sighting: Sighting) -> None:
        """A frame of the node came in."""
        self._note_presence(sighting)
        at, until = self._refused or (None, 0.0)
        if at == sighting.at and is_within(sighting.time, until, REFUSED_S):
            self._services.counters["sightings while refused"] += 1
            return
        if sighting.trigger is not None and len(self._triggers) < TRIGGERS_KEPT:
            self._triggers.append((sighting.at, sighting.trigger))
        for waiting in self._queue:
            event = waiting[0]
            if isinstance(event, Sighting) and event.at == sighting.at:
                # One of each place is enough; the latest comes last.
                self._queue.remove(waiting)
                sighting = replace(sighting, link_local=sighting.link_local or event.link_local)
                break
        self.enqueue(sighting)

    def enqueue(self, event: Event | Sighting, done: asyncio.Future[None] | None = None) -> None:
        """After the events before it. `done` gets the outcome."""
        self._queue.append((event, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"node {self.bce.mn_id}")

    def solicited(self) -> None:
        """A Router Solicitation: advertise again, within reason."""
        if self.bce.serving is not None and self._solicited.take(self._services.now()):
            self._advertiser.advertise_soon()

    async def remember(self) -> None:
        """Store the binding, which was read back from the switches. Raises StoreError."""
        await self._save(None, self.bce)

    def resume(self) -> None:
        """Take up the timers of a binding that was stored, or read back from the switches."""
        for arm in timers_of(self.bce, self._services.domain, self._services.now()):
            self._arm(arm)
        if self.bce.serving is not None:
            self._advertiser.repeat_after(0.0)

    async def stop(self) -> None:
        self._stop_timers()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._abandon(HandoverRefusedError("the controller has stopped"))

    def _stop_timers(self) -> None:
        self._advertiser.stop()
        self._timers.stop()
        if self._look is not None:
            self._look.cancel()

    def _abandon(self, reason: Exception) -> None:
        for _, done in self._queue:
            _settle(done, reason)
        self._queue.clear()

    async def _run(self) -> None:
        while self._queue:
            event, done = self._queue.popleft()
            self._handling = event
            outcome: Exception | None = HandoverRefusedError("the controller has stopped")
            try:
                await self._handle(event)
                outcome = None
            except REFUSALS as error:
                log.warning("refused", mn_id=self.bce.mn_id, reason=str(error))
                self._refuse(event, error)
                outcome = error
            except Exception as error:
                # A bug in one transition must not end the service of the node.
                log.exception("event failed", mn_id=self.bce.mn_id, failed=str(event))
                self._refuse(event, error)
                outcome = error
            finally:
                self._handling = None
                _settle(done, outcome)
            if self.is_forgotten:
                self._leave()

    def _leave(self) -> None:
        """Everything of the node has been given back but its number, and what still waits is not this agent's."""
        self._stop_timers()
        self._pools.node_ids.release(self.bce.node_id)
        sightings = [event for event, _ in self._queue if isinstance(event, Sighting)]
        self._abandon(HandoverRefusedError(f"{self.bce.mn_id} is not known any more"))
        self._on_forgotten(self.bce.mac, sightings)

    def _refuse(self, event: Event | Sighting, error: Exception) -> None:
        self._services.counters["refused"] += 1
        at = event.at if isinstance(event, Sighting) else None
        if at is not None:
            self._refused = (at, self._services.now() + REFUSED_S)
            self._triggers.clear()
        emit(self._services, "refused", self.bce, self.bce, to=at, detail=str(error))
        if self.bce.state is BindingState.DETACHED and not self._timers.runs(TimerKind.HOLD):
            # It never was attached: all that is remembered is the refusal.
            self._last_at = self._last_at or at
            self._arm(Arm(TimerKind.HOLD, REFUSED_S))
        if not isinstance(event, Sighting):
            self._timers.arm_again(event, REFUSED_S)

    async def _handle(self, event: Event | Sighting) -> None:
        await self._undo()
        old = self.bce
        seen = event if isinstance(event, Sighting) else None
        now = self._services.now()
        if isinstance(event, Sighting):
            event = self._pools.offer(old, event.at, event.link_local, now)
        offered = event if isinstance(event, NodeSeen | PrepareHandover) else None
        new: BindingCacheEntry | None = old
        try:
            new, effects = step(old, event, now, self._services.lifetimes)
            moved = new is not None and new.serving is not None and new.serving != old.serving
            if seen is not None and moved and old.serving is not None and not self._handovers.take(now):
                self._services.counters["handovers over the rate"] += 1
                self._take_triggers(seen.at)
                return
            if seen is not None and moved and new is not None:
                emit(self._services, "seen", old, new, at=seen.time)
                emit(self._services, "decided", old, new, at=now)
            await self._save(old, new)
            try:
                await self._perform(effects)
            except (TableFullError, SwitchWriteError):
                self._owed = (new,)
                await self._undo()
                raise
            if new is None:
                self.is_forgotten = True
            else:
                self.bce = new
        finally:
            self._pools.give_back(old, self.bce, offered)
        report(self._services, old, self.bce, event, moved=moved, at=self._forwarded_at)
        self._last_at = self.at or self._last_at
        if seen is not None:
            self._note_presence(seen)
            await self._reinject(seen.at)

    async def _undo(self) -> None:
        """What is durable is the binding that stands. Raises StoreError: to be tried again before anything else."""
        if self._owed is not None:
            (new,) = self._owed
            await self._save(new, self.bce, is_undone=True)
            self._owed = None

    async def _save(
        self, old: BindingCacheEntry | None, new: BindingCacheEntry | None, *, is_undone: bool = False
    ) -> None:
        """Before anybody is told: a controller that is killed comes back with what it has promised."""
        if old == new:
            return
        until = self._services.now() + self._services.domain.valid_lifetime_s
        before, now = ({} if bce is None else {h.prefix: h.anchor for h in bce.hnps} for bce in (old, new))
        await self._journal.save(
            "sdn",
            "*",  # of the domain, not of one switch
            MobileNodeId.eui48(self.bce.mac),
            new,
            now=self._services.now(),
            taken=[(prefix, anchor) for prefix, anchor in now.items() if prefix not in before],
            released={
                prefix: self._pools.prefixes[anchor].rests_until(prefix) if is_undone else until
                for prefix, anchor in before.items()
                if prefix not in now
            },
        )

    async def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Forward(old, new):
                    topology = self._services.topology
                    plan = diff(entries_for(old, topology), entries_for(new, topology))
                    await self._services.fabric.carry_out(plan)
                    self._forwarded_at = self._services.now()
                    if new is not None:
                        self.bce = new
                case Advertise():
                    await self._advertiser.advertise()
                    self._advertiser.repeat_after(REPEAT_S)
                case Arm():
                    self._arm(effect)
                case Disarm(kind, key):
                    self._timers.disarm(kind, key)
                case LookAgain(delay_s):
                    assert isinstance(self._handling, Sighting)
                    self._look_again(delay_s, self._handling)
                case Release(anchor, prefix, quarantine_s):
                    self._pools.prefixes[anchor].release(prefix, self._services.now() + quarantine_s)

    def _arm(self, arm: Arm) -> None:
        self._timers.arm(arm)
        if arm.timer is TimerKind.PREPARATION:
            self._services.spawn(self._watch_arrival())

    def _note_presence(self, sighting: Sighting) -> None:
        if sighting.at == self.at:
            self.last_seen = max(self.last_seen, sighting.time)
            self.heard.set()

    def _look_again(self, delay_s: float, sighting: Sighting) -> None:
        def due() -> None:
            self._services.spawn(self._ask_before_return(sighting))

        if self._look is not None:
            self._look.cancel()
        self._look = asyncio.get_running_loop().call_later(delay_s, due)

    async def _ask_before_return(self, sighting: Sighting) -> None:
        """A node that was heard at the place it left, and not since where it is, either has returned or has sent this
        on both links; who answers has not returned."""
        serving = self.bce.serving
        if serving is None or self.last_seen > sighting.time:
            return
        await self._services.send_to_port(ref(serving), self.probe())
        await asyncio.sleep(ANSWER_S)
        if self.bce.serving == serving and self.last_seen <= sighting.time:
            self.sighted(sighting)

    async def _watch_arrival(self) -> None:
        """A node that keeps its carrier says nothing when it arrives; the data it sends is counted at the target."""
        target = self.bce.target
        if target is None:
            return
        wanted = entries_for(self.bce, self._services.topology)
        rows = [
            row
            for key, row in wanted.items()
            if key.switch == target.switch and key.table == "prefix_sources" and key.key[1] == target.path_id
        ]
        connection = self._services.fabric.connections[target.switch]
        while self.bce.target == target:
            try:
                if await connection.read_packets_counted(rows):
                    self.sighted(Sighting(ref(target), self._services.now()))
                    return
            except ConnectionError:
                log.info("arrival not watched: switch is away", switch=target.switch)
                return
            await asyncio.sleep(ARRIVAL_POLL_S)

    def _take_triggers(self, at: PortRef) -> list[bytes]:
        frames = [frame for place, frame in self._triggers if place == at]
        self._triggers = [(place, frame) for place, frame in self._triggers if place != at]
        return frames

    async def _reinject(self, at: PortRef) -> None:
        frames = self._take_triggers(at)
        if self.at == at:
            for frame in frames:
                await self._services.send_as_received(at, frame)


def _settle(done: asyncio.Future[None] | None, outcome: Exception | None) -> None:
    if done is None or done.done():
        return
    if outcome is None:
        done.set_result(None)
    else:
        done.set_exception(outcome)

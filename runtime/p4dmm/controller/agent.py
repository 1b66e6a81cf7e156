# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One mobile node's agent: its events one after another, each transition's effects in their order."""

import asyncio
from collections import deque
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

import structlog

from p4dmm.config import PortRef
from p4dmm.forwarding import diff, entries_for
from p4dmm.mobility import (
    Advertise,
    Arm,
    Attachment,
    BindingCacheEntry,
    Disarm,
    DrainExpired,
    Effect,
    Event,
    Forward,
    HandoverRefusedError,
    HoldExpired,
    HomePrefix,
    IdPool,
    NodeSeen,
    PoolExhaustedError,
    PrefixExpired,
    PrefixPool,
    PreparationExpired,
    PrepareHandover,
    Release,
    TimerKind,
    step,
)
from p4dmm.switches import SwitchWriteError

from .advertise import advertisements
from .events import HandoverEvent, Kind, NodeView, PrefixView, Stage
from .fabric import TableFullError
from .rates import TokenBucket
from .services import Services

log = structlog.get_logger(__name__)

TRIGGERS_KEPT = 16
"""Frames of a node that wait for its installation. The first is the trigger; the others follow it while it is
decided."""

REFUSED_S = 1.0
"""After a refusal, how long the node is not tried again at the same place."""

REPEAT_S = 2.0
"""The first unsolicited repetition of the advertisements, should the first have been lost (RFC 4861 section 6.2.4)."""

ARRIVAL_POLL_S = 0.02
"""Between looks at the counters of a prepared target: data of the node there is its arrival."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A frame of a node."""

    at: PortRef
    time: float
    link_local: IPv6Address | None = None
    trigger: bytes | None = None
    """The frame, if the switch did not know where to put it."""


@dataclass(frozen=True, slots=True)
class Pools:
    """What the nodes of a domain draw from."""

    node_ids: IdPool
    path_ids: IdPool
    prefixes: dict[str, PrefixPool]


class NodeAgent:
    """`bce` is always what the switches were last told."""

    def __init__(self, bce: BindingCacheEntry, services: Services, pools: Pools) -> None:
        self.bce = bce
        self.is_forgotten = False
        self.last_seen = services.now()
        self._services = services
        self._pools = pools
        self._queue: deque[tuple[Event | Sighting, asyncio.Future[None] | None]] = deque()
        self._handling: Event | Sighting | None = None
        self._task: asyncio.Task[None] | None = None
        self._timers: dict[tuple[TimerKind, int | IPv6Network | None], asyncio.TimerHandle] = {}
        self._advertising: asyncio.TimerHandle | None = None
        self._solicited = TokenBucket(rate=2, burst=3)
        self._triggers: list[tuple[PortRef, bytes]] = []
        self._refused: tuple[PortRef, float] | None = None

    @property
    def at(self) -> PortRef | None:
        """Where the node is served."""
        return _ref(self.bce.serving)

    def places(self) -> set[PortRef]:
        """Where the node is, may come to, or has just been; including where it was seen but is not yet installed."""
        seen = {e.at for e in (self._handling, *(e for e, _ in self._queue)) if isinstance(e, Sighting)}
        return seen | {PortRef(switch=a.switch, port=a.port) for a in self.bce.attachments}

    def sighted(self, sighting: Sighting) -> None:
        """A frame of the node came in."""
        if sighting.at == self.at:
            self.last_seen = sighting.time
        if self._refused is not None and self._refused[0] == sighting.at and sighting.time < self._refused[1]:
            self._services.counters["sightings while refused"] += 1
            return
        if sighting.trigger is not None and len(self._triggers) < TRIGGERS_KEPT:
            self._triggers.append((sighting.at, sighting.trigger))
        if self._queue and isinstance(self._queue[-1][0], Sighting) and self._queue[-1][0].at == sighting.at:
            return
        self.enqueue(sighting)

    def enqueue(self, event: Event | Sighting, done: asyncio.Future[None] | None = None) -> None:
        """After the events before it. `done` gets the outcome."""
        self._queue.append((event, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"node {self.bce.mn_id}")

    def solicited(self) -> None:
        """A Router Solicitation: advertise again, within reason."""
        if self.bce.serving is not None and self._solicited.take(self._services.now()):
            self._services.spawn(self._advertise())

    def resume(self) -> None:
        """Take up the timers of a binding that was read back from the switches."""
        for hnp in self.bce.hnps:
            if hnp.deprecated_at is not None:
                self._arm(Arm(TimerKind.PREFIX, self._services.domain.deprecated_s, hnp.prefix))
        self._schedule_advertisement(0.0)

    def view(self) -> NodeView:
        serving = self.bce.serving
        return NodeView(
            mn_id=self.bce.mn_id,
            mac=self.bce.mac,
            at=self.at,
            prefixes=tuple(
                PrefixView(
                    prefix=hnp.prefix,
                    anchor=hnp.anchor,
                    tunnel=(hnp.anchor, serving.switch) if serving and hnp.anchor != serving.switch else None,
                    deprecated=hnp.deprecated_at is not None,
                )
                for hnp in self.bce.hnps
            ),
        )

    async def stop(self) -> None:
        for timer in (*self._timers.values(), *filter(None, [self._advertising])):
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._queue:
            event, done = self._queue.popleft()
            self._handling = event
            try:
                await self._handle(event)
            except (HandoverRefusedError, PoolExhaustedError, TableFullError, SwitchWriteError) as error:
                self._refuse(event, error)
                if done is not None and not done.done():
                    done.set_exception(error)
            else:
                if done is not None and not done.done():
                    done.set_result(None)
            finally:
                self._handling = None

    def _refuse(self, event: Event | Sighting, error: Exception) -> None:
        log.warning("refused", mn_id=self.bce.mn_id, reason=str(error))
        self._services.counters["refused"] += 1
        new = event.at if isinstance(event, Sighting) else None
        if new is not None:
            self._refused = (new, self._services.now() + REFUSED_S)
            self._triggers.clear()
        self._emit("refused", self.bce, self.bce, new=new, detail=str(error))

    async def _handle(self, event: Event | Sighting) -> None:
        old = self.bce
        seen = event if isinstance(event, Sighting) else None
        offered: NodeSeen | None = None
        drawn: int | None = None
        if isinstance(event, Sighting):
            offered = self._offer(event)
            drawn, event = offered.attachment.path_id, offered
        elif isinstance(event, PrepareHandover):
            drawn = event.target.path_id
        now = self._services.now()
        new: BindingCacheEntry | None = old
        try:
            new, effects = step(old, event, now, self._services.lifetimes)
            moved = new is not None and new.serving is not None and new.serving != old.serving
            if seen is not None and moved and new is not None:
                self._emit("seen", old, new, at=seen.time)
                self._emit("decided", old, new, at=now)
            await self._perform(effects)
            if new is None:
                self.is_forgotten = True
            else:
                self.bce = new
        finally:
            self._give_back(old, self.bce, offered, drawn)
        self._report(old, self.bce, event, moved=moved)
        if seen is not None:
            await self._reinject(seen.at)

    def _offer(self, sighting: Sighting) -> NodeSeen:
        switch = sighting.at.switch
        known = self.bce.hnp_of(switch)
        pool = self._pools.prefixes[switch]
        offer = known or HomePrefix(pool.allocate(self.bce.mac, self._services.now()), switch)
        try:
            path_id = self._pools.path_ids.allocate()
        except PoolExhaustedError:
            if known is None:
                pool.give_back(offer.prefix)
            raise
        return NodeSeen(Attachment(switch, sighting.at.port, path_id), offer, sighting.link_local)

    def _give_back(
        self, old: BindingCacheEntry, new: BindingCacheEntry, offered: NodeSeen | None, drawn: int | None
    ) -> None:
        """Return to the pools what the entry no longer holds, or never came to hold."""
        held = {a.path_id for a in new.attachments}
        for path_id in {a.path_id for a in old.attachments} | ({drawn} if drawn is not None else set()):
            if path_id not in held:
                self._pools.path_ids.release(path_id)
        if offered is not None and offered.offer.prefix not in {h.prefix for h in (*old.hnps, *new.hnps)}:
            self._pools.prefixes[offered.offer.anchor].give_back(offered.offer.prefix)
        if self.is_forgotten:
            self._pools.node_ids.release(new.node_id)

    async def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Forward(old, new):
                    topology = self._services.topology
                    plan = diff(entries_for(old, topology), entries_for(new, topology))
                    await self._services.fabric.carry_out(plan)
                    if new is not None:
                        self.bce = new
                case Advertise():
                    await self._advertise()
                    self._schedule_advertisement(REPEAT_S)
                case Arm():
                    self._arm(effect)
                case Disarm(kind, key):
                    timer = self._timers.pop((kind, key), None)
                    if timer is not None:
                        timer.cancel()
                case Release(anchor, prefix, quarantine_s):
                    self._pools.prefixes[anchor].release(prefix, self._services.now() + quarantine_s)

    async def _advertise(self) -> None:
        at = self.at
        if at is None:
            return
        services = self._services
        for frame in advertisements(self.bce, services.topology, services.domain, services.now()):
            await services.send_to_port(at, frame)

    def _schedule_advertisement(self, delay_s: float) -> None:
        if self._advertising is not None:
            self._advertising.cancel()
        self._advertising = asyncio.get_running_loop().call_later(delay_s, self._advertise_again)

    def _advertise_again(self) -> None:
        if self.bce.serving is None or self.is_forgotten:
            return
        domain = self._services.domain
        self._services.spawn(self._advertise())
        self._schedule_advertisement(min(domain.valid_lifetime_s, domain.router_lifetime_s or 9000) / 3)

    def _arm(self, arm: Arm) -> None:
        event: Event
        match arm.timer, arm.key:
            case TimerKind.DRAIN, int(path_id):
                event = DrainExpired(path_id)
            case TimerKind.PREPARATION, None:
                event = PreparationExpired()
                self._services.spawn(self._watch_arrival())
            case TimerKind.PREFIX, IPv6Network() as prefix:
                event = PrefixExpired(prefix)
            case TimerKind.HOLD, None:
                event = HoldExpired()
            case _:
                raise AssertionError(arm)
        slot = (arm.timer, arm.key)
        if slot in self._timers:
            self._timers[slot].cancel()
        self._timers[slot] = asyncio.get_running_loop().call_later(arm.delay_s, self._expired, slot, event)

    def _expired(self, slot: tuple[TimerKind, int | IPv6Network | None], event: Event) -> None:
        del self._timers[slot]
        self.enqueue(event)

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
                    self.sighted(Sighting(PortRef(switch=target.switch, port=target.port), self._services.now()))
                    return
            except ConnectionError:
                log.info("arrival not watched: switch is away", switch=target.switch)
                return
            await asyncio.sleep(ARRIVAL_POLL_S)

    async def _reinject(self, at: PortRef) -> None:
        frames = [frame for place, frame in self._triggers if place == at]
        self._triggers = [(place, frame) for place, frame in self._triggers if place != at]
        if self.at == at:
            for frame in frames:
                await self._services.send_as_received(at, frame)

    def _report(self, old: BindingCacheEntry, new: BindingCacheEntry, event: Event, *, moved: bool) -> None:
        match event:
            case NodeSeen() if moved:
                self._emit("installed", old, new)
            case PrepareHandover():
                self._emit("prepared", old, new)
            case PreparationExpired() if old.target is not None and new.target is None:
                self._emit("refused", old, new, new=_ref(old.target), detail="the node did not come")
            case DrainExpired() if len(new.draining) < len(old.draining):
                self._emit("retired", old, new)
            case _ if old.serving is not None and new.serving is None:
                self._emit("detached", old, new)

    def _emit(
        self,
        stage: Stage,
        old: BindingCacheEntry,
        new_bce: BindingCacheEntry,
        *,
        new: PortRef | None = None,
        at: float | None = None,
        detail: str = "",
    ) -> None:
        kind: Kind = "attach" if old.serving is None else "reactive"
        if new_bce.arrived_planned or new_bce.target is not None:
            kind = "planned"
        self._services.emit(
            HandoverEvent(
                mn_id=old.mn_id,
                mac=old.mac,
                stage=stage,
                kind=kind,
                old=_ref(old.serving),
                new=new or _ref(new_bce.target or new_bce.serving),
                at=self._services.now() if at is None else at,
                detail=detail,
            )
        )


def _ref(attachment: Attachment | None) -> PortRef | None:
    return None if attachment is None else PortRef(switch=attachment.switch, port=attachment.port)

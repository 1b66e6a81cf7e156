# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Moves the node of a scenario through a lab, under traffic, beside a running controller."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv6Network
from typing import Protocol, TypeVar

from p4dmm.config import Move, Network, PortRef, Scenario
from p4dmm.mobility import HandoverRefusedError
from p4dmm.wire import MacAddress

from .base import HostAddress, Lab, NewConnection, TrafficLog, TrafficSpec
from .errors import LabError
from .modes import anchor_of, mode_name, plans_handovers
from .records import IN_THE_AIR_S, Handover, Journey, first_stages

_T = TypeVar("_T")

START_TIMEOUT_S = 60.0
ADDRESS_TIMEOUT_S = 20.0
_SAMPLE_S = 0.2
_LAST_REPLIES_S = 2 * IN_THE_AIR_S
"""What was sent at the end of a handover's time gets so long to arrive before it counts as lost."""


class PrefixLike(Protocol):
    """A home network prefix as a controller shows it."""

    @property
    def prefix(self) -> IPv6Network: ...
    @property
    def anchor(self) -> str: ...
    @property
    def tunnel(self) -> tuple[str, str] | None: ...
    @property
    def deprecated(self) -> bool: ...


class NodeLike(Protocol):
    """A mobile node as a controller shows it."""

    @property
    def mac(self) -> MacAddress: ...
    @property
    def at(self) -> PortRef | None: ...
    @property
    def prefixes(self) -> Sequence[PrefixLike]: ...


class EventLike(Protocol):
    """One stage of a handover, as a controller tells it."""

    @property
    def mac(self) -> MacAddress: ...
    @property
    def stage(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def new(self) -> PortRef | None: ...
    @property
    def detail(self) -> str: ...


class LinkLike(Protocol):
    """A link between switches that went down or came back."""

    @property
    def ends(self) -> Sequence[PortRef]: ...
    @property
    def is_up(self) -> bool: ...


class ControllerLike(Protocol):
    """What a journey needs of a controller."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def prepare(self, mac: MacAddress, to: PortRef) -> None: ...
    def nodes(self) -> Sequence[NodeLike]: ...
    @property
    def counters(self) -> Mapping[str, int]: ...


ControllerFactory = Callable[[Network, Callable[[EventLike], None]], ControllerLike]


class Observer(Protocol):
    """Hears of the journey while it happens."""

    def say(self, text: str) -> None: ...
    def network(self, lab: Lab, nodes: Sequence[NodeLike]) -> None: ...
    def event(self, event: EventLike) -> None: ...
    def handover(self, handover: Handover, traffic: TrafficLog) -> None: ...


class Roam:
    """One run of a scenario."""

    def __init__(
        self,
        lab: Lab,
        scenario: Scenario,
        *,
        controller: ControllerFactory,
        observer: Observer,
        traffic: TrafficSpec | None = None,
    ) -> None:
        self._lab, self._scenario, self._observer = lab, scenario, observer
        self._make_controller, self._spec = controller, traffic or TrafficSpec()
        self._node = lab.node(scenario.node)
        self._events: list[tuple[str, float]] = []
        self._samples: list[tuple[float, tuple[HostAddress, ...]]] = []

    async def run(self) -> Journey:
        """Bring everything up, make the journey, take everything down."""
        controller: ControllerLike | None = None
        try:
            await bounded(self._lab.start(), START_TIMEOUT_S, "the lab did not come up")
            self._observer.say("lab is up; starting the controller")
            controller = self._make_controller(self._lab.network, self._on_event)
            await bounded(controller.start(), START_TIMEOUT_S, "the controller did not get all switches ready")
            return await self._journey(controller)
        finally:
            if controller:
                await _quietly(controller.stop())
            await self._lab.stop()

    async def _journey(self, controller: ControllerLike) -> Journey:
        lab, scenario, node = self._lab, self._scenario, self._node
        begun = time.monotonic()
        for each in lab.network.nodes:
            await lab.attach(each.name, each.at)
        home = await lab.wait_preferred(node.name, self._anchor(node.at)[1], ADDRESS_TIMEOUT_S)
        self._observer.say(f"{node.name} has {home}; traffic with {scenario.correspondent} starts from that address")
        traffic = await lab.start_traffic(node.name, scenario.correspondent, home, self._spec)
        sampling = asyncio.create_task(self._sample())
        try:
            await asyncio.sleep(scenario.settle_s)
            self._observer.network(lab, controller.nodes())
            handovers: list[Handover] = []
            for number, move in enumerate(self._moves(), 1):
                handovers.append(await self._hand_over(controller, number, move))
                await asyncio.sleep(_LAST_REPLIES_S)
                log = await traffic.log()
                self._observer.handover(handovers[-1], log)
                self._observer.network(lab, controller.nodes())
            await asyncio.sleep(scenario.settle_s)
        finally:
            sampling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sampling
        log = await traffic.stop()
        return Journey(
            node=node.name,
            mode=mode_name(lab.network),
            claim=lab.claim,
            begun=begun,
            ended=time.monotonic(),
            home=node.at,
            handovers=tuple(handovers),
            traffic=log,
            addresses=tuple(self._samples),
        )

    def _moves(self) -> Sequence[Move]:
        moves = self._scenario.moves
        if plans_handovers(self._lab.network) or not any(move.planned for move in moves):
            return moves
        self._observer.say(f"mode {mode_name(self._lab.network)} has no planned handovers: every move is reactive")
        return [move.model_copy(update={"planned": False}) for move in moves]

    async def _hand_over(self, controller: ControllerLike, number: int, move: Move) -> Handover:
        lab, node = self._lab, self._node
        old, begun, prepared = lab.where(node.name), time.monotonic(), None
        assert old
        sent, (anchor, pool) = _messages(controller), self._anchor(move.to)
        self._observer.say(
            f"move {number}: {node.name} {old} -> {move.to}, {'planned' if move.planned else 'reactive'}"
        )
        if move.planned:
            try:
                await bounded(controller.prepare(node.mac, move.to), START_TIMEOUT_S, f"{move.to} was not prepared")
            except HandoverRefusedError as error:
                raise LabError(f"move {number} to {move.to} was refused: {error}") from error
            prepared = time.monotonic()
        times = await lab.move(node.name, move.to, planned=move.planned)
        connection, problem = await self._connect(move)
        await asyncio.sleep(max(0, times.attached + move.dwell_s - time.monotonic()))
        ended = time.monotonic()
        return Handover(
            number=number,
            old=old,
            move=move,
            anchor=anchor,
            pool=pool,
            begun=begun,
            prepared=prepared,
            times=times,
            ended=ended,
            stages=first_stages(self._events, begun, ended),
            connection=connection,
            problem=problem,
            messages=_messages(controller) - sent,
        )

    async def _connect(self, move: Move) -> tuple[NewConnection | None, str | None]:
        """Open a connection as an application would that starts now, once it has the address for that."""
        node = self._node.name
        try:
            await self._lab.wait_preferred(node, self._anchor(move.to)[1], ADDRESS_TIMEOUT_S)
            return await self._lab.new_connection(node, self._scenario.correspondent), None
        except LabError as error:
            return None, f"no new connection: {error}"

    async def _sample(self) -> None:
        while True:
            self._samples.append((time.monotonic(), await self._lab.addresses(self._node.name)))
            await asyncio.sleep(_SAMPLE_S)

    def _on_event(self, event: EventLike) -> None:
        if event.mac == self._node.mac:
            self._events.append((event.stage, event.at))
            self._observer.event(event)

    def _anchor(self, at: PortRef) -> tuple[str, IPv6Network]:
        """Name and pool."""
        switch = self._lab.network.switch(at.switch)
        assert switch
        anchor = anchor_of(self._lab.network, self._node, switch)
        assert anchor.pool
        return anchor.name, anchor.pool


def _messages(controller: ControllerLike) -> int:
    return sum(count for name, count in controller.counters.items() if name.startswith("sent: "))


async def bounded(doing: Awaitable[_T], timeout_s: float, otherwise: str) -> _T:
    """Wait for something, at most so long; LabError that says what did not happen."""
    try:
        return await asyncio.wait_for(doing, timeout_s)
    except TimeoutError:
        raise LabError(f"{otherwise} within {timeout_s:.0f} s") from None


async def _quietly(stopping: Awaitable[None]) -> None:
    # What ended the journey is worth more than what the controller says on its way out.
    with contextlib.suppress(Exception):
        await asyncio.wait_for(stopping, 10)

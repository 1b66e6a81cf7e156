# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which links between switches are up: probes over each, both ways, since P4Runtime has no port status."""

import asyncio
import secrets
from collections.abc import Callable, Collection

import structlog

from p4dmm.config import Link, LinkProbes, PortRef
from p4dmm.forwarding import Direction, LinkJudge
from p4dmm.wire import LinkProbe, WireError

from .services import Services

log = structlog.get_logger(__name__)

_SEQUENCES = 1 << 32


class LinkMonitor:
    """Sends the probes and takes those that come in; `on_change` is told of every link that goes down or comes back.

    A link is judged only while both its switches can be asked: a lost connection to a switch is no lost link.
    """

    def __init__(self, services: Services, on_change: Callable[[Link], None]) -> None:
        network = services.topology.network
        self._services = services
        self._on_change = on_change
        self._config: LinkProbes = network.link_probes
        self._judges = {
            link: LinkJudge(losses=self._config.losses, successes=self._config.successes)
            for link in network.links
            if all(end.switch in services.fabric.connections for end in link.ends)
        }
        """A link to a switch of another controller cannot be watched from one end, and is taken for up."""
        self._sent_to = {
            _ends(link, direction)[1]: (link, direction) for link in self._judges for direction in Direction
        }
        """Where a probe shall come in."""
        self._run = secrets.randbits(64)
        self._sequence = 0
        self._already: Collection[PortRef] = ()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def down(self) -> frozenset[Link]:
        return frozenset(link for link, judge in self._judges.items() if not judge.is_up)

    def is_up(self, link: Link) -> bool:
        return self._judges[link].is_up

    def start(self) -> None:
        self._task = asyncio.create_task(self._probe_all(), name="probe links")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def first_look(self, ports: Collection[PortRef]) -> None:
        """Wait until it is known which links are up of those whose ends are core ports for the switches already, before
        anything is computed from links that may be down."""
        self._already = ports
        longest = (self._config.losses + 1) * self._config.interval_s + self._config.timeout_s
        try:
            async with asyncio.timeout(longest):
                while self._unheard():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            log.info("links not all heard; taken for up", links=[_text(link) for link in self._unheard()])
        self._already = ()

    def heard(self, at: PortRef, frame: bytes) -> None:
        """A probe came in. What is not of this run, or comes from elsewhere than the network file says, proves
        nothing."""
        counters = self._services.counters
        try:
            probe = LinkProbe.decode(frame)
        except WireError:
            counters["link probes that do not decode"] += 1
            return
        if probe.run != self._run:
            counters["link probes of another run"] += 1
            return
        link, direction = self._sent_to.get(at, (None, None))
        if link is None or direction is None or self._sender(link, direction) != (probe.device_id, probe.port):
            counters["link probes from elsewhere"] += 1
            return
        judge = self._judges[link]
        was_up = judge.is_up
        if not judge.heard(direction, probe.sequence):
            counters["link probes late"] += 1
        self._report(link, was_up)

    def _report(self, link: Link, was_up: bool) -> None:  # noqa: FBT001
        self._news.set()
        is_up = self._judges[link].is_up
        if is_up != was_up:
            log.warning("link is up" if is_up else "link is down", link=_text(link))
            self._services.counters["links up" if is_up else "links down"] += 1
            self._on_change(link)

    def _sender(self, link: Link, direction: Direction) -> tuple[int, int]:
        near, _ = _ends(link, direction)
        device_id = self._services.topology.switches[near.switch].device_id
        assert device_id is not None
        return device_id, near.port

    def _may_judge(self, link: Link) -> bool:
        connections = self._services.fabric.connections
        return all(
            connections[end.switch].is_ready or (connections[end.switch].is_connected and end in self._already)
            for end in link.ends
        )

    def _unheard(self) -> list[Link]:
        return [link for link, judge in self._judges.items() if self._may_judge(link) and not judge.is_judged]

    async def _probe_all(self) -> None:
        now = self._services.now()
        while True:
            due = now + self._config.interval_s
            self._probe_each()
            await asyncio.sleep(self._config.interval_s)
            now = self._services.now()
            # A controller that was late itself has not taken yet what came in meanwhile: this time it judges nobody.
            if now - due < self._config.timeout_s:
                self._expire(now)

    def _probe_each(self) -> None:
        for link, judge in self._judges.items():
            if not self._may_judge(link):
                judge.suspend()
                continue
            for direction in Direction:
                self._sequence = (self._sequence + 1) % _SEQUENCES
                self._services.spawn(self._probe(link, direction, self._sequence))

    def _expire(self, now: float) -> None:
        for link, judge in self._judges.items():
            if self._may_judge(link):
                was_up = judge.is_up
                judge.expire(now)
                self._report(link, was_up)

    async def _probe(self, link: Link, direction: Direction, sequence: int) -> None:
        near, far = _ends(link, direction)
        topology, judge = self._services.topology, self._judges[link]
        probe = LinkProbe(*self._sender(link, direction), self._run, sequence)
        frame = probe.encode(src=topology.router_mac(near.switch), dst=topology.router_mac(far.switch))
        # It may arrive before we are told that it has left, and is not late before it has.
        judge.expect(direction, sequence)
        if await self._services.send_to_port(near, frame):
            judge.sent(direction, sequence, self._services.now() + self._config.timeout_s)
        else:
            judge.unsent(direction, sequence)


def _ends(link: Link, direction: Direction) -> tuple[PortRef, PortRef]:
    first, second = link.ends
    return (first, second) if direction is Direction.FORTH else (second, first)


def _text(link: Link) -> str:
    return f"{link.ends[0]}-{link.ends[1]}"

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which prefixes of its nodes nobody uses any more, by the counters of the switch that serves them.

Each packet for a prefix counts at its binding, each packet of it at its source. A prefix that is routed here natively
is never idle: new connections take it.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

import structlog

from p4dmm.forwarding import Row
from p4dmm.mobility.local import LocalBinding

from .roles import NodeKey
from .site import Site

log = structlog.get_logger(__name__)

COUNTED = ("prefix_bindings", "prefix_sources")


@dataclass(slots=True)
class _Use:
    packets: int
    since: float
    """When the count was first seen."""


class IdleCounters:
    """Of one switch. `on_idle` is called for a prefix of a node again and again, until the node is rid of it."""

    def __init__(
        self,
        switch: str,
        site: Site,
        bindings: Callable[[], Iterator[tuple[NodeKey, LocalBinding]]],
        on_idle: Callable[[NodeKey, IPv6Network], None],
    ) -> None:
        self._switch = switch
        self._site = site
        self._bindings = bindings
        self._on_idle = on_idle
        self._uses: dict[tuple[NodeKey, IPv6Network], _Use] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._poll(), name=f"idle prefixes of {self._switch}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._site.mobility.idle_poll_s)
            try:
                await self._look()
            except ConnectionError as error:
                log.info("idle prefixes not looked for: switch is away", switch=self._switch, reason=str(error))

    async def _look(self) -> None:
        own = self._site.services.topology.switches[self._switch].loopback
        guests = {(key, prefix) for key, binding in self._bindings() for prefix in _guests(binding, own)}
        self._uses = {use: found for use, found in self._uses.items() if use in guests}
        for key, prefix in guests:
            packets = await self._site.services.fabric.connections[self._switch].read_packets_counted(
                self._rows(key, prefix)
            )
            now = self._site.now()
            use = self._uses.get((key, prefix))
            if use is None or use.packets != packets:
                self._uses[key, prefix] = _Use(packets, now)
            elif now - use.since >= self._site.mobility.prefix_idle_s:
                self._site.count("prefixes found idle")
                self._on_idle(key, prefix)

    def _rows(self, key: NodeKey, prefix: IPv6Network) -> list[Row]:
        upper = int(prefix.network_address) >> 64
        rows = self._site.rows.of(self._switch, key.mn_id)
        return [row for row in rows if row.at.table in COUNTED and row.at.key[0] == upper]


def _guests(binding: LocalBinding, own: IPv6Address) -> Iterator[IPv6Network]:
    """Prefixes of other anchors."""
    if binding.attachment is not None:
        yield from (prefix.prefix for prefix in binding.prefixes if prefix.anchor != own)

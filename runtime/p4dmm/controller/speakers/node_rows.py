# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of a node at one switch, from what all roles there say of it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from p4dmm.controller.services import Services
from p4dmm.forwarding import Row, RowKey, diff, local_entries
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire import MacAddress

Views = tuple[LocalBinding, ...]
Source = tuple[str, MacAddress | None]
"""A role, and of which interface of the node it speaks."""


@dataclass(slots=True)
class _Node:
    views: dict[Source, Views] = field(default_factory=dict)
    rows: dict[RowKey, Row] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    updates: int = 0
    """Under way, or waiting for their turn."""


class NodeRows:
    """All nodes at all switches."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._nodes: dict[tuple[str, MobileNodeId], _Node] = {}

    async def update(self, switch: str, mn_id: MobileNodeId, source: Source, views: Views) -> None:
        """Bring the switch to what that role says now; nothing new is refused and part of it there. Raises
        TableFullError, SwitchWriteError, TopologyError."""
        key = switch, mn_id
        node = self._nodes.setdefault(key, _Node())
        node.updates += 1
        try:
            async with node.lock:
                changed = {**node.views, source: views}
                rows = self._entries(switch, changed.values())
                if rows != node.rows:
                    await self._services.fabric.carry_out(diff(node.rows, rows))
                node.rows, node.views = rows, {source: v for source, v in changed.items() if v}
        finally:
            node.updates -= 1
            if not node.views and not node.updates:
                del self._nodes[key]

    def adopt(self, switch: str, mn_id: MobileNodeId, source: Source, views: Views) -> None:
        """Want these rows without writing them: of a binding that was stored. Raises TopologyError."""
        key = switch, mn_id
        node = self._nodes.get(key) or _Node()
        changed = {**node.views, source: views}
        node.rows = self._entries(switch, changed.values())
        if views:
            node.views[source] = views
            self._nodes[key] = node

    def of(self, switch: str, mn_id: MobileNodeId) -> Iterable[Row]:
        """What the switch holds for the node."""
        node = self._nodes.get((switch, mn_id))
        return () if node is None else node.rows.values()

    def adopted(self) -> Iterable[Row]:
        """All rows of what was adopted."""
        return chain.from_iterable(node.rows.values() for node in self._nodes.values())

    def _entries(self, switch: str, views: Iterable[Views]) -> dict[RowKey, Row]:
        return local_entries(chain.from_iterable(views), switch, self._services.topology)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What the roles of all switches share: the way to the disk, to the switches and to peers, and what nodes draw from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Network
from typing import Any

from p4dmm.config import Mobility, PortRef
from p4dmm.controller.journal import Journal
from p4dmm.controller.services import Services
from p4dmm.mobility import IdPool, PoolExhaustedError, PrefixPool
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire import MacAddress

from .node_rows import NodeRows
from .roles import NodeKey
from .transport import Transport


@dataclass(slots=True)
class Site:
    """Of one controller."""

    services: Services
    mobility: Mobility
    journal: Journal
    transport: Transport
    node_ids: IdPool
    path_ids: IdPool
    pools: dict[str, PrefixPool]
    """Of the switches of this controller that anchor prefixes."""
    last_at: dict[MacAddress, PortRef] = field(default_factory=dict)
    """Where a node was last attached."""
    rows: NodeRows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = NodeRows(self.services)

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self.services.now()

    def count(self, name: str) -> None:
        """One more of what is named."""
        self.services.counters[name] += 1

    def draw(self, switch: str, owner: str, count: int) -> tuple[IPv6Network, ...]:
        """So many prefixes of the pool; fewer where it is exhausted."""
        drawn: list[IPv6Network] = []
        try:
            while len(drawn) < count:
                drawn.append(self.pools[switch].allocate(owner, self.now()))
        except PoolExhaustedError:
            self.count("prefixes not to be had: pool exhausted")
        return tuple(drawn)

    def claim(self, switch: str, owner: str, prefixes: Iterable[IPv6Network]) -> None:
        """Prefixes that a node has from now on, drawn or by name."""
        for prefix in prefixes:
            self.pools[switch].claim(prefix, owner)

    def give_back(self, switch: str, prefixes: Iterable[IPv6Network]) -> None:
        """Prefixes that were drawn and that nobody was told."""
        for prefix in prefixes:
            self.pools[switch].give_back(prefix)

    def release(self, switch: str, prefixes: Iterable[IPv6Network]) -> None:
        """Prefixes that a node had: they rest until no host can hold an address of them any more."""
        for prefix in prefixes:
            self.pools[switch].release(prefix, self.rest_until())

    def rest_until(self) -> float:
        """The end of the last lifetime that can have been advertised."""
        return self.now() + self.services.domain.valid_lifetime_s

    async def save(
        self,
        switch: str,
        role: str,
        key: NodeKey,
        state: Any,
        *,
        taken: Iterable[IPv6Network],
        released: Iterable[IPv6Network],
        is_undone: bool = False,
    ) -> None:
        """Returns when the state, and who has which prefix, is durable. Raises PrefixConflictError, StoreError.
        `is_undone`: nobody was told of what is released; it rests if it did before."""
        until = self.rest_until()
        rests = {p: self.pools[switch].rests_until(p) if is_undone else until for p in released}
        # An interface is called by its address: its state says whose it is.
        node = key.mn_id if key.mac is None else MobileNodeId.eui48(key.mac)
        await self.journal.save(
            role,
            switch,
            node,
            state,
            now=self.now(),
            taken=[(prefix, switch) for prefix in taken],
            owner=key.mn_id,
            released=rests,
        )

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What nodes are given: prefixes of a MAAR's pool, and the small numbers that name them in the pipeline."""

from collections.abc import Mapping
from hashlib import blake2b
from heapq import heappop, heappush
from ipaddress import IPv6Network


class PoolExhaustedError(Exception):
    """Nothing left to give: names the pool and its size."""


class PrefixPool:
    """The /64s of one MAAR.

    Where the search for a node's prefix starts is a function of its name, so that a node gets the same prefix again,
    also from a controller that remembers nothing, and different nodes start apart. A released prefix rests until the
    last lifetime advertised for it has ended; only its own node may have it earlier.
    """

    def __init__(self, pool: IPv6Network) -> None:
        self._pool = pool
        self.size = 1 << (64 - pool.prefixlen)
        self._owners: dict[int, str] = {}
        # A rest is kept while its own node has the prefix again: what is given back unused goes on resting.
        self._rests: dict[int, tuple[str, float]] = {}
        self._rest_ends: list[tuple[float, int]] = []
        """Heap; an end that is not the one in `_rests` has been overtaken."""
        self._resting_of: dict[str, int] = {}
        self._taken: set[int] = set()
        """In use or resting."""
        self._kept: dict[int, str] = {}

    def __len__(self) -> int:
        """Prefixes in use."""
        return len(self._owners)

    def covers(self, prefix: IPv6Network) -> bool:
        """Whether it is one of the pool, whoever has it."""
        return prefix.prefixlen == 64 and prefix.subnet_of(self._pool)

    def allocate(self, owner: str, now: float) -> IPv6Network:
        """A prefix for that node. Raises PoolExhaustedError when every one is in use or resting."""
        self._end_rests(now)
        index = self._resting_of.get(owner)
        if index is None or index in self._owners or index in self._kept:
            index = self._search(owner)
        self._owners[index] = owner
        self._taken.add(index)
        return self._prefix(index)

    def claim(self, prefix: IPv6Network, owner: str) -> None:
        """Note a prefix that a node was found to have. Raises ValueError when it is another's."""
        index = self._index(prefix)
        holder = self._owners.setdefault(index, owner)
        self._taken.add(index)
        if holder != owner:
            raise ValueError(f"{prefix} belongs to {holder}, {owner} cannot have it too")

    def give_back(self, prefix: IPv6Network) -> None:
        """Undo an allocation that was never advertised."""
        index = self._index(prefix)
        self._owners.pop(index, None)
        if index not in self._rests:
            self._taken.discard(index)

    def release(self, prefix: IPv6Network, until: float) -> None:
        """Let the prefix rest until then."""
        index = self._index(prefix)
        owner = self._owners.pop(index, None)
        if owner is not None:
            self._rest(index, owner, until)

    def rest(self, prefix: IPv6Network, owner: str, until: float) -> None:
        """Note a prefix that was found resting."""
        index = self._index(prefix)
        self._taken.add(index)
        self._rest(index, owner, until)

    def rests_until(self, prefix: IPv6Network) -> float | None:
        """The end of its rest, also while its own node has it again; None if it has none."""
        _, until = self._rests.get(self._index(prefix), (None, None))
        return until

    def keep(self, prefixes: Mapping[IPv6Network, str]) -> None:
        """These are for their owners alone, whether or not they have them, and no others are. Those of other pools do
        not matter."""
        self._kept = {self._index(p): owner for p, owner in prefixes.items() if p.subnet_of(self._pool)}

    def is_available(self, prefix: IPv6Network, owner: str, now: float) -> bool:
        """Whether it is one of the pool that is neither in use nor resting for somebody else."""
        if not self.covers(prefix):
            return False
        self._end_rests(now)
        index = self._index(prefix)
        if self._kept.get(index, owner) != owner:
            return False
        return index not in self._taken or (index not in self._owners and self._rests[index][0] == owner)

    def _rest(self, index: int, owner: str, until: float) -> None:
        self._rests[index] = (owner, until)
        self._resting_of[owner] = index
        heappush(self._rest_ends, (until, index))

    def _search(self, owner: str) -> int:
        if len(self._taken) >= self.size:
            raise PoolExhaustedError(
                f"pool {self._pool} has no prefix left: {len(self._owners)} of {self.size} in use, "
                f"{len(self._taken) - len(self._owners)} resting"
            )
        index = int.from_bytes(blake2b(owner.encode(), digest_size=8).digest(), "big") % self.size
        for _ in range(self.size):
            if index not in self._taken and index not in self._kept:
                return index
            index = (index + 1) % self.size
        raise PoolExhaustedError(f"pool {self._pool} has no prefix left but {len(self._kept)} that are kept by policy")

    def _end_rests(self, now: float) -> None:
        while self._rest_ends and self._rest_ends[0][0] <= now:
            until, index = heappop(self._rest_ends)
            owner, end = self._rests.get(index, (None, None))
            if owner is None or end != until:
                continue
            del self._rests[index]
            if self._resting_of.get(owner) == index:
                del self._resting_of[owner]
            if index not in self._owners:
                self._taken.discard(index)

    def _prefix(self, index: int) -> IPv6Network:
        return IPv6Network((int(self._pool.network_address) + (index << 64), 64))

    def _index(self, prefix: IPv6Network) -> int:
        if not self.covers(prefix):
            raise ValueError(f"{prefix} is no /64 of pool {self._pool}")
        return (int(prefix.network_address) - int(self._pool.network_address)) >> 64


class IdPool:
    """Numbers from 1 to `limit`, each to one holder at a time; the one longest unused comes next."""

    def __init__(self, what: str, limit: int) -> None:
        self._what = what
        self._limit = limit
        self._used: set[int] = set()
        self._last = 0

    def allocate(self) -> int:
        """A free number. Raises PoolExhaustedError."""
        if len(self._used) >= self._limit:
            raise PoolExhaustedError(f"all {self._limit} {self._what}s are in use")
        number = self._last % self._limit + 1
        while number in self._used:
            number = number % self._limit + 1
        self._last = number
        self._used.add(number)
        return number

    def claim(self, number: int) -> None:
        """Note a number found in use."""
        if not 1 <= number <= self._limit:
            raise ValueError(f"{self._what} {number} is not in 1..{self._limit}")
        self._used.add(number)
        self._last = max(self._last, number)

    def release(self, number: int) -> None:
        self._used.discard(number)

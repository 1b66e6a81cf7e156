# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What nodes are given: prefixes of a MAAR's pool, and the small numbers that name them in the pipeline."""

from hashlib import blake2b
from heapq import heappop, heappush
from ipaddress import IPv6Network

from p4dmm.wire import MacAddress


class PoolExhaustedError(Exception):
    """Nothing left to give: names the pool and its size."""


class PrefixPool:
    """The /64s of one MAAR.

    Where the search for a node's prefix starts is a function of its MAC, so that a node gets the same prefix again,
    also from a controller that remembers nothing, and different nodes start apart. A released prefix rests until the
    last lifetime advertised for it has ended; only its own node may have it earlier.
    """

    def __init__(self, pool: IPv6Network) -> None:
        self._pool = pool
        self.size = 1 << (64 - pool.prefixlen)
        self._owners: dict[int, MacAddress] = {}
        # A rest is kept while its own node has the prefix again: what is given back unused goes on resting.
        self._rests: dict[int, tuple[MacAddress, float]] = {}
        self._rest_ends: list[tuple[float, int]] = []
        """Heap; an end that is not the one in `_rests` has been overtaken."""
        self._resting_of: dict[MacAddress, int] = {}
        self._taken: set[int] = set()
        """In use or resting."""

    def __len__(self) -> int:
        """Prefixes in use."""
        return len(self._owners)

    def allocate(self, mac: MacAddress, now: float) -> IPv6Network:
        """A prefix for that node. Raises PoolExhaustedError when every one is in use or resting."""
        self._end_rests(now)
        index = self._resting_of.get(mac)
        if index is None or index in self._owners:
            index = self._search(mac)
        self._owners[index] = mac
        self._taken.add(index)
        return self._prefix(index)

    def claim(self, prefix: IPv6Network, mac: MacAddress) -> None:
        """Note a prefix that a node was found to have. Raises ValueError when it is another's."""
        index = self._index(prefix)
        owner = self._owners.setdefault(index, mac)
        self._taken.add(index)
        if owner != mac:
            raise ValueError(f"{prefix} belongs to {owner}, {mac} cannot have it too")

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
            self._rests[index] = (owner, until)
            self._resting_of[owner] = index
            heappush(self._rest_ends, (until, index))

    def _search(self, mac: MacAddress) -> int:
        if len(self._taken) >= self.size:
            raise PoolExhaustedError(
                f"pool {self._pool} has no prefix left: {len(self._owners)} of {self.size} in use, "
                f"{len(self._taken) - len(self._owners)} resting"
            )
        index = int.from_bytes(blake2b(bytes(mac), digest_size=8).digest(), "big") % self.size
        while index in self._taken:
            index = (index + 1) % self.size
        return index

    def _end_rests(self, now: float) -> None:
        while self._rest_ends and self._rest_ends[0][0] <= now:
            until, index = heappop(self._rest_ends)
            mac, end = self._rests.get(index, (None, None))
            if mac is None or end != until:
                continue
            del self._rests[index]
            if self._resting_of.get(mac) == index:
                del self._resting_of[mac]
            if index not in self._owners:
                self._taken.discard(index)

    def _prefix(self, index: int) -> IPv6Network:
        return IPv6Network((int(self._pool.network_address) + (index << 64), 64))

    def _index(self, prefix: IPv6Network) -> int:
        if not prefix.subnet_of(self._pool) or prefix.prefixlen != 64:
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

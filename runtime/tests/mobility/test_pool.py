# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Prefix pools and number pools: nothing is ever given to two."""

from dataclasses import dataclass
from ipaddress import IPv6Network
from time import perf_counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from p4dmm.mobility import IdPool, PoolExhaustedError, PrefixPool
from p4dmm.wire import MacAddress

SMALL = IPv6Network("2001:db8:1000::/61")
MACS = [str(MacAddress.from_int(0x02005E000100 + n)) for n in range(12)]


def test_same_node_gets_the_same_prefix_from_a_controller_that_remembers_nothing() -> None:
    pools = [PrefixPool(IPv6Network("2001:db8:1000::/48")) for _ in range(2)]
    for mac in MACS:
        assert pools[0].allocate(mac, 0.0) == pools[1].allocate(mac, 99.0)


def test_prefixes_are_of_the_pool_and_different() -> None:
    pool = PrefixPool(SMALL)
    given = [pool.allocate(mac, 0.0) for mac in MACS[:8]]
    assert len(set(given)) == len(pool) == 8
    assert all(prefix.subnet_of(SMALL) and prefix.prefixlen == 64 for prefix in given)


def test_an_exhausted_pool_says_what_it_has() -> None:
    pool = PrefixPool(SMALL)
    first = [pool.allocate(mac, 0.0) for mac in MACS[:8]]
    with pytest.raises(PoolExhaustedError, match=f"^pool {SMALL} has no prefix left: 8 of 8 in use, 0 resting$"):
        pool.allocate(MACS[8], 0.0)
    pool.release(first[0], until=10.0)
    with pytest.raises(PoolExhaustedError, match=r"7 of 8 in use, 1 resting$"):
        pool.allocate(MACS[8], 9.9)
    assert pool.allocate(MACS[8], 10.0) == first[0]


def test_a_resting_prefix_waits_for_its_own_node() -> None:
    pool = PrefixPool(IPv6Network("2001:db8::/64"))
    prefix = pool.allocate(MACS[0], 0.0)
    pool.release(prefix, until=100.0)
    with pytest.raises(PoolExhaustedError):
        pool.allocate(MACS[1], 50.0)
    assert pool.allocate(MACS[0], 50.0) == prefix


def test_a_returning_node_gets_its_resting_prefix_although_an_earlier_one_became_free() -> None:
    """Its hosts may still hold addresses of it; another prefix would leave those without a router for hours."""
    pool, (one, two) = _two_nodes_that_start_at_the_same_prefix()
    first, second = pool.allocate(one, 0.0), pool.allocate(two, 0.0)
    pool.release(first, until=10.0)
    pool.release(second, until=1000.0)
    assert pool.allocate(two, 500.0) == second


def test_a_prefix_given_back_unused_does_not_rest() -> None:
    pool = PrefixPool(IPv6Network("2001:db8::/64"))
    pool.give_back(pool.allocate(MACS[0], 0.0))
    assert pool.allocate(MACS[1], 0.0) == IPv6Network("2001:db8::/64")


def test_giving_back_does_not_end_the_rest_that_was_interrupted() -> None:
    """A node draws its own resting prefix, the handover fails: hosts still may hold addresses of it."""
    pool = PrefixPool(IPv6Network("2001:db8::/64"))
    prefix = pool.allocate(MACS[0], 0.0)
    pool.release(prefix, until=100.0)
    pool.give_back(pool.allocate(MACS[0], 50.0))
    with pytest.raises(PoolExhaustedError):
        pool.allocate(MACS[1], 60.0)
    assert pool.allocate(MACS[1], 100.0) == prefix


def test_a_claimed_prefix_is_nobody_else_s() -> None:
    pool = PrefixPool(IPv6Network("2001:db8::/64"))
    prefix = IPv6Network("2001:db8::/64")
    pool.claim(prefix, MACS[0])
    with pytest.raises(PoolExhaustedError):
        pool.allocate(MACS[1], 0.0)
    with pytest.raises(ValueError, match="belongs to 02:00:5e:00:01:00"):
        pool.claim(prefix, MACS[1])
    pool.claim(prefix, MACS[0])


def test_a_foreign_prefix_is_refused() -> None:
    pool = PrefixPool(SMALL)
    for text in ("2001:db8:2000::/64", "2001:db8:1000::/65", "2001:db8:1000::/61"):
        with pytest.raises(ValueError, match=rf"^{text} is no /64 of pool {SMALL}$"):
            pool.claim(IPv6Network(text), MACS[0])


def test_a_pool_of_a_domain_does_not_search_long() -> None:
    """Every node of a full /52: the search goes on where the hash of the MAC begins, and ends."""
    pool = PrefixPool(IPv6Network("2001:db8::/52"))
    given = {pool.allocate(str(MacAddress.from_int(n)), 0.0) for n in range(4096)}
    assert len(given) == 4096


def _two_nodes_that_start_at_the_same_prefix() -> tuple[PrefixPool, tuple[str, str]]:
    first: dict[IPv6Network, str] = {}
    for mac in MACS:
        start = PrefixPool(SMALL).allocate(mac, 0.0)
        if start in first:
            return PrefixPool(SMALL), (first[start], mac)
        first[start] = mac
    raise AssertionError("twelve MACs over eight prefixes, and no two share one")


@dataclass(frozen=True)
class Lease:
    prefix: IPv6Network
    mac: str


class PrefixPoolWalk(RuleBasedStateMachine):
    """Nodes come and go; a model remembers who may hold which prefix until when."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.pool = PrefixPool(SMALL)
        self.now = 0.0
        self.owners: dict[IPv6Network, str] = {}
        self.quarantine: dict[IPv6Network, tuple[str, float]] = {}

    @rule(target=held, mac=st.sampled_from(MACS))
    def allocate(self, mac: str) -> Lease:
        if mac in self.owners.values():
            return Lease(SMALL, mac)  # a node has one prefix of an anchor
        barred = {p for p, (m, until) in self.quarantine.items() if m != mac and until > self.now}
        resting = [p for p, (m, until) in self.quarantine.items() if m == mac and until > self.now]
        try:
            prefix = self.pool.allocate(mac, self.now)
        except PoolExhaustedError:
            assert len(set(self.owners) | barred) == self.pool.size
            return Lease(SMALL, mac)
        assert prefix not in self.owners
        assert prefix not in barred
        assert not resting or prefix in resting
        self.owners[prefix] = mac
        self.quarantine.pop(prefix, None)
        return Lease(prefix, mac)

    @rule(lease=consumes(held), rest=st.sampled_from((0.0, 1.0, 100.0)))
    def release(self, lease: Lease, rest: float) -> None:
        if lease.prefix != SMALL:
            self.pool.release(lease.prefix, self.now + rest)
            del self.owners[lease.prefix]
            self.quarantine[lease.prefix] = lease.mac, self.now + rest

    @rule(delay=st.sampled_from((0.5, 1.0, 50.0)))
    def wait(self, delay: float) -> None:
        self.now += delay

    @invariant()
    def counts_what_is_in_use(self) -> None:
        assert len(self.pool) == len(self.owners)


TestPrefixPoolWalk = PrefixPoolWalk.TestCase
TestPrefixPoolWalk.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


# Numbers


class IdPoolWalk(RuleBasedStateMachine):
    held = Bundle("held")
    LIMIT = 6

    def __init__(self) -> None:
        super().__init__()
        self.pool = IdPool("path id", self.LIMIT)
        self.used: set[int] = set()

    @rule(target=held)
    def allocate(self) -> int:
        if len(self.used) == self.LIMIT:
            with pytest.raises(PoolExhaustedError, match=r"^all 6 path ids are in use$"):
                self.pool.allocate()
            return 0
        number = self.pool.allocate()
        assert 1 <= number <= self.LIMIT
        assert number not in self.used
        self.used.add(number)
        return number

    @rule(target=held, number=st.integers(1, LIMIT))
    def claim(self, number: int) -> int:
        if number in self.used:
            return 0
        self.pool.claim(number)
        self.used.add(number)
        return number

    @rule(number=consumes(held))
    def release(self, number: int) -> None:
        if number:
            self.pool.release(number)
            self.used.discard(number)


TestIdPoolWalk = IdPoolWalk.TestCase
TestIdPoolWalk.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_released_number_is_not_the_next() -> None:
    """A late packet or counter of the old holder must not be taken for the new one's."""
    pool = IdPool("path id", 100)
    first = pool.allocate()
    pool.release(first)
    assert [pool.allocate() for _ in range(99)] == list(range(2, 101))
    assert pool.allocate() == first


@pytest.mark.parametrize("number", [0, -1, 7])
def test_a_number_out_of_range_cannot_be_claimed(number: int) -> None:
    with pytest.raises(ValueError, match=rf"^path id {number} is not in 1\.\.6$"):
        IdPool("path id", 6).claim(number)


def test_an_exhausted_pool_is_known_at_once() -> None:
    """Whoever makes it be asked again and again must not hold up the controller."""
    pool = PrefixPool(IPv6Network("2001:db8::/50"))
    for number in range(pool.size):
        pool.release(pool.allocate(str(MacAddress.from_int(number)), 0.0), until=7200.0)
    start = perf_counter()
    for _ in range(100):
        with pytest.raises(PoolExhaustedError, match="0 of 16384 in use, 16384 resting"):
            pool.allocate(str(MacAddress.from_int(1 << 30)), 1.0)
    assert perf_counter() - start < 0.2
    assert pool.allocate(str(MacAddress.from_int(1 << 30)), 7200.0)

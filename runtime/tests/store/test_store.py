# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Saves: when they are durable, what they refuse, and what of that concerns whom."""

import asyncio
import math
import sqlite3
import threading
from ipaddress import IPv6Address

import pytest

from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.store import (
    DeleteNode,
    FreePrefix,
    HoldPrefix,
    Kinds,
    NodeKey,
    PeerKey,
    PrefixConflictError,
    PutNode,
    PutPeer,
    PutValue,
    QuarantinePrefix,
    Store,
    StoredPrefix,
    StoreError,
)

from .model import KINDS, LMA, NodeState, node, prefix, state


async def test_everything_is_there_for_who_opens_it_next(store, reopened):
    await store.save(
        (
            PutNode("lma", "s1", node(1), state(1)),
            PutNode("maar", "s1", node(1), state(2)),
            HoldPrefix(prefix(1), "s1", node(1)),
            HoldPrefix(prefix(2), "s1", node(1)),
            QuarantinePrefix(prefix(2), 1.25e9),
            PutPeer("s1", LMA, Freshness(1, 2, LMA)),
            PutValue("restarts", 7),
            PutValue("name", "p4dmm"),
            PutValue("key", b"\0\xff"),
        )
    )
    await store.save([PutNode("lma", "s1", node(1), state(3)), DeleteNode("maar", "s1", node(1))])
    here, there = store.load(), reopened(store)
    assert here == there
    assert there.nodes == {NodeKey("lma", "s1", node(1)): state(3)}
    assert there.prefixes == {
        prefix(1): StoredPrefix("s1", node(1)),
        prefix(2): StoredPrefix("s1", node(1), quarantined_until=1.25e9),
    }
    assert there.peers == {PeerKey("s1", LMA): Freshness(1, 2, LMA)}
    assert there.values == {"restarts": 7, "name": "p4dmm", "key": b"\0\xff"}


async def test_save_is_in_the_log_on_disk_when_it_returns(store, path):
    await store.save([PutValue("word", "kept-on-disk")])
    assert b"kept-on-disk" in path.with_name("store-wal").read_bytes()


async def test_every_commit_waits_for_the_disk(store):
    """Loss of power cannot be tried; that is what SQLite promises for it (https://www.sqlite.org/pragma.html)."""
    execute = store._database._connection.execute
    assert execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert execute("PRAGMA synchronous").fetchone() == (2,)


class TestPrefixes:
    async def test_one_prefix_for_two_nodes_is_refused(self, store):
        await store.save([HoldPrefix(prefix(1), "s1", node(1))])
        expected = (
            r"2001:db8:0:1::/64 cannot be held by node mn2@example.net at switch s1: "
            r"it is held by node mn1@example.net at switch s1"
        )
        with pytest.raises(PrefixConflictError, match=expected) as caught:
            await store.save([HoldPrefix(prefix(1), "s1", node(2))])
        assert caught.value.prefix == prefix(1)

    async def test_one_prefix_at_two_switches_is_refused(self, store):
        await store.save([HoldPrefix(prefix(1), "s1", node(1))])
        with pytest.raises(PrefixConflictError, match=r"at switch s2: it is held by .* at switch s1"):
            await store.save([HoldPrefix(prefix(1), "s2", node(1))])

    async def test_two_nodes_that_look_the_same_are_two(self, store):
        first, second = MobileNodeId(1, b"5:00"), MobileNodeId(5, b"\0")
        assert str(first) == str(second)
        await store.save([HoldPrefix(prefix(1), "s1", first)])
        with pytest.raises(PrefixConflictError):
            await store.save([HoldPrefix(prefix(1), "s1", second)])

    async def test_quarantine_keeps_others_away_until_it_is_freed(self, store):
        await store.save([HoldPrefix(prefix(1), "s1", node(1)), QuarantinePrefix(prefix(1), 99.0)])
        with pytest.raises(PrefixConflictError, match=r"in quarantine until 99\.0"):
            await store.save([HoldPrefix(prefix(1), "s1", node(2))])
        await store.save([HoldPrefix(prefix(1), "s1", node(1))])
        assert store.load().prefixes == {prefix(1): StoredPrefix("s1", node(1))}
        await store.save([FreePrefix(prefix(1)), HoldPrefix(prefix(1), "s1", node(2))])
        assert store.load().prefixes == {prefix(1): StoredPrefix("s1", node(2))}

    async def test_what_nobody_holds_is_not_quarantined(self, store):
        with pytest.raises(StoreError, match=r"2001:db8:0:1::/64 cannot be quarantined: nobody holds it"):
            await store.save([QuarantinePrefix(prefix(1), 99.0)])

    async def test_refused_save_changes_nothing_and_the_others_of_its_group_are_done(self, store, reopened):
        await store.save([HoldPrefix(prefix(1), "s1", node(1))])
        saves = [
            [PutValue("a", 1), HoldPrefix(prefix(2), "s1", node(1))],
            [PutValue("b", 1), HoldPrefix(prefix(3), "s1", node(2)), HoldPrefix(prefix(1), "s1", node(2))],
            [PutValue("c", 1), HoldPrefix(prefix(3), "s1", node(3))],
            [HoldPrefix(prefix(2), "s1", node(3)), PutValue("d", 1)],
        ]
        outcomes = await asyncio.gather(*map(store.save, saves), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), PrefixConflictError] * 2
        contents = reopened(store)
        assert contents.values == {"a": 1, "c": 1}
        assert contents.prefixes == {
            prefix(1): StoredPrefix("s1", node(1)),
            prefix(2): StoredPrefix("s1", node(1)),
            prefix(3): StoredPrefix("s1", node(3)),
        }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (PutNode("cmd", "s1", node(1), state(1)), "role cmd is unknown; allowed: lma, maar"),
        (PutNode("lma", "s1", node(1), Freshness()), "lma of node mn1@example.net at switch s1: NodeState cannot be"),
        (PutNode("lma", "s1", node(1), NodeState("x")), r"NodeState\.number cannot be stored: 'x' is no int"),
        (PutNode("lma", "", node(1), state(1)), "switch '' cannot be stored"),
        (PutNode("lma", "\ud800", node(1), state(1)), "switch .* no UTF-8"),
        (HoldPrefix(prefix(1), 5, node(1)), "switch 5 cannot be stored"),
        (HoldPrefix("2001:db8::/64", "s1", node(1)), "prefix cannot be stored: '2001:db8::/64' is no IPv6Network"),
        (QuarantinePrefix(prefix(1), math.nan), "until nan"),
        (QuarantinePrefix(prefix(1), math.inf), "until inf"),
        (PutPeer("s1", LMA, 5), "peer 2001:db8::1 of switch s1: Freshness cannot be stored: 5 is no Freshness"),
        (PutPeer("s1", IPv6Address("fe80::1%eth0"), Freshness()), "peer cannot be stored: .* without a zone"),
        (PutValue("x", 1 << 63), "value x cannot be 9223372036854775808; allowed: int of 64 bits"),
        (PutValue("x", True), "value x cannot be True"),
        (PutValue("x", 1.5), "value x cannot be 1.5"),
        (PutValue("x", None), "value x cannot be None"),
        (PutValue("x", "\udfff"), "value x cannot be"),
        (PutValue("", 1), "name '' cannot be stored"),
    ],
)
async def test_what_cannot_be_stored_is_refused_with_its_name(store, change, problem):
    with pytest.raises(StoreError, match=problem):
        await store.save([PutValue("with it", 1), change])
    assert not store.load().values


async def test_kinds_are_checked_before_the_file_is_made(path):
    with pytest.raises(StoreError, match="type list cannot be stored"):
        Store.open(path, Kinds({"lma": list}))
    assert not path.exists()


async def test_what_this_program_does_not_know_is_named(store, path):
    await store.save([PutNode("lma", "s1", node(1), state(1)), PutPeer("s1", LMA, Freshness())])
    await store.stop()
    for kinds, problem in (
        (Kinds({"maar": NodeState}, Freshness), "role lma is unknown"),
        (Kinds({"lma": NodeState}), "peers have no states here"),
        (Kinds({"lma": Freshness}, Freshness), "lma of node mn1@example.net at switch s1: Freshness .* is unknown"),
    ):
        other = Store.open(path, kinds)
        with pytest.raises(StoreError, match=rf"^{path}: .*{problem}"):
            other.load()
        other.close()


class Gate:
    """In place of a connection's COMMIT: says that one is under way, and has it wait."""

    def __init__(self, monkeypatch):
        self.begun, self.open, self.commits = threading.Semaphore(0), threading.Semaphore(0), 0
        gate, connect = self, sqlite3.connect

        class Connection(sqlite3.Connection):
            def execute(self, sql, *parameters):
                if sql == "COMMIT" and threading.current_thread().name == "store":
                    gate.commits += 1
                    gate.begun.release()
                    gate.open.acquire()
                return super().execute(sql, *parameters)

        monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: connect(*args, factory=Connection, **named))

    async def wait_for_commit(self):
        await asyncio.to_thread(self.begun.acquire)


class TestGroups:
    @pytest.fixture
    def gate(self, monkeypatch):
        return Gate(monkeypatch)

    async def test_what_comes_while_a_commit_is_under_way_is_the_next_group(self, gate, path):
        store = Store.open(path, KINDS)
        first = asyncio.create_task(store.save([PutValue("first", 1)]))
        await gate.wait_for_commit()
        later = [asyncio.create_task(store.save([PutValue(f"later {number}", 1)])) for number in range(50)]
        gate.open.release()
        await gate.wait_for_commit()
        await first
        assert not any(task.done() for task in later)
        gate.open.release()
        await asyncio.gather(*later)
        assert gate.commits == 2
        await store.stop()

    async def test_saves_of_one_turn_of_the_loop_are_one_group(self, gate, path):
        store = Store.open(path, KINDS)
        gate.open.release()
        await asyncio.gather(*(store.save([PutValue(f"v{number}", 1)]) for number in range(50)))
        assert gate.commits == 1
        await store.stop()

    async def test_too_many_saves_wait_in_order(self, gate, path):
        store = Store.open(path, KINDS, max_saves=3)
        gate.open.release(100)
        values = range(20)
        await asyncio.gather(*(store.save([PutValue("last", number)]) for number in values))
        assert store.load().values == {"last": 19}
        assert gate.commits == 7
        await store.stop()

    async def test_stop_finishes_what_was_begun_and_refuses_the_rest(self, gate, path, reopened):
        store = Store.open(path, KINDS, max_saves=10)
        saves = [asyncio.create_task(store.save([PutValue(f"v{number}", 1)])) for number in range(12)]
        await gate.wait_for_commit()
        stopping = asyncio.create_task(store.stop())
        gate.open.release(10)
        await stopping
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
        assert outcomes[:10] == [None] * 10
        assert all("is closed" in str(outcome) for outcome in outcomes[10:])
        with pytest.raises(StoreError, match="is closed"):
            await store.save([PutValue("late", 1)])
        assert set(reopened(store).values) == {f"v{number}" for number in range(10)}

    async def test_cancelled_save_takes_nobody_with_it(self, gate, path):
        store = Store.open(path, KINDS, max_saves=2)
        saves = [asyncio.create_task(store.save([PutValue(f"v{number}", 1)])) for number in range(4)]
        await gate.wait_for_commit()
        saves[0].cancel()
        saves[2].cancel()
        gate.open.release(10)
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, type(None)] * 2
        assert {"v1", "v3"} <= set(store.load().values)
        await store.stop()

    async def test_load_sees_no_save_that_is_under_way(self, gate, path):
        store = Store.open(path, KINDS)
        save = asyncio.create_task(store.save([PutValue("v", 1)]))
        await gate.wait_for_commit()
        loading = asyncio.create_task(asyncio.to_thread(store.load))
        gate.open.release()
        assert (await loading).values == {"v": 1}
        await save
        await store.stop()


async def test_full_file_fails_the_group_and_later_saves_work(store, reopened):
    await store.save([PutValue("before", 1)])
    execute = store._database._connection.execute
    (pages,) = execute("PRAGMA page_count").fetchone()
    execute(f"PRAGMA max_page_count = {pages + 2}")
    saves = [[PutValue(f"v{number}", b"x" * 5000)] for number in range(10)]
    outcomes = await asyncio.gather(*map(store.save, saves), return_exceptions=True)
    assert {str(outcome) for outcome in outcomes} == {
        f"{store._database.path} cannot be written: database or disk is full"
    }
    assert len({id(outcome) for outcome in outcomes}) == 10
    execute("PRAGMA max_page_count = 100000")
    await store.save([PutValue("after", 2)])
    assert reopened(store).values == {"before": 1, "after": 2}


async def test_save_that_the_database_refuses_leaves_no_transaction_behind(store, reopened):
    """Some errors end the transaction by themselves, such as that of a full disk; this one does not."""
    limited = store._database._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
    saves = [[PutValue("small", 1)], [PutValue("big", bytes(2000))]]
    outcomes = await asyncio.gather(*map(store.save, saves), return_exceptions=True)
    assert ["too big" in str(outcome) for outcome in outcomes] == [True, True]
    store._database._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limited)
    await store.save([PutValue("big", bytes(2000))])
    assert reopened(store).values == {"big": bytes(2000)}


async def test_thread_that_fails_leaves_nobody_waiting(store, monkeypatch, path):
    """No error of a kind that is foreseen: but a save must not wait for ever."""

    def broken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(store._database, "commit", broken)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with pytest.raises(StoreError, match="its thread has failed"):
        await store.save([PutValue("v", 1)])
    with pytest.raises(StoreError, match="is closed"):
        await store.save([PutValue("v", 1)])
    Store.open(path, KINDS).close()


async def test_key_that_is_none_is_named(store, path):
    """Written by another program, which knows of the checksums."""
    execute = store._database._connection.execute
    execute("INSERT INTO prefixes VALUES ('x', 's1', '1:00', NULL, checksum('x', 's1', '1:00', NULL))")
    with pytest.raises(StoreError, match=rf"^{path}: .*'x'"):
        store.load()


async def test_peers_are_told_apart_by_switch_and_address(store):
    mapped = IPv6Address("::ffff:1.2.3.4")
    states = {PeerKey("s1", LMA): Freshness(1), PeerKey("s2", LMA): Freshness(2), PeerKey("s1", mapped): Freshness(3)}
    await store.save([PutPeer(*key, value) for key, value in states.items()])
    assert store.load().peers == states

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Updates that come to nothing, and what they must not leave behind: in memory, on disk, in the switches."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from p4dmm.config import PortRef
from p4dmm.controller.disk import open_store
from p4dmm.controller.fabric import TableFullError
from p4dmm.controller.journal import Journal
from p4dmm.controller.nodes import NodeRegistry
from p4dmm.controller.sighting import Sighting
from p4dmm.controller.speakers.agent import WAIT_AFTER_REFUSAL_S
from p4dmm.controller.speakers.pacing import LONGEST_WAIT_S, Pacer
from p4dmm.controller.speakers.roles import NodeKey
from p4dmm.mobility import PoolExhaustedError
from p4dmm.mobility.exchange import Received, Send
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.mobility.rates import TokenBucket
from p4dmm.store import PrefixConflictError, StoreError
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import AlternateCareOfAddress, BaStatus, BindingError, HomeNetworkPrefix
from p4dmm.wire.mobility.status import BindingErrorStatus
from tests.support.domain import MN, Station, until
from tests.support.speakers import (
    LMA_POOL,
    Heard,
    SpeakerDomain,
    moved,
    running_speakers,
    speaking,
    stored,
    talks,
    times,
)

from .test_dmm import pool
from .test_refusals import MN9, answered, inject, update, with_policy

PREFIX = IPv6Network("2001:db8:4000:7::/64")
MN2 = MacAddress.parse("02:00:00:00:00:02")
A, B = MobileNodeId.nai("a@example.net"), MobileNodeId.nai("b@example.net")


def access(domain: SpeakerDomain, switch: str) -> Any:
    """The access router of a switch of the only controller."""
    (controller,) = domain.controllers.values()
    return controller._nodes._speakers[switch].access  # type: ignore[union-attr]


def host(domain: SpeakerDomain, switch: str, role: str) -> Any:
    (controller,) = domain.controllers.values()
    return controller._nodes._speakers[switch].hosts[role]  # type: ignore[union-attr]


def set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day is an hour earlier from now on, for the controller."""
    clocks = SimpleNamespace(time=lambda: time.time() - 3600.0, monotonic=time.monotonic)
    monkeypatch.setattr("p4dmm.controller.services.time", clocks)


class TestPrefixesThatHaveRested:
    async def test_go_to_another_node_once_the_rest_is_over(self, tmp_path: Path) -> None:
        network = stored(speaking("pmip"), tmp_path / "store")
        store = open_store(network)
        journal = Journal(store)
        await journal.save("lma", "c1", A, None, now=0.0, taken=[(PREFIX, "c1")])
        await journal.save("lma", "c1", A, None, now=0.0, released={PREFIX: 10.0})
        with pytest.raises(PrefixConflictError):
            await journal.save("lma", "c1", B, None, now=9.0, taken=[(PREFIX, "c1")])
        await journal.save("lma", "c1", B, None, now=10.0, taken=[(PREFIX, "c1")])
        with pytest.raises(PrefixConflictError):
            await journal.save("lma", "c1", A, None, now=99.0, taken=[(PREFIX, "c1")])
        contents = journal.load()
        assert contents.prefixes[PREFIX].owner == B
        assert contents.prefixes[PREFIX].quarantined_until is None
        await journal.stop()


class TestClockThatIsSetBack:
    def test_leaves_a_bucket_its_tokens(self) -> None:
        bucket = TokenBucket(rate=1, burst=5)
        assert bucket.take(10_000.0)
        assert bucket.take(0.0)
        assert bucket.take(0.0)

    @pytest.mark.parametrize("mode", ["sdn", "pmip"])
    async def test_keeps_no_node_that_has_gone(self, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
        network = times(speaking(mode), probe_interval_s=0.5, probe_timeout_s=0.05, probe_count=2)
        async with running_speakers(network) as (domain, mn, _):
            await moved(domain, mn, "s1:1", LMA_POOL if mode == "pmip" else pool(domain, "s1"))
            set_back(monkeypatch)
            mn.unplug()
            await until(lambda: all(node.at is None for node in domain.controller.nodes()))

    async def test_keeps_no_node_from_coming(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that was refused just before that."""
        async with running_speakers(speaking("dmm")) as (domain, mn, _):
            site = domain.controller._nodes._site  # type: ignore[union-attr]

            def exhausted(*_: Any) -> IPv6Network:
                raise PoolExhaustedError("nothing left")

            with monkeypatch.context() as full:
                full.setattr(site.pools["s1"], "allocate", exhausted)
                full.setattr("p4dmm.controller.speakers.access.REFUSED_S", 3600.0)
                mn.plug(domain.wire("s1:1"))
                mn.announce()
                await until(lambda: domain.counter("maar: pool exhausted") > 0)
            set_back(monkeypatch)
            await moved(domain, mn, "s1:1", pool(domain, "s1"))

    async def test_keeps_nothing_from_being_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with running_speakers(speaking("pmip")) as (domain, mn, _):
            await moved(domain, mn, "s1:1", LMA_POOL)
            (controller,) = domain.controllers.values()
            pacer: Pacer = controller._nodes._site.transport._pacer  # type: ignore[union-attr]
            send = Send(update(), domain.address("s1"), domain.address("c1"))
            while (wait_s := pacer.wait_before(send)) is not None:
                assert wait_s <= LONGEST_WAIT_S
            set_back(monkeypatch)
            other = Send(update(B), domain.address("s1"), domain.address("c1"))
            wait_s = pacer.wait_before(other)
            assert wait_s is not None
            assert wait_s < LONGEST_WAIT_S


class TestPeersThatAreNoSwitchOfTheNetworkFile:
    async def test_are_refused_as_ends_of_tunnels_and_leave_nothing_behind(self, tmp_path: Path) -> None:
        """A care-of address that no tunnel leads to is not stored: the next controller could not begin with it."""
        network = stored(speaking("pmip"), tmp_path / "store")
        async with running_speakers(network) as (domain, _, _):
            before = domain.table_rows()
            message = update()
            strange = AlternateCareOfAddress(address=IPv6Address("2001:db8:bad::1"))
            ack = await answered(domain, replace(message, options=(*message.options, strange)))
            assert ack.status == BaStatus.INSUFFICIENT_RESOURCES
            assert domain.table_rows() == before
            assert domain.counter("lma: events failed") == 0
            await domain.stop_controllers()
            await domain.start_controllers()
            assert (await answered(domain, update(sequence=2))).status == BaStatus.ACCEPTED


class TestAnotherNetworkFile:
    async def test_prefixes_of_a_pool_that_is_gone_are_not_taken_over(self, tmp_path: Path) -> None:
        network = stored(speaking("dmm"), tmp_path / "store")
        other = IPv6Network("2001:db8:4001::/48")
        async with running_speakers(network) as (domain, mn, cn):
            await moved(domain, mn, "s1:1", pool(domain, "s1"))
            await domain.stop_controllers()
            switches = tuple(
                s.model_copy(update={"pool": other}) if s.name == "s1" else s for s in domain.network.switches
            )
            domain.network = domain.network.model_copy(update={"switches": switches})
            await domain.start_controllers()
            address = await moved(domain, mn, "s1:1", other)
            await talks(domain, mn, cn, address, domain.mac("s1"))

    @pytest.mark.parametrize(("first", "second"), [("sdn", "dmm"), ("dmm", "sdn")])
    async def test_another_mode_begins_anew_with_what_is_left(self, first: str, second: str, tmp_path: Path) -> None:
        """No prefix that the other mode has promised goes to anybody else."""
        async with running_speakers(stored(speaking(first), tmp_path / "store")) as (domain, mn, cn):
            old = await moved(domain, mn, "s1:1", pool(domain, "s1"))
            await domain.stop_controllers()
            mobility = speaking(second).mobility
            domain.network = domain.network.model_copy(update={"mobility": mobility})
            await domain.start_controllers()
            address = await moved(domain, mn, "s1:1", pool(domain, "s1"))
            await talks(domain, mn, cn, address, domain.mac("s1"))
            other = await moved(domain, Station(MN2), "s1:2", pool(domain, "s1"))
            assert IPv6Network((int(other) >> 64 << 64, 64)) != IPv6Network((int(old) >> 64 << 64, 64))

    async def test_a_store_that_is_new_gets_what_the_switches_hold(self, tmp_path: Path) -> None:
        async with running_speakers(speaking("sdn")) as (domain, mn, _):
            await moved(domain, mn, "s1:1", pool(domain, "s1"))
            await domain.stop_controllers()
            domain.network = stored(domain.network, tmp_path / "store")
            await domain.start_controllers()
            contents = domain.controller._journal.load()
            assert [key.role for key in contents.nodes] == ["sdn"]
            assert len(contents.prefixes) == 1


class TestRowsOfRolesThatChangeAtTheSameTime:
    async def test_what_comes_while_the_last_of_it_goes_is_known_afterwards(self) -> None:
        async with running_speakers(speaking("pmip")) as (domain, mn, _):
            await moved(domain, mn, "s1:1", LMA_POOL)
            (controller,) = domain.controllers.values()
            rows = controller._nodes._site.rows  # type: ignore[union-attr]
            mag = host(domain, "s1", "mag")
            ((key, _),) = mag.states()
            views, source = mag.views(key), ("mag", key.mac)
            held = set(rows.of("s1", key.mn_id))
            await asyncio.gather(
                rows.update("s1", key.mn_id, source, ()),
                rows.update("s1", key.mn_id, ("other", None), views),
            )
            assert set(rows.of("s1", key.mn_id)) == held
            assert rows._nodes.keys() == {("s1", key.mn_id), ("c1", key.mn_id)}
            await rows.update("s1", key.mn_id, ("other", None), ())
            assert not set(rows.of("s1", key.mn_id))
            assert rows._nodes.keys() == {("c1", key.mn_id)}

    async def test_a_refusal_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with running_speakers(speaking("pmip")) as (domain, mn, _):
            await moved(domain, mn, "s1:1", LMA_POOL)
            (controller,) = domain.controllers.values()
            rows = controller._nodes._site.rows  # type: ignore[union-attr]
            mag = host(domain, "s1", "mag")
            ((key, _),) = mag.states()
            monkeypatch.setattr(controller._fabric._codec, "size", lambda _: 0)
            known = set(rows._nodes)
            with pytest.raises(TableFullError):
                await rows.update("s1", A, ("mag", None), mag.views(key))
            assert set(rows._nodes) == known


class TestNodesThatAreRefused:
    async def test_are_forgotten_with_all_they_drew(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with running_speakers(speaking("dmm")) as (domain, mn, _):
            (controller,) = domain.controllers.values()
            site = controller._nodes._site  # type: ignore[union-attr]

            def exhausted(*_: Any) -> IPv6Network:
                raise PoolExhaustedError("nothing left")

            monkeypatch.setattr(site.pools["s1"], "allocate", exhausted)
            mn.plug(domain.wire("s1:1"))
            mn.announce()
            await until(lambda: domain.counter("maar: pool exhausted") > 0)
            assert len(access(domain, "s1")._nodes) == 1
            mn.unplug()
            await until(lambda: not access(domain, "s1")._nodes)
            assert not access(domain, "s1")._by_key
            assert not site.node_ids._used
            assert not site.path_ids._used
            assert not site.last_at

    async def test_are_not_more_than_a_port_may_have_however_fast_they_come(self) -> None:
        async with running_speakers(speaking("dmm")) as (domain, _, _):
            limit = domain.network.admission.nodes_per_port
            at = PortRef(switch="s1", port=1)
            router = access(domain, "s1")
            for number in range(limit + 10):
                mac = MacAddress(b"\x02\xee" + number.to_bytes(4, "big"))
                router.sighted(mac, Sighting(at, domain.controller._services.now()))
            assert len(router._nodes) == limit
            assert domain.counter("not admitted") == 10

    async def test_a_node_with_another_name_is_served_anew_once_it_has_gone(self, tmp_path: Path) -> None:
        """Policy that is read again while a node is there does not mix the two."""
        path = tmp_path / "policy.toml"
        network = with_policy(speaking("pmip"), path, "[default]\nadmit = true\n")
        async with running_speakers(network) as (domain, mn, _):
            await moved(domain, mn, "s1:1", LMA_POOL)
            path.write_text(f'[default]\nadmit = true\n[[node]]\nmac = "{MN}"\nmn_id = "mn1@example.net"\n')
            domain.controller.reload_policy()
            mn.plug(domain.wire("s1:2"))
            mn.announce()
            await until(lambda: domain.counter("mag: not admitted") > 0)
            assert domain.counter("mag: events failed") == 0
            ((key, _),) = host(domain, "s1", "mag").states()
            assert key.mn_id == MobileNodeId.eui48(MN)


class TestPrefixesAskedForByName:
    async def test_are_drawn_by_nobody_else_while_the_disk_is_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with running_speakers(speaking("pmip"), [("c1",)]) as (domain, _, _):
            site = domain.controller._nodes._site  # type: ignore[union-attr]
            pool_of_c1 = site.pools["c1"]
            drawn = pool_of_c1.allocate(str(B), 0.0)
            pool_of_c1.give_back(drawn)
            disk = asyncio.Event()
            save = site.journal.save

            async def slow(*arguments: Any, **named: Any) -> None:
                await disk.wait()
                await save(*arguments, **named)

            monkeypatch.setattr(site.journal, "save", slow)
            home = HomeNetworkPrefix(prefix_length=64, prefix=drawn.network_address)
            inject(domain, update(A, home=home))
            await domain.counted("received: ProxyBindingUpdate", 1)
            inject(domain, update(B, sequence=2))
            await domain.counted("received: ProxyBindingUpdate", 2)
            disk.set()
            await until(lambda: len(domain.messages("ProxyBindingAck")) == 2)
            acks = [heard.message for heard in domain.messages("ProxyBindingAck")]
            assert [ack.status for ack in acks] == [BaStatus.ACCEPTED] * 2
            homes = {ack.option(HomeNetworkPrefix).prefix for ack in acks}
            assert len(homes) == 2
            assert drawn.network_address in homes


class TestDiskThatFails:
    async def test_ends_no_timer_and_is_tried_no_more_than_once_a_second(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with running_speakers(speaking("pmip"), [("c1",)]) as (domain, _, _):
            site = domain.controller._nodes._site  # type: ignore[union-attr]
            assert (await answered(domain, update())).status == BaStatus.ACCEPTED
            lma = host(domain, "c1", "lma")
            agent = lma._agents[NodeKey(MN9)]

            async def failing(*_: Any, **__: Any) -> None:
                raise StoreError("no space left on device")

            monkeypatch.setattr(site.journal, "save", failing)
            monkeypatch.setattr(lma.role, "due", lambda _: 0.0)
            agent.enqueue(Received(update(sequence=2, lifetime=0), domain.address("s1"), domain.address("c1")))
            await until(lambda: domain.counter("lma: refused") == 1 and agent._task.done())
            assert agent._timer is not None
            assert agent._timer.when() - asyncio.get_running_loop().time() > WAIT_AFTER_REFUSAL_S / 2

    async def test_what_it_did_not_undo_is_undone_before_anything_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network = stored(speaking("pmip"), tmp_path / "store")
        async with running_speakers(network, [("c1",)]) as (domain, _, _):
            site = domain.controller._nodes._site  # type: ignore[union-attr]
            save, saves = site.journal.save, 0

            async def once(*arguments: Any, **named: Any) -> None:
                nonlocal saves
                saves += 1
                if saves > 1:
                    raise StoreError("no space left on device")
                await save(*arguments, **named)

            with monkeypatch.context() as broken:
                broken.setattr(domain.controller._fabric._codec, "size", lambda _: 0)
                broken.setattr(site.journal, "save", once)
                inject(domain, update())
                await until(lambda: domain.counter("lma: refusals refused") > 0)
                assert len(site.journal.load().nodes) == 1
            await until(lambda: not site.journal.load().nodes)
            assert not site.journal.load().prefixes
            assert not site.pools["c1"]._owners
            assert (await answered(domain, update(sequence=2))).status == BaStatus.ACCEPTED


class TestDiskThatFailsInModeSdn:
    async def test_ends_no_drain(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network = stored(times(speaking("sdn"), drain_s=0.3), tmp_path / "store")
        async with running_speakers(network) as (domain, mn, _):
            await moved(domain, mn, "s1:1", pool(domain, "s1"))
            await moved(domain, mn, "s2:1", pool(domain, "s2"))
            nodes = domain.controller._nodes
            assert isinstance(nodes, NodeRegistry)
            agent = nodes._agents[MN]
            assert agent.bce.draining

            async def failing(*_: Any, **__: Any) -> None:
                raise StoreError("no space left on device")

            with monkeypatch.context() as broken:
                broken.setattr(domain.controller._journal, "save", failing)
                await until(lambda: domain.counter("refused") > 0)
                assert agent.bce.draining
            await until(lambda: not agent.bce.draining)

    async def test_what_it_did_not_undo_is_undone_before_anything_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running_speakers(stored(speaking("sdn"), tmp_path / "store")) as (domain, mn, _):
            journal = domain.controller._journal
            save, saves = journal.save, 0

            async def once(*arguments: Any, **named: Any) -> None:
                nonlocal saves
                saves += 1
                if saves > 1:
                    raise StoreError("no space left on device")
                await save(*arguments, **named)

            with monkeypatch.context() as broken:
                broken.setattr(domain.controller._fabric._codec, "size", lambda _: 0)
                broken.setattr(journal, "save", once)
                mn.plug(domain.wire("s1:1"))
                mn.announce()
                await until(lambda: domain.counter("refused") > 0)
                assert len(journal.load().prefixes) == 1
            mn.unplug()
            await until(lambda: not journal.load().prefixes)
            await until(lambda: not journal.load().nodes)


class TestPrefixesThatRest:
    @pytest.mark.parametrize("mode", ["sdn", "pmip"])
    async def test_go_on_resting_if_their_node_is_refused_when_it_comes_back(
        self, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Hosts may still hold an address of it: on disk, too, it is nobody else's."""
        switch = "c1" if mode == "pmip" else "s1"
        network = stored(speaking(mode), tmp_path / "store")
        async with running_speakers(network) as (domain, mn, _):
            nodes, journal = domain.controller._nodes, domain.controller._journal
            prefixes = nodes._pools.prefixes if isinstance(nodes, NodeRegistry) else nodes._site.pools
            owner = MobileNodeId.eui48(MN)
            prefix = prefixes[switch].allocate(str(owner), 0.0)
            until_then = domain.controller._services.now() + 1000.0
            await journal.save("cmd", switch, owner, None, now=0.0, taken=[(prefix, switch)])
            await journal.save("cmd", switch, owner, None, now=0.0, released={prefix: until_then})
            prefixes[switch].release(prefix, until_then)
            size = domain.controller._fabric._codec.size
            monkeypatch.setattr(domain.controller._fabric._codec, "size", lambda _: 0)
            mn.plug(domain.wire("s1:1"))
            mn.announce()
            name = "refused" if mode == "sdn" else "lma: refused"
            await until(lambda: domain.counter(name) > 0 and not _holds(journal, prefix))
            assert journal.load().prefixes[prefix].quarantined_until == until_then
            monkeypatch.setattr(domain.controller._fabric._codec, "size", size)


def _holds(journal: Journal, prefix: IPv6Network) -> bool:
    stored_prefix = journal.load().prefixes.get(prefix)
    return stored_prefix is not None and stored_prefix.quarantined_until is None


class TestAnswersThatNameNoNode:
    async def test_concern_only_who_asked_that_peer(self) -> None:
        def lost(heard: Heard) -> Sequence[tuple[float, bytes]]:
            return [] if heard.kind == "ProxyBindingAck" else [(0.0, heard.frame)]

        async with running_speakers(speaking("pmip")) as (domain, mn, _):
            domain.tap = lost
            mn.plug(domain.wire("s1:1"))
            mn.announce()
            await domain.message("ProxyBindingUpdate")
            mag = host(domain, "s1", "mag")
            await until(lambda: any(state.pending for _, state in mag.states()))
            status = BindingErrorStatus.UNRECOGNIZED_MH_TYPE_VALUE
            error = BindingError(status=status, home_address=IPv6Address(0))
            here, lma, other = (domain.address(name) for name in ("s1", "c1", "s2"))
            assert mag.waiting(Received(error, other, here)) == []
            assert mag.waiting(Received(error, lma, here)) == [NodeKey(MobileNodeId.eui48(MN), MN)]
            inject(domain, error, "s2", "s1")
            await domain.counted("mobility messages that nobody waits for", 1)
            inject(domain, error, "c1", "s1")
            await until(lambda: all(state.phase is MagPhase.REFUSED for _, state in mag.states()))
            assert mag.waiting(Received(error, lma, here)) == []

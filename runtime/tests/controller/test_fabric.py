# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The switches as a whole: what is wanted is what they hold, whatever they refuse and whenever they are away."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import finsy as fy
import grpc
import grpc.aio
import pytest

from p4dmm.config import load_network
from p4dmm.controller.fabric import Fabric, TableFullError
from p4dmm.forwarding import GROUPS, METERS, Change, Row, RowKey, Topology, Write, diff
from p4dmm.forwarding.rows import group_row, row
from p4dmm.switches import SwitchConnection, SwitchWriteError, default_pipeline
from tests.support.domain import TIMEOUT_S, TRIANGLE, Domain, until


@asynccontextmanager
async def running_fabric() -> AsyncIterator[tuple[Domain, Fabric]]:
    """The switches of the triangle and their writer, without a controller."""
    domain = Domain(load_network(TRIANGLE))
    fabric: Fabric | None = None
    try:
        await domain.start_switches()
        fabric = Fabric(domain.network, Topology(domain.network), default_pipeline(), lambda _: None)
        fabric.start()
        assert await fabric.read_all(TIMEOUT_S) == []
        await fabric.reconcile_all(TIMEOUT_S)
        yield domain, fabric
    finally:
        if fabric is not None:
            await fabric.stop()
        await domain.stop()


def binding(switch: str, prefix: int, port: int = 1) -> Row:
    return row(switch, "prefix_bindings", (prefix,), "deliver", port, 2, 3, 9)


def inserts(*rows: Row) -> list[Write]:
    return [Write(Change.INSERT, r) for r in rows]


def plan_of(*rows: Row):  # type: ignore[no-untyped-def]
    return diff({}, {r.at: r for r in rows})


async def held(fabric: Fabric, switch: str) -> set[RowKey]:
    meters = [at for at in fabric.wanted[switch] if at.table in METERS]
    return {r.at for r in await fabric.connections[switch].read_rows(meters)}


def limit(domain: Domain, switch: str, table: str, rows: int) -> None:
    """Let the switch be full at so many rows, whatever P4Info says."""
    pipeline = domain.servers[switch].device.pipeline
    assert pipeline is not None
    next(t for name, t in pipeline.tables.items() if name.endswith(table)).size = rows


def cut(fabric: Fabric, switch: str) -> None:
    """Break the connection; it comes back by itself."""
    connection = fabric.connections[switch]
    connection._down(connection._finsy)


async def test_refused_row_is_raised_and_not_wanted() -> None:
    """Or the next comparison would try it again, fail, and leave the switch without a writer."""
    async with running_fabric() as (domain, fabric):
        limit(domain, "s1", "prefix_bindings", 1)
        await fabric.write(inserts(binding("s1", 1)))
        with pytest.raises(SwitchWriteError, match="RESOURCE_EXHAUSTED"):
            await fabric.write(inserts(binding("s1", 2)))
        assert binding("s1", 2).at not in fabric.wanted["s1"]
        cut(fabric, "s1")
        await until(lambda: not fabric.connections["s1"].is_ready)
        await until(lambda: fabric.connections["s1"].is_ready)
        assert await held(fabric, "s1") == set(fabric.wanted["s1"])


async def test_row_that_cannot_come_back_does_not_keep_the_others_out() -> None:
    async with running_fabric() as (domain, fabric):
        await fabric.write(inserts(binding("s1", 1), binding("s1", 2)))
        pipeline = domain.servers["s1"].device.pipeline
        assert pipeline is not None
        table = next(t for name, t in pipeline.tables.items() if name.endswith("prefix_bindings"))
        for entry in list(table.entries()):
            table.delete(entry.match)
        table.size = 1
        cut(fabric, "s1")
        await until(lambda: not fabric.connections["s1"].is_ready)
        await until(lambda: fabric.connections["s1"].is_ready)
        await until(lambda: len(table) == 1)
        await fabric.write(inserts(row("s1", "port_mtus", (77,), "set_mtu", 1500)))
        assert await held(fabric, "s1") == set(fabric.wanted["s1"])


async def test_switch_that_comes_back_while_much_is_going_on_gets_everything() -> None:
    """Rows wanted while it is being compared are neither lost nor do they keep it from becoming ready."""
    async with running_fabric() as (_, fabric):
        connection = fabric.connections["s1"]
        original = connection.read_rows

        async def slow(meters: Iterable[RowKey] = ()) -> list[Row]:
            rows = await original(meters)
            await asyncio.sleep(0.2)
            return rows

        connection.read_rows = slow  # type: ignore[method-assign]
        cut(fabric, "s1")
        await until(lambda: not connection.is_ready)
        for number in range(1, 60):
            await fabric.carry_out(plan_of(binding("s1", number)))
            await asyncio.sleep(0.02)
            if connection.is_ready and number > 30:
                break
        assert connection.is_ready
        assert await held(fabric, "s1") == set(fabric.wanted["s1"])


async def test_write_that_fails_as_a_whole_is_compared() -> None:
    """A deadline or a lost mastership does not say what was done, and the channel may stay up."""
    async with running_fabric() as (_, fabric):
        connection = fabric.connections["s1"]
        switch = connection._finsy
        original = switch.write

        async def fail_once(_updates: object) -> None:
            switch.write = original  # type: ignore[method-assign]
            nothing = grpc.aio.Metadata()
            raise fy.P4ClientError(
                grpc.aio.AioRpcError(grpc.StatusCode.DEADLINE_EXCEEDED, nothing, nothing), "WriteRequest"
            )

        switch.write = fail_once  # type: ignore[method-assign, assignment]
        await fabric.carry_out(plan_of(binding("s1", 5)))
        assert not connection.is_ready
        await until(lambda: connection.is_ready)
        async with asyncio.timeout(TIMEOUT_S):
            while binding("s1", 5).at not in await held(fabric, "s1"):
                await asyncio.sleep(0.02)


async def test_undoing_one_preparation_leaves_the_group_of_another() -> None:
    """Two nodes prepare the same pair of paths; what one undoes the other still uses."""
    async with running_fabric() as (domain, fabric):
        group = group_row("s1", 7, ((1, 0), (13, 2)))
        limit(domain, "s2", "access_nodes", 0)
        entered = asyncio.Event()
        go_on = asyncio.Event()
        original = SwitchConnection.write

        async def slow(self: SwitchConnection, writes: Sequence[Write]) -> None:
            if self.name == "s2":
                entered.set()
                await go_on.wait()
            await original(self, writes)

        access = row("s2", "access_nodes", (1, 5), "set_node", 1, 1)
        fabric.connections["s2"].write = slow.__get__(fabric.connections["s2"])  # type: ignore[method-assign]
        first = asyncio.create_task(fabric.carry_out(plan_of(group, access)))
        await asyncio.wait_for(entered.wait(), TIMEOUT_S)
        await fabric.carry_out(plan_of(group, binding("s1", 9)))
        go_on.set()
        with pytest.raises(SwitchWriteError):
            await first
        assert group.at in await held(fabric, "s1")
        assert group.at in fabric.wanted["s1"]
        assert access.at not in fabric.wanted["s2"]
        assert group.at.table == GROUPS


@pytest.mark.parametrize("as_plan", [True, False], ids=["plan", "write"])
async def test_what_a_refused_row_kept_from_being_sent_is_not_left_half_wanted(as_plan: bool) -> None:
    """A route goes after the next hop it points at. Of a plan nothing stays; of mere writes all that was not
    refused."""
    async with running_fabric() as (domain, fabric):
        limit(domain, "s1", "next_hops", 0)
        host = row("s1", "next_hops", (2000,), "forward", 1, 2, 3)
        way = row("s1", "routes", ((5 << 64, 64),), "to_next_hop", 11)
        before = set(fabric.wanted["s1"])
        with pytest.raises(SwitchWriteError, match="next_hops"):
            await (fabric.carry_out(plan_of(host, way)) if as_plan else fabric.write(inserts(host, way)))
        assert set(fabric.wanted["s1"]) == (before if as_plan else before | {way.at})
        assert await held(fabric, "s1") == set(fabric.wanted["s1"])


async def test_a_plan_undone_leaves_no_row_that_somebody_else_had_put_there() -> None:
    async with running_fabric() as (domain, fabric):
        foreign, refused = binding("s1", 1), binding("s2", 2)
        await fabric.connections["s1"].write(inserts(foreign))
        limit(domain, "s2", "prefix_bindings", 0)
        with pytest.raises(SwitchWriteError, match="RESOURCE_EXHAUSTED"):
            await fabric.carry_out(plan_of(foreign, refused))
        for name in ("s1", "s2"):
            assert await held(fabric, name) == set(fabric.wanted[name])
            assert not {foreign.at, refused.at} & set(fabric.wanted[name])


async def test_plan_that_no_table_has_room_for_writes_nothing() -> None:
    async with running_fabric() as (_, fabric):
        before = await held(fabric, "s1")
        too_many = [row("s1", "ports", (number,), "set_role", 1) for number in range(100, 700)]
        with pytest.raises(TableFullError, match="table ports of s1 holds 5 of 512 rows, 600 more do not fit"):
            await fabric.carry_out(plan_of(*too_many))
        assert await held(fabric, "s1") == before


async def test_lost_and_foreign_rows_are_mended_when_they_show() -> None:
    """A row to delete that is not there, a row to insert that is: the switch is compared as a whole."""
    async with running_fabric() as (domain, fabric):
        kept, lost, foreign = binding("s1", 1), binding("s1", 2), binding("s1", 3)
        await fabric.write(inserts(kept, lost))
        pipeline = domain.servers["s1"].device.pipeline
        assert pipeline is not None
        table = next(t for name, t in pipeline.tables.items() if name.endswith("prefix_bindings"))
        entries = {entry.match[0].value: entry for entry in table.entries()}
        table.delete(entries[1].match)
        table.delete(entries[2].match)
        await fabric.write([Write(Change.DELETE, lost)])
        assert await held(fabric, "s1") == set(fabric.wanted["s1"])
        await fabric.connections["s1"].write(inserts(foreign))
        await fabric.carry_out(plan_of(binding("s1", 3, port=2)))
        (back,) = [r for r in await fabric.connections["s1"].read_rows() if r.at == foreign.at]
        assert back.parameters[0] == 2

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Writes of several callers in one request, and what must not be."""

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest
from finsy.proto import p4r

from p4dmm.forwarding import Change, Row, Write
from p4dmm.forwarding.rows import row
from p4dmm.switches import RowCodec, SwitchWriteError, default_pipeline
from p4dmm.switches.write_queue import WriteQueue

CODEC = RowCodec.from_file(default_pipeline().p4info)


def binding(number: int, tunnel: int = 1) -> Row:
    return row("s1", "prefix_bindings", (number,), "to_tunnel", tunnel, 0)


def source(number: int) -> Row:
    return row("s1", "prefix_sources", (number, 7), "permit")


def next_hop(number: int) -> Row:
    return row("s1", "next_hops", (number,), "forward", 1, 2, 3)


def route(number: int, hop: int) -> Row:
    return row("s1", "routes", ((number << 64, 64),), "to_next_hop", hop)


def writes(change: Change, *rows: Row) -> list[Write]:
    return [Write(change, one) for one in rows]


class Switch:
    """Takes requests one at a time; refuses some rows."""

    def __init__(self) -> None:
        self.requests: list[list[tuple[int, Row]]] = []
        self.refuses: set[Row] = set()
        self.is_away = False
        self.may_go_on = asyncio.Event()
        self.queue = WriteQueue("s1", CODEC.references, CODEC.update, self._carry_out)

    async def _carry_out(self, updates: list[p4r.Update]) -> dict[int, tuple[str, str]]:
        decoded = [CODEC.decode("s1", update.entity) for update in updates]
        rows = [one for one in decoded if one is not None]
        self.requests.append([(update.type, one) for update, one in zip(updates, rows, strict=True)])
        await self.may_go_on.wait()
        if self.is_away:
            raise ConnectionError("s1 is away")
        return {n: ("RESOURCE_EXHAUSTED", "full") for n, one in enumerate(rows) if one in self.refuses}

    async def together(self, *callers: Sequence[Write]) -> list[BaseException | None]:
        """One caller after another while a first request is under way; what became of each."""
        first = asyncio.create_task(self.queue.write(writes(Change.INSERT, binding(999))))
        while not self.requests:
            await asyncio.sleep(0)
        tasks = [asyncio.create_task(self.queue.write(caller)) for caller in callers]
        await asyncio.sleep(0)
        self.may_go_on.set()
        await first
        del self.requests[0]
        return await asyncio.gather(*tasks, return_exceptions=True)

    def sent(self) -> list[set[Row]]:
        return [{one for _, one in request} for request in self.requests]


async def test_what_waits_goes_in_one_request() -> None:
    switch = Switch()
    callers = [
        writes(Change.INSERT, binding(1)),
        writes(Change.MODIFY, binding(2)),
        writes(Change.DELETE, source(3)),
        writes(Change.INSERT, binding(4)),
    ]
    assert await switch.together(*callers) == [None] * 4
    assert switch.requests == [
        [
            (p4r.Update.INSERT, binding(1)),
            (p4r.Update.MODIFY, binding(2)),
            (p4r.Update.DELETE, Row(source(3).at, source(3).action)),
            (p4r.Update.INSERT, binding(4)),
        ]
    ]


async def test_what_is_refused_concerns_its_caller_alone() -> None:
    switch = Switch()
    switch.refuses = {binding(2)}
    outcomes = await switch.together(
        writes(Change.INSERT, binding(1)),
        writes(Change.INSERT, binding(2), binding(3)),
        writes(Change.INSERT, binding(4)),
    )
    assert len(switch.requests) == 1
    assert outcomes[::2] == [None, None]
    (error,) = outcomes[1:2]
    assert isinstance(error, SwitchWriteError)
    assert [failed.write.row for failed in error.failed] == [binding(2)]
    assert [write.row for write in error.done] == [binding(3)]
    assert error.unsent == ()


async def test_what_depends_on_a_refused_row_is_not_sent() -> None:
    switch = Switch()
    switch.refuses = {next_hop(5)}
    (error,) = await switch.together(writes(Change.INSERT, route(1, 5), next_hop(5)))
    assert isinstance(error, SwitchWriteError)
    assert [write.row for write in error.unsent] == [route(1, 5)]
    assert switch.sent() == [{next_hop(5)}]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (writes(Change.INSERT, binding(1)), writes(Change.MODIFY, binding(1, 2))),
        (writes(Change.MODIFY, binding(1, 2)), writes(Change.DELETE, binding(1, 2))),
        (writes(Change.DELETE, binding(1)), writes(Change.INSERT, binding(2))),
        (writes(Change.INSERT, next_hop(5)), writes(Change.INSERT, route(1, 5))),
        (writes(Change.INSERT, next_hop(5)), writes(Change.MODIFY, route(1, 5))),
        (writes(Change.MODIFY, route(1, 6)), writes(Change.DELETE, next_hop(5))),
        (writes(Change.DELETE, route(1, 5)), writes(Change.DELETE, next_hop(5))),
        (writes(Change.INSERT, next_hop(5), route(1, 5)), writes(Change.INSERT, binding(1))),
    ],
    ids=[
        "the same row",
        "the same row, modified first",
        "room of a deleted row",
        "a row to point at",
        "a row to point at from now on",
        "a row that something pointed at",
        "a row that something that goes points at",
        "several requests of one caller",
    ],
)
async def test_order_is_kept_where_it_matters(first: list[Write], then: list[Write]) -> None:
    switch = Switch()
    assert await switch.together(first, then) == [None, None]
    keys = [[one.at for _, one in request] for request in switch.requests]
    assert sorted(map(str, chain(*keys[:-1]))) == sorted(str(write.row.at) for write in first)
    assert keys[-1] == [write.row.at for write in then]


async def test_what_must_wait_lets_others_overtake_that_do_not_depend_on_it() -> None:
    switch = Switch()
    outcomes = await switch.together(
        writes(Change.DELETE, binding(1)),
        writes(Change.INSERT, binding(2)),
        writes(Change.MODIFY, binding(2, 2)),
        writes(Change.DELETE, source(3)),
    )
    assert outcomes == [None] * 4
    at = [{one.at for one in request} for request in switch.sent()]
    assert at == [{binding(1).at, source(3).at}, {binding(2).at}, {binding(2).at}]


async def test_when_nothing_is_known_nobody_is_told_that_it_was_done() -> None:
    switch = Switch()
    switch.is_away = True
    switch.may_go_on.set()
    callers = [asyncio.create_task(switch.queue.write(writes(Change.INSERT, binding(n)))) for n in range(3)]
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 3


async def test_who_waits_when_it_is_stopped_is_told() -> None:
    switch = Switch()
    callers = [asyncio.create_task(switch.queue.write(writes(Change.INSERT, binding(n)))) for n in range(2)]
    while not switch.requests:
        await asyncio.sleep(0)
    callers.append(asyncio.create_task(switch.queue.write(writes(Change.INSERT, binding(5)))))
    await asyncio.sleep(0)
    await switch.queue.stop()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 3
    assert len(switch.requests) == 1


async def test_who_is_cancelled_before_its_turn_writes_nothing_and_disturbs_nobody() -> None:
    switch = Switch()
    first = asyncio.create_task(switch.queue.write(writes(Change.INSERT, binding(1))))
    while not switch.requests:
        await asyncio.sleep(0)
    cancelled, other = (
        asyncio.create_task(switch.queue.write(writes(Change.INSERT, binding(number)))) for number in (2, 3)
    )
    await asyncio.sleep(0)
    cancelled.cancel()
    first.cancel()
    await asyncio.sleep(0)
    switch.may_go_on.set()
    await other
    assert switch.sent() == [{binding(1)}, {binding(3)}]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Many writers, or one repair."""

import asyncio

from p4dmm.controller.gate import Gate


async def test_who_is_alone_waits_for_those_before_and_keeps_out_those_after() -> None:
    gate, inside, seen = Gate(), set[str](), list[frozenset[str]]()
    go_on = {name: asyncio.Event() for name in ("one", "two", "repair", "three", "four")}

    async def enter(name: str) -> None:
        async with gate.alone() if name == "repair" else gate.shared():
            inside.add(name)
            seen.append(frozenset(inside))
            await go_on[name].wait()
            inside.remove(name)

    async def turn() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(enter(name)) for name in go_on]
    await turn()
    assert inside == {"one", "two"}
    go_on["one"].set()
    await turn()
    assert inside == {"two"}
    go_on["two"].set()
    await turn()
    assert inside == {"repair"}
    go_on["repair"].set()
    await turn()
    assert inside == {"three", "four"}
    go_on["three"].set()
    go_on["four"].set()
    await asyncio.gather(*tasks)


async def test_who_is_cancelled_while_waiting_blocks_nobody() -> None:
    gate = Gate()
    async with gate.shared():

        async def repair() -> None:
            async with gate.alone():
                raise AssertionError("it was cancelled")

        waiting = asyncio.create_task(repair())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(5), gate.shared():
            pass
    async with asyncio.timeout(5), gate.alone():
        pass

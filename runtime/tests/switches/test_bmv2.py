# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a switch shall hold, written to BMv2, read back and compared; selectors and meters above all."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from p4dmm.config import load_network
from p4dmm.forwarding import METERS, Change, Member, Row, RowKey, Topology, Write, base_rows, reroute
from p4dmm.forwarding.rows import meter_row, selector_row
from p4dmm.switches import RowCodec, SwitchConnection, default_pipeline, difference
from tests.support.domain import TIMEOUT_S, TRIANGLE

pytestmark = [
    pytest.mark.bmv2,
    pytest.mark.skipif(shutil.which("simple_switch_grpc") is None, reason="simple_switch_grpc is not on PATH"),
]

NETWORK = load_network(TRIANGLE)
TWO_WAYS = Topology(NETWORK.model_copy(update={"links": NETWORK.links[1:]}))


@asynccontextmanager
async def bmv2(directory: Path) -> AsyncIterator[SwitchConnection]:
    """Switch s1 of the triangle as BMv2, and the connection to it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ["--log-level", "off", "--device-id", "1", "--packet-in", f"ipc://{directory}/bmv2.ipc", "--no-p4"]
    process = await asyncio.create_subprocess_exec(
        "simple_switch_grpc",
        *options,
        "--",
        "--grpc-server-addr",
        address,
        "--cpu-port",
        "510",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    pipeline, ready = default_pipeline(), asyncio.Event()

    async def on_ready(_: SwitchConnection) -> None:
        ready.set()

    switch = NETWORK.switches[0].model_copy(update={"address": address})
    connection = SwitchConnection(
        switch, pipeline, RowCodec.from_file(pipeline.p4info), on_ready=on_ready, on_packet=lambda _: None
    )
    connection.start()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await ready.wait()
        yield connection
    finally:
        await connection.stop()
        process.terminate()
        await process.wait()


def meters(rows: dict[RowKey, Row]) -> list[RowKey]:
    return [at for at in rows if at.table in METERS]


async def test_base_rows_with_sets_of_next_hops_and_meters_are_held_as_wanted(tmp_path: Path) -> None:
    wanted = {row.at: row for row in base_rows(TWO_WAYS, "s1")}
    assert {"next_hop_groups", "punt_meters"} <= {at.table for at in wanted}
    async with bmv2(tmp_path) as switch:
        assert await switch.read_rows(meters(wanted)) == [], "a meter that nobody has configured has no rates"
        await switch.write(difference([], wanted.values()).writes)
        held = await switch.read_rows(meters(wanted))
        assert len(held) == len(wanted)
        assert not difference(held, wanted.values())


async def test_a_link_that_goes_down_and_comes_back(tmp_path: Path) -> None:
    full = {row.at: row for row in base_rows(TWO_WAYS, "s1")}
    less_topology = TWO_WAYS.without({NETWORK.links[2]})
    less = {row.at: row for row in base_rows(less_topology, "s1")}
    async with bmv2(tmp_path) as switch:
        await switch.write(difference([], full.values()).writes)
        for old, new, topology in ((full, less, less_topology), (less, full, TWO_WAYS)):
            await switch.write(reroute(old, old, new, topology))
            assert not difference(await switch.read_rows(meters(new)), new.values())


async def test_members_and_weights_of_a_set(tmp_path: Path) -> None:
    members = [Member("forward", (port, 2, 3), weight) for port, weight in ((11, 1), (12, 3), (13, 1))]
    async with bmv2(tmp_path) as switch:
        for left in (members, members[:1], members[1:]):
            group = selector_row("s1", "next_hop_groups", (3,), left)
            await switch.write([Write(Change.INSERT if left is members else Change.MODIFY, group)])
            assert await switch.read_rows() == [group]
        await switch.write([Write(Change.DELETE, group)])
        assert await switch.read_rows() == []


@pytest.mark.parametrize("rate", [249, 1000, 12_500_001])
async def test_a_meter_is_held_as_wanted_and_taken_back(tmp_path: Path, rate: int) -> None:
    """249 is one of the rates that BMv2 gives back one less."""
    meter = meter_row("s1", "uplink_policing.node_meters", 9, (rate, 1500, 2 * rate, 3000))
    async with bmv2(tmp_path) as switch:
        await switch.write([Write(Change.INSERT, meter)])
        held = await switch.read_rows([meter.at])
        assert len(held) == 1
        assert not difference(held, [meter])
        assert difference(held, [meter_row("s1", meter.at.table, 9, (rate + 5, 1500, 2 * rate + 5, 3000))])
        await switch.write([Write(Change.DELETE, meter)])
        assert await switch.read_rows([meter.at]) == []

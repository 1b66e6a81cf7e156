# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One switch over real gRPC: a P4Runtime server of ours in the same event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import finsy as fy
import grpc
import pytest
from finsy.proto import p4r

from p4dmm.config import CPU_PORT, Switch, load_network
from p4dmm.forwarding import METERS, Change, Member, PuntReason, Row, Topology, Write, base_rows
from p4dmm.forwarding.rows import group_row, meter_row, row, selector_row
from p4dmm.softswitch.service import SwitchServer, Wire
from p4dmm.softswitch.service.servicer import Context, P4RuntimeService
from p4dmm.switches import (
    PacketIn,
    PacketOutMode,
    RowCodec,
    SwitchConnection,
    SwitchWriteError,
    default_pipeline,
    difference,
)
from p4dmm.switches.references import in_order
from tests.support.domain import TIMEOUT_S, TRIANGLE, until

NETWORK = load_network(TRIANGLE)
TOPOLOGY = Topology(NETWORK)
BASE = [*base_rows(TOPOLOGY, "s1")]
METER_KEYS = [row.at for row in BASE if row.at.table in METERS]
PIPELINE = default_pipeline()
CODEC = RowCodec.from_file(PIPELINE.p4info)


@dataclass
class Client:
    """A connection and what it reported."""

    server: SwitchServer
    wires: dict[int, Wire]
    connection: SwitchConnection = field(init=False)
    ready: int = 0
    packets: list[PacketIn] = field(default_factory=list)
    during_ready: list[Callable[[], None]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def connect(self) -> None:
        switch = _switch(self.server.address)
        self.connection = SwitchConnection(switch, PIPELINE, CODEC, on_ready=self._on_ready, on_packet=self._on_packet)
        self.connection.start()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not condition():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"no {what}: ready {self.ready}, packets {self.packets}") from None

    async def until_ready(self, times: int) -> None:
        await self.until(lambda: self.ready >= times, f"ready number {times}")

    async def _on_ready(self, connection: SwitchConnection) -> None:
        assert not connection.is_ready
        for check in self.during_ready:
            check()
        self.ready += 1
        self.news.set()

    def _on_packet(self, packet: PacketIn) -> None:
        self.packets.append(packet)
        self.news.set()


def _switch(address: str) -> Switch:
    switch = NETWORK.switch("s1")
    assert switch is not None
    return switch.model_copy(update={"address": address})


def new_server(address: str = "127.0.0.1:0") -> SwitchServer:
    return SwitchServer(device_id=1, grpc_address=address)


@asynccontextmanager
async def running() -> AsyncIterator[Client]:
    client = Client(new_server(), {number: Wire() for number in (1, 2)})
    for number, wire in client.wires.items():
        client.server.attach_port(number, wire.a)
    await client.server.start()
    try:
        client.connect()
        try:
            await client.until_ready(1)
            yield client
        finally:
            await client.connection.stop()
    finally:
        await client.server.stop()


def inserts(rows: list[Row]) -> list[Write]:
    return [Write(Change.INSERT, r) for r in rows]


async def test_what_is_written_is_read_back() -> None:
    async with running() as client:
        assert await client.connection.read_rows() == []
        rows = [
            *BASE,
            group_row("s1", 7, ((1, 0), (12, 2))),
            group_row("s1", 8, ((2, 0), (1, 0))),
            row("s1", "prefix_bindings", (5,), "replicate", 7, 1, 2, 0x02, 0x03, 9),
            row("s1", "routes", ((0, 0),), "to_next_hop_group", 3),
            selector_row("s1", "next_hop_groups", (3,), [Member("forward", (port, 2, 3)) for port in (12, 11)]),
            meter_row("s1", "uplink_policing.node_meters", 9, (1000, 200, 2000, 400)),
        ]
        assert await client.connection.read_rows(METER_KEYS) == []
        await client.connection.write(inserts(rows))
        held = await client.connection.read_rows([*METER_KEYS, rows[-1].at])
        assert sorted(map(repr, held)) == sorted(map(repr, rows))
        assert not difference(held, rows)


async def test_a_selector_s_members_are_modified_and_deleted_with_the_row() -> None:
    async with running() as client:
        members = [Member("forward", (port, 2, 3)) for port in (11, 12, 13)]
        for left in (members, members[:1], members[1:]):
            group = selector_row("s1", "next_hop_groups", (3,), left)
            change = Change.INSERT if left is members else Change.MODIFY
            await client.connection.write([Write(change, group)])
            assert await client.connection.read_rows() == [group]
        await client.connection.write([Write(Change.DELETE, group)])
        assert await client.connection.read_rows() == []


async def test_a_meter_that_is_deleted_has_no_rates() -> None:
    async with running() as client:
        meter = meter_row("s1", "downlink_policing.node_meters", 9, (1000, 200, 2000, 400))
        await client.connection.write(inserts([meter]))
        assert await client.connection.read_rows([meter.at]) == [meter]
        await client.connection.write([Write(Change.DELETE, meter)])
        assert await client.connection.read_rows([meter.at]) == []


async def test_what_is_referred_to_is_there_before_and_goes_after() -> None:
    """In whatever order it is asked for, and in a request of its own."""
    async with running() as client:
        group = group_row("s1", 7, ((1, 0), (12, 2)))
        rows = [
            row("s1", "prefix_bindings", (5,), "replicate", 7, 1, 2, 2, 3, 9),
            row("s1", "tunnel_paths", (2,), "set_path", 12, 1460),
            row("s1", "next_hops", (12,), "forward", 12, 2, 3),
            row("s1", "tunnels", (2,), "encapsulate", 1, 2, 1, 0, 0, 3, 4),
            row("s1", "port_mtus", (1,), "set_mtu", 1500),
            group,
        ]
        asked = in_order(inserts(rows), CODEC.references)
        assert [{write.row.at.table for write in part} for part in asked] == [
            {"next_hops", "tunnels", "port_mtus", "multicast_groups"},
            {"tunnel_paths"},
            {"prefix_bindings"},
        ]
        deleted = in_order([Write(Change.DELETE, r) for r in rows], CODEC.references)
        assert [{write.row for write in part} for part in deleted] == [
            {write.row for write in part} for part in reversed(asked)
        ]
        await client.connection.write(inserts(rows))
        assert set(await client.connection.read_rows()) == set(rows)


async def test_modify_and_delete() -> None:
    async with running() as client:
        old = row("s1", "prefix_bindings", (5,), "to_tunnel", 2, 0)
        new = row("s1", "prefix_bindings", (5,), "deliver", 1, 2, 3, 9)
        await client.connection.write(inserts([old]))
        await client.connection.write([Write(Change.MODIFY, new)])
        assert await client.connection.read_rows() == [new]
        await client.connection.write([Write(Change.DELETE, new)])
        assert await client.connection.read_rows() == []


async def test_more_rows_than_a_batch() -> None:
    async with running() as client:
        rows = [row("s1", "prefix_bindings", (n,), "to_tunnel", 2, 0) for n in range(2500)]
        await client.connection.write(inserts(rows))
        assert set(await client.connection.read_rows()) == set(rows)


async def test_refused_writes_are_named_and_the_others_done() -> None:
    async with running() as client:
        there = row("s1", "prefix_bindings", (5,), "to_tunnel", 2, 0)
        await client.connection.write(inserts([there]))
        gone = row("s1", "prefix_bindings", (6,), "to_tunnel", 2, 0)
        fine = row("s1", "prefix_bindings", (7,), "to_tunnel", 2, 0)
        wide = row("s1", "prefix_bindings", (8,), "to_tunnel", 1 << 24, 0)
        writes = [*inserts([there, fine, wide]), Write(Change.MODIFY, there)]
        with pytest.raises(SwitchWriteError) as error:
            await client.connection.write(writes)
        refused = {(f.write.change, f.write.row.at.key): f.code for f in error.value.failed}
        assert refused == {
            (Change.INSERT, (5,)): "ALREADY_EXISTS",
            (Change.INSERT, (8,)): "INVALID_ARGUMENT",
        }
        assert error.value.done == (writes[1],), "nothing is modified after an insert that was refused"
        assert error.value.switch == "s1"
        assert str(error.value).startswith("s1 refused to insert prefix_bindings (5,): ALREADY_EXISTS ")
        assert str(error.value).endswith(" and 1 more")
        for change in (Change.MODIFY, Change.DELETE):
            with pytest.raises(SwitchWriteError) as error:
                await client.connection.write([Write(change, gone)])
            assert [f.code for f in error.value.failed] == ["NOT_FOUND"]
        assert set(await client.connection.read_rows()) == {there, fine}


async def test_a_full_table_is_told_as_such() -> None:
    async with running() as client:
        size = CODEC.size("external_sources")
        assert size is not None
        rows = [row("s1", "external_sources", (1, (n << 64, 64)), "permit_external") for n in range(size + 1)]
        with pytest.raises(SwitchWriteError) as error:
            await client.connection.write(inserts(rows))
        assert [f.code for f in error.value.failed] == ["RESOURCE_EXHAUSTED"]
        assert error.value.failed[0].write.row == rows[-1]


async def test_writes_of_one_batch_are_all_that_failed_or_were_done() -> None:
    """What comes after a failed batch is not written, and not said to be."""
    async with running() as client:
        rows = [row("s1", "prefix_bindings", (n,), "to_tunnel", 2, 0) for n in range(2500)]
        await client.connection.write(inserts(rows[1500:1501]))
        with pytest.raises(SwitchWriteError) as error:
            await client.connection.write(inserts(rows))
        assert len(error.value.failed) == 1
        assert set(await client.connection.read_rows()) == set(rows[:2000])
        assert {w.row for w in error.value.done} == set(rows[:2000]) - {rows[1500]}


async def test_packets_in_and_out() -> None:
    async with running() as client:
        await client.connection.write(inserts(BASE))
        got: list[bytes] = []

        def receive(frame: bytes) -> None:
            got.append(frame)
            client.news.set()

        for wire in client.wires.values():
            wire.b.open(receive)
        frame = bytes.fromhex("33330000000102005e00010186dd") + b"\x60" + bytes(60)
        for number in range(20):
            assert client.wires[2].b.send(frame + bytes([number]))
        await client.until(lambda: len(client.packets) == 20, "packets in")
        assert [p.frame[-1] for p in client.packets] == list(range(20))
        assert {(p.switch, p.port, p.reason) for p in client.packets} == {("s1", 2, PuntReason.NODE_UNKNOWN)}
        for number in range(20):
            await client.connection.send(frame + bytes([number]), mode=PacketOutMode.TO_PORT, port=1)
        await client.until(lambda: len(got) == 20, "packets out")
        assert got == [frame + bytes([number]) for number in range(20)]
        # As received: the pipeline does not know the node, and what the controller sends is punted again as its port's.
        client.packets.clear()
        await client.connection.send(frame, mode=PacketOutMode.AS_RECEIVED, port=1)
        await client.until(lambda: len(client.packets) == 1, "the packet again")
        assert client.packets[0].port == 1


async def test_a_switch_that_comes_back_is_ready_again() -> None:
    async with running() as client:
        await client.connection.write(inserts(BASE))
        address = client.server.address
        await client.server.stop()
        with pytest.raises(ConnectionError, match=f"^switch s1 at {address}"):
            await client.connection.read_rows()
        client.server = new_server(address)
        await client.server.start()
        await client.until_ready(2)
        # It has our program and nothing else.
        assert await client.connection.read_rows() == []
        await client.connection.write(inserts(BASE))
        assert set(await client.connection.read_rows(METER_KEYS)) == set(BASE)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
async def test_a_switch_that_goes_while_it_gets_its_program_is_tried_again(
    code: grpc.StatusCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client library tells that by cancelling what waits for it."""
    refused: list[grpc.StatusCode] = []
    set_config = P4RuntimeService.SetForwardingPipelineConfig

    async def refuse_once(
        service: P4RuntimeService, request: p4r.SetForwardingPipelineConfigRequest, context: Context
    ) -> p4r.SetForwardingPipelineConfigResponse:
        if not refused:
            refused.append(code)
            await context.abort(code, "going")
        return await set_config(service, request, context)

    monkeypatch.setattr(P4RuntimeService, "SetForwardingPipelineConfig", refuse_once)
    async with running() as client:
        assert refused == [code]
        await client.connection.write(inserts(BASE))


async def test_a_switch_that_is_away_is_an_error_to_writers_and_none_to_senders() -> None:
    client = Client(new_server("127.0.0.1:1"), {})
    client.server.port = 1
    client.connect()
    try:
        with pytest.raises(ConnectionError, match=r"^switch s1 at 127\.0\.0\.1:1 is not connected$"):
            await client.connection.write(inserts(BASE[:1]))
        with pytest.raises(ConnectionError, match=r"^switch s1 at 127\.0\.0\.1:1: UNAVAILABLE "):
            await client.connection.read_rows()
        await client.connection.send(b"frame", mode=PacketOutMode.TO_PORT, port=1)
        assert not client.connection.is_ready
    finally:
        await client.connection.stop()


async def test_packets_that_wait_for_the_stream_are_lost_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And are no reason for their senders to end: what comes first on a new stream has to be the arbitration."""
    async with running() as client:
        connection = client.connection
        send_packet, is_slow = connection._send_packet, asyncio.Event()

        async def send_slowly(packet: fy.P4PacketOut) -> bool:
            await is_slow.wait()
            return await send_packet(packet)

        monkeypatch.setattr(connection, "_send_packet", send_slowly)
        waiting = [
            asyncio.create_task(connection.send(bytes(60), mode=PacketOutMode.TO_PORT, port=1)) for _ in range(3)
        ]
        await client.server.stop()
        await until(lambda: not connection.is_connected)
        is_slow.set()
        assert await asyncio.gather(*waiting) == [False] * 3
        assert connection.packets_out_lost == 3


async def test_rows_outlive_the_connection() -> None:
    """A controller that goes leaves the switch as it is; the next one finds everything."""
    async with running() as client:
        await client.connection.write(inserts(BASE))
        await client.connection.stop()
        client.connect()
        await client.until_ready(2)
        assert set(await client.connection.read_rows(METER_KEYS)) == set(BASE)


@asynccontextmanager
async def rival(address: str) -> AsyncIterator[fy.Switch]:
    """Another controller with a higher election id."""
    options = fy.SwitchOptions(p4info=PIPELINE.p4info, device_id=1, initial_election_id=100)
    async with fy.Switch("rival", address, options) as switch:
        yield switch


async def test_a_connection_that_lost_its_mastership_is_not_ready() -> None:
    """Its writes would be refused; what must be done waits for the next on_ready."""
    async with running() as client:
        await client.until(lambda: client.connection.is_ready, "ready")
        async with rival(client.server.address):
            with pytest.raises(ConnectionError, match=r"PERMISSION_DENIED|is not connected"):
                await client.connection.write(inserts(BASE[:1]))
            for _ in range(100):
                if not client.connection.is_ready:
                    break
                await client.connection.read_rows()  # which the switch answers after it has told us
            assert not client.connection.is_ready
            assert client.ready == 1
        await client.until_ready(2)
        await client.connection.write(inserts(BASE))


async def test_a_packet_is_reported_once_after_mastership_came_back() -> None:
    async with running() as client:
        await client.connection.write(inserts(BASE))
        async with rival(client.server.address):
            pass
        await client.until_ready(2)
        client.packets.clear()
        frame = bytes.fromhex("33330000000102005e00010186dd") + b"\x60" + bytes(60)
        client.wires[1].b.open(lambda _: None)
        for number in range(3):
            assert client.wires[1].b.send(frame + bytes([number]))
        await client.until(lambda: any(p.frame[-1] == 2 for p in client.packets), "the last packet")
        await client.connection.read_rows()  # long enough for a second copy
        assert [p.frame[-1] for p in client.packets] == [0, 1, 2]


def test_the_cpu_port_is_the_server_s_default() -> None:
    assert new_server().device.cpu_port == CPU_PORT

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""All switches together: plans carried out step by step, and every switch kept at what it shall hold."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import chain

import structlog

from p4dmm.config import Link, Network
from p4dmm.forwarding import (
    METERS,
    SHARED,
    Change,
    Plan,
    Row,
    RowKey,
    Step,
    Topology,
    Write,
    base_rows,
    reroute,
    without_ports,
)
from p4dmm.switches import PacketIn, PipelineFiles, RowCodec, SwitchConnection, SwitchWriteError, difference

from .gate import Gate

log = structlog.get_logger(__name__)

_HELD = "ALREADY_EXISTS"


def _holds_already(error: SwitchWriteError) -> bool:
    return all(failed.code == _HELD for failed in error.failed)


def _leaves_more(error: SwitchWriteError) -> bool:
    """Whether giving up what was refused is not all: rows were not sent, or the switch has some that it should not."""
    return bool(error.unsent) or any(failed.code == _HELD for failed in error.failed)


class TableFullError(Exception):
    """A plan that a switch has no room for: names the switch, the table, its size."""


class Fabric:
    """The switches of a domain.

    `wanted` holds every row that shall be installed, per switch: what a plan does to it happens whether or not the
    switch is there to hear it, and a switch that comes (back) is brought to it by its difference alone.
    """

    def __init__(
        self,
        network: Network,
        topology: Topology,
        pipeline: PipelineFiles,
        on_packet: Callable[[PacketIn], None],
    ) -> None:
        self._codec = RowCodec.from_file(pipeline.p4info)
        self.wanted: dict[str, dict[RowKey, Row]] = {
            switch.name: {row.at: row for row in base_rows(topology, switch.name)}
            for switch in network.controlled_switches
        }
        self._base = {name: frozenset(rows) for name, rows in self.wanted.items()}
        self._table_rows: dict[str, Counter[str]] = {
            name: Counter(key.table for key in rows) for name, rows in self.wanted.items()
        }
        self.connections = {
            switch.name: SwitchConnection(switch, pipeline, self._codec, on_ready=self._ready, on_packet=on_packet)
            for switch in network.controlled_switches
        }
        self._found: dict[str, list[Row]] = {}
        self._connected = {name: asyncio.Event() for name in self.connections}
        self._may_reconcile = asyncio.Event()
        self._reconciled = {name: asyncio.Event() for name in self.connections}
        self._gates = {name: Gate() for name in self.connections}

    def start(self) -> None:
        for connection in self.connections.values():
            connection.start()

    async def stop(self) -> None:
        await asyncio.gather(*(connection.stop() for connection in self.connections.values()))

    async def read_all(self, timeout_s: float) -> list[Row]:
        """Wait for the switches and return what they hold. To be followed by `reconcile_all`.

        A switch that does not come in time is begun without; it is brought to `wanted` when it does.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(event.wait() for event in self._connected.values()))
        except TimeoutError:
            for name, connection in self.connections.items():
                if not self._connected[name].is_set():
                    log.warning("switch does not answer; starting without it", switch=name, address=connection.address)
        rows = list(chain.from_iterable(self._found.values()))
        self._found.clear()
        return rows

    async def reconcile_all(self, timeout_s: float) -> None:
        """Let every switch be brought to `wanted`, now and whenever it comes back; wait for those that were read."""
        self._may_reconcile.set()
        waiting = [self._reconciled[name].wait() for name, event in self._connected.items() if event.is_set()]
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*waiting)
        except TimeoutError:
            late = [name for name, event in self._reconciled.items() if not event.is_set()]
            log.warning("switches not compared yet; starting without them", switches=late)

    def adopt(self, rows: Iterable[Row]) -> None:
        """Want these rows too, without writing them: for bindings read back from the switches."""
        for row in rows:
            self._want(Write(Change.INSERT, row))

    async def carry_out(self, plan: Plan) -> None:
        """Prepare, flip, retire.

        Raises TableFullError before the first write when a table cannot hold the plan; SwitchWriteError when a switch
        refuses to prepare, with everything undone.
        """
        plan = self._without_held(plan)
        self._refuse_overflow(chain.from_iterable(plan.prepare))
        done: list[Write] = []
        for step in plan.prepare:
            errors = await self._step(step)
            refused = [error for error in errors if not _holds_already(error)]
            if refused:
                log.warning("handover undone", switch=refused[0].switch, reason=str(refused[0]))
                await self._undo(done, step, errors)
                raise refused[0]
            await self._repair_after(errors)
            done += step
        for step in (*plan.flip, *plan.retire):
            await self._repair_after(await self._step(step))

    async def write(self, writes: Iterable[Write]) -> None:
        """Write rows that are nobody's plan.

        Raises TableFullError before the first write, SwitchWriteError when a switch refuses an insert; what it refused
        is not wanted any more, the rest is done.
        """
        step = tuple(writes)
        self._refuse_overflow(write for write in step if write.change is Change.INSERT)
        errors = await self._step(step)
        refused = [e for e in errors if e.failed[0].write.change is Change.INSERT and not _holds_already(e)]
        for error in refused:
            self._give_up(error)
        await self._repair_after([error for error in errors if error not in refused or _leaves_more(error)])
        if refused:
            raise refused[0]

    async def take_out(self, link: Link) -> None:
        """Send nothing over a link any more where other links do as well, before new ways are computed."""
        ends = [end for end in link.ends if end.switch in self.wanted]
        ports = [without_ports(self.wanted[end.switch], {end.port}) for end in ends]
        await self._repair_after(await self._step(tuple(chain.from_iterable(ports))))

    async def reroute(self, topology: Topology) -> None:
        """Bring the switches to the topology as it is now. What is wanted changes at once, so that what is asked for
        from now on is written after it."""
        step: list[Write] = []
        for name, rows in self.wanted.items():
            base = {row.at: row for row in base_rows(topology, name)}
            step += reroute(rows, self._base[name], base, topology)
            self._base[name] = frozenset(base)
        await self._repair_after(await self._step(tuple(step)))

    def _without_held(self, plan: Plan) -> Plan:
        # Another node's plan may have made one already.
        prepare = tuple(
            tuple(w for w in step if w.row.at.table not in SHARED or w.row.at not in self.wanted[w.row.at.switch])
            for step in plan.prepare
        )
        return Plan(tuple(step for step in prepare if step), plan.flip, plan.retire)

    def _refuse_overflow(self, inserts: Iterable[Write]) -> None:
        more = Counter((w.row.at.switch, w.row.at.table) for w in inserts)
        for (switch, table), count in more.items():
            size = self._codec.size(table)
            if size is not None and self._table_rows[switch][table] + count > size:
                raise TableFullError(
                    f"table {table} of {switch} holds {self._table_rows[switch][table]} of {size} rows, "
                    f"{count} more do not fit"
                )

    async def _step(self, step: Step) -> list[SwitchWriteError]:
        """Write a step to all its switches at once; what they refused."""
        by_switch: dict[str, list[Write]] = defaultdict(list)
        for write in step:
            self._want(write)
            by_switch[write.row.at.switch].append(write)
        results = await asyncio.gather(
            *(self._write_one(switch, writes) for switch, writes in by_switch.items()), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, SwitchWriteError)]
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, SwitchWriteError):
                raise result
        return errors

    async def _repair_after(self, errors: list[SwitchWriteError]) -> None:
        """Rows to modify or delete are known to be there, rows to insert known not to be: if a switch says otherwise
        it has lost, changed or kept entries, and is compared as a whole."""
        for error in errors:
            log.error("switch does not hold what it should", switch=error.switch, reason=str(error))
            try:
                await self._repair(self.connections[error.switch])
            except ConnectionError as away:
                log.warning("switch is away; it is repaired when it is back", switch=error.switch, reason=str(away))

    async def _write_one(self, switch: str, writes: list[Write]) -> None:
        connection = self.connections[switch]
        if not connection.is_ready:
            return  # it gets them when it is back, by its difference
        async with self._gates[switch].shared():
            try:
                await connection.write(writes)
            except ConnectionError as error:
                log.warning("switch is away; it is repaired when it is back", switch=switch, reason=str(error))

    async def _undo(self, before: list[Write], step: Step, errors: list[SwitchWriteError]) -> None:
        """Delete what was inserted, the last first: everything before the step, and of the step what was sent and not
        refused."""
        refusing = {error.switch for error in errors}
        inserted = [*before, *(write for write in step if write.row.at.switch not in refusing)]
        inserted += [write for error in errors for write in error.done]
        for error in errors:
            self._give_up(error)
            for write in error.unsent:
                if write.row.at.table not in SHARED:
                    self._want(Write(Change.DELETE, write.row))
        deletes: dict[str, list[Write]] = defaultdict(list)
        for write in reversed(inserted):
            if write.row.at.table in SHARED:
                continue  # another node may use it by now
            self._want(Write(Change.DELETE, write.row))
            deletes[write.row.at.switch].append(Write(Change.DELETE, write.row))
        for switch, writes in deletes.items():
            try:
                await self._write_one(switch, writes)
            except SwitchWriteError as error:
                await self._repair_after([error])
        await self._repair_after([error for error in errors if _leaves_more(error)])

    def _want(self, write: Write) -> None:
        key = write.row.at
        rows, count = self.wanted[key.switch], self._table_rows[key.switch]
        if write.change is Change.DELETE:
            if rows.pop(key, None) is not None:
                count[key.table] -= 1
            return
        if key not in rows:
            count[key.table] += 1
        rows[key] = write.row

    async def _ready(self, connection: SwitchConnection) -> None:
        name = connection.name
        if not self._may_reconcile.is_set():
            self._found[name] = await connection.read_rows()
            self._connected[name].set()
            await self._may_reconcile.wait()
        await self._repair(connection)
        self._reconciled[name].set()

    async def _repair(self, connection: SwitchConnection) -> None:
        """Compare with what is wanted, and write the difference."""
        async with self._gates[connection.name].alone():
            meters = [key for key in self.wanted[connection.name] if key.table in METERS]
            held = await connection.read_rows(meters)
            writes = difference(held, self.wanted[connection.name].values())
            # Nothing is awaited since the comparison: what is wanted from now on waits to be written.
            connection.is_ready = connection.is_connected
            if writes:
                log.info("switch repaired", switch=connection.name, held=len(held), repair=str(writes))
                await self._write_what_it_takes(connection, writes.writes)

    async def _write_what_it_takes(self, connection: SwitchConnection, writes: tuple[Write, ...]) -> None:
        """A row that a switch refuses is given up, lest it keep the others from being repaired."""
        while writes:
            try:
                await connection.write(writes)
            except SwitchWriteError as error:
                log.error("row given up", switch=connection.name, reason=str(error))
                self._give_up(error)
                writes = error.unsent
            else:
                return

    def _give_up(self, error: SwitchWriteError) -> None:
        for failed in error.failed:
            if failed.write.change is Change.INSERT:
                self._want(Write(Change.DELETE, failed.write.row))

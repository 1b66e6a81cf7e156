# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Controllers that are killed at a numbered step: one is forked for each line of JSON on standard input.

Each connects to the socket that it is told and takes orders from there. Steps are what it does about one node: before
and after each save, each write to a switch, each mobility message and each Router Advertisement. Nothing in the
controller knows of them.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import structlog

from p4dmm.config import Network, PortRef, Switch
from p4dmm.controller import Controller, open_store
from p4dmm.controller.agent import NodeAgent
from p4dmm.controller.journal import Journal
from p4dmm.controller.services import Services
from p4dmm.controller.speakers.agent import RoleAgent
from p4dmm.controller.speakers.transport import Transport
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.switches import SwitchConnection
from p4dmm.switches.reader import TableReader
from p4dmm.wire import MacAddress, RouterAdvertisement, decode_frame
from tests.support.settled import failures, rest
from tests.support.speakers import speaking, stored, times

SWITCHES = ("s1", "s2", "c1")


def network(mode: str) -> Network:
    """Two MAARs and c1: what a handover needs, and no more to be connected to."""
    whole = times(speaking(mode), drain_s=0.1, probe_interval_s=5.0)
    return whole.model_copy(
        update={
            "switches": tuple(s for s in whole.switches if s.name in SWITCHES),
            "links": tuple(link for link in whole.links if all(end.switch in SWITCHES for end in link.ends)),
            "admission": whole.admission.model_copy(update={"nodes_per_port": 1000}),
            "link_probes": whole.link_probes.model_copy(update={"interval_s": 1.0, "timeout_s": 1.0}),
        }
    )


class Steps:
    """Counts what is done about one node, and kills the process at one of it."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._mac: MacAddress | None = None
        self._kill_at: str | None = None
        self._count: Counter[str] = Counter()
        self._advertised: set[tuple[PortRef, bytes]] = set()
        self._is_concerned: ContextVar[bool] = ContextVar("concerned", default=False)

    def watch(self, mac: MacAddress | None, kill_at: str | None) -> None:
        self._mac, self._kill_at, self._count, self._advertised = mac, kill_at, Counter(), set()

    def install(self) -> None:
        """Around what the controller does."""

        def about(whose: Callable[[Any], MobileNodeId | MacAddress], handle: Any) -> Any:
            async def handled(agent: Any, event: Any) -> None:
                watched = self._mac
                is_it = watched is not None and whose(agent) in (watched, MobileNodeId.eui48(watched))
                token = self._is_concerned.set(is_it)
                try:
                    await handle(agent, event)
                finally:
                    self._is_concerned.reset(token)

            return handled

        def around(name: Callable[..., str], act: Any) -> Any:
            async def acted(*arguments: Any, **named: Any) -> Any:
                is_counted = self._is_concerned.get()
                if is_counted:
                    self._pass(f"before {name(*arguments)}")
                result = await act(*arguments, **named)
                if is_counted:
                    self._pass(f"after {name(*arguments)}")
                return result

            return acted

        send_to_port = Services.send_to_port

        async def sent_to_port(services: Services, at: PortRef, frame: bytes) -> bool:
            is_counted = self._is_new_advertisement(at, frame)
            if is_counted:
                self._pass(f"before RA at {at}")
            result = await send_to_port(services, at, frame)
            if is_counted:
                self._pass(f"after RA at {at}")
            return result

        patch: Any = setattr
        patch(RoleAgent, "_handle", about(lambda agent: agent.key.mn_id, RoleAgent._handle))
        patch(NodeAgent, "_handle", about(lambda agent: agent.bce.mac, NodeAgent._handle))
        patch(Journal, "save", around(lambda _, role, switch, *__: f"save of {role} {switch}", Journal.save))
        patch(SwitchConnection, "write", around(lambda c, _: f"write to {c.name}", SwitchConnection.write))
        patch(Transport, "_send", around(_message, Transport._send))
        patch(Services, "send_to_port", sent_to_port)

    def _is_new_advertisement(self, at: PortRef, frame: bytes) -> bool:
        """The first of a router there: those that it sends from time to time are not counted."""
        router = at, frame[6:12]
        if self._mac is None or frame[:6] != bytes(self._mac) or router in self._advertised:
            return False
        is_advertisement = isinstance(decode_frame(frame).message, RouterAdvertisement)
        if is_advertisement:
            self._advertised.add(router)
        return is_advertisement

    def _pass(self, label: str) -> None:
        self._count[label] += 1
        step = f"{label}, number {self._count[label]}"
        self._tell({"step": step})
        if step == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def read_at_once() -> None:
    """All tables of a switch in one request: they are small here, and are read many times."""
    read: Any = TableReader.read

    async def read_all(reader: TableReader, entities: Sequence[Any], **_: int) -> Any:
        return await read(reader, entities, at_once=max(1, len(entities)))

    replaced: Any = setattr
    replaced(TableReader, "read", read_all)


def _message(_: Transport, switch: str, send: Any) -> str:
    return f"{type(send.message).__name__} from {switch}"


async def run(order: dict[str, Any]) -> None:
    reader, writer = await asyncio.open_unix_connection(order["socket"])

    def tell(what: dict[str, Any]) -> None:
        # At once: whoever is killed sends nothing later.
        os.write(writer.get_extra_info("socket").fileno(), json.dumps(what).encode() + b"\n")

    steps = Steps(tell)
    steps.install()
    read_at_once()

    def at(switch: Switch) -> Switch:
        return switch.model_copy(update={"address": order["addresses"][switch.name]})

    where = network(order["mode"])
    where = where.model_copy(update={"switches": tuple(map(at, where.switches))})
    where = stored(where, Path(order["store"]))
    controller = Controller(where, store=open_store(where))
    await controller.start()
    tell({"ready": True})
    while line := await reader.readline():
        match json.loads(line):
            case {"watch": mac, "kill_at": kill_at}:
                steps.watch(None if mac is None else MacAddress.parse(mac), kill_at)
                tell({"watching": mac})
            case {"places": places}:
                there = {MacAddress.parse(mac): PortRef.model_validate(place) for mac, place in places.items()}
                found = await rest([controller], there)
                bindings = {str(b.mac): {str(h.prefix): h.anchor for h in b.hnps} for b in found.bindings}
                failed = failures([controller])
                tell({"problems": found.problems, "bindings": bindings, "failures": failed})
            case {"stop": True}:
                await controller.stop()
                tell({"stopped": True})
                return


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if not os.fork():
            status = 1
            try:
                asyncio.run(run(json.loads(line)))
                status = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(status)


if __name__ == "__main__":
    main()

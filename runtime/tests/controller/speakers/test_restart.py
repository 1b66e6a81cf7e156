# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A controller that ends and one that comes after it, with the same store and the same switches, or empty ones."""

from pathlib import Path

import pytest
from finsy.proto import p4r

from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.softswitch.service.servicer import Context, P4RuntimeService
from tests.support.domain import until
from tests.support.speakers import ALL, LMA_POOL, moved, running_speakers, speaking, stored, talks

from .test_dmm import pool

MODES = {"sdn": speaking("sdn"), "pmip": speaking("pmip"), "dmm": speaking("dmm")}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[p4r.Update]:
    """Everything that is written to switches."""
    updates: list[p4r.Update] = []
    write = P4RuntimeService.Write

    async def recorded(service: P4RuntimeService, request: p4r.WriteRequest, context: Context) -> p4r.WriteResponse:
        updates.extend(request.updates)
        return await write(service, request, context)

    monkeypatch.setattr(P4RuntimeService, "Write", recorded)
    return updates


TWO = (("c1", "s1"), ("s2", "s3"))


@pytest.mark.parametrize(
    ("mode", "groups"), [*((mode, (ALL,)) for mode in MODES), ("pmip", TWO), ("dmm", TWO)], ids=lambda p: str(len(p))
)
async def test_the_next_controller_goes_on_where_the_last_one_ended(
    mode: str, groups: tuple[tuple[str, ...], ...], tmp_path: Path, written: list[p4r.Update]
) -> None:
    network = stored(MODES[mode], tmp_path / "bindings.db")
    async with running_speakers(network, groups) as (domain, mn, cn):
        addresses = {}
        for at in ("s1:1", "s2:1"):
            switch = at[:2]
            addresses[switch] = await moved(domain, mn, at, LMA_POOL if mode == "pmip" else pool(domain, switch))
        await mn.until(lambda s: len(s.prefixes()) == len(set(addresses.values())), "all prefixes")
        await until(lambda: domain.counter("sent: BindingRevocationAck") == (mode == "pmip"))
        routers = {s: PMIPV6_ROUTER.mac if mode == "pmip" else domain.mac(s) for s in addresses}
        for switch, address in addresses.items():
            await talks(domain, mn, cn, address, routers[switch])
        await domain.stop_controllers()
        held = domain.table_rows()
        # Forwarding outlives the controller.
        for switch, address in addresses.items():
            await talks(domain, mn, cn, address, routers[switch])
        written.clear()
        await domain.start_controllers(*groups)
        for switch, address in addresses.items():
            await talks(domain, mn, cn, address, routers[switch])
        kinds = {update.entity.WhichOneof("entity") for update in written}
        assert kinds <= {"table_entry"}, kinds
        # What is left to do are handovers' ends: rows of the place that was left.
        assert all(update.type == p4r.Update.DELETE for update in written), written
        now = domain.table_rows()
        assert all(now[name] <= held[name] for name in now)
        again = await moved(domain, mn, "s1:1", LMA_POOL if mode == "pmip" else pool(domain, "s1"))
        assert again == addresses["s1"]
        await talks(domain, mn, cn, again, routers["s1"])


@pytest.mark.parametrize("mode", MODES)
async def test_switches_that_lost_everything_get_it_back_from_the_store(mode: str, tmp_path: Path) -> None:
    network = stored(MODES[mode], tmp_path / "bindings.db")
    async with running_speakers(network) as (domain, mn, cn):
        first = await moved(domain, mn, "s1:1", LMA_POOL if mode == "pmip" else pool(domain, "s1"))
        second = await moved(domain, mn, "s2:1", LMA_POOL if mode == "pmip" else pool(domain, "s2"))
        await mn.until(lambda s: len(s.prefixes()) == len({first, second}), "all prefixes")
        await domain.stop_controllers()
        for server in domain.servers.values():
            await server.stop()
        await domain.restart_switches()
        await domain.start_controllers()
        cn.plug(domain.wire("c1:1"))
        mn.plug(domain.wire("s2:1"))
        for address, switch in ((first, "s1"), (second, "s2")):
            await talks(domain, mn, cn, address, PMIPV6_ROUTER.mac if mode == "pmip" else domain.mac(switch))

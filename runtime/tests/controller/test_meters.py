# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Meters are a part of what a switch shall hold: written, followed and repaired by a running controller."""

import asyncio

from p4dmm.config import Admission, NodeRates, load_network
from p4dmm.forwarding import METERS, Row, RowKey
from tests.support.domain import MN, TIMEOUT_S, TRIANGLE, Domain, Station, attached, running_domain

RATES = NodeRates(cir=100_000, cburst=20_000, pir=200_000, pburst=40_000, yellow=10)
UPLINK = "uplink_policing.node_meters"
FIRST_NODE = 1


async def rates(domain: Domain, switch: str, meter: str, index: int) -> Row | None:
    """What the switch says of one meter."""
    at = RowKey(switch, meter, (index,))
    rows = await domain.controller._fabric.connections[switch].read_rows([at])
    return next((row for row in rows if row.at == at), None)


async def test_a_node_s_meters_go_where_it_goes() -> None:
    network = load_network(TRIANGLE)
    network = network.model_copy(update={"admission": Admission(open=True, uplink=RATES)})
    async with running_domain(network, drain_s=0.05) as domain:
        node = Station(MN)
        await attached(domain, "s1:1", node)
        held = await rates(domain, "s1", UPLINK, FIRST_NODE)
        assert held is not None
        assert held.parameters == (100_000, 20_000, 200_000, 40_000)
        assert await rates(domain, "s1", UPLINK, FIRST_NODE + 1) is None
        assert await rates(domain, "s1", "downlink_policing.node_meters", FIRST_NODE) is None
        assert await rates(domain, "s2", UPLINK, FIRST_NODE) is None
        await attached(domain, "s2:1", node)
        assert await rates(domain, "s2", UPLINK, FIRST_NODE) is not None
        await domain.stage("retired")
        assert await rates(domain, "s1", UPLINK, FIRST_NODE) is None


async def test_meters_that_were_lost_are_set_again_when_the_switch_comes_back() -> None:
    async with running_domain() as domain:
        pipeline = domain.servers["s1"].device.pipeline
        assert pipeline is not None
        (meter,) = (array for name, array in pipeline.meters.items() if name.endswith("punt_meters"))
        wanted = {at: row for at, row in domain.controller._fabric.wanted["s1"].items() if at.table in METERS}
        assert len(wanted) >= 10
        for at in wanted:
            meter.configure(at.number, None, 0)
        connection = domain.controller._fabric.connections["s1"]
        connection._down(connection._finsy)
        async with asyncio.timeout(TIMEOUT_S):
            while not connection.is_ready:
                await asyncio.sleep(0.01)
            while {row for row in await connection.read_rows(wanted) if row.at in wanted} != set(wanted.values()):
                await asyncio.sleep(0.01)

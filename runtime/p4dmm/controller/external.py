# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Router Advertisements on external ports, whose hosts have no agent that would send them."""

import asyncio

from p4dmm.config import PortRef

from .advertise import external_advertisement
from .services import Services

LONGEST_INTERVAL_S = 600.0
SHORTEST_INTERVAL_S = 3.0
"""MaxRtrAdvInterval and MIN_DELAY_BETWEEN_RAS (RFC 4861 sections 6.2.1 and 10)."""

INITIAL = 3
INITIAL_INTERVAL_S = 16.0
"""MAX_INITIAL_RTR_ADVERTISEMENTS, MAX_INITIAL_RTR_ADVERT_INTERVAL."""


async def advertise(services: Services, at: PortRef) -> None:
    """One advertisement to all hosts of an external port."""
    port = services.topology.port(at.switch, at.port)
    assert port is not None
    assert port.address is not None
    mac = services.topology.router_mac(at.switch)
    await services.send_to_port(at, external_advertisement(mac, port.address, port.mtu, services.domain))


async def advertise_for_ever(services: Services) -> None:
    """On every external port, often enough that hosts keep their router (RFC 4861 section 6.2.4)."""
    ports = [
        PortRef(switch=switch.name, port=port.number)
        for switch in services.topology.network.controlled_switches
        for port in switch.ports_of_role("external")
    ]
    # A lifetime of 0, no default router, leaves the prefix to be refreshed.
    lifetime = services.domain.router_lifetime_s or services.domain.valid_lifetime_s
    interval = max(SHORTEST_INTERVAL_S, min(LONGEST_INTERVAL_S, lifetime / 3))
    sent = 0
    while True:
        for at in ports:
            await advertise(services, at)
        sent += 1
        await asyncio.sleep(min(INITIAL_INTERVAL_S, interval) if sent < INITIAL else interval)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A domain with one node at s1:1."""

from collections.abc import AsyncIterator
from ipaddress import IPv6Address

import pytest

from tests.support.domain import MN, Domain, Station, attached, running_domain


@pytest.fixture
async def domain_with_node() -> AsyncIterator[tuple[Domain, Station, IPv6Address]]:
    async with running_domain(probe_timeout_s=0.1) as domain:
        station = Station(MN)
        yield domain, station, await attached(domain, "s1:1", station)

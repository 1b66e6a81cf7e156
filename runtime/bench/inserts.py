# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Writes over P4Runtime: many rows in batches, and the small writes of one handover."""

import time

import traffic
from figures import percentile
from p4runtime_inserts import measure
from switches import DEVICE_ID, Client, running

from p4dmm.switches.pipeline import default_pipeline

TABLE = "DmmIngress.bindings.prefix.prefix_bindings"
SMALL = (1, 4)
"""A handover writes about four rows to one switch."""


def rates(target: str, count: int) -> dict[str, float]:
    """Rows per second in batches of 1,000: insert, modify, read, delete."""
    with running(target) as address:
        files = default_pipeline()
        client = Client(address)  # loads the program, and gives P4Info
        client.close()
        result = measure(
            address,
            DEVICE_ID,
            client.p4info,
            files.device_config.read_bytes(),
            TABLE,
            count=count,
            election_id=2,
        )
    return result.rates()


def small_writes_ms(target: str, existing: int, samples: int) -> dict[str, dict[str, float]]:
    """How long a write of so many rows takes, by how many: it alone under way, inserts and deletes in turn."""
    with running(target) as address:
        client = Client(address)
        client.insert([traffic.binding(number) for number in range(existing)])
        found = {}
        for rows in SMALL:
            took = [_small_write_ms(client, existing + sample * rows, rows) for sample in range(samples)]
            each = [value for pair in took for value in pair]
            found[str(rows)] = {"median": percentile(each, 50), "p95": percentile(each, 95)}
        client.close()
    return found


def _small_write_ms(client: Client, first: int, count: int) -> list[float]:
    rows = [traffic.binding(number) for number in range(first, first + count)]
    took = []
    for kind in (client.INSERT, client.DELETE):
        request = client.request(rows, kind)
        begun = time.perf_counter()
        client.write(request)
        took.append((time.perf_counter() - begun) * 1e3)
    return took

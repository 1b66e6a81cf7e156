# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Answers to read requests: taken at once, encoded and sent later."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finsy.proto import p4r

CHUNK = 1000  # entities a message


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answer to one request, taken at once so that no Write comes between (spec: "Parallelism"); encoded later."""

    items: Sequence[Any]
    encode: Callable[[Any, p4r.Entity], None]


def chunks(snapshots: Sequence[Snapshot]) -> Iterator[p4r.ReadResponse]:
    """Responses of at most CHUNK entities."""
    response = p4r.ReadResponse()
    for snapshot in snapshots:
        for item in snapshot.items:
            snapshot.encode(item, response.entities.add())
            if len(response.entities) >= CHUNK:
                yield response
                response = p4r.ReadResponse()
    if response.entities:
        yield response

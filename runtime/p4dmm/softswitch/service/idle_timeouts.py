# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Telling the primary which entries nobody has hit for their idle timeout (spec: "Table Idle Timeout Notification")."""

import time
from collections.abc import Callable, Iterator

from finsy.proto import p4r

from p4dmm.softswitch.service.config import NO_NOTE, BoundTable, ForwardingConfig
from p4dmm.softswitch.service.deadlines import Key

SCAN_INTERVAL_S = 0.1  # how much later than its timeout an entry may be reported
# How often at most, however short its timeout: a controller needs time to act (spec: "the smallest value they can").
REPEAT_NS = 1_000_000_000
BATCH = 1000  # entries a message


def notifications(
    config: ForwardingConfig, now_ns: int, wall_clock: Callable[[], int] = time.time_ns
) -> Iterator[p4r.IdleTimeoutNotification]:
    """The entries that have expired by now, each again after every further timeout without a hit.

    now_ns is the time of the clock that packets are processed with; the messages carry the wall clock's.
    """
    for bound in config.tables.values():
        keys = _expired(bound, now_ns)
        for start in range(0, len(keys), BATCH):
            message = p4r.IdleTimeoutNotification(timestamp=wall_clock())
            for key in keys[start : start + BATCH]:
                entry = message.table_entry.add(idle_timeout_ns=bound.table.idle_timeout(*key))
                bound.codec.encode_key(*key, entry)
                entry.metadata, entry.controller_metadata = bound.notes.get(key, NO_NOTE)
            yield message


def _expired(bound: BoundTable, now_ns: int) -> list[Key]:
    """The entries to report now. One that has been hit meanwhile only gets another deadline."""
    table, deadlines = bound.table, bound.deadlines
    keys = []
    for key in deadlines.take(now_ns):
        timeout, elapsed = table.idle_timeout(*key), table.time_since_last_hit(*key, now_ns)
        if elapsed < timeout:
            deadlines.put(key, now_ns + timeout - elapsed)
        else:
            deadlines.put(key, now_ns + max(timeout, REPEAT_NS))
            keys.append(key)
    return keys

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which entries a scan for idle timeouts looks at."""

from p4dmm.softswitch.service.deadlines import SLACK, Deadlines
from p4dmm.softswitch.tables import Exact

A, B, C = (((Exact(number),), 0) for number in range(3))


def test_taken_in_order_and_once():
    deadlines = Deadlines()
    for key, when in ((A, 30), (B, 10), (C, 20)):
        deadlines.put(key, when)
    assert deadlines.take(9) == []
    assert deadlines.take(20) == [B, C]
    assert deadlines.take(20) == []
    assert deadlines.take(100) == [A]


def test_the_last_deadline_counts():
    deadlines = Deadlines()
    deadlines.put(A, 10)
    deadlines.put(A, 30)
    deadlines.put(B, 30)
    deadlines.put(B, 20)
    deadlines.put(C, 10)
    deadlines.discard(C)
    assert deadlines.take(29) == [B]
    assert deadlines.take(30) == [A]
    assert deadlines.take(1000) == []


def test_entries_that_come_and_go_leave_no_heap_behind():
    deadlines = Deadlines()
    deadlines.put(B, 10**6 + 1)
    for when in range(20 * SLACK):
        deadlines.put(A, 10**6 - when)
        deadlines.discard(A)
    assert len(deadlines._heap) <= SLACK + 2
    assert deadlines.take(10**7) == [B]

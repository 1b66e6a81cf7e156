# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from p4dmm.lab.stats import Arrival, StreamLog, StreamStats, longest_gap, rate_per_bin


def log(sent, arrivals):
    return StreamLog("x", tuple(sent), tuple(Arrival(*a) for a in arrivals))


def test_loss_duplicates_and_order_are_counted_apart():
    stream = log([0, 1, 2, 3, 4], [(0, 0.1), (2, 2.1), (1, 2.2), (2, 2.3), (4, 4.1)])
    assert stream.stats() == StreamStats(sent=5, received=4, duplicates=1, reordered=1)
    assert stream.stats().lost == 1
    assert stream.lost() == [3]


def test_a_late_duplicate_is_no_reordering():
    stream = log([0, 1], [(0, 0.1), (1, 1.1), (0, 1.2)])
    assert stream.stats() == StreamStats(sent=2, received=2, duplicates=1, reordered=0)


def test_a_window_is_over_the_times_of_sending():
    stream = log([0, 1, 2, 3], [(0, 0.1), (1, 3.5), (3, 3.6)])
    assert stream.stats(1, 3) == StreamStats(sent=2, received=1, duplicates=0, reordered=0)
    assert stream.stats(3, 9).lost == 0


def test_order_is_judged_against_packets_outside_the_window_too():
    stream = log([0, 1, 2], [(2, 2.1), (1, 2.2)])
    assert stream.stats(1, 2).reordered == 1


def test_packets_never_sent_do_not_count():
    assert log([], [(7, 1.0)]).stats() == StreamStats(0, 0, 0, 0)


def test_first_after():
    stream = log([0], [(0, 1.0), (0, 3.0)])
    assert stream.first_after(1.0) == 1.0
    assert stream.first_after(1.1) == 3.0
    assert stream.first_after(3.1) is None


@pytest.mark.parametrize(("instants", "expected"), [((), 10), ((4,), 6), ((2, 9), 7), ((-1, 11), 10), ((9, 2), 7)])
def test_longest_gap_counts_the_edges(instants, expected):
    assert longest_gap(instants, 0, 10) == expected


def test_rate_per_bin():
    assert rate_per_bin([(0.1, 3), (0.4, 1), (0.6, 2), (9, 5), (-1, 5)], 0, 1, 0.5) == [(0.25, 8.0), (0.75, 4.0)]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who may attach."""

import pytest

from p4dmm.mobility import Admission, AdmissionError
from p4dmm.wire import MacAddress

LISTED = MacAddress.parse("02:00:5e:00:01:01")
OTHER = MacAddress.parse("02:00:5e:00:01:02")
PLACE = ("s1", 2)


@pytest.mark.parametrize(
    ("nodes", "mac", "others", "reason"),
    [
        (None, OTHER, 0, None),
        (None, OTHER, 1, None),
        (None, OTHER, 2, "port s1:2 has 2 nodes, at most 2"),
        (frozenset({LISTED}), LISTED, 1, None),
        (frozenset({LISTED}), LISTED, 2, "port s1:2 has 2 nodes, at most 2"),
        (frozenset({LISTED}), OTHER, 0, f"{OTHER} is not in the list of admitted nodes"),
        (frozenset(), LISTED, 0, f"{LISTED} is not in the list of admitted nodes"),
        (None, MacAddress.parse("03:00:5e:00:01:01"), 0, "03:00:5e:00:01:01 is no unicast MAC address"),
        (None, MacAddress.parse("ff:ff:ff:ff:ff:ff"), 0, "ff:ff:ff:ff:ff:ff is no unicast MAC address"),
        (None, MacAddress.parse("00:00:00:00:00:00"), 0, "00:00:00:00:00:00 is no unicast MAC address"),
    ],
)
def test_check(nodes: frozenset[MacAddress] | None, mac: MacAddress, others: int, reason: str | None) -> None:
    admission = Admission(nodes=nodes, nodes_per_port=2)
    if reason is None:
        admission.check(mac, PLACE, others)
    else:
        with pytest.raises(AdmissionError) as error:
            admission.check(mac, PLACE, others)
        assert str(error.value) == reason

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a switch holds a node to, where the node is attached."""

from collections.abc import Iterator

from p4dmm.config import Admission

from .rows import Row, meter_row, row

YELLOW, RED = 1, 2
"""p4src/constants.p4"""


def policing_rows(switch: str, node_id: int, admission: Admission) -> Iterator[Row]:
    """The node's meters and what becomes of packets that are not green. What passes needs no row."""
    for direction, rates in (("uplink", admission.uplink), ("downlink", admission.downlink)):
        if rates is None:
            continue
        limits = (rates.cir, rates.cburst, rates.pir, rates.pburst)
        yield meter_row(switch, f"{direction}_policing.node_meters", node_id, limits)
        for color, treatment in ((YELLOW, rates.yellow), (RED, rates.red)):
            table, key = f"{direction}_policing.node_policies", (node_id, color)
            if treatment == "discard":
                yield row(switch, table, key, "discard")
            elif isinstance(treatment, int):
                yield row(switch, table, key, "remark", treatment)

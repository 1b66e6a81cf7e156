# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From bindings and topology to table rows, and from rows to rows in phases that lose nothing: pure."""

from .baseline import FIRST_HOST_NEXT_HOP, base_rows, host_rows
from .bindings import entries_for
from .plan import Change, Plan, Step, Write, diff
from .recover import Host, Recovered, recover
from .rows import GROUPS, REPLICAS, TABLES, TUNNEL_PATH, Action, Row, RowKey, Table
from .topology import Topology, TopologyError, Via

__all__ = [
    "FIRST_HOST_NEXT_HOP",
    "GROUPS",
    "REPLICAS",
    "TABLES",
    "TUNNEL_PATH",
    "Action",
    "Change",
    "Host",
    "Plan",
    "Recovered",
    "Row",
    "RowKey",
    "Step",
    "Table",
    "Topology",
    "TopologyError",
    "Via",
    "Write",
    "base_rows",
    "diff",
    "entries_for",
    "host_rows",
    "recover",
]

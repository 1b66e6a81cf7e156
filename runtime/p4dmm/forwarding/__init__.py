# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From bindings and topology to table rows, and from rows to rows in phases that lose nothing: pure."""

from .baseline import base_rows
from .bindings import entries_for
from .plan import Change, Plan, PlanError, Write, diff
from .recover import Recovered, recover
from .rows import GROUPS, TABLES, Action, Row, RowKey, Table
from .topology import Topology, TopologyError

__all__ = [
    "GROUPS",
    "TABLES",
    "Action",
    "Change",
    "Plan",
    "PlanError",
    "Recovered",
    "Row",
    "RowKey",
    "Table",
    "Topology",
    "TopologyError",
    "Write",
    "base_rows",
    "diff",
    "entries_for",
    "recover",
]

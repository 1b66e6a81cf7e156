# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From bindings and topology to table rows, and from rows to rows in phases that lose nothing: pure."""

from .baseline import FIRST_HOST_NEXT_HOP, base_rows, host_rows
from .bindings import entries_for
from .liveness import Direction, LinkJudge
from .local import local_entries
from .plan import Change, Plan, Step, Write, diff
from .punts import PuntReason
from .recover import Host, Recovered, recover
from .reroute import reroute, without_ports
from .rows import (
    EXTERNAL_PATH,
    GROUPS,
    MAX_NODE_ID,
    MEMBERS,
    METERS,
    RATES,
    REPLICAS,
    SHARED,
    TABLES,
    TUNNEL_PATH,
    Action,
    Member,
    Row,
    RowKey,
    Table,
)
from .topology import Topology, TopologyError, Via

__all__ = [
    "EXTERNAL_PATH",
    "FIRST_HOST_NEXT_HOP",
    "GROUPS",
    "MAX_NODE_ID",
    "MEMBERS",
    "METERS",
    "RATES",
    "REPLICAS",
    "SHARED",
    "TABLES",
    "TUNNEL_PATH",
    "Action",
    "Change",
    "Direction",
    "Host",
    "LinkJudge",
    "Member",
    "Plan",
    "PuntReason",
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
    "local_entries",
    "recover",
    "reroute",
    "without_ports",
]

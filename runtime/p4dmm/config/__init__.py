# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration files: TOML in, frozen and validated objects out."""

from .errors import ConfigError
from .limits import LinkProbes, NodeRates, PuntRates, Treatment
from .load import load_network, load_scenario
from .network import (
    CPU_PORT,
    DROP_PORT,
    TUNNEL_OVERHEAD,
    Admission,
    Correspondent,
    Domain,
    Link,
    Network,
    Node,
    Port,
    PortRef,
    Switch,
)
from .scenario import Move, Scenario

__all__ = [
    "CPU_PORT",
    "DROP_PORT",
    "TUNNEL_OVERHEAD",
    "Admission",
    "ConfigError",
    "Correspondent",
    "Domain",
    "Link",
    "LinkProbes",
    "Move",
    "Network",
    "Node",
    "NodeRates",
    "Port",
    "PortRef",
    "PuntRates",
    "Scenario",
    "Switch",
    "Treatment",
    "load_network",
    "load_scenario",
]

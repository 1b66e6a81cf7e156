# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration files: TOML in, frozen and validated objects out."""

from .errors import ConfigError
from .keys import Key, Keys, is_authenticated
from .limits import LinkProbes, NodeRates, PuntRates, Treatment
from .load import load_keys, load_network, load_policy, load_scenario
from .network import Admission, Correspondent, Domain, Link, Network, Node
from .policy import NodePolicy, Policy, UnknownNodes
from .scenario import Move, Scenario
from .signalling import Mobility, Mode, Peer, Store
from .switch import CPU_PORT, DROP_PORT, MAX_LOCAL_PREFIXES, TUNNEL_OVERHEAD, Port, PortRef, Switch

__all__ = [
    "CPU_PORT",
    "DROP_PORT",
    "MAX_LOCAL_PREFIXES",
    "TUNNEL_OVERHEAD",
    "Admission",
    "ConfigError",
    "Correspondent",
    "Domain",
    "Key",
    "Keys",
    "Link",
    "LinkProbes",
    "Mobility",
    "Mode",
    "Move",
    "Network",
    "Node",
    "NodePolicy",
    "NodeRates",
    "Peer",
    "Policy",
    "Port",
    "PortRef",
    "PuntRates",
    "Scenario",
    "Store",
    "Switch",
    "Treatment",
    "UnknownNodes",
    "is_authenticated",
    "load_keys",
    "load_network",
    "load_policy",
    "load_scenario",
]

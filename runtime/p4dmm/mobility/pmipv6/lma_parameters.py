# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a local mobility anchor can be told (RFC 5213 section 9.1, RFC 5846 section 11)."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network

from .revocation import RevocationTimers

_MAX_LIFETIME_S = 4 * 0xFFFF


@dataclass(frozen=True, slots=True)
class LmaParameters:
    """Of one anchor."""

    address: IPv6Address
    """LMAA, the end of the tunnels."""
    pool: IPv6Network
    """What offers come from; prefixes of policy may lie elsewhere."""
    min_delay_before_bce_delete_s: float = 10.0
    max_delay_before_new_bce_assign_s: float = 1.5
    """0: handoff state unknown makes a new session at once."""
    timestamp_validity_window_s: float = 0.3
    mobile_node_generated_timestamps: bool = False
    """MobileNodeGeneratedTimestampInUse of the domain: timestamps are no times of day."""
    max_lifetime_s: int = 3600
    """4 to 262140."""
    drain_s: float = 1.0
    """How long packets from a gateway the node has left are good."""
    revokes_at_handover: bool = False
    """Whether the gateway a node leaves, or may have left, is told by a Binding Revocation Indication."""
    revocation: RevocationTimers = field(default_factory=RevocationTimers)
    bindings_per_node: int = 8
    waiting_per_node: int = 4
    former_gateways: int = 4

    def __post_init__(self) -> None:
        """Raise ValueError for a lifetime that no acknowledgement can grant."""
        if not 4 <= self.max_lifetime_s <= _MAX_LIFETIME_S:
            raise ValueError(f"max_lifetime_s is {self.max_lifetime_s}; allowed: 4 to {_MAX_LIFETIME_S}")

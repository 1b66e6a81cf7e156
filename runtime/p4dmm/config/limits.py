# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How much and how often: the rates of meters, and the probes of links."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, model_validator

from .model import ConfigModel

Rate = Annotated[StrictInt, Field(ge=1, lt=2**40)]
Burst = Annotated[StrictInt, Field(ge=1, lt=2**32)]


def _treatment(value: object) -> object:
    is_dscp = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 64
    if value in ("pass", "discard") or is_dscp:
        return value
    raise ValueError(f'{value!r} is no treatment: "pass", "discard", or the DSCP to be marked with, 0 to 63')


Treatment = Annotated[Literal["pass", "discard"] | int, BeforeValidator(_treatment)]
"""Of packets of a colour: let through, drop, or mark with this DSCP."""


class NodeRates(ConfigModel):
    """What a mobile node may send, or be sent: a two-rate three-colour meter (RFC 2698 section 2), of its own wherever
    the node is."""

    cir: Rate
    """Committed information rate, octets a second."""
    cburst: Burst
    """Committed burst size, octets."""
    pir: Rate
    """Peak information rate, octets a second."""
    pburst: Burst
    """Peak burst size, octets."""
    yellow: Treatment = "pass"
    """Above the committed rate."""
    red: Treatment = "discard"
    """Above the peak rate."""

    @model_validator(mode="after")
    def _peak_above_committed(self) -> Self:
        if self.pir < self.cir:
            raise ValueError(f"pir {self.pir} is less than cir {self.cir} (RFC 2698 section 2)")
        return self


class PuntRates(ConfigModel):
    """What each kind of packet may cost the controller: packets a second of one switch, and as many at once. A switch
    drops what is above. The defaults leave room for a crowd that moves together; what is dropped anyway, and punted for
    its ICMPv6 error, gets less. Link probes have what they need."""

    node_unknown: Rate = 4000
    nd: Rate = 2000
    mld: Rate = 2000
    dhcp: Rate = 1000
    local: Rate = 1000
    hop_limit: Rate = 500
    packet_too_big: Rate = 500
    source_unbound: Rate = 500
    no_route: Rate = 500
    no_binding: Rate = 500
    neighbor_unresolved: Rate = 1000
    arp: Rate = 1000
    care_of_mismatch: Rate = 500


class LinkProbes(ConfigModel):
    """How links between switches are watched; P4Runtime has no port status. A broken link is noticed after at most
    (losses + 1) * interval_s + timeout_s: it breaks just after a probe, and losses are counted when probes are sent."""

    interval_s: Annotated[StrictFloat, Field(ge=0.01, le=60)] = 0.1
    timeout_s: Annotated[StrictFloat, Field(ge=0.01, le=60)] = 0.2
    """What takes longer is lost: both ways over P4Runtime included."""
    losses: Annotated[StrictInt, Field(ge=1, le=100)] = 3
    """In a row, in either direction, that make a link down."""
    successes: Annotated[StrictInt, Field(ge=1, le=100)] = 3
    """In a row, in both directions, that make it up again."""

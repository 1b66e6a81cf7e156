# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility signalling between switches: who has which role, with which times, and what is asked of peers."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from p4dmm.wire.mobility import MAX_LIFETIME_S

from .fields import FilePath, Name, unique
from .limits import Rate
from .model import ConfigModel
from .switch import Switch

Mode = Literal["sdn", "pmip", "dmm"]


class Mobility(ConfigModel):
    """How switches learn of a node that moves. Times are in seconds."""

    mode: Mode = "sdn"
    """"sdn": from the one controller, which runs all of them. "pmip": by Proxy Mobile IPv6 (RFC 5213); the others are
    gateways of `lma`. "dmm": by its distributed form (RFC 8885); every switch with access ports is a MAAR."""
    lma: Name | None = None
    """The switch that is local mobility anchor; needed in mode pmip, where policy may name others for some nodes."""
    cmd: Name | None = None
    """The switch that is central mobility database; needed in mode dmm."""
    cmd_mode: Literal["relay", "locator", "proxy"] = "relay"
    """How the CMD takes part (RFC 8885 sections 3.2, 3.3 and 3.4)."""
    policy: FilePath | None = None
    """The policy file (RFC 5213 section 6.1); without it `[admission]` alone decides."""
    keys: FilePath | None = None
    """The key file; needed where a peer has authentication."""
    lifetime_s: Annotated[StrictInt, Field(ge=4, le=MAX_LIFETIME_S, multiple_of=4)] = 3600
    """Of registrations, at most; refreshed before it ends. Our choice, the RFCs have none."""
    min_delay_before_bce_delete_s: Annotated[StrictFloat, Field(ge=0, le=3600)] = 10.0
    """How long an anchor keeps a de-registered binding for a gateway that registers it anew (RFC 5213 section 9.1)."""
    max_delay_before_new_bce_assign_s: Annotated[StrictFloat, Field(ge=0, le=60)] = 1.5
    """How long an anchor waits for the de-registration by the previous gateway before it takes a node's attachment for
    a new one (RFC 5213 section 9.1)."""
    timestamp_validity_window_s: Annotated[StrictFloat, Field(gt=0, le=60)] = 0.3
    """By how much the clocks of anchor and gateway may differ (RFC 5213 section 9.1)."""
    answer_timeout_s: Annotated[StrictFloat, Field(gt=0, le=60)] = 0.5
    """How long a CMD waits for the answers of all previous MAARs before it tells the serving one what it has. Our
    choice: less than the serving one waits, INITIAL_BINDACK_TIMEOUT of RFC 6275 section 12."""
    revocation_timeout_s: Annotated[StrictFloat, Field(ge=0.5, le=60)] = 1.0
    """Of the first Binding Revocation Indication: InitMINDelayBRIs (RFC 5846 section 11)."""
    revocation_timeout_max_s: Annotated[StrictFloat, Field(ge=0.5, le=60)] = 2.0
    """Of the others, which double: MAX_BRACK_TIMEOUT (RFC 5846 section 11)."""
    revocation_retries: Annotated[StrictInt, Field(ge=0, le=10)] = 1
    """BRIMaxRetriesNumber (RFC 5846 section 11)."""
    anchors_per_node: Annotated[StrictInt, Field(ge=1, le=9)] = 8
    """At how many MAARs one node may have prefixes; the oldest is retired for one more. More would not fit an
    acknowledgement."""
    anchor_max_lifetime_s: Annotated[StrictFloat, Field(gt=0)] = 86400.0
    """How long a prefix outlives its node's move away from its anchor, whatever uses it; each MAAR sees to it alone."""
    prefix_idle_s: Annotated[StrictFloat, Field(gt=0)] = 7440.0
    """A prefix of a previous anchor that no packet has used for so long is revoked. The default is above the two hours
    for which hosts keep an address that is no longer advertised (RFC 4862 section 5.5.3)."""
    idle_poll_s: Annotated[StrictFloat, Field(gt=0)] = 60.0
    """Between looks at the counters that say so."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.revocation_timeout_max_s < self.revocation_timeout_s:
            raise ValueError(
                f"revocation_timeout_max_s {self.revocation_timeout_max_s} is less than revocation_timeout_s "
                f"{self.revocation_timeout_s}"
            )
        return self


class Store(ConfigModel):
    """What is kept on disk."""

    path: FilePath
    """The database; made where it is not there."""


class Peer(ConfigModel):
    """What is asked of signalling with a switch, by every other switch, and how much of it is taken. Only switches of
    the file may signal at all."""

    name: Name
    authentication: Literal["none", "rfc4285"] = "none"
    """"rfc4285": a message without a valid authenticator and a fresh Mobility Message Replay Protection option is not
    processed, and those sent to it have both. "none" is for networks that keep strangers out, or IPsec."""
    replay_window_s: Annotated[StrictFloat, Field(gt=3, le=300)] = 7.0
    """"Close enough" of RFC 4285 section 5.1: by how much clocks may differ and messages be late."""
    messages_per_s: Rate = 1000
    """Taken from it, and as many at once; what is above is dropped."""
    bindings: Annotated[StrictInt, Field(ge=1, lt=2**31)] = 100_000
    """Made by it at a time; status 130 for more."""


def check_roles(mobility: Mobility, switches: Sequence[Switch]) -> None:
    """Raise ValueError if the switches are not what the mode needs them to be."""
    for key, role in (("lma", mobility.lma), ("cmd", mobility.cmd)):
        if role is not None:
            _require_switch(role, f"mobility.{key}", switches)
    needed = {"pmip": ("lma", mobility.lma), "dmm": ("cmd", mobility.cmd)}.get(mobility.mode)
    if needed is not None and needed[1] is None:
        allowed = ", ".join(s.name for s in switches)
        raise ValueError(f'mobility.mode "{mobility.mode}" needs mobility.{needed[0]}, the name of a switch: {allowed}')
    for switch in switches:
        _check_role(mobility, switch)


def _check_role(mobility: Mobility, switch: Switch) -> None:
    is_lma = switch.name == mobility.lma
    has_pool = switch.pool is not None
    if not switch.controlled:
        if mobility.mode == "sdn" and (switch.serves_nodes or has_pool):
            raise ValueError(
                f'switch {switch.name} is not controlled and has access ports or a pool: mobility.mode "sdn" needs one '
                'controller for all such; several understand each other in mode "pmip" or "dmm"'
            )
        return
    if mobility.mode == "pmip":
        if is_lma and not has_pool:
            raise ValueError(
                f"switch {switch.name} is mobility.lma and has no pool: the nodes' prefixes come from it, such as "
                'pool = "2001:db8:1000::/48"'
            )
        return
    if switch.serves_nodes != has_pool and not (is_lma and has_pool):
        raise ValueError(
            f"switch {switch.name} has {'' if switch.serves_nodes else 'no '}access ports and "
            f"{'' if has_pool else 'no '}pool: a switch with access ports needs one such as "
            'pool = "2001:db8:1000::/48", others have none, unless they are mobility.lma'
        )


def check_peers(mobility: Mobility, peers: Iterable[Peer], switches: Sequence[Switch]) -> None:
    """Raise ValueError for a peer that is no switch, or whose keys are nowhere."""
    unique((peer.name for peer in peers), "peer name")
    for peer in peers:
        _require_switch(peer.name, "peer", switches)
        if peer.authentication != "none" and mobility.keys is None:
            raise ValueError(
                f'peer {peer.name} has authentication "{peer.authentication}": mobility.keys has to name the key file'
            )


def _require_switch(name: str, what: str, switches: Sequence[Switch]) -> None:
    if all(switch.name != name for switch in switches):
        raise ValueError(f"{what} names switch {name!r}; there are {', '.join(s.name for s in switches)}")

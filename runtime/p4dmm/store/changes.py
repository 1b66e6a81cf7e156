# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What can be changed in a store, and what stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network
from typing import Any, NamedTuple

from p4dmm.mobility.identity import MobileNodeId

Value = int | str | bytes
"""An int has 64 bits."""


@dataclass(frozen=True, slots=True)
class PutNode:
    """What a role at a switch knows of a mobile node, instead of what it knew before."""

    role: str
    switch: str
    node: MobileNodeId
    state: object
    """Of the class that the store was told for the role."""


@dataclass(frozen=True, slots=True)
class DeleteNode:
    """The role at the switch has forgotten the node; it may not have known it."""

    role: str
    switch: str
    node: MobileNodeId


@dataclass(frozen=True, slots=True)
class HoldPrefix:
    """A prefix is the node's, anchored at the switch. Refused with PrefixConflictError while anybody else has it,
    quarantine included; the owner may hold it again, which ends its quarantine."""

    prefix: IPv6Network
    switch: str
    owner: MobileNodeId
    now: float | None = None
    """Seconds since 1970: a quarantine that has ended by then keeps nobody off. None: every one does."""


@dataclass(frozen=True, slots=True)
class QuarantinePrefix:
    """Its owner has it no more, and nobody else may have it yet. Refused for a prefix that nobody held."""

    prefix: IPv6Network
    until: float
    """Seconds since 1970. The store knows no clock: who holds it next says what time it is."""


@dataclass(frozen=True, slots=True)
class FreePrefix:
    """Anybody may have it, whoever had it before."""

    prefix: IPv6Network


@dataclass(frozen=True, slots=True)
class PutPeer:
    """What is known of a peer of a switch, such as the last message it has sent (replay protection)."""

    switch: str
    peer: IPv6Address
    state: object
    """Of the class that the store was told for peers."""


@dataclass(frozen=True, slots=True)
class DeletePeer:
    """The switch has no such peer any more; it may not have had it."""

    switch: str
    peer: IPv6Address


@dataclass(frozen=True, slots=True)
class PutValue:
    """A small thing with a name, such as a restart counter."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class DeleteValue:
    """The name has no value; it may have had none."""

    name: str


Change = (
    PutNode | DeleteNode | HoldPrefix | QuarantinePrefix | FreePrefix | PutPeer | DeletePeer | PutValue | DeleteValue
)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The classes of the states in a store: frozen dataclasses, or unions of them."""

    nodes: Mapping[str, Any]
    """Of PutNode, by role."""
    peers: Any = None
    """Of PutPeer; None: there are none."""


class NodeKey(NamedTuple):
    """Whose state it is."""

    role: str
    switch: str
    node: MobileNodeId


class PeerKey(NamedTuple):
    """Which peer of which switch."""

    switch: str
    peer: IPv6Address


@dataclass(frozen=True, slots=True)
class StoredPrefix:
    """Whose a prefix is, or was until it was quarantined."""

    switch: str
    owner: MobileNodeId
    quarantined_until: float | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in a store."""

    nodes: dict[NodeKey, Any] = field(default_factory=dict)
    prefixes: dict[IPv6Network, StoredPrefix] = field(default_factory=dict)
    peers: dict[PeerKey, Any] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

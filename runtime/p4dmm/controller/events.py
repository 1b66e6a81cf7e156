# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a controller tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Literal

from p4dmm.config import PortRef
from p4dmm.wire import MacAddress

Stage = Literal["seen", "decided", "prepared", "installed", "retired", "detached", "refused"]
Kind = Literal["attach", "reactive", "planned"]


@dataclass(frozen=True, slots=True)
class HandoverEvent:
    """One stage of an attachment or handover."""

    mn_id: str
    mac: MacAddress
    stage: Stage
    """seen: a frame of the node where it was not. decided: its new binding is known. prepared: both paths are
    installed. installed: every switch sends it to the new place. retired: the old path is gone. detached: it left.
    refused: the
    network stays as it was."""
    kind: Kind
    old: PortRef | None
    new: PortRef | None
    at: float
    """time.monotonic(), seconds."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """A link between switches went down or came back, and every switch that can be reached has its new ways."""

    ends: tuple[PortRef, PortRef]
    is_up: bool
    at: float
    """time.monotonic(), seconds."""


@dataclass(frozen=True, slots=True)
class PrefixView:
    """One home network prefix of a node."""

    prefix: IPv6Network
    anchor: str
    tunnel: tuple[str, str] | None
    """(anchor, serving switch) while a tunnel carries it."""
    deprecated: bool


@dataclass(frozen=True, slots=True)
class NodeView:
    """One mobile node."""

    mn_id: str
    mac: MacAddress
    at: PortRef | None
    prefixes: tuple[PrefixView, ...]


EventHandler = Callable[[HandoverEvent], None]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What every role is to the controller: a pure state machine over one mobile node."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from ipaddress import IPv6Network
from typing import Any, Protocol, TypeVar

from p4dmm.mobility import Advertise, Attachment
from p4dmm.mobility.exchange import Send
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire import MacAddress

Output = Send | Advertise


@dataclass(frozen=True, slots=True)
class NodeKey:
    """What a state machine is of: a node, or one interface of it."""

    mn_id: MobileNodeId
    mac: MacAddress | None = None

    def __str__(self) -> str:
        return str(self.mn_id) if self.mac is None else f"{self.mn_id}/{self.mac}"


S = TypeVar("S")


class Role(Protocol[S]):
    """LMA and MAG (RFC 5213), MAAR and CMD (RFC 8885). What is not among the outputs follows from the state."""

    def initial(self, mn_id: MobileNodeId) -> S:
        """Of a node that is not known."""

    def step(self, state: S, event: Any, now: float) -> tuple[S | None, tuple[Output, ...]]:
        """One event. None as new state: forget the node."""

    def views(self, state: S) -> tuple[LocalBinding, ...]:
        """What the switch shall forward for it."""

    def due(self, state: S) -> float | None:
        """When TimeReached shall come, seconds since 1970 UTC."""

    def prefixes(self, state: S) -> frozenset[IPv6Network]:
        """Those of the switch's own pool that the node holds."""


def attachments(state: object) -> Iterator[Attachment]:
    """Every attachment in a state, by which its path ids are known."""
    if isinstance(state, Attachment):
        yield state
    elif isinstance(state, tuple | frozenset):
        for part in state:
            yield from attachments(part)
    elif is_dataclass(state):
        for field in fields(state):
            yield from attachments(getattr(state, field.name))

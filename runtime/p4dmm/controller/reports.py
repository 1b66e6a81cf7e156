# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What whoever watches is told of a node's events."""

from typing import overload

from p4dmm.config import PortRef
from p4dmm.mobility import (
    Attachment,
    BindingCacheEntry,
    DrainExpired,
    Event,
    NodeSeen,
    PreparationExpired,
    PrepareHandover,
)

from .events import HandoverEvent, Kind, NodeView, PrefixView, Stage
from .services import Services


def report(
    services: Services, old: BindingCacheEntry, new: BindingCacheEntry, event: Event, *, moved: bool, at: float
) -> None:
    """An event that has been carried out; `at` is when the switches had it."""
    match event:
        case NodeSeen() if moved:
            emit(services, "installed", old, new, at=at)
        case PrepareHandover():
            emit(services, "prepared", old, new, at=at)
        case PreparationExpired() if old.target is not None and new.target is None:
            emit(services, "refused", old, new, to=ref(old.target), detail="the node did not come")
        case DrainExpired() if len(new.draining) < len(old.draining):
            emit(services, "retired", old, new)
        case _ if old.serving is not None and new.serving is None:
            emit(services, "detached", old, new)


def emit(
    services: Services,
    stage: Stage,
    old: BindingCacheEntry,
    new: BindingCacheEntry,
    *,
    to: PortRef | None = None,
    at: float | None = None,
    detail: str = "",
) -> None:
    kind: Kind = "attach" if old.serving is None else "reactive"
    if new.arrived_planned or new.target is not None:
        kind = "planned"
    services.emit(
        HandoverEvent(
            mn_id=old.mn_id,
            mac=old.mac,
            stage=stage,
            kind=kind,
            old=ref(old.serving),
            new=to or ref(new.target or new.serving),
            at=services.monotonic(services.now() if at is None else at),
            detail=detail,
        )
    )


def view_of(bce: BindingCacheEntry) -> NodeView:
    """A node as whoever asks is told of it."""
    serving = bce.serving
    prefixes = tuple(
        PrefixView(
            prefix=hnp.prefix,
            anchor=hnp.anchor,
            tunnel=(hnp.anchor, serving.switch) if serving and hnp.anchor != serving.switch else None,
            deprecated=hnp.deprecated_at is not None,
        )
        for hnp in bce.hnps
    )
    return NodeView(bce.mn_id, bce.mac, ref(serving), prefixes)


@overload
def ref(attachment: Attachment) -> PortRef: ...
@overload
def ref(attachment: None) -> None: ...
def ref(attachment: Attachment | None) -> PortRef | None:
    """The port of an attachment."""
    return None if attachment is None else PortRef(switch=attachment.switch, port=attachment.port)

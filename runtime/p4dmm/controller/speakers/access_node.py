# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One node at the access ports of one switch."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from p4dmm.config import PortRef
from p4dmm.controller.advertise import Advertiser, Shown, ShownPrefix
from p4dmm.controller.events import HandoverEvent, Kind, Stage
from p4dmm.controller.probes import probe_frame
from p4dmm.controller.reports import ref
from p4dmm.controller.sighting import REFUSED_S, REPEAT_S, TRIGGERS_KEPT, Sighting, is_within
from p4dmm.mobility import Attachment
from p4dmm.mobility.access import Detached, NewLinkLocal
from p4dmm.mobility.local import LocalBinding
from p4dmm.mobility.rates import TokenBucket
from p4dmm.wire import MacAddress

from .host import RoleHost
from .roles import NodeKey
from .site import Site


@dataclass(frozen=True, slots=True)
class Came:
    """The node was heard where it is not served yet."""

    at: PortRef


class AccessNode:
    """What was heard of it, and what it is told. What it is given is its role's to say."""

    def __init__(
        self,
        key: NodeKey,
        mac: MacAddress,
        node_id: int,
        host: RoleHost[Any],
        site: Site,
        in_turn: Mapping[str, asyncio.Semaphore],
    ) -> None:
        self.key = key
        self.mac = mac
        self.node_id = node_id
        self.host = host
        self.last_seen = site.now()
        self.heard = asyncio.Event()
        self.binding: LocalBinding | None = None
        """What the switch forwards for the node while it is attached."""
        self.attachment: Attachment | None = None
        """Where its role takes it to be; served, or not yet, or not at all."""
        self.given: dict[tuple[str, int], Attachment] = {}
        """Attachments that the role was told of, by place; their path ids are the node's."""
        self.advertiser = Advertiser(site.services, self._shown, in_turn)
        self._site = site
        self._link_local = mac.link_local()
        self._knows_link_local = False
        self._asked: tuple[PortRef, float] | None = None
        self._is_asking = False
        self._left: tuple[PortRef, float] | None = None
        self._triggers: list[tuple[PortRef, bytes]] = []
        self._solicited = TokenBucket(rate=2, burst=3)
        # A node with several link-local addresses may send from each in turn.
        self._renamed = TokenBucket(rate=1, burst=3)

    @property
    def at(self) -> PortRef | None:
        """Where it is served."""
        return None if self.binding is None else ref(self.binding.attachment)

    def places(self) -> set[PortRef]:
        """Where it is, or is about to be."""
        places = {PortRef(switch=switch, port=port) for switch, port in self.given}
        if self._asked is not None and is_within(self._site.now(), self._asked[1], REFUSED_S):
            places.add(self._asked[0])
        return places

    def probe(self) -> bytes:
        """A Neighbor Solicitation, once its link-local address is known."""
        router = self._site.services.topology.router_mac(self.host.switch)
        return probe_frame(router, self.mac, self._link_local if self._knows_link_local else None)

    def gone(self, attachment: Attachment) -> None:
        self.host.deliver(self.key, Detached(attachment.path_id))

    def sighted(self, sighting: Sighting) -> None:
        """A frame of it came in."""
        is_new = sighting.link_local != self._link_local or not self._knows_link_local
        if sighting.link_local is not None and is_new and self._renamed.take(sighting.time):
            self._link_local, self._knows_link_local = sighting.link_local, True
            self.host.deliver(self.key, NewLinkLocal(sighting.link_local))
        if sighting.at == ref(self.attachment):
            self.last_seen = max(self.last_seen, sighting.time)
            self.heard.set()
        if sighting.at == self.at:
            return
        left, until = self._left or (None, 0.0)
        if left == sighting.at and is_within(sighting.time, until, self._site.services.domain.hold_down_s):
            # It has sent this before it left, or it has come back at once; if so, it answers.
            self._site.count("sightings within hold-down")
            if not self._is_asking:
                self._is_asking = True
                self._site.services.spawn(self._ask_at(sighting.at, until - sighting.time))
            return
        if sighting.trigger is not None and len(self._triggers) < TRIGGERS_KEPT:
            self._triggers.append((sighting.at, sighting.trigger))
        asked, until = self._asked or (None, 0.0)
        if asked == sighting.at and is_within(sighting.time, until, REFUSED_S):
            self._site.count("sightings while it is decided")
            return
        self._asked = sighting.at, sighting.time + REFUSED_S
        self._emit("seen", sighting.at, sighting.time)
        self.host.deliver(self.key, Came(sighting.at))

    def solicited(self) -> None:
        """A Router Solicitation: advertise again, within reason."""
        if self.binding is not None and self._solicited.take(self._site.now()):
            self.advertiser.advertise_soon()

    def show(self, views: tuple[LocalBinding, ...], attachment: Attachment | None) -> None:
        """What its role says now, and the switch holds."""
        before = self.at
        self.attachment = attachment
        self.binding = next((view for view in views if view.attachment is not None), None)
        now = self._site.now()
        if self.at == before:
            return
        if before is not None:
            self._left = before, now + self._site.services.domain.hold_down_s
        if self.at is None:
            self.advertiser.stop()
            assert before is not None
            self._emit("retired" if any(view.serving for view in views) else "detached", before, now)
            return
        self.last_seen = now
        self._asked = None
        self._emit("installed", self.at, now)
        self._site.last_at[self.mac] = self.at
        self._site.services.spawn(self._reinject(self.at))

    def advertise(self) -> None:
        self.advertiser.advertise_soon()
        self.advertiser.repeat_after(REPEAT_S)

    def leave(self) -> None:
        """Nothing is known of it any more."""
        self.show((), None)
        self.advertiser.stop()

    def _shown(self) -> Shown | None:
        if self.binding is None or self.at is None:
            return None
        prefixes = tuple(
            ShownPrefix(p.prefix, p.router, not p.is_deprecated, p.valid_until, p.local_prefixes)
            for p in self.binding.prefixes
        )
        return Shown(self.mac, self.at, prefixes)

    async def _ask_at(self, at: PortRef, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._is_asking = False
        if self.at is None:
            await self._site.services.send_to_port(at, self.probe())

    async def _reinject(self, at: PortRef) -> None:
        """What it sent while it was not known goes through the pipeline again."""
        frames = [frame for place, frame in self._triggers if place == at]
        self._triggers = [(place, frame) for place, frame in self._triggers if place != at]
        for frame in frames:
            await self._site.services.send_as_received(at, frame)

    def _emit(self, stage: Stage, at: PortRef, when: float) -> None:
        old = self._site.last_at.get(self.mac)
        kind: Kind = "attach" if old is None else "reactive"
        services = self._site.services
        services.emit(
            HandoverEvent(
                mn_id=str(self.key.mn_id),
                mac=self.mac,
                stage=stage,
                kind=kind,
                old=old,
                new=at,
                at=services.monotonic(when),
            )
        )

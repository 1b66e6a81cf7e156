# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes at the access ports of one switch, for the roles that serve them there: MAG and MAAR."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Network
from typing import Any

import structlog

from p4dmm.config import PortRef
from p4dmm.controller.events import NodeView, PrefixView
from p4dmm.controller.presence import AT_ONCE, PortAdmission, Prober
from p4dmm.controller.reports import ref
from p4dmm.controller.sighting import ANSWER_S, REFUSED_S, Sighting
from p4dmm.mobility import Admission, AdmissionError, Attachment, PoolExhaustedError
from p4dmm.mobility.access import Attached, PrefixIdle
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire import MacAddress

from .access_node import AccessNode, Came
from .agent import Changed, Completed, Hooks
from .host import RoleHost
from .idle import IdleCounters
from .policy import PolicyStore
from .roles import NodeKey, attachments
from .site import Site

log = structlog.get_logger(__name__)


class AccessRouter:
    """Of one switch. `serve` gives it its roles."""

    def __init__(self, switch: str, site: Site, policy: PolicyStore, admission: Admission) -> None:
        self.switch = switch
        self._site = site
        self._policy = policy
        self._nodes: dict[MacAddress, AccessNode] = {}
        self._by_key: dict[NodeKey, AccessNode] = {}
        self._ports = PortAdmission(admission, self._nodes)
        self._prober = Prober(site.services, self._nodes)
        self._idle = IdleCounters(switch, site, self._bindings, self._idle_prefix)
        self._in_turn = {switch: asyncio.Semaphore(AT_ONCE)}
        self._hosts: Mapping[str, RoleHost[Any]] = {}

    def hooks(self, role: str, *, draws_prefix: bool) -> Hooks[Any]:
        """Of a role that serves nodes here, with prefixes of the switch's own or not."""

        def complete(key: NodeKey, state: Any, event: Any, now: float) -> Completed:
            if not isinstance(event, Came):
                return Completed(event)
            return self._complete(key, self._hosts[role], state, event, now, draws_prefix=draws_prefix)

        return Hooks(
            complete,
            lambda changed: self._changed(self._hosts[role], changed),
            self._advertise,
            forgotten=self._forgotten,
        )

    def serve(self, hosts: Mapping[str, RoleHost[Any]]) -> None:
        """The roles there are, by name."""
        self._hosts = hosts

    def adopt(self, key: NodeKey, state: Any, host: RoleHost[Any]) -> None:
        """A node whose state was stored. One that has left altogether, and only has a prefix here, is not known by an
        interface any more: it is new when it comes back."""
        if state.mac is None:
            return
        node = self._add(key, state.mac, host, state.node_id)
        self._site.node_ids.claim(state.node_id)
        for attachment in set(attachments(state)):
            self._site.path_ids.claim(attachment.path_id)
            node.given[attachment.place] = attachment
            self._ports.note(state.mac, PortRef(switch=attachment.switch, port=attachment.port))
        node.show(host.views(key), state.attachment)

    def start(self) -> None:
        for node in self._nodes.values():
            if node.attachment is not None:
                node.advertiser.repeat_after(0.0)
        self._prober.start()
        self._idle.start()

    async def stop(self) -> None:
        await self._prober.stop()
        await self._idle.stop()
        for node in self._nodes.values():
            node.advertiser.stop()

    def sighted(self, mac: MacAddress, sighting: Sighting) -> None:
        """A frame of that MAC came in at an access port."""
        node = self._nodes.get(mac)
        if node is None or sighting.at not in node.places():
            try:
                if node is None:
                    profile = self._policy.profile(mac)
                    self._ports.check(mac, sighting.at)
                    host = self._hosts["mag" if profile.lma is not None or "maar" not in self._hosts else "maar"]
                    key = NodeKey(profile.mn_id, mac if host.name == "mag" else None)
                    if key in self._by_key:
                        raise AdmissionError(f"{key} is here by another interface, {self._by_key[key].mac}")
                    node = self._add(key, mac, host, self._site.node_ids.allocate())
                else:
                    self._ports.check(mac, sighting.at)
            except (AdmissionError, PoolExhaustedError) as error:
                self._site.count("not admitted")
                log.debug("not admitted", mac=str(mac), at=str(sighting.at), reason=str(error))
                return
        node.sighted(sighting)

    def solicited(self, mac: MacAddress) -> None:
        """A Router Solicitation of that node."""
        node = self._nodes.get(mac)
        if node is not None:
            node.solicited()

    async def look_for(self, key: NodeKey) -> bool:
        """Somebody says that the node is elsewhere: if it does not answer here, it has gone. Whether it is here."""
        node = self._by_key.get(key)
        attachment = None if node is None else node.attachment
        if node is None or attachment is None:
            return False
        node.heard.clear()
        await self._site.services.send_to_port(ref(attachment), node.probe())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(node.heard.wait(), ANSWER_S)
        if not node.heard.is_set() and node.attachment == attachment:
            node.gone(attachment)
        return node.heard.is_set() and node.attachment == attachment

    def views(self) -> tuple[NodeView, ...]:
        topology = self._site.services.topology
        found = []
        for node in self._nodes.values():
            prefixes = []
            for prefix in () if node.binding is None else node.binding.prefixes:
                anchor = topology.switch_at(prefix.anchor) or str(prefix.anchor)
                tunnel = None if anchor == self.switch else (anchor, self.switch)
                prefixes.append(PrefixView(prefix.prefix, anchor, tunnel, prefix.is_deprecated))
            found.append(NodeView(str(node.key.mn_id), node.mac, node.at, tuple(prefixes)))
        return tuple(found)

    def _add(self, key: NodeKey, mac: MacAddress, host: RoleHost[Any], node_id: int) -> AccessNode:
        node = AccessNode(key, mac, node_id, host, self._site, self._in_turn)
        self._nodes[mac] = node
        self._by_key[key] = node
        return node

    def _complete(
        self, key: NodeKey, host: RoleHost[Any], state: Any, event: Came, now: float, *, draws_prefix: bool
    ) -> Completed:
        node = self._by_key.get(key)
        if node is None:
            raise PoolExhaustedError(f"{key} is not here any more")
        profile = self._policy.profile(node.mac)
        if profile.mn_id != key.mn_id:
            raise AdmissionError(f"{node.mac} is {profile.mn_id} by policy now, and still here as {key.mn_id}")
        place = event.at.switch, event.at.port
        if place not in node.given:
            node.given[place] = Attachment(*place, self._site.path_ids.allocate())
        offers: tuple[IPv6Network, ...] = ()
        if draws_prefix and not host.role.prefixes(state):
            offers = (self._site.pools[self.switch].allocate(str(key.mn_id), now),)
        attached = Attached(node.mac, node.given[place], node.node_id, profile, offers)
        return Completed(attached, frozenset(offers))

    def _changed(self, host: RoleHost[Any], changed: Changed[Any]) -> None:
        node = self._by_key.get(changed.key)
        if node is None:
            return
        kept = set(attachments(changed.new))
        for place, attachment in list(node.given.items()):
            if attachment not in kept:
                del node.given[place]
                self._site.path_ids.release(attachment.path_id)
        if changed.new is None:
            self._remove(node)
        else:
            node.show(host.role.views(changed.new), changed.new.attachment)

    def _forgotten(self, key: NodeKey) -> None:
        """Refused before anything was known of it: that is remembered for as long as it is not tried again."""
        node = self._by_key.get(key)
        if node is not None:
            asyncio.get_running_loop().call_later(REFUSED_S, self._remove_refused, node)

    def _remove_refused(self, node: AccessNode) -> None:
        if self._by_key.get(node.key) is node and not node.host.knows(node.key):
            self._remove(node)

    def _remove(self, node: AccessNode) -> None:
        node.leave()
        del self._nodes[node.mac]
        del self._by_key[node.key]
        self._site.node_ids.release(node.node_id)
        for attachment in node.given.values():
            self._site.path_ids.release(attachment.path_id)
        last_at = self._site.last_at.get(node.mac)
        if last_at is not None and last_at.switch == self.switch:
            del self._site.last_at[node.mac]

    def _advertise(self, key: NodeKey) -> None:
        node = self._by_key.get(key)
        if node is not None:
            node.advertise()

    def _bindings(self) -> Iterator[tuple[NodeKey, LocalBinding]]:
        for key, node in self._by_key.items():
            if node.binding is not None:
                yield key, node.binding

    def _idle_prefix(self, key: NodeKey, prefix: IPv6Network) -> None:
        node = self._by_key.get(key)
        if node is not None:
            node.host.deliver(key, PrefixIdle(prefix))

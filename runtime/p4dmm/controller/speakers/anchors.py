# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What the LMA and the CMD have to know of other nodes, and what they are held to."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from p4dmm.mobility.dmm.cmd_state import CmdNode
from p4dmm.mobility.dmm.cmd_state import UpdateReceived as CmdUpdateReceived
from p4dmm.mobility.dmm.prefix_options import anchored_networks
from p4dmm.mobility.exchange import Received
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.pmipv6.binding import LmaNode
from p4dmm.mobility.pmipv6.lma import Lma
from p4dmm.mobility.pmipv6.request import Holding, UpdateReceived, asked_for
from p4dmm.wire.mobility import ProxyBindingUpdate

from .agent import Changed, Completed, Hooks
from .policy import PolicyStore
from .roles import NodeKey
from .site import Site


class Holders:
    """Who has which prefix, by what a role knows; and who is about to have it, so that no two nodes are promised the
    same while the disk is waited for."""

    def __init__(self) -> None:
        self._held: dict[IPv6Network, MobileNodeId] = {}
        self._reserved: dict[IPv6Network, NodeKey] = {}

    def of(self, prefix: IPv6Network) -> MobileNodeId | None:
        reserved = self._reserved.get(prefix)
        return self._held.get(prefix) or (None if reserved is None else reserved.mn_id)

    def reserve(self, prefixes: Iterable[IPv6Network], key: NodeKey) -> None:
        """Those that nobody has, until the event that is handled is done."""
        for prefix in prefixes:
            if self.of(prefix) is None:
                self._reserved[prefix] = key

    def end_reservations(self, key: NodeKey) -> None:
        for prefix in [prefix for prefix, holder in self._reserved.items() if holder == key]:
            del self._reserved[prefix]

    def changed(self, key: NodeKey, old: Iterable[IPv6Network], new: Iterable[IPv6Network]) -> None:
        for prefix in old:
            self._held.pop(prefix, None)
        self._held.update(dict.fromkeys(new, key.mn_id))


class Registrations:
    """How many nodes each peer has registered."""

    def __init__(self) -> None:
        self._count: Counter[IPv6Address] = Counter()

    def of(self, peer: IPv6Address) -> int:
        return self._count[peer]

    def changed(self, old: frozenset[IPv6Address], new: frozenset[IPv6Address]) -> None:
        self._count.subtract(old)
        self._count.update(new)


class AnchorHooks:
    """Of the roles that peers register nodes with."""

    def __init__(self, switch: str, site: Site, policy: PolicyStore) -> None:
        self._switch = switch
        self._site = site
        self._policy = policy
        self._holders = Holders()
        self.registrations = Registrations()

    def adopt(self, key: NodeKey, state: Any) -> None:
        """A node whose state was stored."""
        self.changed(Changed(key, None, state))

    def changed(self, change: Changed[Any]) -> None:
        self._holders.changed(change.key, self._prefixes(change.old), self._prefixes(change.new))
        self.registrations.changed(self._peers(change.old), self._peers(change.new))

    def _prefixes(self, state: Any) -> frozenset[IPv6Network]:
        raise NotImplementedError

    def _peers(self, state: Any) -> frozenset[IPv6Address]:
        raise NotImplementedError


class LmaHooks(AnchorHooks):
    """Of a local mobility anchor, with prefixes of the switch's pool."""

    def __init__(self, switch: str, site: Site, policy: PolicyStore, role: Lma) -> None:
        super().__init__(switch, site, policy)
        self._role = role
        self._revocation_sequence = secrets.randbits(16)

    @property
    def hooks(self) -> Hooks[LmaNode]:
        return Hooks(self._complete, self.changed, done=self._holders.end_reservations)

    def _complete(self, key: NodeKey, state: LmaNode, event: Any, now: float) -> Completed:
        if not isinstance(event, Received) or not isinstance(event.message, ProxyBindingUpdate):
            return Completed(event)
        profile = self._policy.named(key.mn_id)
        pool, owner = self._site.pools[self._switch], str(key.mn_id)
        asked = asked_for(event, profile)
        holdings = []
        claimed = set()
        for prefix in asked:
            holder = self._holders.of(prefix)
            is_available = holder is None and pool.is_available(prefix, owner, now)
            holdings.append(Holding(prefix, holder, is_available=is_available))
            if is_available:
                # As if it were drawn: nobody else may draw it while the disk is waited for.
                pool.claim(prefix, owner)
                claimed.add(prefix)
        self._holders.reserve(asked, key)
        self._revocation_sequence = (self._revocation_sequence + 1) & 0xFFFF
        update = UpdateReceived(event, profile, tuple(holdings), revocation_sequence=self._revocation_sequence)
        offers = self._site.draw(self._switch, owner, self._role.wanted(state, update, now))
        return Completed(replace(update, offers=offers), frozenset((*claimed, *offers)))

    def _prefixes(self, state: LmaNode | None) -> frozenset[IPv6Network]:
        return frozenset() if state is None else self._role.held(state)

    def _peers(self, state: LmaNode | None) -> frozenset[IPv6Address]:
        return frozenset() if state is None else frozenset(binding.peer for binding in state.bindings)


class CmdHooks(AnchorHooks):
    """Of a central mobility database."""

    @property
    def hooks(self) -> Hooks[CmdNode]:
        return Hooks(self._complete, self.changed, done=self._holders.end_reservations)

    def _complete(self, key: NodeKey, _state: CmdNode, event: Any, _now: float) -> Completed:
        if not isinstance(event, Received) or not isinstance(event.message, ProxyBindingUpdate):
            return Completed(event)
        asked = anchored_networks(event.message)
        owners = [(prefix, owner) for prefix in asked if (owner := self._holders.of(prefix)) is not None]
        self._holders.reserve(asked, key)
        return Completed(CmdUpdateReceived(event, self._policy.named(key.mn_id), tuple(owners)))

    def _prefixes(self, state: CmdNode | None) -> frozenset[IPv6Network]:
        return frozenset() if state is None else state.anchored

    def _peers(self, state: CmdNode | None) -> frozenset[IPv6Address]:
        return frozenset() if state is None or state.serving is None else frozenset({state.serving.peer})

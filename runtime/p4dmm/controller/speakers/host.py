# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""All nodes of one role at one switch."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any, Generic, TypeVar

from p4dmm.mobility.exchange import Received
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.wire.mobility import BindingError, BindingRevocationAck

from .agent import Changed, Hooks, RoleAgent
from .roles import NodeKey, Role, attachments
from .site import Site

S = TypeVar("S")


class AdoptionError(Exception):
    """A stored state that is none for this network: names what does not fit."""


class RoleHost(Generic[S]):
    """Of every node the role knows, its agent."""

    def __init__(self, role: Role[S], name: str, switch: str, site: Site, hooks: Hooks[S]) -> None:
        self.role = role
        self.name = name
        self.switch = switch
        self._site = site
        self._hooks = replace(hooks, changed=self._changed)
        self._on_changed = hooks.changed
        self._agents: dict[NodeKey, RoleAgent[S]] = {}
        self._by_node: dict[MobileNodeId, list[NodeKey]] = {}
        self._asked: dict[IPv6Address, set[NodeKey]] = {}
        """Of each peer, the nodes with a request that it has not answered."""

    def __len__(self) -> int:
        return len(self._agents)

    def states(self) -> Iterator[tuple[NodeKey, S]]:
        """Of every node that is known."""
        for key, agent in self._agents.items():
            if agent.state is not None:
                yield key, agent.state

    def state(self, key: NodeKey) -> S | None:
        agent = self._agents.get(key)
        return None if agent is None else agent.state

    def views(self, key: NodeKey) -> tuple[LocalBinding, ...]:
        """What the switch forwards for the node by this role."""
        state = self.state(key)
        return () if state is None else self.role.views(state)

    def of(self, mn_id: MobileNodeId) -> list[NodeKey]:
        """The interfaces of a node the role knows."""
        return list(self._by_node.get(mn_id, ()))

    def waiting(self, received: Received) -> list[NodeKey]:
        """The nodes with a request that this message, which names none, may be the answer to."""
        keys = list(self._asked.get(received.source, ()))
        match received.message:
            case BindingRevocationAck(sequence=sequence):
                return [key for key in keys if sequence in _revocation_sequences(self.state(key))]
            case BindingError():
                return keys
            case _:
                # All requests name their node, and so do answers to them.
                return []

    def knows(self, key: NodeKey) -> bool:
        """Whether there is, or is about to be, something of the node."""
        return key in self._agents

    def deliver(self, key: NodeKey, event: Any) -> None:
        """An event for the node, known or not."""
        agent = self._agents.get(key)
        if agent is None:
            agent = self._add(key, None)
        agent.enqueue(event)

    def adopt(self, key: NodeKey, state: S) -> None:
        """Take over a state that was stored; `resume` begins to act on it. Raises TopologyError, AdoptionError."""
        pool = self._site.pools.get(self.switch)
        for prefix in self.role.prefixes(state):
            if pool is None or not pool.covers(prefix):
                raise AdoptionError(f"{prefix} is of no pool of {self.switch}")
        for attachment in attachments(state):
            port = self._site.services.topology.port(*attachment.place)
            if port is None or port.role != "access":
                raise AdoptionError(f"{attachment.switch}:{attachment.port} is no access port")
        self._site.rows.adopt(self.switch, key.mn_id, (self.name, key.mac), self.role.views(state))
        self._add(key, state)
        self._note_asked(key, state)

    def resume(self) -> None:
        for agent in self._agents.values():
            agent.resume()

    async def stop(self) -> None:
        await asyncio.gather(*(agent.stop() for agent in self._agents.values()))

    def _add(self, key: NodeKey, state: S | None) -> RoleAgent[S]:
        self._by_node.setdefault(key.mn_id, []).append(key)
        agent = self._agents[key] = RoleAgent(
            key,
            state,
            role=self.role,
            name=self.name,
            switch=self.switch,
            site=self._site,
            hooks=self._hooks,
            on_idle=self._forget,
        )
        return agent

    def _changed(self, changed: Changed[S]) -> None:
        for peer in _asked_peers(changed.old):
            nodes = self._asked.get(peer, set())
            nodes.discard(changed.key)
            if not nodes:
                self._asked.pop(peer, None)
        self._note_asked(changed.key, changed.new)
        self._on_changed(changed)

    def _note_asked(self, key: NodeKey, state: S | None) -> None:
        for peer in _asked_peers(state):
            self._asked.setdefault(peer, set()).add(key)

    def _forget(self, agent: RoleAgent[S]) -> None:
        if self._agents.get(agent.key) is agent:
            del self._agents[agent.key]
            interfaces = self._by_node[agent.key.mn_id]
            interfaces.remove(agent.key)
            if not interfaces:
                del self._by_node[agent.key.mn_id]


def _asked_peers(state: Any) -> set[IPv6Address]:
    pending = getattr(state, "pending", None)
    peers = {revocation.peer for revocation in getattr(state, "revocations", ())}
    return peers if pending is None else {*peers, pending.peer}


def _revocation_sequences(state: Any) -> set[int]:
    return {revocation.indication.sequence for revocation in getattr(state, "revocations", ())}

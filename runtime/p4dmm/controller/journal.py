# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a controller writes down before it acts on it."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Network

from p4dmm.mobility.identity import MobileNodeId
from p4dmm.store import Change, Contents, DeleteNode, FreePrefix, HoldPrefix, PutNode, QuarantinePrefix, Store


class Journal:
    """In a store, or nowhere: then only the switches remember."""

    def __init__(self, store: Store | None) -> None:
        self._store = store

    def load(self) -> Contents:
        """What is there from before."""
        return Contents() if self._store is None else self._store.load()

    async def stop(self) -> None:
        if self._store is not None:
            await self._store.stop()

    async def save(
        self,
        role: str,
        switch: str,
        node: MobileNodeId,
        state: object | None,
        *,
        now: float,
        taken: Iterable[tuple[IPv6Network, str]] = (),
        owner: MobileNodeId | None = None,
        released: Mapping[IPv6Network, float | None] | None = None,
    ) -> None:
        """Returns when the state of a node (None: it is forgotten), the prefixes it has taken, each of an anchor, and
        those it has released is durable. Released ones rest until then; None: they are free.
        `now` is seconds since 1970, by which the rest of others may be over.

        `owner` is whose they are, if not what the state is kept under. Raises PrefixConflictError if a prefix is
        another node's, StoreError if the disk fails; nothing is written then.
        """
        if self._store is None:
            return
        changes: list[Change] = [
            FreePrefix(prefix) if until is None else QuarantinePrefix(prefix, until)
            for prefix, until in (released or {}).items()
        ]
        changes += [HoldPrefix(prefix, anchor, owner or node, now) for prefix, anchor in taken]
        changes.append(DeleteNode(role, switch, node) if state is None else PutNode(role, switch, node, state))
        await self._store.save(changes)

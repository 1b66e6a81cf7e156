# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What the nodes of a domain draw from, and how it comes back."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from p4dmm.config import PortRef
from p4dmm.mobility import (
    Attachment,
    BindingCacheEntry,
    HomePrefix,
    IdPool,
    NodeSeen,
    PoolExhaustedError,
    PrefixPool,
    PrepareHandover,
)


@dataclass(frozen=True, slots=True)
class Pools:
    """Numbers of nodes and paths, and the prefixes of each MAAR."""

    node_ids: IdPool
    path_ids: IdPool
    prefixes: dict[str, PrefixPool]

    def offer(self, bce: BindingCacheEntry, at: PortRef, link_local: IPv6Address | None, now: float) -> NodeSeen:
        """The sighting of that node, with what it may need there; nothing is drawn for what it has. Raises
        PoolExhaustedError."""
        known = bce.hnp_of(at.switch)
        here = next((a for a in bce.attachments if a.place == (at.switch, at.port)), None)
        offer = known or HomePrefix(self.prefixes[at.switch].allocate(str(bce.mac), now), at.switch)
        try:
            attachment = here or Attachment(at.switch, at.port, self.path_ids.allocate())
        except PoolExhaustedError:
            if known is None:
                self.prefixes[at.switch].give_back(offer.prefix)
            raise
        return NodeSeen(attachment, offer, link_local)

    def give_back(
        self, old: BindingCacheEntry, new: BindingCacheEntry, offered: NodeSeen | PrepareHandover | None
    ) -> None:
        """What the entry no longer holds, or never came to hold. Prefixes that were advertised are released by the
        transition that ends them."""
        drawn = {a.path_id for a in old.attachments}
        match offered:
            case NodeSeen(attachment, offer):
                drawn.add(attachment.path_id)
                if offer.prefix not in {h.prefix for h in (*old.hnps, *new.hnps)}:
                    self.prefixes[offer.anchor].give_back(offer.prefix)
            case PrepareHandover(target):
                drawn.add(target.path_id)
        for path_id in drawn - {a.path_id for a in new.attachments}:
            self.path_ids.release(path_id)

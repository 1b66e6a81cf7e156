# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A Proxy Binding Update at a local mobility anchor, and what the anchor's other nodes have to do with it."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.exchange import Received
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    AlternateCareOfAddress,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingUpdate,
)

_ALL_ZERO = IPv6Address(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has a prefix at this anchor."""

    prefix: IPv6Network
    holder: MobileNodeId | None
    is_available: bool = False
    """It is of this anchor's pool, and neither in use nor resting for another node."""


@dataclass(frozen=True, slots=True)
class UpdateReceived:
    """A Proxy Binding Update for the node, with what is looked up before."""

    received: Received
    profile: NodeProfile | None
    """None: policy does not know the node."""
    holdings: tuple[Holding, ...] = ()
    """Of each prefix that `asked_for` names."""
    offers: tuple[IPv6Network, ...] = ()
    """As many prefixes of the pool as `Lma.wanted` said; fewer where it is exhausted. What is not used goes back."""
    is_peer: bool = True
    """Whether the domain has agreed with the sender that it may register nodes."""
    revocation_sequence: int = 0
    """For a Binding Revocation Indication that the update may cause; no outstanding one of this anchor has it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a Proxy Binding Update says; options that are missing are None, or 0, which is reserved in both fields."""

    update: ProxyBindingUpdate
    source: IPv6Address
    destination: IPv6Address
    proxy_coa: IPv6Address
    """Of the Alternate Care-of Address option, without one the source (RFC 5213 section 6.9.1.5)."""
    prefixes: tuple[IPv6Network, ...]
    """Those that are not ALL_ZERO, as often as they are there."""
    wants_prefixes: bool
    """Whether there is an ALL_ZERO one."""
    link_layer_id: bytes | None
    """None also where it is ALL_ZERO, which names no interface (RFC 5213 section 5.1)."""
    technology: int
    handoff: int

    @classmethod
    def of(cls, received: Received) -> "Request":
        """Raises TypeError for a message that is no Proxy Binding Update."""
        update = received.message
        if not isinstance(update, ProxyBindingUpdate):
            raise TypeError(f"{type(update).__name__} from {received.source} is no ProxyBindingUpdate")
        alternate = update.option(AlternateCareOfAddress)
        homes = update.all_options(HomeNetworkPrefix)
        interface = update.option(MobileNodeLinkLayerIdentifier)
        technology = update.option(AccessTechnologyType)
        handoff = update.option(HandoffIndicator)
        return cls(
            update,
            received.source,
            received.destination,
            proxy_coa=received.source if alternate is None else alternate.address,
            prefixes=tuple(home.network for home in homes if home.prefix != _ALL_ZERO),
            wants_prefixes=any(home.prefix == _ALL_ZERO for home in homes),
            link_layer_id=interface.identifier if interface is not None and any(interface.identifier) else None,
            technology=0 if technology is None else technology.technology,
            handoff=0 if handoff is None else handoff.indicator,
        )

    @property
    def interface(self) -> tuple[IPv6Address, int, bytes | None]:
        """What tells a gateway's requests for one interface of the node from those for another."""
        return self.proxy_coa, self.technology, self.link_layer_id


def asked_for(received: Received, profile: NodeProfile | None) -> tuple[IPv6Network, ...]:
    """The prefixes whose holders have to be known before the update is processed."""
    static = () if profile is None else profile.prefixes
    return tuple(dict.fromkeys((*Request.of(received).prefixes, *static)))

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which home network prefixes a new mobility session gets (RFC 5213 section 5.3.2)."""

from collections.abc import Collection
from ipaddress import IPv6Network

from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import BaStatus

from .binding import ProxyBinding
from .request import Request, UpdateReceived


def assign(
    request: Request, event: UpdateReceived, profile: NodeProfile, bindings: tuple[ProxyBinding, ...]
) -> tuple[IPv6Network, ...] | BaStatus:
    """The prefixes, or the status that refuses them. `bindings` are the node's.

    A prefix that is asked for is given if policy has it for the node, or if it is available and the node is not given
    more than policy says. For an ALL_ZERO one the node gets those of its policy, once they are given offers.
    """
    taken = _taken(bindings)
    asked = tuple(dict.fromkeys(request.prefixes))
    if not _is_authorized(asked, event, profile, taken):
        return BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX
    if not request.wants_prefixes:
        return asked
    given = _static(asked, event, profile, taken)
    if not given:
        free = (offer for offer in event.offers if offer not in taken and offer not in asked)
        given = tuple(free)[: _count(asked, profile)]
    return (*asked, *given) if given else BaStatus.INSUFFICIENT_RESOURCES


def to_draw(request: Request, event: UpdateReceived, profile: NodeProfile, bindings: tuple[ProxyBinding, ...]) -> int:
    """How many offers `assign` needs to find enough: those asked for by name may be among them."""
    asked, taken = request.prefixes, _taken(bindings)
    if not request.wants_prefixes or _static(asked, event, profile, taken):
        return 0
    return _count(asked, profile) + len(asked)


def _taken(bindings: tuple[ProxyBinding, ...]) -> frozenset[IPv6Network]:
    return frozenset(prefix for binding in bindings for prefix in binding.prefixes)


def _is_authorized(
    asked: tuple[IPv6Network, ...], event: UpdateReceived, profile: NodeProfile, taken: Collection[IPv6Network]
) -> bool:
    held = {holding.prefix for holding in event.holdings if holding.holder is not None}
    available = {holding.prefix for holding in event.holdings if holding.is_available}
    dynamic = [prefix for prefix in asked if prefix not in profile.prefixes]
    if any(prefix in taken or prefix in held for prefix in asked):
        return False
    return len(dynamic) <= profile.prefixes_per_interface and available.issuperset(dynamic)


def _static(
    asked: tuple[IPv6Network, ...], event: UpdateReceived, profile: NodeProfile, taken: Collection[IPv6Network]
) -> tuple[IPv6Network, ...]:
    """Those of policy that are free."""
    held = {holding.prefix for holding in event.holdings if holding.holder is not None}
    return tuple(p for p in profile.prefixes if p not in taken and p not in held and p not in asked)


def _count(asked: tuple[IPv6Network, ...], profile: NodeProfile) -> int:
    """An ALL_ZERO option is worth one at least."""
    return max(1, profile.prefixes_per_interface - len(asked))

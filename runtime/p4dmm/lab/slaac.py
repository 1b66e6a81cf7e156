# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses and routers a host learns from Router Advertisements (RFC 4861 section 6.3.4, RFC 4862 section 5.5.3)."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from p4dmm.wire.mac import MacAddress
from p4dmm.wire.nd import RouterAdvertisement
from p4dmm.wire.nd_options import PrefixInformation

from .base import HostAddress

_TWO_HOURS_S = 7200.0
_PREFIX_LENGTH = 64


@dataclass(slots=True)
class _Lifetimes:
    valid_until: float
    preferred_until: float


class Slaac:
    """The host variables of one interface; time is an argument."""

    def __init__(self, mac: MacAddress) -> None:
        self._identifier = mac.interface_identifier()
        self._addresses: dict[IPv6Address, _Lifetimes] = {}
        self._routers: dict[IPv6Address, float] = {}

    def hear(self, advertisement: RouterAdvertisement, router: IPv6Address, now: float) -> tuple[IPv6Address, ...]:
        """Take an advertisement in; return the addresses that are new."""
        self._routers.pop(router, None)
        if advertisement.router_lifetime:
            # The latest comes last: a host at a new place uses the router that greeted it there.
            self._routers[router] = now + advertisement.router_lifetime
        prefixes = [option for option in advertisement.options if isinstance(option, PrefixInformation)]
        taken = [self._take(option, now) for option in prefixes]
        return tuple(address for address in taken if address is not None)

    def addresses(self, now: float) -> tuple[HostAddress, ...]:
        """Return the addresses whose valid lifetime has not ended."""
        self._addresses = {a: t for a, t in self._addresses.items() if t.valid_until > now}
        return tuple(
            HostAddress(address, _PREFIX_LENGTH, deprecated=times.preferred_until <= now)
            for address, times in self._addresses.items()
        )

    def router(self, now: float) -> IPv6Address | None:
        """Return the default router, the one heard last among those whose lifetime has not ended."""
        return next((router for router, until in reversed(self._routers.items()) if until > now), None)

    def _take(self, option: PrefixInformation, now: float) -> IPv6Address | None:
        prefix = IPv6Network((option.prefix, _PREFIX_LENGTH), strict=False).network_address
        usable = option.autonomous and option.prefix_length == _PREFIX_LENGTH and not prefix.is_link_local
        if not usable or option.preferred_lifetime > option.valid_lifetime:
            return None
        address = IPv6Address(prefix.packed[:8] + self._identifier)
        preferred_until = now + option.preferred_lifetime
        known = self._addresses.get(address)
        if known is None:
            if not option.valid_lifetime:
                return None
            self._addresses[address] = _Lifetimes(now + option.valid_lifetime, preferred_until)
            return address
        remaining = known.valid_until - now
        # RFC 4862 section 5.5.3 e): nobody can take an address away at once with a forged advertisement.
        if option.valid_lifetime > _TWO_HOURS_S or option.valid_lifetime > remaining:
            known.valid_until = now + option.valid_lifetime
        elif remaining > _TWO_HOURS_S:
            known.valid_until = now + _TWO_HOURS_S
        known.preferred_until = preferred_until
        return None

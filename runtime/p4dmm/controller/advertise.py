# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Router Advertisements: which addresses a node may use for what."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Interface, IPv6Network

from p4dmm.config import Domain, PortRef
from p4dmm.forwarding import Topology
from p4dmm.mobility import BindingCacheEntry
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import (
    MacAddress,
    Mtu,
    PrefixInformation,
    RouteInformation,
    RouterAdvertisement,
    SourceLinkLayerAddress,
    router_advertisement,
)

from .reports import ref
from .services import Services

WITHDRAWALS = 3
"""How often a route that has ended is advertised with no lifetime: MAX_FINAL_RTR_ADVERTISEMENTS (RFC 4861 section
10)."""


class Advertiser:
    """Sends the advertisements of one node, now and again.

    `in_turn` bounds how many nodes of a switch are sent repetitions at once.
    """

    def __init__(
        self,
        services: Services,
        shown: Callable[[], "Shown | None"],
        in_turn: Mapping[str, asyncio.Semaphore],
    ) -> None:
        self._services = services
        self._shown = shown
        self._in_turn = in_turn
        self._timer: asyncio.TimerHandle | None = None
        self._routes: frozenset[Route] = frozenset()
        self._withdrawn: dict[Route, int] = {}
        """Routes that have ended, and how often they are still to be withdrawn."""

    async def advertise(self) -> None:
        shown = self._shown()
        if shown is None:
            return
        withdrawn = self._withdraw(shown.routes)
        services = self._services
        for frame in advertisements(shown, withdrawn, services.topology, services.domain, services.now()):
            await services.send_to_port(shown.at, frame)

    def advertise_soon(self) -> None:
        self._services.spawn(self.advertise())

    def repeat_after(self, delay_s: float) -> None:
        """Then, and from then on at intervals, as long as the node is served."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._repeat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _repeat(self) -> None:
        shown = self._shown()
        if shown is None:
            return
        domain = self._services.domain
        self._services.spawn(self._advertise_in_turn(shown.at.switch))
        self.repeat_after(min(domain.valid_lifetime_s, domain.router_lifetime_s or 9000) / 3)

    async def _advertise_in_turn(self, switch: str) -> None:
        async with self._in_turn[switch]:
            await self.advertise()

    def _withdraw(self, routes: frozenset["Route"]) -> frozenset["Route"]:
        """What is to be withdrawn, now that these are the routes."""
        self._withdrawn.update(dict.fromkeys(self._routes - routes, WITHDRAWALS))
        now = frozenset(self._withdrawn) - routes
        self._withdrawn = {route: self._withdrawn[route] - 1 for route in now if self._withdrawn[route] > 1}
        self._routes = routes
        return now


@dataclass(frozen=True, slots=True)
class Route:
    """To a network by way of a router (RFC 4191)."""

    router: RouterIdentity
    network: IPv6Network


@dataclass(frozen=True, slots=True)
class ShownPrefix:
    """A home network prefix as its node is told of it."""

    prefix: IPv6Network
    router: RouterIdentity
    is_preferred: bool
    """For new connections; its router is then a default router too."""
    valid_until: float | None = None
    """Seconds since 1970 UTC; None: the domain's valid lifetime from now on."""
    local_prefixes: tuple[IPv6Network, ...] = ()
    """Networks that only its anchor reaches."""

    def valid_s(self, domain: Domain, now: float) -> int:
        """Its valid lifetime."""
        if self.valid_until is None:
            return domain.valid_lifetime_s
        return max(0, min(domain.valid_lifetime_s, int(self.valid_until - now)))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a node is told, where it is."""

    mac: MacAddress
    at: PortRef
    prefixes: tuple[ShownPrefix, ...]

    @property
    def routes(self) -> frozenset[Route]:
        """To what only some of its routers reach."""
        return frozenset(Route(prefix.router, local) for prefix in self.prefixes for local in prefix.local_prefixes)


def shown_to(bce: BindingCacheEntry, topology: Topology, domain: Domain) -> Shown | None:
    """What a node is told by its binding: the prefix of the serving MAAR is for new connections."""
    serving = bce.serving
    if serving is None:
        return None
    prefixes = tuple(
        ShownPrefix(
            hnp.prefix,
            RouterIdentity.of(topology.router_mac(hnp.anchor)),
            is_preferred=hnp.anchor == serving.switch,
            valid_until=None if hnp.deprecated_at is None else hnp.deprecated_at + domain.deprecated_s,
            local_prefixes=topology.switches[hnp.anchor].local_prefixes,
        )
        for hnp in bce.hnps
    )
    return Shown(bce.mac, ref(serving), prefixes)


def advertisements(
    shown: Shown, withdrawn: Iterable[Route], topology: Topology, domain: Domain, now: float
) -> Iterator[bytes]:
    """One frame per router, each from its own link-local address and MAC (RFC 8885 section 3.7).

    A router with a preferred prefix is a default router. Every other is none, and its prefixes are deprecated:
    connections that have their addresses go on, new ones do not take them (RFC 4862 section 5.5.4), but for the
    networks that this router alone reaches: those have a route by way of it (RFC 4191), for as long as its prefix is
    valid. All go to the node alone (RFC 6085).
    """
    mtu = topology.access_mtu(shown.at.switch, shown.at.port)
    by_router: dict[RouterIdentity, list[ShownPrefix]] = {}
    for prefix in sorted(shown.prefixes, key=lambda p: not p.is_preferred):
        by_router.setdefault(prefix.router, []).append(prefix)
    ended: dict[RouterIdentity, list[Route]] = {}
    for route in withdrawn:
        ended.setdefault(route.router, []).append(route)
        by_router.setdefault(route.router, [])
    for router, prefixes in by_router.items():
        is_default = any(prefix.is_preferred for prefix in prefixes)
        advertisement = RouterAdvertisement(
            router_lifetime=domain.router_lifetime_s if is_default else 0,
            options=(
                SourceLinkLayerAddress(router.mac),
                Mtu(mtu),
                *(_information(prefix, domain, now) for prefix in prefixes),
                *_routes(prefixes, domain, now),
                *(_route(route.network, 0) for route in ended.get(router, ())),
            ),
        )
        yield router_advertisement(advertisement, src_mac=router.mac, src=router.link_local, dst_mac=shown.mac)


def _information(shown: ShownPrefix, domain: Domain, now: float) -> PrefixInformation:
    valid = shown.valid_s(domain, now)
    return PrefixInformation(
        prefix=shown.prefix.network_address,
        prefix_length=shown.prefix.prefixlen,
        valid_lifetime=valid,
        preferred_lifetime=min(domain.preferred_lifetime_s, valid) if shown.is_preferred else 0,
        # The prefix is this node's alone, wherever it is: nothing of it is on the link (RFC 5942).
        on_link=False,
    )


def _routes(prefixes: Iterable[ShownPrefix], domain: Domain, now: float) -> Iterator[RouteInformation]:
    """Of one router, each once."""
    lifetimes: dict[IPv6Network, int] = {}
    for prefix in prefixes:
        for local in prefix.local_prefixes:
            lifetimes[local] = max(lifetimes.get(local, 0), prefix.valid_s(domain, now))
    return (_route(network, lifetime_s) for network, lifetime_s in lifetimes.items())


def _route(network: IPv6Network, lifetime_s: int) -> RouteInformation:
    octets = 8 if network.prefixlen <= 64 else 16
    return RouteInformation(network.network_address, network.prefixlen, lifetime_s, prefix_octets=octets)


def external_advertisement(mac: MacAddress, address: IPv6Interface, mtu: int, domain: Domain) -> bytes:
    """For the hosts of an external subnet, which have addresses of their own: a default router, an on-link prefix."""
    advertisement = RouterAdvertisement(
        router_lifetime=domain.router_lifetime_s,
        options=(
            SourceLinkLayerAddress(mac),
            Mtu(mtu),
            PrefixInformation(
                prefix=address.network.network_address,
                prefix_length=address.network.prefixlen,
                valid_lifetime=domain.valid_lifetime_s,
                preferred_lifetime=domain.preferred_lifetime_s,
                autonomous=False,
            ),
        ),
    )
    return router_advertisement(advertisement, src_mac=mac)

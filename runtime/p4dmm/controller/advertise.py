# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Router Advertisements: which addresses a node may use for what."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv6Interface

from p4dmm.config import Domain
from p4dmm.forwarding import Topology
from p4dmm.mobility import BindingCacheEntry
from p4dmm.wire import (
    MacAddress,
    Mtu,
    PrefixInformation,
    RouterAdvertisement,
    SourceLinkLayerAddress,
    router_advertisement,
)

from .reports import ref
from .services import Services


class Advertiser:
    """Sends the advertisements of one node, now and again.

    `in_turn` bounds how many nodes of a switch are sent repetitions at once.
    """

    def __init__(
        self,
        services: Services,
        binding: Callable[[], BindingCacheEntry],
        in_turn: Mapping[str, asyncio.Semaphore],
    ) -> None:
        self._services = services
        self._binding = binding
        self._in_turn = in_turn
        self._timer: asyncio.TimerHandle | None = None

    async def advertise(self) -> None:
        services, bce = self._services, self._binding()
        if bce.serving is None:
            return
        at = ref(bce.serving)
        for frame in advertisements(bce, services.topology, services.domain, services.now()):
            await services.send_to_port(at, frame)

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
        serving = self._binding().serving
        if serving is None:
            return
        domain = self._services.domain
        self._services.spawn(self._advertise_in_turn(serving.switch))
        self.repeat_after(min(domain.valid_lifetime_s, domain.router_lifetime_s or 9000) / 3)

    async def _advertise_in_turn(self, switch: str) -> None:
        async with self._in_turn[switch]:
            await self.advertise()


def advertisements(bce: BindingCacheEntry, topology: Topology, domain: Domain, now: float) -> Iterator[bytes]:
    """One frame per anchor of the node, each from the anchor's own link-local address and MAC (RFC 8885 section 3.7).

    The serving MAAR is the default router and its prefix preferred. Every other is no default router, and its prefix is
    deprecated: connections that have its addresses go on, new ones do not take them (RFC 4862 section 5.5.4). All go
    to the node alone (RFC 6085).
    """
    serving = bce.serving
    if serving is None:
        return
    mtu = topology.access_mtu(serving.switch, serving.port)
    for hnp in sorted(bce.hnps, key=lambda h: h.anchor != serving.switch):
        native = hnp.anchor == serving.switch
        valid = domain.valid_lifetime_s
        if hnp.deprecated_at is not None:
            valid = max(0, min(valid, int(hnp.deprecated_at + domain.deprecated_s - now)))
        mac = topology.router_mac(hnp.anchor)
        advertisement = RouterAdvertisement(
            router_lifetime=domain.router_lifetime_s if native else 0,
            options=(
                SourceLinkLayerAddress(mac),
                Mtu(mtu),
                PrefixInformation(
                    prefix=hnp.prefix.network_address,
                    prefix_length=hnp.prefix.prefixlen,
                    valid_lifetime=valid,
                    preferred_lifetime=domain.preferred_lifetime_s if native else 0,
                    # The prefix is this node's alone, wherever it is: nothing of it is on the link (RFC 5942).
                    on_link=False,
                ),
            ),
        )
        yield router_advertisement(advertisement, src_mac=mac, dst_mac=bce.mac)


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

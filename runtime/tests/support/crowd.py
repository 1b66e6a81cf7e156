# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Many mobile nodes in a domain, several to a port, that speak now and then wherever they are."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv6Address, IPv6Network

from p4dmm.config import PortRef
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.router import PMIPV6_ROUTER
from p4dmm.softswitch.service import Wire
from p4dmm.softswitch.service.ports.base import Receiver
from p4dmm.wire import MacAddress, PrefixInformation, RouterAdvertisement

from .domain import Station
from .settled import Rest, failures, rest
from .speakers import SpeakerDomain, talks

SPEAKS_S = 0.5
"""A host that is left alone says something from time to time; here, so often."""

SETTLES_S = 60.0
"""A request may wait long for its next copy when the channel becomes clean. Only runs out when something is wrong."""


class Hub:
    """Makes many host ends of the one end of a wire."""

    def __init__(self, wire: Wire) -> None:
        self.seats: dict[MacAddress, Receiver] = {}
        self.wire = wire
        wire.b.open(self._receive)

    def _receive(self, frame: bytes) -> None:
        to = frame[:6]
        for mac, receive in list(self.seats.items()):
            if to[0] & 1 or to == bytes(mac):
                receive(frame)


class Seat:
    """A place at a hub, which a station takes for a wire of its own."""

    def __init__(self, hub: Hub, mac: MacAddress) -> None:
        self._hub = hub
        self._mac = mac
        self.b = self

    def open(self, receive: Receiver, /) -> None:
        self._hub.seats[self._mac] = receive

    def close(self) -> None:
        del self._hub.seats[self._mac]

    def send(self, frame: bytes, /) -> bool:
        return self._hub.wire.b.send(frame)


class Crowd:
    """The nodes of a domain."""

    def __init__(self, domain: SpeakerDomain, cn: Station) -> None:
        self.domain = domain
        self.places: dict[MacAddress, PortRef] = {}
        self.stations: dict[MacAddress, Station] = {}
        self._cn = cn
        self._hubs: dict[PortRef, Hub] = {}

    def plug(self, station: Station, at: str) -> None:
        """Now, whether anybody notices or not; it says that it is there."""
        place = PortRef.model_validate(at)
        if place not in self._hubs:
            self._hubs[place] = Hub(self.domain.access[place])
        station.plug(Seat(self._hubs[place], station.mac))  # type: ignore[arg-type]
        self.places[station.mac] = place
        self.stations[station.mac] = station
        station.announce()

    def unplug(self, station: Station) -> None:
        station.unplug()
        self.places.pop(station.mac, None)

    def here(self) -> list[Station]:
        """Those that are plugged in."""
        return [self.stations[mac] for mac in self.places]

    async def settled(self) -> Rest:
        """Wait until everything is as it should be, and return how that is."""
        controllers = list(self.domain.controllers.values())
        found = None
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_S):
                while found is None or found.problems:
                    for station in self.here():
                        station.announce()
                    await asyncio.sleep(SPEAKS_S)
                    found = await rest(controllers, self.places)
        assert found is not None
        assert not found.problems, "\n".join(found.problems)
        assert not failures(controllers)
        return found

    async def all_talk(self, found: Rest) -> None:
        """Each node has been told its prefixes, one of them for new connections, and each of them works both ways."""
        # The first one alone: few packets may wait for the correspondent to be resolved.
        first, *others = (self._talks(self.stations[mac], found.prefixes(mac)) for mac in self.places)
        await first
        await asyncio.gather(*others)

    async def _talks(self, station: Station, prefixes: dict[IPv6Network, str]) -> None:
        native = self.domain.network.mobility.lma if self._is_proxied else self.places[station.mac].switch

        def knows(s: Station) -> bool:
            told = advertised(s)
            return all(told.get(prefix) is (anchor == native) for prefix, anchor in prefixes.items())

        await station.until(knows, f"{prefixes}, of which {native}'s is preferred")
        for prefix, anchor in prefixes.items():
            router = PMIPV6_ROUTER.mac if self._is_proxied else self.domain.mac(anchor)
            await talks(self.domain, station, self._cn, address_in(prefix, station.mac), router)

    @property
    def _is_proxied(self) -> bool:
        return self.domain.network.mobility.mode == "pmip"


def stations(count: int) -> list[Station]:
    """With MAC addresses of their own."""
    return [Station(MacAddress.from_int(0x02005E000300 + number)) for number in range(count)]


def names(crowd: Iterable[Station]) -> dict[MobileNodeId, Station]:
    """By what they are called in signalling."""
    return {MobileNodeId.eui48(station.mac): station for station in crowd}


def address_in(prefix: IPv6Network, mac: MacAddress) -> IPv6Address:
    """That a host forms (RFC 4862 section 5.5.3)."""
    return prefix[int.from_bytes(mac.interface_identifier(), "big")]


def advertised(station: Station) -> dict[IPv6Network, bool]:
    """Prefixes that are valid by the latest word on each, and whether they are preferred."""
    result: dict[IPv6Network, bool] = {}
    for frame in station.decoded():
        if isinstance(frame.message, RouterAdvertisement):
            for option in frame.message.options:
                if isinstance(option, PrefixInformation):
                    prefix = IPv6Network((option.prefix, option.prefix_length))
                    result.pop(prefix, None)
                    if option.valid_lifetime:
                        result[prefix] = option.preferred_lifetime > 0
    return result

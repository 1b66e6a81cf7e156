# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Domains whose switches speak PMIPv6 or its distributed form, with one controller or several."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

from p4dmm.config import Network, Store, load_network
from p4dmm.controller import Controller, open_store
from p4dmm.softswitch.service import SwitchServer
from p4dmm.softswitch.service.ports.wire import WireEnd
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, MacAddress, NextHeader
from p4dmm.wire.mobility import MobilityMessage, decode_mobility

from .domain import CN, CN_ADDRESS, MN, TIMEOUT_S, TRIANGLE, Domain, Station

LMA_POOL = IPv6Network("2001:db8:4000::/48")
ALL = ("s1", "s2", "s3", "c1")


def speaking(mode: str, **mobility: Any) -> Network:
    """The triangle in a mode: c1 is LMA, with a pool, or CMD."""
    network = load_network(TRIANGLE)
    roles = {"mode": mode, "lma": "c1" if mode == "pmip" else None, "cmd": "c1" if mode == "dmm" else None}
    pool = LMA_POOL if mode == "pmip" else None
    switches = tuple(s.model_copy(update={"pool": pool}) if s.name == "c1" else s for s in network.switches)
    return network.model_copy(
        update={"switches": switches, "mobility": network.mobility.model_copy(update={**roles, **mobility})}
    )


def times(network: Network, **domain: float) -> Network:
    """With other times of the domain."""
    return network.model_copy(update={"domain": network.domain.model_copy(update=domain)})


def stored(network: Network, path: Path) -> Network:
    """With a store."""
    return network.model_copy(update={"store": Store(path=path)})


@dataclass(frozen=True)
class Heard:
    """A mobility message on a cable."""

    source: IPv6Address
    destination: IPv6Address
    message: MobilityMessage
    frame: bytes

    @property
    def kind(self) -> str:
        return type(self.message).__name__


Tap = Callable[[Heard], Sequence[tuple[float, bytes]]]
"""What becomes of a mobility message on a cable: frames, each after so many seconds."""


def unhindered(heard: Heard) -> Sequence[tuple[float, bytes]]:
    """As on any cable."""
    return [(0.0, heard.frame)]


class SpeakerDomain(Domain):
    """What the switches say to each other is recorded once where it leaves a switch, and goes through `tap`."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.heard: list[Heard] = []
        self.tap: Tap = unhindered
        self.controllers: dict[tuple[str, ...], Controller] = {}
        self._loopbacks = {switch.loopback: switch.name for switch in network.switches}

    async def start_switches(self) -> None:
        await super().start_switches()
        for link, wire in self.links.items():
            for end, ref in zip((wire.a, wire.b), reversed(link.ends), strict=True):
                # What one end enqueues has come from the switch at the other.
                end.enqueue = self._tapped(ref.switch, end.enqueue)  # type: ignore[method-assign]

    async def start_controllers(self, *groups: Sequence[str]) -> None:
        """One controller for each group of switches; none: one for all."""
        for names in groups or (ALL,):
            network = self.network if len(names) == len(ALL) else self.network.controlled(names)
            if network.store is not None and len(groups) > 1:
                network = stored(network, network.store.path.with_name("-".join(names)))
            controller = Controller(network, store=open_store(network), on_event=self._on_event, on_link=self._on_link)
            self.controllers[tuple(names)] = controller
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.gather(*(controller.start() for controller in self.controllers.values()))
        self._controller = next(iter(self.controllers.values()))

    async def start_domain(self, network: Network) -> None:
        """A controller with a network file of its own, about switches of this one."""
        controller = Controller(network, on_event=self._on_event, on_link=self._on_link)
        self.controllers[tuple(s.name for s in network.controlled_switches)] = controller
        async with asyncio.timeout(TIMEOUT_S):
            await controller.start()
        self._controller = controller

    async def restart_switches(self) -> None:
        """New ones in their places, that know nothing; hosts have to be plugged in again."""
        old = self.servers
        self.servers = {
            name: SwitchServer(device_id=server.device.device_id, grpc_address=server.address)
            for name, server in old.items()
        }
        await self.start_switches()

    async def stop_controllers(self) -> None:
        for controller in self.controllers.values():
            await controller.stop()
        self.controllers.clear()
        self._controller = None

    async def stop(self) -> None:
        await self.stop_controllers()
        await super().stop()

    def counter(self, name: str) -> int:
        """Of all controllers."""
        return sum(controller.counters[name] for controller in self.controllers.values())

    def address(self, switch: str) -> IPv6Address:
        found = self.network.switch(switch)
        assert found is not None
        return found.loopback

    def messages(self, kind: str) -> list[Heard]:
        """Of that class, in their order."""
        return [heard for heard in self.heard if heard.kind == kind]

    async def message(self, kind: str, condition: Callable[[Heard], bool] = lambda _: True) -> Heard:
        """The first message of that kind that meets the condition, now or later."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for heard in self.messages(kind):
                    if condition(heard):
                        return heard
                self._news.clear()
                try:
                    await self._news.wait()
                except asyncio.CancelledError:
                    raise AssertionError(f"no such {kind}; heard: {[h.message for h in self.heard]}") from None

    def inject(self, data: bytes, *, source: str, destination: str) -> None:
        """A Mobility Header in a packet from that switch to that other, on the cable between the two, whatever it
        says."""
        packet = IPv6Packet(self.address(source), self.address(destination), NextHeader.MOBILITY, data)
        frame = Ethernet(self.mac(destination), self.mac(source), ETHERTYPE_IPV6, packet.encode()).encode()
        for link, wire in self.links.items():
            if {end.switch for end in link.ends} == {source, destination}:
                end = wire.a if link.ends[0].switch == destination else wire.b
                WireEnd.enqueue(end, frame)
                return
        raise AssertionError(f"no cable between {source} and {destination}")

    def _tapped(self, sender: str, enqueue: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
        def enqueued(frame: bytes) -> bool:
            heard = signalling(frame)
            if heard is None or self._loopbacks.get(heard.source) != sender:
                return enqueue(frame)
            self.heard.append(heard)
            self._news.set()
            for delay_s, passed in self.tap(heard):
                if delay_s:
                    asyncio.get_running_loop().call_later(delay_s, enqueue, passed)
                else:
                    enqueue(passed)
            return True

        return enqueued


def signalling(frame: bytes) -> Heard | None:
    """The mobility message in a frame, if there is one."""
    if frame[12:14] != ETHERTYPE_IPV6.to_bytes(2, "big") or frame[20] != NextHeader.MOBILITY:
        return None
    packet = IPv6Packet.decode(frame[14:])
    return Heard(packet.src, packet.dst, decode_mobility(packet.payload, packet.src, packet.dst), frame)


@asynccontextmanager
async def running_speakers(
    network: Network, groups: Iterable[Sequence[str]] = ()
) -> AsyncIterator[tuple[SpeakerDomain, Station, Station]]:
    """The domain, with a mobile node that is plugged in nowhere and a correspondent."""
    domain = SpeakerDomain(network)
    try:
        await domain.start_switches()
        await domain.start_controllers(*groups)
        cn = Station(CN)
        cn.plug(domain.wire("c1:1"))
        yield domain, Station(MN), cn
    finally:
        await domain.stop()


async def moved(domain: SpeakerDomain, mn: Station, at: str, prefix: IPv6Network) -> IPv6Address:
    """Plug the node in there and wait until it is told that the prefix, or one of it, is for new connections; its
    address in it."""
    mn.frames.clear()
    mn.plug(domain.wire(at))
    mn.announce()
    await mn.until(lambda s: _preferred(s, prefix) is not None, f"a preferred prefix of {prefix} at {at}")
    found = _preferred(mn, prefix)
    assert found is not None
    return found[int.from_bytes(mn.mac.interface_identifier(), "big")]


async def talks(domain: SpeakerDomain, mn: Station, cn: Station, address: IPv6Address, router: MacAddress) -> None:
    """A packet each way between an address of the node and the correspondent; both have to arrive."""
    domain.talks = getattr(domain, "talks", 0) + 1
    tag = b"%d" % domain.talks
    mn.send_udp(router, address, CN_ADDRESS, b"up " + tag)
    await cn.until(lambda s: b"up " + tag in s.payloads(), f"up {tag!r} from {address}")
    cn.send_udp(domain.mac("c1"), CN_ADDRESS, address, b"down " + tag)
    await mn.until(lambda s: b"down " + tag in s.payloads(), f"down {tag!r} to {address}")


def _preferred(station: Station, prefix: IPv6Network) -> IPv6Network | None:
    return next((p for p, preferred in station.prefixes().items() if preferred and p.subnet_of(prefix)), None)

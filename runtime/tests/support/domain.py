# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A whole domain in one event loop: embedded switches with their real P4Runtime servers, wires, and a controller."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

from p4dmm.config import Link, Network, PortRef, load_network
from p4dmm.controller import Controller, HandoverEvent, LinkEvent
from p4dmm.softswitch.service import SwitchServer, Wire
from p4dmm.wire import (
    ETHERTYPE_IPV6,
    Ethernet,
    Frame,
    IPv6Packet,
    MacAddress,
    NeighborSolicitation,
    PrefixInformation,
    RouterAdvertisement,
    decode_frame,
    neighbor_advertisement,
    neighbor_solicitation,
)

TRIANGLE = Path(__file__).parents[3] / "topo" / "triangle.toml"
TIMEOUT_S = 20.0
"""Of every wait; generous, since it only runs out when something is wrong."""

UDP = 17

MN = MacAddress.parse("02:00:5e:00:01:01")
CN = MacAddress.parse("02:00:5e:00:02:01")
CN_ADDRESS = IPv6Address("2001:db8:f::10")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.01)


class Station:
    """A host as a list of what it received and a way to send."""

    def __init__(self, mac: MacAddress) -> None:
        self.mac = mac
        self.frames: list[bytes] = []
        self.answers_probes = True
        self.wire: Wire | None = None
        self._news = asyncio.Event()

    def plug(self, wire: Wire) -> None:
        """Take the host end of a wire, leaving the one before."""
        self.unplug()
        self.wire = wire
        wire.b.open(self._receive)

    def unplug(self) -> None:
        if self.wire is not None:
            self.wire.b.close()
            self.wire = None

    def send(self, frame: bytes) -> None:
        assert self.wire is not None
        assert self.wire.b.send(frame)

    def send_udp(
        self, router: MacAddress, src: IPv6Address, dst: IPv6Address, payload: bytes, *, source_port: int = 0x1234
    ) -> None:
        self.send(udp_frame(self.mac, router, src, dst, payload, source_port))

    def announce(self) -> None:
        """What a Linux host sends first when its carrier comes: duplicate address detection."""
        link_local = self.mac.link_local()
        self.send(neighbor_solicitation(link_local, src_mac=self.mac, src=IPv6Address("::")))

    def decoded(self) -> list[Frame]:
        return [decode_frame(frame) for frame in self.frames]

    def payloads(self) -> list[bytes]:
        """Of the UDP packets received."""
        return [f.ipv6.payload[8:] for f in self.decoded() if f.ipv6 is not None and f.ipv6.next_header == UDP]

    def prefixes(self) -> dict[IPv6Network, int]:
        """Advertised to the host: prefix -> preferred lifetime, the latest word on each."""
        result: dict[IPv6Network, int] = {}
        for frame in self.decoded():
            if isinstance(frame.message, RouterAdvertisement):
                for option in frame.message.options:
                    if isinstance(option, PrefixInformation):
                        result[IPv6Network((option.prefix, option.prefix_length))] = option.preferred_lifetime
        return result

    async def until(self, condition: Callable[["Station"], bool], what: str) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not condition(self):
                self._news.clear()
                try:
                    await self._news.wait()
                except asyncio.CancelledError:
                    raise AssertionError(f"{self.mac} did not get {what}; it has {self.decoded()}") from None

    def _receive(self, data: bytes) -> None:
        self.frames.append(data)
        self._news.set()
        frame = decode_frame(data)
        message = frame.message
        if self.answers_probes and isinstance(message, NeighborSolicitation) and frame.ipv6 is not None:
            answer = neighbor_advertisement(
                message.target,
                src_mac=self.mac,
                dst=frame.ipv6.src,
                dst_mac=frame.ethernet.src,
                router=False,
            )
            self.send(answer)


class Domain:
    """The network of a file, running."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.events: list[HandoverEvent] = []
        self.link_events: list[LinkEvent] = []
        self.servers = {s.name: SwitchServer(device_id=s.device_id) for s in network.switches}
        self.access: dict[PortRef, Wire] = {}
        self.links: dict[Link, Wire] = {}
        self._controller: Controller | None = None
        self._news = asyncio.Event()

    @property
    def controller(self) -> Controller:
        """The one that runs."""
        assert self._controller is not None
        return self._controller

    async def start_switches(self) -> None:
        for server in self.servers.values():
            await server.start()
        addresses = {name: server.address for name, server in self.servers.items()}
        switches = tuple(s.model_copy(update={"address": addresses[s.name]}) for s in self.network.switches)
        self.network = self.network.model_copy(update={"switches": switches})
        for link in self.network.links:
            wire = self.links[link] = Wire()
            for end, ref in zip((wire.a, wire.b), link.ends, strict=True):
                self.servers[ref.switch].attach_port(ref.port, end)
        for switch in self.network.switches:
            for port in switch.ports:
                if port.role != "core":
                    wire = self.access[PortRef(switch=switch.name, port=port.number)] = Wire()
                    self.servers[switch.name].attach_port(port.number, wire.a)

    async def start_controller(self) -> Controller:
        self._controller = Controller(self.network, on_event=self._on_event, on_link=self._on_link)
        async with asyncio.timeout(TIMEOUT_S):
            await self._controller.start()
        return self._controller

    async def stop_controller(self) -> None:
        if self._controller is not None:
            await self._controller.stop()
            self._controller = None

    async def stop(self) -> None:
        await self.stop_controller()
        for server in self.servers.values():
            await server.stop()

    def wire(self, at: str) -> Wire:
        return self.access[PortRef.model_validate(at)]

    def mac(self, switch: str) -> MacAddress:
        found = self.network.switch(switch)
        assert found is not None
        return found.router_mac

    async def until(self, condition: Callable[[HandoverEvent], bool], what: str) -> HandoverEvent:
        """The first event from now on, or already there, that meets the condition."""
        seen = 0
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for event in self.events[seen:]:
                    if condition(event):
                        return event
                seen = len(self.events)
                self._news.clear()
                try:
                    await self._news.wait()
                except asyncio.CancelledError:
                    raise AssertionError(f"no {what}; events: {self.events}") from None

    async def stage(self, stage: str, new: str | None = None) -> HandoverEvent:
        """Wait for a stage of a handover to `new`; forget the events before it."""
        event = await self.until(
            lambda e: e.stage == stage and (new is None or str(e.new) == new), f"{stage} {new or ''}"
        )
        del self.events[: self.events.index(event) + 1]
        return event

    async def counted(self, name: str, at_least: int) -> None:
        """Wait for a counter of the controller."""
        await until(lambda: self.controller.counters[name] >= at_least)

    def table_rows(self) -> dict[str, set[object]]:
        """What every switch holds."""
        result: dict[str, set[object]] = {}
        for name, server in self.servers.items():
            pipeline = server.device.pipeline
            if pipeline is None:
                continue  # no controller has given it its program
            result[name] = {(table.name, entry) for table in pipeline.tables.values() for entry in table.entries()}
        return result

    def cable(self, ends: str) -> Wire:
        """Of the link between these ports, written "s1:12-s2:11"."""
        return next(wire for link, wire in self.links.items() if "-".join(map(str, link.ends)) == ends)

    async def link(self, ends: str, *, is_up: bool) -> None:
        """Wait until every switch has its ways without the link, or with it; forget that event."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for event in self.link_events:
                    if "-".join(map(str, event.ends)) == ends and event.is_up is is_up:
                        self.link_events.remove(event)
                        return
                self._news.clear()
                try:
                    await self._news.wait()
                except asyncio.CancelledError:
                    raise AssertionError(f"link {ends} did not change; events: {self.link_events}") from None

    def _on_link(self, event: LinkEvent) -> None:
        self.link_events.append(event)
        self._news.set()

    def _on_event(self, event: HandoverEvent) -> None:
        self.events.append(event)
        self._news.set()


@asynccontextmanager
async def running_domain(network: Network | None = None, **domain: float) -> AsyncIterator[Domain]:
    """Switches and controller; keywords replace times of the file's domain."""
    network = network or load_network(TRIANGLE)
    if domain:
        network = network.model_copy(update={"domain": network.domain.model_copy(update=domain)})
    running = Domain(network)
    try:
        await running.start_switches()
        await running.start_controller()
        yield running
    finally:
        await running.stop()


def udp_frame(
    src_mac: MacAddress,
    dst_mac: MacAddress,
    src: IPv6Address,
    dst: IPv6Address,
    payload: bytes,
    source_port: int = 0x1234,
) -> bytes:
    """To port 0x5678; no checksum, nobody looks at it."""
    ports, length = source_port.to_bytes(2, "big") + b"\x56\x78", (8 + len(payload)).to_bytes(2, "big")
    datagram = ports + length + b"\x00\x00" + payload
    return Ethernet(dst_mac, src_mac, ETHERTYPE_IPV6, IPv6Packet(src, dst, UDP, datagram, 64).encode()).encode()


async def attached(domain: Domain, at: str, station: Station) -> IPv6Address:
    """Plug the station in, let it announce itself, wait for its prefix; its address in it."""
    station.frames.clear()
    station.plug(domain.wire(at))
    station.announce()
    await domain.stage("installed", at)
    pool = domain.network.switch(at.partition(":")[0])
    assert pool is not None
    assert pool.pool is not None
    home = pool.pool

    def has_prefix(s: Station) -> bool:
        return any(prefix.subnet_of(home) and preferred for prefix, preferred in s.prefixes().items())

    await station.until(has_prefix, f"a preferred prefix of {home}")
    prefix = next(p for p in station.prefixes() if p.subnet_of(home))
    return prefix[int.from_bytes(station.mac.interface_identifier(), "big")]


async def exchange(domain: Domain, mn: Station, cn: Station, address: IPv6Address, at: str, tag: bytes) -> None:
    """One packet each way between the node's address and the correspondent; both must arrive."""
    mn.send_udp(domain.mac(at.partition(":")[0]), address, CN_ADDRESS, b"up " + tag)
    await cn.until(lambda s: b"up " + tag in s.payloads(), f"up {tag!r}")
    cn.send_udp(domain.mac("c1"), CN_ADDRESS, address, b"down " + tag)
    await mn.until(lambda s: b"down " + tag in s.payloads(), f"down {tag!r}")


def correspondent(domain: Domain) -> Station:
    cn = Station(CN)
    cn.plug(domain.wire("c1:1"))
    return cn

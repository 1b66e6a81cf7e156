# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Embedded switches, and two mobile access gateways that register many nodes with them: a process of its own.

One JSON object per line. Out: {"addresses": of the switches' P4Runtime services}. Then as often as wanted in: {"first":
number of a node, "count": so many from it on, "window": unanswered at a time, "gateway": which one has them now}, out:
{"seconds": until the last was answered, "accepted", "rejected", "repeated": updates, "round_trips_ms", "busy": of one
processor}. A node that a gateway had before comes by handover, and that gateway gives it up when it is told to.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

from signalling_network import GATEWAYS, anchors, network

from p4dmm.config import Network
from p4dmm.mobility.exchange import timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.softswitch.service import SwitchServer, Wire
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, IPv6Packet, MacAddress, NextHeader
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BindingRevocationAck,
    BindingRevocationIndication,
    HandoffIndicator,
    HandoffIndicatorValue,
    HomeNetworkPrefix,
    Message,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    decode_mobility,
    encode_mobility,
    is_rejection,
)

REPEAT_S = 1.0
"""INITIAL_BINDACK_TIMEOUT (RFC 6275 section 12)."""
LIFETIME = 900
"""Of a registration, in units of 4 s."""
WLAN = 4
SEQUENCES = 1 << 16
ANY_PREFIX = HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address(0))


@dataclass(slots=True)
class Asked:
    """An update that has no answer yet."""

    node: int
    since: float
    sent: float
    copies: int = 1


class Load:
    """One order under way."""

    def __init__(self, gateways: "Gateways", first: int, count: int, window: int, gateway: int) -> None:
        self._gateways, self._gateway = gateways, gateway
        self._nodes = iter(range(first, first + count))
        self._window, self._left = window, count
        self._asked: dict[bytes, Asked] = {}
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.round_trips_ms: list[float] = []
        self.counts: Counter[str] = Counter(accepted=0, rejected=0, repeated=0)

    async def run(self) -> dict[str, Any]:
        """Until everything is answered."""
        begun, used = time.perf_counter(), time.process_time()
        for _ in range(self._window):
            self._next()
        while not self._done.done():
            await asyncio.wait([self._done], timeout=REPEAT_S / 4)
            self._repeat()
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        return {**self.counts, "seconds": seconds, "round_trips_ms": self.round_trips_ms, "busy": used / seconds}

    def answered(self, ack: ProxyBindingAck) -> None:
        """By an anchor."""
        option = ack.option(MobileNodeIdentifier)
        asked = None if option is None else self._asked.pop(option.identifier, None)
        if asked is None:
            return
        self.counts["rejected" if is_rejection(ack.status) else "accepted"] += 1
        self._gateways.at[asked.node] = self._gateway
        self.round_trips_ms.append(1e3 * (time.perf_counter() - asked.since))
        self._left -= 1
        if self._left:
            self._next()
        else:
            self._done.set_result(None)

    def _next(self) -> None:
        node = next(self._nodes, None)
        if node is not None:
            now = time.perf_counter()
            self._asked[identifier(node).identifier] = Asked(node, now, now)
            self._gateways.update(node, self._gateway)

    def _repeat(self) -> None:
        now = time.perf_counter()
        for asked in self._asked.values():
            if asked.sent + REPEAT_S < now:
                asked.sent = now
                self.counts["repeated"] += 1
                self._gateways.update(asked.node, self._gateway)


def identifier(node: int) -> MobileNodeIdentifier:
    """Of a node."""
    return MobileNodeId.nai(f"mn{node}@example.net").option


class Gateways:
    """And the switches."""

    def __init__(self, switches: int) -> None:
        self._servers = [SwitchServer(device_id=number) for number in range(1, switches + 1)]
        self._network: Network | None = None
        self._cables: dict[tuple[str, str], Wire] = {}
        self._addresses: dict[str, tuple[MacAddress, IPv6Address]] = {}
        self._names: dict[IPv6Address, str] = {}
        self._sequence = 0
        self.at: dict[int, int] = {}
        """Node -> the gateway that has registered it."""
        self._load: Load | None = None

    async def start(self) -> list[str]:
        """Return the addresses of the switches."""
        for server in self._servers:
            await server.start()
        addresses = [server.address for server in self._servers]
        for switch in network(addresses).switches:
            self._addresses[switch.name] = switch.router_mac, switch.loopback
            self._names[switch.loopback] = switch.name
        for name, server in zip(anchors(len(self._servers)), self._servers, strict=True):
            for port, gateway in enumerate(GATEWAYS, 1):
                wire = self._cables[name, gateway] = Wire()
                server.attach_port(port, wire.a)
                wire.b.open(self._received)
        return addresses

    async def stop(self) -> None:
        """Of the switches."""
        for server in self._servers:
            await server.stop()

    async def load(self, order: dict[str, int]) -> dict[str, Any]:
        """Register these nodes."""
        self._load = Load(self, **order)
        return await self._load.run()

    def update(self, node: int, gateway: int) -> None:
        """Register a node, or register it anew from another gateway."""
        is_handover = self.at.get(node, gateway) != gateway
        handoff = (
            HandoffIndicatorValue.HANDOFF_BETWEEN_MAGS_FOR_THE_SAME_INTERFACE
            if is_handover
            else HandoffIndicatorValue.ATTACHMENT_OVER_A_NEW_INTERFACE
        )
        self._sequence = (self._sequence + 1) % SEQUENCES
        update = ProxyBindingUpdate(
            sequence=self._sequence,
            acknowledge=True,
            lifetime=LIFETIME,
            options=(
                identifier(node),
                ANY_PREFIX,
                HandoffIndicator(indicator=handoff),
                AccessTechnologyType(technology=WLAN),
                timestamp_at(time.time()),
                MobileNodeLinkLayerIdentifier(identifier=(0x020000000000 + node).to_bytes(6, "big")),
            ),
        )
        self._send(GATEWAYS[gateway], f"s{node % len(self._servers) + 1}", update)

    def _send(self, gateway: str, anchor: str, message: Message) -> None:
        (mac, source), (router, destination) = self._addresses[gateway], self._addresses[anchor]
        packet = IPv6Packet(source, destination, NextHeader.MOBILITY, encode_mobility(message, source, destination))
        frame = Ethernet(router, mac, ETHERTYPE_IPV6, packet.encode()).encode()
        self._cables[anchor, gateway].b.send(frame)

    def _received(self, frame: bytes) -> None:
        if frame[12:14] != ETHERTYPE_IPV6.to_bytes(2, "big") or frame[20] != NextHeader.MOBILITY:
            return
        packet = IPv6Packet.decode(frame[14:])
        message = decode_mobility(packet.payload, packet.src, packet.dst)
        match message:
            case ProxyBindingAck() if self._load is not None:
                self._load.answered(message)
            case BindingRevocationIndication():
                ack = BindingRevocationAck(
                    status=RevocationStatus.SUCCESS,
                    sequence=message.sequence,
                    proxy_binding=True,
                    options=message.all_options(MobileNodeIdentifier),
                )
                self._send(self._names[packet.dst], self._names[packet.src], ack)


async def serve(switches: int) -> None:
    """Until nothing more is ordered."""
    gateways = Gateways(switches)
    print(json.dumps({"addresses": await gateways.start()}), flush=True)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await gateways.load(json.loads(line))), flush=True)
    finally:
        await gateways.stop()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--switches", type=int, default=1)
    asyncio.run(serve(parser.parse_args().switches))


if __name__ == "__main__":
    main()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility messages between peers: real packets, from the loopback address of one switch to that of another.

What comes in is heard only from the switches of the network file, within their limits and, where that is asked for,
authenticated; anything wrong with it gets the answer that RFC 6275 section 9.2 gives it, or silence.
"""

import asyncio
from collections.abc import Callable

import structlog

from p4dmm.config import PortRef
from p4dmm.controller.icmp import Icmp
from p4dmm.controller.services import Services
from p4dmm.mobility.exchange import Received, Send
from p4dmm.mobility.peers import Admitted, Peers
from p4dmm.wire import ETHERTYPE_IPV6, Ethernet, Frame, IPv6Packet, NextHeader, ParameterProblem
from p4dmm.wire.mobility import Message, MobilityError, Reaction, encode_mobility

from .pacing import Pacer

log = structlog.get_logger(__name__)

Handler = Callable[[str, Received], None]
"""Switch and message."""


class Transport:
    """Of all switches of this controller."""

    def __init__(self, services: Services, icmp: Icmp, peers: Peers, handler: Handler) -> None:
        self._services = services
        self._icmp = icmp
        self._peers = peers
        self._handler = handler
        # Not by the time of day: nothing waits for a clock that has been set back.
        self._pacer = Pacer(lambda: services.monotonic(services.now()))

    async def send(self, switch: str, send: Send) -> None:
        """To a peer, when it is its turn (RFC 8885 section 3.6)."""
        wait_s = self._pacer.wait_before(send)
        if wait_s is None:
            self._services.counters["mobility messages not sent: too many wait"] += 1
        elif wait_s:
            self._services.spawn(self._send_later(switch, send, wait_s))
        else:
            await self._send(switch, send)

    async def _send_later(self, switch: str, send: Send, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        await self._send(switch, send)

    async def _send(self, switch: str, send: Send) -> None:
        message = self._peers.protect(send.message, send.source, send.destination, self._services.now())
        self._services.counters[f"sent: {_name(message)}"] += 1
        data = encode_mobility(message, send.source, send.destination)
        packet = IPv6Packet(send.source, send.destination, NextHeader.MOBILITY, data)
        if self._services.topology.switch_at(send.destination) == switch:
            # Two roles of one switch: what it would send to itself does not leave it.
            asyncio.get_running_loop().call_soon(self._packet_in, switch, None, packet, data)
            return
        router = self._services.topology.router_mac(switch)
        await self._services.send_routed(switch, Ethernet(router, router, ETHERTYPE_IPV6, packet.encode()).encode())

    def heard(self, at: PortRef, frame: Frame) -> None:
        """A Mobility Header that was sent to an address of that switch."""
        port = self._services.topology.port(at.switch, at.port)
        if port is None or port.role != "core":
            # Peers are behind core ports; a node or a host that pretends to be one is not heard.
            self._services.counters["mobility messages from outside"] += 1
            return
        assert frame.ipv6 is not None
        assert frame.upper is not None
        self._packet_in(at.switch, (at, frame), frame.ipv6, frame.upper.payload)

    def _packet_in(self, switch: str, origin: tuple[PortRef, Frame] | None, packet: IPv6Packet, data: bytes) -> None:
        outcome = self._peers.admit(data, packet.src, packet.dst, self._services.now())
        if isinstance(outcome, Admitted):
            self._services.counters[f"received: {_name(outcome.received.message)}"] += 1
            self._handler(switch, outcome.received)
            return
        self._services.counters[f"mobility messages refused: {outcome.reason.value}"] += 1
        log.debug("mobility message refused", switch=switch, source=str(packet.src), reason=outcome.reason.value)
        if outcome.answer is not None:
            self._services.spawn(self._send(switch, outcome.answer))
        if outcome.error is not None and origin is not None:
            self._complain(*origin, packet, data, outcome.error)

    def _complain(self, at: PortRef, frame: Frame, packet: IPv6Packet, data: bytes, error: MobilityError) -> None:
        if error.reaction is Reaction.PARAMETER_PROBLEM:
            whole = packet.encode()
            pointer = len(whole) - len(data) + error.offset
            self._icmp.report(at, frame, ParameterProblem(0, whole, pointer=pointer))


def _name(message: Message) -> str:
    return type(message).__name__

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A host made of bytes in and bytes out: ND, SLAAC, MLD reports, echo and UDP.

It has no TCP and does no duplicate address detection.
"""

import struct
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Interface

from p4dmm.wire.checksum import upper_layer_checksum, verify_upper_layer_checksum
from p4dmm.wire.errors import WireError
from p4dmm.wire.extension import ROUTER_ALERT_OPTION
from p4dmm.wire.frames import icmpv6_frame, ipv6_frame, neighbor_advertisement, neighbor_solicitation
from p4dmm.wire.icmpv6 import EchoReply, EchoRequest
from p4dmm.wire.ipv6 import ALL_ROUTERS, UNSPECIFIED, IPv6Packet, NextHeader, solicited_node
from p4dmm.wire.mac import MacAddress
from p4dmm.wire.mld import MldRecord, MldV2Report
from p4dmm.wire.nd import NeighborAdvertisement, NeighborSolicitation, RouterAdvertisement, RouterSolicitation
from p4dmm.wire.nd_options import SourceLinkLayerAddress, TargetLinkLayerAddress
from p4dmm.wire.nd_validate import validate
from p4dmm.wire.packet import Frame, decode_frame, encode_icmpv6

from .base import HostAddress
from .slaac import Slaac

_UDP = struct.Struct("!HHHH")  # source port, destination port, length, checksum
_CHANGE_TO_EXCLUDE = 4  # RFC 3810 s5.2.12
_ALL_MLDV2_ROUTERS = IPv6Address("ff02::16")
_QUEUE = 101  # packets waiting for a neighbour; Linux' unres_qlen
_SOLICIT_AGAIN_S = 0.2  # Linux waits a second (RFC 4861 section 10); what a simulated host measures is the network

EchoHandler = Callable[[bytes], None]
DatagramHandler = Callable[[IPv6Address, int, IPv6Address, bytes], None]
"""Source address and port, own address, payload."""


class SimulatedHost:
    """One interface. ``transmit`` takes frames, ``clock`` tells the time; nothing else of the world is touched."""

    def __init__(
        self,
        mac: MacAddress,
        *,
        transmit: Callable[[bytes], None],
        clock: Callable[[], float],
        static: IPv6Interface | None = None,
        gateway: IPv6Address | None = None,
    ) -> None:
        self.mac = mac
        self.link_local = mac.link_local()
        self.echo_handlers: dict[int, EchoHandler] = {}
        self.datagram_handlers: dict[int, DatagramHandler] = {}
        self.malformed = 0
        self._transmit, self._clock = transmit, clock
        self._static, self._gateway = static, gateway
        self._slaac = Slaac(mac)
        self._neighbors: dict[IPv6Address, MacAddress] = {}
        self._waiting: dict[IPv6Address, list[IPv6Packet]] = {}
        self._asked: dict[IPv6Address, float] = {}

    def addresses(self) -> tuple[HostAddress, ...]:
        """Return every address of the host, the link-local one first."""
        static = (HostAddress(self._static.ip, self._static.network.prefixlen),) if self._static else ()
        return (HostAddress(self.link_local, 64), *static, *self._slaac.addresses(self._clock()))

    def carrier_up(self) -> None:
        """Forget neighbours and report the host's groups, as Linux does; a host without a router also solicits one."""
        self._neighbors.clear()
        self._asked.clear()
        records = [MldRecord(_CHANGE_TO_EXCLUDE, group) for group in self._groups()]
        self._report(tuple(records))
        if not self._static and self._slaac.router(self._clock()) is None:
            message = RouterSolicitation((SourceLinkLayerAddress(self.mac),))
            self._transmit(icmpv6_frame(message, src_mac=self.mac, src=self.link_local, dst=ALL_ROUTERS))

    def send_echo(self, source: IPv6Address, to: IPv6Address, identifier: int, sequence: int, data: bytes) -> None:
        """Send one echo request."""
        message = EchoRequest(identifier, sequence & 0xFFFF, data)
        self._send(IPv6Packet(source, to, NextHeader.ICMPV6, encode_icmpv6(message, source, to)))

    def send_datagram(self, source: IPv6Address, port: int, to: IPv6Address, to_port: int, data: bytes) -> None:
        """Send one UDP datagram."""
        head = _UDP.pack(port, to_port, _UDP.size + len(data), 0)
        checksum = upper_layer_checksum(source, to, NextHeader.UDP, head + data) or 0xFFFF
        payload = _UDP.pack(port, to_port, _UDP.size + len(data), checksum) + data
        self._send(IPv6Packet(source, to, NextHeader.UDP, payload))

    def choose_source(self) -> IPv6Address | None:
        """Return the address for a new connection to the world (RFC 6724 rule 3: not a deprecated one)."""
        ours = [a for a in self.addresses() if not a.address.is_link_local]
        return next((a.address for a in reversed(ours) if a.preferred), ours[-1].address if ours else None)

    def receive(self, data: bytes) -> None:
        """Take one frame; what is malformed is counted and dropped."""
        try:
            frame = decode_frame(data)
            if frame.ipv6 is None or not (frame.ethernet.dst == self.mac or frame.ethernet.dst.is_group):
                return
            self._dispatch(frame, frame.ipv6)
        except WireError:
            self.malformed += 1

    def _dispatch(self, frame: Frame, packet: IPv6Packet) -> None:
        message = frame.message
        if isinstance(message, RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement):
            validate(message, packet)
        if isinstance(message, NeighborSolicitation):
            self._answer(message, packet, frame.ethernet.src)
        elif isinstance(message, NeighborAdvertisement):
            for option in message.options:
                if isinstance(option, TargetLinkLayerAddress):
                    self._learn(message.target, option.address)
        elif isinstance(message, RouterAdvertisement):
            self._hear(message, packet.src)
        elif not self._is_mine(packet.dst):
            return
        elif isinstance(message, EchoRequest):
            reply = encode_icmpv6(message.reply(), packet.dst, packet.src)
            self._send(IPv6Packet(packet.dst, packet.src, NextHeader.ICMPV6, reply))
        elif isinstance(message, EchoReply):
            if handler := self.echo_handlers.get(message.identifier):
                handler(message.data)
        elif packet.next_header == NextHeader.UDP:
            self._take_datagram(packet)

    def _take_datagram(self, packet: IPv6Packet) -> None:
        if len(packet.payload) < _UDP.size or not verify_upper_layer_checksum(
            packet.src, packet.dst, NextHeader.UDP, packet.payload
        ):
            self.malformed += 1
            return
        port, to_port, length, _ = _UDP.unpack_from(packet.payload)
        if handler := self.datagram_handlers.get(to_port):
            handler(packet.src, port, packet.dst, packet.payload[_UDP.size : length])

    def _answer(self, message: NeighborSolicitation, packet: IPv6Packet, asker: MacAddress) -> None:
        if not self._is_mine(message.target):
            return
        if packet.src != UNSPECIFIED:
            self._learn(packet.src, asker)
        self._transmit(
            neighbor_advertisement(message.target, src_mac=self.mac, dst=packet.src, dst_mac=asker, router=False)
        )

    def _hear(self, message: RouterAdvertisement, router: IPv6Address) -> None:
        if self._static:
            return
        new = self._slaac.hear(message, router, self._clock())
        for option in message.options:
            if isinstance(option, SourceLinkLayerAddress):
                self._learn(router, option.address)
        known = {solicited_node(self.link_local)}
        if groups := {solicited_node(address) for address in new} - known:
            self._report(tuple(MldRecord(_CHANGE_TO_EXCLUDE, group) for group in groups))

    def _report(self, records: tuple[MldRecord, ...]) -> None:
        report = encode_icmpv6(MldV2Report(records), self.link_local, _ALL_MLDV2_ROUTERS)
        # Next header, length 0, router alert with value 0 for MLD (RFC 2711 section 2.1), PadN of nothing.
        alert = bytes((NextHeader.ICMPV6, 0, ROUTER_ALERT_OPTION, 2, 0, 0, 1, 0))
        packet = IPv6Packet(self.link_local, _ALL_MLDV2_ROUTERS, NextHeader.HOP_BY_HOP, alert + report, hop_limit=1)
        self._transmit(ipv6_frame(packet, src_mac=self.mac))

    def _groups(self) -> list[IPv6Address]:
        return sorted({solicited_node(a.address) for a in self.addresses()})

    def _is_mine(self, address: IPv6Address) -> bool:
        return any(own.address == address for own in self.addresses())

    def _send(self, packet: IPv6Packet) -> None:
        hop = packet.dst if packet.dst.is_link_local else self._gateway or self._slaac.router(self._clock())
        if hop is None:
            return
        if mac := self._neighbors.get(hop):
            self._transmit(ipv6_frame(packet, src_mac=self.mac, dst_mac=mac))
            return
        queue = self._waiting.setdefault(hop, [])
        queue.append(packet)
        del queue[:-_QUEUE]
        now = self._clock()
        if now - self._asked.get(hop, float("-inf")) >= _SOLICIT_AGAIN_S:
            self._asked[hop] = now
            self._transmit(neighbor_solicitation(hop, src_mac=self.mac, src=self.link_local))

    def _learn(self, neighbor: IPv6Address, mac: MacAddress) -> None:
        self._neighbors[neighbor] = mac
        for packet in self._waiting.pop(neighbor, ()):
            self._transmit(ipv6_frame(packet, src_mac=self.mac, dst_mac=mac))

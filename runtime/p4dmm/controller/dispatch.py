# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Every punted frame to the part that it concerns."""

from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Protocol

from p4dmm.config import PortRef
from p4dmm.forwarding import PuntReason
from p4dmm.mobility.rates import TokenBucket
from p4dmm.switches import PacketIn
from p4dmm.wire import (
    UNSPECIFIED,
    Frame,
    IPv6Packet,
    MacAddress,
    NeighborAdvertisement,
    NeighborSolicitation,
    NextHeader,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
    SourceLinkLayerAddress,
    TargetLinkLayerAddress,
    WireError,
    decode_frame,
    is_link_local,
    is_multicast,
    neighbor_advertisement,
    validate,
)

from .external import advertise
from .hosts import HostTable
from .icmp import Icmp
from .links import LinkMonitor
from .punts import IN_VAIN, PuntMeter
from .services import Services
from .sighting import Sighting

ETHERNET_ADDRESSES = 12

NOT_OURS_YET = {PuntReason.ARP, PuntReason.CARE_OF_MISMATCH}
"""Counted and no more: this controller gives nobody IPv4, and registers no care-of addresses."""


class Nodes(Protocol):
    """Whoever serves mobile nodes, in one mode of mobility or another."""

    def sighted(self, mac: MacAddress, sighting: Sighting) -> None: ...

    def solicited(self, mac: MacAddress, at: PortRef) -> None: ...

    def signalled(self, at: PortRef, frame: Frame) -> None: ...


class Dispatcher:
    """Decodes what needs decoding; what cannot be decoded is counted and has no other effect."""

    def __init__(self, services: Services, nodes: Nodes, hosts: HostTable, icmp: Icmp, links: LinkMonitor) -> None:
        self._services = services
        self._nodes = nodes
        self._hosts = hosts
        self._icmp = icmp
        self._links = links
        self._meter = PuntMeter()
        self._external_solicited: dict[PortRef, TokenBucket] = {}
        self._handlers: dict[PuntReason, Callable[[PortRef, Frame], None]] = {
            PuntReason.ND: self._on_nd,
            PuntReason.MLD: self._on_link_scope,
            PuntReason.DHCP: self._on_link_scope,
            PuntReason.LOCAL: self._on_local,
        }

    def packet_in(self, packet: PacketIn) -> None:
        """One punted frame. Never raises for what is in it."""
        port = self._services.topology.port(packet.switch, packet.port)
        try:
            reason = PuntReason(packet.reason)
        except ValueError:
            self._services.counters["punts with an unknown reason"] += 1
            return
        if port is None or len(packet.frame) < ETHERNET_ADDRESSES:
            self._services.counters["punts without a port or frame"] += 1
            return
        at = PortRef(switch=packet.switch, port=packet.port)
        # What peers say has its limits per peer.
        is_signalling = reason is PuntReason.LOCAL and port.role == "core" and _is_mobility(packet.frame)
        if not is_signalling and not self._meter.admits(at, reason, self._services.now()):
            self._services.counters[f"punts over the rate: {reason.name}"] += 1
            return
        self._services.counters[f"punts: {reason.name}"] += 1
        if reason is PuntReason.LINK_PROBE:
            self._links.heard(at, packet.frame)
            return
        if reason in NOT_OURS_YET:
            return
        try:
            frame = decode_frame(packet.frame)
        except WireError:
            self._services.counters["punts that do not decode"] += 1
            frame = None
        if reason is PuntReason.NODE_UNKNOWN:
            self._on_unknown_node(at, packet.frame, frame)
        elif frame is None:
            return
        elif reason in IN_VAIN:
            self._icmp.complain(at, reason, packet.argument, frame)
        elif reason is PuntReason.NEIGHBOR_UNRESOLVED:
            self._hosts.resolve(at, packet.frame, frame)
        else:
            if port.role == "access":
                self._nodes.sighted(frame.ethernet.src, Sighting(at, self._services.now(), _own_link_local(frame)))
            self._handlers[reason](at, frame)

    def _on_unknown_node(self, at: PortRef, data: bytes, frame: Frame | None) -> None:
        # Whatever it is, it is a sign of life, and the pipeline will judge it once the node is known. What the pipeline
        # would only punt again is not sent through it: it would come back as a sighting when the node is gone already.
        trigger: bytes | None = data
        own = None
        if frame is not None and frame.ipv6 is not None:
            own = _own_link_local(frame)
            message = frame.message
            if is_multicast(frame.ipv6.dst):
                resolving = isinstance(message, NeighborSolicitation) and frame.ipv6.src != UNSPECIFIED
                trigger = data if resolving else None
            if isinstance(message, NeighborSolicitation) and frame.ipv6.src == UNSPECIFIED:
                self._on_nd(at, frame)
        self._nodes.sighted(MacAddress(data[6:12]), Sighting(at, self._services.now(), own, trigger))

    def _on_link_scope(self, at: PortRef, frame: Frame) -> None:
        """MLD and DHCP: that the node spoke is all we take from it."""

    def _on_local(self, at: PortRef, frame: Frame) -> None:
        if frame.upper is not None and frame.upper.next_header == NextHeader.MOBILITY:
            self._nodes.signalled(at, frame)
        else:
            self._icmp.echo(at, frame)

    def _on_nd(self, at: PortRef, frame: Frame) -> None:
        message, packet = frame.message, frame.ipv6
        if packet is None or not isinstance(
            message,
            RouterSolicitation | RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement | Redirect,
        ):
            return
        try:
            validate(message, packet)
        except WireError:
            self._services.counters["ND messages that are not valid"] += 1
            return
        match message:
            case RouterSolicitation():
                self._on_router_solicitation(at, frame)
            case NeighborSolicitation(target=target) if packet.src == UNSPECIFIED:
                self._defend(at, target)
            case NeighborSolicitation():
                self._on_solicitation(at, frame, message, packet.src)
            case NeighborAdvertisement(target=target) if not is_link_local(target):
                mac = _link_layer_address(message.options, TargetLinkLayerAddress)
                self._hosts.advertised(at, target, mac, solicited=message.solicited, override=message.override)

    def _on_router_solicitation(self, at: PortRef, frame: Frame) -> None:
        topology = self._services.topology
        port = topology.port(at.switch, at.port)
        assert port is not None
        if port.role == "access":
            self._nodes.solicited(frame.ethernet.src, at)
        elif port.address is not None:
            # RFC 4861 section 6.2.6: multicast answers no more often than MIN_DELAY_BETWEEN_RAS, 3 s
            bucket = self._external_solicited.setdefault(at, TokenBucket(rate=1 / 3, burst=2))
            if bucket.take(self._services.now()):
                self._services.spawn(advertise(self._services, at))

    def _defend(self, at: PortRef, target: IPv6Address) -> None:
        """Somebody wants to use an address of the router (RFC 4862 section 5.4.3)."""
        mac = self._services.router_of(at, target)
        if mac is not None:
            self._services.spawn(self._services.send_to_port(at, neighbor_advertisement(target, src_mac=mac)))

    def _on_solicitation(self, at: PortRef, frame: Frame, message: NeighborSolicitation, asker: IPv6Address) -> None:
        if is_multicast(asker):
            return
        mac = self._services.router_of(at, message.target)
        if mac is not None:
            # One that the pipeline does not answer: its options are not just one link-layer address.
            answer = neighbor_advertisement(message.target, src_mac=mac, dst=asker, dst_mac=frame.ethernet.src)
            self._services.spawn(self._services.send_to_port(at, answer))
        source = _link_layer_address(message.options, SourceLinkLayerAddress)
        if source is not None and not is_link_local(asker):
            self._hosts.solicited(at, asker, source)


def _is_mobility(frame: bytes) -> bool:
    """Whether a Mobility Header follows the IPv6 header (RFC 8200 section 3) at once."""
    return frame[20:21] == bytes((NextHeader.MOBILITY,))


def _link_layer_address(
    options: tuple[object, ...], kind: type[SourceLinkLayerAddress] | type[TargetLinkLayerAddress]
) -> MacAddress | None:
    return next((option.address for option in options if isinstance(option, kind)), None)


def _own_link_local(frame: Frame) -> IPv6Address | None:
    """The link-local address the sender uses, or is about to (RFC 4862 section 5.4)."""
    packet: IPv6Packet | None = frame.ipv6
    if packet is None:
        return None
    if is_link_local(packet.src):
        return packet.src
    message = frame.message
    if packet.src == UNSPECIFIED and isinstance(message, NeighborSolicitation) and is_link_local(message.target):
        return message.target
    return None

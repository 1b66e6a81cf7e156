# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What an IPv6 router owes to packets sent in vain, and to those that ask for it by name (RFC 4443)."""

from ipaddress import IPv6Address

from p4dmm.config import PortRef
from p4dmm.forwarding import PuntReason
from p4dmm.mobility.rates import TokenBucket
from p4dmm.wire import (
    UNSPECIFIED,
    DestinationUnreachable,
    EchoRequest,
    ErrorMessage,
    Frame,
    IPv6Packet,
    MacAddress,
    PacketTooBig,
    TimeExceeded,
    TimeExceededCode,
    UnreachableCode,
    icmpv6_error,
    icmpv6_frame,
    is_link_local,
    is_multicast,
    may_send_error,
)

from .services import Services

ERRORS_PER_SECOND = 100.0
BURST = 50
"""RFC 4443 section 2.4(f), per switch and kind of error. Generous: Path MTU Discovery of many nodes needs its
answers."""

_UNREACHABLE = {
    PuntReason.SOURCE_UNBOUND: UnreachableCode.SOURCE_POLICY,
    PuntReason.NO_ROUTE: UnreachableCode.NO_ROUTE,
    PuntReason.NO_BINDING: UnreachableCode.ADDRESS_UNREACHABLE,
    PuntReason.NEIGHBOR_UNRESOLVED: UnreachableCode.ADDRESS_UNREACHABLE,
}


class Icmp:
    """Answers from the switch's loopback address."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._buckets: dict[tuple[str, str], TokenBucket] = {}

    def complain(self, at: PortRef, reason: PuntReason, argument: int, frame: Frame) -> None:
        """Tell the source of a packet why it went nowhere, if RFC 4443 section 2.4 lets us."""
        packet = frame.ipv6
        if packet is None:
            return
        self.report(at, frame, _error(reason, argument, packet), str(reason))

    def report(self, at: PortRef, frame: Frame, error: ErrorMessage, kind: str = "") -> None:
        """Send that error about the packet of the frame, if RFC 4443 section 2.4 lets us."""
        packet = frame.ipv6
        assert packet is not None
        if not may_send_error(packet, error, frame.ethernet.dst):
            self._services.counters["ICMPv6 errors not owed"] += 1
            return
        bucket = self._buckets.setdefault(
            (at.switch, kind or type(error).__name__), TokenBucket(ERRORS_PER_SECOND, BURST)
        )
        if not bucket.take(self._services.now()):
            self._services.counters["ICMPv6 errors over the rate"] += 1
            return
        topology = self._services.topology
        answer = icmpv6_error(
            error,
            src_mac=topology.router_mac(at.switch),
            src=topology.switches[at.switch].loopback,
            dst_mac=frame.ethernet.src,
        )
        self._services.counters["ICMPv6 errors"] += 1
        self._answer(at, answer, packet.src)

    def echo(self, at: PortRef, frame: Frame) -> None:
        """Answer an echo request to one of the router's addresses (RFC 4443 section 4.2)."""
        if not isinstance(frame.message, EchoRequest) or frame.ipv6 is None:
            return
        asked, asker = frame.ipv6.dst, frame.ipv6.src
        if asker == UNSPECIFIED or is_multicast(asker):
            return
        mac: MacAddress | None = self._services.topology.router_mac(at.switch)
        if is_link_local(asked):
            mac = self._services.router_of(at, asked)
        if mac is None:
            return
        answer = icmpv6_frame(frame.message.reply(), src_mac=mac, src=asked, dst=asker, dst_mac=frame.ethernet.src)
        self._answer(at, answer, asker)

    def _answer(self, at: PortRef, frame: bytes, asker: IPv6Address) -> None:
        # On an access port the source may be bound to nobody, on an external one its MAC is not known to the tables
        # yet, and a link-local address is known to no table: all are reached where they came from, by the MAC they came
        # with. Else the frame came from the last hop only, and the way back is looked up.
        port = self._services.topology.port(at.switch, at.port)
        if is_link_local(asker) or (port is not None and port.role != "core"):
            self._services.spawn(self._services.send_to_port(at, frame))
        else:
            self._services.spawn(self._services.send_routed(at.switch, frame))


def _error(reason: PuntReason, argument: int, packet: IPv6Packet) -> ErrorMessage:
    invoking = packet.encode()
    match reason:
        case PuntReason.PACKET_TOO_BIG:
            return PacketTooBig(invoking, mtu=argument)
        case PuntReason.HOP_LIMIT:
            return TimeExceeded(TimeExceededCode.HOP_LIMIT, invoking)
        case _:
            return DestinationUnreachable(_UNREACHABLE[reason], invoking)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From a frame's bytes to something a controller can `match` on."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address

from p4dmm.wire.ethernet import ETHERTYPE_IPV6, Ethernet
from p4dmm.wire.extension import UpperLayer, upper_layer
from p4dmm.wire.home_agent import (
    HomeAgentDiscoveryReply,
    HomeAgentDiscoveryRequest,
    HomeAgentMessage,
    MobilePrefixAdvertisement,
    MobilePrefixSolicitation,
)
from p4dmm.wire.icmp_errors import (
    DestinationUnreachable,
    ErrorMessage,
    PacketTooBig,
    ParameterProblem,
    TimeExceeded,
)
from p4dmm.wire.icmpv6 import EchoReply, EchoRequest, Icmpv6
from p4dmm.wire.ipv6 import IPv6Packet, NextHeader
from p4dmm.wire.mld import MldDone, MldMessage, MldQuery, MldReport, MldV2Report
from p4dmm.wire.nd import (
    NdMessage,
    NeighborAdvertisement,
    NeighborSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
)

Icmpv6Message = EchoRequest | EchoReply | ErrorMessage | MldMessage | NdMessage | HomeAgentMessage | Icmpv6

_FROM_ICMPV6: dict[int, Callable[[Icmpv6], Icmpv6Message]] = {
    DestinationUnreachable.TYPE: DestinationUnreachable.from_icmpv6,
    PacketTooBig.TYPE: PacketTooBig.from_icmpv6,
    TimeExceeded.TYPE: TimeExceeded.from_icmpv6,
    ParameterProblem.TYPE: ParameterProblem.from_icmpv6,
    EchoRequest.TYPE: EchoRequest.from_icmpv6,
    EchoReply.TYPE: EchoReply.from_icmpv6,
    MldQuery.TYPE: MldQuery.from_icmpv6,
    MldReport.TYPE: MldReport.from_icmpv6,
    MldDone.TYPE: MldDone.from_icmpv6,
    MldV2Report.TYPE: MldV2Report.from_icmpv6,
    RouterSolicitation.TYPE: RouterSolicitation.from_icmpv6,
    RouterAdvertisement.TYPE: RouterAdvertisement.from_icmpv6,
    NeighborSolicitation.TYPE: NeighborSolicitation.from_icmpv6,
    NeighborAdvertisement.TYPE: NeighborAdvertisement.from_icmpv6,
    Redirect.TYPE: Redirect.from_icmpv6,
    HomeAgentDiscoveryRequest.TYPE: HomeAgentDiscoveryRequest.from_icmpv6,
    HomeAgentDiscoveryReply.TYPE: HomeAgentDiscoveryReply.from_icmpv6,
    MobilePrefixSolicitation.TYPE: MobilePrefixSolicitation.from_icmpv6,
    MobilePrefixAdvertisement.TYPE: MobilePrefixAdvertisement.from_icmpv6,
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A payload this module does not read: `next_header` is its protocol, None when the frame is not IPv6."""

    next_header: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, layer by layer; every layer encodes to the octets it was taken from.

    `ipv6` and `upper` are None when the frame is not IPv6; the padding of a short frame is in `ethernet.payload` only.
    """

    ethernet: Ethernet
    ipv6: IPv6Packet | None
    upper: UpperLayer | None
    message: Icmpv6Message | Unknown


def decode_icmpv6(data: bytes, src: IPv6Address, dst: IPv6Address) -> Icmpv6Message:
    """Verify the checksum and read the message; an unassigned type comes back as Icmpv6."""
    raw = Icmpv6.decode(data, src, dst)
    from_icmpv6 = _FROM_ICMPV6.get(raw.type)
    return from_icmpv6(raw) if from_icmpv6 else raw


def encode_icmpv6(message: Icmpv6Message, src: IPv6Address, dst: IPv6Address) -> bytes:
    """Return the message with the checksum for a packet from `src` to `dst`."""
    return message.to_icmpv6().encode(src, dst)


def decode_frame(frame: bytes) -> Frame:
    """Read a frame down to its ICMPv6 message; anything malformed on the way raises WireError.

    Unknown are also fragments, whose checksum covers octets that are elsewhere, and ICMPv6 under a type 2 routing
    header or a Home Address option, whose checksum covers addresses that mobility checks first and then hands to
    `decode_icmpv6`. ND messages are not validated here: call `validate(frame.message, frame.ipv6)` before acting.
    """
    ethernet = Ethernet.decode(frame)
    if ethernet.ethertype != ETHERTYPE_IPV6:
        return Frame(ethernet, None, None, Unknown(None, ethernet.payload))
    packet = IPv6Packet.decode(ethernet.payload)
    upper = upper_layer(packet)
    if upper.next_header != NextHeader.ICMPV6 or upper.rewrites_addresses():
        return Frame(ethernet, packet, upper, Unknown(upper.next_header, upper.payload))
    return Frame(ethernet, packet, upper, decode_icmpv6(upper.payload, packet.src, packet.dst))

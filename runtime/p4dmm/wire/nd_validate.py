# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a receiver of Neighbor Discovery must silently discard (RFC 4861 s6.1, s7.1, s8.1; RFC 6980).

The rest of those sections, checksum, minimum length and options of length 0, is refused by decoding already.
"""

from p4dmm.wire.errors import ValidationError
from p4dmm.wire.extension import upper_layer
from p4dmm.wire.ipv6 import UNSPECIFIED, IPv6Packet, NextHeader, is_link_local, is_multicast, solicited_node
from p4dmm.wire.nd import (
    NdMessage,
    NeighborAdvertisement,
    NeighborSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterSolicitation,
)
from p4dmm.wire.nd_options import SourceLinkLayerAddress

_SECTIONS: dict[type[NdMessage], str] = {
    RouterSolicitation: "RFC 4861 s6.1.1",
    RouterAdvertisement: "RFC 4861 s6.1.2",
    NeighborSolicitation: "RFC 4861 s7.1.1",
    NeighborAdvertisement: "RFC 4861 s7.1.2",
    Redirect: "RFC 4861 s8.1",
}


def validate(message: NdMessage, packet: IPv6Packet) -> None:
    """Raise ValidationError where RFC 4861 has `message`, taken from `packet`, silently discarded."""
    name, section = type(message).__name__, _SECTIONS[type(message)]
    if packet.hop_limit != 255:
        raise ValidationError(f"{name} hop limit", packet.hop_limit, "255", section)
    if message.code:
        raise ValidationError(f"{name} code", message.code, "0", section)
    if packet.next_header != NextHeader.ICMPV6 and upper_layer(packet).has_header(NextHeader.FRAGMENT):
        raise ValidationError(f"{name} fragment header", "present", "none", "RFC 6980 s5")
    match message:
        case RouterSolicitation():
            _check_no_source_link_layer_address(message, packet, section)
        case RouterAdvertisement():
            _check_from_router(name, packet, section)
        case NeighborSolicitation():
            _check_solicitation(message, packet, section)
        case NeighborAdvertisement():
            _check_advertisement(message, packet, section)
        case _:
            _check_from_router(name, packet, section)
            _check_redirect(message, section)


def _check_from_router(name: str, packet: IPv6Packet, section: str) -> None:
    if not is_link_local(packet.src):
        raise ValidationError(f"{name} source", str(packet.src), "an address in fe80::/10", section)


def _check_solicitation(message: NeighborSolicitation, packet: IPv6Packet, section: str) -> None:
    if is_multicast(message.target):
        raise ValidationError("NeighborSolicitation target", str(message.target), "no multicast address", section)
    if packet.src == UNSPECIFIED and packet.dst.packed[:13] != solicited_node(packet.dst).packed[:13]:
        allowed = "a solicited-node multicast address when the source is ::"
        raise ValidationError("NeighborSolicitation destination", str(packet.dst), allowed, section)
    _check_no_source_link_layer_address(message, packet, section)


def _check_advertisement(message: NeighborAdvertisement, packet: IPv6Packet, section: str) -> None:
    if is_multicast(message.target):
        raise ValidationError("NeighborAdvertisement target", str(message.target), "no multicast address", section)
    if message.solicited and is_multicast(packet.dst):
        raise ValidationError("NeighborAdvertisement S flag", 1, "0 when the destination is multicast", section)


def _check_redirect(message: Redirect, section: str) -> None:
    if is_multicast(message.destination):
        raise ValidationError("Redirect destination", str(message.destination), "no multicast address", section)
    if message.target != message.destination and not is_link_local(message.target):
        allowed = "an address in fe80::/10, or the destination"
        raise ValidationError("Redirect target", str(message.target), allowed, section)


def _check_no_source_link_layer_address(
    message: RouterSolicitation | NeighborSolicitation, packet: IPv6Packet, section: str
) -> None:
    if packet.src != UNSPECIFIED:
        return
    if any(option.TYPE == SourceLinkLayerAddress.TYPE for option in message.options):
        what = f"{type(message).__name__} source link-layer address option"
        raise ValidationError(what, "present", "none when the source is ::", section)

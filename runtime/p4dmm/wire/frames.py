# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The frames a router sends of its own accord, from link layer to checksum.

Every `dst_mac` left out is the mapping of a multicast destination; a unicast destination needs one.
"""

from ipaddress import IPv6Address

from p4dmm.wire.errors import need
from p4dmm.wire.ethernet import ETHERTYPE_IPV6, Ethernet, multicast_mac
from p4dmm.wire.icmp_errors import ErrorMessage
from p4dmm.wire.ipv6 import ALL_NODES, IPV6_HEADER, UNSPECIFIED, IPv6Packet, NextHeader, solicited_node
from p4dmm.wire.mac import MacAddress
from p4dmm.wire.nd import NeighborAdvertisement, NeighborSolicitation, RouterAdvertisement
from p4dmm.wire.nd_options import NdOption, Nonce, SourceLinkLayerAddress, TargetLinkLayerAddress
from p4dmm.wire.packet import Icmpv6Message, encode_icmpv6

_HOP_LIMIT = 255


def ipv6_frame(packet: IPv6Packet, *, src_mac: MacAddress, dst_mac: MacAddress | None = None) -> bytes:
    """Return a frame with any IPv6 packet."""
    return Ethernet(dst_mac or multicast_mac(packet.dst), src_mac, ETHERTYPE_IPV6, packet.encode()).encode()


def icmpv6_frame(
    message: Icmpv6Message,
    *,
    src_mac: MacAddress,
    src: IPv6Address,
    dst: IPv6Address,
    dst_mac: MacAddress | None = None,
) -> bytes:
    """Return a frame with any ICMPv6 message, hop limit 255."""
    packet = IPv6Packet(src, dst, NextHeader.ICMPV6, encode_icmpv6(message, src, dst), _HOP_LIMIT)
    return ipv6_frame(packet, src_mac=src_mac, dst_mac=dst_mac)


def router_advertisement(
    advertisement: RouterAdvertisement,
    *,
    src_mac: MacAddress,
    src: IPv6Address | None = None,
    dst: IPv6Address = ALL_NODES,
    dst_mac: MacAddress | None = None,
) -> bytes:
    """Return a frame with the advertisement as it is; `src` left out is the link-local address of `src_mac`.

    A `dst_mac` beside a multicast `dst` advertises to one node only (RFC 6085).
    """
    return icmpv6_frame(advertisement, src_mac=src_mac, src=src or src_mac.link_local(), dst=dst, dst_mac=dst_mac)


def neighbor_solicitation(
    target: IPv6Address,
    *,
    src_mac: MacAddress,
    src: IPv6Address,
    dst_mac: MacAddress | None = None,
    nonce: bytes | None = None,
) -> bytes:
    """Return a frame that asks for `target`: to its group, or, given a `dst_mac`, as a probe to the target itself.

    From :: it is duplicate address detection and carries no link-layer address (RFC 4861 s4.3, RFC 4862 s5.4.2).
    """
    options: tuple[NdOption, ...] = () if src == UNSPECIFIED else (SourceLinkLayerAddress(src_mac),)
    if nonce is not None:
        options += (Nonce(nonce),)
    dst = target if dst_mac else solicited_node(target)
    return icmpv6_frame(NeighborSolicitation(target, options), src_mac=src_mac, src=src, dst=dst, dst_mac=dst_mac)


def neighbor_advertisement(
    target: IPv6Address,
    *,
    src_mac: MacAddress,
    dst: IPv6Address = UNSPECIFIED,
    dst_mac: MacAddress | None = None,
    src: IPv6Address | None = None,
    router: bool = True,
    override: bool = True,
) -> bytes:
    """Return a frame that says `target` is at `src_mac`: the answer to the solicitation that came from `dst`.

    With `dst` ::, somebody's duplicate address detection, it goes to all nodes with S = 0 (RFC 4861 s7.2.4), and
    so does an announcement nobody asked for (s7.2.6).
    """
    solicited = dst != UNSPECIFIED
    message = NeighborAdvertisement(
        target, (TargetLinkLayerAddress(src_mac),), router=router, solicited=solicited, override=override
    )
    to, to_mac = (dst, dst_mac) if solicited else (ALL_NODES, None)
    return icmpv6_frame(message, src_mac=src_mac, src=src or target, dst=to, dst_mac=to_mac)


def icmpv6_error(error: ErrorMessage, *, src_mac: MacAddress, src: IPv6Address, dst_mac: MacAddress) -> bytes:
    """Return a frame with the error to the source of the invoking packet, trimmed to 1280 octets (RFC 4443 s2.4(c)).

    Ask `may_send_error` first.
    """
    need("invoking packet", error.invoking, IPV6_HEADER, "RFC 4443 s2.4(c)")
    dst = IPv6Address(error.invoking[8:24])
    return icmpv6_frame(error.trimmed(), src_mac=src_mac, src=src, dst=dst, dst_mac=dst_mac)

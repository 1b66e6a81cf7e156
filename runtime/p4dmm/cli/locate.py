# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Where in a captured packet the Mobility Header is: behind link headers, VLAN tags, tunnels and UDP."""

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from p4dmm.cli.capture import LINKTYPE_ETHERNET
from p4dmm.wire import IPV6_HEADER, IPv6Packet, NextHeader, WireError, upper_layer
from p4dmm.wire.errors import TruncatedError
from p4dmm.wire.home_address import checksum_addresses

ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
_VLAN_TAGS = (0x8100, 0x88A8)
_LINKTYPE_SLL, _LINKTYPE_SLL2 = 113, 276
# Octets of the link header, and where in it the ethertype stands.
_LINK_HEADERS = {LINKTYPE_ETHERNET: (14, 12), _LINKTYPE_SLL: (16, 14), _LINKTYPE_SLL2: (20, 0)}
_IPV4, _IPV6, _UDP = 4, 41, 17
# PMIPv6 signalling over IPv4: the Mobility Header is the payload, its checksum is not used (RFC 5844 s4.1.3.1).
PMIP6_CNTL_PORT = 5436
# A whole packet is the payload, perhaps behind a TLV header (RFC 5555 s5.1, RFC 5844 s4.1.3.2, RFC 5845 s7.2).
_TUNNEL_PORTS = (4191, 5437)
_TLV_HEADER = 4
_MAX_NESTING = 4


@dataclass(frozen=True, slots=True)
class Located:
    """A Mobility Header, the addresses of its checksum, the packets around the one it is in, and what is wrong there.

    Where that keeps it from being read, `is_whole` is false.
    """

    octets: bytes
    src: IPv6Address | None = None
    dst: IPv6Address | None = None
    carriers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_whole: bool = True


def in_frame(link_type: int, octets: bytes) -> Located | None:
    """Return the Mobility Header in a frame of this link type (pcap's numbers), None where there is none."""
    if link_type not in _LINK_HEADERS:
        return in_packet(octets)
    length, type_at = _LINK_HEADERS[link_type]
    ethertype = int.from_bytes(octets[type_at : type_at + 2], "big")
    octets = octets[length:]
    while ethertype in _VLAN_TAGS:
        ethertype, octets = int.from_bytes(octets[2:4], "big"), octets[4:]
    return in_packet(octets) if ethertype in {ETHERTYPE_IPV4, ETHERTYPE_IPV6} else None


def in_packet(octets: bytes, carriers: tuple[str, ...] = ()) -> Located | None:
    """Return the Mobility Header in an IP packet, None where there is none."""
    if not octets or len(carriers) > _MAX_NESTING:
        return None
    version = octets[0] >> 4
    return _in_ipv6(octets, carriers) if version == 6 else _in_ipv4(octets, carriers) if version == 4 else None


def in_octets(octets: bytes) -> Located | None:
    """Return the Mobility Header in what may be a frame, a packet or that header alone."""
    is_ipv6 = len(octets) >= IPV6_HEADER and octets[0] >> 4 == 6
    fits = is_ipv6 and int.from_bytes(octets[4:6], "big") + IPV6_HEADER == len(octets)
    ethertype = int.from_bytes(octets[12:14], "big") if len(octets) > 14 else 0
    versions = {ETHERTYPE_IPV6: 6, ETHERTYPE_IPV4: 4}
    if not fits and (ethertype in _VLAN_TAGS or (ethertype in versions and octets[14] >> 4 == versions[ethertype])):
        return in_frame(LINKTYPE_ETHERNET, octets)
    is_ipv4 = len(octets) >= 28 and octets[0] >> 4 == 4
    return in_packet(octets) if is_ipv6 or is_ipv4 else Located(octets)


def _in_ipv6(octets: bytes, carriers: tuple[str, ...]) -> Located | None:
    problems: tuple[str, ...] = ()
    try:
        packet = IPv6Packet.decode(octets)
    except TruncatedError as error:
        if len(octets) < IPV6_HEADER:
            return None
        problems = (str(error),)
        packet = IPv6Packet.decode(octets[:4] + (len(octets) - IPV6_HEADER).to_bytes(2, "big") + octets[6:])
    try:
        upper = upper_layer(packet)
    except WireError:
        return None
    match upper.next_header:
        case NextHeader.MOBILITY:
            try:
                src, dst = checksum_addresses(packet, upper)
            except WireError as error:
                return Located(upper.payload, carriers=carriers, problems=(*problems, str(error)))
            return Located(upper.payload, src, dst, carriers, problems)
        case NextHeader.FRAGMENT if upper.payload[0] == NextHeader.MOBILITY:
            offset = int.from_bytes(upper.payload[2:4], "big") & 0xFFF8
            problem = f"a fragment, of the octets from {offset} on: fragments are not put together (RFC 8200 s4.5)"
            whole = (packet.src, packet.dst, carriers, (*problems, problem))
            return Located(upper.payload[8:], *whole, is_whole=False)
        case 4 | 41:
            found = in_packet(upper.payload, (*carriers, f"IPv6 {packet.src} to {packet.dst}"))
            return found and replace(found, problems=problems + found.problems)
    return None


def _in_ipv4(octets: bytes, carriers: tuple[str, ...]) -> Located | None:
    length = (octets[0] & 15) * 4
    if length < 20 or len(octets) < length or int.from_bytes(octets[6:8], "big") & 0x1FFF:
        return None
    total = int.from_bytes(octets[2:4], "big")
    payload = octets[length : max(total, length)]
    carriers = (*carriers, f"IPv4 {IPv4Address(octets[12:16])} to {IPv4Address(octets[16:20])}")
    if octets[9] in {_IPV4, _IPV6}:
        return in_packet(payload, carriers)
    if octets[9] != _UDP or len(payload) < 8:
        return None
    source, destination, udp_length = struct.unpack_from("!HHH", payload)
    payload = payload[8 : max(udp_length, 8)]
    for port in (destination, source):
        if port == PMIP6_CNTL_PORT:
            return Located(payload, carriers=(*carriers, f"UDP port {port}"))
        if port in _TUNNEL_PORTS:
            has_tlv = payload[:1] < b"\x10" and payload[1:2] in {bytes((_IPV6,)), bytes((_IPV4,))}
            return in_packet(payload[_TLV_HEADER if has_tlv else 0 :], (*carriers, f"UDP port {port}"))
    return None

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What never leaves its link, in the model: Neighbor Discovery, MLD, DHCP and ARP."""

import struct
from ipaddress import IPv4Address, IPv6Address

from .encapsulate import ports_of
from .outcome import Drop, Outcome, Reason, Stop, dropped, punted
from .packets import ARP, HOP_BY_HOP, ICMPV6, IPV6, UDP, Ethernet, IPv6Header, Packet, icmpv6_sum
from .scopes import ALL_DHCP_AGENTS, UNSPECIFIED, is_link_local, is_multicast
from .state import Switch

NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT = 135, 136
ND_TYPES = range(133, 138)  # RFC 4861 s4: RS, RA, NS, NA, Redirect
ROUTER_SOLICITED_OVERRIDE = 0xE0000000  # RFC 4861 s4.4
TARGET_LINK_LAYER_ADDRESS = 2
DHCP_SERVER, LIMITED_BROADCAST = 67, IPv4Address("255.255.255.255")


def neighbor_discovery(switch: Switch, port: int, frame: bytes, ethernet: Ethernet, packet: Packet) -> None:
    """RFC 4861: returns where the packet is nothing of the kind."""
    header = packet.header
    assert isinstance(header, IPv6Header)
    if packet.protocol == ICMPV6 and len(packet.body) >= 4 and packet.body[0] in ND_TYPES:
        message = packet.body[: header.payload_length]
        # RFC 4861 s6.1.1, s7.1.1
        if header.hop_limit != 255 or packet.body[1] != 0:
            raise dropped(Drop.ND_INVALID)
        _answer(switch, port, ethernet, header, message, packet.body[header.payload_length :])
        raise punted(Reason.ND, port, frame)
    if header.dst == ALL_DHCP_AGENTS:
        raise punted(Reason.DHCP, port, frame)
    # RFC 3810 s5: from a link-local address or none yet, behind a hop-by-hop header with the Router Alert option
    is_on_link = is_link_local(header.src) or header.src == UNSPECIFIED
    if is_multicast(header.dst) and is_on_link and packet.protocol == HOP_BY_HOP:
        raise punted(Reason.MLD, port, frame)


def _answer(switch: Switch, port: int, ethernet: Ethernet, header: IPv6Header, message: bytes, padding: bytes) -> None:
    """RFC 4861 s7.2.4, for addresses of the router's own."""
    if message[0] != NEIGHBOR_SOLICITATION or len(message) not in {24, 32}:
        return
    if icmpv6_sum(header, message) != 0xFFFF:
        raise dropped(Drop.ND_INVALID)
    if header.src == UNSPECIFIED:
        return
    target = IPv6Address(message[8:24])
    mac = switch.router_addresses.get((port, target))
    if mac is None:
        return
    body = struct.pack("!BBHI", NEIGHBOR_ADVERTISEMENT, 0, 0, ROUTER_SOLICITED_OVERRIDE) + target.packed
    body += bytes([TARGET_LINK_LAYER_ADDRESS, 1]) + mac.to_bytes(6, "big")
    reply = IPv6Header(target, header.src, ICMPV6, len(body), 255)
    checksum = 0xFFFF - icmpv6_sum(reply, body)
    body = body[:2] + checksum.to_bytes(2, "big") + body[4:]
    sent = Ethernet(ethernet.src, mac, IPV6).encode() + reply.encode() + body + padding
    raise Stop(Outcome(((port, sent),)))


def ipv4_link(port: int, frame: bytes, packet: Packet) -> None:
    """DHCP of a client without an address, to any server (RFC 2131 s4.1)."""
    if packet.header.dst == LIMITED_BROADCAST and packet.protocol == UDP and ports_of(packet)[1] == DHCP_SERVER:
        raise punted(Reason.DHCP, port, frame)


def arp(switch: Switch, port: int, frame: bytes, ethernet: Ethernet, data: bytes) -> Stop:
    """RFC 826: requests for the router's addresses are answered, everything else is for the controller."""
    if len(data) < 28:
        return dropped(Drop.ETHERTYPE)
    kinds, operation = data[:6], int.from_bytes(data[6:8], "big")
    sender_mac, sender, target = data[8:14], data[14:18], IPv4Address(data[24:28])
    mac = switch.ipv4_router_addresses.get((port, target))
    if kinds != bytes.fromhex("000108000604"):
        return dropped(Drop.MALFORMED)
    if operation != 1 or mac is None:
        return punted(Reason.ARP, port, frame)
    answer = kinds + b"\0\2" + mac.to_bytes(6, "big") + target.packed + sender_mac + sender + data[28:]
    return Stop(Outcome(((port, Ethernet(ethernet.src, mac, ARP).encode() + answer),)))

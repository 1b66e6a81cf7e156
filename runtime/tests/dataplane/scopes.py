# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses that a router does not forward."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network

from .packets import Address

# Broadcast is to everybody on the link as well: RFC 919 s7
MULTICAST = (IPv6Network("ff00::/8"), IPv4Network("224.0.0.0/4"), IPv4Network("255.255.255.255/32"))
# RFC 4291 s2.5.6; RFC 3927
LINK_LOCAL = (IPv6Network("fe80::/10"), IPv4Network("169.254.0.0/16"))
# RFC 4291 s2.5.2, s2.5.3, s2.5.5.2; RFC 6890: this network, loopback, reserved with limited broadcast
MARTIAN = (
    IPv6Network("::/128"),
    IPv6Network("::1/128"),
    IPv6Network("::ffff:0:0/96"),
    IPv4Network("0.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("240.0.0.0/4"),
)


def is_multicast(address: Address) -> bool:
    return any(address in network for network in MULTICAST)


def is_link_local(address: Address) -> bool:
    return any(address in network for network in LINK_LOCAL)


def is_martian(address: Address) -> bool:
    return any(address in network for network in MARTIAN)


ALL_DHCP_AGENTS = IPv6Address("ff02::1:2")  # RFC 8415 s7.1
UNSPECIFIED = IPv6Address("::")

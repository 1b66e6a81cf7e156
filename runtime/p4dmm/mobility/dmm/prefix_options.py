# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Anchored Prefix and Local Prefix options (RFC 8885 sections 4.3 and 4.4), for MAAR and CMD alike. Without the
D flag they say nothing: no role accepts an update or an acknowledgement that lacks it.

The flows of sections 3.1 to 3.4 have the prefix that a MAAR anchors in Home Network Prefix options, section 4.3 has an
option of its own for it, between MAARs and CMDs. So a MAAR tells it to its CMD in both, in its updates and in its
answers as a P-MAAR; read is either, in any update or acknowledgement. What a MAAR tells another one itself (3.3), and
what a CMD sends, has it where those flows have it: in Home Network Prefix and Previous MAAR options only.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address, IPv6Network

from p4dmm.wire.mobility import (
    AnchoredPrefix,
    HomeNetworkPrefix,
    LocalPrefix,
    Message,
    MobilityOption,
    ProxyBindingAck,
    ProxyBindingUpdate,
)

_UNSPECIFIED = IPv6Address(0)


def anchored_networks(message: Message) -> tuple[IPv6Network, ...]:
    """The prefixes that a message is about, each once, without Home Network Prefix options that ask for one
    (ALL_ZERO). The message may as well be a plain gateway's, without the D flag."""
    named: list[HomeNetworkPrefix | AnchoredPrefix] = list(message.all_options(HomeNetworkPrefix))
    if isinstance(message, ProxyBindingUpdate | ProxyBindingAck) and message.dmm:
        named += message.all_options(AnchoredPrefix)
    found = (option.network for option in named)
    return tuple(dict.fromkeys(prefix for prefix in found if prefix.network_address != _UNSPECIFIED))


def local_networks(options: Iterable[MobilityOption], most: int) -> tuple[IPv6Network, ...]:
    """The networks that Local Prefix options name, each once, the first ones if there are more than `most`. What no
    host could have a route to is none."""
    found = (option.network for option in options if isinstance(option, LocalPrefix))
    return tuple(dict.fromkeys(network for network in found if _is_routable(network)))[:most]


def anchored_option(prefix: IPv6Network) -> AnchoredPrefix:
    return AnchoredPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)


def local_options(networks: Iterable[IPv6Network]) -> Iterator[LocalPrefix]:
    for network in networks:
        yield LocalPrefix(prefix_length=network.prefixlen, prefix=network.network_address)


def _is_routable(network: IPv6Network) -> bool:
    address = network.network_address
    return not (address.is_multicast or address.is_link_local or address.is_loopback or address == _UNSPECIFIED)

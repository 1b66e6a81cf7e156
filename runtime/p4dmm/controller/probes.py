# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a node is asked to find out whether it is there (RFC 4861 section 7.3)."""

from ipaddress import IPv6Address

from p4dmm.wire import (
    ALL_NODES,
    ETHERTYPE_IPV6,
    ROUTER_ALERT_OPTION,
    UNSPECIFIED,
    Ethernet,
    IPv6Packet,
    MacAddress,
    MldQuery,
    NextHeader,
    encode_icmpv6,
    neighbor_solicitation,
)


def probe_frame(router: MacAddress, mac: MacAddress, link_local: IPv6Address | None) -> bytes:
    """From the router to that node, who answers it at once."""
    if link_local is not None:
        return neighbor_solicitation(link_local, src_mac=router, src=router.link_local(), dst_mac=mac)
    return _mld_general_query(router, mac)


def _mld_general_query(router: MacAddress, mac: MacAddress) -> bytes:
    """For a node whose link-local address is not known (after a restart): its report has it as source.

    RFC 3810 section 5.1: version 2, so that the node keeps to version 2; hop limit 1, Router Alert; to this node alone.
    """
    src = router.link_local()
    # Maximum Response Delay 100 ms; S = 0, QRV 2, QQIC 125, no sources (RFC 3810 sections 5.1.7 to 5.1.10)
    query = MldQuery(UNSPECIFIED, maximum_response_delay=100, extra=bytes((2, 125, 0, 0)))
    alert = bytes((ROUTER_ALERT_OPTION, 2, 0, 0, 1, 0))
    hop_by_hop = bytes((NextHeader.ICMPV6, 0)) + alert
    payload = hop_by_hop + encode_icmpv6(query, src, ALL_NODES)
    packet = IPv6Packet(src, ALL_NODES, NextHeader.HOP_BY_HOP, payload, hop_limit=1)
    return Ethernet(mac, router, ETHERTYPE_IPV6, packet.encode()).encode()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The few addresses, ports and numbers that random states and packets are made of, so that they meet often."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

ACCESS_PORTS, CORE_PORTS, EXTERNAL_PORTS, NO_PORT = (1, 2), (3, 4), (5, 6), 9
PORTS = (*ACCESS_PORTS, *CORE_PORTS, *EXTERNAL_PORTS)

NODE_MACS = (0x02005E000101, 0x02005E000102, 0x02005E000103)
NEIGHBOR_MACS = (0x02005E000201, 0x02005E000202)
ROUTER_MACS = (0x02005E00AA01, 0x02005E00AA02)
STRANGER_MAC, GROUP_MAC = 0x02005E00FFFF, 0x333300000001

PREFIXES = tuple(map(IPv6Network, ("2001:db9:1:1::/64", "2001:db9:1:2::/64", "2001:db9:2:1::/64")))
NETWORKS = tuple(
    map(IPv6Network, ("2001:db9:3::/48", "2001:db9:3:8000::/49", "2001:db9:3:8001::/65", "2001:db9:1::/60"))
)
EXTERNAL_SUBNET, REMOTE_NETWORK = IPv6Network("2001:db8:f::/64"), IPv6Network("2001:db8:a::/48")
LOCAL, LOCAL_SID, ROUTER_LINK_LOCAL = (
    IPv6Address("2001:db8:0:1::1"),
    IPv6Address("2001:db8:0:1::d6"),
    IPv6Address("fe80::1"),
)
REMOTES = (IPv6Address("2001:db8:0:2::1"), IPv6Address("2001:db8:0:3::d6"))
CARE_OF = (EXTERNAL_SUBNET[0xC0], PREFIXES[0][0xC0], REMOTE_NETWORK[0xC0])
HOMES = (PREFIXES[0][1], PREFIXES[1][1], IPv6Address("2001:db9:9::1"), NETWORKS[0][1])
HOST = EXTERNAL_SUBNET[0x10]

LOCAL4, REMOTES4 = IPv4Address("192.0.2.1"), (IPv4Address("192.0.2.2"), IPv4Address("198.51.100.7"))
EXTERNAL_SUBNET4, REMOTE_NETWORK4 = IPv4Network("203.0.113.0/24"), IPv4Network("198.51.100.0/24")
HOMES4 = (IPv4Address("10.1.0.1"), IPv4Address("10.1.0.2"), IPv4Address("203.0.113.9"))
ROUTER4 = IPv4Address("10.1.0.254")

ADDRESSES = (
    *(prefix[offset] for prefix in PREFIXES for offset in (1, 2, 0xC0)),
    *(network[offset] for network in NETWORKS for offset in (1, 0xFFFF)),
    *(*HOMES, *CARE_OF, *REMOTES, HOST, LOCAL, LOCAL_SID),
    EXTERNAL_SUBNET[0x11],
    REMOTE_NETWORK[1],
)
ODD_ADDRESSES = tuple(
    IPv6Address(text)
    for text in (
        *("::", "::1", "fe80::1", "fe80::99", "febf::1", "fec0::1", "ff02::1", "ff02::1:2", "ff0e::1", "ff05::2"),
        *(
            "::ffff:1.2.3.4",
            "::1.2.3.4",
            "fc00::1",
            "fd00::1",
            "100::1",
            "2002:a01:1::1",
            "64:ff9b::102:304",
            "3fff::1",
        ),
    )
)
ADDRESSES4 = (*HOMES4, *REMOTES4, LOCAL4, ROUTER4, EXTERNAL_SUBNET4[7], REMOTE_NETWORK4[1], IPv4Address("8.8.8.8"))
ODD_ADDRESSES4 = tuple(
    IPv4Address(text)
    for text in (
        *("0.0.0.0", "0.1.2.3", "127.0.0.1", "169.254.1.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("100.64.0.1", "192.0.0.1", "198.18.0.1"),
    )
)

TUNNEL_IDS, FLOW_SETS, NEXT_HOPS, NEXT_HOP_GROUPS = (1, 2, 3, 4, 5), (1, 2), (1, 2, 3), (1, 2)
GRE_KEYS = (0, 7, 0xFFFFFFFF)
MTUS = (200, 1280, 1500)

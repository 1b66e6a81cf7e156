# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How routers look on a node's link."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from p4dmm.wire import MacAddress


@dataclass(frozen=True, slots=True)
class RouterIdentity:
    """A router of a node's link: a logical interface (RFC 8885 section 3.7), or that of the emulated home link
    (RFC 5213 section 6.8). The same wherever the node is."""

    mac: MacAddress
    link_local: IPv6Address

    @classmethod
    def of(cls, mac: MacAddress) -> "RouterIdentity":
        """With the link-local address that follows from the MAC address."""
        return cls(mac, mac.link_local())


PMIPV6_ROUTER = RouterIdentity(MacAddress.parse("00:00:5e:00:52:13"), IPv6Address("fe80::200:5eff:fe00:5213"))
"""Of every mobile access gateway (RFC 6543 section 4)."""

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The network around the switch under test, and the frames that pass in it.

    node, other ---- 1  2 ---- access          core ---- 3 ---- peer ---- (tunnel 7)
    correspondent -- 5     external                 ---- 4 ---- second peer (tunnel 9)

Port 6 has no role; port 7 is an access port without an MTU. Port 8 is kept for PacketTest's sentinels.
"""

from ipaddress import IPv6Address
from typing import NamedTuple

from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

ACCESS, OTHER_ACCESS, CORE, SECOND_CORE, EXTERNAL, NO_ROLE, NO_MTU, SENTINEL = range(1, 9)
PORTS = range(1, 9)
MTU = 1500
TUNNEL_MTU = 1440
MINIMUM_MTU = 1280

ROUTER = "00:00:5e:00:53:01"
ANCHOR = "00:00:5e:00:53:02"  # another switch, whose logical interface is shown here
NEXT_HOP = "00:00:5e:00:53:03"
STRANGER = "00:00:5e:00:53:99"

LOCAL = "2001:db8:ffff::1"
ROUTER_LINK_LOCAL = "fe80::1"
ANCHOR_LINK_LOCAL = "fe80::2"
CORRESPONDENT = "2001:db8:c::9"
EXTERNAL_SUBNET = "2001:db8:c::/64"
UNROUTED = "2001:db8:dead::1"

TUNNEL_PATH = 0x800000  # constants of headers.p4


class Node(NamedTuple):
    """A mobile node and the attachment that the tests give it."""

    mac: str
    address: str
    port: int
    node_id: int
    path_id: int
    link_local: str

    @property
    def prefix(self) -> int:
        return prefix(self.address)


class Peer(NamedTuple):
    """Another switch, at the far end of a tunnel."""

    address: str
    tunnel_id: int
    port: int
    mac: str

    @property
    def path_id(self) -> int:
        return TUNNEL_PATH | self.tunnel_id


NODE = Node("02:00:00:00:00:0a", "2001:db8:1:a::1", ACCESS, 10, 110, "fe80::a")
OTHER = Node("02:00:00:00:00:0b", "2001:db8:1:b::1", OTHER_ACCESS, 11, 111, "fe80::b")
PEER = Peer("2001:db8:ffff::2", 7, CORE, "00:00:5e:00:53:12")
SECOND_PEER = Peer("2001:db8:ffff::3", 9, SECOND_CORE, "00:00:5e:00:53:13")


def prefix(address: str) -> int:
    """The upper 64 bits."""
    return int(IPv6Address(address)) >> 64


def udp(src: str, dst: str, *, size: int = 100, **fields):
    """An IPv6 packet of `size` octets in all; fields are the IPv6 header's."""
    return IPv6(src=src, dst=dst, **fields) / UDP(sport=1024, dport=2048) / Raw(bytes(size - 48))


def frame(src: str, dst: str, packet):
    """The packet in a frame, built once so that every length and checksum is there."""
    return Ether(bytes(Ether(src=src, dst=dst) / packet))


def from_node(packet, node: Node = NODE):
    return frame(node.mac, ROUTER, packet)


def from_core(packet):
    return frame(NEXT_HOP, ROUTER, packet)


def to_node(packet, node: Node = NODE):
    """As delivered: one hop further, with the MACs of the binding."""
    return frame(ROUTER, node.mac, hop(packet))


def to_next_hop(packet):
    return frame(ROUTER, NEXT_HOP, hop(packet))


def hop(packet, hops: int = 1):
    """The packet behind that many routers."""
    later = packet.copy()
    later.hlim -= hops
    return later


def encapsulated(packet, peer: Peer = PEER, src: str = ROUTER, dst: str | None = None):
    """The packet as it is, in the tunnel to a peer (RFC 2473 with RFC 6040 normal mode)."""
    outer = IPv6(src=LOCAL, dst=peer.address, hlim=64, tc=packet.tc, fl=packet.fl)
    return frame(src, dst or peer.mac, outer / packet)


def from_peer(packet, peer: Peer = PEER, **fields):
    """The packet as it comes out of a peer's end of the tunnel; fields are the outer header's."""
    return from_core(IPv6(src=peer.address, dst=LOCAL, hlim=60, **fields) / packet)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The network around the switch under test, and the frames that pass in it.

    node, other ---- 1  2 ---- access          core ---- 3 ---- peer ---- (tunnel 7)
    correspondent -- 5     external                 ---- 4 ---- second peer (tunnel 9)

Port 6 has no role; port 7 is an access port without an MTU. Port 8 is kept for PacketTest's sentinels.
"""

from ipaddress import IPv6Address, ip_address
from struct import pack
from typing import NamedTuple

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Ether
from scapy.layers.sctp import SCTP
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
LOCAL_IPV4 = "192.0.2.1"
ROUTER_LINK_LOCAL = "fe80::1"
ANCHOR_LINK_LOCAL = "fe80::2"
CORRESPONDENT = "2001:db8:c::9"
EXTERNAL_SUBNET = "2001:db8:c::/64"
CORRESPONDENT_IPV4 = "198.51.100.9"
EXTERNAL_SUBNET_IPV4 = "198.51.100.0/24"
UNROUTED = "2001:db8:dead::1"

EXTERNAL_PATH = 0x400000  # constants of headers.p4
TUNNEL_PATH = 0x800000
GRE_PATH = 0xC00000

PROTO_IPV4, PROTO_UDP, PROTO_IPV6, PROTO_GRE = 4, 17, 41, 47
ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
UDP_DSMIPV6, UDP_PMIP6 = 4191, 5437  # RFC 5555 s4.1, RFC 5844 s4
TUNNEL_HOP_LIMIT = 64
HEADERS = {  # octets between outer header and packet, without a GRE key
    "ENCAPSULATION_IP": 0,
    "ENCAPSULATION_GRE": 4,
    "ENCAPSULATION_UDP": 8,
    "ENCAPSULATION_UDP_TLV": 12,
    "ENCAPSULATION_UDP_TLV_GRE": 16,
}


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
    """The far end of a tunnel, as a rule another switch; without a key of its own the tunnel has those of bindings."""

    address: str
    tunnel_id: int
    port: int
    mac: str
    local: str = LOCAL
    encapsulation: str = "ENCAPSULATION_IP"
    local_port: int = 0
    remote_port: int = 0
    gre_key: int | None = None

    @property
    def path_id(self) -> int:
        return TUNNEL_PATH | self.tunnel_id

    @property
    def is_ipv4(self) -> bool:
        return ip_address(self.address).version == 4

    def overhead(self, gre_key: int | None = None) -> int:
        """Octets that the tunnel puts before a packet."""
        keyed = "GRE" in self.encapsulation and (self.gre_key is not None or gre_key is not None)
        return (20 if self.is_ipv4 else 40) + HEADERS[self.encapsulation] + 4 * keyed


NODE = Node("02:00:00:00:00:0a", "2001:db8:1:a::1", ACCESS, 10, 110, "fe80::a")
NODE_IPV4 = NODE._replace(address="203.0.113.10")
OTHER = Node("02:00:00:00:00:0b", "2001:db8:1:b::1", OTHER_ACCESS, 11, 111, "fe80::b")
OTHER_IPV4 = OTHER._replace(address="203.0.113.11")
PEER = Peer("2001:db8:ffff::2", 7, CORE, "00:00:5e:00:53:12")
SECOND_PEER = Peer("2001:db8:ffff::3", 9, SECOND_CORE, "00:00:5e:00:53:13")
PEER_IPV4 = PEER._replace(address="192.0.2.2", local=LOCAL_IPV4, tunnel_id=17)
SECOND_PEER_IPV4 = SECOND_PEER._replace(address="192.0.2.3", local=LOCAL_IPV4, tunnel_id=19)


def prefix(address: str) -> int:
    """The upper 64 bits."""
    return int(IPv6Address(address)) >> 64


def udp(src: str, dst: str, *, size: int = 100, **fields):
    """An IPv6 packet of `size` octets in all; fields are the IPv6 header's."""
    return IPv6(src=src, dst=dst, **fields) / UDP(sport=1024, dport=2048) / Raw(bytes(size - 48))


def udp4(src: str, dst: str, *, size: int = 100, **fields):
    """The same of IPv4."""
    return IP(src=src, dst=dst, **fields) / UDP(sport=1024, dport=2048) / Raw(bytes(size - 28))


def is_ipv4(packet) -> bool:
    return bytes(packet)[0] >> 4 == 4


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
    if isinstance(later, IP):
        later.ttl -= hops
        del later.chksum
    else:
        later.hlim -= hops
    return later


def traffic_class(packet) -> int:
    """DSCP and ECN."""
    octets = bytes(packet)
    return octets[1] if is_ipv4(packet) else (octets[0] << 4 | octets[1] >> 4) & 0xFF


def crc16(octets: bytes) -> int:
    """CRC-16/ARC: polynomial 0x8005, both ways reflected, nothing added."""
    crc = 0
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def flow_label(packet) -> int:
    """The outer flow label: the packet's own, or one made of what tells its flow apart (RFC 6438 s3.1)."""
    octets = bytes(packet)
    fragmented = is_ipv4(packet) and (packet.frag or "MF" in packet.flags)
    ports = bytes(packet.payload)[:4] if isinstance(packet.payload, UDP | TCP | SCTP) and not fragmented else bytes(4)
    if is_ipv4(packet):
        return 0x10000 | crc16(octets[12:20] + octets[9:10] + ports)
    if packet.fl:
        return packet.fl
    # addresses, flow label of 20 bits, next header, ports, 4 bits of padding
    key = int.from_bytes(octets[8:40], "big") << 64 | octets[6] << 36 | int.from_bytes(ports, "big") << 4
    return 0x10000 | crc16(key.to_bytes(40, "big"))


def tunnel_protocol(peer: Peer, inner: int = PROTO_IPV6) -> int:
    """What the outer header names as next."""
    if "UDP" in peer.encapsulation:
        return PROTO_UDP
    return PROTO_GRE if "GRE" in peer.encapsulation else inner


def tunnel_payload(packet, encapsulation: str, *, gre_key: int | None = None, sport: int = 0, dport: int = 0):
    """The packet with all that goes before it in a tunnel except for the outer IP header, as a layer of scapy."""
    ethertype, protocol = (ETHERTYPE_IPV4, PROTO_IPV4) if is_ipv4(packet) else (ETHERTYPE_IPV6, PROTO_IPV6)
    payload = packet
    if "GRE" in encapsulation:
        keyed = {} if gre_key is None else {"key_present": 1, "key": gre_key}
        payload = GRE(proto=ethertype, **keyed) / packet
        protocol = PROTO_GRE
    if "TLV" in encapsulation:  # RFC 5845 s7.2: type 0, reserved, next header, length of what follows
        payload = Raw(pack("!BBH", 0, protocol, len(bytes(payload)))) / payload
    if "UDP" in encapsulation:
        payload = UDP(sport=sport, dport=dport, chksum=0) / payload
    return payload


def encapsulated(
    packet, peer: Peer = PEER, src: str = ROUTER, dst: str | None = None, *, gre_key: int | None = None, **fields
):
    """The packet as it is, in the tunnel to a peer (RFC 2473, RFC 2003; RFC 6040 normal mode); fields are the outer
    header's, where it differs."""
    ports = {"sport": peer.local_port, "dport": peer.remote_port}
    key = gre_key if peer.gre_key is None else peer.gre_key
    protocol = tunnel_protocol(peer, PROTO_IPV4 if is_ipv4(packet) else PROTO_IPV6)
    outer = {"src": peer.local, "dst": peer.address}
    if peer.is_ipv4:
        outer |= {"ttl": TUNNEL_HOP_LIMIT, "tos": traffic_class(packet), "flags": "DF", "id": 0, "proto": protocol}
        header = IP(**outer | fields)
    else:
        outer |= {"hlim": TUNNEL_HOP_LIMIT, "tc": traffic_class(packet), "fl": flow_label(packet), "nh": protocol}
        header = IPv6(**outer | fields)
    return frame(src, dst or peer.mac, header / tunnel_payload(packet, peer.encapsulation, gre_key=key, **ports))


def from_peer(packet, peer: Peer = PEER, *, gre_key: int | None = None, **fields):
    """The packet as it comes out of a peer's end of the tunnel; fields are the outer header's."""
    ports = {"sport": peer.remote_port, "dport": peer.local_port}
    payload = tunnel_payload(packet, peer.encapsulation, gre_key=gre_key, **ports)
    outer = {"src": peer.address, "dst": peer.local}
    protocol = tunnel_protocol(peer, PROTO_IPV4 if is_ipv4(packet) else PROTO_IPV6)
    if peer.is_ipv4:
        return from_core(IP(**{"ttl": 60, "proto": protocol} | outer | fields) / payload)
    return from_core(IPv6(**{"hlim": 60, "nh": protocol} | outer | fields) / payload)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One peer for each way to put a packet into a tunnel. All of them have the same two addresses in each family."""

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6

from frames import (
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    NODE,
    NODE_IPV4,
    PEER,
    PEER_IPV4,
    UDP_DSMIPV6,
    UDP_PMIP6,
    from_core,
    tunnel_payload,
    udp,
    udp4,
)

GRE_PEER = PEER._replace(tunnel_id=21, encapsulation="ENCAPSULATION_GRE")
GRE_PEER_IPV4 = PEER_IPV4._replace(tunnel_id=22, encapsulation="ENCAPSULATION_GRE")
UDP_PEER = PEER_IPV4._replace(
    tunnel_id=23, encapsulation="ENCAPSULATION_UDP", local_port=UDP_PMIP6, remote_port=UDP_PMIP6
)
NAT_PEER = UDP_PEER._replace(tunnel_id=24, local_port=UDP_DSMIPV6, remote_port=40001)
TLV_PEER = UDP_PEER._replace(tunnel_id=25, encapsulation="ENCAPSULATION_UDP_TLV")
TLV_GRE_PEER = UDP_PEER._replace(tunnel_id=26, encapsulation="ENCAPSULATION_UDP_TLV_GRE")

GRE_PEERS = (GRE_PEER, GRE_PEER_IPV4, TLV_GRE_PEER)
EVERY_PEER = (PEER, PEER_IPV4, UDP_PEER, NAT_PEER, TLV_PEER, *GRE_PEERS)

DOWNLINK, DOWNLINK_IPV4 = udp(CORRESPONDENT, NODE.address), udp4(CORRESPONDENT_IPV4, NODE_IPV4.address)
UPLINK, UPLINK_IPV4 = udp(NODE.address, CORRESPONDENT), udp4(NODE_IPV4.address, CORRESPONDENT_IPV4)


def outer(peer, protocol, payload, **fields):
    """A frame from a peer, of which only the outer IP header is made here."""
    if peer.is_ipv4:
        return from_core(IP(**{"src": peer.address, "dst": peer.local, "proto": protocol} | fields) / payload)
    return from_core(IPv6(**{"src": peer.address, "dst": peer.local, "nh": protocol} | fields) / payload)


def udp_payload(packet, peer, **fields):
    """The UDP datagram that a peer's end puts a packet in; fields are the UDP header's."""
    payload = tunnel_payload(packet, peer.encapsulation, sport=peer.remote_port, dport=peer.local_port)
    for name, value in fields.items():
        setattr(payload, name, value)
    return payload

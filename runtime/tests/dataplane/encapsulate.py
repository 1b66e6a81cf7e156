# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The model's tunnels: what is put around a packet, and what is taken off one."""

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from .outcome import Drop, dropped
from .packets import (
    GRE,
    IPIP,
    IPV4,
    IPV6,
    IPV6_IN_IP,
    SCTP,
    TCP,
    UDP,
    IPv4Header,
    IPv6Header,
    Packet,
    crc16_arc,
    decode_ipv4,
    decode_ipv6,
    version,
)
from .state import Encapsulation, Tunnel

TUNNEL_HOP_LIMIT = 64  # RFC 2473 s6.3
GRE_PLAIN, GRE_KEYED = 0x0000, 0x2000  # RFC 2784 s2.1, RFC 2890 s2
DATA_PORTS = (4191, 5437)  # RFC 5555 s4.1, RFC 5844 s4
NOT_ECT, ECT_1, ECT_0, CE = 0, 1, 2, 3  # RFC 3168 s5


def ports_of(packet: Packet) -> tuple[int, int]:
    """0 unless they follow the base header (README: nothing is read behind extension headers or in fragments)."""
    if packet.protocol in {TCP, UDP, SCTP} and len(packet.payload) >= 4:
        source, destination = struct.unpack_from("!HH", packet.payload)
        return source, destination
    return 0, 0


def flow_label(packet: Packet) -> int:
    """RFC 6438 s3: the label of the packet, or else a hash of its flow that is never 0."""
    header = packet.header
    ports = ports_of(packet)
    ends = header.src.packed + header.dst.packed
    if isinstance(header, IPv6Header):
        if header.flow_label:
            return header.flow_label
        fields = header.flow_label << 44 | header.next_header << 36 | ports[0] << 20 | ports[1] << 4
        return 0x10000 | crc16_arc(ends + fields.to_bytes(8, "big"))
    return 0x10000 | crc16_arc(ends + struct.pack("!BHH", header.protocol, *ports))


def encapsulated(packet: Packet, tunnel: Tunnel, key: int | None, label: int) -> Packet:
    """RFC 2473 s3.1, 5555 s4, 5844 s4, 5845 s7; `key` is that of the binding; a tunnel's own goes before."""
    inner = IPV6_IN_IP if packet.is_ipv6 else IPIP
    between, length, protocol = b"", packet.length, inner
    if tunnel.encapsulation in {Encapsulation.GRE, Encapsulation.UDP_TLV_GRE}:
        chosen = key if tunnel.key is None else tunnel.key
        between = struct.pack("!HH", GRE_PLAIN if chosen is None else GRE_KEYED, packet.ethertype)
        between += b"" if chosen is None else chosen.to_bytes(4, "big")
        length, protocol = length + len(between), GRE
    if tunnel.encapsulation in {Encapsulation.UDP_TLV, Encapsulation.UDP_TLV_GRE}:
        between, length = struct.pack("!BBH", 0, protocol, length) + between, length + 4  # RFC 5845 s7.2
    if tunnel.encapsulation >= Encapsulation.UDP:
        udp = struct.pack("!HHHH", tunnel.local_port, tunnel.remote_port, length + 8, 0)
        between, length, protocol = udp + between, length + 8, UDP
    body = between + packet.encode()
    dscp, ecn = packet.header.dscp, packet.header.ecn  # RFC 2473 s6.4, RFC 6040 s4.1 normal mode
    if isinstance(tunnel.local, IPv6Address):
        assert isinstance(tunnel.remote, IPv6Address)
        ends6 = tunnel.local, tunnel.remote
        return Packet(IPv6Header(*ends6, protocol, length, TUNNEL_HOP_LIMIT, dscp, ecn, label), body)
    assert isinstance(tunnel.remote, IPv4Address)
    ends4 = tunnel.local, tunnel.remote
    header = IPv4Header(*ends4, protocol, 20 + length, TUNNEL_HOP_LIMIT, dscp, ecn, flags=2)  # DF: RFC 1853 s3.1
    return Packet(header.checked(), body)


@dataclass(frozen=True)
class Contents:
    """What a packet has inside if it is of a tunnel; `consistent` if all lengths agree."""

    packet: Packet
    protocol: int
    """Next header of the outer header."""
    encapsulation: Encapsulation
    gre_key: int | None
    remote_port: int
    local_port: int
    consistent: bool
    sound: bool
    """RFC 1812 s5.2.2: version and least lengths of an IPv4 header inside; that it has room for its options is not
    looked at there."""


def contents(outer: Packet) -> Contents | None:
    """None if there is nothing that looks like a packet in a tunnel, or it is cut, or not readable."""
    protocol, data, room = outer.protocol, outer.payload, outer.length - (40 if outer.is_ipv6 else 20)
    if protocol == UDP and not outer.is_ipv6:
        return _in_udp(data, room)
    encapsulation = Encapsulation.GRE if protocol == GRE else Encapsulation.IP
    found = _in_ip(protocol, data, room)
    if found is None:
        return None
    packet, key, fits, sound = found
    return Contents(packet, protocol, encapsulation, key, 0, 0, fits, sound)


def _in_udp(data: bytes, room: int) -> Contents | None:
    if len(data) < 9:
        return None
    remote_port, local_port, length, _ = struct.unpack_from("!HHHH", data)
    if local_port not in DATA_PORTS:
        return None
    consistent = length == room
    inside, room = data[8:], length - 8
    nibble = inside[0] >> 4
    if nibble in {4, 6}:
        found = _in_ip(IPV6_IN_IP if nibble == 6 else IPIP, inside, room)
        encapsulation = Encapsulation.UDP
    else:
        if nibble or len(inside) < 4:
            return None
        _, protocol, length = struct.unpack_from("!BBH", inside)
        consistent &= length == room - 4  # RFC 5845 s7.1: what is not equal is discarded
        found = _in_ip(protocol, inside[4:], length)
        encapsulation = Encapsulation.UDP_TLV_GRE if protocol == GRE else Encapsulation.UDP_TLV
    if found is None:
        return None
    packet, key, fits, sound = found
    return Contents(packet, UDP, encapsulation, key, remote_port, local_port, consistent and fits, sound)


def _in_ip(protocol: int, data: bytes, room: int) -> tuple[Packet, int | None, bool, bool] | None:
    """The packet, its GRE key, whether it fits and whether its header is sound."""
    key = None
    if protocol == GRE:
        if len(data) < 4:
            return None
        flags, ethertype = struct.unpack_from("!HH", data)
        if flags not in {GRE_PLAIN, GRE_KEYED} or (flags == GRE_KEYED and len(data) < 8):
            return None
        size = 8 if flags == GRE_KEYED else 4
        if flags == GRE_KEYED:
            key = int.from_bytes(data[4:8], "big")
        protocol = {IPV6: IPV6_IN_IP, IPV4: IPIP}.get(ethertype, 0)
        data, room = data[size:], room - size
    decode = {IPV6_IN_IP: decode_ipv6, IPIP: decode_ipv4}.get(protocol)
    inner = decode and decode(data)
    if not inner:
        return None
    header = inner.header
    sound = version(data) == (6 if inner.is_ipv6 else 4)
    if isinstance(header, IPv4Header):
        sound &= header.ihl >= 5 and header.total_length >= 20
    return inner, key, inner.length <= room, sound


def with_outer_ecn(inner: Packet, outer_ecn: int) -> Packet:
    """RFC 6040 s4.2, figure 4."""
    ecn = inner.header.ecn
    if outer_ecn == CE:
        if ecn == NOT_ECT:
            raise dropped(Drop.TUNNEL_ECN)
        ecn = CE
    elif outer_ecn == ECT_1 and ecn == ECT_0:
        ecn = ECT_1
    return changed(inner, ecn=ecn)


def changed(packet: Packet, **fields: int) -> Packet:
    """Other fields of the base header. IPv4's checksum is carried on (RFC 1624): a wrong one stays wrong."""
    header = packet.header
    if isinstance(header, IPv6Header):
        return replace(packet, header=replace(header, **fields))  # type: ignore[arg-type]
    new = replace(header, **fields)  # type: ignore[arg-type]
    delta = 0xFFFF - header.checksum
    before = struct.unpack("!10H", replace(header, checksum=0).encode())
    after = struct.unpack("!10H", replace(new, checksum=0).encode())
    for old, word in zip(before, after, strict=True):
        if old != word:
            delta += (0xFFFF - old) + word
    while delta >> 16:
        delta = (delta & 0xFFFF) + (delta >> 16)
    return replace(packet, header=replace(new, checksum=0xFFFF - delta))

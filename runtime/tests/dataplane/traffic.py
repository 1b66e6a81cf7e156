# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random frames for a state: mostly such as its rows are for, at the edges of what they allow, and broken ones."""

import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from random import Random

from . import state as s
from . import universe as u
from .encapsulate import encapsulated, flow_label
from .packets import (
    AH,
    ARP,
    DESTINATION_OPTIONS,
    ESP,
    FRAGMENT,
    HOP_BY_HOP,
    ICMPV6,
    IPIP,
    IPV4,
    IPV6,
    IPV6_IN_IP,
    LINK_PROBE,
    MOBILITY,
    NO_NEXT_HEADER,
    ROUTING,
    SCTP,
    TCP,
    UDP,
    Ethernet,
    IPv4Header,
    IPv6Header,
    Packet,
    icmpv6_sum,
)

ICMPV4, DCCP = 1, 33
HOP_LIMITS = (*(64,) * 12, 255, 2, 1, 0)
DATA_PORTS = (4191, 5436, 5437, 67, 68, 546, 547)


def random_frame(random: Random, switch: s.Switch) -> tuple[int, bytes]:
    """(port, frame)"""
    make = random.choices((_native, _tunnelled, _first_update, _on_link), (8, 8, 1, 3))[0]
    port, frame = make(random, switch)
    if random.random() < 0.12:
        frame = _broken(random, frame)
    if random.random() < 0.06:
        mode = random.choice((0, 1, 2, 2, 3))
        return s.CPU_PORT, random.choice((port, u.NO_PORT, 600)).to_bytes(2, "big") + bytes([mode]) + frame
    return (random.choice((*u.PORTS, u.NO_PORT)) if random.random() < 0.04 else port), frame


def _framed(random: Random, switch: s.Switch, port: int, packet: Packet) -> bytes:
    nodes = [mac for at, mac in switch.attachments if at == port] or list(u.NODE_MACS)
    source = random.choice(nodes) if port in u.ACCESS_PORTS else random.choice(u.NEIGHBOR_MACS)
    destination = u.ROUTER_MACS[0]
    if random.random() < 0.03:
        source = random.choice((*u.NODE_MACS, u.STRANGER_MAC, u.GROUP_MAC))
    if random.random() < 0.03:
        destination = random.choice((u.ROUTER_MACS[1], u.STRANGER_MAC, u.GROUP_MAC))
    ethertype = packet.ethertype if random.random() < 0.98 else random.choice((IPV4, IPV6, 0x8100, 0x88B6, 5))
    padding = bytes(random.choice((0, 0, 0, 1, 6)))
    return Ethernet(destination, source, ethertype).encode() + packet.encode() + padding


# Packets


def _native(random: Random, switch: s.Switch) -> tuple[int, bytes]:
    port = random.choice(u.PORTS)
    path = 0
    if port in u.EXTERNAL_PORTS:
        path = s.EXTERNAL_PATH | port
    elif port in u.ACCESS_PORTS:
        here = [node.path_id for (at, _), node in switch.attachments.items() if at == port]
        path = random.choice(here) if here else 0
    packet = _packet(random, switch, path)
    return port, _framed(random, switch, port, packet)


def _packet(random: Random, switch: s.Switch, path: int) -> Packet:
    if random.random() < 0.7:
        return _packet6(random, _source(random, switch, path), _destination(random, switch))
    bound = list(switch.ipv4_bindings)
    destination = random.choice(bound) if bound and random.random() < 0.4 else _any4(random)
    return _packet4(random, _source4(random, switch, path), destination)


def _any(random: Random, usual: tuple[IPv6Address, ...], odd: tuple[IPv6Address, ...]) -> IPv6Address:
    return random.choice(odd if random.random() < 0.06 else usual)


def _destination(random: Random, switch: s.Switch) -> IPv6Address:
    kinds = (
        list(switch.address_bindings),
        [prefix[offset] for prefix in switch.prefix_bindings for offset in (1, 2)],
        [network[1] for network in switch.network_bindings],
    )
    bound = random.choice(kinds)
    return random.choice(bound) if bound and random.random() < 0.6 else _any(random, u.ADDRESSES, u.ODD_ADDRESSES)


def _any4(random: Random) -> IPv4Address:
    return random.choice(u.ODD_ADDRESSES4 if random.random() < 0.06 else u.ADDRESSES4)


def _source(random: Random, switch: s.Switch, path: int) -> IPv6Address:
    bound = [
        *(address for address, at in switch.address_sources if at == path),
        *(prefix[1] for prefix, at in switch.prefix_sources if at == path),
        *(network[1] for network, at in switch.network_sources if at == path),
        *((u.HOST, u.CARE_OF[0]) if path & ~0xFF == s.EXTERNAL_PATH else ()),
    ]
    if bound and random.random() < 0.9:
        return random.choice(bound)
    return _any(random, u.ADDRESSES, u.ODD_ADDRESSES)


def _source4(random: Random, switch: s.Switch, path: int) -> IPv4Address:
    bound = [address for address, at in switch.ipv4_sources if at == path]
    bound += [u.EXTERNAL_SUBNET4[7]] if path & ~0xFF == s.EXTERNAL_PATH else []
    return random.choice(bound) if bound and random.random() < 0.9 else _any4(random)


def _packet6(random: Random, src: IPv6Address, dst: IPv6Address) -> Packet:
    protocol, body = _payload(random)
    body += bytes(_to_fill(random, 40 + len(body)))
    header = IPv6Header(
        src,
        dst,
        protocol,
        _length(random, len(body)),
        random.choice(HOP_LIMITS),
        random.choice((0, 46, 63)),
        random.choice((0, 1, 2, 3)),
        random.choice((0, 0, 0x12345, 0xFFFFF)),
    )
    return Packet(header, body)


def _packet4(random: Random, src: IPv4Address, dst: IPv4Address) -> Packet:
    protocol, body = _payload(random)
    options = random.choice((b"", b"", b"", b"", b"\x94\x04\0\0", bytes(40)))
    body += bytes(_to_fill(random, 20 + len(options) + len(body)))
    header = IPv4Header(
        src,
        dst,
        protocol,
        _length(random, 20 + len(options) + len(body)),
        random.choice(HOP_LIMITS),
        random.choice((0, 46, 63)),
        random.choice((0, 1, 2, 3)),
        5 + len(options) // 4 if random.random() < 0.98 else random.choice((0, 4, 15)),
        random.choice((0, 0xFFFF)),
        random.choice((0, 2, 2, 1, 4)),
        random.choice((0, 0, 0, 0, 1, 0x1FFF)),
    ).checked(options)
    if random.random() < 0.03:
        header = replace(header, checksum=header.checksum ^ random.choice((1, 0x8000, 0xFFFF)))
    return Packet(header, options + body)


def _length(random: Random, right: int) -> int:
    if random.random() < 0.96:
        return right
    return max(0, random.choice((0, right - 1, right + 1, right - 8, 0xFF00)))


def _to_fill(random: Random, length: int) -> int:
    """What is missing to just fit an MTU, or just not."""
    if random.random() < 0.8:
        return 0
    wanted = random.choice(u.MTUS) + random.choice((0, 1, -24, -23))
    return max(0, wanted - length)


def _payload(random: Random) -> tuple[int, bytes]:
    """A next header and what it announces."""
    filling = bytes(random.choice((0, 12, 12, 100)))
    ports = struct.pack("!HH", random.choice((1000, 2001, 0, *DATA_PORTS)), random.choice((80, 443, 0, *DATA_PORTS)))
    udp = struct.pack("!HH", _length(random, 8 + len(filling)), 0)
    kinds: list[tuple[int, bytes]] = [
        (UDP, ports + udp + filling),
        (UDP, ports + udp + filling),
        (TCP, ports + bytes(16) + filling),
        (SCTP, ports + bytes(8) + filling),
        (DCCP, ports + filling),
        (ESP, struct.pack("!II", random.choice((0x1000, 5)), 1) + filling),
        (AH, struct.pack("!BBHII", UDP, 1, 0, random.choice((0x1000, 5)), 1) + ports + udp + filling),
        (ICMPV4, b"\x08\0\0\0" + filling),
        (ICMPV6, bytes([random.choice((1, 128, 129, 130, 133, 134, 135, 136, 137, 143))]) + bytes(3) + filling),
        (MOBILITY, b"\x3b\x01\x05" + bytes(13) + filling),
        (FRAGMENT, struct.pack("!BBHI", UDP, 0, random.choice((1, 8)), 7) + ports + udp + filling),
        (HOP_BY_HOP, b"\x11\0\x05\x02\0\0\1\0" + ports + udp + filling),
        (ROUTING, bytes([UDP, 2, 2, random.choice((0, 1))]) + bytes(4) + random.choice(u.HOMES).packed + filling),
        (NO_NEXT_HEADER, filling),
        (
            random.choice((IPV6_IN_IP, IPIP, 47)),
            random.choice((bytes(4), b"", b"\x45" + bytes(19), b"\x60" + bytes(39))),
        ),
        *(_home_address(random, ports + udp + filling) for _ in range(3)),
    ]
    return random.choice(kinds)


def _home_address(random: Random, rest: bytes) -> tuple[int, bytes]:
    """RFC 6275 s6.3; sometimes of another shape."""
    following = random.choice((UDP, UDP, TCP, SCTP, ESP, AH, MOBILITY, NO_NEXT_HEADER, FRAGMENT))
    shape = b"\2\1\2\0\0\xc9\x10"
    if random.random() < 0.3:
        shape = random.choice((b"\2\1\2\1\0\xc9\x10", b"\3\1\2\0\0\xc9\x10", b"\2\0\0\0\0\xc9\x10"))
    return DESTINATION_OPTIONS, bytes([following]) + shape + random.choice(u.HOMES).packed + rest


def _tunnelled(random: Random, switch: s.Switch) -> tuple[int, bytes]:
    """From the other end of a tunnel."""
    number = random.choice(u.TUNNEL_IDS)
    tunnel = switch.tunnels.get(number)
    if tunnel is None:
        return _native(random, switch)
    key = random.choice((None, *u.GRE_KEYS))
    path = s.TUNNEL_PATH | number
    if key is not None and (number, key) in switch.sessions:
        path = switch.sessions[number, key].path_id
    inner = _packet(random, switch, path)
    if random.random() < 0.3:
        inner = _expected(random, switch, inner, path)
    back = replace(
        tunnel,
        local=tunnel.remote,
        remote=tunnel.local,
        key=None,
        local_port=tunnel.remote_port,
        remote_port=tunnel.local_port,
    )
    if random.random() < 0.04 and isinstance(tunnel.local, IPv4Address):
        back = replace(back, encapsulation=random.choice(tuple(s.Encapsulation)))
    outer = encapsulated(inner, back, key, flow_label(inner))
    outer = _odd_outer(random, outer)
    ways = [peer.path_id for peer, to in switch.peers.items() if to.tunnel_id == number]
    ways += [peer.path_id for peer, to in switch.ipv4_peers.items() if to.tunnel_id == number]
    port = _port_of(random, switch, ways[0] if ways and random.random() < 0.95 else 0)
    return port, _framed(random, switch, port, outer)


def _first_update(random: Random, switch: s.Switch) -> tuple[int, bytes]:
    """RFC 5555 s4.2: IPv4, UDP and IPv6 around a Binding Update, from a care-of address maybe not known yet."""
    port = random.choice((*u.CORE_PORTS, *u.EXTERNAL_PORTS))
    source = u.EXTERNAL_SUBNET4[7] if port in u.EXTERNAL_PORTS else random.choice(u.REMOTES4)
    kind = random.choice((MOBILITY, MOBILITY, ESP, DESTINATION_OPTIONS, UDP, ICMPV6))
    addresses = random.choice(u.HOMES), random.choice((u.LOCAL, u.HOST))
    inner = Packet(IPv6Header(*addresses, kind, 24), b"\x3b\2\5" + bytes(21))
    ports = random.choice((4191, 4191, 5437, 5436)), random.choice((4191, 40000, 5437))
    around = s.Tunnel(source, u.LOCAL4, s.Encapsulation.UDP, None, 0, 0, ports[1], ports[0])
    return port, _framed(random, switch, port, encapsulated(inner, around, None, 0))


def _expected(random: Random, switch: s.Switch, inner: Packet, path: int) -> Packet:
    header = inner.header
    if isinstance(header, IPv6Header):
        rows = [*switch.path_bindings, *switch.network_path_bindings]
        nets = [net for net, at in rows if at == path]
        return Packet(replace(header, dst=random.choice(nets)[1]), inner.body) if nets else inner
    ipv4 = [address for address, at in switch.ipv4_path_bindings if at == path]
    if not ipv4:
        return inner
    options = inner.body[: header.ihl * 4 - 20]
    return Packet(replace(header, dst=random.choice(ipv4)).checked(options), inner.body)


def _odd_outer(random: Random, outer: Packet) -> Packet:
    header = outer.header
    if random.random() > 0.25:
        return outer
    if isinstance(header, IPv6Header):
        length = _length(random, header.payload_length)
        return Packet(replace(header, ecn=random.choice((0, 1, 2, 3)), payload_length=length), outer.body)
    new = replace(
        header,
        ecn=random.choice((0, 1, 2, 3)),
        total_length=_length(random, header.total_length),
        flags=random.choice((2, 2, 0, 1)),
        offset=random.choice((0, 0, 0, 3)),
    )
    return Packet(new.checked(), outer.body)


def _port_of(random: Random, switch: s.Switch, path: int) -> int:
    if path & ~0xFF == s.EXTERNAL_PATH:
        return path & 0xFF
    here = [port for (port, _), node in switch.attachments.items() if node.path_id == path]
    return here[0] if path and here else random.choice(u.CORE_PORTS)


# Of link scope


def _on_link(random: Random, switch: s.Switch) -> tuple[int, bytes]:
    port = random.choice(u.PORTS)
    source = random.choice((IPv6Address("fe80::99"), IPv6Address("::"), u.HOST, u.PREFIXES[0][1]))
    kind = random.choice(("ns", "ns", "ns", "nd", "mld", "dhcp", "dhcp4", "arp", "arp", "probe"))
    if kind == "probe":
        return port, Ethernet(u.ROUTER_MACS[0], random.choice(u.NEIGHBOR_MACS), LINK_PROBE).encode() + bytes(46)
    if kind == "arp":
        return port, _ethernet(random, switch, port, ARP) + _arp(random)
    if kind == "dhcp4":
        header = IPv4Header(IPv4Address(0), IPv4Address("255.255.255.255"), UDP, 48).checked()
        packet = Packet(header, struct.pack("!HHHH", 68, random.choice((67, 68)), 28, 0) + bytes(20))
    elif kind == "dhcp":
        ports = struct.pack("!HHHH", 546, random.choice((547, 547, 546)), 28, 0)
        packet = Packet(IPv6Header(source, IPv6Address("ff02::1:2"), UDP, 28), ports + bytes(20))
    elif kind == "mld":
        body = b"\x3a\0\x05\x02\0\0\1\0" + bytes([random.choice((130, 131, 132, 143))]) + bytes(27)
        group = IPv6Address(random.choice(("ff02::16", "ff02::1:ff00:1", "ff05::1")))
        packet = Packet(IPv6Header(source, group, HOP_BY_HOP, len(body), 1), body)
    else:
        packet = _neighbor(random, source, 135 if kind == "ns" else random.choice((133, 134, 136, 137)))
    return port, _ethernet(random, switch, port, packet.ethertype) + packet.encode() + bytes(random.choice((0, 0, 6)))


def _ethernet(random: Random, switch: s.Switch, port: int, ethertype: int) -> bytes:
    """Of a sender there, to everybody or the router."""
    frame = _framed(random, switch, port, Packet(IPv6Header(u.HOST, u.HOST, 59, 0), b""))
    destination = random.choice((u.GROUP_MAC, u.ROUTER_MACS[0], 0xFFFFFFFFFFFF))
    return destination.to_bytes(6, "big") + frame[6:12] + ethertype.to_bytes(2, "big")


def _neighbor(random: Random, source: IPv6Address, kind: int) -> Packet:
    target = random.choice((u.ROUTER_LINK_LOCAL, u.ROUTER_LINK_LOCAL, u.HOST))
    destination = random.choice((target, IPv6Address("ff02::1:ff00:1"), IPv6Address("ff02::2")))
    option = random.choice(
        (b"", b"\1\1" + u.NODE_MACS[0].to_bytes(6, "big"), b"\1\1" + bytes(6) + b"\x0e\1" + bytes(6))
    )
    code = 0 if random.random() < 0.95 else 1
    message = bytes([kind, code, 0, 0]) + bytes(4) + (b"" if kind == 133 else target.packed) + option
    limit = 255 if random.random() < 0.95 else 64
    header = IPv6Header(source, destination, ICMPV6, len(message), limit, flow_label=random.choice((0, 5)))
    checksum = 0xFFFF - icmpv6_sum(header, message)
    if random.random() < 0.05:
        checksum ^= 0x100
    return Packet(header, message[:2] + checksum.to_bytes(2, "big") + message[4:])


def _arp(random: Random) -> bytes:
    operation = random.choice((1, 1, 1, 2))
    target = random.choice((u.ROUTER4, u.ROUTER4, u.HOMES4[0]))
    sender = random.choice((u.HOMES4[0], IPv4Address(0)))
    mac = u.NODE_MACS[0].to_bytes(6, "big")
    kinds = bytes.fromhex("000108000604") if random.random() < 0.95 else bytes.fromhex("000608000604")
    fixed = kinds + operation.to_bytes(2, "big") + mac + sender.packed + bytes(6) + target.packed
    return fixed + bytes(random.choice((0, 18)))


# Broken


def _broken(random: Random, frame: bytes) -> bytes:
    """One octet changed, cut short, or longer; mostly where headers are."""
    if random.random() < 0.3:
        return frame[: random.randrange(min(len(frame), 140) + 1)]
    if random.random() < 0.1:
        return frame + bytes(random.choice((1, 8, 300)))
    place = random.randrange(min(len(frame), 130))
    return frame[:place] + bytes([frame[place] ^ 1 << random.randrange(8)]) + frame[place + 1 :]

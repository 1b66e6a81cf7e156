# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a switch ought to do with a frame, from the RFCs and p4src/README.md: read `forward` top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from . import link
from .encapsulate import contents, with_outer_ecn
from .leave import leave
from .outcome import Drop, Outcome, Reason, Stop, dropped, punted
from .packets import (
    AH,
    ARP,
    DESTINATION_OPTIONS,
    ESP,
    HOP_BY_HOP,
    ICMPV6,
    IPV4,
    IPV6,
    LINK_PROBE,
    MOBILITY,
    ROUTING,
    Ethernet,
    IPv6Header,
    Packet,
    decode_ethernet,
    decode_ipv4,
    decode_ipv6,
    is_sound,
    ones_complement_sum,
    version,
)
from .scopes import UNSPECIFIED, is_link_local, is_martian, is_multicast
from .state import (
    CPU_PORT,
    EXTERNAL_PATH,
    TUNNEL_PATH,
    Binding,
    Deliver,
    IPv4Peer,
    OptimizeRoute,
    PathBinding,
    Peer,
    Relay,
    Role,
    Source,
    Switch,
    V,
    longest,
)

TO_PORT, AS_RECEIVED, ROUTED = 0, 1, 2  # packet_out.mode
# Headers that a type 2 routing header does not go before (RFC 8200 s4.1, RFC 6275 s6.4.2), and what README names
NOT_OPTIMIZED = {HOP_BY_HOP, ROUTING, ESP, AH, MOBILITY}
HOME_ADDRESS_HEADER = 24  # PadN of 4 octets and the option at 8n+6 (RFC 6275 s6.3)


@dataclass
class Context:
    """A packet on its way through the switch."""

    switch: Switch
    port: int
    choice: int
    role: Role | None
    ethernet: Ethernet
    packet: Packet
    path_id: int = 0
    in_tunnel: int = 0
    source: Source | None = None
    expected: PathBinding | None = None
    binding: Binding | None = None
    care_of: IPv6Address | None = None

    def frame(self) -> bytes:
        """As it would be punted: a tunnel that ended here is gone."""
        return replace(self.ethernet, ethertype=self.packet.ethertype).encode() + self.packet.encode()

    def punt(self, reason: Reason, argument: int = 0, *, drop: Drop | None = None) -> Stop:
        """The controller's own packets never come back to it."""
        if self.role is None:
            return dropped(drop or Drop.PACKET_OUT_INVALID)
        return punted(reason, self.port, self.frame(), argument, drop=drop)

    @property
    def relay(self) -> Relay | None:
        return self.source if isinstance(self.source, Relay) else None


def forward(switch: Switch, port: int, frame: bytes, choice: int = 0) -> Outcome:
    """What becomes of a frame that came in by the port; `choice` takes that member of every next-hop group."""
    try:
        if port == CPU_PORT:
            _packet_out(switch, frame, choice)
        _received(switch, port, frame, choice)
    except Stop as stop:
        return stop.outcome
    raise AssertionError("a packet's way ends somewhere")


def _packet_out(switch: Switch, frame: bytes, choice: int) -> None:
    """A packet_out header of port and mode (README, Packet-in)."""
    if len(frame) < 3:
        raise dropped(Drop.PACKET_OUT_INVALID)
    port, mode, inside = int.from_bytes(frame[:2], "big"), frame[2], frame[3:]
    if mode != ROUTED and port not in range(512):
        raise dropped(Drop.PACKET_OUT_INVALID)
    if mode == TO_PORT:
        raise Stop(Outcome(((port, inside),)))
    if mode == AS_RECEIVED:
        _received(switch, port, inside, choice)
    if mode == ROUTED:
        found = decode_ethernet(inside)
        if found is None or found[0].src >> 40 & 1:
            raise dropped(Drop.MALFORMED)
        packet = _decode_ip(*found)
        _refuse_scoped(packet)
        context = Context(switch, CPU_PORT, choice, None, found[0], packet)
        _take_home_address_in(context)
        _look_up(context)
    raise dropped(Drop.PACKET_OUT_INVALID)


def _received(switch: Switch, port: int, frame: bytes, choice: int) -> None:
    # Admission
    role = switch.roles.get(port)
    if role is None:
        raise dropped(Drop.PORT_UNKNOWN)
    found = decode_ethernet(frame)
    if found is None or found[0].src >> 40 & 1:
        raise dropped(Drop.MALFORMED)
    ethernet, data = found
    path_id = EXTERNAL_PATH | port if role is Role.EXTERNAL else 0
    if role is Role.ACCESS:
        node = switch.attachments.get((port, ethernet.src))
        if node is None:
            raise punted(Reason.NODE_UNKNOWN, port, frame)
        path_id = node.path_id
    if ethernet.ethertype == LINK_PROBE and role is Role.CORE:
        raise punted(Reason.LINK_PROBE, port, frame)
    if ethernet.ethertype == ARP:
        raise link.arp(switch, port, frame, ethernet, data)
    packet = _decode_ip(ethernet, data)

    # What stays on the link
    if packet.is_ipv6:
        link.neighbor_discovery(switch, port, frame, ethernet, packet)
    else:
        link.ipv4_link(port, frame, packet)
    ends = packet.header.src, packet.header.dst
    if packet.protocol == ICMPV6 and packet.is_ipv6 and is_link_local(packet.header.dst):
        raise punted(Reason.LOCAL, port, frame)  # an echo to the router, of whichever link-local address
    if is_multicast(packet.header.dst):
        raise dropped(Drop.MULTICAST)
    if any(map(is_link_local, ends)) or packet.header.src == UNSPECIFIED:  # RFC 4291 s2.5.2, s2.5.6
        raise dropped(Drop.LINK_LOCAL)
    if (port, ethernet.dst) not in switch.stations:
        raise dropped(Drop.NOT_MY_STATION)

    context = Context(switch, port, choice, role, ethernet, packet, path_id)
    _terminate(context)
    _refuse_scoped(context.packet)
    _check_source(context)
    _take_home_address_in(context)
    _look_up(context)


def _refuse_scoped(packet: Packet) -> None:
    """Nobody beyond a link has such an address; out of a tunnel, or from the controller, not even a link-local one."""
    for address in (packet.header.src, packet.header.dst):
        if is_multicast(address) or is_link_local(address) or is_martian(address):
            raise dropped(Drop.MARTIAN)


def _decode_ip(ethernet: Ethernet, data: bytes) -> Packet:
    """Refuses a broken base header: version, lengths, IPv4 checksum (RFC 1812 s5.2.2).

    Options are not read, and so is no checksum that is over them as well.
    """
    if ethernet.ethertype not in {IPV4, IPV6}:
        raise dropped(Drop.ETHERTYPE)
    packet = decode_ipv6(data) if ethernet.ethertype == IPV6 else decode_ipv4(data)
    if packet is None or version(data) != (6 if packet.is_ipv6 else 4):
        raise dropped(Drop.MALFORMED)
    if packet.length > len(data) or not is_sound(packet):
        raise dropped(Drop.MALFORMED)
    if not packet.is_ipv6 and not packet.has_options and ones_complement_sum(data[:20]) != 0xFFFF:
        raise dropped(Drop.MALFORMED)
    return packet


def _terminate(context: Context) -> None:
    """The end of a tunnel: RFC 2473 s3.3, 5555 s4, 5844 s4, 5845 s7, 8986 s4.6, s4.7."""
    outer = context.packet
    inside = contents(outer)
    if inside is None:
        return
    header, switch = outer.header, context.switch
    if isinstance(header, IPv6Header):
        peer = Peer(header.src, header.dst, inside.protocol, context.path_id)
        terminated = switch.peers.get(peer)
    else:
        ends = header.src, header.dst, inside.protocol, inside.encapsulation
        terminated = switch.ipv4_peers.get(IPv4Peer(*ends, inside.remote_port, inside.local_port, context.path_id))
    if terminated is None:
        return
    path_id = TUNNEL_PATH | terminated.tunnel_id
    if inside.gre_key is not None:
        session = switch.sessions.get((terminated.tunnel_id, inside.gre_key))
        if session is None:
            raise dropped(Drop.GRE_KEY_UNKNOWN)
        path_id = session.path_id
    if not inside.sound:
        raise dropped(Drop.MALFORMED)
    if not inside.consistent:
        raise dropped(Drop.TUNNEL_LENGTH)
    context.packet = with_outer_ecn(inside.packet, header.ecn)
    context.in_tunnel, context.path_id = terminated.tunnel_id, path_id


def _check_source(context: Context) -> None:
    """BCP 38 at the edge, RFC 5213 s5.6.2, 3963 s6.4, 5844 s3.1 behind a tunnel."""
    switch, header, path = context.switch, context.packet.header, context.path_id
    if context.in_tunnel or context.role is Role.ACCESS:
        context.source = _source(switch, header.src, path)
        if context.in_tunnel:
            context.expected = _path_binding(switch, header.dst, path)
            if context.source is None and context.expected is None:
                raise dropped(Drop.TUNNEL_SOURCE_UNBOUND)
        elif context.source is None:
            raise context.punt(Reason.SOURCE_UNBOUND, drop=Drop.SOURCE_UNBOUND)
    elif context.role is Role.EXTERNAL:
        subnets = (*switch.external_sources, *switch.ipv4_external_sources)
        if not any(port == context.port and header.src in subnet for port, subnet in subnets):
            raise context.punt(Reason.SOURCE_UNBOUND, drop=Drop.SOURCE_UNBOUND)


def _source(switch: Switch, address: IPv4Address | IPv6Address, path: int) -> Source | None:
    if isinstance(address, IPv4Address):
        return switch.ipv4_sources.get((address, path))
    return (
        switch.address_sources.get((address, path))
        or _half(switch.prefix_sources, address, path)
        or longest({net: row for (net, at), row in switch.network_sources.items() if at == path}, address)
    )


def _path_binding(switch: Switch, address: IPv4Address | IPv6Address, path: int) -> PathBinding | None:
    if isinstance(address, IPv4Address):
        return switch.ipv4_path_bindings.get((address, path))
    return _half(switch.path_bindings, address, path) or longest(
        {net: row for (net, at), row in switch.network_path_bindings.items() if at == path}, address
    )


def _half(table: Mapping[tuple[IPv6Network, int], V], address: IPv6Address, path: int) -> V | None:
    return next((row for (net, at), row in table.items() if at == path and address in net), None)


def _take_home_address_in(context: Context) -> None:
    """RFC 6275 s9.3.1: from a registered care-of address the home address becomes the source."""
    header, body = context.packet.header, context.packet.body
    if context.in_tunnel:
        return  # what is read is next to the header that the packet came with
    if not isinstance(header, IPv6Header) or header.next_header != DESTINATION_OPTIONS:
        return
    if min(len(body), header.payload_length) < HOME_ADDRESS_HEADER:
        return
    if not _is_home_address_header(body) or body[0] in {ESP, AH, MOBILITY}:
        return
    home = IPv6Address(body[8:24])
    care_of = context.switch.care_of_bindings.get(home)
    if care_of is None:
        return
    if care_of != header.src:
        raise context.punt(Reason.CARE_OF_MISMATCH, drop=Drop.CARE_OF_MISMATCH)
    length = header.payload_length - HOME_ADDRESS_HEADER
    new = replace(header, src=home, next_header=body[0], payload_length=length)
    context.packet = Packet(new, body[24:], unread=True)


def _is_home_address_header(body: bytes) -> bool:
    """Two units of 8 octets beyond the first; PadN with two octets of data; option 201 of 16 octets."""
    return body[1] == 2 and body[2:6] == b"\1\2\0\0" and body[6:8] == b"\xc9\x10"


def _look_up(context: Context) -> None:
    """README, In which order bindings are consulted."""
    if isinstance(context.expected, Deliver):
        context.binding = context.expected
    else:
        context.binding, context.care_of = _binding(context.switch, context.packet)
    raise leave(context)


def _binding(switch: Switch, packet: Packet) -> tuple[Binding | None, IPv6Address | None]:
    """The binding, and the care-of address if the route to the destination is optimized."""
    address = packet.header.dst
    if isinstance(address, IPv4Address):
        return switch.ipv4_bindings.get(address), None
    care_of = None
    found = switch.address_bindings.get(address)
    if isinstance(found, OptimizeRoute):
        if packet.protocol not in NOT_OPTIMIZED:
            address = care_of = found.care_of_address
        found = None
    found = found or next((row for net, row in switch.prefix_bindings.items() if address in net), None)
    return found or longest(switch.network_bindings, address), care_of

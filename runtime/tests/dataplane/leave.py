# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The way out of the model: flow bindings, tunnels, routes, hop limit, MTU, and the frames that leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from .encapsulate import DATA_PORTS, changed, contents, encapsulated, flow_label, ports_of
from .flows import flow_action
from .outcome import Drop, Outcome, Reason, Stop, dropped
from .packets import (
    AH,
    DESTINATION_OPTIONS,
    ESP,
    FRAGMENT,
    GRE,
    HOP_BY_HOP,
    ICMPV6,
    IPIP,
    IPV6_IN_IP,
    MOBILITY,
    ROUTING,
    UDP,
    Ethernet,
    IPv6Header,
    Packet,
)
from .scopes import is_link_local
from .state import (
    MINIMUM_MTU,
    Deliver,
    Discard,
    FlowAction,
    Hop,
    OptimizeRoute,
    Replicate,
    Special,
    Switch,
    ToFlows,
    ToTunnel,
    Via,
    longest,
)

if TYPE_CHECKING:
    from .model import Context

ICMPV4 = 1
# Signalling and ICMP, and every extension header, behind which there may be either
OFFERED = {ICMPV6, MOBILITY, HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS, ESP, AH}
DSMIPV6, CONTROL_PORTS = 4191, (5436, 67)  # RFC 5555 s4.1; RFC 5844 s4; DHCP at the server's own address
ROUTING_HEADER = 24  # type 2, one address: RFC 6275 s6.4


def leave(context: Context) -> Stop:
    """Follow the binding, or the relay to the anchor of the source, or a route."""
    binding = context.binding
    action: FlowAction | None = None
    if isinstance(binding, ToFlows):
        action = flow_action(context.switch, binding.flow_set, context.packet)
    elif binding is not None and not isinstance(binding, OptimizeRoute):
        action = binding
    if isinstance(action, Discard):
        return dropped(Drop.FLOW_DISCARDED)
    if action is None and context.relay is not None:
        action = ToTunnel(context.relay.tunnel_id, context.relay.gre_key)
    if action is None:
        return _by_route(context)
    if isinstance(action, Deliver):
        return _send(context, [(action.hop.port, action.hop, None, None)], _port_mtu(context.switch, action.hop.port))
    if isinstance(action, ToTunnel):
        return _by_tunnel(context, action)
    return _replicated(context, action)


def _by_tunnel(context: Context, action: ToTunnel) -> Stop:
    hairpin = context.in_tunnel == action.tunnel_id
    if hairpin and (context.source is None or context.binding is None):
        return dropped(Drop.TUNNEL_HAIRPIN)
    path = context.switch.tunnel_paths.get(action.tunnel_id)
    if path is None:
        return dropped(Drop.TUNNEL_UNKNOWN)
    hop = _next_hop(context, path.via)
    return _send(context, [(hop.port, hop, action.tunnel_id, action.gre_key)], path.mtu)


def _replicated(context: Context, action: Replicate) -> Stop:
    """Copies to a port here and into a tunnel, or to two ports here. Both have to fit; who is too big is told of the
    tunnel first, and of the port that the action names."""
    switch, mtu = context.switch, _port_mtu(context.switch, action.hop.port)
    if action.tunnel_id:
        path = switch.tunnel_paths.get(action.tunnel_id)
        if path is None:
            return dropped(Drop.TUNNEL_UNKNOWN)
        extra = ROUTING_HEADER if context.care_of is not None else 0
        mtu = path.mtu if context.packet.length + extra > path.mtu else mtu
    copies = [(port, action.hop, tunnel_id or None, None) for port, tunnel_id in switch.groups.get(action.group, ())]
    return _send(context, copies, mtu)


def _next_hop(context: Context, via: Via) -> Hop:
    if via.is_group:
        group = context.switch.next_hop_groups.get(via.number)
        if group is None:
            raise dropped(Drop.NEXT_HOP_GROUP_UNKNOWN)
        return group[context.choice % len(group)]
    hop = context.switch.next_hops.get(via.number)
    if hop is None:
        raise dropped(Drop.NEXT_HOP_UNKNOWN)
    return hop


def _by_route(context: Context) -> Stop:
    packet, switch = context.packet, context.switch
    destination = context.care_of or packet.header.dst
    if isinstance(destination, IPv4Address):
        route = longest(switch.ipv4_routes, destination)
    else:
        route = longest(switch.routes, destination)
    if route is Special.LOCAL:
        return _local(context)
    if is_link_local(packet.header.dst) or is_link_local(packet.header.src):
        return dropped(Drop.LINK_LOCAL)
    match route:
        case None:
            return context.punt(Reason.NO_ROUTE, drop=Drop.NO_ROUTE)
        case Special.NO_BINDING:
            return context.punt(Reason.NO_BINDING, drop=Drop.NO_BINDING)
        case Special.RESOLVE:
            return context.punt(Reason.NEIGHBOR_UNRESOLVED)
        case Via():
            hop = _next_hop(context, route)
            return _send(context, [(hop.port, hop, None, None)], _port_mtu(switch, hop.port))
    raise AssertionError(route)


def _local(context: Context) -> Stop:
    """For the switch itself: signalling and ICMP, and what only Python can parse."""
    packet = context.packet
    tunnelled = packet.protocol in {IPV6_IN_IP, IPIP, GRE}
    if packet.is_ipv6:
        offered = packet.protocol in OFFERED
    else:
        if packet.is_fragment:
            return dropped(Drop.TUNNEL_FRAGMENT)
        offered = packet.protocol in {ICMPV4, ESP}
        if packet.protocol == UDP:
            tunnelled, offered = _local_udp(context)
    if offered:
        return context.punt(Reason.LOCAL, context.in_tunnel)
    return dropped(Drop.TUNNEL_PEER_UNKNOWN if tunnelled else Drop.LOCAL_UNSUPPORTED)


def _local_udp(context: Context) -> tuple[bool, bool]:
    """Whether IPv4 UDP for the switch is of a tunnel, and whether it is signalling."""
    port = ports_of(context.packet)[1]
    if port in CONTROL_PORTS:
        return False, True
    if context.in_tunnel or port not in DATA_PORTS:
        return False, False
    inside = contents(context.packet)
    # RFC 5555 s4.2: the first Binding Update of a care-of address, maybe with a Home Address option and ESP before it
    signalling = {MOBILITY, ESP, DESTINATION_OPTIONS}
    is_update = inside is not None and inside.packet.is_ipv6 and inside.packet.protocol in signalling
    return True, port == DSMIPV6 and is_update


def _port_mtu(switch: Switch, port: int) -> int:
    return switch.mtus.get(port, MINIMUM_MTU)


def _send(
    context: Context,
    copies: Sequence[tuple[int, Hop, int | None, int | None]],
    mtu: int,
) -> Stop:
    """(port, MACs, tunnel, GRE key): hop limit, MTU, and around each copy its headers."""
    packet, care_of = context.packet, context.care_of
    extra = ROUTING_HEADER if care_of is not None else 0
    if context.role is not None and packet.hop_limit() <= 1:
        return context.punt(Reason.HOP_LIMIT, drop=Drop.HOP_LIMIT)
    if packet.length + extra > mtu:
        return context.punt(Reason.PACKET_TOO_BIG, mtu - extra, drop=Drop.PACKET_TOO_BIG)
    label = flow_label(packet)
    if context.role is not None:
        field = "hop_limit" if packet.is_ipv6 else "ttl"
        packet = changed(packet, **{field: packet.hop_limit() - 1})
    if care_of is not None:
        packet = _with_routing_header(packet, care_of)
    frames, drops = [], []
    for port, hop, tunnel_id, key in copies:
        if tunnel_id is None:
            frames.append((port, _framed(packet, hop.link_layer_address, hop.router_address)))
            continue
        tunnel = context.switch.tunnels.get(tunnel_id)
        if tunnel is None:
            drops.append(("egress", int(Drop.TUNNEL_UNKNOWN)))
            continue
        macs = hop.link_layer_address, hop.router_address
        if len(copies) > 1:
            macs = tunnel.link_layer_address, tunnel.router_address
        frames.append((port, _framed(encapsulated(packet, tunnel, key, label), *macs)))
    return Stop(Outcome(tuple(sorted(frames)), tuple(drops)))


def _framed(packet: Packet, destination: int, source: int) -> bytes:
    return Ethernet(destination, source, packet.ethertype).encode() + packet.encode()


def _with_routing_header(packet: Packet, care_of: IPv6Address) -> Packet:
    header = packet.header
    assert isinstance(header, IPv6Header)
    routing = bytes([header.next_header, 2, 2, 1]) + bytes(4) + header.dst.packed
    new = replace(header, dst=care_of, next_header=ROUTING, payload_length=header.payload_length + ROUTING_HEADER)
    return Packet(new, routing + packet.body)

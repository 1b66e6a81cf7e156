# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What holds of every packet that leaves, whichever way the pipeline found it: said without the model's `forward`."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from random import Random

from hypothesis import given

from . import program
from .encapsulate import contents
from .outcome import Outcome
from .packets import ARP, IPV4, IPV6, Packet, decode_ethernet, decode_ipv4, decode_ipv6
from .state import CPU_PORT, EXTERNAL_PATH, TUNNEL_PATH, IPv4Peer, Peer, Role, Switch
from .states import random_switch
from .strategies import SWITCHES, effort, randoms
from .traffic import random_frame


def ip_of(frame: bytes) -> Packet | None:
    found = decode_ethernet(frame)
    if found is None or found[0].ethertype not in {IPV4, IPV6}:
        return None
    return decode_ipv6(found[1]) if found[0].ethertype == IPV6 else decode_ipv4(found[1])


def layers(frame: bytes) -> Iterator[Packet]:
    """The packet of a frame that left, and what is in its tunnel, if any; UDP ports are the other way round there."""
    packet = ip_of(frame)
    if packet is not None:
        yield packet
        inside = contents(packet) or contents(
            replace(packet, body=packet.body[2:4] + packet.body[:2] + packet.body[4:])
        )
        if inside is not None:
            yield inside.packet


def entry(switch: Switch, port: int, frame: bytes) -> tuple[int, Packet, bool]:
    """By which path a frame comes, the packet, and whether it is the one of a tunnel that ends here."""
    packet = ip_of(frame)
    assert packet is not None
    path = 0
    if switch.roles[port] is Role.ACCESS:
        path = switch.attachments[port, int.from_bytes(frame[6:12], "big")].path_id
    elif switch.roles[port] is Role.EXTERNAL:
        path = EXTERNAL_PATH | port
    inside = contents(packet)
    if inside is None:
        return path, packet, False
    header = packet.header
    ends = header.src, header.dst, inside.protocol
    if isinstance(header.src, IPv6Address):
        terminated = switch.peers.get(Peer(*ends, path))  # type: ignore[arg-type]
    else:
        ports = inside.remote_port, inside.local_port
        terminated = switch.ipv4_peers.get(IPv4Peer(*ends, inside.encapsulation, *ports, path))  # type: ignore[arg-type]
    if terminated is None:
        return path, packet, False
    path = TUNNEL_PATH | terminated.tunnel_id
    if inside.gre_key is not None:
        path = switch.sessions[terminated.tunnel_id, inside.gre_key].path_id
    return path, inside.packet, True


def is_bound(switch: Switch, address: IPv4Address | IPv6Address, path: int) -> bool:
    """Whether any row says that the source belongs to the path."""
    rows = (*switch.address_sources, *switch.ipv4_sources)
    networks = (*switch.prefix_sources, *switch.network_sources)
    return (address, path) in rows or any(at == path and address in network for network, at in networks)


def is_expected(switch: Switch, address: IPv4Address | IPv6Address, path: int) -> bool:
    """Whether any row says that what comes by the path for that destination is for a node here."""
    networks = (*switch.path_bindings, *switch.network_path_bindings)
    return (address, path) in switch.ipv4_path_bindings or any(
        at == path and address in network for network, at in networks
    )


def is_answer(port: int, frame: bytes, outcome: Outcome) -> bool:
    """A Neighbor Advertisement or an ARP reply of the switch's own, back to who asked."""
    if len(outcome.frames) != 1 or outcome.frames[0][0] != port:
        return False
    answer = outcome.frames[0][1]
    if answer[12:14] == ARP.to_bytes(2, "big"):
        return True
    packet = ip_of(answer)
    return packet is not None and packet.protocol == 58 and packet.body[:1] == b"\x88" and packet.hop_limit() == 255


def forwarded(switch: Switch, target, frames, roles: set[Role]) -> Iterator[tuple[int, bytes, Outcome]]:
    """Those of the frames, in by ports of these roles, that left by a port."""
    for random in frames:
        port, frame = random_frame(random, switch)
        if switch.roles.get(port) not in roles:
            continue
        outcome = program.run(target, port, frame)
        if any(at != CPU_PORT for at, _ in outcome.frames) and not is_answer(port, frame, outcome):
            yield port, frame, outcome


def test_random_frames_are_forwarded_from_every_role_in_and_out_of_tunnels() -> None:
    """Of what is dropped the invariants say nothing."""
    seen = set()
    for seed in range(20):
        switch = random_switch(Random(seed))
        with program.loaded(switch) as target:
            for port, frame, _ in forwarded(switch, target, map(Random, range(60)), set(Role)):
                seen.add((switch.roles[port], entry(switch, port, frame)[2]))
    assert seen == {(role, is_decapsulated) for role in Role for is_decapsulated in (False, True)}


@effort(150)
@given(switch=SWITCHES, frames=randoms(60))
def test_nothing_leaves_of_a_source_that_is_not_of_the_node(switch, frames) -> None:
    """Invariant 1 (BCP 38): what an access port lets in has a source that is bound to the node that sent it, or to a
    tunnel of that node's own."""
    with program.loaded(switch) as target:
        for port, frame, outcome in forwarded(switch, target, frames, {Role.ACCESS}):
            path, packet, is_decapsulated = entry(switch, port, frame)
            assert is_bound(switch, packet.header.src, path) or (
                is_decapsulated and is_expected(switch, packet.header.dst, path)
            ), f"port {port}: {frame.hex()} left: {outcome}"


@effort(150)
@given(switch=SWITCHES, frames=randoms(60))
def test_no_source_is_made_up_on_the_way(switch, frames) -> None:
    """What leaves has the source it came with, or the home address that is registered for it (RFC 6275 s9.3.1)."""
    with program.loaded(switch) as target:
        for port, frame, outcome in forwarded(switch, target, frames, set(Role)):
            _, packet, _ = entry(switch, port, frame)
            homes = {home for home, care_of in switch.care_of_bindings.items() if care_of == packet.header.src}
            for at, sent in outcome.frames:
                sources = {layer.header.src for layer in layers(sent)}
                assert sources & {packet.header.src, *homes}, f"port {port}: {frame.hex()} left {at}: {sent.hex()}"


@effort(150)
@given(switch=SWITCHES, frames=randoms(60))
def test_what_comes_out_of_a_tunnel_belongs_to_it(switch, frames) -> None:
    """Invariant 2: a decapsulated packet's source is bound to its tunnel, or its destination expected from there."""
    with program.loaded(switch) as target:
        for port, frame, outcome in forwarded(switch, target, frames, set(Role)):
            path, packet, is_decapsulated = entry(switch, port, frame)
            if is_decapsulated:
                ends = packet.header.src, packet.header.dst
                assert is_bound(switch, ends[0], path) or is_expected(switch, ends[1], path), (
                    f"port {port}: {frame.hex()} left: {outcome}"
                )


@effort(150)
@given(switch=SWITCHES, frames=randoms(60))
def test_every_forwarded_packet_has_one_hop_less(switch, frames) -> None:
    """RFC 8200 s3, RFC 1812 s5.3.1: or packets between two switches that take each other for the way never end."""
    with program.loaded(switch) as target:
        for port, frame, outcome in forwarded(switch, target, frames, set(Role)):
            _, packet, _ = entry(switch, port, frame)
            assert packet.hop_limit() > 1
            for at, sent in outcome.frames:
                assert packet.hop_limit() - 1 in {layer.hop_limit() for layer in layers(sent)}, f"{at}: {sent.hex()}"

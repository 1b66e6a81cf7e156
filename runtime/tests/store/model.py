# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a store should hold, in dictionaries; and changes by chance."""

import copy
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import RoutedPrefix, RouterIdentity
from p4dmm.store import (
    Contents,
    DeleteNode,
    DeletePeer,
    DeleteValue,
    FreePrefix,
    HoldPrefix,
    Kinds,
    NodeKey,
    PeerKey,
    PrefixConflictError,
    PutNode,
    PutPeer,
    PutValue,
    QuarantinePrefix,
    StoredPrefix,
    StoreError,
)
from p4dmm.wire import MacAddress

LMA = IPv6Address("2001:db8::1")
ROUTER = RouterIdentity(MacAddress.parse("02:00:00:00:00:01"), IPv6Address("fe80::1"))


@dataclass(frozen=True, slots=True)
class NodeState:
    """As much as a role knows."""

    number: int
    prefixes: tuple[RoutedPrefix, ...] = ()
    serving: IPv6Address | None = None


KINDS = Kinds(nodes={"lma": NodeState, "maar": NodeState}, peers=Freshness)


def node(number: int) -> MobileNodeId:
    return MobileNodeId.nai(f"mn{number}@example.net")


def prefix(number: int) -> IPv6Network:
    return IPv6Network(((0x20010DB8 << 96) + (number << 64), 64))


def state(number: int, prefixes: int = 1) -> NodeState:
    routed = tuple(RoutedPrefix(prefix(number + extra), LMA, ROUTER, valid_until=1.5) for extra in range(prefixes))
    return NodeState(number, routed, LMA)


class Model:
    """The same changes, carried out in memory."""

    def __init__(self) -> None:
        self.contents = Contents()

    def save(self, changes) -> type[StoreError] | None:
        """All or none; returns the error that a store raises."""
        tried = Contents(*(dict(part) for part in self._parts()))
        for change in changes:
            if refused := _apply(tried, change):
                return refused
        self.contents = tried
        return None

    def copy(self) -> Contents:
        return copy.deepcopy(self.contents)

    def _parts(self):
        contents = self.contents
        return contents.nodes, contents.prefixes, contents.peers, contents.values


def _apply(held: Contents, change) -> type[StoreError] | None:
    match change:
        case PutNode(role, switch, owner, value):
            held.nodes[NodeKey(role, switch, owner)] = value
        case DeleteNode(role, switch, owner):
            held.nodes.pop(NodeKey(role, switch, owner), None)
        case HoldPrefix(network, switch, owner):
            before = held.prefixes.get(network)
            if before and replace(before, quarantined_until=None) != StoredPrefix(switch, owner):
                return PrefixConflictError
            held.prefixes[network] = StoredPrefix(switch, owner)
        case QuarantinePrefix(network, until):
            if network not in held.prefixes:
                return StoreError
            held.prefixes[network] = replace(held.prefixes[network], quarantined_until=until)
        case FreePrefix(network):
            held.prefixes.pop(network, None)
        case PutPeer(switch, peer, value):
            held.peers[PeerKey(switch, peer)] = value
        case DeletePeer(switch, peer):
            held.peers.pop(PeerKey(switch, peer), None)
        case PutValue(name, value):
            held.values[name] = value
        case DeleteValue(name):
            held.values.pop(name, None)
    return None


def scripted(saver: int, number: int) -> tuple:
    """Save `number` of a saver, which has a switch of its own: nodes and prefixes come, change, rest and go."""
    switch = f"s{saver}"
    owner = node(number % 3)
    network = prefix(saver << 16 | number % 3)
    counter = PutValue(f"{switch} counter", number)
    put = PutNode("lma", switch, owner, state(number, 1 + number % 4))
    match number % 4:
        case 0:
            return FreePrefix(network), HoldPrefix(network, switch, owner), put, counter
        case 1:
            return put, counter, PutNode("maar", switch, owner, state(number)), HoldPrefix(network, switch, owner)
        case 2:
            peer = PutPeer(switch, LMA, Freshness(number, number, LMA))
            return HoldPrefix(network, switch, owner), QuarantinePrefix(network, 1e9 + number), peer, counter
        case _:
            return DeleteNode("lma", switch, owner), FreePrefix(network), counter


def part(contents: Contents, saver: int) -> Contents:
    """What one saver's script has changed."""
    switch = f"s{saver}"
    return Contents(
        {key: value for key, value in contents.nodes.items() if key.switch == switch},
        {key: value for key, value in contents.prefixes.items() if value.switch == switch},
        {key: value for key, value in contents.peers.items() if key.switch == switch},
        {key: value for key, value in contents.values.items() if key.startswith(f"{switch} ")},
    )

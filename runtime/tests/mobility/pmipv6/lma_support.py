# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A local mobility anchor that is spoken to in octets, and what surrounds it: policy, pool, time."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.access import Refused
from p4dmm.mobility.exchange import Received, Send, TimeReached, timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.mobility.pmipv6.answers import unidentified
from p4dmm.mobility.pmipv6.binding import LmaNode
from p4dmm.mobility.pmipv6.lma import Lma, Revoke
from p4dmm.mobility.pmipv6.lma_parameters import LmaParameters
from p4dmm.mobility.pmipv6.request import Holding, UpdateReceived, asked_for
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    AlternateCareOfAddress,
    BindingRevocationAck,
    HandoffIndicator,
    HomeNetworkPrefix,
    LinkLocalAddress,
    Message,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    ProxyBindingAck,
    ProxyBindingUpdate,
    Timestamp,
    decode_mobility,
    encode_mobility,
)

LMAA = IPv6Address("2001:db8:f::1")
MAG1, MAG2, MAG3 = (IPv6Address(f"2001:db8:f::{n}") for n in (0x11, 0x12, 0x13))
POOL = IPv6Network("2001:db8:a::/56")
MN, OTHER = MobileNodeId.nai("mn@example.net"), MobileNodeId.nai("other@example.net")
WLAN, LTE = 4, 8
LLI_A, LLI_B, LLI_C = (bytes((2, 0, 0, 0, 0, n)) for n in (0xA, 0xB, 0xC))
START = 1_800_000_000.0
PARAMETERS = LmaParameters(address=LMAA, pool=POOL)


def home(n: int) -> IPv6Network:
    """A prefix of the pool; the anchor offers 0, 1 and so on."""
    return IPv6Network((int(POOL.network_address) + (n << 64), 64))


STATIC = IPv6Network("2001:db8:cafe:1::/64")


@dataclass
class Anchor:
    """One anchor. The nodes that `updates` name are made as they come."""

    parameters: LmaParameters = PARAMETERS
    profiles: dict[MobileNodeId, NodeProfile] = field(default_factory=lambda: {MN: NodeProfile(MN)})
    now: float = START
    nodes: dict[MobileNodeId, LmaNode] = field(default_factory=dict)
    pool_size: int = 256
    is_peer: bool = True
    sequence: int = 0
    """The last one a gateway used."""
    refuses: bool = False
    """Whether the switch has no room for more."""
    last: Received | None = None

    def __post_init__(self) -> None:
        self.role = Lma(self.parameters)

    def state(self, mn_id: MobileNodeId = MN) -> LmaNode:
        return self.nodes.get(mn_id, self.role.initial(mn_id))

    def views(self, mn_id: MobileNodeId = MN) -> tuple[LocalBinding, ...]:
        return self.role.views(self.state(mn_id))

    def homes(self, mn_id: MobileNodeId = MN) -> list[tuple[IPv6Network, ...]]:
        return [binding.prefixes for binding in self.state(mn_id).bindings]

    def do(self, event: object, mn_id: MobileNodeId = MN) -> list[Send]:
        """Step as the caller of the role does, and return what the peers read."""
        old = self.state(mn_id)
        new, outputs = self.role.step(old, event, self.now)
        if self.refuses and new is not None and set(self.role.views(new)) - set(self.role.views(old)):
            new, outputs = self.role.step(old, Refused("table full", event), self.now)
        if new is None:
            self.nodes.pop(mn_id, None)
        else:
            self.nodes[mn_id] = new
        return [replace(sent, message=on_the_wire(sent.message, sent.source, sent.destination)) for sent in outputs]

    def receive(self, update: ProxyBindingUpdate, source: IPv6Address, **more: object) -> list[Send]:
        """An update as it comes from the wire, with what has to be looked up."""
        received = Received(on_the_wire(update, source, LMAA), source, LMAA)
        self.last = received
        option = received.message.option(MobileNodeIdentifier)
        if option is None:
            return self.wire(unidentified(received, self.now))
        mn_id = MobileNodeId.of(option)
        profile = self.profiles.get(mn_id)
        holdings = tuple(self.holding(prefix) for prefix in asked_for(received, profile))
        event = UpdateReceived(received, profile, holdings, is_peer=self.is_peer, **more)
        count = self.role.wanted(self.state(mn_id), event, self.now)
        return self.do(replace(event, offers=self.draw(count)), mn_id)

    def wire(self, outputs: tuple[Send, ...]) -> list[Send]:
        return [replace(sent, message=on_the_wire(sent.message, sent.source, sent.destination)) for sent in outputs]

    def draw(self, count: int) -> tuple[IPv6Network, ...]:
        held = {prefix for state in self.nodes.values() for prefix in self.role.prefixes(state)}
        free = [home(n) for n in range(self.pool_size) if home(n) not in held]
        return tuple(free[:count])

    def holding(self, prefix: IPv6Network) -> Holding:
        for mn_id, state in self.nodes.items():
            if prefix in self.role.held(state):
                return Holding(prefix, mn_id)
        return Holding(prefix, None, is_available=prefix.prefixlen == 64 and prefix.subnet_of(POOL))

    def pbu(
        self,
        source: IPv6Address = MAG1,
        mn_id: MobileNodeId | None = MN,
        *,
        revocation_sequence: int = 0,
        **fields: object,
    ) -> list[Send]:
        """The next update of a gateway, see `update`; returns what the anchor sends."""
        self.sequence = (self.sequence + 1) % 65536
        fields.setdefault("sequence", self.sequence)
        fields.setdefault("at", self.now)
        return self.receive(update(mn_id, **fields), source, revocation_sequence=revocation_sequence)

    def ack(self, source: IPv6Address = MAG1, mn_id: MobileNodeId | None = MN, **fields: object) -> ProxyBindingAck:
        """The one answer to the next update."""
        (sent,) = self.pbu(source, mn_id, **fields)
        assert (sent.source, sent.destination) == (LMAA, source)
        assert isinstance(sent.message, ProxyBindingAck)
        return sent.message

    def later(self, seconds: float, mn_id: MobileNodeId = MN) -> list[Send]:
        """Let time pass, with TimeReached whenever it is due."""
        end, sent = self.now + seconds, []
        while mn_id in self.nodes and (due := self.role.due(self.nodes[mn_id])) is not None and due <= end:
            self.now = max(self.now, due)
            sent += self.do(TimeReached(), mn_id)
            left = self.nodes.get(mn_id)
            assert left is None or self.role.due(left) > self.now, "woken for nothing"
        self.now = end
        return sent

    def revoke(self, prefix: IPv6Network, sequence: int = 77) -> list[Send]:
        return self.do(Revoke(prefix, sequence))

    def bra(
        self, status: int, sequence: int, source: IPv6Address = MAG1, mn_id: MobileNodeId = MN, **flags: bool
    ) -> list[Send]:
        ack = BindingRevocationAck(status=status, sequence=sequence, **{"proxy_binding": True, **flags})
        return self.do(Received(on_the_wire(ack, source, LMAA), source, LMAA), mn_id)


def on_the_wire(message: Message, source: IPv6Address, destination: IPv6Address) -> Message:
    decoded = decode_mobility(encode_mobility(message, source, destination), source, destination)
    assert isinstance(decoded, Message)
    return decoded


def update(
    mn_id: MobileNodeId | None = MN,
    *,
    hnps: tuple[IPv6Network | None, ...] | None = (None,),
    hi: int | None = 1,
    att: int | None = WLAN,
    lli: bytes | None = LLI_A,
    at: float | None = START,
    link_local: str | None = None,
    alternate: IPv6Address | None = None,
    sequence: int = 1,
    lifetime: int = 100,
    **flags: bool,
) -> ProxyBindingUpdate:
    """A Proxy Binding Update. None leaves the option out; of `hnps`, None is ALL_ZERO. `lifetime` in 4 seconds."""
    zero = IPv6Network("::/0")
    options = [] if mn_id is None else [mn_id.option]
    for prefix in hnps or ():
        given = zero if prefix is None else prefix
        options.append(HomeNetworkPrefix(prefix_length=given.prefixlen, prefix=given.network_address))
    if hi is not None:
        options.append(HandoffIndicator(indicator=hi))
    if att is not None:
        options.append(AccessTechnologyType(technology=att))
    if at is not None:
        options.append(timestamp_at(at))
    if lli is not None:
        options.append(MobileNodeLinkLayerIdentifier(identifier=lli))
    if link_local is not None:
        options.append(LinkLocalAddress(address=IPv6Address(link_local)))
    if alternate is not None:
        options.append(AlternateCareOfAddress(address=alternate))
    return ProxyBindingUpdate(
        sequence=sequence, lifetime=lifetime, options=tuple(options), **{"acknowledge": True, **flags}
    )


def homes_of(ack: ProxyBindingAck) -> list[IPv6Network]:
    return [IPv6Network((int(option.prefix), option.prefix_length)) for option in ack.all_options(HomeNetworkPrefix)]


def stamp_of(ack: ProxyBindingAck) -> Timestamp | None:
    return ack.option(Timestamp)

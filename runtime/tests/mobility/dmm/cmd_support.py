# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A CMD with one mobile node, spoken to in octets."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.dmm.cmd import Cmd
from p4dmm.mobility.dmm.cmd_state import CmdMode, CmdNode, CmdParameters, UpdateReceived
from p4dmm.mobility.exchange import Received, Send, TimeReached, timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.profile import NodeProfile
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BindingRevocationAck,
    BindingRevocationIndication,
    HandoffIndicator,
    HomeNetworkPrefix,
    Message,
    MobileNodeIdentifier,
    MobilityOption,
    PreviousMaar,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    ServingMaar,
    Timestamp,
    decode_mobility,
    encode_mobility,
)

CMD = IPv6Address("2001:db8:c::1")
MAARS = tuple(IPv6Address(f"2001:db8:a::{number}") for number in range(1, 7))
A, B, C, D, E, F = MAARS
MN = MobileNodeId.nai("mn1@example.net")
START = 1_700_000_000.0
MODES = tuple(CmdMode)


def prefix_of(maar: IPv6Address) -> IPv6Network:
    """What that MAAR gives the node."""
    return IPv6Network((0x2001_0DB8_0000_0000 << 64 | (0x1000 * (int(maar) & 0xFF)) << 64, 64))


def home(prefix: IPv6Network) -> HomeNetworkPrefix:
    return HomeNetworkPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)


def pbu(
    maar: IPv6Address,
    sequence: int,
    at: float,
    *,
    lifetime: int = 75,
    prefixes: tuple[IPv6Network, ...] | None = None,
    indicator: int = 4,
    more: tuple[MobilityOption, ...] = (),
) -> ProxyBindingUpdate:
    """A MAAR's, sent at that time."""
    given = (prefix_of(maar),) if prefixes is None else prefixes
    options = (
        MN.option,
        *(home(prefix) for prefix in given),
        HandoffIndicator(indicator=indicator),
        AccessTechnologyType(technology=3),
        timestamp_at(at),
        *more,
    )
    return ProxyBindingUpdate(sequence=sequence, acknowledge=True, dmm=True, lifetime=lifetime, options=options)


def pba(
    request: ProxyBindingUpdate, *, status: int = 0, more: tuple[MobilityOption, ...] = (), **changes
) -> ProxyBindingAck:
    """A P-MAAR's answer, as RFC 8885 section 3.2 has it."""
    kept = (MobileNodeIdentifier, HomeNetworkPrefix, HandoffIndicator, AccessTechnologyType, Timestamp, ServingMaar)
    options = tuple(option for option in request.options if isinstance(option, kept))
    ack = ProxyBindingAck(
        status=status,
        dmm=True,
        sequence=request.sequence,
        lifetime=request.lifetime if status < 128 else 0,
        options=options + more,
    )
    return replace(ack, **changes)


def bra(
    indication: BindingRevocationIndication, status: int = RevocationStatus.SUCCESS, **changes
) -> BindingRevocationAck:
    """The answer to a revocation: no options are required (RFC 5846 section 5.2)."""
    return BindingRevocationAck(**{"status": status, "sequence": indication.sequence, "proxy_binding": True} | changes)


def over_the_wire(message: Message, source: IPv6Address, destination: IPv6Address) -> Message:
    """What arrives of it."""
    read = decode_mobility(encode_mobility(message, source, destination), source, destination)
    assert isinstance(read, Message)
    return read


def previous_maars(ack: Message) -> list[tuple[IPv6Address, IPv6Network]]:
    """The P-MAARs an answer names."""
    return [
        (option.address, IPv6Network((option.prefix, option.prefix_length))) for option in ack.all_options(PreviousMaar)
    ]


@dataclass
class Site:
    """The CMD and the time. Every message goes over the wire in both directions."""

    mode: CmdMode = CmdMode.RELAY
    parameters: CmdParameters | None = None
    profile: NodeProfile | None = field(default_factory=lambda: NodeProfile(MN))
    now: float = START
    state: CmdNode | None = None
    sequence: int = 0

    def __post_init__(self) -> None:
        self.cmd = Cmd(self.parameters or CmdParameters(address=CMD, mode=self.mode))

    @property
    def node(self) -> CmdNode:
        assert self.state is not None
        return self.state

    @property
    def p_maars(self) -> list[IPv6Address]:
        """The P-MAAR list."""
        return [anchor.maar.address for anchor in self.node.previous]

    def event(self, event: object) -> list[Send]:
        known = self.state or self.cmd.initial(MN)
        self.state, outputs = self.cmd.step(known, event, self.now)
        return [replace(send, message=over_the_wire(send.message, send.source, send.destination)) for send in outputs]

    def receive(
        self, message: Message, source: IPv6Address, *, owners=(), destination: IPv6Address = CMD
    ) -> list[Send]:
        received = Received(over_the_wire(message, source, destination), source, destination)
        if isinstance(message, ProxyBindingUpdate):
            return self.event(UpdateReceived(received, self.profile, owners))
        return self.event(received)

    def register(self, maar: IPv6Address, **what) -> list[Send]:
        """A PBU of that MAAR, newer than all before."""
        self.sequence += 1
        return self.receive(pbu(maar, self.sequence, self.now, **what), maar)

    def answer(self, sent: Send, **what) -> list[Send]:
        """The answer of the P-MAAR that a PBU was sent to."""
        assert isinstance(sent.message, ProxyBindingUpdate)
        return self.receive(pba(sent.message, **what), sent.destination)

    def later(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, seconds: float = 0.0) -> list[Send]:
        """Let it pass, and time be reached."""
        self.later(seconds)
        return self.event(TimeReached())

    def move(self, maar: IPv6Address) -> list[Send]:
        """Register there; every P-MAAR answers at once. Returns what the S-MAAR gets."""
        self.later(1.0)
        sent, got = self.register(maar), []
        while sent:
            send = sent.pop(0)
            if isinstance(send.message, ProxyBindingUpdate):
                sent += self.answer(send)
            elif send.destination == maar:
                got.append(send)
        return got


def kinds(sent: list[Send]) -> list[tuple[type, IPv6Address]]:
    """What is sent to whom."""
    return [(type(send.message), send.destination) for send in sent]

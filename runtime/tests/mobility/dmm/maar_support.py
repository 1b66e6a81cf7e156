# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""One MAAR and the octets that it gets and sends; who answers is the test."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network
from typing import TypeVar

from p4dmm.mobility import Advertise, Attachment
from p4dmm.mobility.access import Attached
from p4dmm.mobility.dmm.maar import Event, Maar
from p4dmm.mobility.dmm.maar_state import MaarNode, MaarParameters
from p4dmm.mobility.exchange import Received, Send, TimeReached, ticks, timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.mobility.profile import NodeProfile
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BindingRevocationIndication,
    DlifLinkLayerAddress,
    DlifLinkLocalAddress,
    HandoffIndicator,
    HomeNetworkPrefix,
    Message,
    MobileNodeLinkLayerIdentifier,
    MobilityOption,
    PreviousMaar,
    ProxyBindingAck,
    ProxyBindingUpdate,
    ServingMaar,
    Timestamp,
    decode_mobility,
    encode_mobility,
)

MN = MobileNodeId.nai("mn1@example.net")
MAC = MacAddress.parse("02:00:5e:00:01:01")
CMD = IPv6Address("2001:db8::c")
HERE, OTHER, THIRD = (IPv6Address(f"2001:db8::{i}") for i in (1, 2, 3))
OWN, OTHERS, THIRDS = (IPv6Network(f"2001:db8:{i}::/64") for i in (1, 2, 3))
NOW = 1_800_000_000.0
PLACE = Attachment("s1", 1, 11)
ANOTHER_PLACE = Attachment("s1", 2, 12)
M = TypeVar("M", bound=Message)


def router(number: int) -> RouterIdentity:
    return RouterIdentity.of(MacAddress(bytes((2, 0, 0x5E, 0, 0xFF, number))))


PARAMETERS = MaarParameters(address=HERE, cmd=CMD, router=router(1), max_lifetime_s=100)


def attached(place: Attachment = PLACE, *offers: IPv6Network, mac: MacAddress = MAC, served: bool = True) -> Attached:
    return Attached(mac, place, 7, NodeProfile(MN, proxy_registration=served), offers or (OWN,))


def home(prefix: IPv6Network) -> HomeNetworkPrefix:
    return HomeNetworkPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)


def previous(address: IPv6Address, prefix: IPv6Network, who: RouterIdentity | None) -> tuple[MobilityOption, ...]:
    """As a CMD says it: the P-MAAR, and behind it how its interface looks."""
    option = PreviousMaar(prefix_length=prefix.prefixlen, address=address, prefix=prefix.network_address)
    if who is None:
        return (option,)
    return option, DlifLinkLocalAddress(address=who.link_local), DlifLinkLayerAddress(address=bytes(who.mac))


def answer(
    update: ProxyBindingUpdate, *more: MobilityOption, status: int = 0, lifetime: int | None = None, dmm: bool = True
) -> ProxyBindingAck:
    """The CMD's to a MAAR's update."""
    kinds = (
        HomeNetworkPrefix,
        HandoffIndicator,
        AccessTechnologyType,
        MobileNodeLinkLayerIdentifier,
        Timestamp,
    )
    repeated = tuple(o for o in update.options if isinstance(o, kinds))
    return ProxyBindingAck(
        status=status,
        dmm=dmm,
        sequence=update.sequence,
        lifetime=update.lifetime if lifetime is None else lifetime,
        options=(MN.option, *repeated, *more),
    )


def told_where(
    serving: IPv6Address | None, *, sequence: int, at: float, prefix: IPv6Network = OWN, lifetime: int = 25
) -> ProxyBindingUpdate:
    """The CMD's update to a P-MAAR."""
    where = () if serving is None else (ServingMaar(address=serving),)
    options = (MN.option, home(prefix), HandoffIndicator(indicator=4), timestamp_at(at), *where)
    return ProxyBindingUpdate(sequence=sequence, acknowledge=True, dmm=True, lifetime=lifetime, options=options)


def revocation(
    *prefixes: IPv6Network, sequence: int = 77, trigger: int = 1, **flags: bool
) -> BindingRevocationIndication:
    options = (MN.option, *(home(prefix) for prefix in prefixes))
    flags = {"proxy_binding": True, **flags}
    return BindingRevocationIndication(trigger=trigger, sequence=sequence, options=options, **flags)


@dataclass
class Bench:
    """A MAAR with one node: time is told, messages pass as octets."""

    parameters: MaarParameters = PARAMETERS
    now: float = NOW
    state: MaarNode = field(init=False)
    is_known: bool = field(init=False, default=False)
    outputs: tuple[Send | Advertise, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.role = Maar(self.parameters)
        self.state = self.role.initial(MN)

    def do(self, event: Event) -> tuple[Send | Advertise, ...]:
        new, self.outputs = self.role.step(self.state, event, self.now)
        self.is_known = new is not None
        self.state = self.role.initial(MN) if new is None else new
        for sent in self.sent(Message):
            source, destination = self.parameters.address, self.destination_of(sent)
            assert decode_mobility(encode_mobility(sent, source, destination), source, destination) == sent
        return self.outputs

    def get(
        self, message: Message, source: IPv6Address = CMD, destination: IPv6Address | None = None
    ) -> tuple[Send | Advertise, ...]:
        """Receive it from the wire."""
        to = self.parameters.address if destination is None else destination
        decoded = decode_mobility(encode_mobility(message, source, to), source, to)
        assert isinstance(decoded, Message)
        return self.do(Received(decoded, source, to))

    def wait(self) -> tuple[Send | Advertise, ...]:
        """Until something is due."""
        due = self.role.due(self.state)
        assert due is not None
        self.now = max(self.now, due)
        return self.do(TimeReached())

    def wait_until(self, at: float) -> list[Send | Advertise]:
        """All that happens until then."""
        outputs: list[Send | Advertise] = []
        while (due := self.role.due(self.state)) is not None and due <= at:
            outputs += self.wait()
        self.now = at
        return outputs

    def sent(self, kind: type[M]) -> list[M]:
        """What the last step sent."""
        return [o.message for o in self.outputs if isinstance(o, Send) and isinstance(o.message, kind)]

    def one(self, kind: type[M], to: IPv6Address = CMD) -> M:
        """The only message of the last step."""
        (send,) = (o for o in self.outputs if isinstance(o, Send))
        assert (send.source, send.destination) == (self.parameters.address, to)
        assert isinstance(send.message, kind)
        return send.message

    def destination_of(self, message: Message) -> IPv6Address:
        return next(o.destination for o in self.outputs if isinstance(o, Send) and o.message is message)

    @property
    def advertises(self) -> bool:
        return Advertise() in self.outputs

    @property
    def view(self) -> LocalBinding | None:
        """What the switch forwards; None: nothing."""
        views = self.role.views(self.state)
        assert len(views) <= 1
        return views[0] if views else None

    @property
    def held(self) -> frozenset[IPv6Network]:
        return self.role.prefixes(self.state)

    def served(self, *options: MobilityOption) -> ProxyBindingUpdate:
        """Attached and accepted; returns the registration."""
        self.do(attached())
        update = self.one(ProxyBindingUpdate)
        self.get(answer(update, *options))
        assert self.view is not None
        return update

    def moved_away(self, serving: IPv6Address = OTHER, sequence: int = 1) -> tuple[Send | Advertise, ...]:
        """A second later it is elsewhere."""
        self.wait_until(self.now + 1)
        return self.get(told_where(serving, sequence=sequence, at=self.now))


def stamp_of(message: Message) -> int:
    option = message.option(Timestamp)
    assert option is not None
    return ticks(option)


def prefixes_of(binding: LocalBinding | None) -> list[IPv6Network]:
    return [] if binding is None else [p.prefix for p in binding.prefixes]

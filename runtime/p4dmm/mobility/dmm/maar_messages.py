# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a MAAR writes in its messages, and reads in those of others (RFC 8885 section 4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from itertools import takewhile

from p4dmm.mobility.exchange import Received, Send, timestamp_at
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.router import RouterIdentity
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import (
    AccessTechnology,
    AccessTechnologyType,
    BaStatus,
    BindingRevocationAck,
    BindingRevocationIndication,
    DlifLinkLayerAddress,
    DlifLinkLocalAddress,
    HandoffIndicator,
    HandoffIndicatorValue,
    HomeNetworkPrefix,
    MnIdSubtype,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    MobilityOption,
    PreviousMaar,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    ServingMaar,
    Timestamp,
)

from .maar_state import Anchor, MaarParameters
from .prefix_options import anchored_networks, anchored_option, local_networks, local_options

_ECHOED = (HandoffIndicator, AccessTechnologyType, MobileNodeLinkLayerIdentifier, MobileNodeIdentifier)
_ALL_ZERO = HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address(0))
OWN_CLOCK = frozenset((BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED))
"""Answers with the peer's time; the next copy of the request has a later one."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a Proxy Binding Update to the CMD says."""

    mn_id: MobileNodeId
    prefix: IPv6Network
    lifetime_s: int
    """0 to de-register."""
    indicator: HandoffIndicatorValue
    mac: MacAddress | None


def update_of(registration: Registration, parameters: MaarParameters) -> ProxyBindingUpdate:
    """The message, without its sequence number and time."""
    options: list[MobilityOption] = [
        registration.mn_id.option,
        prefix_option(registration.prefix),
        HandoffIndicator(indicator=registration.indicator),
        AccessTechnologyType(technology=AccessTechnology.IEEE_802_3),
        Timestamp(seconds=0, fraction=0),
    ]
    if registration.mac is not None:
        options.append(MobileNodeLinkLayerIdentifier(identifier=bytes(registration.mac)))
    return ProxyBindingUpdate(
        sequence=0,
        acknowledge=True,
        dmm=True,
        lifetime=registration.lifetime_s // 4,
        options=(*options, anchored_option(registration.prefix), *_about(parameters)),
    )


def prefix_option(prefix: IPv6Network) -> HomeNetworkPrefix:
    return HomeNetworkPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)


def revoked_prefixes(indication: BindingRevocationIndication) -> list[IPv6Network]:
    """Those of its Home Network Prefix options; bits behind the prefix length do not count."""
    options = indication.all_options(HomeNetworkPrefix)
    return [option.network for option in options]


def echoes(ack: ProxyBindingAck, update: ProxyBindingUpdate) -> bool:
    """Whether what an answer has to repeat is not something else there (RFC 5213 section 6.9.1.2)."""
    return all(ack.option(kind) in {None, update.option(kind)} for kind in _ECHOED)


def anchors_in(ack: ProxyBindingAck, parameters: MaarParameters) -> tuple[Anchor, ...]:
    """Other MAARs' prefixes by its Previous MAAR options: behind each one stand the options that say how that MAAR's
    interface looks and what it alone reaches. The pipeline knows prefixes of 64 bits only."""
    found: list[Anchor] = []
    for at, option in enumerate(ack.options):
        if isinstance(option, PreviousMaar) and option.prefix_length == 64 and option.address != parameters.address:
            about = list(takewhile(lambda other: not isinstance(other, PreviousMaar), ack.options[at + 1 :]))
            router = _identity(about) or _known_identity(option.address, parameters)
            local = local_networks(about, parameters.local_prefixes_max)
            found.append(Anchor(option.address, IPv6Network((int(option.prefix), 64), strict=False), router, local))
    return tuple(found)


def direct_anchors_in(received: Received, ack: ProxyBindingAck, parameters: MaarParameters) -> tuple[Anchor, ...]:
    """Of an acknowledgement that a P-MAAR has sent itself: it is the source (3.3)."""
    stamp = ack.option(Timestamp)
    ticks = None if stamp is None else stamp.seconds << 16 | stamp.fraction
    router = _identity(ack.options) or _known_identity(received.source, parameters)
    local = local_networks(ack.options, parameters.local_prefixes_max)
    prefixes = [prefix for prefix in anchored_networks(ack) if prefix.prefixlen == 64]
    return tuple(Anchor(received.source, prefix, router, local, ticks) for prefix in prefixes)


def acknowledgement(
    update: ProxyBindingUpdate, prefix: IPv6Network, parameters: MaarParameters, *, is_direct: bool = False
) -> ProxyBindingAck:
    """A P-MAAR's: the tunnel to the S-MAAR is there, and this prefix is anchored here (3.2). To the CMD, or directly to
    the S-MAAR (3.3)."""
    anchored = () if is_direct else (anchored_option(prefix),)
    serving = [option for option in update.options if isinstance(option, ServingMaar)]
    return ProxyBindingAck(
        status=BaStatus.ACCEPTED,
        dmm=True,
        sequence=update.sequence,
        lifetime=update.lifetime,
        options=(
            *_repeated(update),
            prefix_option(prefix),
            *serving[:1],
            *anchored,
            *_about(parameters),
        ),
    )


def rejection(
    update: ProxyBindingUpdate, status: BaStatus, now: float, *, sequence: int | None = None
) -> ProxyBindingAck:
    """An answer that says no: with the prefixes that the update has (RFC 5213 section 5.3.6), with an empty name if it
    has none (section 5.3.1), with the time here if its time was not right (section 5.5), with the sequence number last
    accepted if its own was not right (RFC 6275 section 9.5.1)."""
    repeated = _repeated(update)
    if status in OWN_CLOCK:
        repeated = tuple(timestamp_at(now) if isinstance(option, Timestamp) else option for option in repeated)
    if status is BaStatus.MISSING_MN_IDENTIFIER_OPTION:
        repeated = (MobileNodeIdentifier(subtype=MnIdSubtype.NAI, identifier=b""), *repeated)
    serving = [option for option in update.options if isinstance(option, ServingMaar)]
    return ProxyBindingAck(
        status=status,
        dmm=True,
        sequence=update.sequence if sequence is None else sequence,
        lifetime=0,
        options=(*repeated, *(update.all_options(HomeNetworkPrefix) or (_ALL_ZERO,)), *serving[:1]),
    )


def revocation_answer(
    indication: BindingRevocationIndication, status: RevocationStatus, failed: Iterable[IPv6Network] = ()
) -> BindingRevocationAck:
    """With the flags and the number of the indication; `failed` are bindings that were not there (RFC 5846 9.1)."""
    prefixes = [prefix_option(prefix) for prefix in failed]
    name = indication.option(MobileNodeIdentifier)
    return BindingRevocationAck(
        status=status,
        sequence=indication.sequence,
        proxy_binding=indication.proxy_binding,
        ipv4_only=indication.ipv4_only,
        is_global=indication.is_global,
        options=() if name is None or not indication.proxy_binding else (name, *prefixes),
    )


def reply(message: ProxyBindingAck | BindingRevocationAck, received: Received) -> Send:
    """To where it came from."""
    return Send(message, received.destination, received.source)


def _about(parameters: MaarParameters) -> Iterator[MobilityOption]:
    """How this MAAR's interface looks (4.7, 4.8), and what it alone reaches (4.4)."""
    yield DlifLinkLocalAddress(address=parameters.router.link_local)
    yield DlifLinkLayerAddress(address=bytes(parameters.router.mac))
    yield from local_options(parameters.local_prefixes)


def _repeated(update: ProxyBindingUpdate) -> tuple[MobilityOption, ...]:
    """What an answer repeats (RFC 5213 section 5.3.6)."""
    return tuple(option for option in update.options if isinstance(option, (*_ECHOED, Timestamp)))


def _known_identity(address: IPv6Address, parameters: MaarParameters) -> RouterIdentity:
    """Of a MAAR that says nothing of its interface. If nobody knows, this MAAR's own shows the prefix, too: connections
    go on once the node has noticed that its router has changed."""
    return parameters.dlif_of.get(address, parameters.router)


def _identity(options: Iterable[MobilityOption]) -> RouterIdentity | None:
    """None unless both options are there and make sense."""
    link_local: IPv6Address | None = None
    mac: MacAddress | None = None
    for option in options:
        if isinstance(option, DlifLinkLocalAddress) and option.address.is_link_local:
            link_local = option.address
        if isinstance(option, DlifLinkLayerAddress) and len(option.address) == 6 and any(option.address):
            mac = MacAddress(option.address)
    if link_local is None or mac is None or mac.is_group:
        return None
    return RouterIdentity(mac, link_local)

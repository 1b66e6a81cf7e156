# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a Central Mobility Database reads in messages, and those it sends (RFC 8885 section 4, RFC 5213 section 5.3.6,
RFC 5846 section 8.1).

How a MAAR looks on a node's link is told by DLIF Link-Local and Link-Layer Address options (69, 70), networks behind it
by Local Prefix options (66). Whose they are is said by their place in the message: those before the first Previous MAAR
option are about the sender, those after a Previous MAAR option, up to the next one, about the P-MAAR that it names.
In an answer every Previous MAAR option is followed by all its MAAR has told.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from itertools import takewhile

from p4dmm.mobility.exchange import Received, Send, timestamp_at
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    DlifLinkLayerAddress,
    DlifLinkLocalAddress,
    HandoffIndicator,
    HomeNetworkPrefix,
    LinkLocalAddress,
    Message,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    MobilityOption,
    PreviousMaar,
    ProxyBindingAck,
    ProxyBindingUpdate,
    ServingMaar,
    Timestamp,
)

from .cmd_state import AnchoringMaar
from .prefix_options import local_networks, local_options

_UNSPECIFIED = IPv6Address("::")
_NO_TIME = Timestamp(seconds=0, fraction=0)
_LONGEST_LINK_LAYER_ADDRESS = 8
# A rejection with more would not fit into a message that has identifiers of any length beside them.
_PREFIXES_ECHOED_MAX = 48
_ABOUT_CLOCKS = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)


def told_by(message: Message, maar: AnchoringMaar, *, local_prefixes_max: int) -> AnchoringMaar:
    """The MAAR with what its message says of it; what it does not say stays."""
    own = tuple(takewhile(lambda option: not isinstance(option, PreviousMaar), message.options))
    for option in own:
        match option:
            case DlifLinkLocalAddress(address=address) if address.is_link_local:
                maar = replace(maar, link_local=address)
            case DlifLinkLayerAddress(address=octets) if 0 < len(octets) <= _LONGEST_LINK_LAYER_ADDRESS:
                maar = replace(maar, link_layer=octets)
    local = local_networks(own, local_prefixes_max)
    return replace(maar, local_prefixes=local) if local else maar


def acknowledgement(
    received: Received,
    *,
    status: BaStatus = BaStatus.ACCEPTED,
    sequence: int | None = None,
    lifetime: int = 0,
    prefixes: tuple[IPv6Network, ...] | None = None,
    previous: Iterable[AnchoringMaar] = (),
    now: float,
) -> Send:
    """The answer to a Proxy Binding Update: with these prefixes, else with those of the update. The D flag is that of
    the update: whoever does not know it has to take no notice of an answer that has it (RFC 8885 section 4.2)."""
    update = received.message
    assert isinstance(update, ProxyBindingUpdate)
    asked: tuple[MobilityOption, ...] = update.all_options(HomeNetworkPrefix)[:_PREFIXES_ECHOED_MAX]
    given = asked if prefixes is None else tuple(_home(prefix) for prefix in prefixes)
    stamp = update.option(Timestamp)
    options: list[MobilityOption | None] = [
        update.option(MobileNodeIdentifier) or MobileNodeIdentifier(identifier=b""),
        *(given or (HomeNetworkPrefix(prefix_length=0, prefix=_UNSPECIFIED),)),
        update.option(HandoffIndicator) or HandoffIndicator(indicator=0),
        update.option(AccessTechnologyType) or AccessTechnologyType(technology=0),
        update.option(MobileNodeLinkLayerIdentifier),
        update.option(LinkLocalAddress),
        timestamp_at(now) if stamp is not None and status in _ABOUT_CLOCKS else stamp,
        *(option for maar in previous for option in _described(maar)),
    ]
    ack = ProxyBindingAck(
        status=status,
        dmm=update.dmm,
        sequence=update.sequence if sequence is None else sequence,
        lifetime=lifetime,
        options=tuple(option for option in options if option is not None),
    )
    return Send(ack, received.destination, received.source)


def unidentified(received: Received, now: float) -> tuple[Send, ...]:
    """The answer to a Proxy Binding Update without a Mobile Node Identifier (RFC 5213 section 5.3.1, step 4)."""
    return (acknowledgement(received, status=BaStatus.MISSING_MN_IDENTIFIER_OPTION, now=now),)


def location_update(
    request: ProxyBindingUpdate, previous: AnchoringMaar, serving: IPv6Address, *, lifetime: int
) -> ProxyBindingUpdate:
    """What a P-MAAR gets of the S-MAAR's request (RFC 8885 section 3.2): about the prefixes it anchors itself, and with
    the place of the node. Sequence number and time are those of its sending."""
    options = (
        request.option(MobileNodeIdentifier),
        *(_home(prefix) for prefix in previous.prefixes),
        request.option(HandoffIndicator),
        request.option(AccessTechnologyType),
        request.option(MobileNodeLinkLayerIdentifier),
        _NO_TIME,
        ServingMaar(address=serving),
    )
    kept = tuple(option for option in options if option is not None)
    return ProxyBindingUpdate(sequence=0, acknowledge=True, dmm=True, lifetime=lifetime, options=kept)


def without_prefixes(update: ProxyBindingUpdate, idle: AbstractSet[IPv6Network]) -> ProxyBindingUpdate:
    """A P-MAAR's update with only the prefixes that remain."""
    kept = (o for o in update.options if not isinstance(o, HomeNetworkPrefix) or o.network not in idle)
    return replace(update, options=tuple(kept))


def _described(maar: AnchoringMaar) -> Iterator[MobilityOption]:
    for prefix in maar.prefixes:
        yield PreviousMaar(prefix_length=prefix.prefixlen, address=maar.address, prefix=prefix.network_address)
        if maar.link_local is not None:
            yield DlifLinkLocalAddress(address=maar.link_local)
        if maar.link_layer is not None:
            yield DlifLinkLayerAddress(address=maar.link_layer)
        yield from local_options(maar.local_prefixes)


def _home(prefix: IPv6Network) -> HomeNetworkPrefix:
    return HomeNetworkPrefix(prefix_length=prefix.prefixlen, prefix=prefix.network_address)

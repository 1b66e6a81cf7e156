# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of a mobile access gateway: how they are made and what is taken from those of the anchor."""

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.exchange import PendingUpdate, Received
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    BindingRefreshAdvice,
    BindingRevocationAck,
    BindingRevocationIndication,
    HandoffIndicator,
    HandoffIndicatorValue,
    HomeNetworkPrefix,
    LinkLocalAddress,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    MobilityOption,
    ProxyBindingAck,
    ProxyBindingUpdate,
    RevocationStatus,
    RevocationTrigger,
    Timestamp,
    is_newer,
)

from .mag_binding import MagNode, MagParameters

ALL_ZERO = HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address("::"))
_ECHOED = (HandoffIndicator, AccessTechnologyType, MobileNodeLinkLayerIdentifier, MobileNodeIdentifier)
_TRIGGERS = frozenset(RevocationTrigger)
_HANDOVERS = (
    RevocationTrigger.INTER_MAG_HANDOVER_SAME_ACCESS_TYPE,
    RevocationTrigger.INTER_MAG_HANDOVER_DIFFERENT_ACCESS_TYPE,
    RevocationTrigger.INTER_MAG_HANDOVER_UNKNOWN,
)
_FIRST_GLOBAL_TRIGGER = RevocationTrigger.PER_PEER_POLICY


def registration(node: MagNode, parameters: MagParameters) -> ProxyBindingUpdate:
    """For a node that has attached (RFC 5213 section 6.9.1.1): with the prefixes of its profile, else the anchor's
    choice."""
    known = () if node.profile is None or node.any_prefix else node.profile.prefixes
    prefixes = options_of(known) or (ALL_ZERO,)
    return _update(node, parameters, parameters.indicator, prefixes, parameters.lifetime_s)


def re_registration(node: MagNode, parameters: MagParameters) -> ProxyBindingUpdate:
    """For more time (section 6.9.1.3): with every prefix assigned and indicator 5."""
    indicator = HandoffIndicatorValue.HANDOFF_STATE_NOT_CHANGED
    return _update(node, parameters, indicator, options_of(node.prefixes), parameters.lifetime_s)


def de_registration(
    node: MagNode, parameters: MagParameters, prefixes: tuple[HomeNetworkPrefix, ...]
) -> ProxyBindingUpdate:
    """To end the session (section 6.9.1.4): with every prefix assigned and indicator 4."""
    return _update(node, parameters, HandoffIndicatorValue.HANDOFF_STATE_UNKNOWN, prefixes or (ALL_ZERO,), 0)


def options_of(prefixes: Iterable[IPv6Network]) -> tuple[HomeNetworkPrefix, ...]:
    return tuple(HomeNetworkPrefix(prefix_length=p.prefixlen, prefix=p.network_address) for p in prefixes)


def prefixes_in(options: Iterable[HomeNetworkPrefix]) -> tuple[IPv6Network, ...]:
    """The prefixes, each once, without those that are all zero."""
    found = [IPv6Network((o.prefix, o.prefix_length), strict=False) for o in options if int(o.prefix)]
    return tuple(dict.fromkeys(found))


def assigned(ack: ProxyBindingAck) -> tuple[IPv6Network, ...] | None:
    """The prefixes that an anchor gives its node; None unless it is some, each a /64 that hosts can make addresses of
    (RFC 4862 section 5.5.3 for interface identifiers of 64 bits)."""
    prefixes = prefixes_in(ack.all_options(HomeNetworkPrefix))
    usable = all(p.prefixlen == 64 and not (p.is_multicast or p.is_link_local) for p in prefixes)
    return prefixes if prefixes and usable else None


def echoes(update: ProxyBindingUpdate, ack: ProxyBindingAck) -> bool:
    """Whether what an anchor has to echo is the same where it is there (section 6.9.1.2 item 6)."""
    return all(echo == update.option(kind) for kind in _ECHOED for echo in ack.all_options(kind))


def names_stale_sequence(received: Received, pending: PendingUpdate) -> bool:
    """Whether the anchor says that it has accepted a later sequence number, which is in the answer in place of ours
    (RFC 6275 section 9.5.1)."""
    ack, update = received.message, pending.update
    return (
        isinstance(ack, ProxyBindingAck)
        and ack.status == BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW
        and not ack.dmm
        and update.option(Timestamp) is None
        and (received.source, received.destination) == (pending.peer, pending.source)
        and ack.option(MobileNodeIdentifier) == update.option(MobileNodeIdentifier)
        and not is_newer(update.sequence, ack.sequence)
    )


def refresh_advice_s(ack: ProxyBindingAck) -> int | None:
    """How soon the anchor wants to hear again, in seconds (RFC 6275 section 11.7.3)."""
    advice = ack.option(BindingRefreshAdvice)
    return advice.interval * 4 if advice is not None and advice.interval else None


def given_link_local(ack: ProxyBindingAck) -> IPv6Address | None:
    """The gateway's address on the node's link that the anchor asks for (RFC 5213 section 6.9.1.2 item 15)."""
    option = ack.option(LinkLocalAddress)
    return option.address if option is not None and option.address.is_link_local else None


def revocation_status(
    received: Received, indication: BindingRevocationIndication, node: MagNode, prefixes: tuple[IPv6Network, ...]
) -> RevocationStatus:
    """What becomes of an indication (RFC 5846 sections 6.2.1 and 9.1) for a node that has these prefixes of `node.lma`,
    or none: global revocation, and that of an IPv4 address alone, are of bindings that there are none of here."""
    trigger = indication.trigger
    if trigger not in _TRIGGERS:
        return RevocationStatus.REVOCATION_TRIGGER_NOT_SUPPORTED
    if indication.is_global or trigger >= _FIRST_GLOBAL_TRIGGER:
        return RevocationStatus.REVOCATION_FUNCTION_NOT_SUPPORTED
    named = prefixes_in(indication.all_options(HomeNetworkPrefix))
    is_ours = (
        indication.proxy_binding
        and not indication.ipv4_only
        and indication.option(MobileNodeIdentifier) == node.mn_id.option
        and received.source == node.lma
        and bool(prefixes)
        # One that is ours identifies the session; others may have been released before.
        and (not named or any(prefix in prefixes for prefix in named))
    )
    if not is_ours:
        return RevocationStatus.BINDING_DOES_NOT_EXIST
    if trigger in _HANDOVERS and node.attachment is not None:
        return RevocationStatus.REVOCATION_FAILED_MN_IS_ATTACHED
    return RevocationStatus.SUCCESS


def revocation_answer(indication: BindingRevocationIndication, status: RevocationStatus) -> BindingRevocationAck:
    """With the sequence number and the flags P, V and G of the indication (RFC 5846 section 6.1.2)."""
    return BindingRevocationAck(
        status=status,
        sequence=indication.sequence,
        proxy_binding=indication.proxy_binding,
        ipv4_only=indication.ipv4_only,
        is_global=indication.is_global,
    )


def _update(
    node: MagNode,
    parameters: MagParameters,
    indicator: int,
    prefixes: tuple[HomeNetworkPrefix, ...],
    lifetime_s: int,
) -> ProxyBindingUpdate:
    """The options of RFC 5213 figure 12. Sequence number and time are put in when it is sent (`exchange.begin`)."""
    assert node.mac is not None
    options: list[MobilityOption] = [
        node.mn_id.option,
        *prefixes,
        HandoffIndicator(indicator=indicator),
        AccessTechnologyType(technology=parameters.technology),
    ]
    if parameters.timestamps:
        options.append(node.last_stamp or Timestamp(seconds=0, fraction=0))
    options.append(MobileNodeLinkLayerIdentifier(identifier=bytes(node.mac)))
    if parameters.asks_for_link_local:
        options.append(LinkLocalAddress(address=node.router_link_local or IPv6Address("::")))
    return ProxyBindingUpdate(sequence=0, acknowledge=True, lifetime=lifetime_s // 4, options=tuple(options))

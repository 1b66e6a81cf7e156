# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What a local mobility anchor checks of a Proxy Binding Update before it looks for the binding (RFC 5213 section
5.3.1), in the order of the RFC. The sender, the message's form and its authenticator have been checked before."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address

from p4dmm.mobility.exchange import ticks
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    HandoffIndicator,
    HomeNetworkPrefix,
    MobileNodeIdentifier,
    ProxyBindingUpdate,
    Timestamp,
    is_newer,
)

from .binding import NO_LINK_LAYER_ID, LmaNode, ProxyBinding
from .existence import Outcome, find
from .request import Request, UpdateReceived


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update, and what it is checked against."""

    request: Request
    event: UpdateReceived
    state: LmaNode
    anchor: IPv6Address
    window_s: float
    """TimestampValidityWindow."""
    now: float


def dmm(arrival: Arrival) -> BaStatus | None:
    return BaStatus.REASON_UNSPECIFIED if arrival.request.update.dmm else None


def node_identifier(arrival: Arrival) -> BaStatus | None:
    missing = arrival.request.update.option(MobileNodeIdentifier) is None
    return BaStatus.MISSING_MN_IDENTIFIER_OPTION if missing else None


def gateway(arrival: Arrival) -> BaStatus | None:
    profile = arrival.event.profile
    mags = None if profile is None else profile.mags
    if arrival.event.is_peer and (mags is None or arrival.request.source in mags):
        return None
    return BaStatus.MAG_NOT_AUTHORIZED_FOR_PROXY_REG


def node(arrival: Arrival) -> BaStatus | None:
    profile = arrival.event.profile
    if profile is not None and profile.lma in (None, arrival.anchor):
        return None
    return BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE


def service(arrival: Arrival) -> BaStatus | None:
    profile = arrival.event.profile
    return None if profile is not None and profile.proxy_registration else BaStatus.PROXY_REG_NOT_ENABLED


def order(arrival: Arrival) -> BaStatus | None:
    request, state = arrival.request, arrival.state
    if request.update.option(Timestamp) is not None:
        return state.freshness.rejection(request.update, request.source, arrival.now, window_s=arrival.window_s)
    later = accepted_later(arrival)
    return None if later is None else BaStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW


def home_network_prefix(arrival: Arrival) -> BaStatus | None:
    missing = arrival.request.update.option(HomeNetworkPrefix) is None
    return BaStatus.MISSING_HOME_NETWORK_PREFIX_OPTION if missing else None


def handoff_indicator(arrival: Arrival) -> BaStatus | None:
    missing = arrival.request.update.option(HandoffIndicator) is None
    return BaStatus.MISSING_HANDOFF_INDICATOR_OPTION if missing else None


def access_technology(arrival: Arrival) -> BaStatus | None:
    missing = arrival.request.update.option(AccessTechnologyType) is None
    return BaStatus.MISSING_ACCESS_TECH_TYPE_OPTION if missing else None


def care_of_address(arrival: Arrival) -> BaStatus | None:
    address = arrival.request.proxy_coa
    routable = not (address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local)
    return None if routable else BaStatus.INVALID_CARE_OF_ADDRESS


Check = Callable[[Arrival], BaStatus | None]

CHECKS: dict[str, Check] = {
    "RFC 8885 4.1": dmm,
    "RFC 5213 5.3.1 (4)": node_identifier,
    "RFC 5213 5.3.1 (5, 6)": gateway,
    "RFC 5213 5.3.1 (7)": node,
    "RFC 5213 5.3.1 (8)": service,
    "RFC 5213 5.3.1 (9)": order,
    "RFC 5213 5.3.1 (10)": home_network_prefix,
    "RFC 5213 5.3.1 (11)": handoff_indicator,
    "RFC 5213 5.3.1 (12)": access_technology,
    "RFC 6275 6.2.5": care_of_address,
}


def rejection(arrival: Arrival) -> BaStatus | None:
    """The status of the first check that fails; None if none does."""
    for check in CHECKS.values():
        status = check(arrival)
        if status is not None:
            return status
    return None


def accepted_later(arrival: Arrival) -> ProxyBinding | None:
    """The binding whose last update the given one is not newer than by sequence number (RFC 6275 section 9.5.1).

    Numbers are kept for each mobility session (RFC 5213 section 5.5). An update that the existence test makes a new
    session of has none to be compared with, unless nothing tells its interface from that of a binding: then it is the
    gateway's first one again.
    """
    request, state = arrival.request, arrival.state
    finding = find(request, state.mn_id, state.bindings, arrival.event.holdings)
    session = finding.binding if finding.outcome in (Outcome.UPDATE, Outcome.WAIT) else _same_unnamed(arrival)
    if session is None or is_newer(request.update.sequence, session.sequence):
        return None
    return session


def is_later(update: ProxyBindingUpdate, other: ProxyBindingUpdate) -> bool:
    """Whether of two updates from one gateway the first was made after the second."""
    stamp, other_stamp = update.option(Timestamp), other.option(Timestamp)
    if stamp is not None and other_stamp is not None:
        return ticks(stamp) > ticks(other_stamp)
    return is_newer(update.sequence, other.sequence)


def _same_unnamed(arrival: Arrival) -> ProxyBinding | None:
    request = arrival.request
    if request.link_layer_id is not None or request.prefixes:
        return None
    wanted = (request.proxy_coa, request.technology, NO_LINK_LAYER_ID)
    for binding in arrival.state.bindings:
        if (binding.proxy_coa, binding.technology, binding.link_layer_id) == wanted:
            return binding
    return None

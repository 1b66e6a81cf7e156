# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Why a Central Mobility Database rejects a Proxy Binding Update (RFC 5213 section 5.3.1, RFC 8885 section 3)."""

from ipaddress import IPv6Address

from p4dmm.mobility.pmipv6.request import Request
from p4dmm.wire.mobility import AccessTechnologyType, BaStatus, HandoffIndicator, HomeNetworkPrefix

from .cmd_state import CmdNode, CmdParameters, UpdateReceived
from .prefix_options import anchored_networks


def rejection(node: CmdNode, event: UpdateReceived, now: float, parameters: CmdParameters) -> BaStatus | None:
    """The status of the first check that fails, in the order of RFC 5213; None if the update is good."""
    update, source, profile = event.update, event.received.source, event.profile
    mags = None if profile is None else profile.mags
    if not event.is_peer or (mags is not None and source not in mags):
        return BaStatus.MAG_NOT_AUTHORIZED_FOR_PROXY_REG
    if profile is None:
        return BaStatus.NOT_LMA_FOR_THIS_MOBILE_NODE
    if not profile.proxy_registration or not update.dmm:
        # Without the D flag it is a plain gateway's, and this is no anchor that could serve it.
        return BaStatus.PROXY_REG_NOT_ENABLED
    stale = node.freshness.rejection(update, source, now, window_s=parameters.timestamp_validity_window_s)
    if stale is not None:
        return stale
    if update.option(HomeNetworkPrefix) is None and not anchored_networks(update):
        return BaStatus.MISSING_HOME_NETWORK_PREFIX_OPTION
    for kind, missing in (
        (HandoffIndicator, BaStatus.MISSING_HANDOFF_INDICATOR_OPTION),
        (AccessTechnologyType, BaStatus.MISSING_ACCESS_TECH_TYPE_OPTION),
    ):
        if update.option(kind) is None:
            return missing
    return _refusal(node, event, parameters) if update.lifetime else None


def _refusal(node: CmdNode, event: UpdateReceived, parameters: CmdParameters) -> BaStatus | None:
    """What is wrong with the place and the prefixes of a registration."""
    request, prefixes = Request.of(event.received), anchored_networks(event.update)
    address = request.proxy_coa
    if not _is_usable(address):
        return BaStatus.INVALID_CARE_OF_ADDRESS
    if request.wants_prefixes or len(prefixes) > parameters.previous_maars_max:
        # A CMD anchors nothing that it could give.
        return BaStatus.INSUFFICIENT_RESOURCES
    pool = parameters.pools.get(event.received.source)
    taken = [prefix for prefix, owner in event.owners if owner != node.mn_id]
    taken += [prefix for maar in node.maars if maar.address != address for prefix in maar.prefixes]
    for prefix in prefixes:
        if pool is not None and not any(prefix.subnet_of(part) for part in pool):
            return BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX
        if any(prefix.overlaps(other) for other in taken):
            return BaStatus.NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX
    return None


def _is_usable(address: IPv6Address) -> bool:
    return not (address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local)

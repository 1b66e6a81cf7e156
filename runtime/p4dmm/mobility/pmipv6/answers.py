# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Proxy Binding Acknowledgements of a local mobility anchor (RFC 5213 section 5.3.6)."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv6Address

from p4dmm.mobility.exchange import Received, Send, timestamp_at
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    HandoffIndicator,
    HomeNetworkPrefix,
    LinkLocalAddress,
    MnIdSubtype,
    MobileNodeIdentifier,
    MobileNodeLinkLayerIdentifier,
    MobilityOption,
    ProxyBindingAck,
    Timestamp,
)

from .binding import ProxyBinding
from .request import Request

_OWN_CLOCK = (BaStatus.TIMESTAMP_MISMATCH, BaStatus.TIMESTAMP_LOWER_THAN_PREV_ACCEPTED)
_NOBODY = MobileNodeIdentifier(subtype=MnIdSubtype.NAI, identifier=b"")
_ECHOED_PREFIXES = 48
"""So many that the answer fits into a Mobility Header, whatever else it repeats."""
_NO_PREFIX = HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address(0))


def accepted(request: Request, binding: ProxyBinding, lifetime: int) -> Send:
    """Status 0, for `lifetime` units of 4 seconds, 0 for a de-registration."""
    homes = [HomeNetworkPrefix(prefix_length=p.prefixlen, prefix=p.network_address) for p in binding.prefixes]
    options = _options(request, homes, request.update.option(Timestamp), binding.link_local)
    return _send(request, BaStatus.ACCEPTED, request.update.sequence, lifetime, options)


def rejected(request: Request, status: BaStatus, now: float, *, last_sequence: int | None = None) -> Send:
    """A status of 128 and more. `last_sequence` is the number accepted last, for status 135 (RFC 6275 section
    9.5.1)."""
    update = request.update
    homes = [replace(home, reserved=0) for home in update.all_options(HomeNetworkPrefix)][:_ECHOED_PREFIXES]
    if not homes:
        homes = [_NO_PREFIX]
    stamp = update.option(Timestamp)
    if stamp is not None and status in _OWN_CLOCK:
        stamp = timestamp_at(now)
    asked = update.option(LinkLocalAddress)
    options = _options(request, homes, stamp, None if asked is None else asked.address)
    return _send(request, status, update.sequence if last_sequence is None else last_sequence, 0, options)


def unidentified(received: Received, now: float) -> tuple[Send, ...]:
    """The answer to an update without a Mobile Node Identifier option, which has no node's state to change."""
    request = Request.of(received)
    if request.update.dmm:
        return (rejected(request, BaStatus.REASON_UNSPECIFIED, now),)
    return (rejected(request, BaStatus.MISSING_MN_IDENTIFIER_OPTION, now),)


def _options(
    request: Request, homes: Sequence[HomeNetworkPrefix], stamp: Timestamp | None, link_local: IPv6Address | None
) -> tuple[MobilityOption, ...]:
    update = request.update
    named = update.option(MobileNodeIdentifier) or _NOBODY
    options: list[MobilityOption] = [
        named,
        *homes,
        HandoffIndicator(indicator=request.handoff),
        AccessTechnologyType(technology=request.technology),
    ]
    if stamp is not None:
        options.append(stamp)
    interface = update.option(MobileNodeLinkLayerIdentifier)
    if interface is not None:
        options.append(replace(interface, reserved=0))
    if update.option(LinkLocalAddress) is not None and link_local is not None:
        options.append(LinkLocalAddress(address=link_local))
    return tuple(options)


def _send(
    request: Request, status: BaStatus, sequence: int, lifetime: int, options: tuple[MobilityOption, ...]
) -> Send:
    """From where the update was sent to, to where it came from, whatever the Proxy-CoA is."""
    ack = ProxyBindingAck(status=status, sequence=sequence, lifetime=lifetime, options=options)
    return Send(ack, request.destination, request.source)

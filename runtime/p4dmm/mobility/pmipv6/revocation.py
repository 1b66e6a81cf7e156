# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Binding Revocation Indications of a local mobility anchor (RFC 5846 sections 6 and 8.1)."""

from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network

from p4dmm.mobility.exchange import Received, Send
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire.mobility import (
    AlternateCareOfAddress,
    BindingRevocationAck,
    BindingRevocationIndication,
    HomeNetworkPrefix,
    MobilityOption,
    RevocationStatus,
    RevocationTrigger,
)


@dataclass(frozen=True, slots=True)
class RevocationTimers:
    """How an indication is repeated (RFC 5846 section 11)."""

    initial_s: float = 1.0
    """InitMINDelayBRIs, not less than 0.5; the wait doubles up to `maximum_s`."""
    maximum_s: float = 2.0
    """MAX_BRACK_TIMEOUT."""
    retries: int = 1
    """BRIMaxRetriesNumber."""

    def __post_init__(self) -> None:
        """Raise ValueError for a first wait that RFC 5846 does not allow."""
        if self.initial_s < 0.5:
            raise ValueError(f"initial_s is {self.initial_s}; allowed: 0.5 and more (RFC 5846 section 11)")

    @property
    def total_s(self) -> float:
        """From the first copy until nothing is expected any more."""
        return sum(min(self.initial_s * float(1 << copy), self.maximum_s) for copy in range(self.retries + 1))


@dataclass(frozen=True, slots=True)
class PendingRevocation:
    """An indication that has no answer yet; every copy is the same (RFC 5846 section 6.3)."""

    indication: BindingRevocationIndication
    source: IPv6Address
    peer: IPv6Address
    proxy_coa: IPv6Address
    """Of the binding that the gateway is to give up."""
    prefixes: tuple[IPv6Network, ...]
    repeat_at: float
    """For the last copy: when its answer is given up."""
    wait_s: float
    retries_left: int

    @property
    def sending(self) -> Send:
        return Send(self.indication, self.source, self.peer)

    @property
    def trigger(self) -> int:
        return self.indication.trigger

    def repeated(self, timers: RevocationTimers, now: float) -> "PendingRevocation":
        """With the next copy, to be sent now."""
        wait_s = min(2 * self.wait_s, timers.maximum_s)
        return replace(self, repeat_at=now + wait_s, wait_s=wait_s, retries_left=self.retries_left - 1)

    def is_about(self, prefixes: tuple[IPv6Network, ...], proxy_coa: IPv6Address) -> bool:
        """Whether it is that binding, with that gateway."""
        return self.prefixes == prefixes and self.proxy_coa == proxy_coa

    def is_answered_by(self, received: Received) -> bool:
        """Whether this is that gateway's answer: the sequence number is that of the indication."""
        ack = received.message
        if not isinstance(ack, BindingRevocationAck) or (received.source, received.destination) != (
            self.peer,
            self.source,
        ):
            return False
        return ack.sequence == self.indication.sequence and ack.proxy_binding and not ack.is_global


def begin(
    mn_id: MobileNodeId,
    prefixes: tuple[IPv6Network, ...],
    *,
    proxy_coa: IPv6Address,
    source: IPv6Address,
    peer: IPv6Address,
    trigger: RevocationTrigger,
    sequence: int,
    timers: RevocationTimers,
    now: float,
) -> PendingRevocation:
    """The first copy, to be sent now: MN-ID and every prefix name the binding, and the Proxy-CoA if the gateway signals
    from another address (RFC 5846 section 8.1)."""
    options: list[MobilityOption] = [mn_id.option]
    options += [HomeNetworkPrefix(prefix_length=p.prefixlen, prefix=p.network_address) for p in prefixes]
    if proxy_coa != peer:
        options.append(AlternateCareOfAddress(address=proxy_coa))
    indication = BindingRevocationIndication(
        trigger=trigger, sequence=sequence, proxy_binding=True, options=tuple(options)
    )
    return PendingRevocation(
        indication,
        source,
        peer,
        proxy_coa,
        prefixes,
        repeat_at=now + timers.initial_s,
        wait_s=timers.initial_s,
        retries_left=timers.retries,
    )


def declined(indication: BindingRevocationIndication, received: Received) -> Send:
    """The answer to a gateway's indication. An anchor has bindings ended by de-registration, whose order is known, and
    gives no gateway the right to end those of others (RFC 5846 sections 6.1.2 and 8.2)."""
    status = RevocationStatus.REVOCATION_FUNCTION_NOT_SUPPORTED
    if indication.is_global:
        status = RevocationStatus.GLOBAL_REVOCATION_NOT_AUTHORIZED
    ack = BindingRevocationAck(
        status=status,
        sequence=indication.sequence,
        proxy_binding=indication.proxy_binding,
        ipv4_only=indication.ipv4_only,
        is_global=indication.is_global,
    )
    return Send(ack, received.destination, received.source)

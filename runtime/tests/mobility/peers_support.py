# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A gateway and an anchor that signal to each other, and what may happen to a message between them."""

from dataclasses import replace
from ipaddress import IPv6Address

from p4dmm.mobility.exchange import timestamp_at
from p4dmm.mobility.peers import (
    Admitted,
    Peering,
    Peers,
    Refusal,
    RefusalReason,
    SecurityAssociation,
)
from p4dmm.wire import NextHeader
from p4dmm.wire.checksum import upper_layer_checksum
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BindingRevocationIndication,
    HandoffIndicator,
    HomeNetworkPrefix,
    Message,
    MobileNodeIdentifier,
    MobilityOption,
    ProxyBindingAck,
    ProxyBindingUpdate,
    decode_mobility,
    encode_mobility,
    sign_mn_ha,
)

MAG, LMA, STRANGER = (IPv6Address(f"2001:db8:0:{n}::1") for n in (1, 2, 9))
KEY, NEW_KEY = bytes(range(16)), bytes(range(16, 48))
SA = SecurityAssociation(256, KEY)
AUTHENTIC = Peering(1000, (SA,))
OPEN = Peering(1000)
T0 = 1_700_000_000.25

MN = MobileNodeIdentifier(identifier=b"mn1@example.net")
PBU = ProxyBindingUpdate(
    sequence=7,
    acknowledge=True,
    lifetime=900,
    options=(
        MN,
        HomeNetworkPrefix(prefix_length=0, prefix=IPv6Address("::")),
        HandoffIndicator(indicator=1),
        AccessTechnologyType(technology=3),
        timestamp_at(T0),
    ),
)
PBA = ProxyBindingAck(sequence=7, lifetime=900, options=(MN, timestamp_at(T0)))
BRI = BindingRevocationIndication(trigger=1, sequence=3, proxy_binding=True, options=(MN,))


def peers(peering: Peering = AUTHENTIC, **more: object) -> Peers:
    """One end; the only two that may signal are MAG and LMA, to each other."""
    known = {(MAG, LMA), (LMA, MAG)}
    return Peers(lambda own, other: peering if (own, other) in known else None, **more)  # type: ignore[arg-type]


class Wire:
    """A gateway and an anchor, each with its clock, and what is sent between them."""

    def __init__(self, mag: Peers | None = None, lma: Peers | None = None, lma_ahead_s: float = 0.0) -> None:
        self.mag, self.lma = mag or peers(), lma or peers()
        self.ahead_s = lma_ahead_s

    def up(self, message: Message, now: float = T0) -> bytes:
        return encode_mobility(self.mag.protect(message, MAG, LMA, now), MAG, LMA)

    def down(self, message: Message, now: float = T0) -> bytes:
        return encode_mobility(self.lma.protect(message, LMA, MAG, now + self.ahead_s), LMA, MAG)

    def at_lma(self, data: bytes, now: float = T0) -> Admitted | Refusal:
        return self.lma.admit(data, MAG, LMA, now + self.ahead_s)

    def at_mag(self, data: bytes, now: float = T0) -> Admitted | Refusal:
        return self.mag.admit(data, LMA, MAG, now)

    def answer(self, refusal: Admitted | Refusal) -> Message:
        """What the gateway is sent on a refusal, read there."""
        assert isinstance(refusal, Refusal)
        assert refusal.answer is not None
        assert (refusal.answer.source, refusal.answer.destination) == (LMA, MAG)
        message = decode_mobility(self.down(refusal.answer.message), LMA, MAG)
        assert isinstance(message, Message)
        return message


def reason(result: Admitted | Refusal) -> RefusalReason | None:
    return result.reason if isinstance(result, Refusal) else None


def checked(data: bytes, source: IPv6Address = MAG, destination: IPv6Address = LMA) -> bytes:
    """With the checksum put right, as a forger would."""
    bare = data[:4] + b"\0\0" + data[6:]
    return data[:4] + upper_layer_checksum(source, destination, NextHeader.MOBILITY, bare).to_bytes(2, "big") + data[6:]


def signed(message: Message, *, spi: int = 256, key: bytes = KEY, source: IPv6Address = MAG) -> Message:
    return sign_mn_ha(message, key, spi, care_of=source, home=LMA if source == MAG else MAG)


def followed(message: Message, option: MobilityOption) -> Message:
    return replace(message, options=(*message.options, option), padding=None)

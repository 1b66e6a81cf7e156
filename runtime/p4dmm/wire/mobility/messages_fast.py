# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of fast handovers (RFC 5568, 5949; type 10 is RFC 4068's, given up since)."""

from dataclasses import dataclass
from typing import Annotated

from p4dmm.wire.mobility.header import Message, message
from p4dmm.wire.mobility.layout import U16, Bits, Flag
from p4dmm.wire.mobility.status import FastBackStatus, HandoverAckCode, HandoverInitiateCode
from p4dmm.wire.mobility.types import MhType


@message(MhType.FAST_BINDING_UPDATE, "Fast Binding Update", "RFC 5568 s6.2.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class FastBindingUpdate(Message):
    """6: sequence 2; 8: A 0x8000, H, L, K; 10: lifetime 2, in seconds, unlike a Binding Update's; 12: options."""

    sequence: U16
    acknowledge: Flag = True
    home_registration: Flag = True
    link_local_compatibility: Flag = False
    key_management: Flag = False
    reserved: Annotated[int, Bits(12)] = 0
    lifetime: U16


@message(MhType.FAST_BINDING_ACKNOWLEDGMENT, "Fast Binding Acknowledgment", "RFC 5568 s6.2.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class FastBindingAck(Message):
    """6: status 1; 7: K 0x80; 8: sequence 2; 10: lifetime 2, in seconds; 12: options."""

    status: Annotated[int, Bits(8, names=FastBackStatus)]
    key_management: Flag = False
    reserved: Annotated[int, Bits(7)] = 0
    sequence: U16
    lifetime: U16


@message(MhType.FAST_NEIGHBOR_ADVERTISEMENT, "Fast Neighbor Advertisement", "RFC 4068 s6.3.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class FastNeighborAdvertisement(Message):
    """6: reserved 2; 8: options. Deprecated: RFC 5568 has an unsolicited Neighbor Advertisement in its place."""

    reserved: U16 = 0


@message(MhType.HANDOVER_INITIATE, "Handover Initiate", "RFC 5568 s6.2.1.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverInitiate(Message):
    """6: sequence 2; 8: S 0x80, U 0x40, P 0x20, F 0x10 (RFC 5949 s6.1.1); 9: code 1; 10: options."""

    sequence: U16
    assigned_address: Flag = False
    buffer: Flag = False
    proxy: Flag = False
    forwarding: Flag = False
    reserved: Annotated[int, Bits(4)] = 0
    code: Annotated[int, Bits(8, names=HandoverInitiateCode)]


@message(MhType.HANDOVER_ACKNOWLEDGE, "Handover Acknowledge", "RFC 5568 s6.2.1.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverAck(Message):
    """6: sequence 2; 8: U 0x80, P 0x40, F 0x20 (RFC 5949 s6.1.2); 9: code 1; 10: options."""

    sequence: U16
    buffer: Flag = False
    proxy: Flag = False
    forwarding: Flag = False
    reserved: Annotated[int, Bits(5)] = 0
    code: Annotated[int, Bits(8, names=HandoverAckCode)]

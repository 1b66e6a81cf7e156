# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Messages between anchors and gateways (RFC 5846, 5847, 6705, 7077, 7161)."""

from dataclasses import dataclass, field
from typing import Annotated

from p4dmm.wire.mobility.header import Message, message
from p4dmm.wire.mobility.layout import U8, U16, U32, Bits, Flag
from p4dmm.wire.mobility.status import (
    LocalizedRoutingStatus,
    RevocationStatus,
    RevocationTrigger,
    UpdateNotificationAckStatus,
    UpdateNotificationReason,
)
from p4dmm.wire.mobility.types import MhType


@message(MhType.HEARTBEAT, "Heartbeat", "RFC 5847 s3.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(Message):
    """6: reserved 14 bits, U 0x0002, R 0x0001; 8: sequence 4; 12: options. R answers; U answers what was not asked."""

    reserved: Annotated[int, Bits(14)] = 0
    unsolicited: Flag = False
    response: Flag = False
    sequence: U32


@message(MhType.BINDING_REVOCATION, "Binding Revocation Indication", "RFC 5846 s5.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRevocationIndication(Message):
    """6: type 1 (1); 7: trigger 1; 8: sequence 2; 10: P 0x8000, V 0x4000, G 0x2000; 12: options."""

    kind: U8 = field(init=False, default=1)
    trigger: Annotated[int, Bits(8, names=RevocationTrigger)]
    sequence: U16
    proxy_binding: Flag = False
    ipv4_only: Flag = False
    is_global: Flag = False
    reserved: Annotated[int, Bits(13)] = 0


@message(MhType.BINDING_REVOCATION, "Binding Revocation Acknowledgement", "RFC 5846 s5.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRevocationAck(Message):
    """6: type 1 (2); 7: status 1; 8: sequence and 10: flags of the indication; 12: options."""

    kind: U8 = field(init=False, default=2)
    status: Annotated[int, Bits(8, names=RevocationStatus)]
    sequence: U16
    proxy_binding: Flag = False
    ipv4_only: Flag = False
    is_global: Flag = False
    reserved: Annotated[int, Bits(13)] = 0


@message(MhType.LOCALIZED_ROUTING_INITIATION, "Localized Routing Initiation", "RFC 6705 s10.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedRoutingInitiation(Message):
    """6: sequence 2; 8: reserved 2; 10: lifetime 2, in seconds, 0 to stop, 0xffff without end; 12: options."""

    sequence: U16
    reserved: U16 = 0
    lifetime: U16


@message(MhType.LOCALIZED_ROUTING_ACKNOWLEDGMENT, "Localized Routing Acknowledgment", "RFC 6705 s10.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedRoutingAck(Message):
    """6: sequence 2; 8: U 0x80 (not asked for); 9: status 1; 10: lifetime 2, in seconds; 12: options."""

    sequence: U16
    unsolicited: Flag = False
    reserved: Annotated[int, Bits(7)] = 0
    status: Annotated[int, Bits(8, names=LocalizedRoutingStatus)]
    lifetime: U16


@message(MhType.UPDATE_NOTIFICATION, "Update Notification", "RFC 7077 s4.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateNotification(Message):
    """6: sequence 2; 8: reason 2; 10: A 0x8000 (acknowledge), D 0x4000 (sent before); 12: options."""

    sequence: U16
    reason: Annotated[int, Bits(16, names=UpdateNotificationReason)]
    acknowledge: Flag = False
    retransmission: Flag = False
    reserved: Annotated[int, Bits(14)] = 0


@message(MhType.UPDATE_NOTIFICATION_ACKNOWLEDGEMENT, "Update Notification Acknowledgement", "RFC 7077 s4.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateNotificationAck(Message):
    """6: sequence 2; 8: status 1; 9: reserved 3; 12: options."""

    sequence: U16
    status: Annotated[int, Bits(8, names=UpdateNotificationAckStatus)]
    reserved: Annotated[int, Bits(24)] = 0


@message(MhType.SUBSCRIPTION_QUERY, "Subscription Query", "RFC 7161 s4.3.1.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionQuery(Message):
    """6: sequence 1; 7: reserved 1; 8: options. What does the mobile node listen to?"""

    sequence: U8
    reserved: U8 = 0


@message(MhType.SUBSCRIPTION_RESPONSE, "Subscription Response", "RFC 7161 s4.3.2.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionResponse(Message):
    """6: sequence of the query 1; 7: I 0x80 (it does listen); 8: options."""

    sequence: U8
    has_subscriptions: Flag = False
    reserved: Annotated[int, Bits(7)] = 0

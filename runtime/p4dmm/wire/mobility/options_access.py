# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Access network, offload, multicast and quality of service (RFC 6757, 6909, 7028, 7161, 7222, 7563)."""

from dataclasses import dataclass
from typing import Annotated

from p4dmm.wire.mobility.layout import U8, U16, U32, Bits, Flag
from p4dmm.wire.mobility.options import MOBILITY, Option, Registry, SubOption, SubOptions
from p4dmm.wire.mobility.options_flow import FLOW
from p4dmm.wire.mobility.tails import Rest, Strings
from p4dmm.wire.mobility.types import OptionType
from p4dmm.wire.mobility.values import OperatorIdType, QosOperation, TrafficSelectorFormat

ANI = Registry("access network identifier sub-option", pads=False)
QOS = Registry("quality-of-service attribute", pads=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BitRate(Option):
    """A rate in bits per second."""

    reserved: U16 = 0
    rate: U32


@dataclass(frozen=True, slots=True, kw_only=True)
class _SessionBitRate(Option):
    """A rate in bits per second of one session; `service` and `exclude` as RFC 7222 s4.2.3 has them."""

    service: Flag = False
    exclude: Flag = False
    reserved: Annotated[int, Bits(14)] = 0
    rate: U32


@ANI.option(1, "Network Identifier", "RFC 6757 s3.1.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIdentifier(Option):
    """The access network's name (an SSID), in UTF-8 if `utf8`, and that of its access point."""

    utf8: Flag = False
    reserved: Annotated[int, Bits(7)] = 0
    names: Annotated[tuple[bytes, ...], Strings(2)]


@ANI.option(2, "Geo-Location", "RFC 6757 s3.1.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class GeoLocation(Option):
    """Latitude and longitude, two's complement of 24 bits in units of 2**-15 degrees, kept as unsigned."""

    latitude: Annotated[int, Bits(24)]
    longitude: Annotated[int, Bits(24)]


@ANI.option(3, "Operator-Identifier", "RFC 6757 s3.1.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorIdentifier(Option):
    """Who runs the access network."""

    kind: Annotated[int, Bits(8, names=OperatorIdType)]
    identifier: Annotated[bytes, Rest()]


@ANI.option(4, "Civic-Location", "RFC 7563 s3.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class CivicLocation(Option):
    """The place; format 0 is RFC 4776 s3.1."""

    location_format: U8 = 0
    reserved: U8 = 0
    location: Annotated[bytes, Rest()]


@ANI.option(5, "MAG-Group-Identifier", "RFC 7563 s3.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class MagGroupIdentifier(Option):
    """The group the gateway belongs to."""

    group_id: U16


@ANI.option(6, "ANI Update-Timer", "RFC 7563 s3.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class AniUpdateTimer(Option):
    """How often to update, in units of 4 seconds, 0 for at once."""

    timer: U16


@MOBILITY.option(OptionType.ACCESS_NETWORK_IDENTIFIER, "Access Network Identifier", "RFC 6757 s3", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessNetworkIdentifier(Option):
    """The network the mobile node is attached to."""

    sub_options: Annotated[tuple[SubOption, ...], SubOptions(ANI)] = ()


@MOBILITY.option(
    OptionType.IPV4_TRAFFIC_OFFLOAD_SELECTOR, "IPv4 Traffic Offload Selector", "RFC 6909 s3.1", align=(4, 0)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4TrafficOffloadSelector(Option):
    """Flows that leave at the gateway instead of going to the anchor."""

    mode: Flag = False
    reserved: Annotated[int, Bits(31)] = 0
    sub_options: Annotated[tuple[SubOption, ...], SubOptions(FLOW)] = ()


@MOBILITY.option(
    OptionType.DYNAMIC_IP_MULTICAST_SELECTOR, "Dynamic IP Multicast Selector", "RFC 7028 s5.1.2", align=(4, 2)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicIpMulticastSelector(Option):
    """Groups to take locally or from the home; `protocol` is the MLD or IGMP type that names the records' format."""

    protocol: U8
    mode: Flag = False
    reserved: Annotated[int, Bits(7)] = 0
    count: U16
    records: Annotated[bytes, Rest()]


@MOBILITY.option(
    OptionType.ACTIVE_MULTICAST_SUBSCRIPTION_IPV4, "Active Multicast Subscription IPv4", "RFC 7161 s6.1", align=(4, 1)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveMulticastSubscriptionIpv4(Option):
    """What the mobile node listens to; `kind` is the IGMP type that names the format."""

    kind: U8
    context: Annotated[bytes, Rest()]


@MOBILITY.option(
    OptionType.ACTIVE_MULTICAST_SUBSCRIPTION_IPV6, "Active Multicast Subscription IPv6", "RFC 7161 s4.1", align=(8, 1)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveMulticastSubscriptionIpv6(Option):
    """What the mobile node listens to; `kind` is the MLD type that names the format."""

    kind: U8
    context: Annotated[bytes, Rest()]


@QOS.option(1, "Per-MN-Agg-Max-DL-Bit-Rate", "RFC 7222 s4.2.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class PerMnMaximumDownlink(_BitRate):
    """For all of the mobile node's sessions."""


@QOS.option(2, "Per-MN-Agg-Max-UL-Bit-Rate", "RFC 7222 s4.2.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class PerMnMaximumUplink(_BitRate):
    """For all of the mobile node's sessions."""


@QOS.option(3, "Per-Session-Agg-Max-DL-Bit-Rate", "RFC 7222 s4.2.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class PerSessionMaximumDownlink(_SessionBitRate):
    """For one session."""


@QOS.option(4, "Per-Session-Agg-Max-UL-Bit-Rate", "RFC 7222 s4.2.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class PerSessionMaximumUplink(_SessionBitRate):
    """For one session."""


@QOS.option(5, "Allocation-Retention-Priority", "RFC 7222 s4.2.5")
@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRetentionPriority(Option):
    """Priority 1 (highest) to 15; whether it may take, and may lose, resources to others."""

    reserved: U8 = 0
    priority: Annotated[int, Bits(4)]
    pre_emption_capability: Annotated[int, Bits(2)]
    pre_emption_vulnerability: Annotated[int, Bits(2)]


@QOS.option(6, "Aggregate-Max-DL-Bit-Rate", "RFC 7222 s4.2.6")
@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateMaximumDownlink(_BitRate):
    """The most that may be used."""


@QOS.option(7, "Aggregate-Max-UL-Bit-Rate", "RFC 7222 s4.2.7")
@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateMaximumUplink(_BitRate):
    """The most that may be used."""


@QOS.option(8, "Guaranteed-DL-Bit-Rate", "RFC 7222 s4.2.8")
@dataclass(frozen=True, slots=True, kw_only=True)
class GuaranteedDownlink(_BitRate):
    """What is assured."""


@QOS.option(9, "Guaranteed-UL-Bit-Rate", "RFC 7222 s4.2.9")
@dataclass(frozen=True, slots=True, kw_only=True)
class GuaranteedUplink(_BitRate):
    """What is assured."""


@QOS.option(10, "QoS-Traffic-Selector", "RFC 7222 s4.2.10")
@dataclass(frozen=True, slots=True, kw_only=True)
class QosTrafficSelector(Option):
    """Which packets it is about; the reserved octet is first, unlike in RFC 6089."""

    reserved: U8 = 0
    ts_format: Annotated[int, Bits(8, names=TrafficSelectorFormat)]
    selector: Annotated[bytes, Rest()]


@QOS.option(11, "QoS-Vendor-Specific-Attribute", "RFC 7222 s4.2.11")
@dataclass(frozen=True, slots=True, kw_only=True)
class QosVendorSpecific(Option):
    """`vendor` is a private enterprise number."""

    reserved: U16 = 0
    vendor: U32
    subtype: U8
    data: Annotated[bytes, Rest()] = b""


@MOBILITY.option(OptionType.QUALITY_OF_SERVICE, "Quality-of-Service", "RFC 7222 s4.1", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityOfService(Option):
    """A request for quality of service, or its answer; the traffic class is a DSCP and two reserved bits."""

    sr_id: U8
    dscp: Annotated[int, Bits(6)] = 0
    reserved_tc: Annotated[int, Bits(2)] = 0
    operation: Annotated[int, Bits(8, names=QosOperation)]
    reserved: Annotated[int, Bits(24)] = 0
    sub_options: Annotated[tuple[SubOption, ...], SubOptions(QOS)] = ()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Options of Proxy Mobile IPv6 (RFC 5213) and of what was added for its gateways and anchors."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

from p4dmm.wire.mobility.layout import U8, U16, U32, Bits, Flag, PrefixLength
from p4dmm.wire.mobility.options import MOBILITY, Option, Registry, SubOption, SubOptions
from p4dmm.wire.mobility.options_mipv6 import Prefix
from p4dmm.wire.mobility.tails import Address, Rest
from p4dmm.wire.mobility.types import OptionType
from p4dmm.wire.mobility.values import AccessTechnology, GroupIdSubtype, HandoffIndicatorValue, MnIdSubtype


@MOBILITY.option(OptionType.HOME_NETWORK_PREFIX, "Home Network Prefix", "RFC 5213 s8.3", align=(8, 4))
@dataclass(frozen=True, slots=True, kw_only=True)
class HomeNetworkPrefix(Prefix):
    """A prefix of the mobile node, all zero to be given one."""


@MOBILITY.option(OptionType.HANDOFF_INDICATOR, "Handoff Indicator", "RFC 5213 s8.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffIndicator(Option):
    """Why the gateway registers."""

    reserved: U8 = 0
    indicator: Annotated[int, Bits(8, names=HandoffIndicatorValue)]


@MOBILITY.option(OptionType.ACCESS_TECHNOLOGY_TYPE, "Access Technology Type", "RFC 5213 s8.5")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTechnologyType(Option):
    """What link the mobile node is on."""

    reserved: U8 = 0
    technology: Annotated[int, Bits(8, names=AccessTechnology)]


@MOBILITY.option(OptionType.MOBILE_NODE_LINK_LAYER_IDENTIFIER, "Mobile Node Link-layer Identifier", "RFC 5213 s8.6")
@dataclass(frozen=True, slots=True, kw_only=True)
class MobileNodeLinkLayerIdentifier(Option):
    """The link-layer identifier of the mobile node's interface, for Ethernet its 6 octets."""

    reserved: U16 = 0
    identifier: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.LINK_LOCAL_ADDRESS, "Link-local Address", "RFC 5213 s8.7", align=(8, 6))
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLocalAddress(Option):
    """The gateway's link-local address on the mobile node's link, all zero to be given one."""

    address: IPv6Address


@MOBILITY.option(OptionType.TIMESTAMP, "Timestamp", "RFC 5213 s8.8", align=(8, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp(Option):
    """Time since 1970 UTC: 48 bits of seconds, 16 bits of 1/65536 s."""

    seconds: Annotated[int, Bits(48)]
    fraction: U16


@MOBILITY.option(OptionType.RESTART_COUNTER, "Restart Counter", "RFC 5847 s3.4", align=(4, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class RestartCounter(Option):
    """Has grown if the sender lost its state; in Heartbeat responses."""

    counter: U32


@MOBILITY.option(OptionType.TRANSIENT_BINDING, "Transient Binding", "RFC 6058 s5.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransientBinding(Option):
    """Keep the old path for this time, in units of 100 ms; `late` switches the downlink late."""

    reserved: Annotated[int, Bits(7)] = 0
    late: Flag = False
    lifetime: U8


@MOBILITY.option(OptionType.REDIRECT_CAPABILITY, "Redirect-Capability", "RFC 6463 s4.1", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectCapability(Option):
    """The gateway can be sent to another anchor."""

    reserved: U16 = 0


@MOBILITY.option(OptionType.REDIRECT, "Redirect", "RFC 6463 s4.2", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectOption(Option):
    """The anchor to go to; exactly one flag is set, that of the address's family."""

    is_ipv6: Flag
    is_ipv4: Flag
    reserved: Annotated[int, Bits(14)] = 0
    address: Annotated[IPv4Address | IPv6Address, Address(4, 16)]

    def inconsistency(self) -> tuple[str, object, str] | None:
        """Return what is wrong if the flags do not name the address's family."""
        flags, wanted = (self.is_ipv6, self.is_ipv4), (self.address.version == 6, self.address.version == 4)
        return None if flags == wanted else ("is_ipv6", flags, f"K, N {wanted} for this address")


@MOBILITY.option(OptionType.LOAD_INFORMATION, "Load Information", "RFC 6463 s4.3", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadInformation(Option):
    """How busy an anchor is: the lower `priority` the better; capacities in kilobytes per second."""

    priority: U16
    sessions_in_use: U32
    maximum_sessions: U32
    used_capacity: U32
    maximum_capacity: U32


@MOBILITY.option(
    OptionType.ALTERNATE_IPV4_CARE_OF_ADDRESS, "Alternate IPv4 Care-of Address", "RFC 6463 s4.4", align=(4, 2)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateIpv4CareOfAddress(Option):
    """The IPv4 tunnel end where it is not the source of the packet."""

    address: IPv4Address


@MOBILITY.option(OptionType.MOBILE_NODE_GROUP_IDENTIFIER, "Mobile Node Group Identifier", "RFC 6602 s4.3", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class MobileNodeGroupIdentifier(Option):
    """A group of mobile nodes that one message extends or ends."""

    subtype: Annotated[int, Bits(8, names=GroupIdSubtype)] = GroupIdSubtype.BULK_BINDING_UPDATE_GROUP
    reserved: U8 = 0
    group_id: U32


@MOBILITY.option(OptionType.MAG_IPV6_ADDRESS, "MAG IPv6 Address", "RFC 6705 s11.1", align=(8, 4))
@dataclass(frozen=True, slots=True, kw_only=True)
class MagIpv6Address(Option):
    """The other gateway of a localized route."""

    reserved: U8 = 0
    address_length: Annotated[int, Bits(8, least=128, most=128)] = 128
    address: IPv6Address


@MOBILITY.option(
    OptionType.DELEGATED_MOBILE_NETWORK_PREFIX, "Delegated Mobile Network Prefix", "RFC 7148 s4.1", align=(8, 2)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class DelegatedMobileNetworkPrefix(Option):
    """A prefix for the network behind the mobile node; the first bit says that it is an IPv4 one."""

    is_ipv4: Flag
    reserved: Annotated[int, Bits(7)] = 0
    prefix_length: PrefixLength
    prefix: Annotated[IPv4Address | IPv6Address, Address(4, 16)]

    def inconsistency(self) -> tuple[str, object, str] | None:
        """Return what is wrong if flag and length do not go with the prefix's family."""
        if self.is_ipv4 != (self.prefix.version == 4):
            return "is_ipv4", self.is_ipv4, f"{not self.is_ipv4} for this prefix"
        if self.is_ipv4 and self.prefix_length > 32:
            return "prefix_length", self.prefix_length, "0 to 32 for IPv4"
        return None


@MOBILITY.option(OptionType.LMA_USER_PLANE_ADDRESS, "LMA User-Plane Address", "RFC 7389 s4", align=(8, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class LmaUserPlaneAddress(Option):
    """The anchor's end of the tunnel where it is not the signalling address; none to ask for it."""

    reserved: U16 = 0
    address: Annotated[IPv4Address | IPv6Address | None, Address(0, 4, 16)] = None


# Sub-options of LmaControlledMagParameters.
LCMP = Registry("LMA-controlled MAG parameter", pads=False)


@LCMP.option(1, "Binding Re-registration Control", "RFC 8127 s3.1.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingReRegistrationControl(Option):
    """When to register again before the end, in units of 4 seconds; between which delays to repeat, in seconds."""

    start_time: U16
    initial_retransmission: U16
    maximum_retransmission: U16


@LCMP.option(2, "Heartbeat Control", "RFC 8127 s3.1.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatControl(Option):
    """Seconds between heartbeats, seconds before one is repeated, and how often."""

    interval: U16
    retransmission_delay: U16
    maximum_retransmissions: U16


@MOBILITY.option(OptionType.LMA_CONTROLLED_MAG_PARAMETERS, "LMA-Controlled MAG Parameters", "RFC 8127 s3", align=(4, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class LmaControlledMagParameters(Option):
    """What the anchor has the gateway keep to."""

    sub_options: Annotated[tuple[SubOption, ...], SubOptions(LCMP)] = ()


@MOBILITY.option(OptionType.MAG_MULTIPATH_BINDING, "MAG Multipath Binding", "RFC 8278 s4.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class MagMultipathBinding(Option):
    """One path of a gateway; 0 and 255 are no binding identifiers; `bulk` and `overwrite` exclude each other."""

    technology: Annotated[int, Bits(8, names=AccessTechnology)]
    label: U8
    bid: U8
    bulk: Flag = False
    overwrite: Flag = False
    reserved: Annotated[int, Bits(22)] = 0


@MOBILITY.option(OptionType.MAG_IDENTIFIER, "MAG Identifier", "RFC 8278 s4.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class MagIdentifier(Option):
    """Which gateway several paths belong to."""

    subtype: Annotated[int, Bits(8, names=MnIdSubtype)] = MnIdSubtype.NAI
    reserved: U8 = 0
    identifier: Annotated[bytes, Rest()]

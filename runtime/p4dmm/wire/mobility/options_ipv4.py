# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""IPv4 in Mobile IPv6 and in Proxy Mobile IPv6, and GRE between the tunnel's ends (RFC 5555, 5844, 5845)."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Annotated

from p4dmm.wire.mobility.layout import U16, U32, Bits, Flag
from p4dmm.wire.mobility.options import MOBILITY, Option
from p4dmm.wire.mobility.status import Ipv4HomeAddressStatus
from p4dmm.wire.mobility.tails import OptionalNumber
from p4dmm.wire.mobility.types import OptionType

PrefixLength4 = Annotated[int, Bits(6, most=32)]


@MOBILITY.option(OptionType.IPV4_HOME_ADDRESS, "IPv4 Home Address", "RFC 5555 s3.1.1", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4HomeAddress(Option):
    """The IPv4 home address to bind, 0.0.0.0 to be given one; `prefix` asks for a mobile network prefix."""

    prefix_length: PrefixLength4 = 32
    prefix: Flag = False
    reserved: Annotated[int, Bits(9)] = 0
    address: IPv4Address


@MOBILITY.option(
    OptionType.IPV4_ADDRESS_ACKNOWLEDGEMENT, "IPv4 Address Acknowledgement", "RFC 5555 s3.2.1", align=(4, 0)
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4AddressAcknowledgement(Option):
    """The answer to Ipv4HomeAddress."""

    status: Annotated[int, Bits(8, names=Ipv4HomeAddressStatus)] = 0
    prefix_length: PrefixLength4 = 32
    reserved: Annotated[int, Bits(2)] = 0
    address: IPv4Address


@MOBILITY.option(OptionType.NAT_DETECTION, "NAT Detection", "RFC 5555 s3.2.2", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class NatDetection(Option):
    """A NAT is in the way; keepalives every `refresh` seconds, 0 for the default, all ones for none."""

    force_udp: Flag = False
    reserved: Annotated[int, Bits(15)] = 0
    refresh: U32


@MOBILITY.option(OptionType.IPV4_CARE_OF_ADDRESS, "IPv4 Care-of Address", "RFC 5555 s3.1.2", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4CareOfAddress(Option):
    """The care-of address of a node in an IPv4 network."""

    reserved: U16 = 0
    address: IPv4Address


@MOBILITY.option(OptionType.GRE_KEY, "GRE Key", "RFC 5845 s6.1", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class GreKey(Option):
    """GRE is wanted: with this key towards the sender, or without keys."""

    reserved: U16 = 0
    key: Annotated[int | None, OptionalNumber()] = None


@MOBILITY.option(OptionType.IPV4_HOME_ADDRESS_REQUEST, "IPv4 Home Address Request", "RFC 5844 s3.3.1", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4HomeAddressRequest(Option):
    """The IPv4 home address wanted for the mobile node, 0.0.0.0 for any."""

    prefix_length: PrefixLength4 = 32
    reserved: Annotated[int, Bits(10)] = 0
    address: IPv4Address


@MOBILITY.option(OptionType.IPV4_HOME_ADDRESS_REPLY, "IPv4 Home Address Reply", "RFC 5844 s3.3.2", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4HomeAddressReply(Option):
    """The answer to Ipv4HomeAddressRequest."""

    status: Annotated[int, Bits(8, names=Ipv4HomeAddressStatus)] = 0
    prefix_length: PrefixLength4 = 32
    reserved: Annotated[int, Bits(2)] = 0
    address: IPv4Address


@MOBILITY.option(OptionType.IPV4_DEFAULT_ROUTER_ADDRESS, "IPv4 Default-Router Address", "RFC 5844 s3.3.3", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4DefaultRouterAddress(Option):
    """The mobile node's IPv4 router."""

    reserved: U16 = 0
    address: IPv4Address


@MOBILITY.option(OptionType.IPV4_DHCP_SUPPORT_MODE, "IPv4 DHCP Support Mode", "RFC 5844 s3.3.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4DhcpSupportMode(Option):
    """Whether the mobile access gateway is DHCP server (the last bit) or relay."""

    reserved: Annotated[int, Bits(15)] = 0
    server: Flag = False

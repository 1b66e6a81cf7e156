# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Options of fast handovers (RFC 5568, 5949) and of multicast in them (RFC 7411)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

from p4dmm.wire.mobility.layout import U8, U16, U32, Bits, Cookie, PrefixLength
from p4dmm.wire.mobility.options import MOBILITY, Option, by_size, closing
from p4dmm.wire.mobility.status import MulticastAckStatus
from p4dmm.wire.mobility.tails import Address, Rest
from p4dmm.wire.mobility.types import OptionType
from p4dmm.wire.mobility.values import AddressPrefixCode, LinkLayerAddressCode, LmaAddressCode, MulticastCode


@MOBILITY.option(OptionType.MOBILITY_HEADER_LINK_LAYER_ADDRESS, "Mobility Header Link-Layer Address", "RFC 5568 s6.4.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class MhLinkLayerAddress(Option):
    """A link-layer address, and whose."""

    code: Annotated[int, Bits(8, names=LinkLayerAddressCode)]
    address: Annotated[bytes, Rest()]


@MOBILITY.option(
    OptionType.BINDING_AUTHORIZATION_DATA_FOR_FMIPV6,
    "Binding Authorization Data for FMIPv6",
    "RFC 5568 s6.4.5",
    align=closing(4, 2),
    bias=4,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingAuthorizationDataFmipv6(Option):
    """The authenticator of a Fast Binding Update; its length octet does not count the SPI; the last option."""

    spi: U32
    authenticator: Annotated[bytes, Rest()]


@MOBILITY.option(
    OptionType.MOBILITY_HEADER_IPV6_ADDRESS_PREFIX,
    "Mobility Header IPv6 Address/Prefix",
    "RFC 5568 s6.4.2",
    align=(8, 4),
)
@dataclass(frozen=True, slots=True, kw_only=True)
class MhIpv6AddressPrefix(Option):
    """An address, or a prefix with its length, and whose."""

    code: Annotated[int, Bits(8, names=AddressPrefixCode)]
    prefix_length: PrefixLength
    address: IPv6Address


@MOBILITY.option(OptionType.CONTEXT_REQUEST, "Context Request", "RFC 5949 s6.2.1", align=(4, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRequest(Option):
    """Which options of the mobile node's context are wanted: type, length and value of each."""

    reserved: U16 = 0
    requests: Annotated[bytes, Rest()]


@MOBILITY.option(
    OptionType.LOCAL_MOBILITY_ANCHOR_ADDRESS,
    "Local Mobility Anchor Address",
    "RFC 5949 s6.2.2",
    align=by_size((4, 0), (8, 4), 8),
)
@dataclass(frozen=True, slots=True, kw_only=True)
class LmaAddress(Option):
    """The mobile node's anchor; the code names the family."""

    code: Annotated[int, Bits(8, names=LmaAddressCode)]
    reserved: U8 = 0
    address: Annotated[IPv4Address | IPv6Address, Address(4, 16)]

    def inconsistency(self) -> tuple[str, object, str] | None:
        """Return what is wrong if the code does not name the address's family."""
        wanted = LmaAddressCode.IPV6 if self.address.version == 6 else LmaAddressCode.IPV4
        return None if self.code == wanted else ("code", self.code, f"{int(wanted)} for this address")


@MOBILITY.option(
    OptionType.MOBILE_NODE_LINK_LOCAL_ADDRESS_INTERFACE_IDENTIFIER,
    "Mobile Node Link-local Address Interface Identifier",
    "RFC 5949 s6.2.3",
    align=(8, 4),
)
@dataclass(frozen=True, slots=True, kw_only=True)
class MobileNodeInterfaceIdentifier(Option):
    """The interface identifier of the mobile node's link-local address."""

    reserved: U16 = 0
    identifier: Cookie


@MOBILITY.option(OptionType.MULTICAST_MOBILITY, "Multicast Mobility", "RFC 7411 s5.3", align=(4, 0), scale=4, bias=2)
@dataclass(frozen=True, slots=True, kw_only=True)
class MulticastMobility(Option):
    """A membership report; the length octet counts words of 32 bits after the first."""

    code: Annotated[int, Bits(8, names=MulticastCode)]
    reserved: U8 = 0
    report: Annotated[bytes, Rest(unit=4)] = b""


@MOBILITY.option(
    OptionType.MULTICAST_ACKNOWLEDGEMENT, "Multicast Acknowledgement", "RFC 7411 s5.4", align=(4, 0), scale=4, bias=2
)
@dataclass(frozen=True, slots=True, kw_only=True)
class MulticastAcknowledgement(Option):
    """What of the report is not supported; the length octet counts words of 32 bits after the first."""

    code: U8 = 0
    status: Annotated[int, Bits(8, names=MulticastAckStatus)]
    report: Annotated[bytes, Rest(unit=4)] = b""

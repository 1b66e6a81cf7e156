# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Options of Mobile IPv6 and its additions (RFC 6275, 3963, 4283, 4285, 4866, 5026, 5094, 5096, 5149)."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Annotated

from p4dmm.wire.mobility.layout import U8, U16, U32, Bits, Cookie, Flag, PrefixLength
from p4dmm.wire.mobility.options import MOBILITY, Option, closing
from p4dmm.wire.mobility.status import DnsUpdateStatus
from p4dmm.wire.mobility.tails import Rest
from p4dmm.wire.mobility.types import OptionType
from p4dmm.wire.mobility.values import AuthSubtype, MnIdSubtype


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix(Option):
    """A prefix and its length; the bits after the length survive, receivers ignore them."""

    reserved: U8 = 0
    prefix_length: PrefixLength
    prefix: IPv6Address

    @property
    def network(self) -> IPv6Network:
        """The prefix alone."""
        return IPv6Network((int(self.prefix), self.prefix_length), strict=False)


@MOBILITY.option(OptionType.BINDING_REFRESH_ADVICE, "Binding Refresh Advice", "RFC 6275 s6.2.4", align=(2, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRefreshAdvice(Option):
    """When the home agent wants to hear again, in units of 4 seconds; in a Binding Acknowledgement."""

    interval: U16


@MOBILITY.option(OptionType.ALTERNATE_CARE_OF_ADDRESS, "Alternate Care-of Address", "RFC 6275 s6.2.5", align=(8, 6))
@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateCareOfAddress(Option):
    """The care-of address where it is not the source of the packet; in a Binding Update."""

    address: IPv6Address


@MOBILITY.option(OptionType.NONCE_INDICES, "Nonce Indices", "RFC 6275 s6.2.6", align=(2, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class NonceIndices(Option):
    """Which nonces the correspondent node made its keygen tokens of; together with BindingAuthorizationData."""

    home: U16
    care_of: U16


@MOBILITY.option(OptionType.AUTHORIZATION_DATA, "Binding Authorization Data", "RFC 6275 s6.2.7", align=closing(8, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingAuthorizationData(Option):
    """The authenticator of return routability, 96 bits of an HMAC; the last option, without padding behind it."""

    authenticator: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.MOBILE_NETWORK_PREFIX, "Mobile Network Prefix", "RFC 3963 s4.3", align=(8, 4))
@dataclass(frozen=True, slots=True, kw_only=True)
class MobileNetworkPrefix(Prefix):
    """A prefix behind a mobile router."""


@MOBILITY.option(OptionType.MN_ID, "Mobile Node Identifier", "RFC 4283 s3")
@dataclass(frozen=True, slots=True, kw_only=True)
class MobileNodeIdentifier(Option):
    """Who it is about; an empty identifier answers a Proxy Binding Update that had none."""

    subtype: Annotated[int, Bits(8, names=MnIdSubtype)] = MnIdSubtype.NAI
    identifier: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.AUTH, "Mobility Message Authentication", "RFC 4285 s5", align=closing(4, 1))
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAuthentication(Option):
    """The authenticator by a shared key; the last option, or the last but the one for the AAA server."""

    subtype: Annotated[int, Bits(8, names=AuthSubtype)] = AuthSubtype.MN_HA
    spi: U32
    authenticator: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.MESG_ID, "Mobility Message Replay Protection", "RFC 4285 s6", align=(8, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReplayProtection(Option):
    """An NTP timestamp: seconds since 1900 and 2**-32 of them. RFC 5213's Timestamp is another format."""

    seconds: U32
    fraction: U32


@MOBILITY.option(OptionType.CGA_PARAMETERS_REQUEST, "CGA Parameters Request", "RFC 4866 s5.6")
@dataclass(frozen=True, slots=True, kw_only=True)
class CgaParametersRequest(Option):
    """Asks for the parameters of the peer's cryptographically generated address."""


@MOBILITY.option(OptionType.CGA_PARAMETERS, "CGA Parameters", "RFC 4866 s5.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class CgaParameters(Option):
    """Parameters of a cryptographically generated address (RFC 3972 s3), or the part of them that fits one option."""

    parameters: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.SIGNATURE, "Signature", "RFC 4866 s5.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class Signature(Option):
    """Signature with the key of the CGA parameters."""

    signature: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.PERMANENT_HOME_KEYGEN_TOKEN, "Permanent Home Keygen Token", "RFC 4866 s5.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentHomeKeygenToken(Option):
    """A token, encrypted with the peer's public key."""

    token: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.CARE_OF_TEST_INIT, "Care-of Test Init", "RFC 4866 s5.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class CareOfTestInitOption(Option):
    """Asks for a care-of keygen token in the Binding Acknowledgement."""


@MOBILITY.option(OptionType.CARE_OF_TEST, "Care-of Test", "RFC 4866 s5.5")
@dataclass(frozen=True, slots=True, kw_only=True)
class CareOfTestOption(Option):
    """The care-of keygen token asked for."""

    token: Cookie


@MOBILITY.option(OptionType.DNS_UPDATE, "DNS Update", "RFC 5026 s8.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class DnsUpdate(Option):
    """A name the home agent is to enter into the DNS, or with `remove` to take out."""

    status: Annotated[int, Bits(8, names=DnsUpdateStatus)] = 0
    remove: Flag = False
    reserved: Annotated[int, Bits(7)] = 0
    name: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.EXPERIMENTAL, "Experimental Mobility", "RFC 5096 s4")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentalOption(Option):
    """For experiments."""

    data: Annotated[bytes, Rest()]


@MOBILITY.option(OptionType.VENDOR_SPECIFIC, "Vendor Specific Mobility", "RFC 5094 s3", align=(4, 2))
@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSpecific(Option):
    """`vendor` is a private enterprise number; stands before BindingAuthorizationData."""

    vendor: U32
    subtype: U8
    data: Annotated[bytes, Rest()] = b""


@MOBILITY.option(OptionType.SERVICE_SELECTION, "Service Selection", "RFC 5149 s3")
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSelection(Option):
    """The service wanted, UTF-8 without a final NUL."""

    identifier: Annotated[bytes, Rest()]

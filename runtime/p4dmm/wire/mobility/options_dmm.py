# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Options of distributed mobility management (RFC 8885); the prefixes stand in messages with the D flag only."""

from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Annotated

from p4dmm.wire.mobility.layout import U8, U16, PrefixLength
from p4dmm.wire.mobility.options import MOBILITY, Option
from p4dmm.wire.mobility.options_mipv6 import Prefix
from p4dmm.wire.mobility.tails import Rest
from p4dmm.wire.mobility.types import OptionType


@MOBILITY.option(OptionType.ANCHORED_PREFIX, "Anchored Prefix", "RFC 8885 s4.3", align=(8, 4))
@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredPrefix(Prefix):
    """A prefix of the mobile node, anchored at the MAAR the message is from or about."""


@MOBILITY.option(OptionType.LOCAL_PREFIX, "Local Prefix", "RFC 8885 s4.4", align=(8, 4))
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPrefix(Prefix):
    """A network that is reached through its MAAR only; advertised to the mobile node as a route."""


@MOBILITY.option(OptionType.PREVIOUS_MAAR, "Previous MAAR", "RFC 8885 s4.5", align=(8, 4))
@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousMaar(Option):
    """A P-MAAR and the home network prefix it anchors."""

    reserved: U8 = 0
    prefix_length: PrefixLength
    address: IPv6Address
    prefix: IPv6Address


@MOBILITY.option(OptionType.SERVING_MAAR, "Serving MAAR", "RFC 8885 s4.6", align=(8, 6))
@dataclass(frozen=True, slots=True, kw_only=True)
class ServingMaar(Option):
    """Where the mobile node is now."""

    address: IPv6Address


@MOBILITY.option(OptionType.DLIF_LINK_LOCAL_ADDRESS, "DLIF Link-Local Address", "RFC 8885 s4.7", align=(8, 6))
@dataclass(frozen=True, slots=True, kw_only=True)
class DlifLinkLocalAddress(Option):
    """The link-local address of a distributed logical interface."""

    address: IPv6Address


@MOBILITY.option(OptionType.DLIF_LINK_LAYER_ADDRESS, "DLIF Link-Layer Address", "RFC 8885 s4.8")
@dataclass(frozen=True, slots=True, kw_only=True)
class DlifLinkLayerAddress(Option):
    """The link-layer address of a distributed logical interface, for Ethernet its 6 octets."""

    reserved: U16 = 0
    address: Annotated[bytes, Rest()]

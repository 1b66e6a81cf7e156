# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Several care-of addresses and the flows bound to them (RFC 5648, 6089, 7109)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

from p4dmm.wire.mobility.layout import U8, U16, Bits, Flag
from p4dmm.wire.mobility.options import MOBILITY, Option, Registry, SubOption, SubOptions, by_size
from p4dmm.wire.mobility.status import BaStatus, FlowIdentificationStatus
from p4dmm.wire.mobility.tails import Address, Numbers, Rest
from p4dmm.wire.mobility.types import OptionType
from p4dmm.wire.mobility.values import FlowBindingAction, TrafficSelectorFormat

# Types 0 and 1 are padding here, unlike in the other spaces of sub-options (RFC 6089 s4.2.1).
FLOW = Registry("flow identification sub-option", pads=True)


@MOBILITY.option(OptionType.BINDING_IDENTIFIER, "Binding Identifier", "RFC 5648 s4.3", align=by_size((2, 0), (8, 2), 6))
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingIdentifier(Option):
    """One binding of several; `status` in an acknowledgement overrides the message's (priority: RFC 6089 s4.1)."""

    bid: U16
    status: Annotated[int, Bits(8, names=BaStatus)] = 0
    simultaneous: Flag = False
    priority: Annotated[int, Bits(7)] = 0
    address: Annotated[IPv4Address | IPv6Address | None, Address(0, 4, 16)] = None


@MOBILITY.option(OptionType.FLOW_SUMMARY, "Flow Summary", "RFC 6089 s4.2.2", align=(2, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSummary(Option):
    """Flows to keep that are not described again."""

    fids: Annotated[tuple[int, ...], Numbers("H", least=1)]


@FLOW.option(2, "Binding Reference", "RFC 6089 s4.2.1.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingReference(Option):
    """The bindings a flow goes to, best first; at an even offset."""

    bids: Annotated[tuple[int, ...], Numbers("H", least=1)]


@FLOW.option(3, "Traffic Selector", "RFC 6089 s4.2.1.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSelector(Option):
    """Which packets belong to the flow; `decode_selector` reads the formats of RFC 6088."""

    ts_format: Annotated[int, Bits(8, least=1, names=TrafficSelectorFormat)]
    reserved: U8 = 0
    selector: Annotated[bytes, Rest()]


@FLOW.option(4, "Flow Binding Action", "RFC 7109 s6.2.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBindingActionSubOption(Option):
    """What to do with the flow."""

    reserved: U8 = 0
    action: Annotated[int, Bits(8, names=FlowBindingAction)]


@FLOW.option(5, "Target Care-of Address", "RFC 7109 s6.2.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCareOfAddress(Option):
    """Where the flow is to go."""

    reserved: U16 = 0
    address: Annotated[IPv4Address | IPv6Address, Address(4, 16)]


@MOBILITY.option(OptionType.FLOW_IDENTIFICATION, "Flow Identification", "RFC 6089 s4.2", align=(2, 0))
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowIdentification(Option):
    """One flow; the lower `priority`, the earlier it is compared."""

    fid: U16
    priority: U16
    reserved: U8 = 0
    status: Annotated[int, Bits(8, names=FlowIdentificationStatus)] = 0
    sub_options: Annotated[tuple[SubOption, ...], SubOptions(FLOW)] = ()

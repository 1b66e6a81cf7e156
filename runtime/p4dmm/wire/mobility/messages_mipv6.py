# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of Mobile IPv6 and its additions (RFC 6275, 5096, 5142, 7109), and the proxy's own (RFC 5213)."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Annotated, ClassVar

from p4dmm.wire.mobility.header import Message, message
from p4dmm.wire.mobility.layout import U8, U16, Bits, Cookie, Flag
from p4dmm.wire.mobility.status import BaStatus, BindingErrorStatus, FlowBindingStatus, FlowBindingTrigger
from p4dmm.wire.mobility.tails import Addresses, Rest
from p4dmm.wire.mobility.types import MhType

# Of a Binding Update, in seconds: 16 bits in units of 4 seconds (RFC 6275 s6.1.7).
MAX_LIFETIME_S = 0xFFFF * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _BindingUpdate(Message):
    """6: sequence 2; 8: flags 2; 10: lifetime 2, in units of 4 seconds, 0 to delete; 12: options.

    The flags: A 0x8000, H, L, K (RFC 6275 s6.1.7), M 0x0800 (RFC 5380), R 0x0400 (RFC 3963 s4.1), P 0x0200
    (RFC 5213 s8.1), F 0x0100 (RFC 5555 s3.1.3), T 0x0080 (RFC 5845 s6.2), B 0x0040 (RFC 6602 s4.1), S 0x0020
    (RFC 7161, at the bit where IANA has it), D 0x0010 (RFC 8885 s4.1).
    """

    sequence: U16
    acknowledge: Flag = False
    home_registration: Flag = False
    link_local_compatibility: Flag = False
    key_management: Flag = False
    map_registration: Flag = False
    mobile_router: Flag = False
    proxy: Flag = field(init=False, default=False)
    force_udp: Flag = False
    tlv_header: Flag = False
    bulk: Flag = False
    multicast: Flag = False
    dmm: Flag = False
    reserved: Annotated[int, Bits(4)] = 0
    lifetime: U16

    @property
    def lifetime_s(self) -> int:
        """The lifetime in seconds."""
        return self.lifetime * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _BindingAck(Message):
    """6: status 1; 7: flags 1; 8: sequence of the update 2; 10: lifetime 2, in units of 4 seconds; 12: options.

    The flags: K 0x80 (RFC 6275 s6.1.8), R 0x40 (RFC 3963 s4.2), P 0x20 (RFC 5213 s8.2), T 0x10 (RFC 5845 s6.3),
    B 0x08 (RFC 6602 s4.2), S 0x04 (RFC 7161), D 0x02 (RFC 8885 s4.2).
    """

    status: Annotated[int, Bits(8, names=BaStatus)] = 0
    key_management: Flag = False
    mobile_router: Flag = False
    proxy: Flag = field(init=False, default=False)
    tlv_header: Flag = False
    bulk: Flag = False
    multicast: Flag = False
    dmm: Flag = False
    reserved: Flag = False
    sequence: U16
    lifetime: U16

    @property
    def lifetime_s(self) -> int:
        """The lifetime in seconds."""
        return self.lifetime * 4


@message(MhType.BINDING_REFRESH_REQUEST, "Binding Refresh Request", "RFC 6275 s6.1.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRefreshRequest(Message):
    """6: reserved 2; 8: options. Asks the mobile node for a Binding Update."""

    reserved: U16 = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _TestInit(Message):
    """6: reserved 2; 8: cookie 8; 16: options."""

    reserved: U16 = 0
    cookie: Cookie


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test(Message):
    """6: nonce index 2; 8: the cookie of the init message 8; 16: keygen token 8; 24: options."""

    nonce_index: U16
    cookie: Cookie
    keygen_token: Cookie


@message(MhType.HOME_TEST_INIT, "Home Test Init", "RFC 6275 s6.1.3")
@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTestInit(_TestInit):
    """Goes through the home agent."""


@message(MhType.CARE_OF_TEST_INIT, "Care-of Test Init", "RFC 6275 s6.1.4")
@dataclass(frozen=True, slots=True, kw_only=True)
class CareOfTestInit(_TestInit):
    """Goes directly to the correspondent node."""


@message(MhType.HOME_TEST, "Home Test", "RFC 6275 s6.1.5")
@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTest(_Test):
    """The answer to HomeTestInit."""


@message(MhType.CARE_OF_TEST, "Care-of Test", "RFC 6275 s6.1.6")
@dataclass(frozen=True, slots=True, kw_only=True)
class CareOfTest(_Test):
    """The answer to CareOfTestInit."""


@message(MhType.BINDING_UPDATE, "Binding Update", "RFC 6275 s6.1.7")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingUpdate(_BindingUpdate):
    """A mobile node's own: where it is."""


@message(MhType.BINDING_UPDATE, "Proxy Binding Update", "RFC 5213 s8.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyBindingUpdate(_BindingUpdate):
    """A gateway's or MAAR's, for a mobile node: a Binding Update with the P flag."""

    proxy: Flag = field(init=False, default=True)


@message(MhType.BINDING_ACKNOWLEDGEMENT, "Binding Acknowledgement", "RFC 6275 s6.1.8")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingAck(_BindingAck):
    """The answer to BindingUpdate."""


@message(MhType.BINDING_ACKNOWLEDGEMENT, "Proxy Binding Acknowledgement", "RFC 5213 s8.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyBindingAck(_BindingAck):
    """The answer to ProxyBindingUpdate: a Binding Acknowledgement with the P flag."""

    proxy: Flag = field(init=False, default=True)


@message(MhType.BINDING_ERROR, "Binding Error", "RFC 6275 s6.1.9")
@dataclass(frozen=True, slots=True, kw_only=True)
class BindingError(Message):
    """6: status 1; 7: reserved 1; 8: home address 16, of the Home Address option or all zero; 24: options."""

    status: Annotated[int, Bits(8, names=BindingErrorStatus)]
    reserved: U8 = 0
    home_address: IPv6Address


@message(MhType.EXPERIMENTAL_MOBILITY_HEADER, "Experimental Mobility Header", "RFC 5096 s3")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentalMessage(Message):
    """6: whatever the experiment says, up to a multiple of 8 octets; no options."""

    HAS_OPTIONS: ClassVar[bool] = False

    data: Annotated[bytes, Rest(least=2)]

    def inconsistency(self) -> tuple[str, object, str] | None:
        """Return what is wrong if the message would not end on 8 octets."""
        return None if len(self.data) % 8 == 2 else ("data", len(self.data), "2, 10, 18 and so on octets")


@message(MhType.HOME_AGENT_SWITCH, "Home Agent Switch", "RFC 5142 s4")
@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAgentSwitch(Message):
    """6: number of addresses 1; 7: reserved 1; 8: home agents 16 each; then options. None: find one."""

    count: U8
    reserved: U8 = 0
    addresses: Annotated[tuple[IPv6Address, ...], Addresses()] = ()

    @classmethod
    def options_at(cls, data: bytes) -> int:
        """Return where the options begin: behind so many addresses as the count says."""
        return cls.LAYOUT.end + 16 * data[6]

    def options_start(self) -> int:
        """Return where the options begin."""
        return self.LAYOUT.end + 16 * len(self.addresses)

    def inconsistency(self) -> tuple[str, object, str] | None:
        """Return what is wrong if the count is not that of the addresses."""
        return None if self.count == len(self.addresses) else ("count", self.count, f"{len(self.addresses)} addresses")


@message(MhType.FLOW_BINDING, "Flow Binding Indication", "RFC 7109 s6.1.1")
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBindingIndication(Message):
    """6: type 2 (1); 8: sequence 2; 10: trigger 1; 11: A 0x80; 12: options. The home agent changes flow bindings."""

    kind: U16 = field(init=False, default=1)
    sequence: U16
    trigger: Annotated[int, Bits(8, names=FlowBindingTrigger)]
    acknowledge: Flag = False
    reserved: Annotated[int, Bits(7)] = 0


@message(MhType.FLOW_BINDING, "Flow Binding Acknowledgement", "RFC 7109 s6.1.2")
@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBindingAck(Message):
    """6: type 2 (2); 8: sequence 2; 10: status 1; 11: reserved 1; 12: options."""

    kind: U16 = field(init=False, default=2)
    sequence: U16
    status: Annotated[int, Bits(8, names=FlowBindingStatus)]
    reserved: U8 = 0

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who a mobile node is (RFC 4283 section 3, RFC 5213 section 2.2)."""

from dataclasses import dataclass

from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import MnIdSubtype, MobileNodeIdentifier


@dataclass(frozen=True, slots=True)
class MobileNodeId:
    """A mobile node's identifier: the same for all its interfaces, and what bindings are looked up by."""

    subtype: int
    """IANA's Mobile Node Identifier Option Subtypes: 1 NAI, 5 EUI-48 and others."""
    identifier: bytes

    @classmethod
    def nai(cls, text: str) -> "MobileNodeId":
        """A network access identifier (RFC 7542), such as mn1@example.net."""
        return cls(MnIdSubtype.NAI, text.encode())

    @classmethod
    def eui48(cls, mac: MacAddress) -> "MobileNodeId":
        """Of a node that policy gives no name: the MAC address of its interface (RFC 8371)."""
        return cls(MnIdSubtype.EUI_48, bytes(mac))

    @classmethod
    def of(cls, option: MobileNodeIdentifier) -> "MobileNodeId":
        return cls(option.subtype, option.identifier)

    @property
    def option(self) -> MobileNodeIdentifier:
        return MobileNodeIdentifier(subtype=self.subtype, identifier=self.identifier)

    def __str__(self) -> str:
        if self.subtype == MnIdSubtype.NAI:
            return self.identifier.decode("utf-8", "backslashreplace")
        if self.subtype == MnIdSubtype.EUI_48 and len(self.identifier) == 6:
            return str(MacAddress(self.identifier))
        return f"{self.subtype}:{self.identifier.hex()}"

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Ethernet frames and the multicast mapping of IPv6 (RFC 2464)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self

from p4dmm.wire.errors import FieldError, check_bits, need
from p4dmm.wire.mac import MacAddress

ETHERTYPE_IPV6 = 0x86DD
ETHERNET_HEADER = 14
_SECTION = "RFC 2464 s3"


@dataclass(frozen=True, slots=True)
class Ethernet:
    """A frame without preamble and FCS (RFC 2464 s3).

    0: destination 6, 6: source 6, 12: ethertype 2 (below 0x600 an IEEE 802.3 length), 14: payload, padding included.
    """

    dst: MacAddress
    src: MacAddress
    ethertype: int
    payload: bytes

    def __post_init__(self) -> None:
        check_bits(self, (("ethertype", 16),), _SECTION)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Take a whole frame."""
        need("Ethernet frame", data, ETHERNET_HEADER, _SECTION)
        dst, src, ethertype = struct.unpack_from("!6s6sH", data)
        return cls(MacAddress(dst), MacAddress(src), ethertype, data[ETHERNET_HEADER:])

    def encode(self) -> bytes:
        """Return the frame; padding to 60 octets is the sending interface's task."""
        return struct.pack("!6s6sH", self.dst.packed, self.src.packed, self.ethertype) + self.payload


def multicast_mac(group: IPv6Address) -> MacAddress:
    """Return 33:33 followed by the last four octets of the group (RFC 2464 s7)."""
    packed = group.packed
    if packed[0] != 0xFF:
        raise FieldError("multicast group", str(group), "an address in ff00::/8", "RFC 2464 s7")
    return MacAddress(b"\x33\x33" + packed[12:])

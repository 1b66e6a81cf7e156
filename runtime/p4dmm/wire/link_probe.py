# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The probe that a controller sends over a core link to see whether it is there."""

import struct
from dataclasses import dataclass
from typing import Self

from p4dmm.wire.errors import FieldError, check_bits, need
from p4dmm.wire.ethernet import Ethernet
from p4dmm.wire.mac import MacAddress

ETHERTYPE_LINK_PROBE = 0x88B5
"""IEEE 802-2014 section 9.2.4: local experimental ethertype 1."""

VERSION = 1
_LAYOUT = struct.Struct("!BxHQQI")
_OCTETS = 46
"""The least payload of an Ethernet frame: nobody pads it on the way."""
_SECTION = "p4dmm link probe version 1"


@dataclass(frozen=True, slots=True)
class LinkProbe:
    """Who sent it out of which port, and which one it is.

    0: version 1, 1: zero 1, 2: port 2, 4: device id 8, 12: run 8, 20: sequence 4, then zeros up to 46.
    """

    device_id: int
    """Of the switch that it leaves."""
    port: int
    run: int
    """Chosen by a controller when it starts: what another one has sent, or an earlier run, is not its own."""
    sequence: int

    def __post_init__(self) -> None:
        check_bits(self, (("device_id", 64), ("port", 16), ("run", 64), ("sequence", 32)), _SECTION)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        """Take a whole frame. Raises WireError."""
        ethernet = Ethernet.decode(frame)
        if ethernet.ethertype != ETHERTYPE_LINK_PROBE:
            raise FieldError("ethertype of link probe", hex(ethernet.ethertype), hex(ETHERTYPE_LINK_PROBE), _SECTION)
        need("link probe", ethernet.payload, _LAYOUT.size, _SECTION)
        version, port, device_id, run, sequence = _LAYOUT.unpack_from(ethernet.payload)
        if version != VERSION:
            raise FieldError("version of link probe", version, str(VERSION), _SECTION)
        rest = ethernet.payload[1:2] + ethernet.payload[_LAYOUT.size :]
        if any(rest):
            raise FieldError("rest of link probe", rest, "zeros", _SECTION)
        return cls(device_id, port, run, sequence)

    def encode(self, *, src: MacAddress, dst: MacAddress) -> bytes:
        """Return the frame."""
        payload = _LAYOUT.pack(VERSION, self.port, self.device_id, self.run, self.sequence)
        return Ethernet(dst, src, ETHERTYPE_LINK_PROBE, payload.ljust(_OCTETS, b"\0")).encode()

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Packets out of capture files: classic pcap and pcapng, as tcpdump and Wireshark write them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_IPV6 = 1, 101, 229
_MAGIC = {b"\xa1\xb2\xc3\xd4": ">", b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">", b"\x4d\x3c\xb2\xa1": "<"}
_SECTION_HEADER = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDER = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_INTERFACE, _SIMPLE_PACKET, _ENHANCED_PACKET = 1, 3, 6
# What no capture has in one record or block; a file that says more is damaged.
_MAX_RECORD = 1 << 26


class CaptureError(Exception):
    """The file is no capture, or is damaged; one line."""


class Captured(NamedTuple):
    """One packet and the link type of where it was captured."""

    link_type: int
    octets: bytes


def read_capture(data: bytes) -> Iterator[Captured]:
    """Yield the packets of a capture file. Raises CaptureError where it is cut or is no capture."""
    if data[:4] in _MAGIC:
        return _read_pcap(data, _MAGIC[data[:4]])
    if data[:4] == _SECTION_HEADER:
        return _read_pcapng(data)
    raise CaptureError(f"begins with {data[:4].hex() or 'nothing'}: neither pcap nor pcapng")


def _read_pcap(data: bytes, order: str) -> Iterator[Captured]:
    if len(data) < 24:
        raise CaptureError(f"file header of {len(data)} octets, 24 wanted")
    link_type = struct.unpack_from(f"{order}I", data, 20)[0] & 0xFFFF
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            raise CaptureError(f"octet {at}: the file ends in a record header")
        (length,) = struct.unpack_from(f"{order}I", data, at + 8)
        if length > _MAX_RECORD or at + 16 + length > len(data):
            raise CaptureError(f"octet {at}: a packet of {length} octets goes beyond the file")
        yield Captured(link_type, data[at + 16 : at + 16 + length])
        at += 16 + length


def _read_pcapng(data: bytes) -> Iterator[Captured]:
    order, at = "<", 0
    interfaces: list[int] = []
    while at < len(data):
        if at + 12 > len(data):
            raise CaptureError(f"octet {at}: the file ends in a block header")
        if data[at : at + 4] == _SECTION_HEADER:
            marker = data[at + 8 : at + 12]
            if marker not in _BYTE_ORDER:
                raise CaptureError(f"octet {at + 8}: byte order {marker.hex()} of a section is unknown")
            order, interfaces = _BYTE_ORDER[marker], []
        kind, length = struct.unpack_from(f"{order}II", data, at)
        if length < 12 or length % 4 or length > _MAX_RECORD or at + length > len(data):
            raise CaptureError(f"octet {at}: a block of {length} octets")
        if data[at + length - 4 : at + length] != data[at + 4 : at + 8]:
            raise CaptureError(f"octet {at}: a block of {length} octets ends with another length")
        body = data[at + 8 : at + length - 4]
        packet = _packet_of_block(kind, body, order, interfaces, at)
        if packet is not None:
            yield packet
        at += length


def _packet_of_block(kind: int, body: bytes, order: str, interfaces: list[int], at: int) -> Captured | None:
    fixed = {_INTERFACE: 8, _SIMPLE_PACKET: 4, _ENHANCED_PACKET: 20}.get(kind, 0)
    if len(body) < fixed:
        raise CaptureError(f"octet {at}: a block of type {kind} with {len(body)} octets, {fixed} wanted")
    if kind == _INTERFACE:
        interfaces.append(struct.unpack_from(f"{order}H", body)[0])
        return None
    if kind == _ENHANCED_PACKET:
        number, _, _, length = struct.unpack_from(f"{order}IIII", body)
        octets = body[20 : 20 + length]
    elif kind == _SIMPLE_PACKET:
        number, length = 0, len(body) - 4
        octets = body[4 : 4 + min(length, struct.unpack_from(f"{order}I", body)[0])]
        length = len(octets)
    else:
        return None
    if number >= len(interfaces) or len(octets) < length:
        raise CaptureError(f"octet {at}: a packet of {length} octets from interface {number} does not fit the file")
    return Captured(interfaces[number], octets)

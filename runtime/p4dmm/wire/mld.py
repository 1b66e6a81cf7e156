# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Multicast Listener Discovery, as far as a router needs it to see who listens (RFC 2710, RFC 3810)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar, Self

from p4dmm.wire.errors import FieldError, LimitError, check_bits, need
from p4dmm.wire.icmpv6 import Icmpv6, Icmpv6Type

MAX_MLD_RECORDS = 128
MAX_MLD_SOURCES = 1024
_V2_SECTION = "RFC 3810 s5.2"


@dataclass(frozen=True, slots=True)
class _MldV1:
    """4: maximum response delay 2; 6: reserved 2; 8: group 16; 24: what a later version added, kept as it came."""

    TYPE: ClassVar[int]
    SECTION: ClassVar[str] = "RFC 2710 s3"

    group: IPv6Address
    maximum_response_delay: int = 0
    extra: bytes = b""
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("maximum_response_delay", 16), ("reserved", 16), ("code", 8)), self.SECTION)

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need(f"{cls.__name__} body", raw.body, 20, cls.SECTION)
        delay, reserved, group = struct.unpack_from("!HH16s", raw.body)
        return cls(IPv6Address(group), delay, raw.body[20:], reserved, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        fixed = struct.pack("!HH16s", self.maximum_response_delay, self.reserved, self.group.packed)
        return Icmpv6(self.TYPE, self.code, fixed + self.extra)

    @property
    def groups(self) -> tuple[IPv6Address, ...]:
        """The group, in the shape MldV2Report has it."""
        return (self.group,)


@dataclass(frozen=True, slots=True)
class MldQuery(_MldV1):
    """Type 130 (RFC 2710 s3, RFC 3810 s5.1): group :: asks for all; version 2's flags and sources are in `extra`."""

    TYPE = Icmpv6Type.MLD_QUERY


@dataclass(frozen=True, slots=True)
class MldReport(_MldV1):
    """Type 131 (RFC 2710 s3): somebody listens to the group."""

    TYPE = Icmpv6Type.MLD_REPORT


@dataclass(frozen=True, slots=True)
class MldDone(_MldV1):
    """Type 132 (RFC 2710 s3): the sender no longer listens to the group."""

    TYPE = Icmpv6Type.MLD_DONE


@dataclass(frozen=True, slots=True)
class MldRecord:
    """One multicast address record (RFC 3810 s5.2.4 to s5.2.11).

    0: record type 1; 1: auxiliary data length 1, in 4 octets; 2: number of sources 2; 4: group 16;
    20: sources 16 each; then auxiliary data.
    """

    record_type: int
    group: IPv6Address
    sources: tuple[IPv6Address, ...] = ()
    auxiliary: bytes = b""

    def __post_init__(self) -> None:
        check_bits(self, (("record_type", 8),), _V2_SECTION)
        if len(self.sources) > MAX_MLD_SOURCES:
            raise LimitError(
                "number of MldRecord sources", len(self.sources), f"at most {MAX_MLD_SOURCES}", _V2_SECTION
            )
        if len(self.auxiliary) % 4 or len(self.auxiliary) > 255 * 4:
            allowed = "a multiple of 4 octets up to 1020"
            raise FieldError("MldRecord auxiliary length", len(self.auxiliary), allowed, _V2_SECTION)

    @classmethod
    def decode_from(cls, data: bytes, at: int) -> tuple[Self, int]:
        """Read the record at offset `at`; return it and the offset after it."""
        rest = data[at:]
        need("MldRecord", rest, 20, _V2_SECTION)
        record_type, auxiliary_words, count, group = struct.unpack_from("!BBH16s", rest)
        if count > MAX_MLD_SOURCES:
            raise LimitError("number of MldRecord sources", count, f"at most {MAX_MLD_SOURCES}", _V2_SECTION)
        sources_end = 20 + count * 16
        end = sources_end + auxiliary_words * 4
        need("MldRecord", rest, end, _V2_SECTION)
        sources = tuple([IPv6Address(rest[i : i + 16]) for i in range(20, sources_end, 16)])
        return cls(record_type, IPv6Address(group), sources, rest[sources_end:end]), at + end

    def encode(self) -> bytes:
        """Return the record."""
        fixed = struct.pack("!BBH16s", self.record_type, len(self.auxiliary) // 4, len(self.sources), self.group.packed)
        return fixed + b"".join([source.packed for source in self.sources]) + self.auxiliary


@dataclass(frozen=True, slots=True)
class MldV2Report:
    """Type 143 (RFC 3810 s5.2): 4: reserved 2; 6: number of records 2; 8: records; then whatever follows, kept."""

    TYPE: ClassVar[int] = Icmpv6Type.MLD_V2_REPORT

    records: tuple[MldRecord, ...]
    extra: bytes = b""
    reserved: int = 0
    code: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("reserved", 16), ("code", 8)), _V2_SECTION)
        _check_record_count(len(self.records))

    @classmethod
    def from_icmpv6(cls, raw: Icmpv6) -> Self:
        """Read the body."""
        need("MldV2Report body", raw.body, 4, _V2_SECTION)
        reserved, count = struct.unpack_from("!HH", raw.body)
        _check_record_count(count)
        at = 4
        records: list[MldRecord] = []
        for _ in range(count):
            record, at = MldRecord.decode_from(raw.body, at)
            records.append(record)
        return cls(tuple(records), raw.body[at:], reserved, raw.code)

    def to_icmpv6(self) -> Icmpv6:
        """Write the body."""
        records = b"".join([record.encode() for record in self.records])
        return Icmpv6(self.TYPE, self.code, struct.pack("!HH", self.reserved, len(self.records)) + records + self.extra)

    @property
    def groups(self) -> tuple[IPv6Address, ...]:
        """The groups of all records, in their order."""
        return tuple([record.group for record in self.records])


MldMessage = MldQuery | MldReport | MldDone | MldV2Report


def _check_record_count(count: int) -> None:
    if count > MAX_MLD_RECORDS:
        raise LimitError("number of MLD records", count, f"at most {MAX_MLD_RECORDS}", _V2_SECTION)

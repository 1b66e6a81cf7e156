# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Traffic selectors in binary (RFC 6088): which fields are there is said by one flag each, in the order of the fields.

Every end needs its start, and a range includes both. Packets are those from the correspondent node to the mobile node.
"""

from dataclasses import dataclass, fields
from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar, Self

from p4dmm.wire.errors import FieldError, TruncatedError
from p4dmm.wire.mobility.values import TrafficSelectorFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selector:
    """0: flags 4, the first of them for the first field; then the fields whose flag is set."""

    FORMAT: ClassVar[int]
    SECTION: ClassVar[str]
    # Octets of each pair of fields.
    SIZES: ClassVar[tuple[int, ...]]

    reserved: int = 0

    def __post_init__(self) -> None:
        spare = 32 - 2 * len(self.SIZES)
        if not 0 <= self.reserved < 1 << spare:
            raise FieldError(f"{type(self).__name__} reserved", self.reserved, f"0 to {(1 << spare) - 1}", self.SECTION)
        for number, (name, size) in enumerate(self._fields()):
            value = getattr(self, name)
            if value is None:
                continue
            if not 0 <= int(value) < 1 << size * 8:
                raise FieldError(f"{type(self).__name__} {name}", value, f"{size} octets", self.SECTION)
            if number % 2 and getattr(self, self._fields()[number - 1][0]) is None:
                raise FieldError(f"{type(self).__name__} {name}", value, "an end after a start", self.SECTION)

    @classmethod
    def _fields(cls) -> list[tuple[str, int]]:
        names = [field.name for field in fields(cls) if field.name != "reserved"]
        return [(name, cls.SIZES[number // 2]) for number, name in enumerate(names)]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the selector; WireError where it is cut, goes on, or has an end without its start."""
        flags = int.from_bytes(data[:4], "big")
        values: dict[str, Any] = {"reserved": flags & ((1 << 32 - 2 * len(cls.SIZES)) - 1)}
        at = 4
        for number, (name, size) in enumerate(cls._fields()):
            if flags >> (31 - number) & 1:
                value = int.from_bytes(data[at : at + size], "big")
                values[name] = cls._address(value) if name.endswith("address") else value
                at += size
        if at != len(data):
            what = f"length of {cls.__name__}"
            raise TruncatedError(what, len(data), f"{at} octets with flags 0x{flags:08x}", cls.SECTION)
        return cls(**values)

    def encode(self) -> bytes:
        """Return flags and fields."""
        flags, parts = self.reserved, []
        for number, (name, size) in enumerate(self._fields()):
            value = getattr(self, name)
            if value is not None:
                flags |= 1 << (31 - number)
                parts.append(int(value).to_bytes(size, "big"))
        return flags.to_bytes(4, "big") + b"".join(parts)

    @staticmethod
    def _address(value: int) -> IPv4Address | IPv6Address:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4Selector(_Selector):
    """Format 1 (RFC 6088 s3.1)."""

    FORMAT = TrafficSelectorFormat.IPV4_BINARY
    SECTION = "RFC 6088 s3.1"
    SIZES = (4, 4, 4, 2, 2, 1, 1)

    start_source_address: IPv4Address | None = None
    end_source_address: IPv4Address | None = None
    start_destination_address: IPv4Address | None = None
    end_destination_address: IPv4Address | None = None
    start_spi: int | None = None
    end_spi: int | None = None
    start_source_port: int | None = None
    end_source_port: int | None = None
    start_destination_port: int | None = None
    end_destination_port: int | None = None
    start_ds: int | None = None
    end_ds: int | None = None
    start_protocol: int | None = None
    end_protocol: int | None = None

    @staticmethod
    def _address(value: int) -> IPv4Address:
        return IPv4Address(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv6Selector(_Selector):
    """Format 2 (RFC 6088 s3.2); a flow label is 20 bits in 4 octets."""

    FORMAT = TrafficSelectorFormat.IPV6_BINARY
    SECTION = "RFC 6088 s3.2"
    SIZES = (16, 16, 4, 4, 2, 2, 1, 1)

    start_source_address: IPv6Address | None = None
    end_source_address: IPv6Address | None = None
    start_destination_address: IPv6Address | None = None
    end_destination_address: IPv6Address | None = None
    start_spi: int | None = None
    end_spi: int | None = None
    start_flow_label: int | None = None
    end_flow_label: int | None = None
    start_source_port: int | None = None
    end_source_port: int | None = None
    start_destination_port: int | None = None
    end_destination_port: int | None = None
    start_traffic_class: int | None = None
    end_traffic_class: int | None = None
    start_next_header: int | None = None
    end_next_header: int | None = None

    @staticmethod
    def _address(value: int) -> IPv6Address:
        return IPv6Address(value)


def decode_selector(ts_format: int, selector: bytes) -> Ipv4Selector | Ipv6Selector:
    """Read a selector of a format RFC 6088 has; any other is answered with flow status 133 (RFC 6089 s4.2)."""
    if ts_format == TrafficSelectorFormat.IPV4_BINARY:
        return Ipv4Selector.decode(selector)
    if ts_format == TrafficSelectorFormat.IPV6_BINARY:
        return Ipv6Selector.decode(selector)
    raise FieldError("traffic selector format", ts_format, "1 or 2", "RFC 6088 s3")

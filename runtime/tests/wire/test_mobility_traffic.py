# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Traffic selectors (RFC 6088): each flag's field at its place and size."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from p4dmm import wire
from p4dmm.wire import mobility

# RFC 6088 s3.1 and s3.2: the letters A, B and so on, the sizes in octets.
SIZES4 = dict(zip("ABCDEFGHIJKLMN", [4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1], strict=True))
SIZES6 = dict(zip("ABCDEFGHIJKLMNOP", [16, 16, 16, 16, 4, 4, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1], strict=True))


@pytest.mark.parametrize(("ts_format", "sizes"), [(1, SIZES4), (2, SIZES6)])
def test_each_field(ts_format: int, sizes: dict[str, int]) -> None:
    for number, letter in enumerate(sizes):
        start = number - number % 2
        flags = 1 << 31 - number | 1 << 31 - start
        octets = flags.to_bytes(4, "big") + b"\1" * sizes[letter] * (1 + number % 2)
        selector = mobility.decode_selector(ts_format, octets)
        assert selector.encode() == octets
        for cut in (octets[:-1], octets + b"\1"):
            with pytest.raises(wire.TruncatedError):
                mobility.decode_selector(ts_format, cut)


def test_all_fields_by_name() -> None:
    octets = bytes.fromhex("f3c00000" + "c0000201c00002ff" + "c6336401c63364ff" + "00500051" + "01bb01bc")
    assert mobility.decode_selector(1, octets) == mobility.Ipv4Selector(
        start_source_address=IPv4Address("192.0.2.1"),
        end_source_address=IPv4Address("192.0.2.255"),
        start_destination_address=IPv4Address("198.51.100.1"),
        end_destination_address=IPv4Address("198.51.100.255"),
        start_source_port=80,
        end_source_port=81,
        start_destination_port=443,
        end_destination_port=444,
    )
    assert mobility.decode_selector(2, bytes.fromhex("22020000" + "20010db8" + "00" * 12 + "000fffff" + "11")) == (
        mobility.Ipv6Selector(
            start_destination_address=IPv6Address("2001:db8::"), start_flow_label=0xFFFFF, start_next_header=17
        )
    )


@pytest.mark.parametrize("ts_format", [1, 2])
def test_an_end_needs_its_start(ts_format: int) -> None:
    with pytest.raises(wire.FieldError, match="an end after a start"):
        mobility.decode_selector(ts_format, bytes.fromhex("40000000") + bytes(4 if ts_format == 1 else 16))


def test_other_formats_and_values_are_refused() -> None:
    for ts_format in (0, 3, 255):
        with pytest.raises(wire.FieldError, match="traffic selector format"):
            mobility.decode_selector(ts_format, bytes(4))
    with pytest.raises(wire.FieldError, match="Ipv4Selector start_ds is 256"):
        mobility.Ipv4Selector(start_ds=256)
    with pytest.raises(wire.FieldError, match="Ipv6Selector reserved"):
        mobility.Ipv6Selector(reserved=1 << 16)

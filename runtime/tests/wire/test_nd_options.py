# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Options one by one: those of wrong shape are kept, those that cannot be walked are refused."""

import pytest

from p4dmm import wire
from p4dmm.wire.nd_options import decode_options, encode_options

from .rows import HOST, a

KEPT = [
    ("SLLA of 14 octets", "0102" + "00" * 14),
    ("TLLA of 14 octets", "0202" + "00" * 14),
    ("PIO of length 3", "0303" + "40c0" + "00" * 20),
    ("PIO prefix length 129", "0304" + "81c0" + "00" * 28),
    ("MTU of length 2", "0502" + "00" * 14),
    ("advertisement interval of length 2", "0702" + "00" * 14),
    ("home agent information of length 2", "0802" + "00" * 14),
    ("RDNSS without address", "1901" + "00" * 6),
    ("RDNSS with half an address", "1902" + "00" * 14),
    ("RIO with prefix length 65 in 8 octets", "18024100" + "00" * 12),
    ("RIO with prefix length 1 in 0 octets", "18010100" + "00" * 4),
    ("RIO of length 4", "18044000" + "00" * 28),
    ("unassigned", "c801010203040506"),
]

READ = [
    ("PIO reserved", "030440ff" + "00" * 8 + "deadbeef" + HOST.packed.hex()),
    ("RIO of length 1", "180100ff00000001"),
    ("RIO of length 3, short prefix", "18033000" + "00000001" + "20010db8" + "00" * 12),
    ("RIO, reserved preference", "18010010" + "00" * 4),
    ("negative home agent preference", "08010000ffff0001"),
    ("MTU reserved", "0501ffff00000500"),
    ("nonce of 14", "0e02" + "11" * 14),
    ("redirected header, empty", "0401" + "aa" * 6),
]


@pytest.mark.parametrize("octets", [row[1] for row in KEPT], ids=[row[0] for row in KEPT])
def test_kept_as_unknown(octets: str) -> None:
    data = bytes.fromhex(octets)
    (option,) = decode_options(data)
    assert option == wire.UnknownOption(data[0], data[2:])
    assert data[0] == option.TYPE
    assert encode_options((option,)) == data


@pytest.mark.parametrize("octets", [row[1] for row in READ], ids=[row[0] for row in READ])
def test_read(octets: str) -> None:
    data = bytes.fromhex(octets)
    (option,) = decode_options(data)
    assert not isinstance(option, wire.UnknownOption)
    assert encode_options((option,)) == data


def test_fields() -> None:
    (route,) = decode_options(bytes.fromhex("18033010" + "00000001" + "20010db8" + "00" * 12))
    assert route == wire.RouteInformation(a("2001:db8::"), 48, 1, wire.Preference.RESERVED)
    (home_agent,) = decode_options(bytes.fromhex("08010000ffff0001"))
    assert home_agent == wire.HomeAgentInformation(1, -1)


@pytest.mark.parametrize("octets", ["01", "0101", "01010000000000", "0102" + "00" * 8, "0501000000000500" + "03"])
def test_truncated(octets: str) -> None:
    with pytest.raises(wire.TruncatedError, match="ND option"):
        decode_options(bytes.fromhex(octets))


def test_length_zero() -> None:
    with pytest.raises(wire.FieldError, match="length of ND option 1 is 0; allowed: 1 to 255"):
        decode_options(bytes.fromhex("0501000000000500" + "0100000000000000"))


def test_limit() -> None:
    one = bytes.fromhex("c801000000000000")
    assert len(decode_options(one * wire.MAX_ND_OPTIONS)) == wire.MAX_ND_OPTIONS
    with pytest.raises(wire.LimitError):
        decode_options(one * (wire.MAX_ND_OPTIONS + 1))

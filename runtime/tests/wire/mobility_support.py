# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Mobility Header have in common."""

import pytest

from p4dmm.wire import mobility

from .mobility_rows import DST, SRC
from .rows import slow_checksum


def with_mh_checksum(data: bytes) -> bytes:
    """Put the checksum right, so that what lies behind it is reached."""
    if len(data) < 6:
        return data
    checksum = slow_checksum(SRC, DST, 135, data[:4] + b"\0\0" + data[6:])
    return data[:4] + checksum.to_bytes(2, "big") + data[6:]


def survives(data: bytes) -> None:
    """Decoding refuses with a MobilityError, or loses nothing."""
    try:
        message = mobility.decode_mobility(data, SRC, DST)
    except mobility.MobilityError:
        return
    assert mobility.encode_mobility(message, SRC, DST) == data[: (data[1] + 1) * 8]


def refused(data: bytes) -> mobility.MobilityError:
    with pytest.raises(mobility.MobilityError) as caught:
        mobility.decode_mobility(with_mh_checksum(data), SRC, DST)
    return caught.value


def options_of(octets: bytes) -> mobility.MobilityMessage:
    """Read options that begin at octet 8, those of a Binding Refresh Request; filled up with zeros to 8 octets."""
    body = octets + bytes(-len(octets) % 8)
    data = bytes((59, len(body) // 8, 0, 0, 0, 0, 0, 0)) + body
    return mobility.decode_mobility(with_mh_checksum(data), SRC, DST)

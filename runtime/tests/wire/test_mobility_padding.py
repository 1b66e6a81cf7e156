# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Alignment and padding of mobility options (RFC 6275 s6.2): what is written, and what others write."""

import pytest

from p4dmm.wire import mobility
from p4dmm.wire.mobility.options import PADS

from .mobility_option_rows import OPTION_ROWS
from .mobility_rows import DST, MESSAGE_ROWS, SRC
from .mobility_support import options_of, with_mh_checksum

Refresh = mobility.BindingRefreshRequest


# As the RFCs have them (wording and figures), independent of what the classes say: type, octets of data, alignment.
ALIGNMENTS = """
2 2 2n+0|3 16 8n+6|4 4 2n+0|5 12 8n+2|6 18 8n+4|7 7 1n+0|8 18 1n+0|9 17 4n+1|10 8 8n+2|19 9 4n+2|22 18 8n+4|23 2 1n+0
24 2 1n+0|25 8 1n+0|26 16 8n+6|27 8 8n+2|28 4 4n+2|29 6 4n+0|30 6 4n+0|31 6 4n+0|32 6 4n+0|33 2 4n+0|34 18 8n+4
35 4 2n+0|35 8 8n+2|35 20 8n+2|36 6 4n+0|37 6 4n+0|38 6 4n+0|39 2 1n+0|43 2 1n+0|44 6 2n+0|46 2 4n+0|47 18 4n+0
48 18 4n+0|49 4 4n+2|51 18 8n+4|55 18 8n+2|59 18 8n+2|63 6 1n+0|65 18 8n+4|66 18 8n+4|67 34 8n+4|68 16 8n+6|69 16 8n+6
"""


@pytest.mark.parametrize("line", ALIGNMENTS.replace("\n", "|").strip("|").split("|"))
def test_alignment(line: str) -> None:
    kind, length, rule = line.split()
    x, y = map(int, rule.split("n+"))
    option = next(row.octets for row in OPTION_ROWS if row.octets[:2] == bytes((int(kind), int(length))))
    for before in range(8):
        # An unknown option of 2 to 9 octets has no alignment of its own, so that every offset comes up.
        filler = mobility.UnknownOption(200, bytes(before))
        known = options_of(option).options[0]
        octets = mobility.encode_mobility(Refresh(options=(filler, known, filler)), SRC, DST)
        at = octets.index(option)
        assert at % x == y
        gap = at - (8 + 2 + before)
        assert 0 <= gap < x
        assert octets[10 + before : at] == PADS[gap]


@pytest.mark.parametrize("size", range(1, 33))
def test_an_authenticator_at_the_end_has_no_padding_behind_it(size: int) -> None:
    """RFC 6275 s6.2.7, RFC 4285 s5: for every size that can be aligned so."""
    filler = mobility.UnknownOption(200, b"x")
    for option, start, x, y in (
        (mobility.BindingAuthorizationData(authenticator=bytes(size)), 2, 8, 2),
        (mobility.MessageAuthentication(spi=256, authenticator=bytes(size)), 7, 4, 1),
        (mobility.BindingAuthorizationDataFmipv6(spi=1, authenticator=bytes(size)), 6, 4, 2),
    ):
        octets = mobility.encode_mobility(Refresh(options=(filler, option)), SRC, DST)
        assert mobility.decode_mobility(octets, SRC, DST) == Refresh(options=(filler, option))
        at = octets.index(option.encode())
        assert at % x == y
        if (y + start + size) % x == 0:
            assert octets.endswith(option.encode())


def test_mn_ha_before_mn_aaa() -> None:
    """Only the last of two authentication options ends the message."""
    first = mobility.MessageAuthentication(subtype=1, spi=256, authenticator=bytes(12))
    second = mobility.MessageAuthentication(subtype=2, spi=3, authenticator=bytes(20))
    message = mobility.BindingUpdate(sequence=1, lifetime=1, options=(first, second))
    octets = mobility.encode_mobility(message, SRC, DST)
    assert mobility.decode_mobility(octets, SRC, DST) == message
    assert octets.endswith(second.encode())
    assert (octets.index(first.encode()), octets.index(second.encode())) == (13, 37)


@pytest.mark.parametrize(
    "octets",
    [
        "0000 c8026162 0000",  # two Pad1 instead of PadN
        "0102ffff c8026162",  # padding that is not zero
        "c8026162 010a00000000000000000000",  # more of it than needed
        "160201ff",  # malformed and misaligned
        "16120040" + "20010db8000100000000000000000000",  # the right option at the wrong place
        "050c000102030405060708090a0b 0000 00000000 0000",  # an authenticator with padding behind it
        "00 09110100000100000102030405060708090a0b",
    ],
)
def test_padding_of_others_survives(octets: str) -> None:
    message = options_of(bytes.fromhex(octets))
    assert isinstance(message, mobility.Message)
    assert message.padding is not None
    assert len(message.padding) == len(message.options) + 1
    body = bytes.fromhex(octets)
    assert mobility.encode_mobility(message, None, None)[8:].startswith(body)


def test_usual_padding_is_not_kept() -> None:
    for row in MESSAGE_ROWS:
        message = mobility.decode_mobility(row.octets, SRC, DST)
        assert isinstance(message, mobility.UnknownMessage) or message.padding is None


# Octets, offset of the error, reaction, words of the text.


def test_only_padding_is_read_at_once() -> None:
    for filler in (b"\0" * 2040, b"\1\0" * 1020, b"\1\xff" + bytes(255) + b"\0" * 1783):
        data = with_mh_checksum(bytes((59, 255, 0, 0, 0, 0, 0, 0)) + filler)
        message = mobility.decode_mobility(data, SRC, DST)
        assert message == Refresh(padding=(filler,))
        assert mobility.encode_mobility(message, SRC, DST) == data

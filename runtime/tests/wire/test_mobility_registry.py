# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""IANA's registries of message and option types up to RFC 8885: each is read, in the sizes its RFC gives, and no other.

The tables are from the RFCs' figures, independent of what the classes say.
"""

import pytest

from p4dmm.wire import mobility
from p4dmm.wire.mobility.header import message_classes
from p4dmm.wire.mobility.options import MOBILITY

from .mobility_rows import DST, SRC
from .mobility_support import options_of, refused, with_mh_checksum

# MH type, octets before the options, octets 6 and 7 where the type alone does not tell the message, name.
MESSAGES = """
0 8 - Binding Refresh Request|1 16 - Home Test Init|2 16 - Care-of Test Init|3 24 - Home Test|4 24 - Care-of Test
5 12 - Binding Update|6 12 - Binding Acknowledgement|7 24 - Binding Error|8 12 - Fast Binding Update
9 12 - Fast Binding Acknowledgment|10 8 - Fast Neighbor Advertisement|12 8 - Home Agent Switch|13 12 - Heartbeat
14 10 - Handover Initiate|15 10 - Handover Acknowledge|16 12 0100 Binding Revocation Indication
16 12 0200 Binding Revocation Acknowledgement|17 12 - Localized Routing Initiation
18 12 - Localized Routing Acknowledgment|19 12 - Update Notification|20 12 - Update Notification Acknowledgement
21 12 0001 Flow Binding Indication|21 12 0002 Flow Binding Acknowledgement
22 8 - Subscription Query|23 8 - Subscription Response
"""

# Option type and what its length octet may be; n+: so much and more; a/b: a, a + b and so on.
OPTIONS = """
2 2|3 16|4 4|5 0+|6 18|7 1+|8 1+|9 5+|10 8|11 0|12 0+|13 0+|14 0+|15 0|16 8|17 2+|18 0+|19 5+|20 0+|21 0+|22 18|23 2
24 2|25 2+|26 16|27 8|28 4|29 6|30 6|31 6|32 6|33 2,6|34 18|35 4,8,20|36 6|37 6|38 6|39 2|40 2+|41 6,18|42 10|43 2
44 2/2|46 2|47 6,18|48 18|49 4|50 6|51 18|54 4+|55 6,18|56 1+|57 1+|59 2,6,18|60 0+|61 0+|63 6|64 2+|65 18|66 18
67 34|68 16|69 16|70 2+
"""
# Those made of sub-options, and the octets before these.
NESTED = {45: 6, 52: 0, 53: 4, 58: 6, 62: 0}
# Flags and codes that some lengths need: first octets of the data.
BEGINNINGS = [b"", b"\x80", b"\x40", b"\1", b"\2", b"\0\x80"]


def entries(table: str) -> list[str]:
    return table.strip().replace("\n", "|").split("|")


@pytest.mark.parametrize("line", entries(MESSAGES))
def test_a_message_is_read_from_its_smallest_size_on(line: str) -> None:
    number, octets, marker, name = line.split(" ", 3)
    kind, fixed = int(number), int(octets)
    size = -(-fixed // 8) * 8
    body = (bytes(2) if marker == "-" else bytes.fromhex(marker)).ljust(fixed - 6, b"\0")
    # An option where the fixed part ends, with data up to a multiple of 8 octets.
    option = mobility.UnknownOption(200, bytes((-fixed - 2) % 8))
    whole = bytes((59, (fixed + len(option.encode())) // 8 - 1, kind, 0, 0, 0)) + body + option.encode()
    message = mobility.decode_mobility(with_mh_checksum(whole), SRC, DST)
    assert isinstance(message, mobility.Message)
    assert (message.TYPE, message.NAME, message.options) == (kind, name, (option,))
    bare = bytes((59, size // 8 - 1, kind, 0, 0, 0)) + body.ljust(size - 6, b"\0")
    assert type(mobility.decode_mobility(with_mh_checksum(bare), SRC, DST)) is type(message)
    if size > 8:
        assert refused(bare[:1] + bytes((size // 8 - 2,)) + bare[2:-8]).offset == 1


def test_the_message_table_is_whole() -> None:
    """Experimental messages have octets of any kind, and the P flag tells proxy registrations (rows of their own)."""
    listed = {int(line.split()[0]) for line in entries(MESSAGES)} | {11}
    assert listed == set(range(24)) == {int(cls.TYPE) for cls in message_classes()}
    names = {line.split(" ", 3)[3] for line in entries(MESSAGES)}
    others = {"Experimental Mobility Header", "Proxy Binding Update", "Proxy Binding Acknowledgement"}
    assert names | others == {cls.NAME for cls in message_classes()}


def accepted(kind: int) -> set[int]:
    """Return every length the option is read with, rather than kept as malformed."""
    # The length leaves out the SPI (RFC 5568 s6.4.5) or counts words after the first (RFC 7411 s5.3).
    scale, bias = {21: (1, 4), 60: (4, 2), 61: (4, 2)}.get(kind, (1, 0))
    found = set()
    for length in range(256):
        size = length * scale + bias
        for beginning in BEGINNINGS:
            data = beginning.ljust(size, b"\0")[:size]
            (option, *_) = options_of(bytes((kind, length)) + data).options  # type: ignore[union-attr]
            assert option.encode() == bytes((kind, length)) + data
            if not isinstance(option, mobility.MalformedOption):
                assert type(option) in MOBILITY.classes()
                found.add(length)
                break
    return found


@pytest.mark.parametrize("line", entries(OPTIONS))
def test_an_option_has_the_lengths_of_its_rfc(line: str) -> None:
    kind, rule = line.split()
    if rule.endswith("+"):
        allowed = set(range(int(rule[:-1]), 256))
    elif "/" in rule:
        least, step = map(int, rule.split("/"))
        allowed = set(range(least, 256, step))
    else:
        allowed = {int(length) for length in rule.split(",")}
    assert accepted(int(kind)) == allowed


@pytest.mark.parametrize(("kind", "fixed"), NESTED.items())
def test_an_option_of_sub_options_begins_with_its_fields(kind: int, fixed: int) -> None:
    for length in range(fixed):
        assert isinstance(options_of(bytes((kind, length)) + bytes(length)).options[0], mobility.MalformedOption)  # type: ignore[union-attr]
    inner = mobility.UnknownOption(199, b"ab")
    octets = bytes((kind, fixed + 4)) + bytes(fixed) + inner.encode()
    (option, *_) = options_of(octets).options  # type: ignore[union-attr]
    assert option.sub_options == (inner,)  # type: ignore[union-attr]
    assert option.encode() == octets


def test_the_option_table_is_whole() -> None:
    listed = {int(line.split()[0]) for line in entries(OPTIONS)} | NESTED.keys()
    assert listed | {0, 1} == set(range(71))
    assert {int(cls.TYPE) for cls in MOBILITY.classes()} == listed


def test_every_other_number_survives() -> None:
    for kind in range(71, 256):
        assert options_of(bytes((kind, 3)) + b"abc").options == (mobility.UnknownOption(kind, b"abc"),)  # type: ignore[union-attr]
    for kind in range(24, 256):
        octets = with_mh_checksum(bytes((59, 1, kind, 9, 0, 0)) + b"ten octets")
        message = mobility.decode_mobility(octets, SRC, DST)
        assert message == mobility.UnknownMessage(kind, b"ten octets", 9)
        assert mobility.encode_mobility(message, SRC, DST) == octets

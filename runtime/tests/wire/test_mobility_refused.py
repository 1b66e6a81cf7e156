# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with mobility messages, options and values: where, and what the receiver does about it."""

import re
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from p4dmm import wire
from p4dmm.wire import mobility

from .mobility_rows import DST, MESSAGE_ROWS, SRC, a
from .mobility_support import options_of, refused, with_mh_checksum

Refresh = mobility.BindingRefreshRequest


PROBLEM, SILENT, ERROR = (
    mobility.Reaction.PARAMETER_PROBLEM,
    mobility.Reaction.SILENT_DISCARD,
    mobility.Reaction.BINDING_ERROR,
)
REFUSED = [
    ("3b00", 0, SILENT, "length of Mobility Header is 2"),
    ("3b010500000000010000000000", 1, SILENT, "Header Len is 1; allowed: at most 0 for the 13 octets"),
    ("0600000000000000", 0, PROBLEM, "Payload Proto is 6; allowed: 59"),
    ("0600c80000000000", 2, ERROR, "MH Type, with Payload Proto 6, is 200"),
    ("3b00050000000000", 1, PROBLEM, "Header Len is 0; allowed: at least 1 for"),
    ("3b00010000000000", 1, PROBLEM, "at least 1 for Home Test Init"),
    ("3b01030000000000" + "00" * 8, 1, PROBLEM, "at least 2 for Home Test"),
    ("3b01070000000000" + "00" * 8, 1, PROBLEM, "at least 2 for Binding Error"),
    ("3b000d0000000000", 1, PROBLEM, "at least 1 for Heartbeat"),
    ("3b000e0000000000", 1, PROBLEM, "at least 1 for Handover Initiate"),
    ("3b010c0000000200" + "00" * 8, 1, PROBLEM, "at least 4 for Home Agent Switch"),
    ("3b010000000000000000000000000016", 15, SILENT, "mobility option 22 is 'cut'"),
    ("3b0100000000000016ff000000000000", 9, SILENT, "length of mobility option 22 is 255"),
    ("3b01000000000000010700000000000 0".replace(" ", ""), 9, SILENT, "length of mobility option 1 is 7"),
    ("3b010000000000003c02000000000000", 9, SILENT, "length of mobility option 60 is 2"),
]


@pytest.mark.parametrize(("octets", "offset", "reaction", "words"), REFUSED)
def test_refused_with_the_reaction_of_the_rfc(
    octets: str, offset: int, reaction: mobility.Reaction, words: str
) -> None:
    error = refused(bytes.fromhex(octets))
    assert (error.offset, error.reaction) == (offset, reaction)
    assert words in str(error)
    assert re.search(r"^octet \d+: .*; allowed: .*\(RFC \d+ s", str(error))


def test_wrong_checksum_is_silent_and_first() -> None:
    data = bytes.fromhex("0600c80000000001")
    with pytest.raises(mobility.MobilityError) as caught:
        mobility.decode_mobility(data, SRC, DST)
    assert (caught.value.offset, caught.value.reaction) == (4, SILENT)


def test_checksum_is_over_the_addresses_given() -> None:
    row = MESSAGE_ROWS[0]
    for src, dst in ((SRC, a("2001:db8::3")), (a("2001:db8::3"), DST)):
        with pytest.raises(mobility.MobilityError):
            mobility.decode_mobility(row.octets, src, dst)


def test_without_checksum_on_ipv4() -> None:
    """RFC 5844 s4.1.3.1: sent as zero, ignored when received."""
    row = MESSAGE_ROWS[8]
    octets = mobility.encode_mobility(row.message, None, None)
    assert octets[4:6] == b"\0\0"
    assert mobility.decode_mobility(octets, None, None) == row.message
    assert mobility.decode_mobility(row.octets, None, None) == row.message


def test_octets_behind_the_message_are_left_out() -> None:
    for row in MESSAGE_ROWS:
        assert mobility.decode_mobility(row.octets + b"behind", SRC, DST) == row.message


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        ("16121081" + "00" * 16, "octet 11: Home Network Prefix (22) prefix_length is 129; allowed: 0 to 128"),
        ("1603000000", "octet 10: Home Network Prefix (22) length is 3; allowed: 18 octets"),
        ("230700050000000000", "octet 14: Binding Identifier (35) address is b'\\x00\\x00\\x00'; allowed: no address"),
        ("2f06c000c0000201", "octet 10: Redirect (47) is_ipv6 is (True, True); allowed: K, N (False, True)"),
        ("29060100c0000201", "Local Mobility Anchor Address (41) code is 1; allowed: 2 for this address"),
        ("3706802100000000", "Delegated Mobile Network Prefix (55) prefix_length is 33; allowed: 0 to 32 for IPv4"),
        ("37060018c0000200", "Delegated Mobile Network Prefix (55) is_ipv4 is False; allowed: True"),
        ("331200" + "40" + "00" * 16, "MAG IPv6 Address (51) address_length is 64; allowed: 128 to 128"),
        ("1d068400c0000201", "IPv4 Home Address (29) prefix_length is 33; allowed: 0 to 32"),
        ("2103000000", "GRE Key (33) key is b'\\x00'; allowed: nothing or one number of 32 bits"),
        ("2c00", "Flow Summary (44) fids is b''; allowed: 1 to 127 numbers of 16 bits"),
        ("2d0a0001000100000204 0001", "Flow Identification (45) sub_options is b'\\x02\\x04\\x00\\x01'"),
        (
            "3403010980",
            "Access Network Identifier (52) sub_options is b'\\x01\\t\\x80'; allowed: at most 32 sub-options",
        ),
    ],
)
def test_malformed_option_is_kept_and_says_why(octets: str, problem: str) -> None:
    data = bytes.fromhex(octets.replace(" ", ""))
    message = options_of(data)
    assert isinstance(message, mobility.Message)
    (option, *_) = message.options
    assert isinstance(option, mobility.MalformedOption)
    assert problem in option.problem
    assert re.search(r"\(RFC \d+ s[\d.]+\)$", option.problem)
    assert option.encode() == data


def test_sub_options_that_are_unknown_or_malformed_are_kept() -> None:
    octets = bytes.fromhex("2d110001000a0000" + "0201ff" + "630161" + "0000" + "0103000000")
    (option,) = options_of(octets[:1] + bytes((len(octets) - 2,)) + octets[2:]).options  # type: ignore[union-attr]
    assert isinstance(option, mobility.FlowIdentification)
    malformed, unknown, *padding = option.sub_options
    assert isinstance(malformed, mobility.MalformedOption)
    assert "Binding Reference (2) bids" in malformed.problem
    assert unknown == mobility.UnknownOption(0x63, b"a")
    assert padding == [mobility.SubPadding(b"\0"), mobility.SubPadding(b"\0"), mobility.SubPadding(b"\1\3\0\0\0")]


@pytest.mark.parametrize("kind", ["100300000100" + "00" * 6, "150003000500" + "00" * 6])
def test_subtype_without_a_layout_is_unknown(kind: str) -> None:
    """Binding Revocation and Flow Binding have a type of their own inside."""
    data = with_mh_checksum(bytes.fromhex("3b01" + kind[:2] + "000000" + kind[2:] + "0000")[:16])
    message = mobility.decode_mobility(data, SRC, DST)
    assert isinstance(message, mobility.UnknownMessage)
    assert mobility.encode_mobility(message, SRC, DST) == data


@pytest.mark.parametrize("names", ["8004737369", "80047373696401", "800473736964026170ff", "80"])
def test_names_that_do_not_end_with_their_option_are_malformed(names: str) -> None:
    inner = bytes((1, len(names) // 2)) + bytes.fromhex(names)
    (option,) = options_of(bytes((52, len(inner))) + inner).options  # type: ignore[union-attr]
    assert isinstance(option, mobility.AccessNetworkIdentifier)
    (malformed,) = option.sub_options
    assert isinstance(malformed, mobility.MalformedOption)
    assert malformed.TYPE == 1
    assert "Network Identifier (1)" in malformed.problem


def test_limits() -> None:
    many = tuple(mobility.UnknownOption(200) for _ in range(mobility.MAX_MOBILITY_OPTIONS))
    octets = mobility.encode_mobility(Refresh(options=many), SRC, DST)
    assert mobility.decode_mobility(octets, SRC, DST) == Refresh(options=many)
    with pytest.raises(wire.FieldError, match="number of BindingRefreshRequest options is 101"):
        Refresh(options=(*many, many[0]))
    more = bytes((59, 27, 0, 0, 0, 0, 0, 0)) + b"\xc8\x00" * 101 + b"\x01\x0c" + bytes(12)
    assert "number of mobility options" in str(refused(more))
    big = tuple(mobility.UnknownOption(200, bytes(255)) for _ in range(8))
    with pytest.raises(wire.FieldError, match="BindingRefreshRequest length is 2064"):
        mobility.encode_mobility(Refresh(options=big), SRC, DST)
    deep = bytes.fromhex("2dff0001000a0000") + b"\0" * 249
    (option,) = options_of(deep).options  # type: ignore[union-attr]
    assert isinstance(option, mobility.MalformedOption)
    assert "at most 32 sub-options" in option.problem


MISFITS: list[tuple[str, Callable[[], object]]] = [
    ("ProxyBindingUpdate sequence", lambda: mobility.ProxyBindingUpdate(sequence=65536, lifetime=0)),
    ("BindingUpdate acknowledge", lambda: mobility.BindingUpdate(sequence=0, lifetime=0, acknowledge=2)),  # type: ignore[arg-type]
    ("ProxyBindingAck dmm", lambda: mobility.ProxyBindingAck(sequence=0, lifetime=0, bulk=True, dmm=-1)),  # type: ignore[arg-type]
    ("BindingUpdate lifetime", lambda: mobility.BindingUpdate(sequence=0, lifetime=-1)),
    ("ProxyBindingAck status", lambda: mobility.ProxyBindingAck(status=256, sequence=0, lifetime=0)),
    ("HomeNetworkPrefix prefix_length", lambda: mobility.HomeNetworkPrefix(prefix=a("::"), prefix_length=129)),
    ("HomeNetworkPrefix prefix", lambda: mobility.HomeNetworkPrefix(prefix=IPv4Address(0), prefix_length=0)),
    ("CareOfTestOption token", lambda: mobility.CareOfTestOption(token=b"seven77")),
    ("GreKey key", lambda: mobility.GreKey(key=1 << 32)),
    ("BindingIdentifier priority", lambda: mobility.BindingIdentifier(bid=1, priority=128)),
    ("FlowSummary fids", lambda: mobility.FlowSummary(fids=())),
    ("FlowSummary fids", lambda: mobility.FlowSummary(fids=(65536,))),
    ("MobileNodeIdentifier identifier length", lambda: mobility.MobileNodeIdentifier(identifier=bytes(255))),
    ("MulticastMobility report", lambda: mobility.MulticastMobility(code=1, report=b"abc")),
    ("RedirectOption is_ipv6", lambda: mobility.RedirectOption(is_ipv6=True, is_ipv4=True, address=a("::1"))),
    ("LmaAddress code", lambda: mobility.LmaAddress(code=2, address=a("::1"))),
    ("LmaUserPlaneAddress reserved", lambda: mobility.LmaUserPlaneAddress(reserved=1 << 16)),
    ("HomeAgentSwitch count", lambda: mobility.HomeAgentSwitch(count=1)),
    ("HomeAgentSwitch addresses", lambda: mobility.HomeAgentSwitch(count=128, addresses=(a("::1"),) * 128)),
    ("ExperimentalMessage data", lambda: mobility.ExperimentalMessage(data=b"abc")),
    ("ExperimentalMessage options", lambda: mobility.ExperimentalMessage(data=b"ab", options=(mobility.GreKey(),))),
    ("UnknownMessage body length", lambda: mobility.UnknownMessage(200, b"abc")),
    ("UnknownOption type", lambda: mobility.UnknownOption(256)),
    ("UnknownOption data length", lambda: mobility.UnknownOption(200, bytes(256))),
    ("SubPadding octets", lambda: mobility.SubPadding(b"\1\2\0")),
    ("BindingRefreshRequest padding", lambda: Refresh(padding=())),
    ("BindingRefreshRequest padding", lambda: Refresh(padding=(b"\2\0",))),
    ("BindingRefreshRequest padding", lambda: Refresh(padding=(b"\0\1",))),
    ("BindingRefreshRequest length", lambda: mobility.encode_mobility(Refresh(padding=(b"\0",)), SRC, DST)),
    ("AccessNetworkIdentifier sub_options", lambda: mobility.AccessNetworkIdentifier(sub_options=(_pad(),))),
    ("FlowIdentification sub_options", lambda: _flow((_pad(),) * 33)),
    ("FlowIdentification sub_options length", lambda: _flow((mobility.UnknownOption(9, bytes(255)),))),
    ("NetworkIdentifier names", lambda: mobility.NetworkIdentifier(names=(b"one",))),
    ("NetworkIdentifier names", lambda: mobility.NetworkIdentifier(names=(b"one", bytes(256)))),
    ("sequence number", lambda: mobility.is_newer(65536, 0)),
]


def _pad() -> mobility.SubPadding:
    return mobility.SubPadding(b"\0")


def _flow(sub_options: tuple[mobility.SubOption, ...]) -> mobility.FlowIdentification:
    return mobility.FlowIdentification(fid=1, priority=1, sub_options=sub_options)


@pytest.mark.parametrize(("what", "build"), MISFITS)
def test_value_that_does_not_fit_is_refused_when_built(what: str, build: Callable[[], object]) -> None:
    with pytest.raises(wire.FieldError, match=rf"^{what} is .*; allowed: .* \(RFC \d+ s[\d.]+\)$") as caught:
        build()
    assert caught.value.what == what
    assert len(str(caught.value)) < 300

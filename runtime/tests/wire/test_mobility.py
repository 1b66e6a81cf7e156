# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility messages and options: every row both ways, cut, bent; flags, statuses, sequence numbers."""

from ipaddress import IPv6Address

import pytest

from p4dmm.wire import mobility
from p4dmm.wire.mobility import options_access, options_flow, options_pmipv6, status
from p4dmm.wire.mobility.header import message_classes
from p4dmm.wire.mobility.options import MOBILITY

from .mobility_option_rows import OPTION_ROWS, OptionRow
from .mobility_rows import DST, MESSAGE_ROWS, SRC, MessageRow, a
from .mobility_support import options_of, survives, with_mh_checksum
from .rows import slow_checksum

Refresh = mobility.BindingRefreshRequest

each_option = pytest.mark.parametrize("row", OPTION_ROWS, ids=[type(row.option).__name__ for row in OPTION_ROWS])
each_message = pytest.mark.parametrize("row", MESSAGE_ROWS, ids=[type(row.message).__name__ for row in MESSAGE_ROWS])


@each_message
def test_message_rows(row: MessageRow) -> None:
    assert mobility.decode_mobility(row.octets, SRC, DST) == row.message
    assert mobility.encode_mobility(row.message, SRC, DST) == row.octets
    assert len(row.octets) % 8 == 0
    assert slow_checksum(SRC, DST, 135, row.octets) == 0


@each_option
def test_option_rows(row: OptionRow) -> None:
    assert row.option.encode() == row.octets
    message = Refresh(options=(row.option,))
    octets = mobility.encode_mobility(message, SRC, DST)
    assert row.octets in octets
    assert mobility.decode_mobility(octets, SRC, DST) == message


@each_option
def test_option_of_any_length(row: OptionRow) -> None:
    """An option cut or extended is malformed or something else of its type, and survives either way."""
    for length in range(2, min(len(row.octets) + 3, 60)):
        octets = bytearray((row.octets + bytes(3))[:length])
        octets[1] = min(length - 2, octets[1] + 1)
        survives(with_mh_checksum(bytes((59, 8, 0, 0, 0, 0, 0, 0)) + bytes(octets).ljust(64, b"\0")))


@each_message
def test_truncated(row: MessageRow) -> None:
    for length in range(len(row.octets)):
        with pytest.raises(mobility.MobilityError):
            mobility.decode_mobility(row.octets[:length], SRC, DST)
    for words in range(1, len(row.octets) // 8):
        survives(with_mh_checksum(bytes((59, words - 1)) + row.octets[2 : words * 8]))


@each_message
def test_bent(row: MessageRow) -> None:
    for at in range(len(row.octets)):
        for flip in (0x01, 0x80, 0xFF):
            bent = bytearray(row.octets)
            bent[at] ^= flip
            with pytest.raises(mobility.MobilityError):
                mobility.decode_mobility(bytes(bent), SRC, DST)
            survives(with_mh_checksum(bytes(bent)))


def test_every_type_has_a_row() -> None:
    assert {type(row.message) for row in MESSAGE_ROWS} == {*message_classes(), mobility.UnknownMessage}
    assert {type(row.option) for row in OPTION_ROWS} == {*MOBILITY.classes(), mobility.UnknownOption}
    assert {cls.TYPE for cls in message_classes()} == set(mobility.MhType)
    assert {cls.TYPE for cls in MOBILITY.classes()} == set(mobility.OptionType) - {0, 1}
    for registry, name in (
        (options_flow.FLOW, "FlowIdentification"),
        (options_access.ANI, "AccessNetworkIdentifier"),
        (options_access.QOS, "QualityOfService"),
        (options_pmipv6.LCMP, "LmaControlledMagParameters"),
    ):
        (row,) = [row for row in OPTION_ROWS if type(row.option).__name__ == name]
        assert {type(option) for option in row.option.sub_options} >= set(registry.classes())


def test_p_flag_chooses_the_class() -> None:
    for cls, proxied, offset, bit in (
        (mobility.BindingUpdate, mobility.ProxyBindingUpdate, 8, 0x02),
        (mobility.BindingAck, mobility.ProxyBindingAck, 7, 0x20),
    ):
        octets = bytearray(mobility.encode_mobility(cls(sequence=1, lifetime=5), None, None))
        assert not octets[offset] & bit
        octets[offset] |= bit
        message = mobility.decode_mobility(bytes(octets), None, None)
        assert message == proxied(sequence=1, lifetime=5)
        assert message.proxy
        assert message.lifetime_s == 20


# RFC 6275, 3963, 5213, 5555, 5845, 6602, 7161 at IANA's bit, 8885: flag and its place in octets 8 and 9 (BU), 7 (BA).
BU_FLAGS = {
    "acknowledge": 0x8000,
    "home_registration": 0x4000,
    "link_local_compatibility": 0x2000,
    "key_management": 0x1000,
    "map_registration": 0x0800,
    "mobile_router": 0x0400,
    "force_udp": 0x0100,
    "tlv_header": 0x0080,
    "bulk": 0x0040,
    "multicast": 0x0020,
    "dmm": 0x0010,
}
BA_FLAGS = {
    "key_management": 0x80,
    "mobile_router": 0x40,
    "tlv_header": 0x10,
    "bulk": 0x08,
    "multicast": 0x04,
    "dmm": 0x02,
}


@pytest.mark.parametrize(("name", "mask"), BU_FLAGS.items())
def test_binding_update_flags(name: str, mask: int) -> None:
    octets = mobility.encode_mobility(mobility.ProxyBindingUpdate(sequence=0, lifetime=0, **{name: True}), None, None)
    assert int.from_bytes(octets[8:10], "big") == mask | 0x0200


@pytest.mark.parametrize(("name", "mask"), BA_FLAGS.items())
def test_binding_ack_flags(name: str, mask: int) -> None:
    octets = mobility.encode_mobility(mobility.ProxyBindingAck(sequence=0, lifetime=0, **{name: True}), None, None)
    assert octets[7] == mask | 0x20


def test_objects_are_frozen_and_told_apart() -> None:
    hnp = mobility.HomeNetworkPrefix(prefix=a("2001:db8::"), prefix_length=64)
    assert hnp != mobility.AnchoredPrefix(prefix=a("2001:db8::"), prefix_length=64)
    assert hash(hnp) == hash(mobility.HomeNetworkPrefix(prefix=a("2001:db8::"), prefix_length=64))
    with pytest.raises(AttributeError):
        hnp.prefix_length = 48  # type: ignore[misc]
    decoded = options_of(hnp.encode()).options[0]  # type: ignore[union-attr]
    with pytest.raises(AttributeError):
        decoded.prefix_length = 48  # type: ignore[misc, union-attr]


def test_options_by_class() -> None:
    one, two = (mobility.HomeNetworkPrefix(prefix=a(f"2001:db8:{n}::"), prefix_length=64) for n in (1, 2))
    message = mobility.ProxyBindingUpdate(sequence=1, lifetime=1, options=(one, mobility.GreKey(), two))
    assert message.option(mobility.HomeNetworkPrefix) == one
    assert message.all_options(mobility.HomeNetworkPrefix) == (one, two)
    assert message.option(mobility.Timestamp) is None


def test_sequence_numbers() -> None:
    """The example of RFC 6275 s9.5.1: after 15, 0 to 15 and 32783 to 65535 are old."""
    assert {new for new in range(65536) if not mobility.is_newer(new, 15)} == {*range(16), *range(32783, 65536)}
    assert mobility.successor(65535) == 0
    assert mobility.is_newer(mobility.successor(65535), 65535)


def test_statuses() -> None:
    for name in ("BaStatus", "RevocationStatus", "LocalizedRoutingStatus", "FlowIdentificationStatus"):
        for value in getattr(status, name):
            assert mobility.is_rejection(value) == (value >= 128)
    assert mobility.BaStatus(155).name == "NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX"


def test_unicast_addresses_of_home_agent_switch() -> None:
    row = next(row for row in MESSAGE_ROWS if isinstance(row.message, mobility.HomeAgentSwitch))
    assert row.octets[6] == 2
    assert IPv6Address(row.octets[8:24]) == row.message.addresses[0]

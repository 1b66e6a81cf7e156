# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Who may signal: real octets between two ends, and everything that can be wrong with them on the way."""

import hashlib
import hmac
from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.mobility.exchange import Received
from p4dmm.mobility.peers import (
    Admitted,
    Peering,
    Peers,
    Refusal,
    RefusalReason,
)
from p4dmm.mobility.replay import option_of, stamp_at
from p4dmm.wire.mobility import (
    AccessTechnologyType,
    BaStatus,
    BindingAck,
    BindingError,
    BindingRevocationAck,
    BindingUpdate,
    HandoffIndicator,
    Heartbeat,
    HomeNetworkPrefix,
    HomeTestInit,
    Message,
    MessageAuthentication,
    MessageReplayProtection,
    MobileNodeIdentifier,
    ProxyBindingAck,
    Timestamp,
    UnknownMessage,
    covered_by,
    decode_mobility,
    encode_mobility,
    mn_ha_authenticator,
)

from .peers_support import (
    AUTHENTIC,
    BRI,
    KEY,
    LMA,
    MAG,
    MN,
    OPEN,
    PBA,
    PBU,
    STRANGER,
    T0,
    Wire,
    checked,
    followed,
    peers,
    reason,
    signed,
)


def test_a_registration_and_its_answer() -> None:
    wire = Wire()
    update = wire.up(PBU)
    assert wire.at_lma(update) == Admitted(Received(PBU, MAG, LMA))
    assert wire.at_mag(wire.down(PBA)) == Admitted(Received(PBA, LMA, MAG))

    # RFC 4285 section 5.1, step by step: 12 octets of HMAC-SHA1 over both addresses and what is before, checksum zero.
    sent = decode_mobility(update, MAG, LMA)
    assert isinstance(sent, Message)
    stamp, last = sent.options[-2:]
    assert isinstance(stamp, MessageReplayProtection)
    assert isinstance(last, MessageAuthentication)
    assert (last.subtype, last.spi) == (1, 256)
    covered = MAG.packed + LMA.packed + update[:4] + b"\0\0" + update[6:-12]
    assert update[-12:] == hmac.new(KEY, covered, hashlib.sha1).digest()[:12]
    assert stamp.seconds == 1_700_000_000 + 2_208_988_800
    assert abs(stamp.fraction / 2**32 - 0.25) < 1e-6
    # Section 6: the answer has all 64 bits of the request.
    answer = decode_mobility(wire.down(PBA), LMA, MAG)
    assert isinstance(answer, Message)
    assert answer.option(MessageReplayProtection) == stamp


@pytest.mark.parametrize("message", [PBU, PBA, BRI, Heartbeat(sequence=5), BindingUpdate(sequence=1, lifetime=9)])
def test_without_an_association_messages_are_as_the_role_made_them(message: Message) -> None:
    wire = Wire(peers(OPEN), peers(OPEN))
    assert wire.up(message) == encode_mobility(message, MAG, LMA)
    assert wire.at_lma(wire.up(message)) == Admitted(Received(message, MAG, LMA))
    assert wire.lma.states() == ()


def test_replay_protection_comes_back_to_a_peer_that_uses_it_alone() -> None:
    """RFC 4285 section 6: who gets the option has to return it."""
    wire = Wire(peers(OPEN), peers(OPEN))
    stamp = option_of(12345)
    data = encode_mobility(replace(PBU, options=(*PBU.options, stamp)), MAG, LMA)
    assert wire.at_lma(data) == Admitted(Received(PBU, MAG, LMA))
    assert wire.lma.protect(PBA, LMA, MAG, T0).option(MessageReplayProtection) == stamp
    assert wire.lma.protect(replace(PBA, sequence=8), LMA, MAG, T0).option(MessageReplayProtection) is None


@pytest.mark.parametrize(("source", "destination"), [(STRANGER, LMA), (MAG, STRANGER), (LMA, LMA)])
def test_who_is_not_on_the_list_gets_silence(source: IPv6Address, destination: IPv6Address) -> None:
    data = encode_mobility(PBU, source, destination)
    for peering in (OPEN, AUTHENTIC):
        assert peers(peering).admit(data, source, destination, T0) == Refusal(RefusalReason.STRANGER)


def test_too_much_of_a_peer_is_dropped_whatever_it_is() -> None:
    wire = Wire(peers(Peering(4)), peers(Peering(4)))
    data = wire.up(PBU)
    assert [reason(wire.at_lma(data)) for _ in range(6)] == [None] * 4 + [RefusalReason.TOO_MANY] * 2
    assert wire.at_lma(b"", T0) == Refusal(RefusalReason.TOO_MANY)
    # One more every quarter of a second, four at most; a clock set back neither gives nor takes any.
    assert [reason(wire.at_lma(data, T0 + 0.25)) for _ in range(2)] == [None, RefusalReason.TOO_MANY]
    assert [reason(wire.at_lma(data, T0 - 99)) for _ in range(1)] == [RefusalReason.TOO_MANY]
    assert [reason(wire.at_lma(data, T0 + 99)) for _ in range(5)] == [None] * 4 + [RefusalReason.TOO_MANY]


def test_truncated() -> None:
    """Cut anywhere, header length put right or not: silence, and nothing is remembered of it."""
    wire = Wire()
    data = wire.up(PBU)
    for length in range(len(data)):
        cut = [data[:length]]
        if length >= 16 and length % 8 == 0:
            cut.append(checked(data[:1] + bytes((length // 8 - 1,)) + data[2:length]))
        for octets in cut:
            found = wire.at_lma(octets)
            assert isinstance(found, Refusal)
            assert found.reason in {RefusalReason.UNAUTHENTICATED, RefusalReason.MALFORMED}
            assert found.answer is None
            assert (found.error is None) == (found.reason is RefusalReason.UNAUTHENTICATED)
    assert reason(wire.at_lma(data)) is None


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_octet_can_be_changed(data: st.DataObject) -> None:
    """Forged anywhere, with the right checksum: never admitted, answered with 146 or not at all; the genuine one still
    is, and so is its answer."""
    wire = Wire()
    genuine = wire.up(PBU)
    at = data.draw(st.integers(0, len(genuine) - 1).filter(lambda at: at not in (4, 5)))
    forged = checked(genuine[:at] + bytes((genuine[at] ^ data.draw(st.integers(1, 255)),)) + genuine[at + 1 :])
    found = wire.at_lma(forged)
    assert isinstance(found, Refusal)
    if found.reason is RefusalReason.FORGED and found.answer is not None:
        assert wire.answer(found).status == BaStatus.MIPV6_AUTH_FAIL  # type: ignore[attr-defined]
    else:
        assert found.answer is None or isinstance(found.answer.message, BindingError)
    assert wire.at_lma(genuine) == Admitted(Received(PBU, MAG, LMA))
    assert wire.at_mag(wire.down(PBA)) == Admitted(Received(PBA, LMA, MAG))


@settings(max_examples=200, deadline=None)
@given(octets=st.binary(max_size=200), wrap=st.booleans())
def test_any_octets_are_refused(octets: bytes, wrap: bool) -> None:
    if wrap:
        body = octets + bytes(-len(octets) % 8 + 5)
        octets = checked(bytes((59, len(body) // 8, len(octets) % 20)) + body)
    assert isinstance(peers().admit(octets, MAG, LMA, T0), Refusal)


def test_a_forged_update_is_answered_as_the_rfc_has_it() -> None:
    """146, protected; all that a rejection has (RFC 5213 section 5.3.6); the gateway's role gets it."""
    wire = Wire()
    data = wire.up(PBU)
    found = wire.at_lma(checked(data[:-1] + bytes((data[-1] ^ 1,))))
    assert reason(found) is RefusalReason.FORGED
    answer = wire.answer(found)
    assert isinstance(answer, ProxyBindingAck)
    assert (answer.status, answer.sequence, answer.lifetime) == (BaStatus.MIPV6_AUTH_FAIL, 7, 0)
    for kind in (MobileNodeIdentifier, HomeNetworkPrefix, HandoffIndicator, AccessTechnologyType, Timestamp):
        assert answer.all_options(kind) == PBU.all_options(kind)
    got = wire.at_mag(encode_mobility(answer, LMA, MAG))
    assert isinstance(got, Admitted)
    assert got.received.message.status == BaStatus.MIPV6_AUTH_FAIL  # type: ignore[attr-defined]


def test_a_forged_message_that_is_no_update_gets_silence() -> None:
    wire = Wire()
    for message in (BRI, PBA, Heartbeat(sequence=1), BindingRevocationAck(status=0, sequence=3)):
        data = wire.up(message)
        assert wire.at_lma(checked(data[:-1] + bytes((data[-1] ^ 1,)))) == Refusal(RefusalReason.FORGED)


def test_a_binding_update_is_answered_with_its_kind() -> None:
    wire = Wire()
    data = wire.up(BindingUpdate(sequence=4, lifetime=9, options=(MN,)))
    answer = wire.answer(wire.at_lma(checked(data[:-1] + bytes((data[-1] ^ 1,)))))
    assert isinstance(answer, BindingAck)
    assert (answer.status, answer.sequence, answer.option(MobileNodeIdentifier)) == (146, 4, MN)


STAMPED = replace(PBU, options=(*PBU.options, option_of(stamp_at(T0))))
AAA = MessageAuthentication(subtype=2, spi=3, authenticator=bytes(12))


SILENT = {
    "no-option": (STAMPED, RefusalReason.UNAUTHENTICATED),
    "for-aaa-only": (followed(STAMPED, AAA), RefusalReason.UNAUTHENTICATED),
    "another-spi": (signed(STAMPED, spi=257), RefusalReason.UNKNOWN_SPI),
    "twice": (signed(signed(STAMPED)), RefusalReason.AUTHENTICATION_MISPLACED),
    "not-last": (followed(signed(STAMPED), MN), RefusalReason.AUTHENTICATION_MISPLACED),
    "aaa-before": (signed(followed(STAMPED, AAA)), RefusalReason.AUTHENTICATION_MISPLACED),
    "aaa-in-answer": (followed(signed(PBA), AAA), RefusalReason.AUTHENTICATION_MISPLACED),
    "without-options": (HomeTestInit(cookie=bytes(8)), RefusalReason.UNAUTHENTICATED),
}


@pytest.mark.parametrize("name", SILENT)
def test_silence_where_the_rfc_has_silence(name: str) -> None:
    message, expected = SILENT[name]
    found = peers().admit(encode_mobility(message, MAG, LMA), MAG, LMA, T0)
    assert found == Refusal(expected)


def test_both_authenticators_in_their_order() -> None:
    ours = MessageAuthentication(subtype=1, spi=256, authenticator=bytes(12))
    both = followed(followed(STAMPED, ours), AAA)
    covered = covered_by(encode_mobility(both, None, None), both, ours)
    ours = replace(ours, authenticator=mn_ha_authenticator(KEY, MAG, LMA, covered))
    both = followed(followed(STAMPED, ours), AAA)
    assert peers().admit(encode_mobility(both, MAG, LMA), MAG, LMA, T0) == Admitted(Received(PBU, MAG, LMA))


def test_an_authenticator_where_no_key_is_shared() -> None:
    """RFC 4285 section 5.1.1: without the association the update is discarded, in silence."""
    data = encode_mobility(signed(STAMPED), MAG, LMA)
    assert peers(OPEN).admit(data, MAG, LMA, T0) == Refusal(RefusalReason.UNKNOWN_SPI)


def test_a_missing_key_opens_nothing() -> None:
    without = Peering(1000, requires_authentication=True)
    assert peers(without).admit(encode_mobility(PBU, MAG, LMA), MAG, LMA, T0) == Refusal(RefusalReason.UNAUTHENTICATED)
    data = encode_mobility(signed(STAMPED), MAG, LMA)
    assert peers(without).admit(data, MAG, LMA, T0) == Refusal(RefusalReason.UNKNOWN_SPI)


def test_without_replay_protection() -> None:
    wire = Wire()
    found = wire.at_lma(encode_mobility(signed(PBU), MAG, LMA))
    assert reason(found) is RefusalReason.NO_REPLAY_PROTECTION
    answer = wire.answer(found)
    assert isinstance(answer, ProxyBindingAck)
    assert answer.status == BaStatus.MIPV6_MESG_ID_REQD
    assert isinstance(answer.options[-1], MessageAuthentication)
    assert wire.at_lma(encode_mobility(signed(BRI), MAG, LMA)) == Refusal(RefusalReason.NO_REPLAY_PROTECTION)


@pytest.mark.parametrize("unknown", [UnknownMessage(99, bytes(2)), UnknownMessage(16, bytes(10))])
@pytest.mark.parametrize("peering", [OPEN, AUTHENTIC])
def test_an_unknown_type_gets_a_binding_error(unknown: UnknownMessage, peering: Peering) -> None:
    found = peers(peering).admit(encode_mobility(unknown, MAG, LMA), MAG, LMA, T0)
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.UNKNOWN_TYPE
    assert found.answer is not None
    assert found.answer.message == BindingError(status=2, home_address=IPv6Address("::"))
    assert (found.answer.source, found.answer.destination) == (LMA, MAG)


def test_a_message_is_for_one_direction_and_one_pair() -> None:
    """Sent back to its sender, or between others with the same key, it is forged."""
    wire = Wire()
    data = checked(wire.up(BRI), LMA, MAG)
    assert reason(wire.at_mag(data)) is RefusalReason.FORGED
    everybody = Peers(lambda *_: AUTHENTIC)
    assert reason(everybody.admit(checked(data, STRANGER, LMA), STRANGER, LMA, T0)) is RefusalReason.FORGED

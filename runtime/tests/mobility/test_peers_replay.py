# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that come again, late, early, or by clocks that differ; and what is remembered to tell."""

from dataclasses import replace

import pytest

from p4dmm.mobility.exchange import Received
from p4dmm.mobility.peers import (
    Admitted,
    Peering,
    PeerState,
    Refusal,
    RefusalReason,
    SecurityAssociation,
)
from p4dmm.mobility.replay import option_of, stamp_at, stamp_of
from p4dmm.mobility.stamps import KEPT_S, MAX_EXCHANGES
from p4dmm.wire.mobility import (
    BaStatus,
    BindingRevocationAck,
    Heartbeat,
    Message,
    MessageReplayProtection,
    MobileNodeIdentifier,
    ProxyBindingAck,
    decode_mobility,
    encode_mobility,
)

from .peers_support import BRI, LMA, MAG, MN, NEW_KEY, PBA, PBU, SA, T0, Wire, checked, peers, reason, signed


def test_replayed() -> None:
    """A copy is refused with 144, and the answer to the first is still the answer to the gateway's request."""
    wire = Wire()
    data = wire.up(PBU)
    assert reason(wire.at_lma(data)) is None
    found = wire.at_lma(data, T0 + 3)
    assert reason(found) is RefusalReason.REPLAYED
    answer = wire.answer(found)
    assert isinstance(answer, ProxyBindingAck)
    assert answer.status == BaStatus.MIPV6_ID_MISMATCH
    given, sent = answer.option(MessageReplayProtection), decode_mobility(data, MAG, LMA)
    assert isinstance(sent, Message)
    assert given is not None
    # Section 6: the low half as it came, the high half of the anchor's clock.
    before = sent.option(MessageReplayProtection)
    assert before is not None
    assert given == replace(before, seconds=before.seconds + 3)
    assert wire.at_mag(wire.down(PBA, T0 + 3), T0 + 3) == Admitted(Received(PBA, LMA, MAG))


def test_old_messages_of_any_node_are_replays_for_ever() -> None:
    wire = Wire()
    data = wire.up(PBU)
    assert reason(wire.at_lma(data)) is None
    for later_s in (0.001, 6.9, 7.1, 100.0, 1e6, -5.0):
        assert reason(wire.at_lma(data, T0 + later_s)) is RefusalReason.REPLAYED
    late = wire.up(replace(PBU, sequence=8), T0 + 10)
    assert reason(wire.at_lma(late, T0 + 17.5)) is RefusalReason.REPLAYED
    assert reason(wire.at_lma(late, T0 + 16.5)) is None


def test_a_clock_that_is_set_back_makes_nothing_new_again() -> None:
    wire = Wire()
    data = wire.up(PBU)
    assert reason(wire.at_lma(data)) is None
    other = replace(PBU, options=(MobileNodeIdentifier(identifier=b"other"),))
    assert reason(wire.at_lma(wire.up(other, T0 + 20), T0 + 20)) is None
    assert reason(wire.at_lma(data, T0)) is RefusalReason.REPLAYED


def test_messages_for_different_nodes_may_overtake_each_other() -> None:
    wire = Wire()
    nodes = [replace(PBU, sequence=n, options=(MobileNodeIdentifier(identifier=b"%d" % n),)) for n in range(5)]
    data = [wire.up(update, T0 + n / 100) for n, update in enumerate(nodes)]
    assert [reason(wire.at_lma(octets, T0 + 0.1)) for octets in (*data[3:], *data[:3])] == [None] * 5
    assert {reason(wire.at_lma(octets, T0 + 0.1)) for octets in data} == {RefusalReason.REPLAYED}
    wire.lma = peers(states=wire.lma.states())
    assert {reason(wire.at_lma(octets, T0 + 0.1)) for octets in data} == {RefusalReason.REPLAYED}
    # Of one node they may not: what is later was sent later.
    first, second = wire.up(PBU, T0 + 1), wire.up(replace(PBU, sequence=8), T0 + 1)
    assert [reason(wire.at_lma(octets, T0 + 1)) for octets in (second, first)] == [None, RefusalReason.REPLAYED]


@pytest.mark.parametrize("ahead_s", [-3600.0, -20.0, 20.0, 86400.0])
def test_clocks_that_differ_find_together(ahead_s: float) -> None:
    """The first registration is refused with 144 and the anchor's time, the repeated one is accepted."""
    wire = Wire(lma_ahead_s=ahead_s)
    found = wire.at_lma(wire.up(PBU))
    assert reason(found) is RefusalReason.REPLAYED
    told = encode_mobility(wire.answer(found), LMA, MAG)
    assert wire.at_mag(told) == Refusal(RefusalReason.CLOCK_ADJUSTED)
    again = replace(PBU, sequence=8)
    assert wire.at_lma(wire.up(again, T0 + 1), T0 + 1) == Admitted(Received(again, MAG, LMA))
    answer = replace(PBA, sequence=8)
    assert wire.at_mag(wire.down(answer, T0 + 1), T0 + 1) == Admitted(Received(answer, LMA, MAG))
    (state,) = wire.mag.states()
    assert state.offset_s == ahead_s
    # What a new process has from the old one includes that.
    wire.mag = peers(states=wire.mag.states())
    assert reason(wire.at_lma(wire.up(replace(PBU, sequence=9), T0 + 2), T0 + 2)) is None


@pytest.mark.parametrize("ahead_s", [-1.0, 0.0, 1.0])
def test_a_repeated_packet_does_not_move_the_clock(ahead_s: float) -> None:
    """It is refused as well, with a time that says no more than that the packet was on its way for a while."""
    wire = Wire(lma_ahead_s=ahead_s)
    data = wire.up(PBU)
    assert reason(wire.at_lma(data)) is None
    told = encode_mobility(wire.answer(wire.at_lma(data)), LMA, MAG)
    assert wire.at_mag(told) == Refusal(RefusalReason.CLOCK_ADJUSTED)
    assert wire.mag.states()[0].offset_s == 0


def test_nobody_else_can_set_the_clock() -> None:
    wire = Wire(lma_ahead_s=1000.0)
    told = encode_mobility(wire.answer(wire.at_lma(wire.up(PBU))), LMA, MAG)
    forged = checked(told[:-1] + bytes((told[-1] ^ 1,)), LMA, MAG)
    assert reason(wire.at_mag(forged)) is RefusalReason.FORGED
    wire.up(PBU, T0 + 1)  # another copy with the same number: the answer to the first one is none to it
    assert wire.at_mag(told, T0 + 1) == Refusal(RefusalReason.UNASKED)
    assert wire.mag.states()[0].offset_s == 0


def test_answers_are_those_to_the_request() -> None:
    wire = Wire()
    wire.at_lma(wire.up(PBU))
    stamp = wire.lma.protect(PBA, LMA, MAG, T0).option(MessageReplayProtection)
    assert stamp is not None
    wrong = replace(PBA, options=(*PBA.options, option_of(stamp_of(stamp) + 1)))
    data = encode_mobility(signed(wrong, source=LMA), LMA, MAG)
    assert wire.at_mag(data) == Refusal(RefusalReason.UNASKED)


def test_the_answer_to_an_update_without_identifier() -> None:
    """It has an empty one (RFC 5213 section 5.3.1), and the stamp nevertheless."""
    wire = Wire()
    assert reason(wire.at_lma(wire.up(replace(PBU, options=())))) is None
    answer = replace(PBA, status=160, options=(MobileNodeIdentifier(identifier=b""),))
    stamp = wire.lma.protect(answer, LMA, MAG, T0 + 20).option(MessageReplayProtection)
    assert stamp is not None
    assert stamp_of(stamp) // 2**32 == stamp_at(T0) // 2**32
    assert wire.at_mag(wire.down(answer, T0 + 20), T0 + 20) == Admitted(Received(answer, LMA, MAG))


def test_an_answer_that_is_very_late_is_one_that_nobody_asked_for() -> None:
    wire = Wire()
    assert reason(wire.at_lma(wire.up(PBU))) is None
    late = T0 + KEPT_S + 1
    data = wire.down(PBA, late)
    assert reason(wire.at_mag(data, late + 30)) is RefusalReason.REPLAYED
    assert reason(wire.at_mag(data, late)) is None


def test_an_answer_that_nobody_asked_for_has_to_be_new() -> None:
    """A previous MAAR acknowledges to the serving one what the CMD asked (RFC 8885 section 3.3)."""
    wire = Wire()
    data = wire.down(PBA)
    assert wire.at_mag(data) == Admitted(Received(PBA, LMA, MAG))
    assert wire.at_mag(data) == Refusal(RefusalReason.REPLAYED)


def test_revocation_and_heartbeat_there_and_back() -> None:
    wire = Wire()
    assert wire.at_mag(wire.down(BRI)) == Admitted(Received(BRI, LMA, MAG))
    done = BindingRevocationAck(status=0, sequence=3, proxy_binding=True, options=(MN,))
    assert wire.at_lma(wire.up(done)) == Admitted(Received(done, MAG, LMA))
    beat, response = Heartbeat(sequence=9), Heartbeat(sequence=9, response=True)
    assert wire.at_lma(wire.up(beat)) == Admitted(Received(beat, MAG, LMA))
    assert wire.at_mag(wire.down(response)) == Admitted(Received(response, LMA, MAG))


def test_a_key_is_replaced_without_a_gap() -> None:
    """Both ends know both keys while one sends with the new one and the other still with the old."""
    new = SecurityAssociation(257, NEW_KEY)
    wire = Wire(peers(Peering(1000, (new, SA))), peers(Peering(1000, (SA, new))))
    assert reason(wire.at_lma(wire.up(PBU))) is None
    assert reason(wire.at_mag(wire.down(PBA))) is None
    wire = Wire(peers(Peering(1000, (new,))), peers())
    assert wire.at_lma(wire.up(PBU)) == Refusal(RefusalReason.UNKNOWN_SPI)
    assert "key" not in repr(new)


def test_a_new_process_takes_nothing_that_the_old_one_had() -> None:
    wire = Wire()
    data = wire.up(PBU)
    assert reason(wire.at_lma(data)) is None
    (state,) = wire.lma.states()
    wire.lma = peers(states=[state])
    assert reason(wire.at_lma(data, T0 + 0.5)) is RefusalReason.REPLAYED
    assert wire.lma.states() == (state,)
    # Without a record, everything from before its start counts as taken.
    wire.lma = peers(since=T0 + 0.4)
    assert reason(wire.at_lma(data, T0 + 0.5)) is RefusalReason.REPLAYED
    again = replace(PBU, sequence=8)
    assert wire.at_lma(wire.up(again, T0 + 1), T0 + 1) == Admitted(Received(again, MAG, LMA))


def test_the_state_of_a_peering_not_used_yet_is_kept() -> None:
    state = PeerState(LMA, MAG, stamp_at(T0), None, offset_s=5)
    assert peers(states=[state]).states() == (state,)


def test_stamps_never_repeat_however_coarse_the_clock() -> None:
    wire = Wire()
    sent = [wire.mag.protect(replace(PBU, sequence=n), MAG, LMA, T0).option(MessageReplayProtection) for n in range(50)]
    stamps = [stamp_of(option) for option in sent if option is not None]
    assert len(stamps) == 50
    assert stamps == sorted(set(stamps))


def test_ntp_begins_anew_in_2036() -> None:
    """7 February 2036, 06:28:16 UTC is the end of the first era of 2**32 seconds."""
    turn = 2**32 - 2_208_988_800
    assert stamp_of(option_of(stamp_at(turn))) == 0
    wire = Wire()
    for n in range(4):
        now, update = turn - 1 + n * 0.5, replace(PBU, sequence=n)
        assert wire.at_lma(wire.up(update, now), now) == Admitted(Received(update, MAG, LMA))


def test_what_is_remembered_is_bounded() -> None:
    wire = Wire(peers(Peering(10**6, (SA,))), peers(Peering(10**6, (SA,))))
    for n in range(MAX_EXCHANGES + 50):
        node = MobileNodeIdentifier(identifier=b"%d" % n)
        now = T0 + n / 100
        wire.at_lma(wire.up(replace(PBU, sequence=n % 65536, options=(node,)), now), now)
    gateway, anchor = wire.mag._peers[MAG, LMA], wire.lma._peers[LMA, MAG]
    assert len(gateway.asked) <= MAX_EXCHANGES
    assert len(anchor.owed) <= MAX_EXCHANGES
    assert len(anchor.guard) <= 2 * 7 * 100
    later_on = T0 + 1000 + KEPT_S
    wire.at_lma(wire.up(PBU, later_on), later_on)
    assert (len(gateway.asked), len(anchor.owed), len(anchor.guard)) == (1, 1, 1)

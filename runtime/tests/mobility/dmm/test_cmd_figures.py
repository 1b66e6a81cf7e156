# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of RFC 8885 section 3, octet by octet, checksums left out. MAAR1 is 2001:db8:a::1 with Pref1
2001:db8:0:1000::/64, and so on; the node is mn1@example.net."""

import pytest

from p4dmm.mobility.dmm.cmd_state import CmdMode
from p4dmm.mobility.exchange import Send
from p4dmm.wire.mobility import Message, decode_mobility, encode_mobility

from .cmd_support import CMD, MODES, A, B, C, Site

MN_ID = "0810016d6e31406578616d706c652e6e6574010400000000"
PREF1 = "1612004020010db8000010000000000000000000"
PREF2 = "1612004020010db8000020000000000000000000"
PREF3 = "1612004020010db8000030000000000000000000"
UNKNOWN_HANDOFF_ON_ETHERNET = "17020004180200030100"
ATTACHED_AT_1 = "1b0800006553f1000000"
ATTACHED_AT_2 = "1b0800006553f10a0000"
ATTACHED_AT_3 = "1b0800006553f1140000"
SERVING_MAAR2 = "0100441020010db8000a00000000000000000002"
SERVING_MAAR3 = "0100441020010db8000a00000000000000000003"
PREVIOUS_MAAR1 = "4322004020010db8000a0000000000000000000120010db8000010000000000000000000"
PREVIOUS_MAAR2 = "4322004020010db8000a0000000000000000000220010db8000020000000000000000000"
PAD4 = "01020000"

# Flags A, P, D; lifetime 300 s.
PBU_1 = "3b090500000000018210004b" + MN_ID + PREF1 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_1 + PAD4
PBU_2 = "3b090500000000028210004b" + MN_ID + PREF2 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_2 + PAD4
PBU_3 = "3b090500000000038210004b" + MN_ID + PREF3 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_3 + PAD4
# Accepted, flags P, D.
PBA_1 = "3b090600000000220001004b" + MN_ID + PREF1 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_1 + PAD4
PBA_2 = "3b0d0600000000220002004b" + MN_ID + PREF2 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_2 + PREVIOUS_MAAR1
PBA_3 = "3b120600000000220003004b" + (
    MN_ID + PREF3 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_3 + PREVIOUS_MAAR1 + PAD4 + PREVIOUS_MAAR2
)
# PBU*: to MAAR1 about Pref1, to MAAR2 about Pref2.
TO_1_ABOUT_2 = "3b0b0500000041b88210004b" + MN_ID + PREF1 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_2 + SERVING_MAAR2
TO_1_ABOUT_3 = "3b0b0500000041b98210004b" + MN_ID + PREF1 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_3 + SERVING_MAAR3
TO_2_ABOUT_3 = "3b0b0500000041ba8210004b" + MN_ID + PREF2 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_3 + SERVING_MAAR3
# PBA*: with the option that the PBU* had, and the prefix anchored there.
FROM_1_ABOUT_2 = (
    "3b0b06000000002241b8004b" + MN_ID + PREF1 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_2 + SERVING_MAAR2
)
FROM_1_ABOUT_3 = (
    "3b0b06000000002241b9004b" + MN_ID + PREF1 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_3 + SERVING_MAAR3
)
FROM_2_ABOUT_3 = (
    "3b0b06000000002241ba004b" + MN_ID + PREF2 + UNKNOWN_HANDOFF_ON_ETHERNET + ATTACHED_AT_3 + SERVING_MAAR3
)


def read(octets: str) -> Message:
    message = decode_mobility(bytes.fromhex(octets), None, None)
    assert isinstance(message, Message)
    return message


def sent(outputs: list[Send]) -> list[tuple[str, object]]:
    assert {send.source for send in outputs} <= {CMD}
    return [(encode_mobility(send.message, None, None).hex(), send.destination) for send in outputs]


def attached_to_maar1(mode: CmdMode) -> Site:
    site = Site(mode)
    site.receive(read(PBU_1), A)
    site.later(10.0)
    return site


@pytest.mark.parametrize("mode", MODES)
def test_figure_1_first_attachment(mode):
    site = Site(mode)
    assert sent(site.receive(read(PBU_1), A)) == [(PBA_1, A)]
    assert site.node.serving is not None
    assert (site.node.serving.address, site.p_maars) == (A, [])


def test_figure_2_handover_with_the_cmd_as_relay():
    site = attached_to_maar1(CmdMode.RELAY)
    assert sent(site.receive(read(PBU_2), B)) == [(TO_1_ABOUT_2, A)]
    assert site.node.serving.address == B
    assert sent(site.receive(read(FROM_1_ABOUT_2), A)) == [(PBA_2, B)]
    assert site.p_maars == [A]


def test_figure_3_handover_with_the_cmd_as_locator():
    """MAAR1 also answers MAAR2 itself; the CMD's own answer ends MAAR2's request."""
    site = attached_to_maar1(CmdMode.LOCATOR)
    assert sent(site.receive(read(PBU_2), B)) == [(TO_1_ABOUT_2, A)]
    assert sent(site.receive(read(FROM_1_ABOUT_2), A)) == [(PBA_2, B)]
    assert site.p_maars == [A]


def test_figure_4_handover_with_the_cmd_as_proxy():
    site = attached_to_maar1(CmdMode.PROXY)
    assert sent(site.receive(read(PBU_2), B)) == [(PBA_2, B), (TO_1_ABOUT_2, A)]
    assert sent(site.receive(read(FROM_1_ABOUT_2), A)) == []
    assert site.p_maars == [A]


@pytest.mark.parametrize("mode", [CmdMode.RELAY, CmdMode.LOCATOR])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_next_movement_asks_every_p_maar_and_answers_once(mode, order):
    site = attached_to_maar1(mode)
    site.receive(read(PBU_2), B)
    site.receive(read(FROM_1_ABOUT_2), A)
    site.later(10.0)
    assert sent(site.receive(read(PBU_3), C)) == [(TO_1_ABOUT_3, A), (TO_2_ABOUT_3, B)]
    first, last = (((FROM_1_ABOUT_3, A), (FROM_2_ABOUT_3, B))[at] for at in order)
    assert sent(site.receive(read(first[0]), first[1])) == []
    assert sent(site.receive(read(last[0]), last[1])) == [(PBA_3, C)]


def test_next_movement_with_the_cmd_as_proxy():
    site = attached_to_maar1(CmdMode.PROXY)
    site.receive(read(PBU_2), B)
    site.receive(read(FROM_1_ABOUT_2), A)
    site.later(10.0)
    assert sent(site.receive(read(PBU_3), C)) == [(PBA_3, C), (TO_1_ABOUT_3, A), (TO_2_ABOUT_3, B)]

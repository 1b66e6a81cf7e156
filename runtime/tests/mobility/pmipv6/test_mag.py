# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Every phase of a mobile access gateway's session, and every event in it."""

from dataclasses import fields, is_dataclass
from enum import Enum
from ipaddress import IPv6Address, IPv6Network
from itertools import product
from typing import get_args

import pytest

from p4dmm.mobility.access import Detached, NewLinkLocal, Refused
from p4dmm.mobility.exchange import Received, TimeReached
from p4dmm.mobility.pmipv6.mag import MESSAGES, TRANSITIONS, Event, Reregister
from p4dmm.mobility.pmipv6.mag_binding import MagPhase
from p4dmm.wire import MacAddress
from p4dmm.wire.mobility import (
    BindingError,
    BindingRefreshRequest,
    BindingRevocationAck,
    Heartbeat,
    Message,
    ProxyBindingUpdate,
    UnknownMessage,
)
from tests.mobility.pmipv6.mag_support import (
    LMA,
    MAG,
    MN_ID,
    P1,
    PORT_1,
    PORT_2,
    PORT_3,
    START,
    Gateway,
    answer,
    attached,
    in_phase,
    received,
    revocation,
    with_parameters,
)

FEW_ATTEMPTS = with_parameters(registration_copies=2, max_retries=1)
KINDS = {*get_args(Event), *MESSAGES} - {Received}


def events_of(kind, gateway):
    """Some events of a kind, sensible in that state or not."""
    update = (
        gateway.last_update if gateway.sent else ProxyBindingUpdate(sequence=1, lifetime=0, options=(MN_ID.option,))
    )
    statuses = (0, 1, 127, 128, 130, 135, 152, 155, 156, 157, 159, 255)
    samples = {
        "Attached": [attached(), attached(PORT_2), attached(PORT_2, mac=MacAddress.parse("02:00:5e:00:01:09"))],
        "Detached": [Detached(PORT_1.path_id), Detached(PORT_3.path_id)],
        "NewLinkLocal": [NewLinkLocal(IPv6Address("fe80::1"))],
        "Refused": [Refused("full", cause=cause) for cause in (attached(PORT_2), answer(update), TimeReached())],
        "Reregister": [Reregister()],
        "TimeReached": [TimeReached()],
        "ProxyBindingAck": [answer(update, status) for status in statuses] + [answer(update, prefixes=())],
        "BindingError": [received(BindingError(status=s, home_address=IPv6Address("::"))) for s in (1, 2, 3)],
        "BindingRevocationIndication": [revocation(trigger) for trigger in (0, 2, 7, 8, 128, 255)],
    }
    return samples[kind.__name__]


def test_there_is_a_row_for_every_phase_and_event():
    assert set(TRANSITIONS) == set(product(MagPhase, KINDS))


@pytest.mark.parametrize(
    ("phase", "kind"), [pytest.param(*key, id=f"{key[0].name}-{key[1].__name__}") for key in TRANSITIONS]
)
@pytest.mark.parametrize("wait_s", [0, 0.5, 1800, 7200])
def test_every_event_in_every_phase_leads_to_a_state_that_goes_on(phase, kind, wait_s):
    for number in range(len(events_of(kind, Gateway()))):
        gateway = in_phase(phase, FEW_ATTEMPTS)
        # Time that passes unnoticed, as while no controller runs.
        gateway.now += wait_s
        event = events_of(kind, gateway)[number]
        before = gateway.state
        sent = gateway.do(event)
        if TRANSITIONS[phase, kind] is None:
            assert gateway.state == before
            assert not sent
        gateway.sleep(20_000)
        gateway.leave(PORT_1)
        gateway.leave(PORT_2)
        gateway.sleep(1000)
        assert gateway.phase is MagPhase.IDLE


@pytest.mark.parametrize("phase", MagPhase)
@pytest.mark.parametrize(
    "message",
    [
        Heartbeat(sequence=1),
        BindingRefreshRequest(),
        BindingRevocationAck(status=0, sequence=1),
        ProxyBindingUpdate(sequence=1, lifetime=1, options=(MN_ID.option,)),
        UnknownMessage(99, b"\0\0"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_other_messages_are_not_a_gateway_s(phase, message):
    gateway = in_phase(phase)
    before = gateway.state
    assert not gateway.do(received(message))
    assert gateway.state == before


@pytest.mark.parametrize("phase", MagPhase)
def test_time_that_is_early_or_comes_twice_does_nothing_more(phase):
    gateway = in_phase(phase)
    assert not gateway.do(TimeReached())
    before = gateway.state
    assert not gateway.do(TimeReached())
    assert gateway.state == before


def stored(value):
    """Whether a value is of the kinds that can be kept on disk."""
    if isinstance(value, Message) or value is None:
        return True
    if isinstance(value, tuple | frozenset):
        return all(map(stored, value))
    if is_dataclass(value):
        return all(stored(getattr(value, field.name)) for field in fields(value))
    return isinstance(value, str | int | float | bool | bytes | Enum | IPv6Address | IPv6Network | MacAddress)


@pytest.mark.parametrize("phase", MagPhase)
def test_a_state_can_be_kept_on_disk(phase):
    gateway = in_phase(phase)
    assert stored(gateway.state)
    assert hash(gateway.state) == hash(gateway.state)


@pytest.mark.parametrize("phase", MagPhase)
def test_a_gateway_holds_no_prefix_of_its_own_switch(phase):
    gateway = in_phase(phase)
    state = gateway.state or gateway.mag.initial(MN_ID)
    assert gateway.mag.prefixes(state) == frozenset()


@pytest.mark.parametrize("phase", [MagPhase.REGISTERING, MagPhase.REGISTERED, MagPhase.DEREGISTERING])
def test_what_time_has_overtaken_is_taken_up_after_a_restart(phase):
    gateway = in_phase(phase)
    gateway.now = START + 1_000_000
    assert gateway.mag.due(gateway.state) < gateway.now
    sent = gateway.sleep(0)
    if phase is not MagPhase.DEREGISTERING:
        assert all(message.lifetime for message in sent)
        gateway.do(answer(gateway.last_update))
        assert gateway.prefixes == (P1,)
    assert sent


def test_a_state_does_not_grow_with_what_anchors_send():
    gateway = Gateway(with_parameters(max_prefixes=4)).register()
    for number in range(50):
        (update,) = gateway.do(Reregister())
        prefixes = [IPv6Network(((0x20010DB8 << 96) + ((4 * number + n) << 64), 64)) for n in range(4)]
        # No TimeReached in between: nothing that is withdrawn is taken away.
        gateway.do(received(answer(update, prefixes=prefixes).message, LMA, MAG))
        assert len(gateway.state.prefixes) + len(gateway.state.withdrawn) <= 8
    gateway.do(revocation(1, prefixes=()))
    assert len(gateway.state.withdrawn) <= 4

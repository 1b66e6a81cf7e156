# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""MAARs and their CMD with each other, in every mode: the flows of RFC 8885 section 3, and what remains of them when
the channel loses, doubles, delays and reorders messages."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from p4dmm.mobility.access import PrefixIdle
from p4dmm.mobility.dmm.cmd_state import CmdMode
from p4dmm.mobility.dmm.maar_state import Phase

from .maar_support import NOW
from .maar_world import World, check_settled

MODES = pytest.mark.parametrize("mode", list(CmdMode), ids=lambda mode: mode.value)
EXAMPLES = 500 if os.environ.get("P4DMM_SOAK") else 60

DELAYS = st.sampled_from((0.001, 0.01, 0.05, 0.2, 0.6, 1.5, 3.0))
FATES = st.lists(st.lists(DELAYS, max_size=2).map(tuple), max_size=60)
PLACES = st.tuples(st.integers(0, 2), st.integers(1, 2))
MOVES = st.lists(st.tuples(st.sampled_from((0.02, 0.3, 0.9, 2.5, 30.0, 70.0)), PLACES), min_size=1, max_size=6)
SKEWS = st.tuples(*[st.sampled_from((-0.1, 0.0, 0.1))] * 3)


@MODES
def test_a_node_that_goes_round_keeps_its_prefixes_and_gets_each_one_back(mode: CmdMode) -> None:
    world = World(mode, iter(()))
    prefixes = {}
    for index in (0, 1, 2, 0, 1, 2):
        world.move((index, 1))
        world.run(world.now + 5)
        check_settled(world)
        assert prefixes.setdefault(index, world.here.own) == world.here.own
    assert len(set(prefixes.values())) == 3


@MODES
def test_the_registration_lasts_as_long_as_the_node_is_there(mode: CmdMode) -> None:
    world = World(mode, iter(()))
    world.move((0, 1))
    world.run(NOW + 5)
    world.move((1, 1))
    world.run(NOW + 1000)
    check_settled(world)


@MODES
def test_an_idle_prefix_ends_at_its_anchor_and_everywhere(mode: CmdMode) -> None:
    world = World(mode, iter(()))
    for index in (0, 1, 2):
        world.move((index, 1))
        world.run(world.now + 5)
    first = world.places[0].own
    assert first is not None
    world._step(world.here, PrefixIdle(first))
    world.run(world.now + 5)
    assert world.places[0].state is None
    check_settled(world)
    world.move((1, 1))
    world.run(world.now + 5)
    check_settled(world)


@MODES
def test_a_node_that_is_nowhere_is_forgotten_everywhere(mode: CmdMode) -> None:
    world = World(mode, iter(()))
    for index in (0, 1, 2):
        world.move((index, 1))
        world.run(world.now + 5)
    world.move(None)
    world.run(world.now + 300)
    assert [place.state for place in world.places] == [None, None, None]
    assert world.cmd_state is None


@MODES
@settings(max_examples=EXAMPLES, deadline=None)
@example(moves=[(0.02, (0, 1)), (0.02, (1, 1))], fates=[(0.001,), (0.05,)], skews=(-0.1, -0.1, -0.1))
@example(
    moves=[(0.02, (1, 1)), (0.02, (0, 1)), (0.02, (1, 1))],
    fates=[(0.001,), (0.001,), (0.001,), (0.05,)],
    skews=(-0.1, -0.1, -0.1),
)
@given(moves=MOVES, fates=FATES, skews=SKEWS)
def test_whatever_the_channel_does_it_settles_and_no_prefix_is_lost(mode, moves, fates, skews) -> None:
    world = World(mode, iter(fates), skews)
    for stay_s, place in moves:
        world.move(place)
        world.run(world.now + stay_s)
        assert world.given.items() <= world.anchored.items(), "a prefix was lost, or replaced"
    world.fates = iter(())
    world.run(world.now + 250)
    if world.here.known.pending is not None:
        world.run(world.now + 1)  # it is just being extended
    check_settled(world)
    assert world.given.items() <= world.anchored.items(), "a prefix was lost, or replaced"
    assert world.here.known.phase is Phase.SERVING

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Saves by chance: a store holds what dictionaries hold after the same saves, before and after it was opened again."""

import asyncio
import os
import tempfile
from ipaddress import IPv6Address
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p4dmm.mobility.freshness import Freshness
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.store import (
    DeleteNode,
    DeletePeer,
    DeleteValue,
    FreePrefix,
    HoldPrefix,
    PutNode,
    PutPeer,
    PutValue,
    QuarantinePrefix,
    Store,
)

from .model import KINDS, LMA, Model, prefix, state

EXAMPLES = 1000 if os.environ.get("P4DMM_SOAK") else 40

# These two look the same as text.
NODES = st.sampled_from([MobileNodeId(1, b"5:00"), MobileNodeId(5, b"\0"), MobileNodeId(1, b"\xff\0")])
SWITCHES = st.sampled_from(["s1", "s2"])
ROLES = st.sampled_from(["lma", "maar"])
PREFIXES = st.integers(0, 2).map(prefix)
PEERS = st.sampled_from([LMA, IPv6Address("::ffff:1.2.3.4")])
NAMES = st.sampled_from(["restarts", "höhe"])
VALUES = st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), st.text(), st.binary())
TIMES = st.floats(allow_nan=False, allow_infinity=False)
CHANGES = st.one_of(
    st.builds(PutNode, ROLES, SWITCHES, NODES, st.builds(state, st.integers(0, 9), st.integers(0, 3))),
    st.builds(DeleteNode, ROLES, SWITCHES, NODES),
    st.builds(HoldPrefix, PREFIXES, SWITCHES, NODES),
    st.builds(QuarantinePrefix, PREFIXES, TIMES),
    st.builds(FreePrefix, PREFIXES),
    st.builds(PutPeer, SWITCHES, PEERS, st.builds(Freshness, st.integers(0, 1 << 64), st.integers(0, 65535))),
    st.builds(DeletePeer, SWITCHES, PEERS),
    st.builds(PutValue, NAMES, VALUES),
    st.builds(DeleteValue, NAMES),
)
GROUPS = st.lists(st.lists(CHANGES, max_size=4), max_size=5)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(GROUPS, st.booleans()), max_size=5))
def test_store_holds_what_was_saved(groups):
    async def run(path):
        model = Model()
        store = Store.open(path, KINDS)
        for saves, is_reopened in groups:
            tasks = [asyncio.create_task(store.save(changes)) for changes in saves]
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            expected = [model.save(changes) for changes in saves]
            assert [None if outcome is None else type(outcome) for outcome in outcomes] == expected
            if is_reopened:
                await store.stop()
                store = Store.open(path, KINDS)
            assert store.load() == model.contents
        await store.stop()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory) / "store"))

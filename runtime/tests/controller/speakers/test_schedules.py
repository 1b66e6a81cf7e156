# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whole domains whose signalling is lost, doubled, delayed, overtaken and corrupted, on every leg and at random.

When the channel is clean again each run comes to rest with every node where it is and with what it has been given.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest

from p4dmm.config import Network
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.wire import IPV6_HEADER
from p4dmm.wire.mobility import (
    BindingRevocationAck,
    BindingRevocationIndication,
    MobileNodeIdentifier,
    MobilityMessage,
)
from tests.support.crowd import Crowd, names, stations
from tests.support.domain import Station
from tests.support.speakers import ALL, Heard, SpeakerDomain, running_speakers, speaking, times

SOAK = bool(os.environ.get("P4DMM_SOAK"))
SEEDS = range(100) if SOAK else range(1)

MODES = {
    "pmip": speaking("pmip"),
    "relay": speaking("dmm", cmd_mode="relay"),
    "locator": speaking("dmm", cmd_mode="locator"),
    "proxy": speaking("dmm", cmd_mode="proxy"),
}
TWO = (("c1", "s1"), ("s2", "s3"))
EACH = tuple((name,) for name in ALL)

ETHERNET = 14


def corrupted(frame: bytes, chance: Random) -> bytes:
    """With one bit of the Mobility Header flipped, which its checksum shows."""
    at = chance.randrange(8 * (ETHERNET + IPV6_HEADER), 8 * len(frame))
    return frame[: at // 8] + bytes([frame[at // 8] ^ 1 << at % 8]) + frame[at // 8 + 1 :]


def many(network: Network, **domain: float) -> Network:
    """With room for all of them at one port."""
    admission = network.admission.model_copy(update={"nodes_per_port": 64})
    return times(network, drain_s=0.2, **domain).model_copy(update={"admission": admission})


@dataclass
class EveryLeg:
    """Of each node one message, counted from where it was plugged in first, meets one fault."""

    planned: dict[MobileNodeId, tuple[int, str]]
    chance: Random = field(default_factory=lambda: Random(7))
    seen: Counter[MobileNodeId] = field(default_factory=Counter)
    done: set[tuple[int, str]] = field(default_factory=set)
    revoked: dict[int, MobileNodeId] = field(default_factory=dict)

    def __call__(self, heard: Heard) -> Sequence[tuple[float, bytes]]:
        mn_id = self.whose(heard.message)
        number, fault = self.planned[mn_id]
        self.seen[mn_id] += 1
        if self.seen[mn_id] != number:
            return [(0.0, heard.frame)]
        self.done.add((number, fault))
        match fault:
            case "lost":
                return []
            case "doubled":
                return [(0.0, heard.frame), (0.1, heard.frame)]
            case "delayed":
                return [(0.3, heard.frame)]
            case "overtaken":
                # By the next copy, after INITIAL_BINDACK_TIMEOUT.
                return [(1.3, heard.frame)]
            case "corrupted":
                return [(0.0, corrupted(heard.frame, self.chance))]
        raise AssertionError(fault)

    def whose(self, message: MobilityMessage) -> MobileNodeId:
        """An acknowledgement of a revocation need not say it (RFC 5846 section 5.2)."""
        option = message.option(MobileNodeIdentifier)
        if isinstance(message, BindingRevocationAck) and option is None:
            return self.revoked[message.sequence]
        assert option is not None
        mn_id = MobileNodeId.of(option)
        if isinstance(message, BindingRevocationIndication):
            self.revoked[message.sequence] = mn_id
        return mn_id


FAULTS = ("lost", "doubled", "delayed", "overtaken", "corrupted")

LEGS = {"pmip": 6, "relay": 6, "locator": 7, "proxy": 6}
"""Messages of a registration and a handover, of one node."""


@pytest.mark.parametrize("mode", MODES)
async def test_a_message_that_is_missing_late_or_broken_is_made_up_for_on_every_leg(mode: str) -> None:
    planned = [(number, fault) for number in range(1, LEGS[mode] + 1) for fault in FAULTS]
    nodes = stations(len(planned))
    tap = EveryLeg(dict(zip(names(nodes), planned, strict=True)))
    async with running_speakers(many(MODES[mode]), TWO) as (domain, _, cn):
        crowd = Crowd(domain, cn)
        domain.tap = tap
        for node in nodes:
            crowd.plug(node, "s1:1")
        await crowd.settled()
        for node in nodes:
            crowd.plug(node, "s2:1")
        found = await crowd.settled()
        await crowd.all_talk(found)
        assert tap.done == set(planned)
        assert domain.counter("mobility messages refused: malformed") == LEGS[mode]
        if mode != "pmip":
            assert {len(found.prefixes(node.mac)) for node in nodes} == {2}


@dataclass
class AtRandom:
    """Until it is told to let everything through."""

    chance: Random
    rates: dict[str, float]
    is_over: bool = False
    done: Counter[str] = field(default_factory=Counter)

    def __call__(self, heard: Heard) -> Sequence[tuple[float, bytes]]:
        if self.is_over:
            return [(0.0, heard.frame)]
        fates = ["lost", "doubled", "delayed", "corrupted", "whole"]
        (fate,) = self.chance.choices(fates, [self.rates[f] for f in fates])
        self.done[fate] += 1
        later = self.chance.uniform(0.01, 1.5)
        return {
            "lost": [],
            "doubled": [(0.0, heard.frame), (later, heard.frame)],
            "delayed": [(later, heard.frame)],
            "corrupted": [(0.0, corrupted(heard.frame, self.chance))],
            "whole": [(0.0, heard.frame)],
        }[fate]


async def roam(crowd: Crowd, node: Station, chance: Random, moves: int) -> None:
    for _ in range(moves):
        crowd.plug(node, f"s{chance.randint(1, 3)}:{chance.randint(1, 2)}")
        await asyncio.sleep(chance.uniform(0.02, 0.9))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mode", MODES)
async def test_every_run_settles(mode: str, seed: int) -> None:
    chance = Random(f"{mode} {seed}")
    rates = {f: chance.uniform(0.0, 0.3) for f in ("lost", "doubled", "delayed", "corrupted")} | {"whole": 0.4}
    network = MODES[mode]
    # What is lost and that nobody waits for is made up for when the registration is extended.
    mobility: dict[str, object] = {"lifetime_s": 12}
    if mode != "pmip" and chance.random() < 0.5:
        # The oldest prefix of every node is revoked.
        mobility |= {"anchors_per_node": 1, "revocation_retries": 8}
    network = network.model_copy(update={"mobility": network.mobility.model_copy(update=mobility)})
    tap = AtRandom(chance, rates)
    nodes = stations(12)
    # Who has gone unnoticed is found out soon: indications that it is elsewhere may all have been lost.
    network = many(network, probe_interval_s=2.0, probe_timeout_s=0.3)
    async with running_speakers(network, chance.choice([TWO, EACH])) as (domain, _, cn):
        crowd = Crowd(domain, cn)
        domain.tap = tap
        await asyncio.gather(*(roam(crowd, node, Random(chance.random()), 4) for node in nodes))
        tap.is_over = True
        found = await crowd.settled()
        await crowd.all_talk(found)
        assert domain.counter("mobility messages refused: malformed") == tap.done["corrupted"], _refused(domain)


def _refused(domain: SpeakerDomain) -> dict[str, int]:
    return {name: domain.counter(name) for c in domain.controllers.values() for name in c.counters if "refused" in name}

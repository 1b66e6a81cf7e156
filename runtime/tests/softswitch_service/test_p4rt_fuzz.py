# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Damaged messages: whatever still parses is done or refused, and never breaks the switch."""

import os
import random

import pytest
from finsy.proto import p4r
from google.protobuf.message import DecodeError

from p4dmm.softswitch.service.config import ForwardingConfig
from p4dmm.softswitch.service.errors import P4RuntimeError, batch_status
from p4dmm.softswitch.service.reader import EntityReader
from p4dmm.softswitch.service.snapshot import chunks
from p4dmm.softswitch.service.writer import EntityWriter

from .raw_client import (
    DEVICE_CONFIG,
    EVERYTHING,
    INDIRECT,
    P4INFO,
    PACKET_METER,
    PICKED,
    PICKER,
    SHARED,
    ageing,
    by_dst,
    by_port,
    by_prefix,
    delete,
    entity,
    member,
    members_of,
    meter,
    one_shot,
    to_group,
    to_member,
)
from .test_p4rt_write_errors import CASES, PROFILE_CASES, TO_2, counter, group, insert, l2, modify, replica

VALID = [
    insert(member(SHARED, 1, TO_2)),
    insert(by_dst(INDIRECT, 1, to_member(1))),
    insert(member(PICKER, 1, TO_2)),
    insert(members_of(PICKER, 1, (1, 3))),
    modify(members_of(PICKER, 1, (1, 1))),
    insert(by_port(PICKED, 1, to_group(1))),
    insert(by_prefix(1, 48, one_shot((TO_2, 1), (TO_2, 3)))),
    modify(by_prefix(1, 48, one_shot((TO_2, 1)))),
    delete(by_prefix(1, 48)),
    insert(ageing(1, action=TO_2, idle_timeout_ns=9)),
    modify(meter(PACKET_METER, 0, 1, 2, 3, 4)),
]
ROUNDS = 20_000 if os.environ.get("P4DMM_SOAK") else 1_500


def damaged(message, rng: random.Random):
    raw = bytearray(message.SerializeToString())
    for _ in range(rng.randint(1, 3)):
        if raw:
            raw[rng.randrange(len(raw))] = rng.randrange(256)
    try:
        return type(message).FromString(bytes(raw))
    except DecodeError:
        return None


def clock() -> int:
    return 0


def state(config: ForwardingConfig) -> list[bytes]:
    snapshots, errors = EntityReader(config, clock).take([entity(each) for each in EVERYTHING])
    assert not any(errors)
    return [each.SerializeToString(deterministic=True) for each in chunks(snapshots)]


@pytest.mark.parametrize("seed", range(3))
def test_updates_and_queries(seed):
    rng = random.Random(seed)
    config = ForwardingConfig(p4r.ForwardingPipelineConfig(p4info=P4INFO, p4_device_config=DEVICE_CONFIG))
    writer, reader = EntityWriter(config, clock), EntityReader(config, clock)
    seeds = [
        *CASES.values(),
        *PROFILE_CASES.values(),
        *VALID,
        insert(l2(1, 1, TO_2)),
        insert(group(1, replica())),
        modify(counter()),
    ]
    refused = 0
    for _ in range(ROUNDS):
        update = damaged(rng.choice(seeds), rng)
        if update is None:
            continue
        before = state(config)
        errors = writer.apply([update])
        after = state(config)
        if errors is not None:
            refused += 1
            assert after == before
            assert isinstance(errors[0], P4RuntimeError)
            batch_status(errors, "update")
        for response in chunks(reader.take([update.entity])[0]):
            response.SerializeToString()
    assert refused


def test_configurations():
    rng = random.Random(9)
    message = p4r.ForwardingPipelineConfig(p4info=P4INFO, p4_device_config=b"x")
    for _ in range(ROUNDS // 5):
        config = damaged(message, rng)
        if config is None:
            continue
        config.p4_device_config = DEVICE_CONFIG
        try:
            ForwardingConfig(config)
        except P4RuntimeError:
            continue

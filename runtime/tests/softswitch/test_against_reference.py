# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Generated code and the reference agree on any frame, with any rows.

Frames and rows draw from the same few values, so that they meet; tables are given rows for few or most combinations of
them, so that packets end early and late.
"""

import json
import os
from collections.abc import Iterator
from math import prod
from pathlib import Path
from random import Random

import pytest

from p4dmm.softswitch.match import Key, KeyKind
from p4dmm.softswitch.meters import MeterConfig
from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.profiles import ActionProfile
from p4dmm.softswitch.tables import (
    Entry,
    Exact,
    GroupRef,
    IndirectEntry,
    Lpm,
    MatchValue,
    MemberRef,
    Range,
    Table,
    Ternary,
)

from .reference import Reference

CONSTRUCTS = Path(__file__).parent / "programs" / "constructs.json"
SHARING = CONSTRUCTS.with_name("sharing.json")
OURS = Path(__file__).parents[3] / "p4src" / "compiled" / "dmm_v1model.json"
SEEDS = 200 if os.environ.get("P4DMM_SOAK") else 10
FRAMES = 600
MOST_ROWS = 300  # the reference looks at every row

ADDRESSES = [(0x20010DB8 + i) << 96 | i for i in range(3)] + [0xFF02 << 112 | 1, 0xFE80 << 112 | 1]
MACS = [0x020000000001, 0x020000000002]
PORTS = [0, 1, 2, 510]
POOLS = {
    9: PORTS,
    48: MACS,
    128: ADDRESSES,
    64: [address >> 64 for address in ADDRESSES],
    16: [1, 2, 1400],
    24: [1, 2, 1 << 23 | 1, 1 << 23 | 2],
    8: [1, 2, 3],
}


def pool(width: int) -> list[int]:
    return [value & ((1 << width) - 1) for value in POOLS.get(width, range(8))]


def part(random: Random, key: Key, value: int) -> MatchValue:
    full = (1 << key.width) - 1
    match key.kind:
        case KeyKind.EXACT:
            return Exact(value)
        case KeyKind.LPM:
            length = random.choice([0, key.width // 4, key.width // 2, key.width])
            return Lpm(value >> (key.width - length) << (key.width - length), length)
        case KeyKind.TERNARY:
            mask = random.choice([0, 3, full])
            return Ternary(value & mask, mask)
        case KeyKind.RANGE:
            other = random.choice(pool(key.width))
            return Range(min(value, other), max(value, other))


def combinations(random: Random, pools: list[list[int]]) -> Iterator[list[int]]:
    """At most MOST_ROWS of the product of the pools, in any order, without making it: it may have a million."""
    total = prod(len(values) for values in pools)
    strides = [prod(map(len, pools[:number])) for number in range(len(pools))]
    for chosen in random.sample(range(total), min(total, MOST_ROWS)):
        yield [values[chosen // stride % len(values)] for values, stride in zip(pools, strides, strict=True)]


def fill(random: Random, table: Table) -> None:
    names = list(table.actions)
    gaps = random.choice([0.05, 0.3, 0.9])
    for values in combinations(random, [pool(key.width) for key in table.keys]):
        match = tuple(part(random, key, value) for key, value in zip(table.keys, values, strict=True))
        priority = random.randint(1, 9) if table.is_ordered else 0
        if random.random() < gaps or len(table) == table.size or table.get(match, priority):
            continue
        if table.profile is not None:
            table.insert(IndirectEntry(match, target(random, table.profile), priority))
            continue
        # The first action is what the table is for.
        name = random.choice([names[0], *names[:-1], *names])
        params = tuple(random.choice(pool(width)) for width in table.actions[name])
        table.insert(Entry(match, name, params, priority))


def fill_profile(random: Random, profile: ActionProfile) -> None:
    names = list(profile.actions)
    for number in range(1, min(profile.size, 12) + 1):
        name = random.choice([names[0], *names])
        profile.insert_member(number, name, tuple(random.choice(pool(width)) for width in profile.actions[name]))
    members = [number for number, _ in profile.members()]
    for number in range(1, 9) if profile.has_selector else ():
        chosen = random.sample(members, random.randint(0, min(5, len(members))))
        profile.insert_group(number, tuple((member, 1) for member in chosen))


def target(random: Random, profile: ActionProfile) -> MemberRef | GroupRef:
    groups = [GroupRef(number) for number, _ in profile.groups()]
    members = [MemberRef(number) for number, _ in profile.members()]
    return random.choice(groups if groups and random.random() < 0.8 else members)


def ipv6(random: Random, nested: bool = False) -> bytes:
    kind = random.choice([17, 58] if nested else [17, 41, 41, 58, 0])
    body = random.randbytes(random.randint(0, 20))
    if kind == 41:
        body = ipv6(random, nested=True)
    elif kind == 58 and random.random() < 0.7:
        body = (
            bytes((135, 0))
            + random.randbytes(2 + 4)
            + random.choice(ADDRESSES).to_bytes(16)
            + random.choice([b"", b"\x01\x01abcdef"])
        )
    head = bytes((0x60, random.choice([0, 0x10, 0x20, 0x30]), 0, 7)) + len(body).to_bytes(2)
    head += bytes((kind, random.choice([255, 64, 2, 1])))
    addresses = b"".join(random.choice([*ADDRESSES[:3], *ADDRESSES]).to_bytes(16) for _ in range(2))
    if body[:2] == b"\x87\x00" and random.random() < 0.8:
        body = body[:2] + nd_checksum(addresses, body).to_bytes(2) + body[4:]
    return head + addresses + body


def nd_checksum(addresses: bytes, body: bytes) -> int:
    data = addresses + len(body).to_bytes(4) + b"\x00\x00\x00\x3a" + body[:2] + b"\x00\x00" + body[4:]
    total = sum(int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def dmm_frame(random: Random) -> tuple[int, bytes]:
    port = random.choice(PORTS)
    frame = b"".join(random.choice(MACS).to_bytes(6) for _ in range(2)) + random.choice(
        [b"\x86\xdd"] * 9 + [b"\x08\x00"]
    )
    if port == 510:
        frame = random.choice(PORTS).to_bytes(2) + bytes((random.choice([0, 1, 2, 3]),)) + frame
    frame += ipv6(random)
    return port, frame if random.random() < 0.9 else frame[: random.randint(0, len(frame))]


def constructs_frame(random: Random) -> tuple[int, bytes]:
    which = bytes((random.choice([1, 2, 3, 4, 5, 0x41, 0x42, 255]),))
    frame = which + random.choice(
        [
            random.randbytes(5),
            bytes((random.randint(0, 4) << 4, 0, random.randint(0, 4), random.choice([1, 7, 255]), 0)),
        ]
    )
    if random.random() < 0.5:
        frame += b"\x45" + random.randbytes(8) + bytes((random.choice([17, 1]),))
    return 1, frame + random.randbytes(random.randint(0, 30))


def sharing_frame(random: Random) -> tuple[int, bytes]:
    which = random.choice([*range(9), 0x10, 0x28, 0x61])
    head = bytes((which,)) + random.choice([0, 5, 0x10]).to_bytes(1) + bytes((random.choice([0x10, 5, 7]),))
    head = bytes((which, head[1] | random.randrange(8) << 5, head[2])) + random.choice([1, 2, 7]).to_bytes(2)
    return 1, head + random.choice(MACS).to_bytes(6) + random.choice([b"\x40", b"\x00"]) + random.randbytes(
        random.randint(8, 30)
    )


PROGRAMS = {CONSTRUCTS: constructs_frame, SHARING: sharing_frame, OURS: dmm_frame}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_outputs_and_counters_agree(path, seed):
    random = Random(seed)
    text = path.read_text()
    pipeline: Pipeline = load_pipeline(text)
    reference = Reference(json.loads(text), pipeline)
    for profile in pipeline.profiles.values():
        fill_profile(random, profile)
    for meters in pipeline.meters.values():
        for index in random.sample(range(meters.size), min(meters.size, 5)) + list(range(min(meters.size, 4))):
            cir = random.randrange(200)
            meters.configure(index, MeterConfig(cir, random.randrange(500), cir + 100, random.randrange(1000)), 0)
    for table in pipeline.tables.values():
        if table.keys and not table.is_const_table:
            fill(random, table)
    for group in POOLS[16]:
        ports = random.sample(PORTS, random.randint(0, 3))
        pipeline.replication.insert(group, tuple((port, random.choice([0, 1, 2])) for port in ports))
    aged = [
        (table, entry)
        for table in pipeline.tables.values()
        if table.has_idle_timeout
        for entry in table.entries()
        if random.random() < 0.5
    ]
    for table, entry in aged:
        table.set_idle_timeout(entry.match, entry.priority, 10**9, 0)
    now = 0
    for _ in range(FRAMES):
        now += random.randrange(10**8)
        port, frame = PROGRAMS[path](random)
        assert pipeline.process(port, frame, now) == reference.process(port, frame, now), (port, frame.hex())
    for table, entry in aged:
        last = reference.hits.get((table.name, entry.match, entry.priority), 0)
        assert table.time_since_last_hit(entry.match, entry.priority, now) == now - last
    for name, counter in pipeline.counters.items():
        for index in range(counter.size):
            assert counter.read(index) == reference.counted.get((name, index), (0, 0))

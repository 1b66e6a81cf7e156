# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Generated code and the reference agree on any frame, with any rows.

Frames and rows draw from the same few values, so that they meet; tables are given rows for few or most combinations of
them, so that packets end early and late.
"""

import json
import os
from itertools import product
from pathlib import Path
from random import Random

import pytest

from p4dmm.softswitch.match import Key, KeyKind
from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.tables import Entry, Exact, Lpm, MatchValue, Range, Table, Ternary

from .reference import Reference

CONSTRUCTS = Path(__file__).parent / "programs" / "constructs.json"
OURS = Path(__file__).parents[3] / "p4src" / "compiled" / "dmm_v1model.json"
SEEDS = 200 if os.environ.get("P4DMM_SOAK") else 10
FRAMES = 600

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


def fill(random: Random, table: Table) -> None:
    names = list(table.actions)
    combinations = list(product(*(pool(key.width) for key in table.keys)))
    random.shuffle(combinations)
    gaps = random.choice([0.05, 0.3, 0.9])
    for values in combinations:
        match = tuple(part(random, key, value) for key, value in zip(table.keys, values, strict=True))
        priority = random.randint(1, 9) if table.is_ordered else 0
        if random.random() < gaps or len(table) == table.size or table.get(match, priority):
            continue
        # The first action is what the table is for.
        name = random.choice([names[0], *names[:-1], *names])
        params = tuple(random.choice(pool(width)) for width in table.actions[name])
        table.insert(Entry(match, name, params, priority))


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


PROGRAMS = {CONSTRUCTS: constructs_frame, OURS: dmm_frame}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_outputs_and_counters_agree(path, seed):
    random = Random(seed)
    text = path.read_text()
    pipeline: Pipeline = load_pipeline(text)
    reference = Reference(json.loads(text), pipeline)
    for table in pipeline.tables.values():
        if table.keys and not table.is_const_table:
            fill(random, table)
    for group in POOLS[16]:
        ports = random.sample(PORTS, random.randint(0, 3))
        pipeline.replication.insert(group, tuple((port, random.choice([0, 1, 2])) for port in ports))
    for _ in range(FRAMES):
        port, frame = PROGRAMS[path](random)
        assert pipeline.process(port, frame) == reference.process(port, frame), (port, frame.hex())
    for name, counter in pipeline.counters.items():
        for index in range(counter.size):
            assert counter.read(index) == reference.counted.get((name, index), (0, 0))

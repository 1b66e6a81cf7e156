# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""BMv2 is the reference: on random tables and frames the embedded switch does what it does, byte for byte."""

import os
import shutil
from pathlib import Path
from random import Random

import pytest
from finsy.proto import p4i
from google.protobuf import text_format

from .frames import Traffic
from .rows import PORTS, Group, Row, random_groups, random_rows
from .target import AS_RECEIVED, BMV2, EMBEDDED, ROUTED, TO_PORT, Outcome, PacketIn, PacketOut, Target

COMPILED = Path(__file__).parents[3] / "p4src" / "compiled"
SEEDS = range(200 if os.environ.get("P4DMM_SOAK") == "1" else 6)
FRAMES_PER_SEED = 400
PACKET_OUTS_PER_SEED = 80
BATCH = 20

pytestmark = [pytest.mark.bmv2, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def info():
    return text_format.Parse((COMPILED / "dmm_v1model.p4info.txtpb").read_text(encoding="utf-8"), p4i.P4Info())


@pytest.fixture(scope="module")
def both(info, tmp_path_factory):
    """The two switches, with the program and no rows but the sentinels'."""
    if not shutil.which(BMV2[0]):
        pytest.skip("simple_switch_grpc is not on PATH")
    directory = tmp_path_factory.mktemp("differential")
    program = (COMPILED / "dmm_v1model.json").read_bytes()
    with (
        Target("bmv2", BMV2, directory, info, program) as reference,
        Target("embedded", EMBEDDED, directory, info, program) as embedded,
    ):
        yield reference, embedded


@pytest.mark.parametrize("seed", SEEDS)
def test_both_switches_do_the_same(both, info, seed):
    random = Random(seed)
    rows, groups = random_rows(random, info), random_groups(random)
    traffic = Traffic(random, rows)
    for target in both:
        target.install(rows, groups)
    try:
        for _ in range(FRAMES_PER_SEED // BATCH):
            _compare(both, "outcome_of_frames", [traffic.next() for _ in range(BATCH)])
        for _ in range(PACKET_OUTS_PER_SEED // BATCH):
            _compare(both, "outcome_of_packet_outs", [_packet_out(random, traffic) for _ in range(BATCH)])
        reference, embedded = (target.counters() for target in both)
        assert embedded == reference, "counters: packets and bytes"
    except AssertionError as error:
        raise AssertionError(f"{_tables(rows, groups)}\n\nseed {seed}: {error}") from None
    finally:
        for target in both:
            target.remove(rows, groups)


def _packet_out(random: Random, traffic: Traffic) -> PacketOut:
    port, frame = traffic.next()
    mode = random.choice((TO_PORT, AS_RECEIVED, AS_RECEIVED, ROUTED, ROUTED, 3, 255))
    return PacketOut(port if random.random() < 0.8 else random.choice((*PORTS, 0, 77, 511)), mode, frame)


def _compare(both, kind, batch):
    reference, embedded = (getattr(target, kind)(batch) for target in both)
    if reference == embedded:
        return
    # Forwarding keeps no state, so the frames can be sent again, each alone, to find the one that differs.
    for item in batch:
        reference, embedded = (getattr(target, kind)([item]) for target in both)
        if reference != embedded:
            break
    else:
        item = batch
    raise AssertionError(
        f"{kind} {_readable(item)}\n{_differing('bmv2', reference)}\n{_differing('embedded', embedded)}"
    )


def _readable(item: object) -> str:
    match item:
        case bytes():
            return item.hex()
        case tuple() | list():
            return f"({', '.join(map(_readable, item))})"
        case _:
            return str(item)


def _differing(name: str, outcome: Outcome) -> str:
    lines = [
        f"  {'packet-in' if isinstance(item, PacketIn) else 'port'} {_readable(item)}" for item in outcome.elements()
    ]
    return "\n".join([f"{name}: {len(lines)} frames", *sorted(lines)])


def _tables(rows: list[Row], groups: list[Group]) -> str:
    return "\n".join([*map(str, rows), *map(str, groups)])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""BMv2 is the reference: on random tables and frames the embedded switch does what it does, byte for byte.

That holds for meters because each gives one colour whatever the time is, and for selectors because the embedded switch
numbers members as BMv2 does and hashes the same bits. How much of the program this reaches: test_coverage.py.
"""

import shutil

import pytest

from .conftest import SEEDS
from .scenario import scenario
from .target import BMV2, EMBEDDED, Outcome, PacketIn, Target

BATCH = 20

pytestmark = [pytest.mark.bmv2, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def both(info, program, tmp_path_factory):
    """The two switches, with the program and no rows but the sentinels'."""
    if not shutil.which(BMV2[0]):
        pytest.skip("simple_switch_grpc is not on PATH")
    directory = tmp_path_factory.mktemp("differential")
    with (
        Target("bmv2", BMV2, directory, info, program) as reference,
        Target("embedded", EMBEDDED, directory, info, program) as embedded,
    ):
        yield reference, embedded


@pytest.mark.parametrize("seed", SEEDS)
def test_both_switches_do_the_same(both, info, seed):
    asked = scenario(seed, info)
    for target in both:
        target.install(asked.rows, asked.groups, asked.meters)
    try:
        _compare(both, "outcome_of_frames", asked.frames)
        _compare(both, "outcome_of_packet_outs", asked.packet_outs)
        reference, embedded = (target.counters() for target in both)
        assert embedded == reference, f"counters: {_different_cells(reference, embedded)}"
    except AssertionError as error:
        raise AssertionError(f"{asked}\n\nseed {seed}: {error}") from None
    finally:
        for target in both:
            target.remove(asked.rows, asked.groups, asked.meters)


def _compare(both, kind, items):
    for start in range(0, len(items), BATCH):
        _compare_batch(both, kind, items[start : start + BATCH])


def _compare_batch(both, kind, batch):
    reference, embedded = (getattr(target, kind)(batch) for target in both)
    if reference == embedded:
        return
    # Forwarding keeps no state that shows, so the frames can be sent again, each alone, to find the one that differs.
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


def _different_cells(reference, embedded):
    cells = [cell for cell in {*reference, *embedded} if reference.get(cell) != embedded.get(cell)]
    return "; ".join(
        f"{cell}: bmv2 {reference.get(cell)}, embedded {embedded.get(cell)}" for cell in sorted(cells, key=str)
    )

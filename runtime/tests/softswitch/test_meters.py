# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Meters against RFC 2698 worked out in fractions, and what a program sees of them."""

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from p4dmm.softswitch.errors import InvalidEntryError
from p4dmm.softswitch.meters import GREEN, RED, YELLOW, MeterArray, MeterConfig
from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.softswitch.tables import Entry, Exact, IndirectEntry, MemberRef, Range, Ternary

SHARING = Path(__file__).parent / "programs" / "sharing.json"
SECOND = 1_000_000_000


class Rfc2698:
    """Section 3, colour-blind mode; tokens come continuously."""

    def __init__(self, config: MeterConfig, now_ns: int) -> None:
        self.config = config
        self.last = Fraction(now_ns, SECOND)
        self.tc, self.tp = Fraction(config.cburst), Fraction(config.pburst)

    def color(self, now_ns: int, size: int) -> int:
        now = Fraction(now_ns, SECOND)
        passed, self.last = now - self.last, now
        self.tc = min(self.tc + passed * self.config.cir, Fraction(self.config.cburst))
        self.tp = min(self.tp + passed * self.config.pir, Fraction(self.config.pburst))
        if self.tp - size < 0:
            return RED
        self.tp -= size
        if self.tc - size < 0:
            return YELLOW
        self.tc -= size
        return GREEN


@pytest.mark.parametrize("unit", ["packets", "bytes"])
@pytest.mark.parametrize("seed", range(20))
def test_colors_are_those_of_rfc_2698(unit, seed):
    random = Random(seed)
    cir = random.choice([0, 1, 7, 1000, 125_000])
    config = MeterConfig(cir, random.randrange(3000), cir + random.choice([0, 1, 50_000]), random.randrange(5000))
    now = random.randrange(10 * SECOND)
    meters = MeterArray("m", 2, unit)
    meters.configure(1, config, now)
    expected = Rfc2698(config, now)
    for _ in range(500):
        now += random.choice([0, 1, random.randrange(1_000_000), random.randrange(3 * SECOND)])
        octets = random.randrange(60, 1600)
        assert meters.execute(1, now, octets) == expected.color(now, octets if unit == "bytes" else 1)
        assert meters.execute(0, now, octets) == GREEN


def test_rates_hold_over_a_long_time():
    meters = MeterArray("m", 1, "packets")
    meters.configure(0, MeterConfig(cir=10, cburst=5, pir=30, pburst=5), 0)
    colors = [meters.execute(0, SECOND * tick // 100, 60) for tick in range(100 * 100)]
    assert abs(colors.count(GREEN) - 10 * 100) <= 5
    assert abs(colors.count(GREEN) + colors.count(YELLOW) - 30 * 100) <= 5


def test_a_clock_that_stands_or_steps_back_gives_no_tokens():
    meters = MeterArray("m", 1, "packets")
    meters.configure(0, MeterConfig(1, 1, 1, 1), 5 * SECOND)
    assert [meters.execute(0, at * SECOND, 60) for at in (5, 5, 1, 5, 6)] == [GREEN, RED, RED, RED, GREEN]


def test_configuration():
    meters = MeterArray("m", 4, "bytes")
    config = MeterConfig(1, 2, 3, 4)
    assert meters.config(3) is None
    meters.configure(3, config, 0)
    assert meters.config(3) == config
    assert list(meters.cells) == [3]
    for wrong, text in [
        (MeterConfig(-1, 0, 0, 0), "negative"),
        (MeterConfig(5, 1, 4, 1), "committed rate 5 exceeds the peak rate 4"),
    ]:
        with pytest.raises(InvalidEntryError, match=text):
            meters.configure(3, wrong, 0)
    for index in (-1, 4):
        with pytest.raises(InvalidEntryError, match=r"no index .* \(0\.\.3\)"):
            meters.configure(index, config, 0)
    assert meters.config(3) == config
    meters.configure(3, None, 0)
    assert meters.config(3) is None
    assert not meters.cells
    with pytest.raises(InvalidEntryError, match="unit 'bits'"):
        MeterArray("m", 1, "bits")


def color_of(pipeline, frame: bytes, now_ns: int) -> int:
    ((_, out),) = pipeline.process(0, frame, now_ns)
    return out[19]


def test_a_program_colors_packets_by_index_and_ignores_one_outside_the_array():
    pipeline = load_pipeline(SHARING.read_bytes())
    aged = pipeline.tables["SharingIngress.aged"]
    for value, index in ((1, 3), (2, 15), (3, 16), (4, 1 << 31)):
        match = (Ternary(value, 0xFFFF), Range(0, 7), Exact(0))
        aged.insert(Entry(match, "SharingIngress.police", (index,), 1))
    pipeline.meters["SharingIngress.packet_meters"].configure(3, MeterConfig(1, 1, 1, 2), 0)

    def frame(value: int) -> bytes:
        return b"\x08\x00\x00" + value.to_bytes(2, "big") + bytes(6) + bytes(10)

    assert [color_of(pipeline, frame(1), at) for at in (0, 0, 0, SECOND, SECOND)] == [0, 1, 2, 0, 2]
    assert [color_of(pipeline, frame(value), 0) for value in (2, 3, 4)] == [0, 0, 0]


def test_egress_meters_count_the_octets_of_the_frame_as_it_came():
    pipeline = load_pipeline(SHARING.read_bytes())
    frame = b"\x08\x40\x00" + bytes(8) + bytes(10) + bytes(79)
    pipeline.meters["SharingEgress.egress_meters"].configure(2, MeterConfig(10, 100, 20, 250), 0)
    assert len(frame) == 100
    colors = [color_of(pipeline, frame, at * SECOND) >> 2 for at in (0, 0, 0, 4, 10, 20)]
    assert colors == [GREEN, YELLOW, RED, YELLOW, GREEN, GREEN]


def test_members_of_an_action_profile_execute_meters():
    pipeline = load_pipeline(SHARING.read_bytes())
    pipeline.profiles["SharingIngress.profile"].insert_member(1, "SharingIngress.police", (0,))
    pipeline.tables["SharingIngress.shared_two"].insert(IndirectEntry((Ternary(5, 0xFF),), MemberRef(1), 1))
    pipeline.meters["SharingIngress.packet_meters"].configure(0, MeterConfig(0, 1, 0, 1), 0)
    frame = b"\x08\x00\x00\x00\x05" + bytes(6) + bytes(10)
    assert [color_of(pipeline, frame, 0) for _ in range(2)] == [GREEN, RED]

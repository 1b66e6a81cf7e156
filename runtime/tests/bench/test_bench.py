# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a benchmark without anybody seeing it: the search, the numbers, the frames, the document."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from p4dmm.lab import namespaces
from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.switches.pipeline import default_pipeline

ROOT = Path(__file__).parents[3]


def switch_with(capacity, *, machine_hiccups=0, generator_limit=10**9):
    """A switch that forwards so many packets per second, behind a generator that can send so many."""
    from search import Trial

    hiccups = [True] * machine_hiccups

    def offer(rate):
        offered = min(rate or 10**7, generator_limit) * 2
        received = min(offered, capacity * 2)
        if hiccups:
            hiccups.pop()
            received = received * 9 // 10
        return Trial(offered, received, 2.0, received)

    return offer


class TestSearch:
    def test_it_comes_close_to_the_capacity_from_below(self):
        from search import highest_without_loss

        for capacity in (6_000, 27_000, 100_000):
            found = highest_without_loss(switch_with(capacity), rounds=6)
            assert capacity * 0.95 < found <= capacity * 1.001

    def test_a_hiccup_of_the_machine_is_forgiven_once(self):
        from search import highest_without_loss

        assert highest_without_loss(switch_with(40_000, machine_hiccups=1), rounds=6) > 38_000

    def test_what_loses_at_any_load_sustains_nothing(self):
        from search import highest_without_loss

        assert highest_without_loss(switch_with(0), rounds=3) == 0

    def test_a_load_that_was_never_offered_did_not_pass(self):
        from search import highest_without_loss

        assert highest_without_loss(switch_with(10**9, generator_limit=60_000), rounds=3) == 60_000

    def test_nothing_offered_is_not_lossless(self):
        from search import Trial

        assert not Trial(0, 0, 1.0, 0).lossless
        assert Trial(1000, 999, 1.0, 999).lossless
        assert not Trial(1000, 998, 1.0, 998).lossless


class TestFigures:
    def test_percentile_is_a_value_that_was_seen(self):
        from figures import percentile

        values = [float(n) for n in range(20, 0, -1)]
        assert (percentile(values, 50), percentile(values, 95), percentile(values, 100)) == (10, 19, 20)
        assert percentile([7.0], 95) == 7
        with pytest.raises(ValueError, match="no values"):
            percentile([], 50)

    def test_counts_have_three_digits(self):
        from figures import count, milliseconds, ratio

        assert [count(value) for value in (None, 0, 12.345, 999, 12_345, 1_234_567)] == [
            "-",
            "0",
            "12.3",
            "999",
            "12,300",
            "1,230,000",
        ]
        assert (milliseconds(None), milliseconds(1.234), milliseconds(45.67)) == ("-", "1.23", "45.7")
        assert (ratio(3, 2), ratio(None, 2), ratio(3, None), ratio(3, 0)) == ("1.5", "-", "-", "-")

    def test_only_what_is_between_the_markers_is_replaced(self):
        from figures import replace_between

        text = "a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nz <!-- bench:y -->"
        once = replace_between(text, "x", "new")
        assert once == "a\n<!-- bench:x -->\nnew\n<!-- /bench:x -->\nz <!-- bench:y -->"
        assert replace_between(once, "x", "new") == once
        with pytest.raises(ValueError, match="bench:y"):
            replace_between(text, "y", "new")


class TestDocument:
    def test_it_has_a_place_for_every_section(self):
        from figures import replace_between

        import run

        text = (ROOT / "docs" / "performance.md").read_text()
        for name in ("machine", *run.SECTIONS):
            replace_between(text, name, "")

    @pytest.mark.parametrize("missing", ["bmv2", "embedded"])
    def test_tables_stand_without_one_of_the_targets(self, missing):
        import report

        case = {"10": {"routed": {"sustained": 50_000, "offered": 400_000.0, "received": 60_000.0}}}
        stages = {"seen": {"median": 1.0, "p95": 2.0, "of": 3}}
        moves = {"moves": 3, "stages": stages, "lost": 3, "lost_median": 1, "lost_worst": 2}
        for render, result in (
            (report.forwarding, case),
            (report.inserts, {"rates": {"insert": 1e4}, "small": {"1": {"median": 1.0, "p95": 2.0}}}),
            (report.handovers, {"reactive": moves, "planned": moves, "problems": ["one"]}),
        ):
            text = render({name: result for name in ("bmv2", "embedded") if name != missing})
            for line in text.splitlines():
                assert not line or line.startswith("|") or line.endswith((":", "one"))
            tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
            assert all(len({line.count("|") for line in lines}) == 1 for lines in tables)


class TestTraffic:
    def test_every_way_is_through_the_program_and_as_long_as_it_should_be(self):
        import softswitch_pipeline
        import traffic

        pipeline = load_pipeline(default_pipeline().device_config.read_bytes())
        softswitch_pipeline.install(pipeline, traffic.table_rows(1000))
        lengths = {"routed": 126, "encapsulated": 166, "decapsulated": 86}
        cases = traffic.cases(1000, 50, random.Random(1))
        assert set(cases) == set(lengths)
        for case, frames in cases.items():
            assert {len(frame) for frame in frames} == {126}
            assert len(set(frames)) > 40
            for frame in frames:
                assert [(out, len(sent)) for out, sent in pipeline.process(traffic.IN, frame, 0)] == [
                    (traffic.OUT, lengths[case])
                ]

    def test_the_pipeline_alone_is_measured_on_packets_that_leave(self):
        import softswitch_pipeline

        pipeline = load_pipeline(default_pipeline().device_config.read_bytes())
        lengths = {"uplink, encapsulated": (2, 166), "downlink, decapsulated": (1, 86), "routed (LPM)": (2, 126)}
        for case, port, frame in softswitch_pipeline.fill(pipeline):
            assert [(out, len(sent)) for out, sent in pipeline.process(port, frame, 0)] == [lengths[case]]


def test_a_quick_run_measures_the_pipeline_the_codec_and_the_store():
    script = ROOT / "runtime" / "bench" / "run.py"
    arguments = ["--quick", "--json", "--only", "pipeline", "--only", "codec", "--only", "store"]
    done = subprocess.run([sys.executable, script, *arguments], check=True, capture_output=True, text=True, timeout=120)
    found = json.loads(done.stdout)
    for section, steps in (("pipeline", 3), ("codec", 5)):
        rates = found[section]["results"]["embedded"]
        assert len(rates) == steps
        assert all(rate > 0 for rate in rates.values())
    saves = found["store"]["results"]["embedded"]["saves"]
    assert all(save["saves_per_s"] > 0 for save in saves.values())


def test_the_codec_is_measured_on_a_registration_and_its_answer():
    import mobility_codec

    from p4dmm.wire import mobility

    pbu = mobility.decode_mobility(mobility_codec.update(), mobility_codec.MAG, mobility_codec.LMA)
    assert isinstance(pbu, mobility.ProxyBindingUpdate)
    assert len(pbu.options) == 6
    pba = mobility_codec.acknowledgement()
    octets = mobility.encode_mobility(pba, mobility_codec.LMA, mobility_codec.MAG)
    assert mobility.decode_mobility(octets, mobility_codec.LMA, mobility_codec.MAG) == pba
    assert pba.options == pbu.options
    found = mobility_codec.rates(1)
    assert found["all"] < found["both"] < min(found["decode"], found["encode"])


def test_registrations_and_handovers_go_through_every_stage():
    import report

    script = ROOT / "runtime" / "bench" / "signalling.py"
    arguments = ["--switches", "2", "--nodes", "12", "--window", "4", "--one-by-one", "3"]
    done = subprocess.run(
        [sys.executable, script, *arguments], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for load in ("alone", "load"):
        for what in ("registration", "handover"):
            phase = found[load][what]
            assert phase["per_s"] > 0
            assert phase["updates"] == {"alone": 3, "load": 12}[load]
            stages = phase["stages_ms"]
            assert set(stages) == set(report.SIGNALLING_STAGES)
            assert all(0 < times["p50"] <= times["p95"] <= times["p99"] for times in stages.values())
            assert phase["round_trip_ms"]["p99"] > stages["decode"]["p50"]
    lines = report.signalling({"2 switches": found}).splitlines()
    assert sum(line.startswith("| persist") for line in lines) == 4


def test_packets_are_measured_on_their_way_through_a_switch():
    if reason := namespaces.unavailable():
        pytest.skip(reason)
    script = ROOT / "runtime" / "bench" / "forwarding.py"
    arguments = ["--target", "embedded", "--rows", "10", "--seconds", "0.05", "--rounds", "1"]
    command = namespaces.command([sys.executable, str(script), *arguments])
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    ways = json.loads(done.stdout)["10"]
    assert set(ways) == {"routed", "encapsulated", "decapsulated"}
    assert all(way["offered"] > 0 for way in ways.values())


def test_the_command_says_what_it_can_do():
    script = ROOT / "runtime" / "bench" / "run.py"
    done = subprocess.run(
        [sys.executable, script, "--only", "nothing"], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "pipeline" in done.stderr
    assert "handovers" in done.stderr

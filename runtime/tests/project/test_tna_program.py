# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Tofino program offers a controller what the v1model program does: tables, keys, actions and parameters."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from finsy.proto import p4i

from p4dmm.switches import default_pipeline

from .p4_sources import COMPILE, read_p4info

# What is different, and why. Whatever is not named here is compared below.
DIFFERENCES = {
    "ids": "p4c computes them from names, which begin with the top control: DmmArrival, DmmCrossing or DmmDeparture "
    "instead of DmmIngress. A controller takes ids from the P4Info it pushes.",
    "sizes": "sizes_tna.p4 is not sizes_v1model.p4; and constant tables have one on Tofino only.",
    "extern PortMetadata": "every Tofino program has it; nothing reads it here.",
}


V1MODEL = read_p4info(default_pipeline().p4info)
TNA = read_p4info(COMPILE.COMPILED / COMPILE.TNA_PRODUCT)
KINDS = ("tables", "actions", "counters", "direct_counters", "meters", "direct_meters", "action_profiles")


def below_top(name: str) -> str:
    """The name of a thing inside of the control it is applied by."""
    return ".".join(part for part in name.split(".") if not part.startswith("Dmm"))


def by_name(things: Iterable[Any]) -> dict[str, Any]:
    named = [(below_top(thing.preamble.name), thing) for thing in things]
    assert len({name for name, _ in named}) == len(named)
    return dict(named)


def names_by_id(info: p4i.P4Info) -> dict[int, str]:
    return {thing.preamble.id: name for kind in KINDS for name, thing in by_name(getattr(info, kind)).items()}


def table(info: p4i.P4Info, thing: Any) -> dict[str, object]:
    """All that a controller needs to know of a table, without numbers that are computed from names."""
    names = names_by_id(info)
    return {
        "keys": [(key.id, key.name, key.bitwidth, key.match_type) for key in thing.match_fields],
        "actions": {(names.get(ref.id, "NoAction"), ref.scope) for ref in thing.action_refs},
        "default": names.get(thing.const_default_action_id, "NoAction"),
        "constant": thing.is_const_table,
        "implementation": names.get(thing.implementation_id),
        "resources": {names[number] for number in thing.direct_resource_ids},
        "idle timeout": thing.idle_timeout_behavior,
    }


def test_compiled_p4info_is_of_these_sources() -> None:
    assert COMPILE.TNA_DIGEST.read_text().strip() == COMPILE.source_digest(), (
        f"the program changed: run `make p4` where {COMPILE.TNA_COMPILER} is on PATH"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_those_of_v1model(kind: str) -> None:
    theirs, ours = by_name(getattr(V1MODEL, kind)), by_name(getattr(TNA, kind))
    assert ours.keys() == theirs.keys()
    assert {name: thing.preamble.alias for name, thing in ours.items()} == {
        name: thing.preamble.alias for name, thing in theirs.items()
    }


@pytest.mark.parametrize("name", by_name(V1MODEL.tables))
def test_tables_are_those_of_v1model(name: str) -> None:
    assert table(TNA, by_name(TNA.tables)[name]) == table(V1MODEL, by_name(V1MODEL.tables)[name])


def test_parameters_are_those_of_v1model() -> None:
    parameters = [
        {
            name: [(parameter.id, parameter.name, parameter.bitwidth) for parameter in action.params]
            for name, action in by_name(info.actions).items()
        }
        for info in (TNA, V1MODEL)
    ]
    assert parameters[0] == parameters[1]


@pytest.mark.parametrize("kind", ["counters", "direct_counters", "meters"])
def test_counters_and_meters_count_what_those_of_v1model_do(kind: str) -> None:
    units = [{name: thing.spec.unit for name, thing in by_name(getattr(info, kind)).items()} for info in (TNA, V1MODEL)]
    assert units[0] == units[1]


def test_packet_metadata_is_that_of_v1model() -> None:
    assert list(TNA.controller_packet_metadata) == list(V1MODEL.controller_packet_metadata)


def test_there_are_no_externs_but_those_named_above() -> None:
    assert not V1MODEL.externs
    assert {f"extern {extern.extern_type_name}" for extern in TNA.externs} == {
        name for name in DIFFERENCES if name.startswith("extern ")
    }


@pytest.mark.p4c
@pytest.mark.skipif(shutil.which(COMPILE.TNA_COMPILER) is None, reason=f"{COMPILE.TNA_COMPILER} is not on PATH")
@pytest.mark.skipif(not os.environ.get("P4DMM_SOAK"), reason="compiling for Tofino takes minutes: make soak does")
def test_recompiling_gives_the_same_p4info_and_fits_tofino_2(tmp_path: Path) -> None:
    assert COMPILE.compile_tna_into(tmp_path).strip() == ""
    same = (tmp_path / COMPILE.TNA_PRODUCT).read_bytes() == (COMPILE.COMPILED / COMPILE.TNA_PRODUCT).read_bytes()
    assert same, f"{COMPILE.TNA_PRODUCT} differs from what {COMPILE.TNA_COMPILER} makes of the sources: run `make p4`"
    assert COMPILE.stages_used(tmp_path / COMPILE.TNA_PROGRAM).keys() == {"arrivals", "departures"}

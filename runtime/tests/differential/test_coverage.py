# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The scenarios by which both switches are compared reach all of the program."""

import re

import pytest

from .conftest import COMPILED, DEFAULT_SEEDS
from .coverage import Coverage
from .scenario import scenario

CONSTANTS = COMPILED.parent / "constants.p4"


@pytest.fixture(scope="module")
def coverage(info, program):
    found = Coverage(info, program)
    for seed in DEFAULT_SEEDS:
        found.add(scenario(seed, info))
    return found


def test_every_action_of_every_table_runs_also_those_of_a_miss(coverage):
    """Statements outside of actions are tables of the compiler's own, with one action."""
    names = {action["id"]: action["name"] for action in coverage.program["actions"]}
    tables = [table for control in coverage.program["pipelines"] for table in control["tables"]]
    wanted = {(table["name"], names[number]) for table in tables for number in table["action_ids"]}
    print(_report(coverage.actions))
    missing = wanted - set(coverage.actions)
    assert not missing, f"never run: {', '.join(map(str, sorted(missing)))}; {_rarest(coverage.actions)}"


def test_every_state_of_the_parser_is_visited(coverage):
    wanted = {state["name"] for parser in coverage.program["parsers"] for state in parser["parse_states"]}
    missing = wanted - set(coverage.states)
    assert not missing, f"never visited: {', '.join(sorted(missing))}; {_rarest(coverage.states)}"


@pytest.mark.parametrize(
    ("kind", "counters"),
    [("drop", ("drop_reasons", "egress_drop_reasons")), ("punt", ("punts",))],
    ids=("drop", "punt"),
)
def test_every_reason_is_given(coverage, kind, counters):
    reasons = dict(re.findall(rf"const {kind}_reason_t (\w+) *= *(\d+);", CONSTANTS.read_text(encoding="utf-8")))
    assert reasons
    seen = {str(index) for name, index in coverage.cells if name.rpartition(".")[2] in counters}
    missing = [name for name, number in reasons.items() if number not in seen and name != "DROP_NONE"]
    assert not missing, f"never given: {', '.join(missing)}"


def _report(actions):
    """Packets by table and action, for whoever asks pytest for the output of tests that pass (-rP)."""
    return "\n".join(f"{count:7} {table}: {action}" for (table, action), count in sorted(actions.items()))


def _rarest(found):
    return "rarest: " + ", ".join(f"{name} {count}" for name, count in found.most_common()[:-11:-1])

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""docs/conformance.md names for each requirement a test that holds it; each of them has to exist."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "conformance.md"
RFCS = {"4191", "4285", "5213", "5846", "6275", "6543", "8885"}
NOT_MET = "Not met"


class Row(NamedTuple):
    """A line of a table."""

    heading: str
    section: str
    requirement: str
    evidence: str


@cache
def rows() -> tuple[Row, ...]:
    found, heading = [], ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith(("| section", "|---")):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 3, line
            found.append(Row(heading, *cells))
    return tuple(found)


def _named(row: Row) -> list[str]:
    return re.findall(r"`([^`]+::[^`]+)`", row.evidence)


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """Every test of the files that the page names, by path below runtime/tests, with and without parameters."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
            *sorted({f"runtime/tests/{name.partition('::')[0]}" for row in rows() for name in _named(row)}),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    ids = {line.removeprefix("runtime/tests/") for line in done.stdout.splitlines() if "::" in line}
    return ids | {name.partition("[")[0] for name in ids}


def test_every_test_that_is_named_exists(collected: set[str]) -> None:
    named = {name: row for row in rows() for name in _named(row)}
    assert named
    assert not {name: row.requirement for name, row in named.items() if name not in collected}


def test_every_requirement_has_a_test_or_a_reason() -> None:
    for row in rows():
        assert row.section, row
        assert row.requirement, row
        if row.heading == NOT_MET:
            assert len(row.evidence) > 20, f"why not? {row}"
        else:
            assert "::" in row.evidence, row


def test_no_requirement_is_there_twice() -> None:
    keys = [(row.heading, row.section, row.requirement) for row in rows()]
    assert len(set(keys)) == len(keys), sorted(key for key in keys if keys.count(key) > 1)


def test_every_rfc_has_its_table() -> None:
    headings = {match[1] for row in rows() if (match := re.match(r"RFC (\d+)", row.heading))}
    assert headings == RFCS

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What p4src/README.md lists is what the program has: tables with their actions, reasons, encapsulations, paths."""

import re
from collections.abc import Iterator

from p4dmm.switches import default_pipeline

from .p4_sources import SOURCES, constants, paths, read_p4info

README = (SOURCES / "README.md").read_text()


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table under a heading, below its own head."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert len(lines) > 2, heading
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def names(cell: str) -> list[str]:
    """What is between backticks; `a(_b)` is a and a_b."""
    found = []
    for name, suffix in re.findall(r"`([\w.]+)(?:\((\w+)\))?`", cell):
        found += [name, name + suffix] if suffix else [name]
    return found


def test_tables_and_actions() -> None:
    listed: dict[str, set[str]] = {}
    before: list[str] = []
    five: list[str] = []
    for tables, _, actions, *_ in rows("Tables"):
        if actions.startswith("the first five"):
            before = five
        elif not actions.startswith("the same"):
            before = names(actions)
        if names(tables) == ["address_bindings"]:
            five = before[:5]
        # What follows a semicolon is said of a miss.
        listed |= {name: set(before) for name in names(tables)}
    info = read_p4info(default_pipeline().p4info)
    actions_by_id = {action.preamble.id: action.preamble.name.rpartition(".")[2] for action in info.actions}
    assert listed == {
        table.preamble.alias: {
            actions_by_id[ref.id]
            for ref in table.action_refs
            if ref.id != table.const_default_action_id and actions_by_id[ref.id] != "NoAction"
        }
        for table in info.tables
    }


def test_punt_reasons() -> None:
    listed = [pair for cells in rows("Packet-in") for pair in re.findall(r"(\d+) ([A-Z_]+)", cells[0])]
    assert {name: int(number) for number, name in listed} == constants("PUNT_")


def test_drop_reasons() -> None:
    listed = {name: int(number) for number, name, *_ in rows("Why a packet was dropped")}
    assert listed | {"NONE": 0} == constants("DROP_")


def test_encapsulations() -> None:
    assert sorted(int(cells[0]) for cells in rows("Encapsulations")) == sorted(constants("ENCAPSULATION_").values())


def test_paths() -> None:
    listed = [cells[0] for cells in rows("Where a packet comes from: paths")]
    assert {int(number, 16) for cell in listed for number in re.findall(r"0x[0-9a-f]+", cell)} >= set(paths().values())

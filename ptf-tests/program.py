# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The program under test: its compiled files, its reasons, and what the tests say they cover of it."""

import re
from pathlib import Path

P4SRC = Path(__file__).resolve().parent.parent / "p4src"
P4INFO = P4SRC / "compiled" / "dmm_v1model.p4info.txtpb"
JSON = P4SRC / "compiled" / "dmm_v1model.json"

_CONSTANT = re.compile(r"^const (\w+)\s+(\w+)\s*=\s*(\d+);", re.MULTILINE)
_CONSTANTS = _CONSTANT.findall((P4SRC / "constants.p4").read_text(encoding="utf-8"))

PUNTS = {name: int(number) for kind, name, number in _CONSTANTS if kind == "punt_reason_t"}
DROPS = {name: int(number) for kind, name, number in _CONSTANTS if kind == "drop_reason_t" and number != "0"}
ROLES = {name: int(number) for kind, name, number in _CONSTANTS if kind == "port_role_t"}
ENCAPSULATIONS = {name: int(number) for kind, name, number in _CONSTANTS if kind == "encapsulation_t"}
COLORS = {name: int(number) for kind, name, number in _CONSTANTS if kind == "color_t"}

# What each test class covers: names of reasons, counters and meters, "table.action" and "table.direct counter".
COVERED: dict[type, frozenset[str]] = {}


def covers(*names):
    """Say of a test class what it covers; at its end its rows and outcomes have to bear that out."""

    def mark(test):
        COVERED[test] = frozenset(names)
        run = test.runTest

        def run_test(self):
            run(self)
            self.expect_covered(COVERED[test])

        test.runTest = run_test
        return test

    return mark

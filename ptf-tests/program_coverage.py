# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing of the program is without a packet test."""

import p4runtime_sh.shell as p4rt

from base import PacketTest
from program import COVERED, DROPS, PUNTS


class EveryPartOfTheProgramIsCoveredTest(PacketTest):
    """Every action of every table in P4Info, every direct counter, every reason of constants.p4."""

    def runTest(self):
        info = p4rt.context.p4info
        actions = {action.preamble.id: action.preamble.alias for action in info.actions}
        program = {f"{table.preamble.alias}.{actions[ref.id]}" for table in info.tables for ref in table.action_refs}
        program |= {counter.preamble.alias for counter in info.direct_counters}
        program |= {*PUNTS, *DROPS}
        covered = frozenset().union(*COVERED.values())
        untested, unknown = program - covered, covered - program
        assert not untested, f"without a packet test: {', '.join(sorted(untested))}"
        assert not unknown, f"declared by a test, but not in the program: {', '.join(sorted(unknown))}"

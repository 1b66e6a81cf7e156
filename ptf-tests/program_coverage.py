# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Nothing of the program is without a packet test."""

import p4runtime_sh.shell as p4rt

from base import PacketTest, action_names, direct_counter_name
from program import COVERED, DROPS, PUNTS


class EveryPartOfTheProgramIsCoveredTest(PacketTest):
    """Every action and direct counter of every table in P4Info, every counter, meter, and reason of constants.p4."""

    def runTest(self):
        info = p4rt.context.p4info
        program = {f"{table.preamble.alias}.{action}" for table in info.tables for action in action_names(table)}
        # p4c gives a table with a selector a NoAction; what a miss means there is said by a drop reason.
        program -= {f"{table.preamble.alias}.NoAction" for table in info.tables if table.implementation_id}
        program |= {direct_counter_name(table) for table in info.tables if table.direct_resource_ids}
        program |= {resource.preamble.alias for resource in (*info.counters, *info.meters)}
        program |= {*PUNTS, *DROPS}
        covered = frozenset().union(*COVERED.values())
        untested, unknown = program - covered, covered - program
        assert not untested, f"without a packet test: {', '.join(sorted(untested))}"
        assert not unknown, f"declared by a test, but not in the program: {', '.join(sorted(unknown))}"

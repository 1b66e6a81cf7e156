# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Names and ids of the P4 program are what controllers and scripts are written against: they change on purpose
only. P4DMM_UPDATE_GOLDEN=1 writes the list anew."""

import os
from collections.abc import Iterator
from pathlib import Path

from finsy.proto import p4i

from p4dmm.switches import default_pipeline

from .p4_sources import read_p4info

GOLDEN = Path(__file__).parent / "names_and_ids.txt"


def listing(info: p4i.P4Info) -> Iterator[str]:
    """One line per object, with what a client spells of it."""
    actions = {action.preamble.id: action.preamble.name for action in info.actions}
    for table in info.tables:
        yield f"table {table.preamble.id:#010x} {table.preamble.name} ({table.preamble.alias})"
        for key in table.match_fields:
            kind = p4i.MatchField.MatchType.Name(key.match_type).lower()
            yield f"  key {key.id} {key.name}: {kind} bit<{key.bitwidth}>"
        for ref in table.action_refs:
            yield f"  action {actions[ref.id]}"
    for action in info.actions:
        parameters = ", ".join(f"{param.id} {param.name}: bit<{param.bitwidth}>" for param in action.params)
        yield f"action {action.preamble.id:#010x} {action.preamble.name}({parameters})"
    for kind, objects in (
        ("action profile", info.action_profiles),
        ("counter", info.counters),
        ("direct counter", info.direct_counters),
        ("meter", info.meters),
    ):
        for each in objects:
            yield f"{kind} {each.preamble.id:#010x} {each.preamble.name}"
    for header in info.controller_packet_metadata:
        fields = ", ".join(f"{field.id} {field.name}: bit<{field.bitwidth}>" for field in header.metadata)
        yield f"header {header.preamble.id:#010x} {header.preamble.name}({fields})"


def test_names_and_ids_are_those_of_the_list() -> None:
    info = read_p4info(default_pipeline().p4info)
    found = "".join(f"{line}\n" for line in listing(info))
    if os.environ.get("P4DMM_UPDATE_GOLDEN"):
        GOLDEN.write_text(found)
    assert found == GOLDEN.read_text(), "names or ids of the program changed: whoever writes to it has to follow"

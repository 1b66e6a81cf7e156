# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The checked-in P4Info and JSON are of these sources, and Python's idea of the program is the program's own."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from finsy.proto import p4i

from p4dmm.config import CPU_PORT, DROP_PORT, TUNNEL_OVERHEAD
from p4dmm.controller.punts import IN_VAIN
from p4dmm.forwarding import EXTERNAL_PATH, FIRST_HOST_NEXT_HOP, MAX_NODE_ID, METERS, TABLES, TUNNEL_PATH, PuntReason
from p4dmm.forwarding.baseline import ENCAPSULATION_IP, INNER_HEADERS, ROLES
from p4dmm.forwarding.rows import MAX_GROUP_ID, MAX_TUNNEL_ID
from p4dmm.switches import PacketOutMode, default_pipeline
from tests.dataplane import outcome, state

from .p4_sources import CODE, COMPILE, constants, paths, read_p4info

INFO = read_p4info(default_pipeline().p4info)
P4_TABLES = {table.preamble.alias: table for table in INFO.tables}
P4_ACTIONS = {action.preamble.id: action for action in INFO.actions}
NO_ACTION = next(action.preamble.id for action in INFO.actions if action.preamble.alias == "NoAction")


def last_part(name: str) -> str:
    return name.rpartition(".")[2]


def type_width(name: str) -> int:
    found = re.search(rf"\btypedef\s+bit<(\d+)>\s+{name}\s*;", CODE)
    assert found, name
    return int(found[1])


# The files


def test_compiled_files_are_of_these_sources() -> None:
    assert COMPILE.DIGEST.read_text().strip() == COMPILE.source_digest(), "the program changed: run `make p4`"


def test_digest_notices_content_names_and_where_files_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(COMPILE, "SOURCES", tmp_path)
    (tmp_path / "controls").mkdir()
    seen = set()
    for files in (
        {"a.p4": "xy", "b.p4": "z"},
        {"a.p4": "x", "b.p4": "yz"},
        {"a.p4": "xy", "c.p4": "z"},
        {"a.p4": "xy", "controls/b.p4": "z"},
    ):
        for path in tmp_path.rglob("*.p4"):
            path.unlink()
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        seen.add(COMPILE.source_digest())
    assert len(seen) == 4


@pytest.mark.p4c
@pytest.mark.skipif(shutil.which(COMPILE.COMPILER) is None, reason=f"{COMPILE.COMPILER} is not on PATH")
def test_recompiling_gives_the_same_files_without_a_warning(tmp_path: Path) -> None:
    messages = COMPILE.compile_into(tmp_path)
    assert messages.strip() == ""
    for name in COMPILE.PRODUCTS:
        # Not `==` on the bytes: pytest would explain the difference of ten thousand lines.
        same = (tmp_path / name).read_bytes() == (COMPILE.COMPILED / name).read_bytes()
        assert same, f"{name} differs from what {COMPILE.COMPILER} makes of the sources: run `make p4`"


def test_compiled_files_name_no_place_of_a_machine() -> None:
    for path in COMPILE.COMPILED.iterdir():
        found = re.findall(
            r"(?:/(?:home|root|tmp|usr|opt|work|build|mnt|var|Users)/|[A-Z]:\\\\)[^\"\s]*", path.read_text()
        )
        assert found == [], path.name
    program = json.loads(default_pipeline().device_config.read_text())
    assert not Path(program["program"]).is_absolute()


# P4Info by itself


def test_ids_are_unique_and_of_their_kind() -> None:
    kinds = {
        0x01: INFO.actions,
        0x02: INFO.tables,
        0x11: INFO.action_profiles,
        0x12: INFO.counters,
        0x13: INFO.direct_counters,
        0x14: INFO.meters,
    }
    ids = Counter(thing.preamble.id for things in kinds.values() for thing in things)
    assert [number for number, count in ids.items() if count > 1] == []
    for kind, things in kinds.items():
        for thing in things:
            assert thing.preamble.id >> 24 == kind, thing.preamble.name


@pytest.mark.parametrize("kind", ["tables", "actions", "counters", "direct_counters", "meters"])
def test_short_names_are_unique(kind: str) -> None:
    """Python names tables and meters by their alias."""
    names = Counter(thing.preamble.alias for thing in getattr(INFO, kind))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", P4_TABLES)
def test_the_last_part_of_an_action_s_name_is_unique_within_a_table(name: str) -> None:
    """Python names actions by it."""
    names = Counter(last_part(P4_ACTIONS[r.id].preamble.name) for r in P4_TABLES[name].action_refs)
    assert [action for action, count in names.items() if count > 1] == []


def test_every_key_has_a_name_of_ours() -> None:
    """Without @name p4c takes the expression, which changes with the program; names are API."""
    for table in INFO.tables:
        names = [field.name for field in table.match_fields]
        assert names, table.preamble.alias
        for name in names:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name), f"{table.preamble.alias}: {name}"


def test_references_lead_somewhere() -> None:
    counters = {counter.preamble.id: counter for counter in INFO.direct_counters}
    tables = {table.preamble.id: table for table in INFO.tables}
    for table in INFO.tables:
        assert {reference.id for reference in table.action_refs} <= P4_ACTIONS.keys()
        assert table.size > 0
        for resource in table.direct_resource_ids:
            assert counters[resource].direct_table_id == table.preamble.id
    for counter in counters.values():
        assert counter.preamble.id in tables[counter.direct_table_id].direct_resource_ids


def test_every_table_has_a_fixed_answer_to_a_miss() -> None:
    for table in INFO.tables:
        if table.implementation_id:
            # v1model gives a table with a selector no default action: control Routing sets the reason on a miss.
            assert table.initial_default_action.action_id == NO_ACTION
            continue
        default = table.const_default_action_id
        assert default in P4_ACTIONS, table.preamble.alias
        (reference,) = (r for r in table.action_refs if r.id == default)
        if table.is_const_table:
            continue
        assert reference.scope == p4i.ActionRef.DEFAULT_ONLY, table.preamble.alias
        assert not P4_ACTIONS[default].params


# P4Info and Python


def test_python_knows_every_table_and_no_other() -> None:
    """Those with constant entries are nobody's to write."""
    assert TABLES.keys() == {name for name, table in P4_TABLES.items() if not table.is_const_table}
    assert all(name == table.name for name, table in TABLES.items())


@pytest.mark.parametrize("name", TABLES)
def test_python_knows_keys_actions_and_parameters(name: str) -> None:
    theirs = P4_TABLES[name]
    assert TABLES[name].keys == tuple(field.name for field in theirs.match_fields)
    rows = [P4_ACTIONS[r.id] for r in theirs.action_refs if r.scope != p4i.ActionRef.DEFAULT_ONLY]
    assert {action.name: action.parameters for action in TABLES[name].actions} == {
        last_part(action.preamble.name): tuple(parameter.name for parameter in action.params) for action in rows
    }


def test_python_knows_every_meter() -> None:
    meters = {meter.preamble.alias: meter for meter in INFO.meters}
    assert meters.keys() == set(METERS)
    # BMv2 aborts on an index beyond the array.
    assert meters["punt_meters"].size > max(PuntReason)
    for direction in ("uplink", "downlink"):
        assert meters[f"{direction}_policing.node_meters"].size > MAX_NODE_ID


def test_numbers_that_python_hands_out_fit_their_fields() -> None:
    widths = {parameter.name: parameter.bitwidth for action in INFO.actions for parameter in action.params} | {
        field.name: field.bitwidth for table in INFO.tables for field in table.match_fields
    }
    assert 1 << widths["tunnel_id"] > MAX_TUNNEL_ID
    assert 1 << widths["group"] > MAX_GROUP_ID
    assert 1 << widths["path_id"] > (TUNNEL_PATH | MAX_TUNNEL_ID)
    assert 1 << widths["node_id"] > MAX_NODE_ID
    assert max(CPU_PORT, DROP_PORT) < 1 << widths["port"]
    assert CPU_PORT < FIRST_HOST_NEXT_HOP < 1 << widths["next_hop_id"]
    assert widths["mtu"] >= 16


def test_packet_metadata_is_what_the_connection_reads_and_writes() -> None:
    headers = {
        header.preamble.name: [(field.name, field.bitwidth) for field in header.metadata]
        for header in INFO.controller_packet_metadata
    }
    assert headers == {
        "packet_in": [("ingress_port", 16), ("reason", 8), ("argument", 32)],
        "packet_out": [("port", 16), ("mode", 8)],
    }


# Constants


def test_punt_reasons() -> None:
    assert constants("PUNT_") == {reason.name: reason.value for reason in PuntReason}
    assert max(PuntReason) < 1 << type_width("punt_reason_t")


def test_a_packet_punted_for_its_icmp_error_is_also_counted_as_dropped() -> None:
    """constants.p4 says so of the reasons that the controller calls in vain."""
    drops = constants("DROP_")
    for reason in IN_VAIN:
        assert reason.name in drops, reason


def test_packet_out_modes() -> None:
    modes = constants("OUT_")
    assert modes == {mode.name: mode.value for mode in PacketOutMode}


def test_roles() -> None:
    ours = {name.upper(): number for name, number in ROLES.items()}
    theirs = constants("ROLE_")
    trusted = theirs.pop("SELF")
    assert theirs == ours
    assert trusted not in ours.values(), "a configured port would be trusted as the controller is"
    assert 0 not in ours.values()


def test_tunnel_paths_ports_and_overhead() -> None:
    assert paths()["TUNNEL_PATH"] == TUNNEL_PATH == 1 << type_width("path_id_t") - 1
    assert paths()["EXTERNAL_PATH"] == EXTERNAL_PATH
    assert constants("ENCAPSULATION_")["IP"] == ENCAPSULATION_IP
    assert (constants("PROTO_")["IPV6"], constants("PROTO_")["IPV4"]) == INNER_HEADERS
    cpu = re.search(r"const\s+port_id_t\s+CPU_PORT\s*=\s*(\d+)\s*;", CODE)
    assert cpu
    assert int(cpu[1]) == CPU_PORT
    length = re.search(r"IPV6_HEADER_LENGTH\s*=\s*(\d+)\s*;", CODE)
    assert length
    assert int(length[1]) == TUNNEL_OVERHEAD


def test_drop_reasons_have_a_counter_cell_each() -> None:
    reasons = constants("DROP_")
    assert reasons.pop("NONE") == 0
    counters = {counter.preamble.alias: counter for counter in INFO.counters}
    punts = {"punts", "punts_metered"}
    assert counters.keys() == {"drop_reasons", "egress_drop_reasons"} | punts
    for name, counter in counters.items():
        # BMv2 aborts on an index beyond the array.
        assert counter.size > max(PuntReason if name in punts else reasons.values()), name
    assert max(reasons.values()) < 1 << type_width("drop_reason_t")


def test_every_reason_is_used() -> None:
    """A reason that no control sets is a counter that stays at zero and a promise of the documentation."""
    for prefix in ("DROP_", "PUNT_"):
        for name in constants(prefix):
            assert len(re.findall(rf"\b{prefix}{name}\b", CODE)) > 1, f"{prefix}{name}"


def test_the_independent_model_of_the_tests_has_the_numbers_of_the_program() -> None:
    """It has no meters."""
    drops = constants("DROP_")
    metered = {drops.pop(name) for name in ("NODE_METERED", "PUNT_METERED")}
    assert {reason.name: reason.value for reason in outcome.Drop} | {"NONE": 0} == drops
    assert metered.isdisjoint(outcome.Drop)
    assert {reason.name: reason.value for reason in outcome.Reason} == constants("PUNT_")
    assert {role.name: role.value for role in state.Role} == {
        name: number for name, number in constants("ROLE_").items() if name != "SELF"
    }
    assert {each.name: each.value for each in state.Encapsulation} == constants("ENCAPSULATION_")
    assert {name: getattr(state, name) for name in paths()} == paths()
    assert state.CPU_PORT == CPU_PORT

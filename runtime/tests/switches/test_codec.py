# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Rows to P4Runtime entities and back, and programs that this controller was not written for."""

from collections.abc import Callable
from pathlib import Path

import pytest
from finsy.proto import p4i, p4r
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.forwarding import GROUPS, MEMBERS, METERS, REPLICAS, TABLES, Change, Member, Row, RowKey, Write
from p4dmm.forwarding.rows import MAX_GROUP_ID, group_row, meter_row, selector_row
from p4dmm.switches import CodecError, RowCodec, default_pipeline

P4INFO = default_pipeline().p4info.read_text()
CODEC = RowCodec.from_file(default_pipeline().p4info)


def info() -> p4i.P4Info:
    return text_format.Parse(P4INFO, p4i.P4Info())


WIDTHS = {f"{t.preamble.alias}.{f.name}": f.bitwidth for t in CODEC.p4info.tables for f in t.match_fields} | {
    p.name: p.bitwidth for a in CODEC.p4info.actions for p in a.params
}
KINDS = {(t.preamble.alias, f.name): f.match_type for t in CODEC.p4info.tables for f in t.match_fields}
WITH_SELECTOR = {t.preamble.alias for t in CODEC.p4info.tables if t.implementation_id}
EVERY_ACTION = [(table.name, action.name) for table in TABLES.values() for action in table.actions]


def numbers(name: str) -> st.SearchStrategy[int]:
    top = (1 << WIDTHS[name]) - 1
    return st.sampled_from((0, 1, 0x80, 0xFF, 0x100, top)).filter(lambda n: n <= top) | st.integers(0, top)


@st.composite
def rows(draw: st.DrawFn, table: str, action: str) -> Row:
    parameters = next(a.parameters for a in TABLES[table].actions if a.name == action)
    key: list[int | tuple[int, int]] = []
    priority = 0
    for name in TABLES[table].keys:
        field = f"{table}.{name}"
        width = WIDTHS[field]
        match KINDS[table, name]:
            case p4i.MatchField.LPM:
                length = draw(st.integers(0, width))
                key.append((draw(numbers(field)) >> (width - length) << (width - length), length))
            case p4i.MatchField.TERNARY:
                mask = draw(numbers(field))
                key.append((draw(numbers(field)) & mask, mask))
                priority = 7
            case p4i.MatchField.RANGE:
                low, high = sorted((draw(numbers(field)), draw(numbers(field))))
                key.append((low, high))
                priority = 7
            case _:
                key.append(draw(numbers(field)))
    at = RowKey("s1", table, tuple(key), priority)
    if table in WITH_SELECTOR:
        members = draw(st.lists(st.tuples(*(numbers(name) for name in parameters), st.integers(1, 9)), min_size=1))
        return Row(at, MEMBERS, members=tuple(sorted(Member(action, (*m[:-1],), m[-1]) for m in members)))
    return Row(at, action, tuple(draw(numbers(name)) for name in parameters))


@pytest.mark.parametrize(("table", "action"), EVERY_ACTION)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_round_trip(table: str, action: str, data: st.DataObject) -> None:
    row = data.draw(rows(table, action))
    entity = CODEC.encode(row)
    assert CODEC.decode("s1", p4r.Entity.FromString(entity.SerializeToString())) == row
    for match in entity.table_entry.match:
        kind = getattr(match, match.WhichOneof("field_match_type"))
        for name in ("value", "mask", "low", "high"):
            if hasattr(kind, name):
                _assert_shortest(getattr(kind, name))
    for parameter in entity.table_entry.action.action.params:
        _assert_shortest(parameter.value)


def _assert_shortest(value: bytes) -> None:
    """P4Runtime specification section 8.3: a server may refuse anything longer."""
    assert value == b"\0" or (value and value[0] != 0)


pairs = st.lists(st.tuples(st.integers(0, 511), st.integers(0, 0xFFFF)), max_size=4, unique=True)


@settings(max_examples=100, deadline=None)
@given(number=st.integers(1, MAX_GROUP_ID), members=pairs, order=st.randoms(use_true_random=False))
def test_groups_round_trip_in_any_order(number: int, members: list[tuple[int, int]], order: object) -> None:
    row = group_row("s1", number, tuple(members))
    entity = CODEC.encode(row)
    replicas = list(entity.packet_replication_engine_entry.multicast_group_entry.replicas)
    order.shuffle(replicas)  # type: ignore[attr-defined]
    group = entity.packet_replication_engine_entry.multicast_group_entry
    del group.replicas[:]
    group.replicas.extend(replicas)
    assert CODEC.decode("s1", entity) == row


def test_a_replica_may_name_its_port_in_either_form() -> None:
    entity = p4r.Entity()
    group = entity.packet_replication_engine_entry.multicast_group_entry
    group.multicast_group_id = 3
    group.replicas.add(egress_port=300, instance=2)
    group.replicas.add(port=b"\x01\x2d", instance=0)
    assert CODEC.decode("s1", entity) == Row(RowKey("s1", GROUPS, (3,)), REPLICAS, (300, 2, 301, 0))


@pytest.mark.parametrize("meter", METERS)
def test_meters_are_modified_and_no_more(meter: str) -> None:
    """P4Runtime specification section 9.3: they are always there; without a configuration they mark all green."""
    row = meter_row("s1", meter, 5, (1000, 200, 2000, 400))
    for change in (Change.INSERT, Change.MODIFY):
        update = CODEC.update(Write(change, row))
        assert update.type == p4r.Update.MODIFY
        assert CODEC.decode("s1", update.entity) == row
    reset = CODEC.update(Write(Change.DELETE, row))
    assert reset.type == p4r.Update.MODIFY
    assert not reset.entity.meter_entry.HasField("config")
    assert CODEC.decode("s1", reset.entity) is None
    asked = CODEC.meter_read(row.at).meter_entry
    assert (asked.meter_id, asked.index.index) == (update.entity.meter_entry.meter_id, 5)


def test_members_of_a_selector_are_a_set() -> None:
    members = [Member("forward", (port, 2, 3), weight) for port, weight in ((12, 1), (11, 3))]
    row = selector_row("s1", "next_hop_groups", (4,), members)
    assert row == selector_row("s1", "next_hop_groups", (4,), members[::-1])
    choices = CODEC.encode(row).table_entry.action.action_profile_action_set.action_profile_actions
    assert sorted(choice.weight for choice in choices) == [1, 3]


def test_what_is_not_ours_is_none() -> None:
    known = CODEC.encode(Row(RowKey("s1", "ports", (1,)), "set_role", (1,)))
    known.table_entry.is_default_action = True
    session = p4r.Entity()
    session.packet_replication_engine_entry.clone_session_entry.session_id = 1
    other = p4r.Entity(table_entry=p4r.TableEntry(table_id=1))
    meter = p4r.Entity(meter_entry=p4r.MeterEntry(meter_id=1, config=p4r.MeterConfig(cir=1)))
    assert [CODEC.decode("s1", entity) for entity in (known, session, other, meter)] == [None, None, None, None]


def test_a_route_without_a_match_is_the_default_route() -> None:
    """P4Runtime specification section 9.1.1: a don't-care match is left out."""
    entity = CODEC.encode(Row(RowKey("s1", "routes", ((0, 0),)), "local"))
    del entity.table_entry.match[:]
    assert CODEC.decode("s1", entity) == Row(RowKey("s1", "routes", ((0, 0),)), "local")


def test_reads_cover_every_table_and_the_groups() -> None:
    reads = CODEC.wildcard_reads()
    assert {r.table_entry.table_id for r in reads if r.HasField("table_entry")} == {
        t.preamble.id for t in info().tables if t.preamble.alias in TABLES
    }
    assert sum(r.HasField("packet_replication_engine_entry") for r in reads) == 1


def test_sizes_are_the_program_s() -> None:
    assert {name: CODEC.size(name) for name in TABLES} == {
        t.preamble.alias: t.size for t in info().tables if not t.is_const_table
    }
    assert CODEC.size(GROUPS) is None


# Programs that do not fit


def _table(program: p4i.P4Info, name: str) -> p4i.Table:
    return next(t for t in program.tables if t.preamble.alias == name)


def _action(program: p4i.P4Info, name: str) -> p4i.Action:
    return next(a for a in program.actions if a.preamble.alias == name)


def drop_table(program: p4i.P4Info) -> None:
    program.tables.remove(_table(program, "path_bindings"))


def rename_key(program: p4i.P4Info) -> None:
    _table(program, "prefix_sources").match_fields[1].name = "path"


def drop_key(program: p4i.P4Info) -> None:
    del _table(program, "prefix_sources").match_fields[1]


def swap_keys(program: p4i.P4Info) -> None:
    fields = _table(program, "prefix_sources").match_fields
    fields[0].name, fields[1].name = fields[1].name, fields[0].name


def drop_meter(program: p4i.P4Info) -> None:
    del program.meters[:2]


def refer_in_a_circle(program: p4i.P4Info) -> None:
    _action(program, "forward").params[0].annotations.append("@refers_to(routes , destination)")


def refer_to_nothing(program: p4i.P4Info) -> None:
    _action(program, "forward").params[0].annotations.append("@refers_to(neighbors , port)")


def drop_action(program: p4i.P4Info) -> None:
    table, action = _table(program, "prefix_bindings"), _action(program, "prefix.to_tunnel")
    table.action_refs.remove(next(r for r in table.action_refs if r.id == action.preamble.id))


def rename_parameter(program: p4i.P4Info) -> None:
    _action(program, "forward").params[0].name = "egress"


def drop_parameter(program: p4i.P4Info) -> None:
    del _action(program, "forward").params[2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop_table, "the program has no table path_bindings; it has access_nodes, "),
        (rename_key, "table prefix_sources has keys ('prefix', 'path'), expected ('prefix', 'path_id')"),
        (drop_key, "table prefix_sources has keys ('prefix',), expected ('prefix', 'path_id')"),
        (swap_keys, "table prefix_sources has keys ('path_id', 'prefix'), expected ('prefix', 'path_id')"),
        (
            drop_action,
            "table prefix_bindings lacks actions to_tunnel; it has deliver, destination_unbound, replicate, to_flows,",
        ),
        (drop_meter, "the program has no meter uplink_policing.node_meters; it has punt_meters"),
        (refer_in_a_circle, "tables refer to one another in a circle: "),
        (refer_to_nothing, "table next_hops refers to neighbors, not in the program"),
        (
            rename_parameter,
            (
                "action forward of table next_hops has parameters ('egress', 'link_layer_address', 'router_address'), "
                "expected ('port', 'link_layer_address', 'router_address')"
            ),
        ),
        (
            drop_parameter,
            (
                "action forward of table next_hops has parameters ('port', 'link_layer_address'), "
                "expected ('port', 'link_layer_address', 'router_address')"
            ),
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_program_that_does_not_fit_is_refused_by_name(change: Callable[[p4i.P4Info], None], said: str) -> None:
    program = info()
    change(program)
    with pytest.raises(CodecError) as error:
        RowCodec(program)
    assert str(error.value).startswith(said)


def test_a_file_that_is_no_p4info(tmp_path: Path) -> None:
    path = tmp_path / "p4info.txtpb"
    path.write_text("tables { id: }")
    with pytest.raises(CodecError, match=f"^{path} is no P4Info: "):
        RowCodec.from_file(path)


def test_a_row_that_no_table_has_is_a_bug_of_the_planner() -> None:
    for wrong in (
        Row(RowKey("s1", "sessions", (1,)), "permit"),
        Row(RowKey("s1", "ports", (1,)), "permit"),
    ):
        with pytest.raises(KeyError):
            CODEC.encode(wrong)
    for wrong in (
        Row(RowKey("s1", "ports", (1, 2)), "set_role", (1,)),
        Row(RowKey("s1", "ports", (1,)), "set_role", (1, 2)),
        Row(RowKey("s1", "ports", (1,)), "set_role"),
    ):
        with pytest.raises(ValueError, match="argument"):
            CODEC.encode(wrong)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Which table points at which, and the order of writes: of the real program and of small ones."""

import random

import pytest
from finsy.proto import p4i
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.forwarding import GROUPS, TABLES, Change, Row, RowKey, Write
from p4dmm.switches import default_pipeline
from p4dmm.switches.references import ReferencesError, in_order, read_references

INFO = text_format.Parse(default_pipeline().p4info.read_text(), p4i.P4Info())
REAL = read_references(INFO)


def program(**tables: list[str]) -> p4i.P4Info:
    """Tables with one action each, whose parameters have these annotations."""
    info = p4i.P4Info()
    for number, (name, annotations) in enumerate(tables.items(), start=1):
        info.actions.add(preamble=p4i.Preamble(id=number, name=f"{name}_action"))
        for annotation in annotations:
            info.actions[-1].params.add(name="p", annotations=[annotation])
        table = info.tables.add(preamble=p4i.Preamble(id=100 + number, name=name, alias=name))
        table.action_refs.add(id=number)
    return info


def writes(change: Change, *tables: str) -> list[Write]:
    return [Write(change, Row(RowKey("s1", name, (number,)), "a")) for number, name in enumerate(tables)]


def tables_of(parts: list[list[Write]]) -> list[list[str]]:
    return [[write.row.at.table for write in part] for part in parts]


def test_references_of_the_program() -> None:
    assert REAL["routes"] == {"next_hops", "next_hop_groups"}
    assert REAL["tunnel_paths"] == {"next_hops", "next_hop_groups"}
    assert REAL["prefix_sources"] == {"tunnel_paths", "tunnels", "next_hops", "next_hop_groups"}
    assert REAL["prefix_bindings"] == REAL["prefix_sources"] | {GROUPS, "flow_selectors"}
    assert REAL["ipv4_bindings"] == REAL["prefix_sources"] | {GROUPS, "ipv4_flow_selectors"}
    assert REAL["gre_keys"] == {"tunnels"}, "by a match field"
    assert REAL["access_nodes"] == REAL["next_hops"] == REAL[GROUPS] == frozenset()


def test_every_annotation_of_the_program_is_understood() -> None:
    said = [text for table in INFO.tables for field in table.match_fields for text in field.annotations]
    said += [text for action in INFO.actions for parameter in action.params for text in parameter.annotations]
    assert sum("@refers_to" in text for text in said) > 40
    for text in said:
        if "@refers_to" in text:
            target = text.partition("(")[2].partition(",")[0].split(":")[-1].strip()
            assert target in TABLES or target == "multicast_group_table", text
    assert all(referred in {*TABLES, GROUPS} for reached in REAL.values() for referred in reached)


@settings(max_examples=200, deadline=None)
@given(
    tables=st.lists(st.sampled_from([*TABLES, GROUPS, "punt_meters"]), max_size=30),
    order=st.randoms(use_true_random=False),
)
def test_nothing_points_at_what_is_not_there_whatever_the_order_within_a_request(
    tables: list[str], order: random.Random
) -> None:
    asked = [w for change in (Change.DELETE, Change.INSERT, Change.MODIFY) for w in writes(change, *tables)]
    order.shuffle(asked)
    parts = in_order(asked, REAL)
    assert sorted(map(repr, (w for part in parts for w in part))) == sorted(map(repr, asked))
    for number, part in enumerate(parts):
        assert part
        assert len({write.change for write in part}) == 1
        for write in part:
            reached = REAL.get(write.row.at.table, frozenset())
            together = {w.row.at.table for w in part}
            later = {w.row.at.table for p in parts[number + 1 :] for w in p if w.change is write.change}
            if write.change is Change.INSERT:
                assert not reached & (together | later)
            if write.change is Change.DELETE:
                assert not reached & together
                assert not any(write.row.at.table in REAL.get(name, frozenset()) for name in later)
    kinds = [part[0].change for part in parts]
    assert kinds == sorted(kinds, key=[Change.INSERT, Change.MODIFY, Change.DELETE].index)


def test_a_node_s_rows_are_written_in_one_request() -> None:
    """They point at tunnels, which are there; not at one another."""
    attach = writes(Change.INSERT, "prefix_sources", "prefix_bindings", "path_bindings", "access_nodes")
    assert in_order(attach, REAL) == [attach]


def test_chains_are_followed_through_tables_that_are_not_written() -> None:
    info = program(a=["@refers_to(b , k)"], b=["@refers_to(c , k)"], c=[])
    references = read_references(info)
    assert tables_of(in_order(writes(Change.INSERT, "a", "c"), references)) == [["c"], ["a"]]
    assert tables_of(in_order(writes(Change.DELETE, "c", "a"), references)) == [["a"], ["c"]]


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (program(a=["@refers_to(a , k)"]), "tables refer to one another in a circle: a, a"),
        (
            program(a=["@refers_to(b , k)"], b=["@refers_to(c , k)"], c=["@refers_to(a , k)"]),
            "tables refer to one another in a circle: ",
        ),
        (program(a=["@refers_to(z , k)"]), "table a refers to z, not in the program"),
        (program(a=["@refers_to(builtin : : clone_session_table , k)"]), "table a refers to clone_session_table, not "),
    ],
    ids=["itself", "circle", "unknown", "unknown-builtin"],
)
def test_references_that_no_order_can_follow(info: p4i.P4Info, said: str) -> None:
    with pytest.raises(ReferencesError) as error:
        read_references(info)
    assert str(error.value).startswith(said)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Lookups in generated code, against a model that looks at every row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.softswitch.pipeline import Pipeline, load_pipeline
from p4dmm.softswitch.tables import Entry, Exact, Lpm, Range, Ternary

from .bmv2_json import Builder, assign, call, extract, field, header, key, param, standard

WIDTH = 8


def matcher(*kinds: str, valid: bool = False, size: int = 1024) -> Builder:
    """egress_spec = the parameter of the row that one octet per key finds, 0 on a miss."""
    builder = Builder().header("h", **{f"k{i}": WIDTH for i in range(len(kinds))}).state("start", [extract("h")])
    builder.action("tell", [9], assign(standard("egress_spec"), param(0))).action("pass", [])
    keys = [key(kind, field("h", f"k{i}")) for i, kind in enumerate(kinds)]
    return builder.table("t", keys, ["tell", "pass"], "pass", counters=True, size=size)


def found(pipeline: Pipeline, *values: int) -> int:
    ((port, _),) = pipeline.process(0, bytes(values), 0)
    return port


def hits(part, value: int) -> bool:
    match part:
        case Exact(wanted):
            return value == wanted
        case Lpm(prefix, length):
            return value >> (WIDTH - length) == prefix >> (WIDTH - length)
        case Ternary(wanted, mask):
            return value & mask == wanted
        case Range(low, high):
            return low <= value <= high
    raise AssertionError(part)


def model(rows: list[Entry], values: tuple[int, ...]) -> int:
    """The best row: longest prefix where there are no priorities, else largest priority, then the older one."""
    best = None
    for row in rows:
        if all(hits(part, value) for part, value in zip(row.match, values, strict=True)):
            rank = row.priority or sum(part.prefix_len for part in row.match if isinstance(part, Lpm))
            if best is None or rank > best[0]:
                best = (rank, row.params[0])
    return best[1] if best else 0


OCTET = st.integers(0, 255)
EXACT = st.builds(Exact, st.integers(0, 3))
LPM = st.builds(lambda v, n: Lpm(v >> (WIDTH - n) << (WIDTH - n), n), OCTET, st.integers(0, WIDTH))
TERNARY = st.builds(lambda v, m: Ternary(v & m, m), OCTET, OCTET)
RANGE = st.builds(lambda a, b: Range(min(a, b), max(a, b)), OCTET, OCTET)
PARTS = {"exact": EXACT, "lpm": LPM, "ternary": TERNARY, "range": RANGE}
SHAPES = [
    ("exact",),
    ("exact", "exact"),
    ("lpm",),
    ("exact", "lpm"),
    ("lpm", "exact", "exact"),
    ("ternary",),
    ("ternary", "ternary"),
    ("exact", "ternary"),
    ("exact", "ternary", "exact", "lpm"),
    ("range",),
    ("range", "exact", "range"),
    ("range", "ternary"),
]
PROGRAMS = {kinds: matcher(*kinds).text() for kinds in SHAPES}


@pytest.mark.parametrize("kinds", SHAPES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_lookups_agree_with_the_model_through_inserts_and_deletes(kinds, data):
    pipeline = load_pipeline(PROGRAMS[kinds])
    table = pipeline.tables["t"]
    ordered = bool({"ternary", "range"} & set(kinds))
    priority = st.integers(1, 3) if ordered else st.just(0)
    matches = data.draw(
        st.lists(st.tuples(st.tuples(*(PARTS[kind] for kind in kinds)), priority), unique=True, max_size=12)
    )
    rows = [Entry(match, "tell", (number,), priority) for number, (match, priority) in enumerate(matches, 1)]
    for row in rows:
        table.insert(row)
    probes = data.draw(st.lists(st.tuples(*(st.one_of(OCTET, st.integers(0, 3)) for _ in kinds)), max_size=8))
    for values in probes:
        assert found(pipeline, *values) == model(rows, values)
    for row in data.draw(st.permutations(rows))[: len(rows) // 2]:
        table.delete(row.match, row.priority)
        rows.remove(row)
    if rows:
        changed = data.draw(st.sampled_from(rows))
        rows[rows.index(changed)] = new = Entry(changed.match, "tell", (500,), changed.priority)
        table.modify(new)
    for values in probes:
        assert found(pipeline, *values) == model(rows, values)
    assert sorted(e.params for e in table.entries()) == sorted(e.params for e in rows)


@pytest.mark.parametrize("kinds", SHAPES)
def test_direct_counters_count_hits_only(kinds):
    pipeline = load_pipeline(PROGRAMS[kinds])
    table = pipeline.tables["t"]
    whole = {"exact": Exact(5), "lpm": Lpm(5, 8), "ternary": Ternary(5, 255), "range": Range(5, 5)}
    match = tuple(whole[kind] for kind in kinds)
    priority = int(bool({"ternary", "range"} & set(kinds)))
    table.insert(Entry(match, "tell", (9,), priority))
    for value in (5, 6, 5):
        pipeline.process(0, bytes([value] * len(kinds)) + b"more", 0)
    assert table.counter(match, priority) == (2, 2 * (len(kinds) + 4))


def test_changes_show_at_the_next_packet():
    pipeline = load_pipeline(matcher("exact").text())
    table = pipeline.tables["t"]
    assert found(pipeline, 1) == 0
    table.set_default("tell", (8,))
    assert found(pipeline, 1) == 8
    table.insert(Entry((Exact(1),), "tell", (1,)))
    assert found(pipeline, 1) == 1
    table.modify(Entry((Exact(1),), "tell", (2,)))
    assert found(pipeline, 1) == 2
    table.delete((Exact(1),))
    assert found(pipeline, 1) == 8
    table.reset_default()
    assert found(pipeline, 1) == 0


def test_fields_of_invalid_headers_match_as_zero():
    builder = Builder().header("h", k=8).state("start", [extract("h")])
    builder.run("gone", call("remove_header", header("h")))
    builder.action("tell", [9], assign(standard("egress_spec"), param(0))).action("pass", [])
    keys = [key("exact", field("h", "k")), key("exact", field("h", "$valid$"), "there")]
    pipeline = load_pipeline(builder.table("t", keys, ["tell", "pass"], "pass").text())
    pipeline.tables["t"].insert(Entry((Exact(0), Exact(0)), "tell", (3,)))
    assert pipeline.process(0, b"\x07z", 0) == [(3, b"z")]
    assert [(k.name, k.width) for k in pipeline.tables["t"].keys] == [("h.k", 8), ("there", 1)]


def test_constant_entries_and_their_priorities():
    def row(match: dict, port: int, priority: int) -> dict:
        return {
            "match_key": [match],
            "action_entry": {"action_id": 0, "action_data": [hex(port)]},
            "priority": priority,
        }

    builder = matcher("ternary")
    table = builder.json["pipelines"][0]["tables"][0]
    table["entries"] = [
        row({"match_type": "ternary", "key": "0x12", "mask": "0xf0"}, 1, 2),
        row({"match_type": "ternary", "key": "0x11", "mask": "0xff"}, 2, 1),
        row({"match_type": "ternary", "key": "0x00", "mask": "0x00"}, 3, 3),
    ]
    pipeline = load_pipeline(builder.text())
    assert [found(pipeline, value) for value in (0x11, 0x12, 0x22)] == [2, 1, 3]
    assert [entry.priority for entry in pipeline.tables["t"].entries()] == [2, 3, 1]
    for kind, match, hit, miss in [
        ("exact", {"key": "0x05"}, 5, 6),
        ("lpm", {"key": "0x55", "prefix_length": 4}, 0x5F, 0x60),
        ("range", {"start": "0x05", "end": "0x07"}, 7, 8),
    ]:
        builder = matcher(kind)
        builder.json["pipelines"][0]["tables"][0]["entries"] = [row({"match_type": kind} | match, 4, 1)]
        pipeline = load_pipeline(builder.text())
        assert (found(pipeline, hit), found(pipeline, miss)) == (4, 0)


def test_a_static_mask_hides_the_other_bits():
    masked = key("exact", field("h", "a")) | {"mask": "0x0f"}
    builder = (
        Builder()
        .header("h", a=8)
        .state("start", [extract("h")])
        .action("out", [9], assign(standard("egress_spec"), param(0)))
    )
    builder.table("t", [masked], ["out"], "out", 1)
    pipeline = load_pipeline(builder.text())
    pipeline.tables["t"].insert(Entry((Exact(5),), "out", (2,)))
    pipeline.tables["t"].insert(Entry((Exact(0x16),), "out", (3,)))
    assert [pipeline.process(0, bytes((value,)), 0)[0][0] for value in (0x05, 0xF5, 0x16, 0x06)] == [2, 2, 1, 1]

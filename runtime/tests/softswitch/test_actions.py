# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Primitives and expressions, by bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.softswitch.pipeline import load_pipeline

from .bmv2_json import (
    Builder,
    assign,
    boolean,
    call,
    ethernet,
    extract,
    field,
    header,
    local,
    meta,
    number,
    op,
    param,
    standard,
    valid,
)


def two_bytes() -> Builder:
    return Builder().header("h", a=8, b=8).state("start", [extract("h")])


def result(expr, a: int, b: int, width: int = 16) -> int:
    """The value of an expression over h.a and h.b, as a field of that width."""
    builder = (
        two_bytes()
        .header("r", value=width)
        .run("compute", call("add_header", header("r")), assign(field("r", "value"), expr))
    )
    ((_, frame),) = load_pipeline(builder.text()).process(0, bytes((a, b)), 0)
    return int.from_bytes(frame[2:])


A, B = field("h", "a"), field("h", "b")
BYTE = st.integers(0, 255)
NUMERIC = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
}
COMPARING = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("name", NUMERIC)
def test_arithmetic_is_unbounded_until_it_is_assigned(name):
    for a, b in [(0, 0), (255, 255), (3, 250), (250, 3), (1, 15), (129, 16)]:
        exact = NUMERIC[name](a, b)
        assert result(op(name, A, B), a, b, 8) == exact & 0xFF
        assert result(op(name, A, B), a, b, 16) == exact & 0xFFFF
        assert result(op("b2d", None, op("<", op(name, A, B), number(0))), a, b) == (exact < 0)


@pytest.mark.parametrize("name", COMPARING)
def test_comparisons(name):
    for a, b in [(0, 0), (1, 2), (2, 1)]:
        assert result(op("b2d", None, op(name, A, B)), a, b) == COMPARING[name](a, b)


@settings(deadline=None, max_examples=50)
@given(a=BYTE, b=BYTE)
def test_logic(a, b):
    low = op("<", A, number(128))
    truthy = op("d2b", None, B)
    assert result(op("b2d", None, op("and", low, truthy)), a, b) == (a < 128 and b > 0)
    assert result(op("b2d", None, op("or", truthy, low)), a, b) == (a < 128 or b > 0)
    assert result(op("b2d", None, op("not", None, truthy)), a, b) == (b == 0)
    assert result(op("b2d", None, op("==", truthy, low)), a, b) == ((b > 0) == (a < 128))
    assert result(op("?", A, B, low), a, b) == (a if a < 128 else b)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (op("~", None, A), 0xFFFF ^ 200),
        (op("usat_cast", op("+", A, B), number(8)), 255),
        (op("usat_cast", op("-", B, A), number(8)), 0),
        (op("usat_cast", op("-", A, B), number(8)), 100),
        (op("sat_cast", op("+", A, B), number(8)), 127),
        (op("sat_cast", op("-", B, op("*", A, number(2))), number(8)), 0xFFFF & -128),
        (op("two_comp_mod", A, number(8)), 0xFFFF & (200 - 256)),
        (op("two_comp_mod", op("-", number(0), number(129)), number(8)), 127),
        (op("<<", A, op("<<", B, number(40))), 0),
        (op("b2d", None, boolean(True)), 1),
        (op("b2d", None, valid("h")), 1),
        (field("r", "$valid$"), 1),
        (number(-1), 0xFFFF),
        (op("-", None, A), 0xFFFF & -200),
    ],
)
def test_the_rarer_operations(expr, expected):
    assert result(expr, 200, 100) == expected


def test_adding_a_header_zeroes_it_unless_it_is_there():
    builder = two_bytes().header("n", c=4, d=4)
    builder.run("write", assign(field("n", "d"), number(7)), call("add_header", header("n")))
    builder.run("again", assign(field("n", "c"), number(5)), call("add_header", header("n")))
    builder.run("same", call("add_header", header("h")))
    assert load_pipeline(builder.text()).process(0, b"xy!", 0) == [(0, b"xy\x50!")]


def test_a_removed_header_does_not_leave_but_its_fields_read_as_before():
    builder = two_bytes().run("drop", call("remove_header", header("h")), assign(standard("egress_spec"), A))
    assert load_pipeline(builder.text()).process(0, b"\x09\x08z", 0) == [(9, b"z")]


def test_header_copies_carry_validity_and_all_bits():
    builder = Builder().header_type("t", x=4, y=12).header("one", "t").header("two", "t").header("gone", "t")
    builder.state("start", [extract("one")])
    builder.run("copy", call("assign_header", header("two"), header("one")))
    builder.run("change", assign(field("one", "x"), number(0xF)))
    builder.run("vanish", call("assign_header", header("one"), header("gone")))
    assert load_pipeline(builder.text()).process(0, b"\x12\x34pay", 0) == [(0, b"\x12\x34pay")]
    builder = Builder().header_type("t", x=4, y=12).header("one", "t").header("two", "t")
    builder.state("start", [extract("one")]).run("first", assign(field("one", "x"), number(0xF)))
    builder.run("copy", call("assign_header", header("two"), header("one")))
    builder.run("then", assign(field("one", "y"), number(0)))
    assert load_pipeline(builder.text()).process(0, b"\x12\x34", 0) == [(0, b"\xf0\x00\xf2\x34")]


def test_mark_to_drop_also_forgets_the_multicast_group():
    builder = ethernet().run("group", assign(standard("mcast_grp"), number(3)))
    builder.run("drop", call("mark_to_drop", header("standard_metadata")))
    pipeline = load_pipeline(builder.text())
    pipeline.replication.insert(3, ((1, 1),))
    assert pipeline.process(1, bytes(14), 0) == []


def test_sending_after_a_drop_sends():
    builder = ethernet().run("drop", call("mark_to_drop", header("standard_metadata")))
    builder.run("send", assign(standard("egress_spec"), number(4)))
    assert load_pipeline(builder.text()).process(1, bytes(14), 0) == [(4, bytes(14))]


def jumps() -> Builder:
    """if (a) { b = 1; if (b of old) return } else { b = 2 } b = b + 0x10, the way p4c numbers it."""
    builder = two_bytes().metadata(old=8)
    return builder.run(
        "act",
        assign(meta("old"), B),
        call("_jump_if_zero", {"type": "expression", "value": op("b2d", None, op("d2b", None, A))}, number(6)),
        assign(B, number(1)),
        call("_jump_if_zero", {"type": "expression", "value": op("!=", meta("old"), number(0))}, number(5)),
        call("_jump", number(8)),
        call("_jump", number(7)),
        assign(B, number(2)),
        assign(B, op("+", B, number(0x10))),
    )


@pytest.mark.parametrize(("a", "b", "expected"), [(0, 0, 0x12), (0, 9, 0x12), (5, 0, 0x11), (5, 9, 1)])
def test_jumps_inside_an_action(a, b, expected):
    assert load_pipeline(jumps().text()).process(0, bytes((a, b)), 0) == [(0, bytes((a, expected)))]


@pytest.mark.parametrize("conditional", [False, True])
def test_exit_ends_the_pipeline_but_not_the_action(conditional):
    head = [call("_jump_if_zero", op("b2d", None, op("d2b", None, A)), number(2))] if conditional else []
    builder = two_bytes().run("leave", *head, call("exit"), assign(B, number(1)))
    builder.run("never", assign(B, number(2))).run("late", assign(A, number(9)), egress=True)
    pipeline = load_pipeline(builder.text())
    assert pipeline.process(0, b"\x05\x05", 0) == [(0, b"\x09\x01")]
    assert pipeline.process(0, b"\x00\x05", 0) == [(0, b"\x09\x02" if conditional else b"\x09\x01")]


def test_counters_count_the_length_the_frame_came_in_with():
    builder = two_bytes().counter("c", 4)
    count = lambda index: call("count", {"type": "counter_array", "value": "c"}, {"type": "expression", "value": index})
    builder.run("grow", call("remove_header", header("h")), count(A)).run("out", count(number(3)), egress=True)
    pipeline = load_pipeline(builder.text())
    for first in (1, 1, 4, 255):
        pipeline.process(0, bytes((first, 0)) + bytes(8), 0)
    assert [pipeline.counters["c"].read(i) for i in range(4)] == [(0, 0), (2, 20), (0, 0), (4, 40)]
    pipeline.counters["c"].write(1, 0, 0)
    pipeline.process(0, b"\x01\x00", 0)
    assert pipeline.counters["c"].read(1) == (1, 2)


def test_log_msg_does_nothing():
    builder = ethernet().run(
        "log", call("log_msg", {"type": "string", "value": "x"}, {"type": "parameters_vector", "value": []})
    )
    assert load_pipeline(builder.text()).process(1, bytes(14), 0) == [(2, bytes(14))]


@pytest.mark.parametrize("a", [0, 1, 9])
def test_parameters_and_choices_between_truth_values(a):
    truthy = op("?", op("<", A, number(5)), boolean(False), op("d2b", None, A))
    builder = two_bytes().action(
        "act",
        [8, 8],
        call("_jump_if_zero", truthy, number(2)),
        assign(B, op("?", op("+", param(0), B), op("~", None, local(1)), op("d2b", None, param(1)))),
        assign(A, op("b2d", None, truthy)),
        call("assign_header", header("h"), header("h")),
    )
    builder.table("t", [], ["act"], "act", 3, 4)
    chosen = 0 < a < 5
    assert load_pipeline(builder.text()).process(0, bytes((a, 10)), 0) == [(0, bytes((chosen, 13 if chosen else 10)))]

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What the optimizer may do to generated code, and what it must leave alone."""

import ast
from textwrap import dedent, indent

import pytest

from p4dmm.softswitch.errors import UnsupportedProgramError
from p4dmm.softswitch.optimize import compiled, optimized


def process_of(body, egress="return None"):
    """The optimized process() with this body, and its text."""
    source = "def make(tables, counters, meters, groups):\n from_bytes = int.from_bytes\n T0 = tables\n"
    source += " def egress(port, frame, v1_h, f1_0_h_a):\n" + indent(egress, "  ") + "\n"
    source += " def process(port, frame, now_ns):\n" + indent(dedent(body).strip(), "  ") + "\n return process\n"
    tree = optimized(source)
    namespace = {"hash_x": sum, "mark": lambda cell, _, amount: cell.append(amount) or 0}
    exec(compile(tree, "test", "exec"), namespace)
    text = ast.unparse(
        next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "process")
    )
    return namespace["make"]({1: "one"}, None, None, {}), text


def test_what_nobody_reads_is_not_computed():
    process, text = process_of("f1_0_h_a = hash_x(frame)\nreturn [(port, frame)]")
    assert "hash_x" not in text
    assert process(1, b"abc", 0) == [(1, b"abc")]


def test_what_is_read_on_one_way_is_computed_there_from_what_it_would_have_been():
    body = """
        f1_0_h_a = frame[0]
        f1_1_h_b = f1_0_h_a + 1
        if port == 1:
         f1_2_h_c = 5
        else:
         f1_2_h_c = frame[1]
        if port == 2:
         return f1_1_h_b
        f1_0_h_a = 7
        return f1_0_h_a + f1_2_h_c
    """
    process, text = process_of(body)
    assert text.index("f1_1_h_b =") > text.index("if port == 2")
    assert [process(port, b"\x64\x03", 0) for port in (1, 2, 3)] == [12, 101, 10]


@pytest.mark.parametrize("change", ["f1_0_h_a = 9", "if port:\n f1_0_h_a = 9", "for f1_0_h_a in frame:\n break"])
def test_nothing_is_moved_behind_a_change_of_what_it_is_made_of(change):
    body = f"f1_0_h_a = frame[0]\nf1_1_h_b = f1_0_h_a + 1\n{change}\nif port == 1:\n return f1_1_h_b\nreturn f1_0_h_a"
    process, _ = process_of(body)
    assert process(1, b"\x02", 0) == 3


def test_what_is_read_after_the_branches_stays_before_them():
    process, _ = process_of("f1_0_h_a = frame[0]\nif port == 1:\n f1_0_h_a = f1_0_h_a + 1\nreturn f1_0_h_a")
    assert [process(port, b"\x02", 0) for port in (1, 2)] == [3, 2]


def test_conditions_that_are_known_are_decided():
    body = """
        v1_h = 0
        f1_0_h_a = 0
        if v1_h:
         f1_0_h_a = 3
        if frame:
         v1_h = 1
        if v1_h:
         return (f1_0_h_a if v1_h else 9)
        return (8 if v1_h else f1_0_h_a + 1)
    """
    process, text = process_of(body)
    assert "9" not in text
    assert "3" not in text
    assert "8" not in text
    assert [process(1, frame, 0) for frame in (b"x", b"")] == [0, 1]


def test_a_condition_says_what_holds_under_it_and_no_more():
    body = """
        f1_0_h_a = frame[0]
        if (f1_0_h_a == 4 or port == 1):
         return f1_0_h_a
        if f1_0_h_a:
         return f1_0_h_a + 100
        return f1_0_h_a + 50
    """
    process, _ = process_of(body)
    assert [process(port, bytes([octet]), 0) for port, octet in ((2, 4), (1, 6), (2, 6), (2, 0))] == [4, 6, 106, 50]


def test_ways_out_of_the_loop_that_runs_once_are_told_apart():
    body = """
        v1_h = 0
        f1_0_h_a = 0
        while True:
         if port == 1:
          rest = 1
          break
         v1_h = 1
         f1_0_h_a = frame[0]
         rest = 2
         break
        return (v1_h, f1_0_h_a, rest)
    """
    process, _ = process_of(body)
    assert [process(port, b"\x05", 0) for port in (1, 2)] == [(0, 0, 1), (1, 5, 2)]


def test_fields_of_one_header_are_taken_under_one_condition():
    body = """
        v1_h = 0
        if port == 1:
         v1_h = 1
        f1_0_h_a = frame[0] if v1_h else 0
        f1_1_h_b = frame[1] if v1_h else 0
        return (f1_0_h_a, f1_1_h_b)
    """
    process, text = process_of(body)
    assert text.count("if v1_h") == 1
    assert [process(port, frame, 0) for port, frame in ((1, b"\x05\x06"), (2, b""))] == [(5, 6), (0, 0)]


def test_a_search_keeps_what_its_next_turn_reads():
    body = """
        f1_0_h_a = 0
        for x in frame:
         e = f1_0_h_a
         f1_0_h_a = x
         if x == 3:
          break
        return (e, f1_0_h_a)
    """
    process, _ = process_of(body)
    assert process(1, b"\x01\x02\x03\x04", 0) == (2, 3)


def test_what_has_an_effect_is_done_even_if_its_result_is_of_no_use():
    process, _ = process_of("f1_0_h_a = mark(frame, now_ns, port)\nreturn frame")
    assert process(7, [], 0) == [7]


def test_egress_is_called_with_what_it_reads():
    body = "v1_h = 1\nf1_0_h_a = frame[0]\nport = 3\nreturn egress(port, frame, v1_h, f1_0_h_a)"
    process, text = process_of(body, egress="return f1_0_h_a + 1 if v1_h else frame")
    assert "egress(frame, 1, f1_0_h_a)" in text
    assert process(1, b"\x05", 0) == 6


def test_a_process_begins_anew_with_every_packet():
    body = "f1_0_h_a = f1_1_h_b = 0\nif port == 1:\n f1_0_h_a = frame[0]\n f1_1_h_b = 2\nreturn f1_0_h_a + f1_1_h_b"
    process, _ = process_of(body)
    assert [process(port, b"\x05", 0) for port in (1, 2, 1, 2)] == [7, 0, 7, 0]


def test_a_variable_is_not_reset_before_it_has_been_read():
    process, _ = process_of(
        "f1_0_h_a = port\nx = f1_0_h_a + 1\nf1_0_h_a = f1_1_h_b = 0\nreturn (x, f1_0_h_a, f1_1_h_b)"
    )
    assert process(4, b"", 0) == (5, 0, 0)


def test_what_is_nested_too_deeply_is_refused():
    chain = "".join(f"  {'el' if number else ''}if port == {number}:\n   return {number}\n" for number in range(2000))
    functions = f" def egress(port):\n  return None\n def process(port, frame, now_ns):\n{chain}  return None\n"
    with pytest.raises(UnsupportedProgramError, match="alternatives"):
        compiled(f"def make(tables, counters, meters, groups):\n{functions} return process\n")

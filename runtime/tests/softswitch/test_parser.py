# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The parser and the deparser, by bytes."""

import pytest

from p4dmm.softswitch.errors import UnsupportedProgramError
from p4dmm.softswitch.pipeline import load_pipeline

from .bmv2_json import (
    Builder,
    assign,
    boolean,
    call,
    case,
    default,
    ethernet,
    extract,
    field,
    header,
    meta,
    number,
    op,
    standard,
)

FRAME = bytes(range(1, 15)) + b"payload"


def out(builder: Builder, frame: bytes, port: int = 1) -> list[tuple[int, bytes]]:
    return load_pipeline(builder.text()).process(port, frame, 0)


def echo(builder: Builder) -> Builder:
    return builder.run("echo", assign(standard("egress_spec"), standard("ingress_port")))


def test_a_frame_nobody_changes_leaves_as_it_came():
    assert out(ethernet(), FRAME) == [(2, FRAME)]


def test_no_parser_states_means_all_is_payload():
    builder = Builder().header("ethernet", dst=48, src=48, type=16)
    builder.json["parsers"][0]["init_state"] = None
    assert out(echo(builder), FRAME) == [(1, FRAME)]


def test_too_short_a_frame_stays_payload_and_sets_parser_error():
    builder = ethernet().run("report", assign(standard("egress_spec"), standard("parser_error")))
    for length in range(14):
        assert out(builder, FRAME[:length]) == [(1, FRAME[:length])]
    assert out(builder, FRAME) == [(0, FRAME)]


def test_headers_before_the_short_one_stay_valid():
    builder = (
        Builder()
        .header("a", x=8)
        .header("b", y=16)
        .state("start", [extract("a"), extract("b")])
        .run("mark", assign(field("a", "x"), number(0xFF)), assign(standard("egress_spec"), field("b", "$valid$")))
    )
    assert out(builder, b"\x01\x02") == [(0, b"\xff\x02")]
    assert out(builder, b"\x01\x02\x03\x04") == [(1, b"\xff\x02\x03\x04")]


def test_fields_of_any_width_and_alignment_survive_taking_apart_and_putting_together():
    widths = {"a": 4, "b": 8, "c": 20, "d": 1, "e": 128, "f": 3, "g": 12, "h": 48, "i": 16, "j": 16}
    builder = Builder().header("h", **widths).state("start", [extract("h")])
    for name in widths:
        # Adding one and taking it away again makes every field read and written.
        for sign in "+-":
            builder.run(
                f"{name}{sign}".replace("+", "p").replace("-", "m"),
                assign(field("h", name), op(sign, field("h", name), number(1))),
            )
    frame = bytes((i * 37 + 11) % 256 for i in range(32)) + b"tail"
    assert out(echo(builder), frame) == [(1, frame)]


def test_one_written_field_leaves_the_other_bits_alone():
    builder = (
        Builder()
        .header("h", a=3, b=20, c=9)
        .state("start", [extract("h")])
        .run("set", assign(field("h", "b"), number(0)))
    )
    assert out(echo(builder), b"\xff\xff\xff\xff!") == [(1, b"\xe0\x00\x01\xff!")]


def select() -> Builder:
    builder = Builder()
    for name in "abc":
        builder.header(name, x=8)
    builder.header("first", kind=4, more=12)
    builder.json["deparsers"][0]["order"] = ["first", "c", "b", "a"]
    return builder


def test_select_with_mask_and_default_in_order():
    builder = select()
    builder.state(
        "start",
        [extract("first")],
        [field("first", "kind"), field("first", "more")],
        case(0x010ABC, "a"),
        case(0x020000, "b", mask=0x0F0000),
        default("c"),
    )
    for name in "abc":
        builder.state(name, [extract(name), {"op": "set", "parameters": [standard("egress_spec"), number(ord(name))]}])
    assert out(builder, b"\x1a\xbc\x00") == [(ord("a"), b"\x1a\xbc\x00")]
    assert out(builder, b"\x2a\xbc\x00") == [(ord("b"), b"\x2a\xbc\x00")]
    assert out(builder, b"\x1a\xbd\x00") == [(ord("c"), b"\x1a\xbd\x00")]


def test_select_without_a_matching_case_accepts():
    builder = select().state("start", [extract("first")], [field("first", "kind")], case(1, "a"))
    builder.state("a", [extract("a"), {"op": "set", "parameters": [standard("egress_spec"), number(5)]}])
    assert out(builder, b"\x20\x00") == [(0, b"\x20\x00")]
    assert out(builder, b"\x10\x00\x01") == [(5, b"\x10\x00\x01")]


def test_the_deparser_has_an_order_of_its_own():
    builder = select().state("start", [extract("a"), extract("b"), extract("c")])
    assert out(echo(builder), b"abcd") == [(1, b"cbad")]


def test_headers_the_deparser_does_not_know_are_gone():
    builder = ethernet()
    builder.json["deparsers"][0]["order"] = []
    assert out(builder, FRAME) == [(2, b"payload")]


def test_lookahead_reads_without_consuming():
    builder = select().metadata(peek=12, pad=4)
    builder.state(
        "start",
        [{"op": "set", "parameters": [meta("peek"), {"type": "lookahead", "value": [0, 12]}]}],
        [{"type": "lookahead", "value": [0, 4]}],
        case(0xA, "a"),
        default("b"),
    )
    builder.state("a", [extract("a")]).state("b", [extract("b")])
    builder.run("tell", assign(standard("egress_spec"), op("&", meta("peek"), number(0xFF))))
    assert out(builder, b"\xab\xc0") == [(0xBC, b"\xab\xc0")]
    assert out(builder, b"\xab") == [(0, b"\xab")]


def test_advance_discards():
    builder = select().state("start", [{"op": "advance", "parameters": [number(16)]}, extract("a")])
    assert out(echo(builder), b"xxay") == [(1, b"ay")]
    assert out(echo(builder), b"x") == [(1, b"x")]


def test_verify_ends_parsing_with_its_error():
    builder = select().state(
        "start",
        [extract("a"), {"op": "verify", "parameters": [op("==", field("a", "x"), number(7)), number(6)]}, extract("b")],
    )
    builder.run(
        "tell",
        assign(standard("egress_spec"), standard("parser_error")),
        assign(field("b", "x"), number(0)),
    )
    assert out(builder, b"\x07\x09") == [(0, b"\x00\x07")]
    assert out(builder, b"\x08\x09") == [(6, b"\x08\x09")]


def test_statements_in_the_parser():
    builder = select().header("copy", "a_t")
    wrap = lambda primitive: {"op": "primitive", "parameters": [primitive]}
    builder.state(
        "start",
        [
            extract("a"),
            wrap(call("assign_header", header("copy"), header("a"))),
            wrap(call("remove_header", header("a"))),
            wrap(call("add_header", header("b"))),
        ],
    )
    assert out(echo(builder), b"az") == [(1, b"\x00az")]


def test_extracting_twice_keeps_the_last():
    builder = select().state("start", [extract("a"), extract("a")])
    assert out(echo(builder), b"xyz") == [(1, b"yz")]


def test_a_loop_is_refused_by_name():
    builder = select().state("start", [extract("a")], [field("a", "x")], case(1, "start"))
    with pytest.raises(UnsupportedProgramError, match="loop through parser state 'start'"):
        load_pipeline(builder.text())


def test_a_verify_that_never_holds():
    builder = select().state("start", [{"op": "verify", "parameters": [boolean(False), number(2)]}, extract("a")])
    builder.run("tell", assign(standard("egress_spec"), standard("parser_error")))
    assert out(builder, b"a") == [(2, b"a")]

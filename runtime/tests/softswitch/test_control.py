# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Control flow: conditions, hit and miss, switch on the action, egress, multicast, what the architecture sets."""

import pytest

from p4dmm.softswitch.errors import MalformedProgramError, UnsupportedProgramError
from p4dmm.softswitch.pipeline import load_pipeline
from p4dmm.softswitch.tables import Entry, Exact

from .bmv2_json import (
    Builder,
    assign,
    call,
    ethernet,
    extract,
    field,
    header,
    key,
    number,
    op,
    param,
    standard,
)

A = field("h", "a")


def one_byte() -> Builder:
    return Builder().header("h", a=8).state("start", [extract("h")])


def port(builder_or_pipeline, value: int) -> int:
    pipeline = (
        load_pipeline(builder_or_pipeline.text()) if isinstance(builder_or_pipeline, Builder) else builder_or_pipeline
    )
    ((out, _),) = pipeline.process(0, bytes((value,)), 0)
    return out


def set_port(value: int):
    return assign(standard("egress_spec"), number(value))


def add_port(value: int):
    return assign(standard("egress_spec"), op("+", standard("egress_spec"), number(value)))


def test_branches_meet_again():
    builder = one_byte().condition("c", op("<", A, number(10)), "tbl_low", "tbl_high")
    builder.run("low", set_port(1)).run("high", set_port(2)).run("after", add_port(100))
    builder.json["pipelines"][0]["tables"][0]["next_tables"]["low"] = "tbl_after"
    assert [port(builder, value) for value in (3, 30)] == [101, 102]


@pytest.mark.parametrize("default_is_const", [True, False])
@pytest.mark.parametrize("keyed", [True, False])
def test_hit_and_miss(default_is_const, keyed):
    builder = one_byte().action("mark", [9], assign(standard("egress_spec"), param(0)))
    keys = [key("exact", A)] if keyed else []
    ways = {"__HIT__": "tbl_hit", "__MISS__": "tbl_miss"}
    builder.table("t", keys, ["mark"], "mark", 7, const=default_is_const, ways=ways)
    builder.run("hit", add_port(100)).run("miss", add_port(200)).run("after", add_port(1))
    builder.json["pipelines"][0]["tables"][1]["next_tables"]["hit"] = "tbl_after"
    pipeline = load_pipeline(builder.text())
    if keyed:
        pipeline.tables["t"].insert(Entry((Exact(5),), "mark", (50,)))
        assert port(pipeline, 5) == 151
    assert port(pipeline, 6) == 208
    if not default_is_const:
        pipeline.tables["t"].set_default("mark", (9,))
        assert port(pipeline, 6) == 210


@pytest.mark.parametrize("default_is_const", [True, False])
def test_switch_on_the_action_that_ran(default_is_const):
    builder = one_byte().action("x", []).action("y", [9], assign(standard("egress_spec"), param(0))).action("z", [])
    ways = {"x": "tbl_1", "y": None, "z": "tbl_2"}
    builder.table("t", [key("exact", A)], ["x", "y", "z"], "z", const=default_is_const, ways=ways)
    builder.run("1", set_port(1)).run("2", set_port(2))
    builder.json["pipelines"][0]["tables"][0]["next_tables"]["y"] = None
    builder.json["pipelines"][0]["tables"][1]["next_tables"]["1"] = None
    pipeline = load_pipeline(builder.text())
    pipeline.tables["t"].insert(Entry((Exact(1),), "x", ()))
    pipeline.tables["t"].insert(Entry((Exact(2),), "y", (77,)))
    pipeline.tables["t"].insert(Entry((Exact(3),), "z", ()))
    assert [port(pipeline, value) for value in (1, 2, 3, 4)] == [1, 77, 2, 2]


def test_action_calls():
    builder = one_byte().action("call", [], set_port(6))
    builder.json["pipelines"][0] |= {
        "init_table": "node",
        "action_calls": [{"name": "node", "id": 0, "action_id": 0, "next_node": None}],
    }
    assert port(builder, 0) == 6


def test_a_long_chain_of_else_if_stays_flat():
    builder = one_byte()
    for value in range(150):
        builder.run(f"p{value}", set_port(value))
    pipeline = builder.json["pipelines"][0]
    for table in pipeline["tables"]:
        table["next_tables"] = dict.fromkeys(table["next_tables"])
    pipeline["conditionals"] = [
        {
            "name": f"c{value}",
            "id": value,
            "expression": op("==", A, number(value)),
            "true_next": f"tbl_p{value}",
            "false_next": f"c{value + 1}" if value < 149 else None,
        }
        for value in range(150)
    ]
    pipeline["init_table"] = "c0"
    loaded = load_pipeline(builder.text())
    assert [port(loaded, value) for value in (0, 77, 149, 200)] == [0, 77, 149, 0]


def test_nesting_that_python_cannot_hold_is_refused():
    builder = one_byte()
    pipeline = builder.json["pipelines"][0]
    builder.run("deep", set_port(1)).run("out", add_port(1))
    for table in pipeline["tables"]:
        table["next_tables"] = dict.fromkeys(table["next_tables"])
    pipeline["conditionals"] = [
        {
            "name": f"c{level}",
            "id": level,
            "expression": op("!=", A, number(level)),
            "true_next": f"c{level + 1}" if level < 119 else "tbl_deep",
            "false_next": "tbl_out",
        }
        for level in range(120)
    ]
    pipeline["init_table"] = "c0"
    with pytest.raises(UnsupportedProgramError, match="nested more than"):
        load_pipeline(builder.text())


def test_a_cycle_is_malformed():
    builder = one_byte().run("a", set_port(1)).run("b", set_port(2))
    builder.json["pipelines"][0]["tables"][1]["next_tables"]["b"] = "tbl_a"
    with pytest.raises(MalformedProgramError, match="pipeline 'ingress' comes back to 'tbl_a'"):
        load_pipeline(builder.text())


def test_port_511_drops_in_ingress_and_in_egress():
    drop = call("mark_to_drop", header("standard_metadata"))
    assert load_pipeline(ethernet().run("x", set_port(511)).text()).process(1, bytes(14), 0) == []
    assert load_pipeline(ethernet().run("x", drop).text()).process(1, bytes(14), 0) == []
    assert load_pipeline(ethernet().run("x", drop, egress=True).text()).process(1, bytes(14), 0) == []


def test_egress_spec_is_reset_before_egress_and_does_not_redirect_there():
    builder = one_byte().run("in", set_port(7))
    builder.run("out", assign(A, op("+", standard("egress_spec"), standard("egress_port"))), set_port(9), egress=True)
    assert load_pipeline(builder.text()).process(0, b"\xff", 0) == [(7, b"\x07")]


def test_what_the_architecture_tells():
    names = ("ingress_port", "egress_port", "packet_length", "instance_type", "egress_rid")
    builder = Builder().header("h", a=8).header("t", **dict.fromkeys(names, 16)).state("start", [extract("h")])
    builder.run("in", set_port(3), call("add_header", header("t")), call("remove_header", header("h")))
    tell = [assign(field("t", name), standard(name)) for name in names]
    builder.run("tell", *tell, egress=True)
    pipeline = load_pipeline(builder.text())

    def told(port: int, frame: bytes) -> list[list[int]]:
        sent = pipeline.process(port, frame, 0)
        return [[int.from_bytes(out[i : i + 2]) for i in range(0, 10, 2)] for _, out in sent]

    # Ten octets of header more and one less than came in: BMv2 counts what setValid and setInvalid do in ingress.
    assert told(5, bytes(21)) == [[5, 3, 30, 0, 0]]


def test_packet_length_in_ingress_is_the_frame():
    builder = one_byte().run("in", assign(standard("egress_spec"), standard("packet_length")))
    assert load_pipeline(builder.text()).process(0, bytes(77), 0) == [(77, bytes(77))]


def replicating() -> Builder:
    builder = Builder().header("h", a=8, b=8, c=16).state("start", [extract("h")])
    builder.run("in", assign(standard("mcast_grp"), field("h", "a")), set_port(4))
    return builder.run(
        "out",
        assign(field("h", "a"), op("+", field("h", "a"), standard("egress_port"))),
        assign(field("h", "b"), standard("instance_type")),
        assign(field("h", "c"), standard("egress_rid")),
        egress=True,
    )


def test_multicast_copies_are_apart_and_go_before_egress_spec():
    pipeline = load_pipeline(replicating().text())
    pipeline.replication.insert(16, ((1, 0x101), (2, 0x202), (1, 0x303)))
    assert pipeline.process(0, b"\x10\x00\x00\x00x", 0) == [
        (1, b"\x11\x05\x01\x01x"),
        (2, b"\x12\x05\x02\x02x"),
        (1, b"\x11\x05\x03\x03x"),
    ]
    assert pipeline.process(0, b"\x00\x00\x00\x00x", 0) == [(4, b"\x04\x00\x00\x00x")]


def test_an_unknown_group_makes_no_copies():
    pipeline = load_pipeline(replicating().text())
    assert pipeline.process(0, b"\x10\x00\x00\x00", 0) == []
    pipeline.replication.insert(16, ())
    assert pipeline.process(0, b"\x10\x00\x00\x00", 0) == []
    pipeline.replication.modify(16, ((9, 9),))
    assert pipeline.process(0, b"\x10\x00\x00\x00", 0) == [(9, b"\x19\x05\x00\x09")]
    pipeline.replication.delete(16)
    assert pipeline.process(0, b"\x10\x00\x00\x00", 0) == []


def test_egress_may_drop_some_copies():
    builder = one_byte().run("in", assign(standard("mcast_grp"), number(1)))
    builder.condition("c", op("==", standard("egress_rid"), number(2)), "tbl_drop", None, egress=True)
    builder.run("drop", call("mark_to_drop", header("standard_metadata")), egress=True)
    builder.json["pipelines"][1]["init_table"] = "c"
    pipeline = load_pipeline(builder.text())
    pipeline.replication.insert(1, ((1, 1), (2, 2), (3, 3)))
    assert [port for port, _ in pipeline.process(0, b"x", 0)] == [1, 3]

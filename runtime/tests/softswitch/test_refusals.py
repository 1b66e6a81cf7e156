# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What is not supported is refused when the program is loaded, by name; what is broken says where."""

import json

import pytest

from p4dmm.softswitch.errors import MalformedProgramError, UnsupportedProgramError
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
    key,
    meta,
    number,
    op,
    param,
    standard,
)


def refused(builder: Builder, text: str) -> None:
    with pytest.raises(UnsupportedProgramError, match=text):
        load_pipeline(builder.text())


def malformed(builder: Builder, text: str) -> None:
    with pytest.raises(MalformedProgramError, match=text):
        load_pipeline(builder.text())


@pytest.mark.parametrize(
    "primitive",
    [
        "assign_VL",
        "assign_union",
        "clone_ingress_pkt_to_egress",
        "resubmit",
        "recirculate",
        "truncate",
        "generate_digest",
        "register_read",
        "register_write",
        "modify_field_rng_uniform",
        "push",
        "pop",
        "assert",
    ],
)
def test_primitives(primitive):
    refused(
        ethernet().action("Dmm.foo", [], call(primitive)),
        rf"primitive '{primitive}' in action 'Dmm.foo' is not supported \(supported: assign, ",
    )


@pytest.mark.parametrize(
    ("section", "feature"),
    [
        ("header_stacks", "header stack"),
        ("header_unions", "header union"),
        ("header_union_stacks", "stack of header unions"),
        ("parse_vsets", "parser value set"),
        ("register_arrays", "register"),
        ("learn_lists", "digest"),
        ("extern_instances", "extern instance"),
    ],
)
def test_sections(section, feature):
    builder = ethernet()
    builder.json[section] = [{"name": "thing"}]
    refused(builder, f"{feature} 'thing' in the program")


def with_table(**changes) -> Builder:
    builder = ethernet().action("a", []).table("t", [key("exact", field("ethernet", "type"))], ["a"], "a")
    builder.json["pipelines"][0]["tables"][1] |= changes
    return builder


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"type": "direct"}, r"implementation 'direct' in table 't' .*simple, indirect, indirect_ws"),
        ({"direct_meters": "m"}, "direct meter 'm' in table 't'"),
    ],
)
def test_tables(changes, text):
    refused(with_table(**changes), text)


def test_keys():
    builder = with_table()
    builder.json["pipelines"][0]["tables"][1]["key"][0]["match_type"] = "valid"
    refused(builder, r"match kind 'valid' in table 't' .*exact, lpm, ternary, range")


def with_profile(selector: dict | None = None, **changes) -> Builder:
    builder = with_table(type="indirect" if selector is None else "indirect_ws", action_profile="p")
    table = builder.json["pipelines"][0]["tables"][1]
    del table["default_entry"]
    table |= changes
    profile = {"name": "p", "max_size": 8} | ({} if selector is None else {"selector": selector})
    builder.json["pipelines"][0]["action_profiles"] = [profile]
    return builder


def test_action_profiles():
    load_pipeline(with_profile().text())
    load_pipeline(with_profile({"algo": "crc16", "input": [field("ethernet", "src")]}).text())
    entry = {"match_key": [{"match_type": "exact", "key": "0x1"}], "action_entry": {"action_id": 0, "action_data": []}}
    refused(with_profile(entries=[entry]), "an entry of the program, with an action profile in table 't'")
    for algorithm in ("xxh64", "crcCCITT", "random", "round_robin", "crc16_custom"):
        refused(
            with_profile({"algo": algorithm, "input": []}),
            f"algorithm '{algorithm}' in action profile 'p'",
        )
    malformed(with_profile(action_profile="q"), "table 't': there is no action profile 'q'")
    malformed(with_profile(type="indirect_ws"), "action profile 'p' has no selector")
    builder = with_profile().action("b", [])
    builder.table("u", [key("exact", field("ethernet", "type"))], ["b"], "b")
    builder.json["pipelines"][0]["tables"][2] |= {"type": "indirect", "action_profile": "p"}
    refused(builder, "action profile 'p' of tables whose actions differ")


def meter(**changes) -> Builder:
    builder = ethernet().metadata(m=2)
    builder.json["meter_arrays"] = [
        {"name": "m", "is_direct": False, "size": 4, "rate_count": 2, "type": "bytes"} | changes
    ]
    array = {"type": "meter_array", "value": "m"}
    return builder.run("x", call("execute_meter", array, number(1), meta("m")))


def test_meters():
    load_pipeline(meter().text())
    refused(meter(is_direct=True), "direct meter 'm' in the program")
    refused(meter(rate_count=1), "a rate count of 1 in meter 'm'")
    refused(meter(type="bits"), "type 'bits' in meter 'm' is not supported .*packets, bytes")
    malformed(meter(name="other"), "action 'x': there is no meter 'm'")


def hashing(algorithm: str, *inputs: dict) -> Builder:
    builder = ethernet().metadata(m=16)
    builder.json["calculations"].append({"name": "c", "id": 0, "algo": algorithm, "input": list(inputs)})
    calculation = {"type": "calculation", "value": "c"}
    return builder.run("x", call("modify_field_with_hash_based_offset", meta("m"), number(0), calculation, number(9)))


def test_hashes():
    load_pipeline(hashing("crc16", field("ethernet", "type")).text())
    for algorithm in ("xxh64", "crcCCITT", "crc32_custom", "random", "toeplitz", "round_robin"):
        refused(
            hashing(algorithm), rf"algorithm '{algorithm}' in calculation 'c' .*crc16, crc32, csum16, identity, xor16"
        )
    refused(hashing("crc16", {"type": "payload"}), "input of type 'payload' of a hash in calculation 'c'")
    bits = {"type": "hexstr", "value": "0x1", "bitwidth": 3}
    refused(hashing("crc16", bits, header("ethernet")), "header 'ethernet' after 3 bits in calculation 'c'")
    builder = hashing("crc16")
    builder.json["calculations"] = []
    malformed(builder, "action 'x': there is no calculation 'c'")


def test_expressions():
    refused(
        ethernet().run("x", assign(meta("m"), op("/", number(1), number(2)))).metadata(m=8),
        "operation '/' in action 'x'",
    )
    refused(
        ethernet().run("x", assign(standard("egress_spec"), {"type": "register", "value": ["r", 0]})),
        "operand type 'register'",
    )
    refused(
        ethernet().condition("c", op("==", header("ethernet"), header("ethernet")), None, None),
        "comparison '==' of headers",
    )
    refused(ethernet().run("x", call("assign", header("ethernet"), number(0))), "assignment to a 'header'")
    refused(ethernet().run("x", call("add_header", number(0))), "a 'hexstr' where a header stands")
    refused(ethernet().run("x", call("add_header", header("scalars"))), "metadata 'scalars' used as a packet header")


def test_bits_ahead_outside_the_parser_and_shifts_by_who_knows_what():
    ahead = {"type": "lookahead", "value": [0, 8]}
    refused(ethernet().run("x", assign(standard("egress_spec"), ahead)), "operand type 'lookahead' in action 'x'")
    negative = op("-", number(1), field("ethernet", "type"))
    for shift in ("<<", ">>"):
        refused(
            ethernet().run("x", assign(standard("egress_spec"), op(shift, number(1), negative))),
            f"operation '{shift}' by",
        )


def test_jumping_back():
    refused(ethernet().run("x", call("exit"), call("_jump", number(0))), "a loop in action 'x'")


@pytest.mark.parametrize(
    ("parser_op", "text"),
    [
        ({"op": "extract_VL", "parameters": []}, "parser operation 'extract_VL' in parser state 's'"),
        ({"op": "shift", "parameters": []}, "parser operation 'shift' in parser state 's'"),
        ({"op": "extract", "parameters": [{"type": "stack", "value": "x"}]}, "extract into a 'stack'"),
        ({"op": "advance", "parameters": [number(4)]}, "advance by 4 bits"),
        ({"op": "advance", "parameters": [field("ethernet", "type")]}, "advance by a computed amount"),
        ({"op": "primitive", "parameters": [call("exit")]}, "primitive 'exit' in parser state 's'"),
        (
            {"op": "set", "parameters": [field("ethernet", "type"), {"type": "lookahead", "value": [8, 8]}]},
            "lookahead of 8 bits at bit 8",
        ),
    ],
)
def test_parser_operations(parser_op, text):
    refused(ethernet().state("s", [parser_op]), text)


def test_parser_transitions():
    refused(
        ethernet().state(
            "s", [], [field("ethernet", "type")], {"type": "parse_vset", "value": "v", "next_state": None}
        ),
        "transition of type 'parse_vset' in parser state 's'",
    )
    refused(
        ethernet().state("s", [], [{"type": "stack_field", "value": ["a", "b"]}]), "a 'stack_field' in a transition key"
    )


def test_parsers_that_unroll_without_end():
    builder = Builder().header("h", a=8)
    for level in range(12):
        ways = [{"type": "hexstr", "value": hex(v), "mask": None, "next_state": f"s{level + 1}"} for v in (1, 2)]
        builder.state(f"s{level}", [extract("h")], [field("h", "a")], *ways)
    builder.state("s12", [])
    builder.json["parsers"][0]["init_state"] = "s0"
    refused(builder, "more than 2000 ways")


def test_fields():
    for shape, text in [(["v", "*"], "variable-length field 'v'"), (["s", 8, True], "signed or saturating field 's'")]:
        builder = ethernet()
        builder.json["header_types"][1]["fields"].append(shape)
        refused(builder, f"{text} in header type 'scalars_0'")


def test_time():
    builder = ethernet().run("x", assign(standard("egress_spec"), standard("ingress_global_timestamp")))
    refused(builder, "reading 'standard_metadata.ingress_global_timestamp'")


def test_checksums():
    builder = ethernet().checksum(field("ethernet", "type"), [], None, False, True)
    builder.json["calculations"][0]["algo"] = "crc32"
    refused(builder, "algorithm 'crc32' in calculation 'calc_0'")
    builder.json["calculations"][0] |= {"algo": "csum16", "input": [{"type": "stack", "value": "x"}]}
    refused(builder, "input of type 'stack'")
    builder.json["checksums"][0]["type"] = "ipv4"
    refused(builder, "checksum type 'ipv4' in checksum 'cksum_0'")
    refused(ethernet().metadata(m=16).checksum(meta("m"), [], None, False, True), "target 'scalars.m' in metadata")


def test_shape_of_the_program():
    builder = ethernet()
    builder.json["__meta__"]["version"] = [3, 0]
    refused(builder, "format version 3")
    builder = ethernet()
    builder.json["parsers"] *= 2
    refused(builder, "2 elements of 'parsers'")
    builder = ethernet()
    builder.json["deparsers"][0]["primitives"] = [call("exit")]
    refused(builder, "a primitive in the deparser")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", b"\xff\xfe", "{}", '{"__meta__": 1}', '{"__meta__": {"version": 2}}']
)
def test_texts_that_are_no_program(text):
    with pytest.raises(MalformedProgramError):
        load_pipeline(text)


def test_every_part_of_a_program_may_be_missing_or_of_another_type():
    """Whatever is taken away or put in, the loader answers with an error of its own, or loads."""
    whole = with_table().condition("c", op("==", field("ethernet", "type"), number(1)), None, None)
    whole.json |= {section: meter().json[section] for section in ("meter_arrays",)}
    whole.json["calculations"] += hashing("crc16", field("ethernet", "src"), header("ethernet")).json["calculations"]
    whole.json["pipelines"][0]["action_profiles"] = [
        {"name": "p", "max_size": 8, "selector": {"algo": "crc16", "input": [field("ethernet", "src")]}}
    ]
    array, calculation = {"type": "meter_array", "value": "m"}, {"type": "calculation", "value": "c"}
    whole.metadata(m=16).action(
        "both",
        [32],
        call("execute_meter", array, param(0), meta("m")),
        call("modify_field_with_hash_based_offset", meta("m"), number(0), calculation, number(9)),
    )
    whole.table("u", [key("exact", field("ethernet", "dst"))], ["both"], "both", 0)
    whole.json["pipelines"][0]["tables"][-1] |= {
        "type": "indirect_ws",
        "action_profile": "p",
        "support_timeout": True,
        "default_entry": None,
    }
    whole.counter("n", 3).checksum(field("ethernet", "type"), [field("ethernet", "dst")], None, True, True)
    text = whole.text()

    def places(node, path=()):
        if path:
            yield path
        steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for step, child in steps:
            yield from places(child, (*path, step))

    failures = 0
    for path in list(places(json.loads(text))):
        for damage in ("delete", None, 7, "x", [], {}):
            program = json.loads(text)
            node = program
            for step in path[:-1]:
                node = node[step]
            if damage == "delete":
                del node[path[-1]]
            else:
                node[path[-1]] = damage
            try:
                load_pipeline(json.dumps(program))
            except (MalformedProgramError, UnsupportedProgramError):
                failures += 1
    assert failures > 500


@pytest.mark.parametrize(
    ("builder", "text"),
    [
        (
            ethernet().run("x", assign(field("ethernet", "nope"), number(0))),
            "action 'x': there is no field 'ethernet.nope'",
        ),
        (ethernet().run("x", call("add_header", header("nope"))), "action 'x': there is no header 'nope'"),
        (ethernet().run("x", assign(standard("egress_spec"), param(0))), "action 'x': there is no action parameter 0"),
        (ethernet().run("x", call("assign", standard("egress_spec"))), "primitive 'assign' has 1 parameters"),
        (
            ethernet().run("x", call("count", {"type": "counter_array", "value": "c"}, number(0))),
            "there is no counter 'c'",
        ),
        (ethernet().run("x", call("_jump", standard("egress_spec"))), "a jump has no constant target"),
        (ethernet().condition("c", number(1), None, None), "expected a truth value"),
        (
            ethernet().condition("c", op("==", boolean(True), number(1)), None, None),
            "compares a number with a truth value",
        ),
        (ethernet().condition("c", op("d2b", None, boolean(True)), None, None), "expected a number"),
        (ethernet().condition("c", op("<", None, number(1)), None, None), "operation '<' has no left operand"),
        (ethernet().condition("c", op("not", None, None), None, None), "operation 'not' has no right operand"),
        (
            ethernet().condition("c", op("?", boolean(True), boolean(True)), None, None),
            "operation '\\?' lacks an operand",
        ),
        (
            ethernet().condition("c", op("==", op("usat_cast", number(1), number(0)), number(1)), None, None),
            "no positive constant",
        ),
        (ethernet().condition("c", boolean(True), "nope", None), "there is no table or condition 'nope'"),
        (ethernet().condition("c", op("?", boolean(True), number(1), boolean(True)), None, None), "chooses between"),
        (ethernet().state("s", [{"op": "extract", "parameters": []}]), "parser operation 'extract' has 0 parameters"),
        (ethernet().state("s", [], None, {"type": "hexstr", "value": "0x1", "next_state": None}), "there is no key"),
        (
            ethernet().state("s", [], None, {"type": "default", "value": None, "next_state": "t"}),
            "there is no state 't'",
        ),
        (ethernet().header("odd", a=3), "header 'odd': its length is no whole number of octets"),
        (ethernet().header("gone", "gone_t"), "there is no header type 'gone_t'"),
        (ethernet().header("zero", a=0), "field 'a' has no width"),
        (
            Builder().header("a", x=8).header("b", y=8).run("x", call("assign_header", header("a"), header("b"))),
            "headers 'a' and 'b' are of different types",
        ),
        (ethernet().action("a", [4]).table("t", [], ["a"], "a", 99), "parameter 1 = 0x63 exceeds 4 bits"),
    ],
)
def test_references_and_operands_that_do_not_fit(builder, text):
    malformed(builder, text)


def test_more_that_does_not_fit():
    builder = ethernet()
    builder.json["header_types"][0]["fields"] = [["ingress_port", 9, False]]
    builder.json["field_aliases"] = []
    builder.json["pipelines"][0] |= {"init_table": None, "tables": []}
    builder.json["actions"] = []
    malformed(builder, "there is no field 'standard_metadata.egress_port'")
    builder = ethernet()
    builder.json["header_types"][1]["fields"] = [["twice", 8], ["twice", 8]]
    malformed(builder, "two fields have one name")
    builder = ethernet().run("x", assign(standard("egress_spec"), standard("parser_error")))
    builder.json["errors"] = []
    malformed(builder, "no error 'PacketTooShort'")
    builder = with_table(entries=[{"match_key": [], "action_entry": {"action_id": 0, "action_data": []}}])
    malformed(builder, "0 match values for 1 keys")
    row = {"match_key": [{"match_type": "lpm"}], "action_entry": {"action_id": 0, "action_data": []}}
    malformed(with_table(entries=[row]), "an entry matches key 'ethernet.type' lpm, which is matched exact")

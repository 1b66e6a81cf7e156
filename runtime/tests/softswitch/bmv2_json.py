# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""BMv2 JSON by hand: the smallest program that is complete, and words to add one construct to it.

The tests need shapes that p4c emits rarely, and must run where there is no p4c.
"""

import json
from typing import Any

STANDARD = [
    ("ingress_port", 9),
    ("egress_spec", 9),
    ("egress_port", 9),
    ("instance_type", 32),
    ("packet_length", 32),
    ("enq_timestamp", 32),
    ("ingress_global_timestamp", 48),
    ("mcast_grp", 16),
    ("egress_rid", 16),
    ("checksum_error", 1),
    ("parser_error", 32),
    ("priority", 3),
    ("_padding", 3),
]
ERRORS = ["NoError", "PacketTooShort", "NoMatch", "StackOutOfBounds", "HeaderTooShort", "ParserTimeout", "Bad"]

Json = dict[str, Any]


def field(header: str, name: str) -> Json:
    return {"type": "field", "value": [header, name]}


def standard(name: str) -> Json:
    return field("standard_metadata", name)


def meta(name: str) -> Json:
    return field("scalars", name)


def number(value: int) -> Json:
    return {"type": "hexstr", "value": hex(value)}


def boolean(value: bool) -> Json:
    return {"type": "bool", "value": value}


def param(index: int) -> Json:
    return {"type": "runtime_data", "value": index}


def local(index: int) -> Json:
    return {"type": "local", "value": index}


def header(name: str) -> Json:
    return {"type": "header", "value": name}


def op(name: str, left: Json | None, right: Json, cond: Json | None = None) -> Json:
    value = {"op": name, "left": left, "right": right} | ({"cond": cond} if cond else {})
    return {"type": "expression", "value": value}


def valid(name: str) -> Json:
    return op("d2b", None, field(name, "$valid$"))


def call(name: str, *parameters: Json) -> Json:
    return {"op": name, "parameters": list(parameters)}


def assign(target: Json, value: Json) -> Json:
    return call("assign", target, {"type": "expression", "value": value})


def extract(name: str) -> Json:
    return {"op": "extract", "parameters": [{"type": "regular", "value": name}]}


def default(target: str | None) -> Json:
    return {"type": "default", "value": None, "mask": None, "next_state": target}


def case(value: int, target: str | None, mask: int | None = None) -> Json:
    text = None if mask is None else hex(mask)
    return {"type": "hexstr", "value": hex(value), "mask": text, "next_state": target}


def key(kind: str, target: Json, name: str | None = None) -> Json:
    words = target["value"]
    return {"match_type": kind, "name": name or ".".join(words), "target": words, "mask": None}


class Builder:
    """A program that sends every packet where egress_spec says, without looking at it."""

    def __init__(self) -> None:
        self.json: Json = {
            "__meta__": {"version": [2, 23], "compiler": "by hand"},
            "header_types": [
                {"name": "standard_metadata", "id": 0, "fields": [[n, w, False] for n, w in STANDARD]},
                {"name": "scalars_0", "id": 1, "fields": []},
            ],
            "headers": [
                {"name": "scalars", "id": 0, "header_type": "scalars_0", "metadata": True},
                {"name": "standard_metadata", "id": 1, "header_type": "standard_metadata", "metadata": True},
            ],
            "errors": [[name, number] for number, name in enumerate(ERRORS)],
            "parsers": [{"name": "parser", "id": 0, "init_state": "start", "parse_states": []}],
            "deparsers": [{"name": "deparser", "id": 0, "order": [], "primitives": []}],
            "counter_arrays": [],
            "calculations": [],
            "checksums": [],
            "actions": [],
            "pipelines": [
                {"name": "ingress", "init_table": None, "tables": [], "conditionals": [], "action_profiles": []},
                {"name": "egress", "init_table": None, "tables": [], "conditionals": [], "action_profiles": []},
            ],
            "field_aliases": [
                [f"intrinsic_metadata.{name}", ["standard_metadata", name]] for name in ("mcast_grp", "egress_rid")
            ],
        }
        self._tails: dict[int, list[tuple[Json, str]]] = {0: [], 1: []}

    # --- headers and parser

    def header_type(self, name: str, /, **fields: int) -> "Builder":
        self.json["header_types"].append({"name": name, "id": 9, "fields": [[f, w, False] for f, w in fields.items()]})
        return self

    def header(self, name: str, kind: str | None = None, /, **fields: int) -> "Builder":
        if kind is None:
            kind = f"{name}_t"
            self.header_type(kind, **fields)
        number = len(self.json["headers"])
        self.json["headers"].append({"name": name, "id": number, "header_type": kind, "metadata": False})
        self.json["deparsers"][0]["order"].append(name)
        return self

    def metadata(self, **fields: int) -> "Builder":
        self.json["header_types"][1]["fields"] += [[f, w, False] for f, w in fields.items()]
        return self

    def state(self, name: str, ops: list[Json], keys: list[Json] | None = None, *ways: Json) -> "Builder":
        self.json["parsers"][0]["parse_states"].append(
            {
                "name": name,
                "id": len(self.json["parsers"][0]["parse_states"]),
                "parser_ops": ops,
                "transition_key": keys or [],
                "transitions": list(ways) or [default(None)],
            }
        )
        return self

    # --- actions and control

    def action(self, name: str, params: list[int], *primitives: Json) -> "Builder":
        self.json["actions"].append(
            {
                "name": name,
                "id": len(self.json["actions"]),
                "runtime_data": [{"name": f"p{i}", "bitwidth": width} for i, width in enumerate(params)],
                "primitives": list(primitives),
            }
        )
        return self

    def _action_id(self, name: str) -> int:
        return next(action["id"] for action in self.json["actions"] if action["name"] == name)

    def table(
        self,
        name: str,
        keys: list[Json],
        actions: list[str],
        default_action: str,
        *params: int,
        const: bool = False,
        size: int = 1024,
        counters: bool = False,
        entries: list[Json] | None = None,
        ways: Json | None = None,
        egress: bool = False,
    ) -> "Builder":
        table = {
            "name": name,
            "id": 0,
            "key": keys,
            "match_type": "exact",
            "type": "simple",
            "max_size": size,
            "with_counters": counters,
            "support_timeout": False,
            "direct_meters": None,
            "action_ids": [self._action_id(action) for action in actions],
            "actions": actions,
            "base_default_next": None,
            "next_tables": dict.fromkeys(actions) if ways is None else ways,
            "default_entry": {
                "action_id": self._action_id(default_action),
                "action_const": const,
                "action_data": [hex(value) for value in params],
                "action_entry_const": const,
            },
        }
        if entries is not None:
            table["entries"] = entries
        self._chain(egress, table, "tables")
        return self

    def run(self, name: str, *primitives: Json, egress: bool = False) -> "Builder":
        """Statements in the body of a control: an action and the keyless table that calls it."""
        self.action(name, [], *primitives)
        return self.table(f"tbl_{name}", [], [name], name, const=True, egress=egress)

    def condition(self, name: str, expr: Json, yes: str | None, no: str | None, egress: bool = False) -> "Builder":
        node = {"name": name, "id": 0, "expression": expr, "true_next": yes, "false_next": no}
        self._chain(egress, node, "conditionals")
        return self

    def _chain(self, egress: bool, node: Json, section: str) -> None:
        """Nodes follow one another in the order they were added, where they do not say otherwise."""
        pipeline = self.json["pipelines"][int(egress)]
        pipeline[section].append(node)
        if pipeline["init_table"] is None:
            pipeline["init_table"] = node["name"]
        for previous, kind in self._tails[int(egress)]:
            if kind == "tables":
                previous["next_tables"] = {
                    way: node["name"] if target is None else target for way, target in previous["next_tables"].items()
                }
        self._tails[int(egress)] = [(node, section)]

    def counter(self, name: str, size: int) -> "Builder":
        self.json["counter_arrays"].append({"name": name, "id": 0, "size": size, "is_direct": False})
        return self

    def checksum(self, target: Json, inputs: list[Json], cond: Json | None, verify: bool, update: bool) -> "Builder":
        number = len(self.json["checksums"])
        self.json["calculations"].append({"name": f"calc_{number}", "id": number, "algo": "csum16", "input": inputs})
        self.json["checksums"].append(
            {
                "name": f"cksum_{number}",
                "id": number,
                "target": target["value"],
                "type": "generic",
                "calculation": f"calc_{number}",
                "verify": verify,
                "update": update,
                "if_cond": cond,
            }
        )
        return self

    def text(self) -> str:
        return json.dumps(self.json)


def ethernet() -> Builder:
    """Ethernet, extracted; everything goes to port 2."""
    return (
        Builder()
        .header("ethernet", dst=48, src=48, type=16)
        .state("start", [extract("ethernet")])
        .run("to_2", assign(standard("egress_spec"), number(2)))
    )

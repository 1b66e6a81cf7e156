# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""simple_switch, the slow way: walks the JSON for every packet and looks at every row of a table.

An independent second opinion on the generated code. It shares the tables' rows with the pipeline under test and nothing
else: no reader, no analysis of what is used, fields as a dictionary.
"""

from fractions import Fraction
from typing import Any

from p4dmm.softswitch.pipeline import Pipeline
from p4dmm.softswitch.tables import Entry, Exact, IndirectEntry, Lpm, MemberRef, Range, Ternary

Phv = dict[tuple[str, str], int]
VALID = "$valid$"


class ParseError(Exception):
    pass


class Reference:
    def __init__(self, program: dict[str, Any], pipeline: Pipeline) -> None:
        self.program = program
        self.pipeline = pipeline
        types = {kind["name"]: [(f[0], f[1]) for f in kind["fields"]] for kind in program["header_types"]}
        self.fields = {h["name"]: types[h["header_type"]] for h in program["headers"]}
        self.metadata = {h["name"] for h in program["headers"] if h["metadata"]}
        self.widths = {(h, f): width for h, fields in self.fields.items() for f, width in fields}
        self.actions_by_id = {action["id"]: action for action in program["actions"]}
        self.errors = dict(program["errors"])
        self.counted: dict[tuple[str, int], tuple[int, int]] = {}
        self.meters: dict[tuple[str, int], list[Fraction]] = {}
        self.hits: dict[tuple[str, Any, int], int] = {}

    def process(self, port: int, frame: bytes, now_ns: int) -> list[tuple[int, bytes]]:
        self.frame, self.now = frame, now_ns
        phv: Phv = dict.fromkeys(self.widths, 0) | {(h, VALID): int(h in self.metadata) for h in self.fields}
        std = "standard_metadata"
        phv[std, "ingress_port"] = port
        phv[std, "packet_length"] = self.length = len(frame)
        rest, error = self.parse(phv)
        if (std, "parser_error") in phv:
            phv[std, "parser_error"] = self.errors[error] if isinstance(error, str) else error
        wrong = [c for c in self.program["checksums"] if c.get("verify", True) and not self.verified(phv, c, rest)]
        phv[std, "checksum_error"] = int(bool(wrong))
        self.pipeline_of("ingress", phv)
        if phv.get((std, "mcast_grp")):
            phv[std, "instance_type"] = 5
            replicas = self.pipeline.replication.get(phv[std, "mcast_grp"]) or ()
            copies = [(p, dict(phv) | {(std, "egress_rid"): rid}) for p, rid in replicas]
        elif phv[std, "egress_spec"] == 511:
            copies = []
        else:
            copies = [(phv[std, "egress_spec"], phv)]
        out = []
        for egress_port, copy in copies:
            copy |= {(std, "egress_port"): egress_port, (std, "egress_spec"): 0, (std, "packet_length"): self.length}
            self.pipeline_of("egress", copy)
            if copy[std, "egress_spec"] != 511:
                out.append((egress_port, self.deparse(copy, rest)))
        return out

    # --- parser, checksums, deparser

    def parse(self, phv: Phv) -> tuple[int, str | int]:
        states = {state["name"]: state for state in self.program["parsers"][0]["parse_states"]}
        name = self.program["parsers"][0]["init_state"]
        self.at = 0
        try:
            while name is not None:
                for step in states[name]["parser_ops"]:
                    self.parser_op(phv, step["op"], step["parameters"])
                name = self.transition(phv, states[name])
        except ParseError as error:
            return self.at, error.args[0]
        return self.at, "NoError"

    def need(self, octets: int) -> bytes:
        if len(self.frame) - self.at < octets:
            raise ParseError("PacketTooShort")
        return self.frame[self.at : self.at + octets]

    def parser_op(self, phv: Phv, op: str, args: list[Any]) -> None:
        if op == "extract":
            header = args[0]["value"]
            total = sum(width for _, width in self.fields[header])
            bits = "".join(f"{octet:08b}" for octet in self.need(total // 8))
            for field, width in self.fields[header]:
                phv[header, field], bits = int(bits[:width], 2), bits[width:]
            phv[header, VALID] = 1
            self.at += total // 8
        elif op == "set":
            self.store(phv, args[0]["value"], self.value(phv, args[1], ()))
        elif op == "verify":
            if not self.value(phv, args[0], ()):
                raise ParseError(self.value(phv, args[1], ()))
        elif op == "advance":
            self.need(self.value(phv, args[0], ()) // 8)
            self.at += self.value(phv, args[0], ()) // 8
        else:
            self.primitive(phv, args[0]["op"], args[0]["parameters"], ())

    def transition(self, phv: Phv, state: dict[str, Any]) -> str | None:
        key = b""
        for part in state["transition_key"]:
            width = part["value"][1] if part["type"] == "lookahead" else self.widths.get(tuple(part["value"]), 1)
            key += self.value(phv, part, ()).to_bytes((width + 7) // 8)
        for way in state["transitions"]:
            if way["type"] == "default":
                return way["next_state"]
            mask = -1 if way["mask"] is None else int(way["mask"], 16)
            if int.from_bytes(key) & mask == int(way["value"], 16) & mask:
                return way["next_state"]
        return None

    def csum16(self, phv: Phv, checksum: dict[str, Any], rest: int) -> int:
        calculation = next(c for c in self.program["calculations"] if c["name"] == checksum["calculation"])
        return _ones_complement(self.bits(phv, calculation["input"], rest))

    def bits(self, phv: Phv, inputs: list[dict[str, Any]], rest: int) -> str:
        bits = ""
        for part in inputs:
            value = part["value"]
            if part["type"] == "payload":
                bits += "".join(f"{octet:08b}" for octet in self.frame[rest:])
            elif part["type"] == "hexstr":
                bits += f"{int(value, 16):0{part['bitwidth']}b}"
            else:
                header, wanted = (value, None) if part["type"] == "header" else value
                if phv[header, VALID]:
                    bits += "".join(f"{phv[header, f]:0{w}b}" for f, w in self.fields[header] if wanted in (None, f))
        return bits

    def wanted(self, phv: Phv, checksum: dict[str, Any]) -> bool:
        return checksum["if_cond"] is None or bool(self.value(phv, checksum["if_cond"], ()))

    def verified(self, phv: Phv, checksum: dict[str, Any], rest: int) -> bool:
        header, field = checksum["target"]
        if not phv[header, VALID] or not self.wanted(phv, checksum):
            return True
        return phv[header, field] == self.csum16(phv, checksum, rest)

    def deparse(self, phv: Phv, rest: int) -> bytes:
        for checksum in self.program["checksums"]:
            if checksum.get("update", True) and self.wanted(phv, checksum):
                self.store(phv, checksum["target"], self.csum16(phv, checksum, rest))
        out = b""
        for header in self.program["deparsers"][0]["order"]:
            if phv[header, VALID]:
                bits = "".join(f"{phv[header, field]:0{width}b}" for field, width in self.fields[header])
                out += int(bits, 2).to_bytes(len(bits) // 8)
        return out + self.frame[rest:]

    # --- control

    def pipeline_of(self, name: str, phv: Phv) -> None:
        control = next(p for p in self.program["pipelines"] if p["name"] == name)
        tables = {table["name"]: table for table in control["tables"]}
        conditions = {condition["name"]: condition for condition in control["conditionals"]}
        node = control["init_table"]
        self.leaving = False
        while node is not None and not self.leaving:
            if node in conditions:
                holds = self.value(phv, conditions[node]["expression"], ())
                node = conditions[node]["true_next" if holds else "false_next"]
            else:
                node = self.apply(phv, tables[node])
        self.leaving = False

    def apply(self, phv: Phv, table: dict[str, Any]) -> str | None:
        live = self.pipeline.tables[table["name"]]
        values = [self.key(phv, *key["target"]) & int(key["mask"] or "-1", 16) for key in table["key"]]
        best: tuple[int, Entry | IndirectEntry] | None = None
        for row in live.entries() if values else ():
            if all(_hits(*pair, key.width) for *pair, key in zip(row.match, values, live.keys, strict=True)):
                rank = row.priority or sum(part.prefix_len for part in row.match if isinstance(part, Lpm))
                if best is None or rank > best[0]:
                    best = (rank, row)
        if best is not None:
            self.hits[table["name"], best[1].match, best[1].priority] = self.now
        name, params = self.found(phv, table, best[1] if best else None)
        # A name may have copies, made by p4c; a table offers one of them.
        actions = {self.actions_by_id[number]["name"]: self.actions_by_id[number] for number in table["action_ids"]}
        if name is not None:
            self.run(phv, actions[name], params)
        ways = table["next_tables"]
        if "__HIT__" in ways or "__MISS__" in ways:
            return ways.get("__HIT__" if best else "__MISS__", table["base_default_next"])
        return table["base_default_next"] if name is None else ways[name]

    def found(
        self, phv: Phv, table: dict[str, Any], row: Entry | IndirectEntry | None
    ) -> tuple[str | None, tuple[int, ...]]:
        """The action and its parameters."""
        if row is None:
            return (None, ()) if "default_entry" not in table else self.pipeline.tables[table["name"]].default_entry
        if isinstance(row, Entry):
            return row.action, row.params
        profile = self.pipeline.profiles[table["action_profile"]]
        if isinstance(row.target, MemberRef):
            member = profile.member(row.target.member_id)
        else:
            # Weights of 1 only: with others the order is BMv2's, see test_against_bmv2.py.
            group = profile.group(row.target.group_id)
            if not group:
                return None, ()
            profiles = [each for p in self.program["pipelines"] for each in p["action_profiles"]]
            selector = next(each["selector"] for each in profiles if each["name"] == profile.name)
            order = [number for number, _ in profile.members() if number in dict(group)]
            member = profile.member(order[self.hash(phv, selector) % len(order)])
        return member.action, member.params

    def hash(self, phv: Phv, calculation: dict[str, Any]) -> int:
        bits = self.bits(phv, calculation["input"], 0)
        bits += "0" * (-len(bits) % 8)
        data = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
        match calculation["algo"]:
            case "crc16":
                return _crc(data, 0xA001, 0, 0)
            case "crc32":
                return _crc(data, 0xEDB88320, 0xFFFFFFFF, 0xFFFFFFFF)
            case "identity":
                return int(bits[:64] or "0", 2)
            case "csum16":
                return _ones_complement(bits)
            case "xor16":
                bits += "0" * (-len(bits) % 16)
                result = 0
                for start in range(0, len(bits), 16):
                    result ^= int(bits[start : start + 16], 2)
                return result
        raise AssertionError(calculation["algo"])

    def meter(self, name: str, index: int) -> int:
        array = self.pipeline.meters[name]
        config = array.config(index)
        if config is None:
            return 0
        # Every meter of the test is configured at time 0.
        state = self.meters.setdefault((name, index), [Fraction(0), Fraction(config.cburst), Fraction(config.pburst)])
        now = Fraction(self.now, 10**9)
        state[1] = min(state[1] + (now - state[0]) * config.cir, Fraction(config.cburst))
        state[2] = min(state[2] + (now - state[0]) * config.pir, Fraction(config.pburst))
        state[0] = now
        size = 1 if array.unit == "packets" else len(self.frame)
        if state[2] < size:
            return 2
        state[2] -= size
        if state[1] < size:
            return 1
        state[1] -= size
        return 0

    def key(self, phv: Phv, header: str, field: str) -> int:
        return phv[header, field] if phv[header, VALID] or field == VALID else 0

    def run(self, phv: Phv, action: dict[str, Any], params: tuple[int, ...]) -> None:
        position = 0
        while position < len(action["primitives"]):
            step = action["primitives"][position]
            target = self.primitive(phv, step["op"], step["parameters"], params)
            position = position + 1 if target is None else target

    def primitive(self, phv: Phv, op: str, args: list[Any], params: tuple[int, ...]) -> int | None:
        match op:
            case "assign":
                self.store(phv, args[0]["value"], self.value(phv, args[1], params))
            case "assign_header":
                target, source = (arg["value"] for arg in args)
                for field, _ in self.fields[target] if phv[source, VALID] else ():
                    phv[target, field] = phv[source, field]
                phv[target, VALID] = phv[source, VALID]
            case "add_header" | "remove_header":
                header, wanted = args[0]["value"], int(op == "add_header")
                if phv[header, VALID] != wanted:
                    self.length += (1 if wanted else -1) * sum(width for _, width in self.fields[header]) // 8
                    phv[header, VALID] = wanted
                    for field, _ in self.fields[header] if wanted else ():
                        phv[header, field] = 0
            case "mark_to_drop":
                phv["standard_metadata", "egress_spec"] = 511
                phv["standard_metadata", "mcast_grp"] = 0
            case "count" | "execute_meter" | "modify_field_with_hash_based_offset":
                self.extern(phv, op, args, params)
            case "exit":
                self.leaving = True
            case "_jump":
                return self.value(phv, args[0], params)
            case "_jump_if_zero":
                return None if self.value(phv, args[0], params) else self.value(phv, args[1], params)
            case _:
                raise AssertionError(op)
        return None

    def extern(self, phv: Phv, op: str, args: list[Any], params: tuple[int, ...]) -> None:
        match op:
            case "count":
                cell = (args[0]["value"], self.value(phv, args[1], params))
                packets, octets = self.counted.get(cell, (0, 0))
                self.counted[cell] = (packets + 1, octets + len(self.frame))
            case "execute_meter":
                index = self.value(phv, args[1], params) & 0xFFFFFFFF
                if index < self.pipeline.meters[args[0]["value"]].size:
                    self.store(phv, args[2]["value"], self.meter(args[0]["value"], index))
            case "modify_field_with_hash_based_offset":
                calculation = next(c for c in self.program["calculations"] if c["name"] == args[2]["value"])
                base, size = (self.value(phv, args[i], params) for i in (1, 3))
                self.store(phv, args[0]["value"], (self.hash(phv, calculation) % (size or 1) + base) % (1 << 64))

    def store(self, phv: Phv, target: list[str], value: int) -> None:
        phv[target[0], target[1]] = int(value) & ((1 << self.widths[target[0], target[1]]) - 1)

    def value(self, phv: Phv, node: dict[str, Any], params: tuple[int, ...]) -> int:
        value = node.get("value")
        match node.get("type"):
            case "expression":
                return self.value(phv, value, params)
            case "field":
                return phv[value[0], value[1]]
            case "hexstr":
                return int(value, 16)
            case "bool":
                return int(value)
            case "local" | "runtime_data":
                return params[value]
            case "lookahead":
                octets = self.need((value[1] + 7) // 8)
                return int.from_bytes(octets) >> (8 * len(octets) - value[1])
        right = self.value(phv, node["right"], params)
        if node["op"] in {"not", "~", "d2b", "b2d"}:
            return {"not": int(not right), "~": ~right, "d2b": int(right != 0), "b2d": right}[node["op"]]
        left = 0 if node["left"] is None else self.value(phv, node["left"], params)
        if node["op"] == "?":
            return left if self.value(phv, node["cond"], params) else right
        return int(_OPERATIONS[node["op"]](left, right))


def _ones_complement(bits: str) -> int:
    bits += "0" * (-len(bits) % 16)
    total = sum(int(bits[i : i + 16], 2) for i in range(0, len(bits), 16))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _crc(data: list[int], polynomial: int, remainder: int, final: int) -> int:
    for octet in data:
        remainder ^= octet
        for _ in range(8):
            remainder = remainder >> 1 ^ (polynomial if remainder & 1 else 0)
    return remainder ^ final


_OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "usat_cast": lambda a, b: min(max(a, 0), (1 << b) - 1),
}


def _hits(part: Exact | Lpm | Ternary | Range, value: int, width: int) -> bool:
    match part:
        case Exact(wanted):
            return value == wanted
        case Lpm(prefix, length):
            return value >> (width - length) == prefix >> (width - length)
        case Ternary(wanted, mask):
            return value & mask == wanted
        case Range(low, high):
            return low <= value <= high

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""BMv2 JSON -> program: the whole, and everything that is refused at once."""

import json
from dataclasses import replace
from functools import lru_cache

from p4dmm.softswitch import ir, ir_expr
from p4dmm.softswitch.errors import MalformedProgramError
from p4dmm.softswitch.ir import Program
from p4dmm.softswitch.ir_action import Action
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.meters import UNITS
from p4dmm.softswitch.read_action import Externs, read_action
from p4dmm.softswitch.read_checksum import read_checksums
from p4dmm.softswitch.read_control import COPY_MARK, read_control
from p4dmm.softswitch.read_expr import Scope
from p4dmm.softswitch.read_parser import read_parser
from p4dmm.softswitch.usage import check_reads

__all__ = ["Program", "load_program"]

REFUSED = {
    "header_stacks": "header stack",
    "header_unions": "header union",
    "header_union_stacks": "stack of header unions",
    "parse_vsets": "parser value set",
    "register_arrays": "register",
    "learn_lists": "digest",
    "extern_instances": "extern instance",
}
REQUIRED_METADATA = ("ingress_port", "egress_port", "egress_spec", "packet_length", "instance_type")


@lru_cache(4)
def load_program(text: str | bytes) -> Program:
    """Parse and check BMv2 JSON; remembered, for whoever runs many switches runs the same program in them."""
    try:
        raw = json.loads(text)
    except (ValueError, UnicodeDecodeError) as error:
        raise MalformedProgramError(f"the program is no JSON: {error}") from None
    root = View(raw, "the program")
    _check_version(root)
    for section, feature in REFUSED.items():
        for item in root.items(section):
            raise root.unsupported(f"{feature} '{item.get('name').text()}'")
    headers = _headers(root)
    scope = Scope(headers)
    counters, meters = _counters(root), _meters(root)
    externs = Externs(
        counters=frozenset(counter.name for counter in counters),
        meters=frozenset(meter.name for meter in meters),
        calculations={
            view.get("name").text(): view.called(f"calculation '{view.get('name').text()}'")
            for view in root.items("calculations")
        },
    )
    actions = {view.get("id").integer(): read_action(view, scope, externs) for view in root.items("actions")}
    actions = _with_distinct_names(actions)
    controls = {
        view.get("name").text(): read_control(view.called(f"pipeline '{view.get('name').text()}'"), scope, actions)
        for view in root.items("pipelines")
    }
    for name in ("ingress", "egress"):
        if name not in controls:
            raise root.malformed(f"there is no pipeline '{name}'")
    program = Program(
        headers=headers,
        aliases=_aliases(root, scope),
        errors={item.at(0).text(): item.at(1).integer() for item in root.items("errors")},
        parser=read_parser(_only(root, "parsers"), scope),
        actions={action.name: action for action in actions.values()},
        ingress=controls["ingress"],
        egress=controls["egress"],
        deparser=_deparser(_only(root, "deparsers"), scope),
        checksums=read_checksums(root, scope),
        counters=counters,
        meters=meters,
    )
    for name in REQUIRED_METADATA:
        if program.standard(name) is None:
            raise root.malformed(f"there is no field 'standard_metadata.{name}'")
    check_reads(program)
    return program


def _with_distinct_names(actions: dict[int, Action]) -> dict[int, Action]:
    """Name actions apart that p4c made of one by putting different constants into it, for its hidden tables.

    Copies with the same body share their name, and so do the tables that offer it.
    """
    first: dict[str, Action] = {}
    result = {}
    for number, action in actions.items():
        same = first.setdefault(action.name, action) == action
        result[number] = action if same else replace(action, name=f"{action.name}{COPY_MARK}{number}")
    return result


def _check_version(root: View) -> None:
    if not isinstance(root.raw, dict):
        raise root.malformed("expected an object")
    if not root.has("__meta__"):
        raise root.malformed("'__meta__' is missing, is this BMv2 JSON?")
    version = root.get("__meta__").get("version")
    if version.at(0).integer() != 2:
        raise root.unsupported(f"format version {version.at(0).raw}", "2")


def _only(root: View, section: str) -> View:
    views = list(root.items(section))
    if len(views) != 1:
        raise root.unsupported(f"{len(views)} elements of '{section}'", "one")
    return views[0].called(f"the {section[:-1]}")


def _headers(root: View) -> dict[str, ir.Header]:
    types: dict[str, tuple[tuple[str, int], ...]] = {}
    for view in root.items("header_types"):
        name = view.get("name").text()
        types[name] = tuple(_field(item.called(f"header type '{name}'")) for item in view.items("fields"))
        if len({field for field, _ in types[name]}) != len(types[name]):
            raise view.called(f"header type '{name}'").malformed("two fields have one name")
    headers: dict[str, ir.Header] = {}
    for view in root.items("headers"):
        name = view.get("name").text()
        kind = view.get("header_type").text()
        where = view.called(f"header '{name}'")
        if kind not in types:
            raise where.malformed(f"there is no header type '{kind}'")
        metadata = view.flag("metadata")
        if not metadata and sum(width for _, width in types[kind]) % 8:
            raise where.malformed("its length is no whole number of octets")
        headers[name] = ir.Header(name, kind, types[kind], metadata)
    return headers


def _field(view: View) -> tuple[str, int]:
    name = view.at(0).text()
    if view.at(1).raw == "*":
        raise view.unsupported(f"variable-length field '{name}'", "fields of a fixed width")
    if any(item.raw is True for item in list(view.items())[2:]):
        raise view.unsupported(f"signed or saturating field '{name}'", "unsigned fields")
    width = view.at(1).integer()
    if not width:
        raise view.malformed(f"field '{name}' has no width")
    return name, width


def _aliases(root: View, scope: Scope) -> dict[str, ir_expr.FieldRef]:
    return {
        item.at(0).text(): scope.field(item.at(1).called("'field_aliases'")) for item in root.items("field_aliases")
    }


def _counters(root: View) -> tuple[ir.CounterDecl, ...]:
    return tuple(
        ir.CounterDecl(view.get("name").text(), view.get("size").integer())
        for view in root.items("counter_arrays")
        if not view.flag("is_direct")
    )


def _meters(root: View) -> tuple[ir.MeterDecl, ...]:
    meters = []
    for view in root.items("meter_arrays"):
        name = view.get("name").text()
        where = view.called(f"meter '{name}'")
        if view.flag("is_direct"):
            raise root.unsupported(f"direct meter '{name}'", "indirect meters")
        rates, unit = view.get("rate_count").integer(), view.get("type").text()
        if rates != 2:
            raise where.unsupported(f"a rate count of {rates}", "2")
        if unit not in UNITS:
            raise where.unsupported(f"type '{unit}'", ", ".join(UNITS))
        meters.append(ir.MeterDecl(name, view.get("size").integer(), unit))
    return tuple(meters)


def _deparser(view: View, scope: Scope) -> tuple[str, ...]:
    for _ in view.items("primitives"):
        raise view.unsupported("a primitive")
    return tuple(scope.header(item.called(view.where)) for item in view.items("order"))

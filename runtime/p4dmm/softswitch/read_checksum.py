# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> checksums and the calculations behind them."""

from p4dmm.softswitch import ir
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.read_expr import Scope

__all__ = ["read_checksums"]

Input = ir.FieldRef | ir.HeaderBits | ir.ConstBits


def read_checksums(root: View, scope: Scope) -> tuple[ir.Checksum, ...]:
    """All of 'checksums', in order."""
    calculations: dict[str, View] = {view.get("name").text(): view for view in root.items("calculations")}
    checksums = []
    for view in root.items("checksums"):
        name = view.get("name").text()
        where = view.called(f"checksum '{name}'")
        kind = view.get("type").text()
        if kind != "generic":
            raise where.unsupported(f"checksum type '{kind}'", "generic")
        calculation = where.get("calculation").text()
        if calculation not in calculations:
            raise where.malformed(f"there is no calculation '{calculation}'")
        inputs, with_payload = _inputs(calculations[calculation].called(f"calculation '{calculation}'"), scope)
        target = scope.field(where.get("target").called(where.where))
        if scope.headers[target.header].is_metadata:
            raise where.unsupported(f"target '{target}' in metadata", "a field of a packet header")
        cond = scope.condition(where.get("if_cond").called(where.where)) if where.has("if_cond") else None
        checksums.append(
            ir.Checksum(
                name=name,
                target=target,
                inputs=inputs,
                with_payload=with_payload,
                cond=cond,
                verify=where.flag("verify", default=True),
                update=where.flag("update", default=True),
            )
        )
    return tuple(checksums)


def _inputs(view: View, scope: Scope) -> tuple[tuple[Input, ...], bool]:
    algorithm = view.get("algo").text()
    if algorithm != "csum16":
        raise view.unsupported(f"algorithm '{algorithm}'", "csum16")
    inputs: list[Input] = []
    with_payload = False
    for raw in view.items("input"):
        part = raw.called(view.where)
        kind = part.get("type").text()
        match kind:
            case "field":
                inputs.append(scope.field(part.get("value").called(view.where)))
            case "header":
                inputs.append(ir.HeaderBits(scope.header(part.get("value").called(view.where))))
            case "hexstr":
                width = part.get("bitwidth").integer()
                inputs.append(ir.ConstBits(part.get("value").hexadecimal() & ((1 << width) - 1), width))
            case "payload":
                with_payload = True
            case _:
                raise part.unsupported(f"input of type '{kind}'", "field, header, hexstr, payload")
    return tuple(inputs), with_payload

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""JSON -> calculations: hashes, and the checksums that are made of them."""

from p4dmm.softswitch import ir, ir_expr
from p4dmm.softswitch.hashes import HASHES
from p4dmm.softswitch.jsonview import View
from p4dmm.softswitch.read_expr import Scope

__all__ = ["read_calculation", "read_checksums"]


def read_calculation(view: View, scope: Scope) -> ir_expr.Calculation:
    """An element of 'calculations' as hash() uses it, or the 'selector' of an action selector."""
    algorithm, inputs, with_payload = _read(view, scope, tuple(HASHES))
    if with_payload:
        raise view.unsupported("input of type 'payload' of a hash", "field, header, hexstr")
    bits = 0
    for part in inputs:
        match part:
            case ir_expr.HeaderBits(header):
                # BMv2 ends with an assertion there.
                if bits % 8:
                    raise view.unsupported(f"header '{header}' after {bits} bits", "after whole octets")
            case ir_expr.ConstBits(_, width):
                bits += width
            case ir_expr.FieldRef(name, field):
                bits += dict(scope.headers[name].fields)[field]
    return ir_expr.Calculation(algorithm, inputs)


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
        _, inputs, with_payload = _read(
            calculations[calculation].called(f"calculation '{calculation}'"), scope, ("csum16",)
        )
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


def _read(
    view: View, scope: Scope, algorithms: tuple[str, ...]
) -> tuple[str, tuple[ir_expr.CalculationInput, ...], bool]:
    """The algorithm, its inputs, and whether the payload follows them."""
    algorithm = view.get("algo").text()
    if algorithm not in algorithms:
        raise view.unsupported(f"algorithm '{algorithm}'", ", ".join(algorithms))
    inputs: list[ir_expr.CalculationInput] = []
    with_payload = False
    for raw in view.items("input"):
        part = raw.called(view.where)
        kind = part.get("type").text()
        match kind:
            case "field":
                inputs.append(scope.field(part.get("value").called(view.where)))
            case "header":
                inputs.append(ir_expr.HeaderBits(scope.header(part.get("value").called(view.where))))
            case "hexstr":
                width = part.get("bitwidth").integer()
                inputs.append(ir_expr.ConstBits(part.get("value").hexadecimal() & ((1 << width) - 1), width))
            case "payload":
                with_payload = True
            case _:
                raise part.unsupported(f"input of type '{kind}'", "field, header, hexstr, payload")
    return algorithm, tuple(inputs), with_payload

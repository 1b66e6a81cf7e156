# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Inputs of calculations -> Python: fields one after the other, without those of invalid headers."""

from collections.abc import Iterable
from itertools import groupby

from p4dmm.softswitch import ir_expr
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.hashes import HASHES
from p4dmm.softswitch.writer import Writer

__all__ = ["Part", "grouped", "parts_of", "write_hash"]

Part = tuple[str | None, str, int]
"""The header whose validity decides, if any; the text of the bits; how many."""


def parts_of(context: Context, inputs: Iterable[ir_expr.CalculationInput]) -> list[Part]:
    """The inputs in order."""
    parts: list[Part] = []
    for item in inputs:
        match item:
            case ir_expr.ConstBits(value, width):
                parts.append((None, f"{value:#x}", width))
            case ir_expr.HeaderBits(header):
                parts += [
                    (header, context.field(ir_expr.FieldRef(header, field)), width)
                    for field, width in context.program.headers[header].fields
                ]
            case ir_expr.FieldRef():
                metadata = context.program.headers[item.header].is_metadata
                parts.append((None if metadata else item.header, context.field(item), context.widths[item]))
    return parts


def grouped(parts: list[Part]) -> list[tuple[str | None, list[Part]]]:
    """Neighbours that depend on the validity of the same header."""
    return [(header, list(group)) for header, group in groupby(parts, key=lambda part: part[0])]


def write_hash(out: Writer, context: Context, calculation: ir_expr.Calculation) -> tuple[str, int]:
    """What the hash needs; returns its text and how many bits hold it."""
    groups = grouped(parts_of(context, calculation.inputs))
    function, bits = f"hash_{calculation.algorithm}", HASHES[calculation.algorithm].bits
    if all(header is None for header, _ in groups):
        text, total = _joined([part for _, group in groups for part in group])
        spare = -total % 8
        data = f"({text} << {spare})" if spare else f"({text})"
        return f"{function}({data}.to_bytes({(total + 7) // 8}, 'big'))", bits
    out.line("x = b = 0")
    for header, group in groups:
        text, total = _joined(group)
        body = out if header is None else out.child()
        body.line(f"x = x << {total} | {text}")
        body.line(f"b += {total}")
        if header is not None:
            out.block(f"if {context.valid(header)}:", body)
    return f"{function}((x << -b % 8).to_bytes(b + 7 >> 3, 'big'))", bits


def _joined(parts: list[Part]) -> tuple[str, int]:
    text, total = "0", 0
    for _, part, width in parts:
        text = f"({text} << {width} | {part})" if total else part
        total += width
    return text, total

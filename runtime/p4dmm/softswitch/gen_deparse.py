# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Checksums and the deparser -> Python."""

from p4dmm.softswitch import ir
from p4dmm.softswitch.context import Context
from p4dmm.softswitch.gen_bits import grouped, parts_of
from p4dmm.softswitch.gen_expr import Expressions
from p4dmm.softswitch.writer import Writer

__all__ = ["write_checksum_updates", "write_checksum_verification", "write_deparser"]


def write_checksum_verification(out: Writer, context: Context) -> None:
    """checksum_error, if anybody reads it."""
    if not context.usage.verifies():
        return
    error = context.program.standard("checksum_error")
    assert error is not None
    out.line(f"{context.field(error)} = 0")
    for checksum in context.program.checksums:
        if not checksum.verify:
            continue
        body = out.child()
        _checksum(body, context, checksum)
        wrong = body.child()
        wrong.line(f"{context.field(error)} = 1")
        body.block(f"if x != {context.field(checksum.target)}:", wrong)
        cond = context.valid(checksum.target.header)
        if checksum.cond is not None:
            cond = f"{cond} and {Expressions(context).truth(checksum.cond)}"
        out.block(f"if {cond}:", body)


def write_checksum_updates(out: Writer, context: Context) -> None:
    """The checksums of what leaves."""
    for checksum in context.program.checksums:
        if not checksum.update:
            continue
        body = out.child() if checksum.cond is not None else out
        _checksum(body, context, checksum)
        width = context.widths[checksum.target]
        body.line(f"{context.field(checksum.target)} = x" + (f" & {(1 << width) - 1:#x}" if width < 16 else ""))
        if context.emitted(checksum.target.header):
            body.line(f"{context.clean(checksum.target.header)} = 0")
        if checksum.cond is not None:
            out.block(f"if {Expressions(context).truth(checksum.cond)}:", body)


def _checksum(out: Writer, context: Context, checksum: ir.Checksum) -> None:
    """Leave the csum16 in x: since 2 ** 16 is 1 modulo 65535, the ones' complement sum is one division."""
    parts = list(parts_of(context, checksum.inputs))
    regular = all(sum(width for _, _, width in group) % 16 == 0 for _, group in grouped(parts))
    out.line("x = 0")
    if not regular:
        out.line("b = 0")
    for header, group in grouped(parts):
        text, total = "", 0
        for _, part, width in group:
            text = f"({text} << {width} | {part})" if text else part
            total += width
        body = out if header is None else out.child()
        body.line(f"x = x << {total} | {text}")
        if not regular:
            body.line(f"b += {total}")
        if header is not None:
            out.block(f"if {context.valid(header)}:", body)
    if checksum.with_payload:
        out.line("x = x << 8 * (n - rest) | from_bytes(frame[rest:], 'big')")
        out.line("b = n - rest << 3" if regular else "b += n - rest << 3")
    if checksum.with_payload or not regular:
        out.line("x <<= -b % 16")
    out.line("x = 65535 - (x % 65535 or (65535 if x else 0))")


def write_deparser(out: Writer, context: Context) -> None:
    """Leave the packet's headers in o: the bytes of those that are as they came, the others put together again."""
    out.line("o = b''")
    for header in context.program.deparser:
        raw = context.raw(header)
        text = raw
        if context.rewritten(header):
            octets = context.program.headers[header].octets
            text = f"{raw} if {context.clean(header)} else ({_packed(context, header)}).to_bytes({octets}, 'big')"
        body = out.child()
        body.line(f"o += {text}")
        out.block(f"if {context.valid(header)}:", body)


def _packed(context: Context, header: str) -> str:
    terms = []
    written = context.written(header)
    if context.needs_bits(header):
        total = 8 * context.program.headers[header].octets
        keep = (1 << total) - 1
        for ref in written:
            keep &= ~(((1 << context.widths[ref]) - 1) << context.shift(ref))
        terms.append(f"{context.bits(header)} & {keep:#x}" if written else context.bits(header))
    for ref in written:
        shift = context.shift(ref)
        terms.append(f"{context.field(ref)} << {shift}" if shift else context.field(ref))
    return " | ".join(terms)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A mobility message as a tree that prints, and as one that goes into JSON."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from p4dmm.wire.mobility import (
    MalformedOption,
    MhType,
    MobilityMessage,
    SubPadding,
    Timestamp,
    UnknownMessage,
    UnknownOption,
)
from p4dmm.wire.mobility.layout import Bits, Laid

Tree = dict[str, Any]

# Of Binding Updates and Acknowledgements; several RFCs and IANA's registry know their flags by letters only.
_BINDING_TYPES = (MhType.BINDING_UPDATE, MhType.BINDING_ACKNOWLEDGEMENT)
_FLAG_LETTERS = {
    "acknowledge": "A",
    "home_registration": "H",
    "link_local_compatibility": "L",
    "key_management": "K",
    "map_registration": "M",
    "mobile_router": "R",
    "proxy": "P",
    "force_udp": "F",
    "tlv_header": "T",
    "bulk": "B",
    "multicast": "S",
    "dmm": "D",
}
_LAST_SECOND = 253402300799  # of the year 9999


def message_tree(message: MobilityMessage) -> Tree:
    """Return name, type, section, fields in the order of the wire, and options."""
    if isinstance(message, UnknownMessage):
        return {
            "message": "Unknown message",
            "type": message.type,
            "fields": {"header_reserved": message.header_reserved, "body": message.body.hex()},
            "options": [],
            "problem": "no layout for this type; its receiver answers with a Binding Error of status 2 (RFC 6275 s9.2)",
        }
    tree = {"message": message.NAME, "type": int(message.TYPE), "section": message.SECTION}
    tree |= {"fields": _fields(message), "options": [option_tree(option) for option in message.options]}
    if message.padding is not None:
        tree["padding"] = [octets.hex() for octets in message.padding]
    return tree


def option_tree(option: Any) -> Tree:
    """Return name, type, section and fields of an option or sub-option; `problem` where it is malformed."""
    if isinstance(option, SubPadding):
        return {"option": "Padding", "fields": {"octets": option.octets.hex()}}
    if isinstance(option, UnknownOption):
        return {"option": "Unknown option", "type": option.type, "fields": {"data": option.data.hex()}}
    if isinstance(option, MalformedOption):
        fields_of = {"length": option.length, "data": option.data.hex()}
        return {"option": "Malformed option", "type": option.type, "fields": fields_of, "problem": option.problem}
    tree = {"option": option.NAME, "type": int(option.TYPE), "section": option.SECTION, "fields": _fields(option)}
    if hasattr(option, "sub_options"):
        tree["options"] = [option_tree(inner) for inner in option.sub_options]
    return tree


def text_lines(tree: Tree, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a tree; fields that are zero and reserved, and flags that are not set, are left out."""
    indent = "  " * depth
    kind = f" ({tree['type']})" if "type" in tree else ""
    section = f", {tree['section']}" if "section" in tree else ""
    yield f"{indent}{tree.get('message') or tree['option']}{kind}{section}"
    if "problem" in tree:
        yield f"{indent}  wrong: {tree['problem']}"
    letters = _FLAG_LETTERS if "message" in tree and tree["type"] in _BINDING_TYPES else {}
    flags = [name for name, value in tree["fields"].items() if name in letters and value]
    lifetime_s = tree["fields"].get("lifetime_s")
    for name, value in tree["fields"].items():
        if value is False or name in flags[1:] or name == "lifetime_s" or ("reserved" in name and not value):
            continue
        if name in letters:
            yield f"{indent}  flags: {', '.join(f'{letters[flag]} ({flag})' for flag in flags)}"
        elif name == "lifetime" and lifetime_s is not None:
            yield f"{indent}  lifetime: {value} ({lifetime_s} s)"
        else:
            yield f"{indent}  {name}: {_text(value)}"
    for option in tree.get("options", ()):
        yield from text_lines(option, depth + 1)
    if "padding" in tree:
        yield f"{indent}  padding is not the usual one: {' '.join(octets or '-' for octets in tree['padding'])}"


def _fields(owner: Laid) -> Tree:
    names = {field.name: field.kind.names for field in owner.LAYOUT.fields if isinstance(field.kind, Bits)}
    found: Tree = {}
    for item in fields(owner):  # type: ignore[arg-type]
        if item.name in {"options", "padding", "sub_options"}:
            continue
        value, known = getattr(owner, item.name), names.get(item.name)
        if known is not None:
            found[item.name] = {"value": int(value), "name": known(value).name if value in list(known) else None}
        else:
            found[item.name] = _plain(value)
    if isinstance(owner, Timestamp) and owner.seconds <= _LAST_SECOND:
        at = datetime.fromtimestamp(owner.seconds, UTC).replace(microsecond=owner.fraction * 1_000_000 >> 16)
        found["time"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lifetime_s = getattr(owner, "lifetime_s", None)
    return found if lifetime_s is None else found | {"lifetime_s": lifetime_s}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        text = value.decode("ascii", "replace")
        return {"hex": value.hex(), "text": text} if text.isprintable() and text.isascii() and text else value.hex()
    if isinstance(value, IPv4Address | IPv6Address):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _text(value: Any) -> str:
    if isinstance(value, dict):
        if "name" in value:
            return f"{value['value']} ({value['name'] or 'unassigned'})"
        return f"{value['text']!r} ({value['hex']})"
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value) or "none"
    if value is True:
        return "yes"
    return "none" if value is None else str(value) or "empty"

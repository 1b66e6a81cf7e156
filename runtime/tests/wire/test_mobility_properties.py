# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility messages both ways for anything hypothesis can think of: objects drawn from their layouts, and octets."""

from dataclasses import fields
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from p4dmm.wire import FieldError, mobility
from p4dmm.wire.mobility import tails, traffic
from p4dmm.wire.mobility.header import message_classes
from p4dmm.wire.mobility.layout import Bits, Layout
from p4dmm.wire.mobility.options import MOBILITY, Registry, SubOptions

from .mobility_option_rows import OPTION_ROWS
from .mobility_rows import DST, MESSAGE_ROWS, SRC
from .mobility_support import survives, with_mh_checksum

v6 = st.binary(min_size=16, max_size=16).map(IPv6Address)
v4 = st.binary(min_size=4, max_size=4).map(IPv4Address)
short = st.binary(max_size=40)


def bits(width: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << width) - 1)


def tail_values(tail: Any) -> st.SearchStrategy[Any]:
    match tail:
        case tails.Rest():
            least = -(-tail.least // tail.unit)
            return st.integers(least, 8).flatmap(lambda n: st.binary(min_size=n * tail.unit, max_size=n * tail.unit))
        case tails.Address():
            kinds = {0: st.none(), 4: v4, 16: v6}
            return st.one_of([kinds[size] for size in sorted(tail.sizes)])
        case tails.Numbers():
            return st.lists(bits(tail.size * 8), min_size=tail.least, max_size=8).map(tuple)
        case tails.OptionalNumber():
            return st.none() | bits(32)
        case tails.Strings():
            return st.lists(short, min_size=tail.count, max_size=tail.count).map(tuple)
        case tails.Addresses():
            return st.lists(v6, max_size=4).map(tuple)
        case SubOptions():
            return st.lists(options_of(tail.registry), max_size=3).map(tuple)
    raise AssertionError(tail)


def arguments(layout: Layout) -> dict[str, st.SearchStrategy[Any]]:
    found: dict[str, st.SearchStrategy[Any]] = {}
    for field in layout.fields:
        if field.constant is not None:
            continue
        if not isinstance(field.kind, Bits):
            raw = st.binary(min_size=field.kind.count, max_size=field.kind.count)
            found[field.name] = raw.map(field.address) if field.address else raw
        elif field.kind.width == 1:
            found[field.name] = st.booleans()
        else:
            found[field.name] = st.integers(field.kind.least, field.kind.top)
    if layout.tail:
        found[layout.tail_name] = tail_values(layout.tail)
    return found


def built(cls: Any, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects of the class; where fields depend on each other, those that go together."""

    def build(values: dict[str, Any]) -> Any:
        if "count" in values and "addresses" in values:
            values["count"] = len(values["addresses"])
        try:
            return cls(**values)
        except FieldError:
            return None

    return st.fixed_dictionaries(arguments(cls.LAYOUT) | more).map(build).filter(lambda made: made is not None)


def options_of(registry: Registry) -> st.SearchStrategy[Any]:
    taken = {cls.TYPE for cls in registry.classes()} | ({0, 1} if registry.pads else set())
    unknown = st.builds(mobility.UnknownOption, bits(8).filter(lambda kind: kind not in taken), short)
    return st.one_of([*(built(cls) for cls in registry.classes()), unknown])


options = st.lists(options_of(MOBILITY), max_size=5).map(tuple)
messages = st.one_of(
    [built(cls, **({"options": options} if cls.HAS_OPTIONS else {})) for cls in message_classes()]
    + [st.builds(mobility.UnknownMessage, st.integers(24, 255), st.binary(min_size=10, max_size=10), bits(8))]
)


@given(messages)
def test_message_to_octets_and_back(message: mobility.MobilityMessage) -> None:
    octets = mobility.encode_mobility(message, SRC, DST)
    assert len(octets) == (octets[1] + 1) * 8
    assert mobility.decode_mobility(octets, SRC, DST) == message


def flat(parts: list[tuple[int, int, bytes]]) -> bytes:
    return b"".join(bytes((kind, min(length, 255))) + data for kind, length, data in parts)


tlvs = st.lists(
    st.one_of(
        short.flatmap(lambda data: st.tuples(st.integers(0, 72), st.just(len(data)), st.just(data))),
        st.tuples(bits(8), bits(8), short),
        st.sampled_from(OPTION_ROWS).map(lambda row: (row.octets[0], row.octets[1], row.octets[2:])),
    ),
    max_size=8,
).map(flat)


@given(st.integers(0, 24), st.binary(min_size=5, max_size=20), tlvs)
def test_octets_to_message_and_back(kind: int, fixed: bytes, rest: bytes) -> None:
    body = (fixed + rest)[:2000]
    body += bytes((2 - len(body)) % 8)
    survives(with_mh_checksum(bytes((59, len(body) // 8, kind, 0, 0, 0)) + body))


@given(st.binary(max_size=100))
def test_any_octets(octets: bytes) -> None:
    survives(octets)
    survives(with_mh_checksum(b"\x3b" + octets))


@given(st.data())
def test_splices(data: st.DataObject) -> None:
    first, second = data.draw(st.sampled_from(MESSAGE_ROWS)), data.draw(st.sampled_from(MESSAGE_ROWS))
    head, tail = data.draw(st.integers(0, len(first.octets))), data.draw(st.integers(0, len(second.octets)))
    octets = first.octets[:head] + second.octets[tail:]
    assume(len(octets) >= 8)
    octets += bytes(-len(octets) % 8)
    survives(with_mh_checksum(octets[:1] + bytes((len(octets) // 8 - 1,)) + octets[2:]))


@st.composite
def selectors(draw: st.DrawFn, cls: Any) -> Any:
    values: dict[str, Any] = {"reserved": draw(bits(32 - 2 * len(cls.SIZES)))}
    names = [field.name for field in fields(cls) if field.name != "reserved"]
    for number in range(0, len(names), 2):
        size = cls.SIZES[number // 2]
        value = bits(size * 8)
        if names[number].endswith("address"):
            value = value.map(IPv6Address if size == 16 else IPv4Address)
        if draw(st.booleans()):
            values[names[number]] = draw(value)
            if draw(st.booleans()):
                values[names[number + 1]] = draw(value)
    return cls(**values)


@given(st.one_of(selectors(traffic.Ipv4Selector), selectors(traffic.Ipv6Selector)))
def test_traffic_selector_to_octets_and_back(selector: Any) -> None:
    assert mobility.decode_selector(selector.FORMAT, selector.encode()) == selector

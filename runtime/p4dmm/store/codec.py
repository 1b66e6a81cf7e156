# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to JSON text and back, by their type hints.

A dataclass is an object with exactly its fields, a tuple or frozenset an array; addresses and networks are text, bytes
hex, an Enum its member's name, an infinite float "inf" or "-inf"; a mobility message or option is the hex of its octets
on the wire. None in an optional is null; where a union has several other members, a value is [class name, value].
Whatever a type does not allow is refused both when writing and when reading. A plain int takes the members of an
IntEnum, and what is read is an int that equals them.
"""

import json
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, Flag
from functools import cache
from typing import Any, Generic, TypeVar

from p4dmm.wire.mobility import Message, MobilityOption, UnknownMessage

from .errors import StoreError
from .leaves import LEAVES, Convert, MismatchError, enum_member, mobility_message, mobility_option

_T = TypeVar("_T")
_write_json = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class _Converter:
    """How the values of one type hint are written and read; `classes` are those of the values."""

    classes: tuple[type, ...]
    write: Convert
    read: Convert


class StateCodec(Generic[_T]):
    """Writes and reads the states of one class."""

    def __init__(self, kind: type[_T]) -> None:
        """`kind` may be a union, too. Raise StoreError for a class with a field of a type that cannot be stored."""
        self._name = getattr(kind, "__name__", str(kind))
        self._converter = _converter(typing.cast(Any, kind))

    def encode(self, state: _T) -> str:
        """Return it as ASCII text. StoreError names the field that holds what its type does not allow."""
        try:
            return _write_json(self._converter.write(state))
        except MismatchError as error:
            raise StoreError(f"{self._name}{error.where} cannot be stored: {error.problem}") from None

    def decode(self, text: str) -> _T:
        """Return what was encoded. StoreError names the field that is missing, unknown or of a wrong type."""
        try:
            state: _T = self._converter.read(json.loads(text))
        except MismatchError as error:
            raise StoreError(f"{self._name}{error.where} cannot be read: {error.problem}") from None
        except (ValueError, RecursionError) as error:
            raise StoreError(f"{self._name} cannot be read: {error}") from None
        return state


@cache
def _converter(hint: Any) -> _Converter:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in LEAVES:
        return _Converter((hint,), *LEAVES[hint])
    if origin is typing.Annotated:
        return _converter(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _repeated(tuple, arguments[0])
    if origin is tuple:
        return _fixed(arguments)
    if origin is frozenset:
        return _repeated(frozenset, arguments[0])
    if isinstance(hint, type):
        if issubclass(hint, Enum) and not issubclass(hint, Flag):
            return _Converter((hint,), *enum_member(hint))
        if issubclass(hint, Message | UnknownMessage):
            return _Converter((hint,), *mobility_message((hint,)))
        if issubclass(hint, MobilityOption):
            return _Converter((hint,), *mobility_option((hint,)))
        if is_dataclass(hint):
            return _dataclass(hint)
    raise StoreError(f"type {getattr(hint, '__name__', hint)} cannot be stored; allowed: {_ALLOWED}")


_ALLOWED = (
    "str, int, float, bool, bytes, None, Enum, IPv6Address, IPv6Network, MacAddress, mobility message or option, "
    "and frozen dataclass, tuple, frozenset and union of these"
)


def _hints(kind: type) -> dict[str, Any]:
    parameters = getattr(kind, "__dataclass_params__")  # noqa: B009 - mypy knows no such attribute
    if not parameters.frozen:
        raise StoreError(f"{kind.__name__} cannot be stored: it is not frozen")
    hints = typing.get_type_hints(kind)
    found = {}
    for field in fields(kind):
        if not field.init:
            raise StoreError(f"{kind.__name__}.{field.name} cannot be stored: it is no parameter of the class")
        found[field.name] = hints[field.name]
    return found


def _dataclass(kind: type) -> _Converter:
    writers: list[tuple[str, Convert]] = []
    readers: list[tuple[str, Convert]] = []
    for name, hint in _hints(kind).items():
        try:
            converter = _converter(hint)
        except StoreError as error:
            raise StoreError(f"{kind.__name__}.{name}: {error}") from None
        writers.append((name, converter.write))
        readers.append((name, converter.read))
    names = frozenset(name for name, _ in writers)

    def write(value: Any) -> dict[str, Any]:
        if type(value) is not kind:
            raise MismatchError(f"{value!r} is no {kind.__name__}")
        row = {}
        name = ""
        try:
            for name, convert in writers:
                row[name] = convert(getattr(value, name))
        except MismatchError as error:
            raise error.below(f".{name}") from None
        return row

    def read(row: Any) -> Any:
        if type(row) is not dict:
            raise MismatchError(f"{row!r} is no object of the fields of {kind.__name__}")
        if row.keys() != names:
            problems = [f"field {name} is missing" for name in sorted(names - row.keys())]
            problems += [f"field {name} is unknown" for name in sorted(row.keys() - names)]
            raise MismatchError(", ".join(problems))
        given = {}
        name = ""
        try:
            for name, convert in readers:
                given[name] = convert(row[name])
        except MismatchError as error:
            raise error.below(f".{name}") from None
        try:
            return kind(**given)
        except (ValueError, TypeError) as error:
            # What the class itself checks; WireError is a ValueError.
            raise MismatchError(str(error)) from None

    return _Converter((kind,), write, read)


def _repeated(kind: type, hint: Any) -> _Converter:
    """A tuple or frozenset of any length."""
    converter = _converter(hint)
    write_one, read_one = converter.write, converter.read

    def write(value: Any) -> list[Any]:
        if type(value) is not kind:
            raise MismatchError(f"{value!r} is no {kind.__name__}")
        return _each(write_one, value)

    def read(row: Any) -> Any:
        if type(row) is not list:
            raise MismatchError(f"{row!r} is no array for a {kind.__name__}")
        return kind(_each(read_one, row))

    return _Converter((kind,), write, read)


def _each(convert: Convert, values: Any) -> list[Any]:
    found: list[Any] = []
    try:
        for value in values:
            found.append(convert(value))  # noqa: PERF401 - the handler asks how far it came
    except MismatchError as error:
        raise error.below(f"[{len(found)}]") from None
    return found


def _fixed(hints: tuple[Any, ...]) -> _Converter:
    """A tuple of so many elements, each of its own type."""
    converters = [_converter(hint) for hint in hints]

    def convert(values: Any, kind: type[list[Any]] | type[tuple[Any, ...]], converts: list[Convert]) -> list[Any]:
        if type(values) is not kind or len(values) != len(converts):
            raise MismatchError(f"{values!r} is no {kind.__name__} of {len(converts)} elements")
        found: list[Any] = []
        try:
            for convert_one, value in zip(converts, values, strict=True):
                found.append(convert_one(value))
        except MismatchError as error:
            raise error.below(f"[{len(found)}]") from None
        return found

    writers = [converter.write for converter in converters]
    readers = [converter.read for converter in converters]
    return _Converter(
        (tuple,), lambda value: convert(value, tuple, writers), lambda row: tuple(convert(row, list, readers))
    )


def _union(hints: tuple[Any, ...]) -> _Converter:
    members = _members([hint for hint in hints if hint is not types.NoneType])
    if len(members) == 1:
        (only,) = members.values()
        write, read = only.write, only.read
    else:
        write, read = _tagged(members)
    classes = tuple(cls for member in members.values() for cls in member.classes)
    if types.NoneType not in hints:
        return _Converter(classes, write, read)
    return _Converter(
        (*classes, types.NoneType),
        lambda value: None if value is None else write(value),
        lambda row: None if row is None else read(row),
    )


def _members(hints: list[Any]) -> dict[str, _Converter]:
    """The members of a union by name. Messages are one member, since the wire says their class, and so are options."""
    messages = tuple(hint for hint in hints if isinstance(hint, type) and issubclass(hint, Message | UnknownMessage))
    options = tuple(hint for hint in hints if isinstance(hint, type) and issubclass(hint, MobilityOption))
    members: dict[str, _Converter] = {}
    if messages:
        members["Message"] = _Converter(messages, *mobility_message(messages))
    if options:
        members["MobilityOption"] = _Converter(options, *mobility_option(options))
    for hint in hints:
        if hint in messages or hint in options:
            continue
        name = (typing.get_origin(hint) or hint).__name__
        if name in members:
            raise StoreError(f"a union with two members called {name} cannot be stored")
        members[name] = _converter(hint)
    return members


def _tagged(members: dict[str, _Converter]) -> tuple[Convert, Convert]:
    by_class = {cls: (name, member.write) for name, member in members.items() for cls in member.classes}
    readers = {name: member.read for name, member in members.items()}
    allowed = " or ".join(members)

    def member_of(value: Any) -> tuple[str, Callable[[Any], Any]]:
        # Subclasses: of Message, and of int, which its converter judges.
        for cls, member in by_class.items():
            if isinstance(value, cls):
                return member
        raise MismatchError(f"{value!r} is no {allowed}")

    def write(value: Any) -> list[Any]:
        name, convert = by_class.get(type(value)) or member_of(value)
        return [name, convert(value)]

    def read(row: Any) -> Any:
        if type(row) is not list or len(row) != 2 or type(row[0]) is not str:
            raise MismatchError(f"{row!r} is no pair of a class name and a value")
        convert = readers.get(row[0])
        if convert is None:
            raise MismatchError(f"class {row[0]} is unknown; allowed: {allowed}")
        return convert(row[1])

    return write, read

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""From the annotated fields of a frozen dataclass to the functions that read and write its octets.

A class declares its fields in the order of the wire, each with its width:

    reserved: U8 = 0
    prefix_length: PrefixLength
    prefix: IPv6Address

`Layout` groups them into struct words and generates straight-line code for them, as dataclasses itself does: a field
costs one call of its slot's setter to read and one attribute to write. What has been read needs no check of its width,
so that reading does not pass `__init__`. What is built by hand is checked there, in a generated `__init__` too: that of
a frozen dataclass takes twice the time.
"""

import struct
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum
from functools import update_wrapper
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

from p4dmm.wire.errors import FieldError
from p4dmm.wire.mobility.tails import MISFIT, Rest, Tail

_STRUCT_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_TAIL_METHODS = ("decode", "encode", "fits")


@dataclass(frozen=True, slots=True)
class Bits:
    """An unsigned integer of so many bits, `least` to `most`; `names` are the values that have one."""

    width: int
    least: int = 0
    most: int | None = None
    names: type[IntEnum] | None = None

    @property
    def top(self) -> int:
        """The largest value allowed."""
        return (1 << self.width) - 1 if self.most is None else self.most


@dataclass(frozen=True, slots=True)
class Octets:
    """So many octets."""

    count: int


Flag = Annotated[bool, Bits(1)]
U8 = Annotated[int, Bits(8)]
U16 = Annotated[int, Bits(16)]
U32 = Annotated[int, Bits(32)]
U64 = Annotated[int, Bits(64)]
PrefixLength = Annotated[int, Bits(8, most=128)]
Cookie = Annotated[bytes, Octets(8)]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it starts and ends in bits, counted from the first field, and what it must be if anything."""

    name: str
    kind: Bits | Octets
    start: int
    address: type[IPv4Address | IPv6Address] | None = None
    constant: int | None = None

    @property
    def width(self) -> int:
        """In bits."""
        return self.kind.width if isinstance(self.kind, Bits) else self.kind.count * 8

    @property
    def allowed(self) -> str:
        """What the field may hold, for error texts."""
        if isinstance(self.kind, Octets):
            return f"an address of {self.kind.count} octets" if self.address else f"{self.kind.count} octets"
        return f"{self.kind.least} to {self.kind.top}"

    def fits(self, value: Any) -> bool:
        """Whether the field may hold it."""
        if isinstance(self.kind, Octets):
            return isinstance(value, self.address) if self.address else len(value) == self.kind.count
        return bool(self.kind.least <= value <= self.kind.top)


class Laid:
    """What a layout makes of its class."""

    __slots__ = ()

    LAYOUT: ClassVar["Layout"]
    NAME: ClassVar[str]
    SECTION: ClassVar[str]

    def check_rest(self) -> None:
        """Raise FieldError for what is not part of the layout."""

    def inconsistency(self) -> tuple[str, object, str] | None:
        """Return field, value and what is allowed where fields contradict each other."""
        return None


class Layout:
    """The layout of one class: names and places of its fields, and the code made of them."""

    def __init__(
        self, cls: type[Laid], head: str, head_values: str, *, most: int, skip: int = 0, hole: int = 0
    ) -> None:
        """Read the annotations of `cls`.

        `head` is the struct format of what stands before the fields when writing, `head_values` the Python expressions
        for it (`size` is `end` and the octets of the tail), `skip` the octets before the fields when reading, `hole`
        the octets between the first word and the second, written as zero; `most` is how many octets there may be from
        the first field to the end of the tail.
        """
        self.cls = cls
        self.fields: tuple[Field, ...]
        self.tail: Tail | None
        self.tail_name = ""
        self.fields, self.tail = self._read_annotations()
        self.octets = sum(field.width for field in self.fields) // 8
        self.end = skip + hole + self.octets
        self.room = most - self.octets
        self.is_checked = cls.inconsistency is not Laid.inconsistency
        self._words = self._group()
        first, *others = [code for code, _ in self._words] or [""]
        codes = first + "x" * hole + "".join(others)
        self._names: dict[str, Any] = {
            "cls": cls,
            "new": object.__new__,
            "integer": int.from_bytes,
            "IPv4Address": IPv4Address,
            "IPv6Address": IPv6Address,
            "MISFIT": MISFIT,
            "misfit": self._misfit,
            "unpack": struct.Struct(f"!{skip}x{codes}").unpack_from,
            "pack": struct.Struct(f"!{head}{codes}").pack,
        }
        for item in fields(cls):  # type: ignore[arg-type]
            self._names[f"set_{item.name}"] = getattr(cls, item.name).__set__
        if self.tail:
            for method in _TAIL_METHODS:
                self._names[f"tail_{method}"] = getattr(self.tail, method)
        self._head_values = head_values
        cls.__init__ = update_wrapper(self._initializer(), cls.__init__)  # type: ignore[method-assign]

    def _read_annotations(self) -> tuple[tuple[Field, ...], Tail | None]:
        hints = get_type_hints(self.cls, include_extras=True)
        found: list[Field] = []
        tail: Tail | None = None
        at = 0
        for item in fields(self.cls):  # type: ignore[arg-type]
            hint = hints[item.name]
            kind = get_args(hint)[1] if get_origin(hint) is Annotated else None
            if hint in (IPv4Address, IPv6Address):
                kind = Octets(4 if hint is IPv4Address else 16)
            if isinstance(kind, Bits | Octets):
                constant = None if item.init or item.default is MISSING else item.default
                field = Field(item.name, kind, at, hint if hint in (IPv4Address, IPv6Address) else None, constant)
                found.append(field)
                at += field.width
            elif kind is not None:
                tail, self.tail_name = kind, item.name
        assert at % 8 == 0, f"{self.cls.__name__} ends within an octet"
        return tuple(found), tail

    def _group(self) -> list[tuple[str, list[Field]]]:
        """Fields that share octets share a struct word."""
        words: list[tuple[str, list[Field]]] = []
        group: list[Field] = []
        for field in self.fields:
            group.append(field)
            if (field.start + field.width) % 8 == 0:
                octets = (field.start + field.width - group[0].start) // 8
                code = f"{octets}s" if isinstance(field.kind, Octets) else _STRUCT_CODES.get(octets, f"{octets}s")
                words.append((code, group))
                group = []
        return words

    def _read_expressions(self) -> list[tuple[Field, str]]:
        """Return the value of each field in terms of the words w0, w1 and so on."""
        found = []
        for number, (code, group) in enumerate(self._words):
            word, end = f"w{number}", group[-1].start + group[-1].width
            for field in group:
                if isinstance(field.kind, Octets):
                    text = f"{field.address.__name__}(integer({word}, 'big'))" if field.address else word
                else:
                    whole = f"integer({word}, 'big')" if code.endswith("s") else word
                    shift, mask = end - field.start - field.width, (1 << field.width) - 1
                    if field.width == 1:
                        text = f"({whole} & {1 << shift} != 0)"
                    elif len(group) == 1:
                        text = whole
                    else:
                        text = f"({whole} >> {shift} & {mask})"
                found.append((field, text))
        return found

    def decoder(self, *, extra: tuple[str, ...] = ()) -> Callable[..., Any]:
        """Generate `decode(data, at, end, *extra)`: an object, or None where the octets do not fit.

        The fields (and the skipped octets before them) begin at `at`, the tail ends at `end`; `extra` are fields whose
        values the caller has: they make it a message, whose size the caller has checked.
        """
        lines = []
        start = f"at + {self.end}"
        if self.tail is None and not extra:
            lines.append(f"if end - at != {self.octets}: return None")
        elif self.octets and not extra:
            lines.append(f"if end - at < {self.octets}: return None")
        if self._words:
            targets = ", ".join(f"w{n}" for n in range(len(self._words)))
            lines.append(f"{targets}, = unpack(data, at)")
        assignments = []
        for field, text in self._read_expressions():
            lines.extend(_guards(field, text))
            assignments.append(f"set_{field.name}(self, {text})")
        if self._is_plain():
            assignments.append(f"set_{self.tail_name}(self, data[{start}:end])")
        elif self.tail:
            lines += [f"tail = tail_decode(data, {start}, end)", "if tail is MISFIT: return None"]
            assignments.append(f"set_{self.tail_name}(self, tail)")
        lines += ["self = new(cls)", *assignments, *(f"set_{name}(self, {name})" for name in extra)]
        if self.is_checked:
            lines.append("if self.inconsistency() is not None: return None")
        lines.append("return self")
        return self._compile("decode", ", ".join(("data", "at", "end", *extra)), lines)

    def encoder(self, arguments: str = "self", after: str = "") -> Callable[..., bytes]:
        """Generate the function that packs head, fields and tail; `after` is what comes behind them."""
        values = []
        for code, group in self._words:
            end = group[-1].start + group[-1].width
            parts = [_shifted(f"self.{field.name}", end - field.start - field.width) for field in group]
            text = " | ".join(parts)
            if isinstance(group[0].kind, Octets):
                text = f"self.{group[0].name}.packed" if group[0].address else f"self.{group[0].name}"
            elif code.endswith("s"):
                text = f"({text}).to_bytes({code[:-1]}, 'big')"
            values.append(text)
        lines, ending = [f"size = {self.end}"], after
        if self.tail:
            lines = [f"tail = tail_encode(self.{self.tail_name})", f"size = {self.end} + len(tail)"]
            ending = " + tail" + after
        lines.append(f"return pack({', '.join([self._head_values, *values])}){ending}")
        return self._compile("encode", arguments, lines)

    def _is_plain(self) -> bool:
        """Whether the tail is any octets."""
        return isinstance(self.tail, Rest) and (self.tail.least, self.tail.unit) == (0, 1)

    def _initializer(self) -> Callable[..., None]:
        """Generate `__init__(self, *, field, ...)`, which raises FieldError unless every field can be written."""
        arguments: list[str] = []
        lines: list[str] = []
        for item in fields(self.cls):  # type: ignore[arg-type]
            name, default = item.name, f"default_{item.name}"
            self._names[default] = item.default
            if item.init:
                arguments.append(name if item.default is MISSING else f"{name}={default}")
            lines.append(f"set_{name}(self, {name if item.init else default})")
        head = ", ".join(["self", *(["*", *arguments] if arguments else [])])
        return self._compile("__init__", head, [*lines, *self._check_source()] or ["pass"])

    def _check_source(self) -> list[str]:
        """Lines that check the fields, which are in variables of their names."""
        tests, flags = [], []
        for field in self.fields:
            value = field.name
            if field.address:
                tests.append(f"type({value}) is {field.address.__name__}")
            elif isinstance(field.kind, Octets):
                tests.append(f"len({value}) == {field.kind.count}")
            elif field.constant is not None:
                continue
            elif field.width == 1:
                flags.append(value)
            else:
                tests.append(f"{field.kind.least} <= {value} <= {field.kind.top}")
        if flags:
            # One that is neither 0 nor 1 leaves the disjunction negative or above 1.
            tests.append(f"0 <= {' | '.join(flags)} <= 1")
        if self.tail:
            value = self.tail_name
            if self._is_plain():
                tests.append(f"len({value}) <= {self.room}")
            else:
                tests.append(f"tail_fits({value}) and len(tail_encode({value})) <= {self.room}")
        if self.is_checked:
            tests.append("self.inconsistency() is None")
        lines = [f"if not ({' and '.join(tests)}): misfit(self)"] if tests else []
        return [*lines, "self.check_rest()"] if self.cls.check_rest is not Laid.check_rest else lines

    def _compile(self, name: str, arguments: str, lines: list[str]) -> Callable[..., Any]:
        source = f"def {name}({arguments}):\n" + "".join(f"    {line}\n" for line in lines)
        made: dict[str, Any] = {}
        exec(compile(source, f"<{name} of {self.cls.__name__}>", "exec"), self._names, made)  # noqa: S102
        function: Callable[..., Any] = made[name]
        return function

    def _misfit(self, owner: Laid) -> None:
        """Name the field that keeps `owner` from being written."""
        title, section = self.cls.__name__, owner.SECTION
        for field in self.fields:
            value = getattr(owner, field.name)
            if not field.fits(value):
                raise FieldError(f"{title} {field.name}", value, field.allowed, section)
        if self.tail and not self.tail.fits(getattr(owner, self.tail_name)):
            value = getattr(owner, self.tail_name)
            raise FieldError(f"{title} {self.tail_name}", value, self.tail.allowed, section)
        if self.tail and (octets := len(self.tail.encode(getattr(owner, self.tail_name)))) > self.room:
            raise FieldError(f"{title} {self.tail_name} length", octets, f"at most {self.room} octets", section)
        name, value, allowed = self._contradiction(owner)
        raise FieldError(f"{title} {name}", value, allowed, section)

    @staticmethod
    def _contradiction(owner: Laid) -> tuple[str, object, str]:
        found = owner.inconsistency()
        assert found is not None, f"nothing is wrong with {owner!r}"
        return found

    def explain(self, data: bytes) -> tuple[str, int, object, str]:
        """Return field, offset, value and what is allowed, for octets that `decode` refused; offset 0 is the first."""
        if len(data) < self.octets or (self.tail is None and len(data) != self.octets):
            allowed = f"{self.octets} octets" if self.tail is None else f"at least {self.octets} octets"
            return "length", 0, len(data), allowed
        number = int.from_bytes(data[: self.octets], "big")
        values: dict[str, Any] = {}
        for field in self.fields:
            value: Any = number >> (self.octets * 8 - field.start - field.width) & ((1 << field.width) - 1)
            if isinstance(field.kind, Octets):
                value = field.address(value) if field.address else value.to_bytes(field.kind.count, "big")
            if not field.fits(value):
                return field.name, field.start // 8, value, field.allowed
            values[field.name] = bool(value) if field.width == 1 else value
        if self.tail:
            tail = self.tail.decode(data, self.octets, len(data))
            if tail is MISFIT:
                return self.tail_name, self.octets, data[self.octets :], self.tail.allowed
            values[self.tail_name] = tail
        made = object.__new__(self.cls)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        name, value, allowed = self._contradiction(made)
        return name, next(field.start // 8 for field in self.fields if field.name == name), value, allowed


def _guards(field: Field, text: str) -> list[str]:
    if not isinstance(field.kind, Bits):
        return []
    if field.constant is not None:
        return [f"if {text} != {int(field.constant)}: return None"]
    lines = []
    if field.kind.most is not None:
        lines.append(f"if {text} > {field.kind.most}: return None")
    if field.kind.least:
        lines.append(f"if {text} < {field.kind.least}: return None")
    return lines


def _shifted(text: str, by: int) -> str:
    return f"{text} << {by}" if by else text

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility options: type, length, data, and the padding between them (RFC 6275 s6.2).

A message's options stand without their padding. Where the octets held exactly the padding that this module would write,
`padding` of the message is None; otherwise it keeps what stood before each option and behind the last, so that any
message encodes to the octets it was decoded from. A receiver should not reject misaligned options (RFC 6275 s6.2.1).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from p4dmm.wire.errors import FieldError, check_bits
from p4dmm.wire.mobility.errors import MobilityError
from p4dmm.wire.mobility.layout import Laid, Layout
from p4dmm.wire.mobility.tails import MISFIT, _Misfit

# RFC 6275 sets no limit. 2048 octets, the longest Mobility Header, hold 85 prefixes. Padding does not count.
MAX_MOBILITY_OPTIONS = 100
MAX_SUB_OPTIONS = 32
_SECTION = "RFC 6275 s6.2"

# Pad1 for one octet, PadN with a length of two less for more (RFC 6275 s6.2.2, s6.2.3).
PADS = (b"", b"\0", *(bytes((1, octets - 2)) + bytes(octets - 2) for octets in range(2, 8)))

Padding = tuple[bytes, ...]
_T = TypeVar("_T", bound="type[Option]")


class Option(Laid):
    """One option; `TYPE` is its number, `encode` writes all of it."""

    __slots__ = ()

    TYPE: ClassVar[int]
    decode_body: ClassVar[Callable[[bytes, int, int], Any]]

    def encode(self) -> bytes:
        """Return type, length and data; generated."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class UnknownOption:
    """An option this package has no layout for: skipped by its receiver, kept as it came (RFC 6275 s6.2.1)."""

    type: int
    data: bytes = b""

    def __post_init__(self) -> None:
        check_bits(self, (("type", 8),), _SECTION)
        if len(self.data) > 255:
            raise FieldError("UnknownOption data length", len(self.data), "at most 255 octets", _SECTION)

    @property
    def TYPE(self) -> int:  # noqa: N802 - the same name as in the options whose type is constant
        """The type, under the name the known options have it."""
        return self.type

    def encode(self) -> bytes:
        """Return type, length and data."""
        return bytes((self.type, len(self.data))) + self.data


@dataclass(frozen=True, slots=True)
class MalformedOption:
    """An option of a known type with a length or a content its layout does not have, kept as it came.

    The message around it is readable: what to answer depends on the type (RFC 5648 s4.4 wants status 164, RFC 6089
    s4.2 the option's own 130), otherwise it counts as absent. `problem` says what is wrong, and where.
    """

    type: int
    length: int
    data: bytes
    problem: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        check_bits(self, (("type", 8), ("length", 8)), _SECTION)

    @property
    def TYPE(self) -> int:  # noqa: N802 - the same name as in the options whose type is constant
        """The type, under the name the known options have it."""
        return self.type

    def encode(self) -> bytes:
        """Return type, length and data."""
        return bytes((self.type, self.length)) + self.data


MobilityOption = Option | UnknownOption | MalformedOption


@dataclass(frozen=True, slots=True)
class SubPadding:
    """Padding between sub-options (RFC 6089 s4.2.1.1, s4.2.1.2): 0 alone, or 1, a length and so many octets."""

    octets: bytes

    def __post_init__(self) -> None:
        if self.octets != b"\0" and (self.octets[:1] != b"\1" or len(self.octets) != 2 + self.octets[1]):
            raise FieldError("SubPadding octets", self.octets, "one Pad1 or PadN", "RFC 6089 s4.2.1")

    def encode(self) -> bytes:
        """Return the octets."""
        return self.octets


SubOption = Option | UnknownOption | MalformedOption | SubPadding


class Alignment(Protocol):
    """An alignment that depends on the option."""

    def __call__(self, size: int, *, last: bool) -> tuple[int, int]:
        """Return mask and remainder for an option of so many octets, type and length included."""


class Entry(NamedTuple):
    """What is known of a type: `mask` and `remainder` say that its first octet's offset & mask is the remainder.

    Where that depends on the option, `alignment` tells. The data has `scale` * length + `bias` octets.
    """

    decode: Callable[[bytes, int, int], Any] | None = None
    mask: int = 0
    remainder: int = 0
    scale: int = 1
    bias: int = 0
    alignment: Alignment | None = None
    cls: type[Option] | None = None


_UNASSIGNED = Entry()


def closing(x: int, y: int) -> Alignment:
    """Return the alignment of an authentication option: x*n + y, and at the end of a message without padding behind.

    RFC 6275 s6.2.7: it "must be the last", so the padding goes before it. Sizes that fit no 8-octet boundary at that
    alignment keep the alignment.
    """

    def align(size: int, *, last: bool) -> tuple[int, int]:
        if last and (-size - y) % x == 0:
            return 7, -size & 7
        return x - 1, y

    return align


def by_size(small: tuple[int, int], large: tuple[int, int], limit: int) -> Alignment:
    """Return the alignment of an option that has `small` up to `limit` octets, type and length included, or `large`."""
    chosen = ((small[0] - 1, small[1]), (large[0] - 1, large[1]))

    def align(size: int, *, last: bool) -> tuple[int, int]:  # noqa: ARG001 - it is so at the end, too
        return chosen[size > limit]

    return align


class Registry:
    """One space of types: the mobility options, or the sub-options of one of them."""

    def __init__(self, what: str, *, pads: bool) -> None:
        """Name the space for error texts; `pads` says whether types 0 and 1 are padding."""
        self.what, self.pads = what, pads
        self.entries = [_UNASSIGNED] * 256

    def classes(self) -> list[type[Option]]:
        """Return every class that has a type, in the order of types."""
        return [entry.cls for entry in self.entries if entry.cls]

    def option(
        self,
        types: int,
        name: str,
        section: str,
        *,
        align: tuple[int, int] | Alignment = (1, 0),
        scale: int = 1,
        bias: int = 0,
    ) -> Callable[[_T], _T]:
        """Decorate a dataclass: give it type, name, section and the code that its annotations ask for.

        `align` (x, y) is the requirement x*n + y on the offset of its type octet, x a power of two, or the function
        that tells it; the length octet is (octets of data - bias) / scale.
        """

        def register(cls: _T) -> _T:
            cls.TYPE, cls.NAME, cls.SECTION = types, name, section
            length = "size" if (scale, bias) == (1, 0) else f"(size - {bias}) // {scale}"
            layout = Layout(cls, "BB", f"{int(types)}, {length}", most=255 * scale + bias)
            cls.LAYOUT = layout
            cls.decode_body = staticmethod(layout.decoder())
            cls.encode = layout.encoder()  # type: ignore[method-assign]
            assert self.entries[types] is _UNASSIGNED, f"{self.what} {types} twice"
            mask, remainder, alignment = (0, 0, align) if callable(align) else (align[0] - 1, align[1], None)
            self.entries[types] = Entry(cls.decode_body, mask, remainder, scale, bias, alignment, cls)
            return cls

        return register

    def decode_sub(self, data: bytes, at: int, end: int) -> tuple[SubOption, ...] | _Misfit:
        """Read sub-options; MISFIT where one does not end within its option or where there are too many."""
        found: list[SubOption] = []
        while at < end:
            kind = data[at]
            if self.pads and kind == 0:
                found.append(SubPadding(b"\0"))
                at += 1
                continue
            if at + 2 > end or at + 2 + data[at + 1] > end or len(found) == MAX_SUB_OPTIONS:
                return MISFIT
            stop = at + 2 + data[at + 1]
            if self.pads and kind == 1:
                found.append(SubPadding(data[at:stop]))
            else:
                found.append(self.read(data, kind, at, stop))
            at = stop
        return tuple(found) if len(found) <= MAX_SUB_OPTIONS else MISFIT

    def read(self, data: bytes, kind: int, at: int, end: int) -> MobilityOption:
        """Return the option whose octets are data[at:end], whatever they are."""
        entry = self.entries[kind]
        if entry.decode is None or entry.cls is None:
            return UnknownOption(kind, data[at + 2 : end])
        option: Option | None = entry.decode(data, at + 2, end)
        if option is not None:
            return option
        name, offset, value, allowed = entry.cls.LAYOUT.explain(data[at + 2 : end])
        problem = f"octet {at + 2 + offset}: {entry.cls.NAME} ({kind}) {name} is {value!r:.80}; allowed: {allowed}"
        return MalformedOption(kind, data[at + 1], data[at + 2 : end], f"{problem} ({entry.cls.SECTION})")


class SubOptions:
    """A tail of sub-options."""

    allowed = f"at most {MAX_SUB_OPTIONS} sub-options that end with the option"

    def __init__(self, registry: Registry) -> None:
        """Take the space of their types."""
        self.registry = registry
        self.decode = registry.decode_sub

    def encode(self, value: tuple[SubOption, ...]) -> bytes:
        """Return the octets."""
        return b"".join([option.encode() for option in value])

    def fits(self, value: tuple[SubOption, ...]) -> bool:
        """Whether they are few enough, and padding only where there is some."""
        if not self.registry.pads and any(isinstance(option, SubPadding) for option in value):
            return False
        return len(value) <= MAX_SUB_OPTIONS


MOBILITY = Registry("mobility option", pads=True)


def decode_options(data: bytes, at: int, end: int) -> tuple[tuple[MobilityOption, ...], Padding | None]:
    """Read the options in data[at:end], offsets counted from the Mobility Header; MobilityError where one overruns."""
    options: list[MobilityOption] = []
    gaps: list[bytes] = []
    entries, is_canonical, gap_at = MOBILITY.entries, True, at
    alignment: Alignment | None = None
    size = 0
    while at < end:
        kind = data[at]
        if not kind:
            at += 1
            continue
        if at + 2 > end:
            raise MobilityError(f"mobility option {kind}", "cut", "a length octet", "RFC 6275 s6.2.1", offset=at)
        decode, mask, remainder, scale, bias, alignment, _ = entries[kind]
        stop = at + 2 + data[at + 1] * scale + bias
        if stop > end:
            raise MobilityError(
                f"length of mobility option {kind}",
                data[at + 1],
                f"an option that ends with its message, at octet {end}",
                "RFC 6275 s6.2.1",
                offset=at + 1,
            )
        if kind == 1:
            at = stop
            continue
        if len(options) == MAX_MOBILITY_OPTIONS:
            allowed = f"at most {MAX_MOBILITY_OPTIONS}"
            raise MobilityError(
                "number of mobility options", f"over {MAX_MOBILITY_OPTIONS}", allowed, _SECTION, offset=at
            )
        if alignment:
            size = stop - at
            mask, remainder = alignment(size, last=stop == end)
        if mask or at != gap_at:
            gap = data[gap_at:at]
            if gap != PADS[(remainder - gap_at) & mask]:
                is_canonical = False
            gaps.append(gap)
        else:
            gaps.append(b"")
        option = decode(data, at + 2, stop) if decode else UnknownOption(kind, data[at + 2 : stop])
        options.append(MOBILITY.read(data, kind, at, stop) if option is None else option)
        at = gap_at = stop
    gap = data[gap_at:end]
    if gap and options and alignment and alignment(size, last=False) != alignment(size, last=True):
        # This one would have been written without padding behind it.
        is_canonical = False
    if is_canonical and gap == PADS[-gap_at & 7]:
        return tuple(options), None
    return tuple(options), (*gaps, gap)


def encode_options(options: Iterable[MobilityOption], padding: Padding | None, at: int) -> bytes:
    """Write options that begin at octet `at` of the Mobility Header, with the padding given or the one they need."""
    parts = [option.encode() for option in options]
    if padding is not None:
        return b"".join([octets for pair in zip(padding, [*parts, b""], strict=True) for octets in pair])
    entries, written, left = MOBILITY.entries, bytearray(), len(parts)
    for part in parts:
        left -= 1
        _, mask, remainder, _, _, alignment, _ = entries[part[0]]
        if alignment:
            mask, remainder = alignment(len(part), last=not left)
        if mask:
            written += PADS[(remainder - at - len(written)) & mask]
        written += part
    written += PADS[-(at + len(written)) & 7]
    return bytes(written)


def check_options(owner: object, options: tuple[MobilityOption, ...], padding: Padding | None) -> None:
    """Raise FieldError for too many options, and unless `padding` is None or Pad1s and PadNs for each gap."""
    name = type(owner).__name__
    if len(options) > MAX_MOBILITY_OPTIONS:
        raise FieldError(f"number of {name} options", len(options), f"at most {MAX_MOBILITY_OPTIONS}", _SECTION)
    if padding is None:
        return
    if len(padding) != len(options) + 1:
        allowed = f"{len(options) + 1} strings for {len(options)} options"
        raise FieldError(f"{name} padding", len(padding), allowed, _SECTION)
    for octets in padding:
        if not _is_padding(octets):
            raise FieldError(f"{name} padding", octets, "Pad1 and PadN options", _SECTION)


def _is_padding(octets: bytes) -> bool:
    at = 0
    while at < len(octets) and octets[at] <= 1:
        if octets[at] and at + 1 == len(octets):
            return False
        at += 2 + octets[at + 1] if octets[at] else 1
    return at == len(octets)

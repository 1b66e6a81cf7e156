# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The Mobility Header (RFC 6275 s6.1): an extension header that every mobility message is.

0: payload proto 1, always 59; 1: header length 1 in units of 8 octets without the first 8; 2: MH type 1; 3: reserved 1;
4: checksum 2; 6: what the type says, then mobility options. Offsets in errors count from its first octet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, ClassVar, NamedTuple, TypeVar

from p4dmm.wire.checksum import upper_layer_checksum, verify_upper_layer_checksum
from p4dmm.wire.errors import FieldError, check_bits
from p4dmm.wire.ipv6 import NextHeader
from p4dmm.wire.mobility.errors import MobilityError, Reaction
from p4dmm.wire.mobility.layout import U8, Laid, Layout
from p4dmm.wire.mobility.options import MobilityOption, Padding, check_options, decode_options, encode_options

MAX_MOBILITY_HEADER = 256 * 8
# Payload Proto, Header Len, MH Type, Reserved, Checksum.
_COMMON = 6
# As plain numbers: an attribute of an enumeration costs as much as an option's field.
_PAYLOAD_PROTO, _MOBILITY = int(NextHeader.NO_NEXT_HEADER), int(NextHeader.MOBILITY)
_SECTION = "RFC 6275 s6.1.1"
_T = TypeVar("_T", bound="type[Message]")
_Kind = TypeVar("_Kind", bound=MobilityOption)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Laid):
    """A mobility message; `TYPE` is its MH type. `header_reserved` is octet 3."""

    TYPE: ClassVar[int]
    pack: ClassVar[Callable[[Any, bytes], bytes]]
    # Whether mobility options follow the fixed part.
    HAS_OPTIONS: ClassVar[bool] = True

    header_reserved: U8 = 0
    options: tuple[MobilityOption, ...] = ()
    padding: Padding | None = None

    def check_rest(self) -> None:
        """Raise FieldError for options and padding that cannot be written."""
        if self.options or self.padding is not None:
            if not self.HAS_OPTIONS:
                raise FieldError(f"{type(self).__name__} options", self.options, "none", self.SECTION)
            check_options(self, self.options, self.padding)

    @classmethod
    def options_at(cls, data: bytes) -> int:
        """Return where the options begin in the message `data`."""
        return cls.LAYOUT.end if cls.HAS_OPTIONS else len(data)

    def options_start(self) -> int:
        """Return where the options of this message begin."""
        return self.LAYOUT.end

    def option(self, kind: type[_Kind]) -> _Kind | None:
        """Return the first option of a class, or None."""
        for option in self.options:
            if type(option) is kind:
                return option
        return None

    def all_options(self, kind: type[_Kind]) -> tuple[_Kind, ...]:
        """Return the options of a class, in their order."""
        return tuple([option for option in self.options if type(option) is kind])


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A message this package has no layout for, kept as it came; `body` begins after the checksum.

    Its receiver answers with Binding Error status 2 (RFC 6275 s9.2). Of a known type are those whose subtype is not
    (Binding Revocation, Flow Binding).
    """

    type: int
    body: bytes
    header_reserved: int = 0

    def __post_init__(self) -> None:
        check_bits(self, (("type", 8), ("header_reserved", 8)), _SECTION)
        if len(self.body) % 8 != 2 or len(self.body) > MAX_MOBILITY_HEADER - _COMMON:
            allowed = f"2, 10, 18 and so on up to {MAX_MOBILITY_HEADER - _COMMON} octets"
            raise FieldError("UnknownMessage body length", len(self.body), allowed, _SECTION)

    @property
    def TYPE(self) -> int:  # noqa: N802 - the same name as in the messages whose type is constant
        """The type, under the name the known messages have it."""
        return self.type


MobilityMessage = Message | UnknownMessage


class _Entry(NamedTuple):
    """One class: meant where the 16 bits at octet `marker_at`, masked, have the value; its fixed part ends at `end`.

    Its options begin there, too, unless `options_at` tells where.
    """

    cls: type[Message]
    decode: Callable[..., Message]
    end: int
    options_at: Callable[[bytes], int] | None
    marker_at: int
    mask: int
    value: int


_MESSAGES: dict[int, list[_Entry]] = {}


def message(mh_type: int, name: str, section: str) -> Callable[[_T], _T]:
    """Decorate a dataclass: give it MH type, name, section and the code that its annotations ask for.

    Classes of one type are told apart by the one field that is constant in each of them.
    """

    def register(cls: _T) -> _T:
        cls.TYPE, cls.NAME, cls.SECTION = mh_type, name, section
        head = f"{_PAYLOAD_PROTO}, (size + len(rest)) // 8 - 1, {int(mh_type)}"
        cls.LAYOUT = layout = Layout(cls, "BBB", head, most=MAX_MOBILITY_HEADER - 5, skip=3, hole=2)
        cls.pack = layout.encoder("self, rest", " + rest")
        decode = layout.decoder(extra=("options", "padding"))
        marker_at, mask, value = 0, 0, 0
        for field in layout.fields:
            if field.constant is not None:
                # header_reserved, the first field, is before the checksum; the others are behind it.
                word, bit = divmod(field.start - 8 + _COMMON * 8, 16)
                shift = 16 - bit - field.width
                marker_at, mask = word * 2, ((1 << field.width) - 1) << shift
                value = int(field.constant) << shift
        is_fixed = cls.HAS_OPTIONS and "options_at" not in vars(cls)
        options_at = None if is_fixed else cls.options_at
        entry = _Entry(cls, decode, layout.end, options_at, marker_at, mask, value)
        _MESSAGES.setdefault(int(mh_type), []).append(entry)
        return cls

    return register


def message_classes() -> tuple[type[Message], ...]:
    """Return every class that has a type, in the order of types."""
    return tuple(entry.cls for _, entries in sorted(_MESSAGES.items()) for entry in entries)


def decode_mobility(data: bytes, src: IPv6Address | None, dst: IPv6Address | None) -> MobilityMessage:
    """Verify the checksum and read the message that `data` begins with; what follows it is left out (RFC 8200 s4.7).

    `src` and `dst` are those of the checksum: the home address where there is a Home Address option or a type 2 routing
    header (`p4dmm.wire.home_address`). Both None: no checksum, as on IPv4 and UDP (RFC 5844 s4.1.3.1).
    Raises MobilityError, whose `reaction` is what RFC 6275 s9.2 asks for.
    """
    if len(data) < 8:
        raise MobilityError("length of Mobility Header", len(data), "at least 8 octets", _SECTION, offset=0)
    total = (data[1] + 1) * 8
    if total > len(data):
        raise MobilityError(
            "Header Len",
            data[1],
            f"at most {len(data) // 8 - 1} for the {len(data)} octets present",
            _SECTION,
            offset=1,
        )
    if len(data) > total:
        data = data[:total]
    if src is not None and dst is not None and not verify_upper_layer_checksum(src, dst, _MOBILITY, data):
        right = upper_layer_checksum(src, dst, _MOBILITY, data[:4] + b"\0\0" + data[_COMMON:])
        allowed = f"0x{right:04x}, over the pseudo-header from {src} to {dst} and the message"
        raise MobilityError("Checksum", f"0x{data[4]:02x}{data[5]:02x}", allowed, "RFC 6275 s9.2", offset=4)
    entries = _MESSAGES.get(data[2])
    if data[0] != _PAYLOAD_PROTO:
        if entries is None:
            # Told before the Payload Proto (RFC 6275 s9.2), and with another number in that the rest is no message.
            what = f"MH Type, with Payload Proto {data[0]},"
            reaction = Reaction.BINDING_ERROR
            raise MobilityError(what, data[2], "an assigned type", "RFC 6275 s9.2", offset=2, reaction=reaction)
        reaction = Reaction.PARAMETER_PROBLEM
        raise MobilityError("Payload Proto", data[0], "59", "RFC 6275 s9.2", offset=0, reaction=reaction)
    if entries is None:
        return UnknownMessage(data[2], data[_COMMON:], data[3])
    for cls, decode, end, options_at, marker_at, mask, value in entries:
        start = end if options_at is None or end > total else options_at(data)
        if start > total:
            raise MobilityError(
                "Header Len",
                data[1],
                f"at least {(start + 7) // 8 - 1} for {cls.NAME}",
                f"RFC 6275 s9.2, {cls.SECTION}",
                offset=1,
                reaction=Reaction.PARAMETER_PROBLEM,
            )
        if (data[marker_at] << 8 | data[marker_at + 1]) & mask == value:
            options, padding = decode_options(data, start, total) if start < total else ((), None)
            return decode(data, 0, start, options, padding)
    return UnknownMessage(data[2], data[_COMMON:], data[3])


def encode_mobility(msg: MobilityMessage, src: IPv6Address | None, dst: IPv6Address | None) -> bytes:
    """Return the message with its checksum for `src` and `dst`, or with zero where they are None.

    Options are padded as each of them asks for and to a multiple of 8 octets, unless the message says its padding.
    Raises FieldError where it does not fit or end on 8 octets.
    """
    if isinstance(msg, UnknownMessage):
        octets = bytes((_PAYLOAD_PROTO, len(msg.body) // 8, msg.type, msg.header_reserved, 0, 0)) + msg.body
    else:
        start = msg.options_start()
        rest = encode_options(msg.options, msg.padding, start) if msg.HAS_OPTIONS else b""
        if msg.HAS_OPTIONS and ((start + len(rest)) % 8 or start + len(rest) > MAX_MOBILITY_HEADER):
            allowed = f"a multiple of 8 octets, at most {MAX_MOBILITY_HEADER}"
            raise FieldError(f"{type(msg).__name__} length", start + len(rest), allowed, _SECTION)
        octets = msg.pack(rest)
    if src is None or dst is None:
        return octets
    checksum = upper_layer_checksum(src, dst, _MOBILITY, octets)
    return octets[:4] + checksum.to_bytes(2, "big") + octets[_COMMON:]

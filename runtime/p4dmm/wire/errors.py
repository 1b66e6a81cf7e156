# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with bytes from the wire, and with values meant for it."""

import reprlib


class WireError(ValueError):
    """Bytes or values that the named RFC section does not allow; the subclasses say in which way."""

    def __init__(self, what: str, value: object, allowed: str, section: str) -> None:
        """Name the object, the offending value, what is allowed, and where that is written."""
        super().__init__(f"{what} is {reprlib.repr(value)}; allowed: {allowed} ({section})")
        self.what = what
        self.value = value
        self.allowed = allowed
        self.section = section


class TruncatedError(WireError):
    """Fewer octets than the layout needs."""


class FieldError(WireError):
    """A field holds a value its layout has no meaning or no room for."""


class LimitError(WireError):
    """More repetitions than this implementation accepts from a stranger."""


class ChecksumError(WireError):
    """The checksum does not match the octets."""


class ValidationError(WireError):
    """Well-formed, but the RFC tells the receiver to discard it."""


def need(what: str, data: bytes, octets: int, section: str) -> None:
    """Raise TruncatedError unless `data` holds at least `octets` octets."""
    if len(data) < octets:
        raise TruncatedError(f"length of {what}", len(data), f"at least {octets} octets", section)


def check_bits(owner: object, widths: tuple[tuple[str, int], ...], section: str) -> None:
    """Raise FieldError unless every named attribute of `owner` is an unsigned integer of its width in bits."""
    for name, bits in widths:
        value = getattr(owner, name)
        if value < 0 or value >> bits:
            raise FieldError(f"{type(owner).__name__} {name}", value, f"0 to {(1 << bits) - 1}", section)

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Typed access to JSON that says where it was when something is missing or of another type."""

from collections.abc import Iterator
from typing import Any

from p4dmm.softswitch.errors import MalformedProgramError, UnsupportedProgramError

__all__ = ["View"]

_NAMES: dict[type, str] = {dict: "an object", list: "an array", str: "a string", int: "an integer", bool: "a boolean"}


class View:
    """A JSON value and the words that describe its place in the program."""

    __slots__ = ("raw", "where")

    def __init__(self, raw: Any, where: str) -> None:
        self.raw = raw
        self.where = where

    def malformed(self, text: str) -> MalformedProgramError:
        """An error at this place."""
        return MalformedProgramError(f"{self.where}: {text}")

    def unsupported(self, feature: str, supported: str | None = None) -> UnsupportedProgramError:
        """A refusal at this place."""
        hint = f" (supported: {supported})" if supported else ""
        return UnsupportedProgramError(f"{feature} in {self.where} is not supported{hint}")

    def called(self, where: str) -> "View":
        """The same value under a better name."""
        return View(self.raw, where)

    def has(self, key: str) -> bool:
        """Whether the object has the key with a value other than null."""
        return isinstance(self.raw, dict) and self.raw.get(key) is not None

    def get(self, key: str) -> "View":
        """A member that must be there."""
        members = self._typed(dict)
        if key not in members:
            raise self.malformed(f"'{key}' is missing")
        return View(members[key], f"'{key}' of {self.where}")

    def at(self, index: int) -> "View":
        """An element that must be there."""
        items = self._typed(list)
        if index >= len(items):
            raise self.malformed(f"it has {len(items)} elements, expected more than {index}")
        return View(items[index], self.where)

    def items(self, key: str | None = None) -> Iterator["View"]:
        """The elements of this array, or of the array in a member; a missing member is an empty array."""
        if key is not None:
            if not self.has(key):
                return
            yield from self.get(key).items()
            return
        for number, item in enumerate(self._typed(list)):
            yield View(item, f"element {number} of {self.where}")

    def keys(self) -> tuple[str, ...]:
        """The names of an object's members."""
        return tuple(self._typed(dict))

    def text(self) -> str:
        """A string."""
        value: str = self._typed(str)
        return value

    def text_or_none(self) -> str | None:
        """A string or null."""
        return None if self.raw is None else self.text()

    def integer(self) -> int:
        """A number that is not negative."""
        value: int = self._typed(int)
        if value < 0:
            raise self.malformed(f"{value} is negative")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A boolean member; missing or null means the default."""
        if not self.has(key):
            return default
        return self.get(key).boolean()

    def boolean(self) -> bool:
        """True or false."""
        value: bool = self._typed(bool)
        return value

    def hexadecimal(self) -> int:
        """A hexstr."""
        text = self.text()
        try:
            return int(text, 16)
        except ValueError:
            raise self.malformed(f"{text!r} is no hexadecimal number") from None

    def pair(self) -> tuple[str, str]:
        """A reference to a field: [header, field]."""
        names = [item.text() for item in self.items()]
        if len(names) != 2:
            raise self.malformed(f"{self.raw!r} is no reference to a field")
        return names[0], names[1]

    def _typed(self, kind: type) -> Any:
        if not isinstance(self.raw, kind) or (kind is int and isinstance(self.raw, bool)):
            raise self.malformed(f"expected {_NAMES[kind]}, found {self.raw!r}")
        return self.raw

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the embedded switch, by who has to act on it."""

__all__ = [
    "EntryExistsError",
    "EntryNotFoundError",
    "InUseError",
    "InvalidEntryError",
    "MalformedProgramError",
    "SoftswitchError",
    "TableFullError",
    "UnsupportedProgramError",
]


class SoftswitchError(Exception):
    """Base of everything the embedded switch raises on purpose."""


class UnsupportedProgramError(SoftswitchError):
    """The program is valid BMv2 JSON but uses a feature this switch does not have."""


class MalformedProgramError(SoftswitchError):
    """The text is not BMv2 JSON, or refers to something it does not define."""


class TableFullError(SoftswitchError):
    """The table already holds as many entries as the program gave it."""


class EntryExistsError(SoftswitchError):
    """An entry or group with this key is already there."""


class EntryNotFoundError(SoftswitchError):
    """There is no entry or group with this key."""


class InvalidEntryError(SoftswitchError):
    """The entry does not fit the object it was meant for."""


class InUseError(InvalidEntryError):
    """The object cannot go: something still refers to it."""

# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Reading a message for a person: what is wrong with it does not hide the rest."""

from dataclasses import dataclass, field
from typing import Any

from p4dmm.cli.describe import message_tree
from p4dmm.cli.locate import Located
from p4dmm.wire import NextHeader
from p4dmm.wire.mobility import MobilityError, UnknownMessage, decode_mobility
from p4dmm.wire.mobility.options import PADS

# Checksum, Header Len, Payload Proto and one option can each be in the way.
_MAX_ATTEMPTS = 5


@dataclass(slots=True)
class Reading:
    """A message as a tree, or as much of it as can be told; what is wrong; the octets that were not understood."""

    tree: dict[str, Any] | None = None
    problems: list[dict[str, Any]] = field(default_factory=list)
    unread: bytes = b""


def read(located: Located) -> Reading:
    """Decode as far as it goes.

    Each obstacle is noted and taken out of the way; what only follows from the message being cut is not noted.
    """
    found = Reading(problems=[{"problem": problem} for problem in located.problems])
    if not located.is_whole:
        found.unread = located.octets
        return found
    octets, src, dst = located.octets, located.src, located.dst
    is_cut = False
    for _ in range(_MAX_ATTEMPTS):
        try:
            message = decode_mobility(octets, src, dst)
        except MobilityError as error:
            if not is_cut:
                problem = {"problem": str(error), "offset": error.offset, "reaction": error.reaction.value}
                found.problems.append(problem)
            is_cut = is_cut or _is_cut(octets)
            mended = _mended(octets, error)
            if mended is None:
                break
            octets, unread = mended
            found.unread = unread or found.unread
            src = dst = None
            continue
        found.tree = message_tree(message)
        if found.unread:
            # What stands behind the last option that was read is ours.
            found.tree.pop("padding", None)
        if isinstance(message, UnknownMessage):
            found.problems.append({"problem": found.tree["problem"], "offset": 2})
        found.problems += _option_problems(found.tree)
        return found
    found.unread = located.octets
    return found


def _is_cut(octets: bytes) -> bool:
    return len(octets) >= 8 and (octets[1] + 1) * 8 > len(octets)


def _mended(octets: bytes, error: MobilityError) -> tuple[bytes, bytes] | None:
    """Return octets without what the error is about, and those left out; None where nothing can be told any more."""
    if error.offset == 4:
        return octets, b""
    if len(octets) < 8:
        return None
    if error.offset == 0:
        return bytes((NextHeader.NO_NEXT_HEADER,)) + octets[1:], b""
    if error.offset == 1 and _is_cut(octets):
        whole = len(octets) // 8 * 8
        return _sized(octets[:whole]), octets[whole:]
    if error.offset < 8:
        return None
    # The offset is that of the option, or of its length.
    at = error.offset - ("length of mobility option" in error.what)
    end = (octets[1] + 1) * 8
    return _sized(octets[:at] + PADS[-at & 7]), octets[at:end]


def _sized(octets: bytes) -> bytes:
    return octets[:1] + bytes((len(octets) // 8 - 1,)) + octets[2:]


def _option_problems(tree: dict[str, Any]) -> list[dict[str, Any]]:
    problems = []
    for option in tree.get("options", ()):
        if "problem" in option:
            problems.append({"problem": option["problem"]})
        problems += _option_problems(option)
    return problems

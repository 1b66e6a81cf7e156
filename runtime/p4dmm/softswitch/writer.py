# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Python text under construction."""

from p4dmm.softswitch.errors import UnsupportedProgramError

__all__ = ["Writer"]

# CPython's tokenizer gives up at 100 levels.
DEEPEST = 95


class Writer:
    """Lines with their depth; blocks are written into writers of their own, so that empty ones can be left out."""

    __slots__ = ("depth", "lines")

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.lines: list[tuple[int, str]] = []

    def line(self, text: str) -> None:
        """One statement at this depth."""
        self.lines.append((self.depth, text))

    def clear(self, variable: str) -> None:
        """Set the variable to 0, unless the straight line up to here has just done so."""
        text = f"{variable} = 0"
        for depth, line in reversed(self.lines):
            if depth == self.depth and line == text:
                return
            if depth != self.depth or line.startswith(f"{variable} "):
                break
        self.line(text)

    def child(self) -> "Writer":
        """A writer for a block."""
        return Writer(self.depth + 1)

    def block(self, head: str, body: "Writer") -> None:
        """A compound statement."""
        self.line(head)
        self.lines += body.lines or [(self.depth + 1, "pass")]

    def branch(self, cond: str, then: "Writer", other: "Writer") -> None:
        """if / else, without the parts that are empty."""
        if not then.lines and not other.lines:
            return
        if not then.lines:
            self.block(f"if not ({cond}):", other)
            return
        self.block(f"if {cond}:", then)
        if not other.lines:
            return
        top = [text for depth, text in other.lines if depth == other.depth]
        if top[0].startswith("if ") and all(text.startswith(("elif ", "else:")) for text in top[1:]):
            # An else that is nothing but an if becomes an elif, which keeps chains flat.
            first_depth, first = other.lines[0]
            self.lines.append((first_depth - 1, f"el{first}"))
            self.lines += [(depth - 1, text) for depth, text in other.lines[1:]]
        else:
            self.block("else:", other)

    def text(self) -> str:
        """The source."""
        if any(depth > DEEPEST for depth, _ in self.lines):
            raise UnsupportedProgramError(f"control flow nested more than {DEEPEST} deep is not supported")
        return "".join(f"{' ' * depth}{text}\n" for depth, text in self.lines)

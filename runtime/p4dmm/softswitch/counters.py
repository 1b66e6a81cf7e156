# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Indirect counters: packets and bytes by index."""

from p4dmm.softswitch.errors import InvalidEntryError

__all__ = ["CounterArray"]


class CounterArray:
    """An array of (packets, bytes) cells.

    The two lists are shared with the generated code, which adds to them in place; they are never rebound.
    """

    __slots__ = ("byte_cells", "name", "packet_cells", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.packet_cells = [0] * size
        self.byte_cells = [0] * size

    def read(self, index: int) -> tuple[int, int]:
        """Packets and bytes counted at the index."""
        self._check(index)
        return self.packet_cells[index], self.byte_cells[index]

    def write(self, index: int, packets: int, octets: int) -> None:
        """Overwrite the cell."""
        self._check(index)
        if packets < 0 or octets < 0:
            raise InvalidEntryError(f"counter '{self.name}'[{index}]: ({packets}, {octets}) is negative")
        self.packet_cells[index] = packets
        self.byte_cells[index] = octets

    def _check(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise InvalidEntryError(f"counter '{self.name}' has no index {index} (0..{self.size - 1})")

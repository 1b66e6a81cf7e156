# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Indirect meters: the two rate three colour marker of RFC 2698, colour-blind.

Buckets hold billionths of a unit, so that nanoseconds times units per second are exact and nothing is ever rounded.
"""

from dataclasses import dataclass

from p4dmm.softswitch.errors import InvalidEntryError

__all__ = ["GREEN", "PACKETS", "RED", "SCALE", "UNITS", "YELLOW", "MeterArray", "MeterConfig", "mark"]

GREEN, YELLOW, RED = 0, 1, 2
SCALE = 1_000_000_000
PACKETS, BYTES = UNITS = ("packets", "bytes")

# [time of the last packet, tokens of C, tokens of P, CIR, capacity of C, PIR, capacity of P]
Cell = list[int]


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """Committed and peak information rate (units per second) and burst (units); the unit is the array's."""

    cir: int
    cburst: int
    pir: int
    pburst: int


def mark(cell: Cell, now_ns: int, amount: int) -> int:
    """The colour of a packet of so many billionths of a unit (RFC 2698, section 3: colour-blind mode)."""
    last, committed, peak, cir, cmax, pir, pmax = cell
    elapsed = now_ns - last
    if elapsed > 0:
        cell[0] = now_ns
        committed = min(committed + elapsed * cir, cmax)
        peak = min(peak + elapsed * pir, pmax)
    color = RED
    if peak >= amount:
        peak -= amount
        color = YELLOW
        if committed >= amount:
            committed -= amount
            color = GREEN
    cell[1] = committed
    cell[2] = peak
    return color


class MeterArray:
    """An array of meters; one that is not configured marks every packet green.

    Only configured meters have a cell. `cells` is shared with the generated code: mutated, never rebound.
    """

    __slots__ = ("_configs", "cells", "name", "size", "unit")

    def __init__(self, name: str, size: int, unit: str) -> None:
        """`unit` is "packets" or "bytes"."""
        if unit not in UNITS:
            raise InvalidEntryError(f"meter '{name}': unit {unit!r}, allowed are {', '.join(UNITS)}")
        self.name = name
        self.size = size
        self.unit = unit
        self._configs: dict[int, MeterConfig] = {}
        self.cells: dict[int, Cell] = {}

    def configure(self, index: int, config: MeterConfig | None, now_ns: int) -> None:
        """Give a meter its rates, with both buckets full; None takes them away."""
        self._check(index)
        if config is None:
            self._configs.pop(index, None)
            self.cells.pop(index, None)
            return
        if min(config.cir, config.cburst, config.pir, config.pburst) < 0:
            raise InvalidEntryError(f"meter '{self.name}'[{index}]: {config} has a negative number")
        if config.cir > config.pir:
            raise InvalidEntryError(
                f"meter '{self.name}'[{index}]: the committed rate {config.cir} exceeds the peak rate {config.pir} "
                "(RFC 2698, section 2)"
            )
        committed, peak = config.cburst * SCALE, config.pburst * SCALE
        self._configs[index] = config
        self.cells[index] = [now_ns, committed, peak, config.cir, committed, config.pir, peak]

    def config(self, index: int) -> MeterConfig | None:
        """The rates of a meter, or None."""
        self._check(index)
        return self._configs.get(index)

    def execute(self, index: int, now_ns: int, octets: int) -> int:
        """Mark a packet of so many octets: GREEN, YELLOW or RED."""
        self._check(index)
        cell = self.cells.get(index)
        if cell is None:
            return GREEN
        return mark(cell, now_ns, SCALE if self.unit == PACKETS else octets * SCALE)

    def _check(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise InvalidEntryError(f"meter '{self.name}' has no index {index} (0..{self.size - 1})")

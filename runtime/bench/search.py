# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How much a switch forwards without loss, found by trials."""

from collections.abc import Callable
from dataclasses import dataclass

STEPS = (5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000)
LOSS = 0.001
ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """One load for some seconds."""

    offered: int
    """Packets that reached the switch's interface."""
    received: int
    """Packets that reached the far end, in the end."""
    seconds: float
    meanwhile: int
    """Packets that reached the far end before the load ended."""

    @property
    def lossless(self) -> bool:
        return self.offered > 0 and self.offered - self.received <= self.offered * LOSS

    @property
    def offered_rate(self) -> float:
        return self.offered / self.seconds

    @property
    def received_rate(self) -> float:
        return self.meanwhile / self.seconds


def highest_without_loss(offer: Callable[[int], Trial], rounds: int) -> int:
    """The highest load that passed, in packets per second as it reached the switch; 0 if none did.

    A load passes if one attempt of it does: a loss may be the machine's. The steps, then halving what lies between the
    last that passed and the first that did not.
    """
    best, low = 0.0, 0

    def passes(rate: int) -> bool:
        nonlocal best
        trial = next((trial for _ in range(ATTEMPTS) if (trial := offer(rate)).lossless), None)
        best = max(best, trial.offered_rate) if trial else best
        return trial is not None

    for step in STEPS:
        if not passes(step):
            high = step
            break
        low = step
    else:
        return round(best)
    for _ in range(rounds):
        middle = (low + high) // 2
        if passes(middle):
            low = middle
        else:
            high = middle
    return round(best)

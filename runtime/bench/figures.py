# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Measured values in few words."""

import math
from collections.abc import Sequence

ABSENT = "-"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def count(value: float | None) -> str:
    """A number of things, to three digits that mean something."""
    if value is None:
        return ABSENT
    if value < 1000:
        return f"{value:.3g}"
    digits = 3 - len(str(int(value)))
    return f"{round(value, digits):,.0f}"


def milliseconds(value: float | None) -> str:
    """A duration."""
    return ABSENT if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def ratio(ours: float | None, other: float | None) -> str:
    """How many times the other."""
    return f"{ours / other:.1f}" if ours is not None and other else ABSENT


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; what is not the first column is a number."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def replace_between(text: str, name: str, new: str) -> str:
    """Replace what stands between the two markers of that name. ValueError where there are none."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before, found, rest = text.partition(begin)
    _, also, after = rest.partition(end)
    if not (found and also):
        raise ValueError(f"no {begin} ... {end}")
    return f"{before}{begin}\n{new}\n{end}{after}"

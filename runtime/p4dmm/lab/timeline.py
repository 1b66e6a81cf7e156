# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The journey as a picture: all of it over time, and each handover in close-up."""

from collections.abc import Sequence
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from .base import HostAddress
from .errors import LabError
from .records import Handover, Journey
from .stats import rate_per_bin

_BIN_S = 0.1
_STAGES = {"prepared": "tab:purple", "seen": "tab:orange", "decided": "tab:olive", "installed": "tab:green"}
_BEFORE_MS, _AFTER_MS = 100, 200
_LINKS = "tab:red"


def draw(journey: Journey, path: Path) -> None:
    """Write a PNG. LabError where matplotlib is missing."""
    plt = _pyplot()
    tcp = journey.traffic.tcp is not None
    heights = [2.0, *([1.3] if tcp else []), 1.2, 2.0]
    figure = plt.figure(figsize=(max(14.0, 4.0 * len(journey.handovers)), 2.0 * sum(heights) / 1.5))
    grid = figure.add_gridspec(len(heights), len(journey.handovers), height_ratios=heights)
    figure.subplots_adjust(left=0.06, right=0.89, top=0.94, bottom=0.06, hspace=0.5, wspace=0.2)
    start = min((stream.sent[0] for stream in journey.traffic.streams), default=journey.begun)
    end = max((stream.sent[-1] for stream in journey.traffic.streams), default=journey.ended)
    wide = [figure.add_subplot(grid[row, :]) for row in range(len(heights) - 1)]
    _packets(wide[0], journey, start, end)
    if tcp:
        _goodput(wide[1], journey, start, end)
    _addresses(wide[-1], journey, start)
    for axis in wide:
        axis.set_xlim(0, end - start)
        for handover in journey.handovers:
            axis.axvspan(handover.begun - start, handover.times.done - start, color=_LINKS, alpha=0.2, linewidth=0)
            axis.axvline(handover.times.attached - start, color=_LINKS, linewidth=0.8)
    wide[-1].set_xlabel("seconds")
    for column, handover in enumerate(journey.handovers):
        _close_up(figure.add_subplot(grid[-1, column]), journey, handover)
    _save(figure, f"{journey.node}, mode {journey.mode}: {journey.claim}", path)


def draw_handovers(journeys: Sequence[Journey], path: Path) -> None:
    """Write a PNG with every handover in close-up, a row for each journey. LabError where matplotlib is missing."""
    plt = _pyplot()
    columns = len(journeys[0].handovers)
    figure, axes = plt.subplots(
        len(journeys), columns, figsize=(max(14.0, 4.5 * columns), 2.6 * len(journeys)), squeeze=False
    )
    figure.subplots_adjust(left=0.08, right=0.99, top=0.92, bottom=0.05, hspace=0.6, wspace=0.1)
    for row, journey in enumerate(journeys):
        for axis, handover in zip(axes[row], journey.handovers, strict=True):
            _close_up(axis, journey, handover)
            if row < len(journeys) - 1:
                axis.set_xlabel("")
        axes[row][0].set_ylabel(journey.mode, fontsize=12, fontweight="bold")
    _save(figure, f"{journeys[0].node}: {journeys[0].claim}", path)


def _pyplot() -> Any:
    try:
        import matplotlib as mpl  # noqa: PLC0415 an extra, and slow to import

        mpl.use("Agg")
        from matplotlib import pyplot  # noqa: PLC0415
    except ImportError as error:
        raise LabError("no timeline: matplotlib is not installed; pip install 'p4dmm[plots]'") from error
    return pyplot


def _save(figure: Any, title: str, path: Path) -> None:
    figure.suptitle(title, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    _pyplot().close(figure)


def _packets(axis: Any, journey: Journey, start: float, end: float) -> None:
    for stream in journey.traffic.streams:
        bins = rate_per_bin([(at, 1) for _, at in stream.arrivals], start, end, _BIN_S)[:-1]
        axis.plot([at - start for at, _ in bins], [rate for _, rate in bins], label=stream.name, linewidth=1)
        axis.plot([at - start for at in stream.lost()], [0] * len(stream.lost()), "x", color="red", clip_on=False)
    axis.plot([], [], "x", color="red", label="lost (when sent)")
    axis.set_ylim(bottom=0)
    axis.set_ylim(top=axis.get_ylim()[1] * 1.35)
    for handover in journey.handovers:
        lost = ", ".join(f"{s.name} {handover.stats(s).lost}" for s in journey.traffic.streams)
        where = handover.times.attached - start, axis.get_ylim()[1]
        words = f"{handover.title}\nlost: {lost}"
        offset = {"xytext": (4, -4), "textcoords": "offset points", "va": "top", "fontsize": 8}
        axis.annotate(words, where, **offset)
    axis.set_ylabel("packets\nreceived per s")
    _legend(axis)


def _goodput(axis: Any, journey: Journey, start: float, end: float) -> None:
    tcp = journey.traffic.tcp
    assert tcp
    for way, arrivals in (("down", tcp.down), ("up", tcp.up)):
        bins = rate_per_bin(arrivals, start, end, _BIN_S)[:-1]
        axis.plot([at - start for at, _ in bins], [rate * 8 / 1e6 for _, rate in bins], label=f"TCP {way}", linewidth=1)
    axis.set_ylabel("goodput\nMbit/s")
    axis.set_ylim(bottom=0)
    axis.set_ylim(top=axis.get_ylim()[1] * 1.2)
    _legend(axis)


def _addresses(axis: Any, journey: Journey, start: float) -> None:
    order: list[IPv6Address] = []
    for _, sample in journey.addresses:
        order += [a.address for a in sample if not a.address.is_link_local and a.address not in order]
    ends = [at for at, _ in journey.addresses[1:]] + [journey.ended]
    for (at, sample), end in zip(journey.addresses, ends, strict=True):
        for held in sample:
            if held.address in order:
                row = order.index(held.address)
                axis.barh(row, end - at, left=at - start, height=0.6, color=_colour(held), linewidth=0)
    for state, colour in (("preferred", "cornflowerblue"), ("deprecated", "lightsteelblue"), ("tentative", "gold")):
        axis.barh(0, 0, color=colour, label=state)
    for row, address in enumerate(order):
        words = f" {address}{' (of all streams)' if address == journey.traffic.source else ''}"
        axis.text(0, row, words, fontsize=8, va="center")
    axis.set_yticks([])
    axis.set_ylabel("addresses")
    axis.invert_yaxis()
    _legend(axis)


def _close_up(axis: Any, journey: Journey, handover: Handover) -> None:
    attached = handover.times.attached

    def ms(instants: list[float]) -> list[float]:
        near = [(at - attached) * 1000 for at in instants]
        return [at for at in near if -_BEFORE_MS <= at <= _AFTER_MS]

    streams = journey.traffic.streams
    for row, stream in enumerate(streams):
        arrived, lost = ms([at for _, at in stream.arrivals]), ms(stream.lost())
        axis.plot(arrived, [row] * len(arrived), "|", color=f"C{row}", markersize=12)
        axis.plot(lost, [row] * len(lost), "x", color="red")
    begun = max((handover.begun - attached) * 1000, -_BEFORE_MS)
    axis.axvspan(begun, 0, color=_LINKS, alpha=0.2, linewidth=0)
    axis.axvline(0, color=_LINKS, linewidth=1, label="attach 0")
    for stage, at in handover.stages_ms(_STAGES):
        axis.axvline(at, color=_STAGES[stage], linewidth=1, label=f"{stage} {at:.1f}")
    first = handover is journey.handovers[0]
    axis.set_yticks(range(len(streams)), [stream.name if first else "" for stream in streams])
    axis.set_ylim(-0.5, len(streams) + 0.9)
    axis.set_xlim(-_BEFORE_MS, _AFTER_MS)
    axis.set_title(handover.title, fontsize=9)
    axis.set_xlabel("ms since attach")
    axis.legend(loc="upper center", fontsize=7, ncols=3)


def _legend(axis: Any) -> None:
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)


def _colour(address: HostAddress) -> str:
    if address.tentative:
        return "gold"
    return "lightsteelblue" if address.deprecated else "cornflowerblue"

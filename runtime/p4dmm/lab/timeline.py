# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The journey as a picture."""

from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from .base import HostAddress
from .errors import LabError
from .records import Journey
from .stats import rate_per_bin

_BIN_S = 0.1
_STAGES = {"prepared": "tab:purple", "seen": "tab:orange", "decided": "tab:olive", "installed": "tab:green"}


def draw(journey: Journey, path: Path) -> None:
    """Write a PNG: packets received, TCP goodput and addresses over time, with the handovers marked."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 an extra, and slow to import

        mpl.use("Agg")
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError as error:
        raise LabError("no timeline: matplotlib is not installed; pip install 'p4dmm[plots]'") from error
    rows = 3 if journey.traffic.tcp else 2
    heights = [2.2, 1.5, 1.1] if rows == 3 else [2.2, 1.1]
    figure, axes = plt.subplots(
        rows, 1, sharex=True, figsize=(13, 2.6 * rows + 1), height_ratios=heights, layout="constrained"
    )
    start = min((stream.sent[0] for stream in journey.traffic.streams), default=journey.begun)
    _packets(axes[0], journey, start)
    if journey.traffic.tcp:
        _goodput(axes[1], journey, start)
    _addresses(axes[-1], journey, start)
    for axis in axes:
        _moves(axis, journey, start)
    _label_moves(axes[0], journey, start)
    axes[-1].set_xlabel("seconds")
    axes[-1].set_xlim(0, journey.ended - start)
    figure.suptitle(f"{journey.node}: {journey.claim}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _packets(axis: Any, journey: Journey, start: float) -> None:
    for stream in journey.traffic.streams:
        bins = rate_per_bin([(at, 1) for _, at in stream.arrivals], start, journey.ended, _BIN_S)
        axis.plot([at - start for at, _ in bins], [rate for _, rate in bins], label=stream.name, linewidth=1)
        arrived = {sequence for sequence, _ in stream.arrivals}
        lost = [at - start for sequence, at in enumerate(stream.sent) if sequence not in arrived]
        axis.plot(lost, [0] * len(lost), "x", color="red", markersize=4, clip_on=False)
    axis.plot([], [], "x", color="red", markersize=4, label="lost (when sent)")
    axis.set_ylabel("packets received per s")
    axis.legend(loc="lower left", fontsize=8, ncols=4)
    axis.set_ylim(bottom=0)


def _goodput(axis: Any, journey: Journey, start: float) -> None:
    tcp = journey.traffic.tcp
    assert tcp
    for way, arrivals in (("down", tcp.down), ("up", tcp.up)):
        bins = rate_per_bin(arrivals, start, journey.ended, _BIN_S)
        axis.plot([at - start for at, _ in bins], [rate * 8 / 1e6 for _, rate in bins], label=f"TCP {way}", linewidth=1)
    axis.set_ylabel("goodput, Mbit/s")
    axis.legend(loc="lower left", fontsize=8, ncols=2)
    axis.set_ylim(bottom=0)


def _addresses(axis: Any, journey: Journey, start: float) -> None:
    order: list[IPv6Address] = []
    for _, sample in journey.addresses:
        order += [a.address for a in sample if not a.address.is_link_local and a.address not in order]
    ends = [at for at, _ in journey.addresses[1:]] + [journey.ended]
    for (at, sample), end in zip(journey.addresses, ends, strict=True):
        for address in sample:
            if address.address in order:
                axis.barh(
                    order.index(address.address),
                    end - at,
                    left=at - start,
                    height=0.6,
                    color=_colour(address),
                    linewidth=0,
                )
    for state, colour in (("preferred", "tab:blue"), ("deprecated", "lightsteelblue"), ("tentative", "gold")):
        axis.barh(0, 0, color=colour, label=state)
    axis.set_yticks(range(len(order)), [f"{a}{' (streams)' if a == journey.traffic.source else ''}" for a in order])
    axis.tick_params(axis="y", labelsize=7)
    axis.set_ylabel("addresses")
    axis.invert_yaxis()
    axis.legend(loc="lower left", fontsize=8, ncols=3)


def _colour(address: HostAddress) -> str:
    if address.tentative:
        return "gold"
    return "lightsteelblue" if address.deprecated else "tab:blue"


def _moves(axis: Any, journey: Journey, start: float) -> None:
    for handover in journey.handovers:
        axis.axvspan(handover.begun - start, handover.times.done - start, color="tab:red", alpha=0.15, linewidth=0)
        axis.axvline(handover.times.attached - start, color="tab:red", linewidth=0.8)
        for stage, at in handover.stages.items():
            if stage in _STAGES:
                axis.axvline(at - start, color=_STAGES[stage], linewidth=0.8, linestyle=":")


def _label_moves(axis: Any, journey: Journey, start: float) -> None:
    top = axis.get_ylim()[1]
    for handover in journey.handovers:
        words = [handover.title, *(f"{stage} {ms:+.1f} ms" for stage, ms in handover.stages_ms(_STAGES))]
        lost = ", ".join(f"{s.name} {handover.stats(s).lost}" for s in journey.traffic.streams)
        words.append(f"lost: {lost}")
        axis.annotate(
            "\n".join(words),
            (handover.times.attached - start, top),
            xytext=(4, -4),
            textcoords="offset points",
            fontsize=7,
            va="top",
        )
    axis.set_ylim(top=top * 1.05)

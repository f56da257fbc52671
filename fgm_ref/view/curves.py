"""Loss against bytes: what a protocol gets for what it ships."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from fgm_ref.arrays import Array
from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.bars import MB
from fgm_ref.view.figure import axis, label_losses
from fgm_ref.view.labels import labels
from fgm_ref.view.looks import GREY, style

GAP = 0.055
"""Between two labels in the margin, as a share of the axis."""


class End(NamedTuple):
    """The end of a line, and its label."""

    label: str
    x: float
    y: float
    color: str


def loss_against_bytes(results: Sequence[RunResult], data: Dataset, ax: Axes | None = None) -> Axes:
    """Test loss of the mean model against payload bytes so far, one line per run."""
    ax = axis(ax)
    ends = [
        _draw_line(ax, result, label)
        for result, label in zip(results, labels(results), strict=True)
    ]
    _draw_baseline(ax, data.baseline)
    ax.set(
        xscale="log",
        yscale="log",
        title="Loss against bytes",
        xlabel="payload so far, MB (log scale)",
        ylabel="test loss of the mean model (log scale)",
    )
    _label_ends(ax, ends)
    return ax


def _draw_line(ax: Axes, result: RunResult, label: str) -> End:
    """A run's line, from its first byte on."""
    look = style(result.config.protocol)
    alone = label == result.config.protocol  # no other line with the same look
    x = result.curve["bytes"] / MB
    y = result.curve["loss"]
    sent = x > 0
    ax.plot(
        x[sent],
        y[sent],
        color=look.color,
        linestyle=look.linestyle,
        marker=look.marker,
        markersize=4,
        markerfacecolor=look.color if alone else "white",
    )
    return End(label, x[-1], y[-1], look.color)


def _draw_baseline(ax: Axes, baseline: Baseline) -> None:
    """What can be had without any training."""
    ax.axhline(baseline.loss, color=GREY, linestyle=":", linewidth=1)
    ax.annotate(
        baseline.name,
        (0.98, baseline.loss),
        xycoords=("axes fraction", "data"),
        ha="right",
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
        color="#555555",
    )


def _label_ends(ax: Axes, ends: Sequence[End]) -> None:
    """Names in the right margin, in the order of the final losses, tied to the ends of their lines."""
    label_losses(ax)
    low, high = np.log(ax.get_ylim())
    losses = np.log([end.y for end in ends])
    wanted = (losses - low) / (high - low)
    for end, height in zip(ends, spread(wanted, GAP), strict=True):
        _label(ax, end, height)


def _label(ax: Axes, end: End, height: float) -> None:
    """One name, at a height from 0 to 1."""
    ax.annotate(
        end.label,
        (end.x, end.y),
        xycoords="data",
        xytext=(1.03, height),
        textcoords="axes fraction",
        va="center",
        color="#444444" if end.color == GREY else end.color,
        fontsize=9,
        arrowprops={"arrowstyle": "-", "color": end.color, "linewidth": 0.6, "alpha": 0.6},
    )


def spread(heights: Sequence[float] | Array, gap: float) -> list[float]:
    """Move heights in [0, 1] up, and down from the top, until neighbours are `gap` apart; the order stays.

    >>> [round(height, 2) for height in spread([0.5, 0.5, 1.0, 0.99], gap=0.1)]
    [0.5, 0.6, 1.0, 0.9]
    """
    order = np.argsort(heights, kind="stable")
    slots = gap * np.arange(len(heights))
    # how far each is above its slot must not fall from one to the next
    above = np.maximum.accumulate(np.array(heights)[order] - slots)
    highest = 1 - slots[-1]
    placed = np.empty(len(heights))
    placed[order] = np.minimum(above, highest) + slots
    return [float(height) for height in placed]

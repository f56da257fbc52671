"""Figures of the report: panels with large letters, so that they can be read at half their width."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.view.plots import BLACK, GREY, style

LARGE, SMALL = 15, 13
WIDTH = 10.0  # inches; 1,300 pixels at 130 dots per inch
DPI = 130
PERIODS = {"periodic:b=1": "-", "periodic:b=13": "--", "periodic:b=61": ":"}
"""Line styles where several periods are drawn in the colour of all."""


def panels(number: int, columns: int = 3, height: float = 3.4) -> tuple[Figure, list[Axes]]:
    """A figure with room for so many panels, row by row; those that are left over are hidden."""
    rows = -(-number // columns)
    figure = Figure(figsize=(WIDTH, height * rows), layout="constrained", dpi=DPI)
    places = range(1, rows * columns + 1)
    axes = [figure.add_subplot(rows, columns, place) for place in places]
    for ax in axes:
        ax.tick_params(labelsize=SMALL)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[number:]:
        ax.set_axis_off()
    return figure, axes


def two(height: float) -> tuple[Figure, Axes, Axes]:
    """Two panels side by side."""
    figure, (left, right) = panels(2, columns=2, height=height)
    return figure, left, right


def titles(ax: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Title and labels in the letters of the report."""
    ax.set_title(title, fontsize=LARGE)
    ax.set_xlabel(x, fontsize=SMALL)
    ax.set_ylabel(y, fontsize=SMALL)


def marks(protocol: str) -> tuple[str, str]:
    """The protocol's own marker and colour."""
    look = style(protocol)
    return look.marker, look.color


def line(
    ax: Axes,
    protocol: str,
    x: Sequence[float],
    y: Sequence[float],
    label: str | None = None,
    linestyle: str | None = None,
) -> None:
    """A line in the protocol's own colour, line style (if no other is wanted) and marker."""
    look = style(protocol)
    ax.plot(
        x,
        y,
        color=look.color,
        linestyle=linestyle or look.linestyle,
        marker=look.marker,
        markersize=8,
        linewidth=2,
        label=label or protocol,
    )


def bars(
    ax: Axes,
    protocol: str,
    x: Sequence[float],
    y: Sequence[Estimate],
    label: str | None = None,
    linestyle: str | None = None,
) -> None:
    """A line in the protocol's own look, with an upright interval at each point."""
    middle = [e.value for e in y]
    below = np.abs([e.value - e.low for e in y])
    above = np.abs([e.high - e.value for e in y])
    color = style(protocol).color
    line(ax, protocol, x, middle, label, linestyle)
    ax.errorbar(x, middle, yerr=[below, above], fmt="none", color=color, linewidth=2, capsize=4)


def dots(
    ax: Axes,
    labels: Sequence[str],
    estimates: Sequence[Estimate],
    marker: str = "o",
    color: str = BLACK,
    shift: float = 0.0,
    label: str | None = None,
    reference: float = 1.0,
) -> None:
    """Ratios with their intervals, one line each from top to bottom, around a line at 1 (or at another reference)."""
    places = np.arange(len(labels)) + shift
    dots_at(ax, places, estimates, marker, color, label)
    name_lines(ax, labels, reference)


def dots_at(
    ax: Axes,
    places: Any,
    estimates: Sequence[Estimate],
    marker: str,
    color: str,
    label: str | None = None,
    hollow: bool = False,
) -> None:
    """Estimates with their intervals on these lines, counted from the top."""
    middle = np.array([e.value for e in estimates])
    below = np.array([e.value - e.low for e in estimates])
    above = np.array([e.high - e.value for e in estimates])
    ax.errorbar(
        middle,
        -np.asarray(places),
        xerr=np.abs([below, above]),
        fmt=marker,
        color=color,
        markersize=8,
        linewidth=2,
        capsize=4,
        label=label,
        markerfacecolor="white" if hollow else color,
    )


def name_lines(ax: Axes, labels: Sequence[str], at: float = 1.0) -> None:
    """A name for each line, and a dotted one where the ratio is 1."""
    ax.axvline(at, color=GREY, linewidth=1.5, linestyle=":")
    ax.set_yticks(-np.arange(len(labels)), labels, fontsize=SMALL)
    if labels:
        ax.set_ylim(0.6 - len(labels), 0.6)


def ticks_of_ratios(ax: Axes, ticks: Sequence[float]) -> None:
    """A logarithmic axis with the given ticks written as plain numbers."""
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


def plain_log(ax: Axes, axis: str = "x", subs: Sequence[float] = (1, 3)) -> None:
    """A logarithmic axis with few ticks, written as plain numbers."""
    ax.set(**{f"{axis}scale": "log"})
    which = ax.xaxis if axis == "x" else ax.yaxis
    which.set_major_locator(LogLocator(base=10, subs=subs, numticks=12))
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    which.set_minor_locator(NullLocator())


def legend_panel(ax: Axes, source: Axes, title: str = "") -> None:
    """The labels of `source` in a panel of their own."""
    ax.set_axis_off()
    handles, labels = source.get_legend_handles_labels()
    ax.legend(
        handles,
        labels,
        loc="center",
        fontsize=SMALL,
        frameon=False,
        title=title,
        title_fontsize=SMALL,
        handlelength=3,
    )


def legend_below(figure: Figure, source: Axes, columns: int = 4) -> None:
    """The labels of `source` in a line below all panels."""
    handles, labels = source.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        fontsize=SMALL,
        frameon=False,
    )

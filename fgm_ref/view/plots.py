"""Figures, drawn from the records of runs.

Every function takes records and an optional axis, and returns the axis.  Colours are Okabe and Ito's, which
colour-blind readers can tell apart; a line style, a marker and a label at the end of each line say the same
again for readers in grey.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from fgm_ref.datasets import Dataset
from fgm_ref.files import atomic
from fgm_ref.protocols import parse
from fgm_ref.simulation.result import RunResult
from fgm_ref.transport.messages import KINDS

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = OKABE_ITO
GREY = "#8A8A8A"
COLORS = {
    "black": BLACK,
    "orange": ORANGE,
    "sky": SKY,
    "green": GREEN,
    "blue": BLUE,
    "vermillion": VERMILLION,
    "purple": PURPLE,
    "grey": GREY,
}
MB = 1e6


class Style(NamedTuple):
    """Colour, line style and marker: the same for a protocol in every figure."""

    color: str
    linestyle: Any
    marker: str


GROUPS = {
    ("down", "models"): (BLUE, ""),
    ("down", "means of balancing sets"): (SKY, "//"),
    ("up", "models"): (ORANGE, ""),
    ("up", "drifts"): (YELLOW, "\\\\"),
    ("up", "raw samples"): (GREY, ".."),
    ("up", "optimiser state"): (PURPLE, "xx"),
    ("down", "optimiser state"): (PURPLE, ""),
    ("up", "control words"): (VERMILLION, ""),
    ("down", "control words"): (VERMILLION, "--"),
}
"""How the messages are gathered in a bar: (direction, group) -> (colour, hatch)."""


def style(protocol: str) -> Style:
    """The style of a protocol, given as `name` or `name:options`."""
    color, linestyle, marker = parse(protocol)[0].look
    return Style(COLORS[color], linestyle, marker)


def axis(ax: Axes | None) -> Axes:
    """The given axis, or that of a new figure."""
    return ax if ax is not None else Figure(figsize=(6, 4.5), layout="constrained").subplots()


def loss_against_bytes(results: Sequence[RunResult], data: Dataset, ax: Axes | None = None) -> Axes:
    """Test loss of the mean model against payload bytes so far, one line per run."""
    ax = axis(ax)
    ends = []
    for result in results:
        look = style(result.config.protocol)
        x, y = result.curve["bytes"] / MB, result.curve["loss"]
        keep = x > 0
        ax.plot(
            x[keep],
            y[keep],
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            markersize=4,
        )
        ends.append((result.config.protocol, x[-1], y[-1], look))
    ax.axhline(data.baseline.loss, color=GREY, linestyle=":", linewidth=1)
    ax.annotate(
        data.baseline.name,
        (0.98, data.baseline.loss),
        xycoords=("axes fraction", "data"),
        ha="right",
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
        color="#555555",
    )
    ax.set(
        xscale="log",
        yscale="log",
        title="Loss against bytes",
        xlabel="payload so far, MB (log scale)",
        ylabel="test loss of the mean model (log scale)",
    )
    _label_ends(ax, ends)
    return ax


def _label_ends(ax: Axes, ends: list[tuple[str, float, float, Style]]) -> None:
    """Names in the right margin, in the order of the final losses, tied to the ends of their lines."""
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.yaxis.set_minor_formatter(ScalarFormatter())
    low, high = np.log(ax.get_ylim())
    heights = _spread([float((np.log(y) - low) / (high - low)) for _, _, y, _ in ends], gap=0.055)
    for (name, x, y, look), height in zip(ends, heights, strict=True):
        ax.annotate(
            name,
            (x, y),
            xycoords="data",
            xytext=(1.03, height),
            textcoords="axes fraction",
            va="center",
            color="#444444" if look.color == GREY else look.color,
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": look.color, "linewidth": 0.6, "alpha": 0.6},
        )


def _spread(heights: list[float], gap: float) -> list[float]:
    """Move heights in [0, 1] up, and down from the top, until neighbours are `gap` apart; the order stays."""
    order = np.argsort(heights, kind="stable")
    placed = np.array(heights)[order]
    slots = gap * np.arange(len(placed))
    placed = (
        np.maximum.accumulate(placed - slots) + slots
    )  # from the bottom up: none closer than the gap
    placed = (
        np.minimum.accumulate((np.minimum(placed - slots, 1 - slots[-1]))[::-1])[::-1] + slots
    )  # below the top
    result = np.empty(len(heights))
    result[order] = placed
    return [float(value) for value in result]


def bytes_by_type(results: Sequence[RunResult], ax: Axes | None = None) -> Axes:
    """Payload bytes of every run, stacked by message type."""
    ax = axis(ax)
    names = [r.config.protocol for r in results]
    left = np.zeros(len(results))
    for (way, group), (color, hatch) in GROUPS.items():
        kinds = [kind.name for kind in KINDS if (kind.direction, kind.group) == (way, group)]
        widths = (
            np.array(
                [
                    sum(r.ledger[kind]["bytes"] for kind in kinds if kind in r.ledger)
                    for r in results
                ]
            )
            / MB
        )
        if widths.any():
            ax.barh(
                names,
                widths,
                left=left,
                label=f"{way}: {group}",
                color=color,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.3,
            )
        left += widths
    ax.invert_yaxis()
    ax.set(xlabel="payload, MB", title="Bytes by message type")
    ax.legend(fontsize=8, loc="lower right")
    return ax


def phi_stack(result: RunResult, number: int | None = None, ax: Axes | None = None) -> Axes:
    """One FGM round: what each site has used of the slack, stacked, below what the coordinator knows.

    The sites' shares φ(X_i) − φ(0) are stacked; the round may use k|φ(0)| in all.  The step line is the
    coordinator's bound, ψ + (c + k)θ: it grows with every increment and falls back when a poll (dotted line)
    tells the truth.  `number` is the round; by default one with several subrounds is chosen.
    """
    ax = axis(ax)
    events, k = result.events, result.config.sites
    number = number or interesting_round(result)
    inside = events[events["round"] == number]
    first, last = int(inside["step"].min()), int(inside["step"].max())
    if last == first or "phi" not in result.series:
        raise ValueError(f"round: expected one that lasted and was monitored, got round {number}")
    steps = np.arange(first, last + 1)
    zero = float(result.series["phi_zero"][first])
    used = np.zeros((last - first + 1, k))
    used[1:] = result.series["phi"][first:last] - zero  # series[j] belongs to step j + 1
    share = used / (k * abs(zero))
    ax.stackplot(steps, share.T, colors=_site_colors(k), edgecolor="white", linewidth=0.3)
    ax.plot(
        *_bound(inside, zero, k, last),
        color=VERMILLION,
        drawstyle="steps-post",
        linewidth=1.6,
        label="the coordinator's bound ψ + (c + k)θ",
    )
    ax.axhline(1, color=BLACK, linestyle="--", linewidth=1, label="budget k|φ(0)|")
    for step in np.unique(inside["step"][_of(inside, "QUANTUM")]):
        ax.axvline(step, color=GREY, linestyle=":", linewidth=1)
    ax.set(
        xlabel="step (dotted: a poll, new quantum θ)",
        ylabel="share of the slack used up",
        xlim=(first, last),
        ylim=(0, max(1.12, 1.05 * float(share.sum(axis=1).max()))),
        title=f"Round {number} of {result.config.protocol}: φ of {k} sites, stacked",
    )
    ax.legend(fontsize=8, loc="lower right")
    return ax


def _of(events: Any, name: str) -> Any:
    """Mask of the events of one kind."""
    return np.array([KINDS[kind].name == name for kind in events["kind"]], bool)


def _bound(events: Any, zero: float, k: int, last: int) -> tuple[list[float], list[float]]:
    """Steps and heights of the coordinator's bound on the share of the slack that is used up."""
    psi, c = k * zero, 0
    theta = -psi / (2 * k)
    x, y = [float(events["step"][0])], [(psi + k * theta) / abs(k * zero) + 1]
    for event in events:
        kind = KINDS[event["kind"]].name
        if kind == "QUANTUM":
            psi, c, theta = event["value"], 0, event["number"]
        elif kind == "INCREMENT":
            c += int(event["number"])
        else:
            continue
        x.append(float(event["step"]))
        y.append((psi + (min(c, k) + k) * theta) / abs(k * zero) + 1)
    return [*x, float(last)], [*y, y[-1]]


def interesting_round(result: RunResult) -> int:
    """A round from the middle of the run, among those with the most subrounds that lasted at least 4 steps."""
    rounds = np.unique(result.events["round"])[:-1]

    def rank(number: int) -> tuple[bool, int, float]:
        inside = result.events[result.events["round"] == number]
        lasted = int(inside["step"].max() - inside["step"].min()) >= 4
        return lasted, int(inside["subround"].max()), -abs(number - len(rounds) / 2)

    if len(rounds) == 0:
        return 1
    return int(max(rounds.tolist(), key=rank))


def _site_colors(k: int) -> list[str]:
    """Alternating shades, so that neighbouring sites can be told apart in grey too."""
    shades = ("#BFD9EA", "#7FB3D3", "#D9E8B8", "#A3C586")
    return [shades[i % 4] for i in range(k)]


def overview(results: Sequence[RunResult], data: Dataset) -> Figure:
    """The demo's picture: loss against bytes, one FGM round, bytes by message type."""
    figure = Figure(figsize=(16, 5.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    loss_against_bytes(results, data, left)
    fgm = next(
        (r for r in results if r.config.protocol.startswith("fgm") and "phi" in r.series), None
    )
    if fgm is not None:
        try:
            phi_stack(fgm, ax=middle)
        except ValueError:
            middle.set_axis_off()
    else:
        middle.set_axis_off()
    bytes_by_type(results, right)
    config = results[0].config
    figure.suptitle(
        f"{data.name}: {config.cell.upper()} {'-'.join(map(str, config.hidden))}, {config.sites} sites, "
        f"{config.split} split, {config.schedule} schedule, one seed ({config.seed})"
    )
    return figure


def save(figure: Figure, path: Path, dpi: int = 110) -> None:
    """Write a PNG, whole or not at all."""
    with atomic(path) as part:
        figure.savefig(part, dpi=dpi, format="png", metadata={"Software": None})

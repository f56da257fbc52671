"""Learning curves: how loss and score go down or up with the steps, next to what there is to beat."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from fgm_ref.arrays import Array
from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.looks import style
from fgm_ref.view.table import score_name

DARK = "#444444"
SMOOTH = 20  # the training loss is a mean over a twentieth of the steps
FAR = 10.0  # times the lowest or the highest loss: a level farther off would make the rest flat
DASHES = ((1, 1), (4, 2), (4, 1, 1, 1), (7, 2), (1, 3))
"""On and off, in points: of the baselines' lines, in their order."""


def learning_curves(
    results: Sequence[RunResult], data: Dataset, known: Sequence[Baseline]
) -> Figure:
    """Loss and score of the mean model at each evaluation, a line for each run; the baselines `known` are dashed."""
    figure = Figure(figsize=(13, 5), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    for result in results:
        draw_training(losses, result)
        draw_test(losses, result, "loss")
        draw_test(scores, result, "score")
    for number, one in enumerate(known):
        draw_baseline(losses, one, one.loss, number)
        draw_baseline(scores, one, one.score, number)
    losses.set(
        title="Loss: test (thick) and training (thin)",
        xlabel="step",
        ylabel="loss (log scale)",
        yscale="log",
        ylim=in_sight([result.curve["loss"] for result in results], [one.loss for one in known]),
    )
    losses.yaxis.set_major_formatter(ScalarFormatter())
    losses.yaxis.set_minor_formatter(ScalarFormatter())
    scores.set(title=f"{score_name(data)} on the test part", xlabel="step")
    lines, labels = scores.get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside right upper", fontsize=9)
    return figure


def in_sight(losses: Sequence[Array], levels: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis: all losses, and those levels that are not far off."""
    everything = np.concatenate(losses)
    low, high = everything.min(), everything.max()
    near = [level for level in levels if low / FAR < level < FAR * high]
    return min([low, *near]) / 1.2, max([high, *near]) * 1.2


def draw_test(ax: Axes, result: RunResult, what: str) -> None:
    """What the mean model was worth at each evaluation."""
    look = style(result.config.protocol)
    ax.plot(
        result.curve["step"],
        result.curve[what],
        color=look.color,
        linestyle=look.linestyle,
        marker=look.marker,
        markersize=4,
        label=result.config.protocol,
    )


def draw_training(ax: Axes, result: RunResult) -> None:
    """The loss on each step's mini-batches before anything was learnt from them, smoothed."""
    loss = result.series["loss"]
    width = max(1, len(loss) // SMOOTH)
    steps = np.arange(1, len(loss) + 1)
    color = style(result.config.protocol).color
    ax.plot(mean_of(steps, width), mean_of(loss, width), color=color, linewidth=0.7, alpha=0.5)


def mean_of(values: Array, width: int) -> Array:
    """The mean of every `width` values in a row; what is left over at the end is left out."""
    whole = len(values) // width * width
    return np.asarray(values[:whole].reshape(-1, width).mean(axis=1))


def draw_baseline(ax: Axes, one: Baseline, level: float, number: int) -> None:
    """A level that can be had without a network."""
    dashes = (0, DASHES[number % len(DASHES)])
    ax.axhline(level, color=DARK, linestyle=dashes, linewidth=1, label=f"({one.name})")

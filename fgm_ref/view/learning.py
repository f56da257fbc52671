"""Learning curves: how loss and score go down or up with the steps, next to what there is to beat."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.arrays import Array
from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.figure import label_losses
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
        ylim=in_sight(losses_of(results), [one.loss for one in known]),
    )
    label_losses(losses)
    score = score_name(data)
    scores.set(title=f"{score[0].upper()}{score[1:]} on the test part", xlabel="step")
    lines, labels = scores.get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside right upper", fontsize=9)
    return figure


def losses_of(results: Sequence[RunResult]) -> list[Array]:
    """All losses that are drawn."""
    tests = [result.curve["loss"] for result in results]
    return [*tests, *(smooth(result.series["loss"]) for result in results)]


def in_sight(losses: Sequence[Array], levels: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis: all losses, and those levels that are not far off."""
    everything = np.concatenate(losses)
    low, high = np.nanmin(everything), np.nanmax(everything)
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
    steps = np.arange(1, len(result.series["loss"]) + 1)
    color = style(result.config.protocol).color
    loss = smooth(result.series["loss"])
    ax.plot(smooth(steps), loss, color=color, linestyle="-", linewidth=0.7, alpha=0.6)


def smooth(values: Array) -> Array:
    """The mean of every few values in a row; what is left over at the end is left out."""
    width = max(1, len(values) // SMOOTH)
    whole = len(values) // width * width
    return np.asarray(values[:whole].reshape(-1, width).mean(axis=1))


def draw_baseline(ax: Axes, one: Baseline, level: float, number: int) -> None:
    """A level that can be had without a network."""
    dashes = (0, DASHES[number % len(DASHES)])
    ax.axhline(level, color=DARK, linestyle=dashes, linewidth=1, label=f"({one.name})")

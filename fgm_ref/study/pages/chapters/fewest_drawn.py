"""The figures of the chapter on the fewest bytes."""

from collections.abc import Sequence
from functools import partial
from math import isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.study.numbers.fewest import (
    BEST,
    EVERY_STEP,
    NEARLY,
    TUNED_PERIOD,
    Contest,
    over,
)
from fgm_ref.study.numbers.kits import BARE, FULL, Entrant
from fgm_ref.study.pages import figures
from fgm_ref.view.plots import BLACK, GREEN, GREY

GOALS = {NEARLY: ("o", "at L*", False), BEST: ("s", "at the loss of periodic:b=1", True)}
FGM = Entrant("fgm", FULL)
PERIODIC = Entrant("periodic", FULL)
DRAWN = (
    (TUNED_PERIOD, ":", "periodic, float32"),
    (Entrant("fgm", BARE), ":", "fgm, float32"),
    (PERIODIC, "-", "periodic, all"),
    (FGM, "-", "fgm, all"),
)
FOREST = (
    "Bytes of FGM with its kit, as ratios with 95 % intervals; left of 1, FGM needs fewer. Left: to tuned periodic "
    "averaging in float32; the dashed line is the aim of 1/8. Right: to tuned periodic averaging with the same kit, "
    "so this is what FGM itself brings."
)
FRONTS = (
    "Final test loss against payload bytes at tuned rates, means over the seeds; each point is a threshold or a "
    "period. Black dotted: L*; grey dashed: averaged after every step in float32. All: with outer step, few bits and "
    "seed start."
)


def forest(useful: Sequence[Contest]) -> Figure:
    """Ratios with intervals, a line for each data set and one for all of them."""
    labels = [*(contest.name for contest in useful), "pooled"]
    figure, left, right = figures.two(height=2.0 + 0.45 * len(labels))
    for ax, rival in ((left, TUNED_PERIOD), (right, PERIODIC)):
        dots(ax, useful, labels, rival)
    left.axvline(1 / 8, color=GREY, linewidth=1.5, linestyle="--")
    figures.titles(left, "to periodic, float32", "ratio of bytes")
    figures.titles(right, "to periodic, same kit", "ratio of bytes")
    figures.ticks_of_ratios(left, (0.01, 0.03, 0.125, 0.5, 1))
    figures.ticks_of_ratios(right, (0.25, 0.5, 1, 2, 4))
    right.set_yticklabels([])
    figures.legend_below(figure, left)
    return figure


def dots(
    ax: Axes,
    useful: Sequence[Contest],
    labels: Sequence[str],
    rival: Entrant,
) -> None:
    """FGM's bytes by the rival's, for both goals."""
    unreached = set(range(len(labels)))
    for goal, (marker, label, hollow) in GOALS.items():
        single = [contest.reach(FGM, rival, goal) for contest in useful]
        pooled, _ = over(useful, partial(Contest.reach, a=FGM, b=rival, goal=goal))
        estimates = [comparison.estimate for comparison in (*single, pooled)]
        places = [place + (0.15 if hollow else -0.15) for place in range(len(labels))]
        unreached -= {place for place, one in enumerate(estimates) if isfinite(one.value)}
        color = BLACK if hollow else GREEN
        figures.dots_at(ax, places, estimates, marker, color, label, hollow)
    figures.name_lines(ax, labels)
    for place in unreached:
        where = ax.get_yaxis_transform()
        ax.text(0.5, -place, "not reached", transform=where, ha="center", va="center")


def fronts(found: Sequence[Contest]) -> Figure:
    """Loss against bytes, a panel per data set."""
    figure, axes = figures.panels(len(found) + 1)
    for ax, contest in zip(axes, found, strict=False):
        draw(ax, contest)
    figures.legend_panel(axes[len(found)], axes[0])
    return figure


def draw(ax: Axes, contest: Contest) -> None:
    """The fronts of one data set, between the losses of no communication and of all that is possible."""
    for entrant, linestyle, label in DRAWN:
        front = contest.front(entrant)
        if not len(front.bytes):
            continue
        megabytes = front.bytes.mean(axis=1) / 1e6
        loss = front.loss.mean(axis=1)
        order = megabytes.argsort()
        figures.line(ax, entrant.protocol, megabytes[order], loss[order], label, linestyle)
    ax.axhline(contest.stated(NEARLY), color=BLACK, linestyle=":", linewidth=1)
    ax.axhline(contest.level(EVERY_STEP), color=GREY, linestyle="--", linewidth=1.5)
    figures.titles(ax, contest.name, "MB", "test loss")
    figures.plain_log(ax, subs=(1,))

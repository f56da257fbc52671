"""A counterexample drawn: the zone, the admissible region, the drifts and their mean, in the plane of models."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fgm_ref.arrays import Array
from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.check_safe.properties import PROPERTIES
from fgm_ref.safe.function import Maker
from fgm_ref.view.plots import BLACK, BLUE, SKY, VERMILLION, save

PIXELS = 161  # of the grid, along each side

INSIDE = (0.5, 1.5)  # the levels of what is true

Point = tuple[float, float]


def draw(
    name: str,
    make: Maker,
    p: str,
    case: Case,
    path: Path,
) -> None:
    """Write a PNG of a case in two or more dimensions; of more, the first two are shown."""
    figure = Figure(figsize=(6, 7.4), layout="constrained")
    ax = figure.subplots()
    regions(ax, case.of(make))
    models(ax, case)
    figure.legend(handles=legend(), loc="outside lower center", ncols=2)
    ax.set_title(f"{name}\nbroken: {PROPERTIES[p].claim}", loc="left", fontsize=10)
    ax.set_aspect("equal")
    save(figure, path)


def regions(ax: Axes, case: Case) -> None:
    """The zone and the admissible region, with their edges."""
    x, y = sides(case)
    values, outside = landscape(case, x, y)
    ax.contourf(
        x,
        y,
        values <= 0,
        levels=INSIDE,
        colors=[SKY],
        alpha=0.5,
    )
    ax.contourf(
        x,
        y,
        outside <= 0,
        levels=INSIDE,
        colors="none",
        hatches=["//"],
    )
    edge(ax, x, y, values, colors=BLUE, linestyles="-")
    edge(ax, x, y, outside, colors=BLACK, linestyles="--")


def edge(
    ax: Axes,
    x: Array,
    y: Array,
    values: Array,
    **style: Any,
) -> None:
    """Where the values are 0."""
    if values.min() < 0 < values.max():
        ax.contour(x, y, values, levels=[0], **style)


def sides(case: Case) -> tuple[Array, Array]:
    """The grid's coordinates: all models, E and the origin, with some space around."""
    ends = case.E + case.X
    models = [case.E, ends, ends.mean(axis=0), 0 * case.E]
    points = np.vstack(models)[:, :2]
    low = points.min(axis=0)
    high = points.max(axis=0)
    half = 0.75 * float((high - low).max()) + case.R
    left, bottom = (low + high) / 2 - half
    width = np.linspace(0, 2 * half, PIXELS)
    return left + width, bottom + width


def models(ax: Axes, case: Case) -> None:
    """E, the models as arrows from it, their mean, and the origin."""
    ends = case.E + case.X
    middle = in_plane(case.E)
    for i, model in enumerate(ends, 1):
        end = in_plane(model)
        arrow = {"arrowstyle": "->", "color": BLUE, "lw": 1.6}
        ax.annotate("", end, middle, arrowprops=arrow)
        label(ax, f"$w_{{{i}}}$", end, (4, 4), BLUE)
    ax.plot(*middle, "o", color=BLACK)
    label(ax, "E", middle, (4, -12), BLACK)
    ax.plot(0, 0, "+", color=BLACK, markersize=9)
    mean = in_plane(ends.mean(axis=0))
    ax.plot(*mean, "*", color=VERMILLION, markersize=15)


def in_plane(model: Array) -> Point:
    """The first two numbers."""
    return float(model[0]), float(model[1])


def label(
    ax: Axes,
    text: str,
    at: Point,
    off: Point,
    color: str,
) -> None:
    """A text beside a point."""
    ax.annotate(text, at, xytext=off, textcoords="offset points", color=color)


def legend() -> list[Patch | Line2D]:
    """What the picture shows."""
    return [
        Patch(facecolor=SKY, edgecolor=BLUE, alpha=0.5, label="zone: φ ≤ 0"),
        Patch(
            facecolor="none",
            edgecolor=BLACK,
            hatch="//",
            linestyle="--",
            label="admissible if all were there",
        ),
        Line2D([], [], color=BLUE, marker=">", label="drifts of the sites"),
        Line2D(
            [],
            [],
            color=VERMILLION,
            marker="*",
            linestyle="",
            label="their mean, S",
        ),
    ]


def landscape(case: Case, x: Array, y: Array) -> tuple[Array, Array]:
    """φ and `excess` (PIXELS, PIXELS), with all sites at the same model (x, y, and E's other coordinates)."""
    across, up = np.meshgrid(x, y)
    X = case.typed(np.zeros((across.size, case.D)))
    X[:, 0] = across.ravel() - case.E[0]
    X[:, 1] = up.ravel() - case.E[1]
    with np.errstate(all="ignore"):
        values = phi(case.zone(len(X)), X)
        alone = case.zone(1)
        outside = np.array([excess(alone, row[None]) for row in X])
    return values.reshape(PIXELS, PIXELS), outside.reshape(PIXELS, PIXELS)

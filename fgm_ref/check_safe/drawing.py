"""A counterexample drawn: the zone, the admissible region, the drifts and their mean, in the plane of models."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fgm_ref.arrays import Array
from fgm_ref.check_safe.properties import PROPERTIES, Case
from fgm_ref.safe.function import Maker
from fgm_ref.view.plots import BLACK, BLUE, SKY, VERMILLION, save

PIXELS = 161  # of the grid, along each side


def draw(name: str, make: Maker, p: str, case: Case, path: Path) -> None:
    """Write a PNG of a case in two or more dimensions; of more, the first two are shown."""
    figure = Figure(figsize=(6, 7.4), layout="constrained")
    ax = figure.subplots()
    models = case.E + case.X
    points = np.vstack([case.E, models, models.mean(axis=0), 0 * case.E])[:, :2]
    middle, half = (
        (points.max(axis=0) + points.min(axis=0)) / 2,
        0.75 * float(np.ptp(points, axis=0).max()) + case.R,
    )
    x, y = (np.linspace(m - half, m + half, PIXELS) for m in middle)
    phi, excess = landscape(make, case, x, y)

    ax.contourf(x, y, phi <= 0, levels=[0.5, 1.5], colors=[SKY], alpha=0.5)
    ax.contourf(x, y, excess <= 0, levels=[0.5, 1.5], colors="none", hatches=["//"])
    for values, color, line in ((phi, BLUE, "-"), (excess, BLACK, "--")):
        if values.min() < 0 < values.max():
            ax.contour(x, y, values, levels=[0], colors=color, linestyles=line)
    for i, model in enumerate(models, 1):
        arrow = {"arrowstyle": "->", "color": BLUE, "lw": 1.6}
        ax.annotate("", (model[0], model[1]), (case.E[0], case.E[1]), arrowprops=arrow)
        ax.annotate(
            f"$w_{{{i}}}$",
            (model[0], model[1]),
            xytext=(4, 4),
            textcoords="offset points",
            color=BLUE,
        )
    ax.plot(*case.E[:2], "o", color=BLACK)
    ax.annotate("E", (case.E[0], case.E[1]), xytext=(4, -12), textcoords="offset points")
    ax.plot(0, 0, "+", color=BLACK, markersize=9)
    ax.plot(*models.mean(axis=0)[:2], "*", color=VERMILLION, markersize=15)
    figure.legend(
        handles=[
            Patch(facecolor=SKY, edgecolor=BLUE, alpha=0.5, label="zone: φ ≤ 0"),
            Patch(
                facecolor="none",
                edgecolor=BLACK,
                hatch="//",
                linestyle="--",
                label="admissible if all were there",
            ),
            Line2D([], [], color=BLUE, marker=">", label="drifts of the sites"),
            Line2D([], [], color=VERMILLION, marker="*", linestyle="", label="their mean, S"),
        ],
        loc="outside lower center",
        ncols=2,
    )
    ax.set_title(f"{name}\nbroken: {PROPERTIES[p].claim}", loc="left", fontsize=10)
    ax.set_aspect("equal")
    save(figure, path)


def landscape(make: Maker, case: Case, x: Array, y: Array) -> tuple[Array, Array]:
    """φ and `excess` (PIXELS, PIXELS), with all sites at the same model (x, y, and E's other coordinates)."""
    X = np.zeros((PIXELS**2, len(case.E)))
    X[:, :2] = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2) - case.E[:2]
    with np.errstate(all="ignore"):
        phi = case.zone(make, len(X))(X.copy())
        excess = [case.zone(make).excess(row[None].copy()) for row in X]
    return np.reshape(phi, (PIXELS, PIXELS)), np.reshape(excess, (PIXELS, PIXELS))

"""Figures, drawn from the records of runs: all of them by name, and the demo's picture that puts them together.

Every function takes records and an optional axis, and returns the axis.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.datasets import Dataset
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.bars import bytes_by_type
from fgm_ref.view.curves import loss_against_bytes
from fgm_ref.view.figure import axis, save
from fgm_ref.view.learning import learning_curves
from fgm_ref.view.looks import (
    BLACK,
    BLUE,
    COLORS,
    GREEN,
    GREY,
    GROUPS,
    OKABE_ITO,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    Style,
    has_bound,
    site_colors,
    style,
)
from fgm_ref.view.slack import interesting_round, phi_stack

__all__ = [
    "BLACK",
    "BLUE",
    "COLORS",
    "GREEN",
    "GREY",
    "GROUPS",
    "OKABE_ITO",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "YELLOW",
    "Style",
    "axis",
    "bytes_by_type",
    "interesting_round",
    "learning_curves",
    "loss_against_bytes",
    "overview",
    "phi_stack",
    "save",
    "site_colors",
    "style",
]


def overview(results: Sequence[RunResult], data: Dataset) -> Figure:
    """The demo's picture: loss against bytes, one FGM round, bytes by message type."""
    figure = Figure(figsize=(16, 5.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    loss_against_bytes(results, data, left)
    _one_round(results, middle)
    bytes_by_type(results, right)
    config = results[0].config
    hidden = "-".join(map(str, config.hidden))
    besides = "".join(f"{words}, " for words in config.besides)
    figure.suptitle(
        f"{data.name}: {config.cell.upper()} {hidden}, {config.sites} sites, "
        f"{config.split} split, {config.schedule} schedule, {besides}one seed ({config.seed})"
    )
    return figure


def _one_round(results: Sequence[RunResult], ax: Axes) -> None:
    """A round of the first run whose coordinator has a bound to draw; nothing if there is none."""
    for result in results:
        if has_bound(result.config.protocol) and "phi" in result.series:
            try:
                phi_stack(result, ax=ax)
                return
            except ValueError:  # no round of it lasted
                break
    ax.set_axis_off()

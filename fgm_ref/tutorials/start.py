"""What every tutorial starts with: one thread, a look for the figures, and `save`.  Importing it sets them up."""

import fgm_ref.threads  # isort: skip  (before NumPy)

import sys
from pathlib import Path

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure

from fgm_ref.program.console import readable
from fgm_ref.tutorials.seen import shown_with_its_text
from fgm_ref.view import plots

readable()
NOTEBOOK = "ipykernel" in sys.modules
if not NOTEBOOK:
    matplotlib.use("Agg")  # a script opens no windows

COLOURS = [
    plots.BLUE,
    plots.ORANGE,
    plots.GREEN,
    plots.VERMILLION,
    plots.PURPLE,
    plots.SKY,
]
LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1))]

matplotlib.rcParams.update(
    {
        "figure.figsize": (6.4, 3.8),
        "figure.dpi": 80,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "legend.fontsize": 9,
        # colour and line style change together, so that grey is enough
        "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=LINES),
    }
)


def save(figure: Figure, name: str) -> None:
    """Write the figure to out/`name`.png.  The one that is called like its tutorial ("06") is its emblem."""
    path = Path("out") / f"{name}.png"
    plots.save(figure, path, dpi=90)
    if NOTEBOOK:
        shown_with_its_text()
    else:
        print("figure:", path)

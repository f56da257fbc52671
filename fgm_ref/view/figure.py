"""Where pictures are drawn, and how they are saved, without pyplot's global state."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, ScalarFormatter

from fgm_ref.files import atomic

LEGIBLE = 4.5  # contrast of text on white, as WCAG 2.2 asks for


def axis(ax: Axes | None) -> Axes:
    """The given axis, or that of a new figure."""
    if ax is not None:
        return ax
    return Figure(figsize=(6, 4.5), layout="constrained").subplots()


def label_losses(ax: Axes) -> None:
    """Plain numbers along a logarithmic axis of losses, as many as there is room for."""
    low, high = ax.get_ylim()
    if high > 10 * low:
        ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.yaxis.set_minor_formatter(ScalarFormatter())


def save(figure: Figure, path: Path, dpi: int = 110) -> None:
    """Write a PNG, whole or not at all; coloured texts are made dark enough to be read on white."""
    for text in figure.findobj(Text):
        text.set_color(ink(text.get_color()))
    with atomic(path) as part:
        figure.savefig(part, dpi=dpi, format="png", metadata={"Software": None})


def ink(color: Any) -> Any:
    """A colour for text: the same, darkened until its contrast to white is `LEGIBLE`.  White is for dark ground.

    >>> ink("black"), ink("#E69F00"), ink("white")
    ('black', '#9D6C00', 'white')
    """
    rgb: Any = np.array(to_rgb(color))
    if contrast_to_white(rgb) >= LEGIBLE or rgb.min() == 1:
        return color
    while contrast_to_white(rgb) < LEGIBLE:
        rgb *= 0.98
    return to_hex(rgb).upper()


def contrast_to_white(rgb: Any) -> float:
    """From 1 (white) to 21 (black), from relative luminances."""
    parts = np.asarray(rgb)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05))

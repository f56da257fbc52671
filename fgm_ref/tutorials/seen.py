"""A text that stands for a figure, for readers who do not see it: its titles, its axes, and what is drawn by name.

Notebooks keep it beside the picture, as `alt`; a page made from them shows it to screen readers.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure


def describe(figure: Figure) -> str:
    """One sentence a panel.

    >>> figure = Figure()
    >>> ax = figure.subplots()
    >>> line = ax.plot([0, 2], [1, 5], label="fgm")
    >>> _ = ax.set(xlabel="payload, MB", ylabel="loss", title="What it costs", xlim=(0, 2), ylim=(0, 5))
    >>> describe(figure)
    'What it costs: loss (0 to 5) by payload, MB (0 to 2); fgm.'
    """
    panels = [panel(ax) for ax in figure.axes if ax.get_visible()]
    heading = [figure.get_suptitle()] if figure.get_suptitle() else []
    if len(panels) > 1:
        panels = [f"Panel {number}: {text}" for number, text in enumerate(panels, 1)]
    return plain(" ".join(f"{text}." for text in [*heading, *panels]))


def panel(ax: Axes) -> str:
    """Title, axes, and the names in the legend and in the picture."""
    across, upwards = axis("x", ax.xaxis, ax.get_xlim()), axis("y", ax.yaxis, ax.get_ylim())
    named = [one for one in [*ax.get_legend_handles_labels()[1], *written(ax)] if one.strip()]
    axes = f"{upwards} by {across}" if ax.axison else "a drawing without axes"
    names = "; " + ", ".join(dict.fromkeys(named)) if named else ""
    title = ax.get_title() or ax.get_title("left")
    return (f"{title}: " if title else "") + axes + names


def axis(name: str, one: Axis, limits: tuple[float, float]) -> str:
    """What an axis shows, and from where to where: numbers, or names."""
    label = one.get_label_text() or name
    names = [tick.get_text() for tick in one.get_ticklabels() if tick.get_text()]
    if names and not any(re.search(r"\d", name) for name in names):
        return f"{label} ({', '.join(names)})"
    scale = ", logarithmic" if one.get_scale() == "log" else ""
    return f"{label} ({limits[0]:.3g} to {limits[1]:.3g}{scale})"


def written(ax: Axes) -> Iterator[str]:
    """The words inside the picture; numbers alone say nothing without their places."""
    for text in ax.texts:
        if re.search(r"[^\W\d]", text.get_text()):
            yield " ".join(text.get_text().split())


def plain(text: str) -> str:
    r"""Without the signs of formulas.

    >>> plain(r"$\varphi$ of site 1")
    'varphi of site 1'
    """
    return " ".join(re.sub(r"[$\\{}]", "", text).split())


def shown_with_its_text() -> None:
    """From now on this notebook shows figures with what `describe` says of them."""
    shell = import_module("IPython").get_ipython()
    formatter = shell.display_formatter.formatters["image/png"]
    draw = formatter.lookup_by_type(Figure)
    if not getattr(draw, "says_more", False):
        formatter.for_type(Figure, _Both(draw))


class _Both:
    """Draws as before, and adds the text."""

    says_more = True

    def __init__(self, draw: Any):
        self.draw = draw

    def __call__(self, figure: Figure) -> Any:
        picture = self.draw(figure)
        return (picture, {"alt": describe(figure)}) if isinstance(picture, bytes | str) else picture

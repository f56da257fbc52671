"""Where pictures are drawn, and how they are saved, without pyplot's global state."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.files import atomic


def axis(ax: Axes | None) -> Axes:
    """The given axis, or that of a new figure."""
    if ax is not None:
        return ax
    return Figure(figsize=(6, 4.5), layout="constrained").subplots()


def save(figure: Figure, path: Path, dpi: int = 110) -> None:
    """Write a PNG, whole or not at all."""
    with atomic(path) as part:
        figure.savefig(part, dpi=dpi, format="png", metadata={"Software": None})

"""What a trained model says of rows that nobody has seen yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.recipe import CATEGORY, Recipe
from fgm_ref.datasets.table import Table
from fgm_ref.datasets.windows import windows_of
from fgm_ref.learning.linear import probabilities
from fgm_ref.simulation.meaning import Meaning

FAR = 10.0  # deviations from the mean of the training part


@dataclass(frozen=True)
class Prediction:
    """What a model says, window by window."""

    labels: tuple[str, ...]  # the columns that are predicted
    classes: tuple[str, ...]  # () for a regression
    rows: Array  # (N,) the row that each window ends with, the first is 0
    values: Array  # (N,) the names of classes, or (N, O) numbers in the labels' own units
    probabilities: Array | None  # (N, classes)
    warnings: tuple[str, ...]  # why some of it may mean little


def predict(meaning: Meaning, outputs: Callable[[Array], Array], table: Table) -> Prediction:
    """The predictions for all windows that the rows of a table have, by a model that was trained on such a table.

    `ValueError` for a table that has not the columns that it needs, or too few rows.
    """
    recipe = meaning.recipe
    assert recipe, "expected a model that was trained on a table"
    expect_columns(recipe, table)
    windows = windows_of(recipe, table)
    said = tuple(warnings(recipe, table, windows.x))
    z = outputs(windows.x)
    names = tuple(label.name for label in meaning.labels)
    if not meaning.classes:
        return Prediction(names, (), windows.last, meaning.in_units(z), None, said)
    values = np.array(meaning.classes)[z.argmax(axis=1)]
    return Prediction(names, meaning.classes, windows.last, values, probabilities(z), said)


def expect_columns(recipe: Recipe, table: Table) -> None:
    """Raises `ValueError` for a table without a column that the model needs."""
    absent = [name for name in recipe.columns if name not in table.columns]
    if absent:
        raise ValueError(
            f"columns: expected {', '.join(recipe.columns)} as in training, "
            f"got a table without {', '.join(absent)} (it has {', '.join(table.columns)})"
        )


def warnings(recipe: Recipe, table: Table, x: Array) -> Iterator[str]:
    """In what the rows are unlike those of the training part."""
    for one in recipe.inputs:
        if one.kind == CATEGORY and not one.other:
            new = sorted(set(table.texts(one.name)) - set(one.values))
            if new:
                yield f"column {one.name!r} has values that training never saw: {', '.join(new)}"
    if x.dtype.kind == "f":
        for name, largest in zip(recipe.channels, np.abs(x).max(axis=(0, 1)), strict=True):
            if largest > FAR:
                yield f"column {name!r} goes {largest:.0f} deviations from its mean in training"

"""What a trained model says of rows that nobody has seen yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.columns import class_name
from fgm_ref.datasets.fill import empty_words
from fgm_ref.datasets.recipe import CATEGORY, Recipe
from fgm_ref.datasets.table import Table
from fgm_ref.datasets.windows import windows_of
from fgm_ref.datasets.words import FIRST
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
    answers: Array  # like `values`, as the table has them; "" or nan where it does not
    warnings: tuple[str, ...]  # why some of it may mean little

    @property
    def known(self) -> Array:
        """Where the table has the answer.  (N,) bool."""
        if self.classes:
            return np.asarray(self.answers != "")
        return np.asarray(np.isfinite(self.answers).all(axis=1))

    @property
    def score(self) -> float:
        """The accuracy, or the root mean squared error, where the answer is known; nan if it is nowhere."""
        known = self.known
        if not known.any():
            return float("nan")
        values, answers = self.values[known], self.answers[known]
        if self.classes:
            return float((values == answers).mean())
        return float(np.sqrt(((values - answers) ** 2).mean()))


def predict(meaning: Meaning, outputs: Callable[[Array], Array], table: Table) -> Prediction:
    """The predictions for all windows that the rows of a table have, by a model that was trained on such a table.

    `ValueError` for a table that has not the columns that it needs, or too few rows.
    """
    recipe = meaning.recipe
    assert recipe, "expected a model that was trained on a table"
    expect_columns(recipe, table)
    windows = windows_of(recipe, table)
    z = outputs(windows.x)
    classes = np.array(meaning.classes)
    return Prediction(
        labels=tuple(label.name for label in meaning.labels),
        classes=meaning.classes,
        rows=windows.last,
        values=classes[z.argmax(axis=1)] if meaning.classes else meaning.in_units(z),
        probabilities=probabilities(z) if meaning.classes else None,
        answers=answers(recipe, table, windows.answer),
        warnings=tuple(warnings(recipe, table, windows.x)),
    )


def answers(recipe: Recipe, table: Table, rows: Array) -> Array:
    """The labels in `rows` (N,) as they stand in the table: names of classes (N,), or numbers (N, O)."""
    columns = [column(table, label.name, named=bool(recipe.classes)) for label in recipe.labels]
    given = columns[0] if recipe.classes else np.column_stack(columns)
    nothing = "" if recipe.classes else np.nan
    beyond = (rows < 0) if recipe.classes else (rows < 0)[:, None]
    return np.where(beyond, nothing, given[rows])


def column(table: Table, name: str, named: bool) -> Array:
    """A label as the table has it, names or numbers (rows,); "" or nan where it does not, or not as such."""
    nothing = np.full(table.rows, "" if named else np.nan)
    if name not in table.columns:
        return nothing
    try:
        numbers = table.numbers(name)
    except ValueError:
        return nothing
    if numbers is None:
        return np.array(table.texts(name)) if named else nothing
    if not named:
        return numbers
    return np.array(["" if np.isnan(one) else class_name(one) for one in numbers.tolist()])


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
            found = set(table.texts(one.name)) - set(one.values)
            words = empty_words(recipe.missing)
            new = sorted(value for value in found if value.lower() not in words)
            if new:
                yield f"column {one.name!r} has values that training never saw: {', '.join(new)}"
    if recipe.text is not None:
        strange = int((x < FIRST).all(axis=1).sum())
        if strange:
            yield f"{strange:,} of {len(x):,} texts have no word that training knew"
    else:
        for name, largest in zip(recipe.channels, np.abs(x).max(axis=(0, 1)), strict=True):
            if largest > FAR:
                yield f"column {name!r} goes {largest:.0f} deviations from its mean in training"

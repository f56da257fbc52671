"""Predictions as the rows of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator

from fgm_ref.arrays import Array
from fgm_ref.datasets.table import Table
from fgm_ref.simulation.prediction import Prediction
from fgm_ref.simulation.result import RunResult


def rows(prediction: Prediction, result: RunResult, table: Table) -> Iterator[list[str]]:
    """The header, and a row for each window: where it ends, what is predicted, and how probable each class is."""
    places = where(result, table)
    yield ["line", *places, *header(prediction, result)]
    numbers = said(prediction)
    for row, cells in zip(prediction.rows.tolist(), numbers, strict=True):
        yield [str(table.lines[row]), *(column[row] for column in places.values()), *cells]


def where(result: RunResult, table: Table) -> dict[str, list[str]]:
    """The columns that tell windows apart, if there are any."""
    recipe = result.expect_meaning().recipe
    names = filter(None, (recipe.group, recipe.time) if recipe else ())
    return {name: table.texts(name) for name in names if name in table.columns}


def header(prediction: Prediction, result: RunResult) -> list[str]:
    """The names of the columns that are predicted."""
    recipe = result.expect_meaning().recipe
    ahead = f" in {recipe.horizon} rows" if recipe and recipe.horizon else ""
    names = [f"predicted {name}{ahead}" for name in prediction.labels]
    return [*names, *(f"p({name})" for name in prediction.classes)]


def said(prediction: Prediction) -> Iterator[list[str]]:
    """The cells for each window."""
    if prediction.probabilities is None:
        for numbers in prediction.values:
            yield [f"{value:.7g}" for value in numbers.tolist()]
        return
    for name, shares in zip(prediction.values, prediction.probabilities, strict=True):
        yield [str(name), *in_digits(shares)]


def in_digits(shares: Array) -> list[str]:
    """Probabilities, to six digits."""
    return [f"{share:.6g}" for share in shares.tolist()]

"""What a run's curves say: numbers at evaluation times, as JSON in one cell."""

import json

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.rows import Row, Rows, with_column

REST = "rest"


def curve(row: Row, name: str) -> Array:
    """One of a run's curves, (evaluations + 1,), the first at the start.

    >>> curve({"curve_loss": "[1.5,null]"}, "loss")
    array([1.5, nan])
    """
    return np.array(json.loads(row[f"curve_{name}"]), float)


def mean_curve(rows: Rows, name: str) -> Array:
    """The mean over the runs."""
    return np.asarray(np.mean([curve(row, name) for row in rows], axis=0))


def rest(row: Row) -> float:
    """The bytes after the first model was sent."""
    return float(row["bytes"] - curve(row, "bytes")[0])


def with_rest(rows: Rows) -> list[Row]:
    """The same rows with the bytes after the first model in a column of their own."""
    return with_column(rows, REST, rest)

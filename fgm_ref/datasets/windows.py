"""From rows to windows by a recipe: the one way for training, for the test, and for rows that nobody has seen yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.columns import channels
from fgm_ref.datasets.dataset import scaled, sliding
from fgm_ref.datasets.recipe import Input, Recipe
from fgm_ref.datasets.series import series_of
from fgm_ref.datasets.table import Table

PIECE = 1 << 21  # numbers of windows that are gathered at a time


class Windows(NamedTuple):
    """What a model sees of new rows."""

    x: Array  # (N, T, D) float32, or (N, T) int32 token ids
    last: Array  # (N,) the row of the table that each window ends with


def windows_of(recipe: Recipe, table: Table) -> Windows:
    """The windows of new rows, all that there are, series by series; `ValueError` for rows that do not fit."""
    for name in recipe.columns:
        table.expect("columns", name)
    series = series_of(table, recipe.group)
    longest = max(map(len, series.values()))
    if longest < recipe.window:
        raise ValueError(
            f"columns: expected at least the {recipe.window} rows of a window, got {longest}"
        )
    long = [rows for rows in series.values() if len(rows) >= recipe.window]
    index = np.concatenate([sliding(rows, recipe.window) for rows in long])
    values = numbers(table, recipe.inputs)
    x = gathered(values, index, np.array(recipe.centre), np.array(recipe.spread))
    return Windows(x, index[:, -1])


def numbers(table: Table, inputs: tuple[Input, ...]) -> Array:
    """The channels of every row, not yet scaled.  (rows, D) float64."""
    return np.column_stack([channels(table, one) for one in inputs])


def gathered(values: Array, index: Array, centre: Array, spread: Array) -> Array:
    """The windows whose rows are listed in `index` (N, T), scaled.  (rows, D) -> (N, T, D) float32."""
    x = np.empty((*index.shape, values.shape[1]), np.float32)
    for piece in pieces(values, index):
        x[piece] = scaled(values[index[piece]], centre, spread)
    return x


def scale(values: Array, index: Array) -> tuple[Array, Array]:
    """Mean and deviation (D,) of the channels over all windows, to the bit as `standardise` has them.

    Channels that are 0 or 1 throughout stay as they are, and a constant one becomes 0.
    """
    rows = values[np.unique(index)]
    low, high = rows.min(axis=0), rows.max(axis=0)
    centre = total(values, index) / index.size
    spread = np.sqrt(total(values, index, centre) / index.size)
    constant = low == high
    centre[constant] = low[constant]
    spread[constant] = 1
    indicator = ((rows == 0) | (rows == 1)).all(axis=0)
    centre[indicator] = 0
    spread[indicator] = 1
    return centre, spread


def total(values: Array, index: Array, centre: Array | None = None) -> Array:
    """The sum (D,) of all windows' channels, or that of the squared distances from `centre`.

    The windows are never all in memory.  But the order of additions is that of one sum over all of them.
    """
    D = values.shape[1]
    so_far = np.zeros((0, D))
    for piece in pieces(values, index):
        rows = values[index[piece]].reshape(-1, D)
        if centre is not None:
            rows = (rows - centre) ** 2
        so_far = np.concatenate([so_far, rows]).sum(axis=0, keepdims=True)
    return np.asarray(so_far[0])


def pieces(values: Array, index: Array) -> Iterator[slice]:
    """The windows in pieces; a single channel, which NumPy adds up pairwise, in one."""
    D = values.shape[1]
    step = max(1, PIECE // (index.shape[1] * D)) if D > 1 else len(index)
    for begin in range(0, len(index), step):
        yield slice(begin, begin + step)

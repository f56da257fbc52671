"""From rows to windows by a recipe: the one way for training, for the test, and for rows that nobody has seen yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.clock import Times
from fgm_ref.datasets.columns import channels
from fgm_ref.datasets.fill import ERROR, empty_words, expect_all, filled
from fgm_ref.datasets.index import Index, index_of
from fgm_ref.datasets.recipe import Input, Recipe
from fgm_ref.datasets.scaling import scaled
from fgm_ref.datasets.series import Series, ordered, series_of
from fgm_ref.datasets.table import NO_TEXT, Table
from fgm_ref.datasets.words import FIRST, token_windows, words


class Windows(NamedTuple):
    """What a model sees of new rows."""

    x: Array  # (N, T, D) float32, or (N, T) int32 token ids
    last: Array  # (N,) the row of the table that each window ends with
    answer: Array  # (N,) the row whose label is the answer; -1 where the table ends before it


def windows_of(recipe: Recipe, table: Table) -> Windows:
    """The windows of new rows, all that there are, series by series; `ValueError` for rows that do not fit.

    The label is not needed, unless its past is an input.
    """
    for name in recipe.columns:
        table.expect("columns", name)
    if recipe.text is not None:
        return tokens_of(recipe, table, recipe.text)
    found = ordered(
        table,
        placed(table, recipe.group, recipe.time, recipe.missing),
        recipe.time,
        recipe.time_format,
        recipe.gaps,
        recipe.longest_step,
    )
    if recipe.missing == ERROR:
        expect_all(table, recipe.inputs)
    values = numbers(table, recipe.inputs, found.times, recipe.missing)
    values = filled(values, found.series, recipe.missing, recipe.fill)
    unusable = no_value(values)
    pieces = [(i, one) for i, one in enumerate(found.series)]
    index = index_of(pieces, unusable, recipe.window)
    if not len(index):
        longest = max(map(len, found.series), default=0)
        raise ValueError(
            f"columns: expected at least the {recipe.window} rows of a window, got {longest}"
        )
    x = gathered(values, index, np.array(recipe.centre), np.array(recipe.spread))
    answered = index_of(pieces, unusable, recipe.window, recipe.horizon)
    answers = np.full(table.rows, -1)
    answers[answered.last] = answered.answer
    return Windows(x, index.last, answers[index.last])


def placed(table: Table, group: str | None, time: str | None, missing: str) -> list[Series]:
    """The rows of each group, without those of which group or time is missing."""
    absent = np.zeros(table.rows, bool)
    for name in filter(None, (group, time)):
        here = table.absent(name, NO_TEXT if name == time or missing != ERROR else ("",))
        if missing == ERROR:
            table.expect_all(name, here, "a value")
        absent |= here
    series = [one.without(absent) for one in series_of(table, group)]
    return [one for one in series if len(one)]


def tokens_of(recipe: Recipe, table: Table, text: str) -> Windows:
    """The texts of new rows as word ids, without those that are missing."""
    absent = table.absent(text)
    if recipe.missing == ERROR:
        table.expect_all(text, absent, "a text")
    rows = np.flatnonzero(~absent)
    ids = {word: i for i, word in enumerate(recipe.vocabulary, start=FIRST)}
    texts = table.texts(text)
    x = token_windows([words(texts[row]) for row in rows], ids, recipe.window)
    return Windows(x, last=rows, answer=rows)


def numbers(table: Table, inputs: Sequence[Input], times: Times | None, missing: str) -> Array:
    """The channels of every row, not yet scaled; nan where the value is missing.  (rows, D) float64."""
    empty = empty_words(missing)
    return np.column_stack([channels(table, one, times, empty) for one in inputs])


def no_value(values: Array) -> Array:
    """Rows of (rows, D) in which a value is missing.  (rows,) bool."""
    return np.asarray(np.isnan(values).any(axis=1))


def gathered(values: Array, index: Index, centre: Array, spread: Array) -> Array:
    """The windows, scaled.  Values (rows, D) -> (N, T, D) float32."""
    D = values.shape[1]
    x = np.empty((len(index), index.length, D), np.float32)
    for piece in index.pieces(D):
        x[piece] = scaled(values[index.rows(piece)], centre, spread)
    return x


def scale(values: Array, index: Index) -> tuple[Array, Array]:
    """Mean and deviation (D,) of the channels over all windows, to the bit as `standardise` has them.

    Channels that are 0 or 1 throughout stay as they are, and a constant one becomes 0.
    """
    rows = values[index.used]
    low, high = rows.min(axis=0), rows.max(axis=0)
    count = len(index) * index.length
    centre = total(values, index) / count
    spread = np.sqrt(total(values, index, centre) / count)
    constant = low == high
    centre[constant] = low[constant]
    spread[constant] = 1
    indicator = ((rows == 0) | (rows == 1)).all(axis=0)
    centre[indicator] = 0
    spread[indicator] = 1
    return centre, spread


def total(values: Array, index: Index, centre: Array | None = None) -> Array:
    """The sum (D,) of all windows' channels, or that of the squared distances from `centre`.

    The windows are never all in memory.  But the order of additions is that of one sum over all of them.
    """
    D = values.shape[1]
    so_far = np.zeros((0, D))
    for piece in index.pieces(D):
        rows = values[index.rows(piece)].reshape(-1, D)
        if centre is not None:
            rows = (rows - centre) ** 2
        so_far = np.concatenate([so_far, rows]).sum(axis=0, keepdims=True)
    return np.asarray(so_far[0])

"""What becomes of values that are missing.

    error     the first one is refused, with its line and column
    drop      its row is left out, and the rows around it become neighbours
    forward   the value before it stands for it, unless a gap or the test part lies between; where there is none, the
              row is left out
    mean      the mean of the training part stands for it, or the most frequent category

A label is never made up: where it is missing there is nothing to predict.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.columns import absent
from fgm_ref.datasets.recipe import CATEGORY, CYCLES, Input
from fgm_ref.datasets.series import Series
from fgm_ref.datasets.table import NO_CELL, NO_TEXT, Table

ERROR, DROP, FORWARD, MEAN = "error", "drop", "forward", "mean"
POLICIES = (ERROR, DROP, FORWARD, MEAN)


def empty_words(missing: str) -> tuple[str, ...]:
    """The text that stands for a missing category; the strict reader takes any word for one."""
    return NO_CELL if missing == ERROR else NO_TEXT


def expect_all(table: Table, inputs: Sequence[Input]) -> None:
    """Raises `ValueError` for the first missing value of an input."""
    for column in inputs:
        if column.kind in CYCLES:
            continue
        text = column.kind == CATEGORY
        what = "a value" if text else "a number, but the value is missing"
        table.expect_all(column.name, absent(table, column, NO_CELL), what)


def filled(values: Array, series: Sequence[Series], missing: str, fill: Sequence[float]) -> Array:
    """Values (rows, D) with what stands for nan in its place; nan is left where nothing does."""
    if missing == MEAN:
        return np.where(np.isnan(values), np.array(fill), values)
    if missing == FORWARD and np.isnan(values).any():
        values = values.copy()
        for rows in chain.from_iterable(one.pieces() for one in series):
            values[rows] = carried(values[rows])
    return values


def carried(values: Array) -> Array:
    """Each nan of (n, D) replaced by the latest number above it, if there is one."""
    place = np.arange(len(values))[:, None]
    latest = np.maximum.accumulate(np.where(np.isnan(values), 0, place), axis=0)
    return np.take_along_axis(values, latest, axis=0)


def usual(values: Array, inputs: Sequence[Input], train: Array) -> tuple[float, ...]:
    """What stands for a missing value in each channel: the mean of the training rows, or the most frequent category."""
    found: list[float] = []
    begin = 0
    for column in inputs:
        width = len(column.channels)
        part = values[train, begin : begin + width]
        mean = part[~np.isnan(part).any(axis=1)].mean(axis=0)
        if column.values:
            mean = (np.arange(width) == mean.argmax()).astype(float)
        found += mean.tolist()
        begin += width
    return tuple(found)

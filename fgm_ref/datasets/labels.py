"""What is predicted: classes, or one or several numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.columns import class_name
from fgm_ref.datasets.recipe import CATEGORY, CLASS, NUMBER
from fgm_ref.datasets.table import NO_TEXT, Table

CLASSES = 20  # an integer label with more values than this is taken for a quantity


class Target(NamedTuple):
    """The label of every row."""

    y: Array  # class ids (rows,) int64, or numbers (rows,) or (rows, O) float64
    known: Array  # (rows,) bool
    classes: tuple[str, ...]  # () for regression
    kind: str  # what the column is as an input: CATEGORY, CLASS or NUMBER


def target_of(table: Table, labels: Sequence[str], task: str | None) -> Target:
    """The label of every row; several labels make a regression of several numbers."""
    if len(labels) == 1:
        return one_target(table, labels[0], task)
    if task == "classification":
        raise ValueError(
            f"task: expected regression with {len(labels)} labels, got 'classification'"
        )
    columns = [quantities(table, label) for label in labels]
    y = np.column_stack(columns)
    return Target(y, np.isfinite(y).all(axis=1), (), NUMBER)


def one_target(table: Table, label: str, task: str | None) -> Target:
    """The label of every row, classes or numbers as the task or the values say."""
    numbers = table.numbers(label)
    if numbers is None:
        known = ~table.absent(label, NO_TEXT)
        column = np.array(table.texts(label), dtype=np.str_)
    else:
        known, column = np.isfinite(numbers), numbers
    distinct = np.unique(column[known])
    expect_different(table, label, distinct)
    if task is None:
        task = "classification" if numbers is None or are_classes(distinct) else "regression"
    if task == "regression":
        return Target(quantities(table, label), known, (), NUMBER)
    if len(distinct) > table.rows // 2:
        raise ValueError(
            f"label: expected classes that repeat, got {len(distinct)} different values in the "
            f"{table.rows} rows of column {label!r}"
        )
    ids = np.searchsorted(distinct, column)
    ids = np.where(known, ids, -1).astype(np.int64)
    if numbers is None:
        return Target(ids, known, tuple(map(str, distinct)), CATEGORY)
    return Target(ids, known, tuple(map(class_name, distinct.tolist())), CLASS)


def expect_different(table: Table, label: str, distinct: Array) -> None:
    """Raises `ValueError` unless there is something to tell apart."""
    if len(distinct) > 1:
        return
    got = f"only {table.texts(label)[0]!r}" if len(distinct) else "none"
    raise ValueError(
        f"label: expected at least two different values in column {label!r}, got {got}"
    )


def quantities(table: Table, label: str) -> Array:
    """A label of numbers (rows,), nan where missing."""
    numbers = table.numbers(label)
    if numbers is None:
        raise ValueError(
            f"task: expected numbers in column {label!r} for regression, got text such as "
            f"{table.texts(label)[0]!r}"
        )
    expect_different(table, label, np.unique(numbers[np.isfinite(numbers)]))
    return numbers


def are_classes(distinct: Array) -> bool:
    """Whether the different numbers in a label look like the numbers of classes: few, and all whole."""
    return len(distinct) <= CLASSES and bool((distinct % 1 == 0).all())


def expect_known(table: Table, labels: Sequence[str]) -> None:
    """Raises `ValueError` for the first missing label."""
    for label in labels:
        if table.numbers(label) is None:
            table.expect_all(label, table.absent(label, NO_TEXT), "a value")
        else:
            missing = table.parsed(label).missing
            table.expect_all(label, missing, "a number, but the value is missing")

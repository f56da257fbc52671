"""Your own table as a `Dataset`: a CSV file with a header, one row per time step, in time order.

    data = load_csv("pump.csv", label="fault", window=20, group="machine")

What is predicted is the label in the *last row of each window*, from the other columns of all its rows; the
label column itself is never an input.  The last quarter of every group is the test part, and no window
reaches across.  Numbers are scaled and categories chosen by the training part alone.  But rows are taken as
equally spaced, missing values are not filled in, and dates are not understood: prepare those first.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import (
    Dataset,
    classification,
    one_hot,
    regression,
    sliding,
    standardise,
)
from fgm_ref.datasets.table import Table, read_table
from fgm_ref.text import expect_one_of

TASKS = ("classification", "regression")
CLASSES = 20  # an integer label with more values than this is taken for a quantity
CATEGORIES = 20  # of a text column; rarer ones share the category "other"
LARGEST = 200_000_000  # numbers in all windows together, about 1.6 GB while loading


def load_csv(
    path: str | os.PathLike[str],
    label: str,
    window: int | None = None,
    group: str | None = None,
    task: str | None = None,
    test_fraction: float = 0.25,
) -> Dataset:
    """Windows (N, window, D) over the rows of a CSV file (comma, semicolon or tab; UTF-8).

    `window` is in rows (default: 10, or 1 if a group is short).  The values of column `group`, if given, tell
    series apart and become the natural sites.  A label of text, or of at most 20 different integers, makes the
    task "classification", any other "regression"; `task` overrides that.  `test_fraction` of every group, its
    end, is the test part.  `ValueError` with the line and column for whatever cannot be used.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction: expected a number between 0 and 1, got {test_fraction}")
    if task is not None:
        expect_one_of("task", task, TASKS)
    table = read_table(path)
    groups = rows_of_groups(table, label, group)
    length = window_length(window, groups, test_fraction)
    parts = [cut(rows, length, test_fraction) for rows in groups.values()]
    train, test = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )  # (N, length) row numbers
    values, left_out = inputs(table, {label, group}, np.unique(train))
    if (size := (len(train) + len(test)) * length * values.shape[1]) > LARGEST:
        raise ValueError(
            f"window: expected windows of {LARGEST:,} numbers in all at most, got {size:,}; take a "
            "shorter window or fewer columns"
        )
    x_train, x_test = standardise(values[train], values[test])
    about = f"{table.name}, {len(table.lines)} rows" + "".join(
        f"; left out: {one}" for one in left_out
    )
    sites = None
    if len(groups) > 1:
        sites = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts]), list(groups)
    y, classes = targets(table, label, task)
    y_train, y_test = y[train[:, -1]], y[test[:, -1]]
    name = os.path.splitext(table.name)[0]
    if classes:
        return classification(
            name, (x_train, y_train), (x_test, y_test), classes, about, sites=sites
        )
    return regression(name, (x_train, y_train), (x_test, y_test), about, sites=sites)


def rows_of_groups(table: Table, label: str, group: str | None) -> dict[str, Array]:
    """Row numbers of each group, in the order in which the groups first appear; one nameless group if none."""
    table.expect("label", label)
    if group is None:
        return {"": np.arange(len(table.lines))}
    table.expect("group", group)
    if group == label:
        raise ValueError(f"group: expected another column than the label, got {group!r} for both")
    rows: dict[str, list[int]] = {}
    for i, value in enumerate(table.texts(group)):
        rows.setdefault(value, []).append(i)
    return {value: np.array(one) for value, one in rows.items()}


def held_out(rows: int, fraction: float) -> int:
    """How many of a group's rows are for the test: at least one, and at least one is left."""
    return min(max(1, round(rows * fraction)), rows - 1)


def window_length(window: int | None, groups: dict[str, Array], fraction: float) -> int:
    """The window asked for, if the shortest part of a group holds one; or a default."""

    def room(value: str) -> int:
        rows = len(groups[value])
        return min(held_out(rows, fraction), rows - held_out(rows, fraction))

    shortest = min(groups, key=room)
    which = f"group {shortest!r} has" if shortest else "there are"
    if room(shortest) < 1:
        raise ValueError(
            f"{'group' if shortest else 'path'}: expected at least 2 rows of data, one to train and "
            f"one to test; {which} {len(groups[shortest])}"
        )
    if window is None:
        return 10 if room(shortest) >= 20 else 1
    if not 1 <= window <= room(shortest):
        raise ValueError(
            f"window: expected 1 to {room(shortest)} rows ({which} {len(groups[shortest])} rows, split "
            f"into training and test), got {window}"
        )
    return window


def cut(rows: Array, length: int, fraction: float) -> tuple[Array, Array]:
    """Row numbers of the training windows (N, length) and of the later test windows of one group."""
    border = len(rows) - held_out(len(rows), fraction)
    return sliding(rows[:border], length), sliding(rows[border:], length)


def inputs(table: Table, without: set[str | None], train: Array) -> tuple[Array, list[str]]:
    """All input columns as numbers (rows, D) float64, and the names of those that cannot serve."""
    columns: list[Array] = []
    left_out = []
    for name in table.columns:
        if name in without:
            continue
        numbers = table.numbers(name)
        if numbers is not None:
            columns.append(numbers[:, None])
        elif (categories := one_hot_text(table.texts(name), train)) is not None:
            columns.append(categories)
        else:
            left_out.append(f"{name} (text, hardly a value twice)")
    if not columns:
        raise ValueError(
            "label: expected at least one other column that can serve as input, got none"
            + "".join(f"; left out: {one}" for one in left_out)
        )
    return np.column_stack(columns), left_out


def one_hot_text(texts: list[str], train: Array) -> Array | None:
    """One column per frequent category of the training rows, then "other" if there are more.  (rows, C).

    A category that only the test part has is "other", or all zeros.  None for text that hardly repeats, such
    as a date or a name.
    """
    counts = Counter(texts[i] for i in train)
    if len(counts) > max(CATEGORIES, len(train) // 2):
        return None
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    code = {value: i for i, value in enumerate(ranked[:CATEGORIES])}
    width = len(code) + (len(ranked) > CATEGORIES)
    return one_hot(np.array([code.get(value, CATEGORIES) for value in texts]), width)


def targets(table: Table, label: str, task: str | None) -> tuple[Array, list[str]]:
    """The label of every row: class ids and the names of the classes, or numbers and no names."""
    numbers = table.numbers(label)
    distinct = np.unique(table.texts(label) if numbers is None else numbers, return_inverse=True)
    if len(distinct[0]) < 2:
        raise ValueError(
            f"label: expected at least two different values in column {label!r}, "
            f"got only {table.columns[label][0]!r}"
        )
    if task is None:
        few = numbers is None or (len(distinct[0]) <= CLASSES and bool((numbers % 1 == 0).all()))
        task = TASKS[0] if few else TASKS[1]
    if task == "regression":
        if numbers is None:
            raise ValueError(
                f"task: expected numbers in column {label!r} for regression, got text such as "
                f"{table.columns[label][0]!r}"
            )
        return numbers, []
    if len(distinct[0]) > len(table.lines) // 2:
        raise ValueError(
            f"label: expected classes that repeat, got {len(distinct[0])} different values in the "
            f"{len(table.lines)} rows of column {label!r}"
        )
    return distinct[1], [str(one) if numbers is None else f"{one:.15g}" for one in distinct[0]]

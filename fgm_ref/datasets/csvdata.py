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
    TASKS,
    Dataset,
    Part,
    classification,
    one_hot,
    regression,
    sliding,
    standardise,
)
from fgm_ref.datasets.table import Table, read_table
from fgm_ref.text import expect_one_of

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
    train = np.concatenate([part[0] for part in parts])  # (N, length) row numbers
    test = np.concatenate([part[1] for part in parts])
    values, left_out = inputs(table, {label, group}, np.unique(train))
    expect_moderate((len(train) + len(test)) * length * values.shape[1])
    x_train, x_test = standardise(values[train], values[test])
    y, classes = targets(table, label, task)
    y_train = y[train[:, -1]]
    y_test = y[test[:, -1]]
    about = "; left out: ".join([f"{table.name}, {len(table.lines)} rows", *left_out])
    sites = None
    if len(groups) > 1:
        counts = [len(part[0]) for part in parts]
        sites = np.repeat(np.arange(len(parts)), counts), list(groups)
    name = os.path.splitext(table.name)[0]
    train_part, test_part = (x_train, y_train), (x_test, y_test)
    if classes:
        return classification(name, train_part, test_part, classes, about, sites=sites)
    return regression(name, train_part, test_part, about, sites=sites)


def expect_moderate(size: int) -> None:
    """Raises `ValueError` for windows that hold too many numbers together."""
    if size > LARGEST:
        raise ValueError(
            f"window: expected windows of {LARGEST:,} numbers in all at most, got {size:,}; take a "
            "shorter window or fewer columns"
        )


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
    room = {}  # rows in the shorter part of each group
    for value, rows in groups.items():
        test = held_out(len(rows), fraction)
        room[value] = min(test, len(rows) - test)
    shortest = min(room, key=room.__getitem__)
    rows_there, longest = len(groups[shortest]), room[shortest]
    which = f"group {shortest!r} has" if shortest else "there are"
    if longest < 1:
        raise ValueError(
            f"{'group' if shortest else 'path'}: expected at least 2 rows of data, one to train and "
            f"one to test; {which} {rows_there}"
        )
    if window is None:
        return 10 if longest >= 20 else 1
    if not 1 <= window <= longest:
        raise ValueError(
            f"window: expected 1 to {longest} rows ({which} {rows_there} rows, split "
            f"into training and test), got {window}"
        )
    return window


def cut(rows: Array, length: int, fraction: float) -> Part:
    """Row numbers of the training windows (N, length) and of the later test windows of one group."""
    border = len(rows) - held_out(len(rows), fraction)
    before, after = rows[:border], rows[border:]
    return sliding(before, length), sliding(after, length)


def inputs(table: Table, without: set[str | None], train: Array) -> tuple[Array, list[str]]:
    """All input columns as numbers (rows, D) float64, and the names of those that cannot serve."""
    columns = []
    left_out = []
    for name in table.columns:
        if name in without:
            continue
        column = input_column(table, name, train)
        if column is None:
            left_out.append(f"{name} (text, hardly a value twice)")
        else:
            columns.append(column)
    if not columns:
        problem = "label: expected at least one other column that can serve as input, got none"
        raise ValueError("; left out: ".join([problem, *left_out]))
    return np.column_stack(columns), left_out


def input_column(table: Table, name: str, train: Array) -> Array | None:
    """A column as numbers (rows, 1) or as categories (rows, C); None if it is neither."""
    numbers = table.numbers(name)
    if numbers is not None:
        return numbers[:, None]
    return one_hot_text(table.texts(name), train)


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
    codes = [code.get(value, CATEGORIES) for value in texts]
    has_others = len(ranked) > CATEGORIES
    return one_hot(np.array(codes), len(code) + has_others)


def targets(table: Table, label: str, task: str | None) -> tuple[Array, list[str]]:
    """The label of every row: class ids and the names of the classes, or numbers and no names."""
    numbers = table.numbers(label)
    column = table.texts(label) if numbers is None else numbers
    distinct, ids = np.unique(column, return_inverse=True)
    if len(distinct) < 2:
        raise ValueError(
            f"label: expected at least two different values in column {label!r}, "
            f"got only {table.columns[label][0]!r}"
        )
    if task is None:
        task = "classification" if numbers is None or are_classes(distinct) else "regression"
    if task == "regression":
        if numbers is None:
            raise ValueError(
                f"task: expected numbers in column {label!r} for regression, got text such as "
                f"{table.columns[label][0]!r}"
            )
        return numbers, []
    if len(distinct) > len(table.lines) // 2:
        raise ValueError(
            f"label: expected classes that repeat, got {len(distinct)} different values in the "
            f"{len(table.lines)} rows of column {label!r}"
        )
    if numbers is None:
        return ids, [str(one) for one in distinct]
    return ids, [f"{one:.15g}" for one in distinct]


def are_classes(distinct: Array) -> bool:
    """Whether the different numbers in a label look like the numbers of classes: few, and all whole."""
    return len(distinct) <= CLASSES and bool((distinct % 1 == 0).all())

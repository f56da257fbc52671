"""Your own table as a `Dataset`: a CSV file with a header, one row per time step, in time order.

    data = load_csv("pump.csv", label="fault", window=20, group="machine")

What is predicted is the label in the *last row of each window*, from the other columns of all its rows; the
label column itself is never an input.  The last quarter of every group is the test part, and no window
reaches across.  Numbers are scaled and categories chosen by the training part alone.  But rows are taken as
equally spaced, missing values are not filled in, and dates are not understood: prepare those first.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.columns import input_of
from fgm_ref.datasets.dataset import (
    TASKS,
    Dataset,
    Part,
    centre_and_spread,
    classification,
    regression,
    scaled,
    sliding,
)
from fgm_ref.datasets.past import Past
from fgm_ref.datasets.recipe import Input, Label, Recipe
from fgm_ref.datasets.series import series_of
from fgm_ref.datasets.table import Table, read_table
from fgm_ref.datasets.windows import gathered, numbers, scale
from fgm_ref.text import expect_one_of

CLASSES = 20  # an integer label with more values than this is taken for a quantity
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
    table.expect("label", label)
    expect_group(table, label, group)
    series = series_of(table, group)
    length = window_length(window, series, test_fraction)
    parts = [cut(rows, length, test_fraction) for rows in series.values()]
    train = np.concatenate([part[0] for part in parts])  # (N, length) row numbers
    test = np.concatenate([part[1] for part in parts])
    inputs, left_out = all_inputs(table, {label, group}, np.unique(train))
    width = sum(len(one.channels) for one in inputs)
    expect_moderate((len(train) + len(test)) * length * width)
    y, classes = targets(table, label, task)
    y_train, y_test = y[train[:, -1]], y[test[:, -1]]
    values = numbers(table, inputs)
    centre, spread = scale(values, train)
    recipe = Recipe(
        task="classification" if classes else "regression",
        labels=(Label(label) if classes else Label(label, *centre_and_spread(y_train)),),
        classes=tuple(classes),
        inputs=inputs,
        centre=tuple(centre.tolist()),
        spread=tuple(spread.tolist()),
        window=length,
        group=group,
    )
    x_train = gathered(values, train, centre, spread)
    x_test = gathered(values, test, centre, spread)
    about = "; left out: ".join([f"{table.name}, {table.rows} rows", *left_out])
    sites = None
    if len(series) > 1:
        counts = [len(part[0]) for part in parts]
        sites = np.repeat(np.arange(len(parts)), counts), list(series)
    name = os.path.splitext(table.name)[0]
    train_part, test_part = (x_train, y_train), (x_test, y_test)
    if classes:
        data = classification(name, train_part, test_part, classes, about, sites=sites)
    else:
        data = regression(name, train_part, test_part, about, sites=sites)
    past = past_of(recipe, y, list(series.values()), train[:, -1], test[:, -1])
    return replace(data, recipe=recipe, past=past)


def past_of(recipe: Recipe, y: Array, series: list[Array], train: Array, test: Array) -> Past:
    """The labels in the order of the series; `train` and `test` are the rows that windows end with."""
    order = np.concatenate(series)
    place = np.empty(len(y), np.int64)
    place[order] = np.arange(len(order))
    numbers_of_series = np.repeat(np.arange(len(series)), [len(rows) for rows in series])
    labels = y[order]
    if not recipe.classes:
        one = recipe.labels[0]
        labels = scaled(labels, one.centre, one.spread)[:, None]
    return Past(labels, numbers_of_series, place[train], place[test], recipe.horizon)


def expect_moderate(size: int) -> None:
    """Raises `ValueError` for windows that hold too many numbers together."""
    if size > LARGEST:
        raise ValueError(
            f"window: expected windows of {LARGEST:,} numbers in all at most, got {size:,}; take a "
            "shorter window or fewer columns"
        )


def expect_group(table: Table, label: str, group: str | None) -> None:
    """Raises `ValueError` for a group that is no column of its own."""
    if group is None:
        return
    table.expect("group", group)
    if group == label:
        raise ValueError(f"group: expected another column than the label, got {group!r} for both")


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


def all_inputs(
    table: Table, without: set[str | None], train: Array
) -> tuple[tuple[Input, ...], list[str]]:
    """All columns that can serve as inputs, and the names of those that cannot."""
    inputs = []
    left_out = []
    for name in table.columns:
        if name in without:
            continue
        column = input_of(table, name, train)
        if column is None:
            left_out.append(f"{name} (text, hardly a value twice)")
        else:
            inputs.append(column)
    if not inputs:
        problem = "label: expected at least one other column that can serve as input, got none"
        raise ValueError("; left out: ".join([problem, *left_out]))
    return tuple(inputs), left_out


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

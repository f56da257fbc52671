"""What a column can serve as: a number, categories that the training part knows, or the clock and the calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.clock import Times, format_of
from fgm_ref.datasets.dataset import one_hot
from fgm_ref.datasets.dialect import advice
from fgm_ref.datasets.recipe import CATEGORY, CLASS, CYCLES, NUMBER, Input
from fgm_ref.datasets.table import NO_CELL, Table

CATEGORIES = 20  # of a text column; rarer ones share the category "other"
SENTENCE = 3  # words: more than that on the average is more than a name


def input_of(
    table: Table, name: str, train: Array, empty: Collection[str] = NO_CELL
) -> Input | str:
    """A column as an input, judged by the training rows; or why it cannot serve.

    Text in `empty` stands for a value that is missing.
    """
    numbers = table.numbers(name)
    if numbers is not None:
        return Input(name, NUMBER) if np.isfinite(numbers[train]).any() else "no value in training"
    there = ~table.absent(name, empty)
    ranked = categories(table.texts(name), train[there[train]])
    if ranked is None:
        return what_text(table, name)
    if not ranked:
        if empty == NO_CELL:
            return Input(name, CATEGORY)
        return "no value in training"
    return Input(name, CATEGORY, tuple(ranked[:CATEGORIES]), other=len(ranked) > CATEGORIES)


def categories(texts: list[str], train: Array) -> list[str] | None:
    """The different texts of the training rows, the most frequent first.

    None for text that hardly repeats, such as a date or a name.
    """
    counts = Counter(texts[i] for i in train)
    if len(counts) > max(CATEGORIES, len(train) // 2):
        return None
    return sorted(counts, key=lambda value: (-counts[value], value))


def what_text(table: Table, name: str) -> str:
    """What a column of text that hardly repeats seems to be."""
    sample = table.sample(name)
    if format_of(sample):
        return "dates"
    found = advice(sample, table.dialect)
    if found:
        return f"numbers with {found.what}; see {found.option}"
    if np.mean([len(cell.split()) for cell in sample]) > SENTENCE:
        return "text; --text makes its words the input"
    return "text, hardly a value twice"


def calendar(time: str, times: Times, rows: Sequence[Array], usual: float) -> list[Input]:
    """The cycles of dates that a series can show: at least two rows in one of them, and one of them in the series."""
    if not times.dates:
        return []
    longest = max(float(np.ptp(times.values[one])) for one in rows)
    cycles = [kind for kind, cycle in CYCLES.items() if 2 * usual <= cycle <= longest]
    return [Input(time, kind) for kind in cycles]


def channels(table: Table, column: Input, times: Times | None, empty: Collection[str]) -> Array:
    """An input's channels in every row, not yet scaled; nan where the value is missing.  (rows, C) float64.

    A category that the training part has not is "other", or all zeros.  `ValueError` where a number was expected.
    """
    if column.kind in CYCLES and times is not None:
        angle = 2 * np.pi * times.values / CYCLES[column.kind]
        return np.column_stack([np.sin(angle), np.cos(angle)])
    if column.kind == NUMBER:
        return numbers_of(table, column.name)[:, None]
    texts = texts_of(table, column)
    code = {value: i for i, value in enumerate(column.values)}
    codes = np.array([code.get(value, len(code)) for value in texts])
    found = one_hot(codes, len(code) + column.other).astype(np.float64)
    found[absent(table, column, empty)] = np.nan
    return found


def numbers_of(table: Table, name: str) -> Array:
    """A column that has to be numbers.  (rows,), nan where missing."""
    numbers = table.numbers(name)
    if numbers is not None:
        return numbers
    _, _missing, odd = table.parsed(name)
    if len(odd):
        raise table.complain(name, odd[0], "a number, as in the training part")
    return np.full(table.rows, np.nan)


def texts_of(table: Table, column: Input) -> list[str]:
    """The categories of every row; those of a class are spelt as the classes are."""
    if column.kind != CLASS:
        return table.texts(column.name)
    return [class_name(value) for value in numbers_of(table, column.name).tolist()]


def class_name(value: float) -> str:
    """The name of a class that is a number.

    >>> class_name(3.0), class_name(0.5)
    ('3', '0.5')
    """
    return f"{value:.15g}"


def absent(table: Table, column: Input, empty: Collection[str]) -> Array:
    """Where the value of an input is missing.  (rows,) bool."""
    if column.kind in (NUMBER, CLASS):
        return table.parsed(column.name).missing
    return table.absent(column.name, empty)

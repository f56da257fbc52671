"""What a column can serve as: a number, or categories that the training part knows."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import one_hot
from fgm_ref.datasets.recipe import CATEGORY, NUMBER, Input
from fgm_ref.datasets.table import Table

CATEGORIES = 20  # of a text column; rarer ones share the category "other"


def input_of(table: Table, name: str, train: Array) -> Input | None:
    """A column as an input, judged by the training rows; None if it is neither numbers nor categories."""
    if table.numbers(name) is not None:
        return Input(name, NUMBER)
    ranked = categories(table.texts(name), train)
    if ranked is None:
        return None
    return Input(name, CATEGORY, tuple(ranked[:CATEGORIES]), other=len(ranked) > CATEGORIES)


def categories(texts: list[str], train: Array) -> list[str] | None:
    """The different texts of the training rows, the most frequent first.

    None for text that hardly repeats, such as a date or a name.
    """
    counts = Counter(texts[i] for i in train)
    if len(counts) > max(CATEGORIES, len(train) // 2):
        return None
    return sorted(counts, key=lambda value: (-counts[value], value))


def channels(table: Table, column: Input) -> Array:
    """An input's channels in every row, not yet scaled.  (rows, C) float64.

    A category that the training part has not is "other", or all zeros.  `ValueError` where a number was expected.
    """
    if column.kind == NUMBER:
        numbers = table.numbers(column.name)
        if numbers is None:
            raise table.complain(column.name, 0, "a number, as in the training part")
        return numbers[:, None]
    code = {value: i for i, value in enumerate(column.values)}
    codes = [code.get(value, len(code)) for value in table.texts(column.name)]
    return one_hot(np.array(codes), len(code) + column.other).astype(np.float64)

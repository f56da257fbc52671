"""What a model is to see: the windows of both parts, and what of the training part has to be known to make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.columns import calendar, input_of
from fgm_ref.datasets.fill import DROP, ERROR, MEAN, empty_words, expect_all, filled, usual
from fgm_ref.datasets.index import Index
from fgm_ref.datasets.labels import Target
from fgm_ref.datasets.layout import Layout
from fgm_ref.datasets.recipe import Input
from fgm_ref.datasets.table import Table
from fgm_ref.datasets.wanted import Wanted
from fgm_ref.datasets.windows import gathered, numbers, scale
from fgm_ref.datasets.words import FIRST, token_windows, vocabulary_of, words

LARGEST = 200_000_000  # numbers in all windows together: 0.8 GB
WORDS = 100  # of a text, at most, unless the window says otherwise
SHARE = 0.95  # of the training texts that fit into a window
VOCABULARY = 10_000  # words with ids of their own, at most


class Made(NamedTuple):
    """The windows, and how they were made."""

    x_train: Array
    x_test: Array
    train: Index
    test: Index
    unusable: Array  # (rows,) bool
    recipe: Mapping[str, Any]  # the fields of a `Recipe` that were learnt of the training part
    left_out: Mapping[str, str]  # columns that do not serve, and why


def made_of_columns(table: Table, wanted: Wanted, layout: Layout, target: Target) -> Made:
    """Windows (N, T, D) of numbers and categories."""
    inputs, left_out = inputs_of(table, wanted, layout, target)
    if wanted.missing == ERROR:
        expect_all(table, inputs)
    values = numbers(table, inputs, layout.times, wanted.missing)
    fill = usual(values, inputs, layout.rows(test=False)) if wanted.missing == MEAN else ()
    values = filled(values, layout.series, wanted.missing, fill)
    unusable = np.isnan(values).any(axis=1)
    if wanted.missing == DROP:
        unusable |= ~target.known
    train, test = (layout.index(part, unusable, target.known) for part in (False, True))
    expect_moderate((len(train) + len(test)) * layout.window * values.shape[1])
    centre, spread = scale(values, train)
    return Made(
        gathered(values, train, centre, spread),
        gathered(values, test, centre, spread),
        train,
        test,
        unusable,
        {
            "inputs": inputs,
            "centre": tuple(centre.tolist()),
            "spread": tuple(spread.tolist()),
            "fill": fill,
            "window": layout.window,
        },
        left_out,
    )


def expect_moderate(size: int) -> None:
    """Raises `ValueError` for windows that hold too many numbers together."""
    if size > LARGEST:
        raise ValueError(
            f"window: expected windows of {LARGEST:,} numbers in all at most, got {size:,}; take a "
            "shorter window or fewer columns"
        )


def inputs_of(
    table: Table, wanted: Wanted, layout: Layout, target: Target
) -> tuple[tuple[Input, ...], dict[str, str]]:
    """All columns that can serve as inputs, and those that cannot, with the reason."""
    inputs: list[Input] = []
    left_out: dict[str, str] = {}
    train = layout.rows(test=False)
    for name in wanted.candidates(table):
        column = input_of(table, name, train, empty_words(wanted.missing))
        if isinstance(column, Input):
            inputs.append(column)
        else:
            left_out[name] = column
    if wanted.history:
        inputs += [Input(name, target.kind, target.classes) for name in wanted.labels]
    if wanted.calendar:
        inputs += calendar_of(wanted, layout)
    if not inputs:
        expected = "label: expected at least one other column that can serve as input, got none"
        if len(table.columns) == len(wanted.labels):
            expected += "; --history with --horizon 1 or more takes the label's own past"
        raise ValueError("; left out: ".join([expected, *in_words(left_out)]))
    return tuple(inputs), left_out


def calendar_of(wanted: Wanted, layout: Layout) -> tuple[Input, ...]:
    """Time of day, weekday and season, as far as the series show them.  `ValueError` if none of them."""
    times, spacing = layout.times, layout.spacing
    found: tuple[Input, ...] = ()
    if wanted.time is not None and times is not None and spacing is not None and times.dates:
        found = calendar(wanted.time, times, [one.rows for one in layout.series], spacing.usual)
    if not found:
        raise ValueError(
            f"calendar: expected dates that go through a day, a week or a year, got column {wanted.time!r}"
        )
    return found


def in_words(left_out: Mapping[str, str]) -> list[str]:
    """Columns that do not serve, each with the reason."""
    return [f"{name} ({reason})" for name, reason in left_out.items()]


def made_of_text(table: Table, wanted: Wanted, layout: Layout, target: Target, text: str) -> Made:
    """Windows (N, T) of word ids; each row is one."""
    absent = table.absent(text)
    if wanted.missing == ERROR:
        table.expect_all(text, absent, "a text")
    train, test = (layout.index(part, absent, target.known) for part in (False, True))
    found = [words(one) for one in table.texts(text)]
    here = [found[row] for row in train.last]
    known = dict(list(vocabulary_of(here).items())[:VOCABULARY])
    length = wanted.window or usual_length([len(one) for one in here])
    expect_moderate((len(train) + len(test)) * length)
    x_train, x_test = (
        token_windows([found[row] for row in part.last], known, length) for part in (train, test)
    )
    recipe = {
        "inputs": (),
        "centre": (),
        "spread": (),
        "window": length,
        "vocabulary": tuple(known),
    }
    others = dict.fromkeys(wanted.candidates(table), "the text is the only input")
    return Made(x_train, x_test, train, test, absent, recipe, others)


def usual_length(lengths: list[int]) -> int:
    """Words that nearly all texts have room in.

    >>> usual_length([3, 4, 5, 60]), usual_length([300] * 9)
    (60, 100)
    """
    enough = np.quantile(lengths, SHARE, method="higher")
    return int(np.clip(enough, 1, WORDS))


def vocabulary_size(made: Made) -> int:
    """The number of ids, 0 for numbers."""
    known = made.recipe.get("vocabulary")
    return 0 if known is None else FIRST + len(known)

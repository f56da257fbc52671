"""What a model is to see: the windows of both parts, and what of the training part has to be known to make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from fgm_ref.datasets.windows import gathered, no_value, numbers, scale
from fgm_ref.datasets.words import FIRST, token_windows, vocabulary_of, words

LARGEST = 200_000_000  # numbers in all windows together: 0.8 GB
WORDS = 100  # of a text, at most, unless the window says otherwise
SHARE = 0.95  # of the training texts that fit into a window
VOCABULARY = 10_000  # words with ids of their own, at most


class Found(NamedTuple):
    """The columns that may serve as inputs."""

    inputs: tuple[Input, ...]
    left_out: Mapping[str, str]  # those that do not, and why


class Made(NamedTuple):
    """The windows, and how they were made."""

    x_train: Array
    x_test: Array
    train: Index
    test: Index
    unusable: Array  # (rows,) bool
    recipe: Mapping[str, Any]  # the fields of a `Recipe` that were learnt of the training part
    left_out: Mapping[str, str]  # columns that do not serve, and why


def made_of_columns(
    table: Table, wanted: Wanted, layout: Layout, target: Target, found: Found
) -> Made:
    """Windows (N, T, D) of numbers and categories, and of the label's past if it is asked for."""
    inputs = (*found.inputs, *history_of(wanted, target), *calendar_of(wanted, layout))
    expect_some(inputs, found, table, wanted)
    values = numbers(table, inputs, layout.times, wanted.missing)
    fill = usual(values, inputs, layout.rows(test=False)) if wanted.missing == MEAN else ()
    values = filled(values, layout.for_filling(), wanted.missing, fill)
    unusable = no_value(values)
    if wanted.missing == DROP:
        unusable |= ~target.known
    train, test = (layout.windows(part, unusable, target.known) for part in (False, True))
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
        found.left_out,
    )


def expect_moderate(size: int) -> None:
    """Raises `ValueError` for windows that hold too many numbers together."""
    if size > LARGEST:
        raise ValueError(
            f"window: expected windows of {LARGEST:,} numbers in all at most, got {size:,}; take a "
            "shorter window or fewer columns"
        )


def inputs_of(table: Table, wanted: Wanted, layout: Layout) -> Found:
    """All columns that can serve as inputs, and those that cannot.  `ValueError` for a cell that is in the way."""
    inputs: list[Input] = []
    left_out: dict[str, str] = {}
    train = layout.rows(test=False)
    for name in wanted.candidates(table):
        column = candidate(table, wanted, name, train)
        if isinstance(column, Input):
            inputs.append(column)
        else:
            left_out[name] = column
    if wanted.missing == ERROR:
        expect_all(table, inputs)
    return Found(tuple(inputs), left_out)


def candidate(table: Table, wanted: Wanted, name: str, train: Array) -> Input | str:
    """A column as an input, or why it cannot serve."""
    if name == table.index and wanted.inputs is None:
        return "it had no name; --inputs or --time takes it"
    return input_of(table, name, train, empty_words(wanted.missing))


def history_of(wanted: Wanted, target: Target) -> list[Input]:
    """The labels as inputs, if their past is asked for."""
    if not wanted.history:
        return []
    return [Input(name, target.kind, target.classes) for name in wanted.labels]


def calendar_of(wanted: Wanted, layout: Layout) -> list[Input]:
    """Time of day, weekday and season, if asked for and as far as the series show them.  `ValueError` if none."""
    times, spacing = layout.times, layout.spacing
    if not wanted.calendar or wanted.time is None or times is None or spacing is None:
        return []
    found = calendar(wanted.time, times, [one.rows for one in layout.series], spacing.usual)
    if not found:
        raise ValueError(
            f"calendar: expected dates that go through a day, a week or a year, got column {wanted.time!r}"
        )
    return found


def expect_some(inputs: Sequence[Input], found: Found, table: Table, wanted: Wanted) -> None:
    """Raises `ValueError` if there is nothing to look at."""
    if inputs:
        return
    expected = "label: expected at least one other column that can serve as input, got none"
    if len(table.columns) == len(wanted.labels):
        expected += "; --history with --horizon 1 or more takes the label's own past"
    raise ValueError("; left out: ".join([expected, *in_words(found.left_out)]))


def in_words(left_out: Mapping[str, str]) -> list[str]:
    """Columns that do not serve, each with the reason."""
    return [f"{name} ({reason})" for name, reason in left_out.items()]


def made_of_text(table: Table, wanted: Wanted, layout: Layout, target: Target, text: str) -> Made:
    """Windows (N, T) of word ids; each row is one."""
    absent = table.absent(text)
    if wanted.missing == ERROR:
        table.expect_all(text, absent, "a text")
    train, test = (layout.windows(part, absent, target.known) for part in (False, True))
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

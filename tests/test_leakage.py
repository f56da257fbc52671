"""Nothing of the test part is known in training, and no window sees its own future."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgm_ref.datasets.build import dataset_of
from fgm_ref.datasets.csvdata import from_columns
from fgm_ref.datasets.layout import layout_of
from fgm_ref.datasets.recipe import Recipe
from fgm_ref.datasets.table import table_of
from fgm_ref.datasets.wanted import Wanted
from fgm_ref.datasets.windows import windows_of

DAYS = np.datetime64("2020-01-01") + np.arange(400)


@st.composite
def tables(draw):
    """Columns of every kind, with missing values if they may be there, in the order of time or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    rows = draw(st.integers(60, 160))
    groups = rng.integers(0, draw(st.integers(2, 4)), rows)
    columns = {
        "a": rng.normal(size=rows),
        "b": rng.integers(0, 5, rows).astype(float),
        "kind": rng.choice(["red", "blue", "green"], rows),
        "name": [f"n{i}" for i in rng.permutation(rows)],
        "words": [" ".join(rng.choice(["x1", "y2", "z3", "w4"], 3)) for _ in range(rows)],
        "unit": [f"u{i}" for i in groups],
        "day": rng.permutation(DAYS[:rows]).astype(str),
        "number": rng.normal(size=rows),
        "class": rng.choice(["p", "q"], rows),
    }
    return columns, rng


@st.composite
def askings(draw):
    """What can be asked of such a table, as far as it goes together."""
    time = draw(st.booleans())
    horizon = draw(st.integers(0, 3))
    text = not horizon and draw(st.booleans())
    numeric = draw(st.booleans())
    several = numeric and not text and draw(st.booleans())
    return Wanted(
        label=["number", "b"] if several else "number" if numeric else "class",
        window=draw(st.integers(1, 4)),
        group=draw(st.sampled_from([None, "unit"])),
        test=draw(st.sampled_from(["last", "blocks", "blocks:cycles=2", "0.4"])),
        drop=draw(st.sampled_from([(), "kind"])),
        time="day" if time else None,
        calendar=time and not text and draw(st.booleans()),
        gaps=draw(st.sampled_from(["cut", "bridge"])),
        horizon=horizon,
        history=horizon > 0 and draw(st.booleans()),
        text="words" if text else None,
        missing=draw(st.sampled_from(["error", "drop", "forward", "mean"])),
        short="drop",
    )


def made(columns, wanted):
    """The data set, or None if the table is too small for what is asked."""
    try:
        return dataset_of(table_of(columns), wanted)
    except ValueError as problem:
        assert str(problem).partition(":")[0] in ("window", "path", "group", "calendar", "label")
        return None


def changed(columns, rows, rng):
    """Other values of the same type in some rows; times and groups stay."""
    new = {name: np.array(values) for name, values in columns.items()}
    n = len(rows)
    new["a"][rows] = 1e6 * rng.normal(size=n)
    new["b"][rows] = rng.integers(-50, 50, n)
    new["kind"][rows] = rng.choice(["red", "x", "y"], n)
    new["number"][rows] = rng.normal(size=n) * 1e3
    new["class"][rows] = rng.choice(["p", "q"], n)
    new["words"] = np.array(new["words"], dtype="U40")
    new["words"][rows] = rng.choice(["new words", "x1 new", "z3"], n)
    return new


LEARNT = [one.name for one in fields(Recipe)]


@settings(max_examples=150)
@given(tables(), askings())
def test_no_option_changes_a_training_window_when_only_test_rows_change(drawn, wanted):
    columns, rng = drawn
    table = table_of(columns)
    data = made(columns, wanted)
    if data is None:
        return
    rows = layout_of(table, wanted).rows(test=True)
    other = made(changed(columns, rows, rng), wanted)
    assert np.array_equal(data.x_train, other.x_train)
    if data.classes:
        assert np.array_equal(
            np.array(data.classes)[data.y_train], np.array(other.classes)[other.y_train]
        )
    else:
        assert np.array_equal(data.y_train, other.y_train)
    for name in LEARNT:
        assert getattr(data.recipe, name) == getattr(other.recipe, name), name
    assert not np.array_equal(data.x_test, other.x_test)


def numbered(rows, rng, groups):
    """Row numbers as an input and as a label, each group by itself, shuffled if there is a time to sort by."""
    unit = np.sort(rng.integers(0, groups, rows))
    number = np.arange(rows) - np.searchsorted(unit, unit) + 1000 * unit
    order = rng.permutation(rows)
    columns = {"row": number, "unit": unit, "t": number, "y": number.astype(float)}
    return {name: values[order] for name, values in columns.items()}


def row_numbers(data):
    """The row numbers (N, T) in the windows of both parts, and the answers (N,)."""
    channel = data.recipe.channels.index("row")
    centre, spread = data.recipe.centre[channel], data.recipe.spread[channel]
    label = data.recipe.labels[0]
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        yield (
            np.rint(x[..., channel] * spread + centre),
            np.rint(y[:, 0] * label.spread + label.centre),
        )


@settings(max_examples=100)
@given(
    st.integers(0, 2**16),
    st.integers(60, 200),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from(["last", "blocks", "groups", "blocks:cycles=3,fraction=0.4"]),
)
def test_no_window_sees_its_own_future_or_the_other_part(
    seed, rows, groups, window, horizon, history, test
):
    columns = numbered(rows, np.random.default_rng(seed), groups)
    try:
        data = from_columns(
            columns,
            "y",
            window,
            group="unit",
            time="t",
            test=test,
            task="regression",
            horizon=horizon,
            history=history and horizon > 0,
            short="drop",
        )
    except ValueError:
        return
    (train, answers), (test_rows, test_answers) = row_numbers(data)
    for windows, ys in ((train, answers), (test_rows, test_answers)):
        assert (np.diff(windows, axis=1) == 1).all()
        assert np.array_equal(ys, windows[:, -1] + horizon)
    seen, asked = set(train.ravel()) | set(answers), set(test_rows.ravel()) | set(test_answers)
    assert not seen & asked
    if test.startswith("blocks"):
        nearest = min(abs(a - b) for a in seen for b in asked)
        assert nearest > window
    if test == "groups":
        assert {row // 1000 for row in seen}.isdisjoint({row // 1000 for row in asked})
    if history and horizon:
        own = data.recipe.channels.index("y")
        label = data.recipe.centre[own], data.recipe.spread[own]
        assert np.array_equal(np.rint(data.x_train[..., own] * label[1] + label[0]), train)


@settings(max_examples=60)
@given(tables(), askings())
def test_new_rows_are_treated_as_in_training(drawn, wanted):
    columns, _rng = drawn
    data = made(columns, wanted)
    if data is None:
        return
    table = table_of(columns)
    needed = {name: columns[name] for name in data.recipe.columns}
    x, last, _ = windows_of(data.recipe, table_of(needed))
    place = {row: i for i, row in enumerate(last.tolist())}
    layout = layout_of(table, wanted)
    unusable = np.zeros(table.rows, bool)
    ends = layout.windows(False, unusable, ~unusable).last.tolist()
    assert np.array_equal(data.x_train, x[[place[row] for row in ends]])


def holes(columns, rng):
    """The same with a tenth of the values missing, times and groups aside."""
    new = {}
    for name, values in columns.items():
        array = np.array(values, object)
        if name not in ("unit", "day"):
            array[rng.random(len(array)) < 0.1] = None
        new[name] = array
    return new


@settings(max_examples=60)
@given(tables(), askings())
def test_no_option_lets_a_missing_value_through(drawn, wanted):
    columns, rng = drawn
    with_holes = holes(columns, rng)
    if wanted.missing == "error":
        with pytest.raises(ValueError, match=r"missing|a value|a text|^window|^path"):
            dataset_of(table_of(with_holes), wanted)
        return
    data = made(with_holes, wanted)
    if data is not None:
        assert np.isfinite(data.x_train).all() and np.isfinite(data.y_train).all()
        assert data.y_train.min() >= 0 or not data.classes


def emptied(columns, rng):
    """The same with long runs of rows without their values, times and groups aside."""
    new = {name: np.array(values, object) for name, values in columns.items()}
    rows = len(new["a"])
    for name in ("a", "b", "kind"):
        for _ in range(rng.integers(1, 4)):
            begin = rng.integers(rows)
            new[name][begin : begin + rng.integers(1, 40)] = None
    return new


@settings(max_examples=150)
@given(tables(), askings().filter(lambda one: one.missing != "error" and not one.text))
def test_what_stands_for_a_missing_value_is_not_of_the_test_part(drawn, wanted):
    columns, rng = drawn
    columns = emptied(columns, rng)
    data = made(columns, wanted)
    if data is None:
        return
    rows = layout_of(table_of(columns), wanted).rows(test=True)
    there = {name: np.array([value is not None for value in columns[name]]) for name in columns}
    other_columns = changed(columns, rows, rng)
    for name, known in there.items():
        other_columns[name] = np.where(known, other_columns[name], None)
    other = made(other_columns, wanted)
    assert np.array_equal(data.x_train, other.x_train)
    assert np.array_equal(data.y_train, other.y_train)


def test_no_value_is_carried_over_a_gap():
    day = np.datetime64("2020-01-01") + np.r_[np.arange(30), 100 + np.arange(30)]
    a = np.arange(60.0)
    a[30:33] = np.nan
    columns = {"day": day, "a": a, "y": np.sin(np.arange(60.0))}
    asked = {"window": 2, "time": "day", "gaps": "cut", "missing": "forward", "test": "0.2"}
    data = from_columns(columns, "y", **asked)
    seen = data.x_train[..., 0] * data.recipe.spread[0] + data.recipe.centre[0]
    assert np.array_equal(np.diff(np.rint(seen)), np.ones((len(seen), 1)))
    assert windows_of(data.recipe, table_of(columns)).last.tolist() == [
        *range(1, 30),
        *range(34, 60),
    ]

"""Rows in the order of time, their gaps, and the parts that they are divided into."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fgm_ref.datasets.clock import ISO, NUMBERS, format_of, times_of
from fgm_ref.datasets.csvdata import from_columns
from fgm_ref.datasets.parts import (
    CYCLES,
    HOW,
    Division,
    cycle,
    divided,
    division,
    has_room,
    longest,
)
from fgm_ref.datasets.series import broken, in_order, length, series_of, spacing, whole
from fgm_ref.datasets.table import table_of

# --- points in time ---

MOMENTS = {
    "2021-03-04": "2021-03-04T00:00:00",
    "2021-03-04 05:06": "2021-03-04T05:06:00",
    "2021-03-04T05:06:07Z": "2021-03-04T05:06:07",
    "2021-03-04 05:06:07+02:00": "2021-03-04T03:06:07",
    "31.12.2021": "2021-12-31T00:00:00",
    "31.12.2021 23:59": "2021-12-31T23:59:00",
    "12/31/2021": "2021-12-31T00:00:00",
    "31/12/2021 10:11:12": "2021-12-31T10:11:12",
    "2021/12/31": "2021-12-31T00:00:00",
    "Dec 31, 2021": "2021-12-31T00:00:00",
    "31-Dec-21": "2021-12-31T00:00:00",
    "12/31/2021 1:05 PM": "2021-12-31T13:05:00",
    "2021-12": "2021-12-01T00:00:00",
}


@pytest.mark.parametrize("cell", MOMENTS)
def test_dates(cell):
    times = times_of(table_of({"t": [cell, ""]}), "t")
    assert times.dates and np.isnan(times.values[1])
    assert times.values[0] == np.datetime64(MOMENTS[cell]).astype(int)


def test_numbers_are_times_as_they_are():
    times = times_of(table_of({"t": [3, 1, 2]}), "t")
    assert times.format == NUMBERS and times.values.tolist() == [3, 1, 2]


@pytest.mark.parametrize("cells", [["red"], ["1.5"], ["-3"], [""], [], ["2021-13-01"], ["a/b/c"]])
def test_no_dates(cells):
    assert format_of(cells) is None


def test_a_date_that_can_be_two_days():
    table = table_of({"t": ["01/02/2021", "03/04/2021"]})
    with pytest.raises(
        ValueError, match=r"^time_format: expected .*%d/%m/%Y or %m/%d/%Y; got '01/02/2021'"
    ):
        times_of(table, "t")
    first, second = (times_of(table, "t", form).values for form in ("%d/%m/%Y", "%m/%d/%Y"))
    assert first[0] == np.datetime64("2021-02-01", "s").astype(int)
    assert second[0] == np.datetime64("2021-01-02", "s").astype(int)
    clear = times_of(table_of({"t": ["01/02/2021", "03/14/2021"]}), "t")
    assert clear.format == "%m/%d/%Y"


@pytest.mark.parametrize(
    ("cells", "form", "message"),
    [
        (
            ["red", "blue"],
            None,
            r"row 0, column 't': expected a date, or a number \(--time-format .*got 'red'",
        ),
        (
            [*(f"2021-01-{day}" for day in range(10, 30)), "soon"],
            None,
            r"row 20, column 't': expected a date as in ISO 8601, got 'soon'",
        ),
        (["2021-01-01"], "%d.%m.%Y", r"expected a date like %d\.%m\.%Y, got '2021-01-01'"),
    ],
)
def test_no_times(cells, form, message):
    with pytest.raises(ValueError, match=message):
        times_of(table_of({"t": cells}), "t", form)


@given(st.lists(st.datetimes(), min_size=1, max_size=5))
def test_iso_is_always_understood(moments):
    assume(all(moment.year >= 1000 for moment in moments))
    cells = [moment.isoformat(sep=" ", timespec="seconds") for moment in moments]
    times = times_of(table_of({"t": cells}), "t")
    assert times.format == ISO
    assert times.values.tolist() == [
        int(np.datetime64(cell.replace(" ", "T")).astype(int)) for cell in cells
    ]


# --- series ---


def test_groups_as_they_appear():
    found = series_of(table_of({"g": ["b", "a", "b"]}), "g")
    assert [(one.name, one.rows.tolist()) for one in found] == [("b", [0, 2]), ("a", [1])]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(1, 5))
def test_cut_where_a_step_is_too_long(times, limit):
    times = np.array(times, float)
    (one,) = broken(in_order([whole("", np.arange(len(times)))], times), times, limit)
    values = times[one.rows]
    assert values.tolist() == sorted(set(times))
    steps, breaks = np.diff(values), np.diff(one.stretch)
    assert np.array_equal(breaks, (steps > limit).astype(int))


def test_what_steps_are_like():
    times = np.array([0, 1, 2, 2, 3, 1, 20], float)
    found = spacing([whole("", np.arange(7))], times)
    assert (found.usual, found.forward, found.backward, found.doubled) == (1, 4, 1, 1)
    assert (found.gaps, found.longest, found.even) == (1, 19, 0.75)
    none = spacing([whole("", np.arange(1))], times)
    assert (none.usual, none.gaps, none.even) == (0, 0, 0)


def test_weekends_are_no_gaps():
    days = np.arange("2021-01-01", "2021-06-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)].astype(str)[:100]
    data = from_columns({"t": days[::-1], "x": range(100), "y": [0, 1] * 50}, "y", time="t")
    assert data.recipe.usual_step == 86_400 and data.recipe.longest_step == 5 * 86_400


def test_spans_in_words():
    dates = times_of(table_of({"t": ["2021-01-01"]}), "t")
    spans = [length(step, dates) for step in (86_400, 7200, 90, 1, 0.5)]
    assert spans == ["1 day", "2 hours", "1.5 minutes", "1 second", "0.5 seconds"]


# --- parts ---


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("last", Division("last", 0.2)),
        ("0.3", Division("last", 0.3)),
        (0.3, Division("last", 0.3)),
        ("groups:fraction=0.5", Division("groups", 0.5)),
        ("blocks:cycles=3,fraction=0.4", Division("blocks", 0.4, 3)),
    ],
)
def test_how_rows_are_divided(test, found):
    assert division(test, 0.2) == found


@pytest.mark.parametrize(
    "test", ["first", "1.5", 0, "nan", "blocks:size=3", "groups:fraction=1", "blocks:cycles=0"]
)
def test_no_way_to_divide(test):
    with pytest.raises(ValueError, match=r"^test( blocks| groups)?: expected"):
        division(test)


@given(
    st.lists(st.integers(2, 80), min_size=2, max_size=5),
    st.integers(1, 8),
    st.sampled_from(HOW),
    st.floats(0.05, 0.95),
    st.integers(0, 4),
)
def test_parts_have_room_and_no_row_in_common(lengths, window, how, fraction, horizon):
    chosen = Division(how, fraction)
    series = [whole(f"{i}", np.arange(rows)) for i, rows in enumerate(lengths)]
    most = min(longest(rows, chosen, horizon) for rows in lengths)
    assume(window <= most)
    assert all(has_room(rows, window, chosen, horizon) for rows in lengths)
    runs = divided(series, window, chosen, horizon)
    assert {run.test for run in runs} == {False, True}
    for number, rows in enumerate(lengths):
        mine = [run for run in runs if run.series == number]
        assert all(window + horizon <= run.end - run.begin for run in mine)
        edges = [edge for run in mine for edge in (run.begin, run.end)]
        assert edges == sorted(edges) and edges[0] == 0 and edges[-1] == rows
        if how == "blocks":
            assert len(mine) <= 2 * CYCLES
            assert all(b.begin - a.end == window for a, b in pairwise(mine))


def test_more_cycles_where_there_is_room():
    assert cycle(1000, 5, Division("blocks", 0.25), 0) == CYCLES
    assert 1 < cycle(200, 5, Division("blocks", 0.25), 0) < CYCLES
    assert cycle(20, 10, Division("blocks", 0.25), 0) is None


# --- what goes together ---

COLUMNS = {"t": range(60), "g": ["a", "b"] * 30, "x": range(60), "y": [0, 1, 1] * 20}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": -1}, r"^horizon: "),
        ({"history": True}, r"^history: expected together with --horizon of 1 or more"),
        ({"calendar": True}, r"^calendar: expected together with --time"),
        ({"calendar": True, "time": "t"}, r"^calendar: expected dates .*, got column 't'$"),
        (
            {"time": "t", "group": "t"},
            r"^time: expected another column than the group, got 't' for both$",
        ),
        ({"drop": "y"}, r"^drop: expected a column without a role, got 'y', the label$"),
        ({"inputs": "z"}, r"^inputs: expected one of t, g, x, y; got 'z'$"),
        ({"inputs": ["g", "y"]}, r"^inputs: expected a column without a role, got 'y', the label$"),
        ({"text": "g", "horizon": 1}, r"^text: expected without --horizon"),
        (
            {"missing": "guess"},
            r"^missing: expected one of error, drop, forward, mean; got 'guess'",
        ),
        ({"gaps": "fill"}, r"^gaps: expected one of error, cut, bridge"),
        ({"short": "keep"}, r"^short: expected one of error, drop"),
        ({"test": "groups"}, r"^test: expected groups together with --group"),
        ({"test": "groups", "group": "t"}, r"^test: "),
        ({"colour": 1}, r"^settings: expected one of label, .*; got 'colour'"),
        ({"window": 60}, r"^window: expected 1 to 15 rows \(there are 60 rows, .*\), got 60$"),
        ({"window": 15, "horizon": 1}, r"^window: expected 1 to 14 rows .*, and the answer 1 row"),
        (
            {"horizon": 15},
            r"^horizon: expected one that leaves room for windows in each part, got 15; there are 60$",
        ),
        (
            {"label": ["x", "g"]},
            r"^task: expected numbers in column 'g' for regression, got text such as 'a'",
        ),
        (
            {"label": ["x", "t"], "task": "classification"},
            r"^task: expected regression with 2 labels",
        ),
        ({"label": []}, r"^label: expected the name of the column to predict, got nothing$"),
    ],
)
def test_what_does_not_go_together(settings, message):
    arguments = {"label": "y", **settings}
    if arguments.get("test") == "groups" and "group" in arguments:
        arguments["group"] = "one"
    columns = {**COLUMNS, "one": ["a"] * 60} if "one" in arguments.values() else COLUMNS
    with pytest.raises(ValueError, match=message) as caught:
        from_columns(columns, **arguments)
    assert "\n" not in str(caught.value)


def test_several_labels():
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.normal(size=80),
        "u": rng.normal(size=80),
        "v": 100 + 50 * rng.normal(size=80),
    }
    data = from_columns(columns, ["u", "v"], window=1)
    assert data.outputs == 2 and data.target_scale == 1 and data.recipe.channels == ("x",)
    for i, label in enumerate(data.recipe.labels):
        back = data.y_train[:, i] * label.spread + label.centre
        np.testing.assert_allclose(back, columns["uv"[i]][:60], rtol=1e-5)
    assert data.baseline.loss == pytest.approx(data.baseline.score**2)


def test_calendar():
    hours = np.datetime64("2021-01-01T00") + np.arange(24 * 30)
    columns = {"t": hours, "y": np.arange(720) % 24 < 12}
    data = from_columns(columns, "y", window=1, time="t", calendar=True)
    assert data.recipe.channels == ("t:day sin", "t:day cos", "t:week sin", "t:week cos")
    morning = data.x_train[:, 0, 0] > 0
    assert morning.mean() == pytest.approx(0.5, abs=0.1)
    assert (data.x_train[1:13, 0, 0] > 0).sum() >= 11

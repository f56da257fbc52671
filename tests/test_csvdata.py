"""The user's own table: what comes out of a good one, and one clear sentence for each kind of bad one."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgm_ref.datasets.csvdata import load_csv
from fgm_ref.datasets.split import split
from fgm_ref.datasets.table import read_table


@pytest.fixture
def csv(tmp_path):
    """Writes text to a file and returns its path."""

    def write(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def rows(count, line):
    return "".join(line(i) + "\n" for i in range(count))


def simple(count=40):
    """A number, a category and a label that alternates."""
    return "x,kind,y\n" + rows(
        count, lambda i: f"{i},{'red' if i % 3 else 'blue'},{'on' if i % 2 else 'off'}"
    )


# --- good tables ---


def test_classification(csv):
    data = load_csv(csv(simple(80)), "y")
    assert (data.task, data.classes, data.name) == ("classification", ("off", "on"), "table")
    assert data.x_train.shape == (60 - 9, 10, 3) and data.x_test.shape == (20 - 9, 10, 3)
    assert data.x_train.dtype == np.float32 and data.y_train.dtype == np.int64
    assert data.site_train is None and data.site_names == () and data.vocabulary == 0
    assert data.y_train.tolist() == [
        i % 2 for i in range(9, 60)
    ]  # the label of the window's last row
    assert data.y_test.tolist() == [i % 2 for i in range(69, 80)]
    assert data.baseline.name == "majority class" and data.baseline.balanced == 0.5


def test_no_row_serves_both_parts_and_the_training_part_sets_the_scale(csv):
    data = load_csv(csv(simple(80)), "y", window=4)
    x = np.arange(60.0)
    windows = np.lib.stride_tricks.sliding_window_view(x, 4)
    number = np.rint(
        np.concatenate([data.x_train, data.x_test])[..., 0] * windows.std() + windows.mean()
    )
    train, test = number[: len(data.x_train)], number[len(data.x_train) :]
    assert train.max() == 59 and test.min() == 60
    assert (np.diff(number, axis=1) == 1).all()
    far = simple(80).replace("\n79,", "\n1e9,")
    assert np.array_equal(load_csv(csv(far, "far.csv"), "y", window=4).x_train, data.x_train)


def test_regression(csv):
    data = load_csv(csv("x,y\n" + rows(40, lambda i: f"{i % 7},{i * 0.5}")), "y", window=1)
    assert data.task == "regression" and data.classes == () and data.outputs == 1
    y = np.arange(40) * 0.5
    assert data.target_scale == pytest.approx(y[:30].std())
    np.testing.assert_allclose(
        data.y_test[:, 0], (y[30:] - y[:30].mean()) / y[:30].std(), rtol=1e-5
    )
    assert data.baseline.name == "mean"
    assert data.baseline.score == pytest.approx(np.sqrt(((y[30:] - y[:30].mean()) ** 2).mean()))


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (lambda i: f"{i % 20}", "classification"),
        (lambda i: f"{i % 21}", "regression"),
        (lambda i: f"{i % 2 + 0.5}", "regression"),
        (lambda i: f"{i % 2}.0", "classification"),
        (lambda i: "ab"[i % 2], "classification"),
    ],
)
def test_the_task_is_guessed(csv, values, task):
    assert load_csv(csv("x,y\n" + rows(60, lambda i: f"{i},{values(i)}")), "y").task == task


def test_the_task_can_be_told(csv):
    path = csv("x,y\n" + rows(60, lambda i: f"{i},{i % 3 * 10}"))
    assert load_csv(path, "y").classes == ("0", "10", "20")
    assert load_csv(path, "y", task="regression").task == "regression"
    assert load_csv(path, "x", task="regression").outputs == 1


def test_groups_are_the_natural_sites(csv):
    path = csv("machine,x,y\n" + rows(120, lambda i: f"{'CAB'[i % 3]},{i},{i // 3 % 2}"))
    data = load_csv(path, "y", window=5, group="machine")
    assert data.site_names == ("C", "A", "B")  # as they appear
    assert np.bincount(data.site_train).tolist() == [26] * 3
    assert data.features == 1  # neither the group nor the label is an input
    steps = np.diff(data.x_train[..., 0], axis=1)
    np.testing.assert_allclose(
        steps, steps[0, 0], rtol=1e-3
    )  # a window never mixes groups: 3 rows apart
    assert len(split(data, 3, "natural", np.random.default_rng(0))) == 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_line_ends_and_byte_order_mark(csv, delimiter, end):
    text = simple().replace(",", delimiter).replace("\n", end)
    expected = load_csv(csv(simple(), "plain.csv"), "y")
    found = load_csv(csv(text + end, encoding="utf-8-sig"), "y")  # and a blank line at the end
    assert np.array_equal(found.x_train, expected.x_train) and np.array_equal(
        found.y_test, expected.y_test
    )


def test_quotes_and_blanks(csv):
    table = read_table(csv('a,"b, c"\n 1 ,"x ""y"", z"\n\n2,w\n'))
    cells = {name: list(column) for name, column in table.columns.items()}
    assert cells == {"a": ["1", "2"], "b, c": ['x "y", z', "w"]}
    assert table.lines == [2, 4]


def test_categories_come_from_the_training_part(csv):
    # c0 .. c24 in training, where c0 is the most frequent; "new" in the test part only.
    text = "kind,y\n" + rows(
        200, lambda i: f"{'new' if i > 190 else f'c{i % 25 if i % 2 else 0}'},{i % 2}"
    )
    data = load_csv(csv(text), "y", window=1)
    assert data.features == 21
    assert (data.x_train.sum(axis=2) == 1).all()
    assert (data.x_test[-9:, 0, 20] == 1).all()  # unknown is "other"
    few = load_csv(csv(simple().replace("39,blue", "39,green")), "y", window=1)
    assert few.x_test[-1, 0, 1:].tolist() == [0, 0]  # where nothing is "other", it is all zeros


def test_text_that_hardly_repeats_is_left_out_and_named(csv):
    data = load_csv(csv("when,x,y\n" + rows(60, lambda i: f"2024-01-01 {i},{i},{i % 2}")), "y")
    assert data.features == 1
    assert data.about == "table.csv, 60 rows; left out: when (text, hardly a value twice)"


def test_a_constant_column_does_no_harm(csv):
    data = load_csv(csv("c,x,y\n" + rows(40, lambda i: f"0.1,{i},{i % 2}")), "y")
    assert np.isfinite(data.x_train).all() and (data.x_train[..., 0] == 0).all()


def test_a_class_in_the_test_part_only_is_kept(csv):
    data = load_csv(
        csv("x,y\n" + rows(40, lambda i: f"{i},{'late' if i > 35 else 'ab'[i % 2]}")), "y", window=1
    )
    assert data.classes == ("a", "b", "late") and 2 in data.y_test and 2 not in data.y_train
    assert np.isfinite(data.baseline.loss)


def test_the_default_window_follows_the_shortest_group(csv):
    long, short = (csv(simple(count), f"{count}.csv") for count in (80, 79))
    assert load_csv(long, "y").length == 10
    assert load_csv(short, "y").length == 10  # 59 + 20 rows
    assert load_csv(csv(simple(60), "60.csv"), "y").length == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 60), st.integers(1, 3), st.integers(1, 4), st.floats(0.2, 0.6))
def test_every_window_of_every_group_is_there(tmp_path_factory, count, groups, window, fraction):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text(
        "g,x,y\n" + rows(count * groups, lambda i: f"g{i % groups},{i},{i // groups % 2}")
    )
    test = round(count * fraction)
    if window > min(test, count - test):
        with pytest.raises(ValueError, match=r"^window: expected 1 to "):
            load_csv(path, "y", window=window, group="g", test_fraction=fraction)
        return
    data = load_csv(path, "y", window=window, group="g", test_fraction=fraction)
    assert len(data.x_test) == groups * (test - window + 1)
    assert len(data.x_train) == groups * (count - test - window + 1)


def test_fifteen_thousand_rows_are_quick(csv):
    numbers = np.random.default_rng(0).normal(size=(15_000, 7))
    path = csv(
        "a,b,c,d,e,f,g,y\n"
        + rows(15_000, lambda i: ",".join(f"{v:.4f}" for v in numbers[i]) + f",{i % 3}")
    )
    start = time.process_time()
    data = load_csv(path, "y")
    assert data.x_train.shape == (11_241, 10, 7)
    assert time.process_time() - start < 5  # 0.3 s on an idle machine


LARGE = """
import resource, sys, time
from fgm_ref import load_csv
data = load_csv(sys.argv[1], "c19")
assert data.x_train.shape == (299_991, 10, 19)
print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted otherwise")
def test_four_hundred_thousand_rows(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(4000, 19))
    rows = [",".join(f"{v:.4f}" for v in row) + f",{i % 3}" for i, row in enumerate(numbers)]
    path = tmp_path / "large.csv"
    path.write_text("\n".join([",".join(f"c{i}" for i in range(20)), *rows * 100]) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True
    )
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 15  # of one core
    assert kilobytes < 1e6


# --- bad tables ---

BAD_TABLES = {
    "empty": ("", r"path: expected a header and rows, got the empty file .*table.csv"),
    "blank": ("\n \n", r"path: expected a header and rows, got the empty file"),
    "header only": ("x,y\n", r"path: table.csv: expected rows of data below the header, got none"),
    "nameless column": (
        ",x,,y\n1,2,3,4\n",
        r"path: table.csv: expected a name for every column, got none for column 3",
    ),
    "same name": (
        "x,y,x\n1,2,3\n",
        r"path: table.csv: expected different names for the columns, got 'x' twice",
    ),
    "ragged": (
        "x,y\n1,2\n3\n",
        r"path: table.csv, line 3: expected 2 cells as in the header, got 1",
    ),
    "too long": (
        "x,y\n1,2\n\n3,4,5\n",
        r"path: table.csv, line 4: expected 2 cells as in the header, got 3",
    ),
    "open quote": (
        'x,y\n1,2\n"3,4\n',
        r"path: table.csv, line 3: expected cells in well-formed quotes, got: ",
    ),
    "missing": (
        "x,y\n1,a\n,b\n3,a\n",
        r"path: table.csv, line 3, column 'x': expected a number, but the value is "
        r"missing \(fill it in, remove the row, or see --missing\), got ''",
    ),
    "NA": (
        "x,y\n1,a\n2,b\nNA,a\n",
        r"line 4, column 'x': expected a number, but the value is missing .*, got 'NA'",
    ),
    "nan": ("x,y\n1,a\nnan,b\n2,b\n", r"line 3, column 'x': .* the value is missing .*, got 'nan'"),
    "inf": ("x,y\n1,a\n-inf,b\n2,b\n", r"line 3, column 'x': expected a finite number, got '-inf'"),
    "stray text": (
        "x,y\n" + rows(20, lambda i: f"{i},{i % 2}") + "oops,1\n",
        r"line 22, column 'x': expected a number, as in the rest of the column, got 'oops'",
    ),
    "decimal comma": (
        "x;y\n1,5;a\n2,5;b\n",
        r"line 2, column 'x': expected a number without a decimal comma \(--decimal , reads it\), got '1,5'",
    ),
    "missing category": (
        "x,k,y\n" + rows(9, lambda i: f"{i},r,{i % 2}") + "1,,0\n",
        r"line 11, column 'k': expected a value \(fill it in, remove the row, or see --missing\), got ''",
    ),
    "missing label": (
        "x,y\n1,a\n2,\n3,b\n4,a\n",
        r"line 3, column 'y': expected a value .*, got ''",
    ),
    "stray label": (
        "x,y\n" + rows(20, lambda i: f"{i},{i % 2}") + "1,?\n",
        r"line 22, column 'y': .*missing.*got '\?'",
    ),
    "empty column": ("x,k,y\n1,,a\n2,,b\n3,,a\n4,,b\n", r"line 2, column 'k': expected a value"),
    "one class": (
        "x,y\n" + rows(20, lambda i: f"{i},yes"),
        r"label: expected at least two different values in column 'y', got only 'yes'",
    ),
    "constant": (
        "x,y\n" + rows(20, lambda i: f"{i},1.5"),
        r"label: expected at least two different values",
    ),
    "all classes differ": (
        "x,y\n" + rows(20, lambda i: f"{i},name{i}"),
        r"label: expected classes that repeat, got 20 different values in the 20 rows of column",
    ),
    "label only": (
        "y\n1\n2\n1\n2\n",
        r"label: expected at least one other column that can serve as input, got none",
    ),
    "names only": (
        "n,y\n" + rows(60, lambda i: f"n{i},{i % 2}"),
        r"label: expected at least one other .*left out: n ",
    ),
    "one row": (
        "x,y\n1,2\n",
        r"path: expected at least 2 rows of data, one to train and one to test; there are 1",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_gets_one_clear_sentence(csv, case):
    text, message = BAD_TABLES[case]
    with pytest.raises(ValueError, match=message) as caught:
        load_csv(csv(text), "y")
    assert "\n" not in str(caught.value)


BAD_ARGUMENTS = {
    "unknown label": ({"label": "z"}, r"^label: expected one of x, kind, y; got 'z'$"),
    "misspelt label": (
        {"label": "knid"},
        r"^label: expected one of x, kind, y; got 'knid'. Did you mean 'kind'\?$",
    ),
    "unknown group": ({"group": "z"}, r"^group: expected one of x, kind, y; got 'z'$"),
    "group is label": (
        {"group": "y"},
        r"^group: expected another column than the label, got 'y' for both$",
    ),
    "unknown task": (
        {"task": "regresion"},
        r"^task: expected one of .* Did you mean 'regression'\?$",
    ),
    "text regression": (
        {"task": "regression"},
        r"^task: expected numbers in column 'y' for regression, got text",
    ),
    "window 0": (
        {"window": 0},
        r"^window: expected 1 to 10 rows \(there are 40 rows, split .*\), got 0$",
    ),
    "window 11": ({"window": 11}, r"^window: expected 1 to 10 rows .*, got 11$"),
    "window in group": (
        {"window": 9, "group": "kind"},
        r"^window: expected 1 to 4 rows \(group 'blue' has 14 rows, .*got 9; --short drop leaves out",
    ),
    "tiny group": (
        {"group": "x"},
        r"^group: expected at least 2 rows of data, .*; group '0' has 1;",
    ),
    "all test": (
        {"test_fraction": 1.0},
        r"^test_fraction: expected a number between 0 and 1, got 1.0$",
    ),
    "no test": ({"test_fraction": 0}, r"^test_fraction: expected a number between 0 and 1, got 0$"),
}


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_a_bad_argument_gets_one_clear_sentence(csv, case):
    arguments, message = BAD_ARGUMENTS[case]
    with pytest.raises(ValueError, match=message):
        load_csv(csv(simple()), **{"label": "y", **arguments})


def test_there_must_be_a_file(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"^path: expected a CSV file, got .*none.csv' \(No such file or directory\)$",
    ):
        load_csv(tmp_path / "none.csv", "y")
    with pytest.raises(ValueError, match=r"^path: expected a CSV file, got the folder "):
        load_csv(tmp_path, "y")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_only_utf_8_is_read(csv, encoding):
    with pytest.raises(
        ValueError, match=r"^path: table.csv, line [13]: expected UTF-8 text, got byte 0x(e9|ff)"
    ):
        load_csv(csv("x,y\n1,a\n2,café\n", encoding=encoding), "y")


def test_a_table_that_would_fill_the_memory_is_refused(csv, monkeypatch):
    monkeypatch.setattr("fgm_ref.datasets.inputs.LARGEST", 1000)
    with pytest.raises(
        ValueError, match=r"^window: expected windows of 1,000 numbers in all at most, got 1,860;"
    ):
        load_csv(csv(simple(80)), "y")

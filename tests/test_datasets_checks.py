"""What cannot be trained on is refused where it is made, in one line that says where it stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fgm_ref.datasets.checks import expect_finite
from fgm_ref.datasets.csvdata import load_csv
from fgm_ref.datasets.dataset import Dataset, classification, regression, standardise
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run

N, T, D = 8, 3, 2


def windows(n=N):
    return np.random.default_rng(n).normal(size=(n, T, D)).astype(np.float32)


def tokens(n=N):
    return (np.arange(n * T) % 5).reshape(n, T).astype(np.int32)


def classes(train=None, test=None, names="abc", **more):
    """Three classes; a pair of arrays replaces a part."""
    y = np.arange(N) % 3
    return classification("toy", train or (windows(), y), test or (windows(), y), names, "", **more)


def words(train=None, **more):
    """Sentences over five words."""
    y = np.arange(N) % 3
    return classification(
        "toy", (tokens() if train is None else train, y), (tokens(), y), "abc", "", **more
    )


def quantities(train=None, test=None, **more):
    """A regression."""
    y = np.linspace(-1, 1, N)
    return regression("toy", train or (windows(), y), test or (windows(), y), "", **more)


def with_value(array, position, value):
    """A copy of the array with one value replaced."""
    array = np.array(array, np.float64 if isinstance(value, float) else None)
    array[position] = value
    return array


Y = np.arange(N) % 3
R = np.linspace(-1, 1, N)

FACTORIES = {
    # Inputs.
    "nan in x": (
        lambda: classes(train=(with_value(windows(), (3, 0, 1), np.nan), Y)),
        "x_train: expected finite numbers (float32), got nan at [3, 0, 1]",
    ),
    "infinite x": (
        lambda: quantities(test=(with_value(windows(), (7, 2, 0), -np.inf), R)),
        "x_test: expected finite numbers (float32), got -inf at [7, 2, 0]",
    ),
    "x beyond float32": (
        lambda: classes(train=(with_value(windows(), (1, 1, 1), 1e300), Y)),
        "x_train: expected finite numbers (float32), got 1e+300 at [1, 1, 1]",
    ),
    "the first of two": (
        lambda: classes(
            train=(with_value(with_value(windows(), (5, 0, 0), np.inf), (2, 1, 0), np.nan), Y)
        ),
        "x_train: expected finite numbers (float32), got nan at [2, 1, 0]",
    ),
    "x without channels": (
        lambda: classes(train=(windows()[:, :, 0], Y)),
        "x_train: expected shape (window, step, channel), got (8, 3)",
    ),
    "x of no step": (
        lambda: quantities(train=(windows()[:, :0], R)),
        "x_train: expected at least one step, got shape (8, 0, 2)",
    ),
    "x of no channel": (
        lambda: quantities(train=(windows()[:, :, :0], R)),
        "x_train: expected at least one channel, got shape (8, 3, 0)",
    ),
    "x of text": (
        lambda: classes(train=(windows().astype("U3"), Y)),
        "x_train: expected real numbers, got an array of <U3",
    ),
    "x as a list": (
        lambda: classes(train=(windows().tolist(), Y)),
        "x_train: expected a NumPy array, got list",
    ),
    "other windows in the test": (
        lambda: classes(test=(windows()[:, :2], Y)),
        "x_test: expected samples of shape (3, 2) as in x_train, got (2, 2)",
    ),
    # Class ids.
    "negative class": (
        lambda: classes(train=(windows(), with_value(Y, 4, -1))),
        "y_train: expected class ids (whole numbers from 0 to 2), got -1 at [4]",
    ),
    "class too large": (
        lambda: classes(test=(windows(), with_value(Y, 6, 3))),
        "y_test: expected class ids (whole numbers from 0 to 2), got 3 at [6]",
    ),
    "half a class": (
        lambda: classes(train=(windows(), with_value(Y, 5, 0.5))),
        "y_train: expected class ids (whole numbers from 0 to 2), got 0.5 at [5]",
    ),
    "no class": (
        lambda: classes(train=(windows(), with_value(Y, 0, np.nan))),
        "y_train: expected class ids (whole numbers from 0 to 2), got nan at [0]",
    ),
    "classes as columns": (
        lambda: classes(train=(windows(), Y[:, None])),
        "y_train: expected shape (window), got (8, 1)",
    ),
    "classes as text": (
        lambda: classes(train=(windows(), np.array(list("abcabcab")))),
        "y_train: expected real numbers, got an array of <U1",
    ),
    "no names of classes": (
        lambda: classes(names=""),
        "classes: expected at least one class, got none",
    ),
    # Token ids.
    "token too large": (
        lambda: words(vocabulary=4),
        "x_train: expected token ids (whole numbers from 0 to 3), got 4 at [1, 1]",
    ),
    "negative token": (
        lambda: words(with_value(tokens(), (2, 2), -3), vocabulary=5),
        "x_train: expected token ids (whole numbers from 0 to 4), got -3 at [2, 2]",
    ),
    "half a token": (
        lambda: words(with_value(tokens(), (2, 2), 1.5), vocabulary=5),
        "x_train: expected token ids (whole numbers from 0 to 4), got 1.5 at [2, 2]",
    ),
    "tokens as floats": (
        lambda: words(tokens().astype(np.float32), vocabulary=5),
        "x_train: expected an integer type, got float32",
    ),
    "numbers as tokens": (
        lambda: words(windows(), vocabulary=5),
        "x_train: expected shape (window, step), got (8, 3, 2)",
    ),
    "negative vocabulary": (
        lambda: classes(vocabulary=-1),
        "vocabulary: expected a number of ids or 0, got -1",
    ),
    # Quantities.
    "nan in y": (
        lambda: quantities(train=(windows(), with_value(R, 2, np.nan))),
        "y_train: expected finite numbers (float64), got nan at [2]",
    ),
    "infinite y": (
        lambda: quantities(test=(windows(), with_value(R, 7, np.inf))),
        "y_test: expected finite numbers (float64), got inf at [7]",
    ),
    "y as a column": (
        lambda: quantities(test=(windows(), R[:, None])),
        "y_test: expected shape (window), got (8, 1)",
    ),
    # Lengths.
    "fewer targets": (
        lambda: quantities(train=(windows(), R[:-1])),
        "y_train: expected one target per window and at least one window, got 8 windows and 7 targets",
    ),
    "no training windows": (
        lambda: quantities(train=(windows(0), R[:0])),
        "y_train: expected one target per window and at least one window, got 0 windows and 0 targets",
    ),
    "no test windows": (
        lambda: classes(test=(windows(0), Y[:0])),
        "y_test: expected one target per window and at least one window, got 0 windows and 0 targets",
    ),
    # Sites.
    "fewer sites": (
        lambda: classes(sites=(np.zeros(7, int), "p")),
        "site_train: expected a site for each of the 8 training windows, got 7",
    ),
    "site without a name": (
        lambda: quantities(sites=(Y, "pq")),
        "site_train: expected site numbers (whole numbers from 0 to 1), got 2 at [2]",
    ),
    "negative site": (
        lambda: classes(sites=(with_value(Y, 7, -1), "pqr")),
        "site_train: expected site numbers (whole numbers from 0 to 2), got -1 at [7]",
    ),
    "half a site": (
        lambda: classes(sites=(with_value(Y, 7, 0.5), "pqr")),
        "site_train: expected site numbers (whole numbers from 0 to 2), got 0.5 at [7]",
    ),
    "sites as a column": (
        lambda: classes(sites=(Y[:, None], "pqr")),
        "site_train: expected shape (window), got (8, 1)",
    ),
    "no names of sites": (
        lambda: classes(sites=(Y, ())),
        "site_names: expected a name for each site in site_train, got none",
    ),
}


@pytest.mark.parametrize("case", FACTORIES)
def test_what_cannot_be_is_refused_in_one_line(case):
    make, text = FACTORIES[case]
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == text


# A `Dataset` that is put together by hand, as for `run(data=...)`: what differs from a good one.
BY_HAND = {
    "task": (
        classes,
        {"task": "clasification"},
        "task: expected one of classification, regression; got 'clasification'. Did you mean 'classification'?",
    ),
    "classes of a regression": (
        quantities,
        {"classes": ("a", "b")},
        "classes: expected none for a regression, got 2",
    ),
    "no classes": (classes, {"classes": ()}, "classes: expected at least one class, got none"),
    "x": (
        classes,
        {"x_test": with_value(windows(), (0, 0, 0), np.nan)},
        "x_test: expected finite numbers (float32), got nan at [0, 0, 0]",
    ),
    "y": (
        quantities,
        {"y_train": with_value(R[:, None], (3, 0), np.nan)},
        "y_train: expected finite numbers (float32), got nan at [3, 0]",
    ),
    "y without its axis": (
        quantities,
        {"y_train": R},
        "y_train: expected shape (window, target), got (8,)",
    ),
    "more targets in the test": (
        quantities,
        {"y_test": np.zeros((N, 2))},
        "y_test: expected samples of shape (1,) as in y_train, got (2,)",
    ),
    "class too large": (
        classes,
        {"y_test": with_value(Y, 1, 3)},
        "y_test: expected class ids (whole numbers from 0 to 2), got 3 at [1]",
    ),
    "classes as floats": (
        classes,
        {"y_train": Y.astype(np.float64)},
        "y_train: expected an integer type, got float64",
    ),
    "classes as truth values": (
        classes,
        {"y_train": Y > 0},
        "y_train: expected an integer type, got bool",
    ),
    "vocabulary": (
        lambda: words(vocabulary=5),
        {"vocabulary": 3},
        "x_train: expected token ids (whole numbers from 0 to 2), got 3 at [1, 0]",
    ),
    "scale": (
        quantities,
        {"target_scale": np.inf},
        "target_scale: expected a finite number above 0, got inf",
    ),
    "sites as floats": (
        lambda: classes(sites=(Y, "pqr")),
        {"site_train": Y.astype(np.float64)},
        "site_train: expected an integer type, got float64",
    ),
    "names without sites": (
        classes,
        {"site_names": ("p", "q")},
        "site_names: expected none without site_train, got 2",
    ),
    "shorter training part": (
        classes,
        {"x_train": windows(5)},
        "y_train: expected one target per window and at least one window, got 5 windows and 8 targets",
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_no_run_gets_a_data_set_that_cannot_be(case):
    make, changes, text = BY_HAND[case]
    settings = Config(sites=2, hidden=(2,), steps=2, batch=2, evaluations=1)
    run(settings, data=make())
    with pytest.raises(ValueError) as caught:
        run(settings, data=replace(make(), **changes))
    assert str(caught.value) == text


def test_what_can_be_is_let_through():
    # ids of any integer type, whole floats and truth values for the factories, numbers of any real type
    for kind in (np.uint8, np.int32, np.float64):
        assert classes(train=(windows(), Y.astype(kind))).y_train.dtype == np.int64
    assert classes(train=(windows(), Y > 0)).y_train.tolist() == (Y > 0).tolist()
    assert words(tokens().astype(np.uint8), vocabulary=5).tokens
    for kind in (np.float16, np.float64, np.int8, np.bool_):
        data = classes(train=(windows().astype(kind), Y), sites=(Y.astype(np.uint8), "pqr"))
        assert data.site_train.dtype == np.int64
    largest = with_value(windows(), (0, 0, 0), float(np.finfo(np.float32).max))
    assert isinstance(classes(train=(largest, Y)), Dataset)
    assert classes(names="abcd").outputs == 4  # a class that nobody has seen


def test_the_scale_is_not_taken_from_what_is_not_there():
    # a single nan would turn a whole channel into nan; the place that is told is its own
    with pytest.raises(ValueError) as caught:
        standardise(with_value(windows(), (4, 1, 1), np.nan), windows())
    assert str(caught.value) == "train: expected finite numbers (float64), got nan at [4, 1, 1]"
    with pytest.raises(ValueError) as caught:
        standardise(windows(), with_value(windows(), (4, 1, 1), np.inf))
    assert str(caught.value) == "test: expected finite numbers (float64), got inf at [4, 1, 1]"
    with pytest.raises(ValueError) as caught:
        standardise(windows(0), windows())
    assert str(caught.value) == "train: expected at least one window, got none"


def test_a_test_value_too_far_out_is_refused_without_a_warning(tmp_path):
    # finite in the file, infinite in float32 once it is scaled
    rows = [f"{i % 3},{i % 2}" for i in range(40)]
    path = tmp_path / "far.csv"
    path.write_text("\n".join(["x,y", *rows, "1e300,0"]))
    with pytest.raises(ValueError) as caught:
        load_csv(path, "y", window=1)
    assert str(caught.value) == "x_test: expected finite numbers (float32), got inf at [9, 0, 0]"


def test_good_numbers_cost_two_passes_and_no_array():
    # min and max, nothing of the size of the data
    class Watched(np.ndarray):
        made = 0

        def __array_finalize__(self, other):
            Watched.made += 1

    numbers = np.ones((50, 4)).view(Watched)
    Watched.made = 0
    expect_finite("x", numbers)
    assert Watched.made <= 2  # the extremes themselves

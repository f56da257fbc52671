"""What a network has to beat: predictors that are fitted in a moment, and measured like any model.

    majority class, mean          what is known without any input: `Dataset.baseline`
    persistence, ...              what the label's own past suggests, where there is one (`looking_back.py`)
    logistic, ridge; last row     regression on the last row of each window
    logistic, ridge; window       ... on all rows of it
    logistic, ridge; words        ... on how often it has each of the most frequent words

All of them see the training part of all sites together, and no byte of that is counted.  Where it is large, some of
its windows are enough.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.datasets.dataset import one_hot
from fgm_ref.learning.linear import LOGISTIC, RIDGE, applied, fitted
from fgm_ref.simulation.looking_back import looking_back
from fgm_ref.simulation.metrics import measured

WORDS = 1000  # the most frequent ones
LEAST, MOST = 500, 3000  # windows for a logistic regression
NUMBERS = 6_000_000  # of its inputs, times classes
PRODUCTS = 1_000_000_000  # windows · features² for a ridge regression
FEATURES = 20_000  # of a regression; it is left out where there are more


def baselines(data: Dataset) -> list[Baseline]:
    """The trivial predictor first.  Takes well under a second for the bundled sets."""
    found = [data.baseline, *looking_back(data)]
    for what, train, test in views(data):
        found.append(regressed(data, what, train, test))
    return found


def views(data: Dataset) -> Iterator[tuple[str, Array, Array]]:
    """What a linear model is shown of the windows: a name, and (N, F) for the training part and the test part."""
    train, test = data.x_train, data.x_test
    if data.tokens:
        ids = frequent(train)
        yield "words", counted(train, ids), counted(test, ids)
        return
    yield "last row", train[:, -1], test[:, -1]
    if 1 < data.length <= FEATURES // data.features:
        yield "window", train.reshape(len(train), -1), test.reshape(len(test), -1)


def frequent(x: Array) -> Array:
    """The most frequent token ids of the windows x (N, T), padding aside, in ascending order."""
    counts = np.bincount(x[x > 0])
    ranked = np.argsort(-counts, kind="stable")[:WORDS]
    return np.sort(ranked[counts[ranked] > 0])


def counted(x: Array, ids: Array) -> Array:
    """How often each of `ids` (F,) stands in each of the windows x (N, T).  -> (N, F) float32."""
    place = np.full(
        max(x.max(), ids.max()) + 1, len(ids)
    )  # of all other ids: a column that is dropped
    place[ids] = np.arange(len(ids))
    counts = np.zeros((len(x), len(ids) + 1), np.float32)
    window = np.arange(len(x))[:, None]
    np.add.at(counts, (window, place[x]), 1)
    return counts[:, :-1]


def regressed(data: Dataset, what: str, train: Array, test: Array) -> Baseline:
    """Ridge or logistic regression on what a linear model is shown of the windows."""
    features = train.shape[1]
    if data.task == "regression":
        name, kind, most = "ridge", RIDGE, max(MOST, PRODUCTS // features**2)
        answers = data.y_train
    else:
        name, kind, most = "logistic", LOGISTIC, NUMBERS // (features * data.outputs)
        most = min(max(most, LEAST), MOST)
        answers = one_hot(data.y_train, data.outputs)
    rows = drawn(len(train), most)
    weights = fitted(kind, train[rows], answers[rows])
    worth = measured(applied(weights, test), data)
    return Baseline(
        f"{name}, {what}", *worth, windows=len(rows) if len(rows) < len(train) else None
    )


def drawn(windows: int, most: int) -> Array:
    """All windows, or `most` of them drawn at random, the same ones each time; in ascending order."""
    rng = np.random.default_rng(0)
    return np.sort(rng.permutation(windows)[:most])

"""Predictors that know the label's own past and nothing else: all stays as it is, or is as it was a season ago.

Persistence says the last label that is known when a window ends; with horizon 0 that is the label of the row before.
Seasonal persistence says the label that was whole seasons before the answer.  How long a season is, the training part
decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.datasets.dataset import one_hot
from fgm_ref.datasets.past import Past
from fgm_ref.simulation.metrics import measured

LONGEST = 1500  # rows of a season; a day of minutes is 1440
WINDOWS = 3000  # so many training windows decide
ENOUGH = 0.25  # of them must have a label two seasons before
PROMINENT = 0.7  # of the largest difference at shorter distances: more than that is no season
AS_ALIKE = 1.1  # times the smallest difference: a shorter season is as good


def looking_back(data: Dataset) -> Iterator[Baseline]:
    """Persistence, and seasonal persistence if there is a season; nothing for data without a past."""
    past = data.past
    if past is None:
        return
    nearest = max(1, past.horizon)
    yield suggested(data, past, nearest, "persistence")
    season = season_of(past)
    if season:
        back = -(-nearest // season) * season
        yield suggested(data, past, back, f"seasonal persistence ({season})")


def suggested(data: Dataset, past: Past, back: int, name: str) -> Baseline:
    """The predictor that repeats what was `back` rows before the answer.

    Where that is not known, it says the mean or the most frequent class.  The score is that of the bare suggestion.
    The loss of a class is the cross-entropy of how often each class followed that suggestion in the training part
    (add-one smoothed, so that none is impossible).
    """
    train, test = (known_or(past, ends, back, usual(data)) for ends in (past.train, past.test))
    if data.task == "regression":
        return Baseline(name, *measured(test, data))
    classes = len(data.classes)
    counts = np.ones((classes, classes))
    np.add.at(counts, (train, data.y_train), 1)
    followed = counts / counts.sum(axis=1, keepdims=True)
    loss = measured(np.log(followed[test]), data).loss
    score, balanced = measured(one_hot(test, classes), data)[1:]
    return Baseline(name, loss, score, balanced)


def usual(data: Dataset) -> Array:
    """The most frequent class, or the mean of the standardised targets (O,)."""
    if data.task == "regression":
        return np.zeros(data.outputs, np.float32)
    return np.asarray(np.bincount(data.y_train).argmax())


def known_or(past: Past, ends: Array, back: int, otherwise: Array) -> Array:
    """The labels `back` rows before the answers of the windows that end at `ends` (N,).  -> (N, ...)."""
    labels, known = past.before(ends, back)
    labels[~known] = otherwise
    return labels


def season_of(past: Past) -> int | None:
    """The shortest distance in rows at which labels of the training part are alike again; None if there is none.

    "Again": at a shorter distance they are clearly less alike, and so they are between one season and two.
    """
    difference = differences(past)
    found = [s for s in range(2, len(difference) // 2) if comes_back(difference, s)]
    if not found:
        return None
    most_alike = min(difference[found])
    first = next(s for s in found if difference[s] <= AS_ALIKE * most_alike)
    around = range(first, int(1.25 * first) + 1)  # noise makes several dips of one
    return min(around, key=difference.__getitem__)


def comes_back(difference: Array, s: int) -> bool:
    """Whether the difference of labels dips at the distances s and 2 s."""
    before, between = difference[1:s].max(), difference[s : 2 * s].max()
    here, twice = difference[s], difference[2 * s]
    is_dip = here <= difference[s - 1] and here < difference[s + 1]
    return bool(is_dip and here < PROMINENT * before and twice < PROMINENT * between)


def differences(past: Past) -> Array:
    """The mean squared difference of labels, or how often classes differ, by their distance 0, 1, ... (L,).

    Both labels stand in the training part, at rows where windows end, and in the same series.
    """
    in_training = np.zeros(len(past.labels), bool)
    in_training[past.train] = True
    chosen = np.random.default_rng(0).permutation(past.train)[:WINDOWS]
    found = [0.0]
    for distance in range(1, 2 * LONGEST):
        places = chosen[chosen >= distance]
        pairs = in_training[places - distance]
        pairs &= past.series[places - distance] == past.series[places]
        places = places[pairs]
        if len(places) < ENOUGH * len(chosen):
            break
        found.append(difference(past.labels[places], past.labels[places - distance]))
    return np.array(found)


def difference(a: Array, b: Array) -> float:
    """How different labels are: the mean square, or the share of classes."""
    if a.dtype.kind == "f":
        return float(((a - b) ** 2).mean())
    return float((a != b).mean())

"""What a data set is once it is cut into windows, and the three tools that every loader uses.

`sliding` cuts a series into windows, `standardise` scales inputs by what the training part alone knows, and
`classification` / `regression` put the pieces together and evaluate the trivial predictor that any model
has to beat.  But nothing here reads a file: see `datasets` (the five sets) and `csvdata` (your own).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array

Part = tuple[Array, Array]  # inputs and targets of the training part or of the test part


@dataclass(frozen=True)
class Baseline:
    """A predictor that looks at no input, evaluated on the test part.

    "majority class" has two halves: `loss` is the cross-entropy (nats) of predicting the class frequencies of
    the training part (add-one smoothed, or a class that only the test part has would cost infinity), and
    `score` is the accuracy of always naming its most frequent class.  For regression, `loss` is the mean
    squared error in standardised units and `score` the root of it in the target's own unit.
    """

    name: str  # "majority class", "persistence" or "mean"
    loss: float
    score: float
    balanced: float | None  # balanced accuracy: 1 / (classes in the test part); None for regression


@dataclass(frozen=True)
class Dataset:
    """Windows for training and testing.  Arrays are read-only: every protocol of a comparison sees the same.

    x (N, T, D) float32, standardised on the training part, or (N, T) int32 token ids with 0 for padding;
    y (N,) int64 class ids, or (N, O) float32 targets, standardised on the training part.
    """

    name: str
    task: str  # "classification" or "regression"
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: tuple[str, ...]  # () for regression
    site_train: Array | None  # (N,) int64: the natural site of each training sample
    site_names: tuple[str, ...]
    vocabulary: int  # number of token ids, padding included; 0 for numeric windows
    unit: str  # of the regression target, such as "°C"
    target_scale: float  # a standardised error times this is an error in `unit`
    baseline: Baseline
    about: str  # one line: what it is, from where

    def __post_init__(self) -> None:
        for part, x, y in (
            ("train", self.x_train, self.y_train),
            ("test", self.x_test, self.y_test),
        ):
            if len(x) != len(y) or len(x) == 0:
                raise ValueError(
                    f"y_{part}: expected one target per window and at least one window, "
                    f"got {len(x)} windows and {len(y)} targets"
                )
        for array in (self.x_train, self.y_train, self.x_test, self.y_test, self.site_train):
            if array is not None:
                array.flags.writeable = False

    @property
    def outputs(self) -> int:
        """Width of the readout: number of classes, or of regression targets."""
        return len(self.classes) or int(self.y_train.shape[1])

    @property
    def features(self) -> int:
        """D, the number of channels per time step; 0 for tokens."""
        return 0 if self.tokens else int(self.x_train.shape[2])

    @property
    def length(self) -> int:
        """T, the number of time steps in a window."""
        return int(self.x_train.shape[1])

    @property
    def tokens(self) -> bool:
        """Whether windows hold token ids rather than numbers."""
        return self.vocabulary > 0


def sliding(rows: Array, length: int, step: int = 1) -> Array:
    """Every `step`-th run of `length` consecutive rows, a view.  (n, ...) -> (m, length, ...)."""
    windows = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)[::step]
    return np.moveaxis(windows, -1, 1)


def standardise(train: Array, test: Array) -> Part:
    """Scales each channel to mean 0 and deviation 1 *on the training part*.  (N, T, D) -> float32 alike.

    Channels that are 0 or 1 throughout stay as they are (a rare category would otherwise jump to 50), and
    a constant channel becomes 0.
    """
    low, high = train.min(axis=(0, 1)), train.max(axis=(0, 1))
    centre = train.mean(axis=(0, 1), dtype=np.float64)
    spread = train.std(axis=(0, 1), dtype=np.float64)
    # Rounding leaves a constant with a mean and a deviation that are slightly off; say it exactly.
    centre[low == high], spread[low == high] = low[low == high], 1
    indicator = ((train == 0) | (train == 1)).all(axis=(0, 1))
    centre[indicator], spread[indicator] = 0, 1
    x_train, x_test = (((x - centre) / spread).astype(np.float32) for x in (train, test))
    return x_train, x_test


def classification(
    name: str,
    train: Part,
    test: Part,
    classes: Sequence[str],
    about: str,
    *,
    sites: tuple[Array, Sequence[str]] | None = None,
    vocabulary: int = 0,
) -> Dataset:
    """A `Dataset` of windows with class ids 0..C-1; `sites` is (site of each training window, names)."""
    counts = np.bincount(train[1], minlength=len(classes))
    frequency = (counts + 1) / (counts + 1).sum()
    y_train, y_test = (part[1].astype(np.int64) for part in (train, test))
    right = y_test == counts.argmax()
    baseline = Baseline(
        "majority class",
        loss=float(-np.log(frequency[y_test]).mean()),
        score=float(right.mean()),
        balanced=float(right.any()) / len(np.unique(y_test)),
    )
    site_train, site_names = _sites(sites)
    return Dataset(
        name,
        "classification",
        train[0],
        y_train,
        test[0],
        y_test,
        tuple(classes),
        site_train,
        site_names,
        vocabulary,
        "",
        1.0,
        baseline,
        about,
    )


def regression(
    name: str,
    train: Part,
    test: Part,
    about: str,
    *,
    unit: str = "",
    guess: tuple[str, float] | None = None,
    sites: tuple[Array, Sequence[str]] | None = None,
) -> Dataset:
    """A `Dataset` of windows with one number (N,) as target, in `unit`; it is standardised here.

    `guess` names the trivial predictor and its constant; without it, that is the mean of the training part.
    """
    centre, scale = (
        float(train[1].mean(dtype=np.float64)),
        float(train[1].std(dtype=np.float64)) or 1.0,
    )
    label, constant = guess or ("mean", centre)
    error = float(np.mean((test[1] - constant) ** 2, dtype=np.float64))
    baseline = Baseline(label, loss=error / scale**2, score=error**0.5, balanced=None)
    y_train, y_test = (
        ((y - centre) / scale).astype(np.float32)[:, None] for y in (train[1], test[1])
    )
    site_train, site_names = _sites(sites)
    return Dataset(
        name,
        "regression",
        train[0],
        y_train,
        test[0],
        y_test,
        (),
        site_train,
        site_names,
        0,
        unit,
        scale,
        baseline,
        about,
    )


def _sites(sites: tuple[Array, Sequence[str]] | None) -> tuple[Array | None, tuple[str, ...]]:
    return (None, ()) if sites is None else (sites[0].astype(np.int64), tuple(sites[1]))


def one_hot(codes: Array, count: int) -> Array:
    """Codes 0..count-1 as rows of an identity matrix, any other code as zeros.  (n,) -> (n, count)."""
    rows: Array = (codes[:, None] == np.arange(count)).astype(np.float32)
    return rows

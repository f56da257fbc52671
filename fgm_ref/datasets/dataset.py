"""What a data set is once it is cut into windows, and the three tools that every loader uses.

`sliding` cuts a series into windows, `standardise` scales inputs by what the training part alone knows, and
`classification` / `regression` put the pieces together and evaluate the trivial predictor that any model
has to beat.  But nothing here reads a file: see `datasets` (the bundled sets) and `csvdata` (your own).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.checks import (
    LABELS,
    TARGETS,
    TOKENS,
    WINDOWS,
    expect_alike,
    expect_axes,
    expect_classes,
    expect_finite,
    expect_ids,
    expect_integers,
    expect_samples,
    expect_sites,
)
from fgm_ref.datasets.past import Past
from fgm_ref.datasets.reading import Reading
from fgm_ref.datasets.recipe import Label, Recipe
from fgm_ref.datasets.scaling import labels_of, scale_of, scaled
from fgm_ref.text import expect_one_of

TASKS = ("classification", "regression")

Part = tuple[Array, Array]  # inputs and targets of the training part or of the test part
NamedSites = tuple[Array, Sequence[str]]  # the site of each training window, and the sites' names


@dataclass(frozen=True)
class Baseline:
    """A predictor that any model has to beat, evaluated on the test part.

    The trivial one, `Dataset.baseline`, looks at no input.  "majority class" has two halves: `loss` is the
    cross-entropy (nats) of predicting the class frequencies of the training part (add-one smoothed, or a class that
    only the test part has would cost infinity), and `score` is the accuracy of always naming its most frequent
    class.  For regression, `loss` is the mean squared error in standardised units and `score` the root of it in the
    target's own unit.
    """

    name: str  # "majority class", "persistence", "mean"; the others: see `simulation/baselines.py`
    loss: float
    score: float
    balanced: float | None  # balanced accuracy; None for regression
    windows: int | None = None  # of the training part that it was fitted on, if not on all


@dataclass(frozen=True)
class Dataset:
    """Windows for training and testing.  Arrays are read-only: every protocol of a comparison sees the same.

    x (N, T, D) float32, standardised on the training part, or (N, T) int32 token ids with 0 for padding;
    y (N,) int64 class ids, or (N, O) float32 targets, standardised on the training part.
    """

    unchanging = True  # a checkpoint need not keep it

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
    recipe: Recipe | None = None  # how rows of a table became windows
    targets: tuple[Label, ...] = ()  # how each target of a regression was standardised
    reading: Reading | None = None  # how the table was understood, in words
    past: Past | None = None  # what the table says of the label before each window's answer

    def __post_init__(self) -> None:
        """`ValueError` for arrays that do not fit together, with the place of the first bad value."""
        self._expect_settings()
        self._expect_part("train", self.x_train, self.y_train)
        self._expect_part("test", self.x_test, self.y_test)
        expect_alike("x", self.x_train, self.x_test)
        expect_alike("y", self.y_train, self.y_test)
        expect_sites(self.site_train, self.site_names, len(self.x_train))
        arrays = [self.x_train, self.y_train, self.x_test, self.y_test]
        if self.site_train is not None:
            expect_integers("site_train", self.site_train)
            arrays.append(self.site_train)
        for array in arrays:
            array.flags.writeable = False

    def _expect_settings(self) -> None:
        expect_one_of("task", self.task, TASKS)
        expect_classes(self.task, len(self.classes))
        if self.vocabulary < 0:
            raise ValueError(f"vocabulary: expected a number of ids or 0, got {self.vocabulary}")
        if not 0 < self.target_scale < np.inf:
            raise ValueError(
                f"target_scale: expected a finite number above 0, got {self.target_scale}"
            )

    def _expect_part(self, part: str, x: Array, y: Array) -> None:
        x_name, y_name = f"x_{part}", f"y_{part}"
        x_axes = TOKENS if self.tokens else WINDOWS
        y_axes = LABELS if self.classes else TARGETS
        expect_samples(part, x, y, x_axes, y_axes)
        if self.tokens:
            expect_ids(x_name, x, "token ids", self.vocabulary)
            expect_integers(x_name, x)
        else:
            expect_finite(x_name, x, np.float32)
        if self.classes:
            expect_ids(y_name, y, "class ids", len(self.classes))
            expect_integers(y_name, y)
        else:
            expect_finite(y_name, y, np.float32)

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
    windows = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)
    return np.moveaxis(windows[::step], -1, 1)


def standardise(train: Array, test: Array) -> Part:
    """Scales each channel to mean 0 and deviation 1 *on the training part*.  (N, T, D) -> float32 alike.

    Channels that are 0 or 1 throughout stay as they are (a rare category would otherwise jump to 50), and
    a constant channel becomes 0.  `ValueError` for a number that is not finite, and without a training window.
    """
    for name, part in (("train", train), ("test", test)):
        expect_axes(name, part, WINDOWS)
        expect_finite(name, part)
    if len(train) == 0:
        raise ValueError("train: expected at least one window, got none")
    all_windows = (0, 1)
    low = train.min(axis=all_windows)
    high = train.max(axis=all_windows)
    centre = train.mean(axis=all_windows, dtype=np.float64)
    spread = train.std(axis=all_windows, dtype=np.float64)
    # Rounding leaves a constant with a mean and a deviation that are slightly off; say it exactly.
    constant = low == high
    centre[constant] = low[constant]
    spread[constant] = 1
    is_0_or_1 = (train == 0) | (train == 1)
    indicator = is_0_or_1.all(axis=all_windows)
    centre[indicator] = 0
    spread[indicator] = 1
    return scaled(train, centre, spread), scaled(test, centre, spread)


def classification(
    name: str,
    train: Part,
    test: Part,
    classes: Sequence[str],
    about: str,
    *,
    sites: NamedSites | None = None,
    vocabulary: int = 0,
) -> Dataset:
    """A `Dataset` of windows with class ids 0..C-1; `sites` is (site of each training window, names).

    `ValueError` for arrays that do not fit together, with the place of the first bad value.
    """
    expect_classes("classification", len(classes))
    windows = TOKENS if vocabulary > 0 else WINDOWS
    for part, (x, y) in (("train", train), ("test", test)):
        expect_samples(part, x, y, windows, LABELS)
        expect_ids(f"y_{part}", y, "class ids", len(classes))
    y_train = train[1].astype(np.int64)
    y_test = test[1].astype(np.int64)
    site_train, site_names = _sites(sites, len(y_train))
    return Dataset(
        name=name,
        task="classification",
        x_train=train[0],
        y_train=y_train,
        x_test=test[0],
        y_test=y_test,
        classes=tuple(classes),
        site_train=site_train,
        site_names=site_names,
        vocabulary=vocabulary,
        unit="",
        target_scale=1.0,
        baseline=majority(y_train, y_test, len(classes)),
        about=about,
    )


def majority(y_train: Array, y_test: Array, classes: int) -> Baseline:
    """The predictor that knows nothing but how often each class occurs in the training part."""
    counts = np.bincount(y_train, minlength=classes)
    frequency = (counts + 1) / (counts + 1).sum()
    right = y_test == counts.argmax()
    return Baseline(
        "majority class",
        loss=float(-np.log(frequency[y_test]).mean()),
        score=float(right.mean()),
        balanced=float(right.any()) / len(np.unique(y_test)),
    )


def regression(
    name: str,
    train: Part,
    test: Part,
    about: str,
    *,
    unit: str = "",
    guess: tuple[str, float] | None = None,
    sites: NamedSites | None = None,
    vocabulary: int = 0,
    several: bool = False,
) -> Dataset:
    """A `Dataset` of windows with one number (N,) as target, in `unit`; it is standardised here.

    With `several`, targets are (N, O).  They have no unit in common: errors are in deviations of the targets.
    `guess` names the trivial predictor and its constant; without it, that is the mean of the training part.
    `ValueError` for arrays that do not fit together, with the place of the first bad value.
    """
    windows = TOKENS if vocabulary > 0 else WINDOWS
    axes = TARGETS if several else LABELS
    for part, (x, y) in (("train", train), ("test", test)):
        expect_samples(part, x, y, windows, axes)
        expect_finite(f"y_{part}", y)
    y_train, y_test = train[1], test[1]
    expect_alike("y", y_train, y_test)
    centre, scale = scale_of(y_train)
    name_of_guess, constant = guess or ("mean", centre)
    target_scale = 1.0 if several else scale
    errors = (y_test - constant) / (scale / target_scale)
    error = float(np.mean(errors**2, dtype=np.float64))
    site_train, site_names = _sites(sites, len(y_train))
    return Dataset(
        name=name,
        task="regression",
        x_train=train[0],
        y_train=scaled(y_train, centre, scale).reshape(len(y_train), -1),
        x_test=test[0],
        y_test=scaled(y_test, centre, scale).reshape(len(y_test), -1),
        classes=(),
        site_train=site_train,
        site_names=site_names,
        vocabulary=vocabulary,
        unit=unit,
        target_scale=target_scale,
        baseline=Baseline(
            name_of_guess, loss=error / target_scale**2, score=error**0.5, balanced=None
        ),
        about=about,
        targets=labels_of(centre, scale),
    )


def _sites(sites: NamedSites | None, windows: int) -> tuple[Array | None, tuple[str, ...]]:
    """The site of each of so many training windows and the sites' names, if there are natural sites."""
    if sites is None:
        return None, ()
    site, names = sites[0], tuple(sites[1])
    expect_sites(site, names, windows)
    return site.astype(np.int64), names


def one_hot(codes: Array, count: int) -> Array:
    """Codes 0..count-1 as rows of an identity matrix, any other code as zeros.  (n,) -> (n, count)."""
    matches = codes[:, None] == np.arange(count)
    return np.asarray(matches.astype(np.float32))

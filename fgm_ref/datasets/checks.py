"""What the arrays of a data set must be like.  This is checked once, when the data set is made.

Every complaint is a `ValueError` of one line: the argument, what was expected, what came, and where it stands.
But nothing is repaired: a missing value or a class that does not exist is a decision for whoever knows the data.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fgm_ref.arrays import Array

Axes = tuple[str, ...]
WINDOWS = ("window", "step", "channel")
TOKENS = ("window", "step")
LABELS = ("window",)
TARGETS = ("window", "target")


def expect_axes(name: str, array: Array, axes: Axes) -> None:
    """An array of real numbers with these axes; only the first may be empty."""
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name}: expected a NumPy array, got {type(array).__name__}")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected real numbers, got an array of {array.dtype}")
    if array.ndim != len(axes):
        raise ValueError(f"{name}: expected shape ({', '.join(axes)}), got {array.shape}")
    if 0 in array.shape[1:]:
        empty = axes[array.shape.index(0, 1)]
        raise ValueError(f"{name}: expected at least one {empty}, got shape {array.shape}")


def expect_samples(part: str, x: Array, y: Array, x_axes: Axes, y_axes: Axes) -> None:
    """Windows and targets with these axes, a target for each window, and at least one of them."""
    expect_axes(f"x_{part}", x, x_axes)
    expect_axes(f"y_{part}", y, y_axes)
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"y_{part}: expected one target per window and at least one window, "
            f"got {len(x)} windows and {len(y)} targets"
        )


def expect_alike(what: str, train: Array, test: Array) -> None:
    """Test samples of the same shape as the training samples; `what` is x or y."""
    expected, got = train.shape[1:], test.shape[1:]
    if got != expected:
        raise ValueError(
            f"{what}_test: expected samples of shape {expected} as in {what}_train, got {got}"
        )


def expect_finite(name: str, array: Array, kind: type[np.floating[Any]] = np.float64) -> None:
    """Finite numbers, and none beyond what `kind` can hold."""
    if array.size == 0:
        return
    largest = float(np.finfo(kind).max)
    # The extremes tell it all, without an array of flags: nan is an extreme and fails every comparison.
    low, high = float(array.min()), float(array.max())
    if -largest <= low and high <= largest:
        return
    good = np.abs(array) <= largest
    raise complaint(name, f"finite numbers ({kind.__name__})", array, ~good)


def expect_ids(name: str, array: Array, what: str, count: int) -> None:
    """Whole numbers 0 to count - 1."""
    good = (array >= 0) & (array < count)
    if array.dtype.kind == "f":
        good &= array == np.floor(array)
    if good.all():
        return
    raise complaint(name, f"{what} (whole numbers from 0 to {count - 1})", array, ~good)


def expect_integers(name: str, array: Array) -> None:
    """An integer type, because these numbers serve as indices."""
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected an integer type, got {array.dtype}")


def expect_classes(task: str, count: int) -> None:
    """Names of classes for a classification, and for nothing else."""
    if task == "classification" and count == 0:
        raise ValueError("classes: expected at least one class, got none")
    if task != "classification" and count:
        raise ValueError(f"classes: expected none for a {task}, got {count}")


def expect_sites(site: Array | None, names: tuple[str, ...], windows: int) -> None:
    """The site of each training window, if there are natural sites, and a name for each site."""
    if site is None:
        if names:
            raise ValueError(f"site_names: expected none without site_train, got {len(names)}")
        return
    expect_axes("site_train", site, LABELS)
    if len(site) != windows:
        raise ValueError(
            f"site_train: expected a site for each of the {windows} training windows, got {len(site)}"
        )
    if not names:
        raise ValueError("site_names: expected a name for each site in site_train, got none")
    expect_ids("site_train", site, "site numbers", len(names))


def complaint(name: str, expected: str, array: Array, bad: npt.NDArray[np.bool_]) -> ValueError:
    """The error for the first bad value, ready to be raised."""
    place = np.unravel_index(bad.argmax(), bad.shape)
    position = [int(i) for i in place]
    return ValueError(f"{name}: expected {expected}, got {array[place]} at {position}")

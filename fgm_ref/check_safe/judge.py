"""What a claim about one case is, and when it is broken by more than rounding explains.

What rounding explains is judged by the size of the numbers at hand, so a φ in units of 1e-12 is treated like any other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.check_safe.case import Case
from fgm_ref.safe.function import Maker

ROUNDING = 1000
"""So many units of the last place may be due to rounding."""

TREMBLES = 12
"""So many times a counterexample is asked again, with inputs that differ in the last places."""

SMALLEST = float(np.finfo(float).tiny)


class Numbers(NamedTuple):
    """The two sides of a claim, left ≤ right, and how large the numbers are that they come from."""

    left: float
    right: float
    scale: float = 1.0


NOT_CLAIMED = Numbers(-np.inf, 0)
"""Of a claim that φ does not make, or that says nothing about this case."""

BROKEN = Numbers(np.inf, 0)
"""Beyond all measure."""


def yes_or_no(broken: Any) -> Numbers:
    """Of a claim that has no size."""
    return Numbers(float(broken), 0)


@contextmanager
def without_warnings() -> Iterator[None]:
    """What is asked about strange drifts may overflow, and need not say so.

    A warning is no verdict, whatever the caller's filters make of it.
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Property(NamedTuple):
    """A claim about every case.

    `rows` drifts are needed (0: any number).  Relative to the scale, `ulps` units of the last place and `tolerance`
    are allowed.  `trembles` says that rounding can break it.
    """

    name: str
    claim: str
    rows: int
    measure: Callable[[Case], Numbers]
    ulps: float = ROUNDING
    tolerance: float = 0.0
    trembles: bool = True

    def margin(self, make: Maker, case: Case) -> float:
        """By how much the claim is broken, relative to the scale; 0 or less if it is not.

        A φ that cannot be evaluated breaks `runs`, and no other claim.
        """
        try:
            with without_warnings():
                left, right, scale = map(float, self.measure(case.of(make)))
        except Exception:
            return float(self.name == "runs")
        allowed = self.ulps * case.eps + self.tolerance
        relative = (left - right) / max(scale, SMALLEST)
        return -np.inf if np.isnan(relative) else float(relative - allowed)

    def broken(self, make: Maker, case: Case, by: float = 0.0) -> bool:
        """Whether the claim is broken by more than `by`, and not only in the last places.

        Where φ is steep (near the pole of a barrier, say), rounding is magnified; but then it is another error
        each time that the last places of the inputs change.
        """
        if not self.margin(make, case) > by:
            return False
        return not self.trembles or self.still_broken(make, case)

    def still_broken(self, make: Maker, case: Case) -> bool:
        """Whether the claim stays broken when the last places of the inputs change."""
        rng = np.random.default_rng(0)
        again = [case.trembling(rng) for _ in range(TREMBLES)]
        margins = [self.margin(make, one) for one in again]
        asked = [margin for margin in margins if margin > -np.inf]
        return len(asked) >= TREMBLES // 4 and min(asked) > 0


def size(*values: Any) -> float:
    """The largest absolute value among arrays and numbers, of those that are finite."""
    flat = np.concatenate([np.ravel(value) for value in values])
    finite = flat[np.isfinite(flat)]
    return float(np.abs(finite).max(initial=0))


def apart(said: Any, expected: Any) -> float:
    """The largest difference between two arrays; infinite if their shapes differ, or one is no number."""
    said = np.asarray(said, float)
    expected = np.asarray(expected, float)
    if said.shape != expected.shape:
        return np.inf
    if np.array_equal(said, expected, equal_nan=True):
        return 0.0
    differ = said != expected
    distance = np.abs(said[differ] - expected[differ])
    return np.inf if np.isnan(distance).any() else float(distance.max())

"""A claim that somebody makes, and whether our runs bear it out: confirmed, refuted, or not decidable.

A claim about a direction is confirmed if the whole interval lies on its side, refuted if it lies on the other, and
otherwise not decidable with these seeds.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import side

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "not decidable"


class Claim(NamedTuple):
    """A claim, our measurement in words, and what follows."""

    text: str
    ours: str
    verdict: str


def below(c: Comparison, limit: float = 1.0) -> str:
    """The verdict on "the ratio is below the limit"."""
    e = c.estimate
    if e.high < limit:
        return CONFIRMED
    return REFUTED if e.low > limit else OPEN


def above(c: Comparison, limit: float = 1.0) -> str:
    """The verdict on "the ratio is above the limit"."""
    e = c.estimate
    if e.low > limit:
        return CONFIRMED
    return REFUTED if e.high < limit else OPEN


def within(c: Comparison, low: float, high: float) -> str:
    """The verdict on "the ratio is about so much": inside, outside, or astride."""
    e = c.estimate
    if low <= e.low and e.high <= high:
        return CONFIRMED
    outside = e.high < low or e.low > high
    return REFUTED if outside else OPEN


def positive(e: Estimate) -> str:
    """The verdict on "the difference is above 0"."""
    return side(e, below=REFUTED, above=CONFIRMED, unclear=OPEN)


def negative(e: Estimate) -> str:
    """The verdict on "the difference is below 0"."""
    return side(e, below=CONFIRMED, above=REFUTED, unclear=OPEN)


def flat(exponent: Estimate, limit: float = 0.1) -> str:
    """The verdict on "the exponent is about 0": surely nearer than the limit, or further by its value."""
    if max(-exponent.low, exponent.high) < limit:
        return CONFIRMED
    return REFUTED if abs(exponent.value) > limit else OPEN


def every(verdicts: Sequence[str]) -> str:
    """Confirmed if all are, refuted if one is.

    >>> every(["confirmed", "not decidable"]), every(["confirmed", "refuted"]), every([])
    ('not decidable', 'refuted', 'not decidable')
    """
    if REFUTED in verdicts:
        return REFUTED
    if verdicts and set(verdicts) == {CONFIRMED}:
        return CONFIRMED
    return OPEN

"""Schedules: which sites train in a step.

`lockstep` all of them, `bernoulli` each with its own probability (unequal speeds), `single` one at random
(as if one stream were dealt out to the sites).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

NAMES = ("lockstep", "bernoulli", "single")


def schedule(text: str, k: int, rng: np.random.Generator) -> Iterator[Any]:
    """Endless active sets: `slice(None)` for everybody, else increasing index arrays.

    `text` is a name, or `bernoulli:0.5`, or `bernoulli:0.9,0.1,...` with one rate per site.

    >>> steps = schedule("single", 3, np.random.default_rng(0))
    >>> [next(steps).tolist() for _ in range(4)]
    [[2], [1], [1], [0]]
    """
    name, _, values = text.partition(":")
    if name not in NAMES:
        raise ValueError(f"schedule: expected one of {', '.join(NAMES)}; got {text!r}")
    if name == "bernoulli":
        return _bernoulli(_rates(values or "0.5", k), rng)
    if values:
        raise ValueError(f"schedule: {name} takes no rates, got {text!r}")
    return _lockstep() if name == "lockstep" else _single(k, rng)


def _lockstep() -> Iterator[Any]:
    while True:
        yield slice(None)


def _bernoulli(rates: Any, rng: np.random.Generator) -> Iterator[Any]:
    while True:
        yield np.flatnonzero(rng.random(len(rates)) < rates)


def _single(k: int, rng: np.random.Generator) -> Iterator[Any]:
    while True:
        yield rng.integers(k, size=1)


def _rates(values: str, k: int) -> Any:
    """One rate in [0, 1] per site."""
    try:
        rates = np.array([float(value) for value in values.split(",")])
    except ValueError:
        raise ValueError(f"schedule: expected rates as numbers, got {values!r}") from None
    if len(rates) not in (1, k):
        raise ValueError(
            f"schedule: expected 1 rate or one for each of {k} sites, got {len(rates)}"
        )
    if not ((rates >= 0) & (rates <= 1)).all():
        raise ValueError(f"schedule: expected rates between 0 and 1, got {values!r}")
    return np.broadcast_to(rates, k)

"""Schedules: which sites train in a step.

`lockstep` all of them, `bernoulli` each with its own probability (unequal speeds), `single` one at random
(as if one stream were dealt out to the sites).
"""

from collections.abc import Callable, Iterator
from itertools import count, repeat
from typing import Any

import numpy as np

from fgm_ref.text import head

ActiveSets = Iterator[Any]
"""Endless: `slice(None)` for everybody, else increasing index arrays."""


def schedule(text: str, k: int, rng: np.random.Generator) -> ActiveSets:
    """The active sets of a schedule.

    `text` is a name, or `bernoulli:0.5`, or `bernoulli:0.9,0.1,...` with one rate per site.

    >>> steps = schedule("single", 3, np.random.default_rng(0))
    >>> [next(steps).tolist() for _ in range(4)]
    [[2], [1], [1], [0]]
    """
    name, values = head(text)
    if name not in SCHEDULES:
        raise ValueError(f"schedule: expected one of {', '.join(NAMES)}; got {text!r}")
    if values and name != "bernoulli":
        raise ValueError(f"schedule: {name} takes no rates, got {text!r}")
    return SCHEDULES[name](values, k, rng)


def _lockstep(values: str, k: int, rng: np.random.Generator) -> ActiveSets:
    return repeat(slice(None))


def _bernoulli(values: str, k: int, rng: np.random.Generator) -> ActiveSets:
    rates = _rates(values or "0.5", k)
    return (np.flatnonzero(rng.random(k) < rates) for _ in count())


def _single(values: str, k: int, rng: np.random.Generator) -> ActiveSets:
    return (rng.integers(k, size=1) for _ in count())


SCHEDULES: dict[str, Callable[[str, int, np.random.Generator], ActiveSets]] = {
    "lockstep": _lockstep,
    "bernoulli": _bernoulli,
    "single": _single,
}
NAMES = tuple(SCHEDULES)


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

"""A radius that follows the learning rate: the same zone, drawn larger or smaller as time goes by.

Drifts shrink with the rate.  Under a radius that stays, the sites fall silent when the rate is small, and then E is far
from where they are.  So after t steps of the run the radius is a(t)·R, where a is made of the rate's factor:

    φ_t(X) = φ(X/a(t)),     a(t) = max(floor, factor(t)^power).

It is convex, as φ of a linear map.  Σ φ_t(X_i) ≤ 0 says that the drifts X_i/a are admissible for φ.  For a ball and
its kind this is the zone of radius a·R.  All sites know the schedule and the time, so they need no message.  And
φ_t(0) is φ(0) at any time.  So the coordinator needs no clock: what a fresh round has to spend, and what a site that
is gone is taken to say, are what they were.  The floor keeps the zone from closing where the rate ends near 0.
Whoever compares with R itself, as FDA's coordinator does, has to count steps: `radius_at` that time it is a·R.

With power = 1 a round lasts about as long at any rate, whether the sites go one way (drifts grow as rate·steps) or only
make noise (rate·√steps).  Under a radius that stays it lasts in proportion to 1/rate, or to 1/rate².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.safe.composed import Scaled
from fgm_ref.safe.function import Facts, Maker, Round
from fgm_ref.safe.maker import ZoneMaker
from fgm_ref.text import above_zero, expect_one_of, head, options

Pace = Callable[[int], float]
"""The radius after t steps of the run, as a share of R."""

DEFAULTS: Mapping[str, Mapping[str, float]] = {"constant": {}, "lr": {"power": 1.0, "floor": 0.01}}
"""What the radius may follow, by name, with the options."""


class Paced(Scaled):
    """Another φ with a radius that follows the rate: a(t)·R after t steps of the run."""

    fixed_at_zero = True
    facts = Facts(
        formula="φ(X/a), a = max(floor, factor^power) of the rate",
        admissible="as NAME with radius a·R (ball, variance and their kind)",
        zero="φ(0)",
        source="this project",
        held_by="test_paced.py",
    )

    def __init__(self, E: Array, R: float, of: Maker, pace: Pace):
        super().__init__(E, R, of)
        if self.full.moves:
            raise ValueError(
                "radius: expected constant with a safe function that moves by itself, "
                f"such as {type(self.full).__name__}"
            )
        self.moves = True
        self.lowest_at_zero = self.full.lowest_at_zero
        self.pace = pace
        self.began = 0
        self.before = self.a

    def begin(self, round: Round) -> None:
        """The radius is that of the time at which the round starts."""
        super().begin(round)
        self.began = round.began
        self.advance(0, None)
        self.before = self.a

    def advance(self, t: int, own: Array | None) -> None:
        """t steps later."""
        self.before = self.a
        self.scale(self.pace(self.began + t))

    def way(self, before: Array, now: Array) -> Array:
        """The way from `before` to `now`, both as shares of the radius of their time, in units of today's."""
        return np.asarray(now - before * (self.a / self.before))


def parse_radius(text: str) -> Callable[[Pace], Pace] | None:
    """What makes the pace from the rate's factor; None for a radius that stays.

    >>> pace = parse_radius("lr:floor=0.1")(lambda t: 1 / t)
    >>> [pace(t) for t in (1, 2, 20)]
    [1.0, 0.5, 0.1]
    """
    name, rest = head(text)
    defaults = DEFAULTS[expect_one_of("radius", name, tuple(DEFAULTS))]
    chosen = options(f"radius {name}", rest, defaults)
    for option, value in chosen.items():
        above_zero(f"radius, option {option}", value)
    return partial(_following, **chosen) if chosen else None


def _following(factor: Pace, power: float, floor: float) -> Pace:
    return lambda t: max(floor, factor(t) ** power)


@dataclass(frozen=True)
class PacedMaker:
    """Makes the same safe functions as another maker, with a radius that follows `pace`."""

    of: Maker
    pace: Pace

    def __call__(self, E: Array, R: float) -> Paced:
        """The safe function for reference E (D,)."""
        return Paced(E, R, self.of, self.pace)


def paced(of: Maker, pace: Pace | None) -> Maker:
    """What makes the same safe functions with a radius that follows `pace`, if there is one."""
    return PacedMaker(of, pace) if pace else of


def pace_of(make_zone: ZoneMaker) -> Pace | None:
    """What the radius follows, if it follows anything."""
    return make_zone.safe.pace if isinstance(make_zone.safe, PacedMaker) else None


def radius_at(time: int, make_zone: ZoneMaker, E: Array) -> float:
    """The radius for the reference model E (D,) after so many steps of the run: R or a·R."""
    pace = pace_of(make_zone)
    return make_zone.radius(E) * (pace(time) if pace else 1)

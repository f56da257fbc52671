"""Safe functions: what a site may do before it must speak up.

E (D,) is the *global model*, the last one that all k sites were sent.  w_i is the model of site i by now, and
X_i = w_i − E its *drift*.  S = (1/k) Σ w_i = E + mean X is the *mean model*, which nobody knows.

A *safe function* φ is convex with φ(0) < 0.  Site i looks only at its own drift, and yet the sites together are sure
of S: by Jensen's inequality k φ(mean X) ≤ Σ φ(X_i), so

    Σ φ(X_i) ≤ 0   ⇒   φ(mean X) ≤ 0   ⇒   S lies in the admissible region.

(Samoladas & Garofalakis 2019, "Functional Geometric Monitoring for Distributed Streams", section 3.  Their sign:
safe means φ ≤ 0.)  `SafeFunction` says what such a φ must bring along, and `Ball` is the simplest one.  More are in
`zones.py`.  Your own joins them by its Python path (see `own.py`), and `python -m fgm_ref.check_safe` tries to prove
it wrong.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm

Maker = Callable[[Array, float], "SafeFunction"]
"""What makes the φ of a round from E (D,) and R: a class, or a function."""

FAR = 1e18
"""The largest radius: no model gets there, and its square is still a number in single precision."""


@dataclass(frozen=True)
class Facts:
    """What the reference page says of a safe function, in its own words and signs.

    `zero` is φ(0); `held_by` names the test (file, or file::function) that holds the function to it.
    """

    formula: str
    admissible: str
    zero: str
    source: str
    held_by: str

    def row(self, name: str) -> tuple[str, ...]:
        """The cells of the page's table, with the name first."""
        return name, self.formula, self.admissible, self.zero, self.source, f"`{self.held_by}`"


@dataclass(frozen=True)
class Round:
    """What all sites know when a round starts, without a byte.

    `blocks` are the layers of the network, if they are known.  `ended` rounds have ended; the last one took `steps`
    steps and went by `g` (D,) per step.  In the first round there is no g, and the coordinator is never told one.
    The round begins after `began` steps of the run.
    """

    blocks: tuple[slice, ...] = ()
    ended: int = 0
    steps: int = 1
    g: Array | None = None
    began: int = 0


class SafeFunction(ABC):
    """A convex φ of drifts, made for the reference model E (D,) and the radius R > 0.

    A new one needs `__call__` and `excess`, and calls nothing of the simulator.  R = ∞ means "never violated".
    """

    facts: Facts | None = None
    """Its row of the reference page; a derived class has another one, or none."""

    lipschitz: float | None = None
    """A claim: |φ(X) − φ(Y)| ≤ lipschitz · ‖X − Y‖; None claims nothing."""

    eikonal = False
    """A claim: ‖∇φ‖ = 1 almost everywhere, so inside the zone −φ is the distance to its boundary."""

    lowest_at_zero = False
    """A claim: φ(X) ≥ φ(0) at any time, so standing still is the best that a site can do."""

    moves = False
    """Whether φ changes while a round lasts; then `advance` is called before each evaluation."""

    fixed_at_zero = False
    """A claim: φ(0) stays what it was when the round started, even if φ moves."""

    private = False
    """Whether φ depends on how the last round went (`ended`, `steps`, `g`), which the coordinator is not told."""

    proved = True
    """Whether φ is convex beyond doubt; if not, a broken guarantee is counted and not raised."""

    refusal = "expected one that stands still; use a tracking one with gm or fgm"
    """What to say where the coordinator would have to evaluate φ and cannot."""

    needed: Callable[[Array], float] | None = None
    """The R with which Σ φ(X_i) would be 0, for all drifts X (k, D); None if there is no saying."""

    def __init_subclass__(cls) -> None:
        """A derived class is another function, so it does not inherit the row of the page."""
        cls.facts = vars(cls).get("facts")

    def __init__(self, E: Array, R: float):
        if not R > 0:
            raise ValueError(f"R: expected a radius above 0 (a round needs φ(0) < 0), got {R:g}")
        self.E = E
        self.R = min(float(R), FAR)

    def begin(self, round: Round) -> None:
        """A round starts; called once, before anything is asked."""

    def advance(self, t: int, own: Array) -> None:
        """t steps have passed since the round started, of which site i trained in own[i]; own (k,)."""

    @abstractmethod
    def __call__(self, X: Array) -> Any:
        """φ(X) for drifts X (..., D) -> (...)."""

    @abstractmethod
    def excess(self, X: Array) -> float:
        """How far the true state is outside the admissible region, given *all* drifts X (k, D); ≤ 0 inside.

        Nobody in the protocol can know this; the simulator uses it to check the guarantee.
        """

    def reach(self, steps: Array) -> float:
        """By how much `excess` can grow in one step, given all steps (k, D): the overshoot's bound.

        For a distance to a region (1-Lipschitz in S) it is the length of the mean step.
        """
        return float(norm(steps.mean(axis=0)))

    def way(self, before: Array, now: Array) -> Array:
        """The steps (k, D) that `reach` is asked about: from the drifts `before` to those of `now`."""
        return now - before

    def growth(self, before: Array, now: Array) -> float:
        """By how much `excess` may have grown while the drifts went from `before` to `now`, both (k, D)."""
        return self.reach(self.way(before, now))

    def unbilled(self) -> SafeFunction:
        """The same φ for who sees all, where evaluating it is billed."""
        return self

    @property
    def at_zero(self) -> float:
        """φ(0) < 0 when the round starts: the slack of a site that has not moved."""
        return float(self(np.zeros_like(self.E)))

    @property
    def stands_still(self) -> bool:
        """Whether the coordinator can evaluate φ as well as the sites can."""
        return not (self.moves or self.private)

    def perspective(self, λ: float) -> Callable[[Array], Any]:
        """X ↦ λ φ(X/λ), convex for every λ in (0, 1]; at λ = 1 it is φ."""
        if λ == 1:
            return self
        return partial(self._shrunk, λ)

    def _shrunk(self, λ: float, X: Array) -> Any:
        return λ * self(X / λ)


class Ball(SafeFunction):
    """Admissible: ‖S − E‖ ≤ R, the mean model stays near the global one (Kamp et al. 2014 with R = √Δ)."""

    lipschitz = 1.0
    eikonal = True
    lowest_at_zero = True
    facts = Facts(
        formula="‖X‖ − R",
        admissible="‖S − E‖ ≤ R",
        zero="−R",
        source="Kamp et al. 2014",
        held_by="test_safe.py",
    )

    def __call__(self, X: Array) -> Any:
        """φ(X) = ‖X‖ − R, for each row of X (..., D)."""
        return norm(X) - self.R

    def excess(self, X: Array) -> float:
        """‖mean X‖ − R, for all drifts X (k, D)."""
        return float(norm(X.mean(axis=0))) - self.R

    def needed(self, X: Array) -> float:
        """(1/k) Σ ‖X_i‖."""
        return float(norm(X).mean())

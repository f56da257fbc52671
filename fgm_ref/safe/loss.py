"""A zone that promises loss: averaging now would not make the model worse by more than δ.

All other zones promise a *distance*, and nobody knows what a distance is worth.  Let f(w) be the loss of a model w on a
few windows that all sites know.  What a user wants to know of the mean model S is f(S), and S is what nobody knows.

*First try.*  Site i watches f(E + X_i) − f(E) − δ.  It is −δ at X = 0.  But it is not convex, and so Σ ≤ 0 says
nothing: two sites in two good valleys may have their mean on the ridge between them.

*The repair* (Sivan, Gabel & Schuster 2022, "AutoMon", for the distributed monitoring of any function).  Add a bowl q,
a convex quadratic with q(0) = 0 that bends up at least as much as f bends down:

    φ(X) = f(E + X) + q(X) − f(E) − δ,          isotropic: q(X) = ½λ‖X‖² with λ ≥ −λ_min(∇²f).

Now φ is convex, and Jensen's inequality gives

    k f(S) ≤ k (f(S) + q(mean X)) ≤ Σ (f(E + X_i) + q(X_i)),  so   Σ φ(X_i) ≤ 0  ⇒  f(S) ≤ f(E) + δ.

The first step throws q(mean X) ≥ 0 away, so the promise has some room.  Any direction of drift that does no harm is
free, except for what q takes: the larger q, the more the zone is a small ball again.

*The other side*, φ(X) = f(E) − f(E + X) − δ + q'(X) with λ' ≥ λ_max, promises f(S) ≥ f(E) − δ: the model E that is in
use is nearly as good as the mean.  The one-sided zone does not say that: while all sites improve, nobody ever speaks.
*Both* is the maximum of the two, |f(S) − f(E)| ≤ δ.

*Why FGM likes it.*  What one site has lost another may have gained, and FGM looks at the sum; GM looks at each.

*How large must q be?*  (`curvature.py`.)  At the start of a round each site measures the ends of the spectrum of ∇²f(E)
by `lanczos` products H·v, takes `margin` times what it finds, and gives up to `directions` of the worst directions
their own weight.  All sites compute alike to the bit, so this costs no bytes; on unlike machines λ would have to be
sent (4 bytes) and the directions too (4D bytes each).  `lambda=0.3` sets λ by hand.
*What is assumed*: on the convex hull of the drifts, f bends down (on the other side: up) by no more than `margin` times
what was measured at E, with the error of that measurement added.
Nobody proves that, and for recurrent networks it is often wrong.  So the promise is as sure as q, a broken one is
counted and not raised, and a run's `final["promise"]` says how often q was too small (`simulation/promise.py`).

*What it costs.*  The windows are sent to every site once, and billed.  Each site that trains then needs a forward pass
over all of them in each step, and a round's start needs `lanczos` + 1 gradients at each site.  All are counted.
The third price is not in bytes: raw samples of every site are shown to every other, which is what training apart was
to avoid.  Public or made-up windows would do, but f is then another loss.  And f speaks of these windows only: a
promise on 96 of them is no promise on the test part.

δ is the threshold, absolute, in nats or squared units.  f is handed in (`Objective`); this room knows no networks.
A coordinator evaluates φ only if it keeps the windows too, with `kept=yes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.safe.curvature import Bowl, bends, bowl, round_bowl
from fgm_ref.safe.function import Facts, SafeFunction
from fgm_ref.text import above_zero, options, positive

OPTIONS: Mapping[str, Any] = {
    "windows": 96,  # how many are shared
    "margin": 2.0,  # times the curvature that was measured
    "directions": 0,  # that have their own weight
    "lanczos": 20,  # products H·v in a round
    "lambda": 0.0,  # set by hand; 0: measured
    "kept": False,  # whether the coordinator keeps the windows
}


class Objective(Protocol):
    """A loss f of models of `size` numbers, in double precision."""

    size: int

    def losses(self, P: Array) -> Array:
        """f of each model of P (a, D) -> (a,), each computed from its own row alone."""

    def gradient(self, p: Array) -> Array:
        """∇f(p) (D,)."""


@dataclass
class Effort:
    """What the zones of a run have cost: the sites' `passes` over the windows, and what one site has measured."""

    passes: int = 0
    references: int = 0  # values f(E)
    gradients: int = 0


class Loss(SafeFunction):
    """Admissible: f(S) ≤ f(E) + δ, averaging would not make the loss on the shared windows worse by more than δ."""

    sides: tuple[int, ...] = (1,)
    proved = False
    facts = Facts(
        formula="f(E + X) − f(E) + q(X) − δ",
        admissible="f(S) ≤ f(E) + δ, if q is large enough",
        zero="−δ",
        source="after Sivan et al. 2022",
        held_by="test_loss_zone.py",
    )

    def __init__(self, E: Array, R: float, zones: LossZones):
        super().__init__(E, R)
        self.zones, self.effort = zones, zones.effort
        self.private = not zones.options["kept"]
        self.refusal = (
            "expected one that does without windows that only the sites hold; "
            f"use it with gm or fgm, or let the coordinator keep them, {zones.name}:kept=yes"
        )

    def losses(self, X: Array) -> Array:
        """f(E + X), of each row of X (..., D) -> (...)."""
        models = self.E.astype(float) + X.astype(float)
        flat = models.reshape(-1, models.shape[-1])
        return self.zones.handed_in.losses(flat).reshape(X.shape[:-1])

    @cached_property
    def reference(self) -> float:
        """f(E)."""
        self.effort.references += 1
        return float(self.losses(np.zeros_like(self.E)))

    @cached_property
    def bowls(self) -> tuple[Bowl, ...]:
        """q for each side: measured, or as set by hand."""
        chosen = self.zones.options
        if chosen["lambda"]:
            return (round_bowl(chosen["lambda"], len(self.E)),) * len(self.sides)
        found = bends(self.gradient, self.E.astype(float), chosen["lanczos"])
        margin, few = chosen["margin"], chosen["directions"]
        return tuple(bowl(found, side, margin, few) for side in self.sides)

    def gradient(self, p: Array) -> Array:
        """∇f(p) (D,)."""
        self.effort.gradients += 1
        return self.zones.handed_in.gradient(p)

    def sided(self, X: Array) -> list[Any]:
        """side · (f(E + X) − f(E)) for each side, X (..., D) -> (...)."""
        rise = self.losses(X) - self.reference
        return [side * rise for side in self.sides]

    def __call__(self, X: Array) -> Any:
        """φ(X) = max over the sides of ±(f(E + X) − f(E)) + q(X) − δ; a loss that is no number is a violation."""
        self.effort.passes += int(np.prod(X.shape[:-1]))
        double = X.astype(float)
        lifted = [rise + q(double) for rise, q in zip(self.sided(X), self.bowls, strict=True)]
        φ = np.max(lifted, axis=0) - self.R
        return np.where(np.isnan(φ), np.inf, φ)

    def excess(self, X: Array) -> float:
        """±(f(S) − f(E)) − δ, for all drifts X (k, D)."""
        return float(max(self.sided(X.mean(axis=0)))) - self.R

    def reach(self, steps: Array) -> float:
        """Steps alone do not say how far a loss can rise."""
        return np.inf

    def growth(self, before: Array, now: Array) -> float:
        """What the loss of the mean model has risen by since then: φ is steep in one place and flat in another."""
        return max(0.0, self.excess(now) - self.excess(before))

    @property
    def at_zero(self) -> float:
        """−δ, for which nobody needs the windows."""
        return -self.R

    def unbilled(self) -> Loss:
        """The same φ for who sees all; what it evaluates is nobody's effort."""
        twin = copy(self)
        twin.effort = Effort()
        return twin


class Fresh(Loss):
    """Admissible: f(S) ≥ f(E) − δ, averaging would not make the loss on the shared windows better by more than δ."""

    sides = (-1,)
    facts = Facts(
        formula="f(E) − f(E + X) + q'(X) − δ",
        admissible="f(S) ≥ f(E) − δ, if q' is large enough",
        zero="−δ",
        source="this project; the other side",
        held_by="test_loss_zone.py",
    )


class Both(Loss):
    """Admissible: |f(S) − f(E)| ≤ δ, on the shared windows averaging would change the loss by no more than δ."""

    sides = (1, -1)
    facts = Facts(
        formula="max{f(E + X) − f(E) + q(X), f(E) − f(E + X) + q'(X)} − δ",
        admissible="−δ ≤ f(S) − f(E) ≤ δ, if q and q' are large enough",
        zero="−δ",
        source="both sides",
        held_by="test_loss_zone.py",
    )


PROMISES: dict[str, type[Loss]] = {"loss": Loss, "loss-fresh": Fresh, "loss-both": Both}
"""Those that have to be handed a loss."""


@dataclass(eq=False)
class LossZones:
    """Makes the zones of a run from (E, δ); the same E twice in a row is measured once."""

    name: str
    options: Mapping[str, Any]
    objective: Objective | None = None
    effort: Effort = field(default_factory=Effort)
    last: Loss | None = None

    @property
    def handed_in(self) -> Objective:
        """The loss that the zones speak of; `ValueError` if there is none."""
        if self.objective is None:
            raise ValueError(
                f"safe: {self.name!r} promises a loss that only a run can hand in; "
                "use it by itself, as in --safe loss --absolute --threshold 0.1"
            )
        return self.objective

    def __call__(self, E: Array, R: float) -> Loss:
        """The zone for E (D,) and δ = R."""
        if len(E) != self.handed_in.size:
            raise ValueError(
                f"safe: {self.name!r} speaks of whole models of {self.handed_in.size} numbers, got {len(E)}; "
                "use it with a protocol that does not cut them into blocks"
            )
        if self.last is None or self.last.R != R or not np.array_equal(self.last.E, E):
            self.last = PROMISES[self.name](E, R, self)
        return self.last


def loss_zones(name: str, text: str = "") -> LossZones:
    """The maker of one of `PROMISES` with its options, as in "windows=32,margin=4"; it lacks a loss yet.

    >>> loss_zones("loss", "windows=32").options["windows"]
    32
    """
    chosen = options(f"safe: {name}", text, OPTIONS)
    positive("safe: windows", chosen["windows"])
    above_zero("safe: margin", chosen["margin"])
    positive("safe: lanczos", chosen["lanczos"])
    if not 0 <= chosen["directions"] < chosen["lanczos"]:
        raise ValueError(
            f"safe: expected from 0 to {chosen['lanczos'] - 1} directions (fewer than lanczos), "
            f"got {chosen['directions']}"
        )
    if not 0 <= chosen["lambda"] < np.inf:
        raise ValueError(f"safe: lambda: expected 0 (measured) or above, got {chosen['lambda']:g}")
    return LossZones(name, chosen)

"""A zone that promises loss: averaging now would not make the model worse by more than δ.

The other zones promise a distance, and nobody knows what a distance is worth.  This one promises what a user wants to
know.  It speaks of

    f(w)     the loss of a model w on a few windows that all sites know
    E        the model that all sites were sent last
    X_i      the drift of site i, whose model is E + X_i
    S        the mean model E + mean X, which nobody knows
    δ        the threshold, in the unit of the loss

and promises

    f(S)  ≤  f(E) + δ                                                                               (1)

*The obvious try fails.*  Each site can compute

    φ(X)  =  f(E + X) − f(E) − δ                                                               not safe

But f is not convex.  Let w be one number and f(w) = (w² − 1)²: two valleys at w = ±1, and between them a ridge of
height 1.  Let E = −1, and δ = ½.  Site 1 stays at −1.  Site 2 walks to 1.  Both have the loss f = 0, so both are
content.  Their mean is S = 0, on top of the ridge: f(S) = 1, and the promise is broken.

*The repair is a bowl*, a function that bends up at least as much as f bends down:

    q(X)  =  ½λ‖X‖²,        λ ≥ −(the least eigenvalue of ∇²f, wherever the drifts may lead)        (2)
    φ(X)  =  f(E + X) − f(E) − δ + q(X)

This φ is convex, and φ(0) = −δ.  By Jensen's inequality

    f(S) − f(E) − δ + q(mean X)  =  φ(mean X)  ≤  (1/k) Σ φ(X_i)

so the sites keep (1) by keeping Σ φ(X_i) ≤ 0, for q is never below 0.  In the example d²f/dw² = 12w² − 4 is at least
−4, so λ = 4 will do.  Site 2 would have to pay q(2) = 8 for its walk.  When it has come to −½, the sum is above 0.

*The bowl has a price.*  Without it a drift that does no harm would be free.  It charges for every drift; the larger λ,
the more the zone is a small ball around E again.  But f may bend down in a few directions only.  Then these can have
weights of their own in q (`directions`), and all the others pay less.

*How large is λ?*  Nobody knows the least eigenvalue everywhere.  When a round starts, each site measures it at E, by
`lanczos` products of ∇²f(E) and a vector (`curvature.py`).  To what it finds it adds the error of the measurement, and
takes `margin` times that.  All compute alike to the bit, so nothing is sent; on unlike machines λ would cost 4 bytes,
and each direction 4D.  `lambda=0.3` sets λ by hand.

*What is not promised.*

- That λ is large enough.  It was measured at E, and (2) asks for more: the whole convex hull of the drifts.  For
  recurrent networks it is often too small.  So a broken promise is counted, and no error.  `final["promise"]` of a run
  has the counts (`simulation/promise.py`).
- Anything about other data.  f is the loss on these windows, 96 of them unless asked otherwise.
- That E is up to date.  While all sites improve, (1) holds, and nobody ever speaks.  Two more zones look that way:

    loss-fresh    φ(X) = f(E) − f(E + X) − δ + q'(X),  λ' ≥ the largest eigenvalue       f(S) ≥ f(E) − δ
    loss-both     the larger of the two φ                                         |f(S) − f(E)| ≤ δ

*What it costs.*

- Bytes: the windows are sent to every site, once, and billed.
- Time: each site that trains makes a forward pass over all windows, in every step.  Each round starts with
  `lanczos` + 1 gradients at each site.  The run counts both.
- Secrecy: every site sees raw samples of every other.  Sites train apart in order to avoid just that.  Public or
  made-up windows would give nothing away, but then f is another loss.

*FGM gains most from it.*  What one site has lost another may have gained.  GM looks at each φ(X_i), FGM at the sum.

f is handed in (`Objective`), for this room knows no networks.  A coordinator can evaluate φ only if it keeps the
windows as well (`kept=yes`).

Source: Sivan, Gabel & Schuster 2022, "AutoMon", who add such a bowl to monitor any function of distributed data.
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
        """The same φ for who sees all; what it evaluates is nobody's effort, but λ is measured once, for all."""
        _ = self.bowls
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

"""Safe functions made of others: the cheap ball, the maximum, block by block, radii that change.

Sources: Samoladas & Garofalakis 2019 (cheap safe functions; the conjunction of conditions), Garofalakis &
Samoladas 2017 for the algebra of safe zones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.safe.function import Facts, Maker, Round, SafeFunction


class Composite(SafeFunction):
    """A safe function made of others, its `parts`: what it is told, it tells them."""

    def __init__(self, E: Array, R: float, parts: Sequence[SafeFunction]):
        super().__init__(E, R)
        self.parts = parts
        self.moves = any(part.moves for part in parts)
        self.private = any(part.private for part in parts)
        self.proved = all(part.proved for part in parts)

    def begin(self, round: Round) -> None:
        """Tell every part."""
        for part in self.parts:
            part.begin(round)

    def advance(self, t: int, own: Array) -> None:
        """Tell every part."""
        for part in self.parts:
            part.advance(t, own)


class Cheap(Composite):
    """The cheap ball of a 1-Lipschitz φ: admissible is what is admissible for φ, one number describes it.

    φ(X) ≤ φ(0) + ‖X‖, so whenever the cheap function says safe, φ does too; its zone is the largest ball around
    0 that surely fits.  Raises `ValueError` for a φ that does not claim to be 1-Lipschitz, or that moves.
    """

    lipschitz = 1.0
    eikonal = True
    facts = Facts(
        formula="‖X‖ + φ(0)",
        admissible="as NAME, which is 1-Lipschitz",
        zero="φ(0)",
        source="Samoladas & Garofalakis 2019",
        held_by="test_protocol_fgm_o.py::test_cheap_zone_is_the_smaller_one",
    )

    def __init__(self, E: Array, R: float, of: Maker):
        self.full = of(E, R)
        super().__init__(E, R, [self.full])
        if not self.full.stands_still or self.full.lipschitz is None or self.full.lipschitz > 1:
            raise ValueError(
                f"safe: 'cheap:' expected a 1-Lipschitz function that stands still, "
                f"got {type(self.full).__name__}"
            )
        self.radius = -self.full.at_zero

    def begin(self, round: Round) -> None:
        """With layers φ may be steeper, then the ball is smaller: φ(X) ≤ φ(0) + L‖X‖."""
        super().begin(round)
        slope = max(1.0, self.full.lipschitz or 1.0)
        self.radius = -self.full.at_zero / slope

    def __call__(self, X: Array) -> Any:
        """‖X‖ + φ(0)."""
        return norm(X) - self.radius

    def excess(self, X: Array) -> float:
        """That of φ."""
        return self.full.excess(X)

    def reach(self, steps: Array) -> float:
        """That of φ."""
        return self.full.reach(steps)


class Maximum(Composite):
    """Several conditions at once: admissible is what is admissible for every part (all have the same R).

    φ = max φ_j is convex, and φ ≤ 0 says that every φ_j ≤ 0.
    """

    facts = Facts(
        formula="max of both",
        admissible="both at once",
        zero="max of both",
        source="Samoladas & Garofalakis 2019",
        held_by="test_zones.py",
    )

    def __init__(self, E: Array, R: float, *of: Maker):
        super().__init__(E, R, [make(E, R) for make in of])
        self.eikonal = all(part.eikonal for part in self.parts)
        self.lowest_at_zero = all(part.lowest_at_zero for part in self.parts)
        self.lipschitz = self.steepest()

    def steepest(self) -> float | None:
        """The largest of the parts' claims, if all claim something."""
        claims = [part.lipschitz for part in self.parts if part.lipschitz is not None]
        return max(claims) if len(claims) == len(self.parts) else None

    def begin(self, round: Round) -> None:
        """A part may be steeper in this round."""
        super().begin(round)
        self.lipschitz = self.steepest()

    def __call__(self, X: Array) -> Any:
        """max φ_j(X)."""
        return np.max([part(X) for part in self.parts], axis=0)

    def excess(self, X: Array) -> float:
        """The largest of the parts'."""
        return max(part.excess(X) for part in self.parts)

    def reach(self, steps: Array) -> float:
        """The largest of the parts'."""
        return max(part.reach(steps) for part in self.parts)

    @property
    def at_zero(self) -> float:
        """max φ_j(0)."""
        return max(part.at_zero for part in self.parts)


class Scaled(Composite):
    """Another φ, drawn a times as large: φ(X/a) is convex, as φ of a linear map, and φ(0) stays what it is.

    Σ φ(X_i/a) ≤ 0 says that the drifts X_i/a are admissible for φ.  If its region is a ball of some kind, then that of
    the drifts X_i is the same with radius a·R.
    """

    def __init__(self, E: Array, R: float, of: Maker):
        self.full = of(E, R)
        super().__init__(E, R, [self.full])
        self.scale(1.0)

    def scale(self, a: float) -> None:
        """Draw it a times as large."""
        self.a = self.E.dtype.type(a)
        if self.full.lipschitz is not None:
            self.lipschitz = self.full.lipschitz / float(self.a)

    def __call__(self, X: Array) -> Any:
        """φ(X/a)."""
        return self.full(X / self.a)

    def excess(self, X: Array) -> float:
        """That of φ at X/a, in its unit."""
        return self.full.excess(X / self.a)

    def reach(self, steps: Array) -> float:
        """That of φ, of steps/a."""
        return self.full.reach(steps / self.a)

    @property
    def at_zero(self) -> float:
        """φ(0) when the round starts."""
        return self.full.at_zero


class Decaying(Scaled):
    """Another φ with a radius that shrinks: in round n it is R/√n.  The coordinator need not know it."""

    power = -0.5
    facts = Facts(
        formula="φ(X·√n) in round n",
        admissible="as NAME with radius R/√n (ball, variance and their kind)",
        zero="φ(0)",
        source="this project",
        held_by="test_shaped.py::test_radii_round_by_round",
    )

    def __init__(self, E: Array, R: float, of: Maker):
        super().__init__(E, R, of)
        self.private = True

    def begin(self, round: Round) -> None:
        """a = nᵖ in round n, and φ sees steps of g/a."""
        a = self.E.dtype.type((round.ended + 1) ** self.power)
        scaled = None if round.g is None else round.g / a
        super().begin(replace(round, g=scaled))
        self.scale(float(a))


class Growing(Decaying):
    """Another φ with a radius that grows: in round n it is R √n."""

    power = 0.5
    facts = Facts(
        formula="φ(X/√n) in round n",
        admissible="as NAME with radius R·√n",
        zero="φ(0)",
        source="this project",
        held_by="test_shaped.py::test_radii_round_by_round",
    )


class OnBlocks(Composite):
    """A condition on each block of the vector: φ(X) = max φ_b(X_b), with X_b the slice `where[b]` of X."""

    def __init__(self, E: Array, parts: Sequence[SafeFunction], where: Sequence[slice]):
        R = float(np.sqrt(sum(part.R**2 for part in parts)))  # R² = Σ R_b²
        super().__init__(E, R, parts)
        self.where = where

    def begin(self, round: Round) -> None:
        """Tell each part of its own block, which is of one piece."""
        for part, where in zip(self.parts, self.where, strict=True):
            g = None if round.g is None else round.g[where]
            part.begin(replace(round, blocks=(), g=g))

    def _pairs(self, X: Array) -> list[tuple[SafeFunction, Array]]:
        return [(part, X[..., w]) for part, w in zip(self.parts, self.where, strict=True)]

    def __call__(self, X: Array) -> Any:
        """max φ_b(X_b)."""
        return np.max([part(x) for part, x in self._pairs(X)], axis=0)

    def excess(self, X: Array) -> float:
        """The largest of the blocks'."""
        return max(part.excess(x) for part, x in self._pairs(X))

    def reach(self, steps: Array) -> float:
        """The largest of the blocks'."""
        return max(part.reach(x) for part, x in self._pairs(steps))


PERSPECTIVE = Facts(
    formula="λ φ(X/λ), 0 < λ ≤ 1",
    admissible="with ψ_B of a flush, as φ",
    zero="λ φ(0)",
    source="Samoladas & Garofalakis 2019",
    held_by="test_protocol_fgm_reb.py::test_split_slack",
)

FORMS: dict[str, Facts | None] = {
    "`cheap:NAME`": Cheap.facts,
    "`decay:NAME`": Decaying.facts,
    "`grow:NAME`": Growing.facts,
    "`NAME+NAME`": Maximum.facts,
    "perspective": PERSPECTIVE,
}
"""What can be made of a safe function, with its row of the reference page."""

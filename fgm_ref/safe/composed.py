"""Safe functions made of others: the cheap ball, the maximum, block by block, radii that change, the other sign.

Sources: Samoladas & Garofalakis 2019 (cheap safe functions; the conjunction of conditions), Garofalakis &
Samoladas 2017 for the algebra of safe zones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.safe.zones import Maker, SafeFunction


class Cheap(SafeFunction):
    """The cheap ball of a 1-Lipschitz φ: admissible is what is admissible for φ, one number describes it.

    φ(X) ≤ φ(0) + ‖X‖, so whenever the cheap function says safe, φ does too; its zone is the largest ball around
    0 that surely fits.  Raises `ValueError` for a φ that does not claim to be 1-Lipschitz, or that moves.
    """

    lipschitz, eikonal = 1.0, True

    def __init__(self, E: Array, R: float, of: Maker):
        super().__init__(E, R)
        self.full = of(E, R)
        if self.full.moving or self.full.lipschitz is None or self.full.lipschitz > 1:
            raise ValueError(
                f"safe: 'cheap:' expected a 1-Lipschitz function that stands still, "
                f"got {type(self.full).__name__}"
            )
        self.radius = -self.full.at_zero

    def __call__(self, X: Array) -> Any:
        """‖X‖ + φ(0)."""
        return norm(X) - self.radius

    def excess(self, X: Array) -> float:
        """That of φ."""
        return self.full.excess(X)

    def reach(self, steps: Array) -> float:
        """That of φ."""
        return self.full.reach(steps)


class Maximum(SafeFunction):
    """Several conditions at once: admissible is what is admissible for every part (all have the same R).

    φ = max φ_j is convex, and φ ≤ 0 says that every φ_j ≤ 0.
    """

    def __init__(self, E: Array, R: float, *of: Maker):
        super().__init__(E, R)
        self.parts = [make(E, R) for make in of]
        claims = [part.lipschitz for part in self.parts if part.lipschitz is not None]
        self.lipschitz = max(claims) if len(claims) == len(self.parts) else None
        self.eikonal = all(part.eikonal for part in self.parts)
        self.moving = any(part.moving for part in self.parts)
        self.lowest_at_zero = all(part.lowest_at_zero for part in self.parts)

    def divide(self, blocks: Sequence[slice]) -> None:
        """Tell every part."""
        for part in self.parts:
            part.divide(blocks)

    def after(self, rounds: int, steps: int) -> None:
        """Tell every part."""
        for part in self.parts:
            part.after(rounds, steps)

    def expect(self, g: Array) -> None:
        """Tell every part."""
        for part in self.parts:
            part.expect(g)

    def advance(self, t: int, own: Array) -> None:
        """Tell every part."""
        for part in self.parts:
            part.advance(t, own)

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


class Decaying(SafeFunction):
    """Another φ with a radius that shrinks: in round n it is R/√n, for those whose region is a ball of some kind.

    φ_n(X) = φ(X/a), a = 1/√n, is convex, as φ of a linear map, and Σ φ_n(X_i) ≤ 0 says that the drifts X_i/a are
    admissible for φ.  φ(0) does not change, so the coordinator need not know a.
    """

    moving = True  # not while a round lasts, but only the sites know n
    power = -0.5

    def __init__(self, E: Array, R: float, of: Maker):
        super().__init__(E, R)
        self.full, self.a = of(E, R), E.dtype.type(1)
        self.lipschitz = self.full.lipschitz

    def divide(self, blocks: Sequence[slice]) -> None:
        """Tell φ."""
        self.full.divide(blocks)

    def after(self, rounds: int, steps: int) -> None:
        """a = nᵖ in round n."""
        self.a = self.E.dtype.type((rounds + 1) ** self.power)
        self.full.after(rounds, steps)

    def expect(self, g: Array) -> None:
        """φ sees steps of g/a."""
        self.full.expect(g / self.a)
        self.lipschitz = (
            None if self.full.lipschitz is None else self.full.lipschitz / float(self.a)
        )

    def advance(self, t: int, own: Array) -> None:
        """Tell φ."""
        self.full.advance(t, own)

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


class Growing(Decaying):
    """Another φ with a radius that grows: in round n it is R √n."""

    power = 0.5


class OnBlocks(SafeFunction):
    """A condition on each block of the vector: φ(X) = max φ_b(X_b), with X_b the slice `where[b]` of X."""

    def __init__(self, E: Array, parts: Sequence[SafeFunction], where: Sequence[slice]):
        super().__init__(E, float(np.sqrt(sum(part.R**2 for part in parts))))  # R² = Σ R_b²
        self.parts, self.where = parts, where

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


class Flipped:
    """The other sign: ζ = −φ is concave and says safe by ζ ≥ 0, as some papers and programs have it.

    Their formulas give the same protocol: the quantum Σ ζ(X_i)/(2k) and the counts ⌊(ζ_0 − ζ(X_i))/θ⌋ are those of
    `protocols/fgm.py`.  Flipping a ζ gives its φ.
    """

    def __init__(self, function: Callable[[Array], Any]):
        self.function = function

    def __call__(self, X: Array) -> Any:
        """ζ(X) = −φ(X) for drifts X (..., D) -> (...)."""
        return -self.function(X)

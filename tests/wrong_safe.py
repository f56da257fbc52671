"""Wrong safe functions: each makes one mistake that somebody has made, or easily could.

`WRONG` names them, with the properties of which the hunter must break at least one.  They are for the hunter's
tests, and for readers who want to see it at work:

    python -m fgm_ref.check_safe tests.wrong_safe:NonConvex
"""

import numpy as np

from fgm_ref.arrays import norm, squared_norm
from fgm_ref.safe import (
    Ball,
    Cap,
    HalfSpace,
    SafeFunction,
    TrackingVarianceOwn,
    UpperNorm,
    Variance,
)


class NonConvex(HalfSpace):
    """Admissible ‖S‖ ≥ ‖E‖ − R, and the region itself as the zone.  Two sites can meet in the forbidden middle."""

    def __call__(self, X):
        return (self.length - self.R) - norm(X + self.E)

    def excess(self, X):
        return (self.length - self.R) - float(norm(self.E + X.mean(axis=0)))


class SignFlipped(Ball):
    """Safe means ≥ 0 in some papers, ≤ 0 here."""

    def __call__(self, X):
        return self.R - norm(X)


class NoUpperBound(HalfSpace):
    """The half-space keeps the norm from falling; nothing keeps it from growing out of the shell."""

    excess = Cap.excess


class StaleReference(UpperNorm):
    """Keeps the reference model that the very first round had."""

    first = None

    def __init__(self, E, R):
        super().__init__(E, R)
        StaleReference.first = E if StaleReference.first is None else StaleReference.first

    def __call__(self, X):
        return norm(X + self.first) - (float(norm(self.first)) + self.R)


class DriftTwice(Ball):
    """X is a drift already; E is taken off a second time."""

    def __call__(self, X):
        return norm(X - self.E) - self.R


class SquaredAgainstPlain(Ball):
    """‖X‖² against R: a ball of radius √R, too large when R < 1."""

    def __call__(self, X):
        return squared_norm(X) - self.R


class DividedByK(Ball):
    """The mean over k = 8 sites is taken twice, once too often in φ."""

    def __call__(self, X):
        return norm(X) / 8 - self.R


class ClaimsEverySite(Ball):
    """The ball bounds the mean of the norms, not each of them."""

    def excess(self, X):
        return float(norm(X).max()) - self.R


class ClaimsTheVariance(Ball):
    """The ball bounds the mean of the norms, not that of their squares."""

    excess = Variance.excess


class AnyInsteadOfBoth(Cap):
    """The minimum of two conditions where both must hold."""

    def __call__(self, X):
        return np.minimum(HalfSpace.__call__(self, X), norm(X + self.E) - (self.length + self.R))


class LargestCoordinate(Ball):
    """A cube of half-width R sticks out of the ball of radius R, from two dimensions on."""

    def __call__(self, X):
        return np.abs(X).max(axis=-1) - self.R


class Needle(Ball):
    """The ball, but for a thin spike along E that reaches out of it."""

    def __call__(self, X):
        cosine = X @ self.E / (float(norm(self.E)) * np.maximum(norm(X), 1e-12))
        return norm(X) - self.R * (1 + 0.5 * np.exp(-300 * (1 - cosine)))


class OwnStepsSpread(TrackingVarianceOwn):
    """With a centre for each site the spread is *not* bounded: faster sites are expected elsewhere."""

    def excess(self, X):
        return float(squared_norm(X - X.mean(axis=0)).mean()) - self.R**2


class ClaimsLipschitz(Variance):
    """A square grows faster and faster."""

    lipschitz = 1.0


class ClaimsDistance(Variance):
    """Half the slope of a distance."""

    eikonal = True

    def __call__(self, X):
        return (norm(X) - self.R) / 2

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class AllRowsAsOne(Ball):
    """One norm of the whole stack instead of one for each site."""

    def __call__(self, X):
        return np.linalg.norm(X) - self.R


class Scribbles(Ball):
    """Works in the caller's array."""

    def __call__(self, X):
        X *= 1.5
        return norm(X) - self.R


class Noisy(Ball):
    """Another answer each time it is asked."""

    def __call__(self, X):
        return norm(X) - self.R * (1 + 0.1 * np.random.random())


class OneForAll(Ball):
    """All safe functions share the radius of the latest."""

    def __init__(self, E, R):
        super().__init__(E, R)
        OneForAll.shared = float(norm(E)) + R

    def __call__(self, X):
        return norm(X) - self.R * min(1, 1 / self.shared)


class Undefined(SafeFunction):
    """The direction of a drift of length 0 is 0/0."""

    def __call__(self, X):
        with np.errstate(invalid="ignore", divide="ignore"):
            return dot_direction(X) - self.R

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


def dot_direction(X):
    return (X * (X / norm(X)[..., None])).sum(axis=-1)


WRONG = {
    NonConvex: {"convex", "safe"},
    SignFlipped: {"zero"},
    NoUpperBound: {"safe"},
    StaleReference: {"zero", "safe"},
    DriftTwice: {"zero", "safe"},
    SquaredAgainstPlain: {"safe"},
    DividedByK: {"safe"},
    ClaimsEverySite: {"safe"},
    ClaimsTheVariance: {"safe"},
    AnyInsteadOfBoth: {"safe", "convex"},
    LargestCoordinate: {"safe"},
    Needle: {"safe", "convex"},
    OwnStepsSpread: {"safe"},
    ClaimsLipschitz: {"lipschitz"},
    ClaimsDistance: {"eikonal"},
    AllRowsAsOne: {"batched"},
    Scribbles: {"pure"},
    Noisy: {"pure"},
    OneForAll: {"pure"},
    Undefined: {"finite"},
}

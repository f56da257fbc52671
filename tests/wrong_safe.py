"""Wrong safe functions: each makes one mistake that somebody has made, or easily could.

`WRONG` names them, with the properties of which the hunter must break at least one.  They are for the hunter's
tests, and for readers who want to see it at work:

    python -m fgm_ref.check_safe tests.wrong_safe:NonConvex
"""

import numpy as np

from fgm_ref.arrays import dot, norm, squared_norm
from fgm_ref.safe import Ball, Cap, HalfSpace, SafeFunction, Tracking, UpperNorm, Variance
from fgm_ref.safe.shaped import HistoryMetric, PerLayer
from fgm_ref.safe.tracking import TrackingOwn, TrackingVarianceOwn


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


# State: yesterday's answer


class RemembersTheShape(Ball):
    """One answer for each shape of stack."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.memo = {}

    def __call__(self, X):
        return self.memo.setdefault(X.shape, norm(X) - self.R)


class RemembersThePlace(RemembersTheShape):
    """One answer for each array, by where it lies in the memory; that place is used again."""

    def __call__(self, X):
        if id(X) not in self.memo:
            self.memo[id(X)] = norm(X) - self.R
        return self.memo[id(X)]


class RemembersTheSum(RemembersTheShape):
    """One answer for each sum of all numbers."""

    def __call__(self, X):
        return self.memo.setdefault(float(np.sum(X)), norm(X) - self.R)


class RemembersRounded(RemembersTheShape):
    """One answer for all drifts that agree in four digits."""

    def __call__(self, X):
        return self.memo.setdefault(X.round(4).tobytes(), norm(X) - self.R)


class RunningMaximum(Ball):
    """The unit of length is the longest drift so far."""

    longest = 0.0

    def __call__(self, X):
        self.longest = max(self.longest, float(norm(X).max(initial=0)))
        return norm(X) - self.R * (1 + 1e-3 * self.longest / self.R)


class RunningMean(Ball):
    """Drifts are smoothed over all questions, as a momentum."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.mean = np.zeros_like(E)

    def __call__(self, X):
        if X.size:
            self.mean = 0.9 * self.mean + 0.1 * X.reshape(-1, len(self.E)).mean(axis=0)
        return norm(X - 0.1 * self.mean) - self.R


class GetsTired(Ball):
    """After a thousand questions it says that all is well."""

    asked = 0

    def __call__(self, X):
        self.asked += 1
        return norm(X) - self.R if self.asked < 1000 else 0 * norm(X) - self.R


class EverySeventh(Ball):
    """Looks at every seventh question only, to save time."""

    asked = 0
    last = None

    def __call__(self, X):
        self.asked += 1
        if self.asked % 7 == 1 or np.shape(self.last) != X.shape[:-1]:
            self.last = norm(X) - self.R
        return self.last


class OneMemoForAll(Ball):
    """A default argument is made once, for all objects."""

    def __call__(self, X, memo={}):  # noqa: B006
        return memo.setdefault((X.shape, self.R), norm(X) - self.R)


class ByItsAddress(Ball):
    """All objects share a table of radii by their address in the memory, which is used again."""

    radii = {}  # noqa: RUF012

    def __init__(self, E, R):
        super().__init__(E, R)
        self.room = self.radii.setdefault(id(self), R)

    def __call__(self, X):
        return norm(X) - self.room


class OneBuffer(Ball):
    """Writes each answer over the one before."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.out = {}

    def __call__(self, X):
        out = self.out.setdefault(X.shape, np.empty(X.shape[:-1], X.dtype))
        np.subtract(norm(X), self.R, out=out)
        return out if out.ndim else float(out)


class StaleExcess(Ball):
    """The true state is that of the drifts which φ was asked about."""

    seen = None

    def __call__(self, X):
        self.seen = X.reshape(-1, len(self.E)).copy()
        return norm(X) - self.R

    def excess(self, X):
        return super().excess(X if self.seen is None or not len(self.seen) else self.seen)


class RadiusPerObject(Ball):
    """Each object that is made is a little larger than the one before."""

    made = 0

    def __init__(self, E, R):
        RadiusPerObject.made += 1
        super().__init__(E, R)
        self.room = R * (1 + 1e-4 * RadiusPerObject.made)

    def __call__(self, X):
        return norm(X) - self.room


class RandomAtBirth(Ball):
    """The radius is drawn when the object is made, so sites and coordinator have two."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.room = R * (1 - 0.1 * np.random.random())

    def __call__(self, X):
        return norm(X) - self.room


class RarelyRandom(Ball):
    """One answer in two hundred is skipped."""

    def __call__(self, X):
        return norm(X) - self.R if np.random.random() > 0.005 else 0 * norm(X) - self.R


class ScribblesInE(Ball):
    """Normalises the reference model in place."""

    def excess(self, X):
        self.E /= float(norm(self.E)) * 0.5
        return super().excess(X)


class ScribblesInExcess(Ball):
    """`excess` takes the mean off in place."""

    def excess(self, X):
        mean = X.mean(axis=0)
        X -= mean
        return float(norm(mean)) - self.R


# Rows and shapes


class MinusTheMean(Ball):
    """Looks at what the sites differ by, which no site knows."""

    def __call__(self, X):
        return norm(X - (X.mean(axis=0) if X.ndim > 1 and len(X) else 0)) - self.R


class LongestSetsTheUnit(Ball):
    """Scales by the longest row, against overflow."""

    def __call__(self, X):
        unit = max(1e-30, float(np.abs(X).max(initial=0)))
        return np.round(norm(X) / unit, 3) * unit - self.R


class SortsRows(Ball):
    """The answers come sorted."""

    def __call__(self, X):
        return np.sort(norm(X)) - self.R if X.ndim == 2 else norm(X) - self.R


class OnlySmallStacks(Ball):
    """With more than 32 rows all get the first one's answer."""

    def __call__(self, X):
        values = norm(X) - self.R
        return np.full_like(values, values[0]) if X.ndim == 2 and len(X) > 32 else values


class ColumnOfAnswers(Ball):
    """One answer for each row, as a column."""

    def __call__(self, X):
        return np.sqrt(np.sum(X * X, axis=-1, keepdims=True)) - self.R


class Squeezed(Ball):
    """A stack of one row is taken for a row."""

    def __call__(self, X):
        return np.squeeze(norm(X)) - self.R


class FixedAxis(Ball):
    """Sums over axis 1, which a single drift has not."""

    def __call__(self, X):
        return np.sqrt((X * X).sum(axis=1)) - self.R


class NoRows(Ball):
    """Nobody has moved: there is no largest of no rows."""

    def __call__(self, X):
        return (
            norm(X / np.abs(X).max()) * np.abs(X).max() - self.R
            if X.any() or not X.size
            else norm(X) - self.R
        )


class FirstEight(Ball):
    """Looks at the first eight numbers only."""

    def __call__(self, X):
        return norm(X[..., :8]) - self.R


# Numbers


class HalfPrecision(Ball):
    """Computes in half precision."""

    def __call__(self, X):
        return (norm(X.astype(np.float16)) - np.float16(self.R)).astype(np.float16)


class HalfInside(Ball):
    """Computes in half precision and hides it."""

    def __call__(self, X):
        return norm((X / self.R).astype(np.float16)).astype(X.dtype) * self.R - self.R


class Cancels(Ball):
    """Adds a large number and takes it off again: all digits are gone in single precision."""

    def __call__(self, X):
        large = X.dtype.type(1e6 * self.R)
        return (norm(X) + large) - large - self.R


class Expanded(Ball):
    """‖w − E‖² as ‖w‖² − 2 w·E + ‖E‖²: of a small one the digits are gone."""

    eikonal = False

    def __call__(self, X):
        w = X + self.E
        square = squared_norm(w) - 2 * dot(w, self.E) + squared_norm(self.E)
        return np.sqrt(np.maximum(square, 0)) - self.R


class WholeNumbers(Ball):
    """Counts in tenths of the radius."""

    def __call__(self, X):
        return np.floor(10 * norm(X) / self.R) - 10


class Logarithm(Ball):
    """log ‖X‖ − log R: −∞ at home."""

    def __call__(self, X):
        with np.errstate(divide="ignore"):
            return np.log(norm(X)) - np.log(self.R)


class Pole(Ball):
    """1/(R − ‖X‖) grows towards the boundary; behind it the sign changes."""

    def __call__(self, X):
        with np.errstate(divide="ignore"):
            return -self.R + 0.1 * self.R**2 / (1.1 * self.R - norm(X))


class RootOfLess(Ball):
    """R − √(R² − ‖X‖²) is no number outside."""

    def __call__(self, X):
        with np.errstate(invalid="ignore"):
            return 0.5 * self.R - np.sqrt(self.R**2 - squared_norm(X))


class InfiniteOutside(Ball):
    """∞ outside the ball."""

    def __call__(self, X):
        return np.where(norm(X) > self.R, np.inf, norm(X) - self.R)


class UndefinedExcess(Ball):
    """The spread of one site, with k − 1 below the line, is 0/0."""

    def excess(self, X):
        with np.errstate(all="ignore"):
            spread = squared_norm(X - X.mean(axis=0)).sum() / np.float64(len(X) - 1)
            return super().excess(X) + 0 * float(spread)


# Convexity


class Scaled:
    """The root of a length in units of 1e-9."""

    def __init__(self, E, R):
        self.R = R

    def __call__(self, X):
        return 1e-9 * (np.sqrt(norm(X)) - np.sqrt(self.R))

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class Ripple(Ball):
    """The ball with a ripple of 1e-9 on it."""

    def __call__(self, X):
        return norm(X) + 1e-9 * self.R * np.sin(40 * norm(X) / self.R) - self.R


class TinyRipple(Ball):
    """A ball in units of 1e-9, with a ripple as large as that."""

    def __call__(self, X):
        return 1e-9 * (norm(X) + 0.05 * self.R * np.sin(9 * norm(X) / self.R) - self.R) / self.R


class Saturates(Ball):
    """Very long drifts are cut off, as outliers."""

    def __call__(self, X):
        return np.minimum(norm(X), 10 * self.R) - self.R


class Huber(Ball):
    """A robust length: logarithmic far out."""

    def __call__(self, X):
        return self.R * (np.log1p(norm(X) / self.R) - np.log(2))


class LogarithmicFarOut(Ball):
    """The same from 50 R on only."""

    eikonal = False

    def __call__(self, X):
        share = norm(X) / self.R
        far = 50 * (1 + np.log(np.maximum(share, 50) / 50))
        return self.R * (np.minimum(share, far) - 1)


class HalfNorm(Ball):
    """‖X‖_½ is no norm."""

    def __call__(self, X):
        return np.sqrt(np.abs(X)).sum(axis=-1) ** 2 - self.R


class Dead(Ball):
    """Small drifts do not count: a dead zone that is cut off, not shifted."""

    def __call__(self, X):
        return np.where(norm(X) < 0.3 * self.R, 0, norm(X)) - self.R


class Product(Ball):
    """Two conditions multiplied."""

    def __call__(self, X):
        first = X[..., 0] - 2 * self.R
        return -np.abs(first) * (2 * self.R - norm(X)) / self.R + self.R


# Regions


class SumInsteadOfMean(Ball):
    """The sum of the drifts is meant to stay within R."""

    def excess(self, X):
        return float(norm(X.sum(axis=0))) - self.R


class FirstSiteOnly(Ball):
    """The true state is taken to be the first site's."""

    def excess(self, X):
        return float(norm(X[0])) / len(X) - self.R


class MoreThanTheMean(Ball):
    """The sum of the drifts over k + 1: a few sites are judged more kindly."""

    def excess(self, X):
        return float(norm(X.sum(axis=0) / (len(X) + 1))) - self.R


class NothingIsOutside(Ball):
    """A region that everything is in."""

    def excess(self, X):
        return -self.R


class AlwaysInside(Ball):
    """The excess is cut off at the wrong end."""

    def excess(self, X):
        return min(0.0, super().excess(X))


class WrongEnd(Ball):
    """The sign of `excess` is that of a slack."""

    def excess(self, X):
        return -super().excess(X)


class TooWide(Ball):
    """A billionth more than the radius."""

    def __call__(self, X):
        return norm(X) - self.R * (1 + 1e-9)


class TooWideAlongE(Ball):
    """Twice the room along E."""

    def __call__(self, X):
        unit = self.E / float(norm(self.E))
        along = np.einsum("...d,d->...", X, unit)
        return norm(X - 0.5 * along[..., None] * unit) - self.R


class ManySites(Ball):
    """Each site is given a little more, which nobody notices with few."""

    def excess(self, X):
        return super().excess(X) + (0.2 * self.R if len(X) > 20 else 0)


class SmallReach(Variance):
    """Says that the excess grows by the square of a step only."""

    def excess(self, X):
        return super().excess(X)

    def reach(self, steps):
        return float(squared_norm(steps).mean())


# Claims


class SteepFarOut(Ball):
    """1-Lipschitz near the zone, steeper beyond it, and claims it everywhere."""

    eikonal = False

    def __call__(self, X):
        return np.maximum(norm(X), 2 * norm(X) - 3 * self.R) - self.R


class SlightlySteep(Ball):
    """One direction has a slope of 1.01."""

    eikonal = False

    def __call__(self, X):
        stretched = X.copy()
        stretched[..., 0] *= X.dtype.type(1.01)
        return norm(stretched) - self.R


class NotANumber(Ball):
    """Claims a slope of NaN."""

    lipschitz = float("nan")


class EikonalInside(Ball):
    """A distance inside only: flat far out."""

    def __call__(self, X):
        return np.maximum(norm(X), 0.5 * norm(X) + 0.75 * self.R) - self.R

    def __init__(self, E, R):
        super().__init__(E, R)


class NotEikonal(Ball):
    """The sum of half a ball and half a half-space is 1-Lipschitz, but no distance."""

    lowest_at_zero = False

    def __call__(self, X):
        unit = self.E / float(norm(self.E))
        return 0.5 * norm(X) - 0.5 * np.einsum("...d,d->...", X, unit) - self.R

    def excess(self, X):
        return float(np.mean(self(X)))


class LowestElsewhere(Ball):
    """The middle of the ball is a little off."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.off = 0.01 * R * E / norm(E)

    def __call__(self, X):
        return norm(X - self.off) - 0.98 * self.R


class LowestWhileMoving(Tracking):
    """Standing still is the best that a site can do when the round starts, and only then."""

    lowest_at_zero = True


class SaysAnotherZero(Ball):
    """`at_zero` is a constant, φ(0) is not."""

    at_zero = -1.0


class NoSlackForSmallRadii(Ball):
    """A margin of 0.1, which small radii have not."""

    def __call__(self, X):
        return norm(X) - (self.R - 0.1)


class LambdaOutside(Ball):
    """φ(X) λ instead of λ φ(X/λ)."""

    def perspective(self, λ):
        return lambda X: λ * self(X)


class LambdaTwice(Ball):
    """The perspective of the ball with the radius twice as often multiplied."""

    def perspective(self, λ):
        return lambda X: norm(X) - λ * λ * self.R


# The start of a round, layers, time


class EqualLayers(PerLayer):
    """Every layer gets the whole radius."""

    def weight(self, block):
        return 1.0

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class WholeRadii(PerLayer):
    """The same, and consistent: the region is as much too large."""

    def weight(self, block):
        return 1.0


class FourthRootLayers(PerLayer):
    """R_b = R (D_b/D)^¼: together the layers may go farther than R, and the region says so, too."""

    def weight(self, block):
        return super().weight(block) ** 0.5


class LinearLayers(PerLayer):
    """R_b = R D_b/D is too careful, R √D_b/D_max too bold: the largest layer gets all."""

    def begin(self, round):
        super().begin(round)
        largest = max(b.stop - b.start for b, _ in self.blocks)
        self.room = [(b, (largest / (b.stop - b.start)) ** 0.5) for b, _ in self.blocks]

    def __call__(self, X):
        return np.max([norm(X[..., b]) * X.dtype.type(w) for b, w in self.room], axis=0) - self.R


class ForgetsTheSlope(PerLayer):
    """Claims the slope that it has with one layer."""

    def begin(self, round):
        super().begin(round)
        self.lipschitz = 1.0


class LastLayerForgotten(PerLayer):
    """The last layer is not looked at."""

    def __call__(self, X):
        blocks = self.blocks[:-1] or self.blocks
        return np.max([norm(X[..., b]) * X.dtype.type(w) for b, w in blocks], axis=0) - self.R


class GrowsRoundByRound(Ball):
    """The radius grows by a hundredth in each round."""

    room = 1.0

    def begin(self, round):
        self.room = 1 + 0.01 * round.ended

    def __call__(self, X):
        return norm(X) - self.R * self.room


class GrowsAndSaysSo(GrowsRoundByRound):
    """The same, and honest about what it depends on."""

    private = True


class GrowsWithSteps(Ball):
    """A long round earns a large radius."""

    private = True
    room = 1.0

    def begin(self, round):
        self.room = max(1.0, round.steps / 50)

    def __call__(self, X):
        return norm(X) - self.R * self.room


class RunsOutOfRadius(Ball):
    """The radius shrinks by a fiftieth in each round, until there is none."""

    private = True
    room = 1.0

    def begin(self, round):
        self.room = 1 - 0.02 * round.ended

    def __call__(self, X):
        return norm(X) - self.R * self.room

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R * self.room


class SecretlyPrivate(HistoryMetric):
    """Depends on the last round and does not say so."""

    private = False


class SecretlyMoving(Ball):
    """Depends on the time and does not say so."""

    t = 0

    def advance(self, t, own):
        self.t = t

    def __call__(self, X):
        return norm(X) - self.R / (1 + self.t)


class GrowsWithTime(Ball):
    """A radius that grows while the round lasts; the region does not."""

    moves = True
    lowest_at_zero = True
    t = 0

    def advance(self, t, own):
        self.t = t

    def __call__(self, X):
        return norm(X) - self.R * (1 + 0.01 * self.t)


class FollowsTooFast(Tracking):
    """Follows 1.1 g."""

    def advance(self, t, own):
        super().advance(t, own)
        self.centre = self.centre * 1.1


class AddsUp(Tracking):
    """Adds t·g in each step."""

    def advance(self, t, own):
        before = self.centre
        super().advance(t, own)
        self.centre = before + self.centre


class CountsCalls(Tracking):
    """Takes one step of g whenever it is told the time."""

    def advance(self, t, own):
        before = self.centre
        super().advance(t, own)
        self.centre = before + self.g


class MeanOfAllSteps(TrackingOwn):
    """Each site follows the mean of all sites' steps, which it does not know."""

    def advance(self, t, own):
        super().advance(t, own)
        self.centre = np.broadcast_to(own.mean() * self.g, self.centre.shape)


class LateExcess(Tracking):
    """The region is where it was a step ago."""

    def excess(self, X):
        return self.still.excess((X.mean(axis=0) - (self.clock - self.tick) * self.g)[None])


class CountsDown(Ball):
    """Works in the array of the sites' own steps."""

    moves = True
    lowest_at_zero = False

    def advance(self, t, own):
        own -= own.min()


class HalvesTheStep(Tracking):
    """Follows half of g, and halves it for everybody."""

    def begin(self, round):
        super().begin(round)
        self.g *= 0.5


class ForgetsItsStep(Tracking):
    """The centre has not moved, says `reach`."""

    def reach(self, steps):
        return self.still.reach(steps)


class FailsWithoutHistory(Ball):
    """The first round has no last step."""

    private = True

    def begin(self, round):
        self.s = np.abs(round.g)


class FailsWithALayerOfOne(PerLayer):
    """The variance within a layer of one parameter is 0/0."""

    def __call__(self, X):
        with np.errstate(all="ignore"):
            spread = [
                squared_norm(X[..., b]) / np.array(b.stop - b.start - 1) for b, _ in self.blocks
            ]
            return super().__call__(X) + 0 * np.sum(spread, axis=0)


WIDE = [WholeRadii, FourthRootLayers]
"""Safe for their regions; which are wider with layers than without, and that is worth a remark."""

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
    RemembersTheShape: {"memory"},
    RemembersThePlace: {"memory", "batched"},
    RemembersTheSum: {"memory", "batched"},
    RemembersRounded: {"memory", "batched"},
    RunningMaximum: {"memory"},
    RunningMean: {"memory", "pure"},
    GetsTired: {"tireless"},
    EverySeventh: {"memory", "pure", "batched"},
    OneMemoForAll: {"batched", "memory", "pure"},
    ByItsAddress: {"pure", "memory", "tireless"},
    OneBuffer: {"pure"},
    StaleExcess: {"memory"},
    RadiusPerObject: {"pure"},
    RandomAtBirth: {"pure"},
    RarelyRandom: {"tireless", "pure"},
    ScribblesInE: {"pure"},
    ScribblesInExcess: {"pure"},
    MinusTheMean: {"batched"},
    LongestSetsTheUnit: {"batched"},
    SortsRows: {"batched"},
    OnlySmallStacks: {"batched"},
    ColumnOfAnswers: {"batched"},
    Squeezed: {"batched"},
    FixedAxis: {"runs"},
    FirstEight: {"safe"},
    HalfPrecision: {"precise"},
    HalfInside: {"safe", "convex"},
    Cancels: {"safe", "convex"},
    Expanded: {"safe", "convex", "lipschitz"},
    WholeNumbers: {"convex"},
    Logarithm: {"finite"},
    Pole: {"convex", "safe"},
    RootOfLess: {"finite"},
    InfiniteOutside: {"finite"},
    UndefinedExcess: {"finite"},
    Scaled: {"convex", "safe"},
    Ripple: {"convex"},
    TinyRipple: {"convex"},
    Saturates: {"convex"},
    Huber: {"convex"},
    LogarithmicFarOut: {"convex"},
    HalfNorm: {"convex"},
    Dead: {"convex"},
    Product: {"convex"},
    SumInsteadOfMean: {"safe"},
    FirstSiteOnly: {"numbering"},
    MoreThanTheMean: {"crowd"},
    NothingIsOutside: {"outside"},
    AlwaysInside: {"outside"},
    WrongEnd: {"safe"},
    TooWide: {"safe"},
    TooWideAlongE: {"safe"},
    ManySites: {"safe"},
    SmallReach: {"reach"},
    SteepFarOut: {"lipschitz"},
    SlightlySteep: {"lipschitz"},
    NotANumber: {"lipschitz"},
    EikonalInside: {"eikonal"},
    NotEikonal: {"eikonal"},
    LowestElsewhere: {"lowest"},
    LowestWhileMoving: {"lowest"},
    SaysAnotherZero: {"zero"},
    NoSlackForSmallRadii: {"zero"},
    LambdaOutside: {"perspective"},
    LambdaTwice: {"perspective"},
    EqualLayers: {"safe"},
    LinearLayers: {"safe"},
    ForgetsTheSlope: {"lipschitz"},
    LastLayerForgotten: {"safe"},
    GrowsRoundByRound: {"still"},
    GrowsAndSaysSo: {"safe"},
    GrowsWithSteps: {"safe"},
    RunsOutOfRadius: {"zero"},
    SecretlyPrivate: {"still"},
    SecretlyMoving: {"still"},
    GrowsWithTime: {"safe"},
    FollowsTooFast: {"safe"},
    AddsUp: {"safe", "memory"},
    CountsCalls: {"memory"},
    MeanOfAllSteps: {"batched"},
    LateExcess: {"safe"},
    CountsDown: {"pure"},
    HalvesTheStep: {"pure"},
    ForgetsItsStep: {"reach"},
    FailsWithoutHistory: {"runs"},
    FailsWithALayerOfOne: {"finite"},
}

LARGE = {FirstEight, ManySites, OnlySmallStacks, LinearLayers, Ripple, Saturates}
"""These mistakes cannot be seen in few dimensions, or with few sites."""

FLEETING = {
    "RemembersThePlace",
    "ByItsAddress",
    "OneMemoForAll",
    "Noisy",
    "RarelyRandom",
    "RandomAtBirth",
    "RadiusPerObject",
    "EverySeventh",
}
"""These may say something else when they are asked again."""

"""Right safe functions that look odd: the hunter must let them pass.

`RIGHT` lists classes, `NAMES` what can be asked for by name.  Next to each stands why it is convex, and why quiet
sites are in its region.
"""

import numpy as np

from fgm_ref.arrays import dot, norm, squared_norm
from fgm_ref.safe import CATALOGUE, Ball, SafeFunction, UpperNorm, Variance
from fgm_ref.safe.shaped import PerLayer

NAMES = [
    *CATALOGUE,
    "cheap:cap",
    "cheap:upper-norm",
    "cheap:per-layer",
    "ball+cap",
    "half-space+upper-norm",
    "tracking+cap",
    "per-layer+tracking-variance",
    "decay:tracking",
    "decay:history-metric",
    "grow:variance",
    "grow:cone",
    "right_safe:Fourth",
    "ball+right_safe:Plain",
    "cheap:right_safe:Plain",
    "decay:right_safe:Follower",
]


# Other units


class TinyBall(Ball):
    """A ball in units of 1e-12."""

    lipschitz = 1e-12
    eikonal = False

    def __call__(self, X):
        return 1e-12 * super().__call__(X)

    def excess(self, X):
        return 1e-12 * super().excess(X)


class HugeBall(Ball):
    """A ball in units of 1e12; what `excess` says is in the usual one."""

    lipschitz = 1e12
    eikonal = False

    def __call__(self, X):
        return 1e12 * super().__call__(X)


class TinyVariance(Variance):
    """The square in units of 1e-12."""

    def __call__(self, X):
        return 1e-12 * super().__call__(X)


class Fourth(SafeFunction):
    """‖X‖⁴ − R⁴: an increasing convex function of a norm is convex."""

    lowest_at_zero = True

    def __call__(self, X):
        return squared_norm(X) ** 2 - self.R**4

    def excess(self, X):
        return float(squared_norm(X.mean(axis=0))) ** 2 - self.R**4


class Sixth(Fourth):
    """(‖X‖/R)⁶ − 1, with the distance as excess."""

    def __call__(self, X):
        return (squared_norm(X) / X.dtype.type(self.R) ** 2) ** 3 - 1

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class Exponential(SafeFunction):
    """exp(‖X‖/R) − e: convex and increasing in the norm; steep far out."""

    lowest_at_zero = True

    def __call__(self, X):
        with np.errstate(over="ignore"):
            return np.exp(norm(X) / self.R) - np.e

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class Cosh(Exponential):
    """cosh(‖X‖/R) − cosh 1."""

    def __call__(self, X):
        with np.errstate(over="ignore"):
            return np.cosh(norm(X) / self.R) - np.cosh(1)


class Softplus(Exponential):
    """A smooth hinge: log(1 + exp(8 (‖X‖/R − 1))) − log 2, nearly flat inside."""

    def __call__(self, X):
        return np.logaddexp(0, 8 * (norm(X) / self.R - 1)) - np.log(2)


# Barriers


class Barrier(SafeFunction):
    """−log(1.2 − ‖X‖²/R²), continued as a straight line in ‖X‖² before the pole: convex, and finite everywhere."""

    lowest_at_zero = True
    stop = 1.2 - 1e-3  # where the line begins

    def __call__(self, X):
        share = squared_norm(X) / self.R**2
        curve = -np.log(1.2 - np.minimum(share, self.stop))
        line = np.maximum(share - self.stop, 0) / (1.2 - self.stop)
        return curve + line + np.log(0.2)

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class SteepBarrier(Barrier):
    """The same up to 1e-6 before the pole."""

    stop = 1.2 - 1e-6


class Reciprocal(Barrier):
    """1/(1.1 − ‖X‖/R) − 10, continued as a straight line in ‖X‖."""

    def __call__(self, X):
        share, stop = norm(X) / self.R, 1.1 - 1e-2
        curve = 1 / (1.1 - np.minimum(share, stop))
        return curve + np.maximum(share - stop, 0) / (1.1 - stop) ** 2 - 10


# Norms and their kind


class Manhattan(Ball):
    """‖X‖_1 ≥ ‖X‖, so its ball lies in the other."""

    lipschitz = None
    eikonal = False

    def __call__(self, X):
        return np.abs(X).sum(axis=-1) - self.R


class Cube(Ball):
    """√D max |X_j| ≥ ‖X‖: a cube inside the ball."""

    lipschitz = None
    eikonal = False

    def __call__(self, X):
        return np.sqrt(X.dtype.type(X.shape[-1])) * np.abs(X).max(axis=-1) - self.R


class SumOfBoth(SafeFunction):
    """A sum of convex functions; the sum of both conditions is the region."""

    lowest_at_zero = True

    def __call__(self, X):
        return (norm(X) - self.R) + (squared_norm(X) / self.R - self.R)

    def excess(self, X):
        return float(np.mean(self(X)))

    def reach(self, steps):
        return float("inf")


class LayersAdded(SafeFunction):
    """Σ_b √(D_b/D) ‖X_b‖ − R/√2 with two halves: a sum of seminorms; at most ‖X‖ by Cauchy and Schwarz."""

    def __call__(self, X):
        half = X.shape[-1] // 2
        left, right = norm(X[..., :half]), norm(X[..., half:])
        return left + right - self.R

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


class GroupLasso(SafeFunction):
    """Σ_b √(D_b/D) ‖X_b‖ − R over the layers, and the region of the same norm: it sticks out of the ball."""

    lipschitz = 1.0
    lowest_at_zero = True

    def begin(self, round):
        self.blocks = round.blocks or (slice(0, len(self.E)),)

    def length(self, X):
        parts = [
            X[..., b] * X.dtype.type(np.sqrt((b.stop - b.start) / len(self.E))) for b in self.blocks
        ]
        return np.sum([norm(part) for part in parts], axis=0)

    def __call__(self, X):
        return self.length(X) - self.R

    def excess(self, X):
        return float(self.length(X.mean(axis=0))) - self.R


class LengthsAndHeights(PerLayer):
    """Every other layer by its largest number: a maximum of norms again."""

    def widest(self, X):
        lengths = [
            (np.abs(X[..., b]).max(axis=-1) if i % 2 else norm(X[..., b])) * X.dtype.type(weight)
            for i, (b, weight) in enumerate(self.blocks)
        ]
        return np.max(lengths, axis=0)


class Shifted(SafeFunction):
    """‖X − c‖ − (R − ‖c‖): a smaller ball that touches the ball from inside."""

    lipschitz = 1.0
    eikonal = True

    def __init__(self, E, R):
        super().__init__(E, R)
        self.c = (0.3 * R * E / norm(E)).astype(E.dtype)

    def __call__(self, X):
        return norm(X - self.c) - 0.7 * self.R

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R * (1 + 1e-6)


class Blas(SafeFunction):
    """The half-space by `@`, which rounds one row and many rows differently."""

    lipschitz = 1.0

    def __init__(self, E, R):
        super().__init__(E, R)
        self.n = E / norm(E)

    def __call__(self, X):
        return -X @ self.n - self.R

    def excess(self, X):
        return float(-X.mean(axis=0) @ self.n) - self.R


class Covariance(SafeFunction):
    """√(Xᵀ A X) − R with A = 1 + ggᵀ/‖g‖², after the last round: a norm that has another shape in each round."""

    private = True
    lowest_at_zero = True

    def begin(self, round):
        self.u = np.zeros_like(self.E)
        if round.g is not None and norm(round.g) > 0:
            self.u = round.g / norm(round.g)

    def length(self, X):
        return np.sqrt(squared_norm(X) + dot(X, self.u) ** 2)

    def __call__(self, X):
        return self.length(X) - self.R

    def excess(self, X):
        return float(self.length(X.mean(axis=0))) - self.R

    def reach(self, steps):
        return float(self.length(steps.mean(axis=0)))


class Polyhedron(SafeFunction):
    """The maximum of many half-spaces: a polyhedron in which S must stay."""

    lipschitz = 1.0

    def __init__(self, E, R):
        super().__init__(E, R)
        normals = np.random.default_rng(5).normal(size=(7, len(E)))
        self.normals = (normals / norm(normals)[:, None]).astype(E.dtype)

    def __call__(self, X):
        return np.max([dot(X, normal) for normal in self.normals], axis=0) - self.R

    def excess(self, X):
        return float(np.max(self.normals @ X.mean(axis=0))) - self.R


class SmoothMaximum(Polyhedron):
    """The logarithm of a sum of exponentials, above the maximum by at most a tenth of R."""

    lipschitz = 1.0

    def __call__(self, X):
        soft = 0.1 * self.R / np.log(7)
        values = np.stack([dot(X, normal) for normal in self.normals])
        top = values.max(axis=0)
        return top + soft * np.log(np.exp((values - top) / soft).sum(axis=0)) - self.R


# Of the user's own


class Plain:
    """Inherits nothing."""

    lipschitz = 1.0

    def __init__(self, E, R):
        self.R = R

    def __call__(self, X):
        return np.linalg.norm(X, axis=-1) - self.R

    def excess(self, X):
        return np.linalg.norm(X.mean(axis=0)) - self.R


class Single:
    """Keeps everything in single precision, whatever it is given."""

    def __init__(self, E, R):
        self.E = E.astype(np.float32)
        self.R = np.float32(R)

    def __call__(self, X):
        return np.linalg.norm(X.astype(np.float32), axis=-1) - self.R

    def excess(self, X):
        return np.linalg.norm(X.astype(np.float32).mean(axis=0)) - self.R


class SingleInside(Single):
    """The same, and answers in double precision."""

    def __call__(self, X):
        return super().__call__(X).astype(np.float64)


class RowByRow(Plain):
    """A loop over the sites."""

    def __call__(self, X):
        if X.ndim == 1:
            return max(float(np.sqrt(sum(v * v for v in X.tolist()))) - self.R, -self.R)
        return np.array([self(x) for x in X], dtype=float)


class Follower:
    """The tracking ball, without the package."""

    moves = private = True

    def __init__(self, E, R):
        self.R, self.g, self.centre = R, 0 * E, 0 * E

    def begin(self, round):
        self.g = self.g if round.g is None else round.g

    def advance(self, t, own):
        self.centre = t * self.g

    def __call__(self, X):
        return norm(X - self.centre) - self.R

    def excess(self, X):
        return float(norm(X.mean(axis=0) - self.centre)) - self.R


class Former(Ball):
    """Half way behind the others, with the hooks of former times."""

    moving = True

    def __init__(self, E, R):
        super().__init__(E, R)
        self.g, self.shift = 0 * E, 0 * E

    def expect(self, g):
        self.g = g / 2

    def advance(self, t, own):
        self.shift = t * self.g

    def __call__(self, X):
        return super().__call__(X - self.shift)

    def excess(self, X):
        return super().excess(X - self.shift)


class Shrinking(Ball):
    """The radius becomes smaller while a round lasts; everybody knows the time."""

    moves = True
    t = 0

    def advance(self, t, own):
        self.t = t

    def __call__(self, X):
        return norm(X) - self.R / (1 + 0.1 * self.t)


class Caching(UpperNorm):
    """Keeps what depends on E only, and what it was asked last with all its bytes."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.last = b"", None

    def __call__(self, X):
        key = X.tobytes() + str(X.shape).encode() + str(X.dtype).encode()
        if self.last[0] != key:
            self.last = key, super().__call__(X)
        return np.copy(self.last[1])[()]


class CarefulLayers(PerLayer):
    """Each layer has R D_b/D, which is less than the R_b of its region."""

    def begin(self, round):
        super().begin(round)
        self.narrow = [(b, w * w) for b, w in self.blocks]
        self.lipschitz = max(w for _, w in self.narrow)

    def __call__(self, X):
        return np.max([norm(X[..., b]) * X.dtype.type(w) for b, w in self.narrow], axis=0) - self.R


class GrowingHonestly(Ball):
    """A radius and a region that grow from round to round, and only the sites know the round."""

    private = True
    room = 1.0

    def begin(self, round):
        self.room = 1 + 0.1 * round.ended

    def __call__(self, X):
        return norm(X) - self.R * self.room

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R * self.room


class Timid(Ball):
    """A tenth of the radius: safe for far more than its region."""

    def __call__(self, X):
        return norm(X) - 0.1 * self.R


class FlatInside(SafeFunction):
    """max(‖X‖ − R, −R/100): flat inside, so hardly any slack."""

    lipschitz = 1.0
    lowest_at_zero = True

    def __call__(self, X):
        return np.maximum(norm(X) - self.R, -self.R / 100)

    def excess(self, X):
        return float(norm(X.mean(axis=0))) - self.R


RIGHT = [
    TinyBall,
    HugeBall,
    TinyVariance,
    Fourth,
    Sixth,
    Exponential,
    Cosh,
    Softplus,
    Barrier,
    SteepBarrier,
    Reciprocal,
    Manhattan,
    Cube,
    SumOfBoth,
    LayersAdded,
    GroupLasso,
    LengthsAndHeights,
    Shifted,
    Blas,
    Covariance,
    Polyhedron,
    SmoothMaximum,
    Plain,
    Single,
    SingleInside,
    RowByRow,
    Follower,
    Former,
    Shrinking,
    Caching,
    CarefulLayers,
    GrowingHonestly,
    Timid,
    FlatInside,
]

"""Is my gradient right?  Compare it with central differences, block by block.

    (f(θ + ε) - f(θ - ε)) / 2ε  =  ∂f/∂θ + O(ε²)

One entry at a time, or, for large blocks, along a few random directions.  The report names *every* block that
was covered, so that no block can be forgotten silently.

>>> import numpy as np
>>> report = gradcheck(lambda b: (float(b["w"] @ b["w"]), {"w": 2 * b["w"]}), {"w": np.array([1.0, 2.0])})
>>> report.passed, list(report.errors)
(True, ['w'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from fgm_ref.arrays import Array, Shape
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.learning.params import Rng

Blocks = Mapping[str, Array]
Function = Callable[[dict[str, Array]], tuple[float, Blocks]]
"""From named blocks to a value and the gradient of every block."""


@dataclass(frozen=True)
class GradientReport:
    """The largest relative error of every block; print it, or call `raise_if_bad`."""

    errors: dict[str, float]
    tolerance: float

    @property
    def bad(self) -> list[str]:
        """The blocks whose gradient is wrong (or not a number)."""
        return [name for name in self.errors if not self._is_right(name)]

    @property
    def worst(self) -> float:
        """The largest error of all the blocks."""
        return float(np.max(list(self.errors.values())))

    @property
    def passed(self) -> bool:
        """Whether every block is right."""
        return not self.bad

    def raise_if_bad(self) -> None:
        """`AssertionError` that shows all the blocks, if any is wrong."""
        if self.bad:
            raise AssertionError(f"wrong gradient in {', '.join(self.bad)}\n{self}")

    def _is_right(self, name: str) -> bool:
        return self.errors[name] <= self.tolerance

    def __str__(self) -> str:
        lines = [f"{'block':<20} relative error (tolerance {self.tolerance:.0e})"]
        for name, error in self.errors.items():
            mark = "ok" if self._is_right(name) else "WRONG"
            lines.append(f"{name:<20} {error:8.1e}  {mark}")
        return "\n".join(lines)


def gradcheck(
    target: Model | Function,
    blocks: Blocks | None = None,
    *,
    directions: int = 0,
    epsilon: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    """Check the gradients of a model, or of any function of named float64 arrays.

    A float64 `Model` is checked at random weights on random data.  For weights and data of your own, say
    `gradcheck(*problem(model, P, x, y))`.  A function is checked at `blocks`: `target(blocks)` returns its value
    and, by name, the gradient of every block.  `directions` = 0 tries every entry; m > 0 tries m random
    directions of length 1 per block.

    The error of a block is its largest deviation, relative to its largest derivative (or to 1e-4 of the
    value, if its derivatives are all smaller: below that is rounding noise).

    Raises `ValueError` for numbers other than float64, and `AssertionError` for a block without a gradient of
    its own shape.
    """
    if isinstance(target, Model):
        target, blocks = problem(target, seed=seed)
    point = dict(blocks or {})
    _expect_float64(point)
    value, gradients = target(point)
    _expect_gradients(gradients, point)
    # copies, because the function may write its next gradients into the same arrays
    gradients = {name: np.array(gradients[name]) for name in point}
    noise = 1e-4 * max(1.0, abs(value))
    rng = np.random.default_rng(seed)
    errors = {}
    for name, block in point.items():
        exact = []
        numeric = []
        for d in _directions(block.shape, directions, rng):
            exact.append(np.sum(gradients[name] * d))
            numeric.append(_slope(target, point, name, d, epsilon))
        errors[name] = _relative_error(exact, numeric, noise)
    return GradientReport(errors, tolerance)


def problem(
    model: Model,
    P: Array | None = None,
    x: Array | None = None,
    y: Array | None = None,
    seed: int = 0,
) -> tuple[Function, dict[str, Array]]:
    """A model's loss as a function of its named blocks, and the blocks at P: what `gradcheck` takes.

    P (k, n), x (k, B, ...), y (k, B, ...) as in `Model.loss_and_gradient`; what is missing is random, with 2
    sites, 3 samples and 4 time steps.  The value is the *sum* of the sites' losses, so that a gradient that
    leaks from one site to another is found too.  Dropout draws the same masks in every call.
    """
    rng = np.random.default_rng(seed)
    if P is None:
        P = _random_weights(model, 2, rng)
    k = len(P)
    if x is None:
        x = _random_windows(model.spec, (k, 3, 4), rng)
    if y is None:
        y = _random_answers(model.spec, x.shape[:3], rng)

    def function(blocks: dict[str, Array]) -> tuple[float, Blocks]:
        rows = [block.reshape(k, -1) for block in blocks.values()]
        weights = np.concatenate(rows, axis=1)
        G = np.full_like(weights, np.nan)
        rngs = [np.random.default_rng([seed, site]) for site in range(k)]
        losses = model.loss_and_gradient(weights, x, y, G, rngs)
        return float(losses.sum()), model.layout.views(G)

    return function, model.layout.views(P)


def _random_weights(model: Model, k: int, rng: Rng) -> Array:
    """k draws of the initial weights, with biases that are not 0 either."""
    rows = [model.initial(rng) for _ in range(k)]
    P = np.stack(rows)
    P += 0.1 * rng.standard_normal(P.shape)
    return P


def _random_windows(spec: ModelSpec, sizes: Shape, rng: Rng) -> Array:
    """Token ids or numbers for `sizes` (k, B, T)."""
    shape = spec.shape_of_windows(*sizes)
    if spec.vocabulary:
        return rng.integers(spec.vocabulary, size=shape)
    return rng.standard_normal(shape)


def _random_answers(spec: ModelSpec, sizes: Shape, rng: Rng) -> Array:
    """Class ids or targets for `sizes` (k, B, T)."""
    shape = spec.shape_of_answers(*sizes)
    if spec.task == "classification":
        return rng.integers(spec.outputs, size=shape)
    return rng.standard_normal(shape)


def _expect_float64(blocks: Blocks) -> None:
    for name, block in blocks.items():
        if block.dtype != np.float64:
            raise ValueError(
                f"{name}: expected float64, got {block.dtype}, too coarse for differences"
            )


def _expect_gradients(gradients: Blocks, blocks: Blocks) -> None:
    """Every block needs a gradient of its own shape."""
    missing = []
    for name, block in blocks.items():
        if name not in gradients or np.shape(gradients[name]) != block.shape:
            missing.append(name)
    if missing:
        raise AssertionError(f"no gradient, or one of another shape, for {', '.join(missing)}")


def _directions(shape: Shape, count: int, rng: Rng) -> Iterator[Array]:
    """Every unit vector of this shape, or `count` random directions of length 1."""
    entries = prod(shape) if count == 0 else 0
    for entry in range(entries):
        d = np.zeros(prod(shape))
        d[entry] = 1
        yield d.reshape(shape)
    for _ in range(count):
        d = rng.standard_normal(shape)
        yield d / np.linalg.norm(d)


def _slope(
    function: Function, point: dict[str, Array], name: str, d: Array, epsilon: float
) -> float:
    """The central difference of the function at `point`, along the direction d of one block."""
    block = point[name]
    ahead, _ = function(point | {name: block + epsilon * d})
    behind, _ = function(point | {name: block - epsilon * d})
    return (ahead - behind) / (2 * epsilon)


def _relative_error(exact: list[float], numeric: list[float], noise: float) -> float:
    """The largest deviation, relative to the largest derivative or to `noise`."""
    deviation = np.abs(np.subtract(exact, numeric)).max()
    slopes = np.abs([exact, numeric])
    scale = np.maximum(slopes.max(), noise)
    return float(deviation / scale)

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
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, Shape
from fgm_ref.learning.model import Model

Function = Callable[[dict[str, Array]], tuple[float, Mapping[str, Array]]]


@dataclass(frozen=True)
class GradientReport:
    """The largest relative error of every block; print it, or call `raise_if_bad`."""

    errors: dict[str, float]
    tolerance: float

    @property
    def bad(self) -> list[str]:
        """The blocks whose gradient is wrong (or not a number)."""
        return [name for name, error in self.errors.items() if not error <= self.tolerance]

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

    def __str__(self) -> str:
        marks = {True: "ok", False: "WRONG"}
        lines = [
            f"{name:<20} {e:8.1e}  {marks[name not in self.bad]}" for name, e in self.errors.items()
        ]
        return "\n".join([f"{'block':<20} relative error (tolerance {self.tolerance:.0e})", *lines])


def gradcheck(
    target: Model | Function,
    blocks: Mapping[str, Array] | None = None,
    *,
    directions: int = 0,
    epsilon: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    """Check the gradients of a model, or of any function of named float64 arrays.

    A float64 `Model` is checked at random weights on random data.  A function is checked at `blocks`:
    `target(blocks)` returns its value and, by name, the gradient of every block.  `directions` = 0 tries
    every entry; m > 0 tries m random directions of length 1 per block.

    The error of a block is its largest deviation, relative to its largest derivative (or to 1e-4 of the
    value, if its derivatives are all smaller: below that is rounding noise).

    Raises `ValueError` for numbers other than float64, and `AssertionError` for a block without a gradient of
    its own shape.
    """
    if isinstance(target, Model):
        target, blocks = problem(target, seed=seed)
    function, point = target, dict(blocks or {})
    for name, block in point.items():
        if block.dtype != np.float64:
            raise ValueError(
                f"{name}: expected float64, got {block.dtype}, too coarse for differences"
            )
    value, gradients = function(point)
    gradients = {
        name: np.array(g) for name, g in gradients.items()
    }  # copies: the function may use buffers
    missing = [
        name
        for name in point
        if name not in gradients or gradients[name].shape != point[name].shape
    ]
    if missing:
        raise AssertionError(f"no gradient, or one of another shape, for {', '.join(missing)}")
    rng = np.random.default_rng(seed)
    errors = {}
    for name, block in point.items():
        exact, numeric = np.array(
            [
                (np.sum(gradients[name] * d), _slope(function, point, name, d, epsilon))
                for d in _directions(block.shape, directions, rng)
            ]
        ).T
        scale = np.max([1e-4 * max(1.0, abs(value)), np.abs(exact).max(), np.abs(numeric).max()])
        errors[name] = float(np.abs(exact - numeric).max() / scale)
    return GradientReport(errors, tolerance)


def gradcheck_model(
    model: Model,
    P: Array | None = None,
    x: Array | None = None,
    y: Array | None = None,
    *,
    seed: int = 0,
    **options: Any,
) -> GradientReport:
    """Check a float64 model at weights and data of your own: arguments as in `problem`, options as in `gradcheck`."""
    return gradcheck(*problem(model, P, x, y, seed), seed=seed, **options)


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
    spec, rng = model.spec, np.random.default_rng(seed)
    if P is None:
        P = np.stack([model.initial(rng) for _ in range(2)])
        P += 0.1 * rng.standard_normal(P.shape)
    k = len(P)
    if x is None:
        text = spec.vocabulary > 0
        x = (
            rng.integers(spec.vocabulary, size=(k, 3, 4))
            if text
            else rng.standard_normal((k, 3, 4, spec.features))
        )
    if y is None:
        shape = x.shape[:3] if spec.readout == "every" else x.shape[:2]
        classes = spec.task == "classification"
        y = (
            rng.integers(spec.outputs, size=shape)
            if classes
            else rng.standard_normal((*shape, spec.outputs))
        )

    def function(blocks: dict[str, Array]) -> tuple[float, Mapping[str, Array]]:
        weights = np.concatenate([block.reshape(k, -1) for block in blocks.values()], axis=1)
        G = np.full_like(weights, np.nan)
        rngs = [np.random.default_rng([seed, site]) for site in range(k)]
        return float(model.loss_and_gradient(weights, x, y, G, rngs).sum()), model.layout.views(G)

    return function, model.layout.views(P)


def _directions(shape: Shape, count: int, rng: np.random.Generator) -> Iterator[Array]:
    """Every unit vector of this shape, or `count` random directions of length 1."""
    for entry in range(prod(shape) if count == 0 else 0):
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
    ahead = function(point | {name: point[name] + epsilon * d})[0]
    behind = function(point | {name: point[name] - epsilon * d})[0]
    return (ahead - behind) / (2 * epsilon)

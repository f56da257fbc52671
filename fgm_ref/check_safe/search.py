"""The hunt for a counterexample: random cases, walks to the zone's boundary, optimisers, and a shrinker.

But finding nothing proves nothing: a proof of convexity, and one that the zone lies in the admissible region, do.
"""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.properties import PROPERTIES, Case, Property
from fgm_ref.check_safe.shrink import shrink
from fgm_ref.safe.function import Maker, SafeFunction

Rng = np.random.Generator
BASIC = {"finite", "batched", "pure"}  # with one of these broken, other numbers mean nothing
LAST = list(PROPERTIES)[-1]
TOLD = [
    *list(PROPERTIES)[1:],
    "runs",
]  # what cannot be evaluated in some dimension may be wrong in a plainer way
GRACE = 0.5  # so many seconds more after a find, for other properties


@dataclass(frozen=True, eq=False)
class Report:
    """What a hunt has found: the smallest `Case` for each broken property; and how many cases it `tried`.

    `shared` names what the class has changed of itself, as if it were one safe function's own.
    """

    found: Mapping[str, Case]
    tried: Mapping[str, int]
    seconds: float
    shared: tuple[str, ...] = ()

    @property
    def broken(self) -> set[str]:
        """The names of the broken properties."""
        return set(self.found)


def hunt(make: Maker, seed: int = 0, seconds: float = 10.0, least: int = 1) -> Report:
    """Try to prove wrong the safe functions that `make(E, R)` makes, for so many seconds.

    Every property gets its turn at least once.  Cases are shrunk to no fewer than `least` dimensions.  They depend
    on the seed only; how many of them there are depends on the computer.  Raises the `ValueError` of a maker that
    makes no safe function at all.
    """
    rng, start, before = np.random.default_rng(seed), time.monotonic(), class_state(make)
    with suppress(TypeError, ArithmeticError, AttributeError):  # the property `runs` tells of these
        make(np.array([3.0, 4.0]), 1.0)
    end = start + seconds
    found: dict[str, Case] = {}
    tried: Counter[str] = Counter()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for p, D in sweep():
            if p.name not in found:
                case, count = first_break(p, make, search(p, make, rng, D))
                tried[p.name] += count
                if case is not None:
                    found[p.name] = shrink(p, make, case, least)
                    end = min(end, time.monotonic() + GRACE)
            if p.name == LAST and (time.monotonic() > end or found.keys() & {*BASIC, "runs"}):
                break
    changed = sorted(
        name for name, value in class_state(make).items() if before.get(name) is not value
    )
    told = [name for name in TOLD if name in found and (name in BASIC or not found.keys() & BASIC)]
    return Report(
        {name: found[name] for name in told}, tried, time.monotonic() - start, tuple(changed)
    )


def sweep() -> Iterator[tuple[Property, int]]:
    """Every property in few dimensions, mostly in 2, over and over again."""
    for D in cycle((2, 2, 1, 2, 3, 5)):
        yield from ((p, D) for p in PROPERTIES.values())


def first_break(p: Property, make: Maker, cases: Iterator[Case]) -> tuple[Case | None, int]:
    """The first case that breaks `p`, if any, and how many were tried."""
    count = 0
    for count, case in enumerate(cases, 1):
        if p.margin(make, case) > 0:
            return case, count
    return None, count


def class_state(make: Maker) -> dict[str, object]:
    """What a class holds, to see whether it changes; empty if `make` is none."""
    target = make.args[-1] if isinstance(make, partial) and make.args else make
    return dict(vars(target)) if isinstance(target, type) else {}


def search(p: Property, make: Maker, rng: Rng, D: int, count: int = 15) -> Iterator[Case]:
    """Cases in which `p` may be broken: random ones, and one that an optimiser ends at."""
    for _ in range(count):
        case = draw(rng, D, p.rows or int(rng.choice((1, 2, 3, 4, 8))))
        yield case
        if p.name == "safe":
            yield from guarded(to_the_boundary, make, case)
    if p.name in ("safe", "convex", "lipschitz"):
        case = draw(rng, D, p.rows or int(rng.choice((1, 2, 3))))
        yield from guarded(climb_in_zone if p.name == "safe" else climb, make, case, p)


def guarded(
    method: Callable[..., Iterator[Case]], make: Maker, case: Case, *more: Property
) -> Iterator[Case]:
    """The cases of a search method; none if φ raises (which the property `runs` is for)."""
    try:
        yield from method(make, case, *more)
    except Exception:
        return


def draw(rng: Rng, D: int, n: int) -> Case:
    """A random case, with E, R and the drifts in all proportions, and drifts of six kinds."""
    E = rng.normal(size=D) * np.exp(rng.uniform(-1.5, 1.5))
    R = float(norm(E) * np.exp(rng.uniform(-2.5, 0.7)))
    U = rng.normal(size=(n, D))
    X = U / norm(U)[:, None] * R * np.exp(rng.uniform(-3, 1.5, size=(n, 1)))
    sign = np.where(np.arange(n) % 2, -1, 1)[:, None]
    kinds = (
        X,
        np.tile(X[0], (n, 1)),  # each its own way; all the same way
        0.3 * X + sign * X[0] * 2,
        X * (np.arange(n) == 0)[:, None],  # two opposite ways; one site alone
        X * 0.1 + rng.uniform(-3, 3, size=(n, 1)) * E,
        X * 0.1 - E,  # along E; near the origin of all models
    )
    g = rng.normal(size=D) * R * rng.uniform(0, 0.5)
    return Case(E, R, kinds[rng.integers(len(kinds))], g, rng.integers(0, 10, size=n))


def origin(zone: SafeFunction, case: Case) -> Array:
    """Where the drifts are that a zone expects: 0, or along the way with the others (n, D)."""
    return np.zeros_like(case.X) if zone.stands_still else case.own[:, None] * case.g


def to_the_boundary(make: Maker, case: Case) -> Iterator[Case]:
    """Stretch all drifts by one factor, to the last point of the ray at which Σ φ(X_i) ≤ 0, by bisection."""
    zone = case.zone(make)
    middle = origin(zone, case)

    def at(t: float) -> Array:
        return middle + t * case.X

    def quiet(t: float) -> bool:
        return bool(np.sum(zone(at(t))) <= 0)

    stretches = 2.0 ** np.arange(-4, 8)
    inside = [t for t in stretches if quiet(t)]
    yield from (replace(case, X=at(t)) for t in inside[::3])
    if inside:
        low, high = inside[-1], 2 * inside[-1]
        for _ in range(25):
            half = (low + high) / 2
            low, high = (half, high) if quiet(half) else (low, half)
        yield replace(case, X=at(low))


def climb_in_zone(make: Maker, case: Case, p: Property) -> Iterator[Case]:
    """Let an optimiser carry the drifts as far outside as Σ φ(X_i) ≤ 0 permits (sequential least squares)."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    zone = case.zone(make)
    shape, start = case.X.shape, origin(zone, case)
    found = minimize(
        lambda x: -zone.excess(x.reshape(shape)),
        (start + 0.1 * case.X).ravel(),
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda x: -float(np.sum(zone(x.reshape(shape))))},
        options={"maxiter": 40},
    ).x.reshape(shape)
    if np.isfinite(found).all():
        yield from (
            replace(case, X=start + t * (found - start)) for t in (1, 1 - 1e-6, 1 - 1e-3, 0.97)
        )


def climb(make: Maker, case: Case, p: Property) -> Iterator[Case]:
    """Let an optimiser make the claim's left side as large as it can against the right one (Nelder and Mead)."""
    from scipy.optimize import minimize

    def right_minus_left(x: Array) -> float:
        left, right = p.measure(make, replace(case, X=x.reshape(case.X.shape)))
        return right - left

    found = minimize(
        right_minus_left, case.X.ravel(), method="Nelder-Mead", options={"maxfev": 150}
    )
    yield replace(case, X=found.x.reshape(case.X.shape))

"""Smaller counterexamples: fewer sites, fewer dimensions, rounder numbers, less to be told."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice, product, takewhile
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case
from fgm_ref.check_safe.judge import Property
from fgm_ref.check_safe.rays import origin, outermost
from fgm_ref.safe.function import Maker

CLEARLY = 0.05
"""A counterexample that rounding could explain convinces nobody."""

TINY = 4000
"""So many cases with hardly any numbers are tried first."""

SECONDS = 5.0
"""So long smaller cases are looked for; only a slow φ takes as long."""

SLOW = {"tireless"}
"""Too slow to be asked thousands of times; its cases are small anyway."""

VALUES = (0.0, 1.0, -1.0, 2.0, -2.0, 1.5, -1.5, 0.5, -0.5)
"""The numbers of a tiny drift."""

HOW_MANY = {1: 9, 2: 9, 3: 5, 4: 3}
"""How many of them, by how many numbers there are."""

SIZES = ((1, 1.0), (2, 1.0), (1, 2.0), (1, 0.5), (1, 0.25))
"""‖E‖ and R."""


def shrink(
    p: Property,
    make: Maker,
    case: Case,
    least: int = 1,
) -> Case:
    """The smallest case found that still breaks `p` clearly, of no fewer than `least` dimensions."""
    if p.name in SLOW:
        return case.sites(slice(2))
    enough = min(p.margin(make, case) / 2, CLEARLY)
    end = time.process_time() + SECONDS
    for small in islice(until(end, tiny(p, case, least)), TINY):
        if p.broken(make, small, enough):
            return small
    smaller: Case | None = case
    while smaller is not None:
        case = smaller
        candidates = until(end, cheaper(p, case.of(make), least))
        smaller = next((one for one in candidates if p.broken(make, one, enough)), None)
    return positive_zeros(case)


def until(end: float, cases: Iterable[Case]) -> Iterator[Case]:
    """As many of the cases as there is time for."""
    return takewhile(lambda _: time.process_time() < end, cases)


def cheaper(p: Property, case: Case, least: int) -> Iterator[Case]:
    """Cases that cost less."""
    for one in simpler(p, case, least):
        if cost(one) < cost(case) and one.E.any():
            yield one


def positive_zeros(case: Case) -> Case:
    """The case without −0."""
    E = case.E + 0.0
    X = case.X + 0.0
    g = case.g + 0.0
    return replace(case, E=E, X=X, g=g)


def tiny(p: Property, case: Case, least: int) -> Iterator[Case]:
    """The cases with hardly any numbers in them, all small and round, from the smallest up."""
    most = max(least, min(2, case.D))
    dimensions = range(least, most + 1)
    sites = range(1, len(case.X) + 1)
    if p.rows:
        sites = range(p.rows, p.rows + 1)
    for n, D in product(sites, dimensions):
        if n * D in HOW_MANY:
            yield from tiny_ones(case, n, D)


def tiny_ones(case: Case, n: int, D: int) -> Iterator[Case]:
    """Those of n sites in D dimensions."""
    axis = np.eye(D)[0]
    home = np.zeros(n, int)
    choices = product(tellings(case, n, D), SIZES, round_drifts(n, D))
    for told, (length, R), X in choices:
        one = Case(length * axis, R, X, 0 * axis, home)
        yield replace(one, **told).cast(case.E.dtype)


def round_drifts(n: int, D: int) -> list[Array]:
    """Stacks (n, D) of round numbers, the smallest first."""
    values = VALUES[: HOW_MANY[n * D]]
    numbers = product(values, repeat=n * D)
    stacks = [np.reshape(x, (n, D)) for x in numbers]
    return sorted(stacks, key=length)


def length(X: Array) -> tuple[float, float]:
    """Small numbers first, and of these the positive ones."""
    return float(np.abs(X).sum()), -float(X.sum())


def tellings(case: Case, n: int, D: int) -> list[dict[str, Any]]:
    """What the tiny cases are told of layers, of the last round and of the time: nothing, or little."""
    told: list[dict[str, Any]] = [{}]
    if case.ended or case.time:
        little = {
            "ended": 1,
            "g": np.eye(D)[0],
            "own": np.arange(n),
            "t": min(1, case.time),
        }
        told.append(little)
    if case.blocks and D > 1:
        halves = (slice(0, 1), slice(1, D))
        told.append({"blocks": halves})
    return told


def cost(case: Case) -> float:
    """How long a case is to write down; a site more is worse than any digits."""
    told = [case.t, case.ended, case.last - 1, len(case.blocks)]
    arrays: list[Any] = [case.E, case.X.ravel(), case.g, case.own, told]
    numbers = np.append(np.concatenate(arrays), case.R)
    price = 1000 * len(case.X) + 100 * case.D
    price += sum(len(f"{abs(v):.6g}") for v in numbers if v)
    signs = 0.1 * float((numbers < 0).sum())
    radius = 0.5 * (case.R != 1)
    return price + signs + radius + 0.001 * sum(told)


def simpler(p: Property, case: Case, least: int) -> Iterator[Case]:
    """Candidates, the boldest first."""
    yield from smaller_ones(p, case, least)
    yield from told_less(case)
    yield from shorter(case)
    yield from rounded(case)


def smaller_ones(p: Property, case: Case, least: int) -> Iterator[Case]:
    """A site less, or a dimension."""
    n = len(case.X)
    if p.rows == 0 and n > 1:
        yield from fewer_sites(p, case)
    if len(planes(case)) < case.D:
        yield turned(case)
    if least < case.D:
        for d in range(case.D):
            yield without(case, d)


def fewer_sites(p: Property, case: Case) -> Iterator[Case]:
    """One site at the mean, half of them, or all but one; at the zone's boundary, if that is where they were."""
    n = len(case.X)
    mean = case.X.mean(axis=0, keepdims=True)
    yield case.sites([0]).at(mean)
    everybody = np.arange(n)
    groups = np.array_split(everybody, 2)
    groups += [np.delete(everybody, i) for i in range(n)]
    for some in groups:
        few = case.sites(some)
        yield few
        if p.name == "safe":
            yield stretched(few)


def stretched(case: Case) -> Case:
    """The drifts as long as Σ φ(X_i) ≤ 0 permits."""
    rays = case.X - origin(case.zone(), case)
    X, _ = outermost(case, rays[None])
    return case.at(X)


def planes(case: Case) -> Array:
    """Orthonormal rows that span the drifts, E and g, if there are fewer of them than dimensions: (r, D)."""
    vectors = np.vstack([case.X, case.E, case.g])
    return np.linalg.qr(vectors.T.astype(float)).Q.T


def turned(case: Case) -> Case:
    """The same case in the dimensions that it needs."""
    axes = planes(case)
    E = case.typed(axes @ case.E)
    X = case.typed(case.X @ axes.T)
    g = case.typed(axes @ case.g)
    return replace(case, E=E, X=X, g=g, blocks=())


def without(case: Case, d: int) -> Case:
    """The case without number d of the vector."""
    E = np.delete(case.E, d)
    X = np.delete(case.X, d, axis=1)
    g = np.delete(case.g, d)
    blocks = []
    for block in case.blocks:
        start = block.start - (block.start > d)
        stop = block.stop - (block.stop > d)
        if stop > start:
            blocks.append(slice(start, stop))
    return replace(case, E=E, X=X, g=g, blocks=tuple(blocks))


def told_less(case: Case) -> Iterator[Case]:
    """Less to be told when the round starts, and while it lasts."""
    at_once = replace(case, own=0 * case.own, t=0)
    yield replace(at_once, g=0 * case.g, ended=0, last=1)
    yield replace(case, blocks=())
    yield at_once
    yield replace(case, g=0 * case.g, ended=0, last=1)
    yield replace(case, g=0 * case.g)
    yield replace(case, last=1)
    for fewer in (1, case.ended // 2, case.ended - 1):
        yield replace(case, ended=min(max(0, fewer), case.ended))
    for t in (1, case.t // 2):
        own = np.minimum(case.own, t)
        yield replace(case, t=min(t, case.t), own=own)


def shorter(case: Case) -> Iterator[Case]:
    """E of length 1 along an axis, or everything as many times as short as R or E are long."""
    axis = np.eye(case.D, dtype=case.E.dtype)[0]
    length = float(norm(case.E))
    yield replace(case, E=axis, R=1.0)
    yield scaled(case, 1 / case.R)
    yield scaled(case, 1 / length)
    yield replace(case, E=axis * round(length))


def scaled(case: Case, a: float) -> Case:
    """Everything a times as long."""
    E = a * case.E
    R = a * case.R
    X = a * case.X
    g = a * case.g
    return replace(case, E=E, R=R, X=X, g=g)


def rounded(case: Case) -> Iterator[Case]:
    """Everything rounded, then one array or one number of it."""
    for digits in (0, 1, 2):
        R = round(case.R, digits) or case.R
        E = case.E.round(digits)
        X = case.X.round(digits)
        g = case.g.round(digits)
        yield replace(case, E=E, R=R, X=X, g=g)
        yield replace(case, R=R)
        for name in ("E", "g", "X", "own"):
            for array in fewer_digits(getattr(case, name), digits):
                change: dict[str, Any] = {name: array}
                yield replace(case, **change)


def fewer_digits(array: Array, digits: int) -> Iterator[Array]:
    """An array, or one number of it, set to 0, rounded, or cut."""
    power = 10**digits
    cut = np.trunc(array * power) / power
    rounded = array.round(digits)
    for new in (0 * array, rounded, cut.astype(array.dtype)):
        yield new
        for place in np.argwhere(array != new):
            one = array.copy()
            one[tuple(place)] = new[tuple(place)]
            yield one

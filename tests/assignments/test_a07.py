"""a07 Move budget, not models: the average is preserved, the budget is not exceeded, few are moved."""

import numpy as np
import pytest
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.safe.zones import Ball, HalfSpace

MEAN = "the docstring of the module: Σ X_i stays; tutorial 07, rebalancing"
JENSEN = "tutorial 06: φ(mean) ≤ mean of φ"
SETS = "tutorial 07, balancing sets; fgm_ref/protocols/gm_reb.py"
BUDGET = "the docstring of `share`; tutorial 08, what ψ is"
SIZES = st.fixed_dictionaries(
    {"k": st.integers(2, 7), "D": st.integers(1, 4), "seed": st.integers(0, 10**6)}
)


def situation(k, D, seed):
    """Drifts of which some stick out, a safe function, and a generator."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((k, D)) * np.exp(rng.uniform(-1, 1, (k, 1)))
    X -= rng.choice((0.0, 0.8)) * X.mean(axis=0)
    zone = rng.choice([Ball, HalfSpace])(
        rng.standard_normal(D), float(rng.choice((0.503, 1.007, 2.011)))
    )
    return X.round(2), zone, rng  # with these radii, no mean is exactly on the boundary


@pytest.mark.points(4)
@cases()
@given(size=SIZES)
def test_balance(student, size):
    X, zone, rng = situation(**size)
    members = rng.permutation(len(X))[: rng.integers(1, len(X) + 1)].tolist()
    before, new = X.copy(), np.asarray(student.balance(X, list(members)), float)
    numbers = {"X": before, "members": members, "got": new}
    holds(
        np.array_equal(X, before),
        "the drifts that are handed in stay as they are",
        "`copy`",
        **numbers,
    )
    holds(
        new.shape == X.shape,
        f"one drift for each site, {X.shape}; got {new.shape}",
        "the docstring",
    )
    close(new.sum(axis=0), X.sum(axis=0), "Σ X_i stays", MEAN, X=before, members=members)
    others = [i for i in range(len(X)) if i not in members]
    holds((new[others] == X[others]).all(), "who is no member stays", "the docstring", **numbers)
    holds(
        np.ptp(new[members], axis=0) < 1e-9,
        "all members have the same drift",
        "the docstring",
        **numbers,
    )
    holds(zone(new).sum() <= zone(X).sum() + 1e-9, "Σ φ does not grow", JENSEN, **numbers)


@pytest.mark.points(4)
@cases()
@given(size=SIZES)
def test_gather(student, size):
    X, zone, rng = situation(**size)
    order = rng.permutation(len(X))[: rng.integers(1, len(X) + 1)].tolist()
    got = student.gather(X.copy(), list(order), zone)
    fine = [n for n in range(1, len(order) + 1) if zone(X[order[:n]].mean(axis=0)) <= 0]
    want = order[: fine[0]] if fine else None
    same = got == want if want is None or got is None else list(got) == want
    holds(
        same,
        "the shortest beginning of `order` whose mean has φ ≤ 0",
        SETS,
        X=X,
        order=order,
        R=zone.R,
        got=got,
        should_be=want,
    )


@pytest.mark.points(4)
@cases()
@given(size=SIZES, nobody=st.booleans())
def test_share(student, size, nobody):
    X, zone, rng = situation(**size)
    values, weights = zone(X), rng.dirichlet(np.ones(len(X)))
    if nobody:
        weights = np.eye(len(X))[0]
    d = student.share(values.copy(), weights.copy())
    numbers = {"values": values, "weights": weights}
    close(
        np.shape(d), values.shape, "a budget for each site: the shape", "the docstring", **numbers
    )
    close(np.sum(d), 0.0, "budgets are moved, none is made: Σ d_i = 0", BUDGET, **numbers)
    close(
        values + d,
        weights * values.sum(),
        "φ_i + d_i is this site's part of Σ φ",
        BUDGET,
        **numbers,
    )


@pytest.mark.points(5)
@cases()
@given(size=SIZES)
def test_rebalance(student, size):
    X, zone, _ = situation(**size)
    before, new = X.copy(), np.asarray(student.rebalance(X, zone), float)
    numbers = {"X": before, "zone": type(zone).__name__, "R": zone.R, "got": new}
    holds(
        np.array_equal(X, before),
        "the drifts that are handed in stay as they are",
        "`copy`",
        **numbers,
    )
    holds(
        new.shape == X.shape,
        f"one drift for each site, {X.shape}; got {new.shape}",
        "the docstring",
    )
    close(new.sum(axis=0), X.sum(axis=0), "Σ X_i stays", MEAN, X=before, R=zone.R)
    if zone(X).max() <= 0:
        holds((new == X).all(), "nobody moves if nobody has φ > 0", "the docstring", **numbers)
    elif zone(X.mean(axis=0)) <= 0:
        after = zone(new)
        holds(
            after.max() <= 1e-9,
            "φ(mean X) ≤ 0, so φ ≤ 0 at all sites afterwards",
            JENSEN,
            **numbers,
            phi=after,
        )


@pytest.mark.points(3)
def test_rebalance_moves_few(student, variant):
    moved = []
    for seed in range(300):
        X, zone, _ = situation(6, 3, variant.number("few") + seed)
        if zone(X).max() > 0 >= zone(X.mean(axis=0)):
            new = np.asarray(student.rebalance(X.copy(), zone), float)
            holds(
                zone(new).max() <= 1e-9,
                "φ ≤ 0 at all sites afterwards",
                JENSEN,
                X=X,
                R=zone.R,
                got=new,
            )
            moved.append(float((new != X).any(axis=1).mean()))
    share = float(np.mean(moved))
    holds(share <= 0.75, "on average at most three quarters of the sites move", SETS, share=share)

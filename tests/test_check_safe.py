"""The hunter: it finds every planted mistake, shows it in small numbers, and lets right functions pass."""

import os
import time
import warnings

import numpy as np
import pytest
import right_safe
from wrong_safe import (
    FLEETING,
    LARGE,
    WIDE,
    WRONG,
    ClaimsTheVariance,
    GrowsWithTime,
    Needle,
    NonConvex,
    NoRows,
    OwnStepsSpread,
    StaleReference,
)

from fgm_ref.check_safe import memory, search, tell
from fgm_ref.check_safe import shrink as shrinking
from fgm_ref.check_safe.case import Case
from fgm_ref.check_safe.draws import draw
from fgm_ref.check_safe.properties import PROPERTIES, REMARKS
from fgm_ref.check_safe.search import hunt
from fgm_ref.check_safe.seek import METHODS, OPTIMISERS
from fgm_ref.check_safe.shrink import cost, shrink
from fgm_ref.safe import Ball, Variance, safe_function

RIGHT = {name: safe_function(name) for name in right_safe.NAMES}
RIGHT |= {one.__name__: one for one in right_safe.RIGHT}
a_search = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "thorough", reason="make guarantees"
)
every_right_one = pytest.mark.parametrize("name", RIGHT)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_finds_every_mistake(wrong):
    report = hunt(wrong, seconds=2)
    assert report.broken & WRONG[wrong]
    for name, case in report.found.items():  # small, and really one
        assert (case.X.shape[0] <= 3 and case.X.shape[1] <= 3) or wrong in LARGE
        assert PROPERTIES[name].margin(wrong, case) > 0 or wrong.__name__ in FLEETING
    words = "\n".join(tell(wrong.__name__, wrong, report))
    assert "counterexample 1 of" in words and all(
        PROPERTIES[name].claim in words for name in report.broken
    )


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_finds_every_mistake_with_another_seed(wrong):
    assert hunt(wrong, seed=1, seconds=2).broken & WRONG[wrong]


@every_right_one
def test_right_functions_pass(name):
    report = hunt(RIGHT[name], seed=1, seconds=0.4)
    assert not report.found
    assert not report.shared
    assert set(report.tried) == set(PROPERTIES)


@a_search
@every_right_one
def test_right_functions_pass_for_longer(name):
    assert not hunt(RIGHT[name], seed=2, seconds=1.2).found


@pytest.mark.parametrize("name", right_safe.NAMES)
@pytest.mark.parametrize("D", [1, 3])
def test_no_method_stumbles(name, D):
    # what a method raises is taken for an error of φ, so it must not raise of its own
    rng = np.random.default_rng(D)
    for dtype in (np.float64, np.float32):
        for p in (*PROPERTIES.values(), *REMARKS):
            case = draw(rng, D, p.rows or 3, dtype).of(safe_function(name))
            methods = {METHODS[p.name][0]} if p.name in METHODS else set()
            if p.name in OPTIMISERS:
                methods.add(OPTIMISERS[p.name])
            with np.errstate(all="ignore"):
                found = [one for method in methods for one, _ in method(case, rng)]
                for one in (case, *found):
                    p.measure(one)


def test_other_seeds_find_it_too():
    for seed in range(1, 5):
        assert "safe" in hunt(NonConvex, seed=seed, seconds=2).broken


def test_the_smallest_counterexamples():
    # one site away by 1.5 and one at home: mean ‖X‖ = 0.75 ≤ 1, mean ‖X‖² = 1.125 > 1
    case = hunt(ClaimsTheVariance, seconds=2).found["safe"]
    assert case.E.tolist() == [1] and case.R == 1 and sorted(case.X.ravel().tolist()) == [0, 1.5]
    # own steps: the sites did what was expected of them, and are far apart
    case = hunt(OwnStepsSpread, seconds=2).found["safe"]
    assert case.X.shape == (2, 1) and case.g.any() and case.own.any()


def test_nobody_is_told_of_rounds_without_need():
    # the radius grows with the time, whatever the last round was like
    assert hunt(GrowsWithTime, seconds=2).found["safe"].ended == 0


def test_shrinking_step_by_step():
    # 6 sites in 5 dimensions, odd numbers, too many for the tiny cases: fewer and rounder, and still broken
    rng = np.random.default_rng(0)
    case = Case(
        rng.normal(size=5), 0.777, rng.normal(size=(6, 5)) * 20, np.zeros(5), np.zeros(6, int)
    )

    class Far(Ball):
        def __call__(self, X):
            return super().__call__(X) / 100 - self.R

        def excess(self, X):
            return super().excess(X) - 8 * self.R

    smaller = shrink(PROPERTIES["safe"], Far, case)
    assert PROPERTIES["safe"].margin(Far, smaller) > 0
    assert cost(smaller) < cost(case)
    assert len(smaller.X) == 1 and len(smaller.E) <= 2
    assert (smaller.X.round(2) == smaller.X).all()


def test_what_belongs_to_the_object_is_missed_in_the_class(monkeypatch):
    monkeypatch.setattr(StaleReference, "first", None)
    assert hunt(StaleReference, seconds=2).shared == ("first",)
    assert hunt(Ball, seconds=0.1).shared == ()


def test_an_error_is_a_counterexample():
    class Fails(Ball):
        def __call__(self, X):
            if len(self.E) > 2:
                raise IndexError("only for planes")
            return super().__call__(X)

    case = hunt(Fails, seconds=2).found["runs"]
    assert len(case.E) == 3


def test_the_same_seed_finds_the_same():
    one, two = hunt(NonConvex, seed=3, seconds=2), hunt(NonConvex, seed=3, seconds=2)
    np.testing.assert_array_equal(one.found["safe"].X, two.found["safe"].X)


def test_the_same_seed_asks_the_same():
    one, two, other = (hunt(Ball, seed=seed, seconds=0.1) for seed in (4, 4, 5))
    assert one.tried == two.tried and one.asked == two.asked
    assert one.tried != other.tried


def test_what_was_asked():
    report = hunt(Variance, seconds=0.1)
    asked = report.asked
    assert {1, 2, 3, 5, 8} <= asked.dimensions and {1, 2, 3, 4, 8, 33} == asked.sites
    assert asked.dtypes == {"float32", "float64"} and {0, 1, 2, 3, 4} == asked.layers
    assert min(asked.radii) < 0.05 and max(asked.radii) > 1
    assert {1, 2, 3, 10, 100} == asked.rounds and {0, 1, 2, 3, 5, 9, 30, 300} == asked.times
    assert report.tried["lipschitz"] == report.tried["eikonal"] == 0 < report.tried["lowest"]
    assert report.sweeps == report.planned


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_in_any_units(unit):
    # in both precisions: neither missed nor called wrong
    class Right(Ball):
        lipschitz = unit
        eikonal = False

        def __call__(self, X):
            return unit * super().__call__(X)

    class Wrong(Needle):
        lipschitz = None
        eikonal = False

        def __call__(self, X):
            return unit * super().__call__(X)

    assert not hunt(Right, seconds=0.5).found
    assert hunt(Wrong, seconds=2).broken & {"convex", "safe"}


def test_a_violation_by_rounding_is_none():
    # near the pole of a barrier the last places are magnified ten million times
    rng = np.random.default_rng(0)
    barrier, convex = right_safe.SteepBarrier, PROPERTIES["convex"]
    margins = []
    for _ in range(2000):
        x = np.array([np.sqrt(1.2 - 1e-5 * rng.uniform(0.9, 1.1)), 0])
        X = np.stack([x, x * (1 - 1e-12)])
        case = Case(np.ones(2), 1.0, X, np.zeros(2), np.zeros(2, int))
        margins.append(convex.margin(barrier, case))
        assert not convex.broken(barrier, case)
    assert max(margins) > 0


def test_a_warning_is_no_verdict():
    class Warns(NonConvex):
        def __call__(self, X):
            warnings.warn("there is a better way", DeprecationWarning, stacklevel=2)
            return super().__call__(X)

    report = hunt(Warns, seconds=2)
    assert "safe" in report.broken
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, case in report.found.items():
            assert PROPERTIES[name].margin(Warns, case) > 0


@pytest.mark.parametrize("wide", WIDE)
def test_a_wider_region_is_worth_a_remark(wide):
    report = hunt(wide, seconds=0.5)
    assert not report.found and "layers" in report.notes[0]


def test_remarks_prove_nothing_wrong():
    report = hunt(right_safe.Fourth, seconds=0.5)
    assert not report.found and "reach" in report.notes[0]
    report = hunt(NoRows, seconds=0.5)
    assert not report.found and "no drifts" in report.notes[0]
    report = hunt(right_safe.Former, seconds=0.5)
    assert not report.found and "lowest_at_zero" in " ".join(report.notes)
    report = hunt(right_safe.Single, seconds=0.5)
    assert "single precision" in report.notes[0] and report.asked.dtypes == {"float32"}
    assert "Note: " in "\n".join(tell("Single", right_safe.Single, report))


class Slow(Ball):
    """A fifth of a millisecond for each drift, as a solver may take it."""

    calls = 0

    def __call__(self, X):
        Slow.calls += 1
        end = time.process_time() + 2e-4 * X[..., 0].size
        while time.process_time() < end:
            pass
        return super().__call__(X)


def test_a_slow_function_is_asked_less(monkeypatch):
    monkeypatch.setattr(search, "PATIENCE", 0)
    monkeypatch.setattr(memory, "SECONDS", 0)
    report = hunt(Slow, seconds=1)
    assert report.sweeps == 1 and not report.found
    assert max(report.asked.sites) <= 4
    assert all(report.tried[name] for name in set(PROPERTIES) - {"reach"})  # which is not claimed
    assert report.tried["numbering"] == report.tried["tireless"] == 1
    assert "φ is slow" in "\n".join(tell("Slow", Slow, report))


def test_the_counterexample_of_a_slow_function_is_shrunk_less(monkeypatch):
    rng = np.random.default_rng(0)
    case = Case(np.ones(4), 1.0, rng.normal(size=(6, 4)), np.zeros(4), np.zeros(6, int))

    class Narrow(Slow):
        def excess(self, X):
            return super().excess(X) + 0.99 * self.R

    calls = []
    for seconds in (0, 5):
        monkeypatch.setattr(shrinking, "SECONDS", seconds)
        Slow.calls = 0
        smaller = shrink(PROPERTIES["safe"], Narrow, case.at(0.2 * case.X))
        calls.append(Slow.calls)
        assert PROPERTIES["safe"].margin(Narrow, smaller) > 0
    assert calls[0] < 10 < calls[1]


def test_sites_that_are_safe_only_together_count():
    # φ = ‖X‖ − 1 is 0.5 at one site and −1 at the other: FGM is content, and mean ‖X‖² = 1.125 is outside of R² = 1
    case = Case(np.ones(1), 1.0, np.array([[0.0], [1.5]]), np.zeros(1), np.zeros(2))
    assert PROPERTIES["safe"].margin(ClaimsTheVariance, case) == pytest.approx(0.125, abs=1e-5)
    assert PROPERTIES["safe"].margin(Ball, case) < 0  # ‖mean X‖ = 0.75
    far = Case(np.ones(1), 1.0, np.array([[0.0], [2.1]]), np.zeros(1), np.zeros(2))
    assert PROPERTIES["safe"].margin(ClaimsTheVariance, far) == -np.inf  # Σφ > 0: somebody speaks

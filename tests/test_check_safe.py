"""The hunter: it finds every planted mistake, shows it in small numbers, and lets right functions pass."""

import json

import numpy as np
import pytest
from wrong_safe import WRONG, ClaimsTheVariance, NonConvex, OwnStepsSpread, StaleReference

from fgm_ref.check_safe import main, tell
from fgm_ref.check_safe.properties import PROPERTIES, Case
from fgm_ref.check_safe.search import hunt
from fgm_ref.check_safe.shrink import cost, shrink
from fgm_ref.safe import CATALOGUE, Ball, safe_function

RIGHT = [
    *CATALOGUE,
    "cheap:cap",
    "cheap:upper-norm",
    "ball+cap",
    "half-space+upper-norm",
    "tracking+cap",
    "decay:tracking",
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_finds_every_mistake(wrong):
    report = hunt(wrong, seconds=20)
    assert report.broken & WRONG[wrong]
    assert report.seconds < 20
    for name, case in report.found.items():  # small, and really one
        assert case.X.shape[0] <= 3 and case.X.shape[1] <= 3
        assert PROPERTIES[name].margin(wrong, case) > 0 or wrong.__name__ == "Noisy"
    words = "\n".join(tell(wrong.__name__, wrong, report))
    assert "counterexample 1 of" in words and all(
        PROPERTIES[name].claim in words for name in report.broken
    )


@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_pass(name):
    report = hunt(safe_function(name), seed=1, seconds=0.4)
    assert not report.found
    assert not report.shared
    assert set(report.tried) == set(PROPERTIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_pass_for_longer(name):
    assert not hunt(safe_function(name), seed=2, seconds=1.2).found


def test_other_seeds_find_it_too():
    for seed in range(1, 5):
        assert "safe" in hunt(NonConvex, seed=seed, seconds=10).broken


def test_the_smallest_counterexamples():
    # one site away by 1.5 and one at home: mean ‖X‖ = 0.75 ≤ 1, mean ‖X‖² = 1.125 > 1
    case = hunt(ClaimsTheVariance, seconds=10).found["safe"]
    assert case.E.tolist() == [1] and case.R == 1 and sorted(case.X.ravel().tolist()) == [0, 1.5]
    # own steps: the sites did what was expected of them, and are far apart
    case = hunt(OwnStepsSpread, seconds=10).found["safe"]
    assert case.X.shape == (2, 1) and case.g.any() and case.own.any()


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
    assert hunt(StaleReference, seconds=10).shared == ("first",)
    assert hunt(Ball, seconds=0.1).shared == ()


def test_an_error_is_a_counterexample():
    class Fails(Ball):
        def __call__(self, X):
            if len(self.E) > 2:
                raise IndexError("only for planes")
            return super().__call__(X)

    case = hunt(Fails, seconds=10).found["runs"]
    assert len(case.E) == 3


def test_the_same_seed_finds_the_same():
    one, two = hunt(NonConvex, seed=3, seconds=10), hunt(NonConvex, seed=3, seconds=10)
    np.testing.assert_array_equal(one.found["safe"].X, two.found["safe"].X)


def test_words(capsys):
    assert main(["wrong_safe:NonConvex"]) == 1
    words = capsys.readouterr().out
    for part in ("counterexample 1 of", "Σ φ(X_i)", "k = 2 sites", "excess =", "half way", "X_2 ="):
        assert part in words
    assert main(["ball", "--seconds", "0.3"]) == 0
    words = capsys.readouterr().out
    assert "no counterexample" in words and "no proof" in words


def test_json(capsys):
    assert main(["wrong_safe:DriftTwice", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["function"] == "wrong_safe:DriftTwice" and set(report["found"]) >= {"zero"}
    assert {"claim", "E", "R", "X", "words"} <= set(report["found"]["zero"])


@pytest.mark.parametrize(
    "name, code", [("NonConvex", 1), ("OwnStepsSpread", 1), ("AllRowsAsOne", 1)]
)
def test_picture(name, code, tmp_path, capsys):
    path = tmp_path / "why.png"
    assert main([f"wrong_safe:{name}", "--plot", str(path)]) == code
    drawn = name != "AllRowsAsOne"  # no picture shows a wrong shape
    assert path.exists() == drawn
    assert ("none" in capsys.readouterr().err) != drawn


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["blob"], "expected one of"),
        (["no_such_module:Zone"], "no_such_module.py"),
        (["wrong_safe:Zork"], "'Zork'"),
        (["cheap:variance"], "1-Lipschitz"),
        (["ball", "--seed", "-1"], "seed"),
    ],
)
def test_usage(arguments, word, capsys):
    assert main(arguments) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "31", "soon", "nan"])
def test_bad_seconds(seconds, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["ball", "--seconds", seconds])
    assert stopped.value.code == 2


def test_help_opens_with_examples(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith("examples:")


def test_sites_that_are_safe_only_together_count():
    # φ = ‖X‖ − 1 is 0.5 at one site and −1 at the other: FGM is content, and mean ‖X‖² = 1.125 is outside of R² = 1
    case = Case(np.ones(1), 1.0, np.array([[0.0], [1.5]]), np.zeros(1), np.zeros(2))
    assert PROPERTIES["safe"].margin(ClaimsTheVariance, case) == pytest.approx(0.125, abs=1e-5)
    assert PROPERTIES["safe"].margin(Ball, case) < 0  # ‖mean X‖ = 0.75
    far = Case(np.ones(1), 1.0, np.array([[0.0], [2.1]]), np.zeros(1), np.zeros(2))
    assert PROPERTIES["safe"].margin(ClaimsTheVariance, far) == -np.inf  # Σφ > 0: somebody speaks

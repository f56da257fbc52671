"""What the hunter says: in words, as JSON, as a picture, and to whoever asks in the wrong way."""

import json

import numpy as np
import pytest
from wrong_safe import (
    WRONG,
    Huber,
    Noisy,
    OneBuffer,
    RandomAtBirth,
    Scribbles,
    SecretlyMoving,
    SecretlyPrivate,
)

from fgm_ref.arrays import norm
from fgm_ref.check_safe import explain, main, tell
from fgm_ref.check_safe.case import Case
from fgm_ref.check_safe.draws import draw
from fgm_ref.check_safe.properties import PROPERTIES
from fgm_ref.check_safe.search import hunt
from fgm_ref.check_safe.words import OWN_WORDS, VERDICTS
from fgm_ref.safe import Ball


def test_words(capsys):
    assert main(["wrong_safe:NonConvex"]) == 1
    words = capsys.readouterr().out
    for part in ("counterexample 1 of", "Σ φ(X_i)", "k = 2 sites", "excess =", "half way", "X_2 ="):
        assert part in words
    assert main(["ball", "--seconds", "0.3"]) == 0
    words = capsys.readouterr().out
    assert "no counterexample" in words and "no proof" in words
    for part in ("dimensions", "sites", "float32 and float64", "layers", "rounds", "steps"):
        assert part in words
    assert "Not asked" in words
    assert main(["variance", "--seconds", "0.3"]) == 0
    assert "not claimed" in capsys.readouterr().out


def test_every_property_has_words_of_its_own():
    assert VERDICTS.keys() | OWN_WORDS.keys() | {"runs"} == PROPERTIES.keys()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_every_property_has_its_words(wrong):
    case = draw(np.random.default_rng(0), 2, 2)
    with np.errstate(all="ignore"):
        for name in WRONG[wrong]:
            assert all(explain(name, wrong, case))


@pytest.mark.parametrize(
    "wrong, words",
    [
        (Scribbles, "X itself has changed"),
        (OneBuffer, "an answer has changed after it was given"),
        (Noisy, "the same question has another answer;"),
        (RandomAtBirth, "a second object, made of the same E and R, has another answer"),
        (SecretlyMoving, "with the time, so it must say `moves = True`"),
        (SecretlyPrivate, "with what only the sites are told, so it must say `private = True`"),
    ],
)
def test_the_words_name_what_has_changed(wrong, words):
    report = hunt(wrong, seconds=2)
    assert words in "\n".join(tell("mine", wrong, report))


def test_two_numbers_are_seen_to_differ():
    case = Case(np.ones(1), 1.0, np.array([[0.0], [1.0]]), np.zeros(1), np.zeros(2, int))

    class Bump(Ball):
        """Rounding, so to speak: a little too much half way."""

        def __call__(self, X):
            return super().__call__(X) + 3e-11 * (norm(X) == 0.5)

    *_, comparison, remark = explain("convex", Bump, case)
    assert "φ = -0.49999999997;" in comparison and "at most -0.5" in comparison
    assert "rounding" in remark
    *_, comparison = explain("convex", Huber, case)
    assert "φ = -0.287682; if φ were convex, at most -0.346574" in comparison


def test_json(capsys):
    assert main(["wrong_safe:DriftTwice", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["function"] == "wrong_safe:DriftTwice" and set(report["found"]) >= {"zero"}
    assert {"claim", "E", "R", "X", "words", "layers", "dtype"} <= set(report["found"]["zero"])
    assert report["asked"]["dtypes"] and report["notes"] == []


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

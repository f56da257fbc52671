"""What a network has to beat: linear models against their definitions, the label's past by hand, and how it is told."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_simulate import go, toy

from fgm_ref import demo
from fgm_ref.datasets import Baseline, load, names
from fgm_ref.datasets.dataset import classification
from fgm_ref.datasets.past import Past
from fgm_ref.learning import linear
from fgm_ref.learning.linear import LOGISTIC, RIDGE, applied, fitted
from fgm_ref.simulation.baselines import baselines, counted, frequent
from fgm_ref.simulation.looking_back import looking_back, season_of
from fgm_ref.simulation.metrics import measured
from fgm_ref.view.learning import learning_curves
from fgm_ref.view.notes import notes
from fgm_ref.view.table import table


def named(data):
    return {one.name: one for one in baselines(data)}


def trained(data=None, **settings):
    return go("local", data, dtype="float32", **settings)


# linear models


@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 3), st.integers(0, 99))
def test_ridge_is_least_squares_with_a_penalty(N, F, O, seed):
    # append √(λN)·I to the centred inputs, and it is a plain least-squares problem
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(N, F)), rng.normal(size=(N, O))
    penalties = (1.0, 1e-3)
    for penalty, W in zip(penalties, linear.ridge_path(X, Y, penalties), strict=True):
        rows = np.vstack([X - X.mean(axis=0), np.sqrt(penalty * N) * np.eye(F)])
        answers = np.vstack([Y - Y.mean(axis=0), np.zeros((F, O))])
        w = np.linalg.lstsq(rows, answers, rcond=None)[0]
        np.testing.assert_allclose(W[:-1], w, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(applied(W, X).mean(axis=0), Y.mean(axis=0), atol=1e-9)


@given(st.integers(2, 20), st.integers(1, 5), st.integers(2, 4), st.integers(0, 99))
def test_the_gradient_of_logistic_regression(N, F, O, seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(N, F)), np.eye(O)[rng.integers(0, O, N)]
    W = rng.normal(size=(F + 1, O))
    _, gradient = linear.penalised(W, X, Y, 0.1)
    for place in np.ndindex(W.shape):
        shift = np.zeros_like(W)
        shift[place] = 1e-6
        there, back = (linear.penalised(W + sign * shift, X, Y, 0.1)[0] for sign in (1, -1))
        assert gradient[place] == pytest.approx((there - back) / 2e-6, abs=1e-7)


def test_logistic_regression_ends_where_the_gradient_vanishes():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(200, 3)), np.eye(3)[rng.integers(0, 3, 200)]
    for penalty, W in zip((1.0, 0.01), linear.logistic_path(X, Y, (1.0, 0.01)), strict=True):
        assert np.abs(linear.penalised(W, X, Y, penalty)[1]).max() < 1e-4


def test_the_penalty_is_chosen_by_samples_that_were_held_out():
    # one feature of fifty tells the answer: much noise wants a strong penalty, no noise a weak one
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 50))
    plain = X[:, :1]
    noisy = plain + 5 * rng.normal(size=(100, 1))
    clean_weights, noisy_weights = (fitted(RIDGE, X, Y) for Y in (plain, noisy))
    assert clean_weights[0, 0] == pytest.approx(1, abs=1e-3)
    assert np.abs(noisy_weights[:-1]).sum() < np.abs(fitted_weakly(X, noisy)[:-1]).sum() / 2


def fitted_weakly(X, Y):
    *_, weakest = linear.ridge_path(X, Y, RIDGE.penalties)
    return weakest


@pytest.mark.parametrize("kind", [RIDGE, LOGISTIC])
@pytest.mark.parametrize("N", [1, 2, 6])
def test_few_samples_are_enough(kind, N):
    W = fitted(kind, np.ones((N, 2), np.float32), np.eye(2)[np.arange(N) % 2])
    assert np.isfinite(W).all()


# of whole data sets


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_bundled_sets(name):
    data = load(name)
    found = baselines(data)
    assert found[0] == data.baseline
    kinds = ("words",) if data.tokens else ("last row", "window")
    assert [one.name.partition(", ")[2] for one in found[-len(kinds) :]] == list(kinds)
    assert found[-1].loss < data.baseline.loss
    assert baselines(data) == found  # nothing in it is left to chance


def test_what_is_linear_is_found():
    found = named(toy("regression", n=300))
    assert found["ridge, window"].loss < 1e-6 < found["ridge, last row"].loss < found["mean"].loss
    found = named(toy(n=300))
    assert found["logistic, window"].score > 0.9 > found["logistic, last row"].score


def test_words_are_counted():
    x = np.array([[0, 2, 2, 5], [0, 0, 7, 1]])
    np.testing.assert_array_equal(frequent(x), [1, 2, 5, 7])
    np.testing.assert_array_equal(counted(x, np.array([1, 2, 7])), [[0, 2, 0], [1, 0, 1]])
    np.testing.assert_array_equal(counted(np.array([[9, 2, 0, 0]]), np.array([1, 2])), [[0, 1]])


def test_a_large_training_part_is_sampled_and_that_is_said():
    data = toy(n=3500)
    found = named(data)
    assert found["logistic, window"].windows == 3000 and found["majority class"].windows is None
    assert (
        notes([trained(data)], baselines(data))[-1]
        == "(logistic, window) was fitted on 3,000 of the training windows, drawn at random"
    )


# the label's past


def series(labels, horizon=0, classes=3):
    """Windows of one row that end in every row but the first; the last quarter of the answers is the test part."""
    labels = np.asarray(labels)
    ends = np.arange(1, len(labels) - horizon)
    border = 3 * len(ends) // 4
    train, test = ends[:border], ends[border:]
    x = np.random.default_rng(0).normal(size=(len(labels), 1, 1)).astype(np.float32)
    parts = [(x[rows], labels[rows + horizon]) for rows in (train, test)]
    data = classification("s", *parts, [str(i) for i in range(classes)], "a series")
    past = Past(labels, np.zeros(len(labels), int), train, test, horizon)
    return replace(data, past=past)


def test_persistence_by_hand():
    labels = np.array([0, 0, 1, 1, 1, 2, 2, 0, 0, 0, 1, 1, 2])
    data = series(labels)
    (persistence,) = looking_back(data)
    test = data.past.test
    assert persistence.score == (labels[test] == labels[test - 1]).mean()
    counts = np.ones((3, 3))
    for row in data.past.train:
        counts[labels[row - 1], labels[row]] += 1
    given_last = (counts / counts.sum(axis=1, keepdims=True))[labels[test - 1], labels[test]]
    assert persistence.loss == pytest.approx(-np.log(given_last).mean())


@pytest.mark.parametrize("horizon", [0, 1, 7])
def test_a_season_is_found_and_no_window_sees_its_answer(horizon):
    labels = np.arange(400) // 5 % 4  # a season of 20 rows
    data = series(labels, horizon, classes=4)
    assert season_of(data.past) == 20
    persistence, seasonal = looking_back(data)
    assert seasonal.name == "seasonal persistence (20)" and seasonal.score == 1
    # the latest label that persistence knows is that of the window's last row, or of the one before
    known = labels[data.past.test if horizon else data.past.test - 1]
    assert persistence.score == (known == labels[data.past.test + horizon]).mean() < 1


@settings(max_examples=30)
@given(st.integers(3, 40), st.floats(0, 0.3), st.integers(0, 99))
def test_a_noisy_season_is_found(length, noise, seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * np.arange(12 * length + 400) / length)
    labels = (wave + noise * rng.normal(size=len(wave)))[:, None].astype(np.float32)
    ends = np.arange(len(labels))
    past = Past(labels, np.zeros(len(ends), int), ends, ends[:0], 0)
    assert season_of(past) % length in {0, 1, length - 1}


@given(st.integers(0, 99))
def test_noise_has_no_season(seed):
    labels = np.random.default_rng(seed).normal(size=(1500, 1)).astype(np.float32)
    ends = np.arange(1500)
    assert season_of(Past(labels, np.zeros(1500, int), ends, ends[:0], 0)) is None


def test_the_season_of_a_series_is_not_that_of_another():
    # two series, one after the other: labels of both are never compared
    labels = np.concatenate([np.arange(300) % 7, np.arange(300) % 7 + 3])
    number = np.repeat([0, 1], 300)
    ends = np.arange(600)
    assert season_of(Past(labels, number, ends, ends[:0], 0)) == 7


def test_no_past_no_persistence():
    assert not list(looking_back(toy()))


# how it is told


def test_every_baseline_has_its_row():
    data = toy()
    lines = table([trained(data)], data).splitlines()
    for one in baselines(data):
        (line,) = [line for line in lines if line.startswith(f"({one.name})")]
        assert line.split(")")[1].split() == [
            f"{value:.3f}" for value in (one.loss, one.score, one.balanced)
        ]


def told(result, *known):
    return notes([result], known)


def test_a_model_that_is_worse_than_the_trivial_one_is_named():
    result = trained()
    loss, score = result.final["loss"], result.final["score"]
    below = Baseline("majority class", loss + 1, score - 0.1, 0.5)
    assert told(result, below) == []
    assert told(result, replace(below, score=score + 0.01)) == [
        "local: warning: ends worse than the trivial predictor (majority class) in accuracy"
    ]
    assert told(result, replace(below, loss=loss / 2, score=2.0)) == [
        "local: warning: ends worse than the trivial predictor (majority class) in loss and accuracy"
    ]
    linear = replace(below, name="logistic, window", loss=loss / 2)
    assert told(result, below, linear) == []  # in one of two only
    assert told(result, below, replace(linear, score=2.0)) == [
        "local: ends worse than (logistic, window)"
    ]


def test_for_a_regression_a_small_score_is_good():
    result = trained(toy("regression"))
    worse = Baseline("mean", result.final["loss"] + 1, result.final["score"] + 1, None)
    assert told(result, worse) == []
    better = Baseline("mean", result.final["loss"] / 2, result.final["score"] / 2, None)
    assert told(result, better) == [
        "local: warning: ends worse than the trivial predictor (mean) in loss and RMSE"
    ]


def test_baselines_know_nothing_of_a_change():
    result = trained(change="swap=0/1@0.5")
    assert told(result, *baselines(toy())) == [
        "local: the rows in brackets are about the data without swap=0/1@0.5"
    ]


def test_what_is_measured_is_what_a_model_is_measured_by():
    data = toy()
    rng = np.random.default_rng(0)
    z = rng.normal(size=(len(data.y_test), 2)).astype(np.float32)
    loss, score, balanced = measured(z, data)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-np.log(p[np.arange(len(z)), data.y_test]).mean(), rel=1e-5)
    right = z.argmax(axis=1) == data.y_test
    assert score == right.mean()
    assert balanced == pytest.approx(np.mean([right[data.y_test == c].mean() for c in (0, 1)]))


def test_where_no_table_is_printed_a_warning_is_on_stderr(tmp_path, capsys):
    rng = np.random.default_rng(0)
    lines = [
        f"{value:.3f},{'rare' if i % 9 == 0 else 'often'}"
        for i, value in enumerate(rng.normal(size=200))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *lines]))
    arguments = ["--csv", str(tmp_path / "t.csv"), "--label", "y", "--steps", "1", "--lr", "1e-6"]
    assert demo.main([*arguments, "--protocol", "local", "--json"]) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)["dataset"]
    assert data["baseline"]["name"] == "majority class"
    assert [one["name"] for one in data["baselines"]][-1] == "logistic, window"
    assert (
        "fgm_ref.demo: warning: local ends worse than the trivial predictor (majority class) in loss"
        in err
    )


# learning curves


def test_learning_curves_show_all_that_there_is():
    data = toy(n=300)
    results = [trained(data), go("fgm", data, dtype="float32")]
    known = baselines(data)
    losses, scores = learning_curves(results, data, known).axes
    assert scores.get_title() == "Accuracy on the test part"
    labels = [line.get_label() for line in scores.lines]
    assert labels == ["local", "fgm", *(f"({one.name})" for one in known)]
    low, high = losses.get_ylim()
    for result in results:
        assert low < result.curve["loss"].min() and result.curve["loss"].max() < high


def test_a_level_that_is_far_off_does_not_flatten_the_curves():
    data = toy("regression", n=300)
    result = trained(data)
    exact = Baseline("ridge, window", 1e-12, 1e-6, None)
    losses, _ = learning_curves([result], data, [exact]).axes
    assert losses.get_ylim()[0] > result.curve["loss"].min() / 20


@pytest.mark.parametrize(("lowest", "highest"), [(0.3, 2), (0.1, 2), (0.1, 14)])
def test_numbers_along_the_losses_do_not_overlap(lowest, highest):
    data = toy("regression", n=300)
    levels = [Baseline("low", lowest, lowest, None), Baseline("high", highest, highest, None)]
    figure = learning_curves([trained(data)], data, levels)
    figure.draw_without_rendering()
    axis = figure.axes[0].yaxis
    boxes = [text.get_window_extent() for text in axis.get_ticklabels(which="both")]
    low, high = figure.axes[0].bbox.intervaly
    seen = sorted((box.y0, box.y1) for box in boxes if box.y0 > low and box.y1 < high and box.width)
    assert len(seen) > 3
    assert all(below[1] <= above[0] for below, above in pairwise(seen))

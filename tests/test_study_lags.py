"""Gradients by lag: against finite differences, against a formula, and as a study sees them."""

import json

import numpy as np
import pytest

from fgm_ref.datasets import load
from fgm_ref.learning.layers import Embedding, Readout
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run
from fgm_ref.study.lags import lag_norms, lags

K, B, T, D, H = 2, 3, 6, 2, 3


def problem(task="classification", **settings):
    spec = ModelSpec(**{"features": D, "hidden": (H,), "outputs": 2, "task": task, **settings})
    model, rng = Model(spec, np.float64), np.random.default_rng(1)
    P = np.stack([model.initial(rng) for _ in range(K)])
    P += 0.3 * rng.standard_normal(P.shape)
    x = rng.integers(5, size=(K, B, T)) if spec.vocabulary else rng.standard_normal((K, B, T, D))
    y = rng.integers(2, size=(K, B)) if task == "classification" else rng.standard_normal((K, B, 2))
    return model, P, x, y


def tail_loss(model, p, x, y, lag, h, c):
    """One sample's loss if the last layer has the states h, c (H,) before its last `lag` steps: a plain loop."""
    w = model.layout.views(p[None])
    below = (
        Embedding.forward(w["embedding"], x[None, None]) if model.spec.vocabulary else x[None, None]
    )
    below = below.transpose(2, 3, 0, 1)
    for name, Din, units in model.spec.layers[:-1]:
        cell = model.spec.cell_class(1, Din, units, T, 1, np.float64)
        below = cell.forward(w[f"{name}.W"], below).copy()
    name, Din, units = model.spec.layers[-1]
    weights = [w[f"{name}.{part}"] for part in (("W", "p") if model.spec.peepholes else ("W",))]
    states = {"h0": h[:, None, None]} | (
        {} if model.spec.cell == "rnn" else {"c0": c[:, None, None]}
    )
    if lag:
        cell = model.spec.cell_class(1, Din, units, lag, 1, np.float64)
        h = cell.forward(*weights, below[T - lag :], **states)[-1, :, 0, 0]
    z = Readout(1, units, 2, 1, 1, np.float64).forward(w["readout"], h[None, :, None, None])
    target = np.array([[y]]) if model.spec.task == "classification" else y[:, None, None]
    return LOSSES[model.spec.task](z, np.empty_like(z))(target)[0]


def states(model, p, x, lag):
    """h[T − lag], c[T − lag] of the top layer, by running the first T − lag steps."""
    w = model.layout.views(p[None])
    below = (
        Embedding.forward(w["embedding"], x[None, None]) if model.spec.vocabulary else x[None, None]
    )
    below = below.transpose(2, 3, 0, 1)
    for name, Din, units in model.spec.layers:
        weights = [w[f"{name}.{part}"] for part in (("W", "p") if model.spec.peepholes else ("W",))]
        cell = model.spec.cell_class(1, Din, units, T, 1, np.float64)
        below = cell.forward(*weights, below).copy()
    c = np.zeros(units) if model.spec.cell == "rnn" else cell.c[T - lag, :, 0, 0].copy()
    return cell.h[T - lag, :, 0, 0].copy(), c


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "rnn"},
        {"cell": "lstm"},
        {"cell": "lstm", "peepholes": True},
        {"cell": "rnn", "task": "regression"},
        {"cell": "lstm", "hidden": (2, 4), "truncate": 2},
        {"cell": "lstm", "features": 0, "vocabulary": 5, "embedding": 2},
    ],
)
def test_against_finite_differences(settings):
    model, P, x, y = problem(**settings)
    found = lag_norms(model, P, x, y)
    assert set(found) == ({"h"} if settings["cell"] == "rnn" else {"h", "c"})
    epsilon = 1e-6
    for lag in range(T):
        lengths = {name: [] for name in found}
        for k in range(K):
            for b in range(B):
                at = dict(zip("hc", states(model, P[k], x[k, b], lag), strict=True))
                for name, into in lengths.items():
                    slopes = []
                    for direction in np.eye(len(at[name])):
                        ends = [
                            tail_loss(
                                model,
                                P[k],
                                x[k, b],
                                y[k, b],
                                lag,
                                **(at | {name: at[name] + sign * epsilon * direction}),
                            )
                            for sign in (1, -1)
                        ]
                        slopes.append((ends[0] - ends[1]) / (2 * epsilon))
                    into.append(np.linalg.norm(slopes))
        for name, values in lengths.items():
            np.testing.assert_allclose(found[name][lag], np.mean(values), rtol=1e-6, atol=1e-9)


def test_a_linear_memory_forgets_at_its_own_rate():
    # one unit, weights so small that tanh is linear: h[t] = a h[t-1] + ..., so ∂loss/∂h[T − lag] ∝ a^lag
    model = Model(
        ModelSpec(cell="rnn", features=1, hidden=(1,), outputs=1, task="regression"), np.float64
    )
    P = np.zeros((1, model.size))
    w = model.layout.views(P)
    w["rnn0.W"][...] = [[[0.7, 1e-6, 0]]]
    w["readout"][...] = [[[1, 0]]]
    x, y = np.ones((1, 4, 9, 1)), np.ones((1, 4, 1))
    norms = lag_norms(model, P, x, y)["h"]
    np.testing.assert_allclose(norms, norms[0] * 0.7 ** np.arange(9), rtol=1e-6)
    assert norms[0] == pytest.approx(2, rel=1e-5)  # |2 (z − y)| with z ≈ 0


def test_the_number_of_samples_does_not_matter():
    model, P, x, y = problem()
    twice = lag_norms(model, P, np.concatenate([x, x], 1), np.concatenate([y, y], 1))
    for name, values in lag_norms(model, P, x, y).items():
        np.testing.assert_allclose(twice[name], values)


def test_a_readout_at_every_step_is_refused():
    model, P, x, y = problem(readout="every")
    with pytest.raises(ValueError, match="model: expected a readout at the last step, got 'every'"):
        lag_norms(model, P, x, y)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_as_a_kind_of_study(cell):
    config = Config(
        dataset="ecg208",
        protocol="fgm",
        cell=cell,
        hidden=(4,),
        sites=3,
        steps=11,
        threshold=0.03,
        lr=0.01,
        evaluations=1,
    )
    columns = lags(config)
    norms = json.loads(columns["lag_norms"])
    assert list(norms) == ["start", "middle", "end"]
    assert all(
        len(values) == load("ecg208").length for one in norms.values() for values in one.values()
    )
    assert norms["start"] != norms["middle"] != norms["end"]
    assert columns["gradient_reach"] == norms["end"]["h"][-1] / norms["end"]["h"][0]
    # the run is the run
    result = run(config)
    assert columns["rounds"] == result.series["rounds"][-1] > 0
    assert (columns["bytes"], columns["loss"]) == (result.totals["bytes"], result.final["loss"])
    # a drift is at most the radius, and as long as it takes a few steps to get there
    assert 0 < columns["drift"] < 0.03 * np.linalg.norm(result.model) * 1.1
    assert columns["step_norm"] > 0 and columns["relative_step_norm"] < 0.03
    assert lags(config) == columns


def test_one_step_of_sgd_is_as_long_as_its_gradient():
    config = Config(
        dataset="ecg208",
        protocol="local",
        optimizer="sgd",
        lr=1.0,
        clip=1e-3,
        cell="rnn",
        hidden=(2,),
        sites=2,
        steps=3,
        evaluations=1,
    )
    # every gradient is longer than the limit that it is clipped to
    assert lags(config)["step_norm"] == pytest.approx(1e-3, rel=1e-3)

"""Vanishing gradients: how much does the loss feel of what the network knew some steps ago?

    lag_norms(model, P, x, y)["h"][lag]  =  mean over sites and samples of  ‖∂loss/∂h[T − lag]‖

where loss is one sample's own and h the output of the top layer; "c" is the same for an LSTM's cell state.  Each is
the gradient at a state that the layer is *handed*, with the other one held fixed.

The layers write over dh at every step back.  So this asks them a question that they answer anyway: what is the
gradient at the *initial* state of a layer that sees only the last `lag` steps and starts at h[T − lag], c[T − lag]?
That takes T²/2 steps instead of T, which is nothing next to a training run.
"""

import json
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.learning.layers import Embedding, Readout
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.model import Model
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation

SAMPLES = 32
"""Test windows that a run's norms are taken over."""


def lag_norms(model: Model, P: Array, x: Array, y: Array) -> dict[str, Array]:
    """Gradient norms by lag 0 ... T−1: "h" (T,), and for an LSTM "c" (T,), whose lag 0 is 0 (only h reads it).

    P (k, n) weights, x (k, B, T, D) or (k, B, T) and y (k, B) or (k, B, O) as in training; dropout and truncation
    are left out.  Raises `ValueError` for a readout at every step.
    """
    if model.spec.readout != "last":
        raise ValueError(f"model: expected a readout at the last step, got {model.spec.readout!r}")
    w = model.layout.views(P)
    below = _input_of_top(model, w, x)
    name, _, H = model.spec.layers[-1]
    weights = _weights(w, name)
    top = _cell(model, H, below)
    output = top.forward(*weights, below)
    upstream = _upstream(model, w["readout"], output, y)
    norms = {state: [0.0] for state in top.states}
    norms["h"] = [_mean_norm(upstream)]
    for lag in range(1, len(below)):
        tail = below[-lag:]
        states = [getattr(top, state)[-1 - lag] for state in norms]
        cell = _cell(model, H, tail)
        cell.forward(*weights, tail, *states)
        cell.backward(*weights, *map(np.empty_like, weights), upstream)
        for state, gradient in zip(norms, cell.initial_gradients(), strict=True):
            norms[state].append(_mean_norm(gradient))
    return {state: np.array(values) for state, values in norms.items()}


def _input_of_top(model: Model, w: dict[str, Array], x: Array) -> Array:
    """What the top layer gets to see, (T, D, k, B)."""
    if model.spec.vocabulary:
        x = Embedding.forward(w["embedding"], x)
    below = x.transpose(2, 3, 0, 1)
    for name, _, H in model.spec.layers[:-1]:
        below = _cell(model, H, below).forward(*_weights(w, name), below)
    return below


def _weights(w: dict[str, Array], layer: str) -> list[Array]:
    """[W], or [W, p] with peepholes."""
    return [w[f"{layer}.{part}"] for part in ("W", "p") if f"{layer}.{part}" in w]


def _cell(model: Model, H: int, x: Array) -> Any:
    """A recurrent layer of H units for inputs x (T, D, k, B)."""
    T, D, k, B = x.shape
    return model.spec.cell_class(k, D, H, T, B, model.dtype)


def _upstream(model: Model, W: Array, h: Array, y: Array) -> Array:
    """∂loss/∂h[T] of every sample's own loss, (H, k, B)."""
    _, H, k, B = h.shape
    readout = Readout(k, H, model.spec.outputs, 1, B, model.dtype)
    z = readout.forward(W, h[-1:])
    if model.spec.task != "classification":
        y = np.moveaxis(y, -1, 0)
    LOSSES[model.spec.task](z, readout.dz)(y)
    # a site's loss is the mean over its B samples
    dh, *_ = readout.backward(W, np.empty_like(W))
    return np.asarray(B * dh)


def _mean_norm(gradient: Array) -> float:
    """(H, k, B) -> mean over sites and samples of the length along H."""
    return float(norm(np.moveaxis(gradient, 0, -1).astype(float)).mean())


def lags(config: Config) -> dict[str, Any]:
    """One run, and what the gradient by lag has to do with it.  The columns:

    `lag_norms` JSON {"start" | "middle" | "end": {"h": [by lag], "c": [by lag]}}, of the sites' models at `SAMPLES`
    test windows; `gradient_reach` at the end, the share of ‖∂loss/∂h[T]‖ that is left at the first step;
    `step_norm` the mean length of one training step of one site, over the steps in which no message moved a
    model, and `relative_step_norm` in units of ‖E‖; `drift` the mean of ‖w_i − E‖ when nothing is pending; `rounds`,
    `bytes`, and the final test `loss` and `score`.
    """
    simulation = Simulation(config)
    steps = StepLengths()
    drifts = []
    norms = {"start": _norms(simulation)}
    for step in range(1, config.steps + 1):
        before = simulation.models.copy()
        reactions = _reactions(simulation)
        simulation.step()
        models = simulation.models
        E = simulation.coordinator.E
        drifts.append(norm(models - E).mean())
        if _reactions(simulation) == reactions:
            steps.add(norm(models - before), norm(E))
        if step == (config.steps + 1) // 2:
            norms["middle"] = _norms(simulation)
    norms["end"] = _norms(simulation)
    simulation.coordinator.finish()
    result = simulation.result()
    by_lag = norms["end"]["h"]
    return {
        "lag_norms": json.dumps(norms),
        "gradient_reach": by_lag[-1] / by_lag[0],
        "step_norm": _mean(steps.lengths),
        "relative_step_norm": _mean(steps.relative),
        "drift": _mean(drifts),
        "rounds": int(result.series["rounds"][-1]),
        "bytes": result.totals["bytes"],
        "loss": result.final["loss"],
        "score": result.final["score"],
    }


class StepLengths:
    """The mean length of one site's training step, step by step; and the same in units of ‖E‖."""

    def __init__(self) -> None:
        self.lengths: list[Any] = []
        self.relative: list[Any] = []

    def add(self, moved: Array, E: Any) -> None:
        """How far each site has moved, (k,), and ‖E‖; sites that stood still do not count."""
        length = moved[moved > 0].mean() if moved.any() else 0.0
        self.lengths.append(length)
        self.relative.append(length / E)


def _mean(values: list[Any]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _reactions(simulation: Simulation) -> tuple[int, int]:
    """What counts up when a message moves a model."""
    return simulation.coordinator.round, simulation.coordinator.rebalances


def _norms(simulation: Simulation) -> dict[str, list[float]]:
    """`lag_norms` of the models of now, at the same test windows for all, to 6 digits."""
    data = simulation.data
    number = len(data.x_test)
    rows = np.linspace(0, number - 1, min(SAMPLES, number)).astype(int)
    k = len(simulation.models)
    x = _for_all(k, data.x_test[rows])
    y = _for_all(k, data.y_test[rows])
    found = lag_norms(simulation.model, simulation.models, x, y)
    return {name: [float(f"{value:.6g}") for value in values] for name, values in found.items()}


def _for_all(k: int, part: Array) -> Array:
    """The same for each of k sites."""
    return np.broadcast_to(part, (k, *part.shape))

"""a02 LSTM gates: against the library's own LSTM, and the gradient battery, gate by gate."""

import numpy as np
import pytest
from battery import gradients_agree
from desk import cases, close, holds
from gates import GATES, one_step, problem, the_order_is_told
from hypothesis import given
from hypothesis import strategies as st

FORWARD = "equations (1) and (2); tutorial 03, 'LSTM without tears'"
BACKWARD = (
    "tutorial 03, the gradient gate by gate; in fgm_ref/learning/lstm.py the comments of `backward`"
)
SHAPES = st.fixed_dictionaries(
    {name: st.integers(1, n) for name, n in {"B": 3, "D": 3, "H": 4}.items()}
)
SEEDS = st.integers(0, 10**6)


@pytest.mark.points(4)
@cases()
@given(shape=SHAPES, seed=SEEDS)
def test_step(student, shape, seed):
    p = problem(**shape, seed=seed)
    inputs = [p[name] for name in ("W", "x", "h", "c")]
    got = student.step(*inputs)
    holds(
        isinstance(got, tuple) and len(got) == 3,
        "three things: h', c' and the cache",
        "the docstring",
    )
    h, c = one_step(*inputs)
    with the_order_is_told(student):
        close(got[1], c, "c' = f ⊙ c + i ⊙ g", FORWARD, 1e-7, **shape)
        close(got[0], h, "h' = o ⊙ tanh(c')", FORWARD, 1e-7, **shape)


@pytest.mark.points(2)
@pytest.mark.parametrize("gate", GATES)
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_gate(student, gate, shape, seed):
    # with a single sample, ∂L/∂z is the gradient of the bias, the last column of W
    shape = shape | {"B": 1}
    p, H = problem(**shape, seed=seed), shape["H"]
    dh, dc = p.pop("dh"), p.pop("dc")
    rows = slice(GATES.index(gate) * H, (GATES.index(gate) + 1) * H)

    def with_bias(bias):
        W = p["W"].copy()
        W[rows, -1] += bias
        return W, p["x"], p["h"], p["c"]

    def loss(bias):
        h, c = one_step(*with_bias(bias))
        return float((h * dh).sum() + (c * dc).sum())

    def gradients(bias):
        dz, _ = student.gates_backward(dh, dc, student.step(*with_bias(bias))[2])
        close(
            np.shape(dz),
            (1, 4 * H),
            "dz has the gates o, i, f, g side by side: its shape",
            "the docstring",
        )
        return {"bias": dz[0, rows]}

    with the_order_is_told(student):
        gradients_agree(loss, gradients, {"bias": np.zeros(H)}, f"{BACKWARD}; gate {gate}", **shape)


@pytest.mark.points(1)
@pytest.mark.parametrize("name", ["W", "x", "h", "c"])
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_step_backward(student, name, shape, seed):
    p = problem(**shape, seed=seed)
    dh, dc = p.pop("dh"), p.pop("dc")

    def loss(W, x, h, c):
        h, c = one_step(W, x, h, c)
        return float((h * dh).sum() + (c * dc).sum())

    def gradients(W, x, h, c):
        return student.step_backward(W, dh.copy(), dc.copy(), student.step(W, x, h, c)[2])

    with the_order_is_told(student):
        gradients_agree(loss, gradients, p, BACKWARD, [name], **shape)


@pytest.mark.points(4)
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_remembering(student, shape, seed):
    p = problem(**shape, seed=seed)
    W, c = student.remembering(shape["H"], shape["D"]), p["c"]
    close(
        np.shape(W),
        p["W"].shape,
        "W has a row per gate and unit: its shape",
        "the docstring of the module",
        **shape,
    )
    for _ in range(3):
        h, c = one_step(np.asarray(W, float), 3 * p["x"], p["h"], c)
    close(
        c,
        p["c"],
        "after three steps c is what it was",
        "tutorial 03, the memory cell programmed by hand",
        1e-6,
    )
    close(h, np.tanh(p["c"]), "h' = tanh(c)", "tutorial 03, what the output gate does", 1e-6)

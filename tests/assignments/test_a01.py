"""a01 BPTT by hand: against a slow forward pass, and the gradient battery."""

import numpy as np
import pytest
from battery import gradients_agree
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st

FORWARD = "equation (1); tutorial 02, the forward pass"
BACKWARD = (
    "tutorial 02, 'BPTT on paper': dz[t] = dh[t] ⊙ (1 − h[t]²), dh[t−1] = Whᵀ dz[t] + dY[t−1]"
)
FADING = "tutorial 02, how gradients fade: ∂h[T]/∂h[t] is a product of factors diag(1 − h²) Wh"
SHAPES = st.fixed_dictionaries(
    {name: st.integers(1, n) for name, n in {"T": 5, "B": 3, "D": 3, "H": 4}.items()}
)
SEEDS = st.integers(0, 10**6)


def problem(T, B, D, H, seed, size=0.7):
    """Random weights, inputs and upstream gradients."""
    rng = np.random.default_rng(seed)
    shapes = {"Wh": (H, H), "Wx": (H, D), "b": (H,), "x": (T, B, D), "h0": (B, H), "dY": (T, B, H)}
    return {name: size * rng.standard_normal(shape) for name, shape in shapes.items()}


def slow(Wh, Wx, b, x, h0):
    """One number at a time."""
    h = [h0]
    for x_t in x:
        z = [
            [b[j] + sum(Wh[j] * old) + sum(Wx[j] * new) for j in range(len(b))]
            for old, new in zip(h[-1], x_t, strict=True)
        ]
        h.append(np.tanh(z))
    return np.array(h)


@pytest.mark.points(4)
@cases()
@given(shape=SHAPES, seed=SEEDS)
def test_forward(student, shape, seed):
    p = problem(**shape, seed=seed)
    del p["dY"]
    close(
        student.forward(**p),
        slow(**p),
        "h[t] = tanh(Wh h[t−1] + Wx x[t] + b), all of them",
        FORWARD,
        **shape,
    )


@pytest.mark.points(4)
@cases()
@given(shape=SHAPES, seed=SEEDS)
def test_step_backward(student, shape, seed):
    p = problem(**shape, seed=seed)
    h, dh = slow(*(p[name] for name in ("Wh", "Wx", "b", "x", "h0")))[:2], p["dY"][0]
    for zero in ("", "Wh", "dh"):  # the easy cases first: they are told if they fail, too
        Wh, d = (0 if zero == "Wh" else 1) * p["Wh"], (0 if zero == "dh" else 1) * dh
        got = student.step_backward(d.copy(), h[1].copy(), Wh)
        holds(
            isinstance(got, tuple) and len(got) == 2,
            "a pair (dz, dh of the step before)",
            "the docstring",
        )
        dz = d / np.cosh(np.arctanh(h[1])) ** 2
        close(got[0], dz, "dz = dh ⊙ tanh'(z)", BACKWARD, 1e-7, **shape)
        close(
            got[1],
            np.einsum("bj,ji->bi", dz, Wh),
            "dh[t−1] = Whᵀ dz, for each sample",
            BACKWARD,
            1e-7,
            **shape,
        )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.points(points))
        for name, points in [("Wh", 2), ("Wx", 1), ("b", 1), ("x", 2), ("h0", 2)]
    ],
)
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_backward(student, name, shape, seed):
    p = problem(**shape, seed=seed)
    dY = p.pop("dY")

    def gradients(Wh, Wx, b, x, h0):
        return student.backward(Wh, Wx, x, slow(Wh, Wx, b, x, h0), dY)

    def loss(**blocks):
        return float((fast(**blocks)[1:] * dY).sum())

    gradients_agree(loss, gradients, p, BACKWARD, [name], **shape)


def fast(Wh, Wx, b, x, h0):
    """As `slow`, for the differences."""
    h = [h0]
    for x_t in x:
        h.append(np.tanh(np.einsum("ji,bi->bj", Wh, h[-1]) + np.einsum("ji,bi->bj", Wx, x_t) + b))
    return np.array(h)


@pytest.mark.points(4)
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS, size=st.sampled_from((0.2, 0.7, 2.0)))
def test_memory(student, shape, seed, size):
    p = problem(**shape | {"B": 1}, seed=seed, size=size)
    del p["dY"]
    T, epsilon, h = shape["T"], 1e-6, slow(**p)
    expected = []
    for t in range(T + 1):
        rows = p | {"x": p["x"][t:]}
        ahead, behind = (
            [fast(**rows | {"h0": h[t] + d * epsilon})[-1, 0] for d in s * np.eye(shape["H"])]
            for s in (1, -1)
        )
        expected.append(np.linalg.norm((np.array(ahead) - np.array(behind)) / (2 * epsilon), 2))
    got = student.memory(p["Wh"], h[:, 0])
    close(
        got,
        expected,
        "‖∂h[T]/∂h[t]‖ for t = 0 .. T (by differences)",
        FADING,
        1e-5,
        T=T,
        H=shape["H"],
    )

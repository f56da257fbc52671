"""a10 A GRU cell: against one written number by number, and the gradient battery."""

import numpy as np
import pytest
from battery import gradients_agree
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st

FORWARD = "equations (1) to (3); Cho et al. 2014, section 2.3"
BACKWARD = "the chain rule, from (3) to (1); tutorial 03 for the way to write it"
SHAPES = st.fixed_dictionaries(
    {name: st.integers(1, n) for name, n in {"T": 4, "B": 3, "D": 3, "H": 3}.items()}
)
SEEDS = st.integers(0, 10**6)


def problem(T, B, D, H, seed):
    """Random weights, inputs, first state and upstream gradients."""
    rng = np.random.default_rng(seed)
    w = {name: rng.standard_normal((H, H + D + 1)) for name in ("Wz", "Wr", "Wn")}
    return (
        w,
        rng.standard_normal((T, B, D)),
        rng.standard_normal((B, H)),
        rng.standard_normal((T, B, H)),
    )


def plain(w, x, h):
    """One step, by the weights' parts."""
    H, D = h.shape[1], x.shape[1]

    def affine(W, a):
        return (
            np.einsum("ji,bi->bj", W[:, :H], a)
            + np.einsum("ji,bi->bj", W[:, H : H + D], x)
            + W[:, -1]
        )

    z, r = (1 / (1 + np.exp(-affine(w[name], h))) for name in ("Wz", "Wr"))
    return z * h + (1 - z) * np.tanh(affine(w["Wn"], r * h))


def outputs(w, x, h):
    """All of them."""
    found = []
    for x_t in x:
        h = plain(w, x_t, h)
        found.append(h)
    return np.array(found)


@pytest.mark.points(4)
@cases()
@given(shape=SHAPES, seed=SEEDS)
def test_step(student, shape, seed):
    w, x, h, _ = problem(**shape, seed=seed)
    got = student.step(w, x[0], h)
    holds(isinstance(got, tuple) and len(got) == 2, "two things: h' and the cache", "the docstring")
    close(got[0], plain(w, x[0], h), "h' = (1 − z) ⊙ n + z ⊙ h", FORWARD, **shape)


@pytest.mark.points(2)
@pytest.mark.parametrize("name", ["Wz", "Wr", "Wn", "x", "h"])
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_step_backward(student, name, shape, seed):
    w, x, h, dY = problem(**shape, seed=seed)

    def loss(x, h, **w):
        return float((plain(w, x, h) * dY[0]).sum())

    def gradients(x, h, **w):
        return student.step_backward(w, dY[0].copy(), student.step(w, x, h)[1])

    gradients_agree(loss, gradients, w | {"x": x[0], "h": h}, BACKWARD, [name], **shape)


@pytest.mark.points(2)
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_sequence(student, shape, seed):
    w, x, h, _ = problem(**shape, seed=seed)
    got, caches = student.sequence(w, x, h)
    close(got, outputs(w, x, h), "h[1] .. h[T], each from the one before", FORWARD, **shape)
    holds(
        len(caches) == len(x), "a cache for every step", "the docstring", got=len(caches), T=len(x)
    )


@pytest.mark.points(4)
@cases(0.5)
@given(shape=SHAPES, seed=SEEDS)
def test_sequence_backward(student, shape, seed):
    w, x, h, dY = problem(**shape, seed=seed)

    def loss(x, h0, **w):
        return float((outputs(w, x, h0) * dY).sum())

    def gradients(x, h0, **w):
        return student.sequence_backward(w, dY.copy(), student.sequence(w, x, h0)[1])

    gradients_agree(
        loss,
        gradients,
        w | {"x": x, "h0": h},
        f"{BACKWARD}; weights collect from all steps",
        **shape,
    )

"""The optimisers: against textbook scalar code, with idle sites, and what happens at a synchronisation."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgm_ref.learning.optim as optim
from fgm_ref.learning.optim import OPTIMIZERS, Adam, clip_by_norm, make_optimizer

NAMES = pytest.mark.parametrize("name", OPTIMIZERS)


def textbook(name, p, gradients, lr):
    """One number, one step after the other."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        if name == "sgd":
            p -= lr * g
        elif name == "momentum":
            v = 0.9 * v + g
            p -= lr * v
        else:
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            p -= lr * (m / (1 - 0.9**t)) / (sqrt(v / (1 - 0.999**t)) + 1e-8)
    return p


def arrays(k, n, steps=0, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((k, n)).astype(dtype), rng.standard_normal((steps, k, n)).astype(
        dtype
    )


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
@given(k=st.integers(1, 3), n=st.integers(1, 4), steps=st.integers(1, 6), seed=st.integers(0, 99))
def test_equals_the_textbook(name, k, n, steps, seed):
    P, gradients = arrays(k, n, steps, seed)
    expected = [
        [textbook(name, P[j, a], gradients[:, j, a], 0.1) for a in range(n)] for j in range(k)
    ]
    optimizer = make_optimizer(name, 0.1, k, n, np.float64)
    for G in gradients:
        optimizer.step(P, G)
    np.testing.assert_allclose(P, expected, rtol=1e-12, atol=1e-14)


@NAMES
@given(k=st.integers(1, 5), n=st.integers(1, 40), tile=st.integers(1, 50))
def test_tiles_change_nothing(name, k, n, tile):
    P, gradients = arrays(k, n, 3)
    Q, whole, tiled = P.copy(), *(make_optimizer(name, 0.1, k, n, np.float64) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optim, "TILE", tile)
        for G in gradients:
            tiled.step(Q, G)
    for G in gradients:
        whole.step(P, G)
    np.testing.assert_array_equal(P, Q)


@NAMES
@given(tile=st.integers(1, 40))
def test_tiles_of_any_size_give_the_same(name, tile):
    rng = np.random.default_rng(0)
    start, G = rng.standard_normal((2, 3, 7))
    stepped = []
    for size in (tile, 1 << 14):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(optim, "TILE", size)
            P = start.copy()
            make_optimizer(name, 0.1, 3, 7, float).step(P, G)
            stepped.append(P)
    np.testing.assert_array_equal(*stepped)


@NAMES
def test_a_view_with_gaps_is_refused(name):
    # its flat form would be a copy, and the step would be lost
    P = np.zeros((3, 8))[:, :7]
    with pytest.raises(ValueError, match="P: expected contiguous rows"):
        make_optimizer(name, 0.1, 3, 7, float).step(P, np.ones((3, 7)))


@NAMES
@given(schedule=st.lists(st.sets(st.integers(0, 2)), min_size=1, max_size=8))
def test_idle_sites_equal_separate_optimisers(name, schedule):
    P, gradients = arrays(3, 4, len(schedule), dtype=np.float32)
    Q = P.copy()
    together = make_optimizer(name, 0.1, 3, 4, np.float32)
    alone = [make_optimizer(name, 0.1, 1, 4, np.float32) for _ in range(3)]
    for active, G in zip(schedule, gradients, strict=True):
        sites = np.array(sorted(active), int)
        together.step(P, G[sites], sites)
        for j in sites:
            alone[j].step(Q[j : j + 1], G[j : j + 1])
    np.testing.assert_array_equal(P, Q)


@NAMES
def test_all_sites_by_number_is_the_same_as_none(name):
    P, gradients = arrays(4, 5, 3)
    Q, a, b = P.copy(), *(make_optimizer(name, 0.1, 4, 5, np.float64) for _ in range(2))
    for G in gradients:
        a.step(P, G)
        b.step(Q, G, np.arange(4))
    np.testing.assert_array_equal(P, Q)


@NAMES
def test_number_type_is_kept_and_gradients_are_left_alone(name):
    P, gradients = arrays(2, 3, 1, dtype=np.float32)
    G = gradients[0].copy()
    optimizer = make_optimizer(name, 0.1, 2, 3, np.float32)
    optimizer.step(P, G)
    np.testing.assert_array_equal(G, gradients[0])
    assert all(
        array.dtype == np.float32 and array.shape == (2, 3) for array in optimizer.state.values()
    )


@NAMES
def test_reset_makes_a_site_as_good_as_new(name):
    P, gradients = arrays(2, 3, 4)
    optimizer = make_optimizer(name, 0.1, 2, 3, np.float64)
    for G in gradients[:3]:
        optimizer.step(P, G)
    optimizer.reset(np.array([1]))
    expected = P[1:].copy()
    make_optimizer(name, 0.1, 1, 3, np.float64).step(expected, gradients[3, 1:])
    optimizer.step(P, gradients[3])
    np.testing.assert_array_equal(P[1:], expected)
    optimizer.reset()
    assert not any(array.any() for array in optimizer.state.values())


def average(optimizer):
    """What a synchronisation does."""
    optimizer.adopt(optimizer.shipped().mean(axis=0))


def test_average_of_the_state():
    P, gradients = arrays(3, 4, 1)
    optimizer = make_optimizer("momentum", 0.1, 3, 4, np.float64)
    optimizer.step(P, gradients[0])
    average(optimizer)
    mean = np.tile(gradients[0].mean(axis=0), (3, 1))
    np.testing.assert_allclose(optimizer.state["v"], mean)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_first_step_of_an_idle_site_is_one_learning_rate(dtype):
    """One site has taken ten steps, the other none.  With gradients of 1, every step of Adam is one rate long."""
    optimizer = Adam(0.1, 2, 1, dtype)
    P = np.zeros((2, 1), dtype)
    for _ in range(10):
        optimizer.step(P, np.ones((1, 1), dtype), np.array([0]))
    average(optimizer)
    for _ in range(3):
        before = P.copy()
        optimizer.step(P, np.ones((2, 1), dtype))
        np.testing.assert_allclose(before - P, 0.1, rtol=1e-4)


@given(st.integers(1, 4), st.integers(1, 6), st.floats(0.1, 5), st.floats(1e-3, 1e3))
def test_clipping_by_each_sites_own_norm(k, n, max_norm, scale):
    G = arrays(k, n)[0] * scale
    original, lengths = G.copy(), np.linalg.norm(G, axis=1)
    np.testing.assert_allclose(clip_by_norm(G, max_norm), lengths)
    for g, o, length in zip(G, original, lengths, strict=True):
        np.testing.assert_allclose(g, o * min(1, max_norm / length), rtol=1e-12)


def test_clipping_of_huge_float32_gradients_keeps_their_direction():
    G = np.full((1, 4), 1e30, np.float32)
    clip_by_norm(G, 1.0)
    np.testing.assert_allclose(G, 0.5, rtol=1e-6)


def test_step_clips():
    P, G = np.zeros((2, 2)), np.array([[3.0, 4.0], [0.3, 0.4]])
    make_optimizer("sgd", 1.0, 2, 2, np.float64, clip=1.0).step(P, G)
    np.testing.assert_allclose(-P, [[0.6, 0.8], [0.3, 0.4]])


def test_errors_name_what_is_wrong():
    for match, change in (
        ("name: expected 'sgd', 'momentum' or 'adam', got 'lbfgs'", {"name": "lbfgs"}),
        ("lr: expected", {"lr": 0.0}),
        ("clip: expected", {"clip": -1.0}),
        ("momentum: expected", {"name": "momentum", "momentum": 1.0}),
    ):
        with pytest.raises(ValueError, match=f"^{match}"):
            make_optimizer(
                **{"name": "sgd", "lr": 0.1, "k": 2, "n": 3, "dtype": np.float64} | change
            )
    optimizer = make_optimizer("sgd", 0.1, 2, 3, np.float64)
    with pytest.raises(ValueError, match=r"^P: expected"):
        optimizer.step(np.zeros((3, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"^G: expected"):
        optimizer.step(np.zeros((2, 3)), np.zeros((2, 3)), np.array([1]))


@NAMES
def test_reset_leaves_the_others_alone(name):
    # site 1 starts anew; site 0 goes on as if nothing had happened
    P, gradients = arrays(2, 3, 4)
    Q, a, b = P.copy(), *(make_optimizer(name, 0.1, 2, 3, np.float64) for _ in range(2))
    for G in gradients[:3]:
        a.step(P, G)
        b.step(Q, G)
    a.reset(np.array([1]))
    a.step(P, gradients[3])
    b.step(Q, gradients[3])
    np.testing.assert_allclose(P[0], Q[0], rtol=1e-12)
    assert (P[1] != Q[1]).any() == bool(a.state)

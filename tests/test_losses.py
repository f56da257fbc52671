"""The losses, against their textbook forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.learning.gradcheck import gradcheck
from fgm_ref.learning.losses import LOSSES, CrossEntropy, SquaredError

LOSS = pytest.mark.parametrize("loss", LOSSES.values())
SIZES = st.tuples(*[st.integers(1, 4)] * 3)


@given(SIZES, st.integers(0, 99))
def test_cross_entropy(sizes, seed):
    O, k, M = sizes
    rng = np.random.default_rng(seed)
    z, y, dz = rng.standard_normal(sizes), rng.integers(O, size=(k, M)), np.empty(sizes)
    losses = CrossEntropy(z, dz)(y)
    for j in range(k):
        p = np.exp(z[:, j]) / np.exp(z[:, j]).sum(axis=0)
        np.testing.assert_allclose(
            losses[j], -np.mean([np.log(p[y[j, m], m]) for m in range(M)]), atol=1e-14
        )
    gradcheck(lambda b: (CrossEntropy(b["z"], dz)(y).sum(), {"z": dz}), {"z": z}).raise_if_bad()


@given(SIZES, st.integers(0, 99))
def test_squared_error(sizes, seed):
    rng = np.random.default_rng(seed)
    z, y, dz = rng.standard_normal(sizes), rng.standard_normal(sizes), np.empty(sizes)
    np.testing.assert_allclose(SquaredError(z, dz)(y), ((z - y) ** 2).mean(axis=(0, 2)))
    gradcheck(lambda b: (SquaredError(b["z"], dz)(y).sum(), {"z": dz}), {"z": z}).raise_if_bad()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_logits_neither_overflow_nor_vanish(dtype):
    z = np.array([1e4, -1e4, 0], dtype).reshape(3, 1, 1)
    dz = np.empty_like(z)
    for y, expected in ((0, 0), (1, 2e4), (2, 1e4)):
        loss = CrossEntropy(z, dz)(np.array([[y]]))
        np.testing.assert_allclose(loss, [expected])
        assert np.isfinite(dz).all()


@LOSS
def test_inputs_are_left_alone(loss):
    rng = np.random.default_rng(0)
    z = rng.standard_normal((3, 2, 4))
    y = rng.integers(3, size=(2, 4)) if loss is CrossEntropy else rng.standard_normal(z.shape)
    copies, dz = (z.copy(), y.copy()), np.full_like(z, np.nan)
    first = loss(z, dz)(y), dz.copy()
    np.testing.assert_array_equal(loss(z, dz)(y), first[0])
    np.testing.assert_array_equal(dz, first[1])
    np.testing.assert_array_equal(z, copies[0])
    np.testing.assert_array_equal(y, copies[1])

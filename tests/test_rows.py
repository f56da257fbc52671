"""Row i is computed from row i alone, to the bit: a site must not notice how many others stand in the stack."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS

from fgm_ref.arrays import dot, norm
from fgm_ref.protocols.fda import MONITORS
from fgm_ref.safe import SAFE, safe_function

LENGTHS = (1, 7, 100, 8_192, 8_193, 12_647)
"""NumPy goes through longer rows than 8,192 numbers in pieces, but through many rows at once it does not."""

lengths = st.sampled_from(LENGTHS)
dtypes = st.sampled_from((np.float32, np.float64))


def parts(k):
    """Some neighbours, and each one alone."""
    return [slice(0, k // 2), slice(k // 2, k), *(slice(i, i + 1) for i in range(k))]


@given(k=st.integers(1, 7), D=lengths, dtype=dtypes, seed=SEEDS)
def test_products_and_lengths(k, D, dtype, seed):
    X, Y = np.random.default_rng(seed).normal(size=(2, k, D)).astype(dtype)
    for rows in parts(k):
        np.testing.assert_array_equal(dot(X[rows], Y[rows]), dot(X, Y)[rows])
        np.testing.assert_array_equal(dot(Y[0], X[rows]), dot(X, Y[0])[rows])
        np.testing.assert_array_equal(norm(X[rows]), norm(X)[rows])
    np.testing.assert_array_equal(dot(X[:, None], Y[:, None]), dot(X, Y)[:, None])


@pytest.mark.parametrize("name", sorted(SAFE))
@given(k=st.integers(2, 6), D=lengths, seed=SEEDS)
def test_safe_functions(name, k, D, seed):
    rng = np.random.default_rng(seed)
    zone = safe_function(name)(rng.normal(size=D).astype(np.float32), 0.5)
    X = rng.normal(size=(k, D)).astype(np.float32)
    for rows in parts(k):
        np.testing.assert_array_equal(zone(X[rows]), zone(X)[rows])


@pytest.mark.parametrize("name", sorted(MONITORS))
@given(k=st.integers(2, 6), D=lengths, seed=SEEDS)
def test_states_of_federated_dynamic_averaging(name, k, D, seed):
    rng = np.random.default_rng(seed)
    monitor = MONITORS[name]()
    monitor.start_round(rng.normal(size=D).astype(np.float32), None)
    X = rng.normal(size=(k, D)).astype(np.float32)
    for rows in parts(k):
        np.testing.assert_array_equal(monitor.state(X[rows]), monitor.state(X)[rows])

"""The sigmoid and tanh, and what happens far out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from fgm_ref.learning.activations import Activation, overflow_is_fine, record_tanh
from fgm_ref.learning.tape import Tape

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
numbers = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1000, 1000))


@overflow_is_fine
def gates(z, sigmoids, tanhs):
    """What a cell makes of z (gates, numbers)."""
    activate = Activation(sigmoids, tanhs, z.dtype)
    a = (z * activate.factors[:, None])[:, :, None, None]
    do = Tape()
    activate.record(do, a)
    do.play()
    return a[:, :, 0, 0]


@dtypes
@pytest.mark.parametrize(("sigmoids", "tanhs"), [(3, 1), (0, 1), (1, 0), (2, 1)])
@given(z=numbers)
def test_equal_scipys_and_numpys(dtype, sigmoids, tanhs, z):
    # to a few units in the last place of 1, also where the exponential overflows
    z = z.astype(dtype)
    computed = gates(np.tile(z, (sigmoids + tanhs, 1)), sigmoids, tanhs)
    expected = [expit(z)] * sigmoids + [np.tanh(z)] * tanhs
    np.testing.assert_allclose(computed, expected, rtol=0, atol=8 * np.finfo(dtype).eps)


@dtypes
@given(z=numbers)
def test_tanh_elsewhere(dtype, z):
    z = z.astype(dtype)
    out, do = np.empty_like(z), Tape()
    record_tanh(do, z, out)
    overflow_is_fine(do.play)()
    np.testing.assert_allclose(out, np.tanh(z), rtol=0, atol=8 * np.finfo(dtype).eps)


@dtypes
def test_far_out(dtype):
    z = np.array([[-np.inf, np.inf]] * 2, dtype)
    np.testing.assert_array_equal(gates(z, 1, 1), [[0, 1], [-1, 1]])

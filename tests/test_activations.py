"""The sigmoid and tanh, and what happens far out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from fgm_ref.learning.activations import logistic, overflow_is_fine, sigmoid, tanh

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
numbers = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1000, 1000))


@dtypes
@given(z=numbers)
def test_equal_scipys_and_numpys(dtype, z):
    # to a few units in the last place of 1, also where the exponential overflows
    z = z.astype(dtype)
    ulps = 8 * np.finfo(dtype).eps
    computed = z.copy()
    overflow_is_fine(sigmoid)(computed)
    np.testing.assert_allclose(computed, expit(z), rtol=0, atol=ulps)
    out = np.empty_like(z)
    overflow_is_fine(tanh)(z, out)
    np.testing.assert_allclose(out, np.tanh(z), rtol=0, atol=ulps)


@dtypes
def test_far_out(dtype):
    z = np.array([-np.inf, np.inf], dtype)
    logistic(z, 2)
    np.testing.assert_array_equal(z, [2, 0])
